//! Files of every format version ever written still answer what they answered when they were written.
//!
//! `fixtures/store/vN/` holds a store written by version N and what it says. A version's files are written once, by
//! `cargo run -p gapwatch-store --example golden`, and never again.

use std::path::PathBuf;

use gapwatch_store::{Store, StoreOptions};

#[path = "say.rs"]
mod say;

#[test]
fn stores_of_every_version_answer_as_they_did() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/store"));
    let mut versions = 0;
    for version in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.sqlite");
        std::fs::copy(version.join("store.sqlite"), &path).unwrap();
        let store = Store::open(&path, &StoreOptions::default()).unwrap();
        let expected = std::fs::read_to_string(version.join("expected.txt")).unwrap();
        assert_eq!(say::everything(&store), expected, "{}", version.display());
        assert_eq!(store.check().unwrap().problems, []);
        store.rebuild().unwrap();
        assert_eq!(say::everything(&store), expected, "{} after a rebuild", version.display());
        versions += 1;
    }
    assert_eq!(versions, 3, "each format version has its folder");
}
