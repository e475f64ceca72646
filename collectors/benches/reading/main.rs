//! Rows per second from bytes to frames for a large CSV and XLSX, the share of each stage, and the ratio to what `csv` and
//! `calamine` alone take for the same bytes: every village of a province for forty days, and the same few rows again and
//! again; and one file of the Cao Bằng example's size. Times are processor time where the system tells it, so that what
//! else runs does not count. Run with `cargo bench -p gapwatch-collectors`, or with the name of one file behind `--`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark may fail loudly"
)]

mod table;

#[path = "../../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

use std::{
    hint::black_box,
    io::Cursor,
    path::Path,
    time::{Duration, Instant},
};

use calamine::{Reader, Xlsx};
use gapwatch_collectors::{CollectorConfig, Fetched};
use gapwatch_model::{Gazetteer, Place, PlaceLevel};
use support::World;
use table::{NOTHING, PLACES, SOURCE, VALUES};

/// Processor time of this process. `None` where the system does not tell.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// The best of several runs.
fn best(times: usize, mut run: impl FnMut()) -> Duration {
    (0..times)
        .map(|_| {
            let (start, used) = (Instant::now(), processor_time());
            run();
            let took = processor_time().zip(used).map(|(now, before)| now.saturating_sub(before));
            took.unwrap_or_else(|| start.elapsed())
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let mut world = World::new();
    let all: Vec<Place> = world.gazetteer.all().map(|ix| world.gazetteer.get(ix).clone()).collect();
    let new =
        |place: &&Place| place.level == PlaceLevel::Commune && place.id.valid_from == table::first_day();
    let mut villages = table::villages(all.iter().filter(new).take(56));
    let places = all.iter().cloned().chain(villages.iter().map(|village| village.place.clone())).collect();
    world.gazetteer = Gazetteer::new(places, world.gazetteer.lineage().to_vec()).unwrap();
    world.resolver = gapwatch_collectors::Resolver::new(&world.gazetteer);
    let province = table::rows(&villages, 40);
    villages.truncate(3);
    let few = table::rows(&villages, 120);
    let files = [
        ("csv", table::csv(&province), csv_alone as fn(&[u8])),
        ("xlsx", table::xlsx(&province), xlsx_alone as fn(&[u8])),
        ("csv-few", table::csv(&few), csv_alone as fn(&[u8])),
        ("xlsx-few", table::xlsx(&few), xlsx_alone as fn(&[u8])),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, bytes, alone) in &files {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            compare(&world, name, bytes, *alone);
        }
    }
    if wanted.is_empty() {
        let config = config(&[PLACES, VALUES]);
        let small = table::xlsx(&province[..360]);
        let time = best(10, || {
            black_box(world.read(&config, "x.xlsx", small.clone(), "2025-12-05"));
        });
        println!("XLSX of 360 rows: {time:.1?}");
    }
}

fn config(columns: &[&str]) -> CollectorConfig {
    CollectorConfig::parse("bench", &format!("{SOURCE}{}", columns.concat())).unwrap()
}

fn csv_alone(bytes: &[u8]) {
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(bytes);
    black_box(reader.records().map(|record| record.unwrap().len()).sum::<usize>());
}

fn xlsx_alone(bytes: &[u8]) {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    black_box(book.worksheet_range_at(0).unwrap().unwrap().get_size());
}

/// Reads one file, only its cells, and with the parser alone, in turns.
fn compare(world: &World, name: &str, bytes: &[u8], alone: fn(&[u8])) {
    let (other, placed, whole) = (config(&[NOTHING]), config(&[PLACES]), config(&[PLACES, VALUES]));
    // What was fetched is in memory and has its hash: reading begins there.
    let day: chrono::NaiveDate = "2025-12-05".parse().unwrap();
    let fetched = Fetched::given("x", bytes.to_vec(), day);
    let ctx = world.context("2025-12-05T18:00:00+07:00", Path::new("."));
    let read = || {
        let reading = gapwatch_collectors::read(&whole, &fetched, &ctx);
        assert_eq!((reading.read, reading.rejects.len()), (100_000, 0), "{:?}", reading.rejects.first());
        black_box(reading);
    };
    let places = || {
        let reading = gapwatch_collectors::read(&placed, &fetched, &ctx);
        assert_eq!((reading.read, reading.rejects.len()), (100_000, 0));
        black_box(reading);
    };
    let cells = || {
        let reading = gapwatch_collectors::read(&other, &fetched, &ctx);
        assert_eq!(reading.read, 0);
        black_box(reading);
    };
    let mut times = [Duration::MAX; 4];
    for _ in 0..9 {
        let runs: [&dyn Fn(); 4] = [&|| alone(bytes), &cells, &places, &read];
        for (time, run) in times.iter_mut().zip(runs) {
            *time = best(1, run).min(*time);
        }
    }
    let [alone, cells, places, ours] = times;
    let share = |stage: Duration| 100.0 * stage.as_secs_f64() / ours.as_secs_f64();
    println!(
        "{name}: 100,000 rows in {ours:.0?} ({:.0} rows/s), {:.1} times the parser alone ({alone:.0?})",
        100_000.0 / ours.as_secs_f64(),
        ours.as_secs_f64() / alone.as_secs_f64()
    );
    println!(
        "    parser {:.0}%, cells and heading {:.0}%, days and places {:.0}%, values and frames {:.0}%; up to the places \
         {:.1} times the parser",
        share(alone),
        share(cells.saturating_sub(alone)),
        share(places.saturating_sub(cells)),
        share(ours.saturating_sub(places)),
        places.as_secs_f64() / alone.as_secs_f64()
    );
}
