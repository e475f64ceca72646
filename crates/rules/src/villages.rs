//! Every village at a moment: its state, since when, its power, who must act.

use std::sync::Arc;

use chrono::NaiveDate;
use gapwatch_model::{AreaClass, Head, PlaceIx, PlaceLevel, Qualification, SignalState};

use crate::{
    act::{MustAct, area_class, who_must_act},
    config::Rules,
    facts::{Facts, Moment, Said, end_of_day, newest_of, next_turn, turning_points},
    judge::Judgement,
    signal::{Columns, GRID_POWER, Gathered, minimum_samples},
    values::{Origin, speaking},
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
    /// First day on which this may read otherwise though nothing new was said: something grows stale, a period begins.
    pub(crate) turns_on: Option<NaiveDate>,
}

/// An earlier judgement's villages, and the places of which something has become known since.
pub(crate) struct Earlier<'a> {
    pub(crate) judgement: &'a Judgement,
    pub(crate) touched: &'a [bool],
}

/// Every village in force on the moment's day, in order of numbers.
pub(crate) fn villages(
    facts: &Facts,
    rules: &Rules,
    moment: Moment,
    earlier: Option<&Earlier<'_>>,
) -> Vec<Arc<VillageState>> {
    let columns = Columns::of(facts, &rules.signal);
    let places = facts.gazetteer.all().zip(facts.gazetteer.places());
    let in_force = places
        .filter(|(_, place)| place.level == PlaceLevel::Village && place.in_force_on(moment.day))
        .map(|(ix, _)| ix);
    let judged = |ix: PlaceIx| match earlier.and_then(|earlier| earlier.unchanged(ix, moment)) {
        // Its clocks run with the days.
        Some(same) if same.must_act.is_some() && !earlier_day(earlier, moment) => {
            let mut same = VillageState::clone(same);
            same.set_clock(facts, rules, moment);
            Arc::new(same)
        }
        Some(same) => Arc::clone(same),
        None => Arc::new(village(facts, rules, &columns, ix, moment)),
    };
    in_force.map(judged).collect()
}

/// Whether the earlier judgement is of the moment's own day.
fn earlier_day(earlier: Option<&Earlier<'_>>, moment: Moment) -> bool {
    earlier.is_some_and(|earlier| earlier.judgement.moment.day == moment.day)
}

/// The states of some villages at a moment, without their clocks: for the past.
pub(crate) fn states_of(
    facts: &Facts,
    rules: &Rules,
    villages: &[PlaceIx],
    moment: Moment,
) -> Vec<Arc<VillageState>> {
    let columns = Columns::of(facts, &rules.signal);
    let state = |ix: PlaceIx| {
        let found = columns.state(&columns.gather(ix, moment.as_of), moment);
        let power_said = facts.gather(facts.column(GRID_POWER), ix, moment.as_of);
        let power = speaking_yes(facts, GRID_POWER, &power_said, moment);
        VillageState {
            place: ix,
            state: found.state,
            qualification: found.qualification,
            since: None,
            grid_power: power.map(|(has, _)| has),
            area_class: area_class(&facts.gazetteer, ix, moment.day),
            must_act: None,
            decided_by: found.decided_by,
            power_by: None,
            turns_on: None,
        }
    };
    villages.iter().map(|ix| Arc::new(state(*ix))).collect()
}

impl Earlier<'_> {
    /// The village as it was, if nothing can have changed but the clocks.
    fn unchanged(&self, ix: PlaceIx, moment: Moment) -> Option<&Arc<VillageState>> {
        let untouched = !self.touched.get(ix.index()).copied().unwrap_or(true);
        let same = |village: &&Arc<VillageState>| village.turns_on.is_none_or(|turn| moment.day < turn);
        self.judgement.shared_village(ix).filter(|_| untouched).filter(same)
    }
}

