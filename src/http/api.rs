//! JSON under `/api/v1/`: the same answers as the pages, for programs. Described in `docs/HTTP.md`.
//!
//! Numbers have decimal points, days are ISO 8601, moments carry their offset. What is not known is `null` beside the
//! word that says why.

use std::collections::HashMap;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use chrono::NaiveDate;
use gapwatch_model::{
    Flag, FlagKey, FlagState, Gazetteer, Ledger, LedgerLine, Percent, Period, Place, PlaceIx, PlaceLevel,
    RunId, SignalState, Value as Amount,
};
use gapwatch_rules::{Counts, IndicatorValue, Origin, VillageState};
use gapwatch_store::{Query as SeriesQuery, RunQuery};
use serde_json::{Value, json};

use super::{
    context::{AsOf, Query},
    error::{HttpError, HttpResult},
};
use crate::{
    app::{App, Shared},
    clock,
    world::World,
};

/// Rows of a list answered at most; `limit` asks for fewer or more, up to ten times as many.
const ROWS: usize = 10_000;

/// Every JSON address.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/summary", answer(summary))
        .route("/places", answer(places))
        .route("/places/{code}", answer_one(place))
        .route("/observations", get(super::observations::answer))
        .route("/flags", answer(flags))
        .route("/flags/{id}", answer_one(flag))
        .route("/findings", answer(super::findings::findings))
        .route("/ledger", answer(ledger))
        .route("/digest", answer(super::feeds::digest))
        .route("/runs", answer(runs))
        .route("/runs/{id}/rejects", answer_one(rejects))
        .route("/reporting", answer(reporting))
}

type Answer = fn(&App, &Query) -> HttpResult<Value>;
type AnswerOne = fn(&App, &Query, &str) -> HttpResult<Value>;

fn answer(make: Answer) -> axum::routing::MethodRouter<Shared> {
    get(move |State(app): State<Shared>, query: Query| async move {
        ready(&app)?;
        let made = tokio::task::spawn_blocking(move || make(&app, &query)).await?;
        made.map(Json)
    })
}

fn answer_one(make: AnswerOne) -> axum::routing::MethodRouter<Shared> {
    get(move |State(app): State<Shared>, Path(name): Path<String>, query: Query| async move {
        ready(&app)?;
        let made = tokio::task::spawn_blocking(move || make(&app, &query, &name)).await?;
        made.map(Json)
    })
}

pub(super) fn ready(app: &App) -> HttpResult<()> {
    if app.is_ready() { Ok(()) } else { Err(HttpError::not_ready(app)) }
}

/// What is known on the day asked for.
pub(crate) fn world(app: &App, query: &Query) -> HttpResult<std::sync::Arc<World>> {
    AsOf::of(query, app.clock.now())?.world(app)
}

/// The place of a code on a day; the newest bearer of the code where none bore it then.
///
/// # Errors
/// 404 when nobody ever bore it.
pub(crate) fn place_of(gazetteer: &Gazetteer, code: &str, day: NaiveDate) -> HttpResult<PlaceIx> {
    let newest =
        || gazetteer.versions(code).iter().copied().max_by_key(|ix| gazetteer.get(*ix).id.valid_from);
    gazetteer.by_code_on(code, day).or_else(newest).ok_or_else(|| HttpError::not_found(code))
}

/// The place a list is asked for: `place` or `province`, otherwise the home place.
///
/// # Errors
/// 404 when there is no such place.
pub(crate) fn chosen_place(world: &World, query: &Query) -> HttpResult<PlaceIx> {
    match query.get("place").or(query.get("province")) {
        Some(code) => place_of(&world.gazetteer, code, world.borders),
        None => Ok(world.home),
    }
}

/// A place as it stands in every answer.
#[must_use]
pub(crate) fn place_json(place: &Place) -> Value {
    json!({"code": place.id.code, "valid_from": place.id.valid_from, "name": place.name})
}

fn percent_json(percent: Option<Percent>) -> Value {
    percent.map_or(
        Value::Null,
        |p| json!({"numerator": p.numerator(), "denominator": p.denominator(), "percent": p.percent()}),
    )
}

