//! Benchmarks of the store against plain SQLite rows and against what memory and disk allow.
//!
//! `cargo bench -p gapwatch-store` prints a table; `-- --full` takes three years of the nation instead of one; `-- --short`
//! takes a small part of everything, to see that it works; `-- --part year`, `decade` or `nation` takes that part alone;
//! `-- --keep DIR` leaves the files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark stops at the first surprise and prints what it finds"
)]

mod generate;
mod measure;
mod rows;

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use gapwatch_model::{
    Batch, Frame, NewPlaces, Outcome, Period, PeriodKind, PlaceIx, PlaceLevel, Point, Run, RunId, Value,
};
use gapwatch_store::{PlaceSet, Query, SeriesStore, Store, StoreOptions};
use generate::{Workload, first_day, hash, known};
use measure::{Line, flush, in_turns, line, median, peak_mb, table, turns};
use rows::Rows;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--child") {
        return child(&args[at + 1], Path::new(&args[at + 2]));
    }
    let short = args.iter().any(|arg| arg == "--short");
    let full = args.iter().any(|arg| arg == "--full");
    let kept = args.iter().position(|arg| arg == "--keep").map(|at| args[at + 1].clone());
    let dir = match &kept {
        Some(path) => tempfile::Builder::new().disable_cleanup(true).tempdir_in(path).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let part = args.iter().position(|arg| arg == "--part").map(|at| args[at + 1].as_str());
    let days = |long, brief| if short { brief } else { long };
    let mut lines = Vec::new();
    if part.is_none_or(|part| part == "year") {
        println!("W1 one year");
        province_year(dir.path(), days(365, 60), &mut lines);
    }
    if part.is_none_or(|part| part == "decade") {
        println!("W1 ten years");
        province_decade(dir.path(), days(3650, 400), &mut lines);
    }
    if part.is_none_or(|part| part == "nation") {
        println!("W2");
        nation(dir.path(), if full { 1095 } else { days(365, 30) }, &mut lines);
    }
    println!("\n{}", table(&lines));
    assert!(short || lines.iter().all(|line| line.held), "a bound is not held");
}

/// One year of 20 indicators: ingest, bytes, latest, cold open, readers beside a writer.
fn province_year(dir: &Path, days: u32, lines: &mut Vec<Line>) {
    let workload = Workload::province(20, days);
    let (store, places) = load_store(&dir.join("w1.store"), &workload);
    let next = |round: usize| {
        let period =
            Period::containing(PeriodKind::Day, first_day() + Days::new(u64::from(days) + round as u64));
        batch(workload.series.iter().map(|series| workload.frame(*series, period, 0..2561)).collect())
    };
    let batches: Vec<Batch> = (0..measure::MORE_ROUNDS).map(next).collect();
    let (alone, both) = batches.split_at(batches.len() - measure::ROUNDS);
    // Before there are rows: what is left to write of them keeps the disk busy for a while.
    let (these, those) = alone.split_at(alone.len() / 2);
    let raw = points_of(&these[..1]) * 22;
    against_flush(("its points as they are", raw), dir, &store, these, lines);
    let packed = frame_bytes(&dir.join("w1.store"), these.len() * these[0].frames.len()) / these.len();
    against_flush(("its packed frames", packed), dir, &store, those, lines);
    let (mut rows, count) = load_rows(&dir.join("w1.rows"), &workload);
    for batch in alone {
        rows.append(&batch.frames, 1000);
    }
    let points = points_of(&both[..1]);
    let (ours, theirs) = turns(
        "ingest",
        measure::ROUNDS,
        |round| store.append(&both[round]).map(|_| ()).unwrap(),
        |round| rows.append(&both[round].frames, 1000),
    );
    lines.push(line(&format!("W1 ingest, {points} points"), ours, theirs, true, 50.0, "≥ 50×"));

    store.seal(first_day() + Days::new(u64::from(days) + 60)).unwrap();
    let count = count + points_of(&batches) as u64;
    lines.push(bytes_line(
        "W1 bytes per point, sealed",
        (&dir.join("w1.store"), places),
        &dir.join("w1.rows"),
        count,
        20.0,
        "≤ 1/20",
    ));

    let villages: PlaceSet = (61..2561).map(PlaceIx).collect();
    for indicator in [0, 10, 17] {
        let query = Query { places: Some(villages.clone()), ..Query::new(name(indicator)) };
        let (ours, theirs) = in_turns(
            "latest",
            |_| latest_sum(store.series(), &query),
            |_| {
                let mut sum = 0;
                rows.latest(indicator, 61..2561, None, |period, point| {
                    sum ^= fingerprint(indicator, period, point)
                });
                sum
            },
        );
        lines.push(line(
            &format!("W1 latest of 2,500 villages, i{indicator:02}"),
            ours,
            theirs,
            true,
            20.0,
            "≥ 20×",
        ));
    }

    drop(store);
    drop(rows);
    let one = Query { places: Some([PlaceIx(100)].into_iter().collect()), ..Query::new(name(0)) };
    let (ours, theirs) = in_turns(
        "cold open",
        |_| latest_sum(Store::open(&dir.join("w1.store"), &StoreOptions::default()).unwrap().series(), &one),
        |_| {
            let mut sum = 0;
            Rows::open(&dir.join("w1.rows"))
                .latest(0, 100..101, None, |p, point| sum ^= fingerprint(0, p, point));
            sum
        },
    );
    lines.push(line("W1 cold open and one answer", ours, theirs, false, 2.0, "≤ 2×"));
    lines.push(memory_line(
        "W1 peak memory: correcting, sealing, latest, a year",
        "province",
        &dir.join("w1.store"),
    ));
    lines.push(beside_a_writer(dir, &workload));
}

