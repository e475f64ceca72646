//! How counts and values moved: judged at the end of every month, as known on that day.
//!
//! What was known on a past day never changes, so each month is judged once and kept in a small form.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::NaiveDate;
use gapwatch_model::{Gazetteer, IndicatorId, Period, PeriodKind, PlaceIx, SignalState};
use gapwatch_rules::{Counts, Judgement};

use crate::{app::App, clock, world::World};

/// Months looked back at.
const MONTHS: usize = 24;

/// One end of a month, judged.
#[derive(Debug, Default)]
pub(crate) struct MonthEnd {
    counts: HashMap<PlaceIx, Counts>,
    amounts: HashMap<IndicatorId, HashMap<PlaceIx, f64>>,
    /// Villages of which anything was known, in order, and whether there was signal at their centre.
    villages: Box<[(PlaceIx, bool)]>,
}

impl MonthEnd {
    /// Villages of a place by state, where anything was known of any.
    #[must_use]
    pub(crate) fn counts(&self, place: PlaceIx) -> Option<&Counts> {
        self.counts.get(&place)
    }

    /// An indicator of a place, where it had a value that spoke.
    #[must_use]
    pub(crate) fn amount(&self, place: PlaceIx, indicator: &IndicatorId) -> Option<f64> {
        self.amounts.get(indicator)?.get(&place).copied()
    }
}

impl MonthEnd {
    /// Whether a village had signal at its centre. `None` where nothing was known.
    #[must_use]
    pub(crate) fn signal(&self, village: PlaceIx) -> Option<bool> {
        let at = self.villages.binary_search_by_key(&village, |(ix, _)| *ix).ok()?;
        self.villages.get(at).map(|(_, signal)| *signal)
    }
}

/// The one day whose borders the past is carried over into, and the last day of a month.
type OverAndEnd = (Option<NaiveDate>, NaiveDate);

/// The ends of months that were judged.
#[derive(Debug, Default)]
pub(crate) struct MonthEnds {
    /// By last day, over their own borders or over those of a later day, of which one is kept.
    kept: Mutex<BTreeMap<OverAndEnd, Arc<MonthEnd>>>,
}

impl MonthEnds {
    fn find(&self, borders: Option<NaiveDate>, day: NaiveDate) -> Option<Arc<MonthEnd>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&(borders, day)).cloned()
    }

    fn keep(&self, borders: Option<NaiveDate>, day: NaiveDate, end: &Arc<MonthEnd>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, _), _| of.is_none() || borders.is_none() || *of == borders);
        kept.insert((borders, day), Arc::clone(end));
    }
}

impl App {
    /// The last months up to what is known, oldest first: each over its own borders, or all over those of one day. The month
    /// of the moment itself is what is judged already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn months(
        &self,
        world: &World,
        borders: Option<NaiveDate>,
    ) -> anyhow::Result<Vec<(Period, Arc<MonthEnd>)>> {
        let this = Period::containing(PeriodKind::Month, world.at.date_naive());
        let mut past: Vec<Period> = std::iter::successors(Some(this), |month| Some(month.previous()))
            .skip(1)
            .take(MONTHS - 1)
            .collect();
        past.reverse();
        let mut months = Vec::with_capacity(MONTHS);
        // Oldest first: each month is judged by what changed since the one before.
        let mut before: Option<Judgement> = None;
        for month in past {
            let day = month.end();
            let kept = self.month_ends.find(borders, day);
            let end = match kept {
                Some(end) => end,
                None => {
                    let judged = self.judge_after(before.as_ref(), clock::end_of(day), borders)?;
                    let end = Arc::new(small(&judged, &world.gazetteer));
                    before = Some(judged);
                    self.month_ends.keep(borders, day, &end);
                    end
                }
            };
            months.push((month, end));
        }
        let end = world.month_end.get_or_init(|| Arc::new(small(&world.judgement, &world.gazetteer)));
        months.push((this, Arc::clone(end)));
        Ok(months)
    }
}

/// Keeps what trends need of a judgement.
fn small(judgement: &Judgement, gazetteer: &Gazetteer) -> MonthEnd {
    let known = |ix: PlaceIx| {
        let state = judgement.village(ix)?.state;
        (state != SignalState::Unknown).then_some((ix, state != SignalState::NoSignal))
    };
    let villages = gazetteer.all().filter_map(known).collect();
    let mut small = MonthEnd { villages, ..MonthEnd::default() };
    for place in judgement.places() {
        if let Some(counts) = judgement.counts(*place).filter(|counts| counts.unknown < counts.total) {
            small.counts.insert(*place, *counts);
        }
        for (id, value) in judgement.values(*place) {
            if let Some(amount) = value.amount() {
                small.amounts.entry(id.clone()).or_default().insert(*place, amount);
            }
        }
    }
    small
}
