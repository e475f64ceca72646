//! `targets.toml`: what was promised. Which promise is in force for a place on a day, and where its path is then.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
    sync::Arc,
};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    Comparator, Condition, Gazetteer, IndicatorId, IndicatorSet, PlaceIx, Qualifier, Target, TargetPath,
    TargetStatus,
};
use toml::Value;

use crate::problem::{Problem, read_file, read_table};

/// Every target of `targets.toml`, in order of ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Targets {
    all: Vec<Arc<Target>>,
}

impl Targets {
    /// Takes targets as they are.
    #[must_use]
    pub fn new(mut all: Vec<Target>) -> Self {
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Self { all: all.into_iter().map(Arc::new).collect() }
    }

    /// Reads `targets.toml`.
    ///
    /// # Errors
    /// Every fault of the file, each with its key.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut all = Vec::new();
        for (id, value) in read_file(text, &mut problems).unwrap_or_default() {
            let Value::Table(table) = value else {
                problems.push(Problem::new(id, "is no table, expected one table for each target"));
                continue;
            };
            if let Some(mut target) = read_table::<Target>(&id, table, &mut problems) {
                target.id = id;
                check_one(&target, &mut problems);
                all.push(target);
            }
        }
        problems.sort();
        if problems.is_empty() { Ok(Self::new(all)) } else { Err(problems) }
    }

    /// Checks that every target is about a declared indicator and within what it allows.
    #[must_use]
    pub fn check(&self, indicators: &IndicatorSet) -> Vec<Problem> {
        let mut problems = Vec::new();
        for target in &self.all {
            let Some(indicator) = indicators.get(target.indicator.as_str()) else {
                let message = format!("`{}` is no declared indicator", target.indicator);
                problems.push(Problem::new(format!("{}.indicator", target.id), message));
                continue;
            };
            let least = indicator.minimum.unwrap_or(f64::NEG_INFINITY);
            let most = indicator.maximum.unwrap_or(f64::INFINITY);
            if !(least..=most).contains(&target.value) {
                let message = format!("`{}` is out of range, expected {least} to {most}", target.value);
                problems.push(Problem::new(format!("{}.value", target.id), message));
            }
        }
        problems
    }

    /// Checks that every scope is the code of a place.
    #[must_use]
    pub fn check_places(&self, is_place: impl Fn(&str) -> bool) -> Vec<Problem> {
        let scoped = self.all.iter().filter_map(|target| Some((target, target.scope.as_ref()?)));
        let lost = scoped.filter(|(_, scope)| !is_place(scope.as_str()));
        lost.map(|(target, scope)| {
            Problem::new(format!("{}.scope", target.id), format!("`{scope}` is the code of no place"))
        })
        .collect()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Target> {
        self.all.iter().map(Arc::as_ref)
    }

    /// The target of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Target> {
        self.iter().find(|target| target.id == id)
    }

    /// The targets about each indicator.
    pub(crate) fn by_indicator(&self) -> BTreeMap<&IndicatorId, Vec<&Arc<Target>>> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for target in &self.all {
            found.entry(&target.indicator).or_default().push(target);
        }
        found
    }

    /// The target that holds for a place, of all about one indicator: the nearest scope whose condition holds and which is in force on the day and
    /// known by the moment. At one scope a conditional target goes before a general one, a newer before an older, and
    /// of equals the next one due.
    pub(crate) fn in_force<'t>(
        of_indicator: &[&'t Arc<Target>],
        at: &Standpoint<'_>,
        holds: impl Fn(&Condition) -> bool,
    ) -> Option<&'t Arc<Target>> {
        let candidates = of_indicator.iter().copied().filter(|target| {
            target.valid_from <= at.day
                && target.valid_to.is_none_or(|end| at.day < end)
                && target.recorded_at.is_none_or(|known| known <= at.as_of)
                && target.condition.as_ref().is_none_or(&holds)
        });
        let best = candidates.filter_map(|target| Some((at.distance(target)?, target)));
        let key = |(distance, target): &(usize, &'t Arc<Target>)| {
            let past = target.due < at.day;
            let due = if past { i64::MAX } else { (target.due - at.day).num_days() };
            (
                *distance,
                target.condition.is_none(),
                Reverse((target.valid_from, target.recorded_at)),
                due,
                Reverse(target.due),
            )
        };
        best.min_by_key(key).map(|(_, target)| target)
    }
}

/// Who asks for a target, on which day, knowing what.
pub(crate) struct Standpoint<'a> {
    pub(crate) gazetteer: &'a Gazetteer,
    pub(crate) place: PlaceIx,
    /// The day of whose tree the scopes are.
    pub(crate) tree: NaiveDate,
    pub(crate) day: NaiveDate,
    pub(crate) as_of: DateTime<FixedOffset>,
}

