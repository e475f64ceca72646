//! Kills a working process at random moments and proves that what it acknowledged is there whole, and nothing else.
//!
//! In the suite a few rounds; all of them by `cargo test -p gapwatch-store --test crash -- --rounds 200`. A child says on
//! its output what it begins and what it has ended. What a batch holds follows from its number, so the parent knows what
//! must be there. Two parts: [`file`] (appends, corrections, sealing and backups) and [`spool`] (delivery to a server
//! that fails in every way).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that runs as its own program"
)]

mod file;
mod kit;
mod server;
mod spool;

use std::path::Path;

const ROUNDS_IN_SUITE: u64 = 12;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |name: &str, count: usize| {
        args.iter().position(|arg| arg == name).and_then(|at| args.get(at + count)).map(String::as_str)
    };
    if let Some(dir) = after("--file-child", 1) {
        return file::child(Path::new(dir));
    }
    if let (Some(dir), Some(url)) = (after("--spool-child", 1), after("--spool-child", 2)) {
        return spool::child(Path::new(dir), url);
    }
    let rounds =
        after("--rounds", 1).map_or(ROUNDS_IN_SUITE, |rounds| rounds.parse().expect("a number of rounds"));
    file::run(rounds);
    spool::run(rounds);
}
