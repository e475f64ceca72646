//! One moment judged: states, counts, rates, values, standings, findings, and what the rules raise.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    CollectorName, Flag, FlagKey, FlagState, Gazetteer, IndicatorId, IndicatorSet, Period, PeriodKind, Place,
    PlaceIx, PlaceLevel, RuleId, SignalState, Subject, TargetStatus,
};

use crate::{
    config::{Rules, When},
    counts::Counts,
    facts::{Facts, Moment, Titles, day_in_vietnam},
    findings::{Finding, findings},
    rows::{Rows, lies_in, today},
    standing::{Standing, standings},
    targets::{Targets, meets},
    values::{Hints, IndicatorValue, Question, Reuse, Table, compute},
    villages::{Earlier, VillageState, villages},
};

/// What is known of a source beside what it brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// Which.
    pub collector: CollectorName,
    /// For which place it reports.
    pub place: PlaceIx,
    /// How often it should.
    pub period: PeriodKind,
    /// When it last brought or confirmed something. `None` when it never did.
    pub last_success: Option<DateTime<FixedOffset>>,
    /// Since when it has been expected to report. `None` when nobody knows.
    pub expected_since: Option<DateTime<FixedOffset>>,
}

impl SourceStatus {
    /// Whole periods that have ended without a report, and the day from which they count. `None` when it never
    /// reported and nobody knows since when it should have.
    #[must_use]
    pub fn overdue(&self, day: NaiveDate) -> Option<(u32, NaiveDate)> {
        let from = day_in_vietnam(self.last_success.or(self.expected_since)?);
        Some((Period::containing(self.period, from).ended_since(day), from))
    }
}

/// Verdict of a rule on one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing to say.
    Clear,
    /// Raised.
    Raised,
    /// The rule cannot know.
    Unknown,
}

/// One subject on which a rule has something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Which rule, place and subject.
    pub key: FlagKey,
    /// The place.
    pub place: PlaceIx,
    /// Raised or unknown; what is clear is not listed.
    pub verdict: Verdict,
}

/// Everything judged at one moment. The same facts, configuration and moment make the same judgement.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The moment.
    pub moment: Moment,
    /// The day whose borders everything is summed over: the moment's own, or a later one.
    pub borders: NaiveDate,
    /// Version of `rules.toml`.
    pub rules_version: String,
    /// Villages in force, in order of numbers.
    pub villages: Vec<Arc<VillageState>>,
    /// What was noticed beside the rules.
    pub findings: Vec<Finding>,
    /// What the rules raise or cannot know, in order of rules and of the numbers of places.
    pub raised: Vec<Raised>,
    pub(crate) gazetteer: Arc<Gazetteer>,
    pub(crate) indicators: Arc<IndicatorSet>,
    pub(crate) sources: Vec<SourceStatus>,
    pub(crate) titles: Arc<Titles>,
    /// By number of a place: its position among the villages.
    village_at: Vec<u32>,
    pub(crate) rows: Arc<Rows>,
    pub(crate) counts: Vec<Counts>,
    pub(crate) table: Arc<Table>,
    pub(crate) standings: BTreeMap<(PlaceIx, IndicatorId), Standing>,
    /// By row: whether anything is known in the place's province.
    pub(crate) watched: Vec<bool>,
    pub(crate) rules: Rules,
    /// First day on which the tree of places may be another.
    tree_turns_on: Option<NaiveDate>,
    /// First day on which what was said may speak otherwise.
    values_turn_on: Option<NaiveDate>,
    token: Option<Arc<()>>,
    mark: BTreeMap<IndicatorId, usize>,
}

/// Judges what is known.
#[must_use]
pub fn judge(
    facts: &Facts,
    rules: &Rules,
    targets: &Targets,
    as_of: DateTime<FixedOffset>,
    sources: &[SourceStatus],
) -> Judgement {
    judge_after(None, facts, rules, targets, Moment::at(as_of), None, sources)
}

