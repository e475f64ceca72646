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

#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

use std::{
    fmt::Write,
    hint::black_box,
    io::Cursor,
    path::Path,
    time::{Duration, Instant},
};

use calamine::{Reader, Xlsx};
use gapwatch_collectors::{CollectorConfig, Fetched};
use gapwatch_model::{Gazetteer, Membership, Place, PlaceId, PlaceLevel};
use rust_xlsxwriter::Workbook;
use support::World;

const CONFIG: &str = "
title = \"Đo\"
province = \"04\"
level = \"village\"
[source]
kind = \"push\"
[format]
kind = \"table\"
[[columns]]
is = \"date\"
headings = [\"Ngày\"]
[[columns]]
is = \"commune_name\"
headings = [\"Tên xã\"]
[[columns]]
is = \"village_name\"
headings = [\"Tên thôn\"]
[[columns]]
indicator = \"village.households\"
headings = [\"Số hộ\"]
[[columns]]
indicator = \"village.grid_power\"
headings = [\"Điện lưới\"]
[[columns]]
indicator = \"village.signal\"
headings = [\"Viettel 4G\"]
operator = \"Viettel\"
technology = \"4G\"
[[columns]]
indicator = \"village.signal\"
headings = [\"VNPT 4G\"]
operator = \"VNPT\"
technology = \"4G\"
[[columns]]
indicator = \"village.clusters_without_signal\"
headings = [\"Số cụm dân cư chưa có sóng\"]
";

/// Villages of a whole province: forty-five in each of its communes.
fn villages(world: &World) -> Vec<Place> {
    let kinds = ["Xóm", "Bản", "Tổ dân phố"];
    let first = ["Nà", "Pác", "Lũng", "Khuổi", "Cốc", "Thôm", "Phia", "Bó", "Đông"];
    let second = ["Lẹng", "Bó", "Nưa", "Đuốc", "Mười", "Ngườm", "Thượng", "Hoài", "Thin", "Kéo", "Xả"];
    let day: chrono::NaiveDate = "2025-07-01".parse().unwrap();
    let of_commune = |commune: &Place| {
        let (parent, seed) =
            (commune.id.clone(), commune.id.code.as_str().bytes().map(usize::from).sum::<usize>());
        (0..45).map(move |number| Place {
            id: PlaceId::new(&format!("{}-{number}", parent.code), day),
            valid_to: None,
            level: PlaceLevel::Village,
            kind: kinds[(number + seed) % 3].to_lowercase(),
            name: format!("{} {}", first[number % 9], second[(number + number / 9 + seed) % 11]),
            name_en: String::new(),
            other_names: Vec::new(),
            memberships: vec![Membership { parent: parent.clone(), from: day }],
            point: None,
            area_class: None,
            synthetic: true,
        })
    };
    let communes = world.gazetteer.all().map(|ix| world.gazetteer.get(ix));
    let in_force = communes.filter(|place| place.level == PlaceLevel::Commune && place.in_force_on(day));
    in_force.filter(|place| place.id.valid_from == day).take(56).flat_map(of_commune).collect()
}

/// Rows of these villages on one day after the other.
fn rows(world: &World, villages: &[Place], days: usize, count: usize) -> Vec<[String; 8]> {
    let start: chrono::NaiveDate = "2025-07-01".parse().unwrap();
    (0..count)
        .map(|number| {
            let village = &villages[number % villages.len()];
            let commune = world.gazetteer.get(world.gazetteer.ix(&village.memberships[0].parent).unwrap());
            let day = start + chrono::Days::new((number / villages.len() % days) as u64);
            let mark = if number % 7 == 0 { "" } else { "x" };
            [
                day.format("%d/%m/%Y").to_string(),
                commune.full_name(),
                format!("{} {}", village.kind, village.name),
                gapwatch_model::text::count((number % villages.len() * 7919 % 2_000) as u64),
                "có".into(),
                mark.into(),
                "x".into(),
                "0".into(),
            ]
        })
        .collect()
}

const HEADINGS: [&str; 8] = [
    "Ngày",
    "Tên xã",
    "Tên thôn",
    "Số hộ",
    "Điện lưới",
    "Viettel 4G",
    "VNPT 4G",
    "Số cụm dân cư chưa có sóng",
];

fn csv_bytes(rows: &[[String; 8]]) -> Vec<u8> {
    let mut text = HEADINGS.join(";") + "\n";
    for row in rows {
        writeln!(text, "{}", row.join(";")).unwrap();
    }
    text.into_bytes()
}

fn xlsx_bytes(rows: &[[String; 8]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, heading) in (0_u16..).zip(HEADINGS) {
        sheet.write_string(0, column, heading).unwrap();
    }
    for (number, row) in (1_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            match cell.parse::<f64>() {
                Ok(amount) if column == 7 => sheet.write_number(number, column, amount).unwrap(),
                _ => sheet.write_string(number, column, cell).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

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

/// The same collector without its values: days and places are read and resolved.
fn places_only(config: &CollectorConfig) -> CollectorConfig {
    let mut config = config.clone();
    config.columns.retain(|column| column.indicator.is_none());
    config
}

/// The same collector, but for columns of another file: what it reads, it cannot map, so only the cells are read.
fn cells_only(config: &CollectorConfig) -> CollectorConfig {
    let mut config = config.clone();
    for column in &mut config.columns {
        column.headings = vec!["Không thuộc tệp này".to_owned()];
    }
    config
}

fn main() {
    let mut world = World::new();
    let villages = villages(&world);
    let places = world.gazetteer.all().map(|ix| world.gazetteer.get(ix).clone());
    let places = places.chain(villages.iter().cloned()).collect();
    world.gazetteer = Gazetteer::new(places, world.gazetteer.lineage().to_vec()).unwrap();
    world.resolver = gapwatch_collectors::Resolver::new(&world.gazetteer);
    let province = rows(&world, &villages, 40, 100_000);
    let few = rows(&world, &villages[..3], 120, 100_000);
    let files = [
        ("csv", csv_bytes(&province), csv_alone as fn(&[u8])),
        ("xlsx", xlsx_bytes(&province), xlsx_alone as fn(&[u8])),
        ("csv-few", csv_bytes(&few), csv_alone as fn(&[u8])),
        ("xlsx-few", xlsx_bytes(&few), xlsx_alone as fn(&[u8])),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, bytes, alone) in &files {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            compare(&world, name, bytes, *alone);
        }
    }
    if wanted.is_empty() {
        let config = CollectorConfig::parse("bench", CONFIG).unwrap();
        let small = xlsx_bytes(&province[..360]);
        let time = best(10, || {
            black_box(world.read(&config, "x.xlsx", small.clone(), "2025-12-05"));
        });
        println!("XLSX of 360 rows: {time:.1?}");
    }
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
    let config = CollectorConfig::parse("bench", CONFIG).unwrap();
    // What was fetched is in memory and has its hash: reading begins there.
    let day: chrono::NaiveDate = "2025-12-05".parse().unwrap();
    let fetched = Fetched::given("x", bytes.to_vec(), day);
    let ctx = world.context("2025-12-05T18:00:00+07:00", Path::new("."));
    let other = cells_only(&config);
    let read = || {
        let reading = gapwatch_collectors::read(&config, &fetched, &ctx);
        assert_eq!((reading.read, reading.rejects.len()), (100_000, 0), "{:?}", reading.rejects.first());
        black_box(reading);
    };
    let placed = places_only(&config);
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