fn villages_json(counts: &Counts) -> Value {
    json!({
        "total": counts.total, "no_signal": counts.no_signal, "pocket": counts.pocket, "covered": counts.covered,
        "unknown": counts.unknown, "no_grid_power": counts.powerless(),
        "stale": counts.stale, "insufficient": counts.insufficient, "disputed": counts.disputed,
    })
}

fn summary(app: &App, query: &Query) -> HttpResult<Value> {
    let world = world(app, query)?;
    let place = chosen_place(&world, query)?;
    let day = world.at.date_naive();
    let counts = world.judgement.counts_of(place);
    let communes = world.gazetteer.under_on(place, PlaceLevel::Commune, world.borders).len();
    let mut indicators = Vec::new();
    for (id, value) in world.judgement.values(place) {
        indicators.push(indicator_json(&world, place, id.as_str(), value));
    }
    Ok(json!({
        "place": place_json(world.gazetteer.get(place)),
        "as_of": day,
        "borders": world.borders,
        "known_until": world.at,
        "simulated_clock": app.clock.is_simulated(),
        "villages": villages_json(&counts),
        "rates": {"headline": percent_json(counts.headline()), "strict": percent_json(counts.strict())},
        "communes": {"total": communes, "lagging": world.lagging(place)},
        "indicators": indicators,
        "village": world.judgement.village(place).map(village_json),
    }))
}

/// What is known of one village beside its figures.
fn village_json(village: &VillageState) -> Value {
    let (source, row) = village.decided_by.as_ref().map(|(head, row)| (head, *row)).unzip();
    json!({
        "state": village.state, "since": village.since,
        "stale": village.qualification.stale, "insufficient": village.qualification.insufficient,
        "disputed": village.qualification.disputed,
        "grid_power": village.grid_power, "area_class": village.area_class, "must_act": village.must_act,
        "evidence": source.map(|head| head.key.evidence), "period": source.map(|head| head.key.period),
        "source": source.map(|head| &head.key.source), "run": source.map(|head| head.run), "row": row,
    })
}

fn indicator_json(world: &World, place: PlaceIx, id: &str, value: &IndicatorValue) -> Value {
    let declared = world.facts.indicators().get(id);
    let standing = declared.and_then(|declared| world.judgement.standing(place, &declared.id));
    let (source, run, row) = match &value.origin {
        Origin::Stated { head, row, .. } => (json!(head.key.source), json!(head.run), json!(row)),
        Origin::Formula => (json!("formula"), Value::Null, Value::Null),
        Origin::Children { .. } => (json!("sum of the places below"), Value::Null, Value::Null),
        Origin::Predecessors { .. } => (json!("sum of the places it was made of"), Value::Null, Value::Null),
        Origin::Nowhere => (Value::Null, Value::Null, Value::Null),
    };
    let parts = value.value.and_then(parts);
    let band = declared.and_then(|declared| world.rules.band(&declared.id, value.amount()?));
    json!({
        "id": id,
        "value": value.amount(),
        "absence": value.absence.as_ref().map(gapwatch_rules::Absence::as_str),
        "numerator": parts.map(|(n, _)| n),
        "denominator": parts.map(|(_, d)| d),
        "unit": declared.map(|declared| declared.unit),
        "band": band.map(|band| json!({"vi": band.name_vi, "en": band.name_en})),
        "qualifier": value.amount().map(|_| value.qualifier),
        "period": value.period,
        "target": standing.map(|s| json!({
            "value": s.target.value, "comparator": s.target.comparator, "due": s.target.due, "document": s.target.document,
        })),
        "status": standing.map(|s| s.status),
        "age_days": value.age_days(world.at.date_naive()),
        "source": source, "run": run, "row": row,
    })
}

pub(super) fn parts(value: Amount) -> Option<(f64, f64)> {
    match value {
        Amount::Number(_) => None,
        Amount::Ratio { numerator, denominator } => Some((numerator, denominator)),
    }
}

fn level(query: &Query) -> HttpResult<Option<PlaceLevel>> {
    let read = |word: &str| {
        let levels = [
            PlaceLevel::Country,
            PlaceLevel::Province,
            PlaceLevel::District,
            PlaceLevel::Commune,
            PlaceLevel::Village,
        ];
        let expected = "country, province, district, commune or village";
        levels
            .into_iter()
            .find(|l| l.as_str() == word)
            .ok_or_else(|| HttpError::bad_request("level", word, expected))
    };
    query.get("level").map(read).transpose()
}

