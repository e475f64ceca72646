//! Targets: which is in force, where its path is, how a value stands.

use gapwatch_model::{AreaClass, PlaceLevel, Qualifier, TargetStatus};
use gapwatch_rules::{Targets, path_value, promises, status};

use crate::world::{World, day, place};

const LINEAR: &str = r#"
[t]
indicator = "hh.fibre_subscribed"
value = 80
comparator = ">="
due = 2025-12-31
path = { shape = "linear", from = 2024-12-31, baseline = 43.5 }
document = "749/QĐ-TTg"
valid_from = 2020-01-01
"#;

fn one(text: &str) -> gapwatch_model::Target {
    Targets::parse(text).unwrap().get("t").unwrap().clone()
}

fn close(found: Option<f64>, wanted: f64) {
    assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-9), "{found:?} is not {wanted}");
}

#[test]
fn a_linear_path_runs_by_days_and_is_flat_outside() {
    let target = one(LINEAR);
    close(path_value(&target, day("2024-12-31")), 43.5);
    close(path_value(&target, day("2025-01-10")), 44.5);
    close(path_value(&target, day("2025-12-31")), 80.0);
    close(path_value(&target, day("2020-01-01")), 43.5);
    close(path_value(&target, day("2030-01-01")), 80.0);
}

#[test]
fn a_step_counts_on_its_own_day() {
    let steps = "path = { shape = \"step\", steps = [[\"2025-06-30\", 60], [\"2025-12-31\", 80]] }";
    let target =
        one(&LINEAR.replace("path = { shape = \"linear\", from = 2024-12-31, baseline = 43.5 }", steps));
    assert_eq!(path_value(&target, day("2025-06-29")), None);
    assert_eq!(path_value(&target, day("2025-06-30")), Some(60.0));
    assert_eq!(path_value(&target, day("2025-12-30")), Some(60.0));
    assert_eq!(path_value(&target, day("2025-12-31")), Some(80.0));
    let exact = |value| Some((value, Qualifier::Exact));
    assert_eq!(
        status(&target, exact(10.0), day("2025-06-29")),
        TargetStatus::OnTrack,
        "nothing is asked yet"
    );
    assert_eq!(status(&target, exact(59.0), day("2025-06-30")), TargetStatus::Behind);
}

#[test]
fn the_due_day_is_still_in_time() {
    let target = one(LINEAR);
    let at = |value, on| status(&target, Some((value, Qualifier::Exact)), day(on));
    assert_eq!(at(79.9, "2025-12-31"), TargetStatus::Behind);
    assert_eq!(at(79.9, "2026-01-01"), TargetStatus::Missed);
    assert_eq!(at(80.0, "2026-01-01"), TargetStatus::Met, "met is meeting it, whenever");
    assert_eq!(at(80.0, "2024-01-01"), TargetStatus::Met);
    assert_eq!(at(44.5, "2025-01-10"), TargetStatus::OnTrack, "on the path is enough");
    assert_eq!(at(44.4, "2025-01-10"), TargetStatus::Behind);
    assert_eq!(status(&target, None, day("2026-01-01")), TargetStatus::Unknown);
}

#[test]
fn without_a_path_only_the_due_date_counts() {
    let target =
        one(&LINEAR.replace("path = { shape = \"linear\", from = 2024-12-31, baseline = 43.5 }\n", ""));
    assert_eq!(status(&target, Some((1.0, Qualifier::Exact)), day("2025-12-31")), TargetStatus::OnTrack);
    assert_eq!(status(&target, Some((1.0, Qualifier::Exact)), day("2026-01-01")), TargetStatus::Missed);
}

#[test]
fn a_strict_targets_path_is_a_floor() {
    let target = one(&LINEAR.replace("\">=\"", "\">\""));
    let at = |value, on| status(&target, Some((value, Qualifier::Exact)), day(on));
    assert_eq!(at(44.5, "2025-01-10"), TargetStatus::OnTrack);
    assert_eq!(at(80.0, "2025-12-31"), TargetStatus::OnTrack, "on the floor, but not yet more than 80");
    assert_eq!(at(80.0, "2026-01-01"), TargetStatus::Missed);
    assert_eq!(at(80.01, "2026-01-01"), TargetStatus::Met);
}

