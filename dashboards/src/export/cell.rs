//! A cell as a file holds it: a typed value, its words, and the two counts of a share.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Qualifier, Unit, Value};

use crate::{
    Lang, draw,
    figure::{Absence, Amount},
    table::{Cell, Column, Kind},
    words,
};

/// One value of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    /// Words.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A number with the decimals it is shown with.
    Number(f64, u8),
    /// A share in percent with its decimals.
    Percent(f64, u8),
    /// Yes or no, with its words.
    Bool(bool, &'static str),
    /// A word of a closed set: its code and its words.
    Word(&'static str, String),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Moment(DateTime<FixedOffset>),
    /// No value: its code and its words.
    Absent(&'static str, String),
}

/// A cell and, for a share, its numerator and denominator.
pub(super) fn plain(lang: Lang, cell: &Cell) -> (Plain, Option<(f64, f64)>) {
    let alone = |plain| (plain, None);
    let absent = |absence: Absence| Plain::Absent(absence.as_str(), words::absence(lang, absence).to_owned());
    match cell {
        Cell::Text(text) => alone(Plain::Text(text.clone())),
        Cell::Link(link) => alone(Plain::Text(link.text.clone())),
        Cell::Count(number) => alone(Plain::Count(*number)),
        Cell::Amount { amount, qualifier, unit, decimals } => {
            amount_plain(lang, *amount, *qualifier, *unit, *decimals)
        }
        Cell::Share(Some(share)) => {
            (Plain::Percent(share.percent(), 2), Some((share.numerator(), share.denominator())))
        }
        Cell::Share(None) => alone(absent(Absence::NoDenominator)),
        Cell::Date(day) => alone(Plain::Date(*day)),
        Cell::Moment(at) => alone(Plain::Moment(*at)),
        Cell::Period(period) => alone(Plain::Text(period.to_string())),
        Cell::Signal(state, qualification) => {
            let mut said = words::signal(lang, *state).to_owned();
            let why = draw::badge::reservations(lang, *qualification);
            if !why.is_empty() {
                said.push_str(&format!(" ({})", why.join(", ")));
            }
            alone(Plain::Word(state.as_str(), said))
        }
        Cell::Status(status) => alone(Plain::Word(status.as_str(), words::status(lang, *status).to_owned())),
        Cell::Flag(state) => alone(Plain::Word(state.as_str(), words::flag_state(lang, *state).to_owned())),
        Cell::Outcome(outcome) => {
            alone(Plain::Word(outcome.as_str(), words::outcome(lang, *outcome).to_owned()))
        }
        Cell::YesNo(Some(yes)) => {
            alone(Plain::Bool(*yes, if *yes { lang.pick("có", "yes") } else { lang.pick("không", "no") }))
        }
        Cell::YesNo(None) => alone(absent(Absence::Missing)),
        Cell::Spark(values) => alone(match values.iter().flatten().last() {
            Some(last) => Plain::Number(*last, 2),
            None => absent(Absence::Missing),
        }),
        Cell::Absent(absence) => alone(absent(*absence)),
    }
}

/// An exact number stays a number; one with a word before it is not that number, so it stays words.
fn amount_plain(
    lang: Lang,
    amount: Amount,
    qualifier: Qualifier,
    unit: Unit,
    decimals: u8,
) -> (Plain, Option<(f64, f64)>) {
    let parts = match amount {
        Amount::Known(Value::Ratio { numerator, denominator })
        | Amount::Stale(Value::Ratio { numerator, denominator }) => Some((numerator, denominator)),
        _ => None,
    };
    let said = draw::figure::amount_text(lang, amount, qualifier, unit, decimals);
    let plain = match (amount.speaks(), qualifier, unit) {
        (Err(absence), ..) => Plain::Absent(absence.as_str(), said),
        (Ok(number), Qualifier::Exact, Unit::YesNo) => Plain::Bool(
            number > 0.0,
            if number > 0.0 { lang.pick("có", "yes") } else { lang.pick("không", "no") },
        ),
        (Ok(number), Qualifier::Exact, Unit::Percent) => Plain::Percent(number, decimals),
        (Ok(number), Qualifier::Exact, _) => Plain::Number(number, decimals),
        (Ok(_), ..) => Plain::Word(qualifier.as_str(), said),
    };
    (plain, parts)
}

/// Headings of the file: a column of shares brings its two counts along.
pub(super) fn headings(lang: Lang, columns: &[Column]) -> Vec<String> {
    let mut found = Vec::with_capacity(columns.len());
    for column in columns {
        found.push(column.heading.clone());
        if column.kind == Kind::Share {
            found.push(format!("{}: {}", column.heading, lang.pick("tử số", "numerator")));
            found.push(format!("{}: {}", column.heading, lang.pick("mẫu số", "denominator")));
        }
    }
    found
}

/// The values of one row, in the order of [`headings`].
pub(super) fn values(lang: Lang, columns: &[Column], cells: &[Cell]) -> Vec<Plain> {
    let mut found = Vec::with_capacity(columns.len());
    for (column, cell) in columns.iter().zip(cells) {
        let (value, parts) = plain(lang, cell);
        if column.kind == Kind::Share {
            let part = |number: Option<f64>| match number {
                Some(number) => Plain::Number(number, 0),
                None => value.clone(),
            };
            let (numerator, denominator) = (part(parts.map(|p| p.0)), part(parts.map(|p| p.1)));
            found.extend([value, numerator, denominator]);
        } else {
            found.push(value);
        }
    }
    found
}
