//! Sets of slots inside one block of places.

use std::ops::Range;

use gapwatch_model::PlaceIx;

/// Places in one block. A frame never crosses a block, so a province's read touches only its own blocks.
pub(crate) const BLOCK: u32 = 4096;

/// Block of a place and its slot inside.
pub(crate) fn locate(place: PlaceIx) -> (u32, u32) {
    (place.0 / BLOCK, place.0 % BLOCK)
}

/// Ascending slots as the ranges they fill.
pub(crate) fn ranges(slots: &[u32]) -> Vec<Range<u32>> {
    let whole = slots.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    whole.filter_map(|range| Some(*range.first()?..range.last()?.saturating_add(1))).collect()
}

/// Some of the slots of one block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mask {
    words: [u64; (BLOCK / 64) as usize],
}

impl Mask {
    pub(crate) fn none() -> Self {
        Self { words: [0; (BLOCK / 64) as usize] }
    }

    pub(crate) fn all() -> Self {
        Self { words: [u64::MAX; (BLOCK / 64) as usize] }
    }

    pub(crate) fn of_words(words: &[u64]) -> Self {
        let mut this = Self::none();
        for (word, given) in this.words.iter_mut().zip(words) {
            *word = *given;
        }
        this
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    pub(crate) fn has(&self, slot: u32) -> bool {
        self.words.get((slot / 64) as usize).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub(crate) fn insert(&mut self, slot: u32) {
        if let Some(word) = self.words.get_mut((slot / 64) as usize) {
            *word |= 1 << (slot % 64);
        }
    }

    /// Adds the slots from `start` up to, but not with, `end`.
    pub(crate) fn insert_all(&mut self, start: usize, end: usize) {
        let (from, to) = (start / 64, end.div_ceil(64));
        for (first, word) in (0..).step_by(64).zip(&mut self.words).take(to).skip(from) {
            let below = |slot: usize| match slot.saturating_sub(first) {
                count @ 0..64 => (1_u64 << count) - 1,
                _ => u64::MAX,
            };
            *word |= below(end) & !below(start);
        }
    }

    /// Removes the slot and says whether it was there.
    pub(crate) fn take(&mut self, slot: u32) -> bool {
        let had = self.has(slot);
        if let Some(word) = self.words.get_mut((slot / 64) as usize) {
            *word &= !(1 << (slot % 64));
        }
        had
    }

    /// Removes what is not in the other.
    pub(crate) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.words.iter_mut().zip(&other.words) {
            *word &= kept;
        }
    }

    /// Adds what is in the other.
    pub(crate) fn add(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Mask, ranges};

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one range is what is meant")]
    fn slots_are_told_as_ranges() {
        assert_eq!(ranges(&[]), []);
        assert_eq!(ranges(&[4, 5, 6]), [4..7]);
        assert_eq!(ranges(&[0, 2, 3, u32::MAX]), [0..1, 2..4, u32::MAX..u32::MAX]);
    }

    #[test]
    fn a_row_of_slots_goes_in_as_one_by_one() {
        for (start, end) in
            [(0, 0), (0, 1), (0, 64), (63, 65), (5, 4000), (4095, 4096), (0, 4096), (128, 128)]
        {
            let (mut at_once, mut one_by_one) = (Mask::none(), Mask::none());
            at_once.insert(7);
            one_by_one.insert(7);
            at_once.insert_all(start, end);
            (0..BLOCK)
                .filter(|slot| (start..end).contains(&(*slot as usize)))
                .for_each(|slot| one_by_one.insert(slot));
            assert_eq!(at_once, one_by_one, "{start}..{end}");
        }
    }
}
