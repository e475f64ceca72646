//! JSON documents → one grid. A record is a row; its keys are headings, nested keys joined to paths.
//!
//! Several documents one behind the other (pages, or a record per line) are read as one.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    grid::{Cell, Grid, MAX_CELLS, MAX_ROWS, Row, Unreadable},
    records::RecordPath,
    texts::Texts,
};

/// Most keys of one record, nested ones counted.
const MAX_KEYS: usize = 1_000;

/// Reads documents one behind the other.
pub(crate) fn documents(bytes: &[u8]) -> Result<Vec<Value>, Unreadable> {
    let unpacked;
    let mut bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = crate::sheet::gunzip(bytes, crate::grid::MAX_TEXT_BYTES)?;
        unpacked.as_slice()
    } else {
        bytes
    };
    bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
    let documents = documents.map_err(|error| Unreadable::damaged("JSON", error))?;
    if documents.is_empty() { Err(Unreadable::Empty) } else { Ok(documents) }
}

/// Reads the records a path leads to, with the heading path of each column.
pub(crate) fn grid(bytes: &[u8], records: &str) -> Result<(Grid, Vec<Vec<String>>), Unreadable> {
    let path = RecordPath::parse(records).map_err(|message| Unreadable::damaged("JSON", message))?;
    let documents = documents(bytes)?;
    let records: Vec<&Value> = documents.iter().flat_map(|document| path.records(document)).collect();
    of_records(&records)
}

/// Lays records out as a grid. The line is the record's 1-based number.
pub(crate) fn of_records(records: &[&Value]) -> Result<(Grid, Vec<Vec<String>>), Unreadable> {
    let mut columns: HashMap<Vec<String>, usize> = HashMap::new();
    let mut paths: Vec<Vec<String>> = Vec::new();
    let mut grid = Grid::default();
    let mut cells = 0;
    let mut texts = Texts::default();
    if records.len() > MAX_ROWS {
        return Err(Unreadable::too_large("số bản ghi", gapwatch_model::text::count(MAX_ROWS as u64)));
    }
    for (number, record) in (1_u32..).zip(records) {
        let mut row = Row { line: number, ..Row::default() };
        let mut leaves = Vec::new();
        flatten(record, &mut Vec::new(), &mut leaves, &mut texts);
        if !record.is_object() {
            row.fault = Some("bản ghi không phải là một đối tượng JSON".to_owned());
        }
        for (path, cell) in leaves {
            let column = match columns.get(&path) {
                Some(column) => *column,
                None if paths.len() < MAX_KEYS => {
                    columns.insert(path.clone(), paths.len());
                    paths.push(path);
                    paths.len() - 1
                }
                None => return Err(Unreadable::too_large("số khóa của các bản ghi", MAX_KEYS)),
            };
            if row.cells.len() <= column {
                row.cells.resize(column + 1, Cell::Empty);
            }
            if let Some(slot) = row.cells.get_mut(column) {
                *slot = cell;
            }
        }
        cells += row.cells.len();
        if cells > MAX_CELLS {
            return Err(Unreadable::too_large("số ô", gapwatch_model::text::count(MAX_CELLS as u64)));
        }
        grid.rows.push(row);
    }
    Ok((grid, paths))
}

fn flatten(value: &Value, path: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, Cell)>, texts: &mut Texts) {
    let cell = match value {
        Value::Object(map) => {
            for (key, inner) in map {
                path.push(key.clone());
                flatten(inner, path, leaves, texts);
                path.pop();
            }
            return;
        }
        Value::Null => Cell::Empty,
        Value::Bool(value) => Cell::Bool(*value),
        Value::Number(number) => {
            number.as_f64().map_or_else(|| Cell::Text(number.to_string().into()), Cell::Number)
        }
        Value::String(text) if text.trim().is_empty() => Cell::Empty,
        Value::String(text) => Cell::Text(texts.of(text)),
        Value::Array(_) => Cell::Text(value.to_string().into()),
    };
    leaves.push((path.clone(), cell));
}

#[cfg(test)]
mod tests {
    use super::grid;
    use crate::grid::{Cell, Unreadable};

    #[test]
    fn records_of_several_documents_are_rows() {
        let pages = r#"{"data":[{"unit":{"code":"01273"},"n":"1"}]} {"data":[{"unit":{"code":"01290"},"x":null,"n":2.5}]}"#;
        let (grid, paths) = grid(pages.as_bytes(), "/data").unwrap();
        assert_eq!(paths, [vec!["n"], vec!["unit", "code"], vec!["x"]]);
        let lines: Vec<u32> = grid.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [1, 2]);
        assert_eq!(grid.rows[1].cells, [Cell::Number(2.5), Cell::Text("01290".into()), Cell::Empty]);
    }

    #[test]
    fn what_is_no_json_is_said() {
        assert!(matches!(grid(b"<html>", "/data"), Err(Unreadable::Damaged { .. })));
        assert!(matches!(grid(b"{\"data\":[1,", "/data"), Err(Unreadable::Damaged { .. })));
        assert!(matches!(grid(b"  ", ""), Err(Unreadable::Empty)));
        assert!(matches!(grid("[".repeat(100_000).as_bytes(), ""), Err(Unreadable::Damaged { .. })));
    }
}
