//! What a row says: its values, alone or in parts, and the frame each goes into.

use std::{cell::Cell, sync::Arc};

use gapwatch_model::{CollectorName, FrameKey, Point, Qualifier, RejectCode, Value};

use super::{Frame, Own, Reader, Said, long_kind};
use crate::{
    config::Role,
    grid::{self, Row},
    number::Style,
    read::{
        cells::{self, Slot, ValueColumn},
        frames::Origin,
        period,
    },
    table::Table,
    value::{CellKind, Parsed},
};

impl<'a> Reader<'a> {
    pub(super) fn count(&mut self, row: &Row, at: usize, table: &Table, kind: &CellKind) -> Option<u32> {
        match kind.read(row.cell(at), Style::Plain) {
            Parsed::Value(Value::Number(number), _) => format!("{number:.0}").parse().ok(),
            Parsed::Value(..) | Parsed::Missing => None,
            Parsed::Bad(fault) => {
                self.reject_cell(row, at, table, *fault);
                None
            }
        }
    }

    /// Reads one slot of a row: its value, reservation, samples and the column to point at.
    pub(super) fn slot(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        slot: &Slot<'_>,
    ) -> Option<(Value, Qualifier, Option<u32>, usize)> {
        let samples =
            slot.samples.as_ref().and_then(|column| self.count(row, column.at, frame.table, &column.kind));
        if let (Some(above), Some(below)) = (&slot.numerator, &slot.denominator) {
            let parts = (self.part(frame, row, above)?, self.part(frame, row, below)?);
            return match parts {
                (Some(numerator), Some(denominator)) => {
                    let kind = CellKind {
                        maximum: slot.indicator.maximum,
                        ..long_kind(gapwatch_model::ValueKind::Ratio, gapwatch_model::Unit::Percent)
                    };
                    match kind.ratio(numerator, denominator, Qualifier::Exact) {
                        Parsed::Value(value, qualifier) => Some((value, qualifier, samples, above.at)),
                        Parsed::Bad(fault) => {
                            self.reject_cell(row, above.at, frame.table, *fault);
                            None
                        }
                        Parsed::Missing => None,
                    }
                }
                (None, None) => self.whole(frame, row, slot, samples),
                (one, _) => {
                    let (at, name) =
                        if one.is_none() { (above.at, "tử số") } else { (below.at, "mẫu số") };
                    let sentence = format!("thiếu {name}");
                    self.reject_row(
                        row,
                        Some(at),
                        frame.table,
                        row.cell(at),
                        RejectCode::Missing,
                        false,
                        sentence,
                    );
                    None
                }
            };
        }
        self.whole(frame, row, slot, samples)
    }

    pub(super) fn whole(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        slot: &Slot<'_>,
        samples: Option<u32>,
    ) -> Option<(Value, Qualifier, Option<u32>, usize)> {
        let column = slot.whole.as_ref()?;
        match column.read(row)? {
            Parsed::Missing => None,
            Parsed::Value(value, qualifier) => Some((value, qualifier, samples, column.at)),
            Parsed::Bad(fault) => {
                self.reject_cell(row, column.at, frame.table, *fault);
                None
            }
        }
    }

    /// One part of a ratio. Outer `None`: rejected or held back; inner `None`: nothing said.
    pub(super) fn part(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        column: &ValueColumn,
    ) -> Option<Option<f64>> {
        match column.read(row)? {
            Parsed::Missing => Some(None),
            Parsed::Value(Value::Number(number), _) => Some(Some(number)),
            Parsed::Value(..) => None,
            Parsed::Bad(fault) => {
                self.reject_cell(row, column.at, frame.table, *fault);
                None
            }
        }
    }

