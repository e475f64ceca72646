//! Lists that several pages show: places below, targets, flags, ledger, indicators, stations, lineage.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Comparator, Ledger, LedgerKind, Qualifier, TargetStatus};
use maud::{Markup, html};

use crate::{
    Lang, Shell,
    pages::overview::IndicatorRow,
    part::{ChildRow, Expected, FlagRow, LineageRow, PlaceRef, Stations, TargetRow},
    table::{Cell, Column, Kind, Row, Table},
    words,
};

use super::{badge, figure, spark, table, tally};

/// A place by name; made-up ones say so.
pub(crate) fn place(shell: &Shell, place: &PlaceRef) -> Markup {
    html! {
        a href=(shell.link(&place.href())) { bdi { (place.name) } }
    }
}

/// The large figure of a tile; words in its place are set smaller.
pub(crate) fn big(href: &str, figure: &Markup) -> Markup {
    let class = if figure.0.starts_with('<') { "mid" } else { "big" };
    html! { a class=(class) href=(href) { (figure) } }
}

/// Places below with their villages, rates and what they lag in.
pub(crate) fn children(shell: &Shell, rows: &[ChildRow], caption: &str) -> Markup {
    let lang = shell.lang;
    let columns = vec![
        Column::new("place", lang.pick("Địa bàn", "Place"), Kind::Text),
        Column::new("no_signal", lang.pick("Trắng sóng", "No signal"), Kind::Number),
        Column::new("pocket", lang.pick("Lõm sóng", "Pocket"), Kind::Number),
        Column::new("unknown", lang.pick("Chưa rõ", "Unknown"), Kind::Number),
        Column::new("total", lang.pick("Tổng số thôn", "Villages"), Kind::Number),
        Column::new("strict", lang.pick("Phủ sóng, %", "Covered, %"), Kind::Number),
        Column::new("lagging", lang.pick("Chỉ tiêu chậm", "Behind in"), Kind::Text),
        Column::new("trend", lang.pick("Diễn biến", "Trend"), Kind::Mark),
    ];
    html! {
        div.scroll tabindex="0" role="group" aria-label=(caption) {
            table {
                caption.vh { (caption) }
                thead { tr { @for column in &columns {
                    th scope="col" class=[(column.kind == Kind::Number).then_some("r")] { (column.heading) }
                } } }
                tbody { @for row in rows { tr {
                    th scope="row" { (place(shell, &row.place)) }
                    td.r { strong { (tally::count(lang, &row.tally, row.tally.no_signal)) } }
                    td.r { (tally::count(lang, &row.tally, row.tally.pocket)) }
                    td.r { (lang.count(row.tally.unknown.into())) }
                    td.r { (lang.count(row.tally.total.into())) }
                    td.r { @match row.tally.strict() {
                        Ok(share) => (lang.number(share.percent(), 1)),
                        Err(why) => (badge::absence(lang, why)),
                    } }
                    td { @match row.lagging.as_deref() {
                        None => (badge::absence(lang, crate::figure::Absence::Missing)),
                        Some([]) => (lang.pick("không", "none")),
                        Some(behind) => {
                            @for (at, link) in behind.iter().take(3).enumerate() {
                                @if at > 0 { ", " } a href=(shell.link(&link.href)) { (link.text) }
                            }
                            @if behind.len() > 3 { " +" (behind.len() - 3) }
                        }
                    } }
                    td.m { (spark::spark(lang, &row.trend)) }
                } } }
            }
        }
    }
}

/// `≥ 80%`.
pub(crate) fn promise(lang: Lang, row: &TargetRow) -> String {
    let sign = match row.comparator {
        Comparator::AtLeast => "≥",
        Comparator::MoreThan => ">",
        Comparator::AtMost => "≤",
        Comparator::LessThan => "<",
    };
    let number = figure::number_text(
        lang,
        row.target,
        Qualifier::Exact,
        row.value.unit,
        if row.target.fract().abs() > 0.0 { row.value.decimals.max(1) } else { 0 },
    );
    match &row.condition {
        Some(condition) => format!("{sign} {number} {}", words::condition(lang, condition)),
        None => format!("{sign} {number}"),
    }
}

/// When a target would be reached, in words.
pub(crate) fn expected(lang: Lang, expected: Expected) -> String {
    match expected {
        Expected::Reached => lang.pick("đã đạt", "reached").to_owned(),
        Expected::Around { day, interval } => {
            let month = |day: NaiveDate| day.format("%m/%Y").to_string();
            let mut said = format!("{} {}", lang.pick("khoảng", "around"), month(day));
            // An interval within one month says nothing more.
            if let Some((early, late)) =
                interval.filter(|(early, late)| late.is_none_or(|late| month(late) != month(*early)))
            {
                let late = late.map_or_else(|| lang.pick("không xác định", "open").to_owned(), month);
                said.push_str(&format!(" ({}–{late})", month(early)));
            }
            said
        }
        Expected::Never => lang.pick("không đạt với tốc độ này", "not at this pace").to_owned(),
        Expected::TooLittleHistory => lang.pick("chưa đủ số liệu", "too little history").to_owned(),
    }
}