/// A province's runs and flushes of as many bytes, in turns.
fn against_flush(
    (what, bytes): (&str, usize),
    dir: &Path,
    store: &Store,
    runs: &[Batch],
    lines: &mut Vec<Line>,
) {
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for batch in runs {
        let start = Instant::now();
        store.append(batch).unwrap();
        ours.push(start.elapsed());
        limit.push(flush(dir, bytes));
    }
    let what = format!("W1 ingest against a flush of {what}, {bytes} bytes");
    lines.push(line(&what, median(&mut ours), median(&mut limit), false, 6.0, "≤ 6×"));
}

/// Ten years of three indicators of different kinds: sums against rows and against a scan of memory, single series.
fn province_decade(dir: &Path, days: u32, lines: &mut Vec<Line>) {
    let mut workload = Workload::province(18, days);
    workload.series.retain(|series| [0, 6, 17].contains(&series.indicator));
    let (rows, _) = load_rows(&dir.join("w1d.rows"), &workload);
    let (store, _) = load_store(&dir.join("w1d.store"), &workload);
    store.seal(first_day() + Days::new(u64::from(days))).unwrap();
    let villages: PlaceSet = (61..2561).map(PlaceIx).collect();
    let year = u64::from(days.min(365));
    for (what, length, scans, faster, against, limit) in [
        ("a year", year, 15.0, 15.0, "≥ 15×", "≤ 15×"),
        ("all years", u64::from(days), 5.0, 10.0, "≥ 10×", "≤ 5×"),
    ] {
        for indicator in [0, 6, 17] {
            let (from, to) = (first_day(), first_day() + Days::new(length - 1));
            let query = Query {
                places: Some(villages.clone()),
                days: Some((from, to)),
                ..Query::new(name(indicator))
            };
            let index = |day: NaiveDate| Period::containing(PeriodKind::Day, day).index();
            let range = (index(from), index(to));
            let (ours, theirs) = in_turns(
                what,
                |_| sums(store.series(), &query),
                |_| rounded(rows.sums(indicator, (61, 2560), range)),
            );
            lines.push(line(
                &format!("W1 {what} daily, 2,500 villages summed, i{indicator:02}"),
                ours,
                theirs,
                true,
                faster,
                against,
            ));
            let column = raw_column(indicator, length);
            let (again, scan) = in_turns(
                "scan",
                |_| sums(store.series(), &query).into_iter().map(|(_, _, sum)| sum).collect::<Vec<_>>(),
                |_| scan(&column, 2500),
            );
            lines.push(line(
                &format!("W1 {what}, i{indicator:02}, against a scan of memory"),
                again,
                scan,
                false,
                scans,
                limit,
            ));
        }
    }
    for (what, slot) in [("village", 1000), ("commune", 30)] {
        for indicator in [0, 6, 17] {
            let query = Query::new(name(indicator));
            let (ours, theirs) = in_turns(
                what,
                |_| {
                    let mut sum = 0;
                    for known in store.series().history(PlaceIx(slot), &query).unwrap() {
                        sum ^= fingerprint(indicator, known.head.key.period.index(), &known.point);
                    }
                    sum
                },
                |_| {
                    let mut sum = 0;
                    rows.history(indicator, slot, |period, point| {
                        sum ^= fingerprint(indicator, period, point)
                    });
                    sum
                },
            );
            lines.push(line(
                &format!("W1 one {what} over all years, i{indicator:02}"),
                ours,
                theirs,
                false,
                2.0,
                "≤ 2×",
            ));
        }
    }
    lines.push(memory_line("W1 peak memory: ten years summed, one series", "decade", &dir.join("w1d.store")));
}

