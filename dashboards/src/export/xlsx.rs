//! An Excel workbook: typed cells, a frozen heading with a filter, and a second sheet that says what the first one is.
//! Rows go to a temporary file as they come.

use std::io::Write;

use chrono::{Datelike, NaiveDate, Timelike};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::table::{Column, Kind, Row};

use super::{
    About, ExportError,
    cell::{Plain, headings, values},
};

/// Rows of a sheet, the heading included.
const SHEET_ROWS: u32 = 1_048_576;
/// Letters of a cell.
const CELL_LETTERS: usize = 32_767;

struct Formats {
    head: Format,
    text: Format,
    absent: Format,
    count: Format,
    date: Format,
    moment: Format,
    /// By decimals, 0 to 3.
    numbers: [Format; 4],
    percents: [Format; 4],
}

impl Formats {
    fn new() -> Self {
        let with = |format: &str| Format::new().set_num_format(format).set_align(FormatAlign::Top);
        Self {
            head: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            text: Format::new().set_align(FormatAlign::Top),
            absent: Format::new().set_italic().set_align(FormatAlign::Top),
            count: with("#,##0"),
            date: with("dd/mm/yyyy"),
            moment: with("hh:mm dd/mm/yyyy"),
            numbers: ["#,##0", "#,##0.0", "#,##0.00", "#,##0.000"].map(with),
            percents: ["0%", "0.0%", "0.00%", "0.000%"].map(with),
        }
    }
}

pub(super) fn write<W: Write + Send>(
    about: &About,
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    out: &mut W,
) -> Result<u64, ExportError> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(sheet_name(&about.title))?;
    let last_column = heading(sheet, about, columns, &formats)?;
    let mut written: u32 = 0;
    for row in rows {
        written += 1;
        if written >= SHEET_ROWS {
            return Err(ExportError::TooManyRows { limit: SHEET_ROWS - 1 });
        }
        for (column, value) in (0_u16..).zip(values(about.lang, columns, &row.cells)) {
            put(sheet, written, column, &value, &formats)?;
        }
    }
    sheet.autofilter(0, 0, written, last_column)?;
    described(workbook.add_worksheet_with_constant_memory()?, about, written, &formats)?;
    workbook.save_to_writer(out)?;
    Ok(u64::from(written))
}

/// Writes the heading and sets widths; gives the number of the last column.
fn heading(
    sheet: &mut Worksheet,
    about: &About,
    columns: &[Column],
    formats: &Formats,
) -> Result<u16, XlsxError> {
    let mut wide = Vec::new();
    for column in columns {
        let width = match column.kind {
            Kind::Text => 28.0,
            Kind::Number | Kind::Mark | Kind::Share => 14.0,
            Kind::Date => 18.0,
        };
        wide.extend(std::iter::repeat_n(width, if column.kind == Kind::Share { 3 } else { 1 }));
    }
    for (column, width) in (0_u16..).zip(wide) {
        sheet.set_column_width(column, width)?;
    }
    let mut last = 0;
    for (column, words) in (0_u16..).zip(headings(about.lang, columns)) {
        sheet.write_string_with_format(0, column, short(&words), &formats.head)?;
        last = column;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(last)
}

fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: &Plain,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match value {
        Plain::Text(words) | Plain::Word(_, words) => {
            sheet.write_string_with_format(row, column, short(words), &formats.text)?
        }
        Plain::Bool(_, words) => sheet.write_string_with_format(row, column, *words, &formats.text)?,
        Plain::Absent(_, words) => {
            sheet.write_string_with_format(row, column, short(words), &formats.absent)?
        }
        Plain::Count(number) => match u32::try_from(*number) {
            Ok(number) => sheet.write_number_with_format(row, column, number, &formats.count)?,
            Err(_) => sheet.write_string_with_format(row, column, number.to_string(), &formats.text)?,
        },
        Plain::Number(number, decimals) => {
            sheet.write_number_with_format(row, column, *number, by_decimals(&formats.numbers, *decimals))?
        }
        Plain::Percent(number, decimals) => sheet.write_number_with_format(
            row,
            column,
            *number / 100.0,
            by_decimals(&formats.percents, *decimals),
        )?,
        Plain::Date(day) => match excel_day(*day) {
            Some(date) => sheet.write_datetime_with_format(row, column, &date, &formats.date)?,
            None => sheet.write_string_with_format(row, column, day.to_string(), &formats.text)?,
        },
        Plain::Moment(at) => {
            let clock = excel_day(at.date_naive()).and_then(|day| {
                let (hour, minute) = (u16::try_from(at.hour()).ok()?, u8::try_from(at.minute()).ok()?);
                day.and_hms(hour, minute, at.second()).ok()
            });
            match clock {
                Some(moment) => sheet.write_datetime_with_format(row, column, &moment, &formats.moment)?,
                None => sheet.write_string_with_format(row, column, at.to_rfc3339(), &formats.text)?,
            }
        }
    };
    Ok(())
}

fn by_decimals([none, one, two, three]: &[Format; 4], decimals: u8) -> &Format {
    match decimals {
        0 => none,
        1 => one,
        2 => two,
        _ => three,
    }
}

/// A day Excel knows: 1900 to 9999.
fn excel_day(day: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok()?;
    ExcelDateTime::from_ymd(year, u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?).ok()
}

/// The sheet that says what the rows are, of what day and from where.
fn described(sheet: &mut Worksheet, about: &About, written: u32, formats: &Formats) -> Result<(), XlsxError> {
    let lang = about.lang;
    sheet.set_name(lang.pick("Nguồn", "Source"))?;
    sheet.set_column_width(0, 26.0)?;
    sheet.set_column_width(1, 90.0)?;
    let mut lines = vec![
        (lang.pick("Bảng", "Table"), Plain::Text(about.title.clone())),
        (lang.pick("Số liệu đến hết ngày", "As known at the end of"), Plain::Date(about.as_of)),
        (lang.pick("Tệp lập lúc", "File made at"), Plain::Moment(about.made_at)),
        (lang.pick("Múi giờ", "Time zone"), Plain::Text(about.made_at.offset().to_string())),
        (lang.pick("Số dòng", "Rows"), Plain::Count(written.into())),
        (lang.pick("Địa chỉ", "Address"), Plain::Text(about.address.clone())),
    ];
    lines.extend(
        about
            .notes
            .iter()
            .map(|note| (lang.pick("Ghi chú, nguồn", "Note, source"), Plain::Text(note.clone()))),
    );
    for (row, (name, value)) in (0_u32..).zip(lines) {
        sheet.write_string_with_format(row, 0, name, &formats.head)?;
        put(sheet, row, 1, &value, formats)?;
    }
    Ok(())
}

/// A name Excel takes for a sheet: at most 31 letters, none of `[]:*?/\`, no apostrophe at an end.
fn sheet_name(title: &str) -> String {
    let plain: String =
        title.chars().filter(|c| !c.is_control() && !"[]:*?/\\'".contains(*c)).take(31).collect();
    let plain = plain.trim();
    if plain.is_empty() { "gapwatch".to_owned() } else { plain.to_owned() }
}

/// As many letters as a cell takes.
fn short(words: &str) -> &str {
    words.char_indices().nth(CELL_LETTERS).and_then(|(end, _)| words.get(..end)).unwrap_or(words)
}
