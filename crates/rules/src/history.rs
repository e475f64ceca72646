//! One indicator at one place through time, as known at a moment: a point for every period, gaps included, each held
//! against the target that was in force then.
//!
//! *Borders then* sums over the places of each period's own day; the borders of a later day carry old places over into
//! those they went on in. Totals over a province are the same either way.

use std::{collections::BTreeSet, sync::Arc};

use chrono::NaiveDate;
use gapwatch_model::{
    AreaClass, Condition, Indicator, IndicatorId, Level, Period, PlaceIx, PlaceLevel, Target, TargetStatus,
};

use crate::{
    act::area_class,
    config::Rules,
    facts::{Facts, Moment},
    formula::Expr,
    judge::count,
    rows::Rows,
    signal::SIGNAL,
    targets::{Standpoint, Targets, path_value, status},
    trend::{ObservedPace, pace},
    values::{Absence, Hints, IndicatorValue, Question, compute},
    villages::states_of,
};

/// Over which borders the past is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Borders {
    /// Those of each period.
    Then,
    /// Those of a later day: old places are carried over by lineage.
    Of(NaiveDate),
}

/// One period.
#[derive(Debug, Clone)]
pub struct HistoryPoint {
    /// Which.
    pub period: Period,
    /// Its value, or why there is none.
    pub value: IndicatorValue,
    /// Whether what was said of the place and period was corrected since.
    pub revised: bool,
    /// The target in force at the period's end.
    pub target: Option<Arc<Target>>,
    /// What its path asked for at the period's end.
    pub path_value: Option<f64>,
    /// How the value stood against it then. `None` without a target.
    pub status: Option<TargetStatus>,
}

/// The history of an indicator at a place, from the first period with a value to the last. Empty when there is none.
#[must_use]
pub fn history(
    facts: &Facts,
    rules: &Rules,
    targets: &Targets,
    place: PlaceIx,
    indicator: &IndicatorId,
    moment: Moment,
    borders: Borders,
) -> Vec<HistoryPoint> {
    let Some(mut walk) = Walk::of(facts, rules, place, indicator) else { return Vec::new() };
    let Some((first, last)) = walk.extent(moment) else { return Vec::new() };
    let by_indicator = targets.by_indicator();
    let promises = by_indicator.get(indicator).map_or(&[][..], Vec::as_slice);
    let mut period = Period::containing(walk.indicator.period, first);
    let mut points = Vec::new();
    while period.start() <= last.min(moment.day) {
        let end = period.end().min(moment.day);
        let tree = match borders {
            Borders::Then => end,
            Borders::Of(day) => day,
        };
        let value = if borders == Borders::Then && !facts.gazetteer.get(place).in_force_on(end) {
            IndicatorValue::none(Absence::NotApplicable)
        } else {
            walk.value(period, Moment::on(end, moment.as_of), tree)
        };
        let at = Standpoint { gazetteer: &facts.gazetteer, place, tree, day: end, as_of: moment.as_of };
        let grid_power =
            || states_of(facts, rules, &[place], Moment::on(end, moment.as_of)).first()?.grid_power;
        let power = if facts.gazetteer.get(place).level == PlaceLevel::Village { grid_power() } else { None };
        let target = Targets::in_force(promises, &at, |condition| match condition {
            Condition::DifficultArea(difficult) => area_class(&facts.gazetteer, place, end)
                .is_some_and(|class| (class == AreaClass::ExtremelyDifficult) == *difficult),
            Condition::GridPower(wanted) => power == Some(*wanted),
        });
        let known = value.amount().map(|amount| (amount, value.qualifier));
        points.push(HistoryPoint {
            period,
            revised: facts.revised(indicator.as_str(), place, period, moment.as_of),
            path_value: target.and_then(|target| path_value(target, end)),
            status: target.map(|target| status(target, known, end)),
            target: target.cloned(),
            value,
        });
        period = period.next();
    }
    let known = |point: &HistoryPoint| point.value.value.is_some();
    let from = points.iter().position(known).unwrap_or(points.len());
    let to = points.iter().rposition(known).map_or(from, |last| last + 1);
    points.truncate(to);
    points.drain(..from);
    points
}

/// The pace of an indicator at a place: that of its [`history`] with the borders of now, of which only the periods within the
/// window of the rules are looked at.
#[must_use]
pub fn observed_pace(
    facts: &Facts,
    rules: &Rules,
    place: PlaceIx,
    indicator: &IndicatorId,
    moment: Moment,
) -> ObservedPace {
    let nothing = || pace(&[], &rules.pace);
    let Some(mut walk) = Walk::of(facts, rules, place, indicator) else { return nothing() };
    let Some((first, last)) = walk.extent(moment) else { return nothing() };
    let mut points: Vec<(NaiveDate, f64)> = Vec::new();
    let mut period = Period::containing(walk.indicator.period, last.min(moment.day));
    while period.end() >= first {
        let ends = period.end();
        let beyond = points
            .first()
            .is_some_and(|(newest, _)| (*newest - ends).num_days() > i64::from(rules.pace.window_days));
        if beyond {
            break;
        }
        let value = walk.value(period, Moment::on(ends.min(moment.day), moment.as_of), moment.day);
        points.extend(value.amount().map(|amount| (ends, amount)));
        period = period.previous();
    }
    points.reverse();
    pace(&points, &rules.pace)
}

