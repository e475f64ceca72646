//! Series in InfluxDB 2, behind a spool in the catalogue's file.
//!
//! The catalogue keeps every frame (a fraction of a byte a point): it knows every revision, answers while the server is
//! away, and is what the spool delivers from. The server holds what stands under `rev=now` and what stood before under
//! numbers, so nothing overwritten is lost there either. While the spool is not empty the server is behind, and answers
//! come from the catalogue; `SpoolStatus::local_because` says so.

mod client;
mod flux;
pub(crate) mod known;
mod line;
pub(crate) mod spool;
mod transfer;

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use gapwatch_model::{Frame, Head, IndicatorId, PlaceIx, Point, RunId};
use rusqlite::Transaction;

use self::{
    client::Client,
    flux::{Revisions, Scope},
};
use super::{
    Comparison, Counts, PlaceSet, Query, SeriesStore, Sink, Stream, Summary,
    embedded::{self, Embedded, Sums, mask},
};
use crate::{StoreError, db::Db};

pub use client::{InfluxOptions, Secret};
pub use spool::{Delivery, SpoolStatus};
pub use transfer::{Progress, Transfer};

/// Most records asked for at a time, unless a single day brings more: some 15 MB.
const MOST_RECORDS: u64 = 50_000;

/// Most places that are named one by one in a question.
const MOST_NAMED: usize = 60;

/// The server and what stands before it.
#[derive(Debug)]
pub(crate) struct Influx {
    pub(crate) db: Arc<Db>,
    pub(crate) local: Embedded,
    pub(crate) client: Client,
    /// Which server this is: its address, organisation and bucket.
    pub(crate) server: String,
    /// Most points the spool may hold.
    pub(crate) most: u64,
    /// Why the last question failed at the server; `None` when it or a later delivery succeeded.
    pub(crate) local_because: Mutex<Option<String>>,
}

/// First and last day on which periods end.
type Days = (NaiveDate, NaiveDate);

/// A block of places and some days.
type Piece = (u32, Days);

/// One record of the server.
#[derive(Debug)]
struct Record {
    head: Head,
    point: Point,
    /// Sum of who bears the place's number where the record was written.
    bearer: u32,
    /// Position among the revisions of its key; what stands comes last.
    rev: u64,
}

impl Influx {
    pub(crate) fn open(db: Arc<Db>, options: &InfluxOptions) -> Result<Self, StoreError> {
        Ok(Self {
            local: Embedded::new(db.clone()),
            client: Client::new(options)?,
            server: format!("{} {} {}", options.url, options.org, options.bucket),
            most: options.spool_points,
            local_because: Mutex::default(),
            db,
        })
    }

    /// Keeps frames in the catalogue and puts them into the queue, or refuses both.
    pub(crate) fn queue(
        &self,
        transaction: &Transaction<'_>,
        run: RunId,
        at: DateTime<FixedOffset>,
        frames: &[Frame],
    ) -> Result<Counts, StoreError> {
        let before = known::newest(transaction)?;
        let counts = spool::append(transaction, self.most, run, at, frames)?;
        known::queued(transaction, &self.server, before)?;
        Ok(counts)
    }

    /// Asks the server when it is up to date and answers; the catalogue otherwise.
    fn ask<T>(
        &self,
        server: impl FnOnce() -> Result<T, StoreError>,
        local: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let there = self.db.read(|c| Ok(spool::depth(c)?.frames == 0 && known::whole(c, &self.server)?))?;
        if !there {
            return local();
        }
        match server() {
            Ok(answer) => {
                self.note(None);
                Ok(answer)
            }
            Err(StoreError::Server { doing, why, .. }) => {
                tracing::warn!("cannot {doing} ({why}), answering from the catalogue");
                self.note(Some(why));
                local()
            }
            Err(error) => Err(error),
        }
    }

    fn note(&self, because: Option<String>) {
        if let Ok(mut noted) = self.local_because.lock() {
            *noted = because;
        }
    }

    /// First and last day there is anything of the indicator, within the days asked for. `None`: the server need not be
    /// asked.
    fn days(&self, query: &Query) -> Result<Option<Days>, StoreError> {
        let nothing = query.places.as_ref().is_some_and(PlaceSet::is_empty)
            || query.sources.as_ref().is_some_and(Vec::is_empty)
            || query.evidence.as_ref().is_some_and(Vec::is_empty);
        if nothing {
            return Ok(None);
        }
        let known = self.db.read(|connection| embedded::days(connection, &query.indicator))?;
        Ok(known.and_then(|(first, last)| {
            let (from, to) = query.days.map_or((first, last), |(from, to)| (from.max(first), to.min(last)));
            (from <= to).then_some((from, to))
        }))
    }

    fn blocks(&self, query: &Query) -> Result<Vec<u32>, StoreError> {
        let blocks = self.db.read(embedded::blocks)?;
        Ok((0..blocks).filter(|block| !query.mask(*block).is_empty()).collect())
    }

