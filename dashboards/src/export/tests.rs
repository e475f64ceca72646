//! Files read back by other readers than the ones that wrote them.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{GeoPoint, Percent, Qualification, Qualifier, SignalState, Unit, Value};
use proptest::prelude::{ProptestConfig, proptest};

use super::{About, file_name, write};
use crate::{
    Lang,
    figure::{Absence, Amount},
    map::Shape,
    table::{Cell, Column, Format, Kind, Row},
};

fn about() -> About {
    About {
        title: "Thôn, xóm: [Cao Bằng]".to_owned(),
        lang: Lang::Vi,
        as_of: "2025-12-31".parse().unwrap(),
        made_at: "2025-12-31T17:00:00+07:00".parse().unwrap(),
        address: "/villages?place=04&state=no_signal".to_owned(),
        notes: vec!["coverage-2025-12.xlsx".to_owned()],
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("village", "Thôn", Kind::Text),
        Column::new("state", "Tình trạng", Kind::Text),
        Column::new("households", "Số hộ", Kind::Number),
        Column::new("fibre", "Cáp quang, %", Kind::Share),
        Column::new("since", "Từ ngày", Kind::Date),
        Column::new("recorded", "Ghi nhận", Kind::Date),
        Column::new("power", "Điện", Kind::Text),
        Column::new("stations", "Trạm", Kind::Number),
    ]
}

fn row(name: &str, households: Cell) -> Row {
    let since: NaiveDate = "2025-11-15".parse().unwrap();
    let recorded: DateTime<FixedOffset> = "2025-12-28T16:00:00+07:00".parse().unwrap();
    let more = |number| Cell::Amount {
        amount: Amount::Known(Value::Number(number)),
        qualifier: Qualifier::MoreThan,
        unit: Unit::Locations,
        decimals: 0,
    };
    Row {
        cells: vec![
            Cell::Text(name.to_owned()),
            Cell::Signal(SignalState::NoSignal, Qualification { disputed: true, ..Qualification::default() }),
            households,
            Cell::Share(Percent::of_counts(1, 8)),
            Cell::Date(since),
            Cell::Moment(recorded),
            Cell::YesNo(Some(false)),
            more(1200.0),
        ],
        code: Some("01273-004".to_owned()),
        at: Some(GeoPoint { lat: 22.5, lon: 106.25 }),
        area: None,
    }
}

/// A square of one degree.
fn square(west: f64) -> Vec<(f64, f64)> {
    vec![(west, 22.0), (west + 1.0, 22.0), (west + 1.0, 23.0), (west, 23.0)]
}

fn bounded(rings: Vec<Vec<(f64, f64)>>) -> Row {
    let area = Shape { code: "01273".to_owned(), name: "Thục Phán".to_owned(), rings };
    Row { area: Some(area), ..row("Thục Phán", Cell::Count(1)) }
}

fn file(format: Format, rows: Vec<Row>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let count = u64::try_from(rows.len()).unwrap();
    assert_eq!(write(format, &about(), &columns(), rows.into_iter(), &mut bytes).unwrap(), count);
    bytes
}

#[test]
fn csv_is_read_back_as_it_was() {
    let name = "Nà \"Lẹng\", bản\nmới";
    let bytes =
        file(Format::Csv, vec![row(name, Cell::Absent(Absence::Missing)), row("Tổ 1", Cell::Count(0))]);
    assert_eq!(bytes.get(..3), Some([0xef, 0xbb, 0xbf].as_slice()));
    let mut reader = csv::Reader::from_reader(bytes.get(3..).unwrap());
    let headings: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(headings.len(), 10);
    assert_eq!(headings[4], "Cáp quang, %: tử số");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let first: Vec<&str> = rows[0].iter().collect();
    let expected = [
        name,
        "trắng sóng (có mâu thuẫn)",
        "chưa có số liệu",
        "12.5",
        "1",
        "8",
        "2025-11-15",
        "2025-12-28T16:00:00+07:00",
        "không",
        "hơn 1.200 vị trí",
    ];
    assert_eq!(first, expected);
    assert_eq!(rows[1].get(2), Some("0"), "zero is not missing");
}

#[test]
fn formulas_are_neutralised() {
    for text in ["=1+1", "+84", "-2", "@SUM(A1)", "\t=1", " =cmd|'/C calc'!A0", "＝1", "%0A"] {
        let bytes = file(Format::Csv, vec![row(text, Cell::Count(1))]);
        let mut reader = csv::Reader::from_reader(bytes.get(3..).unwrap());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.get(0), Some(format!("'{text}").as_str()));
    }
    let plain = file(Format::Csv, vec![row("Nà Lẹng - Lũng Mần", Cell::Count(1))]);
    assert!(String::from_utf8(plain).unwrap().contains("\nNà Lẹng - Lũng Mần,"));
}

