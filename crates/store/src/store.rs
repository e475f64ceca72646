//! The store as the program holds it: one file, opened once, shared by all threads.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::NaiveDate;
use gapwatch_model::Gazetteer;

use crate::{
    StoreError,
    db::Db,
    series::{
        Sealed, SeriesStore, Sink,
        embedded::{Embedded, seal, since::since},
    },
};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// How long to wait for another process that is writing, in milliseconds.
    pub busy_timeout_ms: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { busy_timeout_ms: 10_000 }
    }
}

/// One open store. Several processes may have the same file open; reads never wait for writes.
#[derive(Debug)]
pub struct Store {
    pub(crate) db: Arc<Db>,
    pub(crate) embedded: Embedded,
    pub(crate) gazetteer: Mutex<Option<(i64, Arc<Gazetteer>)>>,
}

impl Store {
    /// Opens the file, makes it where it is not there, and brings an older format to the current one.
    ///
    /// # Errors
    /// The file cannot be opened or written, is not a store, or was written by a newer program.
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let db = Arc::new(Db::open(path, Duration::from_millis(options.busy_timeout_ms))?);
        Ok(Self { embedded: Embedded::new(db.clone()), db, gazetteer: Mutex::default() })
    }

    /// Which file this is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.db.path()
    }

    /// Gives a number that changes whenever any process commits. Equal numbers mean equal answers in this process.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn data_version(&self) -> Result<u64, StoreError> {
        self.db.data_version()
    }

    /// Hands out what was said after a mark, corrections included, in order of recording, and gives the mark to go on
    /// from. The first mark is 0. For readers that keep everything in memory.
    ///
    /// # Errors
    /// The file cannot be read, or a frame is damaged.
    pub fn said_since(&self, mark: u64, sink: &mut Sink<'_>) -> Result<u64, StoreError> {
        let too_large = |_| StoreError::TooLarge { what: "the mark" };
        let from = i64::try_from(mark).map_err(too_large)?;
        let next = self.db.read(|connection| since(connection, from, sink))?;
        u64::try_from(next).map_err(too_large)
    }

    /// The observations.
    #[must_use]
    pub fn series(&self) -> &dyn SeriesStore {
        &self.embedded
    }

    /// Turns history of periods that ended on or before the day into tiles, which answer faster. Frames stay, and so
    /// does every answer. Meant to run by the way, once a day.
    ///
    /// # Errors
    /// The store cannot be written, damaged frames.
    pub fn seal(&self, through: NaiveDate) -> Result<Sealed, StoreError> {
        seal(&self.db, through)
    }
}
