//! Which frame speaks now for each place of a block, and since when a place is known at all.
//!
//! A projection: it holds no values, only numbers of frames, and can be made again from the frames at any time.

use std::ops::Range;

use super::{
    column::{Damage, Reader, put_varint, unzigzag, zigzag},
    mask::{BLOCK, Mask},
    points::{checked, seal},
};

/// One frame that speaks for at least one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub(crate) frame: i64,
    pub(crate) period: i64,
    pub(crate) at: i64,
}

impl Speaker {
    /// The newest period speaks; of its revisions the one recorded last.
    fn order(self) -> (i64, i64, i64) {
        (self.period, self.at, self.frame)
    }
}

/// The projection of one stream and block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Latest {
    speakers: Vec<Speaker>,
    /// Per slot: number of its speaker plus one; 0 where the place was never spoken of.
    owner: Runs,
    firsts: Vec<i64>,
    /// Per slot: number of the time it was first spoken of, plus one.
    first: Runs,
}

impl Latest {
    pub(crate) fn new() -> Self {
        Self { speakers: Vec::new(), owner: Runs::new(), firsts: Vec::new(), first: Runs::new() }
    }

    /// Takes a stored frame in, by the slots it fills, which rise. The order in which frames are taken in does not matter.
    pub(crate) fn add(&mut self, speaker: Speaker, ranges: &[Range<u32>]) {
        let number = index_of(&mut self.speakers, speaker);
        self.owner.change(ranges, |owner| {
            let newer = nth(&self.speakers, owner).is_none_or(|now| now.order() < speaker.order());
            if newer { number } else { owner }
        });
        let known = index_of(&mut self.firsts, speaker.at);
        self.first.change(ranges, |first| {
            let earlier = nth(&self.firsts, first).is_none_or(|at| *at > speaker.at);
            if earlier { known } else { first }
        });
    }

    /// The frames that speak, each with the slots it speaks for.
    pub(crate) fn speakers(&self) -> Vec<(Speaker, Mask)> {
        let mut found: Vec<_> = self.speakers.iter().map(|speaker| (*speaker, Mask::none())).collect();
        for (start, end, owner) in self.owner.iter() {
            let index = (owner as usize).checked_sub(1);
            if let Some((_, mask)) = index.and_then(|index| found.get_mut(index)) {
                mask.insert_all(start as usize, end as usize);
            }
        }
        found.retain(|(_, mask)| !mask.is_empty());
        found
    }

    /// The slots first spoken of at or before the time.
    pub(crate) fn known_by(&self, at: i64) -> Mask {
        let mut mask = Mask::none();
        for (start, end, first) in self.first.iter() {
            if nth(&self.firsts, first).is_some_and(|first| *first <= at) {
                mask.insert_all(start as usize, end as usize);
            }
        }
        mask
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (kept, owner) = compact(&self.speakers, &self.owner);
        put_varint(&mut out, kept.len() as u64);
        for speaker in kept {
            put_varint(&mut out, zigzag(speaker.frame));
            put_varint(&mut out, zigzag(speaker.period));
            put_varint(&mut out, zigzag(speaker.at));
        }
        owner.put(&mut out);
        let (kept, first) = compact(&self.firsts, &self.first);
        put_varint(&mut out, kept.len() as u64);
        for at in kept {
            put_varint(&mut out, zigzag(at));
        }
        first.put(&mut out);
        seal(out)
    }

    pub(crate) fn decode(sealed: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(checked(sealed)?);
        let count = reader.count(BLOCK as usize)?;
        let mut speakers = Vec::with_capacity(count);
        for _ in 0..count {
            speakers.push(Speaker {
                frame: unzigzag(reader.varint()?),
                period: unzigzag(reader.varint()?),
                at: unzigzag(reader.varint()?),
            });
        }
        let owner = Runs::read(&mut reader, count)?;
        let count = reader.count(BLOCK as usize)?;
        let mut firsts = Vec::with_capacity(count);
        for _ in 0..count {
            firsts.push(unzigzag(reader.varint()?));
        }
        let first = Runs::read(&mut reader, count)?;
        reader.end()?;
        Ok(Self { speakers, owner, firsts, first })
    }
}

/// A number for every slot of a block, as runs of equal ones: where each ends, and its number.
#[derive(Debug, Clone, PartialEq)]
struct Runs(Vec<(u32, u32)>);

impl Runs {
    fn new() -> Self {
        Self(vec![(BLOCK, 0)])
    }

    /// Start, end and number of every run.
    fn iter(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        self.0.iter().scan(0, |next, (end, number)| Some((std::mem::replace(next, *end), *end, *number)))
    }

    /// Appends a run that begins where the last one ended.
    fn push(&mut self, end: u32, number: u32) {
        match self.0.last_mut() {
            Some((last, same)) if *same == number => *last = end,
            _ => self.0.push((end, number)),
        }
    }

    /// Gives the slots in these ranges, which rise, another number.
    fn change(&mut self, ranges: &[Range<u32>], new: impl Fn(u32) -> u32) {
        let mut changed = Self(Vec::with_capacity(self.0.len() + 2 * ranges.len()));
        let mut ranges = ranges.iter().peekable();
        for (mut start, end, number) in self.iter() {
            while start < end {
                while ranges.next_if(|range| range.end <= start).is_some() {}
                let (to, number) = match ranges.peek() {
                    Some(range) if range.start <= start => (range.end, new(number)),
                    Some(range) => (range.start, number),
                    None => (end, number),
                };
                start = to.min(end);
                changed.push(start, number);
            }
        }
        *self = changed;
    }

