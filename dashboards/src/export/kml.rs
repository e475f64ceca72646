//! KML 2.2: one placemark per row, its words as extended data named by the headings.

use std::{borrow::Cow, io::Write};

use crate::table::{Column, Row};

use super::{
    About, ExportError,
    area::polygons,
    cell::{Plain, headings, values},
};

pub(super) fn write<W: Write>(
    about: &About,
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    out: &mut W,
) -> Result<u64, ExportError> {
    let headings = headings(about.lang, columns);
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document><name>{}</name>\n<description>{}</description>\n",
        escaped(&about.title),
        escaped(&format!("{}; {}; {}", about.as_of, about.address, about.notes.join("; ")))
    )?;
    let mut written = 0;
    for row in rows {
        placemark(about, columns, &headings, &row, out)?;
        written += 1;
    }
    out.write_all(b"</Document></kml>\n")?;
    out.flush()?;
    Ok(written)
}

fn placemark<W: Write>(
    about: &About,
    columns: &[Column],
    headings: &[String],
    row: &Row,
    out: &mut W,
) -> Result<(), ExportError> {
    let values = values(about.lang, columns, &row.cells);
    let name = values.first().map(words).unwrap_or_default();
    write!(out, "<Placemark><name>{}</name><ExtendedData>", escaped(&name))?;
    if let Some(code) = &row.code {
        write!(out, "<Data name=\"id\"><value>{}</value></Data>", escaped(code))?;
    }
    for (heading, value) in headings.iter().zip(&values) {
        write!(out, "<Data name=\"{}\"><value>{}</value></Data>", escaped(heading), escaped(&words(value)))?;
    }
    write!(out, "</ExtendedData>")?;
    if let Some(shape) = &row.area {
        out.write_all(b"<MultiGeometry>")?;
        for polygon in polygons(shape) {
            out.write_all(b"<Polygon>")?;
            for (number, ring) in polygon.iter().enumerate() {
                let side = if number == 0 { "outerBoundaryIs" } else { "innerBoundaryIs" };
                write!(out, "<{side}><LinearRing><coordinates>")?;
                for (lon, lat) in ring {
                    write!(out, "{lon},{lat} ")?;
                }
                write!(out, "</coordinates></LinearRing></{side}>")?;
            }
            out.write_all(b"</Polygon>")?;
        }
        out.write_all(b"</MultiGeometry>")?;
    } else if let Some(at) = row.at {
        write!(out, "<Point><coordinates>{},{}</coordinates></Point>", at.lon, at.lat)?;
    }
    out.write_all(b"</Placemark>\n")?;
    Ok(())
}

fn words(value: &Plain) -> String {
    match value {
        Plain::Text(words) | Plain::Word(_, words) | Plain::Absent(_, words) => words.clone(),
        Plain::Bool(_, words) => (*words).to_owned(),
        Plain::Count(number) => number.to_string(),
        Plain::Number(number, _) | Plain::Percent(number, _) => number.to_string(),
        Plain::Date(day) => day.to_string(),
        Plain::Moment(at) => at.to_rfc3339(),
    }
}

/// A text as XML 1.0 takes it: the five signs written out, letters XML does not know left out.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'') && known(c);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 16);
    for letter in text.chars().filter(|c| known(*c)) {
        match letter {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&apos;"),
            other => written.push(other),
        }
    }
    Cow::Owned(written)
}

fn known(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
