//! From degrees to a small drawing: projection, simplification that keeps neighbours touching, short path texts.
//!
//! Equirectangular at the middle latitude: for a province or for Vietnam the error is far below a pixel of shape.
//! Points are rounded to whole units. A point where more than two lines meet is a corner that stays; the line between
//! two corners is simplified once for both neighbours, so that no gap opens between them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use gapwatch_model::GeoPoint;

use super::{
    Shape,
    label::{self, Label},
};

/// A point of the drawing, in whole units.
pub(super) type P = (i32, i32);

/// Farthest a simplified line may be from the true one, in units of the drawing.
const TOLERANCE: f64 = 1.6;
/// Rings smaller than this many square units become a dot.
const SMALLEST_AREA: f64 = 30.0;

/// One area ready to draw.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawn {
    pub(super) code: String,
    pub(super) name: String,
    /// The `d` of its path.
    pub(super) path: String,
    /// Middle of its label, when there is room for one.
    pub(super) label: Option<Label>,
    /// Left, top, right and bottom.
    pub(super) bounds: (i32, i32, i32, i32),
}

/// Areas made ready to draw: projected, simplified together so that neighbours still touch, labels placed. Made once
/// per boundary file and kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    pub(super) areas: Vec<Drawn>,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) captions: Vec<(P, String)>,
    frame: Frame,
}

/// Where degrees go: left and upper edge, and units per degree.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Frame {
    west: f64,
    north: f64,
    per_lon: f64,
    per_lat: f64,
}

impl Frame {
    fn place(self, lon: f64, lat: f64) -> P {
        (whole((lon - self.west) * self.per_lon), whole((self.north - lat) * self.per_lat))
    }
}

impl Outline {
    /// Projects and simplifies areas to a drawing of this many units in width; 1000 suits a page.
    #[must_use]
    pub fn new(shapes: &[Shape], width: u16) -> Self {
        let all = shapes.iter().flat_map(|shape| shape.rings.iter().flatten().copied());
        Self::framed(shapes, extent(all), width)
    }

    /// One area large, with the parts of its neighbours that the frame holds. `None` when no shape has the code.
    #[must_use]
    pub fn around(shapes: &[Shape], code: &str, width: u16) -> Option<Self> {
        let centre = shapes.iter().find(|shape| shape.code == code)?;
        let (west, south, east, north) = extent(centre.rings.iter().flatten().copied());
        let margin = ((east - west) + (north - south)) * 0.05;
        let frame = (west - margin, south - margin, east + margin, north + margin);
        let near = |shape: &&Shape| {
            let (w, s, e, n) = extent(shape.rings.iter().flatten().copied());
            w < frame.2 && e > frame.0 && s < frame.3 && n > frame.1
        };
        let shapes: Vec<Shape> = shapes.iter().filter(near).cloned().collect();
        Some(Self::framed(&shapes, frame, width))
    }

    /// Adds words that belong to no one area, such as the name of an archipelago, each centred on its position.
    #[must_use]
    pub fn captioned(mut self, captions: &[(GeoPoint, &str)]) -> Self {
        self.captions = captions.iter().map(|(at, words)| (self.place(*at), (*words).to_owned())).collect();
        self
    }

    /// Where a position lies in the drawing.
    pub(super) fn place(&self, at: GeoPoint) -> P {
        self.frame.place(at.lon, at.lat)
    }

