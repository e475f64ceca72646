//! Bytes → [`Reading`]: finds the tables, reads every cell, resolves every place, keeps what is good and says the rest.

pub(crate) mod cells;
pub(crate) mod frames;
pub(crate) mod period;
pub(crate) mod sheet;

use gapwatch_model::{Reject, RejectCode};

use crate::{
    Context, Fetched, Reading,
    config::{CollectorConfig, Column, Format, TableFormat},
    encoding,
    grid::{Grid, Unreadable},
    kinds, sheet as files,
    table::{self, Table},
};
use sheet::Reader;

/// Most tables read of one sheet.
const MAX_TABLES: usize = 50;

/// Reads one fetched file.
#[must_use]
pub fn read(config: &CollectorConfig, fetched: &Fetched, ctx: &Context<'_>) -> Reading {
    let result = match &config.format {
        Format::Table(format) => tables(config, &config.columns, format, fetched, ctx),
        Format::Ispeed(format) => {
            tables(config, &kinds::ispeed::columns(*format), &TableFormat::default(), fetched, ctx)
        }
        Format::Json(format) => kinds::json::grid(&fetched.bytes, &format.records).map(|(grid, paths)| {
            let mut reader = Reader::new(config, &config.columns, fetched, ctx);
            reader.reading.notes.kind = "JSON".to_owned();
            let table = table::of_paths(&paths, &config.columns);
            reader.table(grid, &table);
            reader.finish()
        }),
        Format::Portal766(format) => kinds::portal766::read(config, format, fetched, ctx),
        Format::Opencellid(format) => kinds::cells::read(config, format, fetched, ctx),
        Format::Ookla(format) => kinds::ookla::read(config, *format, fetched, ctx),
    };
    result.unwrap_or_else(|error| unreadable(fetched, &error))
}

/// The reading of a file that cannot be read at all: one reject that says why.
pub(crate) fn unreadable(fetched: &Fetched, error: &Unreadable) -> Reading {
    let (code, asked) = match error {
        Unreadable::Encoding(_) => (RejectCode::AmbiguousEncoding, true),
        _ => (RejectCode::BadRow, false),
    };
    let reject = Reject {
        file: fetched.file.clone(),
        line: 0,
        column: 0,
        heading: String::new(),
        value: String::new(),
        code,
        asked,
        sentence: error.to_string(),
        suggestions: Vec::new(),
        decision_key: String::new(),
    };
    Reading { rejects: vec![reject], ..Reading::default() }
}

fn tables(
    config: &CollectorConfig,
    columns: &[Column],
    format: &TableFormat,
    fetched: &Fetched,
    ctx: &Context<'_>,
) -> Result<Reading, Unreadable> {
    let mut sheets = files::read(&fetched.bytes, format)?;
    let mut reader = Reader::new(config, columns, fetched, ctx);
    reader.reading.notes.kind = sheets.kind.to_owned();
    reader.reading.notes.encoding =
        sheets.encoding.as_ref().map(|found| format!("{} ({})", found.encoding.label(), found.why));
    reader.reading.notes.delimiter = sheets.delimiter;
    let several = sheets.grids.len() > 1;
    let mut found_any = false;
    for mut grid in std::mem::take(&mut sheets.grids) {
        if !several {
            grid.name.clear();
        }
        let mended = if sheets.kind == "CSV" { Vec::new() } else { encoding::mend_fonts(&mut grid) };
        let Some(mut table) = table::find(&grid, columns) else {
            reader.no_table(&grid.name);
            continue;
        };
        found_any = true;
        reader.begin_sheet();
        // Below one table another may stand, with a heading of its own.
        for _ in 1..MAX_TABLES {
            let Some(at) = table::next(&grid, &table, columns) else { break };
            let mut rest = grid.split_off(at);
            let Some(below) = table::find(&rest, columns) else {
                grid.rows.append(&mut rest.rows);
                break;
            };
            reader.table(std::mem::replace(&mut grid, rest), &table);
            note_mended(&mut reader, &table, &mended);
            table = below;
        }
        reader.table(grid, &table);
        note_mended(&mut reader, &table, &mended);
    }
    if !found_any {
        reader.refuse_headings();
    }
    Ok(reader.finish())
}

fn note_mended(reader: &mut Reader<'_>, table: &Table, mended: &[(usize, crate::config::Encoding)]) {
    if let Some(notes) = reader.reading.notes.sheets.last_mut() {
        let heading = |column: usize| table.headings.get(column - 1).cloned().unwrap_or_default();
        notes.mended =
            mended.iter().map(|(column, from)| (heading(*column), from.label().to_owned())).collect();
    }
}

/// The grids of a file of tables, for the sender's own table with remarks.
pub(crate) fn grids(config: &CollectorConfig, fetched: &Fetched) -> Result<Vec<Grid>, Unreadable> {
    match &config.format {
        Format::Table(format) => files::read(&fetched.bytes, format).map(|sheets| sheets.grids),
        Format::Ispeed(_) => files::read(&fetched.bytes, &TableFormat::default()).map(|sheets| sheets.grids),
        Format::Json(format) => kinds::json::grid(&fetched.bytes, &format.records).map(|(grid, paths)| {
            let heading = paths.iter().map(|path| crate::grid::Cell::Text(path.join(" > ").into())).collect();
            let mut with_heading = grid;
            with_heading.rows.insert(0, crate::grid::Row { line: 0, cells: heading, fault: None });
            vec![with_heading]
        }),
        Format::Portal766(_) | Format::Opencellid(_) | Format::Ookla(_) => Ok(Vec::new()),
    }
}
