//! Two dates side by side: figures, maps and places that changed.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::{
    Shell,
    figure::Figure,
    map::Map,
    part::{Link, PlaceRef, Rates, Tally},
};

/// One side.
#[derive(Debug, Clone)]
pub struct Side {
    /// The day whose knowledge is shown.
    pub on: NaiveDate,
    /// Villages by state.
    pub tally: Tally,
    /// Both rates.
    pub rates: Rates,
    /// The map as it was known.
    pub map: Option<Map>,
}

/// One indicator on both days.
#[derive(Debug, Clone)]
pub struct IndicatorPair {
    /// Its name and page.
    pub indicator: Link,
    /// As known on the first day.
    pub then: Figure,
    /// As known on the second day.
    pub now: Figure,
    /// Higher is better, lower is better, or neither.
    pub direction: gapwatch_model::Direction,
}

/// A place below on both days.
#[derive(Debug, Clone)]
pub struct PlacePair {
    /// Which place.
    pub place: PlaceRef,
    /// Villages without signal on the first day; `None` when the place was not there.
    pub then: Option<u32>,
    /// On the second day.
    pub now: Option<u32>,
}

/// Whose borders the places below are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Borders {
    /// Those of each day.
    Then,
    /// Those of today on both sides.
    #[default]
    Now,
}

/// What the page shows. `/compare?place=&from=&to=&borders=then|now`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// The earlier day.
    pub then: Side,
    /// The later day.
    pub now: Side,
    /// Whose borders.
    pub borders: Borders,
    /// Indicators on both days.
    pub indicators: Vec<IndicatorPair>,
    /// Places that changed most first.
    pub places: Vec<PlacePair>,
    /// What cannot be compared: partial parts kept apart, places without weights.
    pub notes: Vec<String>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("So sánh hai ngày", "Two dates compared");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
