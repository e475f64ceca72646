//! What collectors did: run records, rejects, and the files behind them.

use std::io::{Read, Write};

use chrono::{DateTime, FixedOffset};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use gapwatch_model::{CollectorName, Reject, Run, RunId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Store, StoreError, db, places};

/// Which runs are asked for, newest first.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Of this collector; `None` means all.
    pub collector: Option<CollectorName>,
    /// Finished at or before this time; `None` means all.
    pub as_of: Option<DateTime<FixedOffset>>,
    /// Only runs with a smaller number, to page on.
    pub before: Option<RunId>,
    /// At most so many; `None` means all.
    pub limit: Option<u32>,
}

impl Store {
    /// Lists runs, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, body FROM run WHERE (?1 IS NULL OR collector = ?1) AND finished <= ?2 AND id < ?3 \
                 ORDER BY id DESC LIMIT ?4",
            )?;
            let mut rows = statement.query(params![
                query.collector.as_ref().map(CollectorName::as_str),
                db::bound(query.as_of),
                query.before.map_or(i64::MAX, |run| i64::try_from(run.0).unwrap_or(i64::MAX)),
                query.limit.map_or(-1, i64::from),
            ])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(run_of(row)?);
            }
            Ok(found)
        })
    }

    /// Gives one run.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.db.read(|connection| run(connection, id))
    }

    /// Gives what did not go in with a run, in the order of the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn rejects(&self, run: RunId) -> Result<Vec<Reject>, StoreError> {
        self.db.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT body FROM reject WHERE run = ?1 ORDER BY number")?;
            let mut rows = statement.query([run.0])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(places::read(
                    row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?,
                    "a reject",
                )?);
            }
            Ok(found)
        })
    }

    /// Gives the last run of a collector that had finished by the time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn last_run(
        &self,
        collector: &CollectorName,
        as_of: Option<DateTime<FixedOffset>>,
    ) -> Result<Option<Run>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, body FROM run WHERE collector = ?1 AND finished <= ?2 ORDER BY finished DESC, id DESC LIMIT 1",
            )?;
            let mut rows = statement.query(params![collector.as_str(), db::bound(as_of)])?;
            rows.next()?.map(run_of).transpose()
        })
    }

    /// Gives the newest run, of one collector or of all, that brought observations: it succeeded, wholly or in part.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn last_brought(
        &self,
        collector: Option<&CollectorName>,
        as_of: Option<DateTime<FixedOffset>>,
    ) -> Result<Option<Run>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, body FROM run WHERE (?1 IS NULL OR collector = ?1) AND finished <= ?2 \
                 AND outcome IN ('succeeded', 'partial') ORDER BY finished DESC, id DESC LIMIT 1",
            )?;
            let mut rows =
                statement.query(params![collector.map(CollectorName::as_str), db::bound(as_of)])?;
            rows.next()?.map(run_of).transpose()
        })
    }

    /// Gives the first run of a collector.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn first_run(&self, collector: &CollectorName) -> Result<Option<Run>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, body FROM run WHERE collector = ?1 ORDER BY finished, id LIMIT 1",
            )?;
            let mut rows = statement.query([collector.as_str()])?;
            rows.next()?.map(run_of).transpose()
        })
    }

    /// Gives the content hash under which a file of a collector was last taken in. Runs that failed or were skipped,
    /// and batches that are held back or were dropped, do not count.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn seen(&self, collector: &CollectorName, file: &str) -> Result<Option<String>, StoreError> {
        self.db.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT content_hash FROM run WHERE collector = ?1 AND file = ?2 AND content_hash IS NOT NULL \
                     AND outcome NOT IN ('failed', 'skipped') AND (outcome <> 'quarantined' \
                     OR EXISTS(SELECT 1 FROM quarantine q WHERE q.run = run.id AND q.state = 'released')) \
                     ORDER BY id DESC LIMIT 1",
                )?
                .query_row(params![collector.as_str(), file], |row| row.get(0))
                .optional()?;
            Ok(found)
        })
    }

    /// Keeps a sender's file under the hash of its content. Kept once, however often it comes.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn keep_file(&self, content_hash: &str, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let packed = pack(bytes)?;
        self.db.write(|transaction| {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO file(hash, name, packed) VALUES(?1, ?2, ?3)")?
                .execute(params![content_hash, name, packed])?;
            Ok(())
        })
    }

    /// Gives a kept file: its name and its bytes.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn file(&self, content_hash: &str) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        self.db.read(|connection| {
            let found: Option<(String, Vec<u8>)> = connection
                .prepare_cached("SELECT name, packed FROM file WHERE hash = ?1")?
                .query_row([content_hash], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            found.map(|(name, packed)| Ok((name, unpack(&packed, "a kept file")?))).transpose()
        })
    }
}

pub(crate) fn run(connection: &Connection, id: RunId) -> Result<Option<Run>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, body FROM run WHERE id = ?1")?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(run_of).transpose()
}

pub(crate) fn run_of(row: &Row<'_>) -> Result<Run, StoreError> {
    let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    let mut run: Run = places::read(body, "a run")?;
    run.id = RunId(row.get(0)?);
    Ok(run)
}

/// Bytes made smaller, with the length they had and a checksum before them.
pub(crate) fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut packed = crc32fast::hash(bytes).to_le_bytes().to_vec();
    let failed =
        |error: std::io::Error| StoreError::Damaged { what: "a new file".to_owned(), why: error.to_string() };
    let mut encoder = DeflateEncoder::new(&mut packed, Compression::default());
    encoder.write_all(bytes).map_err(failed)?;
    encoder.finish().map_err(failed)?;
    Ok(packed)
}

/// The bytes back.
pub(crate) fn unpack(packed: &[u8], what: &str) -> Result<Vec<u8>, StoreError> {
    let damaged = |why: String| StoreError::Damaged { what: what.to_owned(), why };
    let (sum, deflated) = packed.split_at_checked(4).ok_or_else(|| damaged("it is empty".to_owned()))?;
    let mut bytes = Vec::new();
    DeflateDecoder::new(deflated).read_to_end(&mut bytes).map_err(|error| damaged(error.to_string()))?;
    if crc32fast::hash(&bytes).to_le_bytes() == sum {
        Ok(bytes)
    } else {
        Err(damaged("its checksum does not match".to_owned()))
    }
}
