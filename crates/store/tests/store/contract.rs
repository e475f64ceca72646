//! What every backend must do, checked against a naive store in memory.

use super::kit::{Naive, day, frame, key, latest, noon, nth_noon, places, revisions, sorted, values};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Dimensions, Evidence, Frame, IndicatorId, PlaceIx, Point, Qualifier, RunId, Value};
use gapwatch_store::{
    Comparison, Counts, InfluxOptions, PlaceSet, Query, Secret, SeriesStore, Sink, Store, StoreError,
    StoreOptions, Stream, Summary,
};
use influxdb2::api::buckets::ListBucketsRequest;

/// Runs one scenario of the contract on a fresh store of each backend: the file alone, and an InfluxDB 2 where
/// `GAPWATCH_TEST_INFLUX_URL`, `_ORG` and `_TOKEN` name one. The token must be allowed to make and delete buckets.
fn on_every_backend(count: u32, scenario: impl Fn(&dyn SeriesStore)) {
    let dir = tempfile::tempdir().unwrap();
    scenario(&Delivered(&filled(&dir, None, count)));
    let dir = tempfile::tempdir().unwrap();
    let Some(influx) = real_server(&dir) else { return };
    let store = filled(&dir, Some(influx.clone()), count);
    let _deleted = Bucket(influx);
    assert!(store.init_server().unwrap(), "the bucket of a scenario is new");
    assert!(!store.init_server().unwrap(), "making it again changes nothing");
    scenario(&Delivered(&store));
    let moved = store.copy_to_server(&mut |_| ()).unwrap();
    assert_eq!(store.copy_from_server(&mut |_| ()).unwrap().checksum, moved.checksum);
}

fn filled(dir: &tempfile::TempDir, influx: Option<InfluxOptions>, count: u32) -> Store {
    let options = StoreOptions { influx, ..StoreOptions::default() };
    let store = Store::open(&dir.path().join("gapwatch.sqlite"), &options).unwrap();
    store.put_places(&places(count), &[], noon("2024-01-01")).unwrap();
    store
}

/// The server the environment names, with a bucket of this scenario's own: its name is as random as the folder's.
#[expect(clippy::disallowed_methods, reason = "the only configuration of these tests is the environment")]
fn real_server(dir: &tempfile::TempDir) -> Option<InfluxOptions> {
    let get = |name: &str| std::env::var(format!("GAPWATCH_TEST_INFLUX_{name}")).ok();
    let random = dir.path().file_name()?.to_str()?.trim_start_matches('.');
    Some(InfluxOptions {
        url: get("URL")?,
        org: get("ORG")?,
        bucket: format!("gapwatch-test-{}-{random}", std::process::id()),
        token: Secret::new(get("TOKEN")?),
        timeout_ms: 60_000,
        spool_points: 1_000_000,
    })
}

/// Deletes the bucket of a scenario at its end, however it ends.
struct Bucket(InfluxOptions);

impl Drop for Bucket {
    #[expect(clippy::disallowed_methods, reason = "the only configuration of these tests is the environment")]
    fn drop(&mut self) {
        let InfluxOptions { url, org, bucket, .. } = self.0.clone();
        let token = std::env::var("GAPWATCH_TEST_INFLUX_TOKEN").unwrap_or_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let deleted = runtime.block_on(async {
            let client = influxdb2::Client::new(url, org.clone(), token);
            let request =
                ListBucketsRequest { name: Some(bucket.clone()), org: Some(org), ..Default::default() };
            let found = client.list_buckets(Some(request)).await?.buckets;
            for found in found.into_iter().filter(|found| found.name == bucket) {
                client.delete_bucket(&found.id.unwrap_or_default()).await?;
            }
            Ok::<_, influxdb2::RequestError>(())
        });
        // A scenario that failed says why; its bucket is of less interest.
        assert!(deleted.is_ok() || std::thread::panicking(), "the bucket is left behind: {deleted:?}");
    }
}

