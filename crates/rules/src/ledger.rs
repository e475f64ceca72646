//! Why the number of villages without signal changed between two judged moments: one line for each village that moved
//! the count, so the account always balances.
//!
//! Each end is what was known on its own day, and only the ends count. A village that changed parent moves first, with
//! the state it had, and changes after: so the accounts of the parts add up to the account of the whole.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{IndicatorId, Ledger, LedgerKind, LedgerLine, Period, PlaceIx, PlaceLevel, SignalState};

use crate::{
    config::{Published, Rules},
    facts::{Facts, Moment, newest_of},
    judge::Judgement,
};

/// The account of a place between two judged moments.
#[must_use]
pub fn ledger(opening: &Judgement, closing: &Judgement, place: PlaceIx) -> Ledger {
    let mut members: Vec<PlaceIx> = members(opening, place);
    members.extend(self::members(closing, place));
    members.sort_unstable();
    members.dedup();
    let mut account = Ledger::default();
    for village in members {
        let inside = |judgement: &Judgement| judgement.holds(place, village) || village == place;
        let state = |judgement: &Judgement| judgement.village(village).map(|found| found.state);
        let (was, is) = (state(opening), state(closing));
        let (was_here, is_here) = (was.is_some() && inside(opening), is.is_some() && inside(closing));
        account.opening += u32::from(was_here && was == Some(SignalState::NoSignal));
        account.closing += u32::from(is_here && is == Some(SignalState::NoSignal));
        let before = was.filter(|_| was_here);
        let after = is.filter(|_| is_here);
        let mut enter = |kind, sign: i32, on: NaiveDate| {
            account.lines.push(LedgerLine { kind, place: village, before, after, on, sign });
        };
        let moved = moved_on(opening, closing, village);
        if was == Some(SignalState::NoSignal) && was_here && !is_here {
            enter(LedgerKind::Boundary, -1, moved);
        }
        if was == Some(SignalState::NoSignal) && !was_here && is_here {
            enter(LedgerKind::Boundary, 1, moved);
        }
        if let Some(is) = is.filter(|_| is_here)
            && let Some((kind, sign)) = change(was, is)
        {
            enter(kind, sign, known_on(closing, village));
        }
    }
    for line in &account.lines {
        match line.kind {
            LedgerKind::Closed => account.closed += 1,
            LedgerKind::NewlyFound => account.newly_found += 1,
            LedgerKind::Regressed => account.regressed += 1,
            LedgerKind::Boundary => account.boundary += line.sign,
            LedgerKind::Reclassified => account.reclassified += line.sign,
            LedgerKind::NotBrokenDown => {}
        }
    }
    account
}

fn members(judgement: &Judgement, place: PlaceIx) -> Vec<PlaceIx> {
    judgement.villages_in(place).map(|village| village.place).collect()
}

/// What a change of state does to the count. `None` as opening means the village is new.
fn change(was: Option<SignalState>, is: SignalState) -> Option<(LedgerKind, i32)> {
    use SignalState::{Covered, NoSignal, Pocket, Unknown};
    match (was, is) {
        (Some(NoSignal), Covered) => Some((LedgerKind::Closed, -1)),
        (Some(NoSignal), Pocket | Unknown) => Some((LedgerKind::Reclassified, -1)),
        (None | Some(Unknown), NoSignal) => Some((LedgerKind::NewlyFound, 1)),
        (Some(Covered), NoSignal) => Some((LedgerKind::Regressed, 1)),
        (Some(Pocket), NoSignal) => Some((LedgerKind::Reclassified, 1)),
        (Some(NoSignal), NoSignal)
        | (None | Some(Unknown | Covered | Pocket), Covered | Pocket | Unknown) => None,
    }
}

/// Day the closing state became known; the closing day itself when nothing was ever said.
fn known_on(closing: &Judgement, village: PlaceIx) -> NaiveDate {
    closing.village(village).and_then(|found| found.since).unwrap_or(closing.moment.day)
}

/// Day of the first change of parent after the opening, or the village's end.
fn moved_on(opening: &Judgement, closing: &Judgement, village: PlaceIx) -> NaiveDate {
    let place = closing.gazetteer.get(village);
    let (from, to) = (opening.moment.day, closing.moment.day);
    let changes = place.memberships.iter().map(|membership| membership.from).chain(place.valid_to);
    let mut ancestors_moved: Vec<NaiveDate> = changes.filter(|day| *day > from && *day <= to).collect();
    ancestors_moved.sort_unstable();
    ancestors_moved.first().copied().unwrap_or(to)
}

/// A count somebody published for a place without saying which villages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedCount {
    /// Day it is about.
    pub on: NaiveDate,
    /// Villages without signal.
    pub no_signal: u32,
    /// Villages said to have been covered since the count before. `None` when nothing was said.
    pub closed: Option<u32>,
}

/// The account between two published counts: opening, closing, what was stated, and the rest not broken down.
#[must_use]
pub fn published_ledger(opening: &PublishedCount, closing: &PublishedCount) -> Ledger {
    let closed = closing.closed.unwrap_or(0);
    let signed = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    Ledger {
        opening: opening.no_signal,
        closed,
        closing: closing.no_signal,
        not_broken_down: signed(closing.no_signal) - signed(opening.no_signal) + signed(closed),
        ..Ledger::default()
    }
}

/// The account between the counts published of a place of which no village is known. `None` where villages are known,
/// no such counts are declared, or none speaks at one of the ends. A count is about its period, whenever it was
/// written down here, up to `as_of`.
#[must_use]
pub fn ledger_of_counts(
    facts: &Facts,
    rules: &Rules,
    place: PlaceIx,
    (from, to): (NaiveDate, NaiveDate),
    as_of: DateTime<FixedOffset>,
) -> Option<Ledger> {
    let Published { no_signal, closed } = rules.published.as_ref()?;
    let villages = |on| !facts.gazetteer.under_on(place, PlaceLevel::Village, on).is_empty();
    if villages(from) || villages(to) {
        return None;
    }
    let count = |id: &IndicatorId, on: NaiveDate| stated(facts, id, place, Moment::on(on, as_of));
    let ((first, opening), (last, closing)) = (count(no_signal, from)?, count(no_signal, to)?);
    // What was covered since the opening's count is said with the closing's or in between, never before.
    let covered = closed.as_ref().and_then(|id| count(id, to)).filter(|(about, _)| about.end() > first.end());
    let published = |about: Period, no_signal, closed| PublishedCount { on: about.end(), no_signal, closed };
    Some(published_ledger(
        &published(first, opening, None),
        &published(last, closing, covered.map(|(_, number)| number)),
    ))
}

/// The count of the newest period somebody spoke of that is not stale yet.
fn stated(facts: &Facts, id: &IndicatorId, place: PlaceIx, moment: Moment) -> Option<(Period, u32)> {
    let gathered = facts.gather(facts.column(id.as_str()), place, moment.as_of);
    let said = newest_of(&gathered, 0, moment).into_iter().filter(|said| said.fresh(moment.day));
    let newest = said.reduce(|one, other| if other.newer_than(&one) { other } else { one })?;
    let count = format!("{:.0}", newest.point.value.amount()?).parse().ok()?;
    Some((newest.head.key.period, count))
}
