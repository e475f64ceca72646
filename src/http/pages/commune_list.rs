//! `/communes`: every commune of a place with its villages by state, its targets and its indicators.

use std::collections::HashMap;

use gapwatch_dashboards::{
    Markup,
    figure::{Absence, Amount},
    pages::listing,
    part::Tally,
    table::{Cell, Kind},
};
use gapwatch_model::{Flag, Indicator, Level, PlaceIx, PlaceLevel, text};

use super::{
    exports::{Sheet, source_notes},
    fill::{self, Fill},
    overview,
    tables::{Col, Long, choice, count, filter, is_named, pairs, related, way, with_unit},
};
use crate::{
    app::App,
    http::{Asked, HttpResult, api},
    world::{CLUSTERS, GRID_POWER, SIGNAL},
};

/// Makes the page of communes.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang).over(asked.as_of.borders);
    let place = api::chosen_place(&world, &asked.query)?;
    let table = communes(&fill, asked)?;
    let answer = communes_sentence(&fill, &table.rows);
    let related = related(&fill, place, "/villages", fill.lang.pick("Các thôn, xóm", "Villages"));
    let view = table.page(asked, answer, related)?;
    Ok(listing::render(&asked.shell(app, way(&fill, place)), &view))
}

/// Makes the file of communes.
pub(crate) fn sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    communes(fill, asked)?.sheet(asked)
}

/// A commune with what is counted in it.
struct Commune {
    place: PlaceIx,
    tally: Tally,
    /// Indicators it lags behind in; `None` where none of its targets can be judged.
    lagging: Option<Vec<String>>,
}

impl Commune {
    /// Anything is known of its villages.
    fn known(&self) -> bool {
        self.tally.total > self.tally.unknown
    }

    fn behind(&self) -> usize {
        self.lagging.as_ref().map_or(0, Vec::len)
    }

    /// A count of villages by state. Nothing known is not zero.
    fn cell(&self, number: u32) -> Cell {
        match (self.tally.total, self.known()) {
            (0, _) => Cell::Absent(Absence::NotApplicable),
            (_, false) if self.tally.stale > 0 => Cell::Absent(Absence::Stale),
            (_, false) => Cell::Absent(Absence::Missing),
            (_, true) => Cell::Count(number.into()),
        }
    }
}

fn communes<'f>(fill: &'f Fill<'f>, asked: &Asked) -> HttpResult<Long<'f, Commune>> {
    let (lang, world, day) = (fill.lang, fill.world, fill.tree());
    let place = api::chosen_place(world, &asked.query)?;
    let lagging: HashMap<PlaceIx, Vec<&Flag>> = overview::lagging(fill);
    let commune = |ix: PlaceIx| {
        let name = |flag: &&Flag| match &flag.key.subject {
            gapwatch_model::Subject::Indicator(id) => {
                world.facts.indicators().get(id.as_str()).map(|indicator| fill.indicator_name(indicator))
            }
            _ => None,
        };
        let lagging = lagging.get(&ix).map(|flags| flags.iter().filter_map(name).collect());
        Commune { place: ix, tally: fill.tally(ix), lagging }
    };
    let all: Vec<Commune> =
        world.gazetteer.under_on(place, PlaceLevel::Commune, day).into_iter().map(commune).collect();
    let states = pairs(&[
        ("no_signal", lang.pick("có thôn trắng sóng", "with villages without signal")),
        ("pocket", lang.pick("có thôn lõm sóng", "with pockets")),
        ("unknown", lang.pick("có thôn chưa rõ", "with unknown villages")),
        ("clear", lang.pick("không còn thôn trắng sóng", "no village without signal")),
    ]);
    let behinds = pairs(&[
        ("yes", lang.pick("chậm mục tiêu", "behind a target")),
        ("no", lang.pick("không chậm", "not behind")),
        ("unknown", lang.pick("chưa rõ", "unknown")),
    ]);
    let state = choice(asked, "state", &states)?;
    let lagging = choice(asked, "lagging", &behinds)?;
    let written = text::toneless(asked.query.get("q").unwrap_or_default());
    let total = all.len();
    let passes = |commune: &Commune| {
        let tally = &commune.tally;
        state.is_none_or(|state| match state {
            "no_signal" => tally.no_signal > 0,
            "pocket" => tally.pocket > 0,
            "unknown" => tally.unknown > 0,
            _ => tally.total > 0 && tally.no_signal == 0 && tally.unknown == 0,
        }) && lagging.is_none_or(|word| match &commune.lagging {
            None => word == "unknown",
            Some(behind) => word == if behind.is_empty() { "no" } else { "yes" },
        }) && (written.is_empty() || is_named(fill, commune.place, &written))
    };
    let rows: Vec<Commune> = all.into_iter().filter(passes).collect();
    let columns = commune_columns(fill, place, &rows);
    Ok(Long {
        fill,
        title: format!("{} {}", lang.pick("Xã, phường của", "Communes of"), fill.named(place)),
        columns,
        totals: commune_totals(fill, &rows),
        rows,
        total,
        filters: vec![
            filter(asked, "q", lang.pick("Tên (không cần dấu)", "Name, tones not needed"), Vec::new()),
            filter(asked, "state", lang.pick("Sóng di động", "Mobile signal"), states),
            filter(asked, "lagging", lang.pick("Mục tiêu", "Targets"), behinds),
        ],
        order: |fill, commune| {
            let (tally, place) = (&commune.tally, fill.gazetteer().get(commune.place));
            // The worst first: what is counted is taken from the most there can be.
            let less = |count: u32| 99_999_u32.saturating_sub(count);
            let lagging = less(u32::try_from(commune.behind()).unwrap_or(u32::MAX));
            let (none, pocket) = (less(tally.no_signal), less(tally.pocket));
            format!("{none:05}{lagging:05}{pocket:05} {} {}", text::toneless(&place.name), place.id)
        },
        place: |commune| commune.place,
        notes: source_notes(fill, &[SIGNAL, CLUSTERS, GRID_POWER])?,
    })
}

