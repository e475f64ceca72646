//! HTML tables → grids: what many systems save with an Excel name. The page is read as a stream of tags, so that neither
//! depth nor missing end tags matter. A table in another is a sheet of its own, unless it dresses up a single cell.

use std::panic::{AssertUnwindSafe, catch_unwind};

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use crate::{
    grid::{Area, Cell, Grid, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Row, Unreadable},
    texts::Texts,
};

/// Largest page that is read.
const MAX_HTML_BYTES: usize = 32 << 20;
/// Most tables of one page.
const MAX_TABLES: usize = 10_000;
/// Most tables that lie in one another.
const MAX_DEPTH: usize = 50;
/// Most columns or rows one cell spans, as in browsers.
const MAX_SPAN: usize = 1_000;

/// Whether a text is HTML with a table.
pub(crate) fn looks_like(text: &str) -> bool {
    let mut head = text.trim_start().chars().take(4096).collect::<String>();
    head.make_ascii_lowercase();
    head.starts_with('<')
        && ["<html", "<!doctype html", "<table", "<body", "<meta"].iter().any(|tag| head.contains(tag))
}

/// Reads every table that shows something, as one sheet each, in the order of the page.
pub(crate) fn read(text: &str) -> Result<Vec<Grid>, Unreadable> {
    if text.len() > MAX_HTML_BYTES {
        return Err(Unreadable::too_large("trang HTML", "32 MB"));
    }
    let tables = catch_unwind(AssertUnwindSafe(|| read_tables(text, MAX_CELLS)));
    tables.unwrap_or_else(|_| Err(Unreadable::damaged("HTML", "tệp hỏng")))
}

fn read_tables(text: &str, most_cells: usize) -> Result<Vec<Grid>, Unreadable> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut page = Page { left: most_cells, ..Page::default() };
    // Script and style are text to the tokenizer, never to a reader of the page.
    let mut hidden = false;
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                hidden = matches!(&**tag.name, b"script" | b"style");
                page.start(&tag)?;
            }
            Token::EndTag(tag) => {
                hidden = false;
                page.end(&tag.name)?;
            }
            Token::String(text) if !hidden => page.text(&String::from_utf8_lossy(&text)),
            Token::String(_) | Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    while !page.open.is_empty() {
        page.close_table()?;
    }
    page.shown.sort_by_key(|(number, _)| *number);
    let named = page.shown.into_iter().zip(1..);
    Ok(named.map(|((_, grid), number)| Grid { name: format!("bảng {number}"), ..grid }).collect())
}

/// The tables of a page so far.
#[derive(Default)]
struct Page {
    /// Tables without their end, the innermost last.
    open: Vec<Table>,
    /// Tables that show something, each with its place in the page.
    shown: Vec<(usize, Grid)>,
    /// How many have begun.
    begun: usize,
    /// How many cells may still come.
    left: usize,
    texts: Texts,
}

/// A table without its end.
#[derive(Default)]
struct Table {
    number: usize,
    grid: Grid,
    in_row: bool,
    cell: Option<Open>,
    /// For each column the first row that no cell from above reaches.
    free_from: Vec<usize>,
}

/// A cell without its end.
struct Open {
    text: String,
    wide: usize,
    high: usize,
}

