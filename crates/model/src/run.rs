//! Executions of collectors, and the rows that did not go in.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::{CollectorName, Frame, Place, PlaceIx};

/// Number of a run, given by the store in order of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every row went in.
    Succeeded,
    /// Some rows were rejected or asked, the rest went in.
    Partial,
    /// The content was the same as before: nothing changed.
    Unchanged,
    /// There was nothing to collect.
    Empty,
    /// A contract of the source was broken: the batch waits for a person.
    Quarantined,
    /// The source could not be fetched or read at all.
    Failed,
    /// The run was missed while the program was down and is not made up for.
    Skipped,
}

impl Outcome {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Unchanged => "unchanged",
            Self::Empty => "empty",
            Self::Quarantined => "quarantined",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One execution of a collector, or one pushed batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Given by the store; `RunId(0)` until then.
    pub id: RunId,
    /// Who ran.
    pub collector: CollectorName,
    /// When the schedule wanted it. `None` when a person started it.
    pub planned: Option<DateTime<FixedOffset>>,
    /// When it started.
    pub started: DateTime<FixedOffset>,
    /// When it finished, which is the `recorded_at` of all it brought.
    pub finished: DateTime<FixedOffset>,
    /// How it ended.
    pub outcome: Outcome,
    /// Data rows read.
    pub read: u32,
    /// Data rows of which everything went in.
    pub accepted: u32,
    /// Data rows of which something was rejected or asked.
    pub rejected: u32,
    /// Lower-case hexadecimal SHA-256 of the bytes that were read.
    pub content_hash: Option<String>,
    /// File name or URL without secrets, as shown to people.
    pub file: Option<String>,
    /// Why it failed, as one sentence. Also what an `unchanged` run wants to say.
    pub message: Option<String>,
    /// Who started it, when a person did.
    pub by: Option<String>,
}

/// Why a cell, row or column did not go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// The cell cannot be read as what the column holds.
    BadValue,
    /// The value is read, but outside what the indicator allows.
    OutOfRange,
    /// A cell that must be filled is empty.
    Missing,
    /// No place of this name or code in force on the row's date.
    UnknownPlace,
    /// More than one place fits, or one fits only nearly: a person decides.
    AmbiguousPlace,
    /// The code and the name say different places.
    CodeContradictsName,
    /// Two rows of the same file say different things of the same place and period.
    ConflictingDuplicate,
    /// The column can be read in two ways.
    AmbiguousColumn,
    /// A column the collector needs is not in the file.
    MissingColumn,
    /// The date can be read in two ways or is no date.
    BadDate,
    /// The text's encoding cannot be decided.
    AmbiguousEncoding,
    /// The row itself is damaged: too short, too long, an open quote.
    BadRow,
}

impl RejectCode {
    /// The word used in JSON and in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadValue => "bad_value",
            Self::OutOfRange => "out_of_range",
            Self::Missing => "missing",
            Self::UnknownPlace => "unknown_place",
            Self::AmbiguousPlace => "ambiguous_place",
            Self::CodeContradictsName => "code_contradicts_name",
            Self::ConflictingDuplicate => "conflicting_duplicate",
            Self::AmbiguousColumn => "ambiguous_column",
            Self::MissingColumn => "missing_column",
            Self::BadDate => "bad_date",
            Self::AmbiguousEncoding => "ambiguous_encoding",
            Self::BadRow => "bad_row",
        }
    }
}

/// Something that did not go in, said precisely enough to mend it at the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// File name, with the sheet after `#` where there are several.
    pub file: String,
    /// 1-based line where the record starts; in JSON the 1-based index. 0 means the whole file or column.
    pub line: u32,
    /// 1-based column, 0 when the whole row is meant.
    pub column: u32,
    /// Heading of the column as it stands in the file, joined over merged rows.
    pub heading: String,
    /// The cell as it stands in the file.
    pub value: String,
    /// What kind of problem it is.
    pub code: RejectCode,
    /// A question a person can answer (a place to decide on), not a defect of the cell.
    pub asked: bool,
    /// One Vietnamese sentence: what is wrong and what was expected.
    pub sentence: String,
    /// What may have been meant, best first. For places: `code name, parent`.
    pub suggestions: Vec<String>,
    /// For a question about a place: the key under which a decision is remembered. Empty otherwise.
    pub decision_key: String,
}

/// What one run brought, ready to be stored whole or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The record of the run.
    pub run: Run,
    /// The good rows.
    pub frames: Vec<Frame>,
    /// The rows that did not go in.
    pub rejects: Vec<Reject>,
    /// Places that the frames speak of and that were not known yet.
    pub new_places: NewPlaces,
}

/// Places that come with a batch. Its frames number them from `first` on; the store gives them numbers of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewPlaces {
    /// Number of the first: how many places were known when the batch was read.
    pub first: PlaceIx,
    /// The places, in order of their numbers.
    pub places: Vec<Place>,
}

impl NewPlaces {
    /// The place a number of the batch's frames means, where it is one of these.
    #[must_use]
    pub fn get(&self, ix: PlaceIx) -> Option<&Place> {
        self.places.get(usize::try_from(ix.0.checked_sub(self.first.0)?).ok()?)
    }
}
