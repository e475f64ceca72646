//! From the outside world to frames and rejects: fetching, reading tables, resolving places, never dropping a row in silence.
//!
//! Only `fetch` is asynchronous; reading is bytes in, values out. Time and secrets are arguments. This room knows neither
//! the store nor the rules.

pub mod config;
mod kinds;
mod pattern;
mod records;
pub mod schedule;

pub use config::{CollectorConfig, Problem};
