//! Why the count of villages without signal changed between two dates, every line with its villages.

use chrono::NaiveDate;
use gapwatch_model::{Ledger, LedgerKind, SignalState};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    figure::Absence,
    part::{Link, PlaceRef},
    table::Format,
    words,
};

/// One village that changed the count.
#[derive(Debug, Clone)]
pub struct Line {
    /// Why it counts.
    pub kind: LedgerKind,
    /// Which village.
    pub place: PlaceRef,
    /// Its commune.
    pub parent: Option<PlaceRef>,
    /// State at the opening; `None` when it was not a village of the place.
    pub before: Option<SignalState>,
    /// State at the closing.
    pub after: Option<SignalState>,
    /// Day the change became known.
    pub on: NaiveDate,
    /// +1 or −1.
    pub sign: i32,
}

/// What the page shows. Built in `src/http/ledger.rs`; `/ledger?place=&from=&to=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// The opening day.
    pub from: NaiveDate,
    /// The closing day.
    pub to: NaiveDate,
    /// The account. Its own `lines` are not drawn, those below are.
    pub ledger: Ledger,
    /// The villages.
    pub lines: Vec<Line>,
    /// Days to choose as opening, newest first: the ends of the last periods, the last pack.
    pub openings: Vec<(NaiveDate, String)>,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
    /// Where the figures come from.
    pub sources: Vec<Link>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Vì sao con số thay đổi", "Why the number changed");
    shell.page(
        &format!("{title} · {}", view.place.name),
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            (days(shell, view))
            section aria-labelledby="account-h" {
                h2 #account-h { bdi { (draw::sentence::capital(&view.place.name)) } ": " (lang.date(view.from)) " – " (lang.date(view.to)) }
                (draw::lists::ledger(lang, &view.ledger))
                @if view.ledger.not_broken_down != 0 {
                    p.by { (lang.pick(
                        "Phần “không tách được” là chênh lệch giữa các số đã công bố mà không kèm danh sách thôn.",
                        "“Not broken down” is what published counts leave open without naming villages.",
                    )) }
                }
                @if !view.sources.is_empty() {
                    p.by { (lang.pick("Nguồn:", "Sources:")) @for link in &view.sources { " " a href=(shell.link(&link.href)) { (link.text) } } }
                }
            }
            @for kind in KINDS { (lines(shell, view, kind)) }
            (draw::table::downloads(shell, &view.downloads))
        },
    )
}

const KINDS: [LedgerKind; 6] = [
    LedgerKind::NewlyFound,
    LedgerKind::Regressed,
    LedgerKind::Closed,
    LedgerKind::Boundary,
    LedgerKind::Reclassified,
    LedgerKind::NotBrokenDown,
];

fn sentence(lang: Lang, view: &View) -> String {
    let ledger = &view.ledger;
    let (opening, closing) = (lang.count(ledger.opening.into()), lang.count(ledger.closing.into()));
    let name = &view.place.name;
    let up = ledger.newly_found + ledger.regressed;
    let (up, closed) = (lang.count(up.into()), lang.count(ledger.closed.into()));
    let said = match lang {
        Lang::Vi => format!(
            "{name} có {opening} thôn, xóm trắng sóng vào {} và {closing} vào {}: {closed} đã phủ sóng, {up} mới phát hiện hoặc mất sóng trở lại.",
            lang.date(view.from),
            lang.date(view.to)
        ),
        Lang::En => format!(
            "{name} had {opening} villages without signal on {} and {closing} on {}: {closed} closed, {up} newly found or regressed.",
            lang.date(view.from),
            lang.date(view.to)
        ),
    };
    draw::sentence::capital(&said)
}

/// The form that chooses both days.
fn days(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let kept = shell.address.query.iter().filter(|(key, _)| key != "from" && key != "to");
    html! {
        form.filters method="get" action=(shell.address.path) {
            @for (key, value) in kept { input type="hidden" name=(key) value=(value); }
            label { span { (lang.pick("Từ hết ngày", "From the end of")) } input type="date" name="from" value=(view.from) max=(shell.now.date_naive()) required; }
            label { span { (lang.pick("đến hết ngày", "to the end of")) } input type="date" name="to" value=(view.to) max=(shell.now.date_naive()) required; }
            button { (lang.pick("Xem", "Show")) }
        }
        @if !view.openings.is_empty() {
            nav.tabs aria-label=(lang.pick("Ngày đầu kỳ thường dùng", "Usual openings")) {
                @for (day, words) in &view.openings {
                    a href=(shell.here(&[("from", Some(&day.to_string()))])) aria-current=[(*day == view.from).then_some("true")] { (words) }
                }
            }
        }
    }
}

fn lines(shell: &Shell, view: &View, kind: LedgerKind) -> Markup {
    let lang = shell.lang;
    let of_kind: Vec<&Line> = view.lines.iter().filter(|line| line.kind == kind).collect();
    let title = format!("{} ({})", draw::sentence::capital(words::ledger(lang, kind)), of_kind.len());
    html! {
        @if !of_kind.is_empty() {
            section aria-label=(title) {
                h2 { (title) }
                div.scroll tabindex="0" role="group" aria-label={ (title) ", " (lang.pick("bảng", "table")) } { table {
                    caption.vh { (title) }
                    thead { tr {
                        th scope="col" { (lang.pick("Thôn, xóm", "Village")) }
                        th scope="col" { (lang.pick("Xã", "Commune")) }
                        th scope="col" { (lang.pick("Đầu kỳ", "Opening")) }
                        th scope="col" { (lang.pick("Cuối kỳ", "Closing")) }
                        th scope="col" { (lang.pick("Biết vào ngày", "Known on")) }
                        th.r scope="col" { (lang.pick("Cộng/trừ", "Counts")) }
                    } }
                    tbody { @for line in of_kind { tr {
                        th scope="row" { (draw::lists::place(shell, &line.place)) }
                        td { @match &line.parent {
                            Some(parent) => (draw::lists::place(shell, parent)),
                            None => (draw::badge::absence(lang, Absence::NotApplicable)),
                        } }
                        td { (draw::lists::state_or_none(lang, line.before)) }
                        td { (draw::lists::state_or_none(lang, line.after)) }
                        td.d { (lang.date(line.on)) }
                        td.r { (if line.sign < 0 { "−1" } else { "+1" }) }
                    } } }
                } }
            }
        }
    }
}
