//! The meeting pack: an administrative report on A4 for one place and one cut-off. Sealed packs are the same bytes for ever,
//! so this page carries its own styles, no script, no search, nobody's name but the author's.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use gapwatch_model::{Ledger, Percent};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    Lang, Shell, draw,
    figure::Absence,
    map::{self, Map},
    pages::overview::{IndicatorRow, Lagging, Plan},
    part::{Before, ChildRow, FlagRow, Link, PlaceRef, Stations, Tally, TargetRow},
    shell::{Address, Clock, Theme},
};

/// What a pack shows. Built in `src/http/packs.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// Language of the report.
    pub lang: Lang,
    /// The authority above, in capitals on the left: `UBND TỈNH CAO BẰNG`.
    pub authority: String,
    /// The body that reports: `SỞ KHOA HỌC VÀ CÔNG NGHỆ`.
    pub body: String,
    /// Number of the report: `12/BC-SKHCN`. Empty: left open to be filled in by hand.
    pub number: String,
    /// Where it is signed: `Cao Bằng`.
    pub signed_at: String,
    /// Of which place.
    pub place: PlaceRef,
    /// The cut-off: everything recorded up to the end of this day.
    pub cut_off: NaiveDate,
    /// The day whose borders it is in: the cut-off's, or a later one.
    pub borders: NaiveDate,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// Who made it.
    pub author: String,
    /// Holds made-up data.
    pub synthetic: bool,
    /// Villages by state.
    pub tally: Tally,
    /// The strict rate at the last pack.
    pub strict_before: Option<Percent>,
    /// The count at the last pack.
    pub before: Option<Before>,
    /// The plan for coverage.
    pub plan: Option<Plan>,
    /// Communes held against targets.
    pub lagging: Lagging,
    /// The map.
    pub map: Option<Map>,
    /// Stations nearest to a commune.
    pub stations: Stations,
    /// The ledger since the last pack.
    pub ledger: Option<Ledger>,
    /// Targets with status.
    pub targets: Vec<TargetRow>,
    /// Worst communes.
    pub worst: Vec<ChildRow>,
    /// Flags with owners and due dates.
    pub flags: Vec<FlagRow>,
    /// Other figures.
    pub indicators: Vec<IndicatorRow>,
    /// How states and rates are made, one sentence each, with the versions of rules and targets.
    pub method: Vec<String>,
    /// Sources with their last run before the cut-off.
    pub sources: Vec<Link>,
}

