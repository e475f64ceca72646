//! Sealing: turns frames of a year into tiles, proves them equal, and only then lets reads use them. Frames stay.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use rusqlite::{Connection, Transaction, params};

use super::{
    FRAME, StoredFrame, blocks,
    column::Damage,
    mask::{BLOCK, Mask, locate},
    period,
    shelf::{Cell, Shelf, Source, pack_tile, tile_extras, tile_values, width_for},
    streams,
};
use crate::{StoreError, db::Db};

/// Cells held in memory at a time while sealing, which bounds its memory to some 30 MB.
const CELLS: usize = 400_000;

/// What sealing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sealed {
    /// Years of streams turned into tiles, or turned again.
    pub shelves: u32,
    /// Cells in them.
    pub cells: u64,
}

/// Seals every year that has frames of periods ending on or before `through` which are not sealed yet. One transaction
/// each: writers wait for one year of one stream at most.
pub(crate) fn seal(db: &Db, through: NaiveDate) -> Result<Sealed, StoreError> {
    let mut done = Sealed::default();
    for (stream, block, year) in db.read(|connection| unsealed(connection, through))? {
        let cells = db.write(|transaction| seal_year(transaction, stream, block, year, through))?;
        done.shelves += 1;
        done.cells += cells;
    }
    Ok(done)
}

/// Streams, blocks and years with frames that are in no shelf.
fn unsealed(connection: &Connection, through: NaiveDate) -> Result<Vec<(i64, u32, i32)>, StoreError> {
    let mut found = Vec::new();
    let blocks = blocks(connection)?;
    let mut first = connection.prepare_cached(
        "SELECT period FROM frame WHERE stream = ?1 AND block = ?2 AND period BETWEEN ?3 AND ?4 ORDER BY period LIMIT 1",
    )?;
    let mut sealed = connection.prepare_cached(
        "SELECT NOT EXISTS(SELECT 1 FROM shelf WHERE stream = ?1 AND block = ?2 AND year = ?3 AND late = 0)",
    )?;
    let (_, end) = period::range(Some((through, through)));
    for (stream, _) in streams(connection, None)? {
        for block in 0..blocks {
            let mut from = i64::MIN;
            loop {
                let mut rows = first.query(params![stream, block, from, end])?;
                let Some(row) = rows.next()? else { break };
                let Some(year) = period::year(row.get(0)?) else { break };
                if sealed.query_row(params![stream, block, year], |row| row.get(0))? {
                    found.push((stream, block, year));
                }
                from = period::year_range(year).1 + 1;
            }
        }
    }
    Ok(found)
}

/// Makes one shelf out of all frames of the year up to the day, in place of the one that was there.
pub(crate) fn seal_year(
    transaction: &Transaction<'_>,
    stream: i64,
    block: u32,
    year: i32,
    through: NaiveDate,
) -> Result<u64, StoreError> {
    let damaged = |why: &str| StoreError::Damaged {
        what: format!("the tiles of stream `{stream}`, block `{block}`, year `{year}`"),
        why: why.to_owned(),
    };
    let (start, end) = period::year_range(year);
    let (_, last) = period::range(Some((through, through)));
    let range = (start, if through.year() == year { last.min(end) } else { end });
    let shelf = contents(transaction, stream, block, range)?;
    transaction.execute(
        "DELETE FROM tile WHERE shelf IN (SELECT id FROM shelf WHERE stream = ?1 AND block = ?2 AND year = ?3)",
        params![stream, block, year],
    )?;
    transaction.execute(
        "DELETE FROM shelf WHERE stream = ?1 AND block = ?2 AND year = ?3",
        params![stream, block, year],
    )?;
    let later: i64 = transaction.query_row(
        "SELECT count(*) FROM frame WHERE stream = ?1 AND block = ?2 AND period BETWEEN ?3 AND ?4",
        params![stream, block, range.1 + 1, end],
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT INTO shelf(stream, block, year, late, body) VALUES(?1, ?2, ?3, ?4, ?5)",
        params![stream, block, year, later, shelf.encode().map_err(damaged)?],
    )?;
    let id = transaction.last_insert_rowid();
    let parts: Vec<(usize, &[u32])> = shelf.parts().enumerate().collect();
    let mut sealed = 0;
    for strip in parts.chunks(strip_of(&shelf)) {
        let cells = cells(transaction, stream, block, range, &shelf, strip)?;
        let mut rest = cells.as_slice();
        for (part, slots) in strip {
            let (tile, after) =
                rest.split_at_checked(slots.len() * shelf.periods.len()).ok_or(damaged("it is cut"))?;
            rest = after;
            let (body, extra) = pack_tile(tile, shelf.periods.len()).map_err(damaged)?;
            prove(tile, &body, &extra).map_err(damaged)?;
            transaction
                .prepare_cached("INSERT INTO tile(shelf, part, body, extra) VALUES(?1, ?2, ?3, ?4)")?
                .execute(params![id, part, body, extra])?;
            sealed += tile.iter().flatten().count() as u64;
        }
    }
    Ok(sealed)
}

