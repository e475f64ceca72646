//! Ledgers balance, line by line, whatever happened between their ends.

use gapwatch_model::{LedgerKind, PlaceLevel, SignalState};
use gapwatch_rules::{PublishedCount, ledger, published_ledger};

use crate::world::{World, day, place};

#[test]
fn every_kind_of_change_has_its_line() {
    let mut world = World::new();
    // Before → after of each village.
    for (village, before, after) in [
        ("v1", Some(0.0), Some(1.0)), // closed
        ("v2", Some(1.0), Some(0.0)), // regressed
        ("v3", None, Some(0.0)),      // newly found
        ("v4", Some(0.0), Some(0.0)), // stays
        ("v5", Some(0.0), Some(0.5)), // pocket: reclassified out
        ("v6", Some(0.5), Some(0.0)), // pocket: reclassified in
        ("v7", Some(1.0), Some(1.0)),
    ] {
        for (period, value) in [("202510", before), ("202511", after)] {
            let Some(value) = value else { continue };
            world.signal(village, period, if value > 0.0 { 1.0 } else { 0.0 }).done();
            let clusters = f64::from(u8::from((0.4..0.6).contains(&value)));
            world.say("village.clusters_without_signal", village, period, clusters).done();
        }
    }
    let (opening, closing) = (world.judge("2025-11-15"), world.judge("2025-12-15"));
    let account = ledger(&opening, &closing, world.ix("04"));
    assert!(account.balances());
    assert_eq!((account.opening, account.closing), (3, 4));
    assert_eq!((account.closed, account.newly_found, account.regressed), (1, 1, 1));
    assert_eq!((account.boundary, account.reclassified), (0, 0), "one out, one in");
    let mut lines: Vec<_> = account
        .lines
        .iter()
        .map(|line| (world.facts.gazetteer().get(line.place).id.code.to_string(), line.kind, line.sign))
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            ("v1".to_owned(), LedgerKind::Closed, -1),
            ("v2".to_owned(), LedgerKind::Regressed, 1),
            ("v3".to_owned(), LedgerKind::NewlyFound, 1),
            ("v5".to_owned(), LedgerKind::Reclassified, -1),
            ("v6".to_owned(), LedgerKind::Reclassified, 1),
        ]
    );
    let closed = account.lines.iter().find(|line| line.kind == LedgerKind::Closed).unwrap();
    assert_eq!(closed.on, day("2025-12-01"), "the day it became known");
    assert_eq!((closed.before, closed.after), (Some(SignalState::NoSignal), Some(SignalState::Covered)));
    assert_eq!(closed.place, world.ix("v1"));
}

#[test]
fn each_end_is_as_known_on_its_own_day_and_only_ends_count() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    // Later it turned out that v2 had none in October either: not known at the opening.
    world.signal("v2", "202510", 0.0).known("2025-12-05");
    // Found, closed and found again in between.
    world.signal("v1", "202511", 1.0).known("2025-11-20");
    world.signal("v1", "202511", 0.0).known("2025-12-01");
    let account = ledger(&world.judge("2025-11-10"), &world.judge("2025-12-10"), world.ix("04"));
    assert_eq!((account.opening, account.newly_found, account.closing), (1, 1, 2));
    assert_eq!((account.closed, account.regressed), (0, 0));
    assert!(account.balances());
}

/// Commune 001 gives v1 and v2 to 002 on 01/07/2025.
fn moving() -> World {
    let always = "1900-01-01";
    let mut places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("001", PlaceLevel::Commune, &[("04", always)]),
        place("002", PlaceLevel::Commune, &[("04", always)]),
    ];
    for village in ["v1", "v2"] {
        places.push(place(village, PlaceLevel::Village, &[("001", always), ("002", "2025-07-01")]));
    }
    places.push(place("v3", PlaceLevel::Village, &[("002", always)]));
    World::with(places, Vec::new())
}