/// Targets with where the place stands, what needs attention first, what nothing is known of last.
pub(crate) fn targets(shell: &Shell, rows: &[TargetRow]) -> Markup {
    let lang = shell.lang;
    let mut rows: Vec<&TargetRow> = rows.iter().collect();
    rows.sort_by_key(|row| match row.status {
        TargetStatus::Missed => 0,
        TargetStatus::Behind => 1,
        TargetStatus::OnTrack => 2,
        TargetStatus::Met => 3,
        TargetStatus::Unknown => 4,
    });
    let caption = lang.pick("Các mục tiêu và tình trạng thực hiện", "Targets and where they stand");
    html! {
        @if !rows.is_empty() {
            div.scroll tabindex="0" role="group" aria-label=(caption) {
                table {
                    caption.vh { (caption) }
                    thead { tr {
                        th scope="col" { (lang.pick("Chỉ tiêu", "Indicator")) }
                        th scope="col" { (lang.pick("Hiện nay", "Now")) }
                        th scope="col" { (lang.pick("Mục tiêu", "Target")) }
                        th scope="col" { (lang.pick("Tình trạng", "Status")) }
                        th scope="col" { (lang.pick("Dự kiến đạt", "Expected")) }
                    } }
                    tbody { @for row in rows { tr {
                        th scope="row" { a href=(shell.link(&row.indicator.href)) { (row.indicator.text) } }
                        td { (figure::full(shell, &row.value)) }
                        td {
                            span.n { (promise(lang, row)) }
                            span.by {
                                (lang.pick("trước hết ngày", "by")) " " (lang.date(row.due)) " · " (row.document)
                                @if let Some(from) = &row.inherited_from { " · " (from) }
                            }
                        }
                        td {
                            (badge::status(lang, row.status))
                            @if let Some(path) = row.path_today {
                                span.by {
                                    (lang.pick("lộ trình hôm nay", "path today")) " "
                                    (figure::number_text(lang, path, Qualifier::Exact, row.value.unit, row.value.decimals))
                                }
                            }
                        }
                        td {
                            @if let Some(pace) = row.pace {
                                (expected(lang, pace.expected))
                                span.by { (pace_words(lang, row)) }
                            } @else { (lang.pick("chưa đủ số liệu", "too little history")) }
                        }
                    } } }
                }
            }
        }
    }
}

