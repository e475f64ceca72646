//! Every folder `fixtures/<kind>/<case>` of this room: the input is read by its collector and gives just what is expected.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::World;
use gapwatch_collectors::{Boundaries, CollectorConfig, Fetched};

const KINDS: [&str; 6] = ["table", "json", "portal766", "opencellid", "ookla", "ispeed"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let mut cases: Vec<_> =
        fs::read_dir(root().join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case of {kind}");
    cases
}

/// `collector.toml` may begin with `# day = 2025-11-05`: the day the file is about.
fn run(world: &World, case: &Path) -> serde_json::Value {
    let text = fs::read_to_string(case.join("collector.toml")).unwrap();
    let config =
        CollectorConfig::parse("fixture", &text).unwrap_or_else(|problems| panic!("{case:?}: {problems:?}"));
    assert_eq!(config.check(&world.indicators), [], "{case:?}");
    let day =
        text.lines().find_map(|line| line.strip_prefix("# day = ")).unwrap_or("2025-11-05").trim().to_owned();
    let mut inputs = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let input = inputs.find(|path| path.file_stem().is_some_and(|stem| stem == "input")).unwrap();
    let mut boundaries = Boundaries::default();
    if let Ok(geojson) = fs::read_to_string(case.join("boundaries.geojson")) {
        boundaries.add(&geojson).unwrap();
    }
    let now = format!("{day}T18:00:00+07:00");
    let mut ctx = world.context(&now, Path::new("."));
    ctx.boundaries = Some(&boundaries);
    let name = input.file_name().unwrap().to_str().unwrap();
    let fetched = Fetched::given(name, fs::read(&input).unwrap(), day.parse().unwrap());
    world.summary(&gapwatch_collectors::read(&config, &fetched, &ctx))
}

/// With `UPDATE_FIXTURES` set, writes what was found instead: to be read by a person before it is committed.
fn check(kind: &str) {
    let world = World::new();
    for case in cases(kind) {
        let found = run(&world, &case);
        let path = case.join("expected.json");
        if option_env!("UPDATE_FIXTURES").is_some() {
            fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let expected: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).unwrap_or_default())
                .unwrap_or_else(|error| panic!("{}: {error}; found {found:#}", path.display()));
        assert_eq!(found, expected, "{}: found {found:#}", case.display());
    }
}

#[test]
fn tables() {
    check("table");
}

#[test]
fn json_records() {
    check("json");
}

#[test]
fn the_portal_of_766() {
    check("portal766");
}

#[test]
fn cells_of_opencellid() {
    check("opencellid");
}

#[test]
fn tiles_of_ookla() {
    check("ookla");
}

#[test]
fn medians_of_ispeed() {
    check("ispeed");
}

#[test]
fn every_kind_has_a_test() {
    for kind in KINDS {
        assert!(root().join(kind).is_dir(), "{kind}");
    }
}
