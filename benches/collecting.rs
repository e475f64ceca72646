//! Rows per second from the bytes of a file on disk to the committed batch, and the share of each stage: a province's
//! 2,520 villages reported on forty days, 100,000 rows, as CSV and as XLSX. `cargo bench --bench collecting`.
//!
//! A stage is what a run takes longer with it than without it, the best of several runs each. Which share of reading the
//! parsers have alone, says `cargo bench -p gapwatch-collectors`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail loudly, and its figures are rounded"
)]

#[path = "../collectors/benches/reading/table.rs"]
mod table;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::{CollectorConfig, Context, Decisions, Fetched, Reading, Resolver};
use gapwatch_model::{
    Batch, Gazetteer, IndicatorSet, NewPlaces, Outcome, Place, PlaceIx, PlaceLevel, Run, RunId,
};
use gapwatch_store::{Store, StoreOptions};
use table::{NOTHING, PLACES, ROWS, SOURCE, VALUES, place};

const TIMES: usize = 5;

const INDICATORS: &str = include_str!("../fixtures/caobang/indicators.toml");

fn main() {
    // The country, the province, 56 communes, and the villages.
    let country = place("VN", PlaceLevel::Country, "", "Việt Nam".to_owned(), None);
    let province = place("04", PlaceLevel::Province, "tỉnh", "Cao Bằng".to_owned(), Some(&country.id));
    let commune = |number: usize| {
        let name = format!("{} {number}", table::name(number, 0));
        place(&format!("{:05}", 1000 + number), PlaceLevel::Commune, "xã", name, Some(&province.id))
    };
    let communes: Vec<Place> = (0..56).map(commune).collect();
    let villages = table::villages(&communes);
    let rows = table::rows(&villages, 40);
    println!("{ROWS} rows of {} villages", villages.len());
    let mut places = vec![country, province];
    places.extend(communes);
    places.extend(villages.into_iter().map(|village| village.place));
    for (name, bytes) in [("CSV", table::csv(&rows)), ("XLSX", table::xlsx(&rows))] {
        measure(name, &bytes, &places);
    }
}

fn measure(name: &str, bytes: &[u8], places: &[Place]) {
    let gazetteer = Gazetteer::new(places.to_vec(), Vec::new()).unwrap();
    let resolver = Resolver::new(&gazetteer);
    let tables: BTreeMap<_, _> = toml::from_str(INDICATORS).unwrap();
    let indicators = IndicatorSet::new(tables);
    let (decisions, secrets) = (Decisions::default(), BTreeMap::new());
    let now: DateTime<FixedOffset> = "2025-12-05T18:00:00+07:00".parse().unwrap();
    let context = Context {
        gazetteer: &gazetteer,
        resolver: &resolver,
        boundaries: None,
        indicators: &indicators,
        decisions: &decisions,
        now,
        base_dir: Path::new("."),
        secrets: &secrets,
        home: "04",
    };
    let config = |columns: &str| CollectorConfig::parse("bench", &format!("{SOURCE}{columns}")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rows");
    fs::write(&file, bytes).unwrap();
    let fetch = || Fetched::given("rows", fs::read(&file).unwrap(), now.date_naive());
    let fetched = fetch();
    let read = |config: &CollectorConfig, wanted: u32| {
        let reading = gapwatch_collectors::read(config, &fetched, &context);
        assert_eq!(reading.read, wanted, "{:?}", reading.rejects.first());
        reading
    };
    let all = u32::try_from(ROWS).unwrap();
    let (nothing, placed, whole) = (config(NOTHING), config(PLACES), config(&format!("{PLACES}{VALUES}")));
    let reading = read(&whole, all);
    assert!(reading.rejects.is_empty(), "{:?}", reading.rejects.first());
    let points: usize = reading.frames.iter().map(|frame| frame.points.len()).sum();
    let hashed = best(|_| timed(|| drop(fetch())));
    let cells = best(|_| timed(|| drop(read(&nothing, 0))));
    let resolved = best(|_| timed(|| drop(read(&placed, all))));
    let understood = best(|_| timed(|| drop(read(&whole, all))));
    let batched = best(|_| timed(|| drop(batch(&reading, now))));
    let mut grown = 0;
    let stored = best(|round| {
        let (took, bytes) = store(&dir.path().join(round.to_string()), places, &fetched, &reading, now);
        grown = bytes;
        took
    });
    let flushed = best(|_| flush(dir.path(), grown));
    let total = hashed + understood + batched + stored.max(flushed);
    println!(
        "\n{name}: {:.1} MB, {points} points, {:.0} ms from bytes to committed, {:.0} rows/s",
        bytes.len() as f64 / 1e6,
        1e3 * total.as_secs_f64(),
        ROWS as f64 / total.as_secs_f64()
    );
    for (stage, time) in [
        ("fetch and hash", hashed),
        ("parse and find the table", cells),
        ("resolve days and places", resolved.saturating_sub(cells)),
        ("map and read values, make frames", understood.saturating_sub(resolved)),
        ("make the batch", batched),
        ("append and commit", stored.saturating_sub(flushed)),
        ("a bare write and flush of as many bytes", flushed),
    ] {
        println!(
            "{:>9.1} ms {:>5.1}%  {stage}",
            1e3 * time.as_secs_f64(),
            100.0 * time.as_secs_f64() / total.as_secs_f64()
        );
    }
}

fn batch(reading: &Reading, now: DateTime<FixedOffset>) -> Batch {
    let run = Run {
        id: RunId(0),
        collector: "bench".into(),
        planned: None,
        started: now,
        finished: now,
        outcome: Outcome::Succeeded,
        read: reading.read,
        accepted: reading.accepted,
        rejected: reading.rejected,
        content_hash: None,
        file: None,
        message: None,
        by: None,
    };
    let new_places = NewPlaces { first: PlaceIx(0), places: Vec::new() };
    Batch { run, frames: reading.frames.clone(), rejects: reading.rejects.clone(), new_places }
}

/// Keeps the file and appends the batch to a new store below `dir`; how long that took, and how many bytes on the disk.
fn store(
    dir: &Path,
    places: &[Place],
    fetched: &Fetched,
    reading: &Reading,
    now: DateTime<FixedOffset>,
) -> (Duration, u64) {
    fs::create_dir(dir).unwrap();
    let store = Store::open(&dir.join("gapwatch.db"), &StoreOptions::default()).unwrap();
    store.put_places(places, &[], now).unwrap();
    let batch = batch(reading, now);
    let size =
        || fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum::<u64>();
    let before = size();
    let took = timed(|| {
        store.keep_file(&fetched.content_hash, &fetched.file, &fetched.bytes).unwrap();
        store.append(&batch).unwrap();
    });
    (took, size().saturating_sub(before))
}

/// Time to write so many bytes to a file and have them on the disk.
fn flush(dir: &Path, bytes: u64) -> Duration {
    let content = vec![7_u8; usize::try_from(bytes).unwrap()];
    let mut file = fs::File::create(dir.join("flush")).unwrap();
    timed(|| {
        file.write_all(&content).unwrap();
        file.sync_data().unwrap();
    })
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn best(run: impl FnMut(usize) -> Duration) -> Duration {
    (0..TIMES).map(run).min().unwrap_or_default()
}
