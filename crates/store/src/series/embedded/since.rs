//! What was appended since a mark, for readers that keep everything in memory and go on from there.

use std::{collections::HashMap, sync::Arc};

use rusqlite::Connection;

use super::{FRAME, StoredFrame, mask::Mask, read::emit, streams};
use crate::{Sink, StoreError, series::Stream};

/// Hands out every frame appended after the mark, in order of appending, and gives the mark to go on from.
pub(crate) fn since(connection: &Connection, mark: i64, sink: &mut Sink<'_>) -> Result<i64, StoreError> {
    let streams: HashMap<i64, Arc<Stream>> = streams(connection, None)?.into_iter().collect();
    let mut statement =
        connection.prepare_cached("SELECT stream, id FROM frame WHERE id > ?1 ORDER BY id")?;
    let mut rows = statement.query([mark])?;
    let mut one = connection.prepare_cached(&format!("{FRAME} WHERE f.id = ?1"))?;
    let mut last = mark;
    while let Some(row) = rows.next()? {
        let (stream, id): (i64, i64) = (row.get(0)?, row.get(1)?);
        let frame = one.query_row([id], StoredFrame::read)?;
        if let Some(stream) = streams.get(&stream) {
            emit(&frame, stream, &mut Mask::all(), sink)?;
        }
        last = id;
    }
    Ok(last)
}
