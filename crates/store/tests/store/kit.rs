//! What the store's tests share: places, short ways to write frames, and a naive store that is right by being simple.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use gapwatch_model::{
    Batch, CollectorName, Dimensions, Evidence, Frame, FrameKey, Membership, NewPlaces, Observation, Outcome,
    Place, PlaceId, PlaceIx, PlaceLevel, Point, Qualifier, Run, RunId, Value,
};
use gapwatch_store::{Query, SeriesStore, Store, StoreOptions, Summary};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Noon of the day in Vietnam.
pub(crate) fn noon(text: &str) -> DateTime<FixedOffset> {
    format!("{text}T12:00:00+07:00").parse().unwrap()
}

/// Noon of the so-manieth day of 2024 in Vietnam.
pub(crate) fn nth_noon(number: u64) -> DateTime<FixedOffset> {
    noon("2024-01-01") + Days::new(number)
}

pub(crate) fn open(dir: &tempfile::TempDir) -> Store {
    Store::open(&dir.path().join("gapwatch.sqlite"), &StoreOptions::default()).unwrap()
}

/// A country with villages straight below it, `count` places in all.
pub(crate) fn places(count: u32) -> Vec<Place> {
    let epoch = day("1900-01-01");
    let country = PlaceId::new("VN", epoch);
    let place = |number: u32| Place {
        id: if number == 0 { country.clone() } else { PlaceId::new(&format!("v{number:06}"), epoch) },
        valid_to: None,
        level: if number == 0 { PlaceLevel::Country } else { PlaceLevel::Village },
        kind: "xóm".to_owned(),
        name: format!("Xóm {number}"),
        name_en: String::new(),
        other_names: Vec::new(),
        memberships: if number == 0 {
            Vec::new()
        } else {
            vec![Membership { parent: country.clone(), from: epoch }]
        },
        point: None,
        area_class: None,
        synthetic: true,
    };
    (0..count).map(place).collect()
}

/// What a server is told of who bears a place's number, for places beyond the country.
pub(crate) fn bearer(place: u32) -> u32 {
    crc32fast::hash(format!("v{place:06}@1900-01-01").as_bytes())
}

pub(crate) fn key(indicator: &str, period: &str, source: &str) -> FrameKey {
    FrameKey {
        indicator: indicator.into(),
        period: period.parse().unwrap(),
        source: source.into(),
        evidence: Evidence::Claimed,
        dimensions: Dimensions::default(),
        method: None,
    }
}

pub(crate) fn point(place: u32, value: f64) -> Point {
    Point {
        place: PlaceIx(place),
        value: Value::Number(value),
        qualifier: Qualifier::Exact,
        samples: None,
        row: place + 2,
    }
}

pub(crate) fn frame(key: FrameKey, points: &[(u32, f64)]) -> Frame {
    Frame { key, points: points.iter().map(|(place, value)| point(*place, *value)).collect() }
}

pub(crate) fn run(collector: &str, finished: DateTime<FixedOffset>) -> Run {
    Run {
        id: RunId(0),
        collector: collector.into(),
        planned: None,
        started: finished,
        finished,
        outcome: Outcome::Succeeded,
        read: 0,
        accepted: 0,
        rejected: 0,
        content_hash: Some("00".to_owned()),
        file: Some("a.csv".to_owned()),
        message: None,
        by: None,
    }
}

pub(crate) fn batch(finished: DateTime<FixedOffset>, frames: Vec<Frame>) -> Batch {
    Batch { run: run("survey", finished), frames, rejects: Vec::new(), new_places: NewPlaces::default() }
}

/// Everything a read hands out, in one order.
pub(crate) fn sorted(mut found: Vec<Observation>) -> Vec<Observation> {
    found.sort_by(|a, b| {
        let key = |o: &Observation| (o.head.key.clone(), o.point.place, o.head.recorded_at, o.head.run);
        key(a).cmp(&key(b))
    });
    found
}

pub(crate) fn values(series: &dyn SeriesStore, query: &Query) -> Vec<Observation> {
    let mut found = Vec::new();
    series
        .values(query, &mut |head, points| {
            found.extend(points.iter().map(|point| Observation { head: head.clone(), point: *point }));
        })
        .unwrap();
    sorted(found)
}

pub(crate) fn latest(series: &dyn SeriesStore, query: &Query) -> Vec<Observation> {
    let mut found = Vec::new();
    series
        .latest(query, &mut |head, points| {
            found.extend(points.iter().map(|point| Observation { head: head.clone(), point: *point }));
        })
        .unwrap();
    sorted(found)
}

pub(crate) fn revisions(series: &dyn SeriesStore, query: &Query) -> Vec<Observation> {
    let mut found = Vec::new();
    series
        .revisions(query, &mut |head, points| {
            found.extend(points.iter().map(|point| Observation { head: head.clone(), point: *point }));
        })
        .unwrap();
    sorted(found)
}

/// What a correction replaces.
type SeriesKey = (String, CollectorName, Evidence, Dimensions, PlaceIx);

