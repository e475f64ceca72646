//! Values of places: what is stated, summed, computed, carried over, and the reasons for none.

use gapwatch_model::{Evidence, PlaceIx, PlaceLevel, Qualifier, Value};
use gapwatch_rules::{Absence, FindingKind, IndicatorValue, Origin, end_of_day, rejudge};

use crate::world::{World, place};

fn value(world: &World, code: &str, indicator: &str, on: &str) -> IndicatorValue {
    world.judge(on).value(world.ix(code), indicator).cloned().unwrap()
}

fn kinds(world: &World, code: &str, indicator: &str, on: &str) -> Vec<FindingKind> {
    let place: PlaceIx = world.ix(code);
    let findings = world.judge(on).findings;
    let here = findings.into_iter().filter(|f| f.place == place && f.indicator.as_str() == indicator);
    here.map(|finding| finding.kind).collect()
}

#[test]
fn ratios_are_summed_by_their_parts_and_never_averaged() {
    let mut world = World::new();
    world.say("hh.fibre_subscribed", "001", "202511", 0.0).ratio(10.0, 100.0).done();
    world.say("hh.fibre_subscribed", "002", "202511", 0.0).ratio(900.0, 900.0).done();
    let province = value(&world, "04", "hh.fibre_subscribed", "2025-12-31");
    assert_eq!(province.value, Some(Value::Ratio { numerator: 910.0, denominator: 1_000.0 }));
    assert_eq!(province.amount(), Some(91.0), "the mean of the shares would be 55");
    assert_eq!(province.origin, Origin::Children { reported: 2, expected: 2 });
    assert_eq!(value(&world, "VN", "hh.fibre_subscribed", "2025-12-31").amount(), Some(91.0));
}

#[test]
fn a_share_without_parts_cannot_be_summed() {
    let mut world = World::new();
    world.say("hh.fibre_subscribed", "001", "202511", 60.0).done();
    assert_eq!(value(&world, "001", "hh.fibre_subscribed", "2025-12-31").amount(), Some(60.0));
    assert_eq!(value(&world, "04", "hh.fibre_subscribed", "2025-12-31").absence, Some(Absence::OnlyShares));
    world.say("hh.fibre_subscribed", "002", "202511", 0.0).ratio(9.0, 10.0).done();
    let province = value(&world, "04", "hh.fibre_subscribed", "2025-12-31");
    assert_eq!(province.amount(), Some(90.0));
    assert_eq!(province.origin, Origin::Children { reported: 1, expected: 2 }, "what is left out is counted");
}

#[test]
fn zero_missing_stale_insufficient_and_not_applicable_are_different() {
    let mut world = World::new();
    let zero = |world: &World| value(world, "001", "dossier.on_time", "2025-12-31");
    assert_eq!(zero(&world).absence, Some(Absence::Missing));
    world.say("dossier.on_time", "001", "202508", 0.0).ratio(5.0, 10.0).done();
    assert_eq!(zero(&world).absence, Some(Absence::Stale), "three periods ended, two are allowed");
    world.say("dossier.on_time", "001", "202511", 0.0).ratio(0.0, 0.0).done();
    assert_eq!(zero(&world).absence, Some(Absence::ZeroDenominator));
    assert_eq!(
        zero(&world).value,
        Some(Value::Ratio { numerator: 0.0, denominator: 0.0 }),
        "kept with its parts"
    );
    world.say("dossier.on_time", "001", "202512", 0.0).ratio(0.0, 10.0).known("2025-12-31");
    assert_eq!((zero(&world).absence, zero(&world).amount()), (None, Some(0.0)));
    assert_eq!(value(&world, "001", "village.signal", "2025-12-31").absence, Some(Absence::NotApplicable));
}

#[test]
fn zero_of_zero_counts_as_reported_and_adds_nothing() {
    let mut world = World::new();
    world.say("dossier.on_time", "001", "202511", 0.0).ratio(0.0, 0.0).done();
    world.say("dossier.on_time", "002", "202511", 0.0).ratio(8.0, 10.0).done();
    let province = value(&world, "04", "dossier.on_time", "2025-12-31");
    assert_eq!(province.amount(), Some(80.0));
    assert_eq!(province.origin, Origin::Children { reported: 2, expected: 2 });
}

