//! States of a village, in the order in which they are tested.

use serde::{Deserialize, Serialize};

/// Mobile signal of a village. The classes are disjoint and tested in this order (domain: Công văn 1603/BTTTT-CVT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Nobody reported, or what was reported no longer speaks.
    Unknown,
    /// *Trắng sóng*: no mobile signal at the village centre.
    NoSignal,
    /// *Lõm sóng*: the centre has signal, a population cluster outside it has not.
    Pocket,
    /// *Phủ sóng*: neither.
    Covered,
}

impl SignalState {
    /// Every state, in testing order.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::NoSignal, Self::Pocket, Self::Covered];

    /// The word used in JSON, in files and in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NoSignal => "no_signal",
            Self::Pocket => "pocket",
            Self::Covered => "covered",
        }
    }
}

/// What to know about a state beside the state itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub struct Qualification {
    /// Only evidence older than its staleness was found, so the state is unknown.
    pub stale: bool,
    /// Evidence was found with fewer samples than the minimum, which does not speak.
    pub insufficient: bool,
    /// A claim and a measurement of one point within the window differ; the measurement speaks.
    pub disputed: bool,
}
