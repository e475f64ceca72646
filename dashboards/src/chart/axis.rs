//! Scales and their ticks: round numbers up the side, round days along the bottom.

use chrono::{Datelike, Months, NaiveDate};

/// Values to units of the drawing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    /// Least and most on the axis.
    pub(super) least: f64,
    pub(super) most: f64,
    /// Distance of two ticks.
    pub(super) step: f64,
    /// Decimals the ticks need.
    pub(super) decimals: u8,
}

impl Values {
    /// An axis for these values. It starts at zero unless that would press everything into its upper third; then the
    /// drawing says so. The steps divide 100, so an axis of percent ends there. What is counted has whole steps.
    pub(super) fn over(values: &[f64], whole: bool) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = if least.is_finite() && most.is_finite() { (least, most) } else { (0.0, 1.0) };
        let flat = most - least <= 0.0;
        let from = if least >= 0.0 && (flat || least < most * 0.66) { 0.0 } else { least };
        let span = if most > from { most - from } else { most.abs().max(1.0) };
        let step = round_step(span / 4.5);
        let step = if whole { step.ceil() } else { step };
        let floor = (from / step).floor() * step;
        let ceiling = (most / step).ceil() * step;
        let ceiling = if ceiling > floor { ceiling } else { floor + step };
        let decimals = if step >= 1.0 { u8::from(step < 10.0 && step.fract() > 0.0) } else { 2 };
        Self { least: floor, most: ceiling, step, decimals }
    }

    /// Whether the axis leaves zero out.
    pub(super) fn cut(&self) -> bool {
        self.least > 0.0
    }

    /// Every tick from the least up.
    pub(super) fn ticks(&self) -> Vec<f64> {
        (0..=12_u8)
            .map(|at| self.least + self.step * f64::from(at))
            .take_while(|tick| *tick <= self.most + self.step * 1e-6)
            .collect()
    }

    /// Share of the way up.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.least) / (self.most - self.least)
    }
}

/// 1, 2, 2.5 or 5 times a power of ten, not below the wish.
fn round_step(wish: f64) -> f64 {
    let power = 10_f64.powf(wish.log10().floor());
    let found = [1.0, 2.0, 2.5, 5.0].into_iter().map(|m| m * power).find(|step| *step >= wish * 0.999);
    found.unwrap_or(10.0 * power)
}

/// Days to units of the drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
}

impl Days {
    /// Share of the way along.
    pub(super) fn share(self, day: NaiveDate) -> f64 {
        days(day - self.first) / days(self.last - self.first).max(1.0)
    }

    /// Last days of months, quarters or years, at most nine: a period's value stands at its end.
    pub(super) fn ticks(self) -> Vec<NaiveDate> {
        let months = (self.last.year() - self.first.year()) * 12
            + i32::try_from(self.last.month()).unwrap_or(0)
            - i32::try_from(self.first.month()).unwrap_or(0);
        let every =
            [1_i32, 2, 3, 6, 12, 24, 60, 120].into_iter().find(|every| months / every <= 8).unwrap_or(240);
        let start = NaiveDate::from_ymd_opt(self.first.year(), 1, 1).unwrap_or(self.first);
        let every = u32::try_from(every).unwrap_or(12);
        (0..200_u32)
            .filter_map(|at| start.checked_add_months(Months::new(at * every))?.pred_opt())
            .skip_while(|day| *day < self.first)
            .take_while(|day| *day <= self.last)
            .collect()
    }
}

/// A span of days as a number.
pub(super) fn days(span: chrono::TimeDelta) -> f64 {
    i32::try_from(span.num_days()).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::{Days, Values};
    use proptest::prelude::{ProptestConfig, proptest};

    #[test]
    fn an_axis_starts_where_it_is_honest() {
        let counted = Values::over(&[1.0, 2.0], true);
        assert_eq!((counted.ticks(), counted.decimals), (vec![0.0, 1.0, 2.0], 0));
        let axis = Values::over(&[12.0, 138.0], false);
        assert_eq!((axis.least, axis.most, axis.cut()), (0.0, 150.0, false));
        let axis = Values::over(&[91.2, 97.6], false);
        assert!(axis.cut());
        assert_eq!((axis.least, axis.most), (90.0, 98.0));
        assert!(Values::over(&[100.0, 99.0], false).most <= 100.0);
        assert_eq!(Values::over(&[], false).ticks().first(), Some(&0.0));
        assert!(Values::over(&[0.0], false).least >= 0.0);
        assert_eq!(Values::over(&[7.0, 7.0], false).ticks().len(), 5);
    }

    #[test]
    fn days_have_few_round_ticks() {
        let axis = Days { first: "2024-01-31".parse().unwrap(), last: "2026-03-31".parse().unwrap() };
        let ticks: Vec<String> = axis.ticks().iter().map(ToString::to_string).collect();
        assert_eq!(
            ticks,
            [
                "2024-03-31",
                "2024-06-30",
                "2024-09-30",
                "2024-12-31",
                "2025-03-31",
                "2025-06-30",
                "2025-09-30",
                "2025-12-31",
                "2026-03-31"
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_value_is_on_the_axis(values in proptest::collection::vec(-1e9..1e9_f64, 1..8)) {
            let axis = Values::over(&values, false);
            let slack = axis.step * 1e-6;
            for value in &values {
                assert!(axis.least - slack <= *value && *value <= axis.most + slack, "{value} is off {axis:?}");
            }
            assert!((2..=13).contains(&axis.ticks().len()), "{axis:?}");
        }
    }
}
