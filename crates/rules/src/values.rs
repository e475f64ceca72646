//! The value of every indicator at every place above the village, or why there is none.
//!
//! In this order: what somebody stated of the place itself; the formula; what the places below sum up to; what the
//! places it came from had. Ratios travel as two counts. Whatever is left out of a sum is counted.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use gapwatch_model::{
    Aggregation, Direction, Evidence, Head, Indicator, IndicatorId, Level, Part, Period, PlaceIx, PlaceLevel,
    Qualifier, Value, ValueKind,
};

use crate::{
    config::Rules,
    counts::Counts,
    eval::{self, Inputs},
    facts::{Column, Facts, Moment, Said},
    groups::ranks,
    rows::Rows,
    sums::Sum,
};

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// Nobody said anything.
    Missing,
    /// What was said is older than the indicator's staleness.
    Stale,
    /// What was said rests on too few samples.
    Insufficient,
    /// The indicator has no meaning at this level.
    NotApplicable,
    /// The denominator is zero: nothing to take a share of.
    ZeroDenominator,
    /// The formula needs this one, which has no value.
    Needs(IndicatorId),
    /// Only shares are known, and shares cannot be summed.
    OnlyShares,
    /// Known only by operator, technology, measuring point or organisation.
    OnlyInParts,
}

impl Absence {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Insufficient => "insufficient",
            Self::NotApplicable => "not_applicable",
            Self::ZeroDenominator => "zero_denominator",
            Self::Needs(_) => "needs_input",
            Self::OnlyShares => "only_shares",
            Self::OnlyInParts => "only_in_parts",
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// From nowhere: there is none.
    Nowhere,
    /// Somebody stated it of the place itself.
    Stated {
        /// Who, what, when.
        head: Arc<Head>,
        /// Its row in the source's file.
        row: u32,
        /// Number of samples, where stated.
        samples: Option<u32>,
    },
    /// Computed by the formula.
    Formula,
    /// Summed from the places below.
    Children {
        /// Places that went in.
        reported: u32,
        /// Places that should have.
        expected: u32,
    },
    /// Summed from the places it came from.
    Predecessors {
        /// Places that went in, whole or by weight.
        reported: u32,
        /// Places that went on in this one.
        expected: u32,
        /// Places of which some part has no declared weight, kept apart.
        apart: Vec<PlaceIx>,
    },
}

/// One indicator at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorValue {
    /// The number with its parts. A ratio of 0/0 is here with its parts and has no amount.
    pub value: Option<Value>,
    /// The word before it.
    pub qualifier: Qualifier,
    /// Why there is no amount. `None` when there is one.
    pub absence: Option<Absence>,
    /// Period it is about; of sums and formulas the oldest that went in.
    pub period: Option<Period>,
    /// Where it comes from.
    pub origin: Origin,
    /// Another source of the same class says otherwise of the same period.
    pub contradicted: bool,
}

impl IndicatorValue {
    pub(crate) fn none(absence: Absence) -> Self {
        Self {
            value: None,
            qualifier: Qualifier::Exact,
            absence: Some(absence),
            period: None,
            origin: Origin::Nowhere,
            contradicted: false,
        }
    }

    pub(crate) fn known(value: Value, qualifier: Qualifier, period: Option<Period>, origin: Origin) -> Self {
        let absence = value.amount().is_none().then_some(Absence::ZeroDenominator);
        Self { value: Some(value), qualifier, absence, period, origin, contradicted: false }
    }

    /// The value in the indicator's unit, a ratio in percent.
    #[must_use]
    pub fn amount(&self) -> Option<f64> {
        self.value.and_then(Value::amount)
    }

    /// Days from the end of its period to the day; 0 while the period lasts.
    #[must_use]
    pub fn age_days(&self, day: NaiveDate) -> Option<u32> {
        let age = (day - self.period?.end()).num_days().max(0);
        Some(u32::try_from(age).unwrap_or(u32::MAX))
    }
}

/// What is asked: seen from when, over which borders, of which period only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) moment: Moment,
    /// The tree of this day is used.
    pub(crate) borders: NaiveDate,
    /// Only observations whose period ends in this one, whatever their age; otherwise the newest fresh.
    pub(crate) exactly: Option<Period>,
}

/// Values by indicator and row.
pub(crate) type Table = BTreeMap<IndicatorId, Vec<Arc<IndicatorValue>>>;

