//! The report that benchmarks read, here and in the root package: every village of a province on one day after the other,
//! as CSV and as XLSX, and the collector it is for. Figures follow from row numbers: they are the same every time.

use std::fmt::Write;

use chrono::{Days, NaiveDate};
use gapwatch_model::{Membership, Place, PlaceId, PlaceLevel, text};
use rust_xlsxwriter::Workbook;

/// Rows of a report.
pub(crate) const ROWS: usize = 100_000;

/// What a collector's file says before its columns.
pub(crate) const SOURCE: &str = "
title = \"Đo\"
province = \"04\"
level = \"village\"
[source]
kind = \"push\"
[format]
kind = \"table\"
";

/// Columns that say when and where.
pub(crate) const PLACES: &str = "
[[columns]]
is = \"date\"
headings = [\"Ngày\"]
[[columns]]
is = \"commune_name\"
headings = [\"Tên xã\"]
[[columns]]
is = \"village_name\"
headings = [\"Tên thôn\"]
";

/// Columns that say what.
pub(crate) const VALUES: &str = "
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

/// Columns of another file: the sheets are read and searched, and nothing is found.
pub(crate) const NOTHING: &str = "
[[columns]]
is = \"place_code\"
headings = [\"Không thuộc tệp này\"]
";

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

/// When the villages and their communes began.
pub(crate) fn first_day() -> NaiveDate {
    "2025-07-01".parse().unwrap()
}

/// A village with the full name of its commune.
pub(crate) struct Village {
    pub(crate) place: Place,
    commune: String,
}

/// A name of a village, not the same for two numbers close to each other.
pub(crate) fn name(number: usize, seed: usize) -> String {
    let first = ["Nà", "Pác", "Lũng", "Khuổi", "Cốc", "Thôm", "Phia", "Bó", "Đông"];
    let second = ["Lẹng", "Bó", "Nưa", "Đuốc", "Mười", "Ngườm", "Thượng", "Hoài", "Thin", "Kéo", "Xả"];
    format!("{} {}", first[number % 9], second[(number + number / 9 + seed) % 11])
}

/// A place of the benchmark.
pub(crate) fn place(
    code: &str,
    level: PlaceLevel,
    kind: &str,
    name: String,
    parent: Option<&PlaceId>,
) -> Place {
    let day = first_day();
    let membership = parent.map(|parent| Membership { parent: parent.clone(), from: day });
    Place {
        id: PlaceId::new(code, day),
        valid_to: None,
        level,
        kind: kind.to_owned(),
        name,
        name_en: String::new(),
        other_names: Vec::new(),
        memberships: membership.into_iter().collect(),
        point: None,
        area_class: None,
        synthetic: true,
    }
}

/// Forty-five villages in each of the communes.
pub(crate) fn villages<'a>(communes: impl IntoIterator<Item = &'a Place>) -> Vec<Village> {
    let of_commune = |commune: &'a Place| {
        let seed = commune.id.code.as_str().bytes().map(usize::from).sum::<usize>();
        (0..45).map(move |number| {
            let code = format!("{}-{number:03}", commune.id.code);
            let kind = ["xóm", "bản", "tổ dân phố"][(number + seed) % 3];
            Village {
                place: place(&code, PlaceLevel::Village, kind, name(number, seed), Some(&commune.id)),
                commune: commune.full_name(),
            }
        })
    };
    communes.into_iter().flat_map(of_commune).collect()
}

/// Every village on one of so many days after the other, until there are rows enough.
pub(crate) fn rows(villages: &[Village], days: usize) -> Vec<[String; 8]> {
    let row = |number: usize| {
        let (day, of_day) = (number / villages.len() % days, number % villages.len());
        let mark = |blank: bool| if blank { String::new() } else { "x".to_owned() };
        [
            (first_day() + Days::new(day as u64)).format("%d/%m/%Y").to_string(),
            villages[of_day].commune.clone(),
            villages[of_day].place.full_name(),
            text::count((of_day * 7919 % 2_000) as u64),
            "có".to_owned(),
            mark(number.is_multiple_of(7)),
            mark(of_day.is_multiple_of(5)),
            (of_day % 3).to_string(),
        ]
    };
    (0..ROWS).map(row).collect()
}

pub(crate) fn csv(rows: &[[String; 8]]) -> Vec<u8> {
    let mut text = HEADINGS.join(";") + "\n";
    for row in rows {
        writeln!(text, "{}", row.join(";")).unwrap();
    }
    text.into_bytes()
}

pub(crate) fn xlsx(rows: &[[String; 8]]) -> Vec<u8> {
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
