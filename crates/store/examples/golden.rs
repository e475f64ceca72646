//! Writes the golden files of the current format version: `cargo run -p gapwatch-store --example golden`.
//!
//! Run once per version, before its first release. It refuses to write over files that are there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool for developers that stops at the first surprise"
)]

use std::path::PathBuf;

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use gapwatch_model::{
    Batch, Dimensions, Evidence, Flag, FlagState, Frame, FrameKey, Membership, NewPlaces, Outcome, Period,
    PeriodKind, Place, PlaceId, PlaceIx, PlaceLevel, Point, Qualifier, Reject, RejectCode, Run, RunId, Value,
};
use gapwatch_store::{AuditEntry, Decision, Store, StoreOptions, Token};

#[path = "../tests/store/say.rs"]
mod say;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.sqlite");
    let store = Store::open(&path, &StoreOptions::default()).unwrap();
    fill(&store);
    let said = say::everything(&store);
    drop(store);
    let version: i64 = rusqlite::Connection::open(&path)
        .and_then(|file| file.pragma_query_value(None, "user_version", |row| row.get(0)))
        .unwrap();
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/store"))
        .join(format!("v{version}"));
    std::fs::create_dir(&folder).expect("the golden files of a version are written once");
    std::fs::copy(&path, folder.join("store.sqlite")).unwrap();
    std::fs::write(folder.join("expected.txt"), said).unwrap();
}

fn fill(store: &Store) {
    store.put_places(&places(), &[], time(0)).unwrap();
    let mut run = 0;
    let mut append = |at: u64, frames: Vec<Frame>| {
        run += 1;
        store.append(&batch(at, frames, if run == 1 { vec![reject()] } else { Vec::new() })).unwrap();
    };
    // Daily yes/no, monthly shares, noisy decimals with samples; a correction, a late place, both kinds of gaps.
    for day in 0..40 {
        append(
            day + 1,
            vec![
                frame("signal", "survey", PeriodKind::Day, day),
                frame("speed", "tests", PeriodKind::Day, day),
            ],
        );
        if day % 31 == 30 {
            append(day + 1, vec![frame("fibre", "operator", PeriodKind::Month, day)]);
        }
    }
    let mut corrected = frame("signal", "survey", PeriodKind::Day, 5);
    corrected.points.truncate(2);
    corrected.points.iter_mut().for_each(|point| point.value = Value::Number(7.0));
    append(120, vec![corrected]);
    store.seal(NaiveDate::from_ymd_opt(2024, 2, 1).unwrap()).unwrap();
    append(200, vec![frame("signal", "survey", PeriodKind::Day, 6)]);

    let held = batch(210, vec![frame("signal", "survey", PeriodKind::Day, 100)], Vec::new());
    let run = store.quarantine(&held).unwrap();
    store.quarantine(&held).unwrap();
    store.release(run, "lan", time(215)).unwrap();
    store.put_document("rules", "rules.toml", b"version = \"1\"", "lan", time(1)).unwrap();
    store.keep_file("ab", "bao-cao.csv", "Tên xóm;Có sóng\nNà Lủng;x\n".as_bytes()).unwrap();
    let decision = Decision { key: "Quí|04".into(), answer: "Quý".into(), by: "lan".into(), at: time(3) };
    store.put_decision(&decision).unwrap();
    let flag = Flag {
        key: "village-no-signal~v3~19000101".parse().unwrap(),
        state: FlagState::Firing,
        since: time(2),
        clear_since: None,
        explanation_vi: "Chưa có sóng.".into(),
        explanation_en: "No signal.".into(),
        rules_version: "1".into(),
        acknowledgement: None,
    };
    store.record_flags(&[flag], time(2)).unwrap();
    let token = Token {
        name: "lan".into(),
        role: "editor".into(),
        hash: "$argon2id$x".into(),
        created: time(0),
        revoked: None,
    };
    store.add_token(&token).unwrap();
    let entry = AuditEntry {
        at: time(215),
        who: "lan".into(),
        role: "editor".into(),
        action: "release".into(),
        subject: "run".into(),
        detail: String::new(),
    };
    store.audit(&entry).unwrap();
    store.set_meta("clock", "2025-12-31T17:00:00+07:00").unwrap();
}

fn frame(indicator: &str, source: &str, kind: PeriodKind, on: u64) -> Frame {
    let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(on);
    let number = u32::try_from(on).unwrap();
    let key = FrameKey {
        indicator: indicator.into(),
        period: Period::containing(kind, day),
        source: source.into(),
        evidence: if indicator == "speed" { Evidence::Measured } else { Evidence::Claimed },
        dimensions: Dimensions {
            operator: (indicator == "signal").then(|| "Viettel".into()),
            technology: (indicator != "fibre").then(|| "4G".into()),
            ..Dimensions::default()
        },
        method: (on % 2 == 1).then(|| "drive-test".into()),
    };
    let points =
        (1..14).filter(|place| (place + number) % 6 != 0 && (*place < 11 || number > 20)).map(|place| {
            Point {
                place: PlaceIx(place),
                value: match indicator {
                    "signal" => Value::Number(f64::from(u32::from((place * 7 + number / 9) % 5 > 0))),
                    "speed" => Value::Number(f64::from(place * 13 + number * 3 % 50) / 10.0),
                    _ => Value::Ratio { numerator: f64::from(place), denominator: f64::from(place % 7 * 20) },
                },
                qualifier: if place % 9 == 1 { Qualifier::MoreThan } else { Qualifier::Exact },
                samples: (indicator == "speed").then_some(place * number),
                row: place + 4,
            }
        });
    Frame { key, points: points.collect() }
}

fn batch(at: u64, frames: Vec<Frame>, rejects: Vec<Reject>) -> Batch {
    let run = Run {
        id: RunId(0),
        collector: "survey".into(),
        planned: Some(time(at)),
        started: time(at),
        finished: time(at),
        outcome: if rejects.is_empty() { Outcome::Succeeded } else { Outcome::Partial },
        read: 40,
        accepted: 39,
        rejected: 1,
        content_hash: Some("ab".into()),
        file: Some("bao-cao.csv".into()),
        message: None,
        by: None,
    };
    Batch { run, frames, rejects, new_places: NewPlaces::default() }
}

fn reject() -> Reject {
    Reject {
        file: "bao-cao.csv".into(),
        line: 3,
        column: 2,
        heading: "Có sóng".into(),
        value: "?".into(),
        code: RejectCode::BadValue,
        asked: false,
        sentence: "Ô này phải là x hoặc để trống.".into(),
        suggestions: vec!["x".into()],
        decision_key: String::new(),
    }
}

fn time(day: u64) -> DateTime<FixedOffset> {
    "2024-01-01T17:00:00.000000001+07:00".parse::<DateTime<FixedOffset>>().unwrap() + Days::new(day)
}

fn places() -> Vec<Place> {
    let epoch = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
    let id = |number: u32| PlaceId::new(&format!("v{number}"), epoch);
    (0..14)
        .map(|number| Place {
            id: id(number),
            valid_to: None,
            level: if number == 0 { PlaceLevel::Commune } else { PlaceLevel::Village },
            kind: if number == 0 { "xã" } else { "xóm" }.into(),
            name: format!("Nà Lủng {number}"),
            name_en: String::new(),
            other_names: Vec::new(),
            memberships: (number > 0)
                .then(|| Membership { parent: id(0), from: epoch })
                .into_iter()
                .collect(),
            point: None,
            area_class: None,
            synthetic: true,
        })
        .collect()
}