#[test]
fn a_workbook_has_typed_cells_and_says_what_it_is() {
    let bytes =
        file(Format::Xlsx, vec![row("=1+1", Cell::Count(64)), row("b", Cell::Absent(Absence::Stale))]);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Thôn, xóm Cao Bằng", "Nguồn"]);
    let sheet = book.worksheet_range("Thôn, xóm Cao Bằng").unwrap();
    assert_eq!(sheet.get_value((1, 0)), Some(&Data::String("=1+1".to_owned())));
    assert_eq!(sheet.get_value((1, 2)), Some(&Data::Float(64.0)));
    assert_eq!(sheet.get_value((2, 2)), Some(&Data::String("số liệu đã cũ".to_owned())));
    assert_eq!(sheet.get_value((1, 3)), Some(&Data::Float(0.125)));
    assert!(matches!(sheet.get_value((1, 6)), Some(Data::DateTime(_))));
    let formulas = book.worksheet_formula("Thôn, xóm Cao Bằng").unwrap();
    assert!(formulas.used_cells().next().is_none());
    let about = book.worksheet_range("Nguồn").unwrap();
    assert_eq!(about.get_value((5, 1)), Some(&Data::String("/villages?place=04&state=no_signal".to_owned())));
    assert_eq!(about.get_value((6, 1)), Some(&Data::String("coverage-2025-12.xlsx".to_owned())));
}

#[test]
fn geojson_is_what_rfc_7946_asks() {
    let nowhere = Row { at: None, ..row("b", Cell::Absent(Absence::Insufficient)) };
    let bytes = file(Format::GeoJson, vec![row("Nà \"Lẹng\"", Cell::Count(0)), nowhere]);
    let read: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read["type"], "FeatureCollection");
    assert_eq!(read["gapwatch"]["as_of"], "2025-12-31");
    let first = &read["features"][0];
    assert_eq!((&first["type"], &first["id"]), (&"Feature".into(), &"01273-004".into()));
    assert_eq!(first["geometry"], serde_json::json!({"type": "Point", "coordinates": [106.25, 22.5]}));
    assert_eq!(first["properties"]["households"], 0);
    assert_eq!(first["properties"]["state"], "no_signal");
    assert_eq!(first["properties"]["fibre_denominator"], 8.0);
    assert_eq!(first["properties"]["power"], false);
    let second = &read["features"][1];
    assert!(second["geometry"].is_null());
    assert!(second["properties"]["households"].is_null());
    assert_eq!(second["properties"]["households_absent"], "insufficient");
}

#[test]
fn boundaries_are_polygons() {
    let rows = vec![bounded(vec![square(105.0)]), bounded(vec![square(105.0), square(107.0)])];
    let read: serde_json::Value = serde_json::from_slice(&file(Format::GeoJson, rows.clone())).unwrap();
    let ring = |west: f64| {
        serde_json::json!([[west, 22.0], [west + 1.0, 22.0], [west + 1.0, 23.0], [west, 23.0], [west, 22.0]])
    };
    let geometry = |at: usize| &read["features"][at]["geometry"];
    assert_eq!(*geometry(0), serde_json::json!({"type": "Polygon", "coordinates": [ring(105.0)]}));
    let both = serde_json::json!({"type": "MultiPolygon", "coordinates": [[ring(105.0)], [ring(107.0)]]});
    assert_eq!(*geometry(1), both);
    let text = String::from_utf8(file(Format::Kml, rows)).unwrap();
    assert_eq!(text.matches("<Polygon><outerBoundaryIs>").count(), 3);
    assert!(text.contains("<coordinates>105,22 106,22 106,23 105,23 105,22 </coordinates>"), "{text}");
    assert!(!text.contains("<Point>"), "a boundary says more than a point");
}

#[test]
fn kml_escapes_what_xml_minds() {
    let bytes = file(Format::Kml, vec![row("<b>Khuổi & Hân</b>\u{1}", Cell::Count(3))]);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("<name>&lt;b&gt;Khuổi &amp; Hân&lt;/b&gt;</name>"), "{text}");
    assert!(text.contains("<coordinates>106.25,22.5</coordinates>"));
    assert_eq!(text.matches("<Placemark>").count(), text.matches("</Placemark>").count());
}

#[test]
fn file_names_are_plain() {
    let name = file_name("Thôn, xóm của tỉnh Cao Bằng/..", "2025-12-31".parse().unwrap(), Format::Csv);
    assert_eq!(name, "thon-xom-cua-tinh-cao-bang-2025-12-31.csv");
    assert_eq!(file_name("…", "2025-12-31".parse().unwrap(), Format::Kml), "gapwatch-2025-12-31.kml");
}

#[test]
fn rows_are_taken_one_by_one() {
    let mut bytes = Vec::new();
    let rows = (0..20_000_u32).map(|at| row(&format!("Thôn {at}"), Cell::Count(at.into())));
    assert_eq!(write(Format::Csv, &about(), &columns(), rows, &mut bytes).unwrap(), 20_000);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 20_001);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_text_comes_back_from_csv(text in "[ -~ăâđêôơưàáảãạ=+@\\t\\r\\n\"',;-]{0,12}") {
        let bytes = file(Format::Csv, vec![row(&text, Cell::Count(1))]);
        let mut reader = csv::Reader::from_reader(bytes.get(3..).unwrap());
        let record = reader.records().next().unwrap().unwrap();
        let read = record.get(0).unwrap();
        assert!(read == text || read == format!("'{text}"), "{text:?} came back as {read:?}");
        assert!(!read.trim_start().starts_with(['=', '+', '-', '@']), "{read:?} would be run");
    }

    #[test]
    fn any_text_leaves_json_and_xml_whole(text in ".{0,12}") {
        let json = file(Format::GeoJson, vec![row(&text, Cell::Count(1))]);
        let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(read["features"][0]["properties"]["village"], text);
        let xml = String::from_utf8(file(Format::Kml, vec![row(&text, Cell::Count(1))])).unwrap();
        assert_eq!(xml.matches('<').count(), xml.matches('>').count());
        assert_eq!(xml.matches("<Data ").count(), 11, "one per heading and the id");
    }
}
