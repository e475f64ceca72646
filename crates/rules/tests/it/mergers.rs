//! Mergers: the past of old communes goes on in the new ones, and no household is created or lost on the way.

use std::collections::BTreeMap;

use gapwatch_model::{Lineage, Part, Place, PlaceId, PlaceLevel, Value};
use gapwatch_rules::{
    Absence, Borders, FindingKind, HistoryPoint, Judgement, Moment, Origin, end_of_day, history, judge_over,
    ledger,
};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, proptest},
};

use crate::world::{World, day, place};

const PLACES: &str = include_str!("../../../../fixtures/caobang/places/places.csv");
const LINEAGE: &str = include_str!("../../../../fixtures/caobang/places/lineage.csv");
const MERGER: &str = "2025-07-01";
const FIBRE: &str = "hh.fibre_subscribed";

fn past(world: &World, code: &str, on: &str, borders: Borders) -> Vec<HistoryPoint> {
    let moment = Moment::at(end_of_day(day(on)));
    history(&world.facts, &world.rules, &world.targets, world.ix(code), &FIBRE.into(), moment, borders)
}

fn parts(point: &HistoryPoint) -> (f64, f64) {
    match point.value.value {
        Some(Value::Ratio { numerator, denominator }) => (numerator, denominator),
        other => panic!("{other:?} has no parts"),
    }
}

