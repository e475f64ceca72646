//! What somebody said of an indicator, with everything needed to say who, when and where it stands.
//!
//! Observations travel in frames: what one run said of one indicator for one period, over many places.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::{CollectorName, IndicatorId, Percent, Period, PlaceIx, RunId};

/// The number said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A number in the indicator's unit.
    Number(f64),
    /// Two counts. 0/0 is kept with its parts and has no value.
    Ratio {
        /// What was counted.
        numerator: f64,
        /// What it was counted among.
        denominator: f64,
    },
}

impl Value {
    /// The value in the indicator's unit; a ratio is in percent. `None` for a zero denominator.
    #[must_use]
    pub fn amount(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Ratio { numerator, denominator } => {
                Percent::of(numerator, denominator).map(Percent::percent)
            }
        }
    }
}

/// The word before the number: part of the value, never dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Qualifier {
    /// Just this number.
    #[default]
    Exact,
    /// *Hơn, trên*: the true value is above.
    MoreThan,
    /// *Dưới*: the true value is below.
    LessThan,
    /// *Gần*: a little below.
    Almost,
    /// *Khoảng*: either side.
    About,
}

impl Qualifier {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::MoreThan => "more_than",
            Self::LessThan => "less_than",
            Self::Almost => "almost",
            Self::About => "about",
        }
    }
}

/// The evidence ladder: a higher class speaks over a lower one. Crowd data says presence only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Seen by passing devices: proves presence, never absence.
    Crowd,
    /// Said by an operator or an administration.
    Claimed,
    /// Computed from a propagation or other model.
    Modelled,
    /// Measured on the spot.
    Measured,
}

impl Evidence {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crowd => "crowd",
            Self::Claimed => "claimed",
            Self::Modelled => "modelled",
            Self::Measured => "measured",
        }
    }
}

/// What a number is about beside its place and period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dimensions {
    /// Telecom operator, such as `Viettel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<Arc<str>>,
    /// Radio technology, such as `4G`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technology: Option<Arc<str>>,
    /// Where in the village: `centre` or `cluster:<name>`. None means the centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measuring_point: Option<Arc<str>>,
    /// Department or unit a figure is about, for organisations that are not places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Arc<str>>,
}

/// What all points of a frame share, as a collector says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameKey {
    /// What was measured.
    pub indicator: IndicatorId,
    /// The period it is about.
    pub period: Period,
    /// Who said it. A correction replaces only what the same source said.
    pub source: CollectorName,
    /// How much weight it has.
    pub evidence: Evidence,
    /// What it is about beside the place.
    pub dimensions: Dimensions,
    /// How it was found out, such as `drive-test` or `survey`. Not part of what a correction replaces.
    pub method: Option<Arc<str>>,
}

/// One place's number in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The place, as its number in the gazetteer and the store.
    pub place: PlaceIx,
    /// What was said.
    pub value: Value,
    /// With what reservation.
    pub qualifier: Qualifier,
    /// Number of samples behind it, where that was said.
    pub samples: Option<u32>,
    /// 1-based line where the record starts; in JSON the 1-based index.
    pub row: u32,
}

/// What one run said of one indicator for one period. Points are sorted by place, each place once.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// What the points share.
    pub key: FrameKey,
    /// One per place, sorted by place.
    pub points: Vec<Point>,
}

/// What stored points share: the key, and which run recorded them when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// As the collector said it.
    #[serde(flatten)]
    pub key: FrameKey,
    /// The run that brought it.
    pub run: RunId,
    /// When it became known here. Makes every read answer *as of* a date.
    pub recorded_at: DateTime<FixedOffset>,
}

/// One stored observation. Cheap to clone: the head is shared.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Who, what, when.
    pub head: Arc<Head>,
    /// The number and its place.
    pub point: Point,
}