/// One indicator at one place, asked for period after period.
struct Walk<'a> {
    facts: &'a Facts,
    rules: &'a Rules,
    place: PlaceIx,
    indicator: &'a Indicator,
    needs: Vec<IndicatorId>,
    /// Something it needs counts villages by their state.
    counted: bool,
    /// Something it needs is summed from villages, or counts them.
    villages: bool,
    ranked: bool,
    /// The places below over the borders of a day: the same for every period with the borders of now.
    below: Option<(NaiveDate, Rows, Vec<PlaceIx>)>,
}

impl<'a> Walk<'a> {
    /// `None` for an indicator that is none.
    fn of(facts: &'a Facts, rules: &'a Rules, place: PlaceIx, id: &IndicatorId) -> Option<Self> {
        let indicator = facts.indicators.get(id.as_str())?;
        let needs = needs(facts, id);
        let formula = |id: &IndicatorId| facts.formulas.by_id.get(id);
        let counted = needs.iter().any(|id| formula(id).is_some_and(counts_places));
        let summed = |id: &IndicatorId| {
            facts.indicators.get(id.as_str()).is_some_and(|one| one.level == Level::Village)
        };
        Some(Self {
            villages: counted || needs.iter().any(summed),
            ranked: formula(id).is_some_and(|formula| matches!(formula, Expr::Rank(_))),
            facts,
            rules,
            place,
            indicator,
            needs,
            counted,
            below: None,
        })
    }

    /// First and last day of the periods that anything it needs was said about.
    fn extent(&self, moment: Moment) -> Option<(NaiveDate, NaiveDate)> {
        let spoken = self.needs.iter().map(IndicatorId::as_str).chain(self.counted.then_some(SIGNAL));
        spoken
            .filter_map(|id| self.facts.extent(id, moment.as_of))
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// The value of one period.
    fn value(&mut self, period: Period, moment: Moment, tree: NaiveDate) -> IndicatorValue {
        let (facts, rules, place) = (self.facts, self.rules, self.place);
        let (_, rows, villages) = match self.below.take() {
            Some(kept) if kept.0 == tree => self.below.insert(kept),
            _ => self.below.insert(Self::below(facts, place, tree, self.ranked, self.villages)),
        };
        let states = if self.counted { states_of(facts, rules, villages, moment) } else { Vec::new() };
        let counts = count(&facts.gazetteer, rows, &states);
        let question = Question { moment, borders: tree, exactly: Some(period) };
        let table = compute(facts, rules, question, rows, &counts, self.needs.iter(), Hints::default());
        let cell = rows.row_of(place).and_then(|row| table.get(&self.indicator.id)?.get(row));
        cell.map_or_else(|| IndicatorValue::none(Absence::Missing), |cell| IndicatorValue::clone(cell))
    }

    /// The place, or for a rank the one above it, with everything below that counts.
    fn below(
        facts: &Facts,
        place: PlaceIx,
        tree: NaiveDate,
        ranked: bool,
        villages: bool,
    ) -> (NaiveDate, Rows, Vec<PlaceIx>) {
        let above = ranked.then(|| facts.gazetteer.parent_on(place, tree)).flatten();
        let root = above.unwrap_or(place);
        let below = |level| facts.gazetteer.under_on(root, level, tree);
        let mut places = vec![root];
        for level in [PlaceLevel::Province, PlaceLevel::District, PlaceLevel::Commune] {
            places.extend(below(level).into_iter().filter(|ix| *ix != root));
        }
        let villages = if villages { below(PlaceLevel::Village) } else { Vec::new() };
        (tree, Rows::new(facts, places, &villages, tree), villages)
    }
}

/// The indicator and everything its formula needs, each after what it needs.
fn needs(facts: &Facts, indicator: &IndicatorId) -> Vec<IndicatorId> {
    let mut wanted = BTreeSet::from([indicator.clone()]);
    let mut open = vec![indicator.clone()];
    while let Some(id) = open.pop() {
        let mut more = BTreeSet::new();
        if let Some(formula) = facts.formulas.by_id.get(&id) {
            formula.needs(&mut more);
        }
        open.extend(more.iter().filter(|id| !wanted.contains(*id)).cloned());
        wanted.extend(more);
    }
    facts.formulas.order.iter().filter(|id| wanted.contains(*id)).cloned().collect()
}

fn counts_places(formula: &Expr) -> bool {
    match formula {
        Expr::Count(_) => true,
        Expr::Ratio(left, right) | Expr::Binary(_, left, right) => {
            counts_places(left) || counts_places(right)
        }
        Expr::Extreme(_, items) => items.iter().any(counts_places),
        Expr::Constant(_)
        | Expr::Value(_)
        | Expr::Numerator(_)
        | Expr::Denominator(_)
        | Expr::Score { .. }
        | Expr::Rank(_) => false,
    }
}

impl Facts {
    /// First and last day of the periods anything was said about.
    fn extent(
        &self,
        indicator: &str,
        as_of: chrono::DateTime<chrono::FixedOffset>,
    ) -> Option<(NaiveDate, NaiveDate)> {
        let periods = self.heads_of(indicator).filter(|head| head.recorded_at <= as_of);
        periods
            .map(|head| (head.key.period.end(), head.key.period.end()))
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// Whether a voice said something else of the place and period before.
    fn revised(
        &self,
        indicator: &str,
        place: PlaceIx,
        period: Period,
        as_of: chrono::DateTime<chrono::FixedOffset>,
    ) -> bool {
        let said: Vec<_> =
            self.said(indicator, place, as_of).filter(|said| said.head.key.period == period).collect();
        said.iter().any(|one| {
            said.iter().any(|other| one.voice == other.voice && one.point.value != other.point.value)
        })
    }
}
