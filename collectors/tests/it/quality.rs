//! Decisions, contracts, reports, annotated tables, pushes and completeness, over the small world.

use std::path::Path;

use crate::support::{World, at};
use gapwatch_collectors::{
    Breach, Choice, CollectorConfig, Decision, Decisions, Fetched, LastRun, Precision, Report, annotate,
    breaches, line_protocol, push, reporting::reported,
};
use gapwatch_model::{CollectorName, Outcome, PlaceId, Qualifier, RejectCode, Value};

const CONFIG: &str = "
title = \"Khảo sát\"
[source]
kind = \"file\"
path = \"x.csv\"
[format]
kind = \"table\"
[[columns]]
is = \"commune_name\"
headings = [\"Tên xã\"]
required = true
[[columns]]
is = \"village_name\"
headings = [\"Tên thôn\"]
[[columns]]
is = \"village_code\"
headings = [\"Mã\"]
[[columns]]
indicator = \"village.households\"
headings = [\"Số hộ\"]
[[columns]]
indicator = \"village.grid_power\"
headings = [\"Điện lưới\"]
";

fn config(more: &str) -> CollectorConfig {
    CollectorConfig::parse("survey", &format!("{CONFIG}{more}")).unwrap()
}

fn read(world: &World, config: &CollectorConfig, text: &str) -> gapwatch_collectors::Reading {
    world.read(config, "x.csv", text.as_bytes().to_vec(), "2025-11-05")
}

#[test]
fn a_decision_made_once_applies_to_later_files() {
    let mut world = World::new();
    let config = config("");
    let text =
        "Tên xã;Tên thôn;Số hộ\nThuc Phan;Nà Cáp;33\nThục Phán;Nà Cap;34\nThục Phán;Xóm Lạ;35\nĐâu Đó;x;1\n";
    let asked = read(&world, &config, text);
    assert_eq!(
        asked.rejects.iter().map(|r| (r.line, r.asked)).collect::<Vec<_>>(),
        [(2, true), (3, true), (4, true), (5, true)]
    );
    let keys: Vec<String> = asked.rejects.iter().map(|r| r.decision_key.clone()).collect();
    let place = |code: &str, from: &str| Choice::Place { place: PlaceId::new(code, from.parse().unwrap()) };
    let choices = [place("01273", "2025-07-01"), place("v02", "1900-01-01"), Choice::Create, Choice::Ignore];
    let decided = keys.iter().zip(choices).map(|(key, choice)| Decision {
        key: key.clone(),
        choice,
        by: "lan".to_owned(),
        at: at("2025-11-06T08:00:00+07:00"),
    });
    world.decisions = Decisions::new(decided);
    let settled = read(
        &world,
        &config,
        "Tên xã;Tên thôn;Số hộ\nThuc Phan;Nà Cáp;33\nThục Phán;Xóm Lạ;35\nĐâu Đó;x;1\n",
    );
    assert_eq!(settled.rejects, []);
    assert_eq!(settled.notes.ignored, 1);
    assert_eq!(
        settled.new_places.iter().map(gapwatch_model::Place::full_name).collect::<Vec<_>>(),
        ["xóm Lạ"]
    );
    assert_eq!(settled.frames[0].points.len(), 2);
    let misspelt = read(&world, &config, "Tên xã;Tên thôn;Số hộ\nThục Phán;Nà Cap;34\n");
    assert_eq!((misspelt.rejects.len(), misspelt.frames[0].points.len()), (0, 1));
}

fn keys(breaches: &[Breach]) -> Vec<&str> {
    breaches.iter().map(|breach| breach.key.as_str()).collect()
}

#[test]
fn broken_promises_put_a_batch_in_quarantine() {
    let world = World::new();
    let contract = "[contract]\nminimum_rows = 2\nmaximum_drop_percent = 30\nmaximum_frozen_runs = 2\n";
    let config = config(contract);
    let good = "Tên xã;Tên thôn;Mã;Số hộ;Điện lưới\nThục Phán;Nà Cáp;v02;33;x\nThục Phán;Nà Lẹng;v01;34;x\nTam Kim;Nam Phong;v05;35;x\n";
    let first = read(&world, &config, good);
    assert_eq!(first.rejects, []);
    assert_eq!(breaches(&config, &first, None), []);
    let last = LastRun::of(&first, None);
    assert_eq!((last.rows, last.frozen), (3, 1));
    let check = |text: &str, last: &LastRun, expected: &[&str]| {
        let found = breaches(&config, &read(&world, &config, text), Some(last));
        assert_eq!(keys(&found), expected, "{found:?}");
    };
    check(&good.replace("33", "36"), &last, &[]);
    check(
        "Tên xã;Tên thôn;Mã;Số hộ;Điện lưới\nThục Phán;Nà Cáp;v02;33;x\n",
        &last,
        &["minimum_rows", "maximum_drop_percent"],
    );
    check(&good.replace(";x\n", ";\n"), &last, &["columns_may_empty"]);
    check(&good.replace("Nà Cáp;v02", "Nà Lẹng;v02"), &last, &["maximum_renamed_percent"]);
    check("Tên thôn;Mã;Số hộ\nNà Cáp;v02;33\nx;v01;1\nx;v05;1\n", &LastRun::default(), &["columns"]);
    let frozen = LastRun { frozen: 2, ..last.clone() };
    check(good, &frozen, &["maximum_frozen_runs"]);
    check(good, &last, &[]);
}

#[test]
fn a_report_says_what_is_new_changed_and_unchanged() {
    let world = World::new();
    let config = config("");
    let reading = read(
        &world,
        &config,
        "Tên xã;Tên thôn;Số hộ;Điện lưới\nThục Phán;Nà Cáp;33;x\nThục Phán;Nà Lẹng;ba;x\nTam Kim;Nam Phong;35;\n",
    );
    assert_eq!(reading.outcome(), Outcome::Partial);
    let known = |key: &gapwatch_model::FrameKey, point: &gapwatch_model::Point| match key.indicator.as_str() {
        "village.households" if point.row == 2 => Some((Value::Number(33.0), Qualifier::Exact)),
        "village.households" => Some((Value::Number(1.0), Qualifier::Exact)),
        _ => None,
    };
    let report = Report::new(&reading, Vec::new(), true, &known);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["importCount"],
        serde_json::json!({"imported": 2, "updated": 1, "ignored": 1, "deleted": 0})
    );
    assert_eq!(json["dryRun"], true);
    assert_eq!(json["rejectedIndexes"], serde_json::json!([3]));
    let conflict = &json["conflicts"][0];
    assert_eq!(
        (&conflict["line"], &conflict["column"], &conflict["errorCode"]),
        (&3.into(), &3.into(), &"bad_value".into())
    );
    assert_eq!((&conflict["value"], &conflict["property"]), (&"ba".into(), &"Số hộ".into()));
    let text = report.text();
    assert!(
        text.contains("UTF-8")
            && text.contains("dòng 3, cột 3 [Số hộ]: lỗi")
            && text.contains("mới 2, sửa 1, không đổi 1"),
        "{text}"
    );
}

#[test]
fn the_senders_table_comes_back_with_remarks() {
    use calamine::Reader;
    let world = World::new();
    let config = config("");
    let text =
        "Báo cáo\nTên xã;Tên thôn;Số hộ\nThục Phán;Nà Cáp;=1+1\nThục Phán;Nà Lẹng;34\nThục Phán;Nà Leng;5\n";
    let fetched = Fetched::given("x.csv", text.as_bytes().to_vec(), "2025-11-05".parse().unwrap());
    let ctx = world.context("2025-11-05T18:00:00+07:00", Path::new("."));
    let reading = gapwatch_collectors::read(&config, &fetched, &ctx);
    let bytes = annotate(&config, &fetched, &reading).unwrap();
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let at =
        |row: usize, column: usize| sheet.get((row, column)).map(ToString::to_string).unwrap_or_default();
    assert_eq!((at(0, 0).as_str(), at(1, 0).as_str(), at(1, 3).as_str()), ("Báo cáo", "Tên xã", "Cần sửa"));
    assert_eq!(at(2, 2), "=1+1", "a formula of the sender stays text");
    assert!(at(2, 3).contains("không đọc được là số đếm"), "{}", at(2, 3));
    assert_eq!(at(3, 3), "");
    assert!(at(4, 3).contains("Có phải: v01 xóm Nà Lẹng"), "{}", at(4, 3));
}

#[test]
fn pushed_lines_become_observations_and_bad_ones_are_named() {
    let world = World::new();
    let ctx = world.context("2025-12-05T16:00:00+07:00", Path::new("."));
    let body = "village.signal,place=v01,operator=Viettel,technology=4G,host=probe\\ 1 value=true,samples=12i 1764892800\n\
                dossier.on_time,place=01273,evidence=measured,period=202511 numerator=97i,denominator=100u\n\
                # a comment\n\
                cpu,host=a usage=1.5 1764892800\n\
                village.signal,place=v99 value=1 1764892800\n\
                village.signal,place=v01 value=7 1764892800\n\
                village.households,place=v01 value=12.5 1764892800\n\
                village.households,place=v01 value=12i,qualifier=\"about\" 1764892800\n\
                village.households,place=v02 value=12i 1864892800\n\
                village.households value=12i\n\
                village.households,place=v02 value=12i,other=1\n\
                rubbish\n\
                hh.fibre_subscribed,place=01273 value=61.5 1764892800\n\
                hh.fibre_subscribed,place=01273 value=62.5 1764892800\n";
    let reading = line_protocol(body.as_bytes(), Precision::Seconds, &CollectorName::new("push"), &ctx);
    let summary = world.summary(&reading);
    let values: Vec<&str> =
        summary["values"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(
        values,
        [
            "1: village.signal v01@1900-01-01 202512 = 1 [Viettel] [4G] n=12",
            "2: dossier.on_time 01273@2025-07-01 202511 = 97/100",
            "8: village.households v01@1900-01-01 202512 = about 12",
        ]
    );
    let rejected: Vec<(u32, RejectCode)> = reading.rejects.iter().map(|r| (r.line, r.code)).collect();
    assert_eq!(
        rejected,
        [
            (4, RejectCode::BadValue),
            (5, RejectCode::UnknownPlace),
            (6, RejectCode::BadValue),
            (7, RejectCode::BadValue),
            (9, RejectCode::BadDate),
            (10, RejectCode::Missing),
            (11, RejectCode::BadValue),
            (12, RejectCode::BadRow),
            (13, RejectCode::ConflictingDuplicate),
            (14, RejectCode::ConflictingDuplicate),
        ]
    );
    assert_eq!((reading.read, reading.accepted, reading.rejected), (13, 3, 10));
    let message = push::partial_write(&reading).unwrap();
    assert!(message.starts_with("partial write: 10 of 13 lines dropped: line 4: "), "{message}");
    assert_eq!(push::unpack(&gzip(body.as_bytes())).unwrap(), body.as_bytes());
    assert!(push::unpack(b"no gzip").is_err());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A sentence that names every line in every line's reject grows with the square of the file.
#[test]
fn of_many_rows_that_contradict_each_other_a_few_are_named() {
    let world = World::new();
    let mut text = "Tên xã;Mã;Số hộ\n".to_owned();
    (0..3_000).for_each(|households| text.push_str(&format!("Thục Phán;v01;{households}\n")));
    let reading = read(&world, &config(""), &text);
    assert_eq!((reading.rejects.len(), reading.rejected), (3_000, 3_000));
    let sentence = &reading.rejects[2_999].sentence;
    let expected = "các dòng 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 và 2.988 dòng khác nói khác nhau về ";
    assert!(sentence.starts_with(expected), "{sentence:.300}");
}

#[test]
fn a_cell_that_holds_a_page_is_shown_in_part() {
    let world = World::new();
    let page = "é".repeat(100_000);
    let text = format!("Tên xã;Mã;Số hộ\nThục Phán;v01;{page}\n{page};v01;5\n");
    let reading = read(&world, &config(""), &text);
    assert_eq!(reading.rejects.len(), 2);
    for reject in &reading.rejects {
        assert_eq!((reject.value.chars().count(), reject.value.chars().last()), (301, Some('…')));
        assert!(reject.sentence.chars().count() <= 601, "{}", reject.sentence.chars().count());
    }
}

#[test]
fn a_pushed_line_that_is_no_text_stays_out() {
    let world = World::new();
    let ctx = world.context("2025-12-05T16:00:00+07:00", Path::new("."));
    let body = b"village.households,place=v01,method=\xff value=3 1764892800\nvillage.households,place=v01 value=4 1764892800\n";
    let reading = line_protocol(body, Precision::Seconds, &CollectorName::new("push"), &ctx);
    let rejected: Vec<(u32, RejectCode)> = reading.rejects.iter().map(|r| (r.line, r.code)).collect();
    assert_eq!((rejected, reading.accepted), (vec![(1, RejectCode::BadRow)], 1));
}

#[test]
fn precisions_are_those_of_influxdb() {
    let world = World::new();
    let ctx = world.context("2025-12-05T16:00:00+07:00", Path::new("."));
    for (precision, stamp) in [
        ("s", "1761930000"),
        ("ms", "1761930000000"),
        ("us", "1761930000000000"),
        ("ns", "1761930000000000000"),
    ] {
        let body = format!("village.signal,place=v01 value=1 {stamp}");
        let precision = Precision::parse(precision).unwrap();
        let reading = line_protocol(body.as_bytes(), precision, &CollectorName::new("push"), &ctx);
        // 2025-10-31 17:00 UTC is the first of November in Vietnam.
        assert_eq!(reading.frames[0].key.period.to_string(), "202511", "{stamp}");
    }
    assert_eq!(Precision::parse("h"), None);
}

#[test]
fn completeness_never_passes_the_whole() {
    let world = World::new();
    let indicator = world.indicators.get("village.households").unwrap();
    let on = |text: &str| -> chrono::NaiveDate { text.parse().unwrap() };
    let place = |code: &str| world.gazetteer.by_code_on(code, on("2025-11-30")).unwrap();
    let reports = [
        (place("v01"), at("2025-12-02T08:00:00+07:00")),
        (place("v01"), at("2025-12-20T08:00:00+07:00")),
        (place("v02"), at("2025-12-11T00:10:00+07:00")),
        (place("v05"), at("2025-12-10T23:59:00+07:00")),
    ];
    let rows = reported(&world.gazetteer, indicator, place("04"), "202511".parse().unwrap(), &reports, 10);
    let row = |code: &str| *rows.iter().find(|row| row.place == place(code)).unwrap();
    let thuc_phan = row("01273");
    assert_eq!((thuc_phan.expected, thuc_phan.actual, thuc_phan.on_time), (4, 2, 1));
    assert_eq!((row("01774").expected, row("01774").actual, row("01774").on_time), (2, 1, 1));
    assert_eq!(row("01654").rate(), None, "no village, nothing expected");
    assert_eq!(rows.len(), 56);
    assert!(rows.iter().all(|row| row.on_time <= row.actual && row.actual <= row.expected));
    let before = reported(&world.gazetteer, indicator, place("04"), "202505".parse().unwrap(), &reports, 10);
    assert_eq!(before.len(), 161, "the communes of before the merger");
}

#[test]
fn coordinates_are_those_of_vietnam_in_either_order() {
    let world = World::new();
    let columns = "[[columns]]\nis = \"longitude\"\nheadings = [\"Kinh độ\"]\n[[columns]]\nis = \"latitude\"\nheadings = [\"Vĩ độ\"]\n";
    let config =
        CollectorConfig::parse("survey", &format!("unknown_places = \"create\"\n{CONFIG}{columns}")).unwrap();
    let text = "Tên xã;Tên thôn;Số hộ;Kinh độ;Vĩ độ\nThục Phán;Xóm Lạ;3;22,62924;106,34808\nThục Phán;Nà Cáp;4;106,2;\nThục Phán;Nà Lẹng;4;10,2;22,6\n";
    let reading = read(&world, &config, text);
    let point = reading.new_places[0].point.unwrap();
    assert!((point.lat - 22.62924).abs() < 1e-9 && (point.lon - 106.34808).abs() < 1e-9, "{point:?}");
    let rejected: Vec<_> = reading.rejects.iter().map(|r| (r.line, r.column, r.value.as_str())).collect();
    assert_eq!(rejected, [(3, 4, "106,2"), (4, 4, "10,2")]);
    assert_eq!(reading.frames[0].points.len(), 3, "the rest of the row goes in");
}
