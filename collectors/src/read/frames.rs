//! Points on their way into frames: equal duplicates count once, conflicting ones are asked and neither goes in.

use std::collections::HashMap;

use gapwatch_model::{Frame, FrameKey, PlaceIx, Point};

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
            // Points are wide: their places and where they lie are sorted in their stead.
            let mut order: Vec<(PlaceIx, usize, usize)> = Vec::new();
            for (number, (_, points)) in alike.iter().enumerate() {
                order.extend(points.iter().enumerate().map(|(at, (point, _))| (point.place, number, at)));
            }
            order.sort_unstable();
            let said = |(_, number, at): &(PlaceIx, usize, usize)| alike.get(*number)?.1.get(*at).copied();
            let mut kept: Vec<Vec<Point>> = vec![Vec::new(); alike.len()];
            for same in order.chunk_by(|one, other| one.0 == other.0) {
                let Some((number, (first, _))) = same.first().and_then(|it| Some((it.1, said(it)?))) else {
                    continue;
                };
                let agree = |(other, _): (Point, Origin)| {
                    other.value == first.value
                        && other.qualifier == first.qualifier
                        && other.samples == first.samples
                };
                if same.iter().filter_map(said).all(agree) {
                    kept.get_mut(number).into_iter().for_each(|points| points.push(first));
                } else if let Some((key, _)) = alike.first() {
                    conflicts.push((key.clone(), same.iter().filter_map(said).collect()));
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
