//! The observed pace of a series and the day it would reach a target: the Theil–Sen slope with Sen's interval (normal
//! approximation, corrected for ties).

use chrono::{Days, NaiveDate};
use gapwatch_model::{Comparator, Target};

use crate::{
    config::Pace,
    history::HistoryPoint,
    sentence::Sentence,
    targets::{days, meets},
};
use gapwatch_model::{Qualifier, text::date};

/// The pace of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum ObservedPace {
    /// Fewer points than the rules ask for.
    TooLittle {
        /// How many there are in the window.
        points: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A slope.
    Known(Trend),
}

/// A slope with its interval, in the unit a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Median of the slopes between all pairs of points.
    pub per_day: f64,
    /// Lower end of Sen's interval.
    pub lower: f64,
    /// Upper end of Sen's interval.
    pub upper: f64,
    /// Points it was made of.
    pub points: usize,
    /// Day of the first of them.
    pub from: NaiveDate,
    /// The last of them, from which expected dates count.
    pub last: (NaiveDate, f64),
}

/// When a series would reach a value at its pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// It has.
    Reached,
    /// On this day.
    On {
        /// At the observed pace.
        date: NaiveDate,
        /// At the faster end of the interval.
        earliest: Option<NaiveDate>,
        /// At the slower end of the interval. `None` when it would not be reached at that.
        latest: Option<NaiveDate>,
    },
    /// It stands still or goes the other way.
    NotAtThisPace,
}

/// Further ahead than this nothing is foretold.
const FURTHEST_DAYS: f64 = 36_525.0;

/// The pace of the known values of a history within the window before the last of them.
#[must_use]
pub fn pace_of(history: &[HistoryPoint], settings: &Pace) -> ObservedPace {
    let points = history.iter().filter_map(|point| Some((point.period.end(), point.value.amount()?)));
    pace(&points.collect::<Vec<_>>(), settings)
}

