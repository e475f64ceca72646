//! Proves frames readable and projections equal to what the frames say; makes projections again.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{
    Connection, Params, Row, Statement, Transaction, params,
    types::{Value, ValueRef},
};

use super::{
    FRAME, StoredFrame,
    latest::{Latest, Speaker},
    mask::{Mask, ranges},
    period,
    seal::{check_year, seal_year},
    shelf::Shelf,
};
use crate::{Problem, StoreError};

/// What a shelf is of: stream, block and year.
type Year = (i64, u32, i32);

/// Which frames there are, and which of them nothing can be made from.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// How many were read.
    pub(crate) read: u64,
    /// Highest number.
    last: i64,
    /// First and last number of frames that are damaged or not there.
    lost: BTreeMap<i64, i64>,
}

impl Frames {
    /// A lost one among those a statement selects and those a projection names.
    fn lost_among(
        &self,
        selected: &mut Statement<'_>,
        params: impl Params,
        named: impl Iterator<Item = i64>,
    ) -> Result<Option<i64>, StoreError> {
        let selected = selected.query_map(params, |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        let lost = |frame: &i64| {
            let before = self.lost.range(..=*frame).next_back();
            *frame > self.last || before.is_some_and(|(_, last)| frame <= last)
        };
        Ok(selected.into_iter().chain(named).find(lost))
    }
}

/// Reads every frame and says what is wrong.
pub(crate) fn frames(connection: &Connection, problems: &mut Vec<Problem>) -> Result<Frames, StoreError> {
    let sql = format!("{FRAME} ORDER BY f.id");
    let mut statement = connection.prepare(&sql)?;
    let mut counts = connection.prepare_cached(
        "SELECT points, EXISTS(SELECT 1 FROM stream s WHERE s.id = frame.stream) FROM frame WHERE id = ?1",
    )?;
    let mut rows = statement.query([])?;
    let mut frames = Frames::default();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        // Numbers are given out in turn and frames are never removed: a gap is a loss.
        let (from, to) = (frames.last + 1, id - 1);
        if from <= to {
            let what =
                if from == to { format!("frame `{from}`") } else { format!("frames `{from}` to `{to}`") };
            problems.push(Problem { what, why: "not there".to_owned(), derived: false });
            frames.lost.insert(from, to);
        }
        match whole(id, row, &mut counts) {
            Err(StoreError::Damaged { what, why }) => {
                problems.push(Problem { what, why, derived: false });
                frames.lost.insert(id, id);
            }
            other => other?,
        }
        frames.last = id;
        frames.read += 1;
    }
    Ok(frames)
}

/// Reads one frame.
fn whole(id: i64, row: &Row<'_>, counts: &mut Statement<'_>) -> Result<(), StoreError> {
    let named = |error: rusqlite::Error| match error.into() {
        StoreError::Damaged { why, .. } => StoreError::Damaged { what: format!("frame `{id}`"), why },
        error => error,
    };
    let frame = StoredFrame::read(row).map_err(named)?;
    let (points, stream): (usize, bool) =
        counts.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).map_err(named)?;
    let found = frame.points(&mut Mask::all())?;
    let wrong = if found.len() != points {
        "it holds another number of points"
    } else if !found.is_sorted_by(|a, b| a.place < b.place) {
        "its places do not rise"
    } else if !stream {
        "its stream is not there"
    } else if period::period(frame.period).is_none() {
        "its period is none"
    } else {
        return Ok(());
    };
    Err(frame.damaged(wrong))
}

/// Holds every latest vector against the frames.
pub(crate) fn latest(
    connection: &Connection,
    frames: &Frames,
    problems: &mut Vec<Problem>,
) -> Result<(), StoreError> {
    each_latest(connection, frames, &mut |of, stored, made| {
        let (why, derived) = match made {
            Err(frame) => (rests_on(frame), false),
            Ok(made) if made.as_deref() == stored => return Ok(()),
            Ok(_) => ("it is not what the frames say".to_owned(), true),
        };
        problems.push(Problem { what: vector(of), why, derived });
        Ok(())
    })
}

