//! The judging, sentence by sentence of the binding readings.
#![cfg(test)]

mod edges;
mod explaining;
mod flags;
mod laws;
mod ledgers;
mod rates;
mod sample;
mod signal;
mod targets;
mod values;
mod world;
