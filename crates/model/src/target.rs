//! What was promised, by when, in which document. Replaced, never edited.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{IndicatorId, PlaceCode};

/// How a value is held against a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparator {
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// Strictly more.
    #[serde(rename = ">")]
    MoreThan,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// Strictly less.
    #[serde(rename = "<")]
    LessThan,
}

impl Comparator {
    /// The sign as it is written in `targets.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::MoreThan => ">",
            Self::AtMost => "<=",
            Self::LessThan => "<",
        }
    }
}

/// The way from the baseline to the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
pub enum TargetPath {
    /// A straight line by days from the baseline to the due date, flat outside.
    Linear {
        /// Day of the baseline.
        from: NaiveDate,
        /// Value on that day.
        baseline: f64,
    },
    /// Values that hold from their day on. A step counts on its own day.
    Step {
        /// Day and value, in order of days.
        steps: Vec<(NaiveDate, f64)>,
    },
}

/// Which places of the scope a target holds for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Villages with grid power, or without.
    GridPower(bool),
    /// Places of an extremely difficult area, or outside them.
    DifficultArea(bool),
}

/// One promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name of the target, the key of its table in `targets.toml`.
    #[serde(skip_deserializing, default)]
    pub id: String,
    /// What is promised.
    pub indicator: IndicatorId,
    /// For which place; its children inherit it. None means the whole country.
    #[serde(default)]
    pub scope: Option<PlaceCode>,
    /// The promised value, in the indicator's unit.
    pub value: f64,
    /// How a value is held against it.
    pub comparator: Comparator,
    /// The last day that is still in time.
    pub due: NaiveDate,
    /// The way there. Without one only the due date counts.
    #[serde(default)]
    pub path: Option<TargetPath>,
    /// The document that promises it.
    pub document: String,
    /// First day it is in force.
    pub valid_from: NaiveDate,
    /// First day it is no longer in force.
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
    /// Which places of the scope it holds for.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// When it became known here. Without one, as if always known.
    #[serde(default)]
    pub recorded_at: Option<DateTime<FixedOffset>>,
}

/// Where a value stands against a target on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetStatus {
    /// The value meets the target, whenever.
    Met,
    /// Not yet, but not below the path of the day.
    OnTrack,
    /// Below the path of the day.
    Behind,
    /// After the due date and not met.
    Missed,
    /// No value that speaks.
    Unknown,
}

impl TargetStatus {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::OnTrack => "on_track",
            Self::Behind => "behind",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
        }
    }
}
