//! Which frame speaks now for each place of a block, and since when a place is known at all.
//!
//! A projection: it holds no values, only numbers of frames, and can be made again from the frames at any time.

use std::collections::HashMap;

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
    owner: Vec<u32>,
    firsts: Vec<i64>,
    /// Per slot: number of the time it was first spoken of, plus one.
    first: Vec<u32>,
}

impl Latest {
    pub(crate) fn new() -> Self {
        Self {
            speakers: Vec::new(),
            owner: vec![0; BLOCK as usize],
            firsts: Vec::new(),
            first: vec![0; BLOCK as usize],
        }
    }

    /// Takes a stored frame in. The order in which frames are taken in does not matter.
    pub(crate) fn add(&mut self, speaker: Speaker, slots: &[u32]) {
        let number = index_of(&mut self.speakers, speaker);
        let known = index_of(&mut self.firsts, speaker.at);
        for slot in slots.iter().map(|slot| *slot as usize) {
            let (Some(owner), Some(first)) = (self.owner.get_mut(slot), self.first.get_mut(slot)) else {
                continue;
            };
            let newer = nth(&self.speakers, *owner).is_none_or(|now| now.order() < speaker.order());
            if newer {
                *owner = number;
            }
            if nth(&self.firsts, *first).is_none_or(|at| *at > speaker.at) {
                *first = known;
            }
        }
    }

    /// The frames that speak, each with the slots it speaks for.
    pub(crate) fn speakers(&self) -> Vec<(Speaker, Mask)> {
        let mut found: Vec<_> = self.speakers.iter().map(|speaker| (*speaker, Mask::none())).collect();
        let mut end = 0;
        for run in self.owner.chunk_by(|a, b| a == b) {
            let start = end;
            end += run.len();
            let index = run.first().and_then(|owner| (*owner as usize).checked_sub(1));
            if let Some((_, mask)) = index.and_then(|index| found.get_mut(index)) {
                mask.insert_all(start, end);
            }
        }
        found.retain(|(_, mask)| !mask.is_empty());
        found
    }

    /// The slots first spoken of at or before the time.
    pub(crate) fn known_by(&self, at: i64) -> Mask {
        let mut mask = Mask::none();
        for (slot, first) in (0..).zip(&self.first) {
            if nth(&self.firsts, *first).is_some_and(|first| *first <= at) {
                mask.insert(slot);
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
        put_runs(&mut out, &owner);
        let (kept, first) = compact(&self.firsts, &self.first);
        put_varint(&mut out, kept.len() as u64);
        for at in kept {
            put_varint(&mut out, zigzag(at));
        }
        put_runs(&mut out, &first);
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
        let owner = runs(&mut reader)?;
        let count = reader.count(BLOCK as usize)?;
        let mut firsts = Vec::with_capacity(count);
        for _ in 0..count {
            firsts.push(unzigzag(reader.varint()?));
        }
        let first = runs(&mut reader)?;
        reader.end()?;
        Ok(Self { speakers, owner, firsts, first })
    }
}

fn nth<T>(list: &[T], number: u32) -> Option<&T> {
    list.get((number as usize).checked_sub(1)?)
}

/// Number of the item, plus one. It is added where it is new.
fn index_of<T: PartialEq>(list: &mut Vec<T>, item: T) -> u32 {
    let index = list.iter().rposition(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Drops what no slot refers to and numbers the rest in order of first use.
fn compact<T: Copy>(list: &[T], numbers: &[u32]) -> (Vec<T>, Vec<u32>) {
    let mut kept = Vec::new();
    let mut renamed: HashMap<u32, u32> = HashMap::new();
    let mut out = Vec::with_capacity(numbers.len());
    let mut last = (0, 0);
    for number in numbers {
        if *number != last.0 {
            let new = match (renamed.get(number), nth(list, *number)) {
                (Some(new), _) => *new,
                (None, Some(item)) => {
                    kept.push(*item);
                    let new = u32::try_from(kept.len()).unwrap_or(u32::MAX);
                    renamed.insert(*number, new);
                    new
                }
                (None, None) => 0,
            };
            last = (*number, new);
        }
        out.push(last.1);
    }
    (kept, out)
}

fn put_runs(out: &mut Vec<u8>, numbers: &[u32]) {
    for run in numbers.chunk_by(|a, b| a == b) {
        put_varint(out, run.len() as u64);
        put_varint(out, u64::from(run.first().copied().unwrap_or(0)));
    }
}

fn runs(reader: &mut Reader<'_>) -> Result<Vec<u32>, Damage> {
    let mut numbers = Vec::with_capacity(BLOCK as usize);
    while numbers.len() < BLOCK as usize {
        let length = reader.count(BLOCK as usize - numbers.len())?;
        let number = u32::try_from(reader.varint()?).map_err(|_| "a number is too large")?;
        if length == 0 {
            return Err("a run is empty");
        }
        numbers.resize(numbers.len() + length, number);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::{Latest, Speaker};

    fn speaker(frame: i64, period: i64, at: i64) -> Speaker {
        Speaker { frame, period, at }
    }

    #[test]
    fn the_newest_period_speaks_and_of_it_the_last_revision() {
        let mut latest = Latest::new();
        latest.add(speaker(1, 10, 100), &[0, 1, 2, 7]);
        latest.add(speaker(2, 11, 110), &[0, 1]);
        latest.add(speaker(3, 10, 120), &[0, 2]);
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
        frames.iter().for_each(|(speaker, slots)| there.add(*speaker, slots));
        frames.iter().rev().for_each(|(speaker, slots)| back.add(*speaker, slots));
        let decoded = Latest::decode(&there.encode()).unwrap();
        assert_eq!(decoded, Latest::decode(&back.encode()).unwrap());
        assert_eq!(decoded.speakers().iter().map(|(s, _)| s.frame).collect::<Vec<_>>(), [2, 3]);
        assert!(there.encode().len() < 64);
    }
}
