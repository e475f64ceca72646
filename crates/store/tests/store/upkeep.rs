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

pub(crate) fn sql(dir: &tempfile::TempDir, statement: &str) {
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
fn frames_that_cannot_be_read_are_named_and_hide_nothing_else() {
    for (statement, named) in [
        ("UPDATE frame SET body = 'x' WHERE id = 25", "frame `25`"),
        ("UPDATE frame SET stream = 'x' WHERE id = 25", "frame `25` of run `25`"),
        ("UPDATE frame SET block = -1 WHERE id = 25", "frame `25`"),
        ("UPDATE frame SET points = 'x' WHERE id = 25", "frame `25`"),
        ("DELETE FROM frame WHERE id = 25", "frame `25`"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(&dir);
        sql(&dir, "UPDATE frame SET body = x'00' WHERE id = 29");
        sql(&dir, "UPDATE document SET packed = 'x'");
        sql(&dir, statement);
        let problems = store.check().unwrap().problems;
        let found: Vec<_> = problems.iter().map(|p| (p.what.as_str(), p.derived)).collect();
        let vector = ("the latest vector of stream `1`, block `0`", false);
        let tiles = ("the tiles of stream `1`, block `0`, year `2024`", false);
        let all = [(named, false), ("frame `29` of run `29`", false), vector, tiles, ("document `1`", false)];
        assert_eq!(found, all, "{statement}");
    }
}

#[test]
fn a_newest_frame_that_is_gone_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let said = frame(key("a", "2025", "survey"), &[(1, 1.0)]);
    store.append(&batch(nth_noon(50), vec![said])).unwrap();
    sql(&dir, "DELETE FROM frame WHERE id = 32");
    let problems = store.check().unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].why, "it cannot be held against frame `32`");
    assert!(!problems[0].derived);
}

#[test]
fn rebuilding_leaves_what_rests_on_a_damaged_frame() {
    let damage = "UPDATE frame SET body = x'00' WHERE id = 30";
    for damage in [damage, "DELETE FROM frame WHERE id = 30"] {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(&dir);
        sql(&dir, damage);
        let left = format!("{:?}", store.rebuild().unwrap());
        assert!(left.contains("frame `30`") && left.contains("the latest vector of stream `1`"), "{left}");
        let query = Query::new("a".into());
        let error = store.series().latest(&query, &mut |_, _| ()).unwrap_err();
        assert!(error.to_string().starts_with("frame `30`"), "{error}");
    }
}

#[test]
fn a_damaged_frame_of_a_sealed_year_keeps_nothing_else_from_being_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let said = || vec![frame(key("b", "2024", "survey"), &[(1, 1.0), (2, 0.5)])];
    store.append(&batch(nth_noon(50), said())).unwrap();
    sql(&dir, "UPDATE frame SET body = x'00' WHERE id = 3");
    sql(&dir, "UPDATE latest SET body = x'00' WHERE stream = 2");
    let derived = |store: &Store| {
        let problems = store.check().unwrap().problems.into_iter();
        problems.filter(|p| p.derived).map(|p| p.what).collect::<Vec<_>>()
    };
    assert_eq!(derived(&store), ["the latest vector of stream `2`, block `0`"]);
    store.rebuild().unwrap();
    assert_eq!(derived(&store), Vec::<String>::new());
    assert_eq!(latest(store.series(), &Query::new("b".into())).len(), 2);
    // Tiles were left with what the damaged frame said.
    let third = Query { days: Some((day("2024-01-03"), day("2024-01-03"))), ..Query::new("a".into()) };
    assert_eq!(values(store.series(), &third).len(), 49);
}

#[test]
fn a_damaged_vector_is_made_again_by_the_next_frame() {
    for statement in ["UPDATE latest SET body = x'00'", "UPDATE latest SET body = 'x'", "DELETE FROM latest"]
    {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(&dir);
        sql(&dir, statement);
        let said = || batch(nth_noon(50), vec![frame(key("a", "20240201", "survey"), &[(7, 1.0)])]);
        store.append(&said()).unwrap();
        assert_eq!(store.check().unwrap().problems, [], "{statement}");
        assert_eq!(latest(store.series(), &Query::new("a".into())).len(), 49, "{statement}");

        sql(&dir, "UPDATE frame SET body = x'00' WHERE id = 5");
        sql(&dir, "UPDATE latest SET body = x'00'");
        let later = batch(nth_noon(51), vec![frame(key("a", "20240202", "survey"), &[(7, 1.0)])]);
        let error = store.append(&later).unwrap_err();
        assert!(error.to_string().starts_with("frame `5` of run `5` is damaged"), "{error}");
    }
}

