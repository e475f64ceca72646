//! Meeting packs: making one, opening one with its seal, and what of it has been revised since.

use chrono::{DateTime, FixedOffset, NaiveDate};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    part::{Borders, Link, PlaceRef},
    shell::percent_encode,
    table::{Cell, Column, Kind, Row, Table},
};

/// One sealed pack.
#[derive(Debug, Clone)]
pub struct PackRow {
    /// Its id; `/packs/{id}` is its page, `/packs/{id}/document` its bytes.
    pub id: String,
    /// Of which place.
    pub place: PlaceRef,
    /// Its cut-off.
    pub cut_off: NaiveDate,
    /// The day whose borders it is in.
    pub borders: NaiveDate,
    /// When it was sealed.
    pub made_at: DateTime<FixedOffset>,
    /// Who sealed it.
    pub author: String,
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub hash: String,
}

/// The list of packs. `/packs?place=`.
#[derive(Debug, Clone)]
pub struct View {
    /// Of which place.
    pub place: PlaceRef,
    /// Newest first.
    pub packs: Vec<PackRow>,
    /// Over whose borders the next one is made, unless another choice is made in the form.
    pub borders: Borders,
}

/// One figure of a sealed pack that is another now.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Which figure, with its page.
    pub figure: Link,
    /// As sealed, in words with its unit.
    pub sealed: String,
    /// As known now of the same cut-off day or period.
    pub now: String,
    /// When the correction was recorded, and by which run.
    pub recorded_at: DateTime<FixedOffset>,
    /// The run that brought it.
    pub run: Option<Link>,
}

/// One pack with its seal.
#[derive(Debug, Clone)]
pub struct OneView {
    /// The pack.
    pub pack: PackRow,
    /// The stored bytes still have the stored hash.
    pub intact: bool,
    /// Figures revised since.
    pub revisions: Vec<Revision>,
    /// A PDF can be made here.
    pub pdf: bool,
}

