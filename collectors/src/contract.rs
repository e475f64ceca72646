//! What a source promises, held against what it brought. A breach puts the whole batch in quarantine.

use std::collections::BTreeMap;

use gapwatch_model::{RejectCode, Value, text};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Reading, config::CollectorConfig};

/// What is remembered of a source's last good run, to hold the next one against. Kept as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Data rows read.
    pub rows: u32,
    /// Filled cells of each heading.
    pub filled: BTreeMap<String, u32>,
    /// Name each code came with.
    pub names: BTreeMap<String, String>,
    /// Hash of all places and values, whatever the period.
    pub values: String,
    /// Runs in a row that brought just these values.
    pub frozen: u32,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breach {
    /// Key of `[contract]`, or `columns`.
    pub key: String,
    /// One Vietnamese sentence with the figures.
    pub sentence: String,
}

impl LastRun {
    /// What is to be remembered of a reading.
    #[must_use]
    pub fn of(reading: &Reading, before: Option<&Self>) -> Self {
        let mut hasher = Sha256::new();
        for frame in &reading.frames {
            let key = &frame.key;
            hasher.update(format!("{} {:?} {}\n", key.indicator, key.dimensions, key.evidence.as_str()));
            for point in &frame.points {
                let (one, other) = match point.value {
                    Value::Number(number) => (number, f64::NAN),
                    Value::Ratio { numerator, denominator } => (numerator, denominator),
                };
                hasher.update(point.place.0.to_le_bytes());
                hasher.update(one.to_bits().to_le_bytes());
                hasher.update(other.to_bits().to_le_bytes());
            }
        }
        let values: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let frozen = before
            .filter(|before| before.values == values)
            .map_or(1, |before| before.frozen.saturating_add(1));
        let mut filled = BTreeMap::new();
        for (heading, count) in reading.notes.sheets.iter().flat_map(|sheet| &sheet.filled) {
            *filled.entry(heading.clone()).or_insert(0_u32) += count;
        }
        Self { rows: reading.read, filled, names: reading.codes.clone(), values, frozen }
    }
}

/// The promises a reading breaks, held against the last good run.
#[must_use]
pub fn breaches(config: &CollectorConfig, reading: &Reading, last: Option<&LastRun>) -> Vec<Breach> {
    let contract = &config.contract;
    let mut breaches = Vec::new();
    let mut breach = |key: &str, sentence: String| breaches.push(Breach { key: key.to_owned(), sentence });
    for reject in reading.rejects.iter().filter(|r| r.code == RejectCode::MissingColumn && r.line == 0) {
        breach("columns", reject.sentence.clone());
    }
    let count = |number: u32| text::count(u64::from(number));
    if let Some(least) = contract.minimum_rows
        && reading.read < least
    {
        breach(
            "minimum_rows",
            format!("chỉ có {} dòng, ít nhất phải có {}", count(reading.read), count(least)),
        );
    }
    let now = LastRun::of(reading, last);
    let Some(last) = last else { return breaches };
    if let Some(most) = contract.maximum_drop_percent {
        let drop = 100.0 * (1.0 - f64::from(now.rows) / f64::from(last.rows.max(1)));
        if drop > most {
            let sentence = format!(
                "số dòng giảm từ {} xuống {} ({} %), mức cho phép là {} %",
                count(last.rows),
                count(now.rows),
                text::decimal(drop, 1),
                text::decimal(most, 1)
            );
            breach("maximum_drop_percent", sentence);
        }
    }
    if let Some(most) = contract.maximum_frozen_runs
        && now.frozen > most
        && !reading.frames.is_empty()
    {
        breach("maximum_frozen_runs", format!("mọi giá trị giống hệt nhau trong {} lần liền", now.frozen));
    }
    if !contract.columns_may_empty {
        for (heading, before) in last.filled.iter().filter(|(_, before)| **before > 0) {
            if now.filled.get(heading).copied().unwrap_or(0) == 0 {
                let sentence = format!(
                    "cột “{heading}” lần trước có {} ô, lần này trống hoặc không còn",
                    count(*before)
                );
                breach("columns_may_empty", sentence);
            }
        }
    }
    let shared = now.names.iter().filter_map(|(code, name)| Some((code, name, last.names.get(code)?)));
    let all: Vec<_> = shared.collect();
    let renamed: Vec<_> =
        all.iter().filter(|(_, name, before)| text::fold_name(name) != text::fold_name(before)).collect();
    let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let share = 100.0 * f64::from(u32::try_from(renamed.len()).unwrap_or(u32::MAX)) / f64::from(total.max(1));
    if share > contract.maximum_renamed_percent.unwrap_or(0.0) {
        let examples: Vec<String> = renamed
            .iter()
            .take(3)
            .map(|(code, name, before)| format!("{code}: “{before}” → “{name}”"))
            .collect();
        let sentence = format!("{} trên {} mã đổi tên: {}", renamed.len(), count(total), examples.join("; "));
        breach("maximum_renamed_percent", sentence);
    }
    breaches
}
