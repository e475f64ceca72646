//! The list of flags: what is raised, where, since when, who took it on.

use gapwatch_model::{FlagState, RuleId};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    part::{FlagRow, PlaceRef, RuleRef},
    table::{Format, State},
};

/// What the list shows. Built in `src/http/flags.rs`. Its filters are `?rule=&state=&place=&q=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Whose flags.
    pub place: PlaceRef,
    /// Flags of each state, before the filter by state.
    pub counts: Vec<(FlagState, u64)>,
    /// All rules.
    pub rules: Vec<RuleRef>,
    /// The rule chosen.
    pub rule: Option<RuleId>,
    /// The state chosen.
    pub state: Option<FlagState>,
    /// The flags of this page.
    pub rows: Vec<FlagRow>,
    /// Filters, totals and paging.
    pub table: State,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// Draws the list.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Cảnh báo", "Flags");
    let filtered = view.rule.is_some() || view.state.is_some() || view.table.matching < view.table.total;
    shell.page(
        &format!("{title} · {}", view.place.name),
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            nav.tabs aria-label=(lang.pick("Theo tình trạng", "By state")) {
                a href=(shell.here(&[("state", None), ("after", None), ("before", None)])) aria-current=[view.state.is_none().then_some("true")] { (lang.pick("tất cả", "all")) }
                @for (state, count) in &view.counts {
                    a href=(shell.here(&[("state", Some(state.as_str())), ("after", None), ("before", None)])) aria-current=[(view.state == Some(*state)).then_some("true")] {
                        (draw::badge::flag(lang, *state)) " " (lang.count(*count))
                    }
                }
            }
            nav.tabs aria-label=(lang.pick("Theo quy tắc", "By rule")) {
                a href=(shell.here(&[("rule", None), ("after", None), ("before", None)])) aria-current=[view.rule.is_none().then_some("true")] { (lang.pick("mọi quy tắc", "every rule")) }
                @for rule in &view.rules {
                    a href=(shell.here(&[("rule", Some(rule.id.as_str())), ("after", None), ("before", None)])) aria-current=[(view.rule.as_ref() == Some(&rule.id)).then_some("true")] { (rule.name) }
                }
            }
            section aria-label=(title) {
                (draw::table::filters(shell, &view.table))
                (draw::table::count(lang, &view.table))
                @if view.rows.is_empty() {
                    (draw::nothing(if filtered {
                        lang.pick("Không có cảnh báo nào phù hợp. Hãy bỏ bớt điều kiện lọc.", "No flag matches. Try fewer conditions.")
                    } else {
                        lang.pick("Không có cảnh báo nào.", "No flags.")
                    }))
                } @else {
                    (draw::lists::flags(shell, &view.rows))
                }
                (draw::table::pager(shell, &view.table))
                (draw::table::downloads(shell, &view.downloads))
                p { a href={ "/feeds/" (view.place.code) } rel="alternate" type="application/atom+xml" { (lang.pick("Theo dõi bằng Atom", "Follow by Atom")) } }
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let of = |wanted| {
        view.counts.iter().filter(|(state, _)| *state == wanted).map(|(_, count)| count).sum::<u64>()
    };
    let firing = of(FlagState::Firing);
    let silent = of(FlagState::NoData);
    let mut said = match (lang, firing) {
        (Lang::Vi, 0) => format!("{}: không có cảnh báo nào đang bật", view.place.name),
        (Lang::En, 0) => format!("{}: no flag is firing", view.place.name),
        (Lang::Vi, count) => format!("{}: {} cảnh báo đang bật", view.place.name, lang.count(count)),
        (Lang::En, 1) => format!("{}: 1 flag is firing", view.place.name),
        (Lang::En, count) => format!("{}: {} flags are firing", view.place.name, lang.count(count)),
    };
    if silent > 0 {
        said.push_str(&format!(
            "; {} {}",
            lang.count(silent),
            lang.pick("chưa đánh giá được vì thiếu số liệu", "cannot be judged for want of data")
        ));
    }
    said.push('.');
    draw::sentence::capital(&said)
}
