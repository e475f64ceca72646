//! The real mergers of 2025 through the real program: no household is created or lost, and the past can be seen in the
//! borders of then and of now.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::{read, server::between, small::Small};

const FIBRE: &str = "hh.fibre_subscribed";

/// The country's places and what they were made of, without targets; May 2025 still speaks.
fn country(home: &str) -> Small {
    let small = Small::new();
    for file in ["places.csv", "moves.csv", "lineage.csv"] {
        small.write(&format!("places/{file}"), &read(&format!("fixtures/caobang/places/{file}")));
    }
    small.write("targets.toml", "");
    small.edit("indicators.toml", "staleness = 3", "staleness = 600");
    small.edit("gapwatch.toml", "home = \"04\"", &format!("home = \"{home}\""));
    small
}

#[test]
fn old_communes_go_on_in_the_new_provinces() {
    let places = read("fixtures/caobang/places/places.csv");
    let mut rows = csv::Reader::from_reader(places.as_bytes());
    let rows: Vec<HashMap<String, String>> = rows.deserialize().map(Result::unwrap).collect();
    let district = |row: &&HashMap<String, String>| row["level"] == "district";
    let province_of: HashMap<&str, &str> =
        rows.iter().filter(district).map(|row| (row["code"].as_str(), row["parent_code"].as_str())).collect();
    let mut lines = String::new();
    let mut said: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let ended = rows.iter().filter(|row| row["level"] == "commune" && row["valid_to"] == "2025-07-01");
    for (number, row) in (1_u64..).zip(ended) {
        let above = row["parent_code"].as_str();
        let province = province_of.get(above).copied().unwrap_or(above);
        if !["06", "19", "17", "25", "26", "24", "27"].contains(&province) {
            continue;
        }
        let (with, all) = (number * 37 % 90 + 5, number * 37 % 90 + 5 + number * 13 % 50);
        lines.push_str(&format!(
            "{FIBRE},place={},period=202505 numerator={with},denominator={all}\n",
            row["code"]
        ));
        let sum = said.entry(province).or_default();
        *sum = (sum.0 + with, sum.1 + all);
    }
    let small = country("19");
    let server = small.serve();
    server.push("report", &lines);
    // Bắc Kạn and Thái Nguyên; Phú Thọ, Vĩnh Phúc and Hòa Bình; Bắc Giang and Bắc Ninh.
    for (new, name, old) in [
        ("19", "Thái Nguyên", &["06", "19"][..]),
        ("25", "Phú Thọ", &["17", "25", "26"]),
        ("24", "Bắc Ninh", &["24", "27"]),
    ] {
        let wanted = old.iter().fold((0, 0), |sum, code| (sum.0 + said[code].0, sum.1 + said[code].1));
        let summary = server.json(&format!("/api/v1/summary?place={new}"));
        assert_eq!(
            (summary["place"]["name"].as_str(), summary["place"]["valid_from"].as_str()),
            (Some(name), Some("2025-07-01"))
        );
        let fibre =
            summary["indicators"].as_array().unwrap().iter().find(|found| found["id"] == FIBRE).unwrap();
        let count = |key: &str| format!("{:.6}", fibre[key].as_f64().unwrap());
        let whole = |number: u64| format!("{number}.000000");
        assert_eq!((count("numerator"), count("denominator")), (whole(wanted.0), whole(wanted.1)), "{name}");
    }
}

