//! Flags follow what is said and what time does, moment by moment.
//!
//! Nobody looks at every moment: the program may have been down when a clock of a flag ran out, when evidence grew
//! stale, or right after a batch was stored. Whoever looks next first judges those moments, each with what was known
//! then, so `since` is the day it happened and not the day it was noticed.

use std::{
    collections::BTreeSet,
    sync::{PoisonError, atomic::Ordering},
};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use gapwatch_model::{Flag, FlagState, Period, PeriodKind, Target, TargetPath};
use gapwatch_rules::{Judgement, Rules};
use gapwatch_store::RunQuery;

use crate::{
    app::App,
    clock::VIETNAM,
    config::Judging,
    world::{NOW, brought},
};

/// Up to when the flags were followed, written once a day.
const FOLLOWED: &str = "flags_followed";
/// Batches that were stored within this long of each other are judged together.
const TOGETHER: TimeDelta = TimeDelta::minutes(1);
/// Runs looked at in one go.
const PAGE: u32 = 64;

type Moment = DateTime<FixedOffset>;
/// A judgement with the flags it led to and their mark.
type Last = Option<(Judgement, u64, Vec<Flag>)>;

impl App {
    /// Judges now and records the flags that changed, after what happened since anybody looked last.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) fn refresh_flags(&self, now: Moment) -> anyhow::Result<()> {
        let mut last = self.worlds.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waited here must not record its changes as earlier than those of whoever was first.
        let now = last.as_ref().map_or(now, |(before, ..)| before.moment.as_of.max(now));
        let followed = match &*last {
            Some((before, ..)) => Some(before.moment.as_of),
            None => self.store.meta(FOLLOWED)?.and_then(|text| text.parse().ok()),
        };
        // Somebody else may have looked meanwhile.
        let from = followed.max(self.store.flags_changed()?);
        if let Some(mut here) = from {
            // What this program just stored is judged now, unless a day has ended or another program stored it.
            let apart = last.is_none() || here.date_naive() != now.date_naive();
            let stored = self.stored_between(here, if apart { now } else { now - NOW })?;
            let before = if last.is_none() { self.store.flags_as_of(from)? } else { Vec::new() };
            let borders = self.borders_between(here, now)?;
            let mut judging = self.in_force(here)?;
            loop {
                let flags = last.as_ref().map_or(&before, |(.., flags)| flags);
                let turns = |day| borders.contains(&day) || turns(day, &judging);
                let clocks = flags.iter().filter_map(|flag| runs_out(flag, &judging.rules));
                let told = judging.targets.iter().filter_map(|target| target.recorded_at);
                let moments = clocks.chain(told).filter(|moment| *moment > here && *moment < now);
                let batch = next_batch(here, &stored);
                let Some(next) = moments.chain(batch).chain(next_day(here, now, turns)).min() else { break };
                judging = self.follow_to(next, &mut last)?;
                here = next;
            }
        }
        let mark = self.store.series_mark()?;
        self.follow_to(now, &mut last)?;
        if followed.is_none_or(|day| day.date_naive() != now.date_naive()) {
            self.store.set_meta(FOLLOWED, &now.to_rfc3339())?;
        }
        self.worlds.followed.store(mark, Ordering::Release);
        Ok(())
    }

    /// Judges one moment and records the flags that change in it. Gives what it was judged by.
    fn follow_to(&self, at: Moment, last: &mut Last) -> anyhow::Result<Judging> {
        let judging = self.in_force(at)?;
        let Judging { rules, targets, .. } = &judging;
        let facts = self.facts_at(at)?;
        let home = self.home(facts.gazetteer(), at)?;
        let sources = self.sources(home, at)?;
        let (judgement, known) = match last.take() {
            Some((before, mark, flags)) => {
                let judgement = gapwatch_rules::rejudge(&before, &facts, rules, targets, at, &sources);
                (judgement, (mark == self.store.flag_mark()?).then_some(flags))
            }
            None => (gapwatch_rules::judge(&facts, rules, targets, at, &sources), None),
        };
        let mut flags = known.map_or_else(|| self.store.flags_as_of(Some(at)), Ok)?;
        flags.sort_by(|a, b| a.key.cmp(&b.key));
        let mut changed = gapwatch_rules::advance(&flags, &judgement, rules, at);
        changed.retain(|flag| moved(flag, &flags));
        if !changed.is_empty() {
            self.store.record_flags(&changed, at)?;
        }
        let flags = gapwatch_rules::apply(&flags, &changed);
        *last = Some((judgement, self.store.flag_mark()?, flags));
        Ok(judging)
    }

    /// When batches were stored after one moment and up to another, in order.
    fn stored_between(&self, after: Moment, until: Moment) -> anyhow::Result<Vec<Moment>> {
        let mut found = Vec::new();
        let mut asked = RunQuery { as_of: Some(until), limit: Some(PAGE), ..RunQuery::default() };
        if after >= until {
            return Ok(found);
        }
        loop {
            let runs = self.store.runs(&asked)?;
            let new = runs.iter().filter(|run| run.finished > after);
            found.extend(new.filter(|run| brought(run)).map(|run| run.finished));
            match runs.last() {
                Some(oldest) if oldest.finished > after => asked.before = Some(oldest.id),
                _ => break,
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The days after one moment and up to another on which a border of the catalogue changes.
    fn borders_between(&self, after: Moment, until: Moment) -> anyhow::Result<BTreeSet<NaiveDate>> {
        let (first, last) = (after.date_naive(), until.date_naive());
        if first == last {
            return Ok(BTreeSet::new());
        }
        let gazetteer = self.gazetteer_at(until)?;
        let days = gazetteer.places().iter().flat_map(|place| {
            let moves = place.memberships.iter().map(|membership| membership.from);
            moves.chain(place.valid_to).chain([place.id.valid_from])
        });
        Ok(days.filter(|day| *day > first && *day <= last).collect())
    }
}

/// When the next batches were stored: those soon after each other count as one.
fn next_batch(here: Moment, stored: &[Moment]) -> Option<Moment> {
    let mut batches = stored.iter().copied().skip_while(|moment| *moment <= here);
    let first = batches.next()?;
    Some(batches.take_while(|next| *next - first <= TOGETHER).last().unwrap_or(first))
}

/// The beginning of the next day that may turn something without anything new being said.
fn next_day(here: Moment, now: Moment, turns: impl Fn(NaiveDate) -> bool) -> Option<Moment> {
    let begins = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_local_timezone(VIETNAM).single();
    let days = here.with_timezone(&VIETNAM).date_naive().iter_days().skip(1).map_while(begins);
    days.take_while(|moment| *moment < now).find(|moment| turns(moment.date_naive()))
}

/// Whether a period begins on a day, so that something may grow stale, or a target asks for something else than before.
fn turns(day: NaiveDate, judging: &Judging) -> bool {
    let begins = |kind| Period::containing(kind, day).start() == day;
    let target = |target: &Target| {
        let path = match &target.path {
            None => false,
            Some(TargetPath::Linear { from, .. }) => *from < day && day <= target.due,
            Some(TargetPath::Step { steps }) => steps.iter().any(|(on, _)| *on == day),
        };
        path || target.valid_from == day || target.valid_to == Some(day) || target.due.succ_opt() == Some(day)
    };
    begins(PeriodKind::Month)
        || judging.indicators.iter().any(|indicator| begins(indicator.period))
        || judging.targets.iter().any(target)
}

/// When a flag changes by itself, where nothing else happens.
fn runs_out(flag: &Flag, rules: &Rules) -> Option<Moment> {
    let rule = rules.rules.get(&flag.key.rule)?;
    match (flag.state, flag.clear_since) {
        (FlagState::Pending, _) => Some(flag.since + rule.hold()),
        (FlagState::Firing, Some(clear)) => Some(clear + rule.keep()),
        _ => None,
    }
}

/// Whether a flag is in another state than it was, or its clock is another.
fn moved(flag: &Flag, before: &[Flag]) -> bool {
    let known = before.binary_search_by(|other| other.key.cmp(&flag.key)).ok().and_then(|at| before.get(at));
    known.is_none_or(|known| {
        (known.state, known.since, known.clear_since) != (flag.state, flag.since, flag.clear_since)
    })
}
