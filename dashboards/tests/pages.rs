//! Every page with made-up views: sound markup, nothing from elsewhere, nothing inline, hostile names harmless, small
//! enough for a weak line; and snapshots, so that a change of what people see is seen.

use std::collections::HashSet;
use std::io::Write;

use gapwatch_dashboards::{Lang, assets, map::Shape, pages};
use read::{VOID, communes, tags};

#[path = "../examples/gallery/samples/mod.rs"]
mod samples;

/// Reading pages and the example's boundaries.
#[cfg(test)]
mod read {
    /// Elements that have no end.
    pub(super) const VOID: [&str; 7] = ["meta", "link", "input", "br", "hr", "img", "col"];

    /// One tag: its name, whether it ends an element, its attributes.
    pub(super) struct Tag<'a> {
        pub(super) name: &'a str,
        pub(super) end: bool,
        pub(super) attributes: Vec<(&'a str, &'a str)>,
    }

    /// Reads the tags of a page; `<style>` and `<script>` hold no tags.
    pub(super) fn tags(page: &str) -> Vec<Tag<'_>> {
        let mut found = Vec::new();
        let mut rest = page;
        while let Some(start) = rest.find('<') {
            let end = start + rest[start..].find('>').expect("a tag ends");
            let inside = &rest[start + 1..end];
            rest = &rest[end + 1..];
            if inside.starts_with('!') {
                continue;
            }
            let (end, inside) = match inside.strip_prefix('/') {
                Some(inside) => (true, inside),
                None => (false, inside),
            };
            let (name, mut after) = inside.split_once(' ').unwrap_or((inside, ""));
            let mut attributes = Vec::new();
            while !after.trim_start().is_empty() {
                after = after.trim_start();
                let stop = after.find(['=', ' ']).unwrap_or(after.len());
                let key = &after[..stop];
                after = &after[stop..];
                let mut value = "";
                if let Some(quoted) = after.strip_prefix("=\"") {
                    (value, after) = quoted.split_once('"').expect("a value ends");
                }
                attributes.push((key, value));
            }
            if !end && (name == "style" || name == "script") {
                let close = format!("</{name}>");
                rest = &rest[rest.find(&close).expect("it ends")..];
            }
            found.push(Tag { name, end, attributes });
        }
        found
    }

    /// The communes of the example, from its boundary file.
    pub(super) fn communes() -> Vec<gapwatch_dashboards::map::Shape> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/caobang/places/04-communes.geojson");
        let text = std::fs::read_to_string(path).expect("the example has boundaries");
        super::samples::parts::shapes(&text)
    }
}

const LANGS: [Lang; 2] = [Lang::Vi, Lang::En];
#[test]
fn markup_is_sound() {
    for lang in LANGS {
        for (name, page) in samples::every_page(lang, &samples::parts::grid()) {
            let page = page.into_string();
            let mut open = Vec::new();
            let mut ids = HashSet::new();
            let mut named = Vec::new();
            for tag in tags(&page) {
                if tag.end {
                    assert_eq!(open.pop(), Some(tag.name), "{name}: an element ends that is not open");
                } else if !VOID.contains(&tag.name) {
                    open.push(tag.name);
                }
                for (key, value) in tag.attributes {
                    match key {
                        "id" => assert!(ids.insert(value.to_owned()), "{name}: id `{value}` is there twice"),
                        "for" | "aria-labelledby" | "aria-describedby" => named.push(value.to_owned()),
                        _ => {}
                    }
                }
            }
            assert_eq!(open, Vec::<&str>::new(), "{name}: elements are left open");
            for id in named {
                assert!(ids.contains(&id), "{name}: `{id}` is named but not there");
            }
            assert_eq!(page.matches("<h1").count(), 1, "{name}: one heading");
            assert_eq!(page.matches("<main").count(), 1, "{name}: one main part");
            assert!(page.contains(&format!("<html lang=\"{}\"", lang.tag())), "{name}: says its language");
        }
    }
}

#[test]
fn nothing_is_inline_or_from_elsewhere() {
    for lang in LANGS {
        for (name, page) in samples::every_page(lang, &samples::parts::grid()) {
            let page = page.into_string();
            for tag in tags(&page) {
                assert!(tag.name != "style" || name == "pack", "{name}: style only in a sealed pack");
                for (key, value) in &tag.attributes {
                    assert!(*key != "style" && !key.starts_with("on"), "{name}: inline {key}");
                    if matches!(*key, "href" | "src" | "action") {
                        assert!(value.starts_with(['/', '#']) && !value.starts_with("//"), "{name}: {value}");
                    }
                }
                if tag.name == "script" && !tag.end {
                    assert!(tag.attributes.iter().any(|(key, _)| *key == "src"), "{name}: inline script");
                }
            }
        }
    }
    for asset in [assets::style(), assets::script()] {
        let own = asset.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains("://") && !own.contains("@import"), "{} loads from elsewhere", asset.path);
    }
}

#[test]
fn forms_that_change_something_carry_the_token() {
    for (name, page) in samples::every_page(Lang::Vi, &samples::parts::grid()) {
        let page = page.into_string();
        for form in page.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or(form);
            let posts = form.split('>').next().is_some_and(|tag| tag.contains("method=\"post\""));
            assert_eq!(posts, form.contains("name=\"csrf\""), "{name}: {form}");
        }
    }
}

