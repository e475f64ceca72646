//! Meeting packs: making one, opening one with its seal, and what of it has been revised since.

use chrono::{DateTime, FixedOffset, NaiveDate};
use maud::{Markup, html};

use crate::{
    Shell,
    part::{Link, PlaceRef},
};

/// One sealed pack.
#[derive(Debug, Clone)]
pub struct PackRow {
    /// Its id; `/packs/{id}` is its page, `/packs/{id}/document` its bytes.
    pub id: String,
    /// Of which place.
    pub place: PlaceRef,
    /// Its cut-off.
    pub cut_off: NaiveDate,
    /// When it was sealed.
    pub made_at: DateTime<FixedOffset>,
    /// Who sealed it.
    pub author: String,
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub hash: String,
}

/// The list of packs. `/packs?place=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// Newest first.
    pub packs: Vec<PackRow>,
}

/// One figure of a sealed pack that is another now.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Which figure, with its page.
    pub figure: Link,
    /// As sealed, in words with its unit.
    pub sealed: String,
    /// As known now of the same cut-off day or period.
    pub now: String,
    /// When the correction was recorded, and by which run.
    pub recorded_at: DateTime<FixedOffset>,
    /// The run that brought it.
    pub run: Option<Link>,
}

/// One pack with its seal.
#[derive(Debug, Clone)]
pub struct OneView {
    /// The pack.
    pub pack: PackRow,
    /// The stored bytes still have the stored hash.
    pub intact: bool,
    /// Figures revised since.
    pub revisions: Vec<Revision>,
    /// A PDF can be made here.
    pub pdf: bool,
}

/// Draws the list, and the form to make one for those who may.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Tài liệu họp", "Meeting packs");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}

/// Draws one pack with its seal.
#[must_use]
pub fn render_one(shell: &Shell, view: &OneView) -> Markup {
    let title = shell.t("Tài liệu họp", "Meeting pack");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
