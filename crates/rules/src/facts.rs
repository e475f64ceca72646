//! What was said, kept in memory so that any question *as of* a moment can be answered: observations by indicator and
//! place, with every revision.
//!
//! Each point is linked to the one added before it for the same place, so adding costs nothing and the order of adding
//! never matters: what is newest is decided by period and `recorded_at` when it is asked.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    CollectorName, Dimensions, Evidence, Gazetteer, Head, IndicatorId, IndicatorSet, Period, PeriodKind,
    PlaceIx, Point, Qualifier, RunId, Value,
};

use crate::{formula::Formulas, sentence::Sentence};

/// No point: end of a chain.
const NONE: u32 = u32::MAX;

/// Vietnam's offset from UTC, in seconds. The country has one, without summer time.
const VIETNAM_SECONDS: i32 = 7 * 3_600;

/// What people call the collectors. One without a title is called by its id.
pub type Titles = BTreeMap<CollectorName, Sentence>;

/// What was known, ready to be judged.
#[derive(Debug)]
pub struct Facts {
    /// One token for each stretch of adding that these facts contain: a judgement made in one of them can be made anew.
    tokens: Vec<Arc<()>>,
    /// A copy goes on from here: what is added next is a stretch of its own.
    continued: AtomicBool,
    pub(crate) gazetteer: Arc<Gazetteer>,
    pub(crate) indicators: Arc<IndicatorSet>,
    pub(crate) formulas: Arc<Formulas>,
    pub(crate) titles: Arc<Titles>,
    heads: Vec<Known>,
    /// Number of a head by its address. The head is held, so the address stays its own.
    by_address: HashMap<usize, u32>,
    voices: HashMap<(CollectorName, Evidence, Dimensions), u32>,
    columns: BTreeMap<IndicatorId, Arc<Column>>,
}

/// A head with what is asked of it again and again.
#[derive(Debug, Clone)]
struct Known {
    head: Arc<Head>,
    /// Same number: a later statement replaces or follows an earlier one.
    voice: u32,
    ends: NaiveDate,
    /// Day it became known in Vietnam.
    known_on: NaiveDate,
    /// First day on which it no longer speaks. `None` when that is beyond the calendar used.
    stale_from: Option<NaiveDate>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    newest: Vec<u32>,
    entries: Vec<Entry>,
}

/// A point with its head and the entry before it, in as few bytes as it needs: there are many.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The number, or the numerator of a ratio.
    number: f64,
    /// What the numerator was counted among. Not a number where there is no ratio.
    among: f64,
    place: PlaceIx,
    samples: u32,
    row: u32,
    head: u32,
    earlier: u32,
    qualifier: Qualifier,
}

impl Entry {
    fn new(point: Point, head: u32, earlier: u32) -> Self {
        let (number, among) = match point.value {
            Value::Number(number) => (number, f64::NAN),
            Value::Ratio { numerator, denominator } => (numerator, denominator),
        };
        let Point { place, row, qualifier, samples, .. } = point;
        Self { number, among, place, samples: samples.unwrap_or(NONE), row, head, earlier, qualifier }
    }

    fn point(&self) -> Point {
        let value = if self.among.is_nan() {
            Value::Number(self.number)
        } else {
            Value::Ratio { numerator: self.number, denominator: self.among }
        };
        let samples = (self.samples != NONE).then_some(self.samples);
        Point { place: self.place, value, qualifier: self.qualifier, samples, row: self.row }
    }
}

/// One thing that was said of one place.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Who, what, when.
    pub head: &'a Arc<Head>,
    /// The number.
    pub point: Point,
    /// Last day of its period.
    pub ends: NaiveDate,
    pub(crate) voice: u32,
    /// Day it became known in Vietnam.
    pub(crate) known_on: NaiveDate,
    /// First day on which it no longer speaks.
    pub(crate) stale_from: Option<NaiveDate>,
}

