//! A fixture that no test reads is a promise nobody keeps: every folder has a reader, and the reader names it.

use std::collections::BTreeSet;

use crate::{checkout, files, names};

#[test]
fn every_folder_of_fixtures_is_named_by_a_test() {
    let sources: Vec<String> = ["src", "tests", "collectors", "crates", "dashboards"]
        .iter()
        .flat_map(|folder| files(&checkout().join(folder), ".rs"))
        .filter(|path| !path.ends_with("tests/it/fixtures.rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|text| text.contains("#[test]") || text.contains("#[tokio::test"))
        .collect();
    let unread: BTreeSet<String> = names(&checkout().join("fixtures"))
        .into_iter()
        .filter(|kind| !sources.iter().any(|text| names_kind(text, kind)))
        .collect();
    assert!(unread.is_empty(), "no test names {unread:?} of fixtures/");
}

/// Whether a test names the folder whole, or `fixtures` and the kind by itself.
fn names_kind(text: &str, kind: &str) -> bool {
    text.contains(&format!("fixtures/{kind}"))
        || (text.contains("fixtures\"") && text.contains(&format!("\"{kind}\"")))
}

#[test]
fn every_kind_has_cases_with_files() {
    for kind in names(&checkout().join("fixtures")) {
        let folder = checkout().join("fixtures").join(&kind);
        assert!(folder.is_dir(), "fixtures/{kind} is a file, expected a folder of cases");
        for case in names(&folder).into_iter().filter(|case| folder.join(case).is_dir()) {
            let empty = names(&folder.join(&case)).is_empty();
            assert!(!empty, "fixtures/{kind}/{case} is empty");
        }
    }
}
