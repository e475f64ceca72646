//! The drawing itself: axes, target path, lines with their gaps, marks by evidence, words for what marks mean.

use std::fmt::Write;

use chrono::NaiveDate;
use gapwatch_model::{Evidence, Qualifier};
use maud::{Markup, html};

use crate::{Lang, Shell, draw, figure::Amount, words};

use super::{
    Chart, Point, Series, TargetLine,
    axis::{Days, Values},
    data,
};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;
/// Lines that can be told apart; the rest is in the table.
const LINES: usize = 6;

struct Frame {
    days: Days,
    values: Values,
}

impl Frame {
    fn of(chart: &Chart) -> Option<Self> {
        let points = chart.series.iter().take(LINES).flat_map(|line| &line.points);
        let known: Vec<(NaiveDate, f64)> =
            points.filter_map(|p| value(p.amount).map(|(number, _)| (p.period.end(), number))).collect();
        let first = known.iter().map(|(day, _)| *day).min()?;
        let newest = known.iter().map(|(day, _)| *day).max()?.max(chart.today);
        // The way to a far target is shown for as much again as a quarter of the history.
        let room = newest + chrono::TimeDelta::days((newest - first).num_days() / 4 + 31);
        let due = chart.targets.iter().map(|target| target.due).max();
        let last = due.filter(|due| *due > newest).map_or(newest, |due| due.min(room));
        let days = Days { first, last };
        let promised = chart.targets.iter().flat_map(|target| corners(target, days)).map(|(_, value)| value);
        let mut values: Vec<f64> = known.into_iter().map(|(_, number)| number).collect();
        values.extend(promised);
        Some(Self { days, values: Values::over(&values, chart.decimals == 0) })
    }

    fn x(&self, day: NaiveDate) -> f64 {
        LEFT + self.days.share(day) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.values.share(value) * (HEIGHT - TOP - BOTTOM)
    }
}

/// The number to draw, and whether it still speaks.
fn value(amount: Amount) -> Option<(f64, bool)> {
    match amount {
        Amount::Known(value) => value.amount().map(|number| (number, true)),
        Amount::Stale(value) => value.amount().map(|number| (number, false)),
        Amount::Insufficient { .. } | Amount::Missing | Amount::NotApplicable => None,
    }
}

/// A chart with its sentence, its key and its table.
pub(crate) fn chart(shell: &Shell, chart: &Chart) -> Markup {
    let lang = shell.lang;
    let sentence = data::sentence(lang, chart);
    html! {
        figure.chart {
            figcaption { strong { (chart.title) } " " (sentence) }
            @if let Some(borders) = chart.borders { (draw::borders(shell, borders)) }
            @if let Some(frame) = Frame::of(chart) {
                div.scroll tabindex="0" role="group" aria-label=(chart.title) {
                    svg.lines viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={ (chart.title) ". " (sentence) } {
                        (axes(lang, &frame, chart))
                        @for target in &chart.targets { (target_line(&frame, target)) }
                        @for (at, line) in chart.series.iter().take(LINES).enumerate() { (series(lang, &frame, chart, line, at)) }
                    }
                }
                (key(lang, &frame, chart))
            }
            details.data {
                summary { (lang.pick("Bảng số liệu của biểu đồ", "The chart's table")) }
                (draw::table::table(shell, &data::table(shell, chart)))
            }
        }
    }
}

fn axes(lang: Lang, frame: &Frame, chart: &Chart) -> Markup {
    let today = (frame.days.first..=frame.days.last).contains(&chart.today).then(|| frame.x(chart.today));
    html! {
        @for tick in frame.values.ticks() {
            @let y = format!("{:.1}", frame.y(tick));
            line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
            text.tick x=(LEFT - 8.0) y=(y) dy="4" text-anchor="end" { (lang.number(tick, frame.values.decimals)) }
        }
        @for day in frame.days.ticks() {
            @let x = format!("{:.1}", frame.x(day));
            line.grid x1=(x) x2=(x) y1=(HEIGHT - BOTTOM) y2=(HEIGHT - BOTTOM + 5.0) {}
            text.tick x=(x) y=(HEIGHT - 8.0) text-anchor="middle" { (day.format("%m/%Y")) }
        }
        @if let Some(x) = today {
            line.today x1=(format!("{x:.1}")) x2=(format!("{x:.1}")) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
        }
    }
}

/// Corners of a target's path within these days, with the points where it enters and leaves them.
fn corners(target: &TargetLine, days: Days) -> Vec<(NaiveDate, f64)> {
    let mut found = Vec::new();
    let mut previous: Option<(NaiveDate, f64)> = None;
    for corner in target.path.iter().copied().chain([(target.due, target.value)]) {
        let before = previous.replace(corner);
        for edge in [days.first, days.last] {
            if let Some(before) = before.filter(|before| before.0 < edge && edge < corner.0) {
                found.push(between(before, corner, edge));
            }
        }
        if days.first <= corner.0 && corner.0 <= days.last {
            found.push(corner);
        }
    }
    found
}

fn target_line(frame: &Frame, target: &TargetLine) -> Markup {
    let mut path = String::new();
    for corner in corners(target, frame.days) {
        point_to(&mut path, frame, corner);
    }
    let mark = (target.due <= frame.days.last && target.due >= frame.days.first)
        .then(|| (frame.x(target.due), frame.y(target.value)));
    html! {
        path.path d=(path) {}
        @if let Some((x, y)) = mark {
            path.goal d=(format!("M{x:.1} {y:.1}m-6-6h12l-4 6 4 6h-12z")) {}
        }
    }
}

