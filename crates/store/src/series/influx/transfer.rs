//! Moving observations between the catalogue's file and the server, either way: resumable, and proved by counts and
//! checksums of everything that was said.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, FixedOffset, TimeDelta};
use gapwatch_model::{Frame, FrameKey, Head, IndicatorId, Point, RunId};

use super::{
    Days, Influx, Piece,
    flux::{EPOCH, Revisions, Scope},
    known, line,
    spool::{Lines, lines_of},
    within,
};
use crate::{
    StoreError, batch, meta, places,
    series::{PlaceSet, Query, SeriesStore, embedded},
};

/// Days of a block asked for at a time.
const WINDOW_DAYS: i64 = 50;

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
        // A late request of another process could put what it replaces over something newer.
        let _alone = self.wait_to_deliver()?;
        let reached = format!("copy:{}", self.server);
        let (of, mut last, mut done): (u64, i64, u64) = self.db.read(|connection| {
            let last = meta::get(connection, &reached)?.and_then(|text| text.parse().ok()).unwrap_or(0);
            let mut count = connection.prepare_cached("SELECT count(*), sum(id <= ?1) FROM frame")?;
            Ok(count.query_row([last], |row| {
                Ok((row.get(0)?, last, row.get::<_, Option<u64>>(1)?.unwrap_or(0)))
            })?)
        })?;
        let mut written = 0;
        loop {
            let (next, frames, lines, points) = self.db.read(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT id FROM frame WHERE id > ?1 ORDER BY id")?;
                let mut rows = statement.query([last])?;
                let (mut next, mut frames, mut lines, mut points) = (last, 0, Lines::default(), 0);
                while let Some(row) = rows.next()? {
                    next = row.get(0)?;
                    frames += 1;
                    points += lines_of(connection, next, &mut lines)?;
                    if points >= REQUEST {
                        break;
                    }
                }
                Ok((next, frames, lines.text, points))
            })?;
            if frames == 0 {
                break;
            }
            self.client.write(lines)?;
            self.db.write(|transaction| {
                meta::set(transaction, &reached, &next.to_string())?;
                transaction.execute("DELETE FROM spool WHERE frame <= ?1", [next])?;
                meta::clear(transaction, "spool:")
            })?;
            last = next;
            written += points;
            done += frames;
            progress(Progress { done, of });
        }
        let indicators = self.local.streams(None)?.iter().map(|s| s.indicator.clone()).collect::<Vec<_>>();
        // The next copy, perhaps after what the proof found was mended, starts anew.
        self.db.write(|transaction| meta::clear(transaction, &reached))?;
        let moved = self.prove(&indicators)?;
        Ok(Transfer { written, ..moved })
    }

    /// Brings everything the server knows into the catalogue, going on where an earlier call was stopped, then proves
    /// both sides equal.
    pub(crate) fn copy_from_server(
        &self,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Transfer, StoreError> {
        let indicators: Vec<IndicatorId> =
            self.client.measurements()?.iter().map(|name| name.as_str().into()).collect();
        let blocks = self.db.read(embedded::blocks)?;
        let of = indicators.len() as u64 * u64::from(blocks);
        let reached = format!("fetch:{}", self.server);
        let (mut done, mut written) = (0, 0);
        for indicator in &indicators {
            let query = Query::new(indicator.clone());
            let mut days = None;
            for block in 0..blocks {
                let mark = format!("{reached} {block} {}", indicator.as_str());
                if self.db.read(|connection| meta::get(connection, &mark))?.is_none() {
                    let windows = match days {
                        Some(days) => windows(days),
                        None => windows(*days.insert(self.client.days(&query)?)),
                    };
                    for window in windows {
                        written += self.fetch(&query, (block, window))?;
                    }
                    self.db.write(|transaction| meta::set(transaction, &mark, ""))?;
                }
                done += 1;
                progress(Progress { done, of });
            }
        }
        self.db.write(|transaction| meta::clear(transaction, &reached))?;
        let moved = self.prove(&indicators)?;
        Ok(Transfer { written, ..moved })
    }

    /// Brings what the server says of one block and window into the catalogue. What is there already is not kept again.
    fn fetch(&self, query: &Query, piece: Piece) -> Result<u64, StoreError> {
        let mut said: BTreeMap<(DateTime<FixedOffset>, RunId, FrameKey), Vec<Point>> = BTreeMap::new();
        for record in self.records(query, &Scope::All, piece, Revisions::All)? {
            let Head { key, run, recorded_at } = record.head;
            let place = record.point.place;
            // The server knows places by their numbers, which another catalogue may have given otherwise.
            if record.bearer != self.db.read(|connection| places::bearer(connection, place))? {
                return Err(StoreError::OtherPlace { place, indicator: key.indicator });
            }
            said.entry((recorded_at, run, key)).or_default().push(record.point);
        }
        let mut written = 0;
        for ((at, run, key), mut points) in said {
            points.sort_by_key(|point| point.place);
            // A run of this catalogue must never take the number of a run that is known by its figures alone.
            self.db.write(|transaction| batch::begin_after(transaction, run))?;
            let counts = self.local.append(run, at, &[Frame { key, points }])?;
            written += u64::from(counts.imported + counts.updated);
        }
        Ok(written)
    }

    /// Holds everything that was said on both sides against each other; from then on the server is believed.
    fn prove(&self, indicators: &[IndicatorId]) -> Result<Transfer, StoreError> {
        let through = self.db.read(known::newest)?;
        let mut indicators = indicators.to_vec();
        indicators.sort();
        indicators.dedup();
        let mut proved = Transfer::default();
        for indicator in indicators {
            let query = Query::new(indicator.clone());
            let windows = windows(self.client.days(&query)?);
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
                for window in &windows {
                    for record in self.records(&query, &Scope::All, (block, *window), Revisions::All)? {
                        count(&mut there, &record.head, &record.point)?;
                    }
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
        self.db.write(|transaction| known::proved(transaction, &self.server, through))?;
        Ok(proved)
    }
}

/// Cuts days into pieces of even length, when nothing is known of what is there. All days before 1970 are asked for at
/// once: a range of some of them would be answered with all.
fn windows(days: Option<Days>) -> Vec<Days> {
    let Some((mut start, to)) = days else { return Vec::new() };
    let mut windows = Vec::new();
    while start <= to {
        let end = if start <= EPOCH { EPOCH } else { start + TimeDelta::days(WINDOW_DAYS - 1) };
        windows.push((start, end.min(to)));
        start = end + TimeDelta::days(1);
    }
    windows
}

fn count(sum: &mut Transfer, head: &Head, point: &Point) -> Result<(), StoreError> {
    let mut text = String::new();
    line::put(&mut text, head, point, 0, line::NOW)?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    sum.proved += 1;
    sum.checksum = sum.checksum.wrapping_add(hasher.finish());
    Ok(())
}
