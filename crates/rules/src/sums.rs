//! What several places have together: counts added, ratios by their two counts, qualifiers and reasons kept.

use gapwatch_model::{Aggregation, Indicator, Period, PlaceIx, Qualifier, Value, ValueKind};

use crate::values::{Absence, IndicatorValue, Origin};

/// What places have in sum.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sum {
    numerator: f64,
    denominator: f64,
    number: f64,
    pub(crate) reported: u32,
    pub(crate) expected: u32,
    oldest: Option<Period>,
    qualifier: Option<Qualifier>,
    pub(crate) only_shares: bool,
    pub(crate) anything: bool,
    pub(crate) reason: Option<Absence>,
    pub(crate) apart: Vec<PlaceIx>,
}

impl Sum {
    pub(crate) fn add(
        &mut self,
        cell: &IndicatorValue,
        share: f64,
        (reported, expected): (u32, u32),
        kind: ValueKind,
    ) {
        self.expected += expected;
        if let Origin::Predecessors { apart, .. } = &cell.origin {
            self.apart.extend(apart);
        }
        let Some(value) = cell.value else {
            let worse = match (&self.reason, &cell.absence) {
                (Some(Absence::Insufficient), _) | (Some(Absence::Stale), Some(Absence::Missing)) => None,
                (_, Some(reason)) => Some(reason.clone()),
                (_, None) => None,
            };
            self.reason = worse.or(self.reason.take());
            return;
        };
        match value {
            Value::Ratio { numerator, denominator } => {
                self.numerator += numerator * share;
                self.denominator += denominator * share;
            }
            Value::Number(_) if kind == ValueKind::Ratio => {
                self.only_shares = true;
                return;
            }
            Value::Number(number) => self.number += number * share,
        }
        self.anything = true;
        self.reported += reported;
        self.oldest = match (self.oldest, cell.period) {
            (Some(one), Some(other)) => Some(if other.end() < one.end() { other } else { one }),
            (one, other) => one.or(other),
        };
        self.qualifier =
            Some(self.qualifier.map_or(cell.qualifier, |before| together(before, cell.qualifier)));
    }

    pub(crate) fn answer(
        &self,
        indicator: &Indicator,
        origin: impl FnOnce(&Self) -> Origin,
    ) -> IndicatorValue {
        let value = match indicator.aggregation {
            Aggregation::None => return IndicatorValue::none(Absence::Missing),
            Aggregation::Ratio => Value::Ratio { numerator: self.numerator, denominator: self.denominator },
            Aggregation::Sum if indicator.value == ValueKind::Ratio => {
                Value::Ratio { numerator: self.numerator, denominator: self.denominator }
            }
            Aggregation::Sum => Value::Number(self.number),
        };
        if !self.anything {
            let shares = self.only_shares.then_some(Absence::OnlyShares);
            let none = IndicatorValue::none(shares.or(self.reason.clone()).unwrap_or(Absence::Missing));
            return IndicatorValue { origin: origin(self), ..none };
        }
        IndicatorValue::known(value, self.qualifier.unwrap_or_default(), self.oldest, origin(self))
    }
}

/// The word before a sum: kept while all say the same side, otherwise *about*.
pub(crate) fn together(one: Qualifier, other: Qualifier) -> Qualifier {
    match (one, other) {
        (one, other) if one == other => one,
        (Qualifier::Exact, other) | (other, Qualifier::Exact) => other,
        (Qualifier::LessThan | Qualifier::Almost, Qualifier::LessThan | Qualifier::Almost) => {
            Qualifier::LessThan
        }
        _ => Qualifier::About,
    }
}
