//! One indicator of one place: its newest figure, its way over time against the target, and how the places below stand.

use gapwatch_model::{PeriodKind, TargetStatus};
use maud::{Markup, html};

use crate::{
    Lang, Shell,
    chart::{self, Chart},
    draw,
    figure::Figure,
    map::{self, Map},
    part::{Link, PlaceRef, TargetRow},
    words,
};

/// How the indicator is declared in `indicators.toml`.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its id.
    pub id: String,
    /// Its formula, for derived ones.
    pub formula: Option<String>,
    /// How parents are made of children, in words.
    pub aggregation: String,
    /// How often it is reported.
    pub period: PeriodKind,
    /// Periods until it is stale.
    pub staleness: u32,
    /// Fewer samples do not speak.
    pub minimum_samples: Option<u32>,
    /// Where it is published.
    pub document: Option<String>,
}

/// A place below in the ranking.
#[derive(Debug, Clone)]
pub struct RankRow {
    /// Rank with ties; `None` without a value.
    pub rank: Option<u32>,
    /// Which place.
    pub place: PlaceRef,
    /// Its newest value.
    pub value: Figure,
    /// Where it stands, where it has a target.
    pub status: Option<TargetStatus>,
    /// Value over time, oldest first; gaps are `None`.
    pub trend: Vec<Option<f64>>,
}

/// What an indicator's page shows. Built in `src/http/indicators.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name in the page's language.
    pub name: String,
    /// Its declaration.
    pub definition: Definition,
    /// Of which place.
    pub place: PlaceRef,
    /// The newest value.
    pub value: Figure,
    /// Name of the band the value lies in, where bands are declared.
    pub band: Option<String>,
    /// The value of the period before, for the sentence.
    pub previous: Option<Figure>,
    /// The target in force.
    pub target: Option<TargetRow>,
    /// Over time.
    pub chart: Option<Chart>,
    /// The places below on a map.
    pub map: Option<Map>,
    /// The places below, best first.
    pub ranking: Vec<RankRow>,
    /// Findings: a total that is not the sum of its parts, a parent that differs from its children.
    pub findings: Vec<String>,
    /// Other indicators to go to.
    pub related: Vec<Link>,
}