impl Said<'_> {
    /// Whether it still speaks on a day.
    pub(crate) fn fresh(&self, day: NaiveDate) -> bool {
        self.stale_from.is_none_or(|stale| day < stale)
    }

    /// What decides which of two statements is the newer one, whatever order they came in.
    fn rank(&self) -> (NaiveDate, NaiveDate, DateTime<FixedOffset>, RunId, u32) {
        let head = self.head;
        (self.ends, head.key.period.start(), head.recorded_at, head.run, self.point.row)
    }

    /// Whether it rests on samples enough to speak; where none were stated, it does.
    pub(crate) fn enough(&self, minimum: u32) -> bool {
        self.point.samples.is_none_or(|samples| samples >= minimum)
    }

    pub(crate) fn newer_than(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }
}

/// From where one looks: what was known by `as_of`, judged on `day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Nothing recorded later is known.
    pub as_of: DateTime<FixedOffset>,
    /// The day on which age, borders and targets are judged.
    pub day: NaiveDate,
}

impl Moment {
    /// Now is then: the day is that of the moment in Vietnam.
    #[must_use]
    pub fn at(as_of: DateTime<FixedOffset>) -> Self {
        Self { as_of, day: day_in_vietnam(as_of) }
    }

    /// The end of a day in Vietnam, looked at with what is known by `as_of`.
    #[must_use]
    pub fn on(day: NaiveDate, as_of: DateTime<FixedOffset>) -> Self {
        Self { as_of, day }
    }
}

/// The day it is in Vietnam at a moment.
#[must_use]
pub fn day_in_vietnam(at: DateTime<FixedOffset>) -> NaiveDate {
    FixedOffset::east_opt(VIETNAM_SECONDS)
        .map_or_else(|| at.date_naive(), |zone| at.with_timezone(&zone).date_naive())
}

/// The last moment of a day in Vietnam: what `as_of` a day means.
#[must_use]
pub fn end_of_day(day: NaiveDate) -> DateTime<FixedOffset> {
    let last =
        day.succ_opt().unwrap_or(day).and_time(chrono::NaiveTime::MIN) - chrono::TimeDelta::nanoseconds(1);
    let utc = (last - chrono::TimeDelta::seconds(i64::from(VIETNAM_SECONDS))).and_utc();
    FixedOffset::east_opt(VIETNAM_SECONDS).map_or_else(|| utc.fixed_offset(), |zone| utc.with_timezone(&zone))
}

impl Facts {
    /// Nothing known yet of these places and indicators.
    #[must_use]
    pub fn new(gazetteer: Arc<Gazetteer>, indicators: Arc<IndicatorSet>) -> Self {
        let formulas = Arc::new(Formulas::read(&indicators));
        Self {
            tokens: vec![Arc::new(())],
            continued: AtomicBool::new(false),
            gazetteer,
            indicators,
            formulas,
            titles: Arc::default(),
            heads: Vec::new(),
            by_address: HashMap::new(),
            voices: HashMap::new(),
            columns: BTreeMap::new(),
        }
    }

    /// The same, with what people call the collectors.
    #[must_use]
    pub fn titled(self, titles: Titles) -> Self {
        Self { titles: Arc::new(titles), ..self }
    }

    /// A copy to add more to while these facts stay in use. Judgements of these can be made anew by the copy.
    #[must_use]
    pub fn continued(&self) -> Self {
        self.continued.store(true, Ordering::Relaxed);
        let mut tokens = self.tokens.clone();
        tokens.push(Arc::new(()));
        Self {
            tokens,
            continued: AtomicBool::new(false),
            gazetteer: Arc::clone(&self.gazetteer),
            indicators: Arc::clone(&self.indicators),
            formulas: Arc::clone(&self.formulas),
            titles: Arc::clone(&self.titles),
            heads: self.heads.clone(),
            by_address: self.by_address.clone(),
            voices: self.voices.clone(),
            columns: self.columns.clone(),
        }
    }

