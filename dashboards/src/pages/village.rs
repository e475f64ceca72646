//! A village: its state and since when, who must act, every piece of evidence with its row, and its history.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{AreaClass, Evidence, GeoPoint, Period, Qualification, SignalState};
use maud::{Markup, html};

use crate::{
    Shell,
    figure::Amount,
    map::Map,
    part::{Actor, FlagRow, Link, PlaceRef, StateSpan, Station},
};

/// One piece of evidence about the village's signal.
#[derive(Debug, Clone)]
pub struct EvidenceRow {
    /// Where in the village: the words for the centre or a cluster's name.
    pub point: String,
    /// Operator.
    pub operator: Option<String>,
    /// Technology.
    pub technology: Option<String>,
    /// Signal (1) or none (0), or why it does not speak.
    pub signal: Amount,
    /// How much weight it has.
    pub evidence: Evidence,
    /// How it was found out.
    pub method: Option<String>,
    /// Period it is about.
    pub period: Period,
    /// Samples behind it.
    pub samples: Option<u32>,
    /// Source with file and row, leading to the run.
    pub source: Link,
    /// When it became known.
    pub recorded_at: DateTime<FixedOffset>,
    /// It carries the state.
    pub speaks: bool,
    /// A claim and a measurement differ here.
    pub disputed: bool,
}

/// What is asked of whoever must act.
#[derive(Debug, Clone)]
pub struct Duty {
    /// Who.
    pub actor: Actor,
    /// By when.
    pub due: Option<NaiveDate>,
    /// Days the clock has run, blocked time apart.
    pub running_days: Option<i64>,
    /// Days it was blocked, such as waiting for power.
    pub blocked_days: Option<i64>,
}

/// One attribute with where it comes from.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name: `Số hộ`.
    pub name: String,
    /// Its value in words with its unit; `None` is *not reported*.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Option<Link>,
}

/// What a village's page shows. Built in `src/http/villages.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The village.
    pub place: PlaceRef,
    /// Its commune.
    pub parent: PlaceRef,
    /// Its state.
    pub state: SignalState,
    /// With what reservation.
    pub qualification: Qualification,
    /// Day the state became known. `None` while nothing is known.
    pub since: Option<NaiveDate>,
    /// Who must act, when it is not covered.
    pub duty: Option<Duty>,
    /// Has grid power.
    pub grid_power: Option<bool>,
    /// Area class.
    pub area_class: Option<AreaClass>,
    /// Households and others.
    pub attributes: Vec<Attribute>,
    /// Where it is.
    pub at: Option<GeoPoint>,
    /// The commune's outline with this village.
    pub map: Option<Map>,
    /// All evidence, what speaks first.
    pub evidence: Vec<EvidenceRow>,
    /// States it was in, newest first.
    pub history: Vec<StateSpan>,
    /// Nearest stations.
    pub stations: Vec<Station>,
    /// Its flags.
    pub flags: Vec<FlagRow>,
}

/// Draws a village.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(&view.place.name, &html! { h1 { (view.place.name) } })
}
