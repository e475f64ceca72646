//! What an import did or would do, in the shape of DHIS2's import reply, and in words.

use gapwatch_model::{FrameKey, Point, Qualifier, Reject, Value};
use serde::Serialize;

use crate::{Reading, contract::Breach, reading::Notes};

/// What is known of a place under a key before the import: value and qualifier.
pub type Before<'a> = dyn Fn(&FrameKey, &Point) -> Option<(Value, Qualifier)> + 'a;

/// The reply to an import.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Nothing was stored.
    pub dry_run: bool,
    /// `succeeded`, `partial`, `quarantined` and so on.
    pub outcome: String,
    /// Values by what becomes of them.
    pub import_count: ImportCount,
    /// Data rows read.
    pub read: u32,
    /// Data rows of which everything goes in.
    pub accepted: u32,
    /// Data rows of which something is rejected or asked.
    pub rejected: u32,
    /// Rejects that are questions to a person.
    pub asked: usize,
    /// Villages that are made.
    pub new_places: usize,
    /// What does not go in.
    pub conflicts: Vec<Conflict>,
    /// 1-based lines of which something does not go in.
    pub rejected_indexes: Vec<u32>,
    /// Broken promises of the source: the batch waits for a person.
    pub breaches: Vec<Breach>,
    /// How the file was understood.
    pub notes: Notes,
}

/// Values by what becomes of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ImportCount {
    /// New ones.
    pub imported: u32,
    /// Corrections.
    pub updated: u32,
    /// The same as known.
    pub ignored: u32,
    /// Never: nothing is deleted.
    pub deleted: u32,
}

/// One thing that does not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// File and sheet.
    pub object: String,
    /// The cell as it stands in the file.
    pub value: String,
    /// The reject's code.
    pub error_code: &'static str,
    /// Heading of the column.
    pub property: String,
    /// The line, as a list as in DHIS2.
    pub indexes: Vec<u32>,
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
    /// A question to a person.
    pub asked: bool,
    /// What is wrong and what was expected.
    pub message: String,
    /// What may have been meant.
    pub suggestions: Vec<String>,
    /// Key of the decision that would settle it.
    pub decision_key: String,
}

impl Conflict {
    fn of(reject: &Reject) -> Self {
        Self {
            object: reject.file.clone(),
            value: reject.value.clone(),
            error_code: reject.code.as_str(),
            property: reject.heading.clone(),
            indexes: vec![reject.line],
            line: reject.line,
            column: reject.column,
            asked: reject.asked,
            message: reject.sentence.clone(),
            suggestions: reject.suggestions.clone(),
            decision_key: reject.decision_key.clone(),
        }
    }
}

impl Report {
    /// Holds a reading against what is known.
    #[must_use]
    pub fn new(reading: &Reading, breaches: Vec<Breach>, dry_run: bool, before: &Before<'_>) -> Self {
        let mut count = ImportCount::default();
        for frame in &reading.frames {
            for point in &frame.points {
                match before(&frame.key, point) {
                    None => count.imported += 1,
                    Some(known) if known == (point.value, point.qualifier) => count.ignored += 1,
                    Some(_) => count.updated += 1,
                }
            }
        }
        let mut rejected_indexes: Vec<u32> =
            reading.rejects.iter().map(|r| r.line).filter(|line| *line > 0).collect();
        rejected_indexes.sort_unstable();
        rejected_indexes.dedup();
        let outcome = if breaches.is_empty() { reading.outcome().as_str() } else { "quarantined" };
        Self {
            dry_run,
            outcome: outcome.to_owned(),
            import_count: count,
            read: reading.read,
            accepted: reading.accepted,
            rejected: reading.rejected,
            asked: reading.rejects.iter().filter(|reject| reject.asked).count(),
            new_places: reading.new_places.len(),
            conflicts: reading.rejects.iter().map(Conflict::of).collect(),
            rejected_indexes,
            breaches,
            notes: reading.notes.clone(),
        }
    }

    /// The report in Vietnamese words, for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        if self.dry_run {
            lines.push("CHẠY THỬ: chưa lưu gì".to_owned());
        }
        let kind = [Some(self.notes.kind.clone()), self.notes.encoding.clone()];
        lines.push(format!("Tệp: {}", kind.into_iter().flatten().collect::<Vec<_>>().join(", ")));
        for sheet in &self.notes.sheets {
            let name = if sheet.name.is_empty() { String::new() } else { format!(" “{}”", sheet.name) };
            lines.push(format!("Bảng{name}: tiêu đề ở dòng {}", sheet.heading_line));
            for (heading, meaning) in &sheet.mapped {
                lines.push(format!("  {heading} → {meaning}"));
            }
            let list = |label: &str, names: &[String]| {
                (!names.is_empty()).then(|| format!("  {label}: {}", names.join("; ")))
            };
            lines.extend(list("Cột không dùng", &sheet.unmapped));
            lines.extend(list("Cột không thấy", &sheet.missing));
            lines.extend(sheet.decimals.iter().map(|(heading, style)| format!("  {heading}: {style}")));
            lines.extend(
                sheet.mended.iter().map(|(heading, font)| format!("  {heading}: chuyển từ phông {font}")),
            );
        }
        let c = self.import_count;
        lines.push(format!("Dòng: đọc {}, nhận {}, vướng {}", self.read, self.accepted, self.rejected));
        lines.push(format!("Giá trị: mới {}, sửa {}, không đổi {}", c.imported, c.updated, c.ignored));
        if self.new_places > 0 {
            lines.push(format!("Thôn, bản mới: {}", self.new_places));
        }
        lines.extend(self.notes.through_lineage.iter().map(|step| format!("Đơn vị cũ: {step}")));
        lines.extend(
            self.breaches.iter().map(|breach| format!("CÁCH LY ({}): {}", breach.key, breach.sentence)),
        );
        for conflict in &self.conflicts {
            let kind = if conflict.asked { "hỏi" } else { "lỗi" };
            let place = match (conflict.line, conflict.column) {
                (0, 0) => "cả tệp".to_owned(),
                (0, column) => format!("cột {column}"),
                (line, 0) => format!("dòng {line}"),
                (line, column) => format!("dòng {line}, cột {column}"),
            };
            let heading = if conflict.property.is_empty() {
                String::new()
            } else {
                format!(" [{}]", conflict.property)
            };
            lines.push(format!("{place}{heading}: {kind}: {}", conflict.message));
            if !conflict.suggestions.is_empty() {
                lines.push(format!("    có phải: {}", conflict.suggestions.join(" | ")));
            }
        }
        lines.join("\n") + "\n"
    }
}
