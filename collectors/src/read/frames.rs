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

/// Points of one place that say different things under one key.
pub(crate) type Conflict = (FrameKey, Vec<(Point, Origin)>);

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
    pub(crate) fn finish(mut self) -> (Vec<Frame>, Vec<Conflict>) {
        self.frames.sort_by(|one, other| one.0.cmp(&other.0));
        let mut conflicts = Vec::new();
        let mut frames: Vec<Frame> = Vec::with_capacity(self.frames.len());
        // The method is no part of what a correction replaces, so two methods can contradict each other.
        for alike in self.frames.chunk_by(|(one, _), (other, _)| replaces(one, other)) {
            let mut said: Vec<(usize, Point, Origin)> = Vec::new();
            for (number, (_, points)) in alike.iter().enumerate() {
                said.extend(points.iter().map(|(point, origin)| (number, *point, *origin)));
            }
            said.sort_by_key(|(_, point, _)| point.place);
            let mut kept: Vec<Vec<Point>> = vec![Vec::new(); alike.len()];
            for same in said.chunk_by(|one, other| one.1.place == other.1.place) {
                let Some((number, first, _)) = same.first() else { continue };
                let agree = |(_, other, _): &(usize, Point, Origin)| {
                    other.value == first.value
                        && other.qualifier == first.qualifier
                        && other.samples == first.samples
                };
                if same.iter().all(agree) {
                    kept.get_mut(*number).into_iter().for_each(|points| points.push(*first));
                } else if let Some((key, _)) = alike.first() {
                    conflicts.push((
                        key.clone(),
                        same.iter().map(|(_, point, origin)| (*point, *origin)).collect(),
                    ));
                }
            }
            let whole = alike.iter().zip(kept).filter(|(_, points)| !points.is_empty());
            frames.extend(whole.map(|((key, _), points)| Frame { key: key.clone(), points }));
        }
        (frames, conflicts)
    }
}

/// Whether what is said under one key replaces what is said under the other: they differ in method at most.
fn replaces(one: &FrameKey, other: &FrameKey) -> bool {
    one.indicator == other.indicator
        && one.period == other.period
        && one.source == other.source
        && one.evidence == other.evidence
        && one.dimensions == other.dimensions
}
