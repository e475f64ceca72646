//! Claims against measurements: where an operator's report and what was measured differ.

use gapwatch_model::{Percent, Period};
use maud::{Markup, html};

use crate::{
    Shell,
    part::{Link, PlaceRef},
    table::Format,
};

/// One operator.
#[derive(Debug, Clone)]
pub struct OperatorRow {
    /// Its name.
    pub operator: String,
    /// Points with a claim and a fresh measurement.
    pub compared: u32,
    /// Of them, where they differ.
    pub disputed: u32,
    /// Covered as claimed, over the compared points.
    pub claimed: Option<Percent>,
    /// Covered as measured, over the compared points.
    pub measured: Option<Percent>,
}

/// One point where they differ.
#[derive(Debug, Clone)]
pub struct DisputeRow {
    /// Which village.
    pub place: PlaceRef,
    /// Its commune.
    pub parent: PlaceRef,
    /// Operator and technology.
    pub operator: String,
    /// What was claimed: covered or not.
    pub claimed: bool,
    /// When it was claimed.
    pub claimed_in: Period,
    /// Who claimed it.
    pub claim_source: Link,
    /// What was measured.
    pub measured: bool,
    /// When it was measured.
    pub measured_in: Period,
    /// Who measured.
    pub measure_source: Link,
}

/// What the page shows. `/claims?place=&operator=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// Every operator.
    pub operators: Vec<OperatorRow>,
    /// Points, newest measurement first.
    pub disputes: Vec<DisputeRow>,
    /// How many there are in all.
    pub disputes_total: u64,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Báo cáo và đo thực tế", "Claims and measurements");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
