//! A village: its state and since when, who must act, every piece of evidence with its row, and its history.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{AreaClass, Evidence, GeoPoint, Period, Qualification, Qualifier, SignalState, Unit};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    figure::{Absence, Amount},
    map::{self, Map},
    part::{Actor, FlagRow, Link, PlaceRef, StateSpan, Stations},
    words,
};

/// One piece of evidence about the village's signal.
#[derive(Debug, Clone)]
pub struct EvidenceRow {
    /// Where in the village: the words for the centre or a cluster's name.
    pub point: String,
    /// Operator.
    pub operator: Option<String>,
    /// Technology.
    pub technology: Option<String>,
    /// Signal (1) or none (0), or why it does not speak.
    pub signal: Amount,
    /// How much weight it has.
    pub evidence: Evidence,
    /// How it was found out.
    pub method: Option<String>,
    /// Period it is about.
    pub period: Period,
    /// Samples behind it.
    pub samples: Option<u32>,
    /// Source with file and row, leading to the run.
    pub source: Link,
    /// When it became known.
    pub recorded_at: DateTime<FixedOffset>,
    /// It carries the state.
    pub speaks: bool,
    /// A claim and a measurement differ here.
    pub disputed: bool,
}

/// What is asked of whoever must act.
#[derive(Debug, Clone)]
pub struct Duty {
    /// Who.
    pub actor: Actor,
    /// By when.
    pub due: Option<NaiveDate>,
    /// Days the clock has run, blocked time apart.
    pub running_days: Option<i64>,
    /// Days it was blocked, such as waiting for power.
    pub blocked_days: Option<i64>,
}

/// One attribute with where it comes from.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name: `Số hộ`.
    pub name: String,
    /// Its value in words with its unit; `None` is *not reported*.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Option<Link>,
}

/// What a village's page shows. Built in `src/http/villages.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The village.
    pub place: PlaceRef,
    /// Its commune.
    pub parent: PlaceRef,
    /// Its state.
    pub state: SignalState,
    /// With what reservation.
    pub qualification: Qualification,
    /// Day the state became known. `None` while nothing is known.
    pub since: Option<NaiveDate>,
    /// Who must act, when it is not covered.
    pub duty: Option<Duty>,
    /// Has grid power.
    pub grid_power: Option<bool>,
    /// Area class.
    pub area_class: Option<AreaClass>,
    /// Households and others.
    pub attributes: Vec<Attribute>,
    /// Where it is.
    pub at: Option<GeoPoint>,
    /// The commune's outline with this village.
    pub map: Option<Map>,
    /// All evidence, what speaks first.
    pub evidence: Vec<EvidenceRow>,
    /// States it was in, newest first.
    pub history: Vec<StateSpan>,
    /// Nearest stations.
    pub stations: Stations,
    /// Its flags.
    pub flags: Vec<FlagRow>,
}

/// Draws a village.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    shell.page(
        &view.place.name,
        &html! {
            h1 { bdi { (view.place.name) } }
            (draw::answer(&sentence(lang, view)))
            div.two {
                div {
                    (draw::section("evidence", lang.pick("Bằng chứng về sóng", "Evidence of signal"), &evidence(shell, view)))
                    (draw::section("history", lang.pick("Các tình trạng đã qua", "States over time"), &history(lang, view)))
                    (draw::section("flags", lang.pick("Cảnh báo", "Flags"), &draw::lists::flags(shell, &view.flags)))
                }
                div {
                    (draw::section("facts", lang.pick("Thông tin", "Facts"), &facts(shell, view)))
                    @if let Some(map) = &view.map { (map::map(shell, map)) }
                    (draw::section("stations", lang.pick("Trạm gần nhất", "Nearest stations"), &draw::lists::stations(shell, &view.stations)))
                }
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let (name, commune) = (&view.place.name, &view.parent.name);
    let mut said = match (lang, view.state) {
        (Lang::Vi, SignalState::NoSignal) => format!("{name} ({commune}) chưa có sóng di động ở trung tâm"),
        (Lang::En, SignalState::NoSignal) => format!("{name} ({commune}) has no mobile signal at its centre"),
        (Lang::Vi, SignalState::Pocket) => {
            format!("{name} ({commune}) có sóng ở trung tâm nhưng còn cụm dân cư chưa có sóng")
        }
        (Lang::En, SignalState::Pocket) => {
            format!("{name} ({commune}) has signal at its centre, but a cluster has none")
        }
        (Lang::Vi, SignalState::Covered) => format!("{name} ({commune}) đã phủ sóng"),
        (Lang::En, SignalState::Covered) => format!("{name} ({commune}) is covered"),
        (Lang::Vi, SignalState::Unknown) => format!("Chưa rõ tình trạng sóng của {name} ({commune})"),
        (Lang::En, SignalState::Unknown) => format!("The signal of {name} ({commune}) is unknown"),
    };
    if let Some(since) = view.since {
        said.push_str(&format!(", {} {}", lang.pick("biết từ", "known since"), lang.date(since)));
    }
    let why = draw::badge::reservations(lang, view.qualification);
    if !why.is_empty() {
        said.push_str(&format!(" ({})", why.join(", ")));
    }
    said.push('.');
    if let Some(duty) = &view.duty {
        said.push_str(&format!(
            " {}: {}",
            lang.pick("Bên phải xử lý", "Who must act"),
            words::actor(lang, duty.actor)
        ));
        if let Some(due) = duty.due {
            said.push_str(&format!(", {} {}", lang.pick("hạn", "due"), lang.date(due)));
        }
        said.push('.');
    }
    draw::sentence::capital(&said)
}

fn facts(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let fact = |name: &str, value: &Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        dl.facts {
            (fact(lang.pick("Tình trạng", "State"), &draw::badge::signal(lang, view.state, view.qualification)))
            (fact(lang.pick("Thuộc", "Part of"), &draw::lists::place(shell, &view.parent)))
            (fact(lang.pick("Mã", "Code"), &html! { (view.place.code) @if view.place.synthetic { " " span.rs { (lang.pick("giả định", "synthetic")) } } }))
            (fact(lang.pick("Điện lưới", "Grid power"), &draw::badge::yes_no(lang, view.grid_power)))
            (fact(lang.pick("Địa bàn", "Area"), &match view.area_class {
                Some(class) => html! { (words::area_class(lang, class)) },
                None => draw::badge::absence(lang, Absence::Missing),
            }))
            @if let Some(duty) = &view.duty { (duty_facts(lang, duty)) }
            @for attribute in &view.attributes {
                div {
                    dt { (attribute.name) }
                    dd {
                        @match &attribute.value {
                            Some(value) => (value),
                            None => (draw::badge::absence(lang, Absence::Missing)),
                        }
                        @if let Some(source) = &attribute.source { span.by { a href=(shell.link(&source.href)) { (source.text) } } }
                    }
                }
            }
            (fact(lang.pick("Tọa độ", "Position"), &match view.at {
                Some(at) => html! { (lang.number(at.lat, 5)) "° " (lang.pick("B", "N")) "; " (lang.number(at.lon, 5)) "° " (lang.pick("Đ", "E")) },
                None => draw::badge::absence(lang, Absence::Missing),
            }))
        }
    }
}

