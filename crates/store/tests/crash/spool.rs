//! The spool before a server that fails in every way: every acknowledged batch arrives, in order, once in effect, and
//! nothing else does.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use chrono::NaiveTime;
use gapwatch_model::{Batch, Value};
use gapwatch_store::{InfluxOptions, RunQuery, Secret, Store, StoreOptions};

use super::{
    kit::{batch as batch_of, day, hash, places, run_and_kill, time},
    server::{Lines, Server},
};

/// Ways in which the server answers: seven while it is not well, one once it is.
const KINDS: usize = 8;

/// Rounds with one store and one server: every round looks at all that was ever said to them.
const SPELL: u64 = 10;

/// What happened in the rounds so far.
#[derive(Default)]
struct Happened {
    rounds: u64,
    kills_at_delivery: u64,
    batches: u64,
    answers: BTreeMap<&'static str, u64>,
}

impl Happened {
    fn lacking(&self) -> bool {
        self.kills_at_delivery == 0 || self.answers.len() < KINDS
    }
}

pub(crate) fn run(rounds: u64) {
    let mut happened = Happened::default();
    while happened.rounds < rounds {
        let left = rounds - happened.rounds;
        spell(&mut happened, left.min(SPELL));
    }
    while happened.lacking() && happened.rounds < rounds * 4 {
        spell(&mut happened, 1);
    }
    assert!(!happened.lacking(), "not every kind of moment happened: {:?}", happened.answers);
    println!(
        "spool: {} kills, {} at delivery, {} batches, answers {:?}",
        happened.rounds, happened.kills_at_delivery, happened.batches, happened.answers
    );
}

/// So many kills of the program before a server that fails; then the server gets well and must come to hold everything.
fn spell(happened: &mut Happened, rounds: u64) {
    let (dir, server) = (tempfile::tempdir().unwrap(), Server::start());
    open(dir.path(), &server.url, 60_000).put_places(&places(), &[], time(0)).unwrap();
    let mut batches = 0;
    for round in happened.rounds..happened.rounds + rounds {
        let (words, most) =
            if round.is_multiple_of(2) { (None, 800_000) } else { (Some("begin deliver"), 400_000) };
        let path = dir.path().to_str().unwrap();
        let after = Duration::from_micros(hash(round, 9) % most);
        let said = run_and_kill(&["--spool-child", path, &server.url], words, after);
        let delivering = said.at_work().is_some_and(|work| work.starts_with("deliver"));
        happened.kills_at_delivery += u64::from(delivering);
        server.rest();
        let store = open(dir.path(), &server.url, 60_000);
        batches = store.runs(&RunQuery::default()).unwrap().len() as u64;
        let acknowledged = said.acknowledged() + 1;
        assert!(
            batches == acknowledged || batches == acknowledged + 1,
            "round {round}: {batches} batches, {acknowledged} acknowledged"
        );
        // Whatever the server holds by now was said by a batch: nothing else, nothing torn.
        let (lines, _, _) = server.known();
        let wanted = standing(batches, true);
        for (series, fields) in &lines {
            let known = wanted.get(series).is_some_and(|allowed| allowed.contains(fields));
            assert!(known, "round {round}: `{series} {fields}` was never said");
        }
    }
    server.get_well();
    let store = open(dir.path(), &server.url, 60_000);
    loop {
        let done = store.deliver(time(batches + 1)).unwrap();
        assert_eq!(done.error, None);
        if done.frames == 0 {
            break;
        }
    }
    let status = store.spool().unwrap().unwrap();
    assert_eq!((status.frames, status.points, status.attempts), (0, 0, 0));
    let (lines, order, answers) = server.known();
    let wanted: Lines = standing(batches, false)
        .into_iter()
        .flat_map(|(series, fields)| fields.into_iter().map(move |f| (series.clone(), f)))
        .collect();
    assert!(lines == wanted, "the server holds {} series and times, expected {}", lines.len(), wanted.len());
    in_order(&order, batches);
    happened.rounds += rounds;
    happened.batches += batches;
    for (name, count) in answers {
        *happened.answers.entry(name).or_insert(0) += count;
    }
}

