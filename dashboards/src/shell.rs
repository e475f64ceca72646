//! The frame around every page: language, day shown, banners, navigation, search, sign-in, and the links that keep them.

use std::fmt::Write;

use chrono::{DateTime, FixedOffset, NaiveDate};
use maud::{DOCTYPE, Markup, html};

use crate::{Lang, assets, draw, map, part::Link};

/// Colours of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Theme {
    /// As the device prefers.
    #[default]
    Auto,
    /// Light, remembered by the cookie `theme=light`.
    Light,
    /// Dark, remembered by the cookie `theme=dark`.
    Dark,
}

impl Theme {
    /// The word used in `?theme=`, in the cookie and in the markup.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme a word names; anything else is as the device prefers.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// Where the clock of the program comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    Real,
    /// The example replays a story: every page says so.
    Simulated,
}

/// The person signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Name of the token.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub role: String,
    /// May change things: editor or admin.
    pub may_edit: bool,
    /// Goes into every form as the hidden field `csrf`.
    pub csrf: String,
}

/// Path and query of the page as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// The path, as in the request: `/communes/01273`.
    pub path: String,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
}

impl Address {
    /// The same address with some query keys set (`Some`) or dropped (`None`). Keys set anew go to the end.
    #[must_use]
    pub fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let kept = self.query.iter().filter(|(key, _)| !changes.iter().any(|(changed, _)| changed == key));
        let kept = kept.map(|(key, value)| (key.as_str(), value.as_str()));
        let set = changes.iter().filter_map(|(key, value)| value.map(|value| (*key, value)));
        join_query(&self.path, kept.chain(set))
    }

    /// The first value of a query key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// What every page carries. Built by `src/http` once per request.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Language of the page.
    pub lang: Lang,
    /// Colours.
    pub theme: Theme,
    /// The address asked for.
    pub address: Address,
    /// The day whose knowledge is shown.
    pub as_of: NaiveDate,
    /// The day was asked for (`?as_of=`), so links keep it. Otherwise it is today.
    pub as_of_chosen: bool,
    /// The program's now, in Vietnam's zone.
    pub now: DateTime<FixedOffset>,
    /// Where that now comes from.
    pub clock: Clock,
    /// The data shown holds made-up places or figures: every page says so.
    pub synthetic: bool,
    /// The way here, from the top; the page itself is not in it.
    pub crumbs: Vec<Link>,
    /// What stands in the search field.
    pub search: String,
    /// Who is signed in.
    pub visitor: Option<Visitor>,
    /// Something to say about the whole page: the store is down, reads are local, a batch is waiting.
    pub notices: Vec<String>,
}

impl Shell {
    /// A path of the program with the language, the day and the borders of this page added.
    #[must_use]
    pub fn link(&self, href: &str) -> String {
        let mut kept = Vec::new();
        let has = |key: &str| {
            href.split_once('?')
                .is_some_and(|(_, query)| query.split('&').any(|pair| pair.split('=').next() == Some(key)))
        };
        if self.lang == Lang::En && !has("lang") {
            kept.push(("lang", "en".to_owned()));
        }
        if self.as_of_chosen && !has("as_of") {
            kept.push(("as_of", self.as_of.to_string()));
        }
        if self.borders_now() && !has("borders") {
            kept.push(("borders", "now".to_owned()));
        }
        if kept.is_empty() {
            return href.to_owned();
        }
        let (path, fragment) = href.split_once('#').map_or((href, None), |(path, rest)| (path, Some(rest)));
        let mut linked = path.to_owned();
        for (key, value) in kept {
            linked.push(if linked.contains('?') { '&' } else { '?' });
            linked.push_str(key);
            linked.push('=');
            linked.push_str(&value);
        }
        if let Some(fragment) = fragment {
            linked.push('#');
            linked.push_str(fragment);
        }
        linked
    }

    /// This page with some query keys changed; language and day stay as they are in the address.
    #[must_use]
    pub fn here(&self, changes: &[(&str, Option<&str>)]) -> String {
        self.address.with(changes)
    }

