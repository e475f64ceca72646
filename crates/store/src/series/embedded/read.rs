//! Answers out of frames and tiles. A read walks streams, then blocks, then periods; later recordings cover earlier ones.
//!
//! Frames can answer everything. Tiles answer a period faster when all that is known of it was known at the time asked
//! for and when nothing came after sealing; a damaged tile is said in the log and left aside.

use std::{collections::HashSet, ops::RangeInclusive, sync::Arc};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    FRAME, StoredFrame, blocks,
    latest::Latest,
    mask::Mask,
    period,
    shelf::Shelf,
    streams,
    take::{Taker, Tile},
};
use crate::{
    StoreError, db,
    series::{Query, Sink, Stream, Summary},
};

/// Gives each place's newest period.
pub(crate) fn latest(connection: &Connection, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
    for (id, stream) in wanted(connection, query)? {
        let mut statement =
            connection.prepare_cached("SELECT block, body FROM latest WHERE stream = ?1 ORDER BY block")?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            let at = Spot { connection, id, stream: &stream, block: row.get(0)?, at: db::bound(query.as_of) };
            let scope = query.mask(at.block);
            if !scope.is_empty() {
                latest_of(&at, row, &scope, &period::range(query.days), sink)?;
            }
        }
    }
    Ok(())
}

/// Gives every period, each point as last corrected.
pub(crate) fn values(connection: &Connection, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
    for (id, stream) in wanted(connection, query)? {
        walk(connection, query, id, &stream, &mut Taker::Points(sink))?;
    }
    Ok(())
}

/// Gives everything that was said.
pub(crate) fn revisions(
    connection: &Connection,
    query: &Query,
    sink: &mut Sink<'_>,
) -> Result<(), StoreError> {
    let at = db::bound(query.as_of);
    for (id, stream) in wanted(connection, query)? {
        for block in 0..blocks(connection)? {
            let scope = query.mask(block);
            if !scope.is_empty() {
                let spot = Spot { connection, id, stream: &stream, block, at };
                spot.periods(period::range(query.days), &mut |frames| {
                    frames.iter().try_for_each(|frame| emit(frame, &stream, &mut scope.clone(), sink))
                })?;
            }
        }
    }
    Ok(())
}

/// Sums and counts per stream and period.
pub(crate) fn summary(
    connection: &Connection,
    query: &Query,
    cuts: &[f64],
) -> Result<Vec<Summary>, StoreError> {
    let mut found = Vec::new();
    for (id, stream) in wanted(connection, query)? {
        let mut taker = Taker::Sums { cuts, found: std::collections::BTreeMap::new() };
        walk(connection, query, id, &stream, &mut taker)?;
        if let Taker::Sums { found: periods, .. } = taker {
            for (code, sums) in periods {
                let period = period::period(code).ok_or_else(|| StoreError::Damaged {
                    what: format!("a frame of `{}`", stream.indicator),
                    why: "its period is none".to_owned(),
                })?;
                found.extend(sums.summary(&stream, period));
            }
        }
    }
    found.sort_by(|a, b| a.stream.cmp(&b.stream));
    Ok(found)
}

/// One stream and block as of a time.
struct Spot<'a> {
    connection: &'a Connection,
    id: i64,
    stream: &'a Arc<Stream>,
    block: u32,
    at: i64,
}

impl Spot<'_> {
    /// Hands out the frames of each period together, earliest recording first.
    fn periods(
        &self,
        range: (i64, i64),
        visit: &mut dyn FnMut(&[StoredFrame]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "{FRAME} WHERE f.stream = ?1 AND f.block = ?2 AND f.period BETWEEN ?3 AND ?4 AND f.at <= ?5 \
             ORDER BY f.period, f.at, f.id"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.id, self.block, range.0, range.1, self.at])?;
        let mut frames: Vec<StoredFrame> = Vec::new();
        while let Some(row) = rows.next()? {
            let frame = StoredFrame::read(row)?;
            if frames.first().is_some_and(|first| first.period != frame.period) {
                visit(&frames)?;
                frames.clear();
            }
            frames.push(frame);
        }
        if frames.is_empty() { Ok(()) } else { visit(&frames) }
    }

    /// Gives a range of periods out of frames.
    fn take_frames(
        &self,
        range: (i64, i64),
        scope: &Mask,
        taker: &mut Taker<'_, '_>,
    ) -> Result<(), StoreError> {
        self.periods(range, &mut |frames| taker.frames(self.stream, scope, frames))
    }

    /// Says in the log that a projection is left aside.
    fn warn(&self, what: &str, why: &str) {
        tracing::warn!(
            stream = self.id,
            block = self.block,
            "{what} of `{}` is damaged ({why}), reading frames instead; rebuild the store",
            self.stream.indicator
        );
    }
}

