//! Damage is found and named, projections are made again, backups are whole, and failures are sentences.

use std::{path::Path, time::Duration};

use chrono::Days;
use gapwatch_model::{Period, PeriodKind, PlaceIx, RunId};
use gapwatch_store::{Query, Store, StoreError, StoreOptions};

use super::kit::{batch, day, frame, key, latest, noon, nth_noon, open, places, values};

const FILE: &str = "gapwatch.sqlite";

/// Thirty days of one indicator, a correction, the first twenty days sealed, and some records beside them.
fn filled(dir: &tempfile::TempDir) -> Store {
    let store = open(dir);
    store.put_places(&places(50), &[], nth_noon(0)).unwrap();
    for number in 0..30 {
        let points: Vec<(u32, f64)> = (1..50).map(|place| (place, f64::from((place + number) % 9))).collect();
        let mut said = frame(key("a", "2024", "survey"), &points);
        said.key.period = Period::containing(PeriodKind::Day, day("2024-01-01") + Days::new(number.into()));
        store.append(&batch(nth_noon(number.into()), vec![said])).unwrap();
    }
    store.append(&batch(nth_noon(40), vec![frame(key("a", "20240105", "survey"), &[(7, 100.0)])])).unwrap();
    store.seal(day("2024-01-20")).unwrap();
    store.put_document("rules", "rules.toml", b"a = 1", "lan", nth_noon(1)).unwrap();
    store.keep_file("ab", "a.csv", b"a,b").unwrap();
    store
}

fn sql(dir: &tempfile::TempDir, statement: &str) {
    let connection = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
    assert_eq!(connection.execute(statement, []).unwrap(), 1, "{statement}");
}

#[test]
fn a_sound_store_has_no_problems() {
    let dir = tempfile::tempdir().unwrap();
    let report = filled(&dir).check().unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.frames, report.shelves), (31, 1));
    assert!(report.records >= 34, "{report:?}");
}

#[test]
fn a_damaged_frame_is_named_and_never_served() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    sql(
        &dir,
        "UPDATE frame SET body = CAST(substr(body, 1, 9) || x'55' || substr(body, 11) AS BLOB) WHERE id = 28",
    );
    let report = store.check().unwrap();
    assert_eq!(report.problems[0].what, "frame `28` of run `28`");
    assert!(!report.problems[0].derived);
    let query = Query { days: Some((day("2024-01-28"), day("2024-01-28"))), ..Query::new("a".into()) };
    let error = store.series().values(&query, &mut |_, _| ()).unwrap_err();
    assert_eq!(error.to_string(), "frame `28` of run `28` is damaged: its checksum does not match");
    assert!(matches!(store.series().summary(&query, &[]), Err(StoreError::Damaged { .. })));
    let others = Query { days: Some((day("2024-01-29"), day("2024-01-30"))), ..Query::new("a".into()) };
    assert_eq!(values(store.series(), &others).len(), 98);
}