/// Judges what is known at a moment over the borders of another day: the past in the places of today. States and totals
/// over whole provinces are the same; only what lies where differs.
#[must_use]
pub fn judge_over(
    facts: &Facts,
    rules: &Rules,
    targets: &Targets,
    as_of: DateTime<FixedOffset>,
    borders: NaiveDate,
    sources: &[SourceStatus],
) -> Judgement {
    judge_after(None, facts, rules, targets, Moment::at(as_of), Some(borders), sources)
}

/// Judges anew after more became known or time went on, looking again only at what that can have changed. The answer is
/// that of [`judge`].
#[must_use]
pub fn rejudge(
    previous: &Judgement,
    facts: &Facts,
    rules: &Rules,
    targets: &Targets,
    as_of: DateTime<FixedOffset>,
    sources: &[SourceStatus],
) -> Judgement {
    let same = may_follow(previous, facts, rules, as_of) && previous.borders == previous.moment.day;
    judge_after(same.then_some(previous), facts, rules, targets, Moment::at(as_of), None, sources)
}

/// Judges anew, over the borders of another day, what was judged over them before. The answer is that of [`judge_over`].
#[must_use]
pub fn rejudge_over(
    previous: &Judgement,
    facts: &Facts,
    rules: &Rules,
    targets: &Targets,
    as_of: DateTime<FixedOffset>,
    borders: NaiveDate,
    sources: &[SourceStatus],
) -> Judgement {
    let same = may_follow(previous, facts, rules, as_of) && previous.borders == borders;
    judge_after(same.then_some(previous), facts, rules, targets, Moment::at(as_of), Some(borders), sources)
}

/// Whether a later judgement can begin with what an earlier one found.
fn may_follow(previous: &Judgement, facts: &Facts, rules: &Rules, as_of: DateTime<FixedOffset>) -> bool {
    facts.began_with(previous.token.as_ref())
        && Arc::ptr_eq(&previous.gazetteer, &facts.gazetteer)
        && previous.rules == *rules
        && previous.moment.as_of <= as_of
}

fn judge_after(
    previous: Option<&Judgement>,
    facts: &Facts,
    rules: &Rules,
    targets: &Targets,
    moment: Moment,
    borders: Option<NaiveDate>,
    sources: &[SourceStatus],
) -> Judgement {
    let borders = borders.unwrap_or(moment.day);
    let gazetteer = &facts.gazetteer;
    let touched = previous
        .map(|previous| facts.touched(&previous.mark, previous.moment.as_of, moment.as_of))
        .unwrap_or_default();
    let earlier = previous.map(|judgement| Earlier { judgement, touched: &touched });
    let villages = villages(facts, rules, moment, earlier.as_ref());
    let village_ixs: Vec<PlaceIx> = villages.iter().map(|village| village.place).collect();
    let numbered = gazetteer.all().zip(gazetteer.places());
    let above = numbered
        .filter(|(_, place)| place.level != PlaceLevel::Village && place.in_force_on(borders))
        .map(|(ix, _)| ix);
    let same_tree = previous.filter(|previous| previous.tree_turns_on.is_none_or(|turn| moment.day < turn));
    let rows = match same_tree {
        Some(previous) => Arc::clone(&previous.rows),
        None => Arc::new(Rows::new(facts, above.collect(), &village_ixs, borders)),
    };
    let counts = count(gazetteer, &rows, &villages);
    let question = Question { moment, borders, exactly: None };
    // Between days on which something grows stale or begins, values change only where something was said.
    let same_values =
        same_tree.filter(|previous| previous.values_turn_on.is_none_or(|turn| moment.day < turn));
    let anew = same_values.map(|_| anew(gazetteer, &rows, &touched, borders)).unwrap_or_default();
    // What was watched stays watched, and what was touched is.
    let watched = match same_values {
        Some(previous) => previous.watched.iter().zip(&anew).map(|(before, now)| *before || *now).collect(),
        None => watched(facts, &rows, borders),
    };
    let (table, findings) = match same_values {
        Some(previous) if !anew.contains(&true) => (Arc::clone(&previous.table), previous.findings.clone()),
        other => {
            let reuse = other.map(|previous| Reuse { table: &previous.table, anew: &anew });
            let ids = facts.formulas.order.iter();
            let hints = Hints { reuse: reuse.as_ref(), watched: &watched };
            let table = compute(facts, rules, question, &rows, &counts, ids, hints);
            let findings = findings(facts, rules, question, &rows, &table);
            (Arc::new(table), findings)
        }
    };
    let mut village_at = vec![u32::MAX; gazetteer.len()];
    for (at, village) in (0..).zip(&villages) {
        if let Some(slot) = village_at.get_mut(village.place.index()) {
            *slot = at;
        }
    }
    let mut judgement = Judgement {
        moment,
        borders,
        rules_version: rules.version.clone(),
        villages,
        findings,
        raised: Vec::new(),
        gazetteer: Arc::clone(gazetteer),
        indicators: Arc::clone(&facts.indicators),
        sources: sources.to_vec(),
        titles: Arc::clone(&facts.titles),
        village_at,
        rows,
        counts,
        table,
        standings: BTreeMap::new(),
        watched,
        rules: rules.clone(),
        tree_turns_on: match same_tree {
            Some(previous) => previous.tree_turns_on,
            None => next_change(gazetteer, moment.day),
        },
        values_turn_on: facts.next_turn(moment),
        token: facts.token().cloned(),
        mark: facts.mark(),
    };
    judgement.standings = standings(&judgement, targets, &facts.formulas);
    judgement.raised = raise(&judgement, rules);
    judgement
}

