//! The national portal's service for Decision 766: JSON rows whose values are all strings.
//!
//! `CAPDONVIID` 1 is a department, kept under the province with its name as organisation; 2 is a commune. A value above
//! the maximum of its group is a finding: it does not go in.

use gapwatch_model::{PlaceLevel, RejectCode};
use serde_json::Value;

use crate::{
    Context, Fetched, Reading,
    config::{CollectorConfig, Column, Decimal, Portal766Format, Role},
    grid::{Cell, Grid, Row, Unreadable},
    kinds::json,
    read::sheet::Reader,
    records::RecordPath,
    table,
};

/// The indicators it brings.
pub(crate) const INDICATORS: [&str; 7] = [
    "q766.transparency",
    "q766.progress",
    "q766.online",
    "q766.payment",
    "q766.satisfaction",
    "q766.digitisation",
    "q766.total",
];

/// Reads an answer of the service.
pub(crate) fn read(
    config: &CollectorConfig,
    format: &Portal766Format,
    fetched: &Fetched,
    ctx: &Context<'_>,
) -> Result<Reading, Unreadable> {
    let documents = json::documents(&fetched.bytes)?;
    let records: Vec<&Value> = match &format.records {
        Some(path) => {
            let path = RecordPath::parse(path).map_err(|message| Unreadable::damaged("JSON", message))?;
            documents.iter().flat_map(|document| path.records(document)).collect()
        }
        None => documents.iter().flat_map(find_records).collect(),
    };
    if records.is_empty() && !documents.iter().any(is_empty_answer) {
        return Err(Unreadable::damaged("766", "không có danh sách bản ghi nào có TEN và CAPDONVIID"));
    }
    let (grid, paths) = json::of_records(&records)?;
    let level = paths.iter().position(|path| path.last().is_some_and(|key| key == "CAPDONVIID"));
    let code = paths.iter().position(|path| path.last().is_some_and(|key| key == "MA_COQUAN"));
    let of_level = |wanted: &[&str]| {
        let fits = |row: &&Row| {
            let id = level.map(|at| row.cell(at).shown()).unwrap_or_default();
            row.fault.is_none() && wanted.contains(&id.trim())
        };
        Grid { rows: grid.rows.iter().filter(fits).cloned().collect(), ..Grid::default() }
    };
    let mut departments = of_level(&["1"]);
    let mut communes = of_level(&["2"]);
    // The agency's code is the commune's own only where it has its five digits.
    for row in departments.rows.iter_mut().chain(&mut communes.rows) {
        if let Some(cell) = code.and_then(|at| row.cells.get_mut(at))
            && !matches!(cell, Cell::Text(text) if text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit()))
        {
            *cell = Cell::Empty;
        }
    }
    let mut reading = Reading::default();
    for (grid, place_level, who) in [
        (departments, PlaceLevel::Province, vec![role(Role::Organisation, "TEN")]),
        (
            communes,
            PlaceLevel::Commune,
            vec![role(Role::CommuneCode, "MA_COQUAN"), role(Role::CommuneName, "TEN")],
        ),
    ] {
        let columns: Vec<Column> = who.into_iter().chain(columns(format)).collect();
        let config = CollectorConfig { level: Some(place_level), ..config.clone() };
        let mut reader = Reader::new(&config, &columns, fetched, ctx);
        let table = table::of_paths(&paths, &columns);
        reader.table(grid, &table);
        merge(&mut reading, reader.finish());
    }
    let known = |row: &Row| {
        level.is_some_and(|at| matches!(row.cell(at).shown().trim(), "1" | "2")) && row.fault.is_none()
    };
    for row in grid.rows.iter().filter(|row| !known(row)) {
        let shown = level.map(|at| row.cell(at).shown()).unwrap_or_default();
        reading.read += 1;
        reading.rejected += 1;
        reading.rejects.push(gapwatch_model::Reject {
            file: fetched.file.clone(),
            line: row.line,
            column: level.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0),
            heading: "CAPDONVIID".to_owned(),
            sentence: format!("CAPDONVIID là “{shown}”, cần 1 (sở, ngành) hoặc 2 (xã, phường)"),
            value: shown,
            code: RejectCode::BadValue,
            asked: false,
            suggestions: Vec::new(),
            decision_key: String::new(),
        });
    }
    reading.rejects.sort_by_key(|reject| (reject.line, reject.column));
    for reject in reading.rejects.iter().filter(|reject| reject.code == RejectCode::OutOfRange) {
        let finding = format!("bản ghi {}: {} {}", reject.line, reject.heading, reject.sentence);
        reading.notes.findings.push(finding);
    }
    reading.notes.kind = "JSON 766".to_owned();
    Ok(reading)
}

fn merge(reading: &mut Reading, more: Reading) {
    reading.frames.extend(more.frames);
    reading.frames.sort_by(|one, other| one.key.cmp(&other.key));
    reading.rejects.extend(more.rejects);
    reading.codes.extend(more.codes);
    reading.read += more.read;
    reading.accepted += more.accepted;
    reading.rejected += more.rejected;
    reading.notes.sheets.extend(more.notes.sheets);
    reading.notes.through_lineage.extend(more.notes.through_lineage);
    reading.notes.ignored += more.notes.ignored;
}

fn role(is: Role, key: &str) -> Column {
    Column { is: Some(is), headings: vec![key.to_owned()], ..Column::default() }
}

fn columns(format: &Portal766Format) -> Vec<Column> {
    let (payment, online) = if format.payment_field == "CLGQ" { ("CLGQ", "TTTT") } else { ("TTTT", "CLGQ") };
    let values = [
        ("CKMB", "q766.transparency"),
        ("TDGQ", "q766.progress"),
        (online, "q766.online"),
        (payment, "q766.payment"),
        ("MDHL", "q766.satisfaction"),
        ("MDSH", "q766.digitisation"),
        ("TONG_SCORE", "q766.total"),
    ];
    let value = |(key, indicator): (&str, &str)| Column {
        indicator: Some(indicator.to_owned()),
        headings: vec![key.to_owned()],
        decimal: Decimal::Point,
        ..Column::default()
    };
    let ignored = ["ID", "CAPDONVIID"].map(|key| role(Role::Ignored, key));
    values.into_iter().map(value).chain(ignored).collect()
}

/// The first list of records with the service's keys, wherever it stands.
fn find_records(document: &Value) -> Vec<&Value> {
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(list) => {
                if list.iter().any(|record| record.get("CAPDONVIID").is_some() && record.get("TEN").is_some())
                {
                    return list.iter().collect();
                }
                open.extend(list);
            }
            Value::Object(map) => open.extend(map.values()),
            _ => {}
        }
    }
    Vec::new()
}

/// An answer that holds a list, and nothing in it.
fn is_empty_answer(document: &Value) -> bool {
    match document {
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().any(|value| value.as_array().is_some_and(Vec::is_empty)),
        _ => false,
    }
}
