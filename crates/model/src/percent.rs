//! Shares that cannot be made from nothing.

use std::fmt;

use serde::Serialize;

/// Share of a whole, in percent, kept with the two counts it came from. It cannot be 0/0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percent {
    numerator: f64,
    denominator: f64,
}

impl Percent {
    /// Makes a share of two sums. `None` when the denominator is zero or either is not a finite number.
    #[must_use]
    pub fn of(numerator: f64, denominator: f64) -> Option<Self> {
        let sane = numerator.is_finite() && denominator.is_finite() && denominator.abs() > 0.0;
        sane.then_some(Self { numerator, denominator })
    }

    /// Makes a share of two counts of places. `None` when there are none.
    #[must_use]
    pub fn of_counts(numerator: u32, denominator: u32) -> Option<Self> {
        Self::of(f64::from(numerator), f64::from(denominator))
    }

    /// What was counted.
    #[must_use]
    pub fn numerator(self) -> f64 {
        self.numerator
    }

    /// What it was counted among. Never zero.
    #[must_use]
    pub fn denominator(self) -> f64 {
        self.denominator
    }

    /// The share in percent: 1 of 4 is 25.
    #[must_use]
    pub fn percent(self) -> f64 {
        // In this order whole counts stay exact: 58 of 100 is 58, not 57.99999999999999.
        self.numerator * 100.0 / self.denominator
    }
}

impl fmt::Display for Percent {
    /// Two decimals with a point, for logs and files. Pages use `text::decimal`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}%", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::Percent;

    #[test]
    fn a_share_of_nothing_is_no_share() {
        assert_eq!(Percent::of(0.0, 0.0), None);
        assert_eq!(Percent::of(3.0, 0.0), None);
        assert_eq!(Percent::of(f64::NAN, 3.0), None);
        assert_eq!(Percent::of_counts(0, 4).map(Percent::percent), Some(0.0));
        assert_eq!(Percent::of_counts(58, 100).map(Percent::percent), Some(58.0));
    }

    #[test]
    fn the_published_rates_of_tuyen_quang() {
        assert_eq!(Percent::of_counts(3_802 - 91, 3_802).unwrap().to_string(), "97.61%");
        assert_eq!(Percent::of_counts(3_802 - 273, 3_802).unwrap().to_string(), "92.82%");
    }
}
