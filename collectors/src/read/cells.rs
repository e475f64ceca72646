//! What the value columns of a table give: slots of one indicator and its dimensions, with up to four columns each.

use std::sync::Arc;

use gapwatch_model::{
    Dimensions, Evidence, Indicator, IndicatorId, IndicatorSet, Qualifier, Unit, Value, ValueKind,
};

use crate::{
    config::{CollectorConfig, Column, Decimal, ValuePart},
    grid::{Cell, Row},
    number::{self, Decision, Style},
    table::Table,
    texts::Memo,
    value::{CellKind, Parsed},
};

/// One column of values.
#[derive(Debug, Clone)]
pub(crate) struct ValueColumn {
    /// Column of the sheet.
    pub(crate) at: usize,
    pub(crate) kind: CellKind,
    /// How its numbers are written. `None` where the column is held back.
    pub(crate) style: Option<Style>,
    read: Memo<Known>,
}

/// What a text of the column says. What is wrong with a bad one is found anew each time it is said.
#[derive(Debug, Clone, Copy)]
enum Known {
    Missing,
    Value(Value, Qualifier),
    Bad,
}

impl ValueColumn {
    pub(crate) fn new(at: usize, kind: CellKind, style: Option<Style>) -> Self {
        Self { at, kind, style, read: Memo::default() }
    }

    /// Reads the column's cell of a row. `None` where the column is held back.
    pub(crate) fn read(&self, row: &Row) -> Option<Parsed> {
        let (cell, style) = (row.cell(self.at), self.style?);
        let Cell::Text(text) = cell else { return Some(self.kind.read(cell, style)) };
        let known = || match self.kind.read(cell, style) {
            Parsed::Missing => Known::Missing,
            Parsed::Value(value, qualifier) => Known::Value(value, qualifier),
            Parsed::Bad(_) => Known::Bad,
        };
        Some(match self.read.of(text, known) {
            Known::Missing => Parsed::Missing,
            Known::Value(value, qualifier) => Parsed::Value(value, qualifier),
            Known::Bad => self.kind.read(cell, style),
        })
    }
}

/// One value of a row: an indicator with its dimensions, said in up to four columns.
#[derive(Debug, Clone)]
pub(crate) struct Slot<'a> {
    pub(crate) indicator: &'a Indicator,
    pub(crate) dimensions: Dimensions,
    pub(crate) evidence: Evidence,
    pub(crate) method: Option<Arc<str>>,
    pub(crate) whole: Option<ValueColumn>,
    pub(crate) numerator: Option<ValueColumn>,
    pub(crate) denominator: Option<ValueColumn>,
    pub(crate) samples: Option<ValueColumn>,
}

/// A column that can be read in two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldBack {
    pub(crate) at: usize,
    pub(crate) example: String,
    pub(crate) sentence: String,
}

/// Puts the mapped value columns together into slots and decides how each is written.
pub(crate) fn slots<'a>(
    config: &CollectorConfig,
    columns: &[Column],
    table: &Table,
    indicators: &'a IndicatorSet,
    data: &[&Row],
) -> (Vec<Slot<'a>>, Vec<HeldBack>) {
    let mut slots: Vec<Slot<'a>> = Vec::new();
    let mut held = Vec::new();
    let of_values = columns.iter().zip(&table.mapped).filter_map(|(column, at)| {
        let indicator = indicators.get(column.indicator.as_deref()?)?;
        Some(((*at)?, column, indicator, CellKind::of(column, indicator)))
    });
    let of_values: Vec<_> = of_values.collect();
    let numbers: Vec<usize> =
        of_values.iter().filter(|(.., kind)| kind.kind != ValueKind::YesNo).map(|(at, ..)| *at).collect();
    let written = different(data, &numbers);
    for (at, column, indicator, kind) in of_values {
        let cells = numbers.iter().position(|number| *number == at).and_then(|number| written.get(number));
        let cells = cells.map_or(&[][..], Vec::as_slice);
        let style = style(&kind, column.decimal, cells, at).map_err(|fault| held.push(fault)).ok();
        let value = Some(ValueColumn::new(at, kind, style));
        let dimensions = dimensions(column);
        let evidence = column.evidence.unwrap_or(config.evidence);
        let same = |slot: &&mut Slot<'_>| {
            slot.indicator.id == indicator.id && slot.dimensions == dimensions && slot.evidence == evidence
        };
        let slot = match slots.iter_mut().find(same) {
            Some(slot) => slot,
            None => {
                let method = column.method.as_ref().or(config.method.as_ref()).map(|m| Arc::from(m.as_str()));
                let (whole, numerator, denominator, samples) = (None, None, None, None);
                slots.push(Slot {
                    indicator,
                    dimensions,
                    evidence,
                    method,
                    whole,
                    numerator,
                    denominator,
                    samples,
                });
                let Some(slot) = slots.last_mut() else { continue };
                slot
            }
        };
        match column.part {
            ValuePart::Whole => slot.whole = value,
            ValuePart::Numerator => slot.numerator = value,
            ValuePart::Denominator => slot.denominator = value,
            ValuePart::Samples => slot.samples = value,
        }
    }
    (slots, held)
}