/// The next day after this one on which a place begins, ends or comes under another.
fn next_change(gazetteer: &Gazetteer, day: NaiveDate) -> Option<NaiveDate> {
    let of_place = |place: &Place| {
        let members = place.memberships.iter().map(|membership| membership.from);
        members.chain(place.valid_to).chain([place.id.valid_from]).filter(|change| *change > day).min()
    };
    gazetteer.places().iter().filter_map(of_place).min()
}

/// The places above a place, itself and those it went on in included, as rows.
fn rows_above(gazetteer: &Gazetteer, rows: &Rows, place: PlaceIx, day: NaiveDate, into: &mut [bool]) {
    let mut climb = |from: PlaceIx| {
        let mut here = Some(from);
        while let Some(ix) = here {
            match rows.row_of(ix).and_then(|row| into.get_mut(row)) {
                Some(true) => break,
                Some(row) => *row = true,
                None => {}
            }
            here = gazetteer.parent_on(ix, day);
        }
    };
    climb(place);
    let mut open: Vec<PlaceIx> = gazetteer.successors(place).map(|(next, _)| next).collect();
    let mut seen = open.clone();
    while let Some(next) = open.pop() {
        climb(next);
        for (later, _) in gazetteer.successors(next) {
            if !seen.contains(&later) {
                seen.push(later);
                open.push(later);
            }
        }
    }
}

/// Rows whose values may have changed: those of every province something became known of, and all above.
fn anew(gazetteer: &Gazetteer, rows: &Rows, touched: &[bool], day: NaiveDate) -> Vec<bool> {
    let mut marked = vec![false; rows.places.len()];
    for (ix, _) in gazetteer.all().zip(touched).filter(|(_, touched)| **touched) {
        rows_above(gazetteer, rows, ix, day, &mut marked);
    }
    spread(gazetteer, rows, &mut marked);
    marked
}

/// Rows of provinces of which anything is known: villages, or something said.
fn watched(facts: &Facts, rows: &Rows, day: NaiveDate) -> Vec<bool> {
    let mut marked = vec![false; rows.places.len()];
    let villages = rows.villages.iter().filter_map(|(_, row)| rows.places.get(*row)).copied();
    for ix in facts.spoken_of().chain(villages) {
        rows_above(&facts.gazetteer, rows, ix, day, &mut marked);
    }
    spread(&facts.gazetteer, rows, &mut marked);
    marked
}

/// Marks everything below a marked province.
fn spread(gazetteer: &Gazetteer, rows: &Rows, marked: &mut [bool]) {
    for row in (0..rows.places.len()).rev() {
        let above = rows.parent.get(row).copied().flatten();
        let inside = above.is_some_and(|above| {
            let level = rows.places.get(above).map(|place| gazetteer.get(*place).level);
            level >= Some(PlaceLevel::Province) && marked.get(above).copied().unwrap_or(false)
        });
        if let Some(mark) = marked.get_mut(row).filter(|_| inside) {
            *mark = true;
        }
    }
}