/// The nation: ingest, bytes, latest, everything as of a past date.
fn nation(dir: &Path, days: u32, lines: &mut Vec<Line>) {
    let workload = Workload::nation(days);
    let (mut rows, count) = load_rows(&dir.join("w2.rows"), &workload);
    let (store, places) = load_store(&dir.join("w2.store"), &workload);
    let (from, to) = (workload.provinces[12], workload.provinces[13]);
    let weeks = workload.periods(PeriodKind::Week);
    let next = |round: usize| {
        let mut period = *weeks.last().unwrap();
        (0..=round).for_each(|_| period = period.next());
        let weekly = workload.series.iter().filter(|series| series.kind == PeriodKind::Week);
        batch(weekly.map(|series| workload.frame(*series, period, from..to)).collect())
    };
    let batches: Vec<Batch> = (0..measure::ROUNDS).map(next).collect();
    let points = points_of(&batches[..1]);
    let (ours, theirs) = turns(
        "ingest",
        measure::ROUNDS,
        |round| store.append(&batches[round]).map(|_| ()).unwrap(),
        |round| rows.append(&batches[round].frames, 5000),
    );
    lines.push(line(&format!("W2 ingest, {points} points"), ours, theirs, true, 10.0, "≥ 10×"));
    store.seal(first_day() + Days::new(u64::from(days) + 100)).unwrap();
    let count = count + points_of(&batches) as u64;
    lines.push(bytes_line(
        "W2 bytes per point, sealed",
        (&dir.join("w2.store"), places),
        &dir.join("w2.rows"),
        count,
        10.0,
        "≤ 1/10",
    ));

    let end = *workload.provinces.last().unwrap();
    for indicator in [0, 5] {
        let (ours, theirs) = in_turns(
            "latest",
            |_| latest_sum(store.series(), &Query::new(name(indicator))),
            |_| {
                let villages = (0..end).filter(|slot| workload.levels[*slot as usize] == PlaceLevel::Village);
                let mut sum = 0;
                rows.latest(indicator, villages, None, |period, point| {
                    sum ^= fingerprint(indicator, period, point)
                });
                sum
            },
        );
        lines.push(line(
            &format!("W2 latest of 90,000 villages, i{indicator:02}"),
            ours,
            theirs,
            true,
            15.0,
            "≥ 15×",
        ));
    }

    let day = first_day() + Days::new(u64::from(days) / 2);
    let as_of = known(Period::containing(PeriodKind::Day, day));
    let (ours, theirs) = in_turns(
        "as of",
        |_| {
            let query = |indicator| Query { as_of: Some(as_of), ..Query::new(name(indicator)) };
            workload
                .series
                .iter()
                .fold(0, |sum, series| sum ^ latest_sum(store.series(), &query(series.indicator)))
        },
        |_| {
            let mut sum = 0;
            for series in &workload.series {
                let slots = (0..end).filter(|slot| workload.reports(*series, *slot));
                let last = Period::containing(series.kind, day).index();
                let at = as_of.timestamp_nanos_opt().unwrap();
                rows.latest(series.indicator, slots, Some((last, at)), |period, point| {
                    sum ^= fingerprint(series.indicator, period, point);
                });
            }
            sum
        },
    );
    lines.push(line("W2 everything as of a past date", ours, theirs, true, 8.0, "≥ 8×"));
    lines.push(memory_line(
        "W2 peak memory: correcting, sealing, latest, everything as of, sums",
        "nation",
        &dir.join("w2.store"),
    ));
}