#[test]
fn damaged_projections_are_named_left_aside_and_made_again() {
    for (statement, named) in [
        ("UPDATE latest SET body = x'00112233445566'", "the latest vector of stream `1`, block `0`"),
        ("UPDATE latest SET body = 'x'", "the latest vector of stream `1`, block `0`"),
        ("UPDATE shelf SET body = 'x'", "the tiles of stream `1`, block `0`, year `2024`"),
        ("UPDATE tile SET body = 'x' WHERE part = 0", "the tiles of stream `1`, block `0`, year `2024`"),
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
fn projections_that_do_not_say_of_what_they_are_go() {
    let vector = "the latest vector of stream `1`, block `0`";
    for (statement, named) in [
        ("UPDATE latest SET stream = 'x'", vector),
        ("UPDATE latest SET block = 'x'", vector),
        ("UPDATE shelf SET block = -1", "shelf `1`"),
        ("UPDATE shelf SET year = 'x'", "shelf `1`"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(&dir);
        let all = Query::new("a".into());
        let before = (values(store.series(), &all), latest(store.series(), &all));
        sql(&dir, statement);
        let problems = store.check().unwrap().problems;
        let found: Vec<_> = problems.iter().map(|p| (p.what.as_str(), p.derived)).collect();
        assert_eq!(found, [(named, true)], "{statement}");
        store.rebuild().unwrap();
        assert_eq!(store.check().unwrap().problems, [], "{statement}");
        assert!((values(store.series(), &all), latest(store.series(), &all)) == before, "{statement}");
    }
}

#[test]
fn records_beside_the_series_are_checked_too() {
    for (statement, named) in [
        ("UPDATE document SET packed = substr(packed, 1, 5)", "document `1`"),
        ("UPDATE document SET hash = 'ab'", "document `1`"),
        ("UPDATE document SET packed = 'x'", "document `1`"),
        ("UPDATE run SET body = x'00' WHERE id = 3", "run `3`"),
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
fn a_backup_comes_back_where_the_store_is_none_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let backup = dir.path().join("backup");
    store.backup(&backup).unwrap();
    let whole = std::fs::read(&backup).unwrap();
    let changed = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    for (case, old) in [
        ("rubbish", b"no database at all, but long enough to look like something".to_vec()),
        ("a header that is cut", whole[..60].to_vec()),
        ("another program's", changed(68, &[0; 4])),
        ("a newer version's", changed(60, &[0, 0, 0, 99])),
        ("malformed", changed(100, &[0xff; 400])),
    ] {
        let elsewhere = tempfile::tempdir().unwrap();
        // The folder is gone too, or there.
        let folder = elsewhere.path().join("data");
        let to = folder.join(FILE);
        let aside = folder.join(format!("{FILE}.before-restore"));
        let restore = || Store::restore(&backup, &to, &StoreOptions::default());
        restore().unwrap();
        assert!(!aside.exists());
        std::fs::write(&to, &old).unwrap();
        assert!(format!("{:?}", restore().unwrap()).contains("before-restore"), "{case}");
        assert_eq!(std::fs::read(&aside).unwrap(), old, "{case}");
        let restored = Store::open(&to, &StoreOptions::default()).unwrap();
        assert_eq!(values(restored.series(), &Query::new("a".into())).len(), 49 * 30, "{case}");
        drop(restored);

        // Never over what was put aside before.
        std::fs::write(&to, "rubbish once more").unwrap();
        let error = restore().unwrap_err();
        assert!(matches!(error, StoreError::File { doing: "write", .. }), "{case}: {error}");
        assert_eq!(std::fs::read(&aside).unwrap(), old, "{case}");
        assert_eq!(std::fs::read(&to).unwrap(), b"rubbish once more", "{case}");
    }
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
fn a_store_that_is_locked_or_cannot_be_written_is_not_called_something_else() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let path = dir.path().join(FILE);
    let open = || Store::open(&path, &StoreOptions { busy_timeout_ms: 20, influx: None });
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    assert_eq!(open().unwrap_err().to_string(), "the store is locked by another process");
    drop(other);
    // A format that may be read and not written binds the administrator too, whom rights do not bind.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[18] = 3;
    std::fs::write(&path, &bytes).unwrap();
    let store = open().unwrap();
    let error = store.set_meta("a", "b").unwrap_err();
    assert_eq!(error.to_string(), "the store is read-only");
    assert_eq!(values(store.series(), &Query::new("a".into())).len(), 49 * 30);
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
