//! Ready-made sources: what their files look like is known, so a collector's file need not say it.

pub(crate) mod cells;
pub(crate) mod ispeed;
pub(crate) mod json;
pub(crate) mod ookla;
pub(crate) mod portal766;
