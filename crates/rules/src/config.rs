//! `rules.toml`, read and checked: every threshold, set, tolerance, window and duration the judging uses.
//!
//! Raw tables in, checked values out, all faults at once. No other file of this room holds a number that a committee
//! might want to change.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use gapwatch_model::{Comparator, IndicatorId, IndicatorSet, PlaceLevel, RuleId, SignalState, TargetStatus};
use serde::Deserialize;
use toml::{Table, Value};

use crate::{
    problem::{Problem, read_file, read_table},
    targets::compare,
};

/// Everything in `rules.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Name of this version, shown with every flag.
    pub version: String,
    /// How villages are told apart.
    pub signal: Signal,
    /// How trends are drawn.
    pub pace: Pace,
    /// Tolerances within which numbers count as equal.
    pub tolerances: Tolerances,
    /// By when whoever must act has to.
    pub deadlines: Deadlines,
    /// Bands of scores, best first.
    pub bands: BTreeMap<IndicatorId, Vec<Band>>,
    /// Totals and the parts they are held against.
    pub totals: BTreeMap<IndicatorId, Vec<IndicatorId>>,
    /// Where counts are found that somebody publishes of places whose villages are not known here.
    pub published: Option<Published>,
    /// The rules that raise flags, by id.
    pub rules: BTreeMap<RuleId, Rule>,
}

/// `[signal]`: how the state of a village is found.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Technologies that count as signal. An observation that names none counts.
    pub technologies: Vec<String>,
    /// A value of at least this is signal: 1 for yes or no, a share of samples for ratios.
    pub threshold: f64,
    /// Fewer stated samples than this do not speak.
    pub minimum_samples: u32,
    /// A claim and a measurement whose periods end at most this many days apart can dispute each other.
    pub dispute_window_days: u32,
}

/// `[pace]`: how the observed pace is computed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Points of periods that end at most this many days before the last point are used.
    pub window_days: u32,
    /// Fewer points than this are too little history.
    pub minimum_points: usize,
    /// Confidence of the interval, in percent.
    pub confidence_percent: f64,
}

/// `[tolerances]`: when two numbers count as equal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerances {
    /// A total may differ from the sum of its parts by this for each part, in the total's unit.
    pub per_part: f64,
    /// A parent may differ from the sum of its children by this, in the indicator's unit.
    pub parent: f64,
    /// Values equal at this many decimals share a rank.
    pub rank_decimals: u8,
}

/// `[who_must_act]`: last days in time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// Extremely difficult area with power: the universal-service fund.
    pub fund: NaiveDate,
    /// Any other area with power: the operator.
    pub operator: NaiveDate,
    /// No power: the electricity company, before the operator can.
    pub electricity: NaiveDate,
    /// Days the one who builds has after power arrives, when power came later than its own deadline allows for.
    pub after_power_days: u32,
}

/// `[published]`: the indicators that hold published counts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Villages without signal.
    pub no_signal: IndicatorId,
    /// Villages covered since the count before.
    pub closed: Option<IndicatorId>,
}

/// One band of a score.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Smallest value in the band.
    pub from: f64,
    /// Its name on screen.
    pub name_vi: String,
    /// Its name on screen in English.
    pub name_en: String,
}

/// One rule that raises flags.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name on screen.
    pub name_vi: String,
    /// Its name on screen in English.
    pub name_en: String,
    /// What raises it.
    pub when: When,
    /// Raised for this many days before it fires.
    #[serde(default)]
    pub for_days: u32,
    /// Clear for this many days before it is resolved.
    #[serde(default)]
    pub keep_firing_for_days: u32,
    /// What becomes of the flag while the rule cannot know.
    pub no_data: NoDataPolicy,
}

/// What raises a rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum When {
    /// A village is in this state.
    Signal {
        /// The state.
        state: SignalState,
    },
    /// A village has grid power, or has not.
    GridPower {
        /// Whether it has.
        is: bool,
    },
    /// A place stands so against the target in force.
    Target {
        /// Level of the places.
        level: PlaceLevel,
        /// The standings that raise it.
        status: Vec<TargetStatus>,
        /// Only these indicators; empty means every indicator with a target.
        #[serde(default)]
        indicators: Vec<IndicatorId>,
    },
    /// A value lies so against a fixed number.
    Value {
        /// Level of the places.
        level: PlaceLevel,
        /// The indicator.
        indicator: IndicatorId,
        /// How the value is held against the number.
        comparator: Comparator,
        /// The number, in the indicator's unit.
        value: f64,
    },
    /// A source has not reported for this many whole periods of its own.
    Overdue {
        /// Whole periods that ended without a report.
        periods: u32,
    },
}

