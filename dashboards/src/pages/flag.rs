//! One flag explained: rule, inputs with their rows, arithmetic, target, what would clear it, and its whole history.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Evidence, FlagState, Period};
use maud::{Markup, html};

use crate::{
    Shell,
    figure::Figure,
    part::{FlagRow, Link, TargetRow},
};

/// One observation the rule looked at.
#[derive(Debug, Clone)]
pub struct Input {
    /// The indicator and its page.
    pub indicator: Link,
    /// Which place, when it is another than the flag's.
    pub place: Option<Link>,
    /// Operator, technology, measuring point in words.
    pub dimensions: String,
    /// Period it is about.
    pub period: Period,
    /// The value.
    pub value: Figure,
    /// How much weight it has.
    pub evidence: Evidence,
    /// File as shown to people.
    pub file: Option<String>,
    /// 1-based row in the file.
    pub row: u32,
    /// The run that brought it: words and page.
    pub run: Link,
    /// When it became known.
    pub recorded_at: DateTime<FixedOffset>,
    /// Why it did not count, when it did not.
    pub not_counted: Option<String>,
}

/// One change of the flag's state.
#[derive(Debug, Clone)]
pub struct Change {
    /// The state it went to.
    pub state: FlagState,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Why, in the page's language.
    pub explanation: String,
    /// Who took it on while it lasted.
    pub acknowledged_by: Option<String>,
}

/// What a flag's page shows. Built in `src/http/flags.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The flag.
    pub flag: FlagRow,
    /// The rule in one sentence, in the page's language.
    pub rule_text: String,
    /// Version of `rules.toml`.
    pub rules_version: String,
    /// What it looked at.
    pub inputs: Vec<Input>,
    /// The arithmetic, line by line.
    pub arithmetic: Vec<String>,
    /// The target in force.
    pub target: Option<TargetRow>,
    /// What would clear it, in the page's language.
    pub clears: String,
    /// Its history, newest first.
    pub history: Vec<Change>,
}

/// Draws a flag.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(&view.flag.rule_name, &html! { h1 { (view.flag.rule_name) } })
}