/// `+0,8/tháng, cần +2,1/tháng`.
fn pace_words(lang: Lang, row: &TargetRow) -> String {
    let Some(pace) = row.pace else { return String::new() };
    let per_month = |change: f64| {
        let sign = if change > 0.0 { "+" } else { "" };
        format!("{sign}{}{}", lang.number(change, 2), lang.pick("/tháng", "/month"))
    };
    let observed = pace.observed_per_month.map(per_month);
    let required = pace.required_per_month.map(|n| format!("{} {}", lang.pick("cần", "needs"), per_month(n)));
    [observed, required].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Flags in columns where there is room.
pub(crate) fn flags(shell: &Shell, rows: &[FlagRow]) -> Markup {
    let lang = shell.lang;
    html! {
        @if !rows.is_empty() {
            ul.flags.side[rows.len() < 12] {
                @for row in rows {
                    li {
                        p {
                            (badge::flag(lang, row.state)) " "
                            a href=(shell.link(&row.href())) { (row.rule_name) }
                            " · " (place(shell, &row.place))
                            @if let Some(parent) = &row.parent { ", " (place(shell, parent)) }
                        }
                        p { (row.explanation) }
                        @if let Some(since) = row.clear_since { p.by { (lingers(lang, since)) } }
                        p.by {
                            (lang.pick("từ", "since")) " " (lang.moment(row.since))
                            @if let Some(taken) = &row.acknowledgement {
                                " · " (lang.pick("phụ trách", "owner")) ": " strong { (taken.owner) }
                                @if let Some(due) = taken.due { ", " (lang.pick("hạn", "due")) " " (lang.date(due)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The account in one line of signs: opening − closed + newly found … = closing.
pub(crate) fn ledger(lang: Lang, ledger: &Ledger) -> Markup {
    let signed = |number: i32| {
        let sign = if number < 0 { "−" } else { "+" };
        (sign, u64::from(number.unsigned_abs()))
    };
    let mut terms = vec![
        ("", u64::from(ledger.opening), lang.pick("đầu kỳ", "opening"), "edge"),
        ("−", u64::from(ledger.closed), words::ledger(lang, LedgerKind::Closed), "good"),
        ("+", u64::from(ledger.newly_found), words::ledger(lang, LedgerKind::NewlyFound), "bad"),
        ("+", u64::from(ledger.regressed), words::ledger(lang, LedgerKind::Regressed), "bad"),
    ];
    // These are rare: they are said when there are any.
    let rare = [
        (ledger.boundary, LedgerKind::Boundary),
        (ledger.reclassified, LedgerKind::Reclassified),
        (ledger.not_broken_down, LedgerKind::NotBrokenDown),
    ];
    for (number, kind) in rare.into_iter().filter(|(number, _)| *number != 0) {
        let (sign, size) = signed(number);
        terms.push((sign, size, words::ledger(lang, kind), ""));
    }
    terms.push(("=", u64::from(ledger.closing), lang.pick("cuối kỳ", "closing"), "edge"));
    html! {
        ol.ledger {
            @for (sign, number, words, class) in terms {
                li class=(class) { span.sum { @if !sign.is_empty() { (sign) " " } (lang.count(number)) } " " span.by { (words) } }
            }
        }
    }
}

/// Indicators with their newest figure, status and way.
pub(crate) fn indicators(shell: &Shell, rows: &[IndicatorRow]) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick("Các chỉ số khác", "Other indicators");
    html! {
        @if !rows.is_empty() {
            div.scroll tabindex="0" role="group" aria-label=(caption) {
                table {
                    caption.vh { (caption) }
                    thead { tr {
                        th scope="col" { (lang.pick("Chỉ số", "Indicator")) }
                        th scope="col" { (lang.pick("Số liệu mới nhất", "Newest figure")) }
                        th scope="col" { (lang.pick("Tình trạng", "Status")) }
                        th scope="col" { (lang.pick("Diễn biến", "Trend")) }
                    } }
                    tbody { @for row in rows { tr {
                        th scope="row" { a href=(shell.link(&row.indicator.href)) { (row.indicator.text) } }
                        td { (figure::full(shell, &row.value)) }
                        td { @match row.status {
                            Some(status) => (badge::status(lang, status)),
                            None => span.by { (lang.pick("không có mục tiêu", "no target")) },
                        } }
                        td.m { (spark::spark(lang, &row.trend)) }
                    } } }
                }
            }
        }
    }
}

/// Why a flag still fires whose reason is gone.
pub(crate) fn lingers(lang: Lang, since: DateTime<FixedOffset>) -> String {
    let day = lang.date(since.date_naive());
    lang.pick(
        format!("Lý do đã hết từ {day}; cảnh báo còn giữ thêm một thời gian theo quy tắc."),
        format!("Its reason is gone since {day}; the rule keeps the flag for a while."),
    )
}

/// Nearest stations with their distance, and who says so.
pub(crate) fn stations(shell: &Shell, stations: &Stations) -> Markup {
    let lang = shell.lang;
    let missing = || Cell::Absent(crate::figure::Absence::Missing);
    let columns = vec![
        Column::new("name", lang.pick("Trạm", "Station"), Kind::Text),
        Column::new("operator", lang.pick("Doanh nghiệp", "Operator"), Kind::Text),
        Column::new("technologies", lang.pick("Công nghệ", "Technologies"), Kind::Text),
        Column::new("distance", lang.pick("Khoảng cách", "Distance"), Kind::Number),
    ];
    let rows = stations.rows.iter().map(|station| {
        Row::new(vec![
            Cell::Link(station.name.clone()),
            station.operator.clone().map_or_else(missing, Cell::Text),
            Cell::Text(station.technologies.clone()),
            Cell::Text(figure::distance(lang, station.distance_m)),
        ])
    });
    let table = Table {
        caption: lang.pick("Trạm gần nhất", "Nearest stations").to_owned(),
        columns,
        rows: rows.collect(),
        ..Table::default()
    };
    html! {
        @if !table.rows.is_empty() { (table::table(shell, &table)) }
        @for (source, day) in &stations.sources {
            p.by {
                (lang.pick("Nguồn:", "Source:")) " " a href=(shell.link(&source.href)) { (source.text) } ", "
                (lang.pick("biết từ", "known since")) " " (lang.date(*day)) ". "
                (lang.pick(
                    "Dữ liệu cộng đồng: cho biết nơi đã thấy trạm; nơi không có trong này chưa hẳn là không có sóng.",
                    "Crowd data: it says where stations were seen; a place that is not in it need not be without signal.",
                ))
            }
        }
        @if stations.unmarked > 0 {
            p.by {
                (lang.count(u64::try_from(stations.unmarked).unwrap_or(u64::MAX))) " "
                (lang.pick("trạm xa hơn không vẽ trên bản đồ.", "farther stations are not drawn on the map."))
            }
        }
    }
}

/// What a place was made of, or became.
pub(crate) fn lineage(lang: Lang, rows: &[LineageRow]) -> Markup {
    html! {
        @if !rows.is_empty() {
            ul.plain {
                @for row in rows {
                    li {
                        bdi { (row.name) } " " span.by {
                            (lang.pick("mã", "code")) " " (row.code) " · "
                            (if row.whole { lang.pick("toàn bộ", "whole") } else { lang.pick("một phần", "part") })
                            " · " (lang.pick("từ", "from")) " " (lang.date(row.effective)) " · " (row.act)
                        }
                    }
                }
            }
        }
    }
}

/// A state's word with the words for *not there* when there was none.
pub(crate) fn state_or_none(lang: Lang, state: Option<gapwatch_model::SignalState>) -> Markup {
    match state {
        Some(state) => html! { span class={ "st " (state.as_str()) } { (words::signal(lang, state)) } },
        None => html! { span.by { (lang.pick("chưa/không thuộc địa bàn", "not in the place")) } },
    }
}
