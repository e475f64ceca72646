//! From the outside world to frames and rejects: fetching, reading tables, resolving places, never dropping a row in silence.
//!
//! Only `fetch` is asynchronous; reading is bytes in, values out. Time and secrets are arguments. This room knows neither
//! the store nor the rules.

mod annotate;
pub mod config;
mod context;
pub mod contract;
mod dates;
mod encoding;
pub mod fetch;
mod geo;
mod grid;
mod kinds;
mod legacy;
mod number;
mod pattern;
pub mod push;
mod read;
mod reading;
mod records;
pub mod report;
pub mod reporting;
mod resolve;
mod rows;
pub mod schedule;
mod sheet;
mod syllable;
mod table;
mod texts;
mod value;

pub use annotate::{AnnotateError, annotate};
pub use config::{CollectorConfig, Problem};
pub use context::{Choice, Context, Decision, Decisions};
pub use contract::{Breach, LastRun, breaches};
pub use fetch::{FetchError, Known, fetch};
pub use geo::{Boundaries, BoundariesError};
pub use grid::Unreadable;
pub use push::{Precision, line_protocol, partial_write, unpack};
pub use read::read;
pub use reading::{Notes, Reading, SheetNotes};
pub use report::Report;
pub use reporting::{Reported, reported};
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

/// The day a file's path, or its name alone, gives under the collector's path pattern; `otherwise` where it gives none.
#[must_use]
pub fn day_of(config: &CollectorConfig, file_name: &str, otherwise: NaiveDate) -> NaiveDate {
    let pattern = match &config.source {
        config::Source::File(source) => source.path.as_str(),
        config::Source::Folder(source) => source.path.as_str(),
        config::Source::Http(_) | config::Source::Push => return otherwise,
    };
    let name = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
    pattern::match_day(pattern, file_name, otherwise)
        .or_else(|| pattern::match_day(&name(pattern), &name(file_name), otherwise))
        .unwrap_or(otherwise)
}