    fn framed(shapes: &[Shape], (west, south, east, north): (f64, f64, f64, f64), width: u16) -> Self {
        let shrink = ((south + north) / 2.0).to_radians().cos();
        let per_lon = f64::from(width) / (east - west).max(1e-6);
        let per_lat = per_lon / shrink.max(1e-6);
        let frame = Frame { west, north, per_lon, per_lat };
        let height = whole((north - south) * per_lat);
        let rings: Vec<Vec<(Vec<P>, bool)>> = shapes
            .iter()
            .map(|shape| {
                let rings = shape.rings.iter();
                rings.map(|ring| (gridded(ring, frame), signed_area(ring) < 0.0)).collect()
            })
            .collect();
        let corners = corners(rings.iter().flatten().map(|(ring, _)| ring.as_slice()));
        let mut largest = Vec::with_capacity(shapes.len());
        let mut areas = Vec::with_capacity(shapes.len());
        for (shape, rings) in shapes.iter().zip(&rings) {
            let mut path = String::new();
            let mut dots = HashSet::new();
            let mut kept: Vec<(f64, Vec<P>)> = Vec::new();
            for (ring, hole) in rings {
                let simple = simplified(ring, &corners);
                let area = grid_area(&simple).abs();
                if area >= SMALLEST_AREA && simple.len() >= 3 {
                    write_ring(&mut path, &simple);
                    kept.push((area, simple));
                } else if let (false, Some(&(x, y))) = (hole, ring.first())
                    && dots.insert((x / 4, y / 4))
                {
                    // An island too small to have a shape is still there. Writing to a string cannot fail.
                    write!(path, "M{x} {y}h5v5h-5z").ok();
                }
            }
            kept.sort_by(|one, other| other.0.total_cmp(&one.0));
            largest.push(kept.into_iter().next().unwrap_or_default());
            let bounds = bounds(rings.iter().flat_map(|(ring, _)| ring));
            areas.push(Drawn {
                code: shape.code.clone(),
                name: shape.name.clone(),
                path,
                label: None,
                bounds,
            });
        }
        let size = (i32::from(width), height);
        for (area, at) in areas.iter_mut().zip(label::place(shapes, &largest, size, label_line(size.0))) {
            area.label = at;
        }
        Self { areas, width: size.0, height: size.1, captions: Vec::new(), frame }
    }
}

/// Height of one line of a label in a drawing of this width: the same on screen whatever the width.
pub(super) fn label_line(width: i32) -> i32 {
    (label::LINE * width / 1000).max(1)
}

