//! Connections to the one file: a single writer, a pool of readers, and one that only watches for changes.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, FixedOffset};
use rusqlite::{
    Connection, OpenFlags, Transaction, TransactionBehavior,
    backup::{Backup, StepResult},
    config::DbConfig,
};

use crate::{StoreError, schema};

/// Readers kept open between reads. More may be open at a time.
const IDLE_READERS: usize = 8;

#[derive(Debug)]
pub(crate) struct Db {
    path: PathBuf,
    busy_timeout: Duration,
    /// Opened by the first write.
    writer: Mutex<Option<Connection>>,
    /// Opened by the first question.
    watcher: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
}

impl Db {
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> Result<Self, StoreError> {
        let mut first =
            connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, busy_timeout)?;
        prepare(path, &mut first).map_err(|error| unopened(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            busy_timeout,
            writer: Mutex::default(),
            watcher: Mutex::default(),
            readers: Mutex::new(vec![first]),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one transaction: all of it is durable when this returns `Ok`, none of it otherwise.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut writer = lock(&self.writer);
        let writer = self.opened(&mut writer, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Runs `work` on one snapshot of the file, beside writers.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = lock(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY, self.busy_timeout)?,
        };
        let done = {
            let snapshot = reader.transaction()?;
            work(&snapshot)
        };
        let mut idle = lock(&self.readers);
        if idle.len() < IDLE_READERS {
            idle.push(reader);
        }
        done
    }

    /// Puts the content of another file in place of this one's, in one transaction.
    pub(crate) fn replace(&self, from: &Path) -> Result<(), StoreError> {
        let source = connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY, self.busy_timeout)?;
        let mut writer = lock(&self.writer);
        copy_all(&source, self.opened(&mut writer, OpenFlags::SQLITE_OPEN_READ_WRITE)?)
    }

    /// A number that differs after any process has committed.
    pub(crate) fn data_version(&self) -> Result<u64, StoreError> {
        let mut watcher = lock(&self.watcher);
        let watcher = self.opened(&mut watcher, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let version: i64 = watcher.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        u64::try_from(version).map_err(|_| StoreError::TooLarge { what: "the data version" })
    }

    fn opened<'a>(
        &self,
        slot: &'a mut Option<Connection>,
        flags: OpenFlags,
    ) -> Result<&'a mut Connection, StoreError> {
        match slot {
            Some(connection) => Ok(connection),
            None => Ok(slot.insert(connect(&self.path, flags, self.busy_timeout)?)),
        }
    }
}

/// A panic in another thread leaves no half-done change: its transaction was rolled back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path, flags: OpenFlags, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let opened = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::NotAStore(path.to_owned()),
        _ => unopened(path, source.into()),
    };
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(opened)?;
    connection.busy_timeout(busy_timeout).map_err(opened)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Plans do not depend on the values asked for, so a prepared statement is never prepared again for other ones.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(opened)?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 20).map_err(opened)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(opened)?;
    Ok(connection)
}

/// What has no better name is a store that cannot be opened.
fn unopened(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Database(source) => StoreError::Open { path: path.to_owned(), source },
        error => error,
    }
}