fn dimensions(column: &Column) -> Dimensions {
    let of = |text: &Option<String>| text.as_deref().map(Arc::from);
    Dimensions {
        operator: of(&column.operator),
        technology: of(&column.technology),
        measuring_point: of(&column.measuring_point),
        organisation: of(&column.organisation),
    }
}

/// Decides how a column is written, over all its different cells.
pub(crate) fn style(
    kind: &CellKind,
    declared: Decimal,
    cells: &[&Cell],
    at: usize,
) -> Result<Style, HeldBack> {
    let held = |example: String, sentence: String| HeldBack { at, example, sentence };
    let style = match declared {
        Decimal::Comma => Style::Comma,
        Decimal::Point => Style::Point,
        Decimal::Auto => {
            let tokens: Vec<String> = cells.iter().flat_map(|cell| kind.tokens(cell)).collect();
            match number::decide(tokens.iter().map(String::as_str)) {
                Decision::Decided(style) => style,
                Decision::Conflict(one, other) => {
                    let sentence = format!(
                        "cột có cả “{one}” (dấu phẩy thập phân) và “{other}” (dấu chấm thập phân); cần thống nhất một cách viết"
                    );
                    return Err(held(one, sentence));
                }
                Decision::Ambiguous(example) => {
                    let plain = example.replace([',', '.'], "");
                    let sentence = format!(
                        "không rõ “{example}” là {plain} hay là số thập phân; hãy khai `decimal` cho cột này"
                    );
                    return Err(held(example, sentence));
                }
            }
        }
    };
    if kind.kind == ValueKind::Ratio
        && kind.unit == Unit::Percent
        && kind.scale.is_none()
        && let Some(example) = all_shares(kind, style, cells)
    {
        let sentence = format!(
            "không rõ “{example}” là tỷ lệ (nhân 100) hay đã là phần trăm; hãy khai `scale = 100` hoặc `scale = 1`"
        );
        return Err(held(example, sentence));
    }
    Ok(style)
}

/// The cells of each of some columns, each text once.
pub(crate) fn different<'r>(data: &[&'r Row], columns: &[usize]) -> Vec<Vec<&'r Cell>> {
    let mut found: Vec<(Vec<bool>, Vec<&Cell>)> = vec![Default::default(); columns.len()];
    for row in data {
        for (at, (seen, cells)) in columns.iter().zip(&mut found) {
            let cell = row.cell(*at);
            let number = if let Cell::Text(text) = cell { text.number() } else { None };
            let Some(number) = number.map(|number| number as usize) else {
                cells.push(cell);
                continue;
            };
            if seen.len() <= number {
                seen.resize(number + 1, false);
            }
            if let Some(seen) = seen.get_mut(number).filter(|seen| !**seen) {
                *seen = true;
                cells.push(cell);
            }
        }
    }
    found.into_iter().map(|(_, cells)| cells).collect()
}

/// Whether every bare number of a percent column lies between 0 and 1, and one between them: 0.976 or 0,976 percent?
fn all_shares(kind: &CellKind, style: Style, cells: &[&Cell]) -> Option<String> {
    let mut example = None;
    for cell in cells {
        let number = match cell {
            Cell::Number(number) => *number,
            Cell::Percent(_) => return None,
            Cell::Text(text) if text.contains(['%', '/']) => return None,
            Cell::Text(_) => {
                let shown = cell.shown();
                let whole = shown.trim().parse::<u32>().ok().map(f64::from);
                match (whole, kind.tokens(cell).into_iter().next()) {
                    (Some(whole), _) => whole,
                    (None, Some(token)) => number::parse(&token, style)?,
                    (None, None) => continue,
                }
            }
            _ => continue,
        };
        if !(0.0..=1.0).contains(&number) {
            return None;
        }
        if number > 0.0 && number < 1.0 {
            example = Some(cell.shown());
        }
    }
    example
}

/// Reads what a row says of dimensions, where it says it.
pub(crate) fn override_dimensions(
    base: &Dimensions,
    operator: Option<&str>,
    technology: Option<&str>,
    measuring_point: Option<&str>,
    organisation: Option<&str>,
) -> Dimensions {
    let pick = |said: Option<&str>, base: &Option<Arc<str>>| said.map(Arc::from).or_else(|| base.clone());
    Dimensions {
        operator: pick(operator, &base.operator),
        technology: pick(technology, &base.technology),
        measuring_point: pick(measuring_point, &base.measuring_point),
        organisation: pick(organisation, &base.organisation),
    }
}

/// The id of an indicator a row names.
pub(crate) fn indicator_of<'a>(text: &str, indicators: &'a IndicatorSet) -> Option<&'a Indicator> {
    let cleaned = gapwatch_model::text::clean(text);
    indicators.get(&cleaned).or_else(|| {
        let folded = gapwatch_model::text::fold(&cleaned);
        indicators.iter().find(|indicator| gapwatch_model::text::fold(&indicator.name_vi) == folded)
    })
}

/// The evidence a row names.
pub(crate) fn evidence_of(text: &str) -> Option<Evidence> {
    let folded = gapwatch_model::text::fold(text);
    let all = [Evidence::Crowd, Evidence::Claimed, Evidence::Modelled, Evidence::Measured];
    all.into_iter().find(|evidence| evidence.as_str() == folded)
}

/// The key shared by the points of a slot, but for period and source.
pub(crate) fn id(slot: &Slot<'_>) -> IndicatorId {
    slot.indicator.id.clone()
}