/// Holds a shelf and its tiles against the frames. The inner error says what is wrong.
pub(crate) fn check_year(
    connection: &Connection,
    stream: i64,
    block: u32,
    year: i32,
) -> Result<Result<(), Damage>, StoreError> {
    let (id, late, body): (i64, i64, Vec<u8>) = connection.query_row(
        "SELECT id, late, body FROM shelf WHERE stream = ?1 AND block = ?2 AND year = ?3",
        params![stream, block, year],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let shelf = match Shelf::decode(&body) {
        Ok(shelf) => shelf,
        Err(why) => return Ok(Err(why)),
    };
    let frames: Vec<i64> = shelf.sources.iter().map(|source| source.frame).collect();
    let mut statement = connection.prepare_cached(
        "SELECT id FROM frame WHERE stream = ?1 AND block = ?2 AND period BETWEEN ?3 AND ?4 ORDER BY period, at, id",
    )?;
    let (start, end) = period::year_range(year);
    let known = statement.query_map(params![stream, block, start, end], |row| row.get(0))?;
    let known = known.collect::<Result<Vec<i64>, _>>()?;
    let inside: std::collections::HashSet<i64> = frames.iter().copied().collect();
    let sealed: Vec<i64> = known.iter().copied().filter(|frame| inside.contains(frame)).collect();
    if sealed != frames {
        return Ok(Err("it names frames that are not there"));
    }
    if i64::try_from(known.len() - sealed.len()).ok() != Some(late) {
        return Ok(Err("it counts another number of later frames"));
    }
    let parts: Vec<(usize, &[u32])> = shelf.parts().enumerate().collect();
    let mut statement =
        connection.prepare_cached("SELECT body, extra FROM tile WHERE shelf = ?1 AND part = ?2")?;
    for strip in parts.chunks(strip_of(&shelf)) {
        let cells = cells(connection, stream, block, (start, end), &shelf, strip)?;
        let mut rest = cells.as_slice();
        for (part, slots) in strip {
            let Some((tile, after)) = rest.split_at_checked(slots.len() * shelf.periods.len()) else {
                return Ok(Err("it is cut"));
            };
            rest = after;
            let mut rows = statement.query(params![id, part])?;
            let Some(row) = rows.next()? else { return Ok(Err("a tile is not there")) };
            let (body, extra): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if let Err(why) = prove(tile, &body, &extra) {
                return Ok(Err(why));
            }
        }
    }
    Ok(Ok(()))
}

/// How many tiles to hold in memory at a time.
fn strip_of(shelf: &Shelf) -> usize {
    (CELLS / (shelf.width * shelf.periods.len()).max(1)).max(1)
}

/// The shelf without its cells: periods, frames behind them, slots.
fn contents(
    connection: &Connection,
    stream: i64,
    block: u32,
    range: (i64, i64),
) -> Result<Shelf, StoreError> {
    let mut shelf = Shelf::default();
    let mut slots = Mask::none();
    let mut statement = connection.prepare_cached(
        "SELECT id, period, at, at_offset, run, coalesce(method, 0) FROM frame \
         WHERE stream = ?1 AND block = ?2 AND period BETWEEN ?3 AND ?4 ORDER BY period, at, id",
    )?;
    let mut rows = statement.query(params![stream, block, range.0, range.1])?;
    while let Some(row) = rows.next()? {
        let period = row.get(1)?;
        if shelf.periods.last() != Some(&period) {
            shelf.periods.push(period);
            shelf.counts.push(0);
        }
        let source = Source {
            frame: row.get(0)?,
            at: row.get(2)?,
            at_offset: row.get(3)?,
            run: row.get(4)?,
            method: row.get(5)?,
        };
        shelf.sources.push(source);
        shelf.counts.last_mut().into_iter().for_each(|count| *count += 1);
    }
    each_frame(connection, stream, block, range, &mut |frame| {
        frame.values()?.0.iter().for_each(|slot| slots.insert(*slot));
        Ok(())
    })?;
    shelf.width = width_for(shelf.periods.len());
    shelf.slots = (0..BLOCK).filter(|slot| slots.has(*slot)).collect();
    Ok(shelf)
}

/// The cells of some tiles, slot by slot over all periods.
fn cells(
    connection: &Connection,
    stream: i64,
    block: u32,
    range: (i64, i64),
    shelf: &Shelf,
    strip: &[(usize, &[u32])],
) -> Result<Vec<Option<Cell>>, StoreError> {
    let width = shelf.periods.len();
    let slots = strip.iter().flat_map(|(_, slots)| slots.iter().copied());
    let rows: HashMap<u32, usize> = slots.zip(0..).collect();
    let columns: HashMap<i64, (usize, u32)> = shelf
        .columns()
        .enumerate()
        .flat_map(|(column, (_, sources))| {
            (0..).zip(sources).map(move |(rev, source)| (source.frame, (column, rev)))
        })
        .collect();
    let mut cells = vec![None; rows.len() * width];
    each_frame(connection, stream, block, range, &mut |frame| {
        let Some((column, rev)) = columns.get(&frame.id).copied() else { return Ok(()) };
        for point in frame.points(&mut Mask::all())? {
            let row = rows.get(&locate(point.place).1);
            if let Some(cell) = row.and_then(|row| cells.get_mut(row * width + column)) {
                *cell = Some(Cell { rev, point });
            }
        }
        Ok(())
    })?;
    Ok(cells)
}

/// Frames in the order in which they cover each other.
fn each_frame(
    connection: &Connection,
    stream: i64,
    block: u32,
    range: (i64, i64),
    visit: &mut dyn FnMut(StoredFrame) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!(
        "{FRAME} WHERE f.stream = ?1 AND f.block = ?2 AND f.period BETWEEN ?3 AND ?4 ORDER BY f.period, f.at, f.id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![stream, block, range.0, range.1])?;
    while let Some(row) = rows.next()? {
        visit(StoredFrame::read(row)?)?;
    }
    Ok(())
}

/// Reads the tile back and holds it against what went in.
fn prove(cells: &[Option<Cell>], body: &[u8], extra: &[u8]) -> Result<(), Damage> {
    let values = tile_values(body, cells.len())?;
    let extras = tile_extras(extra, cells.len())?;
    let mut absent = values.absent.iter().map(|at| *at as usize).peekable();
    for (at, cell) in cells.iter().enumerate() {
        let gone = absent.next_if_eq(&at).is_some();
        let same = match cell {
            None => gone,
            Some(cell) => {
                let point = extras.extras.point(at, cell.point.place, &values.values)?;
                !gone && extras.revs.get(at) == Some(&cell.rev) && point == cell.point
            }
        };
        if !same {
            return Err("it does not give back what went in");
        }
    }
    Ok(())
}
