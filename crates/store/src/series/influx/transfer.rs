//! Moving observations between the catalogue's file and the server, either way: resumable, and proved by counts and
//! checksums of everything that was said.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Frame, FrameKey, Head, IndicatorId, Point, RunId};
use rusqlite::{OptionalExtension, params};

use super::{
    Influx, Record,
    flux::Revisions,
    line,
    spool::{Lines, lines_of},
    within,
};
use crate::{
    StoreError,
    series::{PlaceSet, Query, SeriesStore, embedded},
};

/// Points in one request.
const REQUEST: u64 = 5_000;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Frames, or blocks of places per indicator, that are done.
    pub done: u64,
    /// How many there are.
    pub of: u64,
}

/// What a transfer moved and proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transfer {
    /// Points written on the other side in this call; a resumed transfer writes only what was left.
    pub written: u64,
    /// Points that both sides say, corrections counted each.
    pub proved: u64,
    /// Sum of the checksums of them, equal on both sides.
    pub checksum: u64,
}

impl Influx {
    /// Brings every frame of the catalogue to the server, going on where an earlier call was stopped, then proves both
    /// sides equal.
    pub(crate) fn copy_to_server(&self, progress: &mut dyn FnMut(Progress)) -> Result<Transfer, StoreError> {
        let of = self.db.read(|c| Ok(c.query_row("SELECT count(*) FROM frame", [], |row| row.get(0))?))?;
        let mut written = 0;
        loop {
            let (from, last, lines, points) = self.db.read(|connection| {
                let from: i64 = connection
                    .query_row("SELECT value FROM meta WHERE key = 'copy:frame'", [], |row| {
                        row.get::<_, String>(0)
                    })
                    .optional()?
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0);
                let mut statement =
                    connection.prepare_cached("SELECT id FROM frame WHERE id > ?1 ORDER BY id")?;
                let mut rows = statement.query([from])?;
                let (mut last, mut lines, mut points) = (from, Lines::default(), 0);
                while let Some(row) = rows.next()? {
                    last = row.get(0)?;
                    points += lines_of(connection, last, &mut lines)?;
                    if points >= REQUEST {
                        break;
                    }
                }
                Ok((from, last, lines.text, points))
            })?;
            if last == from {
                break;
            }
            self.client.write(lines)?;
            written += points;
            self.db.write(|transaction| {
                transaction.execute(
                    "INSERT OR REPLACE INTO meta(key, value) VALUES('copy:frame', ?1)",
                    params![last.to_string()],
                )?;
                transaction.execute("DELETE FROM spool WHERE frame <= ?1", [last])?;
                Ok(())
            })?;
            let done = self.db.read(|c| {
                Ok(c.query_row("SELECT count(*) FROM frame WHERE id <= ?1", [last], |row| row.get(0))?)
            })?;
            progress(Progress { done, of });
        }
        let indicators = self.local.streams(None)?.iter().map(|s| s.indicator.clone()).collect::<Vec<_>>();
        let mut moved = self.prove(&indicators)?;
        moved.written = written;
        // The next copy, perhaps to another server, starts anew.
        self.db.write(|transaction| {
            transaction.execute("DELETE FROM meta WHERE key = 'copy:frame'", [])?;
            Ok(())
        })?;
        Ok(moved)
    }

    /// Brings everything the server knows into the catalogue, then proves both sides equal. What is there already is
    /// not kept again, so a call that was stopped is simply made again.
    pub(crate) fn copy_from_server(
        &self,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Transfer, StoreError> {
        let indicators: Vec<IndicatorId> =
            self.client.measurements()?.iter().map(|name| name.as_str().into()).collect();
        let blocks = self.db.read(embedded::blocks)?;
        let of = indicators.len() as u64 * u64::from(blocks);
        let (mut done, mut written) = (0, 0);
        for indicator in &indicators {
            let query = Query::new(indicator.clone());
            let days = self.client.days(&query)?;
            for block in 0..blocks {
                let mut said: BTreeMap<(DateTime<FixedOffset>, RunId, FrameKey), Vec<Point>> =
                    BTreeMap::new();
                for record in self.everything(&query, block, days)? {
                    let Head { key, run, recorded_at } = record.head;
                    said.entry((recorded_at, run, key)).or_default().push(record.point);
                }
                for ((at, run, key), mut points) in said {
                    points.sort_by_key(|point| point.place);
                    let counts = self.local.append(run, at, &[Frame { key, points }])?;
                    written += u64::from(counts.imported + counts.updated);
                }
                done += 1;
                progress(Progress { done, of });
            }
        }
        let mut moved = self.prove(&indicators)?;
        moved.written = written;
        Ok(moved)
    }

    /// Everything the server says of one block.
    fn everything(
        &self,
        query: &Query,
        block: u32,
        days: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<Vec<Record>, StoreError> {
        days.map_or_else(|| Ok(Vec::new()), |days| self.records(query, block, days, Revisions::All))
    }

    /// Holds everything that was said on both sides against each other.
    fn prove(&self, indicators: &[IndicatorId]) -> Result<Transfer, StoreError> {
        let mut indicators = indicators.to_vec();
        indicators.sort();
        indicators.dedup();
        let mut proved = Transfer::default();
        for indicator in indicators {
            let query = Query::new(indicator.clone());
            let days = self.client.days(&query)?;
            for block in 0..self.db.read(embedded::blocks)? {
                let mut here = Transfer::default();
                let places: PlaceSet = within(&query, block);
                let local = Query { places: Some(places), ..query.clone() };
                let mut failed = None;
                self.local.revisions(&local, &mut |head, points| {
                    for point in points {
                        failed = count(&mut here, head, point).err().or(failed.take());
                    }
                })?;
                if let Some(error) = failed {
                    return Err(error);
                }
                let mut there = Transfer::default();
                for record in self.everything(&query, block, days)? {
                    count(&mut there, &record.head, &record.point)?;
                }
                if here != there {
                    return Err(StoreError::Damaged {
                        what: format!("the copy of `{indicator}`, block `{block}`"),
                        why: format!(
                            "the server says {} points with checksum {:016x}, the catalogue {} with {:016x}",
                            there.proved, there.checksum, here.proved, here.checksum
                        ),
                    });
                }
                proved.proved += here.proved;
                proved.checksum = proved.checksum.wrapping_add(here.checksum);
            }
        }
        Ok(proved)
    }
}

fn count(sum: &mut Transfer, head: &Head, point: &Point) -> Result<(), StoreError> {
    let mut text = String::new();
    line::put(&mut text, head, point, line::NOW)?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    sum.proved += 1;
    sum.checksum = sum.checksum.wrapping_add(hasher.finish());
    Ok(())
}
