//! The committed example is what its README says: whole, consistent, labelled, small.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use gapwatch_model::text::fold_village;

use crate::{checkout, files, read};

/// Rows of a table of the example, each by its headings.
fn rows(file: &str) -> Vec<BTreeMap<String, String>> {
    let text = read(&format!("fixtures/caobang/places/{file}"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_configuration_has_no_problem() {
    let check = Command::new(env!("CARGO_BIN_EXE_gapwatch"))
        .args(["check", "--config"])
        .arg(checkout().join("fixtures/caobang"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stdout) + String::from_utf8_lossy(&check.stderr);
    assert_eq!(check.status.code(), Some(0), "{said}");
}

/// What the real program says of one file of the example, without storing it: line and code of what does not go in.
fn import(config: &Path, collector: &str, file: &str, day: &str) -> Vec<(u64, String)> {
    let import = Command::new(env!("CARGO_BIN_EXE_gapwatch"))
        .arg("import")
        .arg(checkout().join("fixtures/caobang").join(file))
        .args(["--collector", collector, "--on", day, "--dry-run", "--json", "--config"])
        .arg(config)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&import.stderr);
    let report: serde_json::Value =
        serde_json::from_slice(&import.stdout).unwrap_or_else(|error| panic!("{file}: {error}\n{said}"));
    let conflicts: Vec<(u64, String)> = report["conflicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|conflict| {
            (conflict["line"].as_u64().unwrap(), conflict["errorCode"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(import.status.code(), Some(if conflicts.is_empty() { 0 } else { 3 }), "{file}: {said}");
    assert!(report["importCount"]["imported"].as_u64() > Some(0), "nothing of {file} goes in");
    conflicts
}

#[test]
fn what_is_wrong_on_purpose_is_found_and_nothing_else() {
    // A copy, so that no data comes into the checkout.
    let folder = tempfile::tempdir().unwrap();
    for path in files(&checkout().join("fixtures/caobang"), "") {
        let below = path.strip_prefix(checkout().join("fixtures/caobang")).unwrap();
        if below.starts_with("places") || below.extension().is_some_and(|ending| ending == "toml") {
            let target = folder.path().join(below);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(&path, target).unwrap();
        }
    }
    // One file of each kind of fault; the collectors' own tests read all of them.
    type Case = (&'static str, &'static str, &'static str, &'static [(u64, &'static str)]);
    let cases: [Case; 5] = [
        (
            "coverage",
            "inbox/coverage/phu-song-20251225.xlsx",
            "2025-12-25",
            &[(736, "ambiguous_place"), (1185, "unknown_place")],
        ),
        ("cells", "inbox/cells/opencellid-gia-lap-20251225.csv.gz", "2025-12-25", &[]),
        ("fibre", "inbox/fibre/cap-quang-20240425.csv", "2024-04-25", &[(94, "bad_value")]),
        ("portal-766", "portal/766-202509.json", "2025-09-25", &[(52, "out_of_range")]),
        ("published-second", "inbox/published-second/so-lieu-20251225.csv", "2025-12-25", &[]),
    ];
    for (collector, file, day, expected) in cases {
        let expected: Vec<(u64, String)> =
            expected.iter().map(|(line, code)| (*line, (*code).to_owned())).collect();
        assert_eq!(import(folder.path(), collector, file, day), expected, "{file}");
    }
}

#[test]
fn villages_are_synthetic_and_go_on_where_their_commune_went() {
    let places = rows("places.csv");
    let villages: Vec<_> = places.iter().filter(|place| place["level"] == "village").collect();
    assert_eq!(villages.len(), 1_450);
    let synthetic: BTreeSet<&str> = places
        .iter()
        .filter(|place| place["synthetic"] == "1")
        .map(|place| place["level"].as_str())
        .collect();
    assert_eq!(synthetic, BTreeSet::from(["village"]));
    assert!(villages.iter().all(|village| village["synthetic"] == "1"));

    let moves: BTreeMap<String, String> = rows("moves.csv")
        .into_iter()
        .map(|step| (step["code"].clone(), step["parent_code"].clone()))
        .collect();
    let lineage: BTreeSet<(String, String)> = rows("lineage.csv")
        .into_iter()
        .map(|step| (step["old_code"].clone(), step["new_code"].clone()))
        .collect();
    let mut names = BTreeSet::new();
    for village in &villages {
        let commune = &moves[&village["code"]];
        assert!(village["code"].starts_with(commune.as_str()), "{} in {commune}", village["code"]);
        let step = (village["parent_code"].clone(), commune.clone());
        assert!(lineage.contains(&step), "{}: {step:?} is no step of the merger", village["code"]);
        let name = (commune, fold_village(&format!("{} {}", village["kind"], village["name"])));
        assert!(names.insert(name), "two villages are called {} in {commune}", village["name"]);
    }
}

#[test]
fn the_units_of_both_orders_are_all_there() {
    let places = rows("places.csv");
    let count = |level: &str, ended: bool| {
        places.iter().filter(|place| place["level"] == level && place["valid_to"].is_empty() != ended).count()
    };
    assert_eq!((count("province", false), count("province", true)), (34, 52));
    assert_eq!((count("commune", false), count("commune", true)), (3_321, 10_047));
    assert_eq!((count("district", false), count("district", true)), (0, 696));
    let here =
        |place: &&BTreeMap<String, String>| place["parent_code"] == "04" && place["level"] == "commune";
    assert_eq!(places.iter().filter(here).count(), 56);
}

#[test]
fn every_made_up_text_says_that_it_is() {
    let folder = checkout().join("fixtures/caobang");
    let mut seen = 0;
    for kind in ["inbox/cells", "inbox/fibre", "inbox/measured", "inbox/stations", "portal"] {
        for path in files(&folder.join(kind), "") {
            // The comment in the head of a packed file is not packed.
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("synthetic"), "{} does not say that it is synthetic", path.display());
            seen += 1;
        }
    }
    // 2 exports of cells, 23 fibre files, 8 drive tests, 8 of stations, 48 answers of the portal.
    assert_eq!(seen, 89);
}

#[test]
fn the_example_stays_small() {
    let bytes: u64 = files(&checkout().join("fixtures/caobang"), "")
        .iter()
        .filter(|path| !path.starts_with(checkout().join("fixtures/caobang/data")))
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(bytes < 6_500_000, "{bytes} bytes");
}