/// An earlier table of the same rows, moment's day and configuration, and the rows to compute anew.
pub(crate) struct Reuse<'a> {
    pub(crate) table: &'a Table,
    pub(crate) anew: &'a [bool],
}

/// What is known about the rows beforehand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hints<'a> {
    pub(crate) reuse: Option<&'a Reuse<'a>>,
    /// Rows of provinces of which anything is known: all others of one level are alike. Empty means every row.
    pub(crate) watched: &'a [bool],
}

/// Computes the named indicators (in order of need) for all rows, taking from an earlier table what cannot have changed.
pub(crate) fn compute<'i>(
    facts: &Facts,
    rules: &Rules,
    question: Question,
    rows: &Rows,
    counts: &[Counts],
    ids: impl Iterator<Item = &'i IndicatorId>,
    hints: Hints<'_>,
) -> Table {
    let mut table = Table::new();
    for id in ids {
        let Some(indicator) = facts.indicators.get(id.as_str()) else { continue };
        let column = Computing { facts, rules, question, rows, indicator, column: facts.column(id.as_str()) };
        let cells = column.run(&table, counts, hints);
        table.insert(id.clone(), cells);
    }
    table
}

struct Computing<'a> {
    facts: &'a Facts,
    rules: &'a Rules,
    question: Question,
    rows: &'a Rows,
    indicator: &'a Indicator,
    column: Option<&'a Column>,
}

