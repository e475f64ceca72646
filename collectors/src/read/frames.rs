//! Points on their way into frames: equal duplicates count once, conflicting ones are asked and neither goes in.

use std::collections::HashMap;

use gapwatch_model::{Frame, FrameKey, Point};

/// Where in the file a point came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Number of the sheet among those read.
    pub(crate) sheet: u32,
    /// 0-based row in the sheet's grid.
    pub(crate) row: u32,
    /// 0-based column.
    pub(crate) column: u32,
}

/// Frames being filled.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    by_key: HashMap<FrameKey, usize>,
    frames: Vec<(FrameKey, Vec<(Point, Origin)>)>,
}

impl Frames {
    /// The number of a frame, made where it is new.
    pub(crate) fn number(&mut self, key: FrameKey) -> usize {
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        self.frames.push((key.clone(), Vec::new()));
        let number = self.frames.len() - 1;
        self.by_key.insert(key, number);
        number
    }

    /// Adds a point.
    pub(crate) fn push(&mut self, number: usize, point: Point, origin: Origin) {
        if let Some((_, points)) = self.frames.get_mut(number) {
            points.push((point, origin));
        }
    }

    /// The finished frames, and the points of one place that say different things.
    pub(crate) fn finish(self) -> (Vec<Frame>, Vec<(FrameKey, Vec<(Point, Origin)>)>) {
        let mut frames = Vec::with_capacity(self.frames.len());
        let mut conflicts = Vec::new();
        for (key, mut points) in self.frames {
            points.sort_by_key(|(point, _)| point.place);
            let mut kept = Vec::with_capacity(points.len());
            for same in points.chunk_by(|(one, _), (other, _)| one.place == other.place) {
                let Some((first, _)) = same.first() else { continue };
                let agree = |(other, _): &(Point, Origin)| {
                    other.value == first.value
                        && other.qualifier == first.qualifier
                        && other.samples == first.samples
                };
                if same.iter().all(agree) {
                    kept.push(*first);
                } else {
                    conflicts.push((key.clone(), same.to_vec()));
                }
            }
            if !kept.is_empty() {
                frames.push(Frame { key, points: kept });
            }
        }
        frames.sort_by(|one, other| one.key.cmp(&other.key));
        (frames, conflicts)
    }
}
