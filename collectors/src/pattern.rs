//! Placeholders of a day and of secrets in paths, addresses and bodies; and matching file names against them.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use gapwatch_model::{Period, PeriodKind};

/// The placeholders there are, for messages.
pub(crate) const NAMES: &str = "yyyymmdd, yyyymm, yyyy, mm, dd, q, page, offset or env:NAME";

const KNOWN: [&str; 8] = ["yyyymmdd", "yyyymm", "yyyy", "mm", "dd", "q", "page", "offset"];

/// The names between braces, in order. Braces around anything that is no word are not placeholders (JSON bodies).
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
        (word && !name.is_empty()).then_some(name)
    })
}

/// The first placeholder nobody fills in.
pub(crate) fn unknown_placeholder(text: &str) -> Option<&str> {
    placeholders(text).find(|name| !KNOWN.contains(name) && !name.starts_with("env:"))
}

/// Names of the environment variables a text asks for.
pub(crate) fn env_names(text: &str) -> impl Iterator<Item = String> {
    placeholders(text).filter_map(|name| name.strip_prefix("env:")).map(ToOwned::to_owned)
}

/// Fills in the day.
pub(crate) fn fill_day(text: &str, day: NaiveDate) -> String {
    let quarter = day.month().div_ceil(3).to_string();
    text.replace("{yyyymmdd}", &day.format("%Y%m%d").to_string())
        .replace("{yyyymm}", &day.format("%Y%m").to_string())
        .replace("{yyyy}", &day.format("%Y").to_string())
        .replace("{mm}", &day.format("%m").to_string())
        .replace("{dd}", &day.format("%d").to_string())
        .replace("{q}", &quarter)
}

/// Fills in secrets; `Err` names the first that is not set.
pub(crate) fn fill_secrets(text: &str, secrets: &BTreeMap<String, String>) -> Result<String, String> {
    let mut filled = text.to_owned();
    for name in env_names(text) {
        let value = secrets.get(&name).ok_or_else(|| name.clone())?;
        filled = filled.replace(&format!("{{env:{name}}}"), value);
    }
    Ok(filled)
}

/// The day a file name gives under a pattern, `None` when it does not match. A month or year stands for its last day,
/// a pattern without placeholders for `otherwise`.
pub(crate) fn match_day(pattern: &str, name: &str, otherwise: NaiveDate) -> Option<NaiveDate> {
    let mut found = Found::default();
    matches(pattern, name, &mut found).then(|| found.day(otherwise)).flatten()
}

#[derive(Default, Clone, Copy)]
struct Found {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    quarter: Option<u32>,
}

impl Found {
    fn day(self, otherwise: NaiveDate) -> Option<NaiveDate> {
        let last = |kind, year, month| {
            NaiveDate::from_ymd_opt(year, month, 1).map(|first| Period::containing(kind, first).end())
        };
        match (self.year, self.month, self.day, self.quarter) {
            (None, None, None, None) => Some(otherwise),
            (Some(year), Some(month), Some(day), _) => NaiveDate::from_ymd_opt(year, month, day),
            (Some(year), Some(month), None, _) => last(PeriodKind::Month, year, month),
            (Some(year), None, None, Some(quarter)) => last(PeriodKind::Quarter, year, quarter * 3),
            (Some(year), None, None, None) => last(PeriodKind::Year, year, 1),
            _ => None,
        }
    }
}

fn matches(pattern: &str, name: &str, found: &mut Found) -> bool {
    if let Some(rest) = pattern.strip_prefix('*') {
        let starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
        for start in starts {
            let mut attempt = *found;
            if name.get(start..).is_some_and(|tail| matches(rest, tail, &mut attempt)) {
                *found = attempt;
                return true;
            }
        }
        return false;
    }
    for (holder, digits) in
        [("{yyyymmdd}", 8), ("{yyyymm}", 6), ("{yyyy}", 4), ("{mm}", 2), ("{dd}", 2), ("{q}", 1)]
    {
        if let Some(rest) = pattern.strip_prefix(holder) {
            let Some((head, tail)) = name.split_at_checked(digits) else { return false };
            return head.bytes().all(|b| b.is_ascii_digit())
                && found.take(holder, head)
                && matches(rest, tail, found);
        }
    }
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some(wanted), Some(there)) if wanted == there => {
            let skip = wanted.len_utf8();
            matches(pattern.get(skip..).unwrap_or(""), name.get(skip..).unwrap_or(""), found)
        }
        _ => false,
    }
}

impl Found {
    fn take(&mut self, holder: &str, digits: &str) -> bool {
        let part = |from: usize, to: usize| digits.get(from..to).and_then(|d| d.parse::<u32>().ok());
        match holder {
            "{yyyymmdd}" => {
                self.year = part(0, 4).and_then(|y| i32::try_from(y).ok());
                self.month = part(4, 6);
                self.day = part(6, 8);
            }
            "{yyyymm}" => {
                self.year = part(0, 4).and_then(|y| i32::try_from(y).ok());
                self.month = part(4, 6);
            }
            "{yyyy}" => self.year = part(0, 4).and_then(|y| i32::try_from(y).ok()),
            "{mm}" => self.month = part(0, 2),
            "{dd}" => self.day = part(0, 2),
            _ => self.quarter = part(0, 1).filter(|q| (1..=4).contains(q)),
        }
        holder != "{q}" || self.quarter.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{env_names, fill_day, match_day, unknown_placeholder};
    use chrono::NaiveDate;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_file_name_gives_its_day() {
        let check = |pattern: &str, name: &str, expected: Option<&str>| {
            assert_eq!(match_day(pattern, name, day("2030-01-01")), expected.map(day), "{pattern} {name}");
        };
        check("phu-song-{yyyymmdd}.xlsx", "phu-song-20251106.xlsx", Some("2025-11-06"));
        check("phu-song-{yyyymmdd}.xlsx", "phu-song-20251306.xlsx", None);
        check("phu-song-{yyyymmdd}.xlsx", "phu-song-2025110.xlsx", None);
        check("*-{yyyymm}.csv", "cáp-quang-202402.csv", Some("2024-02-29"));
        check("so-{yyyy}Q{q}.csv", "so-2025Q4.csv", Some("2025-12-31"));
        check("so-{yyyy}Q{q}.csv", "so-2025Q5.csv", None);
        check("{dd}-{mm}-{yyyy}*.csv", "05-11-2025 (2).csv", Some("2025-11-05"));
        check("x-{yyyy}.csv", "x-2023.csv", Some("2023-12-31"));
        check("*.csv", "anything.csv", Some("2030-01-01"));
        check("*.csv", "anything.csv.tmp", None);
    }

    #[test]
    fn placeholders_are_known_or_named() {
        assert_eq!(unknown_placeholder("a/{yyyy}/{month}.csv"), Some("month"));
        assert_eq!(unknown_placeholder(r#"{"nam":"{yyyy}","x":{"y":1}}"#), None);
        assert_eq!(env_names("{env:URL}/x?{env:KEY}").collect::<Vec<_>>(), ["URL", "KEY"]);
        assert_eq!(fill_day("{yyyy}-{mm}-{dd} Q{q}", day("2025-02-03")), "2025-02-03 Q1");
    }
}
