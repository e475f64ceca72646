//! Who may change things and who did: tokens, sessions, the audit, and small settings. Secrets come here only as hashes.

use chrono::{DateTime, FixedOffset};
use rusqlite::{Row, params};

use crate::{Store, StoreError, db, meta};

/// A named token. The secret itself is never here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whom or what it is for.
    pub name: String,
    /// What it may do: `viewer`, `editor`, `admin`.
    pub role: String,
    /// Argon2 hash of the secret.
    pub hash: String,
    /// When it was made.
    pub created: DateTime<FixedOffset>,
    /// When it was taken back.
    pub revoked: Option<DateTime<FixedOffset>>,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie's secret.
    pub hash: String,
    /// Name of the token it was opened with.
    pub token: String,
    /// Whatever the program keeps with it, such as the secret of its forms.
    pub detail: String,
    /// When it ends.
    pub expires: DateTime<FixedOffset>,
}

/// One thing somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Name of the token, or of the command line's user.
    pub who: String,
    /// Role at that time.
    pub role: String,
    /// What was done, such as `release`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Anything more.
    pub detail: String,
}

impl Store {
    /// Adds a token. `false` when there is already one of this name, revoked or not: names are never used again.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn add_token(&self, token: &Token) -> Result<bool, StoreError> {
        let (nanos, offset) = db::stamp(token.created)?;
        self.db.write(|transaction| {
            let added = transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO token(name, role, hash, created, created_offset) VALUES(?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![token.name, token.role, token.hash, nanos, offset])?;
            Ok(added == 1)
        })
    }

    /// Lists all tokens by name, revoked ones too.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, role, hash, created, created_offset, revoked, revoked_offset FROM token ORDER BY name",
            )?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let revoked: Option<i64> = row.get(5)?;
                found.push(Token {
                    name: row.get(0)?,
                    role: row.get(1)?,
                    hash: row.get(2)?,
                    created: db::time(row.get(3)?, row.get(4)?)?,
                    revoked: match revoked {
                        Some(revoked) => Some(db::time(revoked, row.get(6)?)?),
                        None => None,
                    },
                });
            }
            Ok(found)
        })
    }

    /// Takes a token back and ends its sessions. `false` when there is none of this name in force.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn revoke_token(&self, name: &str, at: DateTime<FixedOffset>) -> Result<bool, StoreError> {
        let (nanos, offset) = db::stamp(at)?;
        self.db.write(|transaction| {
            let revoked = transaction.execute(
                "UPDATE token SET revoked = ?2, revoked_offset = ?3 WHERE name = ?1 AND revoked IS NULL",
                params![name, nanos, offset],
            )?;
            transaction.execute("DELETE FROM session WHERE token = ?1", [name])?;
            Ok(revoked == 1)
        })
    }

    /// Opens a session and forgets those that ended before `now`.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn open_session(&self, session: &Session, now: DateTime<FixedOffset>) -> Result<(), StoreError> {
        let (expires, offset) = db::stamp(session.expires)?;
        let (now, _) = db::stamp(now)?;
        self.db.write(|transaction| {
            transaction.execute("DELETE FROM session WHERE expires <= ?1", [now])?;
            transaction.execute(
                "INSERT OR REPLACE INTO session(hash, token, detail, expires, expires_offset) VALUES(?1, ?2, ?3, ?4, ?5)",
                params![session.hash, session.token, session.detail, expires, offset],
            )?;
            Ok(())
        })
    }

    /// Gives a session that has not ended and whose token is in force.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn session(&self, hash: &str, now: DateTime<FixedOffset>) -> Result<Option<Session>, StoreError> {
        let (now, _) = db::stamp(now)?;
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.hash, s.token, s.detail, s.expires, s.expires_offset FROM session s \
                 JOIN token t ON t.name = s.token WHERE s.hash = ?1 AND s.expires > ?2 AND t.revoked IS NULL",
            )?;
            let mut rows = statement.query(params![hash, now])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            Ok(Some(Session {
                hash: row.get(0)?,
                token: row.get(1)?,
                detail: row.get(2)?,
                expires: db::time(row.get(3)?, row.get(4)?)?,
            }))
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn close_session(&self, hash: &str) -> Result<(), StoreError> {
        self.db.write(|transaction| {
            transaction.execute("DELETE FROM session WHERE hash = ?1", [hash])?;
            Ok(())
        })
    }

    /// Records what somebody did. Entries are never changed or removed.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let (nanos, offset) = db::stamp(entry.at)?;
        self.db.write(|transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO audit(at, at_offset, who, role, action, subject, detail) \
                     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    nanos,
                    offset,
                    entry.who,
                    entry.role,
                    entry.action,
                    entry.subject,
                    entry.detail
                ])?;
            Ok(())
        })
    }

    /// Lists what was done, newest first, at most `limit` entries.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at, at_offset, who, role, action, subject, detail FROM audit ORDER BY id DESC LIMIT ?1",
            )?;
            let mut rows = statement.query([limit])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(audit_entry(row)?);
            }
            Ok(found)
        })
    }

    /// Gives a small setting the program keeps for itself.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.db.read(|connection| meta::get(connection, &format!("program:{key}")))
    }

    /// Sets a small setting the program keeps for itself.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.db.write(|transaction| meta::set(transaction, &format!("program:{key}"), value))
    }
}

fn audit_entry(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        at: db::time(row.get(0)?, row.get(1)?)?,
        who: row.get(2)?,
        role: row.get(3)?,
        action: row.get(4)?,
        subject: row.get(5)?,
        detail: row.get(6)?,
    })
}
