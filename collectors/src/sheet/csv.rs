//! Text with delimiters → one grid. A quote that never closes damages one row, not the rest of the file.

use csv::{ByteRecord, ReaderBuilder};

use crate::{
    grid::{Cell, Grid, MAX_CELLS, MAX_COLUMNS, MAX_LINE_BYTES, MAX_ROWS, Row, Unreadable},
    texts::Texts,
};

/// How many rows may have an open quote before the file is given up.
const MAX_OPEN_QUOTES: usize = 1_000;
/// A record over more lines than this is taken for an open quote.
const MAX_RECORD_LINES: u64 = 50;

/// Finds what stands between the cells: the candidate that splits the most lines into one same number of cells.
pub(crate) fn delimiter(text: &str) -> char {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(60).collect();
    let score = |candidate: char| {
        let counts: Vec<usize> = lines.iter().map(|line| outside_quotes(line, candidate)).collect();
        counts
            .iter()
            .filter(|count| **count > 0)
            .map(|count| (counts.iter().filter(|other| *other == count).count(), *count))
            .max()
            .unwrap_or((0, 0))
    };
    // On equal terms the rarer sign in ordinary text is the delimiter: a comma may be a decimal comma.
    ['\t', ';', '|', ','].into_iter().rev().max_by_key(|candidate| score(*candidate)).unwrap_or(',')
}

fn outside_quotes(line: &str, sign: char) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for letter in line.chars() {
        if letter == '"' {
            quoted = !quoted;
        } else if letter == sign && !quoted {
            count += 1;
        }
    }
    count
}

/// Reads the text.
pub(crate) fn read(text: &str, delimiter: char) -> Result<Grid, Unreadable> {
    if has_long_line(text.as_bytes()) {
        return Err(Unreadable::too_large("một dòng", "1 MB"));
    }
    let mut grid = Grid::default();
    let mut offset = 0;
    let mut line = 1_u64;
    let mut cells = 0;
    let mut open_quotes = 0;
    let mut texts = Texts::default();
    // Each turn reads until the end or until an open quote; then it starts again after the line with the quote.
    while let Some(rest) = text.get(offset..).filter(|rest| !rest.is_empty()) {
        match read_until_open_quote(rest, delimiter, line, &mut grid, &mut cells, &mut texts)? {
            None => break,
            Some((bytes, lines)) => {
                offset += bytes;
                line += lines;
                open_quotes += 1;
                if open_quotes > MAX_OPEN_QUOTES {
                    return Err(Unreadable::damaged("CSV", "quá nhiều dấu nháy kép không đóng"));
                }
            }
        }
    }
    Ok(grid)
}

/// Whether a line is longer than what is read. Looks at the ends of lines a megabyte apart, not at every one.
fn has_long_line(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(window) = rest.get(..=MAX_LINE_BYTES) {
        match memchr::memrchr(b'\n', window) {
            Some(end) => rest = rest.get(end + 1..).unwrap_or_default(),
            None => return true,
        }
    }
    false
}

/// Reads records into the grid. On an open quote keeps its line as a damaged row and says how many bytes and lines to skip.
fn read_until_open_quote(
    text: &str,
    delimiter: char,
    first_line: u64,
    grid: &mut Grid,
    cells: &mut usize,
    texts: &mut Texts,
) -> Result<Option<(usize, u64)>, Unreadable> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut record = ByteRecord::new();
    loop {
        let position = reader.position().clone();
        if !reader.read_byte_record(&mut record).map_err(|error| Unreadable::damaged("CSV", error))? {
            return Ok(None);
        }
        let (start, line) = start_of(text, &position, first_line);
        let lines = reader.position().line().saturating_sub(position.line());
        if lines > 1 && record.iter().any(|field| field.contains(&b'\n')) {
            let end = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX).min(text.len());
            let raw = text.get(start..end).unwrap_or("");
            let odd = raw.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
            if odd || lines > MAX_RECORD_LINES {
                let first = raw.split_inclusive('\n').next().unwrap_or(raw);
                let shown: String = first.trim_end().chars().take(200).collect();
                let fault = "dấu nháy kép mở ra mà không đóng lại trên dòng này".to_owned();
                push(grid, line, vec![Cell::Text(shown.into())], Some(fault), cells)?;
                return Ok(Some((start + first.len(), line + 1 - first_line)));
            }
        }
        // Tables often say what the row above says.
        let above = grid.rows.last().map_or(&[][..], |row| row.cells.as_slice());
        let fields = record.iter().enumerate().map(|(column, field)| match (field, above.get(column)) {
            (b"", _) => Cell::Empty,
            (field, Some(Cell::Text(text))) if text.as_bytes() == field => Cell::Text(text.clone()),
            (field, _) => Cell::Text(texts.of_bytes(field)),
        });
        let fields = fields.collect();
        push(grid, line, fields, None, cells)?;
    }
}

