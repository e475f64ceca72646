//! The tables, version by version. A step is never edited once released: a change is another step.

use rusqlite::Connection;

/// Marks the file as ours: `GAPW`.
pub(crate) const APPLICATION_ID: i64 = 0x4741_5057;

/// Version written by this program.
pub(crate) const VERSION: i64 = 3;

/// One script per version: the first makes version 1 out of nothing.
const STEPS: [&str; 3] = [V1, V2, V3];

/// Brings the file from `from` to [`VERSION`] inside the caller's transaction.
pub(crate) fn migrate(connection: &Connection, from: i64) -> rusqlite::Result<()> {
    for (version, step) in (0..).zip(STEPS) {
        if version >= from {
            connection.execute_batch(step)?;
        }
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)
}

/// Times are nanoseconds since 1970 (UTC) with the offset in seconds beside them, so that they come back as they went in.
const V1: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Places by slot; every version ever known, the newest counts.
CREATE TABLE place(slot INTEGER PRIMARY KEY, code TEXT NOT NULL, valid_from TEXT NOT NULL, UNIQUE(code, valid_from));
CREATE TABLE place_version(id INTEGER PRIMARY KEY, slot INTEGER NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX place_version_by_slot ON place_version(slot, at, id);
CREATE TABLE lineage_version(id INTEGER PRIMARY KEY, step TEXT NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, body TEXT NOT NULL);

-- Runs, what did not go in, the files behind them.
CREATE TABLE run(id INTEGER PRIMARY KEY, collector TEXT NOT NULL, finished INTEGER NOT NULL, outcome TEXT NOT NULL, file TEXT, content_hash TEXT, body TEXT NOT NULL);
CREATE INDEX run_by_collector ON run(collector, finished, id);
CREATE INDEX run_by_file ON run(collector, file, id);
CREATE TABLE reject(run INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(run, number)) WITHOUT ROWID;
CREATE TABLE file(hash TEXT PRIMARY KEY, name TEXT NOT NULL, packed BLOB NOT NULL);
CREATE TABLE quarantine(run INTEGER PRIMARY KEY, packed BLOB NOT NULL, state TEXT NOT NULL, by TEXT, at INTEGER, at_offset INTEGER);

-- Series. `stream` is what a correction replaces, without place and period. Frames are the truth, never changed.
CREATE TABLE stream(id INTEGER PRIMARY KEY, indicator TEXT NOT NULL, source TEXT NOT NULL, evidence TEXT NOT NULL, dimensions TEXT NOT NULL, UNIQUE(indicator, source, evidence, dimensions));
CREATE TABLE method(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE frame(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, block INTEGER NOT NULL, period INTEGER NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, run INTEGER NOT NULL, method INTEGER, points INTEGER NOT NULL, body BLOB NOT NULL, extra BLOB NOT NULL);
CREATE INDEX frame_by_period ON frame(stream, block, period, at, id);
-- Projections, rebuildable from frames.
CREATE TABLE latest(stream INTEGER NOT NULL, block INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(stream, block)) WITHOUT ROWID;
CREATE TABLE shelf(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, block INTEGER NOT NULL, year INTEGER NOT NULL, late INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE(stream, block, year));
CREATE TABLE tile(shelf INTEGER NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL, extra BLOB NOT NULL, PRIMARY KEY(shelf, part));

-- Append-only histories.
CREATE TABLE flag_event(id INTEGER PRIMARY KEY, key TEXT NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX flag_event_by_key ON flag_event(key, at, id);
CREATE TABLE document(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE INDEX document_by_name ON document(kind, name, at, id);
CREATE TABLE decision(id INTEGER PRIMARY KEY, key TEXT NOT NULL, answer TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL);
CREATE INDEX decision_by_key ON decision(key, at, id);
CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL);

-- Who may change things.
CREATE TABLE token(name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL, created INTEGER NOT NULL, created_offset INTEGER NOT NULL, revoked INTEGER, revoked_offset INTEGER);
CREATE TABLE session(hash TEXT PRIMARY KEY, token TEXT NOT NULL, detail TEXT NOT NULL, expires INTEGER NOT NULL, expires_offset INTEGER NOT NULL) WITHOUT ROWID;
";

/// The queue before InfluxDB: frames that wait, in order.
const V2: &str = "
CREATE TABLE spool(seq INTEGER PRIMARY KEY AUTOINCREMENT, frame INTEGER NOT NULL, points INTEGER NOT NULL);
";

/// What people are still to be told, and up to which change of flags each receiver's messages were made.
const V3: &str = "
CREATE TABLE told(receiver TEXT PRIMARY KEY, mark INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL, at_offset INTEGER NOT NULL, attempts INTEGER NOT NULL, next INTEGER NOT NULL, error TEXT);
CREATE INDEX outbox_by_receiver ON outbox(receiver, next);
";
