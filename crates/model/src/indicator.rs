//! Indicators, declared in `indicators.toml` and never in code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{IndicatorId, PeriodKind};

/// Level of the places an indicator is reported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Provinces and the country.
    Province,
    /// Communes.
    Commune,
    /// Villages.
    Village,
}

/// Unit of an indicator's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Yes or no, as 1 or 0.
    YesNo,
    /// Percent of the denominator.
    Percent,
    /// Points of a score.
    Points,
    /// Rank, 1 is best.
    Rank,
    /// Mb/s.
    MegabitsPerSecond,
    /// Per 100 inhabitants.
    Per100,
    /// Households.
    Households,
    /// Persons.
    Persons,
    /// Villages.
    Villages,
    /// Communes.
    Communes,
    /// Population clusters of a village.
    Clusters,
    /// Base-station locations.
    Locations,
    /// Stations, cells, teams, services, documents and other things that are counted.
    Items,
}

/// What a cell of the indicator holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// 1 or 0.
    YesNo,
    /// A whole number that is not negative.
    Count,
    /// A number that may have decimals.
    Number,
    /// Numerator and denominator, or a share in percent where only that is published.
    Ratio,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    #[default]
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    Neutral,
}

/// How values of children make the parent's. Ratios are never averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// The parent is the sum of its children.
    Sum,
    /// Numerators and denominators are summed, then divided.
    Ratio,
    /// The parent cannot be computed: it has to be said.
    #[default]
    None,
}

/// One thing that is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Its id, the key of its table in `indicators.toml`.
    #[serde(skip_deserializing, default = "no_id")]
    pub id: IndicatorId,
    /// Name on screen.
    pub name_vi: String,
    /// Name on screen in English.
    pub name_en: String,
    /// Unit of its values.
    pub unit: Unit,
    /// What a cell holds.
    pub value: ValueKind,
    /// Level it is reported for.
    pub level: Level,
    /// How often it is reported.
    pub period: PeriodKind,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// How the parent's value is made.
    #[serde(default)]
    pub aggregation: Aggregation,
    /// Expression over other indicators, for derived ones. See `docs/ADDING.md`.
    #[serde(default)]
    pub formula: Option<String>,
    /// Fewer samples than this do not speak.
    #[serde(default)]
    pub minimum_samples: Option<u32>,
    /// Whole periods that may end after an observation's own before it is stale.
    pub staleness: u32,
    /// Smallest value allowed.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// Largest value allowed.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// Decimals on screen.
    #[serde(default)]
    pub decimals: u8,
    /// Where the definition is published.
    #[serde(default)]
    pub document: Option<String>,
}

fn no_id() -> IndicatorId {
    IndicatorId::new("")
}

/// All declared indicators, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndicatorSet {
    by_id: BTreeMap<IndicatorId, Indicator>,
}

impl IndicatorSet {
    /// Takes the tables of `indicators.toml`; each key becomes the id of its indicator.
    #[must_use]
    pub fn new(tables: BTreeMap<String, Indicator>) -> Self {
        let by_id = tables
            .into_iter()
            .map(|(id, mut indicator)| {
                indicator.id = IndicatorId::new(&id);
                (indicator.id.clone(), indicator)
            })
            .collect();
        Self { by_id }
    }

    /// The indicator of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Indicator> {
        self.by_id.get(id)
    }

    /// All of them in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Indicator> {
        self.by_id.values()
    }
}
