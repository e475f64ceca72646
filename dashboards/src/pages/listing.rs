//! A long table on its own page: `/villages`, `/communes`, `/observations`. Sorted, filtered and paged by the server.

use maud::{Markup, html};

use crate::{
    Shell, draw,
    part::Link,
    table::{State, Table},
};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct View {
    /// Its title: `Thôn, xóm của tỉnh Cao Bằng`.
    pub title: String,
    /// The answer in one sentence; follows the filter.
    pub answer: String,
    /// The rows of this page.
    pub table: Table,
    /// What the address says of it.
    pub state: State,
    /// Where else to look.
    pub related: Vec<Link>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    shell.page(
        &view.title,
        &html! {
            h1 { bdi { (view.title) } }
            (draw::answer(&view.answer))
            @if !view.related.is_empty() {
                nav.tabs aria-label=(shell.t("Xem thêm", "See also")) {
                    @for link in &view.related { a href=(shell.link(&link.href)) { (link.text) } }
                }
            }
            section aria-label=(view.title) { (draw::table::stateful(shell, &view.table, &view.state)) }
        },
    )
}
