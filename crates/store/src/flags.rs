//! Flags as events: every change is kept, the newest one at a time is what the flag was then.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Flag, FlagKey};
use rusqlite::params;

use crate::{Store, StoreError, db, places};

impl Store {
    /// Records flags as they are from `at` on. Flags that did not change need not be given.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn record_flags(&self, changed: &[Flag], at: DateTime<FixedOffset>) -> Result<(), StoreError> {
        let (nanos, offset) = db::stamp(at)?;
        self.db.write(|transaction| {
            let mut statement = transaction
                .prepare_cached("INSERT INTO flag_event(key, at, at_offset, body) VALUES(?1, ?2, ?3, ?4)")?;
            for flag in changed {
                statement.execute(params![
                    flag.key.to_string(),
                    nanos,
                    offset,
                    places::write(flag, "a flag")?
                ])?;
            }
            Ok(())
        })
    }

    /// Gives a number that changes whenever a flag is recorded.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn flag_mark(&self) -> Result<u64, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT coalesce(max(id), 0) FROM flag_event")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }

    /// Gives from when on the flag that was recorded last is as it is.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn flags_changed(&self) -> Result<Option<DateTime<FixedOffset>>, StoreError> {
        self.db.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT at, at_offset FROM flag_event ORDER BY id DESC LIMIT 1")?;
            let mut rows = statement.query([])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            Ok(Some(db::time(row.get(0)?, row.get(1)?)?))
        })
    }

    /// Gives every flag as it was at the time, in order of their ids, inactive ones too.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn flags_as_of(&self, as_of: Option<DateTime<FixedOffset>>) -> Result<Vec<Flag>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT key, body FROM flag_event WHERE at <= ?1 ORDER BY key, at, id")?;
            let mut rows = statement.query([db::bound(as_of)])?;
            let mut newest: BTreeMap<String, String> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                newest.insert(row.get(0)?, row.get(1)?);
            }
            newest.values().map(|body| places::read(body, "a flag")).collect()
        })
    }

    /// Gives every change of one flag, in order of time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn flag_history(&self, key: &FlagKey) -> Result<Vec<(DateTime<FixedOffset>, Flag)>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at, at_offset, body FROM flag_event WHERE key = ?1 ORDER BY at, id",
            )?;
            let mut rows = statement.query([key.to_string()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let body: String = row.get(2)?;
                found.push((db::time(row.get(0)?, row.get(1)?)?, places::read(&body, "a flag")?));
            }
            Ok(found)
        })
    }
}
