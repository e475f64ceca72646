//! The series inside the catalogue's file: frames as truth, `latest` and tiles as projections of them.

mod append;
pub(crate) mod check;
mod column;
pub(crate) mod latest;
pub(crate) mod mask;
pub(crate) mod period;
pub(crate) mod points;
mod read;
mod seal;
mod shelf;
pub(crate) mod since;
mod take;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Frame, FrameKey, Head, IndicatorId, Period, PlaceIx, Point, RunId};
use rusqlite::{Connection, Row, params};

use super::{Comparison, Counts, PlaceSet, Query, SeriesStore, Sink, Stream, Summary};
use crate::{StoreError, db, db::Db};

use latest::Latest;

pub(crate) use append::append_frames;
pub use seal::Sealed;
pub(crate) use seal::seal;
pub(crate) use take::Sums;

/// The default backend.
#[derive(Debug)]
pub(crate) struct Embedded {
    db: Arc<Db>,
}

impl Embedded {
    pub(crate) fn new(db: Arc<Db>) -> Self {
        Self { db }
    }
}

impl SeriesStore for Embedded {
    fn append(&self, run: RunId, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Counts, StoreError> {
        self.db.write(|transaction| append_frames(transaction, run, at, frames))
    }

    fn compare(&self, at: DateTime<FixedOffset>, frames: &[Frame]) -> Result<Comparison, StoreError> {
        self.db.read(|connection| append::compare_frames(connection, at, frames))
    }

    fn latest(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.db.read(|connection| read::latest(connection, query, sink))
    }

    fn values(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.db.read(|connection| read::values(connection, query, sink))
    }

    fn revisions(&self, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.db.read(|connection| read::revisions(connection, query, sink))
    }

    fn summary(&self, query: &Query, cuts: &[f64]) -> Result<Vec<Summary>, StoreError> {
        self.db.read(|connection| read::summary(connection, query, cuts))
    }

    fn streams(&self, indicator: Option<&IndicatorId>) -> Result<Vec<Arc<Stream>>, StoreError> {
        self.db.read(|connection| {
            Ok(streams(connection, indicator)?.into_iter().map(|(_, stream)| stream).collect())
        })
    }
}

/// One stored frame as it lies in the file.
#[derive(Debug)]
pub(crate) struct StoredFrame {
    id: i64,
    block: u32,
    period: i64,
    at: i64,
    at_offset: i32,
    run: u64,
    method: Option<Arc<str>>,
    body: Vec<u8>,
    extra: Vec<u8>,
}

/// What [`StoredFrame::read`] reads, in this order.
const FRAME: &str = "SELECT f.id, f.block, f.period, f.at, f.at_offset, f.run, \
     (SELECT name FROM method m WHERE m.id = f.method), f.body, f.extra FROM frame f";

impl StoredFrame {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            block: row.get(1)?,
            period: row.get(2)?,
            at: row.get(3)?,
            at_offset: row.get(4)?,
            run: row.get(5)?,
            method: row.get(6)?,
            body: row.get(7)?,
            extra: row.get(8)?,
        })
    }

    /// Slots and values.
    fn values(&self) -> Result<(Vec<u32>, points::Values), StoreError> {
        points::values(&self.body).map_err(|why| self.damaged(why))
    }

    /// The wanted points, which are then no longer wanted.
    fn points(&self, wanted: &mut mask::Mask) -> Result<Vec<Point>, StoreError> {
        points::unpack(&self.body, &self.extra, self.block, wanted).map_err(|why| self.damaged(why))
    }

    fn head(&self, stream: &Stream) -> Result<Arc<Head>, StoreError> {
        let period = period::period(self.period).ok_or_else(|| self.damaged("its period is none"))?;
        let key = FrameKey {
            indicator: stream.indicator.clone(),
            period,
            source: stream.source.clone(),
            evidence: stream.evidence,
            dimensions: stream.dimensions.clone(),
            method: self.method.clone(),
        };
        Ok(Arc::new(Head { key, run: RunId(self.run), recorded_at: db::time(self.at, self.at_offset)? }))
    }

    fn damaged(&self, why: &str) -> StoreError {
        StoreError::Damaged {
            what: format!("frame `{}` of run `{}`", self.id, self.run),
            why: why.to_owned(),
        }
    }
}