#[test]
fn damaged_projections_are_named_left_aside_and_made_again() {
    for (statement, named) in [
        ("UPDATE latest SET body = x'00112233445566'", "the latest vector of stream `1`, block `0`"),
        ("UPDATE shelf SET body = substr(body, 2)", "the tiles of stream `1`, block `0`, year `2024`"),
        ("UPDATE shelf SET late = late + 1", "the tiles of stream `1`, block `0`, year `2024`"),
        (
            "UPDATE tile SET body = substr(body, 1, 20) WHERE part = 0",
            "the tiles of stream `1`, block `0`, year `2024`",
        ),
        ("UPDATE tile SET extra = x'' WHERE part = 0", "the tiles of stream `1`, block `0`, year `2024`"),
        ("DELETE FROM tile WHERE part = 0", "the tiles of stream `1`, block `0`, year `2024`"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(&dir);
        let all = Query::new("a".into());
        let then = Query { as_of: Some(nth_noon(12)), ..all.clone() };
        let answers = || {
            let series = store.series();
            let sums = series.summary(&all, &[]).unwrap();
            (values(series, &all), values(series, &then), latest(series, &all), latest(series, &then), sums)
        };
        let before = answers();
        sql(&dir, statement);
        let problems = store.check().unwrap().problems;
        assert_eq!(
            problems.iter().map(|p| (p.what.as_str(), p.derived)).collect::<Vec<_>>(),
            [(named, true)],
            "{statement}"
        );
        assert!(answers() == before, "{statement} changed an answer");
        store.rebuild().unwrap();
        assert_eq!(store.check().unwrap().problems, [], "{statement}");
        assert!(answers() == before, "rebuilding after {statement} changed an answer");
    }
}

#[test]
fn records_beside_the_series_are_checked_too() {
    for (statement, named) in [
        ("UPDATE document SET packed = substr(packed, 1, 5)", "document `1`"),
        ("UPDATE document SET hash = 'ab'", "document `1`"),
        ("UPDATE file SET packed = x'0000000003'", "file `ab`"),
        ("UPDATE run SET body = '{}' WHERE id = 3", "run `3`"),
        ("UPDATE place_version SET body = replace(body, 'village', 'hamlet') WHERE slot = 4", "the places"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(&dir);
        sql(&dir, statement);
        let problems = store.check().unwrap().problems;
        assert_eq!(problems.iter().map(|p| p.what.as_str()).collect::<Vec<_>>(), [named], "{statement}");
    }
}

#[test]
fn a_backup_taken_beside_a_writer_is_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..60_u32 {
                // Two frames a batch: a backup that holds one of them without the other is torn.
                let both = ["b", "c"]
                    .map(|name| frame(key(name, "2024", "survey"), &[(1, f64::from(number)), (2, 0.5)]));
                store.append(&batch(nth_noon(100 + u64::from(number)), both.to_vec())).unwrap();
            }
        });
        for number in 0..4 {
            let path = dir.path().join(format!("backup-{number}"));
            let report = store.backup(&path).unwrap();
            assert_eq!(report.problems, []);
            let copy = Store::open(&path, &StoreOptions::default()).unwrap();
            let said = |name: &str| {
                let found = values(copy.series(), &Query::new(name.into()));
                found.iter().map(|o| (o.point, o.head.run)).collect::<Vec<_>>()
            };
            assert_eq!(said("b"), said("c"));
        }
        writer.join().unwrap();
    });
    let error = store.backup(&dir.path().join("backup-0")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write `"), "{error}");
}

#[test]
fn restoring_replaces_what_is_there_for_everyone_who_has_it_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let backup = dir.path().join("backup");
    store.backup(&backup).unwrap();
    let all = Query::new("a".into());
    let before = values(store.series(), &all);

    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(&elsewhere);
    other.put_places(&places(3), &[], noon("2025-01-01")).unwrap();
    assert_eq!(other.gazetteer().unwrap().len(), 3);
    let version = other.data_version().unwrap();
    Store::restore(&backup, &elsewhere.path().join(FILE), &StoreOptions::default()).unwrap();
    assert_ne!(other.data_version().unwrap(), version);
    assert_eq!(other.gazetteer().unwrap().len(), 50);
    assert_eq!(values(other.series(), &all), before);
    other.append(&batch(nth_noon(60), vec![frame(key("a", "20240201", "survey"), &[(7, 1.0)])])).unwrap();
    assert_eq!(other.check().unwrap().problems, []);

    let fresh = elsewhere.path().join("fresh.sqlite");
    Store::restore(&backup, &fresh, &StoreOptions::default()).unwrap();
    assert_eq!(values(Store::open(&fresh, &StoreOptions::default()).unwrap().series(), &all), before);
    let left: Vec<_> =
        std::fs::read_dir(elsewhere.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("restore")), "{left:?}");
}

#[test]
fn a_damaged_backup_is_refused_and_the_store_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let backup = dir.path().join("backup");
    store.backup(&backup).unwrap();
    let connection = rusqlite::Connection::open(&backup).unwrap();
    connection.execute("UPDATE frame SET body = x'00' WHERE id = 5", []).unwrap();
    drop(connection);
    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(&elsewhere);
    other.put_places(&places(3), &[], noon("2025-01-01")).unwrap();
    let restore = |from: &Path| Store::restore(from, &elsewhere.path().join(FILE), &StoreOptions::default());
    let error = restore(&backup).unwrap_err();
    assert!(error.to_string().contains("frame `5` of run `5`"), "{error}");
    std::fs::write(&backup, "no database at all, but long enough to look like something").unwrap();
    assert!(matches!(restore(&backup), Err(StoreError::NotAStore(_) | StoreError::Damaged { .. })));
    assert!(matches!(restore(&dir.path().join("nothing")), Err(StoreError::File { doing: "read", .. })));
    assert_eq!(other.gazetteer().unwrap().len(), 3);
    assert_eq!(other.check().unwrap().problems, []);
}

#[test]
fn a_copy_that_is_given_up_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with(FILE) || name.contains("restore"));
        names
    };
    store.backup(&dir.path().join("whole")).unwrap();
    sql(&dir, "UPDATE frame SET body = x'00' WHERE id = 5");
    let error = store.backup(&dir.path().join("backup")).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(names(dir.path()), ["whole"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    let connection = rusqlite::Connection::open(&whole).unwrap();
    connection.execute("UPDATE frame SET body = x'00' WHERE id = 5", []).unwrap();
    drop(connection);
    let target = elsewhere.path().join(FILE);
    let error = Store::restore(&whole, &target, &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(names(elsewhere.path()), Vec::<String>::new());
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let path = dir.path().join(FILE);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Store::open(&path, &StoreOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("has format version `99`, expected `3` or older"), "{error}");
}

#[test]
fn a_store_locked_by_another_process_says_so_and_goes_on_later() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let store =
        Store::open(&dir.path().join(FILE), &StoreOptions { busy_timeout_ms: 20, influx: None }).unwrap();
    let other = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
    other.busy_timeout(Duration::from_millis(20)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let frames = [frame(key("b", "2024", "survey"), &[(1, 1.0)])];
    let error = store.series().append(RunId(1), noon("2025-01-01"), &frames).unwrap_err();
    assert_eq!(error.to_string(), "the store is locked by another process");
    assert_eq!(latest(store.series(), &Query::new("a".into())).len(), 49);
    other.execute_batch("ROLLBACK").unwrap();
    store.series().append(RunId(1), noon("2025-01-01"), &frames).unwrap();
    assert_eq!(store.series().history(PlaceIx(1), &Query::new("b".into())).unwrap().len(), 1);
}
