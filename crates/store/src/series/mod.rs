//! Observations over time: the interface both backends keep, and what is asked of it.
//!
//! A backend keeps and gives back; it never interprets. A read answers *as of* a time by leaving out what was recorded
//! later. Answers stream through a callback, so a national answer is never one large allocation.

pub(crate) mod embedded;
pub(crate) mod influx;

use std::{fmt, sync::Arc};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    CollectorName, Dimensions, Evidence, Frame, Head, IndicatorId, Observation, Percent, Period, PlaceIx,
    Point, RunId,
};

use crate::StoreError;
pub use embedded::Sealed;
use embedded::mask::{BLOCK, Mask};

/// What a read hands out: points that share a head. One head may come in several pieces; within one, places rise.
pub type Sink<'a> = dyn FnMut(&Arc<Head>, &[Point]) + 'a;

/// Keeps observations. Every backend passes the same contract suite (`tests/contract.rs`).
pub trait SeriesStore: Send + Sync + fmt::Debug {
    /// Keeps frames: all of them or none. Appending the same again changes nothing.
    ///
    /// A point equal in value, qualifier and samples to what its source said of the same indicator, place, period,
    /// evidence and dimensions as of `at` is ignored; a different one is a correction from `at` on.
    ///
    /// # Errors
    /// Points out of order, of unknown places or not finite; a store that cannot be written.
    fn append(&self, run: RunId, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Counts, StoreError>;

    /// Says what [`SeriesStore::append`] would do, with what stands there now.
    ///
    /// # Errors
    /// As for `append`, and a store that cannot be read.
    fn compare(&self, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Comparison, StoreError>;

    /// Gives each place's observation of the newest period, per source, evidence and dimensions.
    ///
    /// # Errors
    /// A store that cannot be read, damaged frames.
    fn latest(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError>;

    /// Gives the observations of every period asked for, each as last corrected.
    ///
    /// # Errors
    /// A store that cannot be read, damaged frames.
    fn values(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError>;

    /// Gives everything that was said, corrected or not, in order of periods and recording.
    ///
    /// # Errors
    /// A store that cannot be read, damaged frames.
    fn revisions(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError>;

    /// Sums and counts per stream and period, over the places asked for.
    ///
    /// `cuts` divide amounts into `cuts.len() + 1` classes: below the first, from the first on, …
    ///
    /// # Errors
    /// A store that cannot be read, damaged frames.
    fn summary(&self, query: &Query, cuts: &[f64]) -> Result<Vec<Summary>, StoreError>;

    /// Lists what is kept: every indicator, source, evidence and dimensions that was ever said.
    ///
    /// # Errors
    /// A store that cannot be read.
    fn streams(&self, indicator: Option<&IndicatorId>) -> Result<Vec<Arc<Stream>>, StoreError>;

    /// Gives one place's observations in order of periods, each as last corrected.
    ///
    /// # Errors
    /// A store that cannot be read, damaged frames.
    fn history(&self, place: PlaceIx, query: &Query) -> Result<Vec<Observation>, StoreError> {
        let query = Query { places: Some(PlaceSet::from_iter([place])), ..query.clone() };
        let mut found = Vec::new();
        self.values(&query, &mut |head, points| {
            found.extend(points.iter().map(|point| Observation { head: head.clone(), point: *point }));
        })?;
        found.sort_by_cached_key(|o| (o.head.key.period.end(), o.head.key.period.start()));
        Ok(found)
    }
}

/// What a correction replaces, without place and period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// What was measured.
    pub indicator: IndicatorId,
    /// Who said it.
    pub source: CollectorName,
    /// How much weight it has.
    pub evidence: Evidence,
    /// What it is about beside the place.
    pub dimensions: Dimensions,
}

/// Which observations are asked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// Of this indicator.
    pub indicator: IndicatorId,
    /// Of these places; `None` means all.
    pub places: Option<PlaceSet>,
    /// Of periods whose last day lies in this range, both ends included; `None` means all.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// Recorded at or before this time; `None` means all that is known.
    pub as_of: Option<DateTime<FixedOffset>>,
    /// From these sources; `None` means all.
    pub sources: Option<Vec<CollectorName>>,
    /// Of these evidence classes; `None` means all.
    pub evidence: Option<Vec<Evidence>>,
    /// With exactly these dimensions; `None` means all.
    pub dimensions: Option<Dimensions>,
}

impl Query {
    /// Asks for everything known of an indicator. Narrow it by setting fields.
    #[must_use]
    pub fn new(indicator: IndicatorId) -> Self {
        Self {
            indicator,
            places: None,
            days: None,
            as_of: None,
            sources: None,
            evidence: None,
            dimensions: None,
        }
    }

    pub(crate) fn wants(&self, stream: &Stream) -> bool {
        stream.indicator == self.indicator
            && self.sources.as_ref().is_none_or(|wanted| wanted.contains(&stream.source))
            && self.evidence.as_ref().is_none_or(|wanted| wanted.contains(&stream.evidence))
            && self.dimensions.as_ref().is_none_or(|wanted| *wanted == stream.dimensions)
    }

    pub(crate) fn mask(&self, block: u32) -> Mask {
        self.places.as_ref().map_or_else(Mask::all, |places| places.mask(block))
    }
}

/// A set of places, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlaceSet {
    words: Vec<u64>,
}

impl PlaceSet {
    /// Adds a place.
    pub fn insert(&mut self, place: PlaceIx) {
        let word = place.index() / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (place.0 % 64);
        }
    }

    /// Whether the place is in it.
    #[must_use]
    pub fn contains(&self, place: PlaceIx) -> bool {
        self.words.get(place.index() / 64).is_some_and(|word| word >> (place.0 % 64) & 1 == 1)
    }

    /// The places in it, rising.
    pub fn iter(&self) -> impl Iterator<Item = PlaceIx> + '_ {
        (0..).zip(&self.words).flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| PlaceIx(word * 64 + bit))
        })
    }

    /// How many places are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no place is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    fn mask(&self, block: u32) -> Mask {
        let per_block = (BLOCK / 64) as usize;
        let from = block as usize * per_block;
        let to = (from + per_block).min(self.words.len());
        Mask::of_words(self.words.get(from..to).unwrap_or_default())
    }
}