impl Computing<'_> {
    fn run(&self, table: &Table, counts: &[Counts], hints: Hints<'_>) -> Vec<Arc<IndicatorValue>> {
        let before = hints.reuse.and_then(|reuse| Some((reuse.table.get(&self.indicator.id)?, reuse.anew)));
        let kept = |row: usize| -> Option<&Arc<IndicatorValue>> {
            let (cells, anew) = before?;
            cells.get(row).filter(|_| !anew.get(row).copied().unwrap_or(true))
        };
        let formula = self.facts.formulas.by_id.get(&self.indicator.id);
        let ranks = formula.and_then(|formula| match formula {
            crate::formula::Expr::Rank(of) => Some(self.ranks(table.get(of)?, of)),
            _ => None,
        });
        let mut sums = vec![Sum::default(); self.rows.places.len()];
        if self.indicator.level == Level::Village && self.indicator.aggregation != Aggregation::None {
            for (village, row) in &self.rows.villages {
                if kept(*row).is_some_and(|cell| cell.value.is_some()) {
                    continue;
                }
                let value = self.stated(*village);
                if let Some(sum) = sums.get_mut(*row) {
                    sum.add(&value, 1.0, (u32::from(value.value.is_some()), 1), self.indicator.value);
                }
            }
        }
        let mut cells: Vec<Arc<IndicatorValue>> = Vec::with_capacity(self.rows.places.len());
        let mut nothings: Vec<Arc<IndicatorValue>> = Vec::new();
        let mut alike: BTreeMap<PlaceLevel, Arc<IndicatorValue>> = BTreeMap::new();
        for (row, place) in self.rows.places.iter().enumerate() {
            let sum = sums.get_mut(row).map(std::mem::take).unwrap_or_default();
            if let Some(cell) = kept(row).filter(|_| ranks.is_none()) {
                self.add_above(&mut sums, row, cell, &sum);
                cells.push(Arc::clone(cell));
                continue;
            }
            let level = self.facts.gazetteer.get(*place).level;
            let unwatched = hints.watched.get(row) == Some(&false);
            if let Some(cell) = alike.get(&level).filter(|_| unwatched) {
                self.add_above(&mut sums, row, cell, &sum);
                cells.push(Arc::clone(cell));
                continue;
            }
            let mut cell = self.stated(*place);
            if cell.value.is_none() {
                let other = if let Some(ranks) = &ranks {
                    ranks.get(row).cloned().unwrap_or_else(|| IndicatorValue::none(Absence::Missing))
                } else if let Some(formula) = formula {
                    let own = counts.get(row).copied().unwrap_or_default();
                    eval::formula(formula, &Inputs { table, row, counts: own })
                } else {
                    self.unsaid(*place, &sum)
                };
                // Why nothing was stated is said rather than that nothing could be summed.
                if other.value.is_some() || cell.absence == Some(Absence::Missing) {
                    cell = other;
                }
            }
            self.add_above(&mut sums, row, &cell, &sum);
            let cell = shared(cell, &mut nothings);
            if unwatched {
                alike.insert(level, Arc::clone(&cell));
            }
            cells.push(cell);
        }
        cells
    }

    fn add_above(&self, sums: &mut [Sum], row: usize, cell: &IndicatorValue, sum: &Sum) {
        if let (Some(place), Some(above)) =
            (self.rows.places.get(row), self.rows.parent.get(row).copied().flatten())
            && let Some(total) = sums.get_mut(above)
        {
            total.add(cell, 1.0, self.weight_above(*place, cell, sum), self.indicator.value);
        }
    }

    /// How many places a cell stands for in its parent: those that went into it, or itself.
    fn weight_above(&self, place: PlaceIx, cell: &IndicatorValue, sum: &Sum) -> (u32, u32) {
        let deeper = level_of(self.indicator.level) > self.facts.gazetteer.get(place).level;
        match &cell.origin {
            Origin::Children { reported, expected } => (*reported, *expected),
            Origin::Nowhere if deeper => (sum.reported, sum.expected),
            Origin::Nowhere => (0, 1),
            Origin::Predecessors { .. } => (u32::from(cell.value.is_some()), 1),
            Origin::Stated { .. } | Origin::Formula => (1, 1),
        }
    }

    /// What the places below, or else those before, make of a place of which nobody said anything.
    fn unsaid(&self, place: PlaceIx, sum: &Sum) -> IndicatorValue {
        let level = self.facts.gazetteer.get(place).level;
        let above = level < level_of(self.indicator.level);
        if level > level_of(self.indicator.level) {
            return IndicatorValue::none(Absence::NotApplicable);
        }
        if above && self.indicator.aggregation != Aggregation::None {
            let with_apart = self.with_apart(place, sum);
            if with_apart.anything {
                return with_apart.answer(self.indicator, |sum| Origin::Children {
                    reported: sum.reported,
                    expected: sum.expected,
                });
            }
        }
        let before = self.predecessors(place);
        if before.value.is_some() || before.origin != Origin::Nowhere {
            return before;
        }
        if above && self.indicator.level == Level::Village && self.indicator.aggregation == Aggregation::None
        {
            return IndicatorValue::none(Absence::NotApplicable);
        }
        let reason = match above {
            true if sum.only_shares => Some(Absence::OnlyShares),
            true => sum.reason.clone(),
            false => None,
        };
        IndicatorValue::none(reason.or(before.absence).unwrap_or(Absence::Missing))
    }

    /// What the places this one came from had, whole or by weight.
    fn predecessors(&self, place: PlaceIx) -> IndicatorValue {
        let mut sum = Sum::default();
        let mut apart = Vec::new();
        let mut only = None;
        for (old, step) in self.facts.gazetteer.predecessors(place) {
            let value = self.stated(old);
            if step.part == Part::Partial && value.value.is_some() && self.placed(old) < 1.0 {
                apart.push(old);
            }
            match (step.part, step.weight) {
                (Part::Whole, _) => {
                    only = value.value.is_some().then(|| value.clone());
                    sum.add(&value, 1.0, (u32::from(value.value.is_some()), 1), self.indicator.value);
                }
                (Part::Partial, Some(weight)) => {
                    sum.add(&value, weight, (u32::from(value.value.is_some()), 1), self.indicator.value);
                }
                (Part::Partial, None) => {}
            }
        }
        let expected = sum.expected;
        if expected == 0 && apart.is_empty() {
            return IndicatorValue::none(Absence::Missing);
        }
        let origin =
            |sum: &Sum| Origin::Predecessors { reported: sum.reported, expected: sum.expected, apart };
        match (self.indicator.aggregation, only) {
            // One place that only changed its name, code or rank is itself.
            (Aggregation::None, Some(value)) if expected == 1 => {
                IndicatorValue { origin: origin(&sum), ..value }
            }
            (Aggregation::None, _) => IndicatorValue::none(Absence::Missing),
            _ => sum.answer(self.indicator, origin),
        }
    }

    /// How much of an old place has gone to new ones by declared weights, 0 to 1.
    fn placed(&self, old: PlaceIx) -> f64 {
        let weights = self.facts.gazetteer.successors(old).filter_map(|(_, step)| step.weight);
        let placed: f64 = weights.sum();
        if placed > 1.0 - 1e-9 { 1.0 } else { placed }
    }

    /// Adds to a place's sum what its communes' predecessors had beyond the declared weights, where all their successors
    /// lie in the place and none of them has spoken for itself: nothing is lost by keeping parts apart.
    fn with_apart(&self, place: PlaceIx, sum: &Sum) -> Sum {
        let mut total = sum.clone();
        if sum.apart.is_empty() {
            return total;
        }
        let mut seen: Vec<PlaceIx> = Vec::new();
        for old in &sum.apart {
            if seen.contains(old) {
                continue;
            }
            seen.push(*old);
            let inside = |new: PlaceIx| {
                let mut above = Some(new);
                while let Some(here) = above {
                    if here == place {
                        return true;
                    }
                    above = self.facts.gazetteer.parent_on(here, self.question.borders);
                }
                false
            };
            let successors: Vec<_> = self.facts.gazetteer.successors(*old).collect();
            let silent = |new: PlaceIx| self.stated(new).value.is_none();
            if successors.iter().all(|(new, _)| inside(*new) && silent(*new)) {
                let rest = 1.0 - self.placed(*old);
                total.add(&self.stated(*old), rest, (0, 0), self.indicator.value);
            }
        }
        total
    }

    /// What somebody stated of the place itself.
    fn stated(&self, place: PlaceIx) -> IndicatorValue {
        let minimum = self.indicator.minimum_samples.unwrap_or(0);
        let said = match self.question.exactly {
            None => self.facts.newest_in(self.column, place, minimum, self.question.moment),
            Some(period) => self.of_period(place, period),
        };
        speaking(&said, self.indicator, minimum, |said| {
            self.question.exactly.is_some() || said.fresh(self.question.moment.day)
        })
    }

    /// What was said about periods that end within this one, the newest of each voice.
    fn of_period(&self, place: PlaceIx, period: Period) -> Vec<Said<'_>> {
        let mut kept: Vec<Said<'_>> = Vec::new();
        for said in self.facts.in_column(self.column, place, self.question.moment.as_of) {
            if said.ends < period.start() || said.ends > period.end() {
                continue;
            }
            match kept.iter_mut().find(|other| other.voice == said.voice) {
                Some(other) if said.newer_than(other) => *other = said,
                Some(_) => {}
                None => kept.push(said),
            }
        }
        kept
    }

    /// Ranks among places of one parent and level.
    fn ranks(&self, values: &[Arc<IndicatorValue>], of: &IndicatorId) -> Vec<IndicatorValue> {
        let lower = self.facts.indicators.get(of.as_str()).is_some_and(|i| i.direction == Direction::Lower);
        let mut groups: BTreeMap<(Option<usize>, PlaceLevel), Vec<usize>> = BTreeMap::new();
        for (row, place) in self.rows.places.iter().enumerate() {
            let parent = self.rows.parent.get(row).copied().flatten();
            groups.entry((parent, self.facts.gazetteer.get(*place).level)).or_default().push(row);
        }
        let mut found = vec![IndicatorValue::none(Absence::Needs(of.clone())); values.len()];
        for group in groups.values() {
            let amount = |row: &usize| values.get(*row).and_then(|value| value.amount());
            let amounts: Vec<Option<f64>> = group.iter().map(amount).collect();
            for (row, rank) in group.iter().zip(ranks(&amounts, lower, self.rules.tolerances.rank_decimals)) {
                if let (Some(cell), Some(rank)) = (found.get_mut(*row), rank) {
                    let value = Value::Number(f64::from(rank));
                    let period = values.get(*row).and_then(|value| value.period);
                    *cell = IndicatorValue::known(value, Qualifier::Exact, period, Origin::Formula);
                }
            }
        }
        found
    }
}

