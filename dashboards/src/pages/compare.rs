//! Two dates side by side: figures, maps and places that changed.

use std::cmp::Ordering;

use chrono::NaiveDate;
use gapwatch_model::{Direction, Unit};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    figure::{Absence, Figure},
    map::{self, Map},
    part::{Before, Borders, Link, PlaceRef, Tally},
};

/// One side.
#[derive(Debug, Clone)]
pub struct Side {
    /// The day whose knowledge is shown.
    pub on: NaiveDate,
    /// Villages by state.
    pub tally: Tally,
    /// The map as it was known.
    pub map: Option<Map>,
}

/// One indicator on both days.
#[derive(Debug, Clone)]
pub struct IndicatorPair {
    /// Its name and page.
    pub indicator: Link,
    /// As known on the first day.
    pub then: Figure,
    /// As known on the second day.
    pub now: Figure,
    /// Higher is better, lower is better, or neither.
    pub direction: Direction,
}

/// A place below on both days.
#[derive(Debug, Clone)]
pub struct PlacePair {
    /// Which place.
    pub place: PlaceRef,
    /// Villages without signal on the first day; `None` when the place was not there.
    pub then: Option<u32>,
    /// On the second day.
    pub now: Option<u32>,
}

/// What the page shows. `/compare?place=&from=&to=&borders=then|now`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// The earlier day.
    pub then: Side,
    /// The later day.
    pub now: Side,
    /// Whose borders.
    pub borders: Borders,
    /// Indicators on both days.
    pub indicators: Vec<IndicatorPair>,
    /// Places that changed most first.
    pub places: Vec<PlacePair>,
    /// What cannot be compared: partial parts kept apart, places without weights.
    pub notes: Vec<String>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("So sánh hai ngày", "Two dates compared");
    shell.page(
        &format!("{title} · {}", view.place.name),
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            (choices(shell, view))
            @if !view.notes.is_empty() {
                section.finding aria-labelledby="notes-h" {
                    h2 #notes-h { (lang.pick("Lưu ý khi so sánh", "What to know")) }
                    ul { @for note in &view.notes { li { (note) } } }
                }
            }
            div.pair {
                (side(shell, "then", &view.then))
                (side(shell, "now", &view.now))
            }
            (maps(shell, view))
            (draw::section("indicators", lang.pick("Các chỉ số", "Indicators"), &indicators(shell, view)))
            (draw::section("places", lang.pick("Nơi thay đổi nhiều nhất", "What changed most"), &places(shell, view)))
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let before = Before { on: view.then.on, no_signal: view.then.tally.no_signal };
    draw::sentence::coverage(lang, &view.place.name, &view.now.tally, Some(before))
}

fn choices(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let kept = shell.address.query.iter().filter(|(key, _)| key != "from" && key != "to");
    html! {
        form.filters method="get" action=(shell.address.path) {
            @for (key, value) in kept { input type="hidden" name=(key) value=(value); }
            label { span { (lang.pick("Ngày trước", "Earlier day")) } input type="date" name="from" value=(view.then.on) max=(shell.now.date_naive()) required; }
            label { span { (lang.pick("Ngày sau", "Later day")) } input type="date" name="to" value=(view.now.on) max=(shell.now.date_naive()) required; }
            button { (lang.pick("So sánh", "Compare")) }
        }
        (draw::borders(shell, view.borders))
    }
}

fn side(shell: &Shell, id: &str, side: &Side) -> Markup {
    let lang = shell.lang;
    html! {
        section aria-labelledby={ (id) "-h" } {
            h2 #{ (id) "-h" } { (lang.date(side.on)) }
            dl.facts {
                div { dt { (lang.pick("Trắng sóng", "No signal")) } dd { strong { (lang.count(side.tally.no_signal.into())) } " / " (lang.count(side.tally.total.into())) } }
                div { dt { (lang.pick("Có sóng tại trung tâm", "Signal at the centre")) } dd { (draw::figure::share(lang, side.tally.headline())) } }
                div { dt { (lang.pick("Phủ sóng hoàn toàn", "Fully covered")) } dd { (draw::figure::share(lang, side.tally.strict())) } }
            }
            (draw::tally::bar(lang, &side.tally))
        }
    }
}