/// Draws an indicator.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    shell.page(
        &format!("{} · {}", view.name, view.place.name),
        &html! {
            h1 { (view.name) }
            p.by { (draw::lists::place(shell, &view.place)) }
            (draw::answer(&sentence(lang, view)))
            @if !view.findings.is_empty() {
                section.finding aria-labelledby="findings-h" {
                    h2 #findings-h { (lang.pick("Điểm cần xem lại", "Findings")) }
                    ul { @for finding in &view.findings { li { (finding) } } }
                }
            }
            dl.tiles {
                div { dt { (lang.pick("Số liệu mới nhất", "Newest figure")) } dd { span.mid { (draw::figure::value(shell, &view.value)) } (draw::figure::beside(shell, &view.value)) } }
                @if let Some(band) = &view.band {
                    div { dt { (lang.pick("Xếp loại", "Band")) } dd { span.mid { (band) } } }
                }
                @if let Some(previous) = &view.previous {
                    div { dt { (lang.pick("Kỳ trước", "Period before")) } dd { span.mid { (draw::figure::value(shell, previous)) } (draw::figure::beside(shell, previous)) } }
                }
                @if let Some(target) = &view.target {
                    div { dt { (lang.pick("Mục tiêu", "Target")) } dd {
                        span.mid { (draw::lists::promise(lang, target)) }
                        span.by { (lang.pick("trước hết ngày", "by")) " " (lang.date(target.due)) " · " (target.document) }
                    } }
                    div { dt { (lang.pick("Tình trạng", "Status")) } dd {
                        span.mid { (draw::badge::status(lang, target.status)) }
                        @if let Some(pace) = target.pace { span.by { (lang.pick("dự kiến đạt:", "expected:")) " " (draw::lists::expected(lang, pace.expected)) } }
                    } }
                }
            }
            @if let Some(drawn) = &view.chart { (chart::chart(shell, drawn)) }
            div.two {
                div { (draw::section("ranking", lang.pick("Xếp hạng", "Ranking"), &ranking(shell, view))) }
                div {
                    @if let Some(map) = &view.map { (map::map(shell, map)) }
                    (draw::section("definition", lang.pick("Cách tính", "Definition"), &definition(lang, &view.definition)))
                    (draw::section("related", lang.pick("Chỉ số liên quan", "Related indicators"), &related(shell, view)))
                }
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let text = |figure: &Figure| {
        draw::figure::amount_text(lang, figure.amount, figure.qualifier, figure.unit, figure.decimals)
    };
    let mut said = format!("{}: {}", view.place.name, text(&view.value));
    if let Some(period) = view.value.period {
        said.push_str(&format!(" ({})", lang.period(period)));
    }
    if let (Ok(now), Some(Ok(then))) =
        (view.value.amount.speaks(), view.previous.as_ref().map(|p| p.amount.speaks()))
    {
        let size = lang.number((now - then).abs(), view.value.decimals);
        said.push_str(&match now.total_cmp(&then) {
            std::cmp::Ordering::Less => format!(
                ", {} {size} {}",
                lang.pick("giảm", "down"),
                lang.pick("so với kỳ trước", "on the period before")
            ),
            std::cmp::Ordering::Equal => lang.pick(", không đổi so với kỳ trước", ", unchanged").to_owned(),
            std::cmp::Ordering::Greater => format!(
                ", {} {size} {}",
                lang.pick("tăng", "up"),
                lang.pick("so với kỳ trước", "on the period before")
            ),
        });
    }
    if let Some(target) = &view.target {
        said.push_str(&format!(
            "; {} {} {} {}: {}",
            lang.pick("mục tiêu", "target"),
            draw::lists::promise(lang, target),
            lang.pick("trước hết ngày", "by"),
            lang.date(target.due),
            words::status(lang, target.status)
        ));
    }
    said.push('.');
    draw::sentence::capital(&said)
}

fn ranking(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick("Xếp hạng các địa bàn bên dưới", "Ranking of the places below");
    let most = view.ranking.iter().filter_map(|row| row.value.amount.speaks().ok()).fold(0.0, f64::max);
    html! {
        @if !view.ranking.is_empty() {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th.r scope="col" { (lang.pick("Hạng", "Rank")) }
                    th scope="col" { (lang.pick("Địa bàn", "Place")) }
                    th.r scope="col" { (lang.pick("Giá trị", "Value")) }
                    th scope="col" { (lang.pick("So sánh", "Compared")) }
                    th scope="col" { (lang.pick("Diễn biến", "Trend")) }
                } }
                tbody { @for row in &view.ranking { tr {
                    td.r { @match row.rank { Some(rank) => (rank), None => "–" } }
                    th scope="row" { (draw::lists::place(shell, &row.place)) @if let Some(status) = row.status { span.by { (draw::badge::status(lang, status)) } } }
                    td.r { (draw::figure::value(shell, &row.value)) }
                    td { (draw::spark::bar(row.value.amount.speaks().ok(), most)) }
                    td.m { (draw::spark::spark(lang, &row.trend)) }
                } } }
            } }
        }
    }
}

fn definition(lang: Lang, definition: &Definition) -> Markup {
    let periods = match definition.period {
        PeriodKind::Day => lang.pick("ngày", "day"),
        PeriodKind::Week => lang.pick("tuần", "week"),
        PeriodKind::Month => lang.pick("tháng", "month"),
        PeriodKind::Quarter => lang.pick("quý", "quarter"),
        PeriodKind::Half => lang.pick("nửa năm", "half-year"),
        PeriodKind::Year => lang.pick("năm", "year"),
    };
    html! {
        dl.facts {
            div { dt { (lang.pick("Mã chỉ số", "Id")) } dd { code { (definition.id) } } }
            @if let Some(formula) = &definition.formula { div { dt { (lang.pick("Công thức", "Formula")) } dd { code { (formula) } } } }
            div { dt { (lang.pick("Tổng hợp lên cấp trên", "Aggregation")) } dd { (definition.aggregation) } }
            div { dt { (lang.pick("Kỳ báo cáo", "Reported every")) } dd { (periods) } }
            div { dt { (lang.pick("Coi là cũ sau", "Out of date after")) } dd { (definition.staleness) " " (lang.pick("kỳ", "periods")) } }
            @if let Some(samples) = definition.minimum_samples { div { dt { (lang.pick("Số mẫu tối thiểu", "Minimum samples")) } dd { (lang.count(samples.into())) } } }
            @if let Some(document) = &definition.document { div { dt { (lang.pick("Văn bản", "Document")) } dd { (document) } } }
        }
    }
}

fn related(shell: &Shell, view: &View) -> Markup {
    html! {
        @if !view.related.is_empty() {
            ul.plain { @for link in &view.related { li { a href=(shell.link(&link.href)) { (link.text) } } } }
        }
    }
}