/// What the places directly below sum up to, by row; only where each of them has a value of the same period as the
/// place's own, so that like is compared with like.
pub(crate) fn children_sum(
    facts: &Facts,
    rules: &Rules,
    question: Question,
    rows: &Rows,
    cells: &[Arc<IndicatorValue>],
    indicator: &Indicator,
) -> Vec<Option<f64>> {
    let computing =
        Computing { facts, rules, question, rows, indicator, column: facts.column(indicator.id.as_str()) };
    let mut sums: Vec<(Sum, bool)> = vec![(Sum::default(), true); cells.len()];
    let mut add = |above: usize, cell: &IndicatorValue| {
        if let (Some((sum, whole)), Some(own)) = (sums.get_mut(above), cells.get(above)) {
            *whole &= cell.value.is_some() && cell.period == own.period;
            sum.add(cell, 1.0, (1, 1), indicator.value);
            *whole &= !sum.only_shares;
        }
    };
    if indicator.level == Level::Village {
        for (village, row) in &rows.villages {
            if cells.get(*row).is_some_and(|cell| matches!(cell.origin, Origin::Stated { .. })) {
                add(*row, &computing.stated(*village));
            }
        }
    }
    for (row, cell) in cells.iter().enumerate() {
        let place = rows.places.get(row).map(|place| facts.gazetteer.get(*place).level);
        if let Some(above) = rows.parent.get(row).copied().flatten()
            && place.is_some_and(|level| level <= level_of(indicator.level))
        {
            add(above, cell);
        }
    }
    sums.into_iter()
        .map(|(sum, whole)| {
            let value = sum.answer(indicator, |_| Origin::Nowhere).amount();
            value.filter(|_| whole && sum.expected > 0)
        })
        .collect()
}

