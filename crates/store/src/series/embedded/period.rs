//! Periods as numbers that sort by their last day, shorter periods last: the greatest is the newest.

use chrono::{Datelike, NaiveDate};
use gapwatch_model::{Period, PeriodKind};

const KINDS: [PeriodKind; 6] = [
    PeriodKind::Year,
    PeriodKind::Half,
    PeriodKind::Quarter,
    PeriodKind::Month,
    PeriodKind::Week,
    PeriodKind::Day,
];

/// The number of a period.
pub(crate) fn code(period: Period) -> i64 {
    let kind = (0..).zip(KINDS).find(|(_, kind)| *kind == period.kind()).map_or(0, |(number, _)| number);
    i64::from(period.end().num_days_from_ce()) * 8 + kind
}

/// The period of a number.
pub(crate) fn period(code: i64) -> Option<Period> {
    let kind = *KINDS.get(usize::try_from(code.rem_euclid(8)).ok()?)?;
    let end = NaiveDate::from_num_days_from_ce_opt(i32::try_from(code.div_euclid(8)).ok()?)?;
    let period = Period::containing(kind, end);
    (period.end() == end).then_some(period)
}

/// Year of the last day of the period of a number.
pub(crate) fn year(code: i64) -> Option<i32> {
    Some(period(code)?.end().year())
}

/// Least and greatest number of periods whose last day lies in the year.
pub(crate) fn year_range(year: i32) -> (i64, i64) {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
    range(day(1, 1).zip(day(12, 31)))
}

/// Least and greatest number of periods whose last day lies in the range, both ends included.
pub(crate) fn range(days: Option<(NaiveDate, NaiveDate)>) -> (i64, i64) {
    days.map_or((i64::MIN, i64::MAX), |(from, to)| {
        (i64::from(from.num_days_from_ce()) * 8, i64::from(to.num_days_from_ce()) * 8 + 7)
    })
}

#[cfg(test)]
mod tests {
    use super::{code, period, range, year, year_range};

    #[test]
    fn numbers_round_trip_and_sort_by_last_day() {
        let ids = ["2025W52", "20251230", "2025", "2025S2", "2025Q4", "202512", "20251231", "2025W01"];
        for id in ids {
            assert_eq!(period(code(id.parse().unwrap())), Some(id.parse().unwrap()));
        }
        let mut sorted = ids;
        sorted.sort_by_key(|id| code(id.parse().unwrap()));
        assert_eq!(
            sorted,
            ["2025W01", "2025W52", "20251230", "2025", "2025S2", "2025Q4", "202512", "20251231"]
        );
        assert_eq!(year(code("2026W53".parse().unwrap())), Some(2027));
        let (from, to) = year_range(2025);
        assert!(sorted.iter().all(|id| (from..=to).contains(&code(id.parse().unwrap()))));
        assert_eq!(period(7), None);
    }

    #[test]
    fn a_range_holds_its_last_day() {
        let day = |text: &str| text.parse().unwrap();
        let (from, to) = range(Some((day("2025-11-01"), day("2025-12-31"))));
        let inside = |id: &str| (from..=to).contains(&code(id.parse().unwrap()));
        assert!(inside("202511") && inside("2025") && inside("20251231"));
        assert!(!inside("202510") && !inside("20260101"));
    }
}
