//! Any sequence of appends, corrections, seals and restarts answers as the naive store does, as of any time.

use chrono::{Days, NaiveDate};
use gapwatch_model::{Frame, Period, PeriodKind, PlaceIx, Point, Qualifier, RunId, Value};
use gapwatch_store::{Query, Store, StoreOptions};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

use super::kit::{Naive, day, frame, key, latest, nth_noon, open, places, revisions, values};

const PLACES: u32 = 40;

#[derive(Debug, Clone)]
enum Step {
    /// What one run says, so many days after (or before) the last.
    Append { later: i64, frames: Vec<Said> },
    /// Seal all periods that ended by the so-manieth day of 2024.
    Seal { through: u64 },
    /// Close the store and open it again.
    Restart,
}

#[derive(Debug, Clone)]
struct Said {
    indicator: &'static str,
    source: &'static str,
    kind: PeriodKind,
    on: u64,
    points: Vec<(u32, Value, Qualifier, Option<u32>)>,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..3_i32).prop_map(|n| Value::Number(f64::from(n))),
        (-40..40_i32).prop_map(|n| Value::Number(f64::from(n) / 4.0)),
        (0..3_u32, 0..3_u32)
            .prop_map(|(n, d)| Value::Ratio { numerator: f64::from(n), denominator: f64::from(d) }),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let kind = prop_oneof![4 => Just(PeriodKind::Day), 1 => Just(PeriodKind::Week), 1 => Just(PeriodKind::Month), 1 => Just(PeriodKind::Year)];
    let qualifier = prop_oneof![4 => Just(Qualifier::Exact), 1 => Just(Qualifier::MoreThan)];
    let point = (0..PLACES, value(), qualifier, prop::option::of(0..3_u32));
    // Days around the turn of the year, so that shelves of two years meet.
    (
        prop::sample::select(vec!["a", "b"]),
        prop::sample::select(vec!["one", "other"]),
        kind,
        355..375_u64,
        prop::collection::vec(point, 1..12),
    )
        .prop_map(|(indicator, source, kind, on, points)| Said { indicator, source, kind, on, points })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (-2..9_i64, prop::collection::vec(said(), 1..4)).prop_map(|(later, frames)| Step::Append { later, frames }),
        2 => (350..380_u64).prop_map(|through| Step::Seal { through }),
        1 => Just(Step::Restart),
    ]
}

fn nth_day(number: u64) -> NaiveDate {
    day("2024-01-01") + Days::new(number)
}

fn frame_of(said: &Said) -> Frame {
    let mut key = key(said.indicator, "2024", said.source);
    key.period = Period::containing(said.kind, nth_day(said.on));
    let mut points: Vec<Point> = said
        .points
        .iter()
        .map(|(place, value, qualifier, samples)| Point {
            place: PlaceIx(*place),
            value: *value,
            qualifier: *qualifier,
            samples: *samples,
            row: place + 2,
        })
        .collect();
    points.sort_by_key(|point| point.place);
    points.dedup_by_key(|point| point.place);
    Frame { key, points }
}

fn check(store: &Store, naive: &Naive, now: u64) {
    for as_of in [None, Some(now.saturating_sub(6)), Some(now.saturating_sub(1)), Some(now)] {
        for indicator in ["a", "b"] {
            let all = Query { as_of: as_of.map(nth_noon), ..Query::new(indicator.into()) };
            let some = Query {
                places: Some((3..9).map(PlaceIx).collect()),
                days: Some((nth_day(358), nth_day(367))),
                ..all.clone()
            };
            for query in [all, some] {
                let series = store.series();
                assert_eq!(values(series, &query), naive.values(&query), "values of {query:?}");
                assert_eq!(latest(series, &query), naive.latest(&query), "latest of {query:?}");
                assert_eq!(revisions(series, &query), naive.revisions(&query), "revisions of {query:?}");
                for cuts in [&[][..], &[0.5, 2.0]] {
                    assert_eq!(
                        series.summary(&query, cuts).unwrap(),
                        naive.summary(&query, cuts),
                        "summary of {query:?}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_answers_as_the_naive_store(steps in prop::collection::vec(step(), 1..14), seal_last in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(&dir);
        store.put_places(&places(PLACES), &[], nth_noon(0)).unwrap();
        let (mut naive, mut now, mut run) = (Naive::default(), 370_u64, 0);
        for step in steps {
            match step {
                Step::Append { later, frames } => {
                    now = now.saturating_add_signed(later);
                    run += 1;
                    let frames: Vec<Frame> = frames.iter().map(frame_of).collect();
                    let compared = store.series().compare(nth_noon(now), &frames[..1]).unwrap().counts;
                    let before = naive.kept.len();
                    naive.append(RunId(run), nth_noon(now), &frames[..1]);
                    let said = u32::try_from(naive.kept.len() - before).unwrap();
                    assert_eq!(compared.imported + compared.updated, said);
                    naive.append(RunId(run), nth_noon(now), &frames[1..]);
                    let said = u32::try_from(naive.kept.len() - before).unwrap();
                    let counts = store.series().append(RunId(run), nth_noon(now), &frames).unwrap();
                    assert_eq!(counts.imported + counts.updated, said);
                }
                Step::Seal { through } => {
                    store.seal(nth_day(through)).unwrap();
                    check(&store, &naive, now);
                }
                Step::Restart => {
                    drop(store);
                    store = Store::open(&dir.path().join("gapwatch.sqlite"), &StoreOptions::default()).unwrap();
                }
            }
        }
        if seal_last {
            store.seal(nth_day(400)).unwrap();
        }
        check(&store, &naive, now);
        assert_eq!(store.check().unwrap().problems, []);
    }
}

#[test]
fn sealed_history_over_several_blocks_and_tiles_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.put_places(&places(4200), &[], nth_noon(0)).unwrap();
    let mut naive = Naive::default();
    let wanted: Vec<u32> =
        (0..4200).filter(|place| place % 60 == 1 || (4090..4100).contains(place)).collect();
    for number in 0..30_u64 {
        let points: Vec<(u32, f64)> = wanted
            .iter()
            .filter(|place| (u64::from(**place) + number) % 7 != 0)
            .map(|place| (*place, f64::from(place % 5)))
            .collect();
        let mut said = frame(key("a", "2024", "one"), &points);
        said.key.period = Period::containing(PeriodKind::Day, nth_day(number));
        let run = RunId(number);
        store.series().append(run, nth_noon(number), std::slice::from_ref(&said)).unwrap();
        let head =
            std::sync::Arc::new(gapwatch_model::Head { key: said.key, run, recorded_at: nth_noon(number) });
        naive.kept.extend(
            said.points.iter().map(|point| gapwatch_model::Observation { head: head.clone(), point: *point }),
        );
    }
    check(&store, &naive, 12);
    let sealed = store.seal(nth_day(20)).unwrap();
    assert_eq!(sealed.shelves, 2);
    check(&store, &naive, 12);
    assert_eq!(store.seal(nth_day(40)).unwrap().cells, naive.kept.len() as u64);
    check(&store, &naive, 12);
    assert_eq!(store.seal(nth_day(40)).unwrap().shelves, 0);
}
