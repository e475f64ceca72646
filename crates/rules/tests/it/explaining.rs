//! Explanations: everything behind a flag, the same bytes again.

use gapwatch_model::{Evidence, Flag};
use gapwatch_rules::{Explanation, advance, end_of_day, explain};

use crate::world::{World, day};

fn explained(world: &World, on: &str, part_of_id: &str) -> (Flag, Explanation) {
    let judgement = world.judge(on);
    let flags = advance(&[], &judgement, &world.rules, end_of_day(day(on)));
    let flag = flags.into_iter().find(|flag| flag.key.to_string().contains(part_of_id)).unwrap();
    let explanation = explain(&flag, &world.facts, &judgement, &world.rules);
    (flag, explanation)
}

#[test]
fn every_input_is_there_with_its_source_row_run_and_moment() {
    let mut world = World::new();
    world.signal("v1", "202511", 1.0).operator("Viettel").known("2025-12-05");
    world
        .signal("v1", "202511", 0.0)
        .source("drive")
        .evidence(Evidence::Measured)
        .samples(12)
        .known("2025-12-06");
    world.signal("v1", "202411", 1.0).source("old").known("2024-12-05");
    world
        .signal("v1", "202511", 1.0)
        .source("few")
        .evidence(Evidence::Measured)
        .samples(1)
        .known("2025-12-06");
    let (_, explanation) = explained(&world, "2025-12-31", "village-no-signal");
    let inputs: Vec<_> = explanation
        .inputs
        .iter()
        .map(|input| {
            (input.source.as_str(), input.run, input.row, input.recorded_at.as_str(), input.silent_because)
        })
        .collect();
    assert_eq!(
        inputs,
        [
            ("drive", 2, 7, "2025-12-06T08:00:00+07:00", ""),
            ("few", 4, 7, "2025-12-06T08:00:00+07:00", "insufficient"),
            ("report", 1, 7, "2025-12-05T08:00:00+07:00", "outweighed"),
            ("old", 3, 7, "2024-12-05T08:00:00+07:00", "stale"),
        ]
    );
    assert_eq!(explanation.rules_version, "sample-1");
    let steps: Vec<_> = explanation.steps.iter().map(|step| step.en.as_str()).collect();
    assert_eq!(
        steps,
        ["centre: no signal (drive)", "centre: a claim and a measurement differ, the measurement speaks"]
    );
    assert_eq!(explanation.clears.en, "fresh evidence with samples enough that the centre has signal");
}

#[test]
fn a_flag_about_a_target_shows_the_sum_and_the_path() {
    let mut world = World::new()
        .with_rules(|rules| rules.rules.values_mut().for_each(|rule| rule.for_days = 0))
        .with_targets(
            r#"
[fibre]
indicator = "hh.fibre_subscribed"
value = 80
comparator = ">="
due = 2025-12-31
path = { shape = "linear", from = 2024-12-31, baseline = 43.5 }
document = "749/QĐ-TTg"
valid_from = 2020-01-01
"#,
        );
    world.say("hh.fibre_subscribed", "001", "202511", 0.0).ratio(50.0, 100.0).done();
    let (flag, explanation) = explained(&world, "2025-12-11", "hh.fibre_subscribed");
    let target = explanation.target.unwrap();
    assert_eq!(
        (target.id.as_str(), target.status, target.document.as_str()),
        ("fibre", "behind", "749/QĐ-TTg")
    );
    assert_eq!(target.path_value, Some(78.0));
    let steps: Vec<_> = explanation.steps.iter().map(|step| step.en.as_str()).collect();
    assert_eq!(
        steps,
        [
            "Xã 001 (tỉnh 04): Households with fibre 50.0% = 50/100",
            "path: 43.5 + (80 − 43.5) × 345/365 = 78.0000",
            "required a day: 1.5000",
        ]
    );
    assert_eq!(
        flag.explanation_vi,
        "Xã 001 (tỉnh 04): Tỷ lệ hộ có cáp quang 50,0% (tháng 11/2025), chậm so với lộ trình 78,0% để đạt chỉ tiêu ≥ 80,0% vào 31/12/2025 (749/QĐ-TTg)."
    );
}

#[test]
fn a_rate_of_villages_lists_what_was_said_of_each() {
    let mut world = World::new()
        .with_rules(|rules| rules.rules.values_mut().for_each(|rule| rule.for_days = 0))
        .with_targets(
            r#"
[coverage]
indicator = "village.mobile_headline"
value = 100
comparator = ">="
due = 2025-06-30
document = "d"
valid_from = 2020-01-01
"#,
        );
    for (village, value) in [("v1", 0.0), ("v2", 1.0), ("v3", 1.0), ("v4", 1.0), ("v5", 1.0)] {
        world.signal(village, "202511", value).done();
    }
    let (_, explanation) = explained(&world, "2025-12-31", "~001~");
    let places: Vec<_> = explanation.inputs.iter().map(|input| input.place.as_str()).collect();
    assert_eq!(places, ["v1", "v2", "v3", "v4", "v5"]);
    assert!(
        explanation
            .steps
            .iter()
            .any(|step| step.en == "5 villages: 4 covered, 0 pocket, 1 no signal, 0 unknown")
    );
}

#[test]
fn explaining_again_gives_the_same_bytes_whatever_the_order_of_adding() {
    let build = |backwards: bool| {
        let mut world = World::new();
        let mut said =
            vec![("v1", "202510", 0.0, "a"), ("v1", "202511", 0.0, "b"), ("v1", "202511", 1.0, "c")];
        if backwards {
            said.reverse();
        }
        for (village, period, value, source) in said {
            world.signal(village, period, value).source(source).operator(source).known("2025-12-05");
        }
        world
    };
    let json = |world: &World| {
        let (_, mut explanation) = explained(world, "2025-12-31", "");
        explanation.inputs.iter_mut().for_each(|input| input.run = 0);
        serde_json::to_string(&explanation).unwrap()
    };
    let mut world = build(false);
    world.signal("v1", "202511", 0.0).source("c").operator("c").known("2025-12-06");
    let mut other = build(true);
    other.signal("v1", "202511", 0.0).source("c").operator("c").known("2025-12-06");
    assert_eq!(json(&world), json(&other));
    assert_eq!(json(&world), json(&world));
}
