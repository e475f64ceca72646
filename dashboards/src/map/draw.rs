//! The map itself: shapes that are links, patterns for what is not known, marks for villages, a legend with counts.

use std::collections::HashMap;

use gapwatch_model::SignalState;
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    figure::{Absence, Amount},
    words,
};

use super::{
    Area, Map, Mark,
    classes::{Class, Classes},
    label::Label,
    outline::{Drawn, Outline, label_line},
};

/// The part of the drawing that is shown: all of it, or one area with its surroundings.
struct Window {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
    close: bool,
}

impl Window {
    fn of(map: &Map) -> Self {
        let outline: &Outline = &map.outline;
        let whole =
            Self { left: 0, top: 0, width: outline.width, height: outline.height, close: map.only.is_some() };
        let Some(only) = outline.areas.iter().find(|area| map.only.as_ref() == Some(&area.code)) else {
            return whole;
        };
        let (left, top, right, bottom) = only.bounds;
        let margin = ((right - left) + (bottom - top)) / 16 + 2;
        let (width, height) = (right - left + 2 * margin, bottom - top + 2 * margin);
        // An outline that was made around the area is close enough already.
        let area = |width: i32, height: i32| i64::from(width) * i64::from(height);
        if area(width, height) * 2 > area(outline.width, outline.height) {
            whole
        } else {
            Self { left: left - margin, top: top - margin, width, height, close: true }
        }
    }

    fn view_box(&self) -> String {
        format!("{} {} {} {}", self.left, self.top, self.width, self.height)
    }

    fn line(&self) -> i32 {
        label_line(self.width)
    }

    /// A size given for a drawing of 1000 units, as it must be here to look the same.
    fn size(&self, thousandths: f64) -> String {
        format!("{:.2}", f64::from(self.width) / 1000.0 * thousandths)
    }

    /// Marks are larger where one area is alone.
    fn mark_size(&self) -> String {
        self.size(if self.close { 1.7 } else { 1.0 })
    }
}

/// How an area is filled: a class of the style sheet, or a pattern of the page.
fn fill(classes: &Classes, amount: Amount) -> (&'static str, Option<&'static str>) {
    match amount.speaks() {
        Ok(number) => match classes.class(number) {
            Class::Zero => ("f0", None),
            Class::Shade(1) => ("f1", None),
            Class::Shade(2) => ("f2", None),
            Class::Shade(3) => ("f3", None),
            Class::Shade(_) => ("f4", None),
        },
        Err(absence) => ("fx", Some(pattern(absence))),
    }
}

fn pattern(absence: Absence) -> &'static str {
    match absence {
        Absence::Missing => "url(#p-missing)",
        Absence::Stale => "url(#p-stale)",
        Absence::Insufficient => "url(#p-few)",
        Absence::NotApplicable | Absence::NoDenominator => "url(#p-none)",
    }
}

/// A map with its legend. The same as a table is on the page that shows it.
pub(crate) fn map(shell: &Shell, map: &Map) -> Markup {
    let lang = shell.lang;
    let known: HashMap<&str, &Area> = map.areas.iter().map(|area| (area.code.as_str(), area)).collect();
    let numbers: Vec<f64> = map.areas.iter().filter_map(|area| area.amount.speaks().ok()).collect();
    let classes = Classes::of(&numbers, map.direction);
    let outline = &map.outline;
    let window = Window::of(map);
    html! {
        figure.map {
            figcaption { (map.title) }
            svg viewBox=(window.view_box()) role="group" aria-label=(map.title) {
                @for drawn in &outline.areas { (area(shell, map, &classes, drawn, known.get(drawn.code.as_str()).copied())) }
                g.names aria-hidden="true" font-size=(window.size(18.0)) stroke-width=(window.size(4.0)) {
                    @for drawn in &outline.areas { (name(shell, map, &window, drawn, known.get(drawn.code.as_str()).copied())) }
                    @for ((x, y), words) in &outline.captions { text.cap x=(x) y=(y) { (words) } }
                }
                @for dot in &map.dots {
                    @let (x, y) = outline.place(dot.at);
                    @let words = mark_words(lang, dot.mark);
                    @match &dot.href {
                        Some(href) => a href=(shell.link(href)) { title { (dot.name) ": " (words) } (mark(dot.mark, x, y, &window.mark_size())) },
                        None => g { title { (dot.name) ": " (words) } (mark(dot.mark, x, y, &window.mark_size())) },
                    }
                }
            }
            (legend(shell, map, &classes))
        }
    }
}

