//! One indicator of one place: its newest figure, its way over time against the target, and how the places below stand.

use gapwatch_model::{PeriodKind, TargetStatus};
use maud::{Markup, html};

use crate::{
    Shell,
    chart::Chart,
    figure::Figure,
    map::Map,
    part::{Link, PlaceRef, TargetRow},
};

/// How the indicator is declared in `indicators.toml`.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its id.
    pub id: String,
    /// Its formula, for derived ones.
    pub formula: Option<String>,
    /// How parents are made of children, in words.
    pub aggregation: String,
    /// How often it is reported.
    pub period: PeriodKind,
    /// Periods until it is stale.
    pub staleness: u32,
    /// Fewer samples do not speak.
    pub minimum_samples: Option<u32>,
    /// Where it is published.
    pub document: Option<String>,
}

/// A place below in the ranking.
#[derive(Debug, Clone)]
pub struct RankRow {
    /// Rank with ties; `None` without a value.
    pub rank: Option<u32>,
    /// Which place.
    pub place: PlaceRef,
    /// Its newest value.
    pub value: Figure,
    /// Where it stands, where it has a target.
    pub status: Option<TargetStatus>,
    /// Value over time, oldest first; gaps are `None`.
    pub trend: Vec<Option<f64>>,
}

/// What an indicator's page shows. Built in `src/http/indicators.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name in the page's language.
    pub name: String,
    /// Its declaration.
    pub definition: Definition,
    /// Of which place.
    pub place: PlaceRef,
    /// The newest value.
    pub value: Figure,
    /// The value of the period before, for the sentence.
    pub previous: Option<Figure>,
    /// The target in force.
    pub target: Option<TargetRow>,
    /// Over time.
    pub chart: Option<Chart>,
    /// The places below on a map.
    pub map: Option<Map>,
    /// The places below, best first.
    pub ranking: Vec<RankRow>,
    /// Findings: a total that is not the sum of its parts, a parent that differs from its children.
    pub findings: Vec<String>,
    /// Other indicators to go to.
    pub related: Vec<Link>,
}

/// Draws an indicator.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(&view.name, &html! { h1 { (view.name) } })
}
