//! The life of flags: what was, and what is judged now, make what changes.
//!
//! `inactive → pending → firing → resolved`, with `no_data` beside them. Nothing is remembered outside the flags
//! themselves, so a restart changes nothing and any past can be replayed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Flag, FlagKey, FlagState};

use crate::{
    config::{NoDataPolicy, Rule, Rules},
    judge::{Judgement, Verdict},
};

/// The flags that change, in order of keys: their state, their clock or what they say. Those that stay are not listed.
#[must_use]
pub fn advance(
    previous: &[Flag],
    judgement: &Judgement,
    rules: &Rules,
    now: DateTime<FixedOffset>,
) -> Vec<Flag> {
    let before: BTreeMap<&FlagKey, &Flag> = previous.iter().map(|flag| (&flag.key, flag)).collect();
    let verdicts: BTreeMap<&FlagKey, Verdict> =
        judgement.raised.iter().map(|raised| (&raised.key, raised.verdict)).collect();
    let keys: BTreeSet<&FlagKey> = before.keys().chain(verdicts.keys()).copied().collect();
    let mut changed = Vec::new();
    for key in keys {
        let verdict = verdicts.get(key).copied().unwrap_or(Verdict::Clear);
        let flag = before.get(key).copied();
        let step = step(flag, rules.rules.get(&key.rule), verdict, now);
        if flag.is_none() && step.state == FlagState::Inactive {
            continue;
        }
        let moved = flag.is_none_or(|flag| flag.state != step.state);
        // A flag that rests says what it said when it came to rest.
        let resting = matches!(step.state, FlagState::Inactive | FlagState::Resolved) && !moved;
        let silent = verdict == Verdict::Unknown && !moved && step.state != FlagState::NoData;
        let (vi, en) = match flag {
            Some(flag) if resting || silent => (flag.explanation_vi.clone(), flag.explanation_en.clone()),
            _ => {
                let sentence = judgement.sentence(key, rules);
                (sentence.vi, sentence.en)
            }
        };
        let next = Flag {
            key: key.clone(),
            state: step.state,
            since: flag.filter(|_| !moved).map_or(now, |flag| flag.since),
            clear_since: step.clear_since,
            explanation_vi: vi,
            explanation_en: en,
            rules_version: match flag {
                Some(flag) if resting || silent => flag.rules_version.clone(),
                _ => judgement.rules_version.clone(),
            },
            acknowledgement: flag.filter(|_| !moved).and_then(|flag| flag.acknowledgement.clone()),
        };
        if flag.is_none_or(|flag| *flag != next) {
            changed.push(next);
        }
    }
    changed
}

/// Puts changes over what was, in order of keys.
#[must_use]
pub fn apply(previous: &[Flag], changed: &[Flag]) -> Vec<Flag> {
    let all = previous.iter().chain(changed).map(|flag| (&flag.key, flag));
    all.collect::<BTreeMap<_, _>>().into_values().cloned().collect()
}

struct Step {
    state: FlagState,
    clear_since: Option<DateTime<FixedOffset>>,
}

fn step(flag: Option<&Flag>, rule: Option<&Rule>, verdict: Verdict, now: DateTime<FixedOffset>) -> Step {
    let state = flag.map_or(FlagState::Inactive, |flag| flag.state);
    let since = flag.map_or(now, |flag| flag.since);
    let clear_since = flag.and_then(|flag| flag.clear_since);
    // A rule that is gone has nothing to hold on to.
    let hold = rule.map_or_else(Default::default, Rule::hold);
    let keep = rule.map_or_else(Default::default, Rule::keep);
    let to = |state| Step { state, clear_since: None };
    let raised = || match state {
        FlagState::Firing => to(FlagState::Firing),
        FlagState::Pending if now - since >= hold => to(FlagState::Firing),
        FlagState::Pending => to(FlagState::Pending),
        FlagState::Inactive | FlagState::Resolved | FlagState::NoData if hold.is_zero() => {
            to(FlagState::Firing)
        }
        FlagState::Inactive | FlagState::Resolved | FlagState::NoData => to(FlagState::Pending),
    };
    let clear = || match state {
        FlagState::Firing => {
            let from = clear_since.unwrap_or(now);
            if now - from >= keep {
                to(FlagState::Resolved)
            } else {
                Step { state: FlagState::Firing, clear_since: Some(from) }
            }
        }
        FlagState::Resolved => to(FlagState::Resolved),
        FlagState::Pending | FlagState::NoData | FlagState::Inactive => to(FlagState::Inactive),
    };
    // The last state stays and its clocks run on.
    let keep_last = || match (state, clear_since) {
        (FlagState::Pending, _) if now - since >= hold => to(FlagState::Firing),
        (FlagState::Firing, Some(from)) if now - from >= keep => to(FlagState::Resolved),
        _ => Step { state, clear_since },
    };
    match (verdict, rule.map(|rule| rule.no_data)) {
        (Verdict::Raised, _) | (Verdict::Unknown, Some(NoDataPolicy::Alerting)) => raised(),
        (Verdict::Clear, _) | (Verdict::Unknown, Some(NoDataPolicy::Ok) | None) => clear(),
        (Verdict::Unknown, Some(NoDataPolicy::NoData)) => to(FlagState::NoData),
        (Verdict::Unknown, Some(NoDataPolicy::KeepLast)) => keep_last(),
    }
}
