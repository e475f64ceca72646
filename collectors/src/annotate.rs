//! The sender's own table with a column added that says what is wrong with each row, to send back.

use std::collections::BTreeMap;

use gapwatch_model::Reject;
use rust_xlsxwriter::{Color, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::{
    CollectorConfig, Fetched, Reading,
    grid::{Cell, Grid, Unreadable},
    read,
};

/// Why no annotated table can be made.
#[derive(Debug, thiserror::Error)]
pub enum AnnotateError {
    /// The sender's file cannot be read as tables.
    #[error("the file cannot be read as tables")]
    Unreadable(#[from] Unreadable),
    /// The workbook cannot be written.
    #[error("the workbook cannot be written")]
    Workbook(#[from] XlsxError),
}

/// Makes an XLSX of the sender's table; the added column `Cần sửa` says in Vietnamese what is wrong with each row.
///
/// # Errors
/// The file cannot be read as tables, or the workbook cannot be written.
pub fn annotate(
    config: &CollectorConfig,
    fetched: &Fetched,
    reading: &Reading,
) -> Result<Vec<u8>, AnnotateError> {
    let grids = read::grids(config, fetched)?;
    let several = grids.len() > 1;
    let mut book = Workbook::new();
    let general: Vec<&Reject> = reading.rejects.iter().filter(|reject| reject.line == 0).collect();
    for grid in &grids {
        let file = if several { format!("{}#{}", fetched.file, grid.name) } else { fetched.file.clone() };
        let heading = reading.notes.sheets.iter().find(|sheet| !several || sheet.name == grid.name);
        let heading_line = heading.map_or(0, |sheet| sheet.heading_line);
        write_grid(book.add_worksheet(), grid, &file, heading_line, &reading.rejects)?;
    }
    if grids.is_empty() || !general.is_empty() {
        let sheet = book.add_worksheet();
        sheet.set_name("Lỗi chung")?;
        sheet.write_string(0, 0, "Cần sửa")?;
        for (row, reject) in
            (1_u32..).zip(if grids.is_empty() { reading.rejects.iter().collect() } else { general })
        {
            sheet.write_string(row, 0, remark(reject))?;
        }
        sheet.set_column_width(0, 100)?;
    }
    Ok(book.save_to_buffer()?)
}

fn remark(reject: &Reject) -> String {
    let heading = if reject.heading.is_empty() { String::new() } else { format!("[{}] ", reject.heading) };
    let meant = match reject.suggestions.as_slice() {
        [] => String::new(),
        several => format!(" Có phải: {}?", several.join(" | ")),
    };
    // Excel holds no longer text in a cell.
    format!("{heading}{}.{meant}", reject.sentence).chars().take(8_000).collect()
}

fn write_grid(
    sheet: &mut Worksheet,
    grid: &Grid,
    file: &str,
    heading_line: u32,
    rejects: &[Reject],
) -> Result<(), AnnotateError> {
    if !grid.name.is_empty() {
        sheet
            .set_name(grid.name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect::<String>())?;
    }
    let mut by_line: BTreeMap<u32, Vec<&Reject>> = BTreeMap::new();
    for reject in rejects.iter().filter(|reject| reject.line > 0 && reject.file == file) {
        by_line.entry(reject.line).or_default().push(reject);
    }
    let faulty = Format::new().set_background_color(Color::RGB(0x00FF_E0B3));
    let plain = Format::new();
    let remarks = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    let last = u16::try_from(grid.width()).unwrap_or(u16::MAX);
    for (number, row) in (0_u32..).zip(&grid.rows) {
        let here = by_line.get(&row.line).map_or(&[][..], Vec::as_slice);
        for (column, cell) in (0_u16..).zip(&row.cells) {
            let wrong = here.iter().any(|reject| reject.column == u32::from(column) + 1);
            let format = if wrong { &faulty } else { &plain };
            match cell {
                Cell::Empty if wrong => sheet.write_blank(number, column, format)?,
                Cell::Empty => continue,
                Cell::Number(value) => sheet.write_number_with_format(number, column, *value, format)?,
                Cell::Bool(value) => sheet.write_boolean_with_format(number, column, *value, format)?,
                other => sheet.write_string_with_format(number, column, clipped(&other.shown()), format)?,
            };
        }
        if row.line == heading_line && heading_line > 0 {
            sheet.write_string_with_format(number, last, "Cần sửa", &remarks)?;
        }
        if !here.is_empty() {
            let text: Vec<String> = here.iter().map(|reject| remark(reject)).collect();
            sheet.write_string(number, last, clipped(&text.join("\n")))?;
        }
    }
    sheet.set_column_width(last, 60)?;
    Ok(())
}

/// Excel holds at most 32,767 letters in a cell.
fn clipped(text: &str) -> String {
    text.chars().take(32_000).collect()
}