impl FromIterator<PlaceIx> for PlaceSet {
    fn from_iter<I: IntoIterator<Item = PlaceIx>>(places: I) -> Self {
        let mut this = Self::default();
        places.into_iter().for_each(|place| this.insert(place));
        this
    }
}

/// What became of the points of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Said for the first time.
    pub imported: u32,
    /// Said differently before: corrections.
    pub updated: u32,
    /// Said the same before: not kept again.
    pub ignored: u32,
}

/// What a batch would change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// How many of each.
    pub counts: Counts,
    /// The corrections, in order of frames and points.
    pub changes: Vec<Change>,
}

/// One correction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Which frame of the batch.
    pub frame: usize,
    /// Which point of the frame.
    pub point: usize,
    /// What was said before.
    pub before: Point,
}

/// Sums and counts of one stream and period. Ratios are summed by their parts, never averaged.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Which stream.
    pub stream: Arc<Stream>,
    /// Which period.
    pub period: Period,
    /// Plain numbers among the observations.
    pub numbers: u64,
    /// Sum of the plain numbers, in the indicator's unit.
    pub sum: f64,
    /// Ratios among the observations.
    pub ratios: u64,
    /// Sum of their numerators.
    pub numerator: f64,
    /// Sum of their denominators.
    pub denominator: f64,
    /// Ratios with a zero denominator: there, but without a value.
    pub without_value: u64,
    /// Observations per class of amounts, lowest class first.
    pub classes: Vec<u64>,
}

impl Summary {
    /// Mean of the plain numbers; `None` where there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of places are far below 2^53")]
    pub fn mean(&self) -> Option<f64> {
        (self.numbers > 0).then(|| self.sum / self.numbers as f64)
    }

    /// Share of the summed parts; `None` for 0/0.
    #[must_use]
    pub fn share(&self) -> Option<Percent> {
        Percent::of(self.numerator, self.denominator)
    }

    /// How many places said something.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.numbers + self.ratios
    }
}