/// Puts the file into write-ahead mode and brings it to the current version.
fn prepare(path: &Path, writer: &mut Connection) -> Result<(), StoreError> {
    let application: i64 = writer.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = writer.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = writer.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != schema::APPLICATION_ID && (tables > 0 || version != 0) {
        return Err(StoreError::NotAStore(path.to_owned()));
    }
    if version > schema::VERSION {
        return Err(StoreError::Version { path: path.to_owned(), found: version, expected: schema::VERSION });
    }
    let mode: String = writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Damaged {
            what: format!("the store `{}`", path.display()),
            why: format!("it stays in journal mode `{mode}`, expected wal"),
        });
    }
    if version < schema::VERSION {
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version < schema::VERSION {
            schema::migrate(&transaction, version)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// Copies all of a database over another, in one step from one snapshot.
pub(crate) fn copy_all(source: &Connection, target: &mut Connection) -> Result<(), StoreError> {
    let backup = Backup::new(source, target)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => {
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            Err(StoreError::Locked(rusqlite::Error::SqliteFailure(busy, None)))
        }
    }
}

/// A time as it is stored: nanoseconds since 1970 and the offset in seconds.
pub(crate) fn stamp(at: DateTime<FixedOffset>) -> Result<(i64, i32), StoreError> {
    let nanos = at.timestamp_nanos_opt().ok_or_else(|| StoreError::Time(at.to_rfc3339()))?;
    Ok((nanos, at.offset().local_minus_utc()))
}

/// An as-of time as a bound: times beyond what can be kept include everything, or nothing.
pub(crate) fn bound(as_of: Option<DateTime<FixedOffset>>) -> i64 {
    as_of.map_or(i64::MAX, |at| {
        at.timestamp_nanos_opt().unwrap_or(if at.timestamp() > 0 { i64::MAX } else { i64::MIN })
    })
}

/// The time back from how it is stored.
pub(crate) fn time(nanos: i64, offset: i32) -> Result<DateTime<FixedOffset>, StoreError> {
    let zone = FixedOffset::east_opt(offset).ok_or_else(|| StoreError::Damaged {
        what: "a stored time".to_owned(),
        why: format!("`{offset}` is no offset in seconds"),
    })?;
    Ok(DateTime::from_timestamp_nanos(nanos).with_timezone(&zone))
}

#[cfg(test)]
mod tests {
    use super::Db;
    use crate::StoreError;
    use std::time::Duration;

    #[test]
    fn a_statement_is_prepared_once_whatever_it_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("plans.sqlite"), Duration::from_millis(10)).unwrap();
        let again = db.read(|connection| {
            let mut statement = connection.prepare(
                "SELECT id FROM frame WHERE stream = ?1 AND block = ?2 AND period = ?3 AND at <= ?4 ORDER BY at",
            )?;
            for value in 0..5 {
                assert!(!statement.exists([value; 4])?);
            }
            Ok(statement.get_status(rusqlite::StatementStatus::RePrepare))
        });
        assert_eq!(again.unwrap(), 0);
    }

    #[test]
    fn a_full_disk_is_said_and_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("full.sqlite"), Duration::from_millis(10)).unwrap();
        let put = |key: &str, value: &str| {
            db.write(|transaction| {
                transaction.execute("INSERT INTO meta(key, value) VALUES(?1, ?2)", [key, value])?;
                Ok(())
            })
        };
        put("a", "1").unwrap();
        // The database itself plays the full disk: it may not grow any more.
        super::lock(&db.writer).as_ref().unwrap().pragma_update(None, "max_page_count", 1).unwrap();
        let error = put("b", &"x".repeat(1 << 20)).unwrap_err();
        assert!(matches!(error, StoreError::DiskFull(_)), "{error:?}");
        assert_eq!(error.to_string(), "the disk that holds the store is full");
        let kept: i64 =
            db.read(|c| Ok(c.query_row("SELECT count(*) FROM meta", [], |row| row.get(0))?)).unwrap();
        assert_eq!(kept, 1);
    }

    #[test]
    fn a_read_only_file_is_said_and_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("fixed.sqlite"), Duration::from_millis(10)).unwrap();
        let put = || {
            db.write(|transaction| {
                transaction.execute("INSERT INTO meta(key, value) VALUES('a', '1')", [])?;
                Ok(())
            })
        };
        // Rights do not bind the user tests run as, so the database itself refuses to write.
        let mut writer = super::lock(&db.writer);
        db.opened(&mut writer, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        drop(writer);
        let error = put().unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
        let kept: i64 =
            db.read(|c| Ok(c.query_row("SELECT count(*) FROM meta", [], |row| row.get(0))?)).unwrap();
        assert_eq!(kept, 0);
    }
}