fn between(one: (NaiveDate, f64), other: (NaiveDate, f64), day: NaiveDate) -> (NaiveDate, f64) {
    let whole = super::axis::days(other.0 - one.0).max(1.0);
    (day, one.1 + (other.1 - one.1) * super::axis::days(day - one.0) / whole)
}

fn point_to(path: &mut String, frame: &Frame, (day, value): (NaiveDate, f64)) {
    let command = if path.is_empty() { 'M' } else { 'L' };
    // Writing to a string cannot fail.
    write!(path, "{command}{:.1} {:.1}", frame.x(day), frame.y(value)).ok();
}

fn series(lang: Lang, frame: &Frame, chart: &Chart, line: &Series, at: usize) -> Markup {
    let mut path = String::new();
    let mut last: Option<i64> = None;
    for point in &line.points {
        let Some((number, _)) = value(point.amount) else {
            last = None;
            continue;
        };
        // A period nobody reported is a gap, also where no point says so.
        let joined = last.is_some_and(|index| point.period.index() - index <= 1);
        let (x, y) = (frame.x(point.period.end()), frame.y(number));
        write!(path, "{}{x:.1} {y:.1}", if joined { "L" } else { "M" }).ok();
        last = Some(point.period.index());
    }
    html! {
        g class={ "s" (at) } {
            path.line d=(path) {}
            @for point in &line.points {
                @if let Some((number, speaks)) = value(point.amount) {
                    (mark(lang, frame, chart, line, point, number, speaks))
                }
            }
        }
    }
}

fn mark(
    lang: Lang,
    frame: &Frame,
    chart: &Chart,
    line: &Series,
    point: &Point,
    number: f64,
    speaks: bool,
) -> Markup {
    let (x, y) = (frame.x(point.period.end()), frame.y(number));
    let words = draw::figure::amount_text(lang, point.amount, point.qualifier, chart.unit, chart.decimals);
    let sign = match point.qualifier {
        Qualifier::Exact => "",
        Qualifier::MoreThan => ">",
        Qualifier::LessThan | Qualifier::Almost => "<",
        Qualifier::About => "≈",
    };
    let shape = match line.evidence {
        Some(Evidence::Measured) | None => {
            format!("M{x:.1} {y:.1}m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0")
        }
        Some(Evidence::Claimed) => format!("M{x:.1} {y:.1}m-3-3h6v6h-6z"),
        Some(Evidence::Modelled) => format!("M{x:.1} {y:.1}m0-4.5l4.5 4.5-4.5 4.5-4.5-4.5z"),
        Some(Evidence::Crowd) => format!("M{x:.1} {y:.1}m0-4.5l4.5 8h-9z"),
    };
    html! {
        path class={ "dot" @if !speaks { " old" } } d=(shape) {
            title { (line.name) ", " (lang.period(point.period)) ": " (words) @if point.revised { " (" (lang.pick("đã đính chính", "revised")) ")" } }
        }
        @if point.revised { circle.revised cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="7" {} }
        @if !sign.is_empty() { text.tick x=(format!("{x:.1}")) y=(format!("{:.1}", y - 8.0)) text-anchor="middle" { (sign) } }
    }
}

fn key(lang: Lang, frame: &Frame, chart: &Chart) -> Markup {
    let points = || chart.series.iter().flat_map(|line| &line.points);
    let revised = points().any(|point| point.revised);
    let stale = points().any(|point| matches!(point.amount, Amount::Stale(_)));
    let shape = |evidence: Option<Evidence>| match evidence {
        Some(Evidence::Measured) | None => "M13 9m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
        Some(Evidence::Claimed) => "M10 6h6v6h-6z",
        Some(Evidence::Modelled) => "M13 4.5l4.5 4.5-4.5 4.5-4.5-4.5z",
        Some(Evidence::Crowd) => "M13 4.5l4.5 8h-9z",
    };
    html! {
        ul.key {
            @for (at, line) in chart.series.iter().take(LINES).enumerate() {
                li {
                    svg.sw viewBox="0 0 26 18" aria-hidden="true" { g class={ "s" (at) } { path.line d="M1 9H25" {} path.dot d=(shape(line.evidence)) {} } }
                    " " (line.name)
                    @if let Some(evidence) = line.evidence { " (" (words::evidence(lang, evidence)) ")" }
                }
            }
            @if !chart.targets.is_empty() {
                li { svg.sw viewBox="0 0 26 18" aria-hidden="true" { path.path d="M1 14L25 4" {} } " " (lang.pick("lộ trình mục tiêu", "target path")) }
            }
            @if revised { li { svg.sw viewBox="0 0 26 18" aria-hidden="true" { circle.revised cx="13" cy="9" r="7" {} } " " (lang.pick("đã đính chính", "revised")) } }
            @if stale { li { svg.sw viewBox="0 0 26 18" aria-hidden="true" { path.dot.old d=(shape(None)) {} } " " (words::absence(lang, crate::figure::Absence::Stale)) } }
            @if frame.values.cut() {
                li.by { (lang.pick("Trục đứng bắt đầu từ", "The axis starts at")) " " (lang.number(frame.values.least, frame.values.decimals)) ", " (lang.pick("không từ 0", "not at 0")) }
            }
            @if chart.series.len() > LINES {
                li.by { (lang.pick("Các nguồn còn lại chỉ có trong bảng", "Further series are in the table only")) }
            }
        }
    }
}
