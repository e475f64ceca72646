//! `/communes/{code}`: a commune with its villages and the stations near them.

use gapwatch_dashboards::{
    Markup,
    pages::commune::{View, VillageRow, render},
    part::LineageRow,
};
use gapwatch_model::{Part, PlaceIx};

use super::{
    fill::{Fill, actor},
    near, overview,
};
use crate::{
    app::App,
    http::{Asked, HttpResult, api},
    stations::Stations,
};

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked, code: &str) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let place = api::place_of(&world.gazetteer, code, world.borders)?;
    draw(&Fill::new(app, &world, asked.lang).over(asked.as_of.borders), asked, place)
}

/// Draws a commune.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn draw(fill: &Fill<'_>, asked: &Asked, place: PlaceIx) -> HttpResult<Markup> {
    let world = fill.world;
    let day = fill.tree();
    let villages: Vec<_> = world.judgement.villages_in(place).collect();
    let stations = fill.app.stations(world.at)?;
    let mut rows: Vec<VillageRow> = villages.iter().map(|village| row(fill, village, &stations)).collect();
    rows.sort_by(|a, b| {
        let worst = |row: &VillageRow| {
            (super::severity(row.state), row.grid_power != Some(false), row.place.name.clone())
        };
        worst(a).cmp(&worst(b))
    });
    let before = fill.before(place);
    let ledger = before
        .as_ref()
        .map(|(_, opening)| gapwatch_rules::ledger(&opening.judgement, &world.judgement, place));
    let parent = world.gazetteer.parent_on(place, day);
    let mut near = near::list(fill, &stations, world.gazetteer.get(place).point);
    let mut map = fill.commune_map(place, &villages);
    if let Some(map) = &mut map {
        near.unmarked = near::mark(fill, &stations, place, map);
    }
    let (flags, _) = overview::newest_flags(fill, place);
    let lineage = world.gazetteer.predecessors(place).chain(world.gazetteer.successors(place));
    let lineage = lineage.map(|(other, step)| {
        let other = world.gazetteer.get(other);
        LineageRow {
            name: other.full_name(),
            code: other.id.code.as_str().to_owned(),
            whole: step.part == Part::Whole,
            effective: step.effective,
            act: step.act.clone(),
        }
    });
    let view = View {
        place: fill.place(place),
        tally: fill.tally(place),
        before: before.map(|(before, _)| before),
        last_collected: overview::last_collected(fill)?,
        parent_strict: parent.and_then(|parent| fill.tally(parent).strict().ok()),
        map,
        villages: rows,
        ledger,
        targets: overview::targets(fill, place),
        indicators: overview::indicators(fill, place),
        trend: fill.no_signal_chart(place),
        flags,
        stations: near,
        lineage: lineage.collect(),
    };
    Ok(render(&asked.shell(fill.app, fill.crumbs(place)), &view))
}

fn row(fill: &Fill<'_>, village: &gapwatch_rules::VillageState, stations: &Stations) -> VillageRow {
    let nearest = |at| stations.nearest(at, 1).first().map(|(metres, _)| *metres);
    VillageRow {
        place: fill.place(village.place),
        state: village.state,
        qualification: village.qualification,
        since: village.since,
        households: fill.households(village.place),
        grid_power: village.grid_power,
        area_class: village.area_class,
        actor: village.must_act.map(|act| actor(act.who)),
        nearest_station_m: fill.gazetteer().get(village.place).point.and_then(nearest),
    }
}