/// Draws the list, and the form to make one for those who may.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Tài liệu họp", "Meeting packs");
    let editor = shell.visitor.as_ref().filter(|visitor| visitor.may_edit && !shell.as_of_chosen);
    shell.page(
        &format!("{title} · {}", view.place.name),
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            @match editor {
                Some(visitor) => section.narrow aria-labelledby="make-h" {
                    h2 #make-h { (lang.pick("Lập tài liệu mới", "Make a new pack")) }
                    form.stack method="post" action="/packs" {
                        input type="hidden" name="csrf" value=(visitor.csrf);
                        input type="hidden" name="place" value=(view.place.code);
                        input type="hidden" name="lang" value=(lang.tag());
                        label { span { (lang.pick("Số liệu đến hết ngày", "Everything known at the end of")) }
                            input type="date" name="cut_off" value=(shell.as_of) max=(shell.now.date_naive()) required; }
                        label { span { (lang.pick("Địa giới", "Borders")) }
                            select name="borders" {
                                option value="then" selected[view.borders == Borders::Then] { (lang.pick("của ngày chốt số liệu", "of the cut-off day")) }
                                option value="now" selected[view.borders == Borders::Now] { (lang.pick("hiện nay", "of today")) }
                            } }
                        button.go { (lang.pick("Lập và niêm phong", "Make and seal")) }
                    }
                },
                None => p { a href=(shell.link("/sign-in?next=%2Fpacks")) { (lang.pick("Đăng nhập để lập tài liệu mới", "Sign in to make a new pack")) } },
            }
            section aria-labelledby="packs-h" {
                h2 #packs-h { (lang.pick("Đã niêm phong", "Sealed")) ": " bdi { (view.place.name) } }
                (list(shell, view))
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    match view.packs.first() {
        None => lang
            .pick(
                "Chưa có tài liệu họp nào. Tài liệu được niêm phong: mở lại lúc nào cũng đúng từng byte.",
                "There are no packs yet. A pack is sealed: opened again it is the same bytes.",
            )
            .to_owned(),
        Some(last) => match lang {
            Lang::Vi => format!(
                "Tài liệu gần nhất có số liệu đến hết ngày {}, do {} lập.",
                lang.date(last.cut_off),
                last.author
            ),
            Lang::En => format!(
                "The last pack holds what was known at the end of {}, made by {}.",
                lang.date(last.cut_off),
                last.author
            ),
        },
    }
}

fn list(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let columns = vec![
        Column::new("cut_off", lang.pick("Số liệu đến ngày", "Cut-off"), Kind::Text),
        Column::new("borders", lang.pick("Địa giới ngày", "Borders of"), Kind::Text),
        Column::new("made", lang.pick("Lập lúc", "Made"), Kind::Date),
        Column::new("author", lang.pick("Người lập", "Author"), Kind::Text),
        Column::new("hash", "SHA-256", Kind::Text),
    ];
    let rows = view.packs.iter().map(|pack| {
        Row::new(vec![
            Cell::Link(Link::new(lang.date(pack.cut_off), format!("/packs/{}", percent_encode(&pack.id)))),
            Cell::Text(lang.date(pack.borders)),
            Cell::Moment(pack.made_at),
            Cell::Text(pack.author.clone()),
            Cell::Text(pack.hash.chars().take(16).collect::<String>() + "…"),
        ])
    });
    let table = Table {
        caption: lang.pick("Tài liệu họp đã niêm phong", "Sealed packs").to_owned(),
        rows: rows.collect(),
        columns,
        empty: lang.pick("Chưa có tài liệu nào.", "None yet.").to_owned(),
        ..Table::default()
    };
    draw::table::table(shell, &table)
}

/// Draws one pack with its seal.
#[must_use]
pub fn render_one(shell: &Shell, view: &OneView) -> Markup {
    let lang = shell.lang;
    let pack = &view.pack;
    let title =
        format!("{} {}", lang.pick("Tài liệu họp đến ngày", "Meeting pack as of"), lang.date(pack.cut_off));
    let id = percent_encode(&pack.id);
    shell.page(
        &title,
        &html! {
            h1 { (title) }
            (draw::answer(seal(lang, view)))
            dl.tiles {
                div { dt { (lang.pick("Tài liệu", "Document")) } dd {
                    a.mid href={ "/packs/" (id) "/document" } { (lang.pick("Mở để đọc, in", "Open to read or print")) }
                    @if view.pdf { a href={ "/packs/" (id) "/document.pdf" } download { "PDF" } }
                } }
                div { dt { (lang.pick("Địa bàn", "Place")) } dd { span.mid { (draw::lists::place(shell, &pack.place)) } span.by { (lang.pick("địa giới ngày", "borders of")) " " (lang.date(pack.borders)) } } }
                div { dt { (lang.pick("Người lập", "Author")) } dd { span.mid { bdi { (pack.author) } } span.by { (lang.moment(pack.made_at)) } } }
                div { dt { (lang.pick("Niêm phong", "Seal")) } dd {
                    span.mid { @if view.intact { span.st.t-met { (lang.pick("còn nguyên", "intact")) } } @else { span.st.t-missed { (lang.pick("đã hỏng", "broken")) } } }
                    span.by { "SHA-256 " code { (pack.hash) } }
                } }
            }
            section aria-labelledby="revised-h" {
                h2 #revised-h { (lang.pick("Số liệu đã được đính chính từ đó", "Revised since")) }
                (revisions(shell, view))
            }
        },
    )
}

fn seal(lang: Lang, view: &OneView) -> &'static str {
    match (view.intact, view.revisions.is_empty()) {
        (false, _) => lang.pick(
            "Nội dung lưu không còn khớp dấu niêm phong: không được dùng bản này.",
            "The stored bytes no longer match the seal: do not use this copy.",
        ),
        (true, true) => lang.pick(
            "Niêm phong còn nguyên; chưa có số liệu nào trong tài liệu bị đính chính.",
            "The seal is intact; none of its figures has been revised.",
        ),
        (true, false) => lang.pick(
            "Niêm phong còn nguyên; một số số liệu trong tài liệu đã được đính chính sau đó.",
            "The seal is intact; some of its figures have been revised since.",
        ),
    }
}

fn revisions(shell: &Shell, view: &OneView) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick("Số liệu trong tài liệu và hiện nay", "Figures as sealed and now");
    html! {
        @if view.revisions.is_empty() {
            (draw::nothing(lang.pick("Không có.", "None.")))
        } @else {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Số liệu", "Figure")) }
                    th scope="col" { (lang.pick("Trong tài liệu", "As sealed")) }
                    th scope="col" { (lang.pick("Nay biết là", "Known now")) }
                    th scope="col" { (lang.pick("Đính chính lúc", "Corrected")) }
                } }
                tbody { @for revision in &view.revisions { tr {
                    th scope="row" { a href=(shell.link(&revision.figure.href)) { (revision.figure.text) } }
                    td { (revision.sealed) }
                    td { strong { (revision.now) } }
                    td { (lang.moment(revision.recorded_at)) @if let Some(run) = &revision.run { span.by { a href=(shell.link(&run.href)) { (run.text) } } } }
                } } }
            } }
        }
    }
}
