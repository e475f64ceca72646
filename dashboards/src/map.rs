//! Maps drawn as SVG on the server: areas by value (communes of a province, provinces of the country) and points
//! (villages by state, stations). Every shape is a link and has words; states differ by pattern as well as by colour.

mod classes;
mod draw;
mod label;
mod outline;

use std::sync::Arc;

use gapwatch_model::{Direction, GeoPoint, Qualification, SignalState, Unit};

use crate::figure::Amount;

pub(crate) use draw::{map, multiples, patterns};
pub use outline::Outline;

/// One area as it comes from a boundary file.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Code of the place.
    pub code: String,
    /// Its name, as on the label.
    pub name: String,
    /// Rings of (longitude, latitude) in degrees, closed or not; holes wind the other way.
    pub rings: Vec<Vec<(f64, f64)>>,
}

/// What is known of one area.
#[derive(Debug, Clone)]
pub struct Area {
    /// Code of its shape.
    pub code: String,
    /// Its name with its kind.
    pub name: String,
    /// Where a click leads.
    pub href: String,
    /// The value it is coloured by.
    pub amount: Amount,
    /// More to say in its tip: `138 trắng sóng, 12 lõm sóng trong 1.450 thôn`.
    pub note: String,
}

/// What stands at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A village.
    Village {
        /// Its state.
        state: SignalState,
        /// With what reservation.
        qualification: Qualification,
        /// It has no grid power. `None`: nobody said.
        grid_power: Option<bool>,
    },
    /// A base-station location.
    Station,
}

/// One point.
#[derive(Debug, Clone)]
pub struct Dot {
    /// Where.
    pub at: GeoPoint,
    /// Name, in its tip and as its label where there is room.
    pub name: String,
    /// Where a click leads.
    pub href: Option<String>,
    /// What stands there.
    pub mark: Mark,
}

/// A map with its legend.
#[derive(Debug, Clone)]
pub struct Map {
    /// What it shows: `Số thôn trắng sóng theo xã`.
    pub title: String,
    /// The areas.
    pub outline: Arc<Outline>,
    /// What is known of them. Shapes without an entry are drawn as *not reported*.
    pub areas: Vec<Area>,
    /// Unit of the areas' values.
    pub unit: Unit,
    /// Decimals of the areas' values.
    pub decimals: u8,
    /// Which way is better: the darkest class is the worst.
    pub direction: Direction,
    /// Points over the areas.
    pub dots: Vec<Dot>,
    /// Code of the one area to show alone (a commune's own page); everything else is cut away.
    pub only: Option<String>,
}
