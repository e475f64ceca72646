//! A small world to judge: one province, two communes, some villages, and what is said of them.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    AreaClass, CollectorName, Dimensions, Evidence, FlagKey, FrameKey, Gazetteer, Head, Indicator,
    IndicatorId, IndicatorSet, Lineage, Membership, Place, PlaceId, PlaceIx, PlaceLevel, Point, Qualifier,
    RunId, SignalState, Value,
};
use gapwatch_rules::{Facts, Judgement, Rules, SourceStatus, Targets, end_of_day, judge};

pub(crate) const RULES: &str = include_str!("../../../../fixtures/rules/sample/rules.toml");
pub(crate) const INDICATORS: &str = include_str!("../../../../fixtures/rules/sample/indicators.toml");

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn indicators() -> Arc<IndicatorSet> {
    let tables: BTreeMap<String, Indicator> = toml::from_str(INDICATORS).unwrap();
    Arc::new(IndicatorSet::new(tables))
}

pub(crate) fn place(code: &str, level: PlaceLevel, parents: &[(&str, &str)]) -> Place {
    let (code, from) = code.split_once('@').unwrap_or((code, "1900-01-01"));
    let (from, to) = from.split_once("..").map_or((from, None), |(from, to)| (from, Some(to)));
    let kind = match level {
        PlaceLevel::Country => "",
        PlaceLevel::Province => "tỉnh",
        PlaceLevel::District => "huyện",
        PlaceLevel::Commune => "xã",
        PlaceLevel::Village => "xóm",
    };
    let parent = |code: &str| {
        let (code, from) = code.split_once('@').unwrap_or((code, "1900-01-01"));
        PlaceId::new(code, day(from))
    };
    Place {
        id: PlaceId::new(code, day(from)),
        valid_to: to.map(day),
        level,
        kind: kind.to_owned(),
        name: code.to_owned(),
        name_en: String::new(),
        other_names: Vec::new(),
        memberships: parents
            .iter()
            .map(|(code, from)| Membership { parent: parent(code), from: day(from) })
            .collect(),
        point: None,
        area_class: Some(AreaClass::Other),
        synthetic: true,
    }
}

pub(crate) struct World {
    pub(crate) facts: Facts,
    pub(crate) rules: Rules,
    pub(crate) targets: Targets,
    pub(crate) sources: Vec<SourceStatus>,
    runs: u64,
}

/// What one source says of one place.
pub(crate) struct Saying<'w> {
    world: &'w mut World,
    key: FrameKey,
    place: &'w str,
    point: Point,
}

impl World {
    /// Province 04 with communes 001 (villages v1 to v5) and 002 (v6 to v8), all without a beginning.
    pub(crate) fn new() -> Self {
        let always = "1900-01-01";
        let mut places = vec![
            place("VN", PlaceLevel::Country, &[]),
            place("04", PlaceLevel::Province, &[("VN", always)]),
            place("001", PlaceLevel::Commune, &[("04", always)]),
            place("002", PlaceLevel::Commune, &[("04", always)]),
        ];
        for number in 1..=8 {
            let commune = if number <= 5 { "001" } else { "002" };
            places.push(place(&format!("v{number}"), PlaceLevel::Village, &[(commune, always)]));
        }
        Self::with(places, Vec::new())
    }

    pub(crate) fn with(places: Vec<Place>, lineage: Vec<Lineage>) -> Self {
        let gazetteer = Arc::new(Gazetteer::new(places, lineage).unwrap());
        let mut rules = Rules::parse(RULES).unwrap();
        // The five rules of the design; a sixth only shows that one may be added.
        rules.rules.remove("commune-score-urgent");
        Self {
            facts: Facts::new(gazetteer, indicators()),
            rules,
            targets: Targets::default(),
            sources: Vec::new(),
            runs: 0,
        }
    }

    /// Other indicators, before anything is said.
    pub(crate) fn with_indicators(mut self, text: &str) -> Self {
        let tables: BTreeMap<String, Indicator> = toml::from_str(text).unwrap();
        self.facts = Facts::new(Arc::clone(self.facts.gazetteer()), Arc::new(IndicatorSet::new(tables)));
        self
    }