#[test]
fn a_qualifier_counts() {
    let at = |comparator: &str, value, qualifier| {
        let target =
            one(&LINEAR.replace("\">=\"", &format!("\"{comparator}\"")).replace("value = 80", "value = 98"));
        status(&target, Some((value, qualifier)), day("2026-01-01"))
    };
    assert_eq!(at(">", 98.0, Qualifier::MoreThan), TargetStatus::Met);
    assert_eq!(at(">", 98.0, Qualifier::Exact), TargetStatus::Missed);
    assert_eq!(at(">=", 98.0, Qualifier::LessThan), TargetStatus::Missed);
    assert_eq!(at(">=", 98.0, Qualifier::Almost), TargetStatus::Missed);
    assert_eq!(at(">=", 98.0, Qualifier::About), TargetStatus::Met);
    assert_eq!(at("<=", 98.0, Qualifier::MoreThan), TargetStatus::Missed);
    assert_eq!(at("<", 98.0, Qualifier::LessThan), TargetStatus::Met);
}

fn target(id: &str, value: u32, more: &str) -> String {
    format!(
        "[{id}]\nindicator = \"hh.fibre_subscribed\"\nvalue = {value}\ncomparator = \">=\"\ndue = 2025-12-31\ndocument = \"d\"\nvalid_from = 2020-01-01\n{more}\n"
    )
}

#[test]
fn a_province_nothing_is_known_of_is_not_held_against_targets() {
    let always = "1900-01-01";
    let places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("001", PlaceLevel::Commune, &[("04", always)]),
        place("05", PlaceLevel::Province, &[]),
        place("002", PlaceLevel::Commune, &[("05", always)]),
    ];
    let mut world = World::with(places, Vec::new()).with_targets(&target("country", 80, ""));
    assert_eq!(in_force(&world, "001", "2025-06-01"), None);
    world.say("dossier.on_time", "04", "202504", 10.0).done();
    assert_eq!(in_force(&world, "001", "2025-06-01").as_deref(), Some("country"));
    assert_eq!(in_force(&world, "002", "2025-06-01"), None);
}

fn in_force(world: &World, code: &str, on: &str) -> Option<String> {
    let judgement = world.judge(on);
    let standing = judgement.standing(world.ix(code), &"hh.fibre_subscribed".into());
    standing.map(|standing| standing.target.id.clone())
}

#[test]
fn the_nearest_scope_that_is_in_force_and_known_counts() {
    let text = [
        target("country", 80, ""),
        target("province", 70, "scope = \"04\"\nvalid_to = \"2025-10-01\""),
        target("commune", 60, "scope = \"001\"\nrecorded_at = \"2025-06-01T10:00:00+07:00\""),
    ];
    let world = World::new().with_targets(&text.concat());
    let found = |code, on| in_force(&world, code, on);
    assert_eq!(found("001", "2025-05-31").as_deref(), Some("province"), "the commune's own is not known yet");
    assert_eq!(found("001", "2025-06-01").as_deref(), Some("commune"));
    assert_eq!(found("002", "2025-09-30").as_deref(), Some("province"));
    assert_eq!(
        found("002", "2025-10-01").as_deref(),
        Some("country"),
        "replaced on its first day not in force"
    );
    assert_eq!(found("VN", "2025-06-01").as_deref(), Some("country"));
}

#[test]
fn a_condition_must_hold() {
    let always = "1900-01-01";
    let mut difficult = place("001", PlaceLevel::Commune, &[("04", always)]);
    difficult.area_class = Some(AreaClass::ExtremelyDifficult);
    let mut unknown = place("003", PlaceLevel::Commune, &[("04", always)]);
    unknown.area_class = None;
    let mut province = place("04", PlaceLevel::Province, &[]);
    province.area_class = None;
    let places = vec![province, difficult, place("002", PlaceLevel::Commune, &[("04", always)]), unknown];
    let text = [
        target("general", 80, "scope = \"04\""),
        target("difficult", 50, "scope = \"04\"\ncondition = { difficult_area = true }"),
    ];
    let mut world = World::with(places, Vec::new()).with_targets(&text.concat());
    world.say("hh.fibre_subscribed", "002", "202504", 10.0).done();
    assert_eq!(in_force(&world, "001", "2025-06-01").as_deref(), Some("difficult"));
    assert_eq!(in_force(&world, "002", "2025-06-01").as_deref(), Some("general"));
    assert_eq!(in_force(&world, "003", "2025-06-01").as_deref(), Some("general"));
}

