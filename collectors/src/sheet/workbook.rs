//! Excel and `OpenDocument` workbooks → grids, by `calamine`. Formulas give the values the file holds.

use std::{
    collections::HashSet,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{
    Data, DataRef, Dimensions, Ods, Range, Reader, SheetType, SheetVisible, Xls, Xlsx, XlsxError,
};

use super::{
    Sheets,
    biff::{self, Place},
    zipped,
};
use crate::{
    grid::{Area, Cell, Grid, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED_BYTES, Row, Unreadable},
    texts::{Text, Texts},
};

/// Reads XLSX and ODS.
pub(crate) fn read_zipped(bytes: &[u8], wanted: &[String]) -> Result<Sheets, Unreadable> {
    zipped::guard(bytes, MAX_UNPACKED_BYTES)?;
    let kind = zipped::entry(bytes, "mimetype");
    if kind.is_some_and(|kind| kind.starts_with(b"application/vnd.oasis.opendocument")) {
        return guarded("ODS", || read_ods(bytes, wanted));
    }
    guarded("XLSX", || read_xlsx(bytes, wanted))
}

/// Reads XLS, the binary format of Excel 97 to 2003.
pub(crate) fn read_xls(bytes: &[u8], wanted: &[String]) -> Result<Sheets, Unreadable> {
    if !super::compound::chains_end(bytes) {
        return Err(Unreadable::damaged("XLS", "một chuỗi cung của tệp bị hỏng"));
    }
    let facts = biff::of_workbook(bytes);
    if facts.spanned > MAX_CELLS {
        return Err(Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64)));
    }
    guarded("XLS", || {
        let mut book = Xls::new(Cursor::new(bytes)).map_err(|error| {
            let text = error.to_string();
            if text.to_lowercase().contains("password") {
                Unreadable::Protected
            } else {
                Unreadable::damaged("XLS", text)
            }
        })?;
        let names = visible(book.sheets_metadata(), wanted);
        let mut texts = Texts::default();
        let mut left = MAX_CELLS;
        let mut grids = Vec::new();
        for name in names {
            let range = book.worksheet_range(&name).map_err(|error| Unreadable::damaged("XLS", error))?;
            let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
            let number = book.sheets_metadata().iter().position(|sheet| sheet.name == name).unwrap_or(0);
            let mut grid = from_range(name, &range, &merged, &mut left, &mut texts)?;
            mark_shares(&mut grid, number, &facts.shares);
            grids.push(grid);
        }
        Ok(Sheets { grids, kind: "XLS", ..Sheets::default() })
    })
}

/// Runs a parser that is not ours: should it panic on a damaged file, the file is damaged and we go on.
fn guarded(
    kind: &'static str,
    read: impl FnOnce() -> Result<Sheets, Unreadable>,
) -> Result<Sheets, Unreadable> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Unreadable::damaged(kind, "tệp hỏng")))
}

fn visible(sheets: &[calamine::Sheet], wanted: &[String]) -> Vec<String> {
    let key = |name: &str| gapwatch_model::text::fold(name);
    let keep = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet
            && if wanted.is_empty() {
                sheet.visible == SheetVisible::Visible
            } else {
                wanted.iter().any(|name| key(name) == key(&sheet.name))
            }
    };
    sheets.iter().filter(keep).map(|sheet| sheet.name.clone()).collect()
}

fn read_xlsx(bytes: &[u8], wanted: &[String]) -> Result<Sheets, Unreadable> {
    let damaged = |error: XlsxError| match error {
        XlsxError::Password => Unreadable::Protected,
        other => Unreadable::damaged("XLSX", other),
    };
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let names = visible(book.sheets_metadata(), wanted);
    let formulas = zipped::holds(bytes, "xl/worksheets/", b"<f");
    let mut texts = Texts::default();
    let mut left = MAX_CELLS;
    let mut grids = Vec::new();
    for name in names {
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        let mut reader = book.worksheet_cells_reader(&name).map_err(damaged)?;
        let mut shared = Shared::default();
        let percent: Vec<bool> = reader.styles().iter().map(is_percent).collect();
        let mut grid = Grid { name, ..Grid::default() };
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(damaged)? {
            let (row, column) = cell.get_position();
            let value = match cell.get_value() {
                DataRef::Empty => continue,
                DataRef::SharedString(text) => Cell::Text(shared.of(text, &mut texts)),
                DataRef::Float(share) if percent.get(style) == Some(&true) => {
                    Cell::Percent(as_percent(*share))
                }
                DataRef::Float(number) => Cell::Number(*number),
                other => from_data(&Data::from(other.clone()), &mut texts),
            };
            put(&mut grid, row, column, value, &mut left)?;
        }
        drop(reader);
        if formulas {
            let mut reader = book.worksheet_cells_reader(&grid.name).map_err(damaged)?;
            while let Some(formula) = reader.next_formula().map_err(damaged)? {
                mark_unsolved(&mut grid, formula.get_position(), formula.get_value(), &mut left)?;
            }
        }
        grid.merged = areas(&merged, &grid);
        grids.push(grid);
    }
    Ok(Sheets { grids, kind: "XLSX", ..Sheets::default() })
}

