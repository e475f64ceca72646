//! One table: typed cells that become markup here and files in `export`. Sorting, filtering and paging are done by the
//! server; the address holds the whole state, so that a link shows what its sender saw.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    FlagState, GeoPoint, Outcome, Percent, Period, Qualification, Qualifier, SignalState, TargetStatus, Unit,
};

use crate::{
    figure::{Absence, Amount},
    map::Shape,
    part::Link,
};

/// How a column is set and what its cells are in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Words, to the left.
    Text,
    /// Numbers, to the right.
    Number,
    /// Shares, to the right. Files give each its numerator and denominator in columns of their own.
    Share,
    /// Days and moments.
    Date,
    /// A badge, a mark or a small drawing.
    Mark,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its key in addresses (`?sort=key`, `?sort=-key`, `?cols=a&cols=b`) and its name in GeoJSON.
    pub key: String,
    /// Its heading, with the unit where it has one: `Khoảng cách (km)`.
    pub heading: String,
    /// How it is set.
    pub kind: Kind,
    /// May be sorted by.
    pub sortable: bool,
}

impl Column {
    /// A column that cannot be sorted by.
    #[must_use]
    pub fn new(key: &str, heading: &str, kind: Kind) -> Self {
        Self { key: key.to_owned(), heading: heading.to_owned(), kind, sortable: false }
    }

    /// The same column, to be sorted by.
    #[must_use]
    pub fn sortable(self) -> Self {
        Self { sortable: true, ..self }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// Words that lead somewhere.
    Link(Link),
    /// A whole number.
    Count(u64),
    /// A value in a unit, or why there is none.
    Amount {
        /// The number or its absence.
        amount: Amount,
        /// The word before it.
        qualifier: Qualifier,
        /// Its unit. Written in the cell only where the heading has none: percent and yes/no.
        unit: Unit,
        /// Decimals on screen.
        decimals: u8,
    },
    /// A share with its parts. `None` is 0/0.
    Share(Option<Percent>),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Moment(DateTime<FixedOffset>),
    /// A period.
    Period(Period),
    /// State of a village.
    Signal(SignalState, Qualification),
    /// Status of a target.
    Status(TargetStatus),
    /// State of a flag.
    Flag(FlagState),
    /// How a run ended.
    Outcome(Outcome),
    /// Yes, no, or nobody said.
    YesNo(Option<bool>),
    /// A small line over time, oldest first; gaps are `None`. Files get the last value.
    Spark(Vec<Option<f64>>),
    /// Nothing, and why.
    Absent(Absence),
}

/// One row of a table, with what maps need of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// One cell per column, in their order.
    pub cells: Vec<Cell>,
    /// Code of the place the row is about: id of the feature in GeoJSON and KML.
    pub code: Option<String>,
    /// Where that place is. Rows without one and without an area have no geometry in files.
    pub at: Option<GeoPoint>,
    /// The boundary of that place, for files that hold geometry.
    pub area: Option<Shape>,
}

impl Row {
    /// A row that is not about a place.
    #[must_use]
    pub fn new(cells: Vec<Cell>) -> Self {
        Self { cells, code: None, at: None, area: None }
    }
}

/// A file format a table can be taken away in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CSV, UTF-8 with BOM.
    Csv,
    /// Excel workbook.
    Xlsx,
    /// GeoJSON (RFC 7946).
    GeoJson,
    /// KML 2.2.
    Kml,
}

impl Format {
    /// Every format, in the order of their links.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::GeoJson, Self::Kml];

    /// The word in addresses (`?format=csv`) and the file's extension.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::GeoJson => "geojson",
            Self::Kml => "kml",
        }
    }

    /// The format a word names.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::GeoJson => "application/geo+json",
            Self::Kml => "application/vnd.google-earth.kml+xml",
        }
    }
}

/// A table without state: all its rows are there.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What it shows, read out before it.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// One cell per column under the rows. Follows the filter.
    pub totals: Option<Vec<Cell>>,
    /// What is said when there are no rows.
    pub empty: String,
    /// Where it can be taken away.
    pub downloads: Vec<(Format, String)>,
}

/// One way to narrow a table down.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Its key in the address.
    pub key: String,
    /// What it is called.
    pub label: String,
    /// What may be chosen, as (value in the address, words). Empty means free text without tones.
    pub choices: Vec<(String, String)>,
    /// What is chosen now.
    pub value: String,
}

/// What the address says of a long table, and where its neighbours are.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Key of the column it is sorted by, and whether the largest comes first.
    pub sort: Option<(String, bool)>,
    /// How it can be narrowed down.
    pub filters: Vec<Filter>,
    /// Every column there is, as (key, heading, shown).
    pub columns: Vec<(String, String, bool)>,
    /// Rows that pass the filter.
    pub matching: u64,
    /// Rows without any filter.
    pub total: u64,
    /// Number of the first row shown, from 1. 0 when there are none.
    pub first: u64,
    /// Cursor of the page before, for `?before=`. Empty text: the first page.
    pub before: Option<String>,
    /// Cursor of the page after, for `?after=`.
    pub after: Option<String>,
}
