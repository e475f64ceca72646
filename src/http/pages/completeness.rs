//! `/completeness?place=&from=&to=`: which communes reported what, over the last periods. What is expected follows the
//! validity of the places in each period; a report counts once, so it is never above 100%.

use std::collections::BTreeSet;

use gapwatch_dashboards::{
    Markup,
    pages::completeness::{Reports, Row, View, render},
    table::{self, Cell, Column, Format, Kind},
};
use gapwatch_model::{Indicator, Level, Percent, Period, PeriodKind, PlaceIx, PlaceLevel};

use super::{exports::Sheet, fill::Fill};
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
};

/// Months looked back at where the address does not say.
const MONTHS: u32 = 12;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang);
    let place = api::chosen_place(&world, &asked.query)?;
    let found = reports(&fill, asked, place)?;
    let view = View {
        place: fill.place(place),
        from: found.from,
        to: found.to,
        indicators: found.indicators.iter().map(|indicator| fill.indicator(indicator, place)).collect(),
        rows: found.rows,
        total: found.total,
        downloads: super::downloads(asked, "/completeness/export", &[Format::Csv, Format::Xlsx]),
    };
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

/// Makes the file: a share and the late ones for each indicator.
pub(crate) fn sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    let lang = fill.lang;
    let place = api::chosen_place(fill.world, &asked.query)?;
    let found = reports(fill, asked, place)?;
    let mut columns = vec![
        Column::new("place", lang.pick("Địa bàn", "Place"), Kind::Text),
        Column::new("code", lang.pick("Mã", "Code"), Kind::Text),
    ];
    let named =
        found.indicators.iter().map(|indicator| (indicator.id.to_string(), fill.indicator_name(indicator)));
    for (key, name) in named.chain([("all".to_owned(), lang.pick("Tất cả", "All").to_owned())]) {
        columns.push(Column::new(&key, &format!("{name} (%)"), Kind::Share));
        columns.push(Column::new(
            &format!("{key}.late"),
            &format!("{name}: {}", lang.pick("muộn", "late")),
            Kind::Number,
        ));
    }
    let rows = found.rows.into_iter().chain([found.total]).map(|row| {
        let mut cells = vec![Cell::Text(row.place.name), Cell::Text(row.place.code.clone())];
        for reports in row.reports.iter().chain([&row.all]) {
            cells.push(Cell::Share(Percent::of_counts(reports.actual, reports.expected)));
            cells.push(Cell::Count((reports.actual - reports.on_time).into()));
        }
        table::Row { cells, code: Some(row.place.code), at: None, area: None }
    });
    Ok(Sheet {
        title: format!(
            "{} {}, {} – {}",
            lang.pick("Mức đầy đủ báo cáo của", "Completeness of reports of"),
            fill.named(place),
            lang.period(found.from),
            lang.period(found.to)
        ),
        columns,
        rows: Box::new(rows.collect::<Vec<_>>().into_iter()),
        notes: Vec::new(),
    })
}

/// Everything the table shows.
struct Found<'f> {
    from: Period,
    to: Period,
    indicators: Vec<&'f Indicator>,
    rows: Vec<Row>,
    total: Row,
}

fn month(asked: &Asked, key: &'static str) -> HttpResult<Option<Period>> {
    let read = |text: &str| {
        let day = text.parse().ok().or_else(|| text.parse::<Period>().ok().map(Period::start));
        day.ok_or_else(|| HttpError::bad_request(key, text, "YYYY-MM-DD, 202511"))
    };
    Ok(asked.query.get(key).map(read).transpose()?.map(|day| Period::containing(PeriodKind::Month, day)))
}