/// The texts a workbook keeps once for all its cells, by where they lie.
#[derive(Default)]
struct Shared(foldhash::HashMap<*const u8, Text>);

impl Shared {
    fn of(&mut self, shared: &str, texts: &mut Texts) -> Text {
        self.0.entry(shared.as_ptr()).or_insert_with(|| texts.of(shared)).clone()
    }
}

/// A formula without a result, as programs write it that cannot work it out: a blank would be no answer.
fn mark_unsolved(
    grid: &mut Grid,
    (row, column): (u32, u32),
    formula: &str,
    left: &mut usize,
) -> Result<(), Unreadable> {
    let there = grid.rows.get(row as usize).map(|there| there.cell(column as usize));
    if formula.is_empty() || !matches!(there, None | Some(Cell::Empty)) {
        return Ok(());
    }
    let shown: String = formula.chars().take(200).collect();
    put(grid, row, column, Cell::Error(format!("={shown}").into()), left)
}

/// A share of 0.29 is 29 percent, not 28.999999999999996: floating noise beyond the 15th digit is Excel's own too.
fn as_percent(share: f64) -> f64 {
    format!("{:.13e}", share * 100.0).parse().unwrap_or(share * 100.0)
}

fn is_percent(style: &calamine::Style) -> bool {
    style.number_format.as_ref().is_some_and(|format| {
        matches!(format.format_id, Some(9 | 10)) || format.format_code.replace("\\%", "").contains('%')
    })
}

fn read_ods(bytes: &[u8], wanted: &[String]) -> Result<Sheets, Unreadable> {
    let percent = match zipped::entry(bytes, "content.xml") {
        Some(content) => percent_cells(&content)?,
        None => HashSet::new(),
    };
    let mut book = Ods::new(Cursor::new(bytes)).map_err(|error| {
        let text = error.to_string();
        if text.to_lowercase().contains("password") {
            Unreadable::Protected
        } else {
            Unreadable::damaged("ODS", text)
        }
    })?;
    let names = visible(book.sheets_metadata(), wanted);
    let mut texts = Texts::default();
    let mut left = MAX_CELLS;
    let mut grids = Vec::new();
    for name in names {
        let range = book.worksheet_range(&name).map_err(|error| Unreadable::damaged("ODS", error))?;
        let number = book.sheets_metadata().iter().position(|sheet| sheet.name == name).unwrap_or(0);
        let mut grid = from_range(name, &range, &[], &mut left, &mut texts)?;
        mark_shares(&mut grid, number, &percent);
        grids.push(grid);
    }
    Ok(Sheets { grids, kind: "ODS", ..Sheets::default() })
}

/// Makes numbers shown as shares percent.
fn mark_shares(grid: &mut Grid, sheet: usize, shares: &HashSet<Place>) {
    if shares.is_empty() {
        return;
    }
    for (row_number, row) in grid.rows.iter_mut().enumerate() {
        for (column, cell) in row.cells.iter_mut().enumerate() {
            if let Cell::Number(share) = cell
                && shares.contains(&(sheet, row_number, column))
            {
                *cell = Cell::Percent(as_percent(*share));
            }
        }
    }
}

