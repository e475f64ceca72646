//! What people are still to be told: messages that wait until their receiver took them.
//!
//! A receiver's mark says up to which change of flags its messages were made. Messages and mark move in one transaction,
//! so a change becomes a message once, whatever kills the program in between.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::Flag;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::{Store, StoreError, db, places};

/// One recorded change of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagEvent {
    /// Its number: changes are numbered in the order they were recorded.
    pub id: u64,
    /// The flag before it. `None` when there was none.
    pub before: Option<Flag>,
    /// The flag from it on.
    pub after: Flag,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub id: u64,
    /// Whatever the program put in.
    pub body: String,
    /// How often it was tried without success.
    pub attempts: u32,
}

/// How the messages of one receiver stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Whose.
    pub receiver: String,
    /// Messages that wait.
    pub depth: u64,
    /// When the oldest of them was made.
    pub oldest: DateTime<FixedOffset>,
    /// Most attempts without success among them.
    pub attempts: u32,
    /// What the last attempt said.
    pub error: Option<String>,
    /// When the next of them is tried.
    pub next: DateTime<FixedOffset>,
}

impl Store {
    /// Gives the changes of flags recorded after a mark (see [`Store::flag_mark`]), in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn flag_events_since(&self, mark: u64) -> Result<Vec<FlagEvent>, StoreError> {
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT e.id, e.body, (SELECT b.body FROM flag_event b WHERE b.key = e.key AND b.id < e.id ORDER BY b.id DESC LIMIT 1) \
                 FROM flag_event e WHERE e.id > ?1 ORDER BY e.id",
            )?;
            let mut rows = statement.query([mark])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (body, before): (String, Option<String>) = (row.get(1)?, row.get(2)?);
                found.push(FlagEvent {
                    id: row.get(0)?,
                    before: before.map(|body| places::read(&body, "a flag")).transpose()?,
                    after: places::read(&body, "a flag")?,
                });
            }
            Ok(found)
        })
    }

    /// Gives the mark of a receiver; a new one begins at the newest change, for it is not told of the past.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn told_mark(&self, receiver: &str) -> Result<u64, StoreError> {
        let known = self.db.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT mark FROM told WHERE receiver = ?1")?;
            Ok(statement.query_row([receiver], |row| row.get(0)).optional()?)
        })?;
        if let Some(mark) = known {
            return Ok(mark);
        }
        self.db.write(|transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO told(receiver, mark) SELECT ?1, coalesce(max(id), 0) FROM flag_event",
                [receiver],
            )?;
            let mark = "SELECT mark FROM told WHERE receiver = ?1";
            Ok(transaction.query_row(mark, [receiver], |row| row.get(0))?)
        })
    }

    /// Moves the mark of a receiver and puts the messages made of the changes in between into its queue. `false`, and
    /// nothing happened, when somebody else moved the mark.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn queue_messages(
        &self,
        receiver: &str,
        (from, to): (u64, u64),
        bodies: &[String],
        at: DateTime<FixedOffset>,
    ) -> Result<bool, StoreError> {
        let (nanos, offset) = db::stamp(at)?;
        self.db.write(|transaction| {
            let moved = transaction.execute(
                "UPDATE told SET mark = ?3 WHERE receiver = ?1 AND mark = ?2",
                params![receiver, from, to],
            )?;
            for body in bodies.iter().filter(|_| moved == 1) {
                insert(transaction, receiver, body, (nanos, offset))?;
            }
            Ok(moved == 1)
        })
    }

    /// Puts a digest into the queue of a receiver, and remembers its name in the same transaction. `false`, and nothing
    /// happened, when the last digest queued for the receiver had the same name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn queue_digest(
        &self,
        receiver: &str,
        name: &str,
        body: &str,
        at: DateTime<FixedOffset>,
    ) -> Result<bool, StoreError> {
        let (nanos, offset) = db::stamp(at)?;
        self.db.write(|transaction| {
            let news = transaction.execute(
                "INSERT INTO meta(key, value) VALUES('digest:' || ?1, ?2) \
                 ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
                [receiver, name],
            )?;
            if news == 1 {
                insert(transaction, receiver, body, (nanos, offset))?;
            }
            Ok(news == 1)
        })
    }

    /// Gives the messages of a receiver whose turn has come, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn waiting_messages(
        &self,
        receiver: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Vec<Waiting>, StoreError> {
        let at = db::bound(Some(now));
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, body, attempts FROM outbox WHERE receiver = ?1 AND next <= ?2 ORDER BY id",
            )?;
            let mut rows = statement.query(params![receiver, at])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Waiting { id: row.get(0)?, body: row.get(1)?, attempts: row.get(2)? });
            }
            Ok(found)
        })
    }

    /// Forgets a message that its receiver took.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn message_taken(&self, id: u64) -> Result<(), StoreError> {
        self.db.write(|transaction| {
            transaction.execute("DELETE FROM outbox WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    /// Keeps a message that its receiver did not take, to be tried again from `next` on.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn message_refused(
        &self,
        id: u64,
        next: DateTime<FixedOffset>,
        error: &str,
    ) -> Result<(), StoreError> {
        let (next, _) = db::stamp(next)?;
        self.db.write(|transaction| {
            transaction.execute(
                "UPDATE outbox SET attempts = attempts + 1, next = ?2, error = ?3 WHERE id = ?1",
                params![id, next, error],
            )?;
            Ok(())
        })
    }

    /// Says how the messages of every receiver stand that has any, in order of names.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn outbox(&self) -> Result<Vec<OutboxStatus>, StoreError> {
        self.db.read(|connection| {
            // With min() the other columns are those of the oldest message.
            let mut statement = connection.prepare_cached(
                "SELECT receiver, count(*), min(id), at, at_offset, max(attempts), (SELECT min(next) FROM outbox n WHERE n.receiver = o.receiver), \
                   (SELECT error FROM outbox e WHERE e.receiver = o.receiver AND error IS NOT NULL ORDER BY next DESC LIMIT 1) \
                 FROM outbox o GROUP BY receiver ORDER BY receiver",
            )?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(OutboxStatus {
                    receiver: row.get(0)?,
                    depth: row.get(1)?,
                    oldest: db::time(row.get(3)?, row.get(4)?)?,
                    attempts: row.get(5)?,
                    next: db::time(row.get(6)?, row.get(4)?)?,
                    error: row.get(7)?,
                });
            }
            Ok(found)
        })
    }
}

/// Puts a message into the queue of a receiver, to be sent at once.
fn insert(
    transaction: &Transaction<'_>,
    receiver: &str,
    body: &str,
    (nanos, offset): (i64, i32),
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO outbox(receiver, body, at, at_offset, attempts, next, error) VALUES(?1, ?2, ?3, ?4, 0, ?3, NULL)",
    )?;
    statement.execute(params![receiver, body, nanos, offset])?;
    Ok(())
}
