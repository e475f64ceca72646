//! The queue before InfluxDB. A batch is acknowledged when it is in the file; it reaches the server in order, and writing
//! it again changes nothing there. Who calls [`deliver`] decides when: this room has no clock.

use std::{
    collections::HashSet,
    fs::{File, TryLockError},
};

use chrono::{DateTime, FixedOffset, TimeDelta};
use gapwatch_model::{Frame, RunId};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{Influx, client, known, line};
use crate::{
    StoreError, db, meta, places,
    series::{Counts, embedded},
};

/// Most points in one request.
const REQUEST: u64 = 5_000;
/// Most requests of one call, so that who wants to stop can do so while much waits.
const REQUESTS: u32 = 20;
/// For so long what waits is on its way, and nothing to speak of.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(1);
/// First wait after a failure, and the longest one.
const FIRST_WAIT_SECS: u64 = 2;
const LONGEST_WAIT_SECS: u64 = 600;

/// How the queue before InfluxDB stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Frames that wait.
    pub frames: u64,
    /// Points in them.
    pub points: u64,
    /// Most points that may wait.
    pub most: u64,
    /// When the oldest of them was recorded.
    pub oldest: Option<DateTime<FixedOffset>>,
    /// Failures since the last success.
    pub attempts: u32,
    /// Not before this time the next attempt is made.
    pub next: Option<DateTime<FixedOffset>>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Why answers come from the catalogue instead of the server.
    pub local_because: Option<String>,
}

impl SpoolStatus {
    /// Says why answers come from the catalogue, where people should know: not in the moment before the first attempt.
    #[must_use]
    pub fn behind(&self, now: DateTime<FixedOffset>) -> Option<&str> {
        let on_its_way = self.attempts == 0 && self.oldest.is_some_and(|oldest| now - oldest <= ON_ITS_WAY);
        self.local_because.as_deref().filter(|_| !on_its_way)
    }
}

/// What one call of `deliver` did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Frames the server has taken.
    pub frames: u64,
    /// Points in them, corrections with what they replace.
    pub points: u64,
    /// Why an attempt failed. Without one and without frames there is nothing to do: nothing waits, it is too early to try
    /// again, or another process delivers.
    pub error: Option<String>,
}

/// How much waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depth {
    pub(crate) frames: u64,
    pub(crate) points: u64,
}

pub(crate) fn depth(connection: &Connection) -> Result<Depth, StoreError> {
    let depth = connection
        .prepare_cached("SELECT count(*), coalesce(sum(points), 0) FROM spool")?
        .query_row([], |row| Ok(Depth { frames: row.get(0)?, points: row.get(1)? }))?;
    Ok(depth)
}

/// Keeps frames in the catalogue and puts them into the queue, or refuses both.
pub(crate) fn append(
    transaction: &Transaction<'_>,
    most: u64,
    run: RunId,
    at: DateTime<FixedOffset>,
    frames: &[Frame],
) -> Result<Counts, StoreError> {
    frames.iter().try_for_each(|frame| line::check(&frame.key))?;
    let before: i64 =
        transaction.query_row("SELECT coalesce(max(id), 0) FROM frame", [], |row| row.get(0))?;
    let counts = embedded::append_frames(transaction, run, at, frames)?;
    let added = transaction.execute(
        "INSERT INTO spool(frame, points) SELECT id, points FROM frame WHERE id > ?1 ORDER BY id",
        [before],
    )?;
    let waiting = depth(transaction)?.points;
    if added > 0 && waiting > most { Err(StoreError::SpoolFull { waiting, most }) } else { Ok(counts) }
}