/// Left, top, right, bottom.
fn bounds<'a>(points: impl Iterator<Item = &'a P>) -> (i32, i32, i32, i32) {
    let start = (i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    let found = points.fold(start, |(l, t, r, b), (x, y)| (l.min(*x), t.min(*y), r.max(*x), b.max(*y)));
    if found.0 <= found.2 { found } else { (0, 0, 0, 0) }
}

/// West, south, east, north.
fn extent(points: impl Iterator<Item = (f64, f64)>) -> (f64, f64, f64, f64) {
    let start = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
    let found =
        points.fold(start, |(w, s, e, n), (lon, lat)| (w.min(lon), s.min(lat), e.max(lon), n.max(lat)));
    if found.0.is_finite() { found } else { (0.0, 0.0, 1.0, 1.0) }
}

/// Far outside any drawing, and far from the end of what sums and products of points may reach.
const FARTHEST: f64 = 1e6;

#[expect(clippy::cast_possible_truncation, reason = "held within the range of i32 first; no number is 0")]
fn whole(number: f64) -> i32 {
    number.round().clamp(-FARTHEST, FARTHEST) as i32
}

fn gridded(ring: &[(f64, f64)], frame: Frame) -> Vec<P> {
    let mut points: Vec<P> = ring.iter().map(|(lon, lat)| frame.place(*lon, *lat)).collect();
    points.dedup();
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    points
}

/// Twice the area in square degrees would do as well: only the sign counts. Counter-clockwise is positive.
fn signed_area(ring: &[(f64, f64)]) -> f64 {
    pairs(ring).map(|((x1, y1), (x2, y2))| x1 * y2 - x2 * y1).sum()
}

/// Area in square units, positive or negative by direction.
pub(super) fn grid_area(ring: &[P]) -> f64 {
    let cross = |((x1, y1), (x2, y2)): (P, P)| f64::from(x1) * f64::from(y2) - f64::from(x2) * f64::from(y1);
    pairs(ring).map(cross).sum::<f64>() / 2.0
}

/// Every edge of a closed ring.
pub(super) fn pairs<T: Copy>(ring: &[T]) -> impl Iterator<Item = (T, T)> {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Points where more than two lines meet.
fn corners<'a>(rings: impl Iterator<Item = &'a [P]>) -> HashSet<P> {
    let mut neighbours: HashMap<P, BTreeSet<P>> = HashMap::new();
    for ring in rings {
        for (one, other) in pairs(ring) {
            neighbours.entry(one).or_default().insert(other);
            neighbours.entry(other).or_default().insert(one);
        }
    }
    neighbours.into_iter().filter(|(_, near)| near.len() > 2).map(|(point, _)| point).collect()
}

/// The ring with every line between two corners simplified; the same for both sides of a border.
fn simplified(ring: &[P], corners: &HashSet<P>) -> Vec<P> {
    if ring.len() < 4 {
        return ring.to_vec();
    }
    let start = ring.iter().position(|point| corners.contains(point)).or_else(|| {
        let least = ring.iter().min()?;
        ring.iter().position(|point| point == least)
    });
    let mut turned = ring.to_vec();
    turned.rotate_left(start.unwrap_or(0));
    turned.extend(turned.first().copied());
    let mut simple: Vec<P> = Vec::new();
    let mut line: Vec<P> = Vec::new();
    for point in turned {
        line.push(point);
        if line.len() > 1 && (corners.contains(&point) || line.first() == Some(&point)) {
            simple.pop();
            simple.extend(line_simplified(&line));
            line = vec![point];
        }
    }
    simple.pop();
    simple
}

/// A line between two corners, simplified in the direction that does not depend on who asks.
fn line_simplified(line: &[P]) -> Vec<P> {
    let mut line = line.to_vec();
    let turned = line.iter().rev().lt(line.iter());
    if turned {
        line.reverse();
    }
    let mut kept = if line.first() == line.last() {
        let far = line.iter().enumerate().max_by_key(|(_, point)| {
            let from = line.first().copied().unwrap_or_default();
            (i64::from(point.0 - from.0)).pow(2) + (i64::from(point.1 - from.1)).pow(2)
        });
        let at = far.map_or(0, |(at, _)| at);
        let mut first = peucker(line.get(..=at).unwrap_or_default());
        first.pop();
        first.extend(peucker(line.get(at..).unwrap_or_default()));
        first
    } else {
        peucker(&line)
    };
    if turned {
        kept.reverse();
    }
    kept
}

/// Douglas and Peucker: keeps the ends and every point farther than the tolerance from the line between them.
fn peucker(line: &[P]) -> Vec<P> {
    let (Some(first), Some(last)) = (line.first().copied(), line.last().copied()) else {
        return Vec::new();
    };
    let inner = line.iter().enumerate().skip(1).take(line.len().saturating_sub(2));
    let far = inner
        .map(|(at, point)| (at, distance(*point, first, last)))
        .max_by(|one, other| one.1.total_cmp(&other.1));
    match far {
        Some((at, away)) if away > TOLERANCE => {
            let mut kept = peucker(line.get(..=at).unwrap_or_default());
            kept.pop();
            kept.extend(peucker(line.get(at..).unwrap_or_default()));
            kept
        }
        _ => vec![first, last],
    }
}

/// Distance of a point from the line through two others, from the stretch between them where they differ.
pub(super) fn distance(point: P, one: P, other: P) -> f64 {
    let (px, py) = (f64::from(point.0), f64::from(point.1));
    let (ax, ay) = (f64::from(one.0), f64::from(one.1));
    let (bx, by) = (f64::from(other.0), f64::from(other.1));
    let length2 = (bx - ax).powi(2) + (by - ay).powi(2);
    let share = if length2 > 0.0 {
        (((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - ax - share * (bx - ax)).hypot(py - ay - share * (by - ay))
}

/// `M` and one `l` with relative points, with no more separators than are needed.
fn write_ring(path: &mut String, ring: &[P]) {
    let mut at: Option<P> = None;
    for &(x, y) in ring {
        let (dx, dy) = match at {
            None => {
                write!(path, "M{x} {y}l").ok();
                at = Some((x, y));
                continue;
            }
            Some((ax, ay)) => (x - ax, y - ay),
        };
        for number in [dx, dy] {
            if number >= 0 && !path.ends_with('l') {
                path.push(' ');
            }
            write!(path, "{number}").ok();
        }
        at = Some((x, y));
    }
    path.push('z');
}

#[cfg(test)]
mod tests {
    use super::{Outline, P, corners, line_simplified, simplified};
    use crate::map::Shape;
    use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
    use std::collections::HashSet;

    fn square(code: &str, west: f64, wiggle: bool) -> Shape {
        let mut ring = vec![(west, 22.0), (west + 1.0, 22.0)];
        if wiggle {
            ring.extend([(west + 1.0005, 22.3), (west + 1.0, 22.6)]);
        }
        ring.extend([(west + 1.0, 23.0), (west, 23.0)]);
        Shape { code: code.to_owned(), name: code.to_owned(), rings: vec![ring] }
    }

    #[test]
    fn a_border_is_simplified_alike_on_both_sides() {
        let border: Vec<P> = (0..40).map(|y| (100 + (y * 7) % 5, y * 10)).collect();
        let mut left: Vec<P> = border.clone();
        left.extend([(0, 390), (0, 0)]);
        let mut right: Vec<P> = border.iter().rev().copied().collect();
        right.extend([(200, 0), (200, 390)]);
        let corners = corners([left.as_slice(), right.as_slice()].into_iter());
        assert_eq!(corners, HashSet::from([(100, 0), (103, 390)]));
        let on_border = |ring: &[P]| -> HashSet<P> {
            simplified(ring, &corners).into_iter().filter(|p| border.contains(p)).collect()
        };
        assert_eq!(on_border(&left), on_border(&right));
        assert!(on_border(&left).len() < border.len());
    }

    #[test]
    fn degrees_are_drawn_in_proportion() {
        let outline = Outline::new(&[square("A", 105.0, true), square("B", 106.0, false)], 1000);
        assert_eq!(outline.width, 1000);
        // One degree of latitude is 1 / cos(22.5°) as long as one of longitude: 500 units become 541.
        assert_eq!(outline.height, 541);
        let paths: Vec<&str> = outline.areas.iter().map(|area| area.path.as_str()).collect();
        assert_eq!(paths, ["M500 541l0-541-500 0 0 541z", "M500 541l500 0 0-541-500 0z"]);
    }

    #[test]
    fn nothing_to_draw_is_no_fault() {
        assert!(Outline::new(&[], 1000).areas.is_empty());
        let empty =
            Shape { code: "X".to_owned(), name: "X".to_owned(), rings: vec![vec![], vec![(105.0, 22.0)]] };
        let outline = Outline::new(&[empty], 1000);
        assert_eq!(outline.areas.len(), 1);
        assert!(Outline::around(&[], "X", 1000).is_none());
    }

    fn rings() -> impl Strategy<Value = Vec<Vec<(f64, f64)>>> {
        let degrees = proptest::prop_oneof![any::<f64>(), 102.0..110.0_f64, 0.0..0.001_f64];
        let ring = proptest::collection::vec((degrees.clone(), degrees), 0..12);
        proptest::collection::vec(ring, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_line_is_simplified_alike_in_both_directions(line in proptest::collection::vec((0..20_i32, 0..20_i32), 2..12)) {
            let mut back: Vec<P> = line.iter().rev().copied().collect();
            back = line_simplified(&back);
            back.reverse();
            assert_eq!(line_simplified(&line), back);
        }

        #[test]
        fn any_rings_make_paths_and_lose_no_area(all in proptest::collection::vec(rings(), 0..4), width in 1_u16..2000) {
            let shapes: Vec<Shape> = (0..).zip(all).map(|(at, rings): (u32, _)| Shape { code: at.to_string(), name: "Nà".to_owned(), rings }).collect();
            for outline in [Some(Outline::new(&shapes, width)), Outline::around(&shapes, "0", width)].into_iter().flatten() {
                for area in &outline.areas {
                    assert!(area.path.is_empty() || area.path.starts_with('M'));
                    assert!(area.path.chars().all(|c| c.is_ascii_digit() || " -Mlzhv".contains(c)), "{}", area.path);
                }
            }
            assert_eq!(Outline::new(&shapes, width).areas.len(), shapes.len());
        }
    }
}
