//! The tree of a computation: every place above the village as a row, each after everything below it, over the borders of
//! one day.

use chrono::NaiveDate;
use gapwatch_model::{Gazetteer, PlaceIx};

use crate::facts::Facts;

/// Mergers of mergers that are followed at most.
const LONGEST_LINEAGE: u8 = 8;

/// The non-village places of a computation, each after everything below it.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) places: Vec<PlaceIx>,
    pub(crate) parent: Vec<Option<usize>>,
    /// By number of a place.
    row_of: Vec<u32>,
    /// Villages with the row of the commune they belong to.
    pub(crate) villages: Vec<(PlaceIx, usize)>,
}

impl Rows {
    /// Links places (deepest level first, then by number) with their parents of the day.
    pub(crate) fn new(facts: &Facts, mut places: Vec<PlaceIx>, villages: &[PlaceIx], day: NaiveDate) -> Self {
        let gazetteer = &facts.gazetteer;
        places.sort_unstable_by_key(|ix| (std::cmp::Reverse(gazetteer.get(*ix).level), *ix));
        let mut row_of = vec![u32::MAX; gazetteer.len()];
        for (row, place) in (0..).zip(&places) {
            if let Some(slot) = row_of.get_mut(place.index()) {
                *slot = row;
            }
        }
        let row = |ix: PlaceIx| row_of.get(ix.index()).copied().filter(|row| *row != u32::MAX);
        let above = |ix: PlaceIx| row(belongs_on(gazetteer, ix, day)?).map(|row| row as usize);
        let parent = places.iter().map(|ix| above(*ix)).collect();
        let villages = villages.iter().filter_map(|ix| Some((*ix, above(*ix)?))).collect();
        Self { places, parent, row_of, villages }
    }

    /// Whether a village is counted under a place.
    pub(crate) fn holds(&self, place: PlaceIx, village: PlaceIx) -> bool {
        let found = self.villages.binary_search_by_key(&village, |(village, _)| *village).ok();
        let mut here = found.and_then(|at| self.villages.get(at)).map(|(_, row)| *row);
        let wanted = self.row_of(place);
        while here.is_some() && here != wanted {
            here = here.and_then(|row| self.parent.get(row).copied().flatten());
        }
        here.is_some()
    }

    /// The row of a place, if it has one.
    pub(crate) fn row_of(&self, place: PlaceIx) -> Option<usize> {
        self.row_of.get(place.index()).filter(|row| **row != u32::MAX).map(|row| *row as usize)
    }
}

/// Where a place belongs over the borders of a day: under its parent, or under what that went on in. Of several that
/// went on in parts, under what is above them all, so that no total loses it.
pub(crate) fn belongs_on(gazetteer: &Gazetteer, place: PlaceIx, day: NaiveDate) -> Option<PlaceIx> {
    carried(gazetteer, gazetteer.parent_on(place, day)?, day, LONGEST_LINEAGE)
}

/// Whether a place is another or lies in it, over the borders of a day: a place that ended lies where it went on.
#[must_use]
pub fn lies_in(gazetteer: &Gazetteer, place: PlaceIx, above: PlaceIx, day: NaiveDate) -> bool {
    let mut here = Some(carried(gazetteer, place, day, LONGEST_LINEAGE).unwrap_or(place));
    while here.is_some() && here != Some(above) {
        here = here.and_then(|ix| belongs_on(gazetteer, ix, day));
    }
    here.is_some()
}

/// The place itself, or over the borders of another day the one it went on in.
pub(crate) fn today(gazetteer: &Gazetteer, place: PlaceIx, day: NaiveDate) -> PlaceIx {
    carried(gazetteer, place, day, LONGEST_LINEAGE).unwrap_or(place)
}

fn carried(gazetteer: &Gazetteer, place: PlaceIx, day: NaiveDate, steps: u8) -> Option<PlaceIx> {
    if gazetteer.get(place).in_force_on(day) {
        return Some(place);
    }
    let further = steps.checked_sub(1)?;
    let went_on = gazetteer.successors(place).filter_map(|(next, _)| carried(gazetteer, next, day, further));
    went_on.reduce(|one, other| {
        let above = |ix: PlaceIx| std::iter::once(ix).chain(gazetteer.ancestors_on(ix, day));
        above(one).find(|common| above(other).any(|ix| ix == *common)).unwrap_or(one)
    })
}