impl Influx {
    /// Brings some of what waits to the server, oldest first, until nothing waits or an attempt fails. After a failure it
    /// does nothing until the wait is over, which doubles each time and never is the same for two stores.
    pub(crate) fn deliver(&self, now: DateTime<FixedOffset>) -> Result<Delivery, StoreError> {
        let mut done = Delivery::default();
        if self.db.read(depth)?.frames == 0 {
            return Ok(done);
        }
        // A late request of another process could put what it replaces over something newer.
        let Some(_alone) = self.deliver_alone()? else { return Ok(done) };
        if self.status()?.next.is_some_and(|next| now < next) {
            return Ok(done);
        }
        for _ in 0..REQUESTS {
            match self.deliver_next() {
                Ok((0, _)) => break,
                Ok((frames, points)) => {
                    done.frames += frames;
                    done.points += points;
                }
                Err(error) => {
                    done.error = Some(self.put_off(now, error)?);
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Makes this the one that delivers, until the file given is closed. `None`: another one does.
    fn deliver_alone(&self) -> Result<Option<File>, StoreError> {
        self.lock_delivery(|file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(source),
        })
    }

    /// Waits until no other delivers, and makes this the one that does.
    pub(super) fn wait_to_deliver(&self) -> Result<Option<File>, StoreError> {
        self.lock_delivery(|file| file.lock().map(|()| true))
    }

    fn lock_delivery(
        &self,
        lock: impl FnOnce(&File) -> std::io::Result<bool>,
    ) -> Result<Option<File>, StoreError> {
        let path = self.db.path().with_extension("delivery.lock");
        let locked = File::create(&path).and_then(|file| Ok(lock(&file)?.then_some(file)));
        locked.map_err(|source| StoreError::File { doing: "lock", path, source })
    }

    /// Makes one request; gives how many frames and points it brought, none when nothing waits.
    fn deliver_next(&self) -> Result<(u64, u64), StoreError> {
        let (last, frames, lines, points) = self.db.read(next_request)?;
        if frames > 0 {
            self.client.write(lines)?;
            // A server that takes what is sent is up, whatever the last question met.
            self.note(None);
            self.db.write(|transaction| {
                transaction.execute("DELETE FROM spool WHERE seq <= ?1", [last])?;
                meta::clear(transaction, "spool:")
            })?;
        }
        Ok((frames, points))
    }

    /// Remembers a failure, whatever it was, and when to try again. Gives the failure as a sentence.
    fn put_off(&self, now: DateTime<FixedOffset>, error: StoreError) -> Result<String, StoreError> {
        let why = match error {
            StoreError::Server { why, .. } => why,
            error => client::chain(&error),
        };
        self.db.write(|transaction| {
            let attempts = failures(transaction)?.saturating_add(1);
            let first: i64 =
                transaction.query_row("SELECT coalesce(min(seq), 0) FROM spool", [], |row| row.get(0))?;
            let seed = first ^ now.timestamp_nanos_opt().unwrap_or(0);
            let next = now + TimeDelta::milliseconds(wait_ms(attempts, seed));
            meta::set(transaction, "spool:attempts", &attempts.to_string())?;
            meta::set(transaction, "spool:next", &next.to_rfc3339())?;
            meta::set(transaction, "spool:error", &why)
        })?;
        Ok(why)
    }

    pub(crate) fn status(&self) -> Result<SpoolStatus, StoreError> {
        let read_failed = self.local_because.lock().ok().and_then(|because| because.clone());
        self.db.read(|connection| {
            let Depth { frames, points } = depth(connection)?;
            let oldest: Option<(i64, i32)> = connection
                .prepare_cached("SELECT f.at, f.at_offset FROM spool s JOIN frame f ON f.id = s.frame ORDER BY s.seq LIMIT 1")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let next = meta::get(connection, "spool:next")?.and_then(|next| DateTime::parse_from_rfc3339(&next).ok());
            let error = meta::get(connection, "spool:error")?;
            let local_because = match &error {
                _ if !known::whole(connection, &self.server)? => Some(known::LACKS.to_owned()),
                _ if frames == 0 => read_failed,
                Some(error) => Some(error.clone()),
                None => Some(format!("{points} points are not delivered yet")),
            };
            Ok(SpoolStatus {
                frames,
                points,
                most: self.most,
                oldest: oldest.map(|(at, offset)| db::time(at, offset)).transpose()?,
                attempts: failures(connection)?,
                next,
                error,
                local_because,
            })
        })
    }
}

/// The next lines: the last place in the queue they reach, how many frames, the lines, how many points.
fn next_request(connection: &Connection) -> Result<(i64, u64, String, u64), StoreError> {
    let mut statement = connection.prepare_cached("SELECT seq, frame FROM spool ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let (mut last, mut frames, mut lines, mut points) = (0, 0, Lines::default(), 0);
    while let Some(row) = rows.next()? {
        if points >= REQUEST {
            break;
        }
        last = row.get(0)?;
        points += lines_of(connection, row.get(1)?, &mut lines)?;
        frames += 1;
    }
    Ok((last, frames, lines.text, points))
}

/// The body of a request. Frames that say something of the same points bring a line only once.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) text: String,
    known: HashSet<String>,
}

/// Appends the lines that bring one frame to the server: its points, and what else was said of them.
pub(super) fn lines_of(connection: &Connection, frame: i64, lines: &mut Lines) -> Result<u64, StoreError> {
    let mut added = 0;
    for (head, point, rev) in embedded::said_of(connection, frame)? {
        let rev = rev.map_or_else(|| line::NOW.to_owned(), |rev| rev.to_string());
        let mut line = String::new();
        line::put(&mut line, &head, &point, places::bearer(connection, point.place)?, &rev)?;
        if !lines.known.contains(&line) {
            lines.text += &line;
            lines.known.insert(line);
            added += 1;
        }
    }
    Ok(added)
}

/// Between half of the wait and all of it.
fn wait_ms(attempts: u32, seed: i64) -> i64 {
    let wait =
        FIRST_WAIT_SECS.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST_WAIT_SECS) * 1000;
    let mixed =
        seed.unsigned_abs().wrapping_add(u64::from(attempts)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    i64::try_from(wait / 2 + mixed % (wait / 2 + 1)).unwrap_or(i64::MAX)
}

fn failures(connection: &Connection) -> Result<u32, StoreError> {
    Ok(meta::get(connection, "spool:attempts")?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::wait_ms;

    #[test]
    fn waits_double_up_to_ten_minutes_and_differ() {
        for (attempts, most) in [(1, 2_000), (2, 4_000), (9, 512_000), (10, 600_000), (60, 600_000)] {
            let wait = wait_ms(attempts, 7);
            assert!((most / 2..=most).contains(&wait), "{attempts}: {wait}");
        }
        assert_ne!(wait_ms(5, 1), wait_ms(5, 2));
    }
}