/// Maps of one measure at several times, in the same classes, under one legend.
pub(crate) fn multiples(shell: &Shell, maps: &[(String, Map)]) -> Markup {
    let numbers: Vec<f64> =
        maps.iter().flat_map(|(_, map)| &map.areas).filter_map(|area| area.amount.speaks().ok()).collect();
    let direction = maps.first().map_or(gapwatch_model::Direction::Neutral, |(_, map)| map.direction);
    let classes = Classes::of(&numbers, direction);
    html! {
        div.multiples {
            @for (when, map) in maps {
                @let known: HashMap<&str, &Area> = map.areas.iter().map(|area| (area.code.as_str(), area)).collect();
                figure.map {
                    figcaption { (when) }
                    svg viewBox={ "0 0 " (map.outline.width) " " (map.outline.height) } role="group" aria-label={ (map.title) ", " (when) } {
                        @for drawn in &map.outline.areas { (area(shell, map, &classes, drawn, known.get(drawn.code.as_str()).copied())) }
                    }
                    (legend(shell, map, &classes))
                }
            }
        }
    }
}

fn area(shell: &Shell, map: &Map, classes: &Classes, drawn: &Drawn, known: Option<&Area>) -> Markup {
    let Some(known) = known else {
        // On a commune's own map the areas are only the ground its villages stand on.
        let (class, pattern) = match &map.only {
            Some(code) if *code == drawn.code => ("own", None),
            Some(_) => ("out", None),
            None => ("fx", Some("url(#p-missing)")),
        };
        return html! { path class=(class) fill=[pattern] d=(drawn.path) { title { (drawn.name) } } };
    };
    let (class, pattern) = fill(classes, known.amount);
    let words = draw::figure::amount_text(
        shell.lang,
        known.amount,
        gapwatch_model::Qualifier::Exact,
        map.unit,
        map.decimals,
    );
    html! {
        a href=(shell.link(&known.href)) {
            title { (known.name) ": " (words) @if !known.note.is_empty() { ". " (known.note) } }
            path class=(class) fill=[pattern] d=(drawn.path) {}
        }
    }
}

fn name(shell: &Shell, map: &Map, window: &Window, drawn: &Drawn, known: Option<&Area>) -> Markup {
    let line = window.line();
    let number = known.and_then(|area| area.amount.speaks().ok()).filter(|number| number.abs() > 0.0);
    html! {
        @if map.only.as_ref() != Some(&drawn.code) {
            @match (drawn.label, number) {
                (Some(Label::Name((x, y))), Some(number)) => {
                    text x=(x) y=(y - line / 7) { (drawn.name) }
                    text.v x=(x) y=(y + line - line / 7) { (short(shell.lang, number, map.decimals)) }
                }
                (Some(Label::Name((x, y))), None) => text x=(x) y=(y + line / 3) { (drawn.name) },
                (Some(Label::Number((x, y))), Some(number)) => text.v x=(x) y=(y + line / 3) { (short(shell.lang, number, map.decimals)) },
                (Some(Label::Number(_)) | None, _) => {}
            }
        }
    }
}

/// A number in the few letters there is room for. What is cut off is cut off: 99,6 does not become 100.
fn short(lang: Lang, number: f64, decimals: u8) -> String {
    if number.abs() < 10.0 { lang.number(number, decimals.min(1)) } else { lang.number(number.trunc(), 0) }
}

