//! Saying what did not go in, and closing the books of a file.

use gapwatch_model::{Reject, RejectCode, text};

use super::Reader;
use crate::{
    Reading,
    config::Role,
    grid::{Cell, Row},
    read::{
        cells::{HeldBack, Slot},
        period::PeriodFault,
    },
    resolve::PlaceFault,
    table::Table,
    value::Fault,
};

/// Most rejects kept of one file; the rest is counted in the last one.
const MAX_REJECTS: usize = 20_000;
/// Most lines one reject names.
const MAX_LINES: usize = 12;
/// Most letters of a cell that a reject shows: a cell may hold a whole page.
const MAX_LETTERS_SHOWN: usize = 300;

impl Reader<'_> {
    /// A numerator without its denominator's column, or the other way round, gives no value: that is said once.
    pub(super) fn half_ratios(&mut self, table: &Table, slots: &[Slot<'_>]) {
        for slot in slots.iter().filter(|slot| slot.whole.is_none()) {
            let (half, other) = match (&slot.numerator, &slot.denominator) {
                (Some(half), None) => (half, "mẫu số"),
                (None, Some(half)) => (half, "tử số"),
                _ => continue,
            };
            if table.ambiguous.is_empty() {
                let sentence = format!("thiếu cột {other} của chỉ tiêu “{}”", slot.indicator.name_vi);
                self.reject(
                    0,
                    Some((half.at, table)),
                    &Cell::Empty,
                    RejectCode::MissingColumn,
                    false,
                    sentence,
                );
            }
        }
    }

    pub(super) fn hold_back(&mut self, table: &Table, fault: HeldBack) {
        let cell = Cell::Text(fault.example.into());
        self.reject(0, Some((fault.at, table)), &cell, RejectCode::AmbiguousColumn, true, fault.sentence);
    }

    pub(super) fn period_fault(&mut self, row: &Row, at: usize, table: &Table, fault: PeriodFault) {
        self.reject_row(row, Some(at), table, row.cell(at), fault.code, fault.asked, fault.sentence);
    }

    pub(super) fn place_fault(&mut self, table: &Table, row: &Row, fault: PlaceFault) {
        let same_level = match fault.role {
            Role::CommuneName => [Role::CommuneName, Role::PlaceName, Role::CommuneCode],
            Role::VillageName => [Role::VillageName, Role::PlaceName, Role::VillageCode],
            Role::DistrictName => [Role::DistrictName, Role::PlaceName, Role::DistrictCode],
            role => [role, Role::PlaceName, Role::PlaceCode],
        };
        // A commune that a group's heading names has no column: the row's own place is pointed at.
        let own = [Role::VillageName, Role::VillageCode, Role::CommuneName];
        let at = same_level.iter().chain(&own).find_map(|role| self.at(table, *role));
        let cell = at.map_or(Cell::Empty, |at| row.cell(at).clone());
        let asked = fault.code != RejectCode::Missing && !fault.key.is_empty();
        self.reject_row(row, at, table, &cell, fault.code, asked, fault.sentence);
        if let Some(last) = self.reading.rejects.last_mut().filter(|_| self.too_many == 0) {
            last.suggestions = fault.suggestions;
            last.decision_key = fault.key;
        }
    }

    pub(super) fn reject_cell(&mut self, row: &Row, at: usize, table: &Table, fault: Fault) {
        self.reject_row(row, Some(at), table, row.cell(at), fault.code, false, fault.sentence);
        if let Some(last) = self.reading.rejects.last_mut().filter(|_| self.too_many == 0) {
            last.suggestions = fault.suggestions;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one reject, each of another type")]
    pub(super) fn reject_row(
        &mut self,
        row: &Row,
        at: Option<usize>,
        table: &Table,
        cell: &Cell,
        code: RejectCode,
        asked: bool,
        sentence: String,
    ) {
        self.bad_rows.insert((self.sheet, row.line));
        self.reject(row.line, at.map(|at| (at, table)), cell, code, asked, sentence);
    }

    pub(super) fn reject(
        &mut self,
        line: u32,
        column: Option<(usize, &Table)>,
        cell: &Cell,
        code: RejectCode,
        asked: bool,
        sentence: String,
    ) {
        if self.reading.rejects.len() >= MAX_REJECTS {
            self.too_many += 1;
            return;
        }
        let heading = column.and_then(|(at, table)| table.headings.get(at).cloned()).unwrap_or_default();
        self.reading.rejects.push(Reject {
            file: self.file.clone(),
            line,
            column: column.map_or(0, |(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)),
            heading,
            value: cut(cell.shown(), MAX_LETTERS_SHOWN),
            code,
            asked,
            sentence: cut(sentence, 2 * MAX_LETTERS_SHOWN),
            suggestions: Vec::new(),
            decision_key: String::new(),
        });
    }

    /// Closes the frames, says which rows contradict each other, and counts.
    pub(crate) fn finish(mut self) -> Reading {
        let (frames, conflicts) = std::mem::take(&mut self.frames).finish();
        self.reading.frames = frames;
        for (key, points) in conflicts {
            let lines: Vec<String> =
                points.iter().take(MAX_LINES).map(|(point, _)| point.row.to_string()).collect();
            let others = match points.len().saturating_sub(lines.len()) {
                0 => String::new(),
                more => format!(" và {} dòng khác", text::count(more as u64)),
            };
            let name = self
                .ctx
                .indicators
                .get(key.indicator.as_str())
                .map_or("", |indicator| &indicator.name_vi)
                .to_owned();
            for (point, origin) in &points {
                let Some((file, headings, grid)) = self.seen.get(origin.sheet as usize) else { continue };
                self.bad_rows.insert((origin.sheet, point.row));
                let row = grid.rows.binary_search_by_key(&point.row, |row| row.line).ok();
                let cell = row.and_then(|row| grid.rows.get(row)).map(|row| row.cell(origin.column as usize));
                if self.reading.rejects.len() >= MAX_REJECTS {
                    self.too_many += 1;
                    continue;
                }
                self.reading.rejects.push(Reject {
                    file: file.clone(),
                    line: point.row,
                    column: origin.column.saturating_add(1),
                    heading: headings.get(origin.column as usize).cloned().unwrap_or_default(),
                    value: cut(cell.map(Cell::shown).unwrap_or_default(), MAX_LETTERS_SHOWN),
                    code: RejectCode::ConflictingDuplicate,
                    asked: true,
                    sentence: format!(
                        "các dòng {}{others} nói khác nhau về “{name}” của cùng một nơi và kỳ",
                        lines.join(", ")
                    ),
                    suggestions: Vec::new(),
                    decision_key: String::new(),
                });
            }
        }
        self.reading.rejects.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        if self.too_many > 0 {
            let sentence = format!("còn {} lỗi nữa không liệt kê hết", text::count(u64::from(self.too_many)));
            self.file = self.fetched.file.clone();
            self.reading.rejects.pop();
            self.reject(0, None, &Cell::Empty, RejectCode::BadRow, false, sentence);
        }
        self.reading.rejected = u32::try_from(self.bad_rows.len()).unwrap_or(u32::MAX);
        self.reading.accepted = self.reading.read.saturating_sub(self.reading.rejected);
        self.reading
    }
}

fn cut(mut text: String, most: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
        text.push('…');
    }
    text
}
