//! Classes of a map: zero apart, up to four classes of like size over the rest. A choice of drawing, not a threshold of
//! judging: nothing is decided by them.

use gapwatch_model::Direction;

/// Largest number of classes beside zero.
const CLASSES: usize = 4;

/// Where one class ends and the next begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Classes {
    /// Smallest and largest value of each class, from the smallest values up.
    pub(super) ranges: Vec<(f64, f64)>,
    worst_is_low: bool,
}

/// The class of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Exactly none.
    Zero,
    /// Shade 1 (light, best) to 4 (dark, worst).
    Shade(u8),
}

impl Classes {
    /// Divides the values that are not zero into classes of like size; equal values are never divided.
    pub(super) fn of(values: &[f64], direction: Direction) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.abs() > 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup_by(|one, other| one.total_cmp(other).is_eq());
        let mut ranges: Vec<(f64, f64)> = Vec::new();
        if distinct.len() <= CLASSES {
            ranges.extend(distinct.iter().map(|value| (*value, *value)));
        } else {
            let size = sorted.len().div_ceil(CLASSES);
            for value in sorted {
                let held = values.iter().filter(|v| ranges.last().is_some_and(|r| **v >= r.0 && **v <= r.1));
                let full = held.count() >= size && ranges.len() < CLASSES;
                match ranges.last_mut() {
                    Some(last) if !full || value.total_cmp(&last.1).is_eq() => last.1 = value,
                    _ => ranges.push((value, value)),
                }
            }
        }
        Self { ranges, worst_is_low: direction == Direction::Higher }
    }

    /// The class of a value.
    pub(super) fn class(&self, value: f64) -> Class {
        if value.abs() > 0.0 {
            let at = self.ranges.iter().position(|(_, most)| value <= *most);
            self.shade(at.unwrap_or(self.ranges.len().saturating_sub(1)))
        } else {
            Class::Zero
        }
    }

    /// The shade of the class at this position of `ranges`: the worst is the darkest.
    pub(super) fn shade(&self, at: usize) -> Class {
        let from_best = if self.worst_is_low { self.ranges.len().saturating_sub(at + 1) } else { at };
        let lightest = if self.ranges.len() < CLASSES && self.ranges.len() > 1 { 2 } else { 1 };
        let shade = if self.ranges.len() == 1 { 3 } else { from_best + lightest };
        Class::Shade(u8::try_from(shade.min(CLASSES)).unwrap_or(4))
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Classes};
    use gapwatch_model::Direction;

    #[test]
    fn few_values_are_a_class_each_and_zero_is_apart() {
        let classes = Classes::of(&[0.0, 1.0, 1.0, 3.0], Direction::Lower);
        assert_eq!(classes.ranges, [(1.0, 1.0), (3.0, 3.0)]);
        assert_eq!(classes.class(0.0), Class::Zero);
        assert_eq!(classes.class(1.0), Class::Shade(2));
        assert_eq!(classes.class(3.0), Class::Shade(3));
    }

    #[test]
    fn many_values_make_four_classes_without_dividing_equals() {
        let values: Vec<f64> = (0..40).map(|n| f64::from(n % 10)).collect();
        let classes = Classes::of(&values, Direction::Lower);
        assert_eq!(classes.ranges, [(1.0, 3.0), (4.0, 6.0), (7.0, 9.0)]);
        assert_eq!(classes.class(9.0), Class::Shade(4));
        let better_is_higher = Classes::of(&values, Direction::Higher);
        assert_eq!(better_is_higher.class(1.0), Class::Shade(4));
        assert_eq!(better_is_higher.class(9.0), Class::Shade(2));
    }
}