/// Byte and line at which a record starts: the reader's position is before the empty lines it skips.
fn start_of(text: &str, position: &csv::Position, first_line: u64) -> (usize, u64) {
    let mut start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    let mut line = first_line + position.line() - 1;
    while let Some(byte @ (b'\n' | b'\r')) = text.as_bytes().get(start) {
        line += u64::from(*byte == b'\n');
        start += 1;
    }
    (start, line)
}

fn push(
    grid: &mut Grid,
    line: u64,
    row: Vec<Cell>,
    fault: Option<String>,
    cells: &mut usize,
) -> Result<(), Unreadable> {
    if row.len() > MAX_COLUMNS {
        return Err(Unreadable::too_large("số cột", MAX_COLUMNS));
    }
    if grid.rows.len() >= MAX_ROWS {
        return Err(Unreadable::too_large("số dòng", gapwatch_model::text::count(MAX_ROWS as u64)));
    }
    *cells += row.len();
    if *cells > MAX_CELLS {
        return Err(Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64)));
    }
    grid.rows.push(Row { line: u32::try_from(line).unwrap_or(u32::MAX), cells: row, fault });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{delimiter, read};
    use crate::grid::{Cell, Unreadable};

    fn lines(text: &str, delimiter: char) -> Vec<(u32, Vec<String>, bool)> {
        let grid = read(text, delimiter).unwrap();
        let row = |row: crate::grid::Row| {
            (row.line, row.cells.iter().map(Cell::shown).collect(), row.fault.is_some())
        };
        grid.rows.into_iter().map(row).collect()
    }

    #[test]
    fn delimiters_are_found_by_agreement() {
        assert_eq!(delimiter("a;b;c\n1,5;2,5;3\n1,5;2;3,25\n"), ';');
        assert_eq!(delimiter("a,b\n\"x;y;z\",1\n"), ',');
        assert_eq!(delimiter("a\tb\n1,5\t2\n"), '\t');
        assert_eq!(delimiter("Tiêu đề, có phẩy\na;b\n1;2\n3;4\n"), ';');
    }

    #[test]
    fn a_record_has_the_line_it_starts_on() {
        let text = "a,b\n\n\n1,\"x\ny\"\r\n\r\n2,z\n";
        let numbers: Vec<u32> = lines(text, ',').iter().map(|(line, ..)| *line).collect();
        assert_eq!(numbers, [1, 4, 7]);
    }

    #[test]
    fn an_open_quote_damages_one_row_only() {
        let text = "a,b\n1,x\n2,\"y\n3,z\n4,w\n";
        let read = lines(text, ',');
        let summary: Vec<_> =
            read.iter().map(|(line, cells, fault)| (*line, cells[0].as_str(), *fault)).collect();
        assert_eq!(
            summary,
            [(1, "a", false), (2, "1", false), (3, "2,\"y", true), (4, "3", false), (5, "4", false)]
        );
    }

    #[test]
    fn too_much_is_refused_with_a_sentence() {
        let long = format!("a,b\n{}\n", "x".repeat(2 << 20));
        assert!(matches!(read(&long, ','), Err(Unreadable::TooLarge { .. })));
        let many = "x\n".repeat(super::MAX_ROWS + 1);
        assert!(matches!(read(&many, ','), Err(Unreadable::TooLarge { .. })));
    }
}
