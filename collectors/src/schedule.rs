//! When a collector runs: pure functions of its schedule, what it last did and the time.
//!
//! Planned times come from the cron expression alone. A run *starts* at its planned time plus a fixed offset plus a jitter
//! that is always the same for one collector and planned time, so a restart plans nothing twice.

use chrono::{DateTime, FixedOffset, TimeDelta};
use sha2::{Digest, Sha256};

use crate::config::{CatchUp, Schedule};

/// Most missed runs that are made up for or recorded one by one; older ones are only counted.
const MISSED_LIMIT: usize = 1000;

/// A schedule that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No cron expression.
    #[error(
        "`{0}` is no cron expression, expected `minute hour day-of-month month day-of-week`, such as `0 17 * * Mon-Fri`"
    )]
    Cron(String),
    /// Numbers for week days mean different days to different programs.
    #[error("`{0}` counts week days, expected names such as `Mon-Fri`")]
    WeekDay(String),
    /// No time zone.
    #[error("`{0}` is no time zone, expected `Asia/Ho_Chi_Minh` or an offset such as `+07:00`")]
    Zone(String),
}

/// A schedule that can be asked.
#[derive(Debug, Clone)]
pub struct Plan {
    cron: cron::Schedule,
    zone: FixedOffset,
    jitter_secs: u32,
    offset_secs: u32,
    catch_up: CatchUp,
    paused: bool,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Planned times to run now, oldest first.
    pub run: Vec<DateTime<FixedOffset>>,
    /// Planned times that were missed and are not made up for, oldest first: each gets a record.
    pub skipped: Vec<DateTime<FixedOffset>>,
}

