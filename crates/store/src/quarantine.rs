//! Batches held back until a person releases or drops them. Nothing of them is among the observations meanwhile.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Batch, Frame, FrameKey, NewPlaces, Point, Run, RunId};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::{
    Appended, Store, StoreError,
    batch::put_run,
    db, places,
    runs::{self, pack, unpack},
};

/// What became of a batch that was held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldState {
    /// Nobody has decided yet.
    Held,
    /// Its observations were let in.
    Released {
        /// Who let them in.
        by: String,
        /// When, which is their `recorded_at`.
        at: DateTime<FixedOffset>,
    },
    /// It was given up.
    Dropped {
        /// Who gave it up.
        by: String,
        /// When.
        at: DateTime<FixedOffset>,
    },
}

/// A batch in quarantine.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The run that brought it; its message says why it is held.
    pub run: Run,
    /// Where it stands.
    pub state: HeldState,
    /// What it would bring.
    pub frames: Vec<Frame>,
    /// Places it would bring.
    pub new_places: NewPlaces,
}

#[derive(Serialize, Deserialize)]
struct HeldRecord {
    frames: Vec<FrameRecord>,
    new_places: NewPlaces,
}

/// What stands in the file. Batches held before places came with them are their frames alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredRecord {
    Whole(HeldRecord),
    Frames(Vec<FrameRecord>),
}

#[derive(Serialize, Deserialize)]
struct FrameRecord {
    key: FrameKey,
    points: Vec<Point>,
}

impl Store {
    /// Records the run and its rejects and holds its observations back.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn quarantine(&self, batch: &Batch) -> Result<RunId, StoreError> {
        let frames = batch.frames.iter();
        let record = HeldRecord {
            frames: frames
                .map(|frame| FrameRecord { key: frame.key.clone(), points: frame.points.clone() })
                .collect(),
            new_places: batch.new_places.clone(),
        };
        let packed = pack(places::write(&record, "a held batch")?.as_bytes())?;
        self.db.write(|transaction| {
            let run = put_run(transaction, &batch.run, &batch.rejects)?;
            transaction
                .prepare_cached("INSERT INTO quarantine(run, packed, state) VALUES(?1, ?2, 'held')")?
                .execute(params![run.0, packed])?;
            Ok(run)
        })
    }

    /// Lists every batch that was ever held back, newest first.
    ///
    /// # Errors
    /// The file cannot be read or a held batch is damaged.
    pub fn quarantined(&self) -> Result<Vec<Held>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT run FROM quarantine ORDER BY run DESC")?;
            let runs = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<u64>, _>>()?;
            let mut found = Vec::new();
            for run in runs {
                found.extend(held(connection, RunId(run))?);
            }
            Ok(found)
        })
    }

    /// Gives the records of the runs whose batches wait for a decision, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn waiting(&self) -> Result<Vec<Run>, StoreError> {
        self.db.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT run FROM quarantine WHERE state = 'held' ORDER BY run")?;
            let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<u64>, _>>()?;
            let mut found = Vec::new();
            for id in ids {
                found.extend(runs::run(connection, RunId(id))?);
            }
            Ok(found)
        })
    }

    /// Lets a held batch in. Its observations are known from `at` on, under the run that brought them.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] when the run holds nothing back any more; a store that cannot be written.
    pub fn release(&self, run: RunId, by: &str, at: DateTime<FixedOffset>) -> Result<Appended, StoreError> {
        self.db.write(|transaction| {
            let held = held(transaction, run)?.filter(|held| held.state == HeldState::Held);
            let held = held.ok_or(StoreError::NotHeld(run))?;
            let counts = self.keep(transaction, run, at, &held.new_places, &held.frames)?;
            decide(transaction, run, "released", by, at)?;
            Ok(Appended { run, counts })
        })
    }

    /// Gives a held batch up. Its run record, rejects and file stay.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] when the run holds nothing back any more; a store that cannot be written.
    pub fn drop_held(&self, run: RunId, by: &str, at: DateTime<FixedOffset>) -> Result<(), StoreError> {
        self.db.write(|transaction| decide(transaction, run, "dropped", by, at))
    }
}

fn decide(
    connection: &Connection,
    run: RunId,
    state: &str,
    by: &str,
    at: DateTime<FixedOffset>,
) -> Result<(), StoreError> {
    let (nanos, offset) = db::stamp(at)?;
    let changed = connection
        .prepare_cached(
            "UPDATE quarantine SET state = ?2, by = ?3, at = ?4, at_offset = ?5 WHERE run = ?1 AND state = 'held'",
        )?
        .execute(params![run.0, state, by, nanos, offset])?;
    if changed == 1 { Ok(()) } else { Err(StoreError::NotHeld(run)) }
}

fn held(connection: &Connection, id: RunId) -> Result<Option<Held>, StoreError> {
    type Stored = (Vec<u8>, String, Option<String>, Option<i64>, Option<i32>);
    let found: Option<Stored> = connection
        .prepare_cached("SELECT packed, state, by, at, at_offset FROM quarantine WHERE run = ?1")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    let Some((packed, state, by, at, offset)) = found else { return Ok(None) };
    let damaged = |why: &str| StoreError::Damaged {
        what: format!("the held batch of run `{id}`"),
        why: why.to_owned(),
    };
    let bytes = unpack(&packed, "a held batch")?;
    let stored: StoredRecord = serde_json::from_slice(&bytes)
        .map_err(|source| StoreError::Record { what: "a held batch", source })?;
    let HeldRecord { frames, new_places } = match stored {
        StoredRecord::Whole(record) => record,
        StoredRecord::Frames(frames) => HeldRecord { frames, new_places: NewPlaces::default() },
    };
    let decided = match (by, at, offset) {
        (Some(by), Some(at), Some(offset)) => Some((by, db::time(at, offset)?)),
        _ => None,
    };
    let state = match (state.as_str(), decided) {
        ("held", _) => HeldState::Held,
        ("released", Some((by, at))) => HeldState::Released { by, at },
        ("dropped", Some((by, at))) => HeldState::Dropped { by, at },
        _ => return Err(damaged("its state is unknown")),
    };
    Ok(Some(Held {
        run: runs::run(connection, id)?.ok_or_else(|| damaged("its run is not there"))?,
        state,
        frames: frames.into_iter().map(|record| Frame { key: record.key, points: record.points }).collect(),
        new_places,
    }))
}
