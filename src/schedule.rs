//! Runs collectors when they are due: none at the same time as itself.
//!
//! When a run is due is decided by `collectors::schedule`; this is the loop around it. A source that fails, hangs or
//! panics never holds up another: all of them may wait for an answer at once, and only reading and storing what came is
//! done a few at a time (`collect`).

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::{CollectorConfig, schedule::Plan};
use gapwatch_model::{Outcome, Run, RunId};
use tokio::time::MissedTickBehavior;

use crate::{
    app::{App, Shared},
    collect::{self, Cause},
};

/// How often is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);

/// The plan of a collector, where it runs by itself.
#[must_use]
pub(crate) fn plan(collector: &CollectorConfig) -> Option<Plan> {
    // `check` has refused schedules that cannot be read.
    collector.schedule.as_ref().and_then(|schedule| Plan::new(schedule).ok())
}

/// Runs what is due, for ever. Flags are judged anew when the day or the hour changes, even if nothing was collected.
pub(crate) async fn run(app: Shared) {
    let up_since = app.clock.now();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut judged_hour = None;
    let story_end = app.story_done().ok().flatten();
    loop {
        ticks.tick().await;
        let now = app.clock.now();
        let hour = now.format("%Y-%m-%dT%H").to_string();
        if judged_hour.as_ref() != Some(&hour) {
            judged_hour = Some(hour);
            collect::judge(&app, now).await;
        }
        for (name, collector) in &app.config.collectors {
            let Some(plan) = plan(collector) else { continue };
            if app.is_running(name) || app.is_paused(name) {
                continue;
            }
            let last = match app.last_planned(name) {
                // A story has run everything up to its end.
                Ok(last) => last.max(story_end),
                Err(error) => {
                    tracing::error!(collector = %name, "cannot read the last run: {error:#}");
                    continue;
                }
            };
            let due = plan.due(name, last, up_since, now);
            for planned in due.skipped {
                skipped(&app, name, planned, now);
            }
            if due.run.is_empty() {
                continue;
            }
            let Some(guard) = app.begin(name) else { continue };
            let (app, name) = (Shared::clone(&app), name.clone());
            tokio::spawn(async move {
                for planned in due.run {
                    let now = app.clock.now();
                    collect::run(&app, &name, &Cause::Planned(planned), now).await;
                }
                collect::judge(&app, app.clock.now()).await;
                drop(guard);
            });
        }
    }
}

/// Records that a planned run was missed and is not made up for.
fn skipped(app: &App, name: &str, planned: DateTime<FixedOffset>, now: DateTime<FixedOffset>) {
    let run = Run {
        id: RunId(0),
        collector: name.into(),
        planned: Some(planned),
        started: now,
        finished: now,
        outcome: Outcome::Skipped,
        read: 0,
        accepted: 0,
        rejected: 0,
        content_hash: None,
        file: None,
        message: Some("chương trình không chạy vào giờ đã định; lần này không thu thập bù".to_owned()),
        by: None,
    };
    collect::record(app, run);
}

/// Planned times of a story in order, each with the collectors that run then. Of one day only the last planned time of
/// a collector counts.
#[must_use]
pub(crate) fn planned_between(
    app: &App,
    after: DateTime<FixedOffset>,
    until: DateTime<FixedOffset>,
) -> Vec<(DateTime<FixedOffset>, Vec<String>)> {
    let mut planned: BTreeMap<DateTime<FixedOffset>, Vec<String>> = BTreeMap::new();
    for (name, collector) in &app.config.collectors {
        let Some(plan) = plan(collector) else { continue };
        let mut day = after.date_naive();
        while day <= until.date_naive() {
            let end = crate::clock::end_of(day).min(until);
            if let Some(at) = plan.last_until(end).filter(|at| *at > after && at.date_naive() == day) {
                planned.entry(at).or_default().push(name.clone());
            }
            let Some(next) = day.succ_opt() else { break };
            day = next;
        }
    }
    planned.into_iter().collect()
}