/// p99 of the overview's reads idle and beside a bulk load.
fn beside_a_writer(dir: &Path, workload: &Workload) -> Line {
    let store = Store::open(&dir.join("w1.store"), &StoreOptions::default()).unwrap();
    let villages: PlaceSet = (61..2561).map(PlaceIx).collect();
    let overview = || {
        let start = Instant::now();
        for indicator in 0..6 {
            let query = Query { places: Some(villages.clone()), ..Query::new(name(indicator)) };
            latest_sum(store.series(), &query);
        }
        start.elapsed()
    };
    let p99 = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() * 99 / 100]
    };
    let mut day = first_day() + Days::new(2000);
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..measure::ROUNDS {
        idle.push(p99((0..1000).map(|_| overview()).collect()));
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    day = day + Days::new(1);
                    let period = Period::containing(PeriodKind::Day, day);
                    let frames: Vec<Frame> =
                        workload.series.iter().map(|s| workload.frame(*s, period, 0..2561)).collect();
                    store.append(&batch(frames)).unwrap();
                }
            });
            busy.push(p99((0..1000).map(|_| overview()).collect()));
            done.store(true, Ordering::Relaxed);
        });
    }
    let (busy, idle) = (median(&mut busy), median(&mut idle));
    line("W1 p99 of six latest reads during a bulk load against idle", busy, idle, false, 5.0, "≤ 5×")
}

/// Runs reads in a process of their own and says its peak memory.
fn child(what: &str, path: &Path) {
    let store = Store::open(path, &StoreOptions::default()).unwrap();
    let indicators = match what {
        "province" => 0..20,
        "decade" => 0..18,
        _ => 0..26,
    };
    if what != "decade" {
        correct_and_seal(what, path);
    }
    for indicator in indicators {
        latest_sum(store.series(), &Query::new(name(indicator)));
        let as_of = Some(known(Period::containing(PeriodKind::Day, first_day() + Days::new(180))));
        latest_sum(store.series(), &Query { as_of, ..Query::new(name(indicator)) });
        sums(store.series(), &Query::new(name(indicator)));
        store.series().history(PlaceIx(1000), &Query::new(name(indicator))).unwrap();
    }
    println!("{}", peak_mb());
}

/// Corrects a period of everything in a copy and seals it again.
fn correct_and_seal(what: &str, path: &Path) {
    let copied = path.with_extension("copy");
    std::fs::copy(path, &copied).unwrap();
    let copy = Store::open(&copied, &StoreOptions::default()).unwrap();
    let workload = if what == "province" { Workload::province(20, 1) } else { Workload::nation(1) };
    let day = first_day() + Days::new(3);
    for (run, series) in (9..).zip(&workload.series) {
        for slots in workload.provinces.windows(2) {
            let mut frame = workload.frame(*series, Period::containing(series.kind, day), slots[0]..slots[1]);
            for point in &mut frame.points {
                point.value = Value::Number(77.0);
            }
            let at = known(frame.key.period) + Days::new(3000);
            copy.series().append(RunId(run), at, &[frame]).unwrap();
        }
    }
    copy.seal(first_day() + Days::new(400)).unwrap();
    drop(copy);
    std::fs::remove_file(&copied).unwrap();
}

fn memory_line(what: &str, child: &str, path: &Path) -> Line {
    let exe = std::env::current_exe().unwrap();
    let output = std::process::Command::new(exe).args(["--child", child]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let peak: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    Line {
        what: what.to_owned(),
        ours: format!("{peak:.0} MB"),
        reference: String::new(),
        ratio: String::new(),
        wanted: "≤ 150 MB",
        held: peak <= 150.0,
    }
}

fn load_rows(path: &Path, workload: &Workload) -> (Rows, u64) {
    let start = Instant::now();
    let mut rows = Rows::open(path);
    let count = rows.load(workload);
    println!("  {count} rows loaded in {:.1?}", start.elapsed());
    (rows, count)
}

/// Brings everything in as the runs would: one batch per province and period.
fn load_store(path: &Path, workload: &Workload) -> (Store, u64) {
    let start = Instant::now();
    let store = Store::open(path, &StoreOptions::default()).unwrap();
    store
        .put_places(&workload.places(), &[], known(Period::containing(PeriodKind::Day, first_day())))
        .unwrap();
    let places = file_bytes(path);
    for kind in [PeriodKind::Day, PeriodKind::Week] {
        let series: Vec<_> = workload.series.iter().filter(|series| series.kind == kind).collect();
        if series.is_empty() {
            continue;
        }
        for period in workload.periods(kind) {
            let end = *workload.provinces.last().unwrap();
            let ranges: Vec<_> = match kind {
                PeriodKind::Week => workload.provinces.windows(2).map(|pair| pair[0]..pair[1]).collect(),
                _ => std::iter::once(0..end).collect(),
            };
            for range in ranges {
                let frames: Vec<Frame> =
                    series.iter().map(|s| workload.frame(**s, period, range.clone())).collect();
                store.append(&batch(frames)).unwrap();
            }
        }
    }
    println!("  collected in {:.1?}", start.elapsed());
    (store, places)
}

/// Bytes of a database with nothing left in its log.
fn file_bytes(path: &Path) -> u64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::metadata(path).unwrap().len()
}

