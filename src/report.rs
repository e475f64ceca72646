//! What an import did or would do, in the shape importers expect: counts, conflicts with line and column, rejected rows.

use gapwatch_collectors::Reading;
use gapwatch_model::{Reject, Run};
use gapwatch_store::Counts;
use serde::Serialize;

/// Points by what becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ImportCount {
    /// Said for the first time.
    pub imported: u32,
    /// Corrections.
    pub updated: u32,
    /// Said the same before: nothing changes.
    pub ignored: u32,
    /// Always 0: nothing is ever deleted.
    pub deleted: u32,
}

/// One cell, row or column that does not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict<'a> {
    /// Heading of the column.
    pub property: &'a str,
    /// The cell as it stands.
    pub value: &'a str,
    /// What kind of problem it is.
    pub error_code: &'static str,
    /// What is wrong and what was expected, in Vietnamese.
    pub object: &'a str,
    /// 1-based line where the record starts.
    pub line: u32,
    /// 1-based column; 0 for the whole row.
    pub column: u32,
    /// The line, as a list.
    pub indexes: [u32; 1],
    /// A question a person can answer.
    pub asked: bool,
    /// What may have been meant, best first.
    pub suggestions: &'a [String],
    /// Under which key an answer is remembered.
    pub decision_key: &'a str,
}

/// The reply.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReply<'a> {
    /// `OK`, `WARNING` when some rows do not go in, `ERROR` when nothing could be read.
    pub status: &'static str,
    /// Nothing was stored.
    pub dry_run: bool,
    /// The file.
    pub file: &'a str,
    /// How the run ended or would end.
    pub outcome: &'static str,
    /// Number of the run, unless it was a dry one.
    pub run: Option<u64>,
    /// Data rows read, of which everything or not everything went in.
    pub rows: Rows,
    /// Points by what becomes of them.
    pub import_count: ImportCount,
    /// What does not go in.
    pub conflicts: Vec<Conflict<'a>>,
    /// Lines of rows of which something does not go in.
    pub rejected_indexes: Vec<u32>,
    /// How the file was understood: encoding, headings, decimal signs.
    pub notes: &'a gapwatch_collectors::Notes,
    /// Why the batch is held back, where a contract of the source is broken.
    pub quarantine: Option<&'a str>,
}

/// Data rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Read.
    pub read: u32,
    /// Of which everything goes in.
    pub accepted: u32,
    /// Of which something is rejected or asked.
    pub rejected: u32,
    /// Of which something is asked.
    pub asked: u32,
}

/// Puts the reply together.
#[must_use]
pub fn reply<'a>(run: &'a Run, reading: &'a Reading, counts: Counts, dry_run: bool) -> ImportReply<'a> {
    let mut rejected: Vec<u32> = reading.rejects.iter().map(|reject| reject.line).filter(|line| *line > 0).collect();
    rejected.sort_unstable();
    rejected.dedup();
    let mut asked: Vec<u32> = reading.rejects.iter().filter(|reject| reject.asked).map(|reject| reject.line).collect();
    asked.sort_unstable();
    asked.dedup();
    ImportReply {
        status: match (reading.rejects.is_empty(), reading.read) {
            (true, _) => "OK",
            (false, 0) => "ERROR",
            (false, _) => "WARNING",
        },
        dry_run,
        file: run.file.as_deref().unwrap_or_default(),
        outcome: run.outcome.as_str(),
        run: (!dry_run && run.id.0 > 0).then_some(run.id.0),
        rows: Rows {
            read: reading.read,
            accepted: reading.accepted,
            rejected: reading.rejected,
            asked: u32::try_from(asked.len()).unwrap_or(u32::MAX),
        },
        import_count: ImportCount {
            imported: counts.imported,
            updated: counts.updated,
            ignored: counts.ignored,
            deleted: 0,
        },
        conflicts: reading.rejects.iter().map(conflict).collect(),
        rejected_indexes: rejected,
        notes: &reading.notes,
        quarantine: (run.outcome == gapwatch_model::Outcome::Quarantined).then(|| run.message.as_deref().unwrap_or_default()),
    }
}

fn conflict(reject: &Reject) -> Conflict<'_> {
    Conflict {
        property: &reject.heading,
        value: &reject.value,
        error_code: reject.code.as_str(),
        object: &reject.sentence,
        line: reject.line,
        column: reject.column,
        indexes: [reject.line],
        asked: reject.asked,
        suggestions: &reject.suggestions,
        decision_key: &reject.decision_key,
    }
}

/// The reply as lines for people.
#[must_use]
pub fn lines(reply: &ImportReply<'_>) -> Vec<String> {
    let count = reply.import_count;
    let mut lines = vec![format!(
        "{}: {}{}; {} rows read, {} went in whole, {} did not ({} of them asked); {} values new, {} changed, {} unchanged",
        reply.file,
        reply.outcome,
        if reply.dry_run { " (dry run, nothing stored)" } else { "" },
        reply.rows.read,
        reply.rows.accepted,
        reply.rows.rejected,
        reply.rows.asked,
        count.imported,
        count.updated,
        count.ignored
    )];
    if let Some(why) = reply.quarantine {
        lines.push(format!("  held back: {why}"));
    }
    let notes = reply.notes;
    if let Some(encoding) = &notes.encoding {
        lines.push(format!("  encoding: {encoding}"));
    }
    for sheet in &notes.sheets {
        for (label, headings) in [("headings not understood", &sheet.unmapped), ("headings missing", &sheet.missing)] {
            if !headings.is_empty() {
                lines.push(format!("  {label}: {}", headings.join(", ")));
            }
        }
        for (heading, sign) in &sheet.decimals {
            lines.push(format!("  decimal sign of {heading}: {sign}"));
        }
    }
    lines.extend(notes.findings.iter().map(|finding| format!("  noticed: {finding}")));
    for conflict in &reply.conflicts {
        let asked = if conflict.asked { "asked" } else { "rejected" };
        lines.push(format!(
            "  line {} column {} {} `{}`: {} ({asked}, {})",
            conflict.line, conflict.column, conflict.property, conflict.value, conflict.object, conflict.error_code
        ));
        lines.extend(conflict.suggestions.iter().map(|suggestion| format!("    {suggestion}")));
    }
    lines
}