fn commune_columns<'f>(fill: &'f Fill<'f>, place: PlaceIx, rows: &[Commune]) -> Vec<Col<'f, Commune>> {
    let lang = fill.lang;
    let mut columns = vec![
        Col::new(
            "name",
            lang.pick("Xã, phường", "Commune"),
            Kind::Text,
            |fill: &Fill<'_>, c: &Commune| Cell::Link(fill.link(c.place)),
        ),
        Col::new("villages", lang.pick("Số thôn", "Villages"), Kind::Number, |_, c: &Commune| {
            match c.tally.total {
                0 => Cell::Absent(Absence::Missing),
                total => Cell::Count(total.into()),
            }
        }),
        Col::new("no_signal", lang.pick("Trắng sóng", "No signal"), Kind::Number, |_, c: &Commune| {
            c.cell(c.tally.no_signal)
        }),
        Col::new("pocket", lang.pick("Lõm sóng", "Pocket"), Kind::Number, |_, c: &Commune| {
            c.cell(c.tally.pocket)
        }),
        Col::new("covered", lang.pick("Phủ sóng", "Covered"), Kind::Number, |_, c: &Commune| {
            c.cell(c.tally.covered)
        })
        .hidden(),
        Col::new("unknown", lang.pick("Chưa rõ", "Unknown"), Kind::Number, |_, c: &Commune| {
            match c.tally.total {
                0 => Cell::Absent(Absence::NotApplicable),
                _ => Cell::Count(c.tally.unknown.into()),
            }
        }),
        Col::new(
            "headline",
            lang.pick("Có sóng tại trung tâm", "Signal at the centre"),
            Kind::Share,
            |_, c: &Commune| share(c.tally.headline()),
        )
        .hidden(),
        Col::new(
            "strict",
            lang.pick("Phủ sóng hoàn toàn", "Fully covered"),
            Kind::Share,
            |_, c: &Commune| share(c.tally.strict()),
        ),
        Col::new(
            "no_power",
            lang.pick("Không điện lưới", "Without grid power"),
            Kind::Number,
            |_, c: &Commune| {
                c.tally.no_grid_power.map_or(Cell::Absent(Absence::Missing), |count| c.cell(count))
            },
        ),
        Col::new("lagging", lang.pick("Chậm mục tiêu", "Behind in"), Kind::Text, |fill, c: &Commune| {
            match c.lagging.as_deref() {
                None => Cell::Absent(Absence::Missing),
                Some([]) => Cell::Text(fill.lang.pick("không", "none").to_owned()),
                Some(behind) => Cell::Text(behind.join("; ")),
            }
        }),
        Col::new("code", lang.pick("Mã", "Code"), Kind::Text, |fill, c: &Commune| {
            Cell::Text(fill.gazetteer().get(c.place).id.code.as_str().to_owned())
        })
        .hidden(),
    ];
    if fill.gazetteer().get(place).level == PlaceLevel::Country {
        let province = Col::new(
            "province",
            lang.pick("Tỉnh, thành phố", "Province"),
            Kind::Text,
            |fill: &Fill<'_>, c: &Commune| {
                let above = fill.gazetteer().ancestors_on(c.place, fill.tree());
                let province =
                    above.into_iter().find(|ix| fill.gazetteer().get(*ix).level == PlaceLevel::Province);
                province.map_or(Cell::Absent(Absence::Missing), |ix| Cell::Link(fill.link(ix)))
            },
        );
        columns.insert(1, province);
    }
    let has_value = |indicator: &&Indicator| {
        indicator.level == Level::Commune
            && rows.iter().any(|c| {
                fill.world
                    .judgement
                    .value(c.place, indicator.id.as_str())
                    .is_some_and(|value| value.value.is_some())
            })
    };
    for indicator in fill.world.facts.indicators().iter().filter(has_value) {
        let heading = with_unit(lang, &fill.indicator_name(indicator), indicator);
        columns.push(
            Col::new(indicator.id.as_str(), &heading, Kind::Number, move |fill, c: &Commune| {
                let value = fill.world.judgement.value(c.place, indicator.id.as_str());
                Cell::Amount {
                    amount: value.map_or(Amount::Missing, |value| fill::amount(value, indicator)),
                    qualifier: value.map(|value| value.qualifier).unwrap_or_default(),
                    unit: indicator.unit,
                    decimals: indicator.decimals,
                }
            })
            .hidden(),
        );
    }
    columns
}

