//! The sources: is each collector healthy, when did it last run, what did not go in, what waits for a person.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{CollectorName, Outcome, Run};
use maud::{Markup, html};

use crate::Shell;

/// How a collector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// The last run brought what was expected, in time.
    Good,
    /// Due, and not yet here.
    Overdue,
    /// The last run failed.
    Failing,
    /// A batch waits for a person.
    Quarantined,
    /// Paused by a person.
    Paused,
    /// Has not run yet.
    NeverRan,
}

/// One collector.
#[derive(Debug, Clone)]
pub struct CollectorRow {
    /// Its name; its runs are `/sources?collector={name}`.
    pub name: CollectorName,
    /// Its title in the page's language.
    pub title: String,
    /// Kind and place: `XLSX · coverage/2025-12.xlsx`, without secrets.
    pub location: String,
    /// Its schedule in words.
    pub schedule: String,
    /// How it is.
    pub health: Health,
    /// Its last run.
    pub last: Option<Run>,
    /// When it runs next.
    pub next: Option<DateTime<FixedOffset>>,
    /// Reporting periods it is late by.
    pub overdue_periods: u32,
    /// Rejects and questions of its last run that had any rows.
    pub open_rejects: u32,
    /// Outcomes of its last runs, oldest first.
    pub recent: Vec<Outcome>,
    /// How long ago the newest fresh figure's period ended, in days.
    pub age_days: Option<i64>,
}

/// The spool before a remote store.
#[derive(Debug, Clone)]
pub struct Spool {
    /// Batches waiting.
    pub depth: u64,
    /// Bytes waiting.
    pub bytes: u64,
    /// Bytes it may hold.
    pub capacity_bytes: u64,
    /// Age of the oldest, in seconds.
    pub oldest_age_s: Option<u64>,
    /// The last error, without secrets.
    pub last_error: Option<String>,
}

/// What the page shows. Built in `src/http/sources.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// Every collector.
    pub collectors: Vec<CollectorRow>,
    /// The collector whose runs are listed; all of them without one.
    pub chosen: Option<CollectorName>,
    /// Newest runs first.
    pub runs: Vec<Run>,
    /// Address of older runs.
    pub older: Option<String>,
    /// The spool, where there is one.
    pub spool: Option<Spool>,
    /// Places waiting for a decision (`/review`).
    pub reviews_open: u64,
    /// Batches in quarantine (`/review`).
    pub quarantined: u64,
}

/// Draws the sources.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Nguồn số liệu", "Sources");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
