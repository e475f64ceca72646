//! Points on their way into frames: equal duplicates count once, conflicting ones are asked and neither goes in.

use std::collections::HashMap;

use gapwatch_model::{Frame, FrameKey, PlaceIx, Point};

/// Where in the file a point came from; the line is the point's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Number of the sheet among those read.
    pub(crate) sheet: u32,
    /// 0-based column.
    pub(crate) column: u32,
}

/// Points of one place that say different things under one key.
pub(crate) type Conflict = (FrameKey, Vec<(Point, Origin)>);

/// Frames being filled.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    by_key: HashMap<FrameKey, usize>,
    frames: Vec<Filled>,
}

/// One frame being filled.
#[derive(Debug)]
struct Filled {
    key: FrameKey,
    points: Vec<Point>,
    /// Where points come from, each with the first point it is true of: mostly all of a sheet are of one column.
    origins: Vec<(usize, Origin)>,
}

impl Filled {
    fn origin(&self, point: usize) -> Origin {
        let behind = self.origins.partition_point(|(from, _)| *from <= point);
        let origin = behind.checked_sub(1).and_then(|at| self.origins.get(at));
        origin.map_or(Origin { sheet: 0, column: 0 }, |(_, origin)| *origin)
    }
}

impl Frames {
    /// The number of a frame, made where it is new.
    pub(crate) fn number(&mut self, key: FrameKey) -> usize {
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        self.frames.push(Filled { key: key.clone(), points: Vec::new(), origins: Vec::new() });
        let number = self.frames.len() - 1;
        self.by_key.insert(key, number);
        number
    }

    /// Adds a point.
    pub(crate) fn push(&mut self, number: usize, point: Point, origin: Origin) {
        let Some(frame) = self.frames.get_mut(number) else { return };
        if frame.origins.last().is_none_or(|(_, last)| *last != origin) {
            frame.origins.push((frame.points.len(), origin));
        }
        frame.points.push(point);
    }

    /// The finished frames, and the points of one place that say different things.
    pub(crate) fn finish(mut self) -> (Vec<Frame>, Vec<Conflict>) {
        self.frames.sort_by(|one, other| one.key.cmp(&other.key));
        let mut conflicts: Vec<Conflict> = Vec::new();
        let mut firsts_at = ByPlace::default();
        let mut frames: Vec<Frame> = Vec::with_capacity(self.frames.len());
        // The method is no part of what a correction replaces, so two methods can contradict each other.
        for alike in self.frames.chunk_by_mut(|one, other| replaces(&one.key, &other.key)) {
            if let [frame] = alike
                && frame.points.is_sorted_by(|one, other| one.place < other.place)
            {
                frames.push(Frame { key: frame.key.clone(), points: std::mem::take(&mut frame.points) });
                continue;
            }
            let alike = &*alike;
            let mut kept: Vec<Vec<Point>> = vec![Vec::new(); alike.len()];
            let points = || {
                let numbered = alike.iter().enumerate();
                numbered.flat_map(|(number, frame)| frame.points.iter().map(move |point| (number, point)))
            };
            let mut firsts: Vec<First<'_>> = Vec::new();
            for (number, point) in points() {
                match firsts_at.get(point.place).and_then(|at| firsts.get_mut(at)) {
                    Some(first) => first.agreed &= says_the_same(first.point, point),
                    None => {
                        firsts_at.set(point.place, firsts.len());
                        firsts.push(First { point, number, agreed: true });
                    }
                }
            }
            if !firsts.is_sorted_by_key(|first| first.point.place) {
                firsts.sort_unstable_by_key(|first| first.point.place);
            }
            let contradicted = conflicts.len();
            for First { point, number, agreed } in &firsts {
                firsts_at.clear(point.place);
                if *agreed {
                    kept.get_mut(*number).into_iter().for_each(|points| points.push(**point));
                } else if let Some(Filled { key, .. }) = alike.first() {
                    firsts_at.set(point.place, conflicts.len());
                    conflicts.push((key.clone(), Vec::new()));
                }
            }
            if contradicted < conflicts.len() {
                for frame in alike {
                    for (at, point) in frame.points.iter().enumerate() {
                        let conflict = firsts_at.get(point.place).and_then(|at| conflicts.get_mut(at));
                        conflict.into_iter().for_each(|(_, said)| said.push((*point, frame.origin(at))));
                    }
                }
                firsts.iter().for_each(|first| firsts_at.clear(first.point.place));
            }
            let whole = alike.iter().zip(kept).filter(|(_, points)| !points.is_empty());
            frames.extend(whole.map(|(frame, points)| Frame { key: frame.key.clone(), points }));
        }
        (frames, conflicts)
    }
}

/// The first point of a place, the number of its frame, and whether all others of the place say the same.
struct First<'p> {
    point: &'p Point,
    number: usize,
    agreed: bool,
}

/// A position for each place. Places are numbered densely, so no hashing is needed.
#[derive(Debug, Default)]
struct ByPlace(Vec<usize>);

impl ByPlace {
    fn get(&self, place: PlaceIx) -> Option<usize> {
        self.0.get(place.0 as usize).copied().filter(|at| *at != usize::MAX)
    }

    fn set(&mut self, place: PlaceIx, at: usize) {
        let number = place.0 as usize;
        if self.0.len() <= number {
            self.0.resize(number + 1, usize::MAX);
        }
        self.0.get_mut(number).into_iter().for_each(|slot| *slot = at);
    }

    fn clear(&mut self, place: PlaceIx) {
        self.0.get_mut(place.0 as usize).into_iter().for_each(|slot| *slot = usize::MAX);
    }
}

fn says_the_same(one: &Point, other: &Point) -> bool {
    one.value == other.value && one.qualifier == other.qualifier && one.samples == other.samples
}

/// Whether what is said under one key replaces what is said under the other: they differ in method at most.
fn replaces(one: &FrameKey, other: &FrameKey) -> bool {
    one.indicator == other.indicator
        && one.period == other.period
        && one.source == other.source
        && one.evidence == other.evidence
        && one.dimensions == other.dimensions
}
