//! The file alone: what was acknowledged is whole, no other is visible, projections equal a rebuild, and a backup that has
//! its name is whole.

use std::{collections::BTreeMap, path::Path, time::Duration};

use gapwatch_model::{Batch, Period, PlaceIx, Value};
use gapwatch_store::{Query, RunQuery, Store, StoreOptions};

use super::kit::{Said, batch as batch_of, day, hash, places, run_and_kill, time};

/// Rounds that go on with one file; then a new one keeps a round short.
const ROUNDS_PER_FILE: u64 = 20;

/// Where the children are killed in turns: after which words, how long after at most, in microseconds.
const AIMS: [(Option<&str>, u64); 6] = [
    (None, 60_000),
    (Some("begin append"), 3_000),
    (Some("begin correct"), 3_000),
    (Some("begin seal"), 8_000),
    (Some("begin backup"), 20_000),
    (Some("end backup"), 20_000),
];

/// What a child is killed at, each of which must happen.
const WORKS: [&str; 4] = ["append", "correct", "seal", "backup"];

pub(crate) fn run(rounds: u64) {
    let wanted = if rounds >= 100 { 5 } else { 1 };
    let (mut killed_at, mut backups, mut batches) = (BTreeMap::new(), 0, 0);
    let mut dir = tempfile::tempdir().unwrap();
    let mut round = 0;
    let lacking = |killed_at: &BTreeMap<String, u64>| {
        WORKS.iter().position(|work| killed_at.get(*work).is_none_or(|times| *times < wanted))
    };
    // A child may be through with its work before it is killed: then more rounds aim at what did not happen yet.
    while round < rounds || (lacking(&killed_at).is_some() && round < rounds * 4) {
        if round.is_multiple_of(ROUNDS_PER_FILE) {
            dir = tempfile::tempdir().unwrap();
            open(dir.path()).put_places(&places(), &[], time(0)).unwrap();
        }
        let turn = usize::try_from(round).unwrap() % AIMS.len();
        let aim = if round < rounds { turn } else { lacking(&killed_at).map_or(turn, |work| work + 1) };
        let (words, most) = AIMS.into_iter().nth(aim).unwrap();
        let after = Duration::from_micros(hash(round, 1) % most);
        let path = dir.path().to_str().unwrap();
        let said = run_and_kill(&["--file-child", path], words, after);
        if let Some(work) = said.at_work().and_then(|work| work.split(' ').next()) {
            *killed_at.entry(work.to_owned()).or_insert(0) += 1;
        }
        let there = check(dir.path(), &said, round);
        batches = batches.max(there);
        backups += check_backup(dir.path(), there, said.ended("backup") > 0);
        round += 1;
    }
    println!("file: {round} kills, killed at {killed_at:?}, {backups} whole backups");
    assert_eq!(lacking(&killed_at), None, "a kind of moment did not happen: {killed_at:?}");
    assert!(backups >= wanted, "only {backups} backups were completed");
    assert!(batches >= ROUNDS_PER_FILE.min(rounds), "the children wrote too little to prove anything");
}

fn open(dir: &Path) -> Store {
    Store::open(&dir.join("crash.sqlite"), &StoreOptions::default()).unwrap()
}

/// Holds the store against what its batches say. Gives how many there are.
fn check(dir: &Path, said: &Said, round: u64) -> u64 {
    let store = open(dir);
    let there = store.runs(&RunQuery::default()).unwrap().len() as u64;
    let acknowledged = said.acknowledged() + 1;
    assert!(
        there == acknowledged || there == acknowledged + 1,
        "round {round}: {there} batches, {acknowledged} acknowledged"
    );
    holds(&store, there, &format!("round {round}"));
    there
}

/// A backup that has its name is whole, and as of some batch; one that was acknowledged has its name.
fn check_backup(dir: &Path, most: u64, acknowledged: bool) -> u64 {
    let path = dir.join("backup");
    if !path.exists() {
        assert!(!acknowledged, "a backup that was acknowledged is not there");
        return 0;
    }
    let store = Store::open(&path, &StoreOptions::default()).unwrap();
    let there = store.runs(&RunQuery::default()).unwrap().len() as u64;
    assert!(there > 0 && there <= most);
    holds(&store, there, "a backup");
    drop(store);
    std::fs::remove_file(&path).unwrap();
    1
}

fn holds(store: &Store, batches: u64, what: &str) {
    let mut wanted: BTreeMap<(Period, PlaceIx), (u64, Value)> = BTreeMap::new();
    for number in 0..batches {
        for frame in batch(number).frames {
            for point in frame.points {
                let entry = wanted.entry((frame.key.period, point.place)).or_insert((number, point.value));
                if entry.1 != point.value {
                    *entry = (number, point.value);
                }
            }
        }
    }
    let mut found = BTreeMap::new();
    store
        .series()
        .values(&Query::new("a".into()), &mut |head, points| {
            for point in points {
                assert_eq!(u64::from(point.row), head.run.0, "{what}: a point of another run");
                found.insert((head.key.period, point.place), (head.run.0 - 1, point.value));
            }
        })
        .unwrap();
    assert!(found == wanted, "{what}: the observations are not those of {batches} batches");
    let report = store.check().unwrap();
    assert_eq!(report.problems, [], "{what}");
}

/// Goes on where the store stands, until it is killed.
pub(crate) fn child(dir: &Path) {
    let store = open(dir);
    let mut number = store.runs(&RunQuery::default()).unwrap().len() as u64;
    loop {
        let batch = batch(number);
        println!("begin {} {number}", if batch.frames.len() > 1 { "correct" } else { "append" });
        store.append(&batch).unwrap();
        println!("end append {number}");
        number += 1;
        match hash(number, 2) % 8 {
            0 => {
                println!("begin seal {number}");
                store.seal(day(number / 2)).unwrap();
                println!("end seal {number}");
            }
            1 if !dir.join("backup").exists() => {
                println!("begin backup {number}");
                store.backup(&dir.join("backup")).unwrap();
                println!("end backup {number}");
            }
            _ => {}
        }
    }
}

/// A new day every second batch, and now and then corrections of earlier ones.
fn batch(number: u64) -> Batch {
    let mut days = vec![number / 2];
    if hash(number, 3).is_multiple_of(3) {
        days.push(hash(number, 4) % (number / 2 + 1));
    }
    batch_of(number, days)
}
