//! What reading needs to know beside the bytes: places, indicators, decisions, the time.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Gazetteer, IndicatorSet, PlaceId};
use serde::{Deserialize, Serialize};

use crate::{geo::Boundaries, resolve::Resolver};

/// What reading needs to know beside the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// All places through time.
    pub gazetteer: &'a Gazetteer,
    /// The name indexes of the gazetteer: build them once per gazetteer.
    pub resolver: &'a Resolver,
    /// Borders of communes, for sources that give points instead of places.
    pub boundaries: Option<&'a Boundaries>,
    /// What is measured.
    pub indicators: &'a IndicatorSet,
    /// What people decided about places.
    pub decisions: &'a Decisions,
    /// The time of the run.
    pub now: DateTime<FixedOffset>,
    /// The configuration directory.
    pub base_dir: &'a Path,
    /// Values of the environment variables the configuration names.
    pub secrets: &'a BTreeMap<String, String>,
    /// Code of the province the program reports for.
    pub home: &'a str,
}

/// What a person decided about a row that was asked. Remembered under the reject's `decision_key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Choice {
    /// It is this place.
    Place {
        /// The place.
        place: PlaceId,
    },
    /// It is a new village of its commune.
    Create,
    /// It is no place of ours: such rows are left out and counted.
    Ignore,
}

/// A choice with who made it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The reject's `decision_key`.
    pub key: String,
    /// What was chosen.
    pub choice: Choice,
    /// Who chose.
    pub by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// Decisions by key; of several for one key the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    by_key: HashMap<String, Decision>,
}

impl Decisions {
    /// Takes decisions in order of time.
    #[must_use]
    pub fn new(decisions: impl IntoIterator<Item = Decision>) -> Self {
        Self { by_key: decisions.into_iter().map(|decision| (decision.key.clone(), decision)).collect() }
    }

    /// Whether nothing was decided yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// What was decided under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Decision> {
        self.by_key.get(key)
    }
}