/// The naive store: every observation in a list, every answer by looking at all of them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Naive {
    /// In order of appending, which decides between equal `recorded_at`.
    pub(crate) kept: Vec<Observation>,
}

impl Naive {
    pub(crate) fn append(&mut self, run: RunId, at: DateTime<FixedOffset>, frames: &[Frame]) {
        for frame in frames {
            let head = Arc::new(gapwatch_model::Head { key: frame.key.clone(), run, recorded_at: at });
            for point in &frame.points {
                let said = self.speaking(Some(at)).into_iter().find(|known| {
                    series_key(known) == series_key_of(&frame.key, point.place)
                        && known.head.key.period == frame.key.period
                });
                let same = said.is_some_and(|known| {
                    known.point.value == point.value
                        && known.point.qualifier == point.qualifier
                        && known.point.samples == point.samples
                });
                if !same {
                    self.kept.push(Observation { head: head.clone(), point: *point });
                }
            }
        }
    }

    /// Of every series and period what was recorded last.
    fn speaking(&self, as_of: Option<DateTime<FixedOffset>>) -> Vec<Observation> {
        let mut newest: BTreeMap<(SeriesKey, gapwatch_model::Period), &Observation> = BTreeMap::new();
        for known in self.kept.iter().filter(|known| as_of.is_none_or(|at| known.head.recorded_at <= at)) {
            let entry = newest.entry((series_key(known), known.head.key.period)).or_insert(known);
            if entry.head.recorded_at <= known.head.recorded_at {
                *entry = known;
            }
        }
        newest.into_values().cloned().collect()
    }

    pub(crate) fn values(&self, query: &Query) -> Vec<Observation> {
        sorted(self.speaking(query.as_of).into_iter().filter(|known| wanted(query, known)).collect())
    }

    pub(crate) fn revisions(&self, query: &Query) -> Vec<Observation> {
        let within = |known: &&Observation| query.as_of.is_none_or(|at| known.head.recorded_at <= at);
        sorted(self.kept.iter().filter(within).filter(|known| wanted(query, known)).cloned().collect())
    }

    pub(crate) fn latest(&self, query: &Query) -> Vec<Observation> {
        let mut newest: BTreeMap<SeriesKey, Observation> = BTreeMap::new();
        for known in self.values(query) {
            let order = |o: &Observation| (o.head.key.period.end(), o.head.key.period.start());
            match newest.get(&series_key(&known)) {
                Some(other) if order(other) >= order(&known) => {}
                _ => {
                    newest.insert(series_key(&known), known);
                }
            }
        }
        sorted(newest.into_values().collect())
    }

    pub(crate) fn summary(&self, query: &Query, cuts: &[f64]) -> Vec<Summary> {
        let mut found: Vec<Summary> = Vec::new();
        for known in self.values(query) {
            let key = &known.head.key;
            let stream = Arc::new(gapwatch_store::Stream {
                indicator: key.indicator.clone(),
                source: key.source.clone(),
                evidence: key.evidence,
                dimensions: key.dimensions.clone(),
            });
            let at = found.iter().position(|s| s.stream == stream && s.period == key.period);
            let at = at.unwrap_or_else(|| {
                found.push(Summary {
                    stream,
                    period: key.period,
                    numbers: 0,
                    sum: 0.0,
                    ratios: 0,
                    numerator: 0.0,
                    denominator: 0.0,
                    without_value: 0,
                    classes: vec![0; cuts.len() + 1],
                });
                found.len() - 1
            });
            let summary = &mut found[at];
            match known.point.value {
                Value::Number(number) => {
                    summary.numbers += 1;
                    summary.sum += number;
                }
                Value::Ratio { numerator, denominator } => {
                    summary.ratios += 1;
                    summary.numerator += numerator;
                    summary.denominator += denominator;
                }
            }
            match known.point.value.amount() {
                None => summary.without_value += 1,
                Some(amount) => summary.classes[cuts.iter().filter(|cut| amount >= **cut).count()] += 1,
            }
        }
        found.sort_by(|a, b| {
            let key = |s: &Summary| (s.stream.clone(), s.period.end(), s.period.start());
            key(a).cmp(&key(b))
        });
        found
    }
}

fn wanted(query: &Query, known: &Observation) -> bool {
    let key = &known.head.key;
    key.indicator == query.indicator
        && query.places.as_ref().is_none_or(|places| places.contains(known.point.place))
        && query.days.is_none_or(|(from, to)| from <= key.period.end() && key.period.end() <= to)
        && query.sources.as_ref().is_none_or(|sources| sources.contains(&key.source))
        && query.evidence.as_ref().is_none_or(|evidence| evidence.contains(&key.evidence))
        && query.dimensions.as_ref().is_none_or(|dimensions| *dimensions == key.dimensions)
}

fn series_key(known: &Observation) -> SeriesKey {
    series_key_of(&known.head.key, known.point.place)
}

fn series_key_of(key: &FrameKey, place: PlaceIx) -> SeriesKey {
    (key.indicator.as_str().to_owned(), key.source.clone(), key.evidence, key.dimensions.clone(), place)
}
