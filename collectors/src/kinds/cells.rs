//! Cells of OpenCelliD.
/// The indicator it brings.
pub(crate) const INDICATOR: &str = "cells.by_technology";
