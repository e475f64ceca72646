//! Frames into the file: checked, compared with what stands there, cut by blocks, projected.

use std::{borrow::Cow, ops::Range};

use chrono::{DateTime, Datelike, FixedOffset};
use gapwatch_model::{Frame, FrameKey, PlaceIx, Point, RunId, Value};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    FRAME, StoredFrame,
    check::made_of,
    column::Shape,
    latest::{Latest, Speaker},
    mask::{BLOCK, Mask, locate},
    period,
    points::{self, Packed},
};
use crate::{
    StoreError, db,
    series::{Change, Comparison, Counts},
};

/// Stores what the frames say that was not said already, and keeps the projections in step.
pub(crate) fn append_frames(
    transaction: &Transaction<'_>,
    run: RunId,
    at: DateTime<FixedOffset>,
    frames: &[Frame],
) -> Result<Counts, StoreError> {
    let (nanos, offset) = db::stamp(at)?;
    let places = place_count(transaction)?;
    let mut counts = Counts::default();
    for frame in frames {
        check(frame, places)?;
        let stream = intern_stream(transaction, &frame.key)?;
        let method = frame.key.method.as_deref().map(|name| intern_method(transaction, name)).transpose()?;
        let period = period::code(frame.key.period);
        for (block, piece) in pieces(&frame.points) {
            let standing = standing(transaction, stream, block, period, nanos)?;
            let kept = news(piece, standing.as_deref(), &mut counts);
            if kept.is_empty() {
                continue;
            }
            let Packed { ranges, body, extra } = points::pack(&kept, Shape::Free)
                .map_err(|why| StoreError::Damaged { what: "a new frame".to_owned(), why: why.to_owned() })?;
            transaction
                .prepare_cached(
                    "INSERT INTO frame(stream, block, period, at, at_offset, run, method, points, body, extra) \
                     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    stream,
                    block,
                    period,
                    nanos,
                    offset,
                    run.0,
                    method,
                    kept.len(),
                    body,
                    extra
                ])?;
            let speaker = Speaker { frame: transaction.last_insert_rowid(), period, at: nanos };
            project(transaction, stream, block, speaker, &ranges)?;
            transaction
                .prepare_cached(
                    "UPDATE shelf SET late = late + 1 WHERE stream = ?1 AND block = ?2 AND year = ?3",
                )?
                .execute(params![stream, block, frame.key.period.end().year()])?;
        }
    }
    Ok(counts)
}

/// Says what [`append_frames`] would do, with what stands there before each correction.
pub(crate) fn compare_frames(
    connection: &Connection,
    at: DateTime<FixedOffset>,
    frames: &[Frame],
) -> Result<Comparison, StoreError> {
    let nanos = db::bound(Some(at));
    let places = place_count(connection)?;
    let mut found = Comparison::default();
    for (frame_index, frame) in frames.iter().enumerate() {
        check(frame, places)?;
        let stream = find_stream(connection, &frame.key)?;
        let period = period::code(frame.key.period);
        let mut index = 0;
        for (block, piece) in pieces(&frame.points) {
            let standing = match stream {
                Some(stream) => standing(connection, stream, block, period, nanos)?,
                None => None,
            };
            for point in piece {
                match before(standing.as_deref(), point.place) {
                    None => found.counts.imported += 1,
                    Some(before) if same(before, point) => found.counts.ignored += 1,
                    Some(before) => {
                        found.counts.updated += 1;
                        found.changes.push(Change { frame: frame_index, point: index, before: *before });
                    }
                }
                index += 1;
            }
        }
    }
    Ok(found)
}

/// The points of each block.
fn pieces(mut points: &[Point]) -> impl Iterator<Item = (u32, &[Point])> {
    std::iter::from_fn(move || {
        let block = locate(points.first()?.place).0;
        let (piece, rest) = points.split_at(points.partition_point(|point| locate(point.place).0 == block));
        points = rest;
        Some((block, piece))
    })
}

/// Gives those of the points that were not said already, and counts all of them.
fn news<'a>(piece: &'a [Point], standing: Option<&[Option<Point>]>, counts: &mut Counts) -> Cow<'a, [Point]> {
    if standing.is_none() {
        counts.imported += u32::try_from(piece.len()).unwrap_or(u32::MAX);
        return Cow::Borrowed(piece);
    }
    let mut kept = Vec::with_capacity(piece.len());
    for point in piece {
        match before(standing, point.place) {
            None => counts.imported += 1,
            Some(before) if same(before, point) => {
                counts.ignored += 1;
                continue;
            }
            Some(_) => counts.updated += 1,
        }
        kept.push(*point);
    }
    Cow::Owned(kept)
}