/// Reads what calamine does not tell: which cells are shares. On the way refuses "this cell a million times", which takes
/// only a few bytes to say. Gives (sheet, row, column), all from 0.
fn percent_cells(content: &[u8]) -> Result<HashSet<Place>, Unreadable> {
    let text = String::from_utf8_lossy(content);
    let refused = || Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64));
    let mut percent = HashSet::new();
    let (mut sheets, mut row, mut column, mut row_times, mut total) =
        (0_usize, 0_usize, 0_usize, 1_usize, 0_usize);
    // How far the filled cells of the sheet reach: calamine keeps every cell of that rectangle.
    let (mut down, mut right) = (0_usize, 0_usize);
    for tag in text.split('<').skip(1) {
        let times = |attribute: &str| {
            let (_, rest) = tag.split_once(attribute)?;
            rest.get(1..)?.split(['"', '\'']).next()?.parse::<usize>().ok()
        };
        if tag.starts_with("table:table ") || tag.starts_with("table:table>") {
            (sheets, row, down, right) = (sheets + 1, 0, 0, 0);
        } else if tag.starts_with("table:table-row") {
            (column, row_times) = (0, times("number-rows-repeated=").unwrap_or(1));
        } else if tag.starts_with("/table:table-row") {
            row = row.saturating_add(row_times);
        } else if tag.starts_with("table:table-cell") || tag.starts_with("table:covered-table-cell") {
            let cells = times("number-columns-repeated=").unwrap_or(1);
            if tag.contains("office:value-type") {
                total = total.saturating_add(cells.saturating_mul(row_times));
                down = down.max(row.saturating_add(row_times));
                right = right.max(column.saturating_add(cells));
                if total > MAX_CELLS || down.saturating_mul(right) > MAX_CELLS {
                    return Err(refused());
                }
                if tag.contains("\"percentage\"") {
                    let repeated =
                        (0..row_times).flat_map(|lower| (0..cells).map(move |later| (lower, later)));
                    percent.extend(repeated.map(|(lower, later)| {
                        (sheets.saturating_sub(1), row.saturating_add(lower), column.saturating_add(later))
                    }));
                }
            }
            column = column.saturating_add(cells);
        }
    }
    Ok(percent)
}

fn from_range(
    name: String,
    range: &Range<Data>,
    merged: &[Dimensions],
    left: &mut usize,
    texts: &mut Texts,
) -> Result<Grid, Unreadable> {
    let mut grid = Grid { name, ..Grid::default() };
    let (top, start) = range.start().unwrap_or((0, 0));
    for (row, column, value) in range.used_cells() {
        let row = top.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
        let column = start.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
        put(&mut grid, row, column, from_data(value, texts), left)?;
    }
    grid.merged = areas(merged, &grid);
    Ok(grid)
}

fn from_data(data: &Data, texts: &mut Texts) -> Cell {
    match data {
        Data::Empty => Cell::Empty,
        Data::Int(number) => number.to_string().parse().map_or(Cell::Empty, Cell::Number),
        Data::Float(number) => Cell::Number(*number),
        Data::String(text) => Cell::Text(texts.of(text)),
        Data::Bool(value) => Cell::Bool(*value),
        Data::DateTime(at) => {
            at.as_datetime().filter(|_| at.is_datetime()).map_or(Cell::Number(at.as_f64()), Cell::Date)
        }
        Data::DateTimeIso(text) => {
            let moment = text.parse().ok();
            let day = || text.parse().ok().map(|day: chrono::NaiveDate| day.into());
            moment.or_else(day).map_or_else(|| Cell::Text(texts.of(text)), Cell::Date)
        }
        Data::DurationIso(text) => Cell::Text(texts.of(text)),
        Data::Error(error) => Cell::Error(texts.of(&error.to_string())),
    }
}

fn put(grid: &mut Grid, row: u32, column: u32, value: Cell, left: &mut usize) -> Result<(), Unreadable> {
    let (row, column) = (row as usize, column as usize);
    if row >= MAX_ROWS {
        return Err(Unreadable::too_large("số dòng", gapwatch_model::text::count(MAX_ROWS as u64)));
    }
    if column >= MAX_COLUMNS {
        return if matches!(value, Cell::Empty) {
            Ok(())
        } else {
            Err(Unreadable::too_large("số cột", MAX_COLUMNS))
        };
    }
    while grid.rows.len() <= row {
        let line = u32::try_from(grid.rows.len() + 1).unwrap_or(u32::MAX);
        grid.rows.push(Row { line, ..Row::default() });
    }
    if let Some(there) = grid.rows.get_mut(row) {
        let missing = (column + 1).saturating_sub(there.cells.len());
        *left = left
            .checked_sub(missing)
            .ok_or_else(|| Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64)))?;
        there.cells.resize(there.cells.len() + missing, Cell::Empty);
        if let Some(cell) = there.cells.get_mut(column) {
            *cell = value;
        }
    }
    Ok(())
}

fn areas(merged: &[Dimensions], grid: &Grid) -> Vec<Area> {
    let area = |dimensions: &Dimensions| Area {
        top: dimensions.start.0 as usize,
        left: dimensions.start.1 as usize,
        bottom: dimensions.end.0 as usize,
        right: (dimensions.end.1 as usize).min(MAX_COLUMNS),
    };
    merged.iter().map(area).filter(|area| area.top < grid.rows.len()).collect()
}