pub(super) fn limit(query: &Query) -> HttpResult<usize> {
    match query.get("limit") {
        None => Ok(ROWS),
        Some(text) => {
            let expected = format!("a number from 1 to {}", ROWS * 10);
            let read = text.parse().ok().filter(|n| (1..=ROWS * 10).contains(n));
            read.ok_or_else(|| HttpError::bad_request("limit", text, &expected))
        }
    }
}

fn places(app: &App, query: &Query) -> HttpResult<Value> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let day = query.day("on")?.unwrap_or_else(|| as_of.day());
    let gazetteer = app.gazetteer_at(as_of.at)?;
    let level = level(query)?;
    let found: Vec<PlaceIx> = match query.get("parent") {
        Some(code) => {
            let parent = place_of(&gazetteer, code, day)?;
            match level {
                Some(level) => gazetteer.under_on(parent, level, day),
                None => gazetteer.children_on(parent, day),
            }
        }
        None => {
            let wanted = |ix: &PlaceIx| {
                let place = gazetteer.get(*ix);
                place.in_force_on(day) && level.is_none_or(|level| place.level == level)
            };
            gazetteer.all().filter(wanted).collect()
        }
    };
    let rows = found.into_iter().take(limit(query)?);
    Ok(rows.map(|ix| full_place_json(&gazetteer, ix, day)).collect())
}

fn full_place_json(gazetteer: &Gazetteer, ix: PlaceIx, day: NaiveDate) -> Value {
    let place = gazetteer.get(ix);
    json!({
        "code": place.id.code, "valid_from": place.id.valid_from, "valid_to": place.valid_to, "name": place.name,
        "name_en": place.name_en, "kind": place.kind, "level": place.level, "other_names": place.other_names,
        "parent": gazetteer.parent_on(ix, day).map(|parent| place_json(gazetteer.get(parent))),
        "lat": place.point.map(|p| p.lat), "lon": place.point.map(|p| p.lon),
        "area_class": place.area_class, "synthetic": place.synthetic,
    })
}

fn place(app: &App, query: &Query, code: &str) -> HttpResult<Value> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let day = query.day("on")?.unwrap_or_else(|| as_of.day());
    let gazetteer = app.gazetteer_at(as_of.at)?;
    if gazetteer.versions(code).is_empty() {
        return Err(HttpError::not_found(code));
    }
    let ix = gazetteer.by_code_on(code, day).ok_or_else(|| {
        let mut error = HttpError::not_found(&format!("{code}@{day}"));
        let bearers = gazetteer.versions(code).iter().map(|ix| full_place_json(&gazetteer, *ix, day));
        error.details = json!({"code": code, "on": day, "bearers": bearers.collect::<Vec<_>>()});
        error
    })?;
    let step = |(other, step): (PlaceIx, &gapwatch_model::Lineage)| {
        json!({
            "place": place_json(gazetteer.get(other)), "kind": gazetteer.get(other).kind, "part": step.part,
            "weight": step.weight, "effective": step.effective, "act": step.act,
        })
    };
    let mut found = full_place_json(&gazetteer, ix, day);
    if let Some(fields) = found.as_object_mut() {
        let from: Vec<Value> = gazetteer.predecessors(ix).map(step).collect();
        let to: Vec<Value> = gazetteer.successors(ix).map(step).collect();
        let others = gazetteer.versions(code).iter().filter(|other| **other != ix);
        let others: Vec<Value> = others.map(|other| full_place_json(&gazetteer, *other, day)).collect();
        fields.insert("on".to_owned(), json!(day));
        fields.insert("lineage".to_owned(), json!({"from": from, "to": to}));
        fields.insert("other_bearers".to_owned(), json!(others));
    }
    Ok(found)
}