    /// The same statements about other versions of the places and indicators: the borders and declarations of a past
    /// day, or those to try. What was said of places that are not there is left aside.
    #[must_use]
    pub fn seen_with(&self, gazetteer: Arc<Gazetteer>, indicators: Arc<IndicatorSet>) -> Self {
        let mut heads = self.heads.clone();
        for known in &mut heads {
            let declared = indicators.get(known.head.key.indicator.as_str());
            let (every, staleness) = declared.map_or((PeriodKind::Day, 0), |i| (i.period, i.staleness));
            known.stale_from = stale_from(known.head.key.period, every, staleness);
        }
        Self {
            tokens: vec![Arc::new(())],
            continued: AtomicBool::new(false),
            formulas: Arc::new(Formulas::read(&indicators)),
            titles: Arc::clone(&self.titles),
            gazetteer,
            indicators,
            heads,
            by_address: self.by_address.clone(),
            voices: self.voices.clone(),
            columns: self.columns.clone(),
        }
    }

    /// The first day on which anything was known. `None` when nothing ever was.
    #[must_use]
    pub fn known_from(&self) -> Option<NaiveDate> {
        self.heads.iter().map(|known| known.known_on).min()
    }

    /// What a judgement made now is known by.
    pub(crate) fn token(&self) -> Option<&Arc<()>> {
        self.tokens.last()
    }

    /// Whether a judgement made of facts with this token was made of a beginning of these.
    pub(crate) fn began_with(&self, token: Option<&Arc<()>>) -> bool {
        token.is_some_and(|token| self.tokens.iter().any(|own| Arc::ptr_eq(own, token)))
    }

    /// Adds what one run said of one place. The same statement added twice counts once.
    pub fn add(&mut self, head: &Arc<Head>, point: Point) {
        if std::mem::take(self.continued.get_mut()) {
            self.tokens.push(Arc::new(()));
        }
        let number = self.number(head);
        let column = match self.columns.get_mut(&head.key.indicator) {
            Some(column) => column,
            None => self.columns.entry(head.key.indicator.clone()).or_default(),
        };
        // Copied only where other facts still look at it.
        let column = Arc::make_mut(column);
        if column.newest.len() <= point.place.index() {
            column.newest.resize(self.gazetteer.len().max(point.place.index() + 1), NONE);
        }
        let Ok(position) = u32::try_from(column.entries.len()) else { return };
        if let Some(newest) = column.newest.get_mut(point.place.index()) {
            column.entries.push(Entry::new(point, number, *newest));
            *newest = position;
        }
    }

    fn number(&mut self, head: &Arc<Head>) -> u32 {
        let address = Arc::as_ptr(head).addr();
        if let Some(number) = self.by_address.get(&address) {
            return *number;
        }
        let key = &head.key;
        let next = u32::try_from(self.voices.len()).unwrap_or(NONE);
        let named = (key.source.clone(), key.evidence, key.dimensions.clone());
        let voice = *self.voices.entry(named).or_insert(next);
        let number = u32::try_from(self.heads.len()).unwrap_or(NONE);
        let declared = self.indicators.get(key.indicator.as_str());
        let (every, staleness) = declared.map_or((PeriodKind::Day, 0), |i| (i.period, i.staleness));
        self.heads.push(Known {
            head: Arc::clone(head),
            voice,
            ends: key.period.end(),
            known_on: day_in_vietnam(head.recorded_at),
            stale_from: stale_from(key.period, every, staleness),
        });
        self.by_address.insert(address, number);
        number
    }

    /// Gives back what was reserved for more: after much was added, before it is kept.
    pub fn settle(&mut self) {
        for column in self.columns.values_mut().filter_map(Arc::get_mut) {
            column.entries.shrink_to_fit();
        }
    }

    /// The places the facts are about.
    #[must_use]
    pub fn gazetteer(&self) -> &Arc<Gazetteer> {
        &self.gazetteer
    }

    /// The indicators the facts are about.
    #[must_use]
    pub fn indicators(&self) -> &Arc<IndicatorSet> {
        &self.indicators
    }

    /// How much has been added of each indicator: what [`Facts::touched`] starts from.
    pub(crate) fn mark(&self) -> BTreeMap<IndicatorId, usize> {
        self.columns.iter().map(|(id, column)| (id.clone(), column.entries.len())).collect()
    }

