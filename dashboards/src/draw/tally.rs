//! Villages by state: one bar whose parts differ by pattern, and its words with counts and shares.

use gapwatch_model::{Percent, SignalState};
use maud::{Markup, html};

use crate::{Lang, figure::Absence, part::Tally, words};

use super::badge;

/// Count of each state, in the order of drawing: the worst first.
fn parts(tally: &Tally) -> [(SignalState, u32); 4] {
    [
        (SignalState::NoSignal, tally.no_signal),
        (SignalState::Pocket, tally.pocket),
        (SignalState::Unknown, tally.unknown),
        (SignalState::Covered, tally.covered),
    ]
}

/// A count of villages in a state, where anything is known of any of them: nobody having reported is not zero.
pub(crate) fn count(lang: Lang, tally: &Tally, number: u32) -> Markup {
    match known(tally) {
        Ok(()) => html! { (lang.count(number.into())) },
        Err(absence) => badge::absence(lang, absence),
    }
}

/// Whether a tally can say how many villages are in a state.
///
/// # Errors
/// *Not applicable* where there are no villages, *not reported* where nothing is known of any.
pub(crate) fn known(tally: &Tally) -> Result<(), Absence> {
    match (tally.total, tally.unknown) {
        (0, _) => Err(Absence::NotApplicable),
        (total, unknown) if unknown >= total => Err(Absence::Missing),
        _ => Ok(()),
    }
}

/// The fill of a state in bars: a solid colour or a pattern of the page.
pub(crate) fn fill(state: SignalState) -> Option<&'static str> {
    match state {
        SignalState::NoSignal | SignalState::Covered => None,
        SignalState::Pocket => Some("url(#p-pocket)"),
        SignalState::Unknown => Some("url(#p-missing)"),
    }
}

/// Bar and words.
pub(crate) fn bar(lang: Lang, tally: &Tally) -> Markup {
    if tally.total == 0 {
        return html! {};
    }
    let total = f64::from(tally.total.max(1));
    let mut at = 0.0;
    let mut rects = Vec::new();
    for (state, count) in parts(tally).into_iter().filter(|(_, count)| *count > 0) {
        // At least one pixel in a hundred: a state that exists can be seen.
        let width = (f64::from(count) / total * 1000.0).max(8.0);
        rects.push((state, at, width));
        at += width;
    }
    html! {
        svg.bar viewBox={ "0 0 " (format!("{:.0}", at.max(1.0))) " 26" } aria-hidden="true" {
            @for (state, x, width) in rects {
                rect class={ "v-" (state.as_str()) } x=(format!("{x:.0}")) width=(format!("{width:.0}")) height="26" fill=[fill(state)] {}
            }
        }
        ul.key {
            @for (state, count) in parts(tally) {
                li {
                    span class={ "st " (state.as_str()) } { (words::signal(lang, state)) }
                    " " strong { (lang.count(count.into())) }
                    @if let (Some(share), true) = (Percent::of_counts(count, tally.total), count > 0) {
                        " " span.by { (lang.number(share.percent(), 2)) "%" }
                    }
                    @if state == SignalState::Unknown { (unknown_parts(lang, tally)) }
                }
            }
        }
    }
}

fn unknown_parts(lang: Lang, tally: &Tally) -> Markup {
    let parts = [
        (tally.stale, lang.pick("do số liệu đã cũ", "out of date")),
        (tally.insufficient, lang.pick("do chưa đủ mẫu", "too few samples")),
    ];
    let said = parts.into_iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said.map(|(count, why)| format!("{} {why}", lang.count(count.into()))).collect();
    html! { @if !said.is_empty() { " " span.by { "(" (said.join(", ")) ")" } } }
}