/// The pace of a series of days, rising, with their values.
#[must_use]
pub fn pace(points: &[(NaiveDate, f64)], settings: &Pace) -> ObservedPace {
    let Some(last) = points.last().copied() else {
        return ObservedPace::TooLittle { points: 0, needed: settings.minimum_points };
    };
    let within = |point: &&(NaiveDate, f64)| (last.0 - point.0).num_days() <= i64::from(settings.window_days);
    let used: Vec<(NaiveDate, f64)> = points.iter().filter(within).copied().collect();
    let from = used.first().map_or(last.0, |first| first.0);
    if used.len() < settings.minimum_points {
        return ObservedPace::TooLittle { points: used.len(), needed: settings.minimum_points };
    }
    let mut slopes = Vec::with_capacity(used.len() * used.len() / 2);
    for (at, one) in used.iter().enumerate() {
        for other in used.iter().skip(at + 1) {
            let apart = days(one.0, other.0);
            if apart > 0.0 {
                slopes.push((other.1 - one.1) / apart);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let half = slopes.len() / 2;
    let at = |rank: usize| slopes.get(rank).copied();
    let median = match (at(half), half.checked_sub(1).and_then(at)) {
        (Some(upper), Some(lower)) if slopes.len().is_multiple_of(2) => f64::midpoint(lower, upper),
        (Some(middle), _) => middle,
        (None, _) => return ObservedPace::TooLittle { points: 1, needed: settings.minimum_points },
    };
    let (lower, upper) = interval(&used, slopes.len(), settings.confidence_percent);
    ObservedPace::Known(Trend {
        per_day: median,
        lower: at(lower).unwrap_or(median),
        upper: at(upper).unwrap_or(median),
        points: used.len(),
        from,
        last,
    })
}

/// Ranks, from 0, of the ends of Sen's interval among that many sorted slopes.
fn interval(points: &[(NaiveDate, f64)], slopes: usize, confidence_percent: f64) -> (usize, usize) {
    let term = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let ties: f64 = values
        .chunk_by(|one, other| one.total_cmp(other).is_eq())
        .map(|same| term(as_number(same.len())))
        .sum();
    let variance = (term(as_number(points.len())) - ties) / 18.0;
    let reach = quantile(0.5 + confidence_percent / 200.0) * variance.max(0.0).sqrt();
    let number = as_number(slopes);
    let last = slopes.saturating_sub(1);
    let lower = as_rank((number - reach) / 2.0).saturating_sub(1).min(last);
    (lower, as_rank(f64::midpoint(number, reach)).min(last))
}

fn as_number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what an u32 holds on the line itself"
)]
fn as_rank(number: f64) -> usize {
    number.round_ties_even().clamp(0.0, f64::from(u32::MAX)) as u32 as usize
}

/// Quantile of the normal distribution: the rational approximation of Acklam, good to nine digits.
fn quantile(share: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
        1.0,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    let polynomial = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = share.min(1.0 - share);
    if tail > 0.024_25 {
        let q = share - 0.5;
        return q * polynomial(&A, q * q) / polynomial(&B, q * q);
    }
    let q = (-2.0 * tail.ln()).sqrt();
    let low = polynomial(&C, q) / polynomial(&D, q);
    if share < 0.5 { low } else { -low }
}

impl Trend {
    /// When the series would meet a target at this pace.
    #[must_use]
    pub fn expected(&self, target: &Target) -> Expected {
        let (day, value) = self.last;
        if meets(value, Qualifier::Exact, target.comparator, target.value) {
            return Expected::Reached;
        }
        let gap = target.value - value;
        let reach = |per_day: f64| {
            let left = (gap / per_day).ceil();
            let ahead = per_day.abs() > 0.0 && (gap > 0.0) == (per_day > 0.0) && left <= FURTHEST_DAYS;
            ahead.then(|| day.checked_add_days(Days::new(as_rank(left.max(1.0)) as u64))).flatten()
        };
        let rising = matches!(target.comparator, Comparator::AtLeast | Comparator::MoreThan);
        let (fast, slow) = if rising { (self.upper, self.lower) } else { (self.lower, self.upper) };
        match reach(self.per_day) {
            None => Expected::NotAtThisPace,
            Some(date) => Expected::On { date, earliest: reach(fast), latest: reach(slow) },
        }
    }
}

/// Says in words whether the date will hold.
#[must_use]
pub fn pace_sentence(observed: &ObservedPace, target: &Target) -> Sentence {
    let due = date(target.due);
    match observed {
        ObservedPace::TooLittle { points, needed } => Sentence::new(
            format!("chưa đủ số liệu để tính tốc độ: có {points} kỳ, cần {needed}"),
            format!("too little history for a pace: {points} periods, {needed} needed"),
        ),
        ObservedPace::Known(trend) => match trend.expected(target) {
            Expected::Reached => Sentence::new("đã đạt chỉ tiêu", "the target is met"),
            Expected::NotAtThisPace => Sentence::new(
                format!("với tốc độ này sẽ không đạt chỉ tiêu (hạn {due})"),
                format!("will not be reached at this pace (due {due})"),
            ),
            Expected::On { date: on, earliest, latest } => {
                let range = |empty: &str| match (earliest, latest) {
                    (Some(earliest), Some(latest)) => format!("{} – {}", date(earliest), date(latest)),
                    (Some(earliest), None) => format!("{} – {empty}", date(earliest)),
                    (None, _) => empty.to_owned(),
                };
                let late = on > target.due;
                Sentence::new(
                    format!(
                        "với tốc độ này đạt vào {} ({}), {} hạn {due}",
                        date(on),
                        range("không xác định"),
                        if late { "sau" } else { "trong" }
                    ),
                    format!(
                        "at this pace reached on {} ({}), {} the due date {due}",
                        date(on),
                        range("open"),
                        if late { "after" } else { "by" }
                    ),
                )
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (share, wanted) in
            [(0.975, 1.959_964), (0.95, 1.644_854), (0.5, 0.0), (0.995, 2.575_829), (0.01, -2.326_348)]
        {
            assert!((quantile(share) - wanted).abs() < 1e-6, "{share}: {}", quantile(share));
        }
    }
}
