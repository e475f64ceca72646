//! HTML tables → grids: what many systems save with an Excel name.

use std::panic::{AssertUnwindSafe, catch_unwind};

use scraper::{ElementRef, Html, Selector};

use crate::grid::{Area, Cell, Grid, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Row, Unreadable};

/// Largest page that is read.
const MAX_HTML_BYTES: usize = 32 << 20;

/// Whether a text is HTML with a table.
pub(crate) fn looks_like(text: &str) -> bool {
    let mut head = text.trim_start().chars().take(4096).collect::<String>();
    head.make_ascii_lowercase();
    head.starts_with('<')
        && ["<html", "<!doctype html", "<table", "<body", "<meta"].iter().any(|tag| head.contains(tag))
}

/// Reads every table that lies in no other, as one sheet each.
pub(crate) fn read(text: &str) -> Result<Vec<Grid>, Unreadable> {
    if text.len() > MAX_HTML_BYTES {
        return Err(Unreadable::too_large("trang HTML", "32 MB"));
    }
    let tables = catch_unwind(AssertUnwindSafe(|| read_tables(text)));
    tables.unwrap_or_else(|_| Err(Unreadable::damaged("HTML", "tệp hỏng")))
}

fn selector(text: &str) -> Result<Selector, Unreadable> {
    Selector::parse(text).map_err(|error| Unreadable::damaged("HTML", error))
}

fn read_tables(text: &str) -> Result<Vec<Grid>, Unreadable> {
    let page = Html::parse_document(text);
    let (tables, rows, cells) = (selector("table")?, selector("tr")?, selector("td, th")?);
    let mut grids = Vec::new();
    let mut left = MAX_CELLS;
    for table in page.select(&tables) {
        let nested =
            table.ancestors().filter_map(ElementRef::wrap).any(|above| above.value().name() == "table");
        if nested {
            continue;
        }
        let name = format!("bảng {}", grids.len() + 1);
        let mut grid = Grid { name, ..Grid::default() };
        let mut hanging: Vec<Area> = Vec::new();
        for (number, row) in table.select(&rows).enumerate() {
            hanging.retain(|area| area.bottom >= number);
            if number >= MAX_ROWS {
                return Err(Unreadable::too_large("số dòng", gapwatch_model::text::count(MAX_ROWS as u64)));
            }
            while grid.rows.len() <= number {
                let line = u32::try_from(grid.rows.len() + 1).unwrap_or(u32::MAX);
                grid.rows.push(Row { line, ..Row::default() });
            }
            let mut column = 0;
            for cell in row.select(&cells) {
                while let Some(above) =
                    hanging.iter().find(|area| area.left <= column && column <= area.right)
                {
                    column = above.right + 1;
                }
                let span = |name: &str| {
                    cell.value()
                        .attr(name)
                        .and_then(|n| n.trim().parse::<usize>().ok())
                        .unwrap_or(1)
                        .clamp(1, 1000)
                };
                let (wide, high) = (span("colspan"), span("rowspan"));
                if column + wide > MAX_COLUMNS {
                    return Err(Unreadable::too_large("số cột", MAX_COLUMNS));
                }
                left = left.checked_sub(wide).ok_or_else(|| {
                    Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64))
                })?;
                if wide > 1 || high > 1 {
                    let area = Area {
                        top: number,
                        left: column,
                        bottom: number + high - 1,
                        right: column + wide - 1,
                    };
                    grid.merged.push(area);
                    if high > 1 {
                        hanging.push(area);
                    }
                }
                if let Some(there) = grid.rows.get_mut(number) {
                    there.cells.resize(column.max(there.cells.len()), Cell::Empty);
                    there.cells.push(text_of(cell));
                    there.cells.resize(column + wide, Cell::Empty);
                }
                column += wide;
            }
        }
        if !grid.rows.is_empty() {
            grids.push(grid);
        }
    }
    Ok(grids)
}

fn text_of(cell: ElementRef<'_>) -> Cell {
    let text: String = cell.text().collect::<Vec<_>>().join("");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}
