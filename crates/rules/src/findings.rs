//! What was noticed beside the rules: numbers that contradict each other or cannot be. Shown, never swallowed, never
//! mended.

use gapwatch_model::{Aggregation, IndicatorId, PlaceIx, Qualifier, Unit, Value, ValueKind};

use crate::{
    config::Rules,
    facts::Facts,
    formula::Expr,
    rows::Rows,
    targets::compare,
    values::{Origin, Question, Table, children_sum},
};

/// One contradiction.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Where.
    pub place: PlaceIx,
    /// Of what.
    pub indicator: IndicatorId,
    /// What was noticed.
    pub kind: FindingKind,
}

/// What can be noticed.
#[derive(Debug, Clone, PartialEq)]
pub enum FindingKind {
    /// A stated total differs from the sum of its parts by more than the tolerance for each part.
    TotalDiffers {
        /// As stated.
        stated: f64,
        /// Sum of the parts.
        parts: f64,
    },
    /// Some parts of a stated total are not known, so it cannot be checked.
    PartsMissing {
        /// As stated.
        stated: f64,
        /// Sum of the parts that are known.
        known: f64,
        /// How many are known.
        present: u32,
        /// Which are not.
        missing: Vec<IndicatorId>,
    },
    /// A place's stated value differs from what the places below sum up to.
    ParentDiffers {
        /// As stated.
        stated: f64,
        /// From the places below.
        children: f64,
    },
    /// A value is below the smallest or above the largest the indicator allows.
    OutOfRange {
        /// The value.
        value: f64,
        /// Smallest allowed.
        minimum: Option<f64>,
        /// Largest allowed.
        maximum: Option<f64>,
    },
    /// A share above the whole: it counts as the whole in a score.
    ShareAboveWhole {
        /// The share, in percent.
        percent: f64,
    },
    /// Sources of one class of evidence say different things of one period.
    SourcesDiffer,
    /// Places it came from in parts without declared weights, kept apart.
    PartsApart {
        /// The old places.
        old: Vec<PlaceIx>,
    },
    /// A count that was only partly reported.
    NotAllReported {
        /// Places that went in.
        reported: u32,
        /// Places that should have.
        expected: u32,
    },
}

/// Looks for contradictions, in order of indicators and places.
pub(crate) fn findings(
    facts: &Facts,
    rules: &Rules,
    question: Question,
    rows: &Rows,
    table: &Table,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, cells) in table {
        let Some(indicator) = facts.indicators.get(id.as_str()) else { continue };
        let scored = facts.formulas.by_id.get(id).and_then(|formula| match formula {
            Expr::Score { of, .. } => table.get(of),
            _ => None,
        });
        let stated_somewhere = cells.iter().any(|cell| matches!(cell.origin, Origin::Stated { .. }));
        let below = (indicator.aggregation != Aggregation::None && stated_somewhere)
            .then(|| children_sum(facts, rules, question, rows, cells, indicator));
        for (row, (cell, place)) in cells.iter().zip(&rows.places).enumerate() {
            let mut note = |kind| found.push(Finding { place: *place, indicator: id.clone(), kind });
            if let Origin::Predecessors { apart, .. } = &cell.origin
                && !apart.is_empty()
            {
                note(FindingKind::PartsApart { old: apart.clone() });
            }
            if let Origin::Children { reported, expected } = &cell.origin
                && reported < expected
                && indicator.value != ValueKind::Ratio
            {
                note(FindingKind::NotAllReported { reported: *reported, expected: *expected });
            }
            let share = scored.and_then(|of| of.get(row)).and_then(|of| of.amount());
            if let Some(percent) = share.filter(|percent| *percent > 100.0) {
                note(FindingKind::ShareAboveWhole { percent });
            }
            let Some(amount) = cell.amount() else { continue };
            if cell.contradicted {
                note(FindingKind::SourcesDiffer);
            }
            let share = indicator.unit == Unit::Percent && matches!(cell.value, Some(Value::Ratio { .. }));
            if share && indicator.maximum.is_none() && compare(amount, 100.0).is_gt() {
                note(FindingKind::ShareAboveWhole { percent: amount });
            }
            let low = indicator.minimum.is_some_and(|least| amount < least);
            let high = indicator.maximum.is_some_and(|most| amount > most);
            if low || high {
                let (minimum, maximum) = (indicator.minimum, indicator.maximum);
                note(FindingKind::OutOfRange { value: amount, minimum, maximum });
            }
            if !matches!(cell.origin, Origin::Stated { .. }) {
                continue;
            }
            let children = below.as_ref().and_then(|below| below.get(row)).and_then(Option::as_ref);
            if let Some(children) = children
                && cell.qualifier == Qualifier::Exact
                && (amount - children).abs() > rules.tolerances.parent
            {
                note(FindingKind::ParentDiffers { stated: amount, children: *children });
            }
            if let Some(parts) = rules.totals.get(id) {
                found.extend(total(*place, id, amount, parts, row, table, rules));
            }
        }
    }
    found
}

fn total(
    place: PlaceIx,
    id: &IndicatorId,
    stated: f64,
    parts: &[IndicatorId],
    row: usize,
    table: &Table,
    rules: &Rules,
) -> Option<Finding> {
    let amount =
        |part: &IndicatorId| table.get(part).and_then(|cells| cells.get(row)).and_then(|c| c.amount());
    let known: Vec<f64> = parts.iter().filter_map(amount).collect();
    let sum: f64 = known.iter().sum();
    let present = u32::try_from(known.len()).unwrap_or(u32::MAX);
    let allowed = rules.tolerances.per_part * f64::from(present);
    let kind = if known.is_empty() {
        return None;
    } else if known.len() < parts.len() {
        let missing = parts.iter().filter(|part| amount(part).is_none()).cloned().collect();
        FindingKind::PartsMissing { stated, known: sum, present, missing }
    } else if (stated - sum).abs() > allowed + 1e-9 {
        FindingKind::TotalDiffers { stated, parts: sum }
    } else {
        return None;
    };
    Some(Finding { place, indicator: id.clone(), kind })
}
