//! States as shape, word and colour. The shape comes from the style sheet by class and is not read out.

use gapwatch_model::{FlagState, Outcome, Qualification, SignalState, TargetStatus};
use maud::{Markup, html};

use crate::{Lang, figure::Absence, pages::sources::Health, words};

/// State of a village with its reservations.
pub(crate) fn signal(lang: Lang, state: SignalState, qualification: Qualification) -> Markup {
    html! {
        span class={ "st " (state.as_str()) } { (words::signal(lang, state)) }
        @for word in reservations(lang, qualification) { " " span.rs { (word) } }
    }
}

/// The reservations of a state in words.
pub(crate) fn reservations(lang: Lang, qualification: Qualification) -> Vec<&'static str> {
    let mut found = Vec::new();
    if qualification.stale {
        found.push(words::absence(lang, Absence::Stale));
    }
    if qualification.insufficient {
        found.push(words::absence(lang, Absence::Insufficient));
    }
    if qualification.disputed {
        found.push(lang.pick("có mâu thuẫn", "disputed"));
    }
    found
}

/// Status of a target.
pub(crate) fn status(lang: Lang, status: TargetStatus) -> Markup {
    html! { span class={ "st t-" (status.as_str()) } { (words::status(lang, status)) } }
}

/// State of a flag.
pub(crate) fn flag(lang: Lang, state: FlagState) -> Markup {
    html! { span class={ "st fl-" (state.as_str()) } { (words::flag_state(lang, state)) } }
}

/// How a run ended.
pub(crate) fn outcome(lang: Lang, outcome: Outcome) -> Markup {
    html! { span class={ "st o-" (outcome.as_str()) } { (words::outcome(lang, outcome)) } }
}

/// How a collector is.
pub(crate) fn health(lang: Lang, health: Health) -> Markup {
    let (class, word) = match health {
        Health::Good => ("good", lang.pick("bình thường", "good")),
        Health::Overdue => ("overdue", lang.pick("quá hạn", "overdue")),
        Health::Failing => ("failing", lang.pick("đang lỗi", "failing")),
        Health::Quarantined => ("held", lang.pick("chờ duyệt", "held for review")),
        Health::Paused => ("paused", lang.pick("tạm dừng", "paused")),
        Health::NeverRan => ("never", lang.pick("chưa chạy", "never ran")),
    };
    html! { span class={ "st h-" (class) } { (word) } }
}

/// Words in place of a number.
pub(crate) fn absence(lang: Lang, absence: Absence) -> Markup {
    html! { span class={ "ab a-" (absence.as_str()) } { (words::absence(lang, absence)) } }
}

/// Yes, no, or nobody said.
pub(crate) fn yes_no(lang: Lang, answer: Option<bool>) -> Markup {
    match answer {
        Some(true) => html! { (lang.pick("có", "yes")) },
        Some(false) => html! { strong { (lang.pick("không", "no")) } },
        None => absence(lang, Absence::Missing),
    }
}