fn share(share: Result<gapwatch_model::Percent, Absence>) -> Cell {
    share.map_or_else(Cell::Absent, |share| Cell::Share(Some(share)))
}

fn summed(rows: &[Commune]) -> (Tally, usize) {
    let mut sum = Tally::default();
    for commune in rows {
        sum.total += commune.tally.total;
        sum.no_signal += commune.tally.no_signal;
        sum.pocket += commune.tally.pocket;
        sum.covered += commune.tally.covered;
        sum.unknown += commune.tally.unknown;
        if let Some(powerless) = commune.tally.no_grid_power {
            sum.no_grid_power = Some(sum.no_grid_power.unwrap_or(0) + powerless);
        }
    }
    (sum, rows.iter().filter(|commune| commune.behind() > 0).count())
}

fn communes_sentence(fill: &Fill<'_>, rows: &[Commune]) -> String {
    let (sum, lagging) = summed(rows);
    let lang = fill.lang;
    let with = count(fill, rows.iter().filter(|commune| commune.tally.no_signal > 0).count());
    let (all, lagging) = (count(fill, rows.len()), count(fill, lagging));
    let no_signal = lang.count(sum.no_signal.into());
    let signal = if sum.total > 0 && sum.unknown == sum.total {
        lang.pick("chưa rõ tình trạng sóng của thôn nào", "nothing is known of any village's signal")
            .to_owned()
    } else {
        lang.pick(
            format!("{with} còn thôn trắng sóng (tổng {no_signal} thôn)"),
            format!("{with} still have villages without signal ({no_signal} in all)"),
        )
    };
    let targets = if rows.iter().all(|commune| commune.lagging.is_none()) {
        lang.pick("chưa đủ số liệu để đánh giá mục tiêu", "no target can be judged yet").to_owned()
    } else {
        lang.pick(
            format!("{lagging} chậm ít nhất một mục tiêu"),
            format!("{lagging} are behind in at least one target"),
        )
    };
    format!("{all} {}: {signal}, {targets}.", lang.pick("xã, phường", "communes"))
}

fn commune_totals(fill: &Fill<'_>, rows: &[Commune]) -> Vec<(&'static str, Cell)> {
    let (tally, lagging) = summed(rows);
    let all = Commune { place: fill.world.home, tally, lagging: None };
    vec![
        (
            "name",
            Cell::Text(fill.lang.pick(
                format!("Tổng: {}", count(fill, rows.len())),
                format!("In all: {}", count(fill, rows.len())),
            )),
        ),
        ("villages", Cell::Count(tally.total.into())),
        ("no_signal", all.cell(tally.no_signal)),
        ("pocket", all.cell(tally.pocket)),
        ("covered", all.cell(tally.covered)),
        ("unknown", Cell::Count(tally.unknown.into())),
        ("headline", share(all.tally.headline())),
        ("strict", share(all.tally.strict())),
        ("no_power", tally.no_grid_power.map_or(Cell::Absent(Absence::Missing), |count| all.cell(count))),
        (
            "lagging",
            Cell::Text(fill.lang.pick(
                format!("{} xã chậm", count(fill, lagging)),
                format!("{} communes behind", count(fill, lagging)),
            )),
        ),
    ]
}
