//! `/observations?indicator=&place=`: everything that was said of an indicator at a place and below it, corrected or not.

use std::collections::HashMap;

use chrono::Datelike;
use gapwatch_dashboards::{
    Markup,
    figure::{Absence, Amount},
    pages::listing,
    table::{Cell, Filter, Kind},
    words,
};
use gapwatch_model::{Evidence, Indicator, PlaceIx, PlaceLevel, text};
use gapwatch_rules::Said;

use super::{
    exports::{Sheet, source_notes},
    fill::Fill,
    tables::{Col, Long, choice, filter, with_unit},
};
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
    world::SIGNAL,
};

/// One thing that was said.
struct Statement<'f> {
    place: PlaceIx,
    said: Said<'f>,
    /// Its source said something else of the same later.
    corrected: bool,
}

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let place = api::chosen_place(&world, &asked.query)?;
    let table = observations(&fill, asked)?;
    let corrected = table.rows.iter().filter(|row| row.corrected).count();
    let count = |n: usize| fill.lang.count(u64::try_from(n).unwrap_or(u64::MAX));
    let (all, corrected) = (count(table.rows.len()), count(corrected));
    let answer = fill.lang.pick(
        format!("{all} số liệu đã thu, {corrected} đã được đính chính; không số liệu nào bị sửa hay xóa."),
        format!("{all} observations, {corrected} of them corrected since; none is ever changed or removed."),
    );
    let related = vec![fill.indicator(chosen(&fill, asked)?, place)];
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(listing::render(&asked.shell(app, crumbs), &table.page(asked, answer, related)?))
}

/// Makes the file.
pub(crate) fn sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    observations(fill, asked)?.sheet(asked)
}

fn chosen<'f>(fill: &Fill<'f>, asked: &Asked) -> HttpResult<&'f Indicator> {
    let id = asked.query.get("indicator").unwrap_or(SIGNAL);
    fill.world.facts.indicators().get(id).ok_or_else(|| HttpError::not_found(id))
}

fn observations<'f>(fill: &'f Fill<'f>, asked: &Asked) -> HttpResult<Long<'f, Statement<'f>>> {
    let (lang, world, day) = (fill.lang, fill.world, fill.day());
    let indicator = chosen(fill, asked)?;
    let root = api::chosen_place(world, &asked.query)?;
    let streams = fill.app.store.series().streams(None)?;
    let spoken = |id: &Indicator| streams.iter().any(|stream| stream.indicator == id.id);
    let known = world.facts.indicators().iter().filter(|one| spoken(one) || one.id == indicator.id);
    let mut indicators: Vec<(String, String)> =
        known.map(|one| (one.id.to_string(), fill.indicator_name(one))).collect();
    indicators.sort_by_cached_key(|(_, name)| text::toneless(name));
    let mut sources: Vec<(String, String)> = streams
        .iter()
        .filter(|stream| stream.indicator == indicator.id)
        .map(|stream| (stream.source.to_string(), fill.collector_title(stream.source.as_str())))
        .collect();
    sources.sort();
    sources.dedup();
    let classes: Vec<(String, String)> =
        [Evidence::Crowd, Evidence::Claimed, Evidence::Modelled, Evidence::Measured]
            .map(|class| (class.as_str().to_owned(), words::evidence(lang, class).to_owned()))
            .to_vec();
    let (source, evidence) = (choice(asked, "source", &sources)?, choice(asked, "evidence", &classes)?);
    let written = text::toneless(asked.query.get("q").unwrap_or_default());

    let mut places: Vec<PlaceIx> =
        world.gazetteer.versions(world.gazetteer.get(root).id.code.as_str()).to_vec();
    for level in [PlaceLevel::Province, PlaceLevel::District, PlaceLevel::Commune, PlaceLevel::Village] {
        places.extend(world.gazetteer.under_on(root, level, day));
    }
    places.sort_unstable();
    places.dedup();
    let (mut rows, mut total) = (Vec::new(), 0_usize);
    for place in places {
        let said = statements(fill, indicator, place);
        total += said.len();
        let fits =
            written.is_empty() || text::toneless(&world.gazetteer.get(place).full_name()).contains(&written);
        rows.extend(said.into_iter().filter(|row| {
            let key = &row.said.head.key;
            fits && source.is_none_or(|name| key.source.as_str() == name)
                && evidence.is_none_or(|class| key.evidence.as_str() == class)
        }));
    }
    Ok(Long {
        fill,
        title: format!("{}: {}", fill.indicator_name(indicator), fill.named(root)),
        columns: columns(fill, indicator),
        rows,
        total,
        filters: vec![
            Filter {
                value: indicator.id.to_string(),
                ..filter(asked, "indicator", lang.pick("Chỉ số", "Indicator"), indicators)
            },
            filter(asked, "source", lang.pick("Nguồn", "Source"), sources),
            filter(asked, "evidence", lang.pick("Bằng chứng", "Evidence"), classes),
            filter(
                asked,
                "q",
                lang.pick("Tên địa bàn (không cần dấu)", "Name, tones not needed"),
                Vec::new(),
            ),
        ],
        order: |_, row| {
            let (head, about) = (row.said.head, &row.said.head.key.dimensions);
            let about = [&about.operator, &about.technology, &about.measuring_point, &about.organisation]
                .map(|part| part.as_deref().unwrap_or_default());
            // The newest first: days and moments are taken from the most there can be.
            let day = 9_999_999 - row.said.ends.num_days_from_ce();
            let moment = 9_999_999_999_999 - head.recorded_at.timestamp_millis();
            let (place, run, line) = (row.place.0, head.run, row.said.point.row);
            format!("{day:07} {moment:013} {place:08} {}.{}.{run}.{line}", head.key.period, about.join("."))
        },
        place: |row| row.place,
        totals: Vec::new(),
        notes: source_notes(fill, &[indicator.id.as_str()])?,
    })
}