/// A and B until 30/06/2025; C takes all of A and `weights[0]` of B, D takes `weights[1]` of B.
fn merged(weights: [Option<f64>; 2]) -> World {
    let always = "1900-01-01";
    let places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("A@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("04", always)]),
        place("B@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("04", always)]),
        place("C@2025-07-01", PlaceLevel::Commune, &[("04", MERGER)]),
        place("D@2025-07-01", PlaceLevel::Commune, &[("04", MERGER)]),
    ];
    let step = |old: &str, new: &str, part, weight| Lineage {
        old: PlaceId::new(old, day(always)),
        new: PlaceId::new(new, day(MERGER)),
        part,
        effective: day(MERGER),
        act: "1657/NQ-UBTVQH15".to_owned(),
        weight,
    };
    let lineage = vec![
        step("A", "C", Part::Whole, None),
        step("B", "C", Part::Partial, weights[0]),
        step("B", "D", Part::Partial, weights[1]),
    ];
    World::with(places, lineage)
}

#[test]
fn whole_parts_are_summed_by_their_counts_and_partial_ones_by_weight() {
    let mut world = merged([Some(0.4), Some(0.6)]);
    world.say(FIBRE, "A", "202506", 0.0).ratio(10.0, 100.0).done();
    world.say(FIBRE, "B", "202506", 0.0).ratio(50.0, 100.0).done();
    let judgement = world.judge("2025-07-15");
    let of = |code| judgement.value(world.ix(code), FIBRE).cloned().unwrap();
    assert_eq!(of("C@2025-07-01").value, Some(Value::Ratio { numerator: 30.0, denominator: 140.0 }));
    assert_eq!(of("D@2025-07-01").value, Some(Value::Ratio { numerator: 30.0, denominator: 60.0 }));
    assert_eq!(of("C@2025-07-01").origin, Origin::Predecessors { reported: 2, expected: 2, apart: vec![] });
    assert_eq!(of("04").value, Some(Value::Ratio { numerator: 60.0, denominator: 200.0 }));
    assert_eq!(of("04").period, Some("202506".parse().unwrap()));
}

#[test]
fn partial_parts_without_weights_are_kept_apart_listed_and_not_lost() {
    let mut world = merged([None, None]);
    world.say(FIBRE, "A", "202506", 0.0).ratio(10.0, 100.0).done();
    world.say(FIBRE, "B", "202506", 0.0).ratio(50.0, 100.0).done();
    let judgement = world.judge("2025-07-15");
    let of = |code| judgement.value(world.ix(code), FIBRE).cloned().unwrap();
    assert_eq!(of("C@2025-07-01").value, Some(Value::Ratio { numerator: 10.0, denominator: 100.0 }));
    assert_eq!(of("D@2025-07-01").value, None);
    assert_eq!(of("D@2025-07-01").absence, Some(Absence::Missing));
    assert_eq!(
        of("04").value,
        Some(Value::Ratio { numerator: 60.0, denominator: 200.0 }),
        "the total is whole"
    );
    let apart: Vec<_> = judgement
        .findings
        .iter()
        .filter_map(|finding| match &finding.kind {
            FindingKind::PartsApart { old } => Some((finding.place, old.clone())),
            _ => None,
        })
        .collect();
    let old = vec![world.ix("B")];
    let mut apart = apart;
    apart.sort();
    assert_eq!(apart, [(world.ix("C@2025-07-01"), old.clone()), (world.ix("D@2025-07-01"), old)]);
}

#[test]
fn what_a_new_commune_says_itself_is_not_counted_twice() {
    let mut world = merged([None, None]);
    world.say(FIBRE, "A", "202506", 0.0).ratio(10.0, 100.0).done();
    world.say(FIBRE, "B", "202506", 0.0).ratio(50.0, 100.0).done();
    world.say(FIBRE, "D@2025-07-01", "202507", 0.0).ratio(40.0, 60.0).done();
    let judgement = world.judge("2025-08-15");
    let province = judgement.value(world.ix("04"), FIBRE).cloned().unwrap();
    assert_eq!(
        province.value,
        Some(Value::Ratio { numerator: 50.0, denominator: 160.0 }),
        "B's parts stay apart"
    );
}

#[test]
fn a_place_that_only_changed_its_code_is_itself() {
    let always = "1900-01-01";
    let places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("A@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("04", always)]),
        place("C@2025-07-01", PlaceLevel::Commune, &[("04", MERGER)]),
    ];
    let lineage = vec![Lineage {
        old: PlaceId::new("A", day(always)),
        new: PlaceId::new("C", day(MERGER)),
        part: Part::Whole,
        effective: day(MERGER),
        act: String::new(),
        weight: None,
    }];
    let mut world = World::with(places, lineage);
    world.say("q766.total", "A", "202506", 77.0).done();
    let judgement = world.judge("2025-07-15");
    assert_eq!(
        judgement.value(world.ix("C@2025-07-01"), "q766.total").unwrap().amount(),
        Some(77.0),
        "no sum is needed"
    );
}

#[test]
fn borders_then_and_now_give_one_series_without_a_break() {
    let mut world = merged([Some(0.4), Some(0.6)]);
    world.say(FIBRE, "A", "202505", 0.0).ratio(10.0, 100.0).done();
    world.say(FIBRE, "B", "202505", 0.0).ratio(50.0, 100.0).done();
    world.say(FIBRE, "C@2025-07-01", "202507", 0.0).ratio(40.0, 140.0).done();
    world.say(FIBRE, "D@2025-07-01", "202507", 0.0).ratio(40.0, 60.0).done();
    let series = |code, borders| -> Vec<(String, Option<f64>)> {
        let points = past(&world, code, "2025-08-15", borders);
        points.iter().map(|point| (point.period.to_string(), point.value.amount())).collect()
    };
    let months = |values: [Option<f64>; 3]| -> Vec<(String, Option<f64>)> {
        ["202505", "202506", "202507"].map(str::to_owned).into_iter().zip(values).collect()
    };
    assert_eq!(series("04", Borders::Then), months([Some(30.0), None, Some(40.0)]), "June is a gap");
    assert_eq!(series("04", Borders::Of(day("2025-08-15"))), months([Some(30.0), None, Some(40.0)]));
    assert_eq!(
        series("D@2025-07-01", Borders::Of(day("2025-08-15"))),
        months([Some(50.0), None, Some(40.0 * 100.0 / 60.0)])
    );
    let then = series("D@2025-07-01", Borders::Then);
    assert_eq!(then.len(), 1, "it did not exist before");
    assert_eq!(series("A", Borders::Then), [("202505".to_owned(), Some(10.0))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn weights_never_create_or_lose_a_household(
        counts in vec((0_u32..1_000, 0_u32..1_000), 2),
        shares in vec(proptest::option::of(0_u32..=100), 2),
    ) {
        let first = shares[0].map(|share| f64::from(share) / 100.0);
        let second = shares[1].map(|share| f64::from(share) / 100.0 * (1.0 - first.unwrap_or(0.0)));
        let mut world = merged([first, second]);
        for (code, (yes, all)) in ["A", "B"].into_iter().zip(&counts) {
            world.say(FIBRE, code, "202506", 0.0).ratio(f64::from(*yes), f64::from(yes + all)).done();
        }
        let total: (f64, f64) = counts.iter().fold((0.0, 0.0), |sum, (yes, all)| (sum.0 + f64::from(*yes), sum.1 + f64::from(yes + all)));
        for borders in [Borders::Then, Borders::Of(day("2025-07-15"))] {
            let found = past(&world, "04", "2025-07-15", borders);
            let (yes, all) = parts(&found[0]);
            assert!((yes - total.0).abs() < 1e-6 && (all - total.1).abs() < 1e-6, "{borders:?}: {yes}/{all} is not {total:?}");
        }
    }
}

/// The example's places without its villages: real codes, real lineage.
fn country() -> World {
    let mut places: Vec<Place> = Vec::new();
    for line in PLACES.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [code, from, to, level, kind, name, ..] = cells.as_slice() else { panic!("{line}") };
        let level = match *level {
            "country" => PlaceLevel::Country,
            "province" => PlaceLevel::Province,
            "district" => PlaceLevel::District,
            "commune" => PlaceLevel::Commune,
            _ => continue,
        };
        let id = if to.is_empty() { format!("{code}@{from}") } else { format!("{code}@{from}..{to}") };
        let above = format!("{}@{}", cells[8], cells[9]);
        let parents: &[(&str, &str)] = if cells[8].is_empty() { &[] } else { &[(&above, from)] };
        let mut one = place(&id, level, parents);
        (one.kind, one.name) = ((*kind).to_owned(), (*name).to_owned());
        places.push(one);
    }
    let step = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        Lineage {
            old: PlaceId::new(cells[0], day(cells[1])),
            new: PlaceId::new(cells[2], day(cells[3])),
            part: if cells[4] == "full" { Part::Whole } else { Part::Partial },
            effective: day(cells[6]),
            act: cells[7].to_owned(),
            weight: cells[5].parse().ok(),
        }
    };
    World::with(places, LINEAGE.lines().skip(1).map(step).collect())
}

#[test]
fn the_real_mergers_keep_every_household() {
    let mut world = country();
    let gazetteer = world.facts.gazetteer().clone();
    let before = day("2025-05-31");
    // Every old commune of the provinces that merged says its own two counts.
    let mut said: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (new, olds) in [
        ("19", vec!["06", "19"]),
        ("25", vec!["17", "25", "26"]),
        ("24", vec!["24", "27"]),
        ("04", vec!["04"]),
    ] {
        for old in olds {
            let province = gazetteer.by_code_on(old, before).unwrap();
            for commune in gazetteer.under_on(province, PlaceLevel::Commune, before) {
                let code = gazetteer.get(commune).id.code.to_string();
                let number: u32 = code.parse().unwrap();
                let (yes, all) = (f64::from(number % 701), f64::from(number % 701 + number % 89));
                world.say(FIBRE, &code, "202505", 0.0).ratio(yes, all).done();
                let sum = said.entry(new).or_default();
                *sum = (sum.0 + yes, sum.1 + all);
            }
        }
    }
    let counts = |code: &str| {
        let points = past(&world, code, "2025-08-15", Borders::Of(day("2025-08-15")));
        parts(&points[0])
    };
    for (new, code) in
        [("19", "19@2025-07-01"), ("25", "25@2025-07-01"), ("24", "24@2025-07-01"), ("04", "04")]
    {
        let ((yes, all), wanted) = (counts(code), said[new]);
        assert!(
            (yes - wanted.0).abs() < 1e-6 && (all - wanted.1).abs() < 1e-6,
            "{code}: {yes}/{all} is not {wanted:?}"
        );
    }
    let then = past(&world, "04", "2025-08-15", Borders::Then);
    assert_eq!(parts(&then[0]), counts("04"), "Cao Bằng then and now");
    // All 161 old communes of Cao Bằng go whole: none of its 56 is without its past.
    let now = day("2025-08-15");
    let communes = gazetteer.under_on(world.ix("04"), PlaceLevel::Commune, now);
    let judgement = world.judge("2025-07-15");
    let mut carried = 0;
    for commune in &communes {
        match &judgement.value(*commune, FIBRE).unwrap().origin {
            Origin::Predecessors { reported, expected, apart } => {
                assert_eq!((reported, apart.len()), (expected, 0));
                carried += reported;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((communes.len(), carried), (56, 161));
}

#[test]
fn a_province_wide_figure_of_an_old_province_does_not_speak_for_the_new_one_alone() {
    let mut world = country();
    // Bắc Kạn as published for 2023: a share, without its counts.
    world.say(FIBRE, "06", "202506", 80.07).done();
    let judgement = world.judge("2025-07-15");
    let value = judgement.value(world.ix("19@2025-07-01"), FIBRE).unwrap();
    assert_eq!((value.amount(), value.absence.clone()), (None, Some(Absence::OnlyShares)));
    let points = past(&world, "06", "2025-07-15", Borders::Then);
    assert_eq!(points[0].value.amount(), Some(80.07), "it stays with the province it was said of");
}

/// Provinces P and Q until 30/06/2025, R of both after; commune A of P goes on whole in C, B of Q in parts in C and D.
/// Village a1 has a record of its move, a2 and the villages of B have none; b2 ends with its commune.
fn villages_over_a_merger() -> World {
    let (always, step_of) = ("1900-01-01", |old: &str, new: &str, part| Lineage {
        old: PlaceId::new(old, day("1900-01-01")),
        new: PlaceId::new(new, day(MERGER)),
        part,
        effective: day(MERGER),
        act: "1657/NQ-UBTVQH15".to_owned(),
        weight: None,
    });
    let places = vec![
        place("P@1900-01-01..2025-07-01", PlaceLevel::Province, &[]),
        place("Q@1900-01-01..2025-07-01", PlaceLevel::Province, &[]),
        place("R@2025-07-01", PlaceLevel::Province, &[]),
        place("A@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("P", always)]),
        place("B@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("Q", always)]),
        place("C@2025-07-01", PlaceLevel::Commune, &[("R@2025-07-01", MERGER)]),
        place("D@2025-07-01", PlaceLevel::Commune, &[("R@2025-07-01", MERGER)]),
        place("a1", PlaceLevel::Village, &[("A", always), ("C@2025-07-01", MERGER)]),
        place("a2", PlaceLevel::Village, &[("A", always)]),
        place("b1", PlaceLevel::Village, &[("B", always), ("D@2025-07-01", MERGER)]),
        place("b2@1900-01-01..2025-07-01", PlaceLevel::Village, &[("B", always)]),
    ];
    let lineage = vec![
        step_of("P", "R", Part::Whole),
        step_of("Q", "R", Part::Whole),
        step_of("A", "C", Part::Whole),
        step_of("B", "C", Part::Partial),
        step_of("B", "D", Part::Partial),
    ];
    World::with(places, lineage)
}

#[test]
fn the_past_is_shown_in_the_borders_of_today() {
    let mut world = villages_over_a_merger();
    for (village, signal) in [("a1", 0.0), ("a2", 0.0), ("b1", 1.0), ("b2", 0.0)] {
        world.signal(village, "202505", signal).known("2025-06-01");
    }
    world.signal("a1", "202507", 1.0).known("2025-08-01");
    let judged = |on: &str, borders: &str| {
        let rules = (&world.rules, &world.targets);
        judge_over(&world.facts, rules.0, rules.1, end_of_day(day(on)), day(borders), &[])
    };
    let then = judged("2025-06-15", "2025-06-15");
    let now = judged("2025-06-15", "2025-08-15");
    let count = |judgement: &Judgement, code: &str| {
        judgement.counts(world.ix(code)).map(|counts| (counts.total, counts.no_signal))
    };
    assert_eq!(
        (count(&then, "P"), count(&then, "Q"), count(&then, "R@2025-07-01")),
        (Some((2, 2)), Some((2, 1)), None)
    );
    assert_eq!(count(&now, "R@2025-07-01"), Some((4, 3)), "the province holds what both held");
    assert_eq!(
        count(&now, "C@2025-07-01"),
        Some((2, 2)),
        "whole parts are carried over, with a record of each move or not"
    );
    assert_eq!(count(&now, "D@2025-07-01"), Some((1, 0)));
    assert_eq!(count(&now, "P"), None);

    // Over the borders of one day nothing is a change of borders.
    let closing = judged("2025-08-15", "2025-08-15");
    let account = ledger(&now, &closing, world.ix("R@2025-07-01"));
    assert_eq!((account.opening, account.closed, account.closing), (3, 1, 1));
    assert_eq!(account.boundary, -1, "only the village that ended");
    assert!(account.balances());
    let account = ledger(&then, &closing, world.ix("R@2025-07-01"));
    assert_eq!((account.opening, account.boundary), (0, 2), "over the borders of each day both came in");
    assert!(account.balances());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is known, both old provinces together are the new one over the borders of today.
    #[test]
    fn totals_over_a_province_are_the_same_either_way(said in vec((0_usize..4, 0_u8..3, 1_u32..6), 0..24)) {
        let mut world = villages_over_a_merger();
        for (village, signal, month) in said {
            let village = ["a1", "a2", "b1", "b2"][village];
            let period = format!("2025{month:02}");
            match signal {
                2 => world.signal(village, &period, 0.0).point("outside").done(),
                value => world.signal(village, &period, f64::from(value)).done(),
            }
        }
        let at = end_of_day(day("2025-06-20"));
        let then = judge_over(&world.facts, &world.rules, &world.targets, at, day("2025-06-20"), &[]);
        let now = judge_over(&world.facts, &world.rules, &world.targets, at, day("2025-09-01"), &[]);
        let counts = |judgement: &Judgement, codes: &[&str]| {
            let of = |code: &&str| *judgement.counts(world.ix(code)).unwrap();
            let all: Vec<_> = codes.iter().map(of).collect();
            [
                all.iter().map(|c| c.total).sum::<u32>(),
                all.iter().map(|c| c.no_signal).sum(),
                all.iter().map(|c| c.pocket).sum(),
                all.iter().map(|c| c.covered).sum(),
                all.iter().map(|c| c.unknown).sum(),
            ]
        };
        assert_eq!(counts(&then, &["P", "Q"]), counts(&now, &["R@2025-07-01"]));
    }
}