#[test]
fn of_targets_in_one_scope_the_newer_and_then_the_next_due_counts() {
    let text = [
        target("old", 60, ""),
        target("new", 80, "").replace("2020-01-01", "2024-01-01"),
        target("later", 95, "").replace("2020-01-01", "2024-01-01").replace("2025-12-31", "2030-12-31"),
    ];
    let world = World::new().with_targets(&text.concat());
    assert_eq!(in_force(&world, "001", "2023-12-31").as_deref(), Some("old"));
    assert_eq!(in_force(&world, "001", "2025-12-31").as_deref(), Some("new"));
    assert_eq!(in_force(&world, "001", "2026-01-01").as_deref(), Some("later"));
}

#[test]
fn what_is_required_a_day_is_said() {
    let mut world = World::new().with_targets(LINEAR);
    world.say("hh.fibre_subscribed", "001", "202511", 0.0).ratio(70.0, 100.0).done();
    let standing =
        world.judge("2025-12-11").standing(world.ix("001"), &"hh.fibre_subscribed".into()).cloned().unwrap();
    close(standing.required_per_day, 0.5);
    assert_eq!(standing.status, TargetStatus::Behind);
    let silent =
        world.judge("2025-12-11").standing(world.ix("002"), &"hh.fibre_subscribed".into()).cloned().unwrap();
    assert_eq!((silent.status, silent.required_per_day), (TargetStatus::Unknown, None));
}

#[test]
fn what_is_promised_for_powered_villages_is_held_against_them_alone() {
    let promise = |id: &str, power: bool, due: &str| {
        format!(
            "[{id}]\nindicator = \"village.mobile_headline\"\nscope = \"04\"\nvalue = 100\ncomparator = \">=\"\ndue = {due}\n\
             document = \"d\"\nvalid_from = 2025-01-01\ncondition = {{ grid_power = {power} }}\n"
        )
    };
    let powered = promise("powered", true, "2025-09-15");
    let both = format!("{powered}{}", promise("unpowered", false, "2025-11-30"));
    let mut world = World::new().with_targets(&powered);
    for (village, power, signal) in
        [("v1", 1.0, 1.0), ("v2", 1.0, 0.0), ("v3", 0.0, 0.0), ("v6", 1.0, 1.0), ("v7", 0.0, 0.0)]
    {
        world.say("village.grid_power", village, "202508", power).done();
        world.signal(village, "202508", signal).done();
    }
    let stands = |world: &World, code: &str, on: &str| {
        let judgement = world.judge(on);
        let standing = judgement.standing(world.ix(code), &"village.mobile_headline".into());
        standing.map(|standing| (standing.target.id.clone(), standing.value, standing.status))
    };
    let found = |id: &str, value, status| Some((id.to_owned(), Some(value), status));
    use TargetStatus::{Met, Missed, OnTrack};
    // v1 and v2 of 001 have power, v6 of 002: the villages without do not count.
    assert_eq!(stands(&world, "001", "2025-09-10"), found("powered", 50.0, OnTrack));
    assert_eq!(stands(&world, "002", "2025-09-10"), found("powered", 100.0, Met));
    let flag = world.key("commune-behind-target", "001").to_string() + "~village.mobile_headline";
    let late = world.judge("2025-09-16");
    assert!(late.raised.iter().any(|raised| raised.key.to_string() == flag));
    assert!(late.sentence(&flag.parse().unwrap(), &world.rules).en.contains("villages with grid power only"));

    // Each part has its own date, and a place stands as its worst part does.
    world = world.with_targets(&both);
    assert_eq!(stands(&world, "001", "2025-09-16"), found("powered", 50.0, Missed));
    assert_eq!(stands(&world, "002", "2025-09-16"), found("unpowered", 0.0, OnTrack));
    assert_eq!(stands(&world, "002", "2025-12-01"), found("unpowered", 0.0, Missed));

    // Both are promised for a commune; of a village only the one of its own power.
    let promised = |code: &str| -> Vec<String> {
        let judgement = world.judge("2025-09-16");
        let found = promises(&judgement, &world.targets, world.ix(code), &"village.mobile_headline".into());
        found.into_iter().map(|target| target.id.clone()).collect()
    };
    assert_eq!(promised("001"), ["powered", "unpowered"]);
    assert_eq!((promised("v1"), promised("v3")), (vec!["powered".to_owned()], vec!["unpowered".to_owned()]));
    assert_eq!(promised("v4"), [""; 0], "nobody said whether it has power");
}