/// What becomes of a flag while its rule cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoDataPolicy {
    /// The flag says so: state `no_data`.
    NoData,
    /// As if raised.
    Alerting,
    /// As if clear.
    Ok,
    /// The last state stays and its clocks run on.
    KeepLast,
}

impl Rule {
    /// How long it must be raised before it fires.
    #[must_use]
    pub fn hold(&self) -> TimeDelta {
        TimeDelta::days(i64::from(self.for_days))
    }

    /// How long it must be clear before it is resolved.
    #[must_use]
    pub fn keep(&self) -> TimeDelta {
        TimeDelta::days(i64::from(self.keep_firing_for_days))
    }
}

impl Rules {
    /// Reads `rules.toml`.
    ///
    /// # Errors
    /// Every fault of the file, each with its key.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let rules = read_file(text, &mut problems).and_then(|file| Self::read(file, &mut problems));
        problems.sort();
        match rules {
            Some(rules) if problems.is_empty() => Ok(rules),
            _ => Err(problems),
        }
    }

    fn read(mut file: Table, problems: &mut Vec<Problem>) -> Option<Self> {
        let version = match file.remove("version") {
            Some(Value::String(version)) if !version.trim().is_empty() => Some(version),
            Some(other) => {
                problems.push(Problem::new("version", format!("`{other}` is no version, expected a text")));
                None
            }
            None => {
                problems.push(Problem::new("version", "is missing, expected a text"));
                None
            }
        };
        let signal = section::<Signal>("signal", &mut file, problems);
        let pace = section::<Pace>("pace", &mut file, problems);
        let tolerances = section::<Tolerances>("tolerances", &mut file, problems);
        let deadlines = section::<Deadlines>("who_must_act", &mut file, problems);
        let bands = bands(&mut file, problems);
        let totals = totals(&mut file, problems);
        let published = file.contains_key("published").then(|| section("published", &mut file, problems));
        let rules = rules(&mut file, problems);
        for (key, _) in file {
            problems.push(Problem::new(key, "is unknown, expected version, signal, pace, tolerances, who_must_act, bands, totals, published or rules"));
        }
        if let Some(signal) = &signal {
            let (names, threshold) = (&signal.technologies, signal.threshold);
            demand(problems, !names.is_empty(), "signal.technologies", "[]", "at least one technology");
            demand(problems, threshold.is_finite(), "signal.threshold", threshold, "a number");
        }
        if let Some(pace) = &pace {
            let (points, confidence) = (pace.minimum_points, pace.confidence_percent);
            let open = confidence > 0.0 && confidence < 100.0;
            demand(problems, points >= 3, "pace.minimum_points", points, "3 or more");
            demand(problems, open, "pace.confidence_percent", confidence, "more than 0 and less than 100");
        }
        if let Some(Tolerances { per_part, parent, rank_decimals }) = &tolerances {
            demand(problems, *per_part >= 0.0, "tolerances.per_part", per_part, "0 or more");
            demand(problems, *parent >= 0.0, "tolerances.parent", parent, "0 or more");
            demand(problems, *rank_decimals <= 9, "tolerances.rank_decimals", rank_decimals, "0 to 9");
        }
        Some(Self {
            version: version?,
            signal: signal?,
            pace: pace?,
            tolerances: tolerances?,
            deadlines: deadlines?,
            bands,
            totals,
            published: published.flatten(),
            rules,
        })
    }

    /// The band a score lies in. `None` below the last one, and where no bands are declared.
    #[must_use]
    pub fn band(&self, indicator: &IndicatorId, score: f64) -> Option<&Band> {
        self.bands.get(indicator)?.iter().find(|band| compare(score, band.from).is_ge())
    }

    /// Checks that every indicator the rules name is declared.
    #[must_use]
    pub fn check(&self, indicators: &IndicatorSet) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut named = |key: String, id: &IndicatorId| {
            if indicators.get(id.as_str()).is_none() {
                problems.push(Problem::new(key, format!("`{id}` is no declared indicator")));
            }
        };
        for id in self.bands.keys() {
            named(format!("bands.{id}"), id);
        }
        for (id, parts) in &self.totals {
            named(format!("totals.{id}"), id);
            for part in parts {
                named(format!("totals.{id}"), part);
            }
        }
        if let Some(Published { no_signal, closed }) = &self.published {
            named("published.no_signal".to_owned(), no_signal);
            closed.iter().for_each(|closed| named("published.closed".to_owned(), closed));
        }
        for (rule, settings) in &self.rules {
            match &settings.when {
                When::Value { indicator, .. } => named(format!("rules.{rule}.when.indicator"), indicator),
                When::Target { indicators: ids, .. } => {
                    ids.iter().for_each(|id| named(format!("rules.{rule}.when.indicators"), id));
                }
                When::Signal { .. } | When::GridPower { .. } | When::Overdue { .. } => {}
            }
        }
        problems
    }
}

