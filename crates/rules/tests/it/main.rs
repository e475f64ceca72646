//! The judging, sentence by sentence of the binding readings.

mod edges;
mod explaining;
mod flags;
mod ledgers;
mod rates;
mod sample;
mod signal;
mod targets;
mod values;
mod world;
