//! What was found: places (old names lead to the new place), indicators, flags. Exact tones come first.

use maud::{Markup, html};

use crate::{Shell, part::Link};

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HitKind {
    /// A place in force.
    Place,
    /// A name that is no longer in force; the note says what it became.
    OldPlace,
    /// An indicator.
    Indicator,
    /// A flag.
    Flag,
}

/// One hit.
#[derive(Debug, Clone)]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// Its words and where it leads.
    pub link: Link,
    /// Where it is, or what became of it: `tỉnh Cao Bằng`, `nay thuộc xã Chợ Đồn (từ 01/07/2025)`.
    pub note: String,
    /// Its tones are those that were typed.
    pub exact: bool,
}

/// What the page shows. Built in `src/http/search.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// What was typed.
    pub query: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// There are more than are shown.
    pub more: bool,
}

/// Draws what was found.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Tìm kiếm", "Search");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
