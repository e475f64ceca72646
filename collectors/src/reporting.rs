//! Completeness and timeliness of reports, per commune and indicator. A rate never passes 100%.

use std::collections::HashMap;

use chrono::{DateTime, Days, FixedOffset};
use gapwatch_model::{Gazetteer, Indicator, Level, Percent, Period, PlaceIx, PlaceLevel};

/// One commune's reports of one indicator in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The commune; the province for indicators of its level.
    pub place: PlaceIx,
    /// Places that had to report: those in force at the end of the period.
    pub expected: u32,
    /// Of those, the ones that reported.
    pub actual: u32,
    /// Of those, the ones whose first report came in time.
    pub on_time: u32,
}

impl Reported {
    /// Share of expected reports that came. `None` when none was expected.
    #[must_use]
    pub fn rate(&self) -> Option<Percent> {
        Percent::of_counts(self.actual, self.expected)
    }

    /// Share of expected reports that came in time.
    #[must_use]
    pub fn rate_on_time(&self) -> Option<Percent> {
        Percent::of_counts(self.on_time, self.expected)
    }
}

/// Counts reports under a scope. `reports` are (place, recorded at) of the indicator and period, in any order, as often
/// as they were sent; a stored 0/0 counts. A report is on time up to `due_days` days after the period's last day.
#[must_use]
pub fn reported(
    gazetteer: &Gazetteer,
    indicator: &Indicator,
    scope: PlaceIx,
    period: Period,
    reports: &[(PlaceIx, DateTime<FixedOffset>)],
    due_days: u32,
) -> Vec<Reported> {
    let day = period.end();
    let due = day.checked_add_days(Days::new(u64::from(due_days))).unwrap_or(day);
    let mut first: HashMap<PlaceIx, DateTime<FixedOffset>> = HashMap::new();
    for (place, at) in reports {
        first.entry(*place).and_modify(|known| *known = (*known).min(*at)).or_insert(*at);
    }
    let (group, level) = match indicator.level {
        Level::Province => (PlaceLevel::Province, PlaceLevel::Province),
        Level::Commune => (PlaceLevel::Commune, PlaceLevel::Commune),
        Level::Village => (PlaceLevel::Commune, PlaceLevel::Village),
    };
    let count = |place: PlaceIx| {
        let mut row = Reported { place, expected: 0, actual: 0, on_time: 0 };
        for expected in gazetteer.under_on(place, level, day) {
            row.expected += 1;
            if let Some(at) = first.get(&expected) {
                row.actual += 1;
                row.on_time += u32::from(at.date_naive() <= due);
            }
        }
        row
    };
    gazetteer.under_on(scope, group, day).into_iter().map(count).collect()
}
