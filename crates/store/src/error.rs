//! What can go wrong while keeping. One enum for the room; each variant says what, where and what was expected.

use std::path::PathBuf;

use gapwatch_model::{GazetteerError, IndicatorId, PlaceIx, RunId};

/// A failure of the store. Nothing of the refused change is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened, created or put into write-ahead mode.
    #[error("cannot open the store `{}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The file is a database, but not one of ours.
    #[error("`{}` is not a gapwatch store", .0.display())]
    NotAStore(PathBuf),
    /// The file was written by a newer program.
    #[error("`{}` has format version `{found}`, expected `{expected}` or older", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Version of the file.
        found: i64,
        /// Newest version this program reads.
        expected: i64,
    },
    /// The disk is full. What was acknowledged before is safe.
    #[error("the disk that holds the store is full")]
    DiskFull(#[source] rusqlite::Error),
    /// The file or its folder cannot be written.
    #[error("the store is read-only")]
    ReadOnly(#[source] rusqlite::Error),
    /// Another process kept the store locked for longer than the configured time.
    #[error("the store is locked by another process")]
    Locked(#[source] rusqlite::Error),
    /// The database refused or failed.
    #[error("the database failed")]
    Database(#[source] rusqlite::Error),
    /// A file beside the database cannot be read or written.
    #[error("cannot {doing} `{}`", path.display())]
    File {
        /// What was tried: `read`, `write`, `replace`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Stored bytes do not match their checksum or cannot be read. They are never served.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// Which frame, tile or record, by name.
        what: String,
        /// What was found wrong.
        why: String,
    },
    /// The places do not fit together; nothing was changed.
    #[error("the places have {} faults, first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Places(Vec<GazetteerError>),
    /// A point names a place that was never put into the store.
    #[error("place number `{}` of `{indicator}` is not in the store", place.0)]
    UnknownPlace {
        /// Which place.
        place: PlaceIx,
        /// In a frame of which indicator.
        indicator: IndicatorId,
    },
    /// The server's figures were written where another place bears the number. Nothing more of them was taken.
    #[error(
        "place number `{}` of `{indicator}` is another place at the server, expected the places of the store its figures came from",
        place.0
    )]
    OtherPlace {
        /// Which place.
        place: PlaceIx,
        /// In figures of which indicator.
        indicator: IndicatorId,
    },
    /// Points must be sorted by place, each place once.
    #[error("points of `{indicator}` are not in order at place number `{}`", place.0)]
    Unsorted {
        /// Where the order breaks.
        place: PlaceIx,
        /// In a frame of which indicator.
        indicator: IndicatorId,
    },
    /// A value is infinite or not a number.
    #[error("value of `{indicator}` at place number `{}` is not a finite number", place.0)]
    NotFinite {
        /// At which place.
        place: PlaceIx,
        /// In a frame of which indicator.
        indicator: IndicatorId,
    },
    /// A time outside the years 1678 to 2261.
    #[error("time `{0}` is outside of what can be kept, expected a year from 1678 to 2261")]
    Time(String),
    /// No run of this number.
    #[error("there is no run `{0}`")]
    NoRun(RunId),
    /// The run holds nothing back, or was decided on already.
    #[error("run `{0}` is not in quarantine")]
    NotHeld(RunId),
    /// A record that was written by this program cannot be read back as what it was.
    #[error("cannot read {what} back")]
    Record {
        /// Which record.
        what: &'static str,
        /// What the reader said.
        source: serde_json::Error,
    },
    /// InfluxDB cannot be reached, refuses, or answers what cannot be read.
    #[error("cannot {doing}: {why}")]
    Server {
        /// What was tried.
        doing: &'static str,
        /// The HTTP status, where there was one.
        status: Option<u16>,
        /// What went wrong.
        why: String,
    },
    /// More points wait for InfluxDB than are allowed to. The batch was refused; nothing of it is kept.
    #[error(
        "{waiting} points would wait for InfluxDB, expected at most `{most}`; the server must take some first"
    )]
    SpoolFull {
        /// How many would wait.
        waiting: u64,
        /// How many may.
        most: u64,
    },
    /// What would name a series or a method at InfluxDB is longer than a server takes. The batch was refused.
    #[error("{what} of `{indicator}` takes `{bytes}` bytes at InfluxDB, expected at most `{most}`")]
    TooLong {
        /// Which name.
        what: &'static str,
        /// In a frame of which indicator.
        indicator: IndicatorId,
        /// How long it is there.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// The store was opened without a server.
    #[error("the store keeps its series in its own file, expected one with an InfluxDB server")]
    NoServer,
    /// A number does not fit into the format.
    #[error("{what} is too large for the store")]
    TooLarge {
        /// Which number.
        what: &'static str,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        if let rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::FromSqlConversionFailure(..) = error
        {
            return Self::Damaged { what: "a record".to_owned(), why: error.to_string() };
        }
        // No room for the index of the write-ahead log.
        let no_room = |of: &rusqlite::ffi::Error| of.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
        if error.sqlite_error().is_some_and(no_room) {
            return Self::DiskFull(error);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(error),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { what: "the database file".to_owned(), why: error.to_string() }
            }
            _ => Self::Database(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StoreError;
    use rusqlite::ffi;

    #[test]
    fn no_room_for_the_index_of_the_log_is_a_full_disk() {
        let error = |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(matches!(error(ffi::SQLITE_IOERR_SHMSIZE), StoreError::DiskFull(_)));
        assert!(matches!(error(ffi::SQLITE_IOERR_READ), StoreError::Database(_)));
    }
}
