//! The overview of the country or a province: the answer in one sentence, then what stands behind it.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Ledger, Percent, PlaceLevel, TargetStatus};
use maud::{Markup, html};

use crate::{
    Lang, Shell,
    chart::{self, Chart},
    draw,
    figure::{Absence, Figure},
    map::{self, Map},
    part::{Before, ChildRow, FlagRow, Link, Pace, PlaceRef, Tally, TargetRow},
    shell::percent_encode,
};

/// Communes held against their targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lagging {
    /// All communes in force.
    pub total: u32,
    /// Behind in at least one target.
    pub lagging: u32,
    /// Nothing known of any target.
    pub unknown: u32,
}

/// One indicator with its newest figure.
#[derive(Debug, Clone)]
pub struct IndicatorRow {
    /// Its name and page, with the place: `/indicators/hh.fibre_subscribed?place=04`.
    pub indicator: Link,
    /// The newest value.
    pub value: Figure,
    /// Where it stands, where it has a target.
    pub status: Option<TargetStatus>,
    /// Value over time, oldest first; gaps are `None`.
    pub trend: Vec<Option<f64>>,
}

/// The plan for villages with signal, for the sentence.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Last day of the plan.
    pub due: chrono::NaiveDate,
    /// Promised rate in percent.
    pub percent: f64,
    /// Where the place stands.
    pub status: TargetStatus,
    /// How fast it moves.
    pub pace: Option<Pace>,
}

/// What the overview shows. Built in `src/http/overview.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The country or the province.
    pub place: PlaceRef,
    /// Its villages.
    pub tally: Tally,
    /// The count it is compared with.
    pub before: Option<Before>,
    /// The plan for coverage.
    pub plan: Option<Plan>,
    /// Its communes.
    pub lagging: Lagging,
    /// When anything was last collected for it.
    pub last_collected: Option<DateTime<FixedOffset>>,
    /// The map of the places below.
    pub map: Option<Map>,
    /// Why the count changed since `before.on`.
    pub ledger: Option<Ledger>,
    /// Its targets.
    pub targets: Vec<TargetRow>,
    /// Worst places below, worst first.
    pub worst: Vec<ChildRow>,
    /// How many places below there are in all.
    pub children_total: u32,
    /// Places below of which any village is listed.
    pub children_known: u32,
    /// Newest flags, newest first.
    pub flags: Vec<FlagRow>,
    /// Flags firing in all.
    pub flags_firing: u32,
    /// Every other indicator with a figure.
    pub indicators: Vec<IndicatorRow>,
    /// Villages without signal over time.
    pub trend: Option<Chart>,
}

