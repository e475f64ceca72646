//! One figure with all it needs to be believed: unit, period, age, source, explanation. Or the words for why there is none.

use gapwatch_model::{Evidence, Period, Qualifier, Unit, Value};

use crate::part::Link;

/// Why there is no number that speaks. Each has its own words, shape and pattern on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absence {
    /// Nobody reported.
    Missing,
    /// What was reported is too old to speak.
    Stale,
    /// Too few samples to speak.
    Insufficient,
    /// The indicator has no meaning for this place.
    NotApplicable,
    /// A share of nothing: 0/0.
    NoDenominator,
}

impl Absence {
    /// Every kind, in the order of legends.
    pub const ALL: [Self; 5] =
        [Self::Missing, Self::Stale, Self::Insufficient, Self::NotApplicable, Self::NoDenominator];

    /// The word used in class names, files and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Insufficient => "insufficient",
            Self::NotApplicable => "not_applicable",
            Self::NoDenominator => "no_denominator",
        }
    }
}

/// A number that speaks, or why none does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// It speaks. A ratio keeps its parts; 0/0 is drawn as [`Absence::NoDenominator`].
    Known(Value),
    /// The last one known, too old to speak. Shown beside the word *stale*, never counted.
    Stale(Value),
    /// Fewer samples than the minimum.
    Insufficient {
        /// Samples there are.
        samples: u32,
        /// Samples it takes.
        minimum: u32,
    },
    /// Nobody reported.
    Missing,
    /// The indicator has no meaning for this place.
    NotApplicable,
}

impl Amount {
    /// The number in the indicator's unit when it speaks, otherwise why it does not.
    ///
    /// # Errors
    /// The kind of absence.
    pub fn speaks(self) -> Result<f64, Absence> {
        match self {
            Self::Known(value) => match value.amount() {
                Some(number) if number.is_finite() => Ok(number),
                Some(_) => Err(Absence::Missing),
                None => Err(Absence::NoDenominator),
            },
            Self::Stale(_) => Err(Absence::Stale),
            Self::Insufficient { .. } => Err(Absence::Insufficient),
            Self::Missing => Err(Absence::Missing),
            Self::NotApplicable => Err(Absence::NotApplicable),
        }
    }

    /// A count that speaks.
    #[must_use]
    pub fn count(number: u32) -> Self {
        Self::Known(Value::Number(f64::from(number)))
    }

    /// A number that speaks, or *nobody reported*.
    #[must_use]
    pub fn of(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, |number| Self::Known(Value::Number(number)))
    }
}

/// One figure as it is shown.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The number or its absence.
    pub amount: Amount,
    /// The word before the number.
    pub qualifier: Qualifier,
    /// Its unit.
    pub unit: Unit,
    /// Decimals on screen.
    pub decimals: u8,
    /// The period it is about.
    pub period: Option<Period>,
    /// Days between the end of its period (or its recording, where that is meant) and the day shown.
    pub age_days: Option<i64>,
    /// How much weight it has.
    pub evidence: Option<Evidence>,
    /// Who said it: the words shown, and the run or file it leads to.
    pub source: Option<Link>,
    /// Address of its explanation (source, row, run, rule, target).
    pub explain: Option<String>,
}
