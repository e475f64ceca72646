//! Who reported what: a heat table of places by indicators. Expected counts by validity; never above 100%.

use gapwatch_model::{Percent, Period};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    part::{Link, PlaceRef},
    table::Format,
};

/// Reports of one place for one indicator over the period shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reports {
    /// Reports expected. 0: none is expected.
    pub expected: u32,
    /// Reports that came.
    pub actual: u32,
    /// Of them, in time.
    pub on_time: u32,
}

/// One place.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which place.
    pub place: PlaceRef,
    /// One per indicator, in order of the columns.
    pub reports: Vec<Reports>,
    /// All of them together.
    pub all: Reports,
}

/// What the page shows. `/completeness?place=&from=&to=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// The first period.
    pub from: Period,
    /// The last period.
    pub to: Period,
    /// The indicators: short name and page.
    pub indicators: Vec<Link>,
    /// One per place, least complete first.
    pub rows: Vec<Row>,
    /// All places together.
    pub total: Row,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Mức đầy đủ báo cáo", "Completeness of reports");
    let caption = lang.pick(
        "Báo cáo đã có trên báo cáo phải có, theo địa bàn và chỉ số",
        "Reports that came over reports expected, by place and indicator",
    );
    shell.page(
        &format!("{title} · {}", view.place.name),
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            section aria-label=(title) {
                (key(lang))
                @if view.rows.is_empty() {
                    (draw::nothing(lang.pick("Không có địa bàn nào phải báo cáo trong kỳ này.", "No place had to report in these periods.")))
                } @else {
                    div.scroll.tall tabindex="0" role="group" aria-label=(caption) { table.heat {
                        caption.vh { (caption) }
                        thead { tr {
                            th scope="col" { (lang.pick("Địa bàn", "Place")) }
                            @for indicator in &view.indicators { th scope="col" { a href=(shell.link(&indicator.href)) { (indicator.text) } } }
                            th scope="col" { (lang.pick("Tất cả", "All")) }
                        } }
                        tbody { @for row in &view.rows { (line(shell, row)) } }
                        tfoot { (line(shell, &view.total)) }
                    } }
                }
                (draw::table::downloads(shell, &view.downloads))
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let all = view.total.all;
    let (from, to) = (lang.period(view.from), lang.period(view.to));
    match Percent::of_counts(all.actual, all.expected) {
        Some(share) => {
            let (actual, expected, on_time) = (
                lang.count(all.actual.into()),
                lang.count(all.expected.into()),
                lang.count(all.on_time.into()),
            );
            let percent = lang.number(share.percent(), 1);
            match lang {
                Lang::Vi => format!(
                    "Từ {from} đến {to} có {actual}/{expected} báo cáo ({percent}%), {on_time} đúng hạn."
                ),
                Lang::En => format!(
                    "From {from} to {to}, {actual}/{expected} reports came ({percent}%), {on_time} in time."
                ),
            }
        }
        None => match lang {
            Lang::Vi => format!("Từ {from} đến {to} không có báo cáo nào phải nộp."),
            Lang::En => format!("From {from} to {to} no report was expected."),
        },
    }
}

fn line(shell: &Shell, row: &Row) -> Markup {
    html! {
        tr {
            th scope="row" { (draw::lists::place(shell, &row.place)) }
            @for reports in &row.reports { (cell(shell.lang, *reports)) }
            (cell(shell.lang, row.all))
        }
    }
}

/// A cell: shade, numbers and, where all came but late, a word.
fn cell(lang: Lang, reports: Reports) -> Markup {
    let class = step(reports);
    html! {
        td class=(class) {
            @if reports.expected == 0 {
                span.ab { (lang.pick("không phải báo cáo", "none expected")) }
            } @else {
                (lang.count(reports.actual.into())) "/" (lang.count(reports.expected.into()))
                @if reports.on_time < reports.actual { span.by { (lang.count((reports.actual - reports.on_time).into())) " " (lang.pick("muộn", "late")) } }
            }
        }
    }
}

/// Steps of the shade: all, most, some, none; a choice of drawing.
fn step(reports: Reports) -> &'static str {
    match (reports.actual, reports.expected) {
        (_, 0) => "hn",
        (0, _) => "h0",
        (actual, expected) if actual >= expected => "h3",
        (actual, expected) if actual.saturating_mul(2) >= expected => "h2",
        _ => "h1",
    }
}

fn key(lang: Lang) -> Markup {
    let steps = [
        ("h3", lang.pick("đủ", "all")),
        ("h2", lang.pick("từ một nửa", "half or more")),
        ("h1", lang.pick("dưới một nửa", "less than half")),
        ("h0", lang.pick("chưa có báo cáo nào", "none came")),
        ("hn", lang.pick("không phải báo cáo", "none expected")),
    ];
    html! { ul.key.heat { @for (class, words) in steps { li { span class={ "cell " (class) } {} " " (words) } } } }
}
