//! A batch: its run record, its rejects and its good rows in one transaction.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Batch, Frame, NewPlaces, Reject, Run, RunId};
use rusqlite::{Transaction, params};

use crate::{Comparison, Counts, Store, StoreError, db, meta, places, series::embedded::append_frames};

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Number the run was given.
    pub run: RunId,
    /// What became of its points.
    pub counts: Counts,
}

impl Store {
    /// Keeps a batch whole or not at all. What it brought is known from `run.finished` on.
    ///
    /// Appending the same batch again leaves another run record and changes nothing else.
    ///
    /// # Errors
    /// Points out of order, of unknown places or not finite; new places with faults; a store that cannot be written.
    pub fn append(&self, batch: &Batch) -> Result<Appended, StoreError> {
        self.db.write(|transaction| {
            let run = put_run(transaction, &batch.run, &batch.rejects)?;
            let counts = self.keep(transaction, run, batch.run.finished, &batch.new_places, &batch.frames)?;
            Ok(Appended { run, counts })
        })
    }

    /// Says what appending the frames at that time would change, without writing.
    ///
    /// # Errors
    /// Points out of order, of unknown places or not finite; a store that cannot be read.
    pub fn compare(&self, frames: &[Frame], at: DateTime<FixedOffset>) -> Result<Comparison, StoreError> {
        self.series().compare(at, frames)
    }

    /// Keeps frames and the places they bring inside a transaction, and queues them for the server where there is one.
    pub(crate) fn keep(
        &self,
        transaction: &Transaction<'_>,
        run: RunId,
        at: DateTime<FixedOffset>,
        new_places: &NewPlaces,
        frames: &[Frame],
    ) -> Result<Counts, StoreError> {
        let frames = places::bring(transaction, new_places, frames, at)?;
        match &self.influx {
            Some(influx) => influx.queue(transaction, run, at, &frames),
            None => append_frames(transaction, run, at, &frames),
        }
    }
}

/// Takes note of a run that is known by its figures alone, having been recorded elsewhere: no other gets its number.
pub(crate) fn begin_after(transaction: &Transaction<'_>, run: RunId) -> Result<(), StoreError> {
    let known = meta::get(transaction, "run:after")?.and_then(|text| text.parse().ok()).unwrap_or(0);
    if run.0 > known { meta::set(transaction, "run:after", &run.0.to_string()) } else { Ok(()) }
}

/// Writes the run and its rejects; gives the run its number.
pub(crate) fn put_run(
    transaction: &Transaction<'_>,
    run: &Run,
    rejects: &[Reject],
) -> Result<RunId, StoreError> {
    let (finished, _) = db::stamp(run.finished)?;
    transaction
        .prepare_cached(
            "INSERT INTO run(id, collector, finished, outcome, file, content_hash, body) VALUES( \
             1 + max((SELECT coalesce(max(id), 0) FROM run), \
                     (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE key = 'run:after')), \
             ?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            run.collector.as_str(),
            finished,
            run.outcome.as_str(),
            run.file,
            run.content_hash,
            places::write(run, "a run")?
        ])?;
    let id = transaction.last_insert_rowid();
    let mut statement =
        transaction.prepare_cached("INSERT INTO reject(run, number, body) VALUES(?1, ?2, ?3)")?;
    for (number, reject) in (0_i64..).zip(rejects) {
        statement.execute(params![id, number, places::write(reject, "a reject")?])?;
    }
    Ok(RunId(u64::try_from(id).map_err(|_| StoreError::TooLarge { what: "the number of a run" })?))
}