/// Draws the sealed document, whole and alone.
#[must_use]
pub fn render(view: &View) -> Markup {
    let lang = view.lang;
    let shell = shell(view);
    let title = format!(
        "{} {}, {}",
        lang.pick("Báo cáo tình hình phủ sóng di động", "Report on mobile coverage of"),
        view.place.name,
        lang.date(view.cut_off)
    );
    let flags = view.flags.is_empty();
    draw::straight(html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-theme="light" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("../../assets/style.css"))) (PreEscaped(include_str!("../../assets/pack.css"))) }
            }
            body {
                @if view.map.is_some() || view.tally.total > 0 { (map::patterns()) }
                main {
                    (masthead(view))
                    h1 { (lang.pick("BÁO CÁO", "REPORT")) }
                    p.subject {
                        (lang.pick("Tình hình phủ sóng di động và hạ tầng số", "Mobile coverage and digital infrastructure")) br;
                        bdi { (view.place.name) } ", " (lang.pick("số liệu đến hết ngày", "as known at the end of")) " " (lang.date(view.cut_off))
                        ", " (lang.pick("theo địa giới ngày", "in the borders of")) " " (lang.date(view.borders))
                    }
                    @if view.synthetic { p.draft { (lang.pick("Tài liệu minh họa: thôn, xóm và số liệu thôn là giả định.", "Illustration: villages and their figures are made up.")) } }
                    h2 { "1. " (lang.pick("Kết quả chung", "The answer")) }
                    (draw::answer(&sentence(lang, view)))
                    (rates(lang, view))
                    (draw::tally::bar(lang, &view.tally))
                    h2 { "2. " (lang.pick("Bản đồ", "Map")) }
                    @match &view.map {
                        Some(map) => (map::map(&shell, map)),
                        None => p { (lang.pick("Chưa có ranh giới để vẽ bản đồ.", "There are no boundaries to draw.")) },
                    }
                    @if !view.stations.rows.is_empty() { h3 { (lang.pick("Trạm gần trung tâm xã nhất", "Stations nearest to the commune's centre")) } (draw::lists::stations(&shell, &view.stations)) }
                    h2 { "3. " (lang.pick("Biến động từ kỳ họp trước", "Changes since the last meeting")) }
                    (changes(lang, view))
                    h2 { "4. " (lang.pick("Mục tiêu", "Targets")) }
                    @if view.targets.is_empty() { p { (lang.pick("Chưa khai báo mục tiêu nào.", "No targets are declared.")) } } @else { (draw::lists::targets(&shell, &view.targets)) }
                    h2 { "5. " (lang.pick("Các xã cần chú ý", "Communes that need attention")) }
                    (lagging(lang, view))
                    @if !view.worst.is_empty() { (draw::lists::children(&shell, &view.worst, lang.pick("Các xã cần chú ý", "Communes that need attention"))) }
                    h2 { "6. " (lang.pick("Cảnh báo, người phụ trách, thời hạn", "Flags, owners, due dates")) }
                    @if flags { p { (lang.pick("Không có cảnh báo nào.", "No flags.")) } } @else { (flag_table(&shell, view)) }
                    h2 { "7. " (lang.pick("Các chỉ số khác", "Other indicators")) }
                    @if view.indicators.is_empty() { p { (lang.pick("Chưa có số liệu.", "No figures yet.")) } } @else { (draw::lists::indicators(&shell, &view.indicators)) }
                    h2 { "8. " (lang.pick("Cách tính và nguồn", "Method and sources")) }
                    ul { @for line in &view.method { li { (line) } } }
                    @if !view.sources.is_empty() {
                        ul { @for source in &view.sources { li { a href=(shell.link(&source.href)) { (source.text) } } } }
                    }
                    (signs(lang))
                    p.seal {
                        (lang.pick("Lập bởi", "Made by")) " " bdi { (view.author) } " " (lang.pick("lúc", "at")) " " (lang.moment(view.made_at)) ". "
                        (lang.pick(
                            "Tài liệu được niêm phong bằng mã SHA-256 của toàn bộ nội dung; trang tài liệu họp cho biết số liệu nào đã được đính chính sau đó.",
                            "Sealed by the SHA-256 of its whole content; the packs page says which of its figures have been revised since.",
                        ))
                    }
                }
            }
        }
    })
}

/// The style text of a stored document: its SHA-256 goes into the `style-src` of the answer that sends it.
#[must_use]
pub fn style_of(document: &str) -> Option<&str> {
    let (_, rest) = document.split_once("<style>")?;
    rest.split_once("</style>").map(|(style, _)| style)
}

/// The frame links are made with: they lead to what was known at the cut-off.
fn shell(view: &View) -> Shell {
    let now = (view.borders != view.cut_off).then(|| ("borders".to_owned(), "now".to_owned()));
    let borders = now.into_iter().collect();
    Shell {
        lang: view.lang,
        theme: Theme::Light,
        address: Address { path: String::new(), query: borders },
        as_of: view.cut_off,
        as_of_chosen: true,
        now: view.made_at,
        clock: Clock::Real,
        synthetic: view.synthetic,
        crumbs: Vec::new(),
        search: String::new(),
        visitor: None,
        notices: Vec::new(),
    }
}

/// The heading of an administrative report: the body on the left, the country and its motto on the right.
fn masthead(view: &View) -> Markup {
    let lang = view.lang;
    let number = if view.number.is_empty() { "…/BC" } else { &view.number };
    let day = view.cut_off;
    html! {
        header.masthead {
            div {
                p { (view.authority) }
                p.rule { strong { (view.body) } }
                p { (lang.pick("Số:", "No.")) " " (number) }
            }
            div {
                p { strong { (lang.pick("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SOCIALIST REPUBLIC OF VIET NAM")) } }
                p.rule { strong { (lang.pick("Độc lập - Tự do - Hạnh phúc", "Independence - Freedom - Happiness")) } }
                p.when {
                    (view.signed_at) ", "
                    @match lang {
                        Lang::Vi => { "ngày " (format!("{:02}", day.day())) " tháng " (format!("{:02}", day.month())) " năm " (day.year()) },
                        Lang::En => (lang.date(day)),
                    }
                }
            }
        }
    }
}

