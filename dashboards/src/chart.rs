//! Charts drawn as SVG on the server: a value over time with its target path, bars for ranking, small lines in tables.
//!
//! Gaps are gaps. Qualified, stale and revised points look different and are said in the chart's table.

mod axis;
mod data;
mod draw;

use chrono::NaiveDate;
use gapwatch_model::{Comparator, Condition, Evidence, Period, Qualifier, Unit};

use crate::{
    figure::Amount,
    part::{Borders, Link},
};

pub(crate) use draw::chart;

/// One point of a series.
#[derive(Debug, Clone)]
pub struct Point {
    /// The period it is about; drawn at its last day.
    pub period: Period,
    /// The number or its absence. Absences are gaps.
    pub amount: Amount,
    /// The word before the number.
    pub qualifier: Qualifier,
    /// It was corrected after it was first recorded.
    pub revised: bool,
    /// Who said it, with file and row.
    pub source: Option<Link>,
}

/// One line of a chart.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name: a source, an operator, a kind of evidence.
    pub name: String,
    /// How much weight it has.
    pub evidence: Option<Evidence>,
    /// In order of time.
    pub points: Vec<Point>,
}

/// The target in force, as it is drawn.
#[derive(Debug, Clone)]
pub struct TargetLine {
    /// The document that promises it.
    pub document: String,
    /// How values are held against it.
    pub comparator: Comparator,
    /// The promised value.
    pub value: f64,
    /// Last day in time.
    pub due: NaiveDate,
    /// Which villages or areas of the place it holds for. `None`: for all of it.
    pub condition: Option<Condition>,
    /// Corners of the path in force, in order of time. A step path has two corners on the same day.
    pub path: Vec<(NaiveDate, f64)>,
}

/// A chart over time and its table.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows, with the unit: `Tỷ lệ hộ có cáp quang, %`.
    pub title: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Decimals on screen.
    pub decimals: u8,
    /// Lines, the one that speaks first. At most six are told apart.
    pub series: Vec<Series>,
    /// Targets in force at their time, oldest first.
    pub targets: Vec<TargetLine>,
    /// The day shown: a mark on the axis.
    pub today: NaiveDate,
    /// Over whose borders it is drawn, where that makes a difference: it can be changed then.
    pub borders: Option<Borders>,
}