pub(crate) fn village(
    facts: &Facts,
    rules: &Rules,
    columns: &Columns<'_>,
    ix: PlaceIx,
    moment: Moment,
) -> VillageState {
    let gathered = columns.gather(ix, moment.as_of);
    let found = columns.state(&gathered, moment);
    let since = since(columns, &gathered, found.state, moment);
    let power_said = facts.gather(facts.column(GRID_POWER), ix, moment.as_of);
    let power = speaking_yes(facts, GRID_POWER, &power_said, moment);
    let minimum = minimum_samples(facts, &rules.signal);
    let power_minimum = facts.indicators.get(GRID_POWER).and_then(|i| i.minimum_samples).unwrap_or(0);
    let turns = [
        next_turn(&gathered.signal, minimum, moment),
        next_turn(&gathered.clusters, minimum, moment),
        next_turn(&power_said, power_minimum, moment),
    ];
    let mut village = VillageState {
        place: ix,
        state: found.state,
        qualification: found.qualification,
        since,
        grid_power: power.as_ref().map(|(has, _)| *has),
        area_class: area_class(&facts.gazetteer, ix, moment.day),
        must_act: None,
        decided_by: found.decided_by,
        power_by: power.and_then(|(_, by)| by),
        turns_on: turns.into_iter().flatten().min(),
    };
    village.set_clock(facts, rules, moment);
    village
}

impl VillageState {
    /// Finds who must act, whose clocks run every day.
    pub(crate) fn set_clock(&mut self, facts: &Facts, rules: &Rules, moment: Moment) {
        let gap = matches!(self.state, SignalState::NoSignal | SignalState::Pocket);
        self.must_act = self
            .since
            .filter(|_| gap)
            .map(|since| who_must_act(facts, &rules.deadlines, self.place, since, moment));
    }
}

/// First day of the run of days, up to the moment's, on which the village was known to be in this state.
fn since<'a>(
    columns: &Columns<'a>,
    gathered: &Gathered<'a>,
    state: SignalState,
    moment: Moment,
) -> Option<NaiveDate> {
    let mut days = Vec::new();
    turning_points(&gathered.signal, moment.day, &mut days);
    turning_points(&gathered.clusters, moment.day, &mut days);
    days.sort_unstable();
    days.dedup();
    let mut first = None;
    for day in days.into_iter().rev() {
        // The last day has the moment's own knowledge: what is recorded later that day is not known yet.
        let then = Moment::on(day, end_of_day(day).min(moment.as_of));
        if columns.state(gathered, then).state != state {
            break;
        }
        first = Some(day);
    }
    first
}

type Statement = (bool, Option<(Arc<Head>, u32)>);

/// Whether a yes-or-no indicator is known to hold, and who said so.
pub(crate) fn speaking_yes(
    facts: &Facts,
    id: &str,
    gathered: &[Said<'_>],
    moment: Moment,
) -> Option<Statement> {
    let indicator = facts.indicators.get(id)?;
    let minimum = indicator.minimum_samples.unwrap_or(0);
    let said = newest_of(gathered, minimum, moment);
    let value = speaking(&said, indicator, minimum, |said| said.fresh(moment.day));
    let by = match &value.origin {
        Origin::Stated { head, row, .. } => Some((Arc::clone(head), *row)),
        _ => None,
    };
    value.amount().map(|amount| (amount > 0.0, by))
}

/// The states of a village through time: each with the day from which it was known, rising, as known then.
#[must_use]
pub fn states_over_time(
    facts: &Facts,
    rules: &Rules,
    village: PlaceIx,
    moment: Moment,
) -> Vec<(NaiveDate, SignalState, Qualification)> {
    let columns = Columns::of(facts, &rules.signal);
    let gathered = columns.gather(village, moment.as_of);
    let mut days = Vec::new();
    turning_points(&gathered.signal, moment.day, &mut days);
    turning_points(&gathered.clusters, moment.day, &mut days);
    days.sort_unstable();
    days.dedup();
    let mut states: Vec<(NaiveDate, SignalState, Qualification)> = Vec::new();
    for day in days {
        let found = columns.state(&gathered, Moment::on(day, end_of_day(day).min(moment.as_of)));
        let same = |last: &(NaiveDate, SignalState, Qualification)| {
            last.1 == found.state && last.2 == found.qualification
        };
        if !states.last().is_some_and(same) {
            states.push((day, found.state, found.qualification));
        }
    }
    states
}
