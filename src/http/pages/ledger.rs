//! `/ledger?place=&from=&to=`: why the number of villages without signal changed between two days.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_dashboards::{
    Markup,
    pages::ledger::{Line, View, render},
    table::{Cell, Column, Format, Kind, Row},
    words,
};
use gapwatch_model::{Ledger, Period, PeriodKind, PlaceIx};

use super::{
    exports::{Sheet, source_notes, sources},
    fill::Fill,
    packs,
};
use crate::{
    app::App,
    clock,
    http::{Asked, HttpResult, api},
    world::SIGNAL,
};

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let (from, to) = api::two_days(&asked.query, asked.as_of)?;
    let closing = asked.as_of.world_at(app, clock::end_of(to).min(asked.as_of.at))?;
    let fill = Fill::new(app, &closing, asked.lang);
    let place = api::chosen_place(&closing, &asked.query)?;
    let ledger = account(&fill, place, from, asked.as_of.at)?;
    let view = View {
        place: fill.place(place),
        from,
        to,
        lines: lines(&fill, &ledger),
        ledger,
        openings: openings(&fill, place, to)?,
        downloads: super::downloads(
            asked,
            "/ledger/export",
            &[Format::Csv, Format::Xlsx, Format::GeoJson, Format::Kml],
        ),
        sources: sources(&fill, &[SIGNAL])?,
    };
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

/// Makes the file: one row for each village that changed the count. The page's closing day is the day of the file.
pub(crate) fn sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    let (from, to) = api::two_days(&asked.query, asked.as_of)?;
    let closing = asked.as_of.world_at(fill.app, clock::end_of(to).min(asked.as_of.at))?;
    let then = Fill::new(fill.app, &closing, asked.lang);
    let place = api::chosen_place(&closing, &asked.query)?;
    let lang = fill.lang;
    let ledger = account(&then, place, from, asked.as_of.at)?;
    let state = |state: Option<gapwatch_model::SignalState>| {
        state.map_or_else(
            || lang.pick("không có lúc đó", "not there").to_owned(),
            |state| words::signal(lang, state).to_owned(),
        )
    };
    let rows: Vec<Row> = lines(&then, &ledger)
        .into_iter()
        .zip(&ledger.lines)
        .map(|(line, of)| Row {
            cells: vec![
                Cell::Text(words::ledger(lang, line.kind).to_owned()),
                Cell::Text(line.place.name),
                Cell::Text(line.parent.map(|parent| parent.name).unwrap_or_default()),
                Cell::Text(line.place.code.clone()),
                Cell::Text(state(line.before)),
                Cell::Text(state(line.after)),
                Cell::Date(line.on),
                Cell::Text(if line.sign < 0 { "−1" } else { "+1" }.to_owned()),
            ],
            code: Some(line.place.code),
            at: closing.gazetteer.get(of.place).point,
            area: None,
        })
        .collect();
    let mut notes = vec![lang.pick(
        format!(
            "Đầu kỳ {} − đã phủ sóng {} + mới phát hiện {} + mất sóng trở lại {} + địa giới {} + phân loại lại {} = cuối kỳ {}",
            ledger.opening, ledger.closed, ledger.newly_found, ledger.regressed, ledger.boundary, ledger.reclassified, ledger.closing
        ),
        format!(
            "opening {} − closed {} + newly found {} + regressed {} + boundary {} + reclassified {} = closing {}",
            ledger.opening, ledger.closed, ledger.newly_found, ledger.regressed, ledger.boundary, ledger.reclassified, ledger.closing
        ),
    )];
    notes.extend(source_notes(&then, &[SIGNAL])?);
    Ok(Sheet {
        title: format!(
            "{} {}, {} – {}",
            lang.pick("Biến động thôn trắng sóng của", "Changes of villages without signal of"),
            then.link(place).text,
            lang.date(from),
            lang.date(to)
        ),
        columns: vec![
            Column::new("kind", lang.pick("Loại", "Kind"), Kind::Text),
            Column::new("village", lang.pick("Thôn, xóm", "Village"), Kind::Text),
            Column::new("commune", lang.pick("Xã, phường", "Commune"), Kind::Text),
            Column::new("code", lang.pick("Mã", "Code"), Kind::Text),
            Column::new("before", lang.pick("Đầu kỳ", "Opening"), Kind::Text),
            Column::new("after", lang.pick("Cuối kỳ", "Closing"), Kind::Text),
            Column::new("known_on", lang.pick("Biết vào ngày", "Known on"), Kind::Date),
            Column::new("sign", lang.pick("Cộng/trừ", "Counts"), Kind::Text),
        ],
        rows: Box::new(rows.into_iter()),
        notes,
    })
}

/// The account up to the day of the page, its lines by kind and name.
fn account(
    fill: &Fill<'_>,
    place: PlaceIx,
    from: NaiveDate,
    as_of: DateTime<FixedOffset>,
) -> HttpResult<Ledger> {
    let borders = Some(fill.tree()).filter(|borders| *borders != fill.day());
    let opening = fill.app.world_over(clock::end_of(from).min(fill.world.at), borders)?;
    let (facts, rules) = (&fill.world.facts, &fill.world.rules);
    let days = (from, fill.world.at.date_naive());
    let counts = gapwatch_rules::ledger_of_counts(facts, rules, place, days, as_of);
    let villages = || gapwatch_rules::ledger(&opening.judgement, &fill.world.judgement, place);
    let mut ledger = counts.unwrap_or_else(villages);
    ledger.lines.sort_by_cached_key(|line| {
        (line.kind, gapwatch_model::text::toneless(&fill.place(line.place).name), line.place)
    });
    Ok(ledger)
}

fn lines(fill: &Fill<'_>, ledger: &Ledger) -> Vec<Line> {
    let line = |line: &gapwatch_model::LedgerLine| Line {
        kind: line.kind,
        place: fill.place(line.place),
        parent: fill.gazetteer().parent_on(line.place, fill.tree()).map(|ix| fill.place(ix)),
        before: line.before,
        after: line.after,
        on: line.on,
        sign: line.sign,
    };
    ledger.lines.iter().map(line).collect()
}

/// Days that an account is usually opened on, newest first: the ends of the last periods, the last meeting pack.
fn openings(fill: &Fill<'_>, place: PlaceIx, to: NaiveDate) -> HttpResult<Vec<(NaiveDate, String)>> {
    let lang = fill.lang;
    let mut found: Vec<(NaiveDate, String)> = Vec::new();
    if let Some(last) = packs::last_before(fill, place, to)? {
        found.push((last, lang.pick("tài liệu họp trước", "the last meeting pack").to_owned()));
    }
    for kind in [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Half, PeriodKind::Year] {
        let period = Period::containing(kind, to).previous();
        found.push((period.end(), format!("{} {}", lang.pick("cuối", "end of"), lang.period(period))));
    }
    if let Some(year_before) = to.checked_sub_months(chrono::Months::new(12)) {
        found.push((year_before, lang.pick("một năm trước", "a year before").to_owned()));
    }
    found.sort_by_key(|(day, _)| std::cmp::Reverse(*day));
    found.dedup_by_key(|(day, _)| *day);
    Ok(found)
}
