//! Looking after a store: proving it whole, making projections again, copying it away and back.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use crate::{
    Store, StoreError, StoreOptions, db, documents, places, runs,
    series::{embedded::check, influx::known},
};

/// Something the check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which frame, tile or record, by name.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
    /// It can be made again from frames by [`Store::rebuild`].
    pub derived: bool,
}

/// What a check looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    /// Frames that were read.
    pub frames: u64,
    /// Shelves that were held against frames.
    pub shelves: u64,
    /// Runs, documents, files, held batches and other records that were read.
    pub records: u64,
    /// What is wrong. Empty when all is well.
    pub problems: Vec<Problem>,
}

impl Store {
    /// Reads everything and holds every projection against the frames. Changes nothing.
    ///
    /// # Errors
    /// The file cannot be read at all. What can be read but is wrong is in the report.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        self.db.read(|connection| {
            let mut report = CheckReport::default();
            let problems = &mut report.problems;
            let read = file(connection, problems);
            noted(read, problems)?;
            let read = check::frames(connection, problems);
            let frames = noted(read, problems)?;
            report.frames = frames.read;
            let read = check::latest(connection, &frames, problems);
            noted(read, problems)?;
            let read = check::shelves(connection, &frames, problems);
            report.shelves = noted(read, problems)?;
            let read = records(connection, problems);
            report.records = noted(read, problems)?;
            Ok(report)
        })
    }

    /// Makes every projection again from the frames, in one transaction. What rests on damaged or missing frames is left
    /// as it is: made without them, it would answer with what was said before. Gives those frames and what was left.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn rebuild(&self) -> Result<Vec<Problem>, StoreError> {
        self.db.write(check::rebuild)
    }

    /// Copies the store to a file as it is at one moment, beside readers and writers, and proves the copy whole.
    /// The file appears only when all of it is there.
    ///
    /// # Errors
    /// The file exists already or cannot be written; the copy is not whole, with everything that is wrong.
    pub fn backup(&self, to: &Path) -> Result<CheckReport, StoreError> {
        let failed = |doing| move |source| StoreError::File { doing, path: to.to_owned(), source };
        if to.try_exists().map_err(failed("look for"))? {
            return Err(failed("write")(std::io::ErrorKind::AlreadyExists.into()));
        }
        let part = Part::of(to, ".part")?;
        let report = self.db.read(|source| copy(source, &part.0)).and_then(|()| verify(&part.0))?;
        part.become_file(to)?;
        Ok(report)
    }

    /// Puts a backup in place of what the store at `to` holds, in one transaction, after proving the backup whole.
    /// Programs that have the store open see the restored content from then on. A file that is no store this program can
    /// write into is put aside; gives its name then.
    ///
    /// # Errors
    /// The backup is no store or not whole: then `to` is untouched. The store at `to` cannot be written or is locked, or
    /// an earlier one was put aside and is still there.
    pub fn restore(from: &Path, to: &Path, options: &StoreOptions) -> Result<Option<PathBuf>, StoreError> {
        if !from.try_exists().map_err(|source| StoreError::File {
            doing: "read",
            path: from.to_owned(),
            source,
        })? {
            let source = std::io::ErrorKind::NotFound.into();
            return Err(StoreError::File { doing: "read", path: from.to_owned(), source });
        }
        if let Some(folder) = to.parent() {
            let failed = |source| StoreError::File { doing: "make", path: folder.to_owned(), source };
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        // The backup itself is never opened for writing: it may lie on a read-only disk.
        let part = Part::of(to, ".restore")?;
        let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|source| StoreError::Open { path: from.to_owned(), source })?;
        copy(&source, &part.0)?;
        drop(source);
        verify(&part.0)?;
        let restored = Self::open(&part.0, &StoreOptions::default())?;
        // A server may have more than the backup knows.
        restored.db.write(known::forget)?;
        let replaced = Self::open(to, options).and_then(|store| {
            // Whoever has places cached must not take the restored ones for those they know.
            let version = store.db.read(places::places_version)?;
            restored.db.write(|transaction| places::bump(transaction, version + 1))?;
            store.db.replace(&part.0)
        });
        drop(restored);
        match replaced {
            Err(StoreError::NotAStore(_) | StoreError::Damaged { .. } | StoreError::Version { .. }) => {
                let aside = put_aside(to)?;
                part.become_file(to)?;
                Ok(Some(aside))
            }
            replaced => replaced.map(|()| None),
        }
    }
}

/// Goes on after a pass that met damage it cannot step over: that is one more thing that is wrong.
fn noted<T: Default>(read: Result<T, StoreError>, problems: &mut Vec<Problem>) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Damaged { what, why }) => {
            problems.push(Problem { what, why, derived: false });
            Ok(T::default())
        }
        read => read,
    }
}

