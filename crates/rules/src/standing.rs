//! How every place stands against the target in force for it on the day.

use std::{collections::BTreeMap, sync::Arc};

use gapwatch_model::{AreaClass, Condition, IndicatorId, Period, PlaceIx, Qualifier, Target, TargetStatus};

use crate::{
    act::area_class,
    judge::Judgement,
    targets::{Standpoint, Targets, days, path_value, status},
    values::Absence,
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
) -> BTreeMap<(PlaceIx, IndicatorId), Standing> {
    let mut all = BTreeMap::new();
    for (indicator, promises) in targets.by_indicator() {
        for (place, watched) in judgement.places().iter().zip(&judgement.watched) {
            if !watched {
                continue;
            }
            if let Some(standing) = standing(judgement, &promises, *place, indicator) {
                all.insert((*place, indicator.clone()), standing);
            }
        }
    }
    all
}

fn standing(
    judgement: &Judgement,
    promises: &[&Arc<Target>],
    place: PlaceIx,
    indicator: &IndicatorId,
) -> Option<Standing> {
    let found = judgement.value(place, indicator.as_str())?;
    if found.absence == Some(Absence::NotApplicable) {
        return None;
    }
    let moment = judgement.moment;
    let at = Standpoint { gazetteer: &judgement.gazetteer, place, day: moment.day, as_of: moment.as_of };
    let area = area_class(&judgement.gazetteer, place, moment.day);
    let target = Targets::in_force(promises, &at, |condition| match condition {
        Condition::DifficultArea(difficult) => {
            area.is_some_and(|class| (class == AreaClass::ExtremelyDifficult) == *difficult)
        }
        // Power is a fact of villages.
        Condition::GridPower(_) => false,
    })?;
    let value = found.amount();
    let status = status(target, value.map(|value| (value, found.qualifier)), moment.day);
    let left = days(moment.day, target.due);
    let open = matches!(status, TargetStatus::OnTrack | TargetStatus::Behind) && left > 0.0;
    Some(Standing {
        place,
        indicator: indicator.clone(),
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
