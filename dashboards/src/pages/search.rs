//! What was found: places (old names lead to the new place), indicators, flags. Exact tones come first.

use maud::{Markup, html};

use crate::{Lang, Shell, draw, part::Link};

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HitKind {
    /// A place in force.
    Place,
    /// A name that is no longer in force; the note says what it became.
    OldPlace,
    /// An indicator.
    Indicator,
    /// A flag.
    Flag,
}

/// One hit.
#[derive(Debug, Clone)]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// Its words and where it leads.
    pub link: Link,
    /// Where it is, or what became of it: `tỉnh Cao Bằng`, `nay thuộc xã Chợ Đồn (từ 01/07/2025)`.
    pub note: String,
    /// Its tones are those that were typed.
    pub exact: bool,
}

/// What the page shows. Built in `src/http/search.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// What was typed.
    pub query: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// There are more than are shown.
    pub more: bool,
}

/// Draws what was found.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Tìm kiếm", "Search");
    let groups = [
        (HitKind::Place, lang.pick("Địa bàn", "Places")),
        (HitKind::OldPlace, lang.pick("Tên cũ", "Former names")),
        (HitKind::Indicator, lang.pick("Chỉ số", "Indicators")),
        (HitKind::Flag, lang.pick("Cảnh báo", "Flags")),
    ];
    shell.page(
        title,
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            @for (kind, words) in groups {
                (draw::section(id(kind), words, &hits(shell, view, kind)))
            }
            @if view.more { p { (lang.pick("Còn kết quả khác: hãy gõ thêm chữ.", "There is more: type a few more letters.")) } }
        },
    )
}

fn id(kind: HitKind) -> &'static str {
    match kind {
        HitKind::Place => "places",
        HitKind::OldPlace => "former",
        HitKind::Indicator => "indicators",
        HitKind::Flag => "flags",
    }
}

fn sentence(lang: Lang, view: &View) -> String {
    let query = view.query.trim();
    match (lang, query.is_empty(), view.hits.len()) {
        (Lang::Vi, true, _) => "Gõ tên xã, thôn, chỉ số hoặc mã; có dấu hay không dấu đều được.".to_owned(),
        (Lang::En, true, _) => {
            "Type a commune, village, indicator or code, with or without tones.".to_owned()
        }
        (Lang::Vi, false, 0) => {
            format!("Không tìm thấy gì cho “{query}”. Hãy thử ít chữ hơn, hoặc tên trước khi sáp nhập.")
        }
        (Lang::En, false, 0) => {
            format!("Nothing was found for “{query}”. Try fewer letters, or the name before the merger.")
        }
        (Lang::Vi, false, count) => format!("{count} kết quả cho “{query}”; kết quả đúng dấu đứng trước."),
        (Lang::En, false, 1) => format!("1 result for “{query}”."),
        (Lang::En, false, count) => format!("{count} results for “{query}”, exact tones first."),
    }
}

fn hits(shell: &Shell, view: &View, kind: HitKind) -> Markup {
    let of_kind: Vec<&Hit> = view.hits.iter().filter(|hit| hit.kind == kind).collect();
    html! {
        @if !of_kind.is_empty() {
            ul.plain.spans {
                @for hit in of_kind {
                    li {
                        a href=(shell.link(&hit.link.href)) { bdi { (hit.link.text) } }
                        @if !hit.exact { " " span.rs { (shell.t("gần đúng", "near")) } }
                        " " span.by { bdi { (hit.note) } }
                    }
                }
            }
        }
    }
}
