//! Small things the store remembers of itself, by name.

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::StoreError;

pub(crate) fn get(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let found = connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(found)
}

pub(crate) fn set(transaction: &Transaction<'_>, key: &str, value: &str) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)")?
        .execute([key, value])?;
    Ok(())
}

/// Forgets everything whose name begins so.
pub(crate) fn clear(transaction: &Transaction<'_>, beginning: &str) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM meta WHERE substr(key, 1, length(?1)) = ?1")?
        .execute([beginning])?;
    Ok(())
}