#[test]
fn a_village_that_changed_parent_with_its_state_is_boundary() {
    let mut world = moving();
    world.signal("v1", "202505", 0.0).done();
    world.signal("v2", "202505", 1.0).done();
    let (opening, closing) = (world.judge("2025-06-15"), world.judge("2025-07-15"));
    let of = |code| ledger(&opening, &closing, world.ix(code));
    assert_eq!((of("001").opening, of("001").boundary, of("001").closing), (1, -1, 0));
    assert_eq!((of("002").opening, of("002").boundary, of("002").closing), (0, 1, 1));
    assert_eq!((of("04").opening, of("04").boundary, of("04").closing, of("04").lines.len()), (1, 0, 1, 0));
    assert_eq!(of("002").lines[0].on, day("2025-07-01"));
    assert_eq!((of("002").lines[0].before, of("002").lines[0].after), (None, Some(SignalState::NoSignal)));
}

#[test]
fn a_village_that_moved_and_changed_moves_first_so_parts_add_up() {
    let mut world = moving();
    world.signal("v1", "202505", 0.0).done();
    world.signal("v1", "202506", 1.0).known("2025-07-10");
    world.signal("v2", "202505", 1.0).done();
    world.signal("v2", "202506", 0.0).known("2025-07-10");
    let (opening, closing) = (world.judge("2025-06-15"), world.judge("2025-07-15"));
    let of = |code| ledger(&opening, &closing, world.ix(code));
    let (one, two, whole) = (of("001"), of("002"), of("04"));
    for account in [&one, &two, &whole] {
        assert!(account.balances(), "{account:?}");
    }
    assert_eq!((whole.closed, whole.regressed, whole.boundary), (1, 1, 0));
    assert_eq!(
        (one.closed + two.closed, one.regressed + two.regressed, one.boundary + two.boundary),
        (1, 1, 0)
    );
    assert_eq!((one.boundary, two.boundary), (-1, 1));
}

#[test]
fn a_new_village_without_signal_is_newly_found() {
    let places = vec![
        place("04", PlaceLevel::Province, &[]),
        place("001", PlaceLevel::Commune, &[("04", "1900-01-01")]),
        place("v1@2025-07-01", PlaceLevel::Village, &[("001", "2025-07-01")]),
        place("v2@1900-01-01..2025-07-01", PlaceLevel::Village, &[("001", "1900-01-01")]),
    ];
    let mut world = World::with(places, Vec::new());
    world.signal("v1@2025-07-01", "202507", 0.0).done();
    world.signal("v2", "202505", 0.0).done();
    let account = ledger(&world.judge("2025-06-15"), &world.judge("2025-08-15"), world.ix("04"));
    assert_eq!((account.opening, account.newly_found, account.boundary, account.closing), (1, 1, -1, 1));
    assert!(account.balances());
}

/// National counts of villages without coverage, 2021 to 2025 (domain: Ministry reports). Between published counts
/// only what was stated is broken down.
#[test]
fn the_national_counts_as_a_worked_example() {
    let published = [
        ("2021-01-01", 2_418, None),
        ("2022-09-30", 266, Some(2_152)),
        ("2024-10-31", 761, None),
        ("2025-03-31", 717, None),
        ("2025-08-31", 355, None),
    ]
    .map(|(on, no_signal, closed)| PublishedCount { on: day(on), no_signal, closed });
    let accounts: Vec<_> = published.windows(2).map(|pair| published_ledger(&pair[0], &pair[1])).collect();
    assert!(accounts.iter().all(gapwatch_model::Ledger::balances));
    let shown: Vec<_> = accounts
        .iter()
        .map(|account| (account.opening, account.closed, account.not_broken_down, account.closing))
        .collect();
    assert_eq!(
        shown,
        [(2_418, 2_152, 0, 266), (266, 0, 495, 761), (761, 0, -44, 717), (717, 0, -362, 355)],
        "the rise of 495 is said, not explained away"
    );
}
