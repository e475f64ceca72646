//! Tables as files to take away: CSV, Excel, GeoJSON, KML. Rows come from an iterator and go to a writer as they come,
//! so a large table is never held whole.
//!
//! Files are for programs: days and moments in ISO 8601 with offset, decimal point. A value that is absent is its
//! words in CSV and Excel, and `null` with its code beside it in GeoJSON and KML; it is never an empty number.

mod area;
mod cell;
mod csv;
mod geojson;
mod kml;
mod xlsx;

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::{
    Lang,
    table::{Column, Format, Row},
};

/// What stands beside the rows: on the second sheet of a workbook, in the head of GeoJSON and KML.
#[derive(Debug, Clone)]
pub struct About {
    /// Title of the table.
    pub title: String,
    /// Language of headings and words.
    pub lang: Lang,
    /// The day whose knowledge the table shows.
    pub as_of: NaiveDate,
    /// When the file was made.
    pub made_at: DateTime<FixedOffset>,
    /// Address the table is shown at, with its filters.
    pub address: String,
    /// Sources, filters and whatever else a reader of the file must know, one line each.
    pub notes: Vec<String>,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The receiver is gone or full.
    #[error("cannot write the file")]
    Write(#[from] io::Error),
    /// The workbook could not be made.
    #[error("cannot make the workbook")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A sheet holds fewer rows.
    #[error("the table has more than `{limit}` rows, expected a narrower filter or CSV")]
    TooManyRows {
        /// Rows a sheet holds.
        limit: u32,
    },
}

/// Writes a table in a format; gives the number of rows written.
///
/// # Errors
/// When the writer fails, or a workbook would need more rows than a sheet holds.
pub fn write<W: Write + Send>(
    format: Format,
    about: &About,
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    out: &mut W,
) -> Result<u64, ExportError> {
    match format {
        Format::Csv => csv::write(about.lang, columns, rows, out),
        Format::Xlsx => xlsx::write(about, columns, rows, out),
        Format::GeoJson => geojson::write(about, columns, rows, out),
        Format::Kml => kml::write(about, columns, rows, out),
    }
}

/// A file name without anything a file system or a header minds: `thon-xom-cua-tinh-cao-bang-2025-12-31.csv`.
#[must_use]
pub fn file_name(title: &str, as_of: NaiveDate, format: Format) -> String {
    let plain = gapwatch_model::text::toneless(title);
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let stem: String = words.collect::<Vec<_>>().join("-").chars().take(80).collect();
    let stem = if stem.is_empty() { "gapwatch" } else { &stem };
    format!("{stem}-{as_of}.{}", format.as_str())
}

#[cfg(test)]
mod tests;