    /// The places of which something has become known: added since the mark, or recorded after `from` and by `to`.
    pub(crate) fn touched(
        &self,
        mark: &BTreeMap<IndicatorId, usize>,
        from: DateTime<FixedOffset>,
        to: DateTime<FixedOffset>,
    ) -> Vec<bool> {
        let mut touched = vec![false; self.gazetteer.len()];
        let fresh: Vec<bool> = self
            .heads
            .iter()
            .map(|known| known.head.recorded_at > from && known.head.recorded_at <= to)
            .collect();
        let heads = || self.heads.iter().zip(&fresh);
        for (id, column) in &self.columns {
            let seen = mark.get(id).copied().unwrap_or(0);
            let news = heads().any(|(known, fresh)| *fresh && known.head.key.indicator == *id);
            if !news && column.entries.len() == seen {
                continue;
            }
            for (position, entry) in column.entries.iter().enumerate() {
                let new = position >= seen || fresh.get(entry.head as usize).copied().unwrap_or(false);
                if let Some(place) = touched.get_mut(entry.place.index()).filter(|_| new) {
                    *place = true;
                }
            }
        }
        touched
    }

    /// The places of which anything was ever said.
    pub(crate) fn spoken_of(&self) -> impl Iterator<Item = PlaceIx> {
        let mut spoken = vec![false; self.gazetteer.len()];
        for column in self.columns.values() {
            for (place, newest) in spoken.iter_mut().zip(&column.newest) {
                *place |= *newest != NONE;
            }
        }
        self.gazetteer.all().zip(spoken).filter(|(_, spoken)| *spoken).map(|(ix, _)| ix)
    }

    /// The next day after this one on which anything said may speak otherwise without anything new being said.
    pub(crate) fn next_turn(&self, moment: Moment) -> Option<NaiveDate> {
        let known = self.heads.iter().filter(|known| known.head.recorded_at <= moment.as_of);
        let turns = known.flat_map(|known| [Some(known.head.key.period.start()), known.stale_from]);
        turns.flatten().filter(|turn| *turn > moment.day).min()
    }

    /// What the statements about an indicator share, each once.
    pub(crate) fn heads_of(&self, indicator: &str) -> impl Iterator<Item = &Arc<Head>> {
        let heads = self.heads.iter().map(|known| &known.head);
        heads.filter(move |head| head.key.indicator.as_str() == indicator)
    }

    pub(crate) fn column(&self, indicator: &str) -> Option<&Column> {
        self.columns.get(indicator).map(Arc::as_ref)
    }

    /// Indicators somebody spoke of that are not declared, which therefore nobody judges.
    pub fn undeclared(&self) -> impl Iterator<Item = &IndicatorId> {
        self.columns.keys().filter(|id| self.indicators.get(id.as_str()).is_none())
    }

    /// Everything said of one indicator at one place by `as_of`, revisions included, newest added first.
    pub fn said(
        &self,
        indicator: &str,
        place: PlaceIx,
        as_of: DateTime<FixedOffset>,
    ) -> impl Iterator<Item = Said<'_>> {
        self.in_column(self.column(indicator), place, as_of)
    }

    pub(crate) fn in_column<'a>(
        &'a self,
        column: Option<&'a Column>,
        place: PlaceIx,
        as_of: DateTime<FixedOffset>,
    ) -> impl Iterator<Item = Said<'a>> {
        let first = column.and_then(|column| column.newest.get(place.index())).copied().unwrap_or(NONE);
        let entry = move |position: u32| column.and_then(|column| column.entries.get(position as usize));
        std::iter::successors(entry(first), move |last| entry(last.earlier)).filter_map(move |entry| {
            let known = self.heads.get(entry.head as usize)?;
            let said = Said {
                head: &known.head,
                point: entry.point(),
                ends: known.ends,
                voice: known.voice,
                known_on: known.known_on,
                stale_from: known.stale_from,
            };
            (known.head.recorded_at <= as_of).then_some(said)
        })
    }

    /// The newest thing each voice (source, evidence and dimensions) said by the moment, about periods that had begun.
    /// A correction has replaced what it corrects; a newer statement with too few samples does not hide an older one
    /// with enough. In order of source, evidence and dimensions.
    #[must_use]
    pub fn newest(
        &self,
        indicator: &str,
        place: PlaceIx,
        minimum_samples: u32,
        moment: Moment,
    ) -> Vec<Said<'_>> {
        let mut found = self.newest_in(self.column(indicator), place, minimum_samples, moment);
        found.sort_by(|one, other| {
            let (one, other) = (&one.head.key, &other.head.key);
            (&one.source, one.evidence, &one.dimensions).cmp(&(
                &other.source,
                other.evidence,
                &other.dimensions,
            ))
        });
        found
    }

    pub(crate) fn newest_in<'a>(
        &'a self,
        column: Option<&'a Column>,
        place: PlaceIx,
        minimum_samples: u32,
        moment: Moment,
    ) -> Vec<Said<'a>> {
        newest_of(&self.gather(column, place, moment.as_of), minimum_samples, moment)
    }

    /// Everything said of one place by `as_of`: voice by voice, the newest first.
    pub(crate) fn gather<'a>(
        &'a self,
        column: Option<&'a Column>,
        place: PlaceIx,
        as_of: DateTime<FixedOffset>,
    ) -> Vec<Said<'a>> {
        let mut all: Vec<Said<'a>> = self.in_column(column, place, as_of).collect();
        if all.len() > 1 {
            all.sort_unstable_by(|one, other| {
                one.voice.cmp(&other.voice).then(other.rank().cmp(&one.rank()))
            });
        }
        all
    }
}

