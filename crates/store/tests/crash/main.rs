//! Kills a writing process at random moments and proves that what it acknowledged is there whole, and nothing else.
//!
//! In the suite a few rounds; all of them by `cargo test -p gapwatch-store --test crash -- --rounds 200`.
//! The child appends, corrects, seals and backs up, and says the number of each batch once it is acknowledged. What a
//! batch holds follows from its number, so the parent knows what must be there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that runs as its own program"
)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use gapwatch_model::{
    Batch, Dimensions, Evidence, Frame, FrameKey, Membership, NewPlaces, Outcome, Period, PeriodKind, Place,
    PlaceId, PlaceIx, PlaceLevel, Point, Qualifier, Run, RunId, Value,
};
use gapwatch_store::{Query, RunQuery, Store, StoreOptions};

const PLACES: u32 = 300;
const ROUNDS_IN_SUITE: u64 = 10;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    if let Some(dir) = after("--child") {
        return child(Path::new(dir));
    }
    let rounds =
        after("--rounds").map_or(ROUNDS_IN_SUITE, |rounds| rounds.parse().expect("a number of rounds"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("crash.sqlite");
    Store::open(&path, &StoreOptions::default()).unwrap().put_places(&places(), &[], time(0)).unwrap();
    let mut backups = 0;
    for round in 0..rounds {
        let acknowledged = run_and_kill(dir.path(), round);
        let there = check(&path, acknowledged, round);
        backups += check_backup(dir.path(), there);
    }
    let batches =
        Store::open(&path, &StoreOptions::default()).unwrap().runs(&RunQuery::default()).unwrap().len();
    println!(
        "{rounds} kills, {batches} batches, {backups} backups: every acknowledged batch whole, no other visible"
    );
    assert!(batches as u64 >= rounds, "the child wrote too little to prove anything");
}

/// Starts a child and kills it after a while that depends on the round. Gives the last batch it acknowledged.
fn run_and_kill(dir: &Path, round: u64) -> Option<u64> {
    let exe = std::env::current_exe().unwrap();
    let mut child: Child = Command::new(exe).arg("--child").arg(dir).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (said, heard) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut last = None;
        for line in lines.map_while(Result::ok) {
            last = Some(line.parse().unwrap());
            if said.send(()).is_err() {
                continue;
            }
        }
        last
    });
    // At least one acknowledgement, then a moment that has nothing to do with what the child is at.
    heard.recv().expect("the child acknowledges something");
    let (_never, moment) = mpsc::channel::<()>();
    let _timeout = moment
        .recv_timeout(Duration::from_micros(hash(round, 1) % if round % 5 == 4 { 900_000 } else { 60_000 }));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(heard);
    reader.join().unwrap()
}

/// Holds the store against what its batches say. Gives how many there are.
fn check(path: &Path, acknowledged: Option<u64>, round: u64) -> u64 {
    let store = Store::open(path, &StoreOptions::default()).unwrap();
    let there = store.runs(&RunQuery::default()).unwrap().len() as u64;
    let acknowledged = acknowledged.expect("the child acknowledged something") + 1;
    assert!(
        there == acknowledged || there == acknowledged + 1,
        "round {round}: {there} batches, {acknowledged} acknowledged"
    );
    holds(&store, there, &format!("round {round}"));
    there
}

/// A backup that has its name is whole, and as of some batch.
fn check_backup(dir: &Path, most: u64) -> u64 {
    let path = dir.join("backup");
    if !path.exists() {
        return 0;
    }
    let store = Store::open(&path, &StoreOptions::default()).unwrap();
    let there = store.runs(&RunQuery::default()).unwrap().len() as u64;
    assert!(there <= most);
    holds(&store, there, "a backup");
    drop(store);
    std::fs::remove_file(&path).unwrap();
    1
}