fn latest_of(
    spot: &Spot<'_>,
    row: &Row<'_>,
    scope: &Mask,
    (from, to): &(i64, i64),
    sink: &mut Sink<'_>,
) -> Result<(), StoreError> {
    let mut older = Mask::none();
    match Latest::decode(row.get_ref(1)?.as_blob().unwrap_or_default()) {
        Ok(latest) => {
            for (speaker, mut mask) in latest.speakers() {
                mask.keep(scope);
                if speaker.period > *to || speaker.at > spot.at {
                    older.add(&mask);
                } else if speaker.period >= *from && !mask.is_empty() {
                    emit(&frame(spot.connection, speaker.frame)?, spot.stream, &mut mask, sink)?;
                }
            }
            if !older.is_empty() {
                older.keep(&latest.known_by(spot.at));
            }
        }
        Err(why) => {
            spot.warn("the latest vector", why);
            older.add(scope);
        }
    }
    if older.is_empty() {
        return Ok(());
    }
    // Where something newer is known than what is asked for, the newest older frame speaks.
    let sql = format!(
        "{FRAME} WHERE f.stream = ?1 AND f.block = ?2 AND f.period BETWEEN ?3 AND ?4 AND f.at <= ?5 \
         ORDER BY f.period DESC, f.at DESC, f.id DESC"
    );
    let mut statement = spot.connection.prepare_cached(&sql)?;
    let mut frames = statement.query(params![spot.id, spot.block, from, to, spot.at])?;
    while let (false, Some(row)) = (older.is_empty(), frames.next()?) {
        emit(&StoredFrame::read(row)?, spot.stream, &mut older, sink)?;
    }
    Ok(())
}

fn walk(
    connection: &Connection,
    query: &Query,
    id: i64,
    stream: &Arc<Stream>,
    taker: &mut Taker<'_, '_>,
) -> Result<(), StoreError> {
    let (from, to) = period::range(query.days);
    for block in 0..blocks(connection)? {
        let scope = query.mask(block);
        if scope.is_empty() {
            continue;
        }
        let spot = Spot { connection, id, stream, block, at: db::bound(query.as_of) };
        let mut statement = connection.prepare_cached(
            "SELECT id, year, late, body FROM shelf WHERE stream = ?1 AND block = ?2 ORDER BY year",
        )?;
        let mut shelves = statement.query(params![id, block])?;
        let mut next = from;
        while let Some(row) = shelves.next()? {
            let (start, end) = period::year_range(row.get(1)?);
            if end < from || start > to {
                continue;
            }
            if next < start {
                spot.take_frames((next, start - 1), &scope, taker)?;
            }
            let range = start.max(from)..=end.min(to);
            match Shelf::decode(row.get_ref(3)?.as_blob().unwrap_or_default()) {
                Ok(shelf) => take_shelf(&spot, row.get(0)?, row.get(2)?, &shelf, &range, &scope, taker)?,
                Err(why) => {
                    spot.warn("a shelf", why);
                    spot.take_frames((*range.start(), *range.end()), &scope, taker)?;
                }
            }
            next = end + 1;
        }
        if next <= to {
            spot.take_frames((next, to), &scope, taker)?;
        }
    }
    Ok(())
}

