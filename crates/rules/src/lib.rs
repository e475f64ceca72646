//! Judging: what is known goes in, what it means comes out. Pure.
//!
//! The same facts, configuration and moment give the same answer, byte for byte. Nothing here reads a clock, a file or
//! the network, and no threshold stands in the code: they are in `rules.toml` and `targets.toml`.

mod config;
mod formula;
mod problem;
mod targets;

pub use config::{Band, Deadlines, NoDataPolicy, Pace, Rule, Rules, Signal, Tolerances, When};
pub use formula::check_formulas;
pub use problem::Problem;
pub use targets::{Targets, meets, path_value, status};