fn holds(store: &Store, batches: u64, what: &str) {
    let mut wanted: BTreeMap<(Period, PlaceIx), (u64, Value)> = BTreeMap::new();
    for number in 0..batches {
        for frame in frames(number) {
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
                assert_eq!(point.row as u64, head.run.0, "{what}: a point of another run");
                found.insert((head.key.period, point.place), (head.run.0 - 1, point.value));
            }
        })
        .unwrap();
    assert!(found == wanted, "{what}: the observations are not those of {batches} batches");
    let report = store.check().unwrap();
    assert_eq!(report.problems, [], "{what}");
}

/// Goes on where the store stands, until it is killed.
fn child(dir: &Path) {
    let store = Store::open(&dir.join("crash.sqlite"), &StoreOptions::default()).unwrap();
    let mut number = store.runs(&RunQuery::default()).unwrap().len() as u64;
    loop {
        store.append(&batch(number)).unwrap();
        println!("{number}");
        std::io::stdout().flush().unwrap();
        number += 1;
        match hash(number, 2) % 8 {
            0 => {
                store.seal(day(number / 2)).unwrap();
            }
            1 if !dir.join("backup").exists() => {
                store.backup(&dir.join("backup")).unwrap();
            }
            _ => {}
        }
    }
}

fn batch(number: u64) -> Batch {
    let run = Run {
        id: RunId(0),
        collector: "survey".into(),
        planned: None,
        started: time(number),
        finished: time(number),
        outcome: Outcome::Succeeded,
        read: PLACES,
        accepted: PLACES,
        rejected: 0,
        content_hash: None,
        file: None,
        message: None,
        by: None,
    };
    Batch { run, frames: frames(number), rejects: Vec::new(), new_places: NewPlaces::default() }
}

/// A new day, and now and then corrections of earlier ones.
fn frames(number: u64) -> Vec<Frame> {
    let mut days = vec![number / 2];
    if hash(number, 3).is_multiple_of(3) {
        days.push(hash(number, 4) % (number / 2 + 1));
    }
    days.sort_unstable();
    days.dedup();
    let frame = |on: u64| {
        let value =
            |place: u32| f64::from(u32::try_from(hash(number * 1000 + u64::from(place), on) % 5).unwrap());
        let key = FrameKey {
            indicator: "a".into(),
            period: Period::containing(PeriodKind::Day, day(on)),
            source: "survey".into(),
            evidence: Evidence::Claimed,
            dimensions: Dimensions::default(),
            method: None,
        };
        let points =
            (1..PLACES).filter(|place| !hash(number, u64::from(*place)).is_multiple_of(4)).map(|place| {
                Point {
                    place: PlaceIx(place),
                    value: Value::Number(value(place)),
                    qualifier: Qualifier::Exact,
                    samples: None,
                    row: u32::try_from(number + 1).unwrap(),
                }
            });
        Frame { key, points: points.collect() }
    };
    days.into_iter().map(frame).collect()
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + Days::new(number)
}

fn time(number: u64) -> DateTime<FixedOffset> {
    let start: DateTime<FixedOffset> = "2026-01-01T08:00:00+07:00".parse().unwrap();
    start + chrono::TimeDelta::minutes(i64::try_from(number).unwrap())
}

fn places() -> Vec<Place> {
    let epoch = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
    let id = |number: u32| PlaceId::new(&format!("p{number}"), epoch);
    (0..PLACES)
        .map(|number| Place {
            id: id(number),
            valid_to: None,
            level: if number == 0 { PlaceLevel::Country } else { PlaceLevel::Village },
            kind: String::new(),
            name: format!("{number}"),
            name_en: String::new(),
            other_names: Vec::new(),
            memberships: (number > 0)
                .then(|| Membership { parent: id(0), from: epoch })
                .into_iter()
                .collect(),
            point: None,
            area_class: None,
            synthetic: true,
        })
        .collect()
}

/// `SplitMix64`.
fn hash(number: u64, salt: u64) -> u64 {
    let mut z =
        number.wrapping_mul(31).wrapping_add(salt).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
