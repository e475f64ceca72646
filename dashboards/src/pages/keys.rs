//! Help: the keys, the words, the signs. `/keys`, also opened by `?`.

use maud::{Markup, html};

use crate::Shell;

/// Draws the page. It has nothing of its own to show.
#[must_use]
pub fn render(shell: &Shell) -> Markup {
    let title = shell.t("Phím tắt và ký hiệu", "Keys and signs");
    shell.page(title, &html! { h1 { (title) } })
}
