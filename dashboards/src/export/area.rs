//! Boundaries in files: which rings are outer borders and which are holes in them.

use crate::map::Shape;

/// A closed line of (longitude, latitude).
type Ring = Vec<(f64, f64)>;

/// The areas of a shape, each as its outer border (counter-clockwise, closed) and the holes in it (clockwise, closed).
pub(super) fn polygons(shape: &Shape) -> Vec<Vec<Ring>> {
    let closed = shape.rings.iter().filter(|ring| ring.len() >= 3).map(|ring| closed(ring));
    let (outer, holes): (Vec<Ring>, Vec<Ring>) = closed.partition(|ring| signed_area(ring) > 0.0);
    let mut found: Vec<Vec<Ring>> = outer.into_iter().map(|ring| vec![ring]).collect();
    for hole in holes {
        let within = |polygon: &&mut Vec<Ring>| {
            polygon.first().zip(hole.first()).is_some_and(|(border, point)| inside(border, *point))
        };
        match found.iter_mut().find(within) {
            Some(polygon) => polygon.push(hole),
            // A border that was written the other way round is a border all the same.
            None => found.push(vec![hole.into_iter().rev().collect()]),
        }
    }
    found
}

fn closed(ring: &[(f64, f64)]) -> Ring {
    let mut ring = ring.to_vec();
    if ring.first() != ring.last() {
        ring.extend(ring.first().copied());
    }
    ring
}

fn pairs(ring: &[(f64, f64)]) -> impl Iterator<Item = ((f64, f64), (f64, f64))> {
    ring.iter().copied().zip(ring.iter().copied().skip(1))
}

fn signed_area(ring: &[(f64, f64)]) -> f64 {
    pairs(ring).map(|((x1, y1), (x2, y2))| x1 * y2 - x2 * y1).sum()
}

fn inside(ring: &[(f64, f64)], (x, y): (f64, f64)) -> bool {
    let crosses = |((x1, y1), (x2, y2)): ((f64, f64), (f64, f64))| {
        (y1 > y) != (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
    };
    pairs(ring).filter(|edge| crosses(*edge)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::{polygons, signed_area};
    use crate::map::Shape;

    #[test]
    fn holes_lie_in_their_own_border() {
        let square = |west: f64, size: f64| {
            vec![(west, 20.0), (west + size, 20.0), (west + size, 20.0 + size), (west, 20.0 + size)]
        };
        let hole: Vec<_> = square(105.2, 0.1).into_iter().map(|(x, y)| (x, y + 0.2)).rev().collect();
        let backwards: Vec<_> = square(110.0, 1.0).into_iter().rev().collect();
        let rings = vec![square(103.0, 1.0), square(105.0, 1.0), hole, backwards, vec![(1.0, 1.0)]];
        let shape = Shape { code: "X".to_owned(), name: "X".to_owned(), rings };
        let found = polygons(&shape);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
        for polygon in &found {
            assert!(polygon.iter().all(|ring| ring.first() == ring.last()), "closed");
            let turns: Vec<bool> = polygon.iter().map(|ring| signed_area(ring) > 0.0).collect();
            assert!(turns[0] && turns[1..].iter().all(|left| !left), "{turns:?}");
        }
    }
}
