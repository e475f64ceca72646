//! Who must act on a gap, by when, and how long they could and could not have.
//!
//! Two independent facts decide: grid power and the class of the area. Without power the electricity company is first;
//! whoever builds after it has a clock that only runs while there is power.

use chrono::{Days, NaiveDate};
use gapwatch_model::{AreaClass, Gazetteer, PlaceIx};
use serde::Serialize;

use crate::{
    config::Deadlines,
    facts::{Facts, Moment, end_of_day, turning_points},
    signal::GRID_POWER,
    villages::speaking_yes,
};

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The universal-service fund: extremely difficult area with power.
    Fund,
    /// The telecom operator: any other area with power.
    Operator,
    /// The electricity company: no power.
    Electricity,
}

/// Who must act on one village, and the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MustAct {
    /// Who is to act now. `None` where power or the class of the area is not known.
    pub who: Option<Who>,
    /// Who builds once there is power.
    pub then: Option<Who>,
    /// Last day in time for whoever is to act now.
    pub due: Option<NaiveDate>,
    /// Days the gap has been open with power: the time of whoever builds.
    pub open_days: u32,
    /// Days the gap has been open without power: blocked, reported apart.
    pub blocked_days: u32,
    /// Days past the due day.
    pub late_days: u32,
}

/// Finds who must act on a gap that has been known since a day.
pub(crate) fn who_must_act(
    facts: &Facts,
    deadlines: &Deadlines,
    village: PlaceIx,
    since: NaiveDate,
    moment: Moment,
) -> MustAct {
    let power = power_over_time(facts, village, since, moment);
    let builder = area_class(&facts.gazetteer, village, moment.day).map(|class| match class {
        AreaClass::ExtremelyDifficult => Who::Fund,
        AreaClass::Other => Who::Operator,
    });
    let builder_due = builder.map(|who| match who {
        Who::Fund => deadlines.fund,
        Who::Operator | Who::Electricity => deadlines.operator,
    });
    let (mut open_days, mut blocked_days) = (0, 0);
    let (mut before, mut arrived) = (None, None);
    for (position, (from, has)) in power.iter().enumerate() {
        let to = power.get(position + 1).map_or(moment.day, |(next, _)| *next);
        let length = u32::try_from((to - (*from).max(since)).num_days()).unwrap_or(0);
        match has {
            Some(true) => open_days += length,
            Some(false) => blocked_days += length,
            None => {}
        }
        // Power may have come before the gap was known, and nobody may have spoken for a while in between.
        if *has == Some(true) && before == Some(false) {
            arrived = Some(*from);
        }
        before = has.or(before);
    }
    let (who, then, due) = match power.last().and_then(|(_, has)| *has) {
        None => (None, builder, None),
        Some(false) => (Some(Who::Electricity), builder, Some(deadlines.electricity)),
        Some(true) => {
            let after = arrived
                .and_then(|day| day.checked_add_days(Days::new(u64::from(deadlines.after_power_days))));
            (builder, builder, builder_due.map(|due| after.map_or(due, |after| due.max(after))))
        }
    };
    let late = due.map_or(0, |due| (moment.day - due).num_days().max(0));
    MustAct { who, then, due, open_days, blocked_days, late_days: u32::try_from(late).unwrap_or(u32::MAX) }
}

/// Class of a place's area: its own, or that of the nearest place above that has one.
pub(crate) fn area_class(gazetteer: &Gazetteer, place: PlaceIx, day: NaiveDate) -> Option<AreaClass> {
    std::iter::successors(Some(place), |here| gazetteer.parent_on(*here, day))
        .find_map(|here| gazetteer.get(here).area_class)
}

/// What was known of the power on each day, as changes; the first day of the gap is one of the days looked at.
fn power_over_time(
    facts: &Facts,
    village: PlaceIx,
    since: NaiveDate,
    moment: Moment,
) -> Vec<(NaiveDate, Option<bool>)> {
    let said = facts.gather(facts.column(GRID_POWER), village, moment.as_of);
    let mut days = Vec::new();
    turning_points(&said, moment.day, &mut days);
    days.push(since);
    days.sort_unstable();
    days.dedup();
    let mut changes: Vec<(NaiveDate, Option<bool>)> = Vec::new();
    for day in days {
        let then = Moment::on(day, end_of_day(day).min(moment.as_of));
        let known = speaking_yes(facts, GRID_POWER, &said, then).map(|(has, _)| has);
        if changes.last().is_none_or(|(_, last)| *last != known) {
            changes.push((day, known));
        }
    }
    changes
}