/// All streams, or those of one indicator, by number.
pub(crate) fn streams(
    connection: &Connection,
    indicator: Option<&IndicatorId>,
) -> Result<Vec<(i64, Arc<Stream>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, indicator, source, evidence, dimensions FROM stream WHERE ?1 IS NULL OR indicator = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([indicator.map(IndicatorId::as_str)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
        let record = |source| StoreError::Record { what: "a stream", source };
        let stream = Stream {
            indicator: IndicatorId::new(text(1)?),
            source: text(2)?.into(),
            evidence: serde_json::from_str(text(3)?).map_err(record)?,
            dimensions: serde_json::from_str(text(4)?).map_err(record)?,
        };
        found.push((row.get(0)?, Arc::new(stream)));
    }
    Ok(found)
}

/// How many blocks the places fill.
pub(crate) fn blocks(connection: &Connection) -> Result<u32, StoreError> {
    let last: Option<u32> =
        connection.prepare_cached("SELECT max(slot) FROM place")?.query_row([], |row| row.get(0))?;
    Ok(last.map_or(0, |last| mask::locate(PlaceIx(last)).0 + 1))
}

/// How many places the block holds.
pub(crate) fn places_in(connection: &Connection, block: u32) -> Result<u32, StoreError> {
    let first = block * mask::BLOCK;
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM place WHERE slot BETWEEN ?1 AND ?2")?;
    Ok(statement.query_row([first, first + mask::BLOCK - 1], |row| row.get(0))?)
}

/// First and last day on which a period of the indicator ends.
pub(crate) fn days(
    connection: &Connection,
    indicator: &IndicatorId,
) -> Result<Option<(NaiveDate, NaiveDate)>, StoreError> {
    let (first, last): (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(period), max(period) FROM frame WHERE stream IN (SELECT id FROM stream WHERE indicator = ?1)",
        )?
        .query_row([indicator.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let day = |code: Option<i64>| code.and_then(period::period).map(Period::end);
    Ok(day(first).zip(day(last)))
}

/// How many frames end on each day of a range, for one indicator and block, in order of days.
pub(crate) fn frames_by_day(
    connection: &Connection,
    indicator: &IndicatorId,
    block: u32,
    days: (NaiveDate, NaiveDate),
) -> Result<Vec<(NaiveDate, u64)>, StoreError> {
    let (from, to) = period::range(Some(days));
    let mut statement = connection.prepare_cached(
        "SELECT period, count(*) FROM frame WHERE stream IN (SELECT id FROM stream WHERE indicator = ?1) \
         AND block = ?2 AND period BETWEEN ?3 AND ?4 GROUP BY period ORDER BY period",
    )?;
    let mut rows = statement.query(params![indicator.as_str(), block, from, to])?;
    let mut found: Vec<(NaiveDate, u64)> = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(day) = period::period(row.get(0)?).map(Period::end) else { continue };
        match found.last_mut() {
            Some((last, frames)) if *last == day => *frames += row.get::<_, u64>(1)?,
            _ => found.push((day, row.get(1)?)),
        }
    }
    Ok(found)
}

/// The places anything was ever said of, for one indicator.
pub(crate) fn spoken_of(connection: &Connection, indicator: &IndicatorId) -> Result<PlaceSet, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT block, body FROM latest WHERE stream IN (SELECT id FROM stream WHERE indicator = ?1)",
    )?;
    let mut rows = statement.query([indicator.as_str()])?;
    let mut places = PlaceSet::default();
    while let Some(row) = rows.next()? {
        let block: u32 = row.get(0)?;
        let known = Latest::decode(row.get_ref(1)?.as_blob().unwrap_or_default());
        // What a damaged vector does not say may be any place.
        let known = known.map_or_else(|_| mask::Mask::all(), |latest| latest.known_by(i64::MAX));
        let slots = (0..mask::BLOCK).filter(|slot| known.has(*slot));
        slots.for_each(|slot| places.insert(PlaceIx(block * mask::BLOCK + slot)));
    }
    Ok(places)
}

/// Something that was said: with `None` it stands, with a number it stood before.
pub(crate) type Said = (Arc<Head>, Point, Option<usize>);

/// Everything that was said of the points of one frame, in order of places and recording.
pub(crate) fn said_of(connection: &Connection, frame: i64) -> Result<Vec<Said>, StoreError> {
    let sql = format!(
        "{FRAME} JOIN frame this ON this.stream = f.stream AND this.block = f.block AND this.period = f.period \
         WHERE this.id = ?1 ORDER BY f.at, f.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let frames = statement.query_map([frame], StoredFrame::read)?.collect::<Result<Vec<_>, _>>()?;
    let stream: i64 = connection
        .prepare_cached("SELECT stream FROM frame WHERE id = ?1")?
        .query_row([frame], |row| row.get(0))?;
    let all = streams(connection, None)?;
    let stream = all.into_iter().find(|(id, _)| *id == stream).map(|(_, stream)| stream);
    let stream = stream.ok_or_else(|| StoreError::Damaged {
        what: format!("frame `{frame}`"),
        why: "its stream is not there".to_owned(),
    })?;
    let mut wanted = mask::Mask::none();
    if let Some(this) = frames.iter().find(|stored| stored.id == frame) {
        this.values()?.0.iter().for_each(|slot| wanted.insert(*slot));
    }
    let mut said: BTreeMap<PlaceIx, Vec<(Arc<Head>, Point)>> = BTreeMap::new();
    for stored in &frames {
        let head = stored.head(&stream)?;
        for point in stored.points(&mut wanted.clone())? {
            said.entry(point.place).or_default().push((head.clone(), point));
        }
    }
    let numbered = said.into_values().flat_map(|said| {
        let last = said.len() - 1;
        said.into_iter()
            .enumerate()
            .map(move |(rev, (head, point))| (head, point, (rev < last).then_some(rev)))
    });
    Ok(numbered.collect())
}
