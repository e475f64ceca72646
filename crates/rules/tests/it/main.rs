//! The judging, sentence by sentence of the binding readings.
#![cfg(test)]

mod edges;
mod explaining;
mod flags;
mod histories;
mod laws;
mod ledgers;
mod lists;
mod mergers;
mod rates;
mod sample;
mod signal;
mod targets;
mod values;
mod world;
