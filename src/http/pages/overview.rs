//! `/`: the home place, or `?place=` any province or the country.

use std::collections::HashMap;

use gapwatch_dashboards::{
    Markup,
    pages::overview::{IndicatorRow, Lagging, Plan, View, render},
    part::{PlaceRef, TargetRow},
};
use gapwatch_model::{Flag, FlagState, PlaceIx, PlaceLevel, TargetStatus};

use super::fill::Fill;
use crate::{
    app::App,
    http::{Asked, HttpResult, api},
    world::{BEHIND_TARGET, HEADLINE},
};

/// Places listed as the worst.
const WORST: usize = 10;
/// Flags listed as the newest.
const NEWEST: usize = 8;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let place = api::chosen_place(&world, &asked.query)?;
    let level = world.gazetteer.get(place).level;
    let fill = Fill::new(app, &world, asked.lang).over(asked.as_of.borders);
    if level >= PlaceLevel::Commune {
        // A link to `/?place=01273` means the commune's own page.
        return match level {
            PlaceLevel::Village => super::villages::draw(&fill, asked, place),
            _ => super::communes::draw(&fill, asked, place),
        };
    }
    let shell = asked.shell(app, fill.crumbs(place));
    Ok(render(&shell, &view(&fill, place)?))
}

/// What the overview of a place shows.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn view(fill: &Fill<'_>, place: PlaceIx) -> HttpResult<View> {
    let world = fill.world;
    let children = fill.children(place);
    let before = fill.before(place);
    let ledger = before
        .as_ref()
        .map(|(_, opening)| gapwatch_rules::ledger(&opening.judgement, &world.judgement, place));
    let lagging = lagging(fill);
    let mut rows: Vec<_> =
        children.iter().map(|child| fill.child(*child, &lagging, fill.trend(*child))).collect();
    rows.sort_by(|a, b| {
        let key = |row: &gapwatch_dashboards::part::ChildRow| {
            (row.tally.no_signal, row.lagging.as_ref().map_or(0, Vec::len), row.tally.pocket)
        };
        key(b).cmp(&key(a)).then_with(|| a.place.name.cmp(&b.place.name))
    });
    rows.retain(|row| {
        row.tally.no_signal > 0 || row.lagging.as_ref().is_some_and(|behind| !behind.is_empty())
    });
    rows.truncate(WORST);
    let (flags, firing) = newest_flags(fill, place);
    let communes = world.gazetteer.under_on(place, PlaceLevel::Commune, fill.tree());
    let unknown = communes.iter().filter(|ix| !lagging.contains_key(ix)).count();
    let listed = children.iter().filter(|ix| fill.tally(**ix).total > 0).count();
    Ok(View {
        place: place_ref(fill, place),
        tally: fill.tally(place),
        before: before.map(|(before, _)| before),
        plan: plan(fill, place),
        lagging: Lagging {
            total: u32::try_from(communes.len()).unwrap_or(u32::MAX),
            lagging: world.lagging(place),
            unknown: u32::try_from(unknown).unwrap_or(u32::MAX),
        },
        last_collected: last_collected(fill)?,
        map: fill.villages_map(&children),
        ledger,
        targets: targets(fill, place),
        worst: rows,
        children_total: u32::try_from(children.len()).unwrap_or(u32::MAX),
        children_known: u32::try_from(listed).unwrap_or(u32::MAX),
        flags,
        flags_firing: firing,
        indicators: indicators(fill, place),
        trend: fill.no_signal_chart(place),
    })
}

fn place_ref(fill: &Fill<'_>, place: PlaceIx) -> PlaceRef {
    let mut found = fill.place(place);
    if found.level == PlaceLevel::Country {
        fill.lang.pick("cả nước", "the country").clone_into(&mut found.name);
    }
    found
}

/// Firing flags of places behind a target, by place; a place is there when any target of it can be judged.
#[must_use]
pub(crate) fn lagging<'a>(fill: &Fill<'a>) -> HashMap<PlaceIx, Vec<&'a Flag>> {
    let judged = fill.world.judgement.standings().filter(|standing| standing.status != TargetStatus::Unknown);
    let mut by_place: HashMap<PlaceIx, Vec<&Flag>> =
        judged.map(|standing| (standing.place, Vec::new())).collect();
    for flag in fill.world.flags.iter() {
        if flag.state == FlagState::Firing
            && flag.key.rule.as_str() == BEHIND_TARGET
            && let Some(ix) = fill.gazetteer().ix(&flag.key.place)
        {
            by_place.entry(ix).or_default().push(flag);
        }
    }
    by_place
}

/// The newest firing flags of a place and all below it, and how many there are.
#[must_use]
pub(crate) fn newest_flags(
    fill: &Fill<'_>,
    place: PlaceIx,
) -> (Vec<gapwatch_dashboards::part::FlagRow>, u32) {
    let firing = fill
        .world
        .flags
        .iter()
        .filter(|flag| flag.state == FlagState::Firing && fill.world.lies_in(flag, place));
    let mut firing: Vec<&Flag> = firing.collect();
    firing.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.key.cmp(&b.key)));
    let rows = firing.iter().take(NEWEST).filter_map(|flag| fill.flag(flag)).collect();
    (rows, u32::try_from(firing.len()).unwrap_or(u32::MAX))
}

fn plan(fill: &Fill<'_>, place: PlaceIx) -> Option<Plan> {
    let standing = fill.world.judgement.standing(place, &HEADLINE.into())?;
    Some(Plan {
        due: standing.target.due,
        percent: standing.target.value,
        status: standing.status,
        pace: fill.pace(standing),
    })
}

/// Where a place stands against each of its targets.
#[must_use]
pub(crate) fn targets(fill: &Fill<'_>, place: PlaceIx) -> Vec<TargetRow> {
    let standings = fill.world.judgement.standings().filter(|standing| standing.place == place);
    standings.filter_map(|standing| fill.target(standing)).collect()
}

/// Every indicator of a place with a figure, or that somebody reported.
#[must_use]
pub(crate) fn indicators(fill: &Fill<'_>, place: PlaceIx) -> Vec<IndicatorRow> {
    let mut rows = Vec::new();
    for (id, value) in fill.world.judgement.values(place) {
        let Some(indicator) = fill.world.facts.indicators().get(id.as_str()) else { continue };
        if value.value.is_none() {
            continue;
        }
        let status = fill.world.judgement.standing(place, id).map(|standing| standing.status);
        rows.push(IndicatorRow {
            indicator: fill.indicator(indicator, place),
            value: fill.figure(place, indicator, Some(value)),
            status,
            trend: fill.sparkline(place, indicator),
        });
    }
    rows
}

/// When anything was last collected.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn last_collected(fill: &Fill<'_>) -> HttpResult<Option<chrono::DateTime<chrono::FixedOffset>>> {
    let newest = fill.app.store.last_brought(None, Some(fill.world.at))?;
    Ok(newest.map(|run| run.finished))
}