impl Plan {
    /// Reads the schedule of a collector's file.
    ///
    /// # Errors
    /// The expression or the time zone cannot be read.
    pub fn new(schedule: &Schedule) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = schedule.cron.split_whitespace().collect();
        let expression = match fields.len() {
            5 => format!("0 {}", fields.join(" ")),
            6 => fields.join(" "),
            _ => return Err(ScheduleError::Cron(schedule.cron.clone())),
        };
        if fields
            .last()
            .is_some_and(|days| days.split('/').next().unwrap_or("").contains(|c: char| c.is_ascii_digit()))
        {
            return Err(ScheduleError::WeekDay(schedule.cron.clone()));
        }
        let cron = expression.parse().map_err(|_| ScheduleError::Cron(schedule.cron.clone()))?;
        let zone = match schedule.time_zone.as_str() {
            "Asia/Ho_Chi_Minh" => "+07:00",
            other => other,
        };
        let zone = zone.parse().map_err(|_| ScheduleError::Zone(schedule.time_zone.clone()))?;
        Ok(Self {
            cron,
            zone,
            jitter_secs: schedule.collection_jitter_secs,
            offset_secs: schedule.collection_offset_secs,
            catch_up: schedule.catch_up,
            paused: schedule.paused,
        })
    }

    /// Whether it does not run by itself for now.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// The first planned time after a moment, in the schedule's zone.
    #[must_use]
    pub fn next_after(&self, moment: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        self.cron.after(&moment.with_timezone(&self.zone)).next()
    }

    /// The last planned time at or before a moment, in the schedule's zone.
    #[must_use]
    pub fn last_until(&self, moment: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        let just_after = moment.with_timezone(&self.zone) + TimeDelta::seconds(1);
        self.cron.after(&just_after).rev().find(|planned| *planned <= moment)
    }

    /// When the run of a planned time starts: offset and jitter added. The jitter is the same each time it is asked.
    #[must_use]
    pub fn start_of(&self, collector: &str, planned: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        let jitter = match self.jitter_secs {
            0 => 0,
            bound => {
                let digest = Sha256::digest(format!("{collector}@{}", planned.timestamp()));
                let number = digest.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
                number % bound
            }
        };
        planned + TimeDelta::seconds(i64::from(self.offset_secs) + i64::from(jitter))
    }

    /// What is to be done now, given the last planned time that has a record and since when the program is up.
    ///
    /// Planned times whose start lies before `up_since` were missed; the catch-up policy says what becomes of them. Those
    /// after it are simply due, one at a time: of several, the newest runs and the older ones are skipped, as they
    /// passed while the source was busy. A collector without any record looks back to its last planned time only.
    #[must_use]
    pub fn due(
        &self,
        collector: &str,
        last_planned: Option<DateTime<FixedOffset>>,
        up_since: DateTime<FixedOffset>,
        now: DateTime<FixedOffset>,
    ) -> Due {
        if self.paused {
            return Due::default();
        }
        let look_back = if last_planned.is_some() { MISSED_LIMIT } else { 1 };
        let just_after = now.with_timezone(&self.zone) + TimeDelta::seconds(1);
        let mut open: Vec<_> = self
            .cron
            .after(&just_after)
            .rev()
            .take_while(|planned| last_planned.is_none_or(|last| *planned > last))
            .filter(|planned| self.start_of(collector, *planned) <= now)
            .take(look_back)
            .collect();
        open.reverse();
        let (missed, fresh): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|planned| self.start_of(collector, *planned) < up_since);
        let mut due = Due::default();
        match self.catch_up {
            CatchUp::All => due.run = missed,
            CatchUp::Skip => due.skipped = missed,
            CatchUp::Once => {
                due.skipped = missed;
                if fresh.is_empty() {
                    due.run.extend(due.skipped.pop());
                }
            }
        }
        due.skipped.extend(fresh.iter().take(fresh.len().saturating_sub(1)));
        due.run.extend(fresh.last());
        due
    }

    /// Planned times that have passed since the last success: 0 is in time, 1 or more is overdue. Counted up to 1,000.
    #[must_use]
    pub fn passed_since(&self, last_success: DateTime<FixedOffset>, now: DateTime<FixedOffset>) -> usize {
        let from = last_success.with_timezone(&self.zone);
        self.cron.after(&from).take_while(|planned| *planned <= now).take(MISSED_LIMIT).count()
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, Plan, ScheduleError};
    use crate::config::{CatchUp, Schedule};
    use chrono::{DateTime, FixedOffset};

    fn schedule(cron: &str) -> Schedule {
        Schedule {
            cron: cron.to_owned(),
            time_zone: "Asia/Ho_Chi_Minh".to_owned(),
            collection_jitter_secs: 0,
            collection_offset_secs: 0,
            catch_up: CatchUp::Once,
            paused: false,
        }
    }

    fn at(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    fn times(due: &[DateTime<FixedOffset>]) -> Vec<String> {
        due.iter().map(|t| t.format("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn planned_times_are_in_vietnam() {
        let plan = Plan::new(&schedule("0 17 * * Mon-Fri")).unwrap();
        let friday = at("2025-12-26T10:00:00Z");
        assert_eq!(plan.next_after(friday), Some(at("2025-12-29T17:00:00+07:00")));
        assert_eq!(plan.last_until(friday), Some(at("2025-12-26T17:00:00+07:00")));
        assert_eq!(plan.last_until(at("2025-12-26T16:59:59+07:00")), Some(at("2025-12-25T17:00:00+07:00")));
        let monthly = Plan::new(&schedule("30 0 6 5 * *")).unwrap();
        assert_eq!(monthly.next_after(friday), Some(at("2026-01-05T06:00:30+07:00")));
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let refused = |cron: &str| Plan::new(&schedule(cron)).unwrap_err();
        assert!(matches!(refused("0 17 * *"), ScheduleError::Cron(_)));
        assert!(matches!(refused("0 25 * * *"), ScheduleError::Cron(_)));
        assert!(matches!(refused("0 17 * * 1"), ScheduleError::WeekDay(_)));
        let mut elsewhere = schedule("0 17 * * *");
        elsewhere.time_zone = "Hanoi".to_owned();
        assert!(matches!(Plan::new(&elsewhere), Err(ScheduleError::Zone(_))));
    }

    fn due_after_three_days_down(catch_up: CatchUp) -> Due {
        let mut daily = schedule("0 17 * * *");
        daily.catch_up = catch_up;
        let up = at("2025-12-13T08:00:00+07:00");
        Plan::new(&daily).unwrap().due("x", Some(at("2025-12-09T17:00:00+07:00")), up, up)
    }

    #[test]
    fn missed_runs_follow_the_policy() {
        let due = due_after_three_days_down(CatchUp::Skip);
        assert_eq!((times(&due.run), times(&due.skipped).len()), (vec![], 3));
        let due = due_after_three_days_down(CatchUp::Once);
        assert_eq!(times(&due.run), ["12 17:00"]);
        assert_eq!(times(&due.skipped), ["10 17:00", "11 17:00"]);
        let due = due_after_three_days_down(CatchUp::All);
        assert_eq!(times(&due.run), ["10 17:00", "11 17:00", "12 17:00"]);
        assert!(due.skipped.is_empty());
    }

    #[test]
    fn a_run_is_due_once() {
        let plan = Plan::new(&schedule("0 17 * * *")).unwrap();
        let up = at("2025-12-10T08:00:00+07:00");
        let yesterday = Some(at("2025-12-09T17:00:00+07:00"));
        assert_eq!(plan.due("x", yesterday, up, at("2025-12-10T16:59:59+07:00")), Due::default());
        let today = at("2025-12-10T17:00:00+07:00");
        assert_eq!(plan.due("x", yesterday, up, today).run, [today]);
        assert_eq!(plan.due("x", Some(today), up, at("2025-12-10T17:00:01+07:00")), Due::default());
        assert_eq!(plan.due("x", None, up, today).run, [today], "the first run ever");
    }

    #[test]
    fn a_busy_source_skips_what_passed_meanwhile() {
        let plan = Plan::new(&schedule("*/10 * * * *")).unwrap();
        let up = at("2025-12-10T08:00:00+07:00");
        let due = plan.due("x", Some(at("2025-12-10T09:00:00+07:00")), up, at("2025-12-10T09:31:00+07:00"));
        assert_eq!(times(&due.run), ["10 09:30"]);
        assert_eq!(times(&due.skipped), ["10 09:10", "10 09:20"]);
    }

    #[test]
    fn jitter_is_bounded_and_steady() {
        let mut jittered = schedule("0 17 * * *");
        jittered.collection_jitter_secs = 600;
        jittered.collection_offset_secs = 60;
        let plan = Plan::new(&jittered).unwrap();
        let planned = at("2025-12-10T17:00:00+07:00");
        let starts: Vec<_> = ["a", "b", "c", "d"]
            .iter()
            .map(|name| (plan.start_of(name, planned) - planned).num_seconds())
            .collect();
        assert!(starts.iter().all(|secs| (60..660).contains(secs)), "{starts:?}");
        assert!(starts.iter().any(|secs| *secs != starts[0]), "{starts:?}");
        assert_eq!(plan.start_of("a", planned), plan.start_of("a", planned));
        let start = plan.start_of("a", planned);
        let up = at("2025-12-10T08:00:00+07:00");
        let before = Some(at("2025-12-09T17:00:00+07:00"));
        assert!(plan.due("a", before, up, start - chrono::TimeDelta::seconds(1)).run.is_empty());
        assert_eq!(plan.due("a", before, up, start).run, [planned]);
    }

    #[test]
    fn overdue_counts_planned_times() {
        let plan = Plan::new(&schedule("0 6 5 * *")).unwrap();
        let success = at("2025-10-05T06:01:00+07:00");
        assert_eq!(plan.passed_since(success, at("2025-11-05T05:59:00+07:00")), 0);
        assert_eq!(plan.passed_since(success, at("2025-12-06T00:00:00+07:00")), 2);
    }

    #[test]
    fn a_paused_collector_has_nothing_to_do() {
        let mut paused = schedule("0 17 * * *");
        paused.paused = true;
        let now = at("2025-12-10T18:00:00+07:00");
        assert_eq!(Plan::new(&paused).unwrap().due("x", None, now, now), Due::default());
    }
}
