//! Why a count changed between two dates: opening − closed + newly found + regressed ± boundary ± reclassified = closing.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{PlaceIx, SignalState};

/// Kind of a ledger line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// No signal → covered.
    Closed,
    /// Unknown or new → no signal.
    NewlyFound,
    /// Covered → no signal.
    Regressed,
    /// Moved in or out with its state.
    Boundary,
    /// Pocket or unknown on the other side of a move out of, or pocket on the way into, no signal.
    Reclassified,
    /// Stated in published counts without saying which villages.
    NotBrokenDown,
}

/// One village that changed the count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerLine {
    /// Why it counts.
    pub kind: LedgerKind,
    /// Which village.
    pub place: PlaceIx,
    /// State at the opening; `None` when it was not a village of the place then.
    pub before: Option<SignalState>,
    /// State at the closing; `None` when it was no longer a village of the place.
    pub after: Option<SignalState>,
    /// Day the change became known.
    pub on: NaiveDate,
    /// +1 or −1 on the count of villages without signal.
    pub sign: i32,
}

/// The whole account. `opening - closed + newly_found + regressed + boundary + reclassified == closing`, always;
/// only between published counts there is also `not_broken_down`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Ledger {
    /// Villages without signal at the opening, as known on that day.
    pub opening: u32,
    /// No signal → covered.
    pub closed: u32,
    /// Unknown or new → no signal.
    pub newly_found: u32,
    /// Covered → no signal.
    pub regressed: u32,
    /// Signed.
    pub boundary: i32,
    /// Signed.
    pub reclassified: i32,
    /// Signed: what published counts leave open, without saying which villages. Zero in every ledger made of villages.
    pub not_broken_down: i32,
    /// Villages without signal at the closing, as known on that day.
    pub closing: u32,
    /// The villages behind every number.
    pub lines: Vec<LedgerLine>,
}

impl Ledger {
    /// Whether the account balances. It does for every ledger the rules make.
    #[must_use]
    pub fn balances(&self) -> bool {
        i64::from(self.opening) - i64::from(self.closed)
            + i64::from(self.newly_found)
            + i64::from(self.regressed)
            + i64::from(self.boundary)
            + i64::from(self.reclassified)
            + i64::from(self.not_broken_down)
            == i64::from(self.closing)
    }
}
