//! Counts and rates: what is in the numerator, what is in the denominator, what is no rate at all.

use std::sync::Arc;

use gapwatch_model::{Gazetteer, PlaceLevel, SignalState};
use gapwatch_rules::{Absence, Facts};

use crate::world::{World, indicators, place};

#[test]
fn the_published_rates_of_tuyen_quang() {
    let always = "1900-01-01";
    let mut places = vec![
        place("VN", PlaceLevel::Country, &[]),
        place("08", PlaceLevel::Province, &[("VN", always)]),
        place("02200", PlaceLevel::Commune, &[("08", always)]),
    ];
    for number in 0..3_802 {
        places.push(place(&format!("t{number}"), PlaceLevel::Village, &[("02200", always)]));
    }
    let mut world = World::with(places, Vec::new());
    for number in 0..3_802_u32 {
        let code = format!("t{number}");
        world.signal(&code, "202512", if number < 91 { 0.0 } else { 1.0 }).done();
        if (91..91 + 182).contains(&number) {
            world.signal(&code, "202512", 0.0).point("cluster:a").done();
        }
        if number < 4 || (91..91 + 14).contains(&number) {
            world.say("village.grid_power", &code, "202512", 0.0).done();
        }
    }
    let judgement = world.judge("2026-01-12");
    let counts = judgement.counts(world.ix("08")).unwrap();
    assert_eq!((counts.no_signal, counts.pocket, counts.total), (91, 182, 3_802));
    assert_eq!((counts.no_signal_no_power, counts.pocket_no_power, counts.no_grid_power), (4, 14, 18));
    assert_eq!(counts.headline().unwrap().to_string(), "97.61%");
    assert_eq!(counts.strict().unwrap().to_string(), "92.82%");
    let value = judgement.value(world.ix("08"), "village.mobile_headline").unwrap();
    assert_eq!(value.amount().map(|rate| format!("{rate:.4}")), Some("97.6065".to_owned()));
}

#[test]
fn unknown_villages_are_in_the_denominator_only() {
    let mut world = World::new();
    world.signal("v1", "202511", 1.0).done();
    world.signal("v2", "202511", 1.0).done();
    world.signal("v2", "202511", 0.0).point("cluster:a").done();
    world.signal("v3", "202511", 0.0).done();
    let judgement = world.judge("2025-12-31");
    let counts = judgement.counts(world.ix("001")).unwrap();
    assert_eq!((counts.covered, counts.pocket, counts.no_signal, counts.unknown), (1, 1, 1, 2));
    let headline = counts.headline().unwrap();
    assert_eq!((headline.numerator(), headline.denominator()), (2.0, 5.0));
    let strict = counts.strict().unwrap();
    assert_eq!((strict.numerator(), strict.denominator()), (1.0, 5.0));
}

#[test]
fn what_nobody_speaks_of_is_not_counted_as_zero() {
    let mut world = World::new();
    let rate = |world: &World| {
        let value =
            world.judge("2025-12-31").value(world.ix("001"), "village.mobile_headline").cloned().unwrap();
        (value.amount(), value.absence)
    };
    assert_eq!(rate(&world), (None, Some(Absence::Missing)));
    let counts = *world.judge("2025-12-31").counts(world.ix("001")).unwrap();
    assert_eq!((counts.unknown, counts.total), (5, 5));
    // One is known not to have signal: now it is zero of five.
    world.signal("v1", "202511", 0.0).done();
    assert_eq!(rate(&world), (Some(0.0), None));
    let counts = *world.judge("2025-12-31").counts(world.ix("001")).unwrap();
    assert_eq!(counts.headline().map(|share| share.percent()), Some(0.0));
    assert_eq!((counts.powerless(), counts.power_unknown), (None, 5));
    world.say("village.grid_power", "v2", "202511", 1.0).done();
    let counts = *world.judge("2025-12-31").counts(world.ix("001")).unwrap();
    assert_eq!((counts.powerless(), counts.power_unknown), (Some(0), 4));
}

#[test]
fn states_are_disjoint_and_sum_up_the_tree() {
    let mut world = World::new();
    for (village, value) in [("v1", 1.0), ("v3", 0.0), ("v6", 0.0), ("v7", 1.0)] {
        world.signal(village, "202511", value).done();
    }
    let judgement = world.judge("2025-12-31");
    for place in judgement.places() {
        let counts = judgement.counts(*place).unwrap();
        assert_eq!(counts.total, counts.unknown + counts.no_signal + counts.pocket + counts.covered);
    }
    let of = |code| judgement.counts(world.ix(code)).unwrap();
    assert_eq!(of("04").no_signal, of("001").no_signal + of("002").no_signal);
    assert_eq!((of("04").total, of("04").communes, of("VN").communes, of("001").communes), (8, 2, 2, 1));
    assert_eq!(of("04").newest, Some("202511".parse().unwrap()));
}

#[test]
fn a_place_without_villages_has_no_rate() {
    let always = "1900-01-01";
    let places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("001", PlaceLevel::Commune, &[("04", always)]),
        place("v1@2025-07-01..2025-09-01", PlaceLevel::Village, &[("001", "2025-07-01")]),
    ];
    let gazetteer = Arc::new(Gazetteer::new(places.clone(), Vec::new()).unwrap());
    assert_eq!(Facts::new(gazetteer, indicators()).undeclared().count(), 0);
    let world = World::with(places, Vec::new());
    let total = |on| world.judge(on).counts(world.ix("001")).unwrap().total;
    assert_eq!(
        (total("2025-06-30"), total("2025-07-01"), total("2025-08-31"), total("2025-09-01")),
        (0, 1, 1, 0)
    );
    let judgement = world.judge("2025-09-01");
    assert_eq!(judgement.counts(world.ix("001")).unwrap().headline(), None);
    let value = judgement.value(world.ix("001"), "village.mobile_headline").unwrap();
    assert_eq!(value.amount(), None);
    assert_eq!(value.absence, Some(gapwatch_rules::Absence::ZeroDenominator));
    assert!(SignalState::ALL.len() == 4);
}
