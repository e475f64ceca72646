//! Components that pages share. Each is a function from values to markup; none knows a page.

pub(crate) mod badge;
pub(crate) mod figure;
pub(crate) mod lists;
pub(crate) mod sentence;
pub(crate) mod spark;
pub(crate) mod table;
pub(crate) mod tally;

use maud::{Markup, PreEscaped, html};

use crate::{Shell, part::Borders};

/// A section with its heading; nothing at all when there is nothing in it.
pub(crate) fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        @if !body.0.is_empty() {
            section #(id) aria-labelledby={ (id) "-h" } {
                h2 #{ (id) "-h" } { (title) }
                (body)
            }
        }
    }
}

/// A page without the marks that turn the direction of writing: no text of ours needs one, and one in a name would turn
/// around what stands behind it.
pub(crate) fn straight(page: Markup) -> Markup {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if page.0.contains(turns) { PreEscaped(page.0.replace(turns, "")) } else { page }
}

/// The answer of a page: the first thing read.
pub(crate) fn answer(sentence: &str) -> Markup {
    html! { p.answer { (sentence) } }
}

/// The choice over whose borders the past is shown.
pub(crate) fn borders(shell: &Shell, chosen: Borders) -> Markup {
    let choices = [
        (Borders::Then, "then", shell.t("địa giới lúc đó", "borders then")),
        (Borders::Now, "now", shell.t("địa giới hiện nay", "borders now")),
    ];
    html! {
        nav.tabs aria-label=(shell.t("Địa giới", "Borders")) {
            @for (one, word, words) in choices {
                a href=(shell.here(&[("borders", Some(word))])) aria-current=[(one == chosen).then_some("true")] { (words) }
            }
        }
    }
}

/// Words where a list is empty.
pub(crate) fn nothing(words: &str) -> Markup {
    html! { p.nothing { (words) } }
}
