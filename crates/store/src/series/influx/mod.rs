//! Series in InfluxDB 2, behind a spool in the catalogue's file.
//!
//! The catalogue keeps every frame (a fraction of a byte a point): it knows every revision, answers while the server is
//! away, and is what the spool delivers from. The server holds what stands under `rev=now` and what stood before under
//! numbers, so nothing overwritten is lost there either. While the spool is not empty the server is behind, and answers
//! come from the catalogue; `SpoolStatus::local_because` says so.

mod client;
mod flux;
mod line;
pub(crate) mod spool;
mod transfer;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use gapwatch_model::{Frame, Head, IndicatorId, PlaceIx, Point, RunId};

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

/// Days asked for at a time when whole blocks of places are asked for: about 200,000 daily records.
const WINDOW_DAYS: i64 = 50;

/// Most places that are named one by one in a question.
const MOST_NAMED: usize = 60;

/// The server and what stands before it.
#[derive(Debug)]
pub(crate) struct Influx {
    pub(crate) db: Arc<Db>,
    pub(crate) local: Embedded,
    pub(crate) client: Client,
    /// Most points the spool may hold.
    pub(crate) most: u64,
    /// Why the last answer came from the catalogue; `None` when it came from the server.
    pub(crate) local_because: Mutex<Option<String>>,
}

/// One record of the server.
#[derive(Debug)]
struct Record {
    head: Head,
    point: Point,
    /// Position among the revisions of its key; what stands comes last.
    rev: u64,
}

impl Influx {
    pub(crate) fn open(db: Arc<Db>, options: &InfluxOptions) -> Result<Self, StoreError> {
        Ok(Self {
            local: Embedded::new(db.clone()),
            client: Client::new(options)?,
            most: options.spool_points,
            local_because: Mutex::default(),
            db,
        })
    }

    /// Asks the server when it is up to date and answers; the catalogue otherwise.
    fn ask<T>(
        &self,
        server: impl FnOnce() -> Result<T, StoreError>,
        local: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let waiting = self.db.read(spool::depth)?;
        let because = if waiting.frames > 0 {
            format!("{} points are not delivered yet", waiting.points)
        } else {
            match server() {
                Ok(answer) => {
                    self.note(None);
                    return Ok(answer);
                }
                Err(StoreError::Server { doing, why, .. }) => {
                    tracing::warn!("cannot {doing} ({why}), answering from the catalogue");
                    why
                }
                Err(error) => return Err(error),
            }
        };
        self.note(Some(because));
        local()
    }

    fn note(&self, because: Option<String>) {
        if let Ok(mut noted) = self.local_because.lock() {
            *noted = because;
        }
    }

