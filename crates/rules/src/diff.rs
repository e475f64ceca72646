//! A dry run of changed rules or targets: which flags they would have raised or cleared over history.
//!
//! Both configurations live through the same days from nothing, so only the configuration can make a difference.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use gapwatch_model::{Flag, FlagKey, FlagState};

use crate::{
    config::Rules,
    facts::{Facts, end_of_day},
    flags::{advance, apply},
    judge::{Judgement, judge, rejudge},
    targets::Targets,
};

/// A configuration to try.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
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

/// Replays each day from one to another (both included) under two configurations. Sources are not in it: whether they
/// reported does not depend on what they said.
#[must_use]
pub fn rules_diff(
    facts: &Facts,
    old: Trial<'_>,
    new: Trial<'_>,
    from: NaiveDate,
    to: NaiveDate,
) -> RulesDiff {
    let mut lives = [Life::new(old), Life::new(new)];
    let mut last: BTreeMap<FlagKey, (Option<FlagState>, Option<FlagState>)> = BTreeMap::new();
    let mut differences = Vec::new();
    for on in from.iter_days().take_while(|day| *day <= to) {
        lives.iter_mut().for_each(|life| life.live(facts, on));
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
    RulesDiff { differences, firing_old: old, firing_new: new }
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

    fn live(&mut self, facts: &Facts, on: NaiveDate) {
        let now = end_of_day(on);
        let Trial { rules, targets } = self.trial;
        let judged = match &self.judged {
            Some(before) => rejudge(before, facts, rules, targets, now, &[]),
            None => judge(facts, rules, targets, now, &[]),
        };
        self.flags = apply(&self.flags, &advance(&self.flags, &judged, rules, now));
        self.judged = Some(judged);
    }

    fn firing(&self) -> u32 {
        let firing = self.flags.iter().filter(|flag| flag.state == FlagState::Firing).count();
        u32::try_from(firing).unwrap_or(u32::MAX)
    }
}