impl Standpoint<'_> {
    /// Steps up the tree to the target's scope; a target without one is above everything. `None` when elsewhere.
    fn distance(&self, target: &Target) -> Option<usize> {
        let Some(scope) = &target.scope else { return Some(usize::MAX) };
        let mut place = Some(self.place);
        let mut steps = 0;
        while let Some(here) = place {
            if self.gazetteer.get(here).id.code == *scope {
                return Some(steps);
            }
            place = self.gazetteer.parent_on(here, self.tree);
            steps += 1;
        }
        None
    }
}

fn check_one(target: &Target, problems: &mut Vec<Problem>) {
    let mut fault = |key: &str, message: String| {
        problems.push(Problem::new(format!("{}.{key}", target.id), message));
    };
    if !target.value.is_finite() {
        fault("value", format!("`{}` is no number", target.value));
    }
    if target.document.trim().is_empty() {
        fault("document", "is empty, expected the document that promises it".to_owned());
    }
    if let Some(end) = target.valid_to.filter(|end| *end <= target.valid_from) {
        fault("valid_to", format!("`{end}` is not after valid_from `{}`", target.valid_from));
    }
    match &target.path {
        Some(TargetPath::Linear { from, .. }) if *from >= target.due => {
            fault("path.from", format!("`{from}` is not before the due date `{}`", target.due));
        }
        Some(TargetPath::Step { steps }) => {
            if steps.is_empty() {
                fault("path.steps", "is empty, expected days with their values".to_owned());
            }
            if !steps.iter().zip(steps.iter().skip(1)).all(|(one, next)| one.0 < next.0) {
                fault("path.steps", "days are out of order, expected rising days".to_owned());
            }
        }
        Some(TargetPath::Linear { .. }) | None => {}
    }
}

/// Value the path asks for on a day, in the indicator's unit. `None` without a path, and before the first step.
#[must_use]
pub fn path_value(target: &Target, day: NaiveDate) -> Option<f64> {
    match target.path.as_ref()? {
        TargetPath::Linear { from, baseline } => {
            let whole = days(*from, target.due);
            let done = days(*from, day).clamp(0.0, whole.max(0.0));
            Some(if whole > 0.0 { baseline + (target.value - baseline) * done / whole } else { target.value })
        }
        TargetPath::Step { steps } => {
            steps.iter().rev().find(|(from, _)| *from <= day).map(|(_, value)| *value)
        }
    }
}

/// Days from one day to another, as a number that slopes are made of.
pub(crate) fn days(from: NaiveDate, to: NaiveDate) -> f64 {
    // A calendar has far fewer days than an i32 holds.
    f64::from(i32::try_from((to - from).num_days()).unwrap_or(i32::MAX))
}

/// Whether a value with its qualifier meets a bound. The qualifier says on which side of the number the truth lies, so
/// it decides where both are equal: *more than 98* meets `> 98`, *less than 98* does not meet `>= 98`.
#[must_use]
pub fn meets(value: f64, qualifier: Qualifier, comparator: Comparator, bound: f64) -> bool {
    let above = qualifier == Qualifier::MoreThan;
    let below = matches!(qualifier, Qualifier::LessThan | Qualifier::Almost);
    match (comparator, compare(value, bound)) {
        (Comparator::AtLeast, Ordering::Equal) => !below,
        (Comparator::MoreThan, Ordering::Equal) => above,
        (Comparator::AtMost, Ordering::Equal) => !above,
        (Comparator::LessThan, Ordering::Equal) => below,
        (Comparator::AtLeast | Comparator::MoreThan, side) => side == Ordering::Greater,
        (Comparator::AtMost | Comparator::LessThan, side) => side == Ordering::Less,
    }
}

/// Which of two numbers is larger; what only the last bits of sums and shares tell apart is equal.
pub(crate) fn compare(one: f64, other: f64) -> Ordering {
    let noise = 1e-9 * other.abs().max(1.0);
    if (one - other).abs() <= noise { Ordering::Equal } else { one.total_cmp(&other) }
}

/// Where a value stands against a target on a day. `None` as value gives `Unknown`.
#[must_use]
pub fn status(target: &Target, value: Option<(f64, Qualifier)>, day: NaiveDate) -> TargetStatus {
    let Some((value, qualifier)) = value else { return TargetStatus::Unknown };
    if meets(value, qualifier, target.comparator, target.value) {
        return TargetStatus::Met;
    }
    if day > target.due {
        return TargetStatus::Missed;
    }
    // A path is a floor: being on it is enough, also where the target itself is strict.
    let floor = match target.comparator {
        Comparator::AtLeast | Comparator::MoreThan => Comparator::AtLeast,
        Comparator::AtMost | Comparator::LessThan => Comparator::AtMost,
    };
    match path_value(target, day) {
        Some(bound) if !meets(value, qualifier, floor, bound) => TargetStatus::Behind,
        Some(_) | None => TargetStatus::OnTrack,
    }
}