    /// First and last day there is anything of the indicator, within the days asked for. `None`: the server need not be
    /// asked.
    fn days(&self, query: &Query) -> Result<Option<(NaiveDate, NaiveDate)>, StoreError> {
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

    /// Every wanted record of one block.
    fn records(
        &self,
        query: &Query,
        block: u32,
        (from, to): (NaiveDate, NaiveDate),
        revisions: Revisions,
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        let scope = self.scope(query)?;
        let days = if matches!(scope, Scope::Only(_)) { i64::MAX } else { WINDOW_DAYS };
        let mut start = from;
        loop {
            let end = chrono::TimeDelta::try_days(days - 1).and_then(|days| start.checked_add_signed(days));
            let end = end.map_or(to, |end| end.min(to));
            // All days before 1970 are asked for at once: a range of some of them would be answered with all.
            let window = if start <= flux::EPOCH { flux::asked((start, end)) } else { (start, end) };
            let flux = flux::observations(&self.client.bucket, query, &scope, block, window, revisions);
            found.extend(self.read(query, flux, (window.0, window.1.min(to)))?);
            match window.1.succ_opt() {
                Some(next) if next <= to => start = next,
                _ => return Ok(found),
            }
        }
    }

    /// Asks, and takes what is wanted: a server may say more.
    fn read(
        &self,
        query: &Query,
        flux: String,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Vec<Record>, StoreError> {
        let at = query.as_of;
        let mut found = Vec::new();
        self.client.query(flux, &mut |columns| {
            let (head, point, rev) = line::read(query.indicator.as_str(), columns)?;
            let rev = if rev == line::NOW {
                u64::MAX
            } else {
                rev.parse().map_err(|_| format!("`{rev}` in column `rev` is no number"))?
            };
            let known = at.is_none_or(|at| head.recorded_at <= at);
            let day = head.key.period.end();
            if known
                && from <= day
                && day <= to
                && query.places.as_ref().is_none_or(|places| places.contains(point.place))
            {
                found.push(Record { head, point, rev });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// What stood at the time asked for, of one block.
    fn standing(
        &self,
        query: &Query,
        block: u32,
        days: (NaiveDate, NaiveDate),
    ) -> Result<Vec<Record>, StoreError> {
        let revisions = if query.as_of.is_some() { Revisions::All } else { Revisions::Standing };
        let mut standing: HashMap<(Stream, i64, PlaceIx), Record> = HashMap::new();
        for record in self.records(query, block, days, revisions)? {
            let key =
                (stream_of(&record.head), embedded::period::code(record.head.key.period), record.point.place);
            let order = |record: &Record| (record.head.recorded_at, record.rev);
            match standing.get(&key) {
                Some(known) if order(known) >= order(&record) => {}
                _ => {
                    standing.insert(key, record);
                }
            }
        }
        Ok(standing.into_values().collect())
    }

    /// The newest period of each series, of one block.
    fn newest(
        &self,
        query: &Query,
        block: u32,
        days: (NaiveDate, NaiveDate),
    ) -> Result<Vec<Record>, StoreError> {
        let found = if query.as_of.is_none() && days.1 >= flux::EPOCH {
            self.read(
                query,
                flux::latest(&self.client.bucket, query, &self.scope(query)?, block, days),
                days,
            )?
        } else {
            self.standing(query, block, days)?
        };
        let mut newest: HashMap<(Stream, PlaceIx), Record> = HashMap::new();
        for record in found {
            let key = (stream_of(&record.head), record.point.place);
            let order = |record: &Record| embedded::period::code(record.head.key.period);
            match newest.get(&key) {
                Some(known) if order(known) >= order(&record) => {}
                _ => {
                    newest.insert(key, record);
                }
            }
        }
        Ok(newest.into_values().collect())
    }

    /// Sums made here, of what stood at the time asked for.
    fn sifted(
        &self,
        query: &Query,
        days: (NaiveDate, NaiveDate),
        cuts: &[f64],
    ) -> Result<Vec<Summary>, StoreError> {
        let mut sums: BTreeMap<(Stream, i64), Sums> = BTreeMap::new();
        for block in self.blocks(query)? {
            for record in self.standing(query, block, days)? {
                let key = (stream_of(&record.head), embedded::period::code(record.head.key.period));
                sums.entry(key).or_insert_with(|| Sums::new(cuts)).add(record.point.value, cuts);
            }
        }
        let summary = |((stream, code), sums): ((Stream, i64), Sums)| {
            sums.summary(&Arc::new(stream), embedded::period::period(code)?)
        };
        Ok(sums.into_iter().filter_map(summary).collect())
    }

    /// Hands out block by block: a block comes whole from the server or whole from the catalogue.
    fn each_block(
        &self,
        query: &Query,
        sink: &mut Sink<'_>,
        server: impl Fn(u32, (NaiveDate, NaiveDate)) -> Result<Vec<Record>, StoreError>,
        local: impl Fn(&Query, &mut Sink<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(days) = self.days(query)? else { return Ok(()) };
        for block in self.blocks(query)? {
            let records = self.ask(|| server(block, days).map(Some), || Ok(None))?;
            match records {
                Some(records) => hand_out(records, sink),
                None => local(&Query { places: Some(within(query, block)), ..query.clone() }, sink)?,
            }
        }
        Ok(())
    }
}

impl SeriesStore for Influx {
    fn append(&self, run: RunId, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Counts, StoreError> {
        self.db.write(|transaction| spool::append(transaction, self.most, run, at, frames))
    }

    fn compare(&self, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Comparison, StoreError> {
        self.local.compare(at, frames)
    }

    fn latest(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let server = |block, days| self.newest(query, block, days);
        self.each_block(query, sink, server, |query, sink| self.local.latest(query, sink))
    }

    fn values(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let server = |block, days| self.standing(query, block, days);
        self.each_block(query, sink, server, |query, sink| self.local.values(query, sink))
    }

    fn revisions(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let server = |block, days| self.records(query, block, days, Revisions::All);
        self.each_block(query, sink, server, |query, sink| self.local.revisions(query, sink))
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
            self.sifted(query, days, cuts)
        };
        self.ask(server, || self.local.summary(query, cuts))
    }

    fn streams(&self, indicator: Option<&IndicatorId>) -> Result<Vec<Arc<Stream>>, StoreError> {
        self.local.streams(indicator)
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