/// Counts villages by state up the tree. The villages stand in the order of the rows' villages, some of which may have
/// no row.
pub(crate) fn count(gazetteer: &Gazetteer, rows: &Rows, villages: &[Arc<VillageState>]) -> Vec<Counts> {
    let mut found = villages.iter();
    let state = |village: PlaceIx| found.by_ref().find(|state| state.place == village).map(Arc::as_ref);
    count_by(gazetteer, rows, state)
}

fn count_by<'v>(
    gazetteer: &Gazetteer,
    rows: &Rows,
    mut state: impl FnMut(PlaceIx) -> Option<&'v VillageState>,
) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); rows.places.len()];
    for (village, row) in &rows.villages {
        if let (Some(state), Some(counts)) = (state(*village), counts.get_mut(*row)) {
            counts.count(state);
        }
    }
    for (row, place) in rows.places.iter().enumerate() {
        let Some(own) = counts.get_mut(row) else { continue };
        own.communes += u32::from(gazetteer.get(*place).level == PlaceLevel::Commune);
        let own = *own;
        if let Some(above) = rows.parent.get(row).copied().flatten().and_then(|above| counts.get_mut(above)) {
            above.add(&own);
        }
    }
    counts
}

impl Judgement {
    /// The village of this number, if it was in force.
    #[must_use]
    pub fn village(&self, place: PlaceIx) -> Option<&VillageState> {
        self.shared_village(place).map(Arc::as_ref)
    }

    pub(crate) fn shared_village(&self, place: PlaceIx) -> Option<&Arc<VillageState>> {
        self.villages.get(*self.village_at.get(place.index())? as usize)
    }

    /// Every place above the village that was in force, deepest level first.
    #[must_use]
    pub fn places(&self) -> &[PlaceIx] {
        &self.rows.places
    }

    /// Villages of a place by state. `None` when the place was not in force.
    #[must_use]
    pub fn counts(&self, place: PlaceIx) -> Option<&Counts> {
        self.counts.get(self.rows.row_of(place)?)
    }

    /// Villages by state of any place: of a village, itself. All zero when the place was not in force.
    #[must_use]
    pub fn counts_of(&self, place: PlaceIx) -> Counts {
        let own = |village: &VillageState| {
            let mut counts = Counts::default();
            counts.count(village);
            counts
        };
        self.counts(place).copied().or_else(|| self.village(place).map(own)).unwrap_or_default()
    }

    /// One indicator at a place above the village. `None` when the place was not in force or nothing is declared.
    #[must_use]
    pub fn value(&self, place: PlaceIx, indicator: &str) -> Option<&IndicatorValue> {
        self.table.get(indicator)?.get(self.rows.row_of(place)?).map(Arc::as_ref)
    }

    /// Every indicator at a place above the village, in order of ids.
    pub fn values(&self, place: PlaceIx) -> impl Iterator<Item = (&IndicatorId, &IndicatorValue)> {
        let row = self.rows.row_of(place);
        self.table.iter().filter_map(move |(id, cells)| Some((id, cells.get(row?)?.as_ref())))
    }

    /// How a place stands against the target in force for it. `None` when there is none, and where nothing at all is
    /// known of the place's province.
    #[must_use]
    pub fn standing(&self, place: PlaceIx, indicator: &IndicatorId) -> Option<&Standing> {
        self.standings.get(&(place, indicator.clone()))
    }

