//! An error for a person: what happened, what to do next, nothing of our insides.

use maud::{Markup, html};

use crate::Shell;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct View {
    /// HTTP status: 400, 401, 403, 404, 413, 429, 500, 503; any other is drawn by its hundred.
    pub status: u16,
    /// One more sentence in the page's language, such as which query key could not be read.
    pub detail: Option<String>,
    /// Seconds to wait, for 429 and 503.
    pub retry_after_s: Option<u64>,
    /// Id under which the cause is in the log, for 500.
    pub reference: Option<String>,
}

/// Draws an error.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = view.status.to_string();
    shell.page(&title, &html! { h1 { (title) } })
}