fn reports<'f>(fill: &Fill<'f>, asked: &Asked, place: PlaceIx) -> HttpResult<Found<'f>> {
    // A month that has not ended is not expected yet.
    let to =
        month(asked, "to")?.unwrap_or_else(|| Period::containing(PeriodKind::Month, fill.day()).previous());
    let back = to.start().checked_sub_months(chrono::Months::new(MONTHS - 1)).unwrap_or(to.start());
    let from = month(asked, "from")?.unwrap_or_else(|| Period::containing(PeriodKind::Month, back));
    if from.start() > to.start() {
        return Err(HttpError::bad_request("from", &from.to_string(), &format!("≤ {to}")));
    }
    let expected = expected(fill);
    // A country is shown by its provinces, anything else by its communes.
    let level = fill.gazetteer().get(place).level;
    let shown = if level == PlaceLevel::Country { PlaceLevel::Province } else { PlaceLevel::Commune };
    let mut total = vec![Reports::default(); expected.len()];
    let mut rows = Vec::new();
    for place in fill.gazetteer().under_on(place, shown, fill.tree()) {
        let communes = fill.gazetteer().under_on(place, PlaceLevel::Commune, fill.tree());
        let of_all = |one: &Expected<'_>| {
            communes.iter().map(|commune| of_commune(fill, one, *commune, from, to)).collect::<Vec<_>>()
        };
        let reports: Vec<Reports> = expected.iter().map(|one| sum(&of_all(one))).collect();
        let all = sum(&reports);
        if all.expected == 0 {
            continue;
        }
        for (sum, reports) in total.iter_mut().zip(&reports) {
            *sum = self::sum(&[*sum, *reports]);
        }
        rows.push(Row { place: fill.place(place), reports, all });
    }
    let missing = |row: &Row| row.all.expected - row.all.actual;
    rows.sort_by(|a, b| missing(b).cmp(&missing(a)).then_with(|| a.place.name.cmp(&b.place.name)));
    let all = sum(&total);
    Ok(Found {
        from,
        to,
        indicators: expected.iter().map(|one| one.indicator).collect(),
        rows,
        total: Row { place: fill.place(place), reports: total, all },
    })
}

fn sum(reports: &[Reports]) -> Reports {
    reports.iter().fold(Reports::default(), |sum, one| Reports {
        expected: sum.expected + one.expected,
        actual: sum.actual + one.actual,
        on_time: sum.on_time + one.on_time,
    })
}

/// An indicator that a source of the configuration promises, and within how many days after a period.
struct Expected<'f> {
    indicator: &'f Indicator,
    due_days: u32,
    /// The provinces whose sources promise it. `None` is any.
    provinces: BTreeSet<Option<String>>,
}

/// What the scheduled sources bring of communes and villages.
fn expected<'f>(fill: &Fill<'f>) -> Vec<Expected<'f>> {
    let mut found: Vec<Expected<'f>> = Vec::new();
    for collector in fill.app.config.collectors.values().filter(|collector| collector.schedule.is_some()) {
        let province = match collector.province.as_deref() {
            Some("any") => None,
            Some(code) => Some(code.to_owned()),
            None => Some(fill.app.config.program.home.clone()),
        };
        let named: BTreeSet<&str> =
            collector.columns.iter().filter_map(|column| column.indicator.as_deref()).collect();
        for id in named {
            let Some(indicator) = fill.world.facts.indicators().get(id) else { continue };
            let promised = indicator.level >= Level::Commune && indicator.formula.is_none();
            match found.iter_mut().find(|one| one.indicator.id.as_str() == id) {
                Some(one) => {
                    one.due_days = one.due_days.min(collector.reporting.due_days);
                    one.provinces.insert(province.clone());
                }
                None if promised => found.push(Expected {
                    indicator,
                    due_days: collector.reporting.due_days,
                    provinces: BTreeSet::from([province.clone()]),
                }),
                None => {}
            }
        }
    }
    found
}

/// Reports of one commune: one for each of its places of the indicator's level and each of the indicator's periods.
fn of_commune(
    fill: &Fill<'_>,
    expected: &Expected<'_>,
    commune: PlaceIx,
    from: Period,
    to: Period,
) -> Reports {
    let indicator = expected.indicator;
    let level = if indicator.level == Level::Village { PlaceLevel::Village } else { PlaceLevel::Commune };
    let mut reports = Reports::default();
    let above = fill.gazetteer().ancestors_on(commune, fill.tree());
    let promised = expected.provinces.iter().any(|province| match province {
        None => true,
        Some(code) => above.iter().any(|ix| fill.gazetteer().get(*ix).id.code.as_str() == code),
    });
    if !promised {
        return reports;
    }
    let mut periods = Vec::new();
    let mut period = Period::containing(indicator.period, from.start());
    while period.end() <= to.end() {
        if period.start() >= from.start() {
            periods.push(period);
        }
        period = period.next();
    }
    for place in fill.gazetteer().under_on(commune, level, fill.tree()) {
        let from = fill.gazetteer().get(place).id.valid_from;
        // When each period was first spoken of.
        let mut first = std::collections::BTreeMap::new();
        for said in fill.world.facts.said(indicator.id.as_str(), place, fill.world.at) {
            let at = said.head.recorded_at;
            let known = first.entry(said.head.key.period).or_insert(at);
            *known = at.min(*known);
        }
        for period in periods.iter().filter(|period| period.start() >= from) {
            reports.expected += 1;
            if let Some(at) = first.get(period) {
                reports.actual += 1;
                let due = period.end().checked_add_days(chrono::Days::new(expected.due_days.into()));
                reports.on_time +=
                    u32::from(due.is_none_or(|due| gapwatch_rules::day_in_vietnam(*at) <= due));
            }
        }
    }
    reports
}