    /// Chooses between two texts by the language of the page.
    #[must_use]
    pub fn t<'a>(&self, vi: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(vi, en)
    }

    /// Draws a whole page around its main part.
    #[must_use]
    pub fn page(&self, title: &str, main: &Markup) -> Markup {
        let live = (!self.as_of_chosen).then_some("");
        draw::straight(html! {
            (DOCTYPE)
            html lang=(self.lang.tag()) data-theme=(self.theme.as_str()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · gapwatch" }
                    link rel="stylesheet" href=(assets::style().path);
                    link rel="icon" href=(assets::icon().path);
                    script src=(assets::script().path) defer {}
                }
                body data-wait=(self.t("Đang thực hiện…", "Working…")) {
                    a.skip href="#main" { (self.t("Đến nội dung chính", "Skip to content")) }
                    (self.header())
                    @if main.0.contains("url(#p-") { (map::patterns()) }
                    main #main tabindex="-1" data-live=[live] { (main) }
                    (self.footer())
                }
            }
        })
    }

    fn header(&self) -> Markup {
        let places = [
            ("/", "o", self.t("Tổng quan", "Overview")),
            ("/villages", "v", self.t("Thôn, xóm", "Villages")),
            ("/flags", "f", self.t("Cảnh báo", "Flags")),
            ("/ledger", "b", self.t("Biến động", "Changes")),
            ("/packs", "t", self.t("Tài liệu họp", "Packs")),
            ("/sources", "s", self.t("Nguồn số liệu", "Sources")),
        ];
        html! {
            header {
                div.top { div.wrap {
                    a.brand href=(self.link("/")) { "gapwatch" }
                    nav.main aria-label=(self.t("Các trang chính", "Main pages")) {
                        @for (href, key, words) in places {
                            a href=(self.link(href)) data-key=(key) aria-current=[(self.address.path == href).then_some("page")] { (words) }
                        }
                    }
                    form.search role="search" method="get" action="/search" {
                        (self.kept_fields())
                        input #q type="search" name="q" value=(self.search) aria-label=(self.t("Tìm xã, thôn, chỉ số", "Search places, indicators"))
                            placeholder=(self.t("Tìm xã, thôn, chỉ số…", "Search…")) autocomplete="off";
                        button { (self.t("Tìm", "Find")) }
                    }
                } }
                (self.banners())
                div.wrap.sub {
                    (self.breadcrumb())
                    (self.day_form())
                }
            }
        }
    }

    /// Language, chosen day and borders as hidden fields of a form that leads elsewhere.
    fn kept_fields(&self) -> Markup {
        html! {
            @if self.lang == Lang::En { input type="hidden" name="lang" value="en"; }
            @if self.as_of_chosen { input type="hidden" name="as_of" value=(self.as_of); }
            @if self.borders_now() { input type="hidden" name="borders" value="now"; }
        }
    }

    /// Whether the past is shown in the borders of now.
    fn borders_now(&self) -> bool {
        self.address.query.iter().any(|(key, value)| key == "borders" && value == "now")
    }

    fn banners(&self) -> Markup {
        let simulated = self.clock == Clock::Simulated;
        html! {
            @if simulated || self.synthetic {
                p.banner { span.wrap {
                    @if self.synthetic {
                        strong { (self.t("Số liệu minh họa.", "Synthetic data.")) } " "
                        (self.t("Thôn, xóm và số liệu thôn là giả định, không phải số liệu thật. ", "Villages and their figures are made up. "))
                    }
                    @if simulated {
                        (self.t("Đồng hồ mô phỏng: ", "Simulated clock: ")) (self.lang.moment(self.now)) "."
                    }
                } }
            }
            @if self.as_of_chosen {
                p.banner.past { span.wrap {
                    (self.t("Đang xem những gì đã biết đến hết ngày ", "Showing what was known at the end of ")) strong { (self.lang.date(self.as_of)) } ". "
                    @if self.borders_now() {
                        (self.t("Theo địa giới hiện nay", "In the borders of now")) " ("
                        a href=(self.here(&[("borders", None)])) { (self.t("xem theo địa giới lúc đó", "show those of then")) } "). "
                    } @else {
                        (self.t("Theo địa giới lúc đó", "In the borders of then")) " ("
                        a href=(self.here(&[("borders", Some("now"))])) { (self.t("xem theo địa giới hiện nay", "show those of now")) } "). "
                    }
                    a href=(self.here(&[("as_of", None), ("borders", None)])) { (self.t("Về hiện tại", "Back to now")) }
                } }
            }
            @for notice in &self.notices { p.banner.warn role="status" { span.wrap { (notice) } } }
        }
    }

    fn breadcrumb(&self) -> Markup {
        html! {
            @if !self.crumbs.is_empty() {
                nav.crumbs aria-label=(self.t("Vị trí", "Where you are")) {
                    ol { @for crumb in &self.crumbs { li { a href=(self.link(&crumb.href)) { bdi { (crumb.text) } } } } }
                }
            }
        }
    }

    fn day_form(&self) -> Markup {
        let kept =
            self.address.query.iter().filter(|(key, _)| key != "as_of" && key != "after" && key != "before");
        html! {
            form.day method="get" action=(self.address.path) {
                @for (key, value) in kept { input type="hidden" name=(key) value=(value); }
                label for="as_of" { (self.t("Số liệu đến ngày", "As of")) }
                input #as_of type="date" name="as_of" value=(self.as_of) max=(self.now.date_naive()) required;
                button { (self.t("Xem", "Show")) }
            }
        }
    }

    fn footer(&self) -> Markup {
        let other = self.lang.pick(("en", "English"), ("vi", "Tiếng Việt"));
        let themes = [
            (Theme::Auto, self.t("theo thiết bị", "as the device")),
            (Theme::Light, self.t("sáng", "light")),
            (Theme::Dark, self.t("tối", "dark")),
        ];
        html! {
            footer.wrap {
                p {
                    (self.t("Số liệu đến", "Data as of")) " " (self.lang.date(self.as_of)) " · "
                    (self.t("trang lập lúc", "page made at")) " " time datetime=(self.now.to_rfc3339()) { (self.lang.moment(self.now)) }
                    " · " a href=(self.link("/keys")) data-key="help" { (self.t("Phím tắt và ký hiệu", "Keys and signs")) }
                }
                p {
                    a lang=(other.0) hreflang=(other.0) href=(self.here(&[("lang", (self.lang == Lang::Vi).then_some("en"))])) { (other.1) }
                    " · " (self.t("Màu nền:", "Colours:"))
                    @for (theme, words) in themes {
                        " " a href=(self.here(&[("theme", Some(theme.as_str()))])) aria-current=[(self.theme == theme).then_some("true")] { (words) }
                    }
                }
                (self.visitor_part())
            }
        }
    }

    fn visitor_part(&self) -> Markup {
        let next = percent_encode(&self.here(&[]));
        html! {
            @match &self.visitor {
                Some(visitor) => form.who method="post" action="/sign-out" {
                    (self.t("Đang đăng nhập:", "Signed in:")) " " strong { bdi { (visitor.name) } } " (" (visitor.role) ") "
                    input type="hidden" name="csrf" value=(visitor.csrf);
                    button { (self.t("Đăng xuất", "Sign out")) }
                },
                None => p { a href=(self.link(&format!("/sign-in?next={next}"))) { (self.t("Đăng nhập", "Sign in")) } },
            }
        }
    }
}

