//! CSV (RFC 4180) in UTF-8 with BOM, as Excel wants it. A text that a spreadsheet would run as a formula is made plain.

use std::io::Write;

use crate::{
    Lang,
    table::{Column, Row},
};

use super::{
    ExportError,
    cell::{Plain, headings, values},
};

pub(super) fn write<W: Write>(
    lang: Lang,
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    out: &mut W,
) -> Result<u64, ExportError> {
    out.write_all("\u{feff}".as_bytes())?;
    line(headings(lang, columns).iter().map(|heading| text(heading)), out)?;
    let mut written = 0;
    for row in rows {
        line(values(lang, columns, &row.cells).iter().map(field), out)?;
        written += 1;
    }
    out.flush()?;
    Ok(written)
}

fn line<W: Write>(fields: impl Iterator<Item = String>, out: &mut W) -> Result<(), ExportError> {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        out.write_all(field.as_bytes())?;
    }
    out.write_all(b"\r\n")?;
    Ok(())
}

fn field(value: &Plain) -> String {
    match value {
        Plain::Text(words) | Plain::Word(_, words) | Plain::Absent(_, words) => text(words),
        Plain::Bool(_, words) => text(words),
        Plain::Count(number) => number.to_string(),
        Plain::Number(number, _) | Plain::Percent(number, _) => number.to_string(),
        Plain::Date(day) => day.to_string(),
        Plain::Moment(at) => at.to_rfc3339(),
    }
}

/// A text, quoted where it must be. What starts like a formula gets an apostrophe before it, which spreadsheets hide.
fn text(words: &str) -> String {
    let formula = words.trim_start_matches([' ', '\u{a0}', '\u{3000}']);
    let formula =
        formula.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '|', '%']);
    let safe = if formula { format!("'{words}") } else { words.to_owned() };
    if safe.contains([',', ';', '"', '\r', '\n', '\t']) || safe.starts_with(' ') || safe.ends_with(' ') {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}
