//! Answers out of frames. A read walks streams, then blocks, then periods; later recordings cover earlier ones.

use std::{collections::BTreeMap, sync::Arc};

use gapwatch_model::{Point, Value};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    FRAME, StoredFrame, blocks,
    latest::Latest,
    mask::{Mask, locate},
    period,
    points::Values,
    streams,
};
use crate::{
    StoreError, db,
    series::{Query, Sink, Stream, Summary},
};

/// Gives each place's newest period.
pub(crate) fn latest(connection: &Connection, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
    let (from, to) = period::range(query.days);
    let at = db::bound(query.as_of);
    for (id, stream) in wanted(connection, query)? {
        let mut statement =
            connection.prepare_cached("SELECT block, body FROM latest WHERE stream = ?1 ORDER BY block")?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            let block: u32 = row.get(0)?;
            let scope = query.mask(block);
            if scope.is_empty() {
                continue;
            }
            let latest = Latest::decode(row.get_ref(1)?.as_blob().unwrap_or_default()).map_err(|why| {
                StoreError::Damaged {
                    what: format!("the latest vector of stream `{id}`, block `{block}`"),
                    why: why.to_owned(),
                }
            })?;
            let mut older = Mask::none();
            for (speaker, mut mask) in latest.speakers() {
                mask.keep(&scope);
                if speaker.period > to || speaker.at > at {
                    older.add(&mask);
                } else if speaker.period >= from && !mask.is_empty() {
                    emit(&frame(connection, speaker.frame)?, &stream, &mut mask, sink)?;
                }
            }
            // Where something newer is known than what is asked for, the newest older frame speaks.
            older.keep(&latest.known_by(at));
            if !older.is_empty() {
                let sql = format!(
                    "{FRAME} WHERE f.stream = ?1 AND f.block = ?2 AND f.period BETWEEN ?3 AND ?4 AND f.at <= ?5 \
                     ORDER BY f.period DESC, f.at DESC, f.id DESC"
                );
                let mut statement = connection.prepare_cached(&sql)?;
                let mut frames = statement.query(params![id, block, from, to, at])?;
                while let (false, Some(row)) = (older.is_empty(), frames.next()?) {
                    emit(&StoredFrame::read(row)?, &stream, &mut older, sink)?;
                }
            }
        }
    }
    Ok(())
}

/// Gives every period, each point as last corrected.
pub(crate) fn values(connection: &Connection, query: &Query, sink: &mut Sink<'_>) -> Result<(), StoreError> {
    each_period(connection, query, &mut |stream, scope, frames| {
        let mut scope = scope.clone();
        for frame in frames.iter().rev() {
            emit(frame, stream, &mut scope, sink)?;
        }
        Ok(())
    })
}

/// Gives everything that was said.
pub(crate) fn revisions(
    connection: &Connection,
    query: &Query,
    sink: &mut Sink<'_>,
) -> Result<(), StoreError> {
    each_period(connection, query, &mut |stream, scope, frames| {
        for frame in frames {
            emit(frame, stream, &mut scope.clone(), sink)?;
        }
        Ok(())
    })
}

/// Sums and counts per stream and period.
pub(crate) fn summary(
    connection: &Connection,
    query: &Query,
    cuts: &[f64],
) -> Result<Vec<Summary>, StoreError> {
    let mut found: BTreeMap<(Arc<Stream>, i64), Summary> = BTreeMap::new();
    each_period(connection, query, &mut |stream, scope, frames| {
        let mut scope = scope.clone();
        for frame in frames.iter().rev() {
            let values = frame.values()?;
            let summary = match found.entry((stream.clone(), frame.period)) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let period =
                        period::period(frame.period).ok_or_else(|| frame.damaged("its period is none"))?;
                    entry.insert(Summary::empty(stream.clone(), period, cuts))
                }
            };
            add(summary, &values, &mut scope, cuts);
        }
        Ok(())
    })?;
    found.retain(|_, summary| summary.places() > 0);
    Ok(found.into_values().collect())
}

fn add(summary: &mut Summary, values: &Values, scope: &mut Mask, cuts: &[f64]) {
    for (index, slot) in values.place.iter().enumerate() {
        if !scope.take(*slot) {
            continue;
        }
        let Some(value) = values.value(index) else { continue };
        match value {
            Value::Number(number) => {
                summary.numbers += 1;
                summary.sum += number;
            }
            Value::Ratio { numerator, denominator } => {
                summary.ratios += 1;
                summary.numerator += numerator;
                summary.denominator += denominator;
            }
        }
        match value.amount() {
            None => summary.without_value += 1,
            Some(amount) => {
                let class = cuts.iter().take_while(|cut| amount >= **cut).count();
                if let Some(count) = summary.classes.get_mut(class) {
                    *count += 1;
                }
            }
        }
    }
}

fn wanted(connection: &Connection, query: &Query) -> Result<Vec<(i64, Arc<Stream>)>, StoreError> {
    let mut found = streams(connection, Some(&query.indicator))?;
    found.retain(|(_, stream)| query.wants(stream));
    Ok(found)
}

/// What is done with the frames of one stream, block and period.
type Visit<'a> = dyn FnMut(&Arc<Stream>, &Mask, &[StoredFrame]) -> Result<(), StoreError> + 'a;

/// Hands out the frames of one stream, block and period together, earliest recording first.
fn each_period(connection: &Connection, query: &Query, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    let (from, to) = period::range(query.days);
    let at = db::bound(query.as_of);
    let blocks = blocks(connection)?;
    let sql = format!(
        "{FRAME} WHERE f.stream = ?1 AND f.block = ?2 AND f.period BETWEEN ?3 AND ?4 AND f.at <= ?5 \
         ORDER BY f.period, f.at, f.id"
    );
    for (id, stream) in wanted(connection, query)? {
        for block in 0..blocks {
            let scope = query.mask(block);
            if scope.is_empty() {
                continue;
            }
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![id, block, from, to, at])?;
            let mut frames: Vec<StoredFrame> = Vec::new();
            while let Some(row) = rows.next()? {
                let frame = StoredFrame::read(row)?;
                if frames.first().is_some_and(|first| first.period != frame.period) {
                    visit(&stream, &scope, &frames)?;
                    frames.clear();
                }
                frames.push(frame);
            }
            if !frames.is_empty() {
                visit(&stream, &scope, &frames)?;
            }
        }
    }
    Ok(())
}

/// Hands out the frame's points of the wanted slots, which are then no longer wanted.
fn emit(
    frame: &StoredFrame,
    stream: &Stream,
    wanted: &mut Mask,
    sink: &mut Sink<'_>,
) -> Result<(), StoreError> {
    let mut points: Vec<Point> = frame.points()?;
    points.retain(|point| wanted.take(locate(point.place).1));
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
