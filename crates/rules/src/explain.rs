//! Everything behind one flag: its rule and version, every input with source, row, run and moment of recording, the
//! arithmetic, the target in force, and what would clear it.
//!
//! A page, the command line and JSON draw the same structure; asked again for the same moment it is the same, byte for
//! byte.

use chrono::NaiveDate;
use gapwatch_model::{CollectorName, Flag, IndicatorId, PlaceIx, PlaceLevel, Subject, Value};
use serde::Serialize;

use crate::{
    config::{Rule, Rules, When},
    facts::{Facts, Said},
    judge::Judgement,
    sentence::{Sentence, amount},
    signal::{CLUSTERS, Columns, GRID_POWER, SIGNAL, minimum_samples, point_name},
    targets::days,
    values::Origin,
};

/// How many inputs an explanation lists; the rest is counted.
const LISTED: usize = 500;

/// Everything behind one flag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The flag.
    pub id: String,
    /// Its state.
    pub state: &'static str,
    /// Last change of state, RFC 3339.
    pub since: String,
    /// The day explained, as known at its end: the same facts give the same bytes whenever it is asked.
    pub as_of: NaiveDate,
    /// Id of the rule.
    pub rule: String,
    /// Name of the rule.
    pub rule_name: Sentence,
    /// Version of `rules.toml`.
    pub rules_version: String,
    /// Why, in one sentence.
    pub sentence: Sentence,
    /// Every observation that was looked at, newest period first.
    pub inputs: Vec<Input>,
    /// Inputs beyond those listed.
    pub inputs_not_listed: usize,
    /// The arithmetic, line by line.
    pub steps: Vec<Sentence>,
    /// The target in force, where the rule is about one.
    pub target: Option<TargetShown>,
    /// What would clear it.
    pub clears: Sentence,
}

/// One observation that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// Of what.
    pub indicator: String,
    /// Code of the place.
    pub place: String,
    /// Name of the place.
    pub place_name: String,
    /// Who said it.
    pub source: String,
    /// Class of evidence.
    pub evidence: &'static str,
    /// Operator, technology, measuring point and organisation, where said.
    pub dimensions: String,
    /// Period id.
    pub period: String,
    /// The number; for ratios both counts, `45/60`.
    pub value: String,
    /// The word before it.
    pub qualifier: &'static str,
    /// Samples, where stated.
    pub samples: Option<u32>,
    /// How it was found out.
    pub method: Option<String>,
    /// Run that brought it.
    pub run: u64,
    /// Row in the source's file.
    pub row: u32,
    /// When it became known, RFC 3339.
    pub recorded_at: String,
    /// Whether it speaks: fresh, with samples enough, and of a village's signal the highest class that counts.
    pub speaks: bool,
    /// Why it does not: `stale`, `insufficient`, `not_counted` (a technology that does not count, devices that passed and
    /// saw nothing) or `outweighed` (by a higher class of evidence); empty when it does.
    pub silent_because: &'static str,
}

/// The target in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetShown {
    /// Its id.
    pub id: String,
    /// Of what.
    pub indicator: String,
    /// Code of its scope; `None` is the whole country.
    pub scope: Option<String>,
    /// Comparator as written.
    pub comparator: &'static str,
    /// Promised value.
    pub value: f64,
    /// Last day in time.
    pub due: String,
    /// Value the path asks for on the day.
    pub path_value: Option<f64>,
    /// The document.
    pub document: String,
    /// Where the value stands.
    pub status: &'static str,
    /// Change a day that would just meet it.
    pub required_per_day: Option<f64>,
}