    /// How a question can say which places are wanted.
    fn scope(&self, query: &Query) -> Result<Scope, StoreError> {
        let Some(wanted) = &query.places else { return Ok(Scope::All) };
        if wanted.len() <= MOST_NAMED {
            return Ok(Scope::Only(wanted.iter().collect()));
        }
        let known = self.db.read(|connection| embedded::spoken_of(connection, &query.indicator))?;
        let others: Vec<PlaceIx> = known.iter().filter(|place| !wanted.contains(*place)).collect();
        Ok(match others.len() {
            0 => Scope::All,
            1..=MOST_NAMED => Scope::Except(others),
            _ => Scope::Sifted,
        })
    }

    /// Cuts days into pieces that bring so many records or fewer, by what the catalogue says there is. Days without any are
    /// in none of them.
    fn windows(&self, query: &Query, block: u32, days: Days) -> Result<Vec<Days>, StoreError> {
        let (frames, places) = self.db.read(|connection| {
            let frames = embedded::frames_by_day(connection, &query.indicator, block, days)?;
            Ok((frames, embedded::places_in(connection, block)?))
        })?;
        let wanted = u64::from(query.mask(block).len().min(places));
        let (mut windows, mut records): (Vec<Days>, u64) = (Vec::new(), 0);
        for (day, frames) in frames {
            records += frames * wanted;
            match windows.last_mut() {
                // All days before 1970 are asked for at once: a range of some of them would be answered with all.
                Some((_, end)) if records <= MOST_RECORDS || day <= flux::EPOCH => *end = day,
                _ => {
                    windows.push((day, day));
                    records = frames * wanted;
                }
            }
        }
        Ok(windows)
    }

    /// Every wanted record of one block and window.
    fn records(
        &self,
        query: &Query,
        scope: &Scope,
        (block, days): Piece,
        revisions: Revisions,
    ) -> Result<Vec<Record>, StoreError> {
        let asked = flux::asked(days);
        self.read(query, days, flux::observations(&self.client.bucket, query, scope, block, asked, revisions))
    }

    /// Asks, and takes what is wanted: a server may say more.
    fn read(&self, query: &Query, (from, to): Days, flux: String) -> Result<Vec<Record>, StoreError> {
        let indicator = query.indicator.clone();
        let mut found = self.client.query(flux, move |columns| {
            let (head, point, bearer, rev) = line::read(indicator.as_str(), columns)?;
            let rev = if rev == line::NOW {
                u64::MAX
            } else {
                rev.parse().map_err(|_| format!("`{rev}` in column `rev` is no number"))?
            };
            Ok(Record { head, point, bearer, rev })
        })?;
        found.retain(|Record { head, point, .. }| {
            (from..=to).contains(&head.key.period.end())
                && query.as_of.is_none_or(|at| head.recorded_at <= at)
                && query.places.as_ref().is_none_or(|places| places.contains(point.place))
        });
        Ok(found)
    }

    /// What stood at the time asked for, of one block and window.
    fn standing(&self, query: &Query, scope: &Scope, piece: Piece) -> Result<Vec<Record>, StoreError> {
        let revisions = if query.as_of.is_some() { Revisions::All } else { Revisions::Standing };
        let mut standing: HashMap<(Stream, i64, PlaceIx), Record> = HashMap::new();
        let order = |record: &Record| (record.head.recorded_at, record.rev);
        for record in self.records(query, scope, piece, revisions)? {
            let period = embedded::period::code(record.head.key.period);
            keep_later(&mut standing, (stream_of(&record.head), period, record.point.place), record, order);
        }
        Ok(standing.into_values().collect())
    }

    /// The newest period of each series, of one block.
    fn newest(&self, query: &Query, scope: &Scope, (block, days): Piece) -> Result<Vec<Record>, StoreError> {
        let mut newest: HashMap<(Stream, PlaceIx), Record> = HashMap::new();
        let order = |record: &Record| embedded::period::code(record.head.key.period);
        let mut take = |found: Vec<Record>| {
            for record in found {
                keep_later(&mut newest, (stream_of(&record.head), record.point.place), record, order);
            }
        };
        if query.as_of.is_none() && days.1 >= flux::EPOCH {
            take(self.read(query, days, flux::latest(&self.client.bucket, query, scope, block, days))?);
        } else {
            for window in self.windows(query, block, days)? {
                take(self.standing(query, scope, (block, window))?);
            }
        }
        Ok(newest.into_values().collect())
    }

    /// Sums made here, of what stood at the time asked for.
    fn sifted(
        &self,
        query: &Query,
        scope: &Scope,
        days: Days,
        cuts: &[f64],
    ) -> Result<Vec<Summary>, StoreError> {
        let mut sums: BTreeMap<(Stream, i64), Sums> = BTreeMap::new();
        for piece in self.pieces(query, days)? {
            for record in self.standing(query, scope, piece)? {
                let key = (stream_of(&record.head), embedded::period::code(record.head.key.period));
                sums.entry(key).or_insert_with(|| Sums::new(cuts)).add(record.point.value, cuts);
            }
        }
        let summary = |((stream, code), sums): ((Stream, i64), Sums)| {
            sums.summary(&Arc::new(stream), embedded::period::period(code)?)
        };
        Ok(sums.into_iter().filter_map(summary).collect())
    }