/// A flag as it stands in lists.
#[must_use]
pub(crate) fn flag_json(gazetteer: &Gazetteer, flag: &Flag, english: bool) -> Value {
    let place = gazetteer.ix(&flag.key.place).map(|ix| place_json(gazetteer.get(ix)));
    json!({
        "id": flag.key, "rule": flag.key.rule, "place": place, "state": flag.state, "since": flag.since,
        "explanation": if english { &flag.explanation_en } else { &flag.explanation_vi },
        "rules_version": flag.rules_version, "acknowledgement": flag.acknowledgement,
    })
}

/// The flags a query asks for, by place (with everything below it), rule and state.
///
/// # Errors
/// 400 for a state that is none, 404 for a place that is none.
pub(crate) fn chosen_flags<'a>(world: &'a World, query: &Query) -> HttpResult<Vec<&'a Flag>> {
    let states =
        [FlagState::Inactive, FlagState::Pending, FlagState::Firing, FlagState::Resolved, FlagState::NoData];
    let state = match query.get("state") {
        None => None,
        Some(word) => {
            let known = states.into_iter().find(|state| state.as_str() == word);
            let expected = "inactive, pending, firing, resolved or no_data";
            Some(known.ok_or_else(|| HttpError::bad_request("state", word, expected))?)
        }
    };
    let inside = match query.get("place").or(query.get("province")) {
        Some(code) => Some(place_of(&world.gazetteer, code, world.borders)?),
        None => None,
    };
    let rule = query.get("rule");
    let wanted = |flag: &&Flag| {
        state.is_none_or(|state| flag.state == state)
            && rule.is_none_or(|rule| flag.key.rule.as_str() == rule)
            && inside.is_none_or(|place| world.lies_in(flag, place))
    };
    Ok(world.flags.iter().filter(wanted).collect())
}

fn flags(app: &App, query: &Query) -> HttpResult<Value> {
    let world = world(app, query)?;
    let english = query.get("lang") == Some("en");
    let chosen = chosen_flags(&world, query)?;
    let rows = chosen.into_iter().take(limit(query)?);
    Ok(rows.map(|flag| flag_json(&world.gazetteer, flag, english)).collect())
}

fn flag(app: &App, query: &Query, id: &str) -> HttpResult<Value> {
    let world = world(app, query)?;
    let key: FlagKey = id.parse().map_err(|_| HttpError::not_found(id))?;
    let flag = world.flags.iter().find(|flag| flag.key == key).ok_or_else(|| HttpError::not_found(id))?;
    let explanation = world.explain(flag);
    let mut found = flag_json(&world.gazetteer, flag, query.get("lang") == Some("en"));
    if let Some(fields) = found.as_object_mut() {
        fields.insert("explain".to_owned(), serde_json::to_value(&explanation).map_err(anyhow::Error::from)?);
    }
    Ok(found)
}

/// The two days of a ledger or a comparison: `from` (without one, half a year before) and `to` (without one, the day shown).
///
/// # Errors
/// 400 for days that are none or the wrong way round.
pub(crate) fn two_days(query: &Query, as_of: AsOf) -> HttpResult<(NaiveDate, NaiveDate)> {
    let to = query.day("to")?.unwrap_or_else(|| as_of.day()).min(as_of.day());
    let half_a_year_before = to.checked_sub_months(chrono::Months::new(6)).unwrap_or(to);
    let from = query.day("from")?.unwrap_or(half_a_year_before);
    if from > to {
        return Err(HttpError::bad_request("from", &from.to_string(), &format!("a day up to {to}")));
    }
    Ok((from, to))
}

fn ledger(app: &App, query: &Query) -> HttpResult<Value> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let (from, to) = two_days(query, as_of)?;
    let opening = as_of.world_at(app, clock::end_of(from))?;
    let closing = as_of.world_at(app, clock::end_of(to).min(as_of.at))?;
    let place = chosen_place(&closing, query)?;
    let counts =
        gapwatch_rules::ledger_of_counts(&closing.facts, &closing.rules, place, (from, to), as_of.at);
    let villages = || gapwatch_rules::ledger(&opening.judgement, &closing.judgement, place);
    let ledger = counts.unwrap_or_else(villages);
    let mut account = ledger_json(&ledger, &closing.gazetteer);
    if let Some(fields) = account.as_object_mut() {
        fields.insert("place".to_owned(), place_json(closing.gazetteer.get(place)));
        fields.insert("from".to_owned(), json!(from));
        fields.insert("to".to_owned(), json!(to));
    }
    Ok(account)
}