fn sentence(lang: Lang, view: &View) -> String {
    let mut said = draw::sentence::coverage(lang, &view.place.name, &view.tally, view.before);
    if let Some(plan) = &view.plan {
        said.push(' ');
        said.push_str(&draw::sentence::plan(lang, plan));
    }
    said
}

fn rates(lang: Lang, view: &View) -> Markup {
    html! {
        dl.facts {
            div { dt { (lang.pick("Tỷ lệ có sóng tại trung tâm (tính cả lõm sóng)", "Signal at the centre (pockets counted)")) } dd { (draw::figure::share(lang, view.tally.headline())) } }
            div { dt { (lang.pick("Tỷ lệ phủ sóng hoàn toàn (không tính lõm sóng)", "Fully covered (pockets not counted)")) } dd {
                (draw::figure::share(lang, view.tally.strict()))
                @if let Some(before) = view.strict_before { span.by { (lang.pick("kỳ trước", "last time")) " " (lang.number(before.percent(), 2)) "%" } }
            } }
            div { dt { (lang.pick("Không có điện lưới", "Without grid power")) } dd {
                @match view.tally.no_grid_power {
                    Some(count) => { (lang.count(count.into())) " " (lang.pick("thôn, xóm", "villages")) },
                    None => (draw::badge::absence(lang, Absence::Missing)),
                }
            } }
        }
    }
}

fn changes(lang: Lang, view: &View) -> Markup {
    html! {
        @match (&view.ledger, view.before) {
            (Some(ledger), Some(before)) => {
                p { (lang.pick("So với hết ngày", "Against the end of")) " " (lang.date(before.on)) ":" }
                (draw::lists::ledger(lang, ledger))
            }
            _ => p { (lang.pick("Đây là tài liệu đầu tiên: chưa có kỳ trước để so.", "This is the first pack: there is nothing to compare with.")) },
        }
    }
}

fn lagging(lang: Lang, view: &View) -> Markup {
    let lagging = view.lagging;
    let (behind, total, unknown) = (
        lang.count(lagging.lagging.into()),
        lang.count(lagging.total.into()),
        lang.count(lagging.unknown.into()),
    );
    html! {
        p { @match lang {
            Lang::Vi => { (behind) " trong " (total) " xã, phường chậm ít nhất một mục tiêu; chưa rõ " (unknown) "." },
            Lang::En => { (behind) " of " (total) " communes are behind in at least one target; " (unknown) " unknown." },
        } }
    }
}

fn flag_table(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    html! {
        table {
            thead { tr {
                th scope="col" { (lang.pick("Cảnh báo", "Flag")) }
                th scope="col" { (lang.pick("Từ", "Since")) }
                th scope="col" { (lang.pick("Phụ trách", "Owner")) }
                th scope="col" { (lang.pick("Hạn", "Due")) }
            } }
            tbody { @for row in &view.flags { tr {
                td { (draw::badge::flag(lang, row.state)) " " a href=(shell.link(&row.href())) { (row.rule_name) ", " bdi { (row.place.name) } } span.by { (row.explanation) } }
                td.d { (lang.date(row.since.date_naive())) }
                td { @match &row.acknowledgement { Some(taken) => bdi { (taken.owner) }, None => span.ab { (lang.pick("chưa có", "nobody yet")) } } }
                td.d { @match row.acknowledgement.as_ref().and_then(|taken| taken.due) { Some(due) => (lang.date(due)), None => span.ab { (lang.pick("chưa có", "none yet")) } } }
            } } }
        }
    }
}

fn signs(lang: Lang) -> Markup {
    html! {
        div.signs {
            div { p { strong { em { (lang.pick("Nơi nhận:", "To:")) } } } p { "- …" } p { (lang.pick("- Lưu: VT.", "- File.")) } }
            div.name { p { strong { (lang.pick("THỦ TRƯỞNG ĐƠN VỊ", "HEAD OF THE BODY")) } } p { em { (lang.pick("(Ký, ghi rõ họ tên)", "(Signature, full name)")) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::style_of;

    #[test]
    fn the_style_of_a_document_is_found() {
        assert_eq!(style_of("<head><style>p{}</style></head>"), Some("p{}"));
        assert_eq!(style_of("<head></head>"), None);
    }
}
