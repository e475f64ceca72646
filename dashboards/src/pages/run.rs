//! One run of a collector: what it read, what went in, and every row that did not.

use gapwatch_model::{Reject, RejectCode, Run};
use maud::{Markup, html};

use crate::{Shell, table::State};

/// What the page shows. Built in `src/http/sources.rs`; its address is `/runs/{id}`.
#[derive(Debug, Clone)]
pub struct View {
    /// The run.
    pub run: Run,
    /// Title of the collector in the page's language.
    pub title: String,
    /// Where the file can be taken away as it came, if it was kept.
    pub file_href: Option<String>,
    /// Where the sender's own table with what is wrong can be taken away.
    pub report_href: Option<String>,
    /// Rejects by code, most first.
    pub counts: Vec<(RejectCode, u64)>,
    /// Rejects of this page.
    pub rejects: Vec<Reject>,
    /// Paging.
    pub table: State,
    /// A row to point at: `/runs/17?row=12`.
    pub row: Option<u32>,
    /// What that row brought: indicator, place, period and value in words.
    pub row_brought: Vec<String>,
}

/// Draws a run.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(&view.title, &html! { h1 { (view.title) } })
}