/// Holds every shelf against the frames.
pub(crate) fn shelves(
    connection: &Connection,
    frames: &Frames,
    problems: &mut Vec<Problem>,
) -> Result<u64, StoreError> {
    let (shelves, stray) = all_shelves(connection)?;
    problems.extend(stray.iter().map(|id| Problem {
        what: format!("shelf `{id}`"),
        why: "it does not say of what it is".to_owned(),
        derived: true,
    }));
    for shelf in &shelves {
        let (stream, block, year) = *shelf;
        let (why, derived) = match lost_of(connection, frames, *shelf)? {
            Some(frame) => (rests_on(frame), false),
            None => match check_year(connection, stream, block, year) {
                Ok(Ok(())) => continue,
                Ok(Err(why)) => (why.to_owned(), true),
                Err(StoreError::Damaged { why, .. }) => (why, true),
                Err(error) => return Err(error),
            },
        };
        problems.push(Problem { what: tiles(*shelf), why, derived });
    }
    Ok(shelves.len() as u64)
}

/// Makes every latest vector and every shelf again. Leaves those that rest on lost frames as they are: made without
/// them, they would answer with what was said before. Gives what was left, and the frames it was left for.
pub(crate) fn rebuild(transaction: &Transaction<'_>) -> Result<Vec<Problem>, StoreError> {
    let mut left = Vec::new();
    let frames = frames(transaction, &mut left)?;
    // Of whom these speak cannot be told.
    transaction.execute(
        "DELETE FROM latest WHERE typeof(stream) <> 'integer' OR typeof(block) <> 'integer' OR block < 0",
        [],
    )?;
    let mut put =
        transaction.prepare("INSERT OR REPLACE INTO latest(stream, block, body) VALUES(?1, ?2, ?3)")?;
    let mut delete = transaction.prepare("DELETE FROM latest WHERE stream = ?1 AND block = ?2")?;
    each_latest(transaction, &frames, &mut |of, _, made| {
        match made {
            Err(frame) => left.push(Problem { what: vector(of), why: rests_on(frame), derived: false }),
            Ok(Some(made)) => drop(put.execute(params![of.0, of.1, made])?),
            Ok(None) => drop(delete.execute(params![of.0, of.1])?),
        }
        Ok(())
    })?;
    let (shelves, stray) = all_shelves(transaction)?;
    for id in stray {
        transaction.execute("DELETE FROM shelf WHERE id = ?1", [id])?;
    }
    for shelf in shelves {
        if let Some(frame) = lost_of(transaction, &frames, shelf)? {
            left.push(Problem { what: tiles(shelf), why: rests_on(frame), derived: false });
        } else {
            let (stream, block, year) = shelf;
            seal_year(transaction, stream, block, year, NaiveDate::MAX)?;
        }
    }
    transaction.execute("DELETE FROM tile WHERE shelf NOT IN (SELECT id FROM shelf)", [])?;
    Ok(left)
}

fn rests_on(frame: i64) -> String {
    format!("it cannot be held against frame `{frame}`")
}

fn vector((stream, block): (i64, u32)) -> String {
    format!("the latest vector of stream `{stream}`, block `{block}`")
}

fn tiles((stream, block, year): Year) -> String {
    format!("the tiles of stream `{stream}`, block `{block}`, year `{year}`")
}

/// Stream, block and year of every shelf, and the numbers of those that do not say them.
fn all_shelves(connection: &Connection) -> Result<(Vec<Year>, Vec<i64>), StoreError> {
    let mut statement =
        connection.prepare("SELECT stream, block, year, id FROM shelf ORDER BY stream, block, year")?;
    let mut rows = statement.query([])?;
    let (mut shelves, mut stray) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        match (row.get(0), row.get(1), row.get(2)) {
            (Ok(stream), Ok(block), Ok(year)) => shelves.push((stream, block, year)),
            _ => stray.push(row.get(3)?),
        }
    }
    Ok((shelves, stray))
}

