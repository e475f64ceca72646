//! The meeting pack: an administrative report on A4 for one place and one cut-off. Sealed packs are the same bytes for ever,
//! so this page carries its own styles, no script, no search, nobody's name but the author's.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Ledger, Percent};
use maud::{Markup, html};

use crate::{
    Lang,
    map::Map,
    pages::overview::{IndicatorRow, Lagging, Plan},
    part::{Before, ChildRow, FlagRow, Link, PlaceRef, Rates, Tally, TargetRow},
};

/// What a pack shows. Built in `src/http/packs.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// Language of the report.
    pub lang: Lang,
    /// The authority above, in capitals on the left: `UBND TỈNH CAO BẰNG`.
    pub authority: String,
    /// The body that reports: `SỞ KHOA HỌC VÀ CÔNG NGHỆ`.
    pub body: String,
    /// Number of the report: `12/BC-SKHCN`. Empty: left open to be filled in by hand.
    pub number: String,
    /// Where it is signed: `Cao Bằng`.
    pub signed_at: String,
    /// Of which place.
    pub place: PlaceRef,
    /// The cut-off: everything recorded up to the end of this day.
    pub cut_off: NaiveDate,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// Who made it.
    pub author: String,
    /// Holds made-up data.
    pub synthetic: bool,
    /// Villages by state.
    pub tally: Tally,
    /// Both rates.
    pub rates: Rates,
    /// The strict rate at the last pack.
    pub strict_before: Option<Percent>,
    /// The count at the last pack.
    pub before: Option<Before>,
    /// The plan for coverage.
    pub plan: Option<Plan>,
    /// Communes held against targets.
    pub lagging: Lagging,
    /// The map.
    pub map: Option<Map>,
    /// The ledger since the last pack.
    pub ledger: Option<Ledger>,
    /// Targets with status.
    pub targets: Vec<TargetRow>,
    /// Worst communes.
    pub worst: Vec<ChildRow>,
    /// Flags with owners and due dates.
    pub flags: Vec<FlagRow>,
    /// Other figures.
    pub indicators: Vec<IndicatorRow>,
    /// How states and rates are made, one sentence each, with the versions of rules and targets.
    pub method: Vec<String>,
    /// Sources with their last run before the cut-off.
    pub sources: Vec<Link>,
}

/// Draws the sealed document, whole and alone.
#[must_use]
pub fn render(view: &View) -> Markup {
    html! { h1 { (view.place.name) } }
}