/// Draws the overview.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let place = &view.place;
    let worst_title = lang.pick("Nơi cần chú ý nhất", "Where it is worst");
    shell.page(
        &place.name,
        &html! {
            h1 { bdi { (place.name) } }
            (draw::answer(&sentence(lang, view)))
            (tiles(shell, view))
            div.two {
                div {
                    @match &view.map {
                        Some(map) => (map::map(shell, map)),
                        None => figure.map { (draw::nothing(lang.pick("Chưa có ranh giới để vẽ bản đồ.", "There are no boundaries to draw a map with."))) },
                    }
                    p.more { a href=(shell.link(&format!("/communes?place={}", percent_encode(&place.code)))) {
                        (lang.pick("Xem bảng của bản đồ", "The map as a table"))
                    } " · " a href=(shell.link(&format!("/maps?place={}", percent_encode(&place.code)))) {
                        (lang.pick("Bản đồ qua các kỳ", "Maps over time"))
                    } }
                }
                div {
                    (draw::section("states", lang.pick("Tình trạng thôn, xóm", "Villages by state"), &draw::tally::bar(lang, &view.tally)))
                    (ledger(shell, view))
                }
            }
            (draw::section("targets", lang.pick("Mục tiêu", "Targets"), &draw::lists::targets(shell, &view.targets)))
            (draw::section("worst", worst_title, &worst(shell, view)))
            (draw::section("flags", lang.pick("Cảnh báo mới nhất", "Newest flags"), &newest_flags(shell, view)))
            (draw::section("trend", lang.pick("Diễn biến", "Over time"), &html! { @if let Some(trend) = &view.trend { (chart::chart(shell, trend)) } }))
            (draw::section("indicators", lang.pick("Các chỉ số khác", "Other indicators"), &draw::lists::indicators(shell, &view.indicators)))
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let mut said = draw::sentence::coverage(lang, &view.place.name, &view.tally, view.before);
    if let Some(plan) = &view.plan {
        said.push(' ');
        said.push_str(&draw::sentence::plan(lang, plan));
    }
    if view.place.level == PlaceLevel::Country && view.children_known < view.children_total {
        let (known, all) = (lang.count(view.children_known.into()), lang.count(view.children_total.into()));
        said.push_str(&lang.pick(
            format!(" Mới có danh sách thôn của {known} trong {all} tỉnh, thành phố."),
            format!(" Villages are listed for {known} of {all} provinces only."),
        ));
    }
    said
}

/// The four figures a committee asks for first.
fn tiles(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let code = percent_encode(&view.place.code);
    let behind = if view.lagging.unknown >= view.lagging.total {
        draw::badge::absence(lang, Absence::Missing)
    } else {
        html! { (lang.count(view.lagging.lagging.into())) }
    };
    let villages = |query: &str| shell.link(&format!("/villages?place={code}{query}"));
    html! {
        dl.tiles {
            div {
                dt { (lang.pick("Thôn, xóm trắng sóng", "Villages without signal")) }
                dd {
                    (draw::lists::big(&villages("&state=no_signal"), &draw::tally::count(lang, &view.tally, view.tally.no_signal)))
                    span.by {
                        (lang.pick("trên", "of")) " " (lang.count(view.tally.total.into())) " " (lang.pick("thôn, xóm", "villages"))
                        @match view.tally.no_signal_no_power {
                            Some(dark) => { "; " (lang.count(dark.into())) " " (lang.pick("chưa có điện lưới", "without grid power")) },
                            None => { "; " (lang.pick("chưa có số liệu điện lưới", "grid power not reported")) },
                        }
                    }
                }
            }
            div {
                dt { (lang.pick("Xã chậm so với mục tiêu", "Communes behind target")) }
                dd {
                    (draw::lists::big(&shell.link(&format!("/flags?place={code}&rule=commune-behind-target")), &behind))
                    span.by {
                        (lang.pick("trên", "of")) " " (lang.count(view.lagging.total.into())) " " (lang.pick("xã, phường", "communes"))
                        @if view.lagging.unknown > 0 { "; " (lang.count(view.lagging.unknown.into())) " " (lang.pick("chưa rõ", "unknown")) }
                    }
                }
            }
            (rate(lang, lang.pick("Tỷ lệ có sóng tại trung tâm", "Signal at the centre"), view.tally.headline(),
                lang.pick("tính cả lõm sóng", "pockets counted"), &shell.link(&format!("/indicators/village.mobile_headline?place={code}"))))
            (rate(lang, lang.pick("Tỷ lệ phủ sóng hoàn toàn", "Fully covered"), view.tally.strict(),
                lang.pick("không tính lõm sóng", "pockets not counted"), &shell.link(&format!("/indicators/village.mobile_strict?place={code}"))))
            div {
                dt { (lang.pick("Thu thập gần nhất", "Last collected")) }
                dd {
                    @match view.last_collected {
                        Some(at) => {
                            a.mid href=(shell.link("/sources")) { (lang.moment(at)) }
                            span.by { (draw::figure::age(lang, (shell.now.date_naive() - at.date_naive()).num_days())) }
                        }
                        None => a.mid href=(shell.link("/sources")) { (lang.pick("chưa thu thập lần nào", "never")) },
                    }
                }
            }
        }
    }
}

/// One of the two published rates with its parts.
pub(crate) fn rate(
    lang: Lang,
    title: &str,
    rate: Result<Percent, Absence>,
    note: &str,
    href: &str,
) -> Markup {
    html! {
        div {
            dt { (title) }
            dd {
                @match rate {
                    Ok(share) => {
                        a.big href=(href) { (lang.number(share.percent(), 2)) "%" }
                        span.by { (lang.number_up_to(share.numerator(), 0)) "/" (lang.number_up_to(share.denominator(), 0)) "; " (note) }
                    }
                    Err(why) => (draw::badge::absence(lang, why)),
                }
            }
        }
    }
}

fn ledger(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let (Some(ledger), Some(before)) = (&view.ledger, view.before) else { return html! {} };
    let href =
        format!("/ledger?place={}&from={}&to={}", percent_encode(&view.place.code), before.on, shell.as_of);
    let title = format!("{} {}", lang.pick("Biến động từ", "Changes since"), lang.date(before.on));
    draw::section(
        "ledger",
        &title,
        &html! {
            (draw::lists::ledger(lang, ledger))
            p.more {
                a href=(shell.link(&href)) { (lang.pick("Từng thôn, xóm", "Village by village")) } " · "
                a href=(shell.link(&href.replacen("/ledger", "/compare", 1))) { (lang.pick("So sánh hai ngày", "Compare the two dates")) }
            }
        },
    )
}

fn newest_flags(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let href = format!("/flags?place={}", percent_encode(&view.place.code));
    html! {
        @if view.flags.is_empty() {
            (draw::nothing(lang.pick("Không có cảnh báo nào.", "No flags.")))
        } @else {
            (draw::lists::flags(shell, &view.flags))
        }
        p.more { a href=(shell.link(&href)) { (lang.pick("Tất cả cảnh báo", "All flags")) " (" (lang.count(view.flags_firing.into())) ")" } }
    }
}

fn worst(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    html! {
        @if !view.worst.is_empty() {
            (draw::lists::children(shell, &view.worst, lang.pick("Nơi cần chú ý nhất", "Where it is worst")))
            p.more { a href=(shell.link(&format!("/communes?place={}", percent_encode(&view.place.code)))) {
                (lang.pick("Tất cả", "All")) " " (lang.count(view.children_total.into())) " " (lang.pick("địa bàn", "places"))
            } }
        }
    }
}