/// Both maps in the same classes, so that a shade means the same on each.
fn maps(shell: &Shell, view: &View) -> Markup {
    let sides = [&view.then, &view.now].into_iter();
    let maps: Vec<(String, Map)> =
        sides.filter_map(|side| Some((shell.lang.date(side.on), side.map.clone()?))).collect();
    html! { @if !maps.is_empty() { (map::multiples(shell, &maps)) } }
}

fn indicators(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick("Các chỉ số vào hai ngày", "Indicators on both days");
    html! {
        @if !view.indicators.is_empty() {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Chỉ số", "Indicator")) }
                    th scope="col" { (lang.date(view.then.on)) }
                    th scope="col" { (lang.date(view.now.on)) }
                    th.r scope="col" { (lang.pick("Thay đổi", "Change")) }
                } }
                tbody { @for pair in &view.indicators { tr {
                    th scope="row" { a href=(shell.link(&pair.indicator.href)) { (pair.indicator.text) } }
                    td { (draw::figure::full(shell, &pair.then)) }
                    td { (draw::figure::full(shell, &pair.now)) }
                    td.r { (change(lang, pair)) }
                } } }
            } }
        }
    }
}

/// The difference with the word for better or worse; absences are not compared.
fn change(lang: Lang, pair: &IndicatorPair) -> Markup {
    let (Ok(then), Ok(now)) = (pair.then.amount.speaks(), pair.now.amount.speaks()) else {
        return html! { span.ab { (lang.pick("không so sánh được", "cannot be compared")) } };
    };
    let sign = match now.total_cmp(&then) {
        Ordering::Less => "−",
        Ordering::Equal => return html! { (lang.pick("không đổi", "unchanged")) },
        Ordering::Greater => "+",
    };
    let (class, word) = match (pair.direction, now > then) {
        (Direction::Neutral, _) => ("", ""),
        (Direction::Higher, true) | (Direction::Lower, false) => ("t-met", lang.pick("tốt lên", "better")),
        (Direction::Higher, false) | (Direction::Lower, true) => ("t-missed", lang.pick("xấu đi", "worse")),
    };
    // A difference of two shares is in points, not in percent of anything.
    let unit = if pair.now.unit == Unit::Percent { lang.pick(" điểm %", " points") } else { "" };
    html! {
        span.n { (sign) (lang.number((now - then).abs(), pair.now.decimals)) (unit) }
        @if !word.is_empty() { " " span class={ "st " (class) } { (word) } }
    }
}

fn places(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let there = |count: Option<u32>| match count {
        Some(count) => html! { (lang.count(count.into())) },
        None => html! { span.ab { (lang.pick("không có lúc đó", "not there")) } },
    };
    let caption = lang.pick(
        "Thôn, xóm trắng sóng theo địa bàn vào hai ngày",
        "Villages without signal by place on both days",
    );
    html! {
        @if !view.places.is_empty() {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Địa bàn", "Place")) }
                    th.r scope="col" { (lang.date(view.then.on)) }
                    th.r scope="col" { (lang.date(view.now.on)) }
                    th.r scope="col" { (lang.pick("Thay đổi", "Change")) }
                } }
                tbody { @for row in &view.places { tr {
                    th scope="row" { (draw::lists::place(shell, &row.place)) }
                    td.r { (there(row.then)) }
                    td.r { (there(row.now)) }
                    td.r { @match (row.then, row.now) {
                        (Some(then), Some(now)) if now < then => { "−" (lang.count((then - now).into())) },
                        (Some(then), Some(now)) if now > then => { "+" (lang.count((now - then).into())) },
                        (Some(_), Some(_)) => (lang.pick("không đổi", "unchanged")),
                        _ => (draw::badge::absence(lang, Absence::NotApplicable)),
                    } }
                } } }
            } }
        }
    }
}
