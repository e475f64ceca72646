//! Computing formulas: the values of one place in, one value or the reason for none out.

use gapwatch_model::{IndicatorId, Period, Qualifier, Value};

use crate::{
    counts::Counts,
    formula::{Expr, Extreme, Operator},
    sums::together,
    values::{Absence, IndicatorValue, Origin, Table},
};

/// What a formula may look at.
pub(crate) struct Inputs<'a> {
    pub(crate) table: &'a Table,
    pub(crate) row: usize,
    pub(crate) counts: Counts,
}

/// What was looked at, for the period and the qualifier of the result.
#[derive(Default)]
struct Trail {
    oldest: Option<Period>,
    qualifier: Option<Qualifier>,
}

impl Trail {
    fn saw(&mut self, period: Option<Period>, qualifier: Qualifier) {
        self.oldest = match (self.oldest, period) {
            (Some(one), Some(other)) => Some(if other.end() < one.end() { other } else { one }),
            (one, other) => one.or(other),
        };
        self.qualifier = Some(self.qualifier.map_or(qualifier, |before| together(before, qualifier)));
    }
}

/// Computes a formula at one place.
pub(crate) fn formula(formula: &Expr, inputs: &Inputs<'_>) -> IndicatorValue {
    let mut trail = Trail::default();
    let value = match formula {
        Expr::Ratio(numerator, denominator) => number(numerator, inputs, &mut trail).and_then(|numerator| {
            let denominator = number(denominator, inputs, &mut trail)?;
            Ok(Value::Ratio { numerator, denominator })
        }),
        Expr::Value(id) => inputs.cell(id, &mut trail).and_then(|cell| cell.value.ok_or(Absence::Missing)),
        other => number(other, inputs, &mut trail).map(Value::Number),
    };
    match value {
        Err(absence) => IndicatorValue::none(absence),
        Ok(value) => IndicatorValue {
            absence: value.amount().is_none().then_some(Absence::ZeroDenominator),
            value: Some(value),
            qualifier: trail.qualifier.unwrap_or_default(),
            period: trail.oldest,
            origin: Origin::Formula,
            contradicted: false,
        },
    }
}

/// A share above one counts as one; below the full share the score is in proportion.
pub(crate) fn score(ratio: f64, maximum: f64, full_share: f64) -> f64 {
    (ratio / full_share).min(1.0) * maximum
}

/// Rounds half away from zero at some decimals.
pub(crate) fn rounded(number: f64, decimals: u8) -> f64 {
    let scale = 10_f64.powi(i32::from(decimals));
    // A published 93.57 must equal a computed 93.57 whatever its last bits.
    (number * scale + number.signum() * 1e-9).round() / scale
}

fn number(expr: &Expr, inputs: &Inputs<'_>, trail: &mut Trail) -> Result<f64, Absence> {
    match expr {
        Expr::Constant(number) => Ok(*number),
        Expr::Count(counted) => {
            trail.saw(inputs.counts.newest, Qualifier::Exact);
            inputs.counts.of(*counted).map(f64::from)
        }
        Expr::Value(id) => {
            let cell = inputs.cell(id, trail)?;
            cell.amount().ok_or_else(|| Absence::Needs(id.clone()))
        }
        Expr::Numerator(id) => inputs.parts(id, trail).map(|(numerator, _)| numerator),
        Expr::Denominator(id) => inputs.parts(id, trail).map(|(_, denominator)| denominator),
        Expr::Score { of, maximum, full_share } => {
            let percent = inputs.cell(of, trail)?.amount().ok_or(Absence::ZeroDenominator)?;
            Ok(score(percent / 100.0, *maximum, *full_share))
        }
        // Types keep these two out of arithmetic; a rank is computed for all places at once in `values`.
        Expr::Rank(id) => Err(Absence::Needs(id.clone())),
        Expr::Ratio(..) => Err(Absence::NotApplicable),
        Expr::Binary(operator, left, right) => {
            let (left, right) = (number(left, inputs, trail)?, number(right, inputs, trail)?);
            match operator {
                Operator::Add => Ok(left + right),
                Operator::Subtract => Ok(left - right),
                Operator::Multiply => Ok(left * right),
                Operator::Divide if right.abs() > 0.0 => Ok(left / right),
                Operator::Divide => Err(Absence::ZeroDenominator),
            }
        }
        Expr::Extreme(extreme, items) => {
            let mut best: Option<f64> = None;
            for item in items {
                let item = number(item, inputs, trail)?;
                best = Some(match (best, extreme) {
                    (None, _) => item,
                    (Some(best), Extreme::Least) => best.min(item),
                    (Some(best), Extreme::Greatest) => best.max(item),
                });
            }
            best.ok_or(Absence::Missing)
        }
    }
}

impl Inputs<'_> {
    fn cell(&self, id: &IndicatorId, trail: &mut Trail) -> Result<&IndicatorValue, Absence> {
        let cell = self.table.get(id).and_then(|cells| cells.get(self.row));
        let cell = cell.filter(|cell| cell.value.is_some()).ok_or_else(|| Absence::Needs(id.clone()))?;
        trail.saw(cell.period, cell.qualifier);
        Ok(cell)
    }

    fn parts(&self, id: &IndicatorId, trail: &mut Trail) -> Result<(f64, f64), Absence> {
        match self.cell(id, trail)?.value {
            Some(Value::Ratio { numerator, denominator }) => Ok((numerator, denominator)),
            Some(Value::Number(_)) | None => Err(Absence::OnlyShares),
        }
    }
}