/// Of what was gathered, the newest of each voice at a moment.
pub(crate) fn newest_of<'a>(gathered: &[Said<'a>], minimum_samples: u32, moment: Moment) -> Vec<Said<'a>> {
    let mut newest: Vec<Said<'a>> = Vec::new();
    let mut last: Option<Said<'a>> = None;
    for said in gathered {
        if said.head.recorded_at > moment.as_of || said.head.key.period.start() > moment.day {
            continue;
        }
        // What a correction replaced is not said any more.
        let replaced = last
            .as_ref()
            .is_some_and(|last| last.voice == said.voice && last.head.key.period == said.head.key.period);
        if replaced {
            continue;
        }
        last = Some(*said);
        match newest.last_mut().filter(|kept| kept.voice == said.voice) {
            Some(kept) if !kept.enough(minimum_samples) && said.enough(minimum_samples) => *kept = *said,
            Some(_) => {}
            None => newest.push(*said),
        }
    }
    newest
}

/// The days up to the moment's on which what gathered statements make known may have changed: one was recorded, its
/// period began, or it grew stale before its voice spoke again. Not sorted.
pub(crate) fn turning_points(gathered: &[Said<'_>], day: NaiveDate, into: &mut Vec<NaiveDate>) {
    let mut newer: Option<&Said<'_>> = None;
    for said in gathered {
        let from = said.known_on.max(said.head.key.period.start());
        if from <= day {
            into.push(from);
        }
        let overtaken = |stale: NaiveDate| {
            newer.is_some_and(|newer| {
                newer.voice == said.voice && newer.known_on <= stale && newer.fresh(stale)
            })
        };
        into.extend(said.stale_from.filter(|stale| *stale <= day && !overtaken(*stale)));
        newer = Some(said);
    }
}

/// The next day after the moment's on which gathered statements may say something else without anything new being said:
/// one that counts grows stale, or a period begins. One that its voice has followed up does not count again.
pub(crate) fn next_turn(gathered: &[Said<'_>], minimum_samples: u32, moment: Moment) -> Option<NaiveDate> {
    let begins = gathered.iter().map(|said| said.head.key.period.start());
    let newest = newest_of(gathered, minimum_samples, moment);
    let ends = newest.iter().filter_map(|said| said.stale_from);
    begins.chain(ends).filter(|turn| *turn > moment.day).min()
}

/// First day on which an observation of a period no longer speaks: the day after the end of the first whole period beyond
/// the staleness. Periods are those of the indicator; an observation of a longer one is counted in its own, so that a
/// test of one day lives as long as the month it was made in. `None` when that is beyond the calendar used.
fn stale_from(period: Period, every: PeriodKind, staleness: u32) -> Option<NaiveDate> {
    if staleness > 1_000 {
        return None;
    }
    let mut last = Period::containing(every.max(period.kind()), period.end());
    for _ in 0..=staleness {
        last = last.next();
    }
    last.end().succ_opt()
}
