//! `/villages/{code}`: a village with every piece of evidence about it.

use gapwatch_dashboards::{
    Lang, Markup,
    figure::Amount,
    pages::village::{Attribute, Duty, EvidenceRow, View, render},
    part::StateSpan,
};
use gapwatch_model::{PlaceIx, PlaceLevel};
use gapwatch_rules::{Moment, Said};

use super::{
    fill::{Fill, actor},
    near,
};
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
    world::{CLUSTERS, GRID_POWER, HOUSEHOLDS, SIGNAL},
};

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked, code: &str) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let place = api::place_of(&world.gazetteer, code, asked.as_of.day())?;
    draw(&Fill::new(app, &world, asked.lang).over(asked.as_of.borders), asked, place)
}

/// Draws a village.
///
/// # Errors
/// 404 when it was not in force on the day.
pub(crate) fn draw(fill: &Fill<'_>, asked: &Asked, place: PlaceIx) -> HttpResult<Markup> {
    let world = fill.world;
    let code = world.gazetteer.get(place).id.code.as_str();
    let village = world.judgement.village(place).ok_or_else(|| HttpError::not_found(code))?;
    let commune = world
        .gazetteer
        .parent_on(place, fill.tree())
        .filter(|ix| world.gazetteer.get(*ix).level == PlaceLevel::Commune);
    let duty = village.must_act.map(|act| Duty {
        actor: actor(act.who),
        due: act.due,
        running_days: Some(i64::from(act.open_days)),
        blocked_days: Some(i64::from(act.blocked_days)),
    });
    let flags = world.flags.iter().filter(|flag| flag.key.place == world.gazetteer.get(place).id);
    let stations = fill.app.stations(world.at)?;
    let at = world.gazetteer.get(place).point;
    let mut near = near::list(fill, &stations, at);
    let mut map = commune.and_then(|commune| fill.commune_map(commune, &[village]));
    if let (Some(commune), Some(map)) = (commune, &mut map) {
        near.unmarked = near::mark(fill, &stations, commune, map);
    }
    let view = View {
        place: fill.place(place),
        parent: commune.map_or_else(|| fill.place(world.home), |commune| fill.place(commune)),
        state: village.state,
        qualification: village.qualification,
        since: village.since,
        duty,
        grid_power: village.grid_power,
        area_class: village.area_class,
        attributes: attributes(fill, place),
        at,
        map,
        evidence: evidence(fill, place),
        history: history(fill, place),
        stations: near,
        flags: flags.filter_map(|flag| fill.flag(flag)).collect(),
    };
    Ok(render(&asked.shell(fill.app, fill.crumbs(place)), &view))
}

fn attributes(fill: &Fill<'_>, place: PlaceIx) -> Vec<Attribute> {
    let moment = Moment::at(fill.world.at);
    let newest = |id: &str| {
        let said = fill.world.facts.newest(id, place, 0, moment);
        said.into_iter().max_by_key(|said| (said.head.key.evidence, said.ends, said.head.recorded_at))
    };
    let source = |said: &Said<'_>| fill.source(said.head.key.source.as_str(), said.head.run, said.point.row);
    let households = newest(HOUSEHOLDS);
    let power = newest(GRID_POWER);
    let clusters = newest(CLUSTERS);
    let count = |said: &Said<'_>| said.point.value.amount().map(|amount| fill.lang.number(amount, 0));
    vec![
        Attribute {
            name: fill.lang.pick("Số hộ", "Households").to_owned(),
            value: households
                .as_ref()
                .and_then(count)
                .map(|n| fill.lang.pick(format!("{n} hộ"), format!("{n} households"))),
            source: households.as_ref().map(source),
        },
        Attribute {
            name: fill.lang.pick("Điện lưới, tin gần nhất", "Grid power, as last said").to_owned(),
            value: power.as_ref().and_then(|said| said.point.value.amount()).map(|amount| {
                if amount > 0.0 { fill.lang.pick("có", "yes") } else { fill.lang.pick("không", "no") }
                    .to_owned()
            }),
            source: power.as_ref().map(source),
        },
        Attribute {
            name: fill.lang.pick("Cụm dân cư chưa có sóng", "Clusters without signal").to_owned(),
            value: clusters
                .as_ref()
                .and_then(count)
                .map(|n| fill.lang.pick(format!("{n} cụm"), format!("{n} clusters"))),
            source: clusters.as_ref().map(source),
        },
    ]
}

fn evidence(fill: &Fill<'_>, place: PlaceIx) -> Vec<EvidenceRow> {
    let world = fill.world;
    let moment = Moment::at(world.at);
    let Some(indicator) = world.facts.indicators().get(SIGNAL) else { return Vec::new() };
    let village = world.judgement.village(place);
    let decided = village.and_then(|village| village.decided_by.as_ref());
    let mut rows: Vec<EvidenceRow> = world
        .facts
        .newest(SIGNAL, place, 0, moment)
        .into_iter()
        .map(|said| {
            let key = &said.head.key;
            let stale = key.period.ended_since(fill.day()) > indicator.staleness;
            let minimum = indicator.minimum_samples.unwrap_or(world.rules.signal.minimum_samples);
            let signal = match said.point.samples {
                Some(samples) if samples < minimum => Amount::Insufficient { samples, minimum },
                _ if stale => Amount::Stale(said.point.value),
                _ => Amount::Known(said.point.value),
            };
            let owned = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
            EvidenceRow {
                point: point_name(fill.lang, key.dimensions.measuring_point.as_deref()),
                operator: owned(&key.dimensions.operator),
                technology: owned(&key.dimensions.technology),
                signal,
                evidence: key.evidence,
                method: owned(&key.method),
                period: key.period,
                samples: said.point.samples,
                source: fill.source(key.source.as_str(), said.head.run, said.point.row),
                recorded_at: said.head.recorded_at,
                speaks: decided.is_some_and(|(head, row)| head == said.head && *row == said.point.row),
                disputed: village.is_some_and(|village| village.qualification.disputed),
            }
        })
        .collect();
    rows.sort_by(|a, b| {
        b.speaks.cmp(&a.speaks).then(b.evidence.cmp(&a.evidence)).then(b.period.end().cmp(&a.period.end()))
    });
    rows
}

fn point_name(lang: Lang, point: Option<&str>) -> String {
    match point.filter(|name| !gapwatch_rules::is_centre(name)) {
        None => lang.pick("trung tâm thôn", "village centre").to_owned(),
        Some(other) => other.strip_prefix("cluster:").unwrap_or(other).to_owned(),
    }
}

/// The states it was in, as judged on each day on which something about it became known, newest first.
fn history(fill: &Fill<'_>, place: PlaceIx) -> Vec<StateSpan> {
    let states = gapwatch_rules::states_over_time(
        &fill.world.facts,
        &fill.world.rules,
        place,
        Moment::at(fill.world.at),
    );
    let mut spans: Vec<StateSpan> = Vec::new();
    for (from, state, qualification) in states {
        let same = |span: &StateSpan| span.state == state && span.qualification == qualification;
        if spans.last().is_some_and(same) {
            continue;
        }
        if let Some(last) = spans.last_mut() {
            last.to = Some(from);
        }
        spans.push(StateSpan { state, qualification, from, to: None });
    }
    spans.reverse();
    spans
}