/// A lost frame of a year of a stream and block, or one its shelf was made from.
fn lost_of(
    connection: &Connection,
    frames: &Frames,
    (stream, block, year): Year,
) -> Result<Option<i64>, StoreError> {
    let mut shelf =
        connection.prepare_cached("SELECT body FROM shelf WHERE stream = ?1 AND block = ?2 AND year = ?3")?;
    let body: Value = shelf.query_row(params![stream, block, year], |row| row.get(0))?;
    let sources = match body {
        Value::Blob(body) => Shelf::decode(&body).map_or_else(|_| Vec::new(), |shelf| shelf.sources),
        _ => Vec::new(),
    };
    let mut ids = connection.prepare_cached(
        "SELECT id FROM frame WHERE stream = ?1 AND block = ?2 AND period BETWEEN ?3 AND ?4",
    )?;
    let (start, end) = period::year_range(year);
    let named = sources.iter().map(|source| source.frame);
    frames.lost_among(&mut ids, params![stream, block, start, end], named)
}

/// What is done with a vector: what is stored, and what frames make of it. `None` where there are no frames; a lost frame
/// stands in the way.
type VisitLatest<'a> =
    dyn FnMut((i64, u32), Option<&[u8]>, Result<Option<Vec<u8>>, i64>) -> Result<(), StoreError> + 'a;

/// Makes the vector of every stream and block from its frames.
fn each_latest(
    connection: &Connection,
    frames: &Frames,
    visit: &mut VisitLatest<'_>,
) -> Result<(), StoreError> {
    let mut vectors: BTreeMap<(i64, u32), Option<Vec<u8>>> = BTreeMap::new();
    for sql in ["SELECT DISTINCT stream, block, NULL FROM frame", "SELECT stream, block, body FROM latest"] {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // Of whom a row speaks cannot be told: as a frame it is lost, as a vector it is missed elsewhere.
            let (Ok(stream), Ok(block)) = (row.get(0), row.get(1)) else { continue };
            let body = match row.get_ref(2)? {
                ValueRef::Null => None,
                // What is no blob is damaged, and so is one without content.
                other => Some(other.as_blob().unwrap_or_default().to_vec()),
            };
            vectors.insert((stream, block), body);
        }
    }
    let mut ids = connection.prepare("SELECT id FROM frame WHERE stream = ?1 AND block = ?2")?;
    for ((stream, block), stored) in vectors {
        let named = stored.as_deref().and_then(|body| Latest::decode(body).ok());
        let named = named.iter().flat_map(Latest::speakers).map(|(speaker, _)| speaker.frame);
        let made = match frames.lost_among(&mut ids, params![stream, block], named)? {
            Some(frame) => Err(frame),
            None => Ok(made_of(connection, stream, block)?.as_ref().map(Latest::encode)),
        };
        visit((stream, block), stored.as_deref(), made)?;
    }
    Ok(())
}

/// The vector of a stream and block, made from its frames. `None` where there are none.
pub(crate) fn made_of(
    connection: &Connection,
    stream: i64,
    block: u32,
) -> Result<Option<Latest>, StoreError> {
    let sql = format!("{FRAME} WHERE f.stream = ?1 AND f.block = ?2 ORDER BY f.period DESC, f.at, f.id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![stream, block])?;
    let mut made = None;
    while let Some(row) = rows.next()? {
        let frame = StoredFrame::read(row)?;
        let speaker = Speaker { frame: frame.id, period: frame.period, at: frame.at };
        made.get_or_insert_with(Latest::new).add(speaker, &ranges(&frame.values()?.0));
    }
    Ok(made)
}