/// Explains a flag by the facts, at the judgement's moment.
#[must_use]
pub fn explain(flag: &Flag, facts: &Facts, judgement: &Judgement, rules: &Rules) -> Explanation {
    let key = &flag.key;
    let rule = rules.rules.get(&key.rule);
    let place = judgement.gazetteer.ix(&key.place);
    let mut explaining = Explaining { facts, judgement, rules, inputs: Vec::new(), steps: Vec::new() };
    if let (Some(rule), Some(place)) = (rule, place) {
        explaining.gather(&rule.when, place, &key.subject);
    }
    let target = match (rule.map(|rule| &rule.when), place, &key.subject) {
        (Some(When::Target { .. }), Some(place), Subject::Indicator(id)) => {
            judgement.standing(place, id).map(|standing| TargetShown {
                id: standing.target.id.clone(),
                indicator: id.to_string(),
                scope: standing.target.scope.as_ref().map(ToString::to_string),
                comparator: standing.target.comparator.as_str(),
                value: standing.target.value,
                due: standing.target.due.to_string(),
                path_value: standing.path_value,
                document: standing.target.document.clone(),
                status: standing.status.as_str(),
                required_per_day: standing.required_per_day,
            })
        }
        _ => None,
    };
    let Explaining { mut inputs, steps, .. } = explaining;
    let inputs_not_listed = inputs.len().saturating_sub(LISTED);
    inputs.truncate(LISTED);
    Explanation {
        id: key.to_string(),
        state: flag.state.as_str(),
        since: flag.since.to_rfc3339(),
        as_of: judgement.moment.as_of.date_naive(),
        rule: key.rule.to_string(),
        rule_name: rule.map_or_else(
            || Sentence::new(key.rule.as_str(), key.rule.as_str()),
            |rule| Sentence::new(&rule.name_vi, &rule.name_en),
        ),
        rules_version: rules.version.clone(),
        sentence: judgement.sentence(key, rules),
        inputs,
        inputs_not_listed,
        steps,
        target,
        clears: rule.map_or_else(|| Sentence::new("", ""), clears),
    }
}

fn clears(rule: &Rule) -> Sentence {
    use gapwatch_model::SignalState::{Covered, NoSignal, Pocket, Unknown};
    let what = match &rule.when {
        When::Signal { state: NoSignal } => Sentence::new(
            "có bằng chứng mới, đủ mẫu, rằng trung tâm thôn có sóng",
            "fresh evidence with samples enough that the centre has signal",
        ),
        When::Signal { state: Pocket } => Sentence::new(
            "có bằng chứng mới rằng mọi cụm dân cư có sóng",
            "fresh evidence that every cluster has signal",
        ),
        When::Signal { state: Covered | Unknown } => {
            Sentence::new("có bằng chứng mới về trạng thái khác", "fresh evidence of another state")
        }
        When::GridPower { is: false } => {
            Sentence::new("có báo cáo mới rằng đã có điện lưới", "a report of grid power")
        }
        When::GridPower { is: true } => {
            Sentence::new("có báo cáo mới rằng mất điện lưới", "a report of no grid power")
        }
        When::Target { .. } => Sentence::new(
            "giá trị đạt mức lộ trình của ngày hoặc đạt chỉ tiêu",
            "a value on the path of the day, or meeting the target",
        ),
        When::Value { .. } => {
            Sentence::new("giá trị ra ngoài ngưỡng cảnh báo", "a value that no longer lies so")
        }
        When::Overdue { .. } => Sentence::new("nguồn báo cáo lại", "a new report of the source"),
    };
    match rule.keep_firing_for_days {
        0 => what,
        days => Sentence::new(
            format!("{}, giữ trong {days} ngày", what.vi),
            format!("{}, for {days} days", what.en),
        ),
    }
}

struct Explaining<'a> {
    facts: &'a Facts,
    judgement: &'a Judgement,
    rules: &'a Rules,
    inputs: Vec<Input>,
    steps: Vec<Sentence>,
}

