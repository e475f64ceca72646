//! A commune: its answer, its villages on a map and in a table, its targets, stations, flags, and what it was before.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{AreaClass, Ledger, Percent, Qualification, SignalState};
use maud::{Markup, html};

use crate::{
    Shell,
    chart::Chart,
    map::Map,
    pages::overview::IndicatorRow,
    part::{Actor, Before, FlagRow, LineageRow, PlaceRef, Rates, Station, Tally, TargetRow},
};

/// One village of the commune.
#[derive(Debug, Clone)]
pub struct VillageRow {
    /// Which village.
    pub place: PlaceRef,
    /// Its state.
    pub state: SignalState,
    /// With what reservation.
    pub qualification: Qualification,
    /// Day the state began. `None` while nothing is known.
    pub since: Option<chrono::NaiveDate>,
    /// Households. `None` when nobody reported them.
    pub households: Option<u32>,
    /// Has grid power. `None` when nobody reported it.
    pub grid_power: Option<bool>,
    /// Its area class.
    pub area_class: Option<AreaClass>,
    /// Who must act; only for villages without signal or with pockets.
    pub actor: Option<Actor>,
    /// Distance of the nearest station, in metres.
    pub nearest_station_m: Option<f64>,
}

/// What a commune's page shows. Built in `src/http/communes.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The commune.
    pub place: PlaceRef,
    /// Its villages by state.
    pub tally: Tally,
    /// Its rates.
    pub rates: Rates,
    /// The count it is compared with.
    pub before: Option<Before>,
    /// When anything was last collected for it.
    pub last_collected: Option<DateTime<FixedOffset>>,
    /// The same strict rate of the place above, to compare with.
    pub parent_strict: Option<Percent>,
    /// Its villages on its own outline.
    pub map: Option<Map>,
    /// Its villages, worst first.
    pub villages: Vec<VillageRow>,
    /// Why the count changed since `before.on`.
    pub ledger: Option<Ledger>,
    /// Its targets, inherited ones too.
    pub targets: Vec<TargetRow>,
    /// Its other indicators.
    pub indicators: Vec<IndicatorRow>,
    /// Villages without signal over time.
    pub trend: Option<Chart>,
    /// Its flags.
    pub flags: Vec<FlagRow>,
    /// Nearest stations of its own point.
    pub stations: Vec<Station>,
    /// What it was made of.
    pub lineage: Vec<LineageRow>,
}

/// Draws a commune.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(&view.place.name, &html! { h1 { (view.place.name) } })
}
