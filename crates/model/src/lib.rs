//! The vocabulary every other room speaks: places, periods, indicators, observations, targets, flags.
//!
//! Values in, values out. This room never reads the clock, a file or the network, and holds no threshold.

mod flag;
mod indicator;
mod ledger;
mod name;
mod observation;
mod percent;
mod period;
mod place;
mod run;
mod signal;
mod station;
mod target;
pub mod text;

pub use flag::{Acknowledgement, Flag, FlagKey, FlagState, ParseFlagKeyError, RuleId, Subject};
pub use indicator::{Aggregation, Direction, Indicator, IndicatorSet, Level, Unit, ValueKind};
pub use ledger::{Ledger, LedgerKind, LedgerLine};
pub use name::{CollectorName, IndicatorId};
pub use observation::{Dimensions, Evidence, Frame, FrameKey, Head, Observation, Point, Qualifier, Value};
pub use percent::Percent;
pub use period::{ParsePeriodError, Period, PeriodKind};
pub use place::{
    AreaClass, Gazetteer, GazetteerError, GeoPoint, Lineage, Membership, Part, Place, PlaceCode, PlaceId,
    PlaceIx, PlaceLevel,
};
pub use run::{Batch, NewPlaces, Outcome, Reject, RejectCode, Run, RunId};
pub use signal::{Qualification, SignalState};
pub use station::Station;
pub use target::{Comparator, Condition, Target, TargetPath, TargetStatus};