    /// Every standing, in order of places and indicators.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.standings.values()
    }

    /// Communes of a place with at least one firing flag of the rule, such as `commune-behind-target`.
    #[must_use]
    pub fn lagging(&self, place: PlaceIx, rule: &str, flags: &[Flag]) -> u32 {
        let inside = |flag: &&Flag| flag.key.rule.as_str() == rule && flag.state == FlagState::Firing;
        let mut found: Vec<PlaceIx> = flags
            .iter()
            .filter(inside)
            .filter_map(|flag| self.gazetteer.ix(&flag.key.place))
            .filter(|ix| self.gazetteer.get(*ix).in_force_on(self.moment.day))
            .filter(|ix| lies_in(&self.gazetteer, *ix, place, self.borders))
            .map(|ix| today(&self.gazetteer, ix, self.borders))
            .collect();
        found.sort_unstable();
        found.dedup();
        u32::try_from(found.len()).unwrap_or(u32::MAX)
    }

    /// Villages by state for every row, of those villages only that a condition holds for.
    pub(crate) fn counts_where(&self, holds: impl Fn(&VillageState) -> bool) -> Vec<Counts> {
        let wanted = |village| self.village(village).filter(|village| holds(village));
        count_by(&self.gazetteer, &self.rows, wanted)
    }

    /// The villages counted under a place, in order of numbers.
    pub fn villages_in(&self, place: PlaceIx) -> impl Iterator<Item = &VillageState> {
        let all = self.villages.iter().map(Arc::as_ref);
        all.filter(move |village| village.place == place || self.holds(place, village.place))
    }

    /// Whether a village is counted under a place, over the borders of this judgement.
    #[must_use]
    pub fn holds(&self, place: PlaceIx, village: PlaceIx) -> bool {
        self.rows.holds(place, village)
    }

    pub(crate) fn key(&self, rule: &RuleId, place: PlaceIx, subject: Subject) -> FlagKey {
        FlagKey { rule: rule.clone(), place: self.gazetteer.get(place).id.clone(), subject }
    }
}

fn raise(judgement: &Judgement, rules: &Rules) -> Vec<Raised> {
    let mut raised = Vec::new();
    for (id, rule) in &rules.rules {
        let mut say = |place: PlaceIx, subject: Subject, verdict: Verdict| {
            if verdict != Verdict::Clear {
                raised.push(Raised { key: judgement.key(id, place, subject), place, verdict });
            }
        };
        match &rule.when {
            When::Signal { state } => {
                for village in &judgement.villages {
                    let verdict = match village.state {
                        found if found == *state => Verdict::Raised,
                        SignalState::Unknown => Verdict::Unknown,
                        SignalState::NoSignal | SignalState::Pocket | SignalState::Covered => Verdict::Clear,
                    };
                    say(village.place, Subject::Place, verdict);
                }
            }
            When::GridPower { is } => {
                for village in &judgement.villages {
                    let verdict = match village.grid_power {
                        None => Verdict::Unknown,
                        Some(has) if has == *is => Verdict::Raised,
                        Some(_) => Verdict::Clear,
                    };
                    say(village.place, Subject::Place, verdict);
                }
            }
            When::Target { level, status, indicators } => {
                for standing in judgement.standings.values() {
                    let wanted = indicators.is_empty() || indicators.contains(&standing.indicator);
                    if !wanted || judgement.gazetteer.get(standing.place).level != *level {
                        continue;
                    }
                    let verdict = if status.contains(&standing.status) {
                        Verdict::Raised
                    } else if standing.status == TargetStatus::Unknown {
                        Verdict::Unknown
                    } else {
                        Verdict::Clear
                    };
                    say(standing.place, Subject::Indicator(standing.indicator.clone()), verdict);
                }
            }
            When::Value { level, indicator, comparator, value } => {
                for place in judgement.places() {
                    if judgement.gazetteer.get(*place).level != *level {
                        continue;
                    }
                    let found = judgement.value(*place, indicator.as_str());
                    let known = found.and_then(|found| Some((found.amount()?, found.qualifier)));
                    let verdict = match known {
                        None => Verdict::Unknown,
                        Some((amount, qualifier)) if meets(amount, qualifier, *comparator, *value) => {
                            Verdict::Raised
                        }
                        Some(_) => Verdict::Clear,
                    };
                    say(*place, Subject::Indicator(indicator.clone()), verdict);
                }
            }
            When::Overdue { periods } => {
                for source in &judgement.sources {
                    let verdict = match source.overdue(judgement.moment.day) {
                        None => Verdict::Unknown,
                        Some((missed, _)) if missed >= *periods => Verdict::Raised,
                        Some(_) => Verdict::Clear,
                    };
                    say(source.place, Subject::Source(source.collector.clone()), verdict);
                }
            }
        }
    }
    raised
}
