//! Texts with versions (rules, targets, indicators, meeting packs) and decisions of people. Append-only, as of any time.

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use crate::{Store, StoreError, db, runs};

/// What is known of a document without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentInfo {
    /// Its number.
    pub id: u64,
    /// What kind it is, such as `rules` or `pack`.
    pub kind: String,
    /// Its name among its kind.
    pub name: String,
    /// Lower-case hexadecimal SHA-256 of its bytes.
    pub hash: String,
    /// Who put it in.
    pub by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which one.
    pub info: DocumentInfo,
    /// Its bytes, just as they were put in.
    pub bytes: Vec<u8>,
}

/// What a person decided on a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The question.
    pub key: String,
    /// The answer, in the words of whoever asks.
    pub answer: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

impl Store {
    /// Puts a version of a document in and gives its number. `None` when it equals the newest one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_document(
        &self,
        kind: &str,
        name: &str,
        bytes: &[u8],
        by: &str,
        at: DateTime<FixedOffset>,
    ) -> Result<Option<u64>, StoreError> {
        let (nanos, offset) = db::stamp(at)?;
        let hash = hex(&Sha256::digest(bytes));
        let packed = runs::pack(bytes)?;
        self.db.write(|transaction| {
            let newest: Option<String> = transaction
                .prepare_cached(
                    "SELECT hash FROM document WHERE kind = ?1 AND name = ?2 ORDER BY at DESC, id DESC LIMIT 1",
                )?
                .query_row([kind, name], |row| row.get(0))
                .optional()?;
            if newest.as_deref() == Some(hash.as_str()) {
                return Ok(None);
            }
            transaction
                .prepare_cached(
                    "INSERT INTO document(kind, name, hash, by, at, at_offset, packed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![kind, name, hash, by, nanos, offset, packed])?;
            let id = u64::try_from(transaction.last_insert_rowid());
            Ok(Some(id.map_err(|_| StoreError::TooLarge { what: "the number of a document" })?))
        })
    }

    /// Gives the version of a document that was in force at the time.
    ///
    /// # Errors
    /// The file cannot be read or the document is damaged.
    pub fn document_as_of(
        &self,
        kind: &str,
        name: &str,
        as_of: Option<DateTime<FixedOffset>>,
    ) -> Result<Option<Document>, StoreError> {
        let at = db::bound(as_of);
        self.db.read(|connection| {
            let id: Option<u64> = connection
                .prepare_cached(
                    "SELECT id FROM document WHERE kind = ?1 AND name = ?2 AND at <= ?3 ORDER BY at DESC, id DESC LIMIT 1",
                )?
                .query_row(params![kind, name, at], |row| row.get(0))
                .optional()?;
            id.map_or(Ok(None), |id| document(connection, id))
        })
    }

    /// Gives one document by its number.
    ///
    /// # Errors
    /// The file cannot be read or the document is damaged.
    pub fn document(&self, id: u64) -> Result<Option<Document>, StoreError> {
        self.db.read(|connection| document(connection, id))
    }

    /// Lists every version of every document of a kind, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn documents(&self, kind: &str) -> Result<Vec<DocumentInfo>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, kind, name, hash, by, at, at_offset FROM document WHERE kind = ?1 ORDER BY at DESC, id DESC",
            )?;
            let mut rows = statement.query([kind])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(info(row)?);
            }
            Ok(found)
        })
    }

    /// Records what a person decided, from `at` on.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_decision(&self, decision: &Decision) -> Result<(), StoreError> {
        let (nanos, offset) = db::stamp(decision.at)?;
        self.db.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO decision(key, answer, by, at, at_offset) VALUES(?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![decision.key, decision.answer, decision.by, nanos, offset])?;
            Ok(())
        })
    }

    /// Gives what was decided on a question at the time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn decision_as_of(
        &self,
        key: &str,
        as_of: Option<DateTime<FixedOffset>>,
    ) -> Result<Option<Decision>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, answer, by, at, at_offset FROM decision WHERE key = ?1 AND at <= ?2 \
                 ORDER BY at DESC, id DESC LIMIT 1",
            )?;
            let mut rows = statement.query(params![key, db::bound(as_of)])?;
            rows.next()?.map(decision).transpose()
        })
    }

    /// Gives every question's decision at the time, in order of keys.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn decisions_as_of(&self, as_of: Option<DateTime<FixedOffset>>) -> Result<Vec<Decision>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, answer, by, at, at_offset FROM decision WHERE at <= ?1 ORDER BY key, at, id",
            )?;
            let mut rows = statement.query([db::bound(as_of)])?;
            let mut found: Vec<Decision> = Vec::new();
            while let Some(row) = rows.next()? {
                let decision = decision(row)?;
                match found.last_mut() {
                    Some(last) if last.key == decision.key => *last = decision,
                    _ => found.push(decision),
                }
            }
            Ok(found)
        })
    }
}

fn document(connection: &Connection, id: u64) -> Result<Option<Document>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, name, hash, by, at, at_offset, packed FROM document WHERE id = ?1",
    )?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let packed: Vec<u8> = row.get(7)?;
    let info = info(row)?;
    let bytes = runs::unpack(&packed, &format!("document `{id}` ({} {})", info.kind, info.name))?;
    Ok(Some(Document { info, bytes }))
}

fn info(row: &Row<'_>) -> Result<DocumentInfo, StoreError> {
    Ok(DocumentInfo {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        hash: row.get(3)?,
        by: row.get(4)?,
        at: db::time(row.get(5)?, row.get(6)?)?,
    })
}

fn decision(row: &Row<'_>) -> Result<Decision, StoreError> {
    Ok(Decision {
        key: row.get(0)?,
        answer: row.get(1)?,
        by: row.get(2)?,
        at: db::time(row.get(3)?, row.get(4)?)?,
    })
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
