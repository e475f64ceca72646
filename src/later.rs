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
pub fn ranks(amounts: &[Option<f64>], lower: bool, _: u8) -> Vec<Option<u32>> {
    amounts.iter().map(|a| a.map(|a| 1 + u32::try_from(amounts.iter().flatten().filter(|b| if lower { **b < a } else { **b > a }).count()).unwrap_or(0))).collect()
}
pub fn states_over_time(_: &gapwatch_rules::Facts, _: &gapwatch_rules::Rules, _: PlaceIx, _: gapwatch_rules::Moment) -> Vec<(chrono::NaiveDate, SignalState, Qualification)> { Vec::new() }