    pub(crate) fn with_rules(mut self, change: impl Fn(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    pub(crate) fn with_targets(mut self, text: &str) -> Self {
        self.targets = Targets::parse(text).unwrap();
        self
    }

    /// The place that bears a code; `code@day` for one that began on a day.
    pub(crate) fn ix(&self, code: &str) -> PlaceIx {
        let (code, from) = code.split_once('@').unwrap_or((code, "1900-01-01"));
        self.facts.gazetteer().ix(&PlaceId::new(code, day(from))).unwrap()
    }

    /// Claimed by `report` and known from the day after the period, unless said otherwise.
    pub(crate) fn say<'w>(
        &'w mut self,
        indicator: &str,
        place: &'w str,
        period: &str,
        value: f64,
    ) -> Saying<'w> {
        let key = FrameKey {
            indicator: IndicatorId::new(indicator),
            period: period.parse().unwrap(),
            source: CollectorName::new("report"),
            evidence: Evidence::Claimed,
            dimensions: Dimensions::default(),
            method: None,
        };
        let point = Point {
            place: self.ix(place),
            value: Value::Number(value),
            qualifier: Qualifier::Exact,
            samples: None,
            row: 7,
        };
        Saying { world: self, key, place, point }
    }

    pub(crate) fn signal<'w>(&'w mut self, village: &'w str, period: &str, value: f64) -> Saying<'w> {
        self.say("village.signal", village, period, value)
    }

    pub(crate) fn judge(&self, on: &str) -> Judgement {
        self.judge_at(end_of_day(day(on)))
    }

    pub(crate) fn judge_at(&self, as_of: DateTime<FixedOffset>) -> Judgement {
        judge(&self.facts, &self.rules, &self.targets, as_of, &self.sources)
    }

    pub(crate) fn state(&self, village: &str, on: &str) -> SignalState {
        self.judge(on).village(self.ix(village)).unwrap().state
    }

    pub(crate) fn key(&self, rule: &str, place: &str) -> FlagKey {
        let id = &self.facts.gazetteer().get(self.ix(place)).id;
        format!("{rule}~{}~{}", id.code, id.valid_from.format("%Y%m%d")).parse().unwrap()
    }
}

impl Saying<'_> {
    pub(crate) fn source(mut self, name: &str) -> Self {
        self.key.source = CollectorName::new(name);
        self
    }

    pub(crate) fn evidence(mut self, evidence: Evidence) -> Self {
        self.key.evidence = evidence;
        self
    }

    pub(crate) fn operator(mut self, name: &str) -> Self {
        self.key.dimensions.operator = Some(name.into());
        self
    }

    pub(crate) fn technology(mut self, name: &str) -> Self {
        self.key.dimensions.technology = Some(name.into());
        self
    }

    pub(crate) fn point(mut self, name: &str) -> Self {
        self.key.dimensions.measuring_point = Some(name.into());
        self
    }

    pub(crate) fn samples(mut self, samples: u32) -> Self {
        self.point.samples = Some(samples);
        self
    }

    pub(crate) fn qualifier(mut self, qualifier: Qualifier) -> Self {
        self.point.qualifier = qualifier;
        self
    }

    pub(crate) fn ratio(mut self, numerator: f64, denominator: f64) -> Self {
        self.point.value = Value::Ratio { numerator, denominator };
        self
    }

    /// Known from the day after the period.
    pub(crate) fn done(self) {
        let on = self.key.period.end().succ_opt().unwrap().to_string();
        self.known(&on);
    }

    /// Known from a day on, at 08:00 in Vietnam.
    pub(crate) fn known(self, on: &str) {
        let at = format!("{on}T08:00:00+07:00");
        self.known_at(&at);
    }

    pub(crate) fn known_at(self, at: &str) {
        assert!(!self.place.is_empty());
        self.world.runs += 1;
        let head = Head {
            key: self.key,
            run: RunId(self.world.runs),
            recorded_at: DateTime::parse_from_rfc3339(at).unwrap(),
        };
        self.world.facts.add(&Arc::new(head), self.point);
    }
}