/// The mark of a village or a station at a point of the drawing.
fn mark(mark: Mark, x: i32, y: i32, scale: &str) -> Markup {
    match mark {
        Mark::Village { state, grid_power, .. } => html! {
            g class={ "v-" (state.as_str()) } transform={ "translate(" (x) " " (y) ")scale(" (scale) ")" } {
                circle.hit r="16" {}
                @match state {
                    SignalState::NoSignal => circle.ring r="9" {},
                    SignalState::Pocket => { circle.ring r="9" {} path.half d="M0-9a9 9 0 0 0 0 18z" {} },
                    SignalState::Covered => circle.full r="8" {},
                    SignalState::Unknown => circle.dots r="9" {},
                }
                @if grid_power == Some(false) { path.nopower d="M9-15l-6 9h4l-3 8 9-11h-4l4-6z" {} }
            }
        },
        Mark::Station => html! {
            path.station transform={ "translate(" (x) " " (y) ")scale(" (scale) ")" } d="M0-11l9 20h-18z" {}
        },
    }
}

fn mark_words(lang: Lang, mark: Mark) -> String {
    match mark {
        Mark::Village { state, qualification, grid_power } => {
            let mut words = vec![words::signal(lang, state)];
            words.extend(draw::badge::reservations(lang, qualification));
            if grid_power == Some(false) {
                words.push(lang.pick("không có điện lưới", "no grid power"));
            }
            words.join(", ")
        }
        Mark::Station => lang.pick("trạm phát sóng", "base station").to_owned(),
    }
}

fn legend(shell: &Shell, map: &Map, classes: &Classes) -> Markup {
    let lang = shell.lang;
    let of = |class: Class| {
        map.areas.iter().filter(|a| a.amount.speaks().is_ok_and(|n| classes.class(n) == class)).count()
    };
    let places = |count: usize| lang.count(u64::try_from(count).unwrap_or(u64::MAX));
    let unit = match words::unit(lang, map.unit) {
        "%" => "%".to_owned(),
        "" => String::new(),
        word => format!(" {word}"),
    };
    let zero = of(Class::Zero);
    let silent = Absence::ALL.into_iter().filter_map(|absence| {
        let count = map.areas.iter().filter(|area| area.amount.speaks() == Err(absence)).count();
        (count > 0).then_some((absence, count))
    });
    let unlisted = map.outline.areas.iter().filter(|d| !map.areas.iter().any(|a| a.code == d.code)).count();
    let unlisted = if map.only.is_some() { 0 } else { unlisted };
    html! {
        ul.key {
            @if zero > 0 {
                li { (swatch("f0", None)) " " (lang.number(0.0, 0)) (unit) " " span.by { (places(zero)) " " (lang.pick("địa bàn", "places")) } }
            }
            @for (at, (least, most)) in classes.ranges.iter().enumerate() {
                @let class = classes.shade(at);
                @let middle = f64::midpoint(*least, *most);
                li {
                    (swatch(fill(classes, Amount::of(Some(if *least > 0.0 { *most } else { middle }))).0, None)) " "
                    (lang.number(*least, map.decimals))
                    @if most > least { "–" (lang.number(*most, map.decimals)) }
                    (unit) " " span.by { (places(of(class))) " " (lang.pick("địa bàn", "places")) }
                }
            }
            @for (absence, count) in silent {
                li { (swatch("fx", Some(pattern(absence)))) " " (words::absence(lang, absence)) " " span.by { (places(count)) } }
            }
            @if unlisted > 0 {
                li { (swatch("fx", Some(pattern(Absence::Missing)))) " " (words::absence(lang, Absence::Missing)) " " span.by { (places(unlisted)) } }
            }
            (marks(lang, map))
        }
    }
}

fn swatch(class: &str, pattern: Option<&str>) -> Markup {
    html! { svg.sw viewBox="0 0 26 18" aria-hidden="true" { rect class=(class) fill=[pattern] x="1" y="1" width="24" height="16" {} } }
}

