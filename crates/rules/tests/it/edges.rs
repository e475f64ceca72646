//! Who must act: two facts, three addressees, clocks that stop while there is no power.

use gapwatch_model::{AreaClass, Place, PlaceLevel};
use gapwatch_rules::{MustAct, Who};

use crate::world::{World, day, place};

/// Commune 001 with v1 in an extremely difficult area, v2 elsewhere, v3 of unknown class; v4 in the difficult commune 002.
fn world() -> World {
    let always = "1900-01-01";
    let village = |code, class| {
        let mut village = place(code, PlaceLevel::Village, &[("001", always)]);
        village.area_class = class;
        village
    };
    let class = |class, place| Place { area_class: class, ..place };
    let places = vec![
        class(None, place("04", PlaceLevel::Province, &[])),
        class(None, place("001", PlaceLevel::Commune, &[("04", always)])),
        class(Some(AreaClass::ExtremelyDifficult), place("002", PlaceLevel::Commune, &[("04", always)])),
        class(None, place("v4", PlaceLevel::Village, &[("002", always)])),
        village("v1", Some(AreaClass::ExtremelyDifficult)),
        village("v2", Some(AreaClass::Other)),
        village("v3", None),
    ];
    World::with(places, Vec::new())
}

fn act(world: &World, village: &str, on: &str) -> Option<MustAct> {
    world.judge(on).village(world.ix(village)).unwrap().must_act
}

#[test]
fn power_and_area_decide() {
    let mut world = world();
    for village in ["v1", "v2", "v3", "v4"] {
        world.signal(village, "202511", 0.0).done();
        world.say("village.grid_power", village, "202511", 1.0).done();
    }
    let who = |world: &World, village| act(world, village, "2025-12-31").map(|act| (act.who, act.due));
    assert_eq!(who(&world, "v1"), Some((Some(Who::Fund), Some(day("2025-09-15")))));
    assert_eq!(who(&world, "v2"), Some((Some(Who::Operator), Some(day("2025-09-15")))));
    assert_eq!(who(&world, "v3"), Some((None, None)), "the class of the area is not known");
    let inherited = (Some(Who::Fund), Some(day("2025-09-15")));
    assert_eq!(who(&world, "v4"), Some(inherited), "the commune's class, where the village has none");
    world.say("village.grid_power", "v1", "202511", 0.0).known("2025-12-10");
    let blocked = act(&world, "v1", "2025-12-31").unwrap();
    assert_eq!((blocked.who, blocked.then), (Some(Who::Electricity), Some(Who::Fund)));
    assert_eq!((blocked.due, blocked.late_days), (Some(day("2025-11-30")), 31));
}

#[test]
fn unknown_power_is_nobodys_turn() {
    let mut world = world();
    world.signal("v1", "202511", 0.0).done();
    let found = act(&world, "v1", "2025-12-31").unwrap();
    assert_eq!((found.who, found.then, found.due), (None, Some(Who::Fund), None));
    assert_eq!((found.open_days, found.blocked_days), (0, 0));
}

#[test]
fn only_gaps_need_anyone() {
    let mut world = world();
    world.signal("v1", "202511", 1.0).done();
    world.signal("v2", "202511", 1.0).done();
    world.signal("v2", "202511", 0.0).point("cluster:a").done();
    world.say("village.grid_power", "v2", "202511", 1.0).done();
    assert_eq!(act(&world, "v1", "2025-12-31"), None);
    assert_eq!(act(&world, "v2", "2025-12-31").and_then(|act| act.who), Some(Who::Operator), "a pocket too");
    assert_eq!(act(&world, "v3", "2025-12-31"), None, "unknown is no known gap");
}

#[test]
fn blocked_time_is_reported_apart_and_the_builders_clock_starts_with_power() {
    let mut world = world();
    world.signal("v2", "202506", 0.0).known("2025-07-01");
    world.say("village.grid_power", "v2", "202506", 0.0).known("2025-07-01");
    world.say("village.grid_power", "v2", "202507", 1.0).known("2025-08-10");
    let before = act(&world, "v2", "2025-08-09").unwrap();
    assert_eq!((before.who, before.open_days, before.blocked_days), (Some(Who::Electricity), 0, 39));
    let after = act(&world, "v2", "2025-09-30").unwrap();
    assert_eq!((after.who, after.open_days, after.blocked_days), (Some(Who::Operator), 51, 40));
    // 90 days after power is later than the operator's own deadline.
    assert_eq!((after.due, after.late_days), (Some(day("2025-11-08")), 0));
}

#[test]
fn power_that_came_before_the_gap_was_known_starts_the_builders_clock_too() {
    let mut world = world();
    world.say("village.grid_power", "v2", "202410", 0.0).known("2024-11-05");
    world.say("village.grid_power", "v2", "202507", 1.0).known("2025-08-10");
    world.signal("v2", "202508", 0.0).known("2025-09-20");
    let found = act(&world, "v2", "2025-09-30").unwrap();
    assert_eq!((found.due, found.late_days), (Some(day("2025-11-08")), 0), "90 days after power");
    assert_eq!((found.open_days, found.blocked_days), (10, 0), "the gap itself is ten days old");
}
