//! Notes on how a sheet was understood: which headings meant what, which are missing or double, how numbers are written.

use gapwatch_model::{Period, RejectCode};

use super::Reader;
use crate::{
    config::Role,
    grid::{Cell, Grid},
    number::Style,
    read::cells::{HeldBack, Slot},
    reading::SheetNotes,
    table::Table,
};

impl Reader<'_> {
    pub(super) fn note_columns(&mut self, grid: &Grid, table: &Table, filled: &[u32]) {
        let heading = |at: usize| table.headings.get(at).cloned().unwrap_or_default();
        let mut notes = SheetNotes { name: grid.name.clone(), ..SheetNotes::default() };
        let last = table.heading.1.checked_sub(1).and_then(|row| grid.rows.get(row));
        notes.heading_line = last.map_or(0, |row| row.line);
        let mut missing_required = Vec::new();
        for (index, (column, at)) in self.columns.iter().zip(&table.mapped).enumerate() {
            let first = column.headings.first().cloned().unwrap_or_default();
            let meaning = match (&column.is, &column.indicator) {
                (Some(role), _) => serde_json::to_value(role)
                    .ok()
                    .and_then(|v| Some(v.as_str()?.to_owned()))
                    .unwrap_or_default(),
                (None, indicator) => indicator.clone().unwrap_or_default(),
            };
            match at {
                Some(at) => {
                    notes.mapped.push((heading(*at), meaning));
                    notes.filled.push((heading(*at), filled.get(*at).copied().unwrap_or(0)));
                }
                None if table.ambiguous.iter().any(|(i, _)| *i == index)
                    || column.is == Some(Role::Ignored) => {}
                None => {
                    if column.required {
                        missing_required.push(first.clone());
                    }
                    notes.missing.push(first);
                }
            }
        }
        notes.unmapped = table.unmapped.iter().map(|at| heading(*at)).collect();
        self.reading.notes.sheets.push(notes);
        for name in missing_required {
            let sentence = format!("thiếu cột “{name}”");
            self.reject(0, None, &Cell::Empty, RejectCode::MissingColumn, false, sentence);
        }
        for (column, places) in &table.ambiguous {
            let name =
                self.columns.get(*column).and_then(|c| c.headings.first()).cloned().unwrap_or_default();
            let numbers: Vec<String> = places.iter().map(|at| (at + 1).to_string()).collect();
            let sentence = format!(
                "có {} cột cùng khớp “{name}”: cột {}; cần giữ một cột",
                places.len(),
                numbers.join(", ")
            );
            let first = places.first().copied().unwrap_or(0);
            self.reject(
                0,
                Some((first, table)),
                &Cell::Text(heading(first).into()),
                RejectCode::AmbiguousColumn,
                true,
                sentence,
            );
        }
    }

    pub(super) fn note_styles(
        &mut self,
        table: &Table,
        slots: &[Slot<'_>],
        held: &[HeldBack],
        period: Period,
    ) {
        let Some(notes) = self.reading.notes.sheets.last_mut() else { return };
        if self.config.period.from == crate::config::PeriodFrom::Title {
            notes.period = Some(period.to_string());
        }
        let heading = |at: usize| table.headings.get(at).cloned().unwrap_or_default();
        for column in
            slots.iter().flat_map(|s| [&s.whole, &s.numerator, &s.denominator, &s.samples]).flatten()
        {
            if let Some(style @ (Style::Comma | Style::Point)) = column.style {
                notes.decimals.push((heading(column.at), style.label().to_owned()));
            }
        }
        notes.decimals.extend(held.iter().map(|fault| (heading(fault.at), "không xác định được".to_owned())));
    }
}
