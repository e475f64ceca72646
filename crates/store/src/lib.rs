//! Keeping: the catalogue and the series.
//!
//! One SQLite file holds what people decided, what collectors did and, by default, every observation. This room
//! interprets nothing it keeps, never reads the clock, and never changes or removes an observation.

mod access;
mod batch;
mod db;
mod documents;
mod error;
mod flags;
mod maintain;
mod meta;
mod outbox;
mod places;
mod quarantine;
mod runs;
mod schema;
mod series;
mod store;

pub use access::{AuditEntry, Session, Token};
pub use batch::Appended;
pub use documents::{Decision, Document, DocumentInfo};
pub use error::StoreError;
pub use maintain::{CheckReport, Problem};
pub use outbox::{FlagEvent, OutboxStatus, Waiting};
pub use places::PlacesChange;
pub use quarantine::{Held, HeldState};
pub use runs::RunQuery;
pub use series::influx::{Delivery, InfluxOptions, Progress, Secret, SpoolStatus, Transfer};
pub use series::{Change, Comparison, Counts, PlaceSet, Query, Sealed, SeriesStore, Sink, Stream, Summary};
pub use store::{Store, StoreOptions};