#[test]
fn counts_of_villages_sum_up_and_say_how_many_reported() {
    let mut world = World::new();
    for (village, households) in [("v1", 40.0), ("v2", 50.0), ("v6", 10.0)] {
        world.say("village.households", village, "2025", households).known("2025-06-01");
    }
    let commune = value(&world, "001", "village.households", "2025-12-31");
    assert_eq!(commune.amount(), Some(90.0));
    assert_eq!(commune.origin, Origin::Children { reported: 2, expected: 5 });
    let province = value(&world, "04", "village.households", "2025-12-31");
    assert_eq!(
        (province.amount(), province.origin),
        (Some(100.0), Origin::Children { reported: 3, expected: 8 })
    );
    assert_eq!(
        kinds(&world, "04", "village.households", "2025-12-31"),
        [FindingKind::NotAllReported { reported: 3, expected: 8 }]
    );
}

#[test]
fn a_parent_that_differs_from_its_children_is_a_finding() {
    let mut world = World::new();
    world.say("hh.fibre_subscribed", "001", "202511", 0.0).ratio(10.0, 100.0).done();
    world.say("hh.fibre_subscribed", "002", "202511", 0.0).ratio(30.0, 100.0).done();
    world.say("hh.fibre_subscribed", "04", "202511", 0.0).ratio(60.0, 100.0).done();
    assert_eq!(value(&world, "04", "hh.fibre_subscribed", "2025-12-31").amount(), Some(60.0), "as stated");
    assert_eq!(
        kinds(&world, "04", "hh.fibre_subscribed", "2025-12-31"),
        [FindingKind::ParentDiffers { stated: 60.0, children: 20.0 }]
    );
    world.say("hh.fibre_subscribed", "04", "202511", 0.0).ratio(204.0, 1000.0).known("2025-12-05");
    assert_eq!(kinds(&world, "04", "hh.fibre_subscribed", "2025-12-31"), [], "within the tolerance of 0.5");
}

#[test]
fn a_word_before_the_number_goes_up_with_it() {
    let mut world = World::new();
    world.say("village.households", "001", "2025", 40.0).qualifier(Qualifier::MoreThan).known("2025-06-01");
    world.say("village.households", "002", "2025", 50.0).known("2025-06-01");
    assert_eq!(value(&world, "04", "village.households", "2025-12-31").qualifier, Qualifier::MoreThan);
    world.say("village.households", "002", "2025", 50.0).qualifier(Qualifier::Almost).known("2025-06-02");
    assert_eq!(value(&world, "04", "village.households", "2025-12-31").qualifier, Qualifier::About);
}

#[test]
fn two_sources_that_differ_both_stay() {
    let mut world = World::new();
    world.say("village.households", "001", "2025", 1_241.0).source("a").known("2025-06-01");
    world
        .say("village.households", "001", "2025", 1_300.0)
        .source("b")
        .qualifier(Qualifier::MoreThan)
        .known("2025-06-02");
    assert_eq!(
        value(&world, "001", "village.households", "2025-12-31").amount(),
        Some(1_300.0),
        "the newest"
    );
    assert_eq!(kinds(&world, "001", "village.households", "2025-12-31"), [FindingKind::SourcesDiffer]);
    assert_eq!(kinds(&world, "001", "village.households", "2025-06-01"), [], "the other was not known yet");
}

#[test]
fn what_is_known_only_by_operator_says_so() {
    let mut world = World::new();
    world.say("village.households", "001", "2025", 5.0).operator("Viettel").known("2025-06-01");
    assert_eq!(value(&world, "001", "village.households", "2025-12-31").absence, Some(Absence::OnlyInParts));
}

#[test]
fn measured_speaks_over_claimed_for_values_too() {
    let mut world = World::new();
    world.say("hh.fibre_subscribed", "001", "202511", 90.0).done();
    world
        .say("hh.fibre_subscribed", "001", "202510", 70.0)
        .evidence(Evidence::Measured)
        .source("test")
        .done();
    assert_eq!(value(&world, "001", "hh.fibre_subscribed", "2025-12-31").amount(), Some(70.0));
}

const PARTS: [&str; 6] = [
    "q766.transparency",
    "q766.progress",
    "q766.online",
    "q766.payment",
    "q766.satisfaction",
    "q766.digitisation",
];

fn say_766(world: &mut World, code: &str, parts: &[f64], total: f64) {
    for (part, value) in PARTS.iter().zip(parts) {
        world.say(part, code, "202511", *value).done();
    }
    world.say("q766.total", code, "202511", total).done();
}