/// Path and query pairs as one address, everything encoded.
pub(crate) fn join_query<'a>(path: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut address = path.to_owned();
    for (position, (key, value)) in pairs.enumerate() {
        address.push(if position == 0 { '?' } else { '&' });
        address.push_str(&percent_encode(key));
        address.push('=');
        address.push_str(&percent_encode(value));
    }
    address
}

/// A text as one part of an address. Letters, digits and `-._~,:@` stay as they are.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b':' | b'@' => {
                encoded.push(char::from(byte));
            }
            other => {
                // Writing to a string cannot fail.
                write!(encoded, "%{other:02X}").ok();
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{Address, percent_encode};

    #[test]
    fn an_address_keeps_what_is_not_changed() {
        let address = Address {
            path: "/flags".to_owned(),
            query: vec![("q".to_owned(), "Nà Lẹng".to_owned()), ("lang".to_owned(), "en".to_owned())],
        };
        assert_eq!(address.with(&[("lang", None)]), "/flags?q=N%C3%A0%20L%E1%BA%B9ng");
        assert_eq!(address.with(&[("q", Some("a&b")), ("lang", None)]), "/flags?q=a%26b");
        assert_eq!(address.get("lang"), Some("en"));
        assert_eq!(percent_encode("rule~01273~20250701~@x"), "rule~01273~20250701~@x");
    }
}
