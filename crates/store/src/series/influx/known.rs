//! Whether a server has all the catalogue knows: what went through the spool from the first frame on, and what a copy proved.
//! One that was named later, or emptied and named anew, is not believed before everything was brought there.

use rusqlite::{Connection, Transaction};

use crate::{StoreError, meta};

/// Why answers come from the catalogue until then.
pub(super) const LACKS: &str = "the server lacks what was said before it was named here; \
     `gapwatch store copy --from embedded --to influx` brings it there";

/// Under this name: number of the newest frame the server has or will have from the spool, and which server it is.
const THROUGH: &str = "server";

/// Number of the newest frame.
pub(super) fn newest(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(id), 0) FROM frame")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Whether the server has everything, or will have it from the spool.
pub(super) fn whole(connection: &Connection, server: &str) -> Result<bool, StoreError> {
    Ok(through(connection, server)? >= newest(connection)?)
}

/// Takes note that every frame after this one went into the spool.
pub(super) fn queued(transaction: &Transaction<'_>, server: &str, after: i64) -> Result<(), StoreError> {
    if after == 0 || through(transaction, server)? == after {
        note(transaction, server, newest(transaction)?)?;
    }
    Ok(())
}

/// Takes note that the server was proved to have everything up to a frame, unless another came meanwhile.
pub(super) fn proved(transaction: &Transaction<'_>, server: &str, through: i64) -> Result<(), StoreError> {
    if newest(transaction)? == through { note(transaction, server, through) } else { Ok(()) }
}

/// Forgets what servers have.
pub(crate) fn forget(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    meta::clear(transaction, THROUGH)
}

fn note(transaction: &Transaction<'_>, server: &str, through: i64) -> Result<(), StoreError> {
    meta::set(transaction, THROUGH, &format!("{through} {server}"))
}

fn through(connection: &Connection, server: &str) -> Result<i64, StoreError> {
    let noted = meta::get(connection, THROUGH)?;
    let of_this = noted.as_deref().and_then(|noted| noted.split_once(' ')).filter(|(_, of)| *of == server);
    Ok(of_this.and_then(|(through, _)| through.parse().ok()).unwrap_or(0))
}
