//! Proves frames readable and projections equal to what the frames say; makes projections again.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, Transaction, params};

use super::{
    FRAME, StoredFrame,
    latest::{Latest, Speaker},
    mask::{Mask, ranges},
    period,
    seal::{check_year, seal_year},
};
use crate::{Problem, StoreError};

/// Reads every frame. Gives how many there are and what is wrong.
pub(crate) fn frames(connection: &Connection, problems: &mut Vec<Problem>) -> Result<u64, StoreError> {
    let sql = format!("{FRAME} ORDER BY f.id");
    let mut statement = connection.prepare(&sql)?;
    let mut counts = connection.prepare_cached(
        "SELECT points, EXISTS(SELECT 1 FROM stream s WHERE s.id = frame.stream) FROM frame WHERE id = ?1",
    )?;
    let mut rows = statement.query([])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        let frame = StoredFrame::read(row)?;
        let (points, stream): (usize, bool) =
            counts.query_row([frame.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let wrong = match frame.points(&mut Mask::all()) {
            Err(error) => Some(error),
            Ok(found) if found.len() != points => Some(frame.damaged("it holds another number of points")),
            Ok(found) if !found.is_sorted_by(|a, b| a.place < b.place) => {
                Some(frame.damaged("its places do not rise"))
            }
            Ok(_) if !stream => Some(frame.damaged("its stream is not there")),
            Ok(_) if period::period(frame.period).is_none() => Some(frame.damaged("its period is none")),
            Ok(_) => None,
        };
        if let Some(StoreError::Damaged { what, why }) = wrong {
            problems.push(Problem { what, why, derived: false });
        }
        read += 1;
    }
    Ok(read)
}

/// Holds every latest vector against the frames.
pub(crate) fn latest(connection: &Connection, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let mut stored: BTreeMap<(i64, u32), Vec<u8>> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT stream, block, body FROM latest")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        stored.insert((row.get(0)?, row.get(1)?), row.get(2)?);
    }
    each_latest(connection, &mut |stream, block, made| {
        if stored.remove(&(stream, block)).as_ref() != Some(&made.encode()) {
            problems.push(latest_problem(stream, block));
        }
        Ok(())
    })?;
    problems.extend(stored.into_keys().map(|(stream, block)| latest_problem(stream, block)));
    Ok(())
}

/// Holds every shelf against the frames.
pub(crate) fn shelves(connection: &Connection, problems: &mut Vec<Problem>) -> Result<u64, StoreError> {
    let shelves = all_shelves(connection)?;
    for (stream, block, year) in &shelves {
        let why = match check_year(connection, *stream, *block, *year) {
            Ok(Ok(())) => continue,
            Ok(Err(why)) => why.to_owned(),
            Err(StoreError::Damaged { what, why }) => format!("it cannot be held against {what}: {why}"),
            Err(error) => return Err(error),
        };
        let what = format!("the tiles of stream `{stream}`, block `{block}`, year `{year}`");
        problems.push(Problem { what, why, derived: true });
    }
    Ok(shelves.len() as u64)
}

/// Makes every latest vector and every shelf again.
pub(crate) fn rebuild(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM latest", [])?;
    each_latest(transaction, &mut |stream, block, made| {
        transaction
            .prepare_cached("INSERT INTO latest(stream, block, body) VALUES(?1, ?2, ?3)")?
            .execute(params![stream, block, made.encode()])?;
        Ok(())
    })?;
    for (stream, block, year) in all_shelves(transaction)? {
        seal_year(transaction, stream, block, year, NaiveDate::MAX)?;
    }
    transaction.execute("DELETE FROM tile WHERE shelf NOT IN (SELECT id FROM shelf)", [])?;
    Ok(())
}

fn latest_problem(stream: i64, block: u32) -> Problem {
    Problem {
        what: format!("the latest vector of stream `{stream}`, block `{block}`"),
        why: "it is not what the frames say".to_owned(),
        derived: true,
    }
}

fn all_shelves(connection: &Connection) -> Result<Vec<(i64, u32, i32)>, StoreError> {
    let mut statement =
        connection.prepare("SELECT stream, block, year FROM shelf ORDER BY stream, block, year")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What is done with a vector made from frames.
type VisitLatest<'a> = dyn FnMut(i64, u32, &Latest) -> Result<(), StoreError> + 'a;

/// Makes the vector of every stream and block from its frames. Damaged frames are left out: they are said elsewhere.
fn each_latest(connection: &Connection, visit: &mut VisitLatest<'_>) -> Result<(), StoreError> {
    let mut keys = connection.prepare("SELECT DISTINCT stream, block FROM frame ORDER BY stream, block")?;
    let keys: Vec<(i64, u32)> =
        keys.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let sql = format!("{FRAME} WHERE f.stream = ?1 AND f.block = ?2 ORDER BY f.period DESC, f.at, f.id");
    let mut statement = connection.prepare(&sql)?;
    for (stream, block) in keys {
        let mut made = Latest::new();
        let mut rows = statement.query([stream, i64::from(block)])?;
        while let Some(row) = rows.next()? {
            let frame = StoredFrame::read(row)?;
            if let Ok((slots, _)) = frame.values() {
                made.add(Speaker { frame: frame.id, period: frame.period, at: frame.at }, &ranges(&slots));
            }
        }
        visit(stream, block, &made)?;
    }
    Ok(())
}