/// What the stream says of one period as of a time, by slot. `None` when it says nothing.
fn standing(
    connection: &Connection,
    stream: i64,
    block: u32,
    period: i64,
    at: i64,
) -> Result<Option<Vec<Option<Point>>>, StoreError> {
    let sql = format!(
        "{FRAME} WHERE f.stream = ?1 AND f.block = ?2 AND f.period = ?3 AND f.at <= ?4 ORDER BY f.at, f.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![stream, block, period, at])?;
    let mut standing = None;
    while let Some(row) = rows.next()? {
        let slots = standing.get_or_insert_with(|| vec![None; BLOCK as usize]);
        for point in StoredFrame::read(row)?.points(&mut Mask::all())? {
            if let Some(slot) = slots.get_mut(locate(point.place).1 as usize) {
                *slot = Some(point);
            }
        }
    }
    Ok(standing)
}

fn before(standing: Option<&[Option<Point>]>, place: PlaceIx) -> Option<&Point> {
    standing?.get(locate(place).1 as usize)?.as_ref()
}

/// Whether both say the same. Where in the file they stood is not what they say.
fn same(a: &Point, b: &Point) -> bool {
    a.value == b.value && a.qualifier == b.qualifier && a.samples == b.samples
}

fn check(frame: &Frame, places: u32) -> Result<(), StoreError> {
    let indicator = || frame.key.indicator.clone();
    let mut last = None;
    for point in &frame.points {
        let place = point.place;
        if last.is_some_and(|last| last >= place) {
            return Err(StoreError::Unsorted { place, indicator: indicator() });
        }
        last = Some(place);
        if place.0 >= places {
            return Err(StoreError::UnknownPlace { place, indicator: indicator() });
        }
        let finite = match point.value {
            Value::Number(number) => number.is_finite(),
            Value::Ratio { numerator, denominator } => numerator.is_finite() && denominator.is_finite(),
        };
        if !finite {
            return Err(StoreError::NotFinite { place, indicator: indicator() });
        }
    }
    Ok(())
}

fn place_count(connection: &Connection) -> Result<u32, StoreError> {
    let last: Option<u32> =
        connection.prepare_cached("SELECT max(slot) FROM place")?.query_row([], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last + 1))
}

/// Takes a new frame into the projection of its stream and block.
fn project(
    transaction: &Transaction<'_>,
    stream: i64,
    block: u32,
    speaker: Speaker,
    ranges: &[Range<u32>],
) -> Result<(), StoreError> {
    let known = transaction
        .prepare_cached("SELECT body FROM latest WHERE stream = ?1 AND block = ?2")?
        .query_row(params![stream, block], |row| {
            Ok(Latest::decode(row.get_ref(0)?.as_blob().unwrap_or_default()))
        })
        .optional()?;
    let known = known.transpose().unwrap_or_else(|why| {
        tracing::warn!(
            "the latest vector of stream `{stream}`, block `{block}` is damaged: {why}; made again"
        );
        None
    });
    let mut latest = match known {
        Some(latest) => latest,
        None => made_of(transaction, stream, block)?.unwrap_or_else(Latest::new),
    };
    latest.add(speaker, ranges);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO latest(stream, block, body) VALUES(?1, ?2, ?3)")?
        .execute(params![stream, block, latest.encode()])?;
    Ok(())
}

fn find_stream(connection: &Connection, key: &FrameKey) -> Result<Option<i64>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id FROM stream WHERE indicator = ?1 AND source = ?2 AND evidence = ?3 AND dimensions = ?4",
        )?
        .query_row(
            params![key.indicator.as_str(), key.source.as_str(), json(&key.evidence)?, json(&key.dimensions)?],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found)
}

fn intern_stream(transaction: &Transaction<'_>, key: &FrameKey) -> Result<i64, StoreError> {
    if let Some(found) = find_stream(transaction, key)? {
        return Ok(found);
    }
    transaction
        .prepare_cached("INSERT INTO stream(indicator, source, evidence, dimensions) VALUES(?1, ?2, ?3, ?4)")?
        .execute(params![
            key.indicator.as_str(),
            key.source.as_str(),
            json(&key.evidence)?,
            json(&key.dimensions)?
        ])?;
    Ok(transaction.last_insert_rowid())
}

fn intern_method(transaction: &Transaction<'_>, name: &str) -> Result<i64, StoreError> {
    let found = transaction
        .prepare_cached("SELECT id FROM method WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    transaction.prepare_cached("INSERT INTO method(name) VALUES(?1)")?.execute([name])?;
    Ok(transaction.last_insert_rowid())
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Record { what: "a stream", source })
}