/// A store that delivers what it is given at once, and answers from the server where there is one.
#[derive(Debug)]
struct Delivered<'a>(&'a Store);

impl Delivered<'_> {
    fn by_server<T>(&self, answer: T) -> T {
        let because = self.0.spool().unwrap().and_then(|status| status.local_because);
        assert_eq!(because, None, "an answer did not come from the server");
        answer
    }
}

impl SeriesStore for Delivered<'_> {
    fn append(&self, run: RunId, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Counts, StoreError> {
        let counts = self.0.series().append(run, at, frames)?;
        assert_eq!(self.0.deliver(at)?.error, None);
        Ok(counts)
    }

    fn compare(&self, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Comparison, StoreError> {
        self.0.series().compare(at, frames)
    }

    fn latest(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.by_server(self.0.series().latest(query, sink))
    }

    fn values(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.by_server(self.0.series().values(query, sink))
    }

    fn revisions(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.by_server(self.0.series().revisions(query, sink))
    }

    fn summary(&self, query: &Query, cuts: &[f64]) -> Result<Vec<Summary>, StoreError> {
        self.by_server(self.0.series().summary(query, cuts))
    }

    fn streams(&self, indicator: Option<&IndicatorId>) -> Result<Vec<Arc<Stream>>, StoreError> {
        self.0.series().streams(indicator)
    }
}

fn counts(imported: u32, updated: u32, ignored: u32) -> Counts {
    Counts { imported, updated, ignored }
}

#[test]
fn appending_twice_is_appending_once() {
    on_every_backend(4, |series| {
        let frames = [frame(key("a", "202501", "survey"), &[(1, 1.0), (2, 0.0), (3, 5.5)])];
        let at = noon("2025-02-01");
        assert_eq!(series.append(RunId(1), at, &frames).unwrap(), counts(3, 0, 0));
        let once = revisions(series, &Query::new("a".into()));
        assert_eq!(series.append(RunId(2), at, &frames).unwrap(), counts(0, 0, 3));
        assert_eq!(series.append(RunId(3), noon("2025-03-01"), &frames).unwrap(), counts(0, 0, 3));
        assert_eq!(revisions(series, &Query::new("a".into())), once);
        assert_eq!(once.len(), 3);
    });
}

#[test]
fn a_correction_speaks_from_its_recording_on() {
    on_every_backend(4, |series| {
        let said = [frame(key("a", "202501", "survey"), &[(1, 1.0), (2, 0.0)])];
        let corrected = [frame(key("a", "202501", "survey"), &[(1, 1.0), (2, 1.0), (3, 1.0)])];
        series.append(RunId(1), noon("2025-02-01"), &said).unwrap();
        let comparison = series.compare(noon("2025-05-01"), &corrected).unwrap();
        assert_eq!(comparison.counts, counts(1, 1, 1));
        assert_eq!((comparison.changes[0].point, comparison.changes[0].before), (1, said[0].points[1]));
        assert_eq!(series.append(RunId(2), noon("2025-05-01"), &corrected).unwrap(), counts(1, 1, 1));
        let at = |as_of| {
            let query = Query { as_of, ..Query::new("a".into()) };
            let found = values(series, &query);
            assert_eq!(found, latest(series, &query));
            found.iter().map(|o| (o.point.place.0, o.point.value.amount(), o.head.run.0)).collect::<Vec<_>>()
        };
        assert_eq!(at(Some(noon("2025-04-30"))), [(1, Some(1.0), 1), (2, Some(0.0), 1)]);
        assert_eq!(at(None), [(1, Some(1.0), 1), (2, Some(1.0), 2), (3, Some(1.0), 2)]);
        assert_eq!(at(Some(noon("2024-01-01"))), []);
        assert_eq!(revisions(series, &Query::new("a".into())).len(), 4);
    });
}

#[test]
fn a_word_or_a_sample_is_part_of_what_is_said_and_a_row_is_not() {
    on_every_backend(2, |series| {
        let mut said = frame(key("a", "202501", "survey"), &[(1, 1.0)]);
        let mut append = |run, change: fn(&mut Point)| {
            change(&mut said.points[0]);
            let at = nth_noon(400 + run);
            series.append(RunId(run), at, std::slice::from_ref(&said)).unwrap()
        };
        assert_eq!(append(1, |_| ()), counts(1, 0, 0));
        assert_eq!(append(2, |point| point.row = 99), counts(0, 0, 1));
        assert_eq!(append(3, |point| point.qualifier = Qualifier::About), counts(0, 1, 0));
        assert_eq!(append(4, |point| point.samples = Some(0)), counts(0, 1, 0));
        assert_eq!(
            append(5, |point| point.value = Value::Ratio { numerator: 1.0, denominator: 100.0 }),
            counts(0, 1, 0)
        );
    });
}

#[test]
fn a_late_recording_of_an_earlier_time_does_not_undo_a_correction() {
    on_every_backend(2, |series| {
        let say = |run, at, value| {
            let frames = [frame(key("a", "202501", "survey"), &[(1, value)])];
            series.append(RunId(run), noon(at), &frames).unwrap();
        };
        say(1, "2025-02-01", 1.0);
        say(2, "2025-06-01", 2.0);
        say(3, "2025-04-01", 3.0);
        let at = |as_of: &str| {
            let query = Query { as_of: Some(noon(as_of)), ..Query::new("a".into()) };
            assert_eq!(values(series, &query), latest(series, &query));
            values(series, &query)[0].point.value.amount().unwrap()
        };
        assert_eq!(
            [at("2025-03-01"), at("2025-05-01"), at("2025-07-01")].map(f64::to_bits),
            [1.0, 3.0, 2.0].map(f64::to_bits)
        );
    });
}

#[test]
fn every_part_of_a_point_and_its_head_comes_back() {
    on_every_backend(5000, |series| {
        let mut said = frame(key("a", "2025W07", "survey"), &[]);
        said.key.method = Some("drive-test".into());
        said.key.evidence = Evidence::Measured;
        said.key.dimensions = Dimensions {
            operator: Some("Viettel, \"Tập đoàn\" = \\".into()),
            technology: Some("4G".into()),
            measuring_point: Some("cluster:Nà Lủng".into()),
            organisation: None,
        };
        let qualifiers =
            [Qualifier::Exact, Qualifier::MoreThan, Qualifier::LessThan, Qualifier::Almost, Qualifier::About];
        for (place, qualifier) in [0, 1, 4095, 4096, 4999].into_iter().zip(qualifiers) {
            said.points.push(Point {
                place: PlaceIx(place),
                value: if place % 2 == 0 {
                    Value::Ratio { numerator: f64::from(place), denominator: 0.0 }
                } else {
                    Value::Number(-66.13)
                },
                qualifier,
                samples: (place > 1).then_some(place),
                row: 7 + place,
            });
        }
        series.append(RunId(9), noon("2025-02-20"), std::slice::from_ref(&said)).unwrap();
        let found = values(series, &Query::new("a".into()));
        assert_eq!(found.iter().map(|o| o.point).collect::<Vec<_>>(), said.points);
        assert!(found.iter().all(|o| o.head.key == said.key && o.head.run == RunId(9)));
        assert_eq!(found[0].head.recorded_at.to_rfc3339(), "2025-02-20T12:00:00+07:00");
        assert_eq!(series.streams(None).unwrap()[0].dimensions, said.key.dimensions);
    });
}

#[test]
fn filters_narrow_every_read() {
    on_every_backend(6, |series| {
        let mut naive = Naive::default();
        let mut run = 0;
        let mut say = |at: u64, frames: Vec<gapwatch_model::Frame>| {
            run += 1;
            series.append(RunId(run), nth_noon(at), &frames).unwrap();
            naive.append(RunId(run), nth_noon(at), &frames);
        };
        say(40, vec![frame(key("a", "202401", "one"), &[(1, 1.0), (2, 2.0), (3, 3.0)])]);
        say(41, vec![frame(key("a", "202401", "other"), &[(1, 10.0), (4, 20.0)])]);
        say(
            70,
            vec![
                frame(key("a", "202402", "one"), &[(1, 4.0), (5, 5.0)]),
                frame(key("b", "202402", "one"), &[(1, 6.0)]),
            ],
        );
        say(71, vec![frame(key("a", "2024", "one"), &[(2, 9.0)])]);
        say(90, vec![frame(key("a", "202401", "one"), &[(1, 1.5), (2, 2.0)])]);
        let mut measured = frame(key("a", "202403", "one"), &[(2, 7.0)]);
        measured.key.evidence = Evidence::Measured;
        say(100, vec![measured]);
        let base = Query::new("a".into());
        let queries = [
            base.clone(),
            Query { places: Some([PlaceIx(1), PlaceIx(4)].into_iter().collect()), ..base.clone() },
            Query { places: Some(PlaceSet::default()), ..base.clone() },
            Query { days: Some((day("2024-01-31"), day("2024-02-28"))), ..base.clone() },
            Query { days: Some((day("2024-02-01"), day("2024-02-29"))), ..base.clone() },
            Query { as_of: Some(nth_noon(41)), ..base.clone() },
            Query {
                as_of: Some(nth_noon(80)),
                places: Some([PlaceIx(1)].into_iter().collect()),
                ..base.clone()
            },
            Query { sources: Some(vec!["other".into()]), ..base.clone() },
            Query { evidence: Some(vec![Evidence::Measured]), ..base.clone() },
            Query {
                dimensions: Some(Dimensions { operator: Some("VNPT".into()), ..Dimensions::default() }),
                ..base.clone()
            },
            Query::new("nothing".into()),
        ];
        for query in &queries {
            assert_eq!(values(series, query), naive.values(query), "values of {query:?}");
            assert_eq!(latest(series, query), naive.latest(query), "latest of {query:?}");
            assert_eq!(revisions(series, query), naive.revisions(query), "revisions of {query:?}");
            assert_eq!(
                series.summary(query, &[2.0, 5.0]).unwrap(),
                naive.summary(query, &[2.0, 5.0]),
                "summary of {query:?}"
            );
        }
        let history = series.history(PlaceIx(2), &base).unwrap();
        let periods: Vec<_> = history.iter().map(|o| o.head.key.period.to_string()).collect();
        assert_eq!(periods, ["202401", "202403", "2024"]);
        assert_eq!(
            sorted(history),
            naive.values(&Query { places: Some([PlaceIx(2)].into_iter().collect()), ..base })
        );
    });
}

#[test]
fn days_before_1970_are_days_like_others() {
    on_every_backend(4, |series| {
        let mut naive = Naive::default();
        for (run, period) in (1_u32..).zip(["1925", "1968Q1", "1969", "19700101", "19700102", "202401"]) {
            let said = [frame(key("a", period, "one"), &[(1, f64::from(run)), (2, 0.5)])];
            let (run, at) = (RunId(run.into()), nth_noon(40 + u64::from(run)));
            series.append(run, at, &said).unwrap();
            naive.append(run, at, &said);
        }
        let corrected = [frame(key("a", "1968Q1", "one"), &[(2, 7.0)])];
        series.append(RunId(9), nth_noon(90), &corrected).unwrap();
        naive.append(RunId(9), nth_noon(90), &corrected);
        for days in [
            None,
            Some(("1900-01-01", "1969-12-30")),
            Some(("1960-01-01", "1969-12-31")),
            Some(("1969-12-31", "1970-01-01")),
            Some(("1970-01-01", "1970-01-01")),
            Some(("1970-01-02", "2024-12-31")),
        ] {
            for as_of in [None, Some(nth_noon(60))] {
                let days = days.map(|(from, to)| (day(from), day(to)));
                let query = Query { days, as_of, ..Query::new("a".into()) };
                assert_eq!(values(series, &query), naive.values(&query), "values of {query:?}");
                assert_eq!(latest(series, &query), naive.latest(&query), "latest of {query:?}");
                assert_eq!(revisions(series, &query), naive.revisions(&query), "revisions of {query:?}");
                assert_eq!(
                    series.summary(&query, &[1.0]).unwrap(),
                    naive.summary(&query, &[1.0]),
                    "{query:?}"
                );
            }
        }
    });
}

#[test]
fn many_places_are_read_as_well_as_few() {
    on_every_backend(200, |series| {
        let mut naive = Naive::default();
        for (run, month) in (1..).zip(["202401", "202402", "202403"]) {
            let points: Vec<(u32, f64)> = (1..180)
                .filter(|place| place % 7 != u32::try_from(run).unwrap())
                .map(|place| (place, f64::from(place % 5)))
                .collect();
            let said = [frame(key("a", month, "one"), &points)];
            let at = nth_noon(40 * run);
            series.append(RunId(run), at, &said).unwrap();
            naive.append(RunId(run), at, &said);
        }
        let places = |wanted: fn(u32) -> bool| {
            let places = (0..200).filter(|place| wanted(*place)).map(PlaceIx).collect();
            Query { places: Some(places), ..Query::new("a".into()) }
        };
        for query in [
            places(|_| true),
            places(|place| place % 10 != 3),
            places(|place| place % 2 == 0),
            places(|place| place < 60),
        ] {
            assert_eq!(
                series.summary(&query, &[1.0, 3.0]).unwrap(),
                naive.summary(&query, &[1.0, 3.0]),
                "{query:?}"
            );
            assert_eq!(values(series, &query), naive.values(&query), "{query:?}");
            assert_eq!(latest(series, &query), naive.latest(&query), "{query:?}");
        }
    });
}

#[test]
fn ratios_are_summed_by_their_parts() {
    on_every_backend(4, |series| {
        let mut said = frame(key("a", "2025", "survey"), &[(1, 0.0), (2, 0.0), (3, 0.0)]);
        said.points[0].value = Value::Ratio { numerator: 1.0, denominator: 4.0 };
        said.points[1].value = Value::Ratio { numerator: 9.0, denominator: 10.0 };
        said.points[2].value = Value::Ratio { numerator: 0.0, denominator: 0.0 };
        series.append(RunId(1), noon("2026-01-01"), &[said]).unwrap();
        let found = series.summary(&Query::new("a".into()), &[50.0]).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].places(), found[0].without_value, found[0].classes.clone()), (3, 1, vec![1, 1]));
        assert_eq!(found[0].share().unwrap().to_string(), "71.43%");
        assert_eq!(found[0].mean(), None);
    });
}

#[test]
fn what_cannot_be_kept_is_refused_whole() {
    on_every_backend(4, |series| {
        let good = frame(key("a", "2025", "survey"), &[(1, 1.0)]);
        let refuse = |bad| series.append(RunId(1), noon("2026-01-01"), &[good.clone(), bad]).unwrap_err();
        let unsorted = refuse(frame(key("b", "2025", "survey"), &[(2, 1.0), (1, 1.0)]));
        assert!(matches!(unsorted, StoreError::Unsorted { place: PlaceIx(1), .. }), "{unsorted}");
        let twice = refuse(frame(key("b", "2025", "survey"), &[(2, 1.0), (2, 1.0)]));
        assert!(matches!(twice, StoreError::Unsorted { .. }), "{twice}");
        let unknown = refuse(frame(key("b", "2025", "survey"), &[(4, 1.0)]));
        assert_eq!(unknown.to_string(), "place number `4` of `b` is not in the store");
        let infinite = refuse(frame(key("b", "2025", "survey"), &[(1, f64::INFINITY)]));
        assert!(matches!(infinite, StoreError::NotFinite { .. }), "{infinite}");
        assert_eq!(values(series, &Query::new("a".into())), []);
    });
}