/// What the database says of its own file.
fn file(connection: &Connection, problems: &mut Vec<Problem>) -> Result<(), StoreError> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let why: String = row.get(0)?;
        if why != "ok" {
            problems.push(Problem { what: "the database file".to_owned(), why, derived: false });
        }
    }
    Ok(())
}

/// Reads every record beside the series.
fn records(connection: &Connection, problems: &mut Vec<Problem>) -> Result<u64, StoreError> {
    let mut read = 0;
    let mut note = |what: String, result: Result<(), StoreError>| {
        read += 1;
        if let Err(error) = result {
            problems.push(Problem { what, why: error.to_string(), derived: false });
        }
    };
    note("the places".to_owned(), places::gazetteer(connection, i64::MAX).map(|_| ()));
    let mut statement = connection.prepare("SELECT id, body FROM run")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        note(format!("run `{}`", row.get::<_, i64>(0)?), runs::run_of(row).map(|_| ()));
    }
    let mut statement = connection.prepare("SELECT CAST(key AS TEXT), body FROM flag_event")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get::<_, String>(1).map_err(StoreError::from);
        let flag = body.and_then(|body| places::read::<gapwatch_model::Flag>(&body, "a flag"));
        note(format!("flag `{}`", row.get::<_, String>(0)?), flag.map(|_| ()));
    }
    for (table, name, hash) in
        [("file", "hash", "hash"), ("document", "id", "hash"), ("quarantine", "run", "NULL")]
    {
        let mut statement =
            connection.prepare(&format!("SELECT CAST({name} AS TEXT), {hash}, packed FROM {table}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let what = format!("{table} `{}`", row.get::<_, String>(0)?);
            let kept = row.get(1).and_then(|hash: Option<String>| Ok((hash, row.get::<_, Vec<u8>>(2)?)));
            let whole = kept.map_err(StoreError::from).and_then(|(hash, packed)| {
                let bytes = runs::unpack(&packed, &what)?;
                let other = table == "document" && hash != Some(documents::hex(&Sha256::digest(&bytes)));
                let why = "its content does not match its hash".to_owned();
                if other { Err(StoreError::Damaged { what: what.clone(), why }) } else { Ok(()) }
            });
            note(what, whole);
        }
    }
    Ok(read)
}

/// A copy in the making. What is still there of it goes when it is given up: on a full disk it would leave no room.
struct Part(PathBuf);

impl Part {
    /// A copy beside a file; one that an earlier, killed attempt left is removed.
    fn of(path: &Path, ending: &str) -> Result<Self, StoreError> {
        let part = Self(beside(path, ending));
        remove(&part.0)?;
        Ok(part)
    }

    /// Gives the copy its name.
    fn become_file(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::File { doing: "write", path: to.to_owned(), source };
        File::open(&self.0).and_then(|file| file.sync_all()).map_err(failed)?;
        std::fs::rename(&self.0, to).map_err(failed)?;
        // The name is safe once its folder is.
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!("what is left of a copy stays behind: {error}");
        }
    }
}

/// Copies a database in one step, from one snapshot.
fn copy(source: &Connection, to: &Path) -> Result<(), StoreError> {
    let mut target =
        Connection::open(to).map_err(|source| StoreError::Open { path: to.to_owned(), source })?;
    db::copy_all(source, &mut target).map_err(|error| match error {
        // It is the disk of the copy, which may be another one than the store's.
        StoreError::DiskFull(_) => StoreError::File {
            doing: "write",
            path: to.to_owned(),
            source: std::io::ErrorKind::StorageFull.into(),
        },
        error => error,
    })?;
    target.close().map_err(|(_, error)| error.into())
}

/// Opens a copy and checks all of it.
fn verify(copy: &Path) -> Result<CheckReport, StoreError> {
    let report = Store::open(copy, &StoreOptions::default())?.check()?;
    match report.problems.first() {
        None => Ok(report),
        Some(Problem { what, why, .. }) => Err(StoreError::Damaged {
            what: format!("the copy ({} problems, first: {what})", report.problems.len()),
            why: why.clone(),
        }),
    }
}

/// Moves a database out of the way with what lies beside it, the database last. Never over one that was moved before.
fn put_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let aside = beside(path, ".before-restore");
    let endings = ["-wal", "-shm", ""];
    for to in endings.map(|ending| beside(&aside, ending)) {
        if to.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(StoreError::File { doing: "write", path: to, source });
        }
    }
    for ending in endings {
        let from = beside(path, ending);
        match std::fs::rename(&from, beside(&aside, ending)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File { doing: "move", path: from, source });
            }
            _ => {}
        }
    }
    Ok(aside)
}

/// Removes a database and what lies beside it, where it is there.
fn remove(path: &Path) -> Result<(), StoreError> {
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm"), beside(path, "-journal")] {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::File { doing: "remove", path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// A file beside another, by its name and an ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