/// `patience_ms`: how long it waits for an answer.
fn open(dir: &Path, url: &str, patience_ms: u64) -> Store {
    let influx = InfluxOptions {
        url: url.to_owned(),
        org: "tinh".to_owned(),
        bucket: "gapwatch".to_owned(),
        token: Secret::new("s3cret".to_owned()),
        timeout_ms: patience_ms,
        spool_points: 10_000_000,
    };
    let options = StoreOptions { influx: Some(influx), ..StoreOptions::default() };
    Store::open(&dir.join("spool.sqlite"), &options).unwrap()
}

/// What series and times hold after so many batches; with `ever`, everything they ever held on the way.
fn standing(batches: u64, ever: bool) -> BTreeMap<String, BTreeSet<String>> {
    let mut said: BTreeMap<(u64, u32), Vec<(u64, f64)>> = BTreeMap::new();
    for number in 0..batches {
        for (on, frame) in days(number).into_iter().zip(batch(number).frames) {
            for point in frame.points {
                let Value::Number(value) = point.value else { continue };
                let revisions = said.entry((on, point.place.0)).or_default();
                if revisions.last().is_none_or(|(_, last)| (last - value).abs() > 0.1) {
                    revisions.push((number, value));
                }
            }
        }
    }
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((on, place), revisions) in said {
        let at = day(on).and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt().unwrap();
        let bearer = crc32fast::hash(format!("p{place}@1900-01-01").as_bytes());
        for (rev, (number, value)) in revisions.iter().enumerate() {
            let stamp = time(*number).timestamp_nanos_opt().unwrap();
            let fields = format!(
                "ratio=0i,v={value},d=0,q=0i,s=-1i,pl={bearer}i,row={}i,run={}i,at={stamp}i,off=25200i,hm=0i,m=\"%\"",
                number + 1,
                number + 1
            );
            let series = |rev: &str| {
                format!("a,block=0,evidence=claimed,kind=day,place={place},rev={rev},source=survey {at}")
            };
            let last = rev + 1 == revisions.len();
            if !last {
                held.entry(series(&rev.to_string())).or_default().insert(fields.clone());
            }
            if last || ever {
                held.entry(series("now")).or_default().insert(fields);
            }
        }
    }
    held
}

/// A day appears only after every day before it is there whole.
fn in_order(order: &[String], batches: u64) {
    let first = day(0).and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt().unwrap();
    let mut there: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    for line in order {
        let at: i64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        let on = (at - first) / 86_400_000_000_000;
        if !there.contains_key(&on) {
            assert_eq!(on, i64::try_from(there.len()).unwrap(), "a day came before the one before it");
            if let Some(before) = there.get(&(on - 1)) {
                let batch = batch(u64::try_from(on - 1).unwrap());
                let whole = batch.frames.last().unwrap().points.len();
                assert!(before.len() >= whole, "day {on} came before all of the day before it");
            }
        }
        let place = line.split(',').find(|tag| tag.starts_with("place=")).unwrap();
        there.entry(on).or_default().insert(place);
    }
    assert_eq!(there.len() as u64, batches);
}

/// Goes on where the store stands, until it is killed.
pub(crate) fn child(dir: &Path, url: &str) {
    let store = open(dir, url, 100);
    let mut number = store.runs(&RunQuery::default()).unwrap().len() as u64;
    loop {
        println!("begin append {number}");
        store.append(&batch(number)).unwrap();
        println!("end append {number}");
        number += 1;
        if !hash(number, 5).is_multiple_of(3) {
            println!("begin deliver {number}");
            store.deliver(time(number)).unwrap();
            println!("end deliver {number}");
        }
    }
}

/// A new day every batch, and now and then a correction of an earlier one.
fn days(number: u64) -> Vec<u64> {
    let mut days = vec![number];
    if number > 0 && hash(number, 3).is_multiple_of(3) {
        days.insert(0, hash(number, 4) % number);
    }
    days
}

fn batch(number: u64) -> Batch {
    batch_of(number, days(number))
}
