//! What waits for a person: names of places that are not certain, and batches that broke a contract of their source.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::CollectorName;
use maud::{Markup, html};

use crate::{
    Shell,
    part::{Link, PlaceRef},
};

/// One name that is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The key a decision is remembered under.
    pub key: String,
    /// The name as it stands in the file.
    pub written: String,
    /// What stands around it: district, commune, date of the row.
    pub context: String,
    /// Why it is asked, in the page's language.
    pub why: String,
    /// Which source asks.
    pub collector: CollectorName,
    /// The run and row it first came from.
    pub first: Link,
    /// Rows that wait for the answer.
    pub rows: u64,
    /// What it may be, best first.
    pub candidates: Vec<Candidate>,
    /// A new village may be made of it.
    pub may_create: bool,
}

/// One place a name may mean.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which place. Its identity goes into the form as `code@valid_from`.
    pub place: PlaceRef,
    /// The identity: `01273@2025-07-01`.
    pub id: String,
    /// Where it is and why it is proposed.
    pub note: String,
}

/// A decision that was made.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The name as it stood.
    pub written: String,
    /// What was decided, in words.
    pub answer: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// A batch that waits.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its run; decisions go to `POST /runs/{run}/release` and `/runs/{run}/drop`.
    pub run: u64,
    /// Which source.
    pub collector: CollectorName,
    /// When it came.
    pub at: DateTime<FixedOffset>,
    /// The contracts it broke, in the page's language.
    pub breaches: Vec<String>,
    /// The difference to the last one: (what, last time, this time).
    pub differences: Vec<(String, String, String)>,
}

/// What the page shows. `/review`; decisions are `POST /review` with `key`, `choice` (`code@valid_from`, `create` or `ignore`) and `csrf`.
#[derive(Debug, Clone)]
pub struct View {
    /// Open questions.
    pub questions: Vec<Question>,
    /// Open questions in all.
    pub questions_total: u64,
    /// Batches in quarantine.
    pub batches: Vec<Batch>,
    /// Newest decisions.
    pub decisions: Vec<Decision>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Chờ quyết định", "Waiting for a decision");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
