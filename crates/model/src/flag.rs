//! What the rules raise: one flag per rule and subject, with a memory.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{CollectorName, IndicatorId, PlaceId, name::name_type};

name_type! {
    /// Id of a rule, such as `village-no-signal`.
    RuleId
}

/// What a flag is about, beside its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The place itself.
    Place,
    /// One indicator of the place.
    Indicator(IndicatorId),
    /// One source that reports for the place.
    Source(CollectorName),
}

/// Identity of a flag. Its text form is the id in addresses: `village-no-signal~01273-004~20250701`,
/// `commune-behind-target~01273~20250701~hh.fibre_subscribed`, `source-overdue~04~19000101~@coverage`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlagKey {
    /// Which rule raised it.
    pub rule: RuleId,
    /// For which place.
    pub place: PlaceId,
    /// About what.
    pub subject: Subject,
}

/// The text is not the id of a flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a flag id, expected rule~code~yyyymmdd with an indicator or @collector after another ~"
)]
pub struct ParseFlagKeyError(String);

impl fmt::Display for FlagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}~{}", self.rule, self.place.code, self.place.valid_from.format("%Y%m%d"))?;
        match &self.subject {
            Subject::Place => Ok(()),
            Subject::Indicator(indicator) => write!(f, "~{indicator}"),
            Subject::Source(collector) => write!(f, "~@{collector}"),
        }
    }
}

impl FromStr for FlagKey {
    type Err = ParseFlagKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseFlagKeyError(text.to_owned());
        let mut parts = text.splitn(4, '~');
        let (Some(rule), Some(code), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let valid_from = NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| wrong())?;
        let subject = match parts.next() {
            None => Subject::Place,
            Some(rest) => match rest.strip_prefix('@') {
                Some(collector) => Subject::Source(collector.into()),
                None => Subject::Indicator(rest.into()),
            },
        };
        Ok(Self { rule: rule.into(), place: PlaceId::new(code, valid_from), subject })
    }
}

impl Serialize for FlagKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FlagKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where a flag is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagState {
    /// Nothing to say.
    Inactive,
    /// Raised, but not yet for as long as the rule asks.
    Pending,
    /// Raised.
    Firing,
    /// Was raised and has cleared.
    Resolved,
    /// The rule cannot know.
    NoData,
}

impl FlagState {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::NoData => "no_data",
        }
    }
}

/// A person took it on. Ends with the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who acts.
    pub owner: String,
    /// Why, or what is being done.
    pub reason: String,
    /// By when.
    pub due: Option<NaiveDate>,
    /// Who recorded it.
    pub by: String,
    /// When it was recorded.
    pub at: DateTime<FixedOffset>,
}

/// One flag as it stands at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Which rule, place and subject.
    pub key: FlagKey,
    /// Where it is in its life.
    pub state: FlagState,
    /// Last change of state.
    pub since: DateTime<FixedOffset>,
    /// First clear evaluation while firing, for `keep_firing_for`.
    pub clear_since: Option<DateTime<FixedOffset>>,
    /// One Vietnamese sentence with its figures.
    pub explanation_vi: String,
    /// The same in English.
    pub explanation_en: String,
    /// Version of `rules.toml` it was judged under.
    pub rules_version: String,
    /// Who took it on, while the state lasts.
    pub acknowledgement: Option<Acknowledgement>,
}

#[cfg(test)]
mod tests {
    use super::{FlagKey, Subject};

    #[test]
    fn ids_round_trip() {
        for id in [
            "village-no-signal~01273-004~20250701",
            "commune-behind-target~01273~20250701~hh.fibre_subscribed",
            "source-overdue~04~19000101~@coverage",
        ] {
            assert_eq!(id.parse::<FlagKey>().unwrap().to_string(), id);
        }
        let overdue: FlagKey = "source-overdue~04~19000101~@coverage".parse().unwrap();
        assert_eq!(overdue.subject, Subject::Source("coverage".into()));
        assert!("village-no-signal~01273".parse::<FlagKey>().is_err());
        assert!("a~b~2025-07-01".parse::<FlagKey>().is_err());
    }
}
