//! Reporting periods with the ids of DHIS2: `2026`, `2026S2`, `2026Q4`, `202611`, `2026W47`, `20261121`.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Length of a reporting period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodKind {
    /// One day.
    Day,
    /// ISO week, Monday to Sunday.
    Week,
    /// Calendar month.
    Month,
    /// Calendar quarter.
    Quarter,
    /// Calendar half-year.
    Half,
    /// Calendar year.
    Year,
}

/// One reporting period. Made only from valid parts, so its first and last day always exist.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    start: NaiveDate,
    kind: PeriodKind,
}

/// The text is not a period id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a period, expected an id such as 2026, 2026S2, 2026Q4, 202611, 2026W47 or 20261121")]
pub struct ParsePeriodError {
    text: String,
}

impl Period {
    /// The period of this kind that holds the day.
    #[must_use]
    pub fn containing(kind: PeriodKind, day: NaiveDate) -> Self {
        let first_of = |month: u32| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
        let start = match kind {
            PeriodKind::Day => day,
            PeriodKind::Week => day.week(Weekday::Mon).first_day(),
            PeriodKind::Month => first_of(day.month()),
            PeriodKind::Quarter => first_of((day.month0() / 3) * 3 + 1),
            PeriodKind::Half => first_of((day.month0() / 6) * 6 + 1),
            PeriodKind::Year => first_of(1),
        };
        Self { start, kind }
    }

    /// Length of this period.
    #[must_use]
    pub fn kind(self) -> PeriodKind {
        self.kind
    }

    /// First day.
    #[must_use]
    pub fn start(self) -> NaiveDate {
        self.start
    }

    /// Last day.
    #[must_use]
    pub fn end(self) -> NaiveDate {
        self.next().start.pred_opt().unwrap_or(self.start)
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let far_enough = match self.kind {
            PeriodKind::Day => 1,
            PeriodKind::Week => 7,
            PeriodKind::Month => 31,
            PeriodKind::Quarter => 92,
            PeriodKind::Half => 184,
            PeriodKind::Year => 366,
        };
        Self::containing(self.kind, self.start.checked_add_days(Days::new(far_enough)).unwrap_or(self.start))
    }

    /// The period before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::containing(self.kind, self.start.pred_opt().unwrap_or(self.start))
    }

    /// Whole periods after this one that have ended before `day`. The staleness of an observation.
    #[must_use]
    pub fn ended_since(self, day: NaiveDate) -> u32 {
        let current = Self::containing(self.kind, day);
        let periods = current.index() - self.index() - 1;
        u32::try_from(periods.max(0)).unwrap_or(u32::MAX)
    }

    /// Number of this period in the row of all periods of its kind: the next one has the next number.
    #[must_use]
    pub fn index(self) -> i64 {
        let year = i64::from(self.start.year());
        let month0 = i64::from(self.start.month0());
        match self.kind {
            PeriodKind::Day => i64::from(self.start.num_days_from_ce()),
            PeriodKind::Week => i64::from(self.start.num_days_from_ce() - 1).div_euclid(7),
            PeriodKind::Month => year * 12 + month0,
            PeriodKind::Quarter => year * 4 + month0 / 3,
            PeriodKind::Half => year * 2 + month0 / 6,
            PeriodKind::Year => year,
        }
    }

    /// The period on screen, in Vietnamese: `tháng 11/2026`.
    #[must_use]
    pub fn vietnamese(self) -> String {
        let (y, m) = (self.start.year(), self.start.month());
        match self.kind {
            PeriodKind::Day => self.start.format("%d/%m/%Y").to_string(),
            PeriodKind::Week => {
                format!("tuần {:02}/{}", self.start.iso_week().week(), self.start.iso_week().year())
            }
            PeriodKind::Month => format!("tháng {m:02}/{y}"),
            PeriodKind::Quarter => {
                format!("quý {}/{y}", ["I", "II", "III", "IV"].get((m as usize - 1) / 3).unwrap_or(&""))
            }
            PeriodKind::Half => {
                format!("{}/{y}", if m <= 6 { "6 tháng đầu năm" } else { "6 tháng cuối năm" })
            }
            PeriodKind::Year => format!("năm {y}"),
        }
    }

    /// The period on screen, in English: `11/2026`, `Q4 2026`.
    #[must_use]
    pub fn english(self) -> String {
        let (y, m) = (self.start.year(), self.start.month());
        match self.kind {
            PeriodKind::Day => self.start.format("%d/%m/%Y").to_string(),
            PeriodKind::Week => {
                format!("week {:02}/{}", self.start.iso_week().week(), self.start.iso_week().year())
            }
            PeriodKind::Month => format!("{m:02}/{y}"),
            PeriodKind::Quarter => format!("Q{} {y}", m.div_ceil(3)),
            PeriodKind::Half => format!("{} half of {y}", if m <= 6 { "first" } else { "second" }),
            PeriodKind::Year => format!("{y}"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m) = (self.start.year(), self.start.month());
        match self.kind {
            PeriodKind::Day => write!(f, "{}", self.start.format("%Y%m%d")),
            PeriodKind::Week => {
                write!(f, "{}W{:02}", self.start.iso_week().year(), self.start.iso_week().week())
            }
            PeriodKind::Month => write!(f, "{y}{m:02}"),
            PeriodKind::Quarter => write!(f, "{y}Q{}", m.div_ceil(3)),
            PeriodKind::Half => write!(f, "{y}S{}", m.div_ceil(6)),
            PeriodKind::Year => write!(f, "{y}"),
        }
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Period({self})")
    }
}

