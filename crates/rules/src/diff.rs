//! A dry run of changed rules or targets: which flags they would have raised or cleared over history.
//!
//! Both configurations live through the same days, from the first on which anything was known, so only the configuration
//! can make a difference.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use gapwatch_model::{Flag, FlagKey, FlagState};

use crate::{
    config::Rules,
    facts::{Facts, end_of_day},
    flags::{advance, apply},
    judge::{Judgement, SourceStatus, judge, rejudge},
    targets::Targets,
};

/// A configuration to try.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// What was said, seen with its indicators.
    pub facts: &'a Facts,
    /// Its rules.
    pub rules: &'a Rules,
    /// Its targets.
    pub targets: &'a Targets,
}

/// One flag that would have been otherwise on a day, from that day until the next difference of the same flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDifference {
    /// First day of the difference.
    pub on: NaiveDate,
    /// The flag.
    pub key: FlagKey,
    /// Its state as the rules are. `None` when there is no flag.
    pub old: Option<FlagState>,
    /// Its state under the rules to try. `None` when there would be no flag.
    pub new: Option<FlagState>,
    /// What the flag would say under the rules to try; empty when there would be none.
    pub explanation_vi: String,
    /// The same in English.
    pub explanation_en: String,
}

/// What the whole comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesDiff {
    /// Every difference, in order of days and keys. A difference that goes away again is listed with both states equal.
    pub differences: Vec<RuleDifference>,
    /// Flags firing on the last day as the rules are.
    pub firing_old: u32,
    /// Flags firing on the last day under the rules to try.
    pub firing_new: u32,
}

/// Replays each day up to `to` under two configurations and lists what differs from `from` on (both included); what already
/// differed on the first day is listed on it. `sources` says how the sources stood at the end of a day.
///
/// # Errors
/// What `sources` fails with.
pub fn rules_diff<E>(
    old: Trial<'_>,
    new: Trial<'_>,
    from: NaiveDate,
    to: NaiveDate,
    mut sources: impl FnMut(NaiveDate) -> Result<Vec<SourceStatus>, E>,
) -> Result<RulesDiff, E> {
    let known_from = old.facts.known_from().unwrap_or(from);
    let mut lives = [Life::new(old), Life::new(new)];
    let mut last: BTreeMap<FlagKey, (Option<FlagState>, Option<FlagState>)> = BTreeMap::new();
    let mut differences = Vec::new();
    for on in known_from.iter_days().take_while(|day| *day <= to) {
        let stood = sources(on)?;
        lives.iter_mut().for_each(|life| life.live(on, &stood));
        if on < from {
            continue;
        }
        let [before, after] = &lives;
        let states = |life: &Life<'_>| -> BTreeMap<FlagKey, FlagState> {
            let there = life.flags.iter().filter(|flag| flag.state != FlagState::Inactive);
            there.map(|flag| (flag.key.clone(), flag.state)).collect()
        };
        let (was, is) = (states(before), states(after));
        let keys = was.keys().chain(is.keys()).chain(last.keys()).cloned();
        let keys: std::collections::BTreeSet<FlagKey> = keys.collect();
        for key in keys {
            let pair = (was.get(&key).copied(), is.get(&key).copied());
            let known = last.get(&key).copied();
            // Equal from the start is no difference; equal again after one is.
            if known == Some(pair) || (known.is_none_or(|(a, b)| a == b) && pair.0 == pair.1) {
                last.insert(key, pair);
                continue;
            }
            let flag = after.flags.iter().find(|flag| flag.key == key);
            differences.push(RuleDifference {
                on,
                old: pair.0,
                new: pair.1,
                explanation_vi: flag.map(|flag| flag.explanation_vi.clone()).unwrap_or_default(),
                explanation_en: flag.map(|flag| flag.explanation_en.clone()).unwrap_or_default(),
                key: key.clone(),
            });
            last.insert(key, pair);
        }
    }
    let [old, new] = lives.map(|life| life.firing());
    Ok(RulesDiff { differences, firing_old: old, firing_new: new })
}

struct Life<'a> {
    trial: Trial<'a>,
    judged: Option<Judgement>,
    flags: Vec<Flag>,
}

impl<'a> Life<'a> {
    fn new(trial: Trial<'a>) -> Self {
        Self { trial, judged: None, flags: Vec::new() }
    }

    fn live(&mut self, on: NaiveDate, sources: &[SourceStatus]) {
        let now = end_of_day(on);
        let Trial { facts, rules, targets } = self.trial;
        let judged = match &self.judged {
            Some(before) => rejudge(before, facts, rules, targets, now, sources),
            None => judge(facts, rules, targets, now, sources),
        };
        self.flags = apply(&self.flags, &advance(&self.flags, &judged, rules, now));
        self.judged = Some(judged);
    }

    fn firing(&self) -> u32 {
        let firing = self.flags.iter().filter(|flag| flag.state == FlagState::Firing).count();
        u32::try_from(firing).unwrap_or(u32::MAX)
    }
}
