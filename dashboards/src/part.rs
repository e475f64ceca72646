//! What several pages show: places by name, tallies of villages, targets, flags, spans of a state.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    Acknowledgement, Comparator, Condition, FlagKey, FlagState, Percent, Place, PlaceLevel, Qualification,
    RuleId, SignalState, TargetStatus,
};

use crate::figure::{Absence, Figure};

/// Words that lead somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The words.
    pub text: String,
    /// A path of the program, such as `/runs/17?line=12`, without language and day.
    pub href: String,
}

impl Link {
    /// Puts words and a path together.
    #[must_use]
    pub fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}

/// A place as it is named on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRef {
    /// Its code.
    pub code: String,
    /// Name with its kind: `xã Hưng Đạo`.
    pub name: String,
    /// Where it stands in the tree.
    pub level: PlaceLevel,
    /// Made up for the example.
    pub synthetic: bool,
}

impl PlaceRef {
    /// Names a place of the gazetteer.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        Self {
            code: place.id.code.as_str().to_owned(),
            name: place.full_name(),
            level: place.level,
            synthetic: place.synthetic,
        }
    }

    /// The page of the place: `/communes/…`, `/villages/…`, or the overview of a province or the country.
    #[must_use]
    pub fn href(&self) -> String {
        let code = crate::shell::percent_encode(&self.code);
        match self.level {
            PlaceLevel::Commune => format!("/communes/{code}"),
            PlaceLevel::Village => format!("/villages/{code}"),
            PlaceLevel::Country | PlaceLevel::Province | PlaceLevel::District => format!("/?place={code}"),
        }
    }
}

/// Villages of a place by state. `no_signal + pocket + covered + unknown == total`; the others are said beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All villages in force on the day.
    pub total: u32,
    /// *Trắng sóng*.
    pub no_signal: u32,
    /// *Lõm sóng*.
    pub pocket: u32,
    /// *Phủ sóng*.
    pub covered: u32,
    /// Nobody reported, or it no longer speaks.
    pub unknown: u32,
    /// Of the unknown: only stale evidence.
    pub stale: u32,
    /// Of the unknown: only too few samples.
    pub insufficient: u32,
    /// A claim and a measurement differ.
    pub disputed: u32,
    /// Without grid power, whatever their state. `None` when nobody reported power.
    pub no_grid_power: Option<u32>,
    /// Without signal and without grid power.
    pub no_signal_no_power: Option<u32>,
}

impl Tally {
    /// Share of villages with signal at the centre, pockets counted.
    ///
    /// # Errors
    /// Why there is none: no village, or nothing known of any.
    pub fn headline(&self) -> Result<Percent, Absence> {
        self.share(self.covered + self.pocket)
    }

    /// Share of villages that are fully covered.
    ///
    /// # Errors
    /// Why there is none: no village, or nothing known of any.
    pub fn strict(&self) -> Result<Percent, Absence> {
        self.share(self.covered)
    }

    fn share(&self, part: u32) -> Result<Percent, Absence> {
        match Percent::of_counts(part, self.total) {
            None => Err(Absence::NoDenominator),
            Some(_) if self.unknown == self.total && self.stale > 0 => Err(Absence::Stale),
            Some(_) if self.unknown == self.total => Err(Absence::Missing),
            Some(share) => Ok(share),
        }
    }
}

/// A count before and the day it was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// The day compared with.
    pub on: NaiveDate,
    /// Villages without signal, as known on that day.
    pub no_signal: u32,
}

/// When the target would be reached at the observed pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The value meets it already.
    Reached,
    /// Around this day, within the interval where there is one.
    Around {
        /// The most likely day.
        day: NaiveDate,
        /// Earliest and latest day of the interval; the latest is `None` when it never ends.
        interval: Option<(NaiveDate, Option<NaiveDate>)>,
    },
    /// Not at this pace.
    Never,
    /// Too little history to say.
    TooLittleHistory,
}

/// Pace towards a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Change per month that is needed to be in time, in the indicator's unit. `None` after the due date.
    pub required_per_month: Option<f64>,
    /// Change per month that is observed.
    pub observed_per_month: Option<f64>,
    /// When it would be reached.
    pub expected: Expected,
}

