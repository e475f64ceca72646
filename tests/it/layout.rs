//! The rooms know only whom they may know. Read from the manifests, so that it holds for what is built.

use std::collections::{BTreeMap, BTreeSet};

use crate::{checkout, names, read};

/// Every room: its manifest, the rooms it may name, and crates it must never name.
const ROOMS: [Room; 6] = [
    Room { name: "gapwatch-model", manifest: "crates/model/Cargo.toml", knows: &[], never: &["tokio"] },
    Room {
        name: "gapwatch-rules",
        manifest: "crates/rules/Cargo.toml",
        knows: &["gapwatch-model"],
        never: &["tokio"],
    },
    Room {
        name: "gapwatch-store",
        manifest: "crates/store/Cargo.toml",
        knows: &["gapwatch-model"],
        never: &[],
    },
    Room {
        name: "gapwatch-collectors",
        manifest: "collectors/Cargo.toml",
        knows: &["gapwatch-model"],
        never: &[],
    },
    Room {
        name: "gapwatch-dashboards",
        manifest: "dashboards/Cargo.toml",
        knows: &["gapwatch-model"],
        never: &["tokio"],
    },
    Room {
        name: "gapwatch",
        manifest: "Cargo.toml",
        knows: &[
            "gapwatch-model",
            "gapwatch-rules",
            "gapwatch-store",
            "gapwatch-collectors",
            "gapwatch-dashboards",
        ],
        never: &[],
    },
];

/// Crates that belong to the rooms named here. `deny.toml` says the same to `cargo deny`.
const OWNED: [(&str, &[&str]); 8] = [
    ("axum", &["gapwatch"]),
    ("maud", &["gapwatch-dashboards"]),
    ("reqwest", &["gapwatch", "gapwatch-collectors"]),
    ("influxdb2", &["gapwatch-store"]),
    ("lettre", &["gapwatch"]),
    ("rusqlite", &["gapwatch-store"]),
    ("calamine", &["gapwatch-collectors"]),
    ("cron", &["gapwatch-collectors"]),
];

struct Room {
    name: &'static str,
    manifest: &'static str,
    knows: &'static [&'static str],
    never: &'static [&'static str],
}

#[test]
fn rooms_know_only_whom_they_may_know() {
    for room in &ROOMS {
        let known: BTreeSet<String> =
            dependencies(room, true).into_iter().filter(|name| name.starts_with("gapwatch")).collect();
        let allowed: BTreeSet<String> = room.knows.iter().map(ToString::to_string).collect();
        let too_many: Vec<_> = known.difference(&allowed).collect();
        assert!(too_many.is_empty(), "{} names {too_many:?}, expected none but {allowed:?}", room.name);
    }
}

#[test]
fn a_crate_with_an_owner_is_named_by_no_other_room() {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for room in &ROOMS {
        let named = dependencies(room, false);
        for (owned, _) in OWNED.iter().filter(|(owned, _)| named.contains(*owned)) {
            users.entry(owned).or_default().insert(room.name);
        }
        for never in room.never {
            assert!(!named.contains(*never), "{} names `{never}`", room.name);
        }
    }
    for (owned, owners) in OWNED {
        let used = users.remove(owned).unwrap_or_default();
        let strangers: Vec<_> = used.iter().filter(|room| !owners.contains(room)).collect();
        assert!(strangers.is_empty(), "`{owned}` is named by {strangers:?}, expected {owners:?} only");
    }
}

#[test]
fn every_member_of_the_workspace_is_a_room_named_here() {
    let root: toml::Table = read("Cargo.toml").parse().unwrap();
    let members: BTreeSet<String> = root["workspace"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| format!("{}/Cargo.toml", member.as_str().unwrap()))
        .chain(["Cargo.toml".to_owned()])
        .collect();
    let rooms: BTreeSet<String> = ROOMS.iter().map(|room| room.manifest.to_owned()).collect();
    assert_eq!(members, rooms);
    for room in &ROOMS {
        let manifest: toml::Table = read(room.manifest).parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(room.name));
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "lints of {}", room.name);
    }
}

#[test]
fn there_is_one_integration_binary() {
    let binaries: Vec<String> = names(&checkout().join("tests"))
        .into_iter()
        .filter(|name| name.ends_with(".rs") || checkout().join("tests").join(name).join("main.rs").exists())
        .collect();
    assert_eq!(binaries, ["it"]);
}

/// Names of crates a room depends on, for every platform; with or without those of its tests.
fn dependencies(room: &Room, tests_too: bool) -> BTreeSet<String> {
    let manifest: toml::Table = read(room.manifest).parse().unwrap();
    let mut tables = vec![&manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().filter_map(toml::Value::as_table));
    }
    let mut found = BTreeSet::new();
    for table in tables {
        for (section, entries) in table {
            let counts = match section.as_str() {
                "dependencies" | "build-dependencies" => true,
                "dev-dependencies" => tests_too,
                _ => false,
            };
            let entries = entries.as_table().filter(|_| counts).into_iter().flatten();
            // A renamed dependency is still the crate it renames.
            found.extend(entries.map(|(name, entry)| {
                entry.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned()
            }));
        }
    }
    found
}
