//! From the outside world to frames and rejects: fetching, reading tables, resolving places, never dropping a row in silence.
//!
//! Only `fetch` is asynchronous; reading is bytes in, values out. Time and secrets are arguments. This room knows neither
//! the store nor the rules.

pub mod config;
mod context;
mod dates;
mod encoding;
pub mod fetch;
mod geo;
mod grid;
mod kinds;
mod legacy;
mod number;
mod pattern;
mod read;
mod reading;
mod records;
mod resolve;
mod rows;
pub mod schedule;
mod sheet;
mod syllable;
mod table;
mod value;

pub use config::{CollectorConfig, Problem};
pub use context::{Choice, Context, Decision, Decisions};
pub use fetch::{FetchError, Known, fetch};
pub use geo::{Boundaries, BoundariesError};
pub use grid::Unreadable;
pub use read::read;
pub use reading::{Notes, Reading, SheetNotes};
pub use resolve::Resolver;

use chrono::NaiveDate;

/// One file as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Path below the configuration directory, or address without secrets. The same thing has the same name next time.
    pub file: String,
    /// Its bytes. Empty when `unchanged` was said by the server.
    pub bytes: Vec<u8>,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub content_hash: String,
    /// The day it is about, where neither a column nor a title says otherwise.
    pub reported_on: NaiveDate,
    /// The content is the same as before.
    pub unchanged: bool,
    /// The server's mark of this version.
    pub etag: Option<String>,
    /// The server's date of this version.
    pub last_modified: Option<String>,
}

impl Fetched {
    /// Takes bytes that somebody hands over, as `import` does.
    #[must_use]
    pub fn given(file: &str, bytes: Vec<u8>, reported_on: NaiveDate) -> Self {
        use sha2::{Digest, Sha256};
        let content_hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let (etag, last_modified) = (None, None);
        Self {
            file: file.to_owned(),
            bytes,
            content_hash,
            reported_on,
            unchanged: false,
            etag,
            last_modified,
        }
    }
}
