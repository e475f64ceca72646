//! The store as the program holds it: one file, opened once, shared by all threads.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::Gazetteer;

use crate::{
    StoreError,
    db::Db,
    series::{
        Sealed, SeriesStore, Sink,
        embedded::{Embedded, seal, since::since},
        influx::{Delivery, Influx, InfluxOptions, Progress, SpoolStatus, Transfer},
    },
};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// How long to wait for another process that is writing, in milliseconds.
    pub busy_timeout_ms: u64,
    /// Keep series in InfluxDB too, and answer from there. `None`: in this file alone.
    pub influx: Option<InfluxOptions>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { busy_timeout_ms: 10_000, influx: None }
    }
}

/// One open store. Several processes may have the same file open; reads never wait for writes.
#[derive(Debug)]
pub struct Store {
    pub(crate) db: Arc<Db>,
    embedded: Embedded,
    pub(crate) influx: Option<Influx>,
    pub(crate) gazetteer: Mutex<Option<(i64, Arc<Gazetteer>)>>,
    content: Mutex<Content>,
}

/// What the content was when it was last looked at.
#[derive(Debug, Default)]
struct Content {
    /// The database's own number, which changes with every commit.
    commits: Option<u64>,
    /// What the content is known by.
    marks: String,
    /// How often the marks have changed.
    version: u64,
}

/// The newest of everything that answers are made of. Tiles, sessions, the audit and kept files change no answer.
const MARKS: &str = "SELECT \
    (SELECT coalesce(max(id), 0) FROM frame) || ' ' || (SELECT coalesce(max(id), 0) FROM run) || ' ' || \
    (SELECT coalesce(max(id), 0) FROM flag_event) || ' ' || (SELECT coalesce(max(id), 0) FROM document) || ' ' || \
    (SELECT coalesce(max(id), 0) FROM decision) || ' ' || \
    (SELECT count(*) || ' ' || coalesce(sum(state = 'held'), 0) FROM quarantine) || ' ' || \
    (SELECT count(*) || ' ' || coalesce(max(seq), 0) FROM spool) || ' ' || \
    (SELECT count(*) || ' ' || coalesce(sum(attempts), 0) FROM outbox) || ' ' || \
    (SELECT coalesce(group_concat(key || '=' || value), '') FROM meta)";

impl Store {
    /// Opens the file, makes it where it is not there, and brings an older format to the current one.
    ///
    /// # Errors
    /// The file cannot be opened or written, is not a store, or was written by a newer program.
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let db = Arc::new(Db::open(path, Duration::from_millis(options.busy_timeout_ms))?);
        let influx = options.influx.as_ref().map(|options| Influx::open(db.clone(), options)).transpose()?;
        Ok(Self {
            embedded: Embedded::new(db.clone()),
            influx,
            db,
            gazetteer: Mutex::default(),
            content: Mutex::default(),
        })
    }

    /// Which file this is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.db.path()
    }

    /// Gives a number that changes whenever any process has changed what can be read here. Equal numbers mean equal
    /// answers in this process. Sealing and signing in change no answer.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn data_version(&self) -> Result<u64, StoreError> {
        let commits = self.db.data_version()?;
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        if content.commits != Some(commits) {
            // Read after the number: a commit in between is found again next time.
            let marks: String = self.db.read(|connection| {
                Ok(connection.prepare_cached(MARKS)?.query_row([], |row| row.get(0))?)
            })?;
            if marks != content.marks {
                content.version += 1;
                content.marks = marks;
            }
            content.commits = Some(commits);
        }
        Ok(content.version)
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

    /// Gives the mark behind everything said so far: what [`Store::said_since`] would return.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn series_mark(&self) -> Result<u64, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT coalesce(max(id), 0) FROM frame")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
    }

    /// The observations.
    #[must_use]
    pub fn series(&self) -> &dyn SeriesStore {
        match &self.influx {
            Some(influx) => influx,
            None => &self.embedded,
        }
    }

    /// Makes the bucket on the server where it is not there yet. `true` when it was made.
    ///
    /// # Errors
    /// [`StoreError::NoServer`], or what the server says.
    pub fn init_server(&self) -> Result<bool, StoreError> {
        self.server()?.client.init()
    }

    /// Brings what waits in the spool to the server, in twenty requests at most: call it until it delivers nothing. Does
    /// nothing without a server, before the wait after a failure is over, or while another process delivers. A server that
    /// is down and a frame that is damaged are answers here, not errors.
    ///
    /// # Errors
    /// The store cannot be read, written or locked.
    pub fn deliver(&self, now: DateTime<FixedOffset>) -> Result<Delivery, StoreError> {
        self.influx.as_ref().map_or_else(|| Ok(Delivery::default()), |influx| influx.deliver(now))
    }

    /// Says how the spool stands. `None` without a server.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn spool(&self) -> Result<Option<SpoolStatus>, StoreError> {
        self.influx.as_ref().map(Influx::status).transpose()
    }

    /// Brings every observation of this file to the server and proves both sides equal. Stopped, it goes on next time.
    ///
    /// # Errors
    /// [`StoreError::NoServer`], what the server says, or [`StoreError::Damaged`] when both sides differ at the end.
    pub fn copy_to_server(&self, progress: &mut dyn FnMut(Progress)) -> Result<Transfer, StoreError> {
        self.server()?.copy_to_server(progress)
    }

    /// Brings every observation of the server into this file and proves both sides equal. The places must be here.
    ///
    /// # Errors
    /// [`StoreError::NoServer`], what the server says, or [`StoreError::Damaged`] when both sides differ at the end.
    pub fn copy_from_server(&self, progress: &mut dyn FnMut(Progress)) -> Result<Transfer, StoreError> {
        self.server()?.copy_from_server(progress)
    }

    fn server(&self) -> Result<&Influx, StoreError> {
        self.influx.as_ref().ok_or(StoreError::NoServer)
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