impl Page {
    fn start(&mut self, tag: &StartTag<()>) -> Result<(), Unreadable> {
        match &**tag.name {
            b"table" => {
                if self.open.last().is_some_and(|table| table.cell.is_none()) {
                    self.close_table()?;
                }
                if self.open.len() >= MAX_DEPTH {
                    return Err(Unreadable::too_large("số bảng lồng nhau", MAX_DEPTH));
                }
                if self.begun >= MAX_TABLES {
                    let limit = gapwatch_model::text::count(MAX_TABLES as u64);
                    return Err(Unreadable::too_large("số bảng", limit));
                }
                self.open.push(Table { number: self.begun, ..Table::default() });
                self.begun += 1;
            }
            b"tr" => {
                if let Some(table) = self.open.last_mut() {
                    table.close_row(&mut self.left, &mut self.texts)?;
                    table.open_row()?;
                }
            }
            b"td" | b"th" => {
                if let Some(table) = self.open.last_mut() {
                    table.close_cell(&mut self.left, &mut self.texts)?;
                    if !table.in_row {
                        table.open_row()?;
                    }
                    let (wide, high) = (span(tag, b"colspan"), span(tag, b"rowspan"));
                    table.cell = Some(Open { text: String::new(), wide, high });
                }
            }
            name => self.part(name)?,
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), Unreadable> {
        match (name, self.open.last_mut()) {
            (b"table", Some(_)) => self.close_table(),
            (b"tr", Some(table)) => table.close_row(&mut self.left, &mut self.texts),
            (b"td" | b"th", Some(table)) => table.close_cell(&mut self.left, &mut self.texts),
            _ => self.part(name),
        }
    }

    /// What start and end tags of other elements do: parts of tables end a row, blocks and line breaks part words.
    fn part(&mut self, name: &[u8]) -> Result<(), Unreadable> {
        match name {
            b"thead" | b"tbody" | b"tfoot" | b"caption" | b"colgroup" => match self.open.last_mut() {
                Some(table) => table.close_row(&mut self.left, &mut self.texts),
                None => Ok(()),
            },
            b"br" | b"p" | b"div" | b"li" | b"ul" | b"ol" | b"hr" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5"
            | b"h6" => {
                self.text(" ");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(cell) = self.open.last_mut().and_then(|table| table.cell.as_mut()) {
            cell.text.push_str(text);
        }
    }

    fn close_table(&mut self) -> Result<(), Unreadable> {
        let Some(mut table) = self.open.pop() else { return Ok(()) };
        table.close_row(&mut self.left, &mut self.texts)?;
        let rows = &mut table.grid.rows;
        while rows.last().is_some_and(Row::is_blank) {
            rows.pop();
        }
        match rows.as_slice() {
            [] => {}
            [row] if row.cells.len() == 1 && !self.open.is_empty() => {
                self.text(&format!(" {} ", row.cell(0).shown()));
            }
            _ => self.shown.push((table.number, table.grid)),
        }
        Ok(())
    }
}

impl Table {
    fn open_row(&mut self) -> Result<(), Unreadable> {
        let number = self.grid.rows.len();
        if number >= MAX_ROWS {
            return Err(Unreadable::too_large("số dòng", gapwatch_model::text::count(MAX_ROWS as u64)));
        }
        self.grid.rows.push(Row { line: u32::try_from(number + 1).unwrap_or(u32::MAX), ..Row::default() });
        self.in_row = true;
        Ok(())
    }

    fn close_row(&mut self, left: &mut usize, texts: &mut Texts) -> Result<(), Unreadable> {
        self.close_cell(left, texts)?;
        self.in_row = false;
        Ok(())
    }

    fn close_cell(&mut self, left: &mut usize, texts: &mut Texts) -> Result<(), Unreadable> {
        let Some(Open { text, wide, high }) = self.cell.take() else { return Ok(()) };
        let number = self.grid.rows.len().saturating_sub(1);
        let Some(row) = self.grid.rows.last_mut() else { return Ok(()) };
        let mut column = row.cells.len();
        while self.free_from.get(column).is_some_and(|free| *free > number) {
            column += 1;
        }
        let end = column + wide;
        if end > MAX_COLUMNS {
            return Err(Unreadable::too_large("số cột", MAX_COLUMNS));
        }
        *left = left
            .checked_sub(end - row.cells.len())
            .ok_or_else(|| Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64)))?;
        row.cells.resize(column, Cell::Empty);
        row.cells.push(shown(&text, texts));
        row.cells.resize(end, Cell::Empty);
        if wide > 1 || high > 1 {
            let area = Area { top: number, left: column, bottom: number + high - 1, right: end - 1 };
            self.grid.merged.push(area);
        }
        if high > 1 {
            self.free_from.resize(end.max(self.free_from.len()), 0);
            self.free_from.iter_mut().take(end).skip(column).for_each(|free| *free = number + high);
        }
        Ok(())
    }
}

fn span(tag: &StartTag<()>, name: &[u8]) -> usize {
    let written = tag.attributes.get(name).and_then(|value| std::str::from_utf8(value).ok());
    written.and_then(|n| n.trim().parse::<usize>().ok()).unwrap_or(1).clamp(1, MAX_SPAN)
}

fn shown(text: &str, texts: &mut Texts) -> Cell {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { Cell::Empty } else { Cell::Text(texts.of(&text)) }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, MAX_TABLES, looks_like, read, read_tables};
    use crate::grid::{Area, Cell, Unreadable};

    /// The cells of each table as a person sees them.
    fn tables(page: &str) -> Vec<Vec<Vec<String>>> {
        let grids = read(page).unwrap();
        let row = |row: &crate::grid::Row| row.cells.iter().map(Cell::shown).collect();
        grids.iter().map(|grid| grid.rows.iter().map(row).collect()).collect()
    }

