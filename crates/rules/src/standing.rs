//! How every place stands against the target in force for it on the day.

use std::{collections::BTreeMap, sync::Arc};

use gapwatch_model::{AreaClass, Condition, IndicatorId, Period, PlaceIx, Qualifier, Target, TargetStatus};

use crate::{
    act::area_class,
    counts::Counts,
    eval::{self, Inputs},
    formula::Formulas,
    judge::Judgement,
    targets::{Standpoint, Targets, days, path_value, status},
    values::{Absence, IndicatorValue},
};

/// One place against one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Which place.
    pub place: PlaceIx,
    /// Of what.
    pub indicator: IndicatorId,
    /// The target in force.
    pub target: Arc<Target>,
    /// Value in the indicator's unit. `None` when nothing speaks.
    pub value: Option<f64>,
    /// The word before the value.
    pub qualifier: Qualifier,
    /// Why there is no value.
    pub absence: Option<Absence>,
    /// Period of the value.
    pub period: Option<Period>,
    /// Where it stands.
    pub status: TargetStatus,
    /// Value the path asks for on the day. `None` without a path.
    pub path_value: Option<f64>,
    /// Change a day, in the unit, that would just meet the target on its due day. `None` when met, past or unknown.
    pub required_per_day: Option<f64>,
}

/// Every watched place above the village against every target in force for it.
pub(crate) fn standings(
    judgement: &Judgement,
    targets: &Targets,
    formulas: &Formulas,
) -> BTreeMap<(PlaceIx, IndicatorId), Standing> {
    let mut all = BTreeMap::new();
    let mut by_power: Option<[(Option<bool>, Vec<Counts>); 3]> = None;
    for (indicator, promises) in targets.by_indicator() {
        // What is promised for villages with power, or without, is held against them alone: where it can be counted.
        let powered = promises.iter().any(|target| matches!(target.condition, Some(Condition::GridPower(_))));
        let counted = formulas.by_id.get(indicator).filter(|formula| powered && formula.only_counts());
        let parts = counted.map(|formula| {
            let of = |power| (power, judgement.counts_where(|village| village.grid_power == power));
            (formula, &*by_power.get_or_insert_with(|| [Some(true), Some(false), None].map(of)))
        });
        for (row, (place, watched)) in judgement.places().iter().zip(&judgement.watched).enumerate() {
            if !watched {
                continue;
            }
            let Some(whole) = judgement.value(*place, indicator.as_str()) else { continue };
            let asking = Asking { judgement, promises: &promises, place: *place, indicator };
            let of_parts = parts.into_iter().flat_map(|(formula, parts)| {
                parts.iter().filter_map(move |(power, counts)| {
                    let counts = counts.get(row).copied().filter(|counts| counts.total > 0)?;
                    let part = eval::formula(formula, &Inputs { table: &judgement.table, row, counts });
                    asking.standing(&part, *power)
                })
            });
            let of_parts: Vec<Standing> = of_parts.collect();
            let apart = |found: &Standing| matches!(found.target.condition, Some(Condition::GridPower(_)));
            let standing = if of_parts.iter().any(apart) {
                of_parts.into_iter().min_by_key(|standing| worst_first(standing.status))
            } else {
                asking.standing(whole, None)
            };
            if let Some(standing) = standing {
                all.insert((*place, indicator.clone()), standing);
            }
        }
    }
    all
}

/// Of several targets that hold for parts of a place, the place stands as its worst part does.
fn worst_first(status: TargetStatus) -> u8 {
    match status {
        TargetStatus::Missed => 0,
        TargetStatus::Behind => 1,
        TargetStatus::Unknown => 2,
        TargetStatus::OnTrack => 3,
        TargetStatus::Met => 4,
    }
}

#[derive(Clone, Copy)]
struct Asking<'a> {
    judgement: &'a Judgement,
    promises: &'a [&'a Arc<Target>],
    place: PlaceIx,
    indicator: &'a IndicatorId,
}

impl<'a> Asking<'a> {
    /// How a value of the place, or of its villages with power or without, stands against the target in force for it.
    fn standing(&self, found: &IndicatorValue, power: Option<bool>) -> Option<Standing> {
        if found.absence == Some(Absence::NotApplicable) {
            return None;
        }
        let (moment, place) = (self.judgement.moment, self.place);
        let target = self.in_force(power)?;
        let value = found.amount();
        let status = status(target, value.map(|value| (value, found.qualifier)), moment.day);
        let left = days(moment.day, target.due);
        let open = matches!(status, TargetStatus::OnTrack | TargetStatus::Behind) && left > 0.0;
        Some(Standing {
            place,
            indicator: self.indicator.clone(),
            target: Arc::clone(target),
            value,
            qualifier: found.qualifier,
            absence: found.absence.clone(),
            period: found.period,
            status,
            path_value: path_value(target, moment.day),
            required_per_day: value.filter(|_| open).map(|value| (target.value - value) / left),
        })
    }

    /// The target in force for the place, or for its villages with power or without.
    fn in_force(&self, power: Option<bool>) -> Option<&'a Arc<Target>> {
        let (judgement, place) = (self.judgement, self.place);
        let (moment, tree) = (judgement.moment, judgement.borders);
        let at =
            Standpoint { gazetteer: &judgement.gazetteer, place, tree, day: moment.day, as_of: moment.as_of };
        let area = area_class(&judgement.gazetteer, place, tree);
        Targets::in_force(self.promises, &at, |condition| match condition {
            Condition::DifficultArea(difficult) => {
                area.is_some_and(|class| (class == AreaClass::ExtremelyDifficult) == *difficult)
            }
            Condition::GridPower(wanted) => power == Some(*wanted),
        })
    }
}

/// The targets in force for an indicator at a place, the general one first: a village's by its own grid power, of other
/// places also those that hold only for their villages with power or without.
#[must_use]
pub fn promises(
    judgement: &Judgement,
    targets: &Targets,
    place: PlaceIx,
    indicator: &IndicatorId,
) -> Vec<Arc<Target>> {
    let by_indicator = targets.by_indicator();
    let Some(promises) = by_indicator.get(indicator) else { return Vec::new() };
    let asking = Asking { judgement, promises, place, indicator };
    let powers = match judgement.village(place) {
        Some(village) => vec![village.grid_power],
        None => vec![None, Some(true), Some(false)],
    };
    let mut found: Vec<Arc<Target>> = Vec::new();
    for target in powers.into_iter().filter_map(|power| asking.in_force(power)) {
        if !found.iter().any(|known| known.id == target.id) {
            found.push(Arc::clone(target));
        }
    }
    found
}