/// A statement about the place as a whole.
pub(crate) fn plain(said: &Said<'_>) -> bool {
    let dimensions = &said.head.key.dimensions;
    dimensions.operator.is_none()
        && dimensions.technology.is_none()
        && dimensions.organisation.is_none()
        && dimensions.measuring_point.is_none()
}

/// Chooses what speaks: fresh, with samples enough, of the highest class of evidence, the newest of it.
pub(crate) fn speaking(
    said_all: &[Said<'_>],
    indicator: &Indicator,
    minimum_samples: u32,
    is_fresh: impl Fn(&Said<'_>) -> bool,
) -> IndicatorValue {
    let (mut stale, mut insufficient, mut in_parts) = (false, false, false);
    let mut best: Option<&Said<'_>> = None;
    for said in said_all {
        if !plain(said) {
            in_parts = true;
            continue;
        }
        if said.head.key.evidence == Evidence::Crowd && said.point.value.amount().is_none_or(|v| v <= 0.0) {
            continue;
        }
        if !is_fresh(said) {
            stale = true;
        } else if !said.enough(minimum_samples) {
            insufficient = true;
        } else {
            let class = |said: &Said<'_>| said.head.key.evidence;
            let better = best.is_none_or(|best| {
                class(said)
                    .cmp(&class(best))
                    .then_with(|| said.newer_than(best).cmp(&best.newer_than(said)))
                    .is_gt()
            });
            if better {
                best = Some(said);
            }
        }
    }
    match best {
        Some(said) => {
            let (head, point) = (said.head, said.point);
            let origin = Origin::Stated { head: Arc::clone(head), row: point.row, samples: point.samples };
            let known = IndicatorValue::known(point.value, point.qualifier, Some(head.key.period), origin);
            let otherwise = |other: &Said<'_>| {
                let key = &other.head.key;
                key.evidence == head.key.evidence
                    && key.period == head.key.period
                    && other.point.value.amount() != point.value.amount()
                    && plain(other)
                    && other.enough(minimum_samples)
            };
            IndicatorValue { contradicted: said_all.iter().any(otherwise), ..known }
        }
        None if insufficient => IndicatorValue::none(Absence::Insufficient),
        None if stale => IndicatorValue::none(Absence::Stale),
        None if in_parts && indicator.value != ValueKind::YesNo => IndicatorValue::none(Absence::OnlyInParts),
        None => IndicatorValue::none(Absence::Missing),
    }
}

/// Most places have nothing of most indicators: each kind of nothing is kept once.
fn shared(cell: IndicatorValue, nothings: &mut Vec<Arc<IndicatorValue>>) -> Arc<IndicatorValue> {
    if cell.value.is_some() || cell.origin != Origin::Nowhere {
        return Arc::new(cell);
    }
    if let Some(same) = nothings.iter().find(|nothing| nothing.absence == cell.absence) {
        return Arc::clone(same);
    }
    let cell = Arc::new(cell);
    nothings.push(Arc::clone(&cell));
    cell
}

pub(crate) fn level_of(level: Level) -> PlaceLevel {
    match level {
        Level::Province => PlaceLevel::Province,
        Level::Commune => PlaceLevel::Commune,
        Level::Village => PlaceLevel::Village,
    }
}