    fn put(&self, out: &mut Vec<u8>) {
        for (start, end, number) in self.iter() {
            put_varint(out, u64::from(end - start));
            put_varint(out, u64::from(number));
        }
    }

    /// Reads runs of numbers up to `most`.
    fn read(reader: &mut Reader<'_>, most: usize) -> Result<Self, Damage> {
        let (mut runs, mut end) = (Self(Vec::new()), 0);
        while end < BLOCK {
            let length = reader.count((BLOCK - end) as usize)?;
            let number = reader.count(most)?;
            if length == 0 {
                return Err("a run is empty");
            }
            let number = u32::try_from(number).map_err(|_| "a number is too large")?;
            end += u32::try_from(length).map_err(|_| "a run is too long")?;
            runs.push(end, number);
        }
        Ok(runs)
    }
}

fn nth<T>(list: &[T], number: u32) -> Option<&T> {
    list.get((number as usize).checked_sub(1)?)
}

/// Number of the item, plus one. It is added where it is new.
fn index_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> u32 {
    match list.iter().rposition(|known| *known == item) {
        Some(index) => u32::try_from(index + 1).unwrap_or(u32::MAX),
        None => add(list, item),
    }
}

/// Adds an item and gives its number, plus one.
fn add<T>(list: &mut Vec<T>, item: T) -> u32 {
    list.push(item);
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Drops what no slot refers to and numbers the rest in order of first use.
fn compact<T: Copy>(list: &[T], numbers: &Runs) -> (Vec<T>, Runs) {
    let (mut kept, mut renamed) = (Vec::new(), vec![0; list.len() + 1]);
    let mut out = Runs(Vec::with_capacity(numbers.0.len()));
    for (end, number) in &numbers.0 {
        let new = match (renamed.get_mut(*number as usize), nth(list, *number)) {
            (Some(new), Some(item)) => {
                if *new == 0 {
                    *new = add(&mut kept, *item);
                }
                *new
            }
            _ => 0,
        };
        out.push(*end, new);
    }
    (kept, out)
}

#[cfg(test)]
mod tests {
    use super::{super::mask::ranges, BLOCK, Latest, Speaker};
    use proptest::prelude::{ProptestConfig, prop, proptest};

    fn speaker(frame: i64, period: i64, at: i64) -> Speaker {
        Speaker { frame, period, at }
    }

    #[test]
    fn the_newest_period_speaks_and_of_it_the_last_revision() {
        let mut latest = Latest::new();
        latest.add(speaker(1, 10, 100), &ranges(&[0, 1, 2, 7]));
        latest.add(speaker(2, 11, 110), &ranges(&[0, 1]));
        latest.add(speaker(3, 10, 120), &ranges(&[0, 2]));
        let speakers = latest.speakers();
        let of = |frame| speakers.iter().find(|(s, _)| s.frame == frame).map(|(_, mask)| mask.clone());
        assert!(of(1).unwrap().has(7) && !of(1).unwrap().has(2));
        assert!(of(2).unwrap().has(0) && of(2).unwrap().has(1));
        assert!(of(3).unwrap().has(2) && !of(3).unwrap().has(0));
        assert!(latest.known_by(100).has(7) && !latest.known_by(99).has(7));
        assert_eq!(Latest::decode(&latest.encode()).unwrap().speakers().len(), 3);
    }

    #[test]
    fn order_of_arrival_does_not_matter_and_silent_frames_are_dropped() {
        let frames = [
            (speaker(1, 10, 100), vec![0, 1]),
            (speaker(2, 11, 90), vec![0, 1]),
            (speaker(3, 11, 90), vec![1]),
        ];
        let (mut there, mut back) = (Latest::new(), Latest::new());
        frames.iter().for_each(|(speaker, slots)| there.add(*speaker, &ranges(slots)));
        frames.iter().rev().for_each(|(speaker, slots)| back.add(*speaker, &ranges(slots)));
        let decoded = Latest::decode(&there.encode()).unwrap();
        assert_eq!(decoded, Latest::decode(&back.encode()).unwrap());
        assert_eq!(decoded.speakers().iter().map(|(s, _)| s.frame).collect::<Vec<_>>(), [2, 3]);
        assert!(there.encode().len() < 64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn runs_say_what_a_list_of_all_slots_says(
            frames in prop::collection::vec((0..4_i64, 0..4_i64, prop::collection::btree_set(0..BLOCK, 0..40), 0..BLOCK), 0..12)
        ) {
            let mut latest = Latest::new();
            let mut slots: Vec<Option<(Speaker, i64)>> = vec![None; BLOCK as usize];
            for (frame, (period, at, some, all_above)) in (1..).zip(frames) {
                let said: Vec<u32> = some.into_iter().filter(|slot| *slot < all_above).chain(all_above..BLOCK).collect();
                let speaker = speaker(frame, period, at);
                latest.add(speaker, &ranges(&said));
                latest = Latest::decode(&latest.encode()).unwrap();
                for slot in said {
                    let (now, first) = slots[slot as usize].unwrap_or((speaker, at));
                    let newer = if now.order() < speaker.order() { speaker } else { now };
                    slots[slot as usize] = Some((newer, first.min(at)));
                }
            }
            for (speaker, mask) in latest.speakers() {
                for slot in 0..BLOCK {
                    assert_eq!(mask.has(slot), slots[slot as usize].is_some_and(|(now, _)| now == speaker));
                }
            }
            for at in 0..4 {
                let known = latest.known_by(at);
                assert!((0..BLOCK).all(|slot| known.has(slot) == slots[slot as usize].is_some_and(|(_, first)| first <= at)));
            }
        }
    }
}
