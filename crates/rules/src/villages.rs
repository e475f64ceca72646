//! Every village at a moment: its state, since when, its power, who must act.

use std::sync::Arc;

use chrono::NaiveDate;
use gapwatch_model::{AreaClass, Head, PlaceIx, PlaceLevel, Qualification, SignalState};

use crate::{
    act::{MustAct, who_must_act},
    config::Rules,
    facts::{Facts, Moment, end_of_day},
    signal::{CLUSTERS, Columns, GRID_POWER, SIGNAL, fresh},
    values::{Absence, speaking},
};

/// One village.
#[derive(Debug, Clone)]
pub struct VillageState {
    /// Which.
    pub place: PlaceIx,
    /// Its mobile signal.
    pub state: SignalState,
    /// What to know about the state.
    pub qualification: Qualification,
    /// Day since which the state has been known. `None` when nothing was ever said.
    pub since: Option<NaiveDate>,
    /// Whether it has grid power, where that is known.
    pub grid_power: Option<bool>,
    /// Class of its area.
    pub area_class: Option<AreaClass>,
    /// Who must act; only for villages without signal or with a pocket.
    pub must_act: Option<MustAct>,
    /// The statement that decided the state, with its row.
    pub decided_by: Option<(Arc<Head>, u32)>,
    /// The statement on grid power, with its row.
    pub power_by: Option<(Arc<Head>, u32)>,
}

/// Every village in force on the moment's day, in order of numbers.
pub(crate) fn villages(facts: &Facts, rules: &Rules, moment: Moment) -> Vec<VillageState> {
    let columns = Columns::of(facts, &rules.signal);
    let places = facts.gazetteer.all().zip(facts.gazetteer.places());
    let in_force = places
        .filter(|(_, place)| place.level == PlaceLevel::Village && place.in_force_on(moment.day))
        .map(|(ix, _)| ix);
    in_force.map(|ix| village(facts, rules, &columns, ix, moment)).collect()
}

pub(crate) fn village(
    facts: &Facts,
    rules: &Rules,
    columns: &Columns<'_>,
    ix: PlaceIx,
    moment: Moment,
) -> VillageState {
    let found = columns.state(ix, moment);
    let since = since(facts, columns, ix, found.state, moment);
    let power = power(facts, ix, moment);
    let gap = matches!(found.state, SignalState::NoSignal | SignalState::Pocket);
    let must_act =
        since.filter(|_| gap).map(|since| who_must_act(facts, &rules.deadlines, ix, since, moment));
    VillageState {
        place: ix,
        state: found.state,
        qualification: found.qualification,
        since,
        grid_power: power.as_ref().map(|(has, _)| *has),
        area_class: facts.gazetteer.get(ix).area_class,
        must_act,
        decided_by: found.decided_by,
        power_by: power.and_then(|(_, by)| by),
    }
}

/// First day of the run of days, up to the moment's, on which the village was known to be in this state.
fn since(
    facts: &Facts,
    columns: &Columns<'_>,
    ix: PlaceIx,
    state: SignalState,
    moment: Moment,
) -> Option<NaiveDate> {
    let mut days = facts.turning_points(SIGNAL, ix, moment);
    days.extend(facts.turning_points(CLUSTERS, ix, moment));
    days.sort_unstable();
    days.dedup();
    let mut first = None;
    for day in days.into_iter().rev() {
        // The last day has the moment's own knowledge: what is recorded later that day is not known yet.
        let then = Moment::on(day, end_of_day(day).min(moment.as_of));
        if columns.state(ix, then).state != state {
            break;
        }
        first = Some(day);
    }
    first
}

/// Whether a yes-or-no indicator of a village is known to hold.
pub(crate) fn yes_no(facts: &Facts, indicator: &str, ix: PlaceIx, moment: Moment) -> Option<bool> {
    statement(facts, indicator, ix, moment).map(|(yes, _)| yes)
}

type Statement = (bool, Option<(Arc<Head>, u32)>);

fn statement(facts: &Facts, id: &str, ix: PlaceIx, moment: Moment) -> Option<Statement> {
    let indicator = facts.indicators.get(id)?;
    let minimum = indicator.minimum_samples.unwrap_or(0);
    let said = facts.newest_in(facts.column(id), ix, minimum, moment);
    let value =
        speaking(&said, indicator, minimum, |said| fresh(said.head.key.period, indicator.staleness, moment));
    let by = match &value.origin {
        crate::values::Origin::Stated { head, row, .. } => Some((Arc::clone(head), *row)),
        _ => None,
    };
    debug_assert!(value.absence != Some(Absence::NotApplicable), "a stated value applies");
    value.amount().map(|amount| (amount > 0.0, by))
}

fn power(facts: &Facts, ix: PlaceIx, moment: Moment) -> Option<Statement> {
    statement(facts, GRID_POWER, ix, moment)
}