#[test]
fn a_total_is_held_against_its_parts() {
    let mut world = World::new();
    // Bắc Ninh as published: parts and total agree.
    say_766(&mut world, "001", &[15.82, 19.45, 8.53, 10.0, 17.86, 21.17], 92.83);
    assert_eq!(kinds(&world, "001", "q766.total", "2025-12-31"), []);
    // Sơn La as published: 86.94 stated, the parts sum to 83.63.
    say_766(&mut world, "002", &[15.0, 19.0, 8.0, 9.63, 14.0, 18.0], 86.94);
    let found = kinds(&world, "002", "q766.total", "2025-12-31");
    let [FindingKind::TotalDiffers { stated, parts }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(format!("{stated:.2} {parts:.2}"), "86.94 83.63");
}

#[test]
fn the_tolerance_of_a_total_is_per_part() {
    for (total, count) in [(92.89, 0), (92.90, 1)] {
        let mut world = World::new();
        say_766(&mut world, "001", &[15.82, 19.45, 8.53, 10.0, 17.86, 21.17], total);
        assert_eq!(
            kinds(&world, "001", "q766.total", "2025-12-31").len(),
            count,
            "0.06 of six parts: {total}"
        );
    }
}

#[test]
fn five_published_parts_of_six_say_so() {
    let mut world = World::new();
    // Quảng Trị as published: five parts.
    for (part, value) in
        PARTS.iter().filter(|part| **part != "q766.payment").zip([15.4, 19.35, 9.03, 17.82, 16.05])
    {
        world.say(part, "001", "202511", value).done();
    }
    world.say("q766.total", "001", "202511", 77.65).done();
    let found = kinds(&world, "001", "q766.total", "2025-12-31");
    let [FindingKind::PartsMissing { stated, known, present: 5, missing }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(format!("{stated:.2} {known:.2}"), "77.65 77.65");
    assert_eq!(missing, &["q766.payment".into()]);
}

#[test]
fn the_band_is_that_of_the_stated_total() {
    let world = World::new();
    let band = |total: f64| world.rules.band(&"q766.total".into(), total).map(|band| band.name_en.as_str());
    assert_eq!(band(90.0), Some("excellent"));
    assert_eq!(band(89.99), Some("good"));
    assert_eq!(band(79.99), Some("fair"));
    assert_eq!(band(66.13), Some("average"));
    assert_eq!(band(49.99), Some("weak"));
    assert_eq!(band(-1.0), None);
}

#[test]
fn a_component_above_its_maximum_is_a_finding() {
    let mut world = World::new();
    world.say("q766.payment", "001", "202511", 10.5).done();
    assert_eq!(
        kinds(&world, "001", "q766.payment", "2025-12-31"),
        [FindingKind::OutOfRange { value: 10.5, minimum: None, maximum: Some(10.0) }]
    );
}

#[test]
fn scores_are_capped_and_scaled() {
    let mut world = World::new();
    world.say("dossier.on_time", "001", "202511", 0.0).ratio(95.0, 100.0).done();
    world.say("dossier.on_time", "002", "202511", 0.0).ratio(11.0, 10.0).done();
    assert_eq!(value(&world, "001", "dossier.on_time_score", "2025-12-31").amount(), Some(19.0));
    assert_eq!(
        value(&world, "002", "dossier.on_time_score", "2025-12-31").amount(),
        Some(20.0),
        "R above 1 is capped"
    );
    let found = kinds(&world, "002", "dossier.on_time_score", "2025-12-31");
    assert!(
        matches!(found.as_slice(), [FindingKind::ShareAboveWhole { percent }] if (percent - 110.0).abs() < 1e-9)
    );
    // The province's score is that of its summed counts: 106/110.
    let province = value(&world, "04", "dossier.on_time_score", "2025-12-31").amount().unwrap();
    assert!((province - 106.0 / 110.0 * 20.0).abs() < 1e-9, "{province}");
}

#[test]
fn a_formula_without_its_input_says_which() {
    let world = World::new();
    let missing = value(&world, "001", "dossier.on_time_score", "2025-12-31");
    assert_eq!(missing.absence, Some(Absence::Needs("dossier.on_time".into())));
}

#[test]
fn a_missing_component_leaves_the_total_without_value() {
    let mut world = World::new();
    say_766(&mut world, "001", &[15.82, 19.45, 8.53, 10.0, 17.86, 21.17], 92.83);
    let sum = |world: &World| value(world, "001", "q766.sum", "2025-12-31");
    assert_eq!(sum(&world).amount().map(|sum| format!("{sum:.2}")), Some("92.83".to_owned()));
    let mut world = World::new();
    say_766(&mut world, "001", &[15.82, 19.45, 8.53, 10.0, 17.86], 92.83);
    assert_eq!(
        (sum(&world).amount(), sum(&world).absence),
        (None, Some(Absence::Needs("q766.digitisation".into())))
    );
}

#[test]
fn equal_at_two_decimals_share_a_rank_and_the_next_skips() {
    let mut world = World::new();
    world.say("q766.total", "001", "202511", 93.571).done();
    world.say("q766.total", "002", "202511", 93.569).done();
    let rank = |world: &World, code| value(world, code, "q766.rank", "2025-12-31").amount();
    assert_eq!((rank(&world, "001"), rank(&world, "002")), (Some(1.0), Some(1.0)));
    world.say("q766.total", "002", "202511", 93.56).known("2025-12-10");
    assert_eq!((rank(&world, "001"), rank(&world, "002")), (Some(1.0), Some(2.0)));
    assert_eq!(rank(&world, "04"), None, "a place without a value has no rank");
}

#[test]
fn indicators_nobody_declared_are_said() {
    let mut world = World::new();
    world.say("hh.gold", "001", "202511", 1.0).done();
    let undeclared: Vec<_> = world.facts.undeclared().map(ToString::to_string).collect();
    assert_eq!(undeclared, ["hh.gold"]);
}

#[test]
fn ages_are_counted_from_the_end_of_the_period() {
    let mut world = World::new();
    world.say("hh.fibre_subscribed", "001", "202511", 60.0).known("2025-11-20");
    let age = |on: &str| {
        let day = on.parse().unwrap();
        value(&world, "001", "hh.fibre_subscribed", on).age_days(day)
    };
    assert_eq!((age("2025-11-25"), age("2025-11-30"), age("2025-12-31")), (Some(0), Some(0), Some(31)));
}

#[test]
fn provinces_nothing_is_known_of_are_expected_all_the_same() {
    let always = "1900-01-01";
    let places = vec![
        place("VN", PlaceLevel::Country, &[]),
        place("04", PlaceLevel::Province, &[("VN", always)]),
        place("001", PlaceLevel::Commune, &[("04", always)]),
        place("05", PlaceLevel::Province, &[("VN", always)]),
        place("002", PlaceLevel::Commune, &[("05", always)]),
        place("003", PlaceLevel::Commune, &[("05", always)]),
    ];
    let mut world = World::with(places, Vec::new());
    world.say("hh.fibre_subscribed", "001", "202511", 0.0).ratio(9.0, 10.0).done();
    let country = value(&world, "VN", "hh.fibre_subscribed", "2025-12-31");
    assert_eq!(
        (country.amount(), country.origin),
        (Some(90.0), Origin::Children { reported: 1, expected: 3 })
    );
    for code in ["05", "002", "003"] {
        let absence = |id: &str| value(&world, code, id, "2025-12-31").absence;
        assert_eq!(absence("hh.fibre_subscribed"), Some(Absence::Missing), "{code}");
        assert_eq!(absence("village.mobile_headline"), Some(Absence::ZeroDenominator), "{code}");
        assert_eq!(absence("village.signal"), Some(Absence::NotApplicable), "{code}");
        assert_eq!(absence("q766.rank"), Some(Absence::Needs("q766.total".into())), "{code}");
    }
}

#[test]
fn judged_anew_values_come_grow_stale_and_follow_the_borders() {
    let always = "1900-01-01";
    let places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("05", PlaceLevel::Province, &[]),
        place("001", PlaceLevel::Commune, &[("04", always), ("05", "2026-01-15")]),
    ];
    let mut world = World::with(places, Vec::new());
    world.say("dossier.on_time", "001", "202511", 0.0).ratio(9.0, 10.0).known("2025-12-05");
    world.say("dossier.on_time", "001", "202511", 0.0).ratio(8.0, 10.0).known("2025-12-20");
    let mut judgement = world.judge("2025-12-10");
    let mut amounts = |on: &str| {
        let as_of = end_of_day(on.parse().unwrap());
        judgement = rejudge(&judgement, &world.facts, &world.rules, &world.targets, as_of, &world.sources);
        let of = |code| judgement.value(world.ix(code), "dossier.on_time").unwrap().amount();
        (of("001"), of("04"), of("05"))
    };
    assert_eq!(amounts("2025-12-11"), (Some(90.0), Some(90.0), None));
    assert_eq!(amounts("2025-12-20"), (Some(80.0), Some(80.0), None), "the correction is known now");
    assert_eq!(amounts("2026-01-15"), (Some(80.0), None, Some(80.0)), "under another province");
    assert_eq!(amounts("2026-01-31"), (Some(80.0), None, Some(80.0)));
    assert_eq!(amounts("2026-02-01"), (Some(80.0), None, Some(80.0)), "two periods ended, two are allowed");
    assert_eq!(amounts("2026-03-01"), (None, None, None), "stale");
}
