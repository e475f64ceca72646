//! Where the crowd saw cells: positions for maps and distances. They say that something is there, never that nothing is.

use serde::{Deserialize, Serialize};

use crate::GeoPoint;

/// One technology of one operator at one position, as a source said it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Who runs it, or its network code where that is nobody known: `452-09`.
    pub operator: String,
    /// Technology, such as `4G`.
    pub technology: String,
    /// Position, in degrees to five decimals (about a metre).
    pub at: GeoPoint,
    /// 1-based line of the file that said it first.
    pub line: u32,
}