/// One target and where a place stands against it.
#[derive(Debug, Clone)]
pub struct TargetRow {
    /// The indicator and its page.
    pub indicator: Link,
    /// The newest value.
    pub value: Figure,
    /// The promised value, in the indicator's unit.
    pub target: f64,
    /// How the value is held against it.
    pub comparator: Comparator,
    /// Last day in time.
    pub due: NaiveDate,
    /// Which villages or areas of the place it holds for. `None`: for all of it.
    pub condition: Option<Condition>,
    /// Document that promises it.
    pub document: String,
    /// Whose target it is, when it is inherited: `tỉnh Cao Bằng`.
    pub inherited_from: Option<String>,
    /// Where it stands.
    pub status: TargetStatus,
    /// What the path asks for on the day shown.
    pub path_today: Option<f64>,
    /// How fast it moves.
    pub pace: Option<Pace>,
}

/// A place below the one shown, in lists and rankings.
#[derive(Debug, Clone)]
pub struct ChildRow {
    /// Which place.
    pub place: PlaceRef,
    /// Its villages.
    pub tally: Tally,
    /// Names of the indicators it lags behind in, each with its page or flag. `None` where none of its targets can be
    /// judged.
    pub lagging: Option<Vec<Link>>,
    /// Villages without signal over time, oldest first; gaps are `None`.
    pub trend: Vec<Option<f64>>,
}

/// One flag in a list.
#[derive(Debug, Clone)]
pub struct FlagRow {
    /// Its id; the page is `/flags/{id}`.
    pub key: FlagKey,
    /// Name of the rule in the page's language.
    pub rule_name: String,
    /// About which place.
    pub place: PlaceRef,
    /// The commune above a village.
    pub parent: Option<PlaceRef>,
    /// Where it is in its life.
    pub state: FlagState,
    /// Last change of state.
    pub since: DateTime<FixedOffset>,
    /// One sentence in the page's language.
    pub explanation: String,
    /// It still fires, although its reason is gone since then.
    pub clear_since: Option<DateTime<FixedOffset>>,
    /// Who took it on.
    pub acknowledgement: Option<Acknowledgement>,
}

impl FlagRow {
    /// The page that explains it.
    #[must_use]
    pub fn href(&self) -> String {
        format!("/flags/{}", crate::shell::percent_encode(&self.key.to_string()))
    }
}

/// Name of a rule that flags can be of.
#[derive(Debug, Clone)]
pub struct RuleRef {
    /// Its id.
    pub id: RuleId,
    /// Its name in the page's language.
    pub name: String,
}

/// A state a village was in.
#[derive(Debug, Clone, Copy)]
pub struct StateSpan {
    /// The state.
    pub state: SignalState,
    /// With what reservation.
    pub qualification: Qualification,
    /// First day it was known.
    pub from: NaiveDate,
    /// First day it was no longer so. `None` while it lasts.
    pub to: Option<NaiveDate>,
}

/// Who must act for a village without signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The universal-service fund: extremely difficult area, with power.
    Fund,
    /// The operator: any other area, with power.
    Operator,
    /// The electricity company first, then the operator: no power.
    Electricity,
    /// Power or area class is not known.
    Unknown,
}

/// The stations nearest to a place, and who says where they are.
#[derive(Debug, Clone, Default)]
pub struct Stations {
    /// Nearest first.
    pub rows: Vec<Station>,
    /// Sources of positions, each with the day from which its newest word is known.
    pub sources: Vec<(Link, NaiveDate)>,
    /// Stations in the area that are too many for the map, the farthest.
    pub unmarked: usize,
}

/// A base-station location near a place.
#[derive(Debug, Clone)]
pub struct Station {
    /// Its name, number or position, leading to where it was said.
    pub name: Link,
    /// Who runs it.
    pub operator: Option<String>,
    /// Technologies, such as `2G, 4G`.
    pub technologies: String,
    /// Distance from the place, in metres.
    pub distance_m: f64,
}

/// An old place that went, whole or in part, to the one shown, or the other way round.
#[derive(Debug, Clone)]
pub struct LineageRow {
    /// Name of the other place with its kind.
    pub name: String,
    /// Its code while it was in force.
    pub code: String,
    /// Whether all of it went.
    pub whole: bool,
    /// Day of the change.
    pub effective: NaiveDate,
    /// The legal act.
    pub act: String,
}

/// Over whose borders the past is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Borders {
    /// Those of each day or period.
    Then,
    /// Those of today: what was said of old places is carried over.
    #[default]
    Now,
}