fn take_shelf(
    spot: &Spot<'_>,
    id: i64,
    late: i64,
    shelf: &Shelf,
    range: &RangeInclusive<i64>,
    scope: &Mask,
    taker: &mut Taker<'_, '_>,
) -> Result<(), StoreError> {
    let (clean, dirty) = clean_periods(spot, late, shelf, range)?;
    for period in dirty {
        spot.take_frames((period, period), scope, taker)?;
    }
    if !clean.contains(&true) {
        return Ok(());
    }
    let mut statement =
        spot.connection.prepare_cached("SELECT body, extra FROM tile WHERE shelf = ?1 AND part = ?2")?;
    let mut taken_tiles = taker.shelf(shelf);
    for (part, slots) in shelf.parts().enumerate() {
        if !slots.iter().any(|slot| scope.has(*slot)) {
            continue;
        }
        let mut rows = statement.query(params![id, part])?;
        let taken = match rows.next()? {
            Some(row) => {
                let blob = |column| row.get_ref(column).map(|value| value.as_blob().unwrap_or_default());
                let tile = Tile {
                    shelf,
                    slots,
                    body: blob(0)?,
                    extra: &|| blob(1),
                    clean: &clean,
                    block: spot.block,
                };
                taker.tile(spot.connection, spot.stream, scope, &tile, &mut taken_tiles)?
            }
            None => Err("it is not there"),
        };
        if let Err(why) = taken {
            spot.warn("a tile", why);
            let mut mask = Mask::none();
            slots.iter().for_each(|slot| mask.insert(*slot));
            mask.keep(scope);
            for (period, _) in shelf.periods.iter().zip(&clean).filter(|(_, clean)| **clean) {
                spot.take_frames((*period, *period), &mask, taker)?;
            }
        }
    }
    taker.done(shelf, &clean, taken_tiles);
    Ok(())
}

/// Per period of the shelf whether its tiles speak, and the periods for which frames must.
fn clean_periods(
    spot: &Spot<'_>,
    late: i64,
    shelf: &Shelf,
    range: &RangeInclusive<i64>,
) -> Result<(Vec<bool>, HashSet<i64>), StoreError> {
    let mut clean = vec![false; shelf.periods.len()];
    let mut dirty = HashSet::new();
    for (clean, (period, sources)) in clean.iter_mut().zip(shelf.columns()) {
        if range.contains(&period) {
            *clean = sources.iter().all(|source| source.at <= spot.at);
            if !*clean && sources.iter().any(|source| source.at <= spot.at) {
                dirty.insert(period);
            }
        }
    }
    if late > 0 {
        let sealed: HashSet<i64> = shelf.sources.iter().map(|source| source.frame).collect();
        let mut statement = spot.connection.prepare_cached(
            "SELECT id, period FROM frame WHERE stream = ?1 AND block = ?2 AND period BETWEEN ?3 AND ?4 AND at <= ?5",
        )?;
        let mut rows = statement.query(params![spot.id, spot.block, range.start(), range.end(), spot.at])?;
        while let Some(row) = rows.next()? {
            let (id, period): (i64, i64) = (row.get(0)?, row.get(1)?);
            if !sealed.contains(&id) {
                dirty.insert(period);
                if let Some(clean) =
                    shelf.periods.binary_search(&period).ok().and_then(|at| clean.get_mut(at))
                {
                    *clean = false;
                }
            }
        }
    }
    Ok((clean, dirty))
}

fn wanted(connection: &Connection, query: &Query) -> Result<Vec<(i64, Arc<Stream>)>, StoreError> {
    let mut found = streams(connection, Some(&query.indicator))?;
    found.retain(|(_, stream)| query.wants(stream));
    Ok(found)
}

/// Hands out the frame's points of the wanted slots, which are then no longer wanted.
pub(crate) fn emit(
    frame: &StoredFrame,
    stream: &Stream,
    wanted: &mut Mask,
    sink: &mut Sink<'_>,
) -> Result<(), StoreError> {
    let points = frame.points(wanted)?;
    if !points.is_empty() {
        sink(&frame.head(stream)?, &points);
    }
    Ok(())
}

fn frame(connection: &Connection, id: i64) -> Result<StoredFrame, StoreError> {
    let sql = format!("{FRAME} WHERE f.id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], StoredFrame::read).optional()?;
    found.ok_or_else(|| StoreError::Damaged {
        what: format!("frame `{id}`"),
        why: "it is not there".to_owned(),
    })
}