impl Explaining<'_> {
    fn gather(&mut self, when: &When, place: PlaceIx, subject: &Subject) {
        match (when, subject) {
            (When::Signal { .. }, _) => self.village(place),
            (When::GridPower { .. }, _) => self.inputs_of(GRID_POWER, place, self.minimum(GRID_POWER)),
            (When::Target { .. } | When::Value { .. }, Subject::Indicator(id)) => {
                self.indicator(id, place, 0)
            }
            (When::Overdue { .. }, Subject::Source(source)) => self.source(place, source),
            (When::Target { .. } | When::Value { .. } | When::Overdue { .. }, _) => {}
        }
        self.inputs.sort_by(|one, other| {
            let key = |input: &Input| {
                (
                    input.indicator.clone(),
                    input.place.clone(),
                    std::cmp::Reverse(input.period.clone()),
                    input.source.clone(),
                    input.dimensions.clone(),
                    input.run,
                    input.row,
                )
            };
            key(one).cmp(&key(other))
        });
        self.inputs.dedup();
        if let (When::Target { .. }, Subject::Indicator(id)) = (when, subject) {
            self.path(place, id);
        }
    }

    fn minimum(&self, id: &str) -> u32 {
        self.facts.indicators.get(id).and_then(|indicator| indicator.minimum_samples).unwrap_or(0)
    }

    fn village(&mut self, place: PlaceIx) {
        let minimum = minimum_samples(self.facts, &self.rules.signal);
        self.inputs_of(CLUSTERS, place, minimum);
        let columns = Columns::of(self.facts, &self.rules.signal);
        let gathered = columns.gather(place, self.judgement.moment.as_of);
        let points = columns.points(&gathered, self.judgement.moment);
        for said in self.facts.newest(SIGNAL, place, minimum, self.judgement.moment) {
            let mut input = self.input(&said, place, minimum);
            let point = points.iter().find(|point| point.name == point_name(&said));
            let class = point.and_then(|point| point.decided_by).map(|by| by.head.key.evidence);
            if input.speaks && !columns.may_speak(&said) {
                (input.speaks, input.silent_because) = (false, "not_counted");
            } else if input.speaks && class.is_some_and(|class| said.head.key.evidence < class) {
                (input.speaks, input.silent_because) = (false, "outweighed");
            }
            self.inputs.push(input);
        }
        for point in points {
            let name = point.name.map_or("trung tâm".to_owned(), ToOwned::to_owned);
            let name_en = point.name.unwrap_or("centre");
            let (vi, en) = match point.signal {
                Some(true) => ("có sóng", "signal"),
                Some(false) => ("không có sóng", "no signal"),
                None => ("không ai nói được", "nobody speaks"),
            };
            let by = point.decided_by.map_or(String::new(), |said| format!(" ({})", said.head.key.source));
            self.steps.push(Sentence::new(format!("{name}: {vi}{by}"), format!("{name_en}: {en}{by}")));
            if point.qualification.disputed {
                self.steps.push(Sentence::new(
                    format!("{name}: báo cáo và đo kiểm khác nhau, lấy đo kiểm"),
                    format!("{name_en}: a claim and a measurement differ, the measurement speaks"),
                ));
            }
        }
        if let Some(without) =
            columns.clusters(&gathered, self.judgement.moment).and_then(|count| count.without)
        {
            self.steps.push(Sentence::new(
                format!("cụm dân cư chưa có sóng: {without}"),
                format!("clusters without signal: {without}"),
            ));
        }
    }

    /// The inputs of a value: what was stated, or what its formula or its sum is made of, down to the statements.
    fn indicator(&mut self, id: &IndicatorId, place: PlaceIx, depth: u8) {
        let (Some(value), Some(indicator)) =
            (self.judgement.value(place, id.as_str()), self.facts.indicators.get(id.as_str()))
        else {
            return;
        };
        let name = self.judgement.name(place);
        let shown = value.amount().map_or_else(
            || value.absence.as_ref().map_or_else(|| Sentence::new("", ""), crate::sentence::absence_name),
            |number| amount(number, value.qualifier, indicator),
        );
        let parts = match value.value {
            Some(Value::Ratio { numerator, denominator }) => format!(" = {numerator}/{denominator}"),
            Some(Value::Number(_)) | None => String::new(),
        };
        self.steps.push(Sentence::new(
            format!("{name}: {} {}{parts}", indicator.name_vi, shown.vi),
            format!("{name}: {} {}{parts}", indicator.name_en, shown.en),
        ));
        match &value.origin {
            Origin::Formula if depth < 4 => {
                let formula = indicator.formula.as_deref().unwrap_or_default();
                self.steps
                    .push(Sentence::new(format!("công thức: {formula}"), format!("formula: {formula}")));
                let mut needs = std::collections::BTreeSet::new();
                if let Some(formula) = self.facts.formulas.by_id.get(id) {
                    formula.needs(&mut needs);
                }
                if needs.is_empty() {
                    self.counts(place);
                }
                needs.iter().for_each(|need| self.indicator(need, place, depth + 1));
            }
            Origin::Children { reported, expected } => {
                self.steps.push(Sentence::new(
                    format!("cộng từ {reported}/{expected} đơn vị bên dưới"),
                    format!("summed from {reported} of {expected} places below"),
                ));
                let minimum = self.minimum(id.as_str());
                let level = crate::values::level_of(indicator.level);
                for below in self.facts.gazetteer.under_on(place, level, self.judgement.moment.day) {
                    self.inputs_of(id.as_str(), below, minimum);
                }
            }
            Origin::Predecessors { .. } => {
                let minimum = self.minimum(id.as_str());
                let old: Vec<PlaceIx> =
                    self.facts.gazetteer.predecessors(place).map(|(old, _)| old).collect();
                old.into_iter().for_each(|old| self.inputs_of(id.as_str(), old, minimum));
            }
            Origin::Stated { .. } | Origin::Nowhere | Origin::Formula => {
                self.inputs_of(id.as_str(), place, self.minimum(id.as_str()));
            }
        }
    }

    /// A formula over counts of villages: the counts, and what was said of each village.
    fn counts(&mut self, place: PlaceIx) {
        let Some(counts) = self.judgement.counts(place) else { return };
        self.steps.push(Sentence::new(
            format!(
                "{} thôn: {} phủ sóng, {} lõm sóng, {} trắng sóng, {} chưa rõ",
                counts.total, counts.covered, counts.pocket, counts.no_signal, counts.unknown
            ),
            format!(
                "{} villages: {} covered, {} pocket, {} no signal, {} unknown",
                counts.total, counts.covered, counts.pocket, counts.no_signal, counts.unknown
            ),
        ));
        let minimum = minimum_samples(self.facts, &self.rules.signal);
        let villages = self.facts.gazetteer.under_on(place, PlaceLevel::Village, self.judgement.moment.day);
        for village in villages {
            self.inputs_of(SIGNAL, village, minimum);
            self.inputs_of(CLUSTERS, village, minimum);
        }
    }

    fn source(&mut self, place: PlaceIx, source: &CollectorName) {
        let sources = self.judgement.sources.iter();
        for status in sources.filter(|status| status.collector == *source && status.place == place) {
            let last = status.last_success.map_or_else(|| "–".to_owned(), |at| at.to_rfc3339());
            let missed = status.overdue(self.judgement.moment.day).map_or(0, |(missed, _)| missed);
            self.steps.push(Sentence::new(
                format!("lần cuối: {last}; số kỳ đã qua: {missed}"),
                format!("last report: {last}; whole periods since: {missed}"),
            ));
        }
    }

    fn path(&mut self, place: PlaceIx, id: &IndicatorId) {
        let Some(standing) = self.judgement.standing(place, id) else { return };
        let target = &standing.target;
        if let Some(gapwatch_model::TargetPath::Linear { from, baseline }) = &target.path {
            let day = self.judgement.moment.day;
            let (done, whole) = (days(*from, day), days(*from, target.due));
            let path = standing.path_value.unwrap_or(target.value);
            let sum = format!("{baseline} + ({} − {baseline}) × {done}/{whole} = {path:.4}", target.value);
            self.steps.push(Sentence::new(format!("lộ trình: {sum}"), format!("path: {sum}")));
        }
        if let Some(required) = standing.required_per_day {
            self.steps.push(Sentence::new(
                format!("cần tăng mỗi ngày: {required:.4}"),
                format!("required a day: {required:.4}"),
            ));
        }
    }

    fn inputs_of(&mut self, id: &str, place: PlaceIx, minimum: u32) {
        for said in self.facts.newest(id, place, minimum, self.judgement.moment) {
            self.inputs.push(self.input(&said, place, minimum));
        }
    }

    fn input(&self, said: &Said<'_>, place: PlaceIx, minimum: u32) -> Input {
        let (key, point) = (&said.head.key, said.point);
        let is_fresh = said.fresh(self.judgement.moment.day);
        let dimensions = &key.dimensions;
        let named = [
            &dimensions.operator,
            &dimensions.technology,
            &dimensions.measuring_point,
            &dimensions.organisation,
        ];
        let named: Vec<&str> = named.into_iter().flatten().map(AsRef::as_ref).collect();
        let silent_because = match (is_fresh, said.enough(minimum)) {
            (false, _) => "stale",
            (true, false) => "insufficient",
            (true, true) => "",
        };
        Input {
            indicator: key.indicator.to_string(),
            place: self.judgement.gazetteer.get(place).id.code.to_string(),
            place_name: self.judgement.gazetteer.get(place).full_name(),
            source: key.source.to_string(),
            evidence: key.evidence.as_str(),
            dimensions: named.join(", "),
            period: key.period.to_string(),
            value: match point.value {
                Value::Number(number) => number.to_string(),
                Value::Ratio { numerator, denominator } => format!("{numerator}/{denominator}"),
            },
            qualifier: point.qualifier.as_str(),
            samples: point.samples,
            method: key.method.as_ref().map(ToString::to_string),
            run: said.head.run.0,
            row: point.row,
            recorded_at: said.head.recorded_at.to_rfc3339(),
            speaks: silent_because.is_empty(),
            silent_because,
        }
    }
}