#[test]
fn the_past_in_the_borders_of_then_and_of_now() {
    let small = country("04");
    let village = |number: u32| format!("01273-{number:03}");
    let names: Vec<String> = (1..=6).map(village).collect();
    let rows: Vec<[&str; 4]> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            [name.as_str(), "2025-05-31", "village.signal", if at % 2 == 0 { "0" } else { "1" }]
        })
        .collect();
    let again: Vec<[&str; 4]> =
        rows.iter().map(|[place, _, what, value]| [*place, "2025-06-30", what, value]).collect();
    small.story("2025-07-10", &[("2025-06-15", &rows), ("2025-07-08", &again)]);
    let server = small.start("demo");
    let counts = |place: &str, borders: &str| {
        let summary =
            server.json(&format!("/api/v1/summary?place={place}&as_of=2025-06-20&borders={borders}"));
        let villages = &summary["villages"];
        let count = |key: &str| villages[key].as_u64().unwrap();
        (
            summary["place"]["name"].as_str().unwrap().to_owned(),
            [count("total"), count("no_signal"), count("covered"), count("unknown")],
        )
    };
    let (then, now) = (counts("04", "then"), counts("04", "now"));
    assert_eq!(then, now, "the province's total is the same either way");
    assert_eq!(then.1[1..3], [3, 3]);
    assert_eq!(counts("01273", "then").0, "Hợp Giang");
    let carried = counts("01273", "now");
    assert_eq!((carried.0.as_str(), &carried.1[1..3]), ("Thục Phán", &[3, 3][..]));
    let account = |borders: &str| -> Value {
        server.json(&format!("/api/v1/ledger?place=01273&from=2025-06-20&to=2025-07-05&borders={borders}"))
    };
    let numbers =
        |account: &Value| ["opening", "boundary", "closing"].map(|key| account[key].as_i64().unwrap());
    assert_eq!(numbers(&account("then")), [0, 3, 3], "they came in with the borders");
    assert_eq!(numbers(&account("now")), [3, 0, 3], "in the borders of now nothing moved");
    assert!(server.get("/?as_of=2025-06-20&borders=now").1.contains("Theo địa giới hiện nay"));
    assert!(server.get("/communes/01273?as_of=2025-06-20&borders=now").1.contains("Thục Phán"));
    assert_eq!(server.get("/api/v1/summary?borders=yesterday").0, 400);

    // A chart of what came out of others goes on from them only where it is asked to.
    let chart = |borders: &str| {
        let page = server
            .get(&format!("/indicators/village.mobile_headline?place=01273&borders={borders}&lang=en"))
            .1;
        assert!(page.contains("borders=then") && page.contains("borders=now"), "{page}");
        between(&page, "<figure class=\"chart\">", "</figure>").to_owned()
    };
    let whole = server.get("/indicators/village.mobile_headline?place=04&lang=en").1;
    assert!(whole.contains("(06/2025)") && !whole.contains("(08/2023)"), "nothing was known before: {whole}");
    let (then, now) = (chart("then"), chart("now"));
    assert!(!then.contains("old places carried over") && !then.contains("05/2025"), "{then}");
    assert!(now.contains("old places carried over") && now.contains("05/2025"), "{now}");

    // What is searched for on a past day is found in the borders asked for.
    let found =
        |borders: &str| server.get(&format!("/search?q=Hợp+Giang&as_of=2025-06-20&borders={borders}")).1;
    assert!(found("now").contains("nay thuộc phường Thục Phán"), "{}", found("now"));
    assert!(!found("then").contains("nay thuộc"), "{}", found("then"));

    // A pack says in which borders it was made.
    let visitor = server.sign_in(&server.token);
    let sealed = |borders: &str| {
        let fields = [("place", "01273"), ("cut_off", "2025-06-20"), ("borders", borders)];
        let (status, page) = visitor.send_with("/packs", "/packs", &fields);
        assert_eq!(status, 200, "{page}");
        let document = between(&page, "href=\"/packs/", "\"");
        (page.clone(), visitor.get(&format!("/packs/{document}")))
    };
    let ((then_page, then), (now_page, now)) = (sealed("then"), sealed("now"));
    assert!(then_page.contains("địa giới ngày 20/06/2025") && now_page.contains("địa giới ngày 10/07/2025"));
    assert!(
        then.contains(
            "phường Hợp Giang</bdi>, số liệu đến hết ngày 20/06/2025, theo địa giới ngày 20/06/2025"
        ),
        "{then}"
    );
    assert!(
        now.contains(
            "phường Thục Phán</bdi>, số liệu đến hết ngày 20/06/2025, theo địa giới ngày 10/07/2025"
        ),
        "{now}"
    );
    assert!(now_page.contains("chưa có số liệu nào trong tài liệu bị đính chính"), "{now_page}");
}