    /// Reads the value of a row that names its indicator.
    pub(super) fn long(&mut self, frame: &Frame<'_, 'a>, row: &Row, said: &Said) {
        let Some(at) = frame.indicator else { return };
        let cell = row.cell(at);
        let Some(indicator) = cells::indicator_of(&cell.shown(), self.ctx.indicators) else {
            let sentence = format!("“{}” không phải chỉ tiêu đã khai báo", cell.shown());
            self.reject_row(row, Some(at), frame.table, cell, RejectCode::BadValue, false, sentence);
            return;
        };
        let column = |role, style: Option<Style>, counts: bool| {
            let at = self.at(frame.table, role)?;
            let configured = self.column(role)?;
            let mut kind = CellKind::of(configured, indicator);
            if counts {
                kind = long_kind(gapwatch_model::ValueKind::Count, gapwatch_model::Unit::Items);
            }
            // In a row of counts both separators are thousands, whatever the column cannot decide.
            let style = style.or((kind.kind == gapwatch_model::ValueKind::Count).then_some(Style::Plain));
            Some(ValueColumn::new(at, kind, style))
        };
        let [value, above, below] = frame.value_style;
        let slot = Slot {
            indicator,
            dimensions: gapwatch_model::Dimensions::default(),
            evidence: self.config.evidence,
            method: self.config.method.as_deref().map(Arc::from),
            whole: column(Role::Value, value, false),
            numerator: column(Role::Numerator, above, true),
            denominator: column(Role::Denominator, below, true),
            samples: None,
        };
        if let Some((value, qualifier, samples, column)) = self.slot(frame, row, &slot) {
            self.keep(frame, row, (None, &slot), said, value, qualifier, samples, column);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one point, each of another type")]
    pub(super) fn keep(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        (number, slot): (Option<usize>, &Slot<'_>),
        said: &Said,
        value: Value,
        qualifier: Qualifier,
        samples: Option<u32>,
        column: usize,
    ) {
        let kept = number.and_then(|slot| said.numbers.get(slot));
        let number = match kept.and_then(Cell::get) {
            Some(number) => number,
            None => {
                let Some(key) = self.key(frame, row, slot, said, column) else { return };
                let made = self.frames.number(key);
                if let Some(kept) = kept {
                    kept.set(Some(made));
                }
                made
            }
        };
        let qualifier = said.qualifier.filter(|_| qualifier == Qualifier::Exact).unwrap_or(qualifier);
        let samples = samples.or(said.samples);
        let origin = Origin { sheet: self.sheet, column: u32::try_from(column).unwrap_or(u32::MAX) };
        self.frames.push(
            number,
            Point { place: said.place, value, qualifier, samples, row: row.line },
            origin,
        );
    }

    /// The key of what a row says in a slot. `None` where the row says it wrongly, which is then rejected.
    fn key(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        slot: &Slot<'_>,
        said: &Said,
        column: usize,
    ) -> Option<FrameKey> {
        let period = match period::for_indicator(said.period, slot.indicator, self.config.period.kind) {
            Ok(period) => period,
            Err(fault) => {
                let at = frame.at(Role::Period).or(frame.at(Role::Date));
                self.period_fault(row, at.unwrap_or(column), frame.table, fault);
                return None;
            }
        };
        let Own([operator, technology, point, organisation, evidence, method]) = &said.own;
        let dimensions = cells::override_dimensions(
            &slot.dimensions,
            operator.as_deref(),
            technology.as_deref(),
            point.as_deref(),
            organisation.as_deref(),
        );
        let evidence = match evidence {
            None => slot.evidence,
            Some(word) => match cells::evidence_of(word) {
                Some(evidence) => evidence,
                None => {
                    let at = frame.at(Role::Evidence);
                    let sentence = format!(
                        "“{word}” không phải loại bằng chứng; cần claimed, modelled, measured hoặc crowd"
                    );
                    let cell = grid::Cell::Text(word.clone());
                    self.reject_row(row, at, frame.table, &cell, RejectCode::BadValue, false, sentence);
                    return None;
                }
            },
        };
        let method = method.as_deref().map(Arc::from).or_else(|| slot.method.clone());
        let source = CollectorName::clone(&self.config.name);
        Some(FrameKey { indicator: cells::id(slot), period, source, evidence, dimensions, method })
    }
}
