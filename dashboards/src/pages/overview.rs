//! The overview of the country or a province: the answer in one sentence, then what stands behind it.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Ledger, TargetStatus};
use maud::{Markup, html};

use crate::{
    Shell,
    chart::Chart,
    figure::Figure,
    map::Map,
    part::{Before, ChildRow, FlagRow, Link, Pace, PlaceRef, Rates, Tally, TargetRow},
};

/// Communes held against their targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lagging {
    /// All communes in force.
    pub total: u32,
    /// Behind in at least one target.
    pub lagging: u32,
    /// Nothing known of any target.
    pub unknown: u32,
}

/// One indicator with its newest figure.
#[derive(Debug, Clone)]
pub struct IndicatorRow {
    /// Its name and page, with the place: `/indicators/hh.fibre_subscribed?place=04`.
    pub indicator: Link,
    /// The newest value.
    pub value: Figure,
    /// Where it stands, where it has a target.
    pub status: Option<TargetStatus>,
    /// Value over time, oldest first; gaps are `None`.
    pub trend: Vec<Option<f64>>,
}

/// The plan for villages with signal, for the sentence.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Last day of the plan.
    pub due: chrono::NaiveDate,
    /// Promised rate in percent.
    pub percent: f64,
    /// Where the place stands.
    pub status: TargetStatus,
    /// How fast it moves.
    pub pace: Option<Pace>,
}

/// What the overview shows. Built in `src/http/overview.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The country or the province.
    pub place: PlaceRef,
    /// Its villages.
    pub tally: Tally,
    /// Its rates.
    pub rates: Rates,
    /// The count it is compared with.
    pub before: Option<Before>,
    /// The plan for coverage.
    pub plan: Option<Plan>,
    /// Its communes.
    pub lagging: Lagging,
    /// When anything was last collected for it.
    pub last_collected: Option<DateTime<FixedOffset>>,
    /// The map of the places below.
    pub map: Option<Map>,
    /// Why the count changed since `before.on`.
    pub ledger: Option<Ledger>,
    /// Its targets.
    pub targets: Vec<TargetRow>,
    /// Worst places below, worst first.
    pub worst: Vec<ChildRow>,
    /// How many places below there are in all.
    pub children_total: u32,
    /// Newest flags, newest first.
    pub flags: Vec<FlagRow>,
    /// Flags firing in all.
    pub flags_firing: u32,
    /// Every other indicator with a figure.
    pub indicators: Vec<IndicatorRow>,
    /// Villages without signal over time.
    pub trend: Option<Chart>,
}

/// Draws the overview.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(&view.place.name, &html! { h1 { (view.place.name) } })
}
