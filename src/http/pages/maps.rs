//! `/maps?indicator=&place=`: one measure of the places below at several times, over the borders of the day shown.
//!
//! Without an indicator it is the villages without signal, judged at the ends of months as known then. Otherwise it is an
//! indicator period by period, as known now, with old places carried over into those they went on in.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use gapwatch_dashboards::{
    Markup,
    figure::Amount,
    map::{Area, Map},
    pages::maps::{View, render},
    part::Link,
};
use gapwatch_model::{Direction, Indicator, Period, PlaceIx, PlaceLevel, Unit};
use gapwatch_rules::{Borders, IndicatorValue, Moment};

use super::fill::{self, Fill};
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
    trend::MonthEnd,
};

/// Maps on the page at most.
const TIMES: usize = 6;
/// Width each is drawn at, in pixels.
const WIDTH: u16 = 400;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang).over(asked.as_of.borders);
    let place = api::chosen_place(&world, &asked.query)?;
    let view = match asked.query.get("indicator") {
        None => villages(&fill, place),
        Some(id) => {
            let indicator = world.facts.indicators().get(id).ok_or_else(|| HttpError::not_found(id))?;
            measured(&fill, place, indicator)
        }
    };
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

/// Villages without signal in each place below, at the ends of months.
fn villages(fill: &Fill<'_>, place: PlaceIx) -> View {
    let lang = fill.lang;
    let below: Vec<(PlaceIx, Vec<PlaceIx>)> = fill
        .children(place)
        .into_iter()
        .map(|child| (child, fill.gazetteer().under_on(child, PlaceLevel::Village, fill.tree())))
        .collect();
    let known: Vec<_> = fill.months().iter().filter(|(_, end)| end.counts(place).is_some()).collect();
    let chosen = spread(&known);
    let day = |period: Period| lang.date(period.end().min(fill.day()));
    let maps = chosen.iter().filter_map(|(period, end)| {
        let areas = below.iter().map(|(child, villages)| {
            let place = fill.place(*child);
            let (amount, note) = counted(fill, villages, end);
            Area { href: place.href(), code: place.code, name: place.name, amount, note }
        });
        let map = Map {
            title: lang.pick("Số thôn trắng sóng", "Villages without signal").to_owned(),
            unit: Unit::Villages,
            decimals: 0,
            direction: Direction::Lower,
            ..small(fill, place, areas.collect())?
        };
        Some((day(*period), map))
    });
    let totals: Vec<(String, u32)> = chosen
        .iter()
        .filter_map(|(period, end)| Some((day(*period), end.counts(place)?.no_signal)))
        .collect();
    let answer = match (totals.first(), totals.last()) {
        (Some((from, before)), Some((to, after))) if from != to => {
            let (before, after) = (lang.count((*before).into()), lang.count((*after).into()));
            lang.pick(
                format!("Ngày {from} có {before} thôn trắng sóng, ngày {to} có {after}. Mỗi bản đồ theo những gì đã biết vào chính ngày đó."),
                format!("{before} villages without signal on {from}, {after} on {to}. Each map shows what was known on its own day."),
            )
        }
        _ => lang.pick("Mới có số liệu của một kỳ.", "Figures of one period only so far.").to_owned(),
    };
    let code = gapwatch_dashboards::shell::percent_encode(fill.gazetteer().get(place).id.code.as_str());
    View {
        indicator: Link::new(
            lang.pick("Số thôn trắng sóng", "Villages without signal"),
            format!("/villages?place={code}&state=no_signal"),
        ),
        place: fill.place(place),
        answer,
        maps: maps.collect(),
    }
}