#[test]
fn links_keep_language_and_day() {
    let view = samples::answers::overview(Lang::En, &samples::parts::grid());
    let mut shell = samples::parts::shell(Lang::En, "/");
    shell.as_of_chosen = true;
    let page = pages::overview::render(&shell, &view).into_string();
    for tag in tags(&page).iter().filter(|tag| tag.name == "a" && !tag.end) {
        let href = tag.attributes.iter().find(|(key, _)| *key == "href").map_or("", |(_, value)| *value);
        let other = tag.attributes.iter().any(|(key, value)| *key == "hreflang" && *value == "vi");
        // Colours and borders are changed on the address as it stands, which names no day here.
        let as_it_stands = href.contains("theme=") || href.contains("borders=");
        if href.starts_with('#') || other || href == "/?lang=en" || as_it_stands {
            continue;
        }
        assert!(href.contains("lang=en"), "{href} forgets the language");
        assert!(href.contains("as_of=2025-12-31"), "{href} forgets the day");
    }
}

#[test]
fn hostile_names_are_only_names() {
    let name = "<script>alert(1)</script>\" onload=\"x & \u{202e}đảo".to_owned() + &"Nà ".repeat(100);
    let shapes =
        [Shape { name: name.clone(), code: "\"><b>".to_owned(), ..samples::parts::grid().remove(0) }];
    for (page_name, page) in samples::every_page(Lang::Vi, &shapes) {
        let page = page.into_string();
        assert!(!page.contains("<script>alert") && !page.contains("onload=\"x"), "{page_name}");
    }
    let overview = pages::overview::render(
        &samples::parts::shell(Lang::Vi, "/"),
        &samples::answers::overview(Lang::Vi, &shapes),
    );
    assert!(overview.into_string().contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let search = pages::search::View { query: name, hits: Vec::new(), more: false };
    let page = pages::search::render(&samples::parts::shell(Lang::Vi, "/search"), &search).into_string();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"));
}

#[test]
fn pages_fit_a_weak_line() {
    let compressed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).expect("memory takes all");
        encoder.finish().expect("memory takes all").len()
    };
    let assets: usize =
        [assets::style(), assets::script(), assets::icon()].iter().map(|a| compressed(a.body)).sum();
    let shapes = communes();
    assert_eq!(shapes.len(), 56);
    for (name, page) in samples::every_page(Lang::Vi, &shapes) {
        let size = compressed(&page.into_string());
        assert!(size <= 30_000, "{name} is {size} bytes compressed, expected at most 30000");
        assert!(size + assets <= 60_000, "{name} with all it loads is {} bytes", size + assets);
    }
}

#[test]
fn an_absent_figure_is_never_a_bare_zero_or_blank() {
    for lang in LANGS {
        let page = pages::overview::render(
            &samples::parts::shell(lang, "/"),
            &samples::answers::empty_overview(lang),
        )
        .into_string();
        let none = lang.pick("không có giá trị (0/0)", "no value (0/0)");
        assert_eq!(page.matches(none).count(), 2, "both rates of a place without villages");
        assert!(page.contains(lang.pick("chưa thu thập lần nào", "never")));
        assert!(!page.contains(">0<"), "no bare zero where nothing is known");
        assert!(!page.contains("NaN") && !page.contains("inf%"));
    }
}

#[test]
fn pages_look_as_they_did() {
    for (name, page) in samples::every_page(Lang::Vi, &samples::parts::grid()) {
        let page = page.into_string();
        let main =
            page.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>")).map_or("", |(m, _)| m);
        insta::assert_snapshot!(format!("{name}.vi"), main.replace("><", ">\n<"));
    }
    for (name, page) in samples::every_page(Lang::En, &samples::parts::grid()) {
        insta::assert_snapshot!(format!("{name}.en"), words(&page.into_string()));
    }
}

/// What a reader reads: the words between the tags.
fn words(page: &str) -> String {
    let page = page.split_once("<body").map_or(page, |(_, body)| body);
    let mut lines = Vec::new();
    for part in page.split('<').skip(1) {
        let text = part.split_once('>').map_or("", |(_, text)| text).trim();
        if !text.is_empty() {
            lines.push(text);
        }
    }
    lines.join("\n")
}

#[test]
fn the_frame_looks_as_it_did() {
    let mut shell = samples::parts::editor(Lang::Vi, "/keys");
    shell.as_of_chosen = true;
    shell.notices = vec!["Kho từ xa không trả lời: số liệu đọc từ bản tại chỗ.".to_owned()];
    let page = pages::keys::render(&shell).into_string();
    let (head, rest) = page.split_once("<main").expect("a main part");
    let foot = rest.split_once("</main>").map_or("", |(_, foot)| foot);
    // The names of assets change with every change of style, which is not a change of the frame.
    let frame = format!("{head}…{foot}")
        .replace(&assets::style().path, "/assets/style")
        .replace(&assets::script().path, "/assets/script")
        .replace(&assets::icon().path, "/assets/icon");
    insta::assert_snapshot!("frame.vi", frame.replace("><", ">\n<"));
}