    /// Blocks and windows that hold the days.
    fn pieces(&self, query: &Query, days: Days) -> Result<Vec<Piece>, StoreError> {
        let mut pieces = Vec::new();
        for block in self.blocks(query)? {
            pieces.extend(self.windows(query, block, days)?.into_iter().map(|window| (block, window)));
        }
        Ok(pieces)
    }

    /// Hands out piece by piece: a piece comes whole from the server or whole from the catalogue. Once the server gave none,
    /// it is not asked for the rest: each question might wait as long again.
    fn each_piece(
        &self,
        query: &Query,
        pieces: Vec<Piece>,
        sink: &mut Sink<'_>,
        server: impl Fn(Piece) -> Result<Vec<Record>, StoreError>,
        local: impl Fn(&Query, &mut Sink<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut answers = true;
        for (block, days) in pieces {
            let records =
                if answers { self.ask(|| server((block, days)).map(Some), || Ok(None))? } else { None };
            answers = records.is_some();
            let places = Some(within(query, block));
            match records {
                Some(records) => hand_out(records, sink),
                None => local(&Query { places, days: Some(days), ..query.clone() }, sink)?,
            }
        }
        Ok(())
    }
}

impl SeriesStore for Influx {
    fn append(&self, run: RunId, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Counts, StoreError> {
        self.db.write(|transaction| self.queue(transaction, run, at, frames))
    }

    fn compare(&self, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Comparison, StoreError> {
        self.local.compare(at, frames)
    }

    fn latest(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let Some(days) = self.days(query)? else { return Ok(()) };
        let scope = self.scope(query)?;
        let pieces = self.blocks(query)?.into_iter().map(|block| (block, days)).collect();
        let server = |piece| self.newest(query, &scope, piece);
        self.each_piece(query, pieces, sink, server, |query, sink| self.local.latest(query, sink))
    }

    fn values(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let Some(days) = self.days(query)? else { return Ok(()) };
        let scope = self.scope(query)?;
        let server = |piece| self.standing(query, &scope, piece);
        let pieces = self.pieces(query, days)?;
        self.each_piece(query, pieces, sink, server, |query, sink| self.local.values(query, sink))
    }

    fn revisions(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let Some(days) = self.days(query)? else { return Ok(()) };
        let scope = self.scope(query)?;
        let server = |piece| self.records(query, &scope, piece, Revisions::All);
        let pieces = self.pieces(query, days)?;
        self.each_piece(query, pieces, sink, server, |query, sink| self.local.revisions(query, sink))
    }

    fn summary(&self, query: &Query, cuts: &[f64]) -> Result<Vec<Summary>, StoreError> {
        let Some(days) = self.days(query)? else { return Ok(Vec::new()) };
        let server = || {
            let scope = self.scope(query)?;
            if query.as_of.is_none() && scope != Scope::Sifted {
                let found = self.client.summary(query, &scope, days, cuts)?;
                // A place that was first spoken of meanwhile may be in the sums without being wanted.
                if self.scope(query)? == scope {
                    return Ok(found);
                }
            }
            self.sifted(query, &scope, days, cuts)
        };
        self.ask(server, || self.local.summary(query, cuts))
    }

    fn streams(&self, indicator: Option<&IndicatorId>) -> Result<Vec<Arc<Stream>>, StoreError> {
        self.local.streams(indicator)
    }
}

/// Keeps the record unless one is known that comes at the same place or later.
fn keep_later<K: Eq + Hash, O: Ord>(
    known: &mut HashMap<K, Record>,
    key: K,
    record: Record,
    order: impl Fn(&Record) -> O,
) {
    match known.get(&key) {
        Some(known) if order(known) >= order(&record) => {}
        _ => {
            known.insert(key, record);
        }
    }
}

fn stream_of(head: &Head) -> Stream {
    Stream {
        indicator: head.key.indicator.clone(),
        source: head.key.source.clone(),
        evidence: head.key.evidence,
        dimensions: head.key.dimensions.clone(),
    }
}

/// The places of the query that lie in the block.
fn within(query: &Query, block: u32) -> PlaceSet {
    let slots = block * mask::BLOCK..(block + 1) * mask::BLOCK;
    let wanted = |place: &PlaceIx| query.places.as_ref().is_none_or(|places| places.contains(*place));
    slots.map(PlaceIx).filter(wanted).collect()
}

/// Hands records out by their heads, in order of periods.
fn hand_out(records: Vec<Record>, sink: &mut Sink<'_>) {
    let mut heads = BTreeMap::new();
    for Record { head, point, .. } in records {
        let end = head.key.period.end().num_days_from_ce();
        let key = (end, head.key.clone(), head.run, head.recorded_at);
        let (_, points): &mut (Head, Vec<Point>) = heads.entry(key).or_insert_with(|| (head, Vec::new()));
        points.push(point);
    }
    for (head, mut points) in heads.into_values() {
        points.sort_by_key(|point| point.place);
        sink(&Arc::new(head), &points);
    }
}
