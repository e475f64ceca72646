//! `/api/v1/findings?place=`: figures that contradict each other or cannot be, at a place and below it.

use gapwatch_rules::{Finding, FindingKind};
use serde_json::{Map, Value, json};

use super::{
    api::{chosen_place, place_json, world},
    context::Query,
    error::HttpResult,
};
use crate::{app::App, world::World};

/// Answers the findings, in order of indicators and places; `indicator` narrows them down.
pub(super) fn findings(app: &App, query: &Query) -> HttpResult<Value> {
    let world = world(app, query)?;
    let place = chosen_place(&world, query)?;
    let wanted = |finding: &&Finding| {
        gapwatch_rules::lies_in(&world.gazetteer, finding.place, place, world.borders)
            && query.get("indicator").is_none_or(|id| finding.indicator.as_str() == id)
    };
    Ok(world.judgement.findings.iter().filter(wanted).map(|finding| finding_json(&world, finding)).collect())
}

fn finding_json(world: &World, finding: &Finding) -> Value {
    let (kind, more) = match &finding.kind {
        FindingKind::TotalDiffers { stated, parts } => {
            ("total_differs", json!({"stated": stated, "parts": parts}))
        }
        FindingKind::PartsMissing { stated, known, present, missing } => (
            "parts_missing",
            json!({"stated": stated, "known": known, "present": present, "missing": missing}),
        ),
        FindingKind::ParentDiffers { stated, children } => {
            ("parent_differs", json!({"stated": stated, "children": children}))
        }
        FindingKind::OutOfRange { value, minimum, maximum } => {
            ("out_of_range", json!({"value": value, "minimum": minimum, "maximum": maximum}))
        }
        FindingKind::ShareAboveWhole { percent } => ("share_above_whole", json!({"percent": percent})),
        FindingKind::SourcesDiffer => ("sources_differ", json!({})),
        FindingKind::PartsApart { old } => {
            let old: Vec<Value> = old.iter().map(|ix| place_json(world.gazetteer.get(*ix))).collect();
            ("parts_apart", json!({"old": old}))
        }
        FindingKind::NotAllReported { reported, expected } => {
            ("not_all_reported", json!({"reported": reported, "expected": expected}))
        }
    };
    let mut fields = Map::new();
    fields.insert("kind".to_owned(), kind.into());
    fields.insert("place".to_owned(), place_json(world.gazetteer.get(finding.place)));
    fields.insert("indicator".to_owned(), json!(finding.indicator));
    fields.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(fields)
}
