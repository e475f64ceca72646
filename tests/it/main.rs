//! The one integration binary: the layout of the house, the example, and the real program over real HTTP.
#![cfg(test)]

mod collecting;
mod example;
mod fixtures;
mod keeping;
mod layout;
mod licences;
mod mergers;
mod paging;
mod program;
mod remote;
mod safety;
mod scenarios;
mod server;
mod small;
mod sources;
mod telling;
mod trial;

use std::path::{Path, PathBuf};

/// The checkout these tests are compiled from.
fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the checkout as text.
fn read(path: &str) -> String {
    let path = checkout().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names in a folder of the checkout, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file below a folder whose name ends so, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            if !["target", "node_modules"].contains(&name.as_str()) {
                found.extend(files(&path, ending));
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}