fn demand(problems: &mut Vec<Problem>, fine: bool, key: &str, found: impl std::fmt::Display, expected: &str) {
    if !fine {
        problems.push(Problem::new(key, format!("`{found}` is out of range, expected {expected}")));
    }
}

fn section<T: serde::de::DeserializeOwned>(
    key: &str,
    file: &mut Table,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match file.remove(key) {
        Some(Value::Table(table)) => read_table(key, table, problems),
        Some(_) => {
            problems.push(Problem::new(key, "is no table"));
            None
        }
        None => {
            problems.push(Problem::new(key, "is missing, expected a table"));
            None
        }
    }
}

/// The tables under one key, each by its own key.
fn tables(key: &str, file: &mut Table, problems: &mut Vec<Problem>) -> Table {
    match file.remove(key) {
        Some(Value::Table(table)) => table,
        Some(_) => {
            problems.push(Problem::new(key, "is no table"));
            Table::new()
        }
        None => Table::new(),
    }
}

fn rules(file: &mut Table, problems: &mut Vec<Problem>) -> BTreeMap<RuleId, Rule> {
    let mut found = BTreeMap::new();
    for (id, value) in tables("rules", file, problems) {
        let key = format!("rules.{id}");
        let Value::Table(table) = value else {
            problems.push(Problem::new(key, "is no table"));
            continue;
        };
        if id.contains('~') || id.is_empty() {
            problems.push(Problem::new(&key, format!("`{id}` is no rule id, expected a name without ~")));
        }
        if let Some(rule) = read_table::<Rule>(&key, table, problems) {
            if let When::Target { level, .. } | When::Value { level, .. } = &rule.when
                && *level == PlaceLevel::Village
            {
                let message = "`village` has no values of its own to hold against a number, expected country, province or commune";
                problems.push(Problem::new(format!("{key}.when.level"), message));
            }
            found.insert(RuleId::new(&id), rule);
        }
    }
    found
}

fn bands(file: &mut Table, problems: &mut Vec<Problem>) -> BTreeMap<IndicatorId, Vec<Band>> {
    let mut found = BTreeMap::new();
    for (id, value) in tables("bands", file, problems) {
        let key = format!("bands.{id}");
        let mut read = Vec::new();
        for item in value.as_array().cloned().unwrap_or_default() {
            match item {
                Value::Table(table) => read.extend(read_table::<Band>(&key, table, problems)),
                other => problems.push(Problem::new(&key, format!("`{other}` is no band, expected a table"))),
            }
        }
        if read.is_empty() {
            problems.push(Problem::new(&key, "has no band, expected an array of tables, best first"));
        }
        if !read.iter().zip(read.iter().skip(1)).all(|(one, next)| one.from > next.from) {
            problems.push(Problem::new(&key, "bands are out of order, expected falling `from`"));
        }
        found.insert(IndicatorId::new(&id), read);
    }
    found
}

fn totals(file: &mut Table, problems: &mut Vec<Problem>) -> BTreeMap<IndicatorId, Vec<IndicatorId>> {
    let mut found = BTreeMap::new();
    for (id, value) in tables("totals", file, problems) {
        let parts = value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        match parts {
            Some(parts) if !parts.is_empty() && Some(parts.len()) == value.as_array().map(Vec::len) => {
                found.insert(IndicatorId::new(&id), parts.into_iter().map(IndicatorId::new).collect());
            }
            _ => problems.push(Problem::new(
                format!("totals.{id}"),
                "is no list of parts, expected an array of indicator ids",
            )),
        }
    }
    found
}
