//! Where the names stand: inside their area as far from its edges as can be, none over another, the large areas first.

use super::{
    Shape,
    outline::{P, distance, pairs},
};

/// Height of one line of a label, in thousandths of the drawing's width.
pub(super) const LINE: i32 = 21;
/// Width of a letter on average, in hundredths of the line height.
const LETTER: i32 = 56;
/// Points tried in each direction.
const STEPS: i32 = 14;

/// Where one area is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// There is room for its name over its number.
    Name(P),
    /// There is room for its number alone.
    Number(P),
}

/// Letters a number has at most.
const NUMBER: i32 = 3;

/// A place for each label that has room, in the order of the shapes. Numbers without a name come after all names.
pub(super) fn place(
    shapes: &[Shape],
    largest: &[(f64, Vec<P>)],
    size: (i32, i32),
    line: i32,
) -> Vec<Option<Label>> {
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    let area = |at: usize| largest.get(at).map_or(0.0, |(area, _)| *area);
    order.sort_by(|one, other| area(*other).total_cmp(&area(*one)));
    let mut taken: Vec<Box4> = Vec::new();
    let mut places = vec![None; shapes.len()];
    for named in [true, false] {
        for at in &order {
            let (Some(shape), Some((_, ring)), Some(place @ None)) =
                (shapes.get(*at), largest.get(*at), places.get_mut(*at))
            else {
                continue;
            };
            let letters = i32::try_from(shape.name.chars().count()).unwrap_or(i32::MAX / 1000);
            let wide = |letters: i32| letters * line * LETTER / 200;
            let half = if named { (wide(letters), line) } else { (wide(NUMBER), line / 2) };
            let free = candidates(ring, half).into_iter().find(|point| {
                let own = Box4::around(*point, half);
                own.within(size) && !taken.iter().any(|other| other.meets(own))
            });
            if let Some(point) = free {
                taken.push(Box4::around(point, half));
                *place = Some(if named { Label::Name(point) } else { Label::Number(point) });
            }
        }
    }
    places
}

/// Left, top, right, bottom.
#[derive(Clone, Copy)]
struct Box4(i32, i32, i32, i32);

impl Box4 {
    fn around((x, y): P, (half_width, half_height): P) -> Self {
        Self(x - half_width, y - half_height, x + half_width, y + half_height)
    }

    fn meets(self, other: Self) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }

    fn within(self, (width, height): P) -> bool {
        self.0 >= 0 && self.1 >= 0 && self.2 <= width && self.3 <= height
    }
}

/// Points inside the ring, the ones with most room first. A label is wide, so room to the sides counts by its shape.
fn candidates(ring: &[P], (half_width, half_height): P) -> Vec<P> {
    let (Some(west), Some(east)) = (ring.iter().map(|p| p.0).min(), ring.iter().map(|p| p.0).max()) else {
        return Vec::new();
    };
    let (Some(north), Some(south)) = (ring.iter().map(|p| p.1).min(), ring.iter().map(|p| p.1).max()) else {
        return Vec::new();
    };
    let mut found: Vec<(f64, P)> = Vec::new();
    for column in 1..STEPS {
        for row in 1..STEPS {
            let point = (west + (east - west) * column / STEPS, north + (south - north) * row / STEPS);
            if !inside(ring, point) {
                continue;
            }
            let sides = [(-half_width, 0), (half_width, 0), (0, -half_height), (0, half_height)];
            let ends = sides.iter().filter(|(dx, dy)| inside(ring, (point.0 + dx, point.1 + dy))).count();
            let room = pairs(ring).map(|(a, b)| distance(point, a, b)).fold(f64::INFINITY, f64::min);
            let ends = f64::from(u8::try_from(ends).unwrap_or(4));
            found.push((room + ends * f64::from(half_height), point));
        }
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found.into_iter().map(|(_, point)| point).take(24).collect()
}

/// Whether a point is inside a ring: a line to the right crosses it an odd number of times.
fn inside(ring: &[P], (x, y): P) -> bool {
    let crosses = |((x1, y1), (x2, y2)): (P, P)| {
        (y1 > y) != (y2 > y) && {
            let at = f64::from(x2 - x1) * f64::from(y - y1) / f64::from(y2 - y1) + f64::from(x1);
            f64::from(x) < at
        }
    };
    pairs(ring).filter(|edge| crosses(*edge)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::{LINE, Label, inside, place};
    use crate::map::Shape;

    fn shape(name: &str) -> Shape {
        Shape { code: name.to_owned(), name: name.to_owned(), rings: Vec::new() }
    }

    #[test]
    fn names_do_not_collide_and_the_large_area_goes_first() {
        let small = (900.0, vec![(100, 100), (130, 100), (130, 130), (100, 130)]);
        let large = (40_000.0, vec![(0, 0), (200, 0), (200, 200), (0, 200)]);
        let shapes = [shape("Tân"), shape("Bảo Lâm")];
        let places = place(&shapes, &[small.clone(), large], (200, 200), LINE);
        assert!(matches!(places[1], Some(Label::Name(_))));
        assert!(!matches!(places[0], Some(Label::Name(_))), "the small one lies under the large one's name");
        let apart = (40_000.0, vec![(200, 0), (400, 0), (400, 200), (200, 200)]);
        let places = place(&shapes, &[small, apart], (400, 200), LINE);
        assert!(places.iter().all(Option::is_some));
    }

    #[test]
    fn inside_is_inside() {
        let ring = [(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)];
        assert!(inside(&ring, (1, 5)));
        assert!(!inside(&ring, (5, 8)));
        assert!(!inside(&ring, (20, 5)));
    }
}
