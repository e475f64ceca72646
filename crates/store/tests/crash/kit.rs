//! What both crash tests share: a country of villages, days, numbers that follow from numbers, a child and its end.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta};
use gapwatch_model::{
    Batch, Dimensions, Evidence, Frame, FrameKey, Membership, NewPlaces, Outcome, Period, PeriodKind, Place,
    PlaceId, PlaceIx, PlaceLevel, Point, Qualifier, Run, RunId, Value,
};

/// Places in the store: the country and villages.
pub(crate) const PLACES: u32 = 300;

/// A child that does not come so far in this time never will.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a child said until it was killed.
pub(crate) struct Said {
    lines: Vec<String>,
}

impl Said {
    /// Number of the last batch it acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        let last = self.lines.iter().rev().find_map(|line| line.strip_prefix("end append "));
        last.expect("the child acknowledged something").parse().unwrap()
    }

    /// What it was doing when it was killed, where it was doing anything.
    pub(crate) fn at_work(&self) -> Option<&str> {
        self.lines.last().and_then(|line| line.strip_prefix("begin "))
    }

    /// How often it came to the end of this work.
    pub(crate) fn ended(&self, work: &str) -> usize {
        let end = format!("end {work}");
        self.lines.iter().filter(|line| line.starts_with(&end)).count()
    }
}

/// Starts this program again as a child, lets it acknowledge a batch and say the awaited words, and kills it some time
/// later.
pub(crate) fn run_and_kill(args: &[&str], awaited: Option<&str>, after: Duration) -> Said {
    let exe = std::env::current_exe().unwrap();
    let mut child = Command::new(exe).args(args).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap()).lines();
    let (said, heard) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in out.map_while(Result::ok) {
            said.send(line).unwrap();
        }
    });
    let mut lines = Vec::new();
    let mut until = |words: &str| {
        while !lines.iter().any(|line: &String| line.starts_with(words)) {
            lines.push(heard.recv_timeout(PATIENCE).expect("the child goes on"));
        }
    };
    until("end append");
    if let Some(words) = awaited {
        until(words);
    }
    let (_never, moment) = mpsc::channel::<()>();
    let _nothing = moment.recv_timeout(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    // A line goes into the pipe at once, so none is cut short.
    lines.extend(heard.try_iter());
    Said { lines }
}

pub(crate) fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + Days::new(number)
}

/// When a batch came in: one an hour.
pub(crate) fn time(number: u64) -> DateTime<FixedOffset> {
    let start: DateTime<FixedOffset> = "2026-01-01T08:00:00+07:00".parse().unwrap();
    start + TimeDelta::hours(i64::try_from(number).unwrap())
}

/// The batch of a number: a figure for each of these days, which follow from the number alone.
pub(crate) fn batch(number: u64, mut days: Vec<u64>) -> Batch {
    days.sort_unstable();
    days.dedup();
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
    let frames = days.into_iter().map(|on| frame(number, on)).collect();
    Batch { run, frames, rejects: Vec::new(), new_places: NewPlaces::default() }
}

/// One in four places is missing.
fn frame(number: u64, on: u64) -> Frame {
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
    let said = (1..PLACES).filter(|place| !hash(number, u64::from(*place)).is_multiple_of(4));
    let points = said.map(|place| Point {
        place: PlaceIx(place),
        value: Value::Number(value(place)),
        qualifier: Qualifier::Exact,
        samples: None,
        row: u32::try_from(number + 1).unwrap(),
    });
    Frame { key, points: points.collect() }
}

pub(crate) fn places() -> Vec<Place> {
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
pub(crate) fn hash(number: u64, salt: u64) -> u64 {
    let mut z =
        number.wrapping_mul(31).wrapping_add(salt).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