fn points_of(batches: &[Batch]) -> usize {
    batches.iter().flat_map(|batch| &batch.frames).map(|frame| frame.points.len()).sum()
}

fn batch(frames: Vec<Frame>) -> Batch {
    let finished: DateTime<FixedOffset> = known(frames[0].key.period);
    Batch {
        run: Run {
            id: RunId(0),
            collector: "survey".into(),
            planned: None,
            started: finished,
            finished,
            outcome: Outcome::Succeeded,
            read: 0,
            accepted: 0,
            rejected: 0,
            content_hash: None,
            file: None,
            message: None,
            by: None,
        },
        frames,
        rejects: Vec::new(),
        new_places: NewPlaces::default(),
    }
}

fn name(indicator: u32) -> gapwatch_model::IndicatorId {
    format!("i{indicator:02}").as_str().into()
}

fn fingerprint(indicator: u32, period: i64, point: &Point) -> u64 {
    let (first, second) = match point.value {
        Value::Number(number) => (number, 0.0),
        Value::Ratio { numerator, denominator } => (numerator, denominator),
    };
    let parts = [
        first.to_bits(),
        second.to_bits(),
        u64::from(point.row) << 32 | u64::from(point.samples.map_or(0, |n| n + 1)),
    ];
    parts.iter().fold(hash(&[indicator, point.place.0]) ^ period.unsigned_abs(), |sum, part| {
        (sum ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
    })
}

fn latest_sum(series: &dyn SeriesStore, query: &Query) -> u64 {
    let indicator: u32 = query.indicator.as_str()[1..].parse().unwrap();
    let mut sum = 0;
    series
        .latest(query, &mut |head, points| {
            for point in points {
                sum ^= fingerprint(indicator, head.key.period.index(), point);
            }
        })
        .unwrap();
    sum
}

/// Sums per period, in thousandths, so that the order of adding does not matter.
fn sums(series: &dyn SeriesStore, query: &Query) -> Vec<(i64, u64, i64)> {
    let found = series.summary(query, &[]).unwrap();
    rounded(found.iter().map(|s| (s.period.index(), s.places(), s.sum + s.numerator)).collect())
}

fn rounded(sums: Vec<(i64, u64, f64)>) -> Vec<(i64, u64, i64)> {
    sums.into_iter().map(|(period, count, sum)| (period, count, thousandths(sum))).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "rounded and small")]
fn thousandths(sum: f64) -> i64 {
    (sum * 1000.0).round() as i64
}

/// All values of 2,500 villages, day by day; missing ones are zero.
fn raw_column(indicator: u32, days: u64) -> Vec<f64> {
    (0..u32::try_from(days).unwrap())
        .flat_map(|day| (61..2561).map(move |slot| (day, slot)))
        .map(|(day, slot)| match generate::point(indicator, slot, day).map(|point| point.value) {
            Some(Value::Number(number)) => number,
            _ => 0.0,
        })
        .collect()
}

/// The limit: a sum per day straight from memory, in thousandths.
fn scan(column: &[f64], width: usize) -> Vec<i64> {
    column.chunks_exact(width).map(|day| thousandths(day.iter().sum())).collect()
}

/// Bytes of the newest frames, as they lie in the file.
fn frame_bytes(path: &Path, newest: usize) -> usize {
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT sum(bytes) FROM (SELECT length(body) + length(extra) AS bytes FROM frame ORDER BY id DESC LIMIT ?1)";
    connection.query_row(sql, [newest], |row| row.get(0)).unwrap()
}

/// Bytes per point, on our side without the places, which the rows have not.
fn bytes_line(
    what: &str,
    (store, places): (&Path, u64),
    rows: &Path,
    points: u64,
    wanted: f64,
    words: &'static str,
) -> Line {
    let (ours, theirs) =
        ((file_bytes(store) - places) as f64 / points as f64, file_bytes(rows) as f64 / points as f64);
    Line {
        what: format!("{what} ({points} points)"),
        ours: format!("{ours:.3} B"),
        reference: format!("{theirs:.2} B"),
        ratio: format!("1/{:.0}", theirs / ours),
        wanted: words,
        held: theirs / ours >= wanted,
    }
}
