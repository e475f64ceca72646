//! A small line in a table cell: the way of a number, without axes. Gaps are gaps; the last point is marked.

use std::fmt::Write;

use maud::{Markup, html};

use crate::Lang;

const WIDTH: f64 = 84.0;
const HEIGHT: f64 = 20.0;
const EDGE: f64 = 3.0;

/// Draws the line with its words: from the first to the last known value.
pub(crate) fn spark(lang: Lang, values: &[Option<f64>]) -> Markup {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return html! {};
    };
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let steps = f64::from(u32::try_from(values.len().max(2) - 1).unwrap_or(u32::MAX));
    let height = |value: f64| {
        if most > least {
            HEIGHT - EDGE - (value - least) / (most - least) * (HEIGHT - 2.0 * EDGE)
        } else {
            HEIGHT / 2.0
        }
    };
    let mut path = String::new();
    let mut end = (EDGE, height(*last));
    let mut drawing = false;
    for (at, value) in (0_u32..).zip(values) {
        let x = EDGE + f64::from(at) / steps * (WIDTH - 2.0 * EDGE);
        drawing = match value {
            Some(value) => {
                let y = height(*value);
                // Writing to a string cannot fail.
                let after = if drawing { "" } else { "h0" };
                write!(path, "{}{x:.0} {y:.0}{after}", if drawing { "L" } else { "M" }).ok();
                end = (x, y);
                true
            }
            None => false,
        };
    }
    let words = format!(
        "{} {} {} {}",
        lang.pick("từ", "from"),
        lang.number_up_to(*first, 2),
        lang.pick("đến", "to"),
        lang.number_up_to(*last, 2)
    );
    html! {
        svg.sp viewBox="0 0 84 20" role="img" aria-label=(words) {
            path d=(path) {}
            circle cx=(format!("{:.0}", end.0)) cy=(format!("{:.0}", end.1)) r="2.5" {}
        }
    }
}

/// A bar as long as the value is of the largest one. Nothing where there is no value.
pub(crate) fn bar(value: Option<f64>, most: f64) -> Markup {
    let share =
        value.filter(|value| *value >= 0.0 && most > 0.0).map(|value| (value / most * 100.0).min(100.0));
    html! {
        @if let Some(share) = share {
            svg.rank viewBox="0 0 100 12" aria-hidden="true" preserveAspectRatio="none" {
                rect width=(format!("{share:.1}")) height="12" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spark;
    use crate::Lang;

    #[test]
    fn a_gap_is_a_gap() {
        let drawn = spark(Lang::Vi, &[Some(4.0), Some(2.0), None, Some(3.0)]).into_string();
        assert!(drawn.contains(r#"d="M3 3h0L29 17M81 10h0""#), "{drawn}");
        assert!(drawn.contains("từ 4 đến 3"));
        assert_eq!(spark(Lang::Vi, &[None, None]).into_string(), "");
    }
}
