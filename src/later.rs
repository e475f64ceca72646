//! TEMPORARY: what other rooms do not offer yet.
#![allow(missing_docs, dead_code, unused, clippy::all, reason = "temporary")]
use gapwatch_collectors::*;
use gapwatch_model::*;
pub use String as Breach;
pub fn breaches(_: &CollectorConfig, _: &Reading, _: Option<&u32>) -> Vec<Breach> { Vec::new() }
pub fn annotate(_: &CollectorConfig, _: &Fetched, _: &[Reject]) -> anyhow::Result<Vec<u8>> { anyhow::bail!("not yet") }
pub fn day_of(_: &CollectorConfig, _: &str) -> Option<chrono::NaiveDate> { None }
#[derive(Clone, Copy)] pub struct Precision;
impl Precision { pub fn parse(_: &str) -> Option<Self> { Some(Self) } }
pub fn line_protocol(_: &[u8], _: Precision, _: &Context<'_>, _: &str) -> Reading { Reading::default() }
