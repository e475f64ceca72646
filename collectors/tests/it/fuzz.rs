//! Fuzz targets, one for each parser: any bytes are read or refused, and what is read is sound.
//!
//! In the ordinary suite each target reads its seed corpus, `__fuzz__/<target>/corpus`, and some random inputs. A long run
//! that looks for new ways through the code: `cargo install cargo-bolero`, then
//! `cargo bolero test -p gapwatch-collectors fuzz::workbooks -T 10m` (with `-s` for a sanitizer, on nightly). Inputs that fail
//! are kept in `__fuzz__/<target>/crashes` and read by the ordinary suite from then on.

use std::{fs, path::Path, sync::LazyLock};

use bolero::check;
use gapwatch_collectors::{CollectorConfig, Precision, line_protocol};
use gapwatch_model::CollectorName;

use crate::anything::{WORLD, sound};

/// Random inputs of each target in the ordinary suite.
const RANDOM_INPUTS: usize = 64;

/// The collector of a fixture.
fn collector(fixture: &str) -> CollectorConfig {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(fixture).join("collector.toml");
    CollectorConfig::parse("fuzz", &fs::read_to_string(path).unwrap()).unwrap()
}

static TABLE: LazyLock<CollectorConfig> = LazyLock::new(|| collector("table/coverage-merged-headings"));
static JSON: LazyLock<CollectorConfig> = LazyLock::new(|| collector("json/dossiers"));
static PORTAL: LazyLock<CollectorConfig> = LazyLock::new(|| collector("portal766/strings"));
static CELLS: LazyLock<CollectorConfig> = LazyLock::new(|| collector("opencellid/communes"));
static TILES: LazyLock<CollectorConfig> = LazyLock::new(|| collector("ookla/tiles"));

fn read(config: &CollectorConfig, bytes: &[u8]) {
    sound(&WORLD.read(config, "fuzz", bytes.to_vec(), "2025-11-05"));
}

#[test]
fn workbooks() {
    check!(name = "workbooks").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| read(&TABLE, bytes));
}

#[test]
fn old_workbooks() {
    check!(name = "old_workbooks")
        .with_iterations(RANDOM_INPUTS)
        .for_each(|bytes: &[u8]| read(&TABLE, bytes));
}

#[test]
fn texts() {
    check!(name = "texts").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| read(&TABLE, bytes));
}

#[test]
fn pages() {
    check!(name = "pages").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| {
        read(&TABLE, &[b"<table>", bytes].concat());
    });
}

#[test]
fn json() {
    check!(name = "json").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| {
        read(&JSON, bytes);
        read(&PORTAL, bytes);
    });
}

#[test]
fn feeds() {
    check!(name = "feeds").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| {
        read(&CELLS, bytes);
        read(&TILES, bytes);
    });
}

#[test]
fn pushes() {
    check!(name = "pushes").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| {
        let ctx = WORLD.context("2025-12-05T16:00:00+07:00", Path::new("."));
        let name = CollectorName::new("push");
        sound(&line_protocol(bytes, Precision::Nanoseconds, &name, &ctx));
    });
}

#[test]
fn collector_files() {
    check!(name = "collector_files").with_iterations(RANDOM_INPUTS).for_each(|bytes: &[u8]| {
        if let Err(problems) = CollectorConfig::parse("fuzz", &String::from_utf8_lossy(bytes)) {
            assert!(!problems.is_empty());
        }
    });
}

/// A target whose seeds are gone would find nothing and say nothing.
#[test]
fn every_target_has_its_seeds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/__fuzz__");
    for target in
        ["workbooks", "old_workbooks", "texts", "pages", "json", "feeds", "pushes", "collector_files"]
    {
        let seeds = fs::read_dir(root.join(target).join("corpus")).map_or(0, Iterator::count);
        assert!(seeds > 0, "{target}");
    }
}
