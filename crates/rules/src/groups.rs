//! Lists made of a judgement and its flags: flags by commune, ranks, what changed between two moments.

use std::collections::BTreeMap;

use gapwatch_model::{Direction, Flag, FlagState, IndicatorId, PlaceIx, PlaceLevel, RuleId};

use crate::{eval::rounded, judge::Judgement};

/// The flags of one commune (or of the place itself, where it is no village) under one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagGroup {
    /// The commune.
    pub place: PlaceIx,
    /// The rule.
    pub rule: RuleId,
    /// Its flags, in order of keys.
    pub flags: Vec<Flag>,
}

/// Puts flags together by commune and rule, in order of codes and rules. Flags of places that are not there are left out.
#[must_use]
pub fn group(judgement: &Judgement, flags: &[Flag]) -> Vec<FlagGroup> {
    let gazetteer = &judgement.gazetteer;
    let mut groups: BTreeMap<_, Vec<Flag>> = BTreeMap::new();
    for flag in flags {
        let Some(place) = gazetteer.ix(&flag.key.place) else { continue };
        let village = gazetteer.get(place).level == PlaceLevel::Village;
        let commune =
            village.then(|| gazetteer.parent_on(place, judgement.moment.day)).flatten().unwrap_or(place);
        let code = gazetteer.get(commune).id.clone();
        groups.entry((code, flag.key.rule.clone(), commune)).or_default().push(flag.clone());
    }
    let made = groups.into_iter().map(|((_, rule, place), mut flags)| {
        flags.sort_by(|one, other| one.key.cmp(&other.key));
        FlagGroup { place, rule, flags }
    });
    made.collect()
}

/// One place in a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// 1 is best. Equal values share a rank and the next skips.
    pub rank: u32,
    /// The place.
    pub place: PlaceIx,
    /// Its value, in the indicator's unit.
    pub value: f64,
}

/// Ranks the places of a level under a place, best first, by the indicator's direction; values equal at the configured
/// decimals share a rank. Places without a value have none.
#[must_use]
pub fn ranking(
    judgement: &Judgement,
    place: PlaceIx,
    level: PlaceLevel,
    indicator: &IndicatorId,
) -> Vec<Ranked> {
    let gazetteer = &judgement.gazetteer;
    let lower = judgement.indicators.get(indicator.as_str()).is_some_and(|i| i.direction == Direction::Lower);
    let decimals = judgement.rules.tolerances.rank_decimals;
    let known = gazetteer.under_on(place, level, judgement.moment.day).into_iter().filter_map(|below| {
        let value = judgement.value(below, indicator.as_str())?.amount()?;
        Some((below, value))
    });
    let known: Vec<(PlaceIx, f64)> = known.collect();
    let amounts: Vec<Option<f64>> = known.iter().map(|(_, value)| Some(*value)).collect();
    let ranks = ranks(&amounts, lower, decimals);
    let all = known.into_iter().zip(ranks);
    let mut ranked: Vec<Ranked> =
        all.filter_map(|((place, value), rank)| Some(Ranked { rank: rank?, place, value })).collect();
    ranked.sort_by(|one, other| {
        one.rank
            .cmp(&other.rank)
            .then_with(|| gazetteer.get(one.place).id.cmp(&gazetteer.get(other.place).id))
    });
    ranked
}

/// Ranks of some amounts, 1 is best: the lowest if `lower`, else the highest. Equal at the decimals share a rank and the
/// next skips; what is not known has none.
#[must_use]
pub fn ranks(amounts: &[Option<f64>], lower: bool, decimals: u8) -> Vec<Option<u32>> {
    let key = |amount: f64| if lower { rounded(amount, decimals) } else { -rounded(amount, decimals) };
    let known = amounts.iter().enumerate().filter_map(|(at, amount)| Some((at, key((*amount)?))));
    let mut sorted: Vec<(usize, f64)> = known.collect();
    sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut ranks = vec![None; amounts.len()];
    let mut last: Option<(f64, u32)> = None;
    for (position, (at, key)) in (1_u32..).zip(sorted) {
        let rank = match last {
            Some((before, rank)) if before.total_cmp(&key).is_eq() => rank,
            _ => position,
        };
        last = Some((key, rank));
        if let Some(slot) = ranks.get_mut(at) {
            *slot = Some(rank);
        }
    }
    ranks
}

/// One flag whose state differs between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagChange {
    /// State before. `None` when there was no flag.
    pub before: Option<FlagState>,
    /// The flag after.
    pub after: Flag,
}

/// What became of the flags since an earlier moment, such as the last meeting: those whose state or since-day differs,
/// in order of keys. Coming and going in between shows as a later `since`.
#[must_use]
pub fn changes(before: &[Flag], after: &[Flag]) -> Vec<FlagChange> {
    let earlier: BTreeMap<_, &Flag> = before.iter().map(|flag| (&flag.key, flag)).collect();
    let later: BTreeMap<_, &Flag> = after.iter().map(|flag| (&flag.key, flag)).collect();
    let differs = |flag: &Flag| match earlier.get(&flag.key) {
        Some(before) => before.state != flag.state || before.since != flag.since,
        None => flag.state != FlagState::Inactive,
    };
    let changed = later.values().filter(|flag| differs(flag)).map(|flag| FlagChange {
        before: earlier.get(&flag.key).map(|flag| flag.state),
        after: (*flag).clone(),
    });
    changed.collect()
}
