//! Rows per second from bytes to frames for a large CSV and XLSX, the share of each stage, and the ratio to what `csv` and
//! `calamine` alone take for the same bytes; and one file of the Cao Bằng example's size. Times are processor time where
//! the system tells it, so that what else runs does not count. Run with `cargo bench -p gapwatch-collectors`.

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

/// Rows of three villages on one day after the other.
fn rows(count: usize) -> Vec<[String; 8]> {
    let villages =
        [("Phường Thục Phán", "Xóm Nà Lẹng"), ("Xã Hưng Đạo", "Bản Pác Bó"), ("Tam Kim", "Nam Phong")];
    let start: chrono::NaiveDate = "2025-07-01".parse().unwrap();
    (0..count)
        .map(|number| {
            let (commune, village) = villages[number % 3];
            let day = start + chrono::Days::new((number / 3 % 120) as u64);
            let mark = if number % 7 == 0 { "" } else { "x" };
            [
                day.format("%d/%m/%Y").to_string(),
                commune.into(),
                village.into(),
                "1.241".into(),
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

/// The same collector, but for columns of another file: what it reads, it cannot map, so only the cells are read.
fn cells_only(config: &CollectorConfig) -> CollectorConfig {
    let mut config = config.clone();
    for column in &mut config.columns {
        column.headings = vec!["Cột của một tệp khác".to_owned()];
    }
    config
}

fn main() {
    let world = World::new();
    let config = CollectorConfig::parse("bench", CONFIG).unwrap();
    let large = rows(100_000);
    let (csv, xlsx) = (csv_bytes(&large), xlsx_bytes(&large));
    // What was fetched is in memory and has its hash: reading begins there.
    let day: chrono::NaiveDate = "2025-12-05".parse().unwrap();
    let given = [&csv, &xlsx].map(|bytes| Fetched::given("x", bytes.clone(), day));
    let ctx = world.context("2025-12-05T18:00:00+07:00", Path::new("."));
    let read = |fetched: &Fetched| {
        let reading = gapwatch_collectors::read(&config, fetched, &ctx);
        assert_eq!(reading.read, 100_000, "{:?}", reading.rejects.first());
        black_box(reading);
    };
    let other = cells_only(&config);
    let cells = |fetched: &Fetched| {
        let reading = gapwatch_collectors::read(&other, fetched, &ctx);
        assert_eq!(reading.read, 0);
        black_box(reading);
    };
    let alone_csv = || {
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(csv.as_slice());
        black_box(reader.records().map(|record| record.unwrap().len()).sum::<usize>());
    };
    let alone_xlsx = || {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx.as_slice())).unwrap();
        black_box(book.worksheet_range_at(0).unwrap().unwrap().get_size());
    };
    let [given_csv, given_xlsx] = &given;
    for (name, fetched, alone) in
        [("CSV", given_csv, &alone_csv as &dyn Fn()), ("XLSX", given_xlsx, &alone_xlsx as &dyn Fn())]
    {
        let (alone, cells) = (best(7, alone), best(7, || cells(fetched)));
        let ours = best(7, || read(fetched));
        let share = |stage: Duration| 100.0 * stage.as_secs_f64() / ours.as_secs_f64();
        println!(
            "{name}: 100,000 rows in {ours:.0?} ({:.0} rows/s), {:.1} times the parser alone ({alone:.0?})",
            100_000.0 / ours.as_secs_f64(),
            ours.as_secs_f64() / alone.as_secs_f64()
        );
        println!(
            "    parser {:.0}%, cells and heading {:.0}%, values, places and frames {:.0}%",
            share(alone),
            share(cells.saturating_sub(alone)),
            share(ours.saturating_sub(cells))
        );
    }
    let small = xlsx_bytes(&rows(360));
    let time = best(10, || {
        black_box(world.read(&config, "x.xlsx", small.clone(), "2025-12-05"));
    });
    println!("XLSX of 360 rows: {time:.1?}");
}