fn duty_facts(lang: Lang, duty: &Duty) -> Markup {
    let days = |count: i64| format!("{count} {}", lang.pick("ngày", "days"));
    html! {
        div { dt { (lang.pick("Bên phải xử lý", "Who must act")) } dd {
            (words::actor(lang, duty.actor))
            span.by {
                @match duty.due {
                    Some(due) => { (lang.pick("hạn", "due")) " " (lang.date(due)) },
                    None => (lang.pick("chưa có hạn", "no due date")),
                }
                @if let Some(running) = duty.running_days { " · " (lang.pick("đã qua", "elapsed")) " " (days(running)) }
                @if let Some(blocked) = duty.blocked_days { " · " (lang.pick("vướng mắc", "blocked")) " " (days(blocked)) }
            }
        } }
    }
}

fn evidence(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let caption =
        lang.pick("Mọi bằng chứng về sóng, bằng chứng có giá trị trước", "All evidence, what speaks first");
    html! {
        @if view.evidence.is_empty() {
            (draw::nothing(lang.pick("Chưa ai báo cáo về sóng ở đây.", "Nobody has reported on the signal here.")))
        } @else {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Điểm đo", "Point")) }
                    th scope="col" { (lang.pick("Nhà mạng", "Operator")) }
                    th scope="col" { (lang.pick("Sóng", "Signal")) }
                    th scope="col" { (lang.pick("Bằng chứng", "Evidence")) }
                    th scope="col" { (lang.pick("Nguồn", "Source")) }
                } }
                tbody { @for row in &view.evidence { (evidence_row(shell, row)) } }
            } }
        }
    }
}

fn evidence_row(shell: &Shell, row: &EvidenceRow) -> Markup {
    let lang = shell.lang;
    let missing = words::absence(lang, Absence::Missing);
    html! {
        tr class=[(!row.speaks).then_some("mute")] {
            th scope="row" { bdi { (row.point) } }
            td { (row.operator.as_deref().unwrap_or(missing)) span.by { (row.technology.as_deref().unwrap_or(missing)) } }
            td {
                (draw::figure::amount(lang, row.signal, Qualifier::Exact, Unit::YesNo, 0))
                @if row.disputed { " " span.rs { (lang.pick("có mâu thuẫn", "disputed")) } }
                span.by { (if row.speaks { lang.pick("quyết định tình trạng", "decides the state") } else { lang.pick("không quyết định", "does not decide") }) }
            }
            td {
                (words::evidence(lang, row.evidence))
                span.by {
                    (lang.period(row.period))
                    @if let Some(method) = &row.method { " · " (method) }
                    @if let Some(samples) = row.samples { " · " (lang.count(samples.into())) " " (lang.pick("mẫu", "samples")) }
                }
            }
            td { a href=(shell.link(&row.source.href)) { (row.source.text) } span.by { (lang.pick("ghi nhận", "recorded")) " " (lang.moment(row.recorded_at)) } }
        }
    }
}

fn history(lang: Lang, view: &View) -> Markup {
    html! {
        @if !view.history.is_empty() {
            ol.plain.spans {
                @for span in &view.history {
                    li {
                        (draw::badge::signal(lang, span.state, span.qualification)) " "
                        span.by {
                            (lang.date(span.from)) " – "
                            @match span.to { Some(to) => (lang.date(to)), None => (lang.pick("nay", "now")) }
                        }
                    }
                }
            }
        }
    }
}