impl FromStr for Period {
    type Err = ParsePeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ParsePeriodError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Period> {
    let year_text = text.get(..4)?;
    let rest = text.get(4..)?;
    if !text.is_ascii() || !year_text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year: i32 = year_text.parse().ok().filter(|y| *y >= 1)?;
    let number = |digits: &str| -> Option<u32> {
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let month_start =
        |kind, month: u32| NaiveDate::from_ymd_opt(year, month, 1).map(|start| Period { start, kind });
    match (rest.len(), rest.as_bytes().first()) {
        (0, _) => month_start(PeriodKind::Year, 1),
        (2, Some(b'S')) => match rest {
            "S1" => month_start(PeriodKind::Half, 1),
            "S2" => month_start(PeriodKind::Half, 7),
            _ => None,
        },
        (2, Some(b'Q')) => {
            let quarter = number(rest.get(1..)?).filter(|q| (1..=4).contains(q))?;
            month_start(PeriodKind::Quarter, quarter * 3 - 2)
        }
        (2 | 3, Some(b'W')) => {
            let start = NaiveDate::from_isoywd_opt(year, number(rest.get(1..)?)?, Weekday::Mon)?;
            Some(Period { start, kind: PeriodKind::Week })
        }
        (2, _) => month_start(PeriodKind::Month, number(rest)?),
        (4, _) => {
            let start = NaiveDate::from_ymd_opt(year, number(rest.get(..2)?)?, number(rest.get(2..)?)?)?;
            Some(Period { start, kind: PeriodKind::Day })
        }
        _ => None,
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Period, PeriodKind};
    use chrono::{Days, NaiveDate};
    use proptest::prelude::{ProptestConfig, any, proptest};

    fn check(id: &str, start: &str, end: &str, next: &str) {
        let period: Period = id.parse().unwrap();
        assert_eq!(period.to_string(), id);
        assert_eq!(period.start().to_string(), start, "start of {id}");
        assert_eq!(period.end().to_string(), end, "end of {id}");
        assert_eq!(period.next().to_string(), next, "after {id}");
        assert_eq!(period.next().previous(), period);
    }

    #[test]
    fn ids_of_dhis2() {
        check("2026", "2026-01-01", "2026-12-31", "2027");
        check("2026S2", "2026-07-01", "2026-12-31", "2027S1");
        check("2026Q4", "2026-10-01", "2026-12-31", "2027Q1");
        check("202611", "2026-11-01", "2026-11-30", "202612");
        check("202402", "2024-02-01", "2024-02-29", "202403");
        check("2026W47", "2026-11-16", "2026-11-22", "2026W48");
        check("2026W53", "2026-12-28", "2027-01-03", "2027W01");
        check("20261121", "2026-11-21", "2026-11-21", "20261122");
    }

    #[test]
    fn what_is_no_period() {
        for text in [
            "",
            "26",
            "2026S3",
            "2026Q0",
            "2026Q5",
            "202613",
            "2025W53",
            "20260230",
            "2026-11",
            "２０２６",
            "2026W+1",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text} was read as a period");
        }
    }

    #[test]
    fn staleness_counts_whole_periods() {
        let november: Period = "202511".parse().unwrap();
        let on = |text: &str| november.ended_since(text.parse().unwrap());
        assert_eq!(on("2025-11-30"), 0);
        assert_eq!(on("2025-12-31"), 0);
        assert_eq!(on("2026-01-01"), 1);
        assert_eq!(on("2026-12-31"), 12);
        assert_eq!(on("2020-01-01"), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_day_is_in_exactly_one_period_of_each_kind(offset in any::<u16>()) {
            let day = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + Days::new(u64::from(offset));
            for kind in [PeriodKind::Day, PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Half, PeriodKind::Year] {
                let period = Period::containing(kind, day);
                assert!(period.start() <= day && day <= period.end());
                assert_eq!(period.next().index(), period.index() + 1);
                assert_eq!(period.to_string().parse(), Ok(period));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,12}") {
            if let Ok(period) = text.parse::<Period>() {
                assert_eq!(period.to_string().parse(), Ok(period));
            }
        }
    }
}