/// Villages without signal among some, or that nothing was known of any, with the words for it.
fn counted(fill: &Fill<'_>, villages: &[PlaceIx], end: &MonthEnd) -> (Amount, String) {
    let (mut without, mut known) = (0_u32, 0_usize);
    for village in villages {
        match end.signal(*village) {
            Some(signal) => {
                known += 1;
                without += u32::from(!signal);
            }
            None => continue,
        }
    }
    if known == 0 {
        return (Amount::Missing, String::new());
    }
    let (known, all) = (fill.lang.count(u64::try_from(known).unwrap_or(u64::MAX)), villages.len());
    let note = fill.lang.pick(
        format!("trong {known} thôn có số liệu (tất cả {all} thôn)"),
        format!("of {known} villages with figures ({all} in all)"),
    );
    (Amount::count(without), note)
}

/// An indicator of each place below, period by period.
fn measured(fill: &Fill<'_>, place: PlaceIx, indicator: &Indicator) -> View {
    let (lang, world) = (fill.lang, fill.world);
    let children = fill.children(place);
    let history = |of: PlaceIx| {
        let (moment, id, over) = (Moment::at(world.at), &indicator.id, Borders::Of(world.borders));
        gapwatch_rules::history(&world.facts, &world.rules, &world.targets, of, id, moment, over)
    };
    let mut periods: BTreeMap<(NaiveDate, Period), HashMap<PlaceIx, IndicatorValue>> = BTreeMap::new();
    for child in &children {
        for point in history(*child) {
            let known = periods.entry((point.period.end(), point.period)).or_default();
            known.insert(*child, point.value);
        }
    }
    periods.retain(|_, values| values.values().any(|value| value.value.is_some()));
    let known: Vec<_> = periods.into_iter().collect();
    let maps = spread(&known).into_iter().filter_map(|((_, period), values)| {
        let areas = children.iter().map(|child| {
            let place = fill.place(*child);
            let value = values.get(child);
            Area {
                href: fill.indicator(indicator, *child).href,
                code: place.code,
                name: place.name,
                amount: value.map_or(Amount::Missing, |value| fill::amount(value, indicator)),
                note: String::new(),
            }
        });
        let map = Map {
            title: fill.indicator_name(indicator),
            unit: indicator.unit,
            decimals: indicator.decimals,
            direction: indicator.direction,
            ..small(fill, place, areas.collect())?
        };
        Some((lang.period(*period), map))
    });
    View {
        indicator: fill.indicator(indicator, place),
        place: fill.place(place),
        answer: lang
            .pick(
                "Cùng một thang màu cho mọi kỳ. Số liệu của đơn vị cũ được tính cho đơn vị mới sau sáp nhập.",
                "The same classes at every time. Figures of places before the merger are carried over into the new ones.",
            )
            .to_owned(),
        maps: maps.collect(),
    }
}

/// A small map without a measure. `None` where there are no boundaries.
fn small(fill: &Fill<'_>, place: PlaceIx, areas: Vec<Area>) -> Option<Map> {
    let outline = fill.app.outline(&fill.children(place), fill.gazetteer(), WIDTH)?;
    Some(Map {
        title: String::new(),
        outline,
        areas,
        unit: Unit::Villages,
        decimals: 0,
        direction: Direction::Neutral,
        dots: Vec::new(),
        only: None,
    })
}

/// At most so many as fit on the page, evenly, the first and the last among them.
fn spread<T>(all: &[T]) -> Vec<&T> {
    let last = all.len().saturating_sub(1);
    let steps = TIMES.min(all.len()).saturating_sub(1).max(1);
    let at: HashSet<usize> = (0..=steps).map(|step| step * last / steps).collect();
    all.iter().enumerate().filter(|(number, _)| at.contains(number)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn the_first_and_the_last_are_among_those_shown() {
        for (length, expected) in [
            (0, vec![]),
            (1, vec![0]),
            (2, vec![0, 1]),
            (6, vec![0, 1, 2, 3, 4, 5]),
            (24, vec![0, 4, 9, 13, 18, 23]),
        ] {
            let all: Vec<i32> = (0..length).collect();
            assert_eq!(spread(&all), expected.iter().collect::<Vec<_>>(), "{length}");
        }
    }
}
