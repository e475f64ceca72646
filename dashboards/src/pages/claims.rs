//! Claims against measurements: where an operator's report and what was measured differ.

use gapwatch_model::{Percent, Period};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    part::{Link, PlaceRef},
    table::{self, Cell, Column, Format, Kind, Table},
};

/// One operator.
#[derive(Debug, Clone)]
pub struct OperatorRow {
    /// Its name.
    pub operator: String,
    /// Points with a claim and a fresh measurement.
    pub compared: u32,
    /// Of them, where they differ.
    pub disputed: u32,
    /// Covered as claimed, over the compared points.
    pub claimed: Option<Percent>,
    /// Covered as measured, over the compared points.
    pub measured: Option<Percent>,
}

/// One point where they differ.
#[derive(Debug, Clone)]
pub struct DisputeRow {
    /// Which village.
    pub place: PlaceRef,
    /// Its commune.
    pub parent: PlaceRef,
    /// Operator and technology.
    pub operator: String,
    /// What was claimed: covered or not.
    pub claimed: bool,
    /// When it was claimed.
    pub claimed_in: Period,
    /// Who claimed it.
    pub claim_source: Link,
    /// What was measured.
    pub measured: bool,
    /// When it was measured.
    pub measured_in: Period,
    /// Who measured.
    pub measure_source: Link,
}

/// What the page shows. `/claims?place=&operator=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// Every operator.
    pub operators: Vec<OperatorRow>,
    /// Points, newest measurement first.
    pub disputes: Vec<DisputeRow>,
    /// How many there are in all.
    pub disputes_total: u64,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Báo cáo và đo thực tế", "Claims and measurements");
    shell.page(
        &format!("{title} · {}", view.place.name),
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            section aria-labelledby="operators-h" {
                h2 #operators-h { (lang.pick("Theo doanh nghiệp", "By operator")) }
                (operators(shell, view))
            }
            section aria-labelledby="disputes-h" {
                h2 #disputes-h { (lang.pick("Nơi khác nhau", "Where they differ")) }
                (disputes(shell, view))
                (draw::table::downloads(shell, &view.downloads))
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let compared: u32 = view.operators.iter().map(|row| row.compared).sum();
    let disputed: u32 = view.operators.iter().map(|row| row.disputed).sum();
    match (lang, compared) {
        (Lang::Vi, 0) => "Chưa có điểm nào vừa được báo cáo vừa được đo.".to_owned(),
        (Lang::En, 0) => "No point has both a claim and a measurement yet.".to_owned(),
        (Lang::Vi, _) => format!(
            "{} trong {} điểm vừa được báo cáo vừa được đo cho kết quả khác nhau; kết quả đo được dùng.",
            lang.count(disputed.into()),
            lang.count(compared.into())
        ),
        (Lang::En, _) => format!(
            "{} of {} points with both a claim and a measurement differ; the measurement speaks.",
            lang.count(disputed.into()),
            lang.count(compared.into())
        ),
    }
}

fn operators(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let columns = vec![
        Column::new("operator", lang.pick("Doanh nghiệp", "Operator"), Kind::Text),
        Column::new("compared", lang.pick("Điểm so sánh", "Points compared"), Kind::Number),
        Column::new("disputed", lang.pick("Khác nhau", "Differ"), Kind::Number),
        Column::new("claimed", lang.pick("Có sóng theo báo cáo", "Covered as claimed"), Kind::Number),
        Column::new("measured", lang.pick("Có sóng theo đo", "Covered as measured"), Kind::Number),
    ];
    let rows = view.operators.iter().map(|row| {
        table::Row::new(vec![
            Cell::Text(row.operator.clone()),
            Cell::Count(row.compared.into()),
            Cell::Count(row.disputed.into()),
            Cell::Share(row.claimed),
            Cell::Share(row.measured),
        ])
    });
    draw::table::table(
        shell,
        &Table {
            caption: lang
                .pick("Báo cáo và đo thực tế theo doanh nghiệp", "Claims and measurements by operator")
                .to_owned(),
            rows: rows.collect(),
            columns,
            empty: lang
                .pick("Chưa có doanh nghiệp nào để so sánh.", "No operator to compare yet.")
                .to_owned(),
            ..Table::default()
        },
    )
}

fn disputes(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick("Từng điểm báo cáo khác đo thực tế", "Every point where they differ");
    let word = |covered| {
        if covered { lang.pick("có sóng", "signal") } else { lang.pick("không có sóng", "no signal") }
    };
    html! {
        @if view.disputes.is_empty() {
            (draw::nothing(lang.pick("Không có.", "None.")))
        } @else {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Thôn, xóm", "Village")) }
                    th scope="col" { (lang.pick("Nhà mạng", "Operator")) }
                    th scope="col" { (lang.pick("Báo cáo", "Claimed")) }
                    th scope="col" { (lang.pick("Đo thực tế", "Measured")) }
                } }
                tbody { @for row in &view.disputes { tr {
                    th scope="row" { (draw::lists::place(shell, &row.place)) span.by { (draw::lists::place(shell, &row.parent)) } }
                    td { bdi { (row.operator) } }
                    td { (word(row.claimed)) span.by { (lang.period(row.claimed_in)) " · " a href=(shell.link(&row.claim_source.href)) { (row.claim_source.text) } } }
                    td { strong { (word(row.measured)) } span.by { (lang.period(row.measured_in)) " · " a href=(shell.link(&row.measure_source.href)) { (row.measure_source.text) } } }
                } } }
            } }
            @if view.disputes_total > u64::try_from(view.disputes.len()).unwrap_or(u64::MAX) {
                p.by { (lang.pick("Tất cả:", "In all:")) " " (lang.count(view.disputes_total)) }
            }
        }
    }
}