/// What was said of a place, each marked when its source said something else of the same later.
fn statements<'f>(fill: &Fill<'f>, indicator: &Indicator, place: PlaceIx) -> Vec<Statement<'f>> {
    let said: Vec<Said<'f>> = fill.world.facts.said(indicator.id.as_str(), place, fill.world.at).collect();
    let mut newest = HashMap::new();
    for one in &said {
        let key = &one.head.key;
        let at = (one.head.recorded_at, one.head.run);
        let last = newest.entry((key.period, &key.source, key.evidence, &key.dimensions)).or_insert(at);
        *last = at.max(*last);
    }
    let corrected = |one: &Said<'_>| {
        let key = &one.head.key;
        newest.get(&(key.period, &key.source, key.evidence, &key.dimensions))
            != Some(&(one.head.recorded_at, one.head.run))
    };
    said.iter().map(|one| Statement { place, said: *one, corrected: corrected(one) }).collect()
}

fn columns<'f>(fill: &'f Fill<'f>, indicator: &'f Indicator) -> Vec<Col<'f, Statement<'f>>> {
    let lang = fill.lang;
    let word = |text: &Option<std::sync::Arc<str>>| match text {
        Some(word) => Cell::Text(word.to_string()),
        None => Cell::Absent(Absence::NotApplicable),
    };
    let heading = with_unit(lang, lang.pick("Giá trị", "Value"), indicator);
    vec![
        Col::new("place", lang.pick("Địa bàn", "Place"), Kind::Text, |fill, row: &Statement<'f>| {
            Cell::Link(fill.link(row.place))
        }),
        Col::new("above", lang.pick("Thuộc", "In"), Kind::Text, |fill, row: &Statement<'f>| {
            let above = fill.gazetteer().parent_on(row.place, row.said.ends);
            above.map_or(Cell::Absent(Absence::NotApplicable), |ix| Cell::Text(fill.link(ix).text))
        }),
        Col::new("period", lang.pick("Kỳ", "Period"), Kind::Date, |_, row: &Statement<'f>| {
            Cell::Period(row.said.head.key.period)
        }),
        Col::new("value", &heading, Kind::Number, move |_, row: &Statement<'f>| Cell::Amount {
            amount: Amount::Known(row.said.point.value),
            qualifier: row.said.point.qualifier,
            unit: indicator.unit,
            decimals: indicator.decimals,
        }),
        Col::new(
            "evidence",
            lang.pick("Bằng chứng", "Evidence"),
            Kind::Text,
            |fill, row: &Statement<'f>| {
                Cell::Text(words::evidence(fill.lang, row.said.head.key.evidence).to_owned())
            },
        ),
        Col::new(
            "operator",
            lang.pick("Nhà mạng", "Operator"),
            Kind::Text,
            move |_, row: &Statement<'f>| word(&row.said.head.key.dimensions.operator),
        ),
        Col::new(
            "technology",
            lang.pick("Công nghệ", "Technology"),
            Kind::Text,
            move |_, row: &Statement<'f>| word(&row.said.head.key.dimensions.technology),
        ),
        Col::new("point", lang.pick("Điểm đo", "Point"), Kind::Text, move |_, row: &Statement<'f>| {
            word(&row.said.head.key.dimensions.measuring_point)
        })
        .hidden(),
        Col::new(
            "organisation",
            lang.pick("Đơn vị", "Organisation"),
            Kind::Text,
            move |_, row: &Statement<'f>| word(&row.said.head.key.dimensions.organisation),
        )
        .hidden(),
        Col::new("method", lang.pick("Cách đo", "Method"), Kind::Text, move |_, row: &Statement<'f>| {
            word(&row.said.head.key.method)
        })
        .hidden(),
        Col::new("samples", lang.pick("Số mẫu", "Samples"), Kind::Number, |_, row: &Statement<'f>| {
            row.said.point.samples.map_or(Cell::Absent(Absence::Missing), |count| Cell::Count(count.into()))
        })
        .hidden(),
        Col::new(
            "recorded",
            lang.pick("Ghi nhận lúc", "Recorded"),
            Kind::Date,
            |_, row: &Statement<'f>| Cell::Moment(row.said.head.recorded_at),
        ),
        Col::new(
            "corrected",
            lang.pick("Tình trạng", "Standing"),
            Kind::Text,
            |fill, row: &Statement<'f>| {
                let words = if row.corrected {
                    fill.lang.pick("đã đính chính", "corrected")
                } else {
                    fill.lang.pick("đang dùng", "in use")
                };
                Cell::Text(words.to_owned())
            },
        ),
        Col::new(
            "source",
            lang.pick("Nguồn, dòng", "Source, row"),
            Kind::Text,
            |fill, row: &Statement<'f>| {
                Cell::Link(fill.source(
                    row.said.head.key.source.as_str(),
                    row.said.head.run,
                    row.said.point.row,
                ))
            },
        ),
    ]
}