fn marks(lang: Lang, map: &Map) -> Markup {
    let village = |wanted: SignalState| {
        map.dots
            .iter()
            .filter(|dot| matches!(dot.mark, Mark::Village { state, .. } if state == wanted))
            .count()
    };
    let dark =
        map.dots.iter().filter(|d| matches!(d.mark, Mark::Village { grid_power: Some(false), .. })).count();
    let stations = map.dots.iter().filter(|dot| dot.mark == Mark::Station).count();
    let sample = |mark_: Mark| {
        html! { svg.sw viewBox="-26 -18 52 36" aria-hidden="true" { (mark(mark_, 0, 0, "1")) } }
    };
    let of = |state, grid_power| Mark::Village {
        state,
        qualification: gapwatch_model::Qualification::default(),
        grid_power,
    };
    html! {
        @for state in [SignalState::NoSignal, SignalState::Pocket, SignalState::Covered, SignalState::Unknown] {
            @if village(state) > 0 {
                li { (sample(of(state, None))) " " (words::signal(lang, state)) " " span.by { (village(state)) " " (lang.pick("thôn", "villages")) } }
            }
        }
        @if dark > 0 {
            li { (sample(of(SignalState::NoSignal, Some(false)))) " " (lang.pick("không có điện lưới", "no grid power")) " " span.by { (dark) " " (lang.pick("thôn", "villages")) } }
        }
        @if stations > 0 {
            li { (sample(Mark::Station)) " " (lang.pick("trạm phát sóng", "base station")) " " span.by { (stations) } }
        }
    }
}

/// The patterns maps and bars fill with, once per page. Their colours come from the style sheet.
pub(crate) fn patterns() -> Markup {
    let one = |id: &str, size: u8, class: &str, strokes: &str| {
        html! {
            pattern id=(id) width=(size) height=(size) patternUnits="userSpaceOnUse" {
                rect class={ "pb " (class) } width=(size) height=(size) {}
                path class={ "ps " (class) } d=(strokes) {}
            }
        }
    };
    html! {
        svg.defs width="0" height="0" aria-hidden="true" {
            defs {
                (one("p-pocket", 8, "k-pocket", "M-2 10L10-2M-2 2L2-2M6 10l4-4"))
                (one("p-missing", 10, "k-missing", "M-2 12L12-2M-2-2L12 12"))
                (one("p-stale", 10, "k-stale", "M0 5H10"))
                (one("p-few", 10, "k-few", "M2 3h2M7 8h2"))
                (one("p-none", 12, "k-none", "M6 0V12"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gapwatch_model::{Direction, Unit};

    use super::Window;
    use crate::map::{Map, Outline, Shape};

    fn square(code: &str, west: f64) -> Shape {
        let ring = vec![(west, 22.0), (west + 0.2, 22.0), (west + 0.2, 22.2), (west, 22.2)];
        Shape { code: code.to_owned(), name: code.to_owned(), rings: vec![ring] }
    }

    fn window(outline: Outline, only: Option<&str>) -> Window {
        Window::of(&Map {
            title: String::new(),
            outline: Arc::new(outline),
            areas: Vec::new(),
            unit: Unit::Villages,
            decimals: 0,
            direction: Direction::Lower,
            dots: Vec::new(),
            only: only.map(str::to_owned),
        })
    }

    #[test]
    fn one_area_alone_is_shown_close() {
        let shapes: Vec<Shape> =
            (0..5_i32).map(|at| square(&at.to_string(), 105.0 + 0.2 * f64::from(at))).collect();
        assert_eq!(window(Outline::new(&shapes, 1000), None).view_box(), "0 0 1000 216");
        let close = window(Outline::new(&shapes, 1000), Some("1"));
        assert_eq!(close.view_box(), "172 -28 256 272");
        assert_eq!(close.size(18.0), "4.61", "words are as large on screen as ever");
        let around = Outline::around(&shapes, "1", 640).unwrap();
        assert!(window(around, Some("1")).view_box().starts_with("0 0 640 "));
    }
}