    #[test]
    fn spans_move_the_cells_after_them() {
        let page = "<table><tr><th rowspan=2>a<th colspan='2'>b<th rowspan=\" 2 \">c</tr>\
                    <tr><td>d<td>e<td>z</tr><tr><td>f<td colspan=x>g<td rowspan=0>h<td>i</tr></table>";
        let rows = [vec!["a", "b", "", "c"], vec!["", "d", "e", "", "z"], vec!["f", "g", "h", "i"]];
        assert_eq!(tables(page), [rows]);
    }

    #[test]
    fn merged_areas_are_kept() {
        let grids = read("<table><tr><td>a<tr><td>b<td colspan=2 rowspan=3>c</table>").unwrap();
        assert_eq!(grids[0].merged, [Area { top: 1, left: 1, bottom: 3, right: 2 }]);
        assert_eq!(grids[0].rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn text_is_what_a_person_sees() {
        let page = "<TABLE><TR><TD>S&#7889; h&ocirc;&nbsp;<b>d</b>\u{e2}n<br>c\u{f3}<!-- kh\u{f4}ng --> &lt;1 &amp; x&bogus;\
                    <td><style>td { x }</style><script>\"</td>\"</script><p>m</p><p>n</p></TABLE>";
        assert_eq!(tables(page), [[["Số hô dân có <1 & x&bogus;", "m n"]]]);
    }

    #[test]
    fn missing_tags_are_added() {
        let page = "<td>no<table><td>a<td>b<tbody><td>c</td>lost<td>d<table><tr><td>e<td>f";
        assert_eq!(tables(page), [vec![vec!["a", "b"], vec!["c", "d"]], vec![vec!["e", "f"]]]);
        assert_eq!(
            tables("</table></td><table><tr><td>a<td>b</td></td></tr></tr><table><td>c"),
            [vec![vec!["a", "b"]], vec![vec!["c"]]]
        );
    }

    #[test]
    fn a_table_in_a_table_is_a_sheet_of_its_own_unless_it_is_one_cell() {
        let page = "<table><tr><td><table><tr><td>a<td>b</table></td></tr></table>\
                    <table><tr><td>x<table><tr><td>1</table>2<td>y</table>";
        assert_eq!(tables(page), [vec![vec!["a", "b"]], vec![vec!["x 1 2", "y"]]]);
        let grids = read("<table><td>a<td><table><td>b<td>c</table></table>").unwrap();
        let named: Vec<_> =
            grids.iter().map(|grid| (grid.name.as_str(), grid.rows[0].cell(0).shown())).collect();
        assert_eq!(named, [("bảng 1", "a".to_owned()), ("bảng 2", "b".to_owned())]);
    }

    #[test]
    fn what_shows_nothing_is_no_table() {
        assert_eq!(read("<table><tr><td>&nbsp;<td></table><table></table>"), Ok(Vec::new()));
        assert_eq!(tables("<table><tr><td>a<tr><td><tr></table>"), [[["a"]]]);
    }

    #[test]
    fn depth_without_end_tags_is_no_matter() {
        let page = format!("<table><tr><td>{}a<td>{}b", "<div><b>".repeat(500_000), "</i>".repeat(500_000));
        assert_eq!(tables(&page), [[["a", "b"]]]);
    }

    #[test]
    fn too_much_is_refused_with_a_sentence() {
        let wide = "<td colspan=1000>".repeat(5);
        for page in [
            format!("<table>{wide}"),
            "<table><td>".repeat(MAX_DEPTH + 1),
            "<table><td></table>".repeat(MAX_TABLES + 1),
            format!("<table>{}", "<tr>".repeat(crate::grid::MAX_ROWS + 1)),
            format!("<table>{}", " ".repeat(32 << 20)),
        ] {
            assert!(matches!(read(&page), Err(Unreadable::TooLarge { .. })));
        }
    }

    #[test]
    fn cells_kept_free_for_those_above_are_counted() {
        let tall = format!("<table>{}{}", "<td rowspan=9>".repeat(40), "<tr><td>x".repeat(8));
        assert!(matches!(read_tables(&tall, 40 + 8 * 41 - 1), Err(Unreadable::TooLarge { .. })));
        assert!(read_tables(&tall, 40 + 8 * 41).is_ok());
    }

    #[test]
    fn html_is_known_by_its_first_tags() {
        assert!(looks_like(" \n<!DOCTYPE HTML><p>"));
        assert!(looks_like("<meta charset=utf-8><TABLE>"));
        assert!(!looks_like("a,b\n<table>,1\n"));
        assert!(!looks_like("<?xml version=\"1.0\"?><x/>"));
    }
}