/// An account with its villages.
#[must_use]
pub(crate) fn ledger_json(ledger: &Ledger, gazetteer: &Gazetteer) -> Value {
    let state = |state: Option<SignalState>| state.map(SignalState::as_str);
    let line = |line: &LedgerLine| {
        json!({
            "kind": line.kind, "place": place_json(gazetteer.get(line.place)),
            "before": state(line.before), "after": state(line.after), "on": line.on, "sign": line.sign,
        })
    };
    json!({
        "opening": ledger.opening, "closed": ledger.closed, "newly_found": ledger.newly_found,
        "regressed": ledger.regressed, "boundary": ledger.boundary, "reclassified": ledger.reclassified,
        "not_broken_down": ledger.not_broken_down, "closing": ledger.closing, "lines": ledger.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn runs(app: &App, query: &Query) -> HttpResult<Value> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let asked = RunQuery {
        collector: query.get("collector").map(Into::into),
        as_of: Some(as_of.at),
        limit: u32::try_from(limit(query)?.min(1_000)).ok(),
        ..RunQuery::default()
    };
    let runs = app.store.runs(&asked)?;
    Ok(serde_json::to_value(runs).map_err(anyhow::Error::from)?)
}

fn rejects(app: &App, query: &Query, id: &str) -> HttpResult<Value> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let run = RunId(id.parse().map_err(|_| HttpError::not_found(id))?);
    if app.store.run(run)?.is_none_or(|run| run.finished > as_of.at) {
        return Err(HttpError::not_found(id));
    }
    Ok(serde_json::to_value(app.store.rejects(run)?).map_err(anyhow::Error::from)?)
}

/// Completeness and timeliness of every place that should have reported, one row per indicator, period and place.
fn reporting(app: &App, query: &Query) -> HttpResult<Value> {
    let world = world(app, query)?;
    let scope = chosen_place(&world, query)?;
    let (from, to) = two_days(query, AsOf::of(query, app.clock.now())?)?;
    let wanted = query.get("indicator");
    let mut rows = Vec::new();
    for (name, collector) in &app.config.collectors {
        if query.get("collector").is_some_and(|chosen| chosen != name) {
            continue;
        }
        let mut ids: Vec<&str> =
            collector.columns.iter().filter_map(|column| column.indicator.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids.into_iter().filter(|id| wanted.is_none_or(|wanted| wanted == *id)) {
            let Some(indicator) = world.facts.indicators().get(id) else { continue };
            let asked = SeriesQuery {
                as_of: Some(world.at),
                sources: Some(vec![name.as_str().into()]),
                days: Some((from, to)),
                ..SeriesQuery::new(indicator.id.clone())
            };
            let mut reports: HashMap<Period, Vec<(PlaceIx, chrono::DateTime<chrono::FixedOffset>)>> =
                HashMap::new();
            app.store.series().revisions(&asked, &mut |head, points| {
                let said = points.iter().map(|point| (point.place, head.recorded_at));
                reports.entry(head.key.period).or_default().extend(said);
            })?;
            let mut period = Period::containing(indicator.period, from);
            while period.end() <= to {
                let sent = reports.get(&period).map_or(&[][..], Vec::as_slice);
                let due_days = collector.reporting.due_days;
                let counted =
                    gapwatch_collectors::reported(&world.gazetteer, indicator, scope, period, sent, due_days);
                rows.extend(counted.into_iter().filter(|row| row.expected > 0).map(|row| {
                    json!({
                        "collector": name, "indicator": id, "period": period,
                        "place": place_json(world.gazetteer.get(row.place)),
                        "EXPECTED_REPORTS": row.expected, "ACTUAL_REPORTS": row.actual,
                        "ACTUAL_REPORTS_ON_TIME": row.on_time,
                        "REPORTING_RATE": row.rate().map(Percent::percent),
                        "REPORTING_RATE_ON_TIME": row.rate_on_time().map(Percent::percent),
                    })
                }));
                period = period.next();
            }
        }
    }
    rows.truncate(limit(query)?);
    Ok(Value::Array(rows))
}
