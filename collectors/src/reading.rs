//! What reading one file gives: frames, rejects, and notes on how it was understood.

use std::collections::BTreeMap;

use gapwatch_model::{Frame, Outcome, Place, Reject, Station};
use serde::Serialize;

/// What one file said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The good rows. Sorted by key, points by place.
    pub frames: Vec<Frame>,
    /// What did not go in, in order of lines.
    pub rejects: Vec<Reject>,
    /// Villages to be made. Their numbers follow the gazetteer's last one, in this order.
    pub new_places: Vec<Place>,
    /// Positions of stations, where the source says any. Sorted by operator, technology and position.
    pub stations: Vec<Station>,
    /// Codes of the file's places and the name each came with.
    pub codes: BTreeMap<String, String>,
    /// Data rows read.
    pub read: u32,
    /// Data rows of which everything went in.
    pub accepted: u32,
    /// Data rows of which something was rejected or asked.
    pub rejected: u32,
    /// How the file was understood.
    pub notes: Notes,
}

/// How a file was understood, for the dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// Kind of file, such as `XLSX`.
    pub kind: String,
    /// How its text was decoded and how one knows, for text files.
    pub encoding: Option<String>,
    /// What stands between the cells of a text file.
    pub delimiter: Option<char>,
    /// How each sheet was understood.
    pub sheets: Vec<SheetNotes>,
    /// Old units reached through the lineage: `Hợp Giang (cũ) → 01273 Thục Phán`.
    pub through_lineage: Vec<String>,
    /// Rows left out because a person decided so.
    pub ignored: u32,
    /// Points that lie in no known place (OpenCelliD, Ookla).
    pub outside: u32,
    /// What contradicts itself and went in all the same, as Vietnamese sentences.
    pub findings: Vec<String>,
}

/// How one sheet was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SheetNotes {
    /// Name of the sheet, empty where there is only one.
    pub name: String,
    /// 1-based line of the last heading row; 0 where no table was found.
    pub heading_line: u32,
    /// Headings that were understood and what they were taken for.
    pub mapped: Vec<(String, String)>,
    /// Headings that mean nothing to the collector.
    pub unmapped: Vec<String>,
    /// Configured columns that are not in the sheet, by their first heading.
    pub missing: Vec<String>,
    /// Columns of numbers and the decimal sign found in each.
    pub decimals: Vec<(String, String)>,
    /// Columns mended from a font of before Unicode, and from which.
    pub mended: Vec<(String, String)>,
    /// Lines that are no data: groups, totals, headings, column numbers.
    pub skipped: u32,
    /// Period named by the titles, where the collector asked for it.
    pub period: Option<String>,
    /// For each heading that was understood: filled cells. What the contract of the source looks at.
    pub filled: Vec<(String, u32)>,
}

impl Reading {
    /// How a run that brought this ends, when nothing else went wrong.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.rejects.is_empty(), self.frames.is_empty()) {
            (true, true) if self.read == 0 => Outcome::Empty,
            (true, _) => Outcome::Succeeded,
            (false, true) if self.read == 0 => Outcome::Failed,
            (false, _) => Outcome::Partial,
        }
    }
}
