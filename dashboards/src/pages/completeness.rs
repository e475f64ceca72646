//! Who reported what: a heat table of places by indicators. Expected counts by validity; never above 100%.

use gapwatch_model::Period;
use maud::{Markup, html};

use crate::{
    Shell,
    part::{Link, PlaceRef},
    table::Format,
};

/// Reports of one place for one indicator over the period shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reports {
    /// Reports expected. 0: none is expected.
    pub expected: u32,
    /// Reports that came.
    pub actual: u32,
    /// Of them, in time.
    pub on_time: u32,
}

/// One place.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which place.
    pub place: PlaceRef,
    /// One per indicator, in order of the columns.
    pub reports: Vec<Reports>,
    /// All of them together.
    pub all: Reports,
}

/// What the page shows. `/completeness?place=&from=&to=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// The first period.
    pub from: Period,
    /// The last period.
    pub to: Period,
    /// The indicators: short name and page.
    pub indicators: Vec<Link>,
    /// One per place, least complete first.
    pub rows: Vec<Row>,
    /// All places together.
    pub total: Row,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Mức đầy đủ báo cáo", "Completeness of reports");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
