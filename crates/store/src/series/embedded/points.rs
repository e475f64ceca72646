//! Points as bytes: the body holds places and values, the extra holds qualifiers, samples and rows.
//!
//! Most reads need the body only, so the two are stored apart, each with its own checksum.

use std::ops::Range;

use gapwatch_model::{PlaceIx, Point, Qualifier, Value};

use super::{
    column::{Damage, Reader, Shape, put_f64, put_rising, put_u32, put_varint},
    mask::{BLOCK, Mask, locate, ranges},
};

/// Most points in one piece, which bounds what damaged bytes can make us allocate.
const MOST: usize = 1 << 20;

/// Added to a value: negative zero is zero.
const NO_SIGN: f64 = 0.0;

const NUMBERS: u8 = 0;
const RATIOS: u8 = 1;
const MIXED: u8 = 2;

/// Columns of values.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Values {
    /// One for a ratio, zero for a number; empty when all are numbers.
    pub(crate) ratio: Vec<u32>,
    /// The numbers, and the numerators of ratios.
    pub(crate) first: Vec<f64>,
    /// The denominators; empty when all are numbers.
    pub(crate) second: Vec<f64>,
}

impl Values {
    /// Appends the columns.
    pub(crate) fn put(&self, out: &mut Vec<u8>, shape: Shape) -> Result<(), Damage> {
        if self.ratio.is_empty() {
            out.push(NUMBERS);
            return put_f64(out, &self.first, shape);
        }
        if self.ratio.contains(&0) {
            out.push(MIXED);
            put_u32(out, &self.ratio, shape)?;
        } else {
            out.push(RATIOS);
        }
        put_f64(out, &self.first, shape)?;
        put_f64(out, &self.second, shape)
    }

    #[inline]
    pub(crate) fn value(&self, index: usize) -> Option<Value> {
        let first = *self.first.get(index)?;
        Some(if self.ratio.get(index).is_some_and(|ratio| *ratio == 1) {
            Value::Ratio { numerator: first, denominator: *self.second.get(index)? }
        } else {
            Value::Number(first)
        })
    }
}

/// Columns of everything else a point has.
#[derive(Debug)]
pub(crate) struct Extras {
    qualifier: Vec<u32>,
    sampled: Vec<u32>,
    /// Empty when no point has samples.
    samples: Vec<u32>,
    /// Row minus place.
    row: Vec<u32>,
}

impl Extras {
    /// Appends the columns.
    pub(crate) fn put(&self, out: &mut Vec<u8>, shape: Shape) -> Result<(), Damage> {
        put_u32(out, &self.qualifier, shape)?;
        put_u32(out, &self.sampled, shape)?;
        if !self.samples.is_empty() {
            put_u32(out, &self.samples, shape)?;
        }
        put_u32(out, &self.row, if shape == Shape::Free { Shape::Smooth } else { shape })
    }

    /// The point at this position of the columns.
    #[inline]
    pub(crate) fn point(&self, index: usize, place: PlaceIx, values: &Values) -> Result<Point, Damage> {
        const SHORT: Damage = "a column is too short";
        let sampled = self.sampled.get(index) == Some(&1);
        Ok(Point {
            place,
            value: values.value(index).ok_or(SHORT)?,
            qualifier: qualifier_of(*self.qualifier.get(index).ok_or(SHORT)?)?,
            samples: if sampled { Some(*self.samples.get(index).ok_or(SHORT)?) } else { None },
            row: self.row.get(index).ok_or(SHORT)?.wrapping_add(place.0),
        })
    }
}

/// Points taken apart.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) slots: Vec<u32>,
    pub(crate) values: Values,
    pub(crate) extras: Extras,
}

impl Columns {
    pub(crate) fn of(points: &[Point]) -> Self {
        let (mut ratios, mut sampled) = (false, false);
        let taken_apart = points.iter().map(|point| {
            ratios |= matches!(point.value, Value::Ratio { .. });
            sampled |= point.samples.is_some();
            let first = match point.value {
                Value::Number(number) => number,
                Value::Ratio { numerator, .. } => numerator,
            };
            // Where a file is in the order of places, row and place differ by the same number all the way.
            let row = point.row.wrapping_sub(point.place.0);
            (locate(point.place).1, first + NO_SIGN, qualifier_code(point.qualifier), row)
        });
        let (slots, first, qualifier, row): (Vec<_>, Vec<_>, Vec<_>, Vec<_>) = taken_apart.collect();
        let mut columns = Self {
            slots,
            values: Values { first, ..Values::default() },
            extras: Extras { qualifier, sampled: vec![0; points.len()], samples: Vec::new(), row },
        };
        if ratios {
            let second = |point: &Point| match point.value {
                Value::Number(_) => (0, 0.0),
                Value::Ratio { denominator, .. } => (1, denominator + NO_SIGN),
            };
            (columns.values.ratio, columns.values.second) = points.iter().map(second).collect();
        }
        if sampled {
            let samples = |point: &Point| (u32::from(point.samples.is_some()), point.samples.unwrap_or(0));
            (columns.extras.sampled, columns.extras.samples) = points.iter().map(samples).collect();
        }
        columns
    }
}

/// A frame's points as they are kept.
#[derive(Debug)]
pub(crate) struct Packed {
    /// The slots they fill.
    pub(crate) ranges: Vec<Range<u32>>,
    pub(crate) body: Vec<u8>,
    pub(crate) extra: Vec<u8>,
}

/// Packs a frame's points, all of one block.
pub(crate) fn pack(points: &[Point], shape: Shape) -> Result<Packed, Damage> {
    let Columns { slots, values, extras } = Columns::of(points);
    let (mut body, mut extra) = (Vec::new(), Vec::new());
    put_varint(&mut body, slots.len() as u64);
    let ranges = ranges(&slots);
    put_rising(&mut body, &slots, &ranges)?;
    values.put(&mut body, shape)?;
    extras.put(&mut extra, shape)?;
    Ok(Packed { ranges, body: seal(body), extra: seal(extra) })
}

/// Reads a frame's places and values back.
pub(crate) fn values(body: &[u8]) -> Result<(Vec<u32>, Values), Damage> {
    let mut reader = Reader::new(checked(body)?);
    let count = reader.count(MOST)?;
    let places = reader.u32s(count)?;
    let values = read_values(&mut reader, count)?;
    reader.end()?;
    Ok((places, values))
}

/// Reads those of a frame's points back that are wanted; they are then no longer wanted.
pub(crate) fn unpack(body: &[u8], extra: &[u8], block: u32, wanted: &mut Mask) -> Result<Vec<Point>, Damage> {
    let (slots, values) = values(body)?;
    let mut reader = Reader::new(checked(extra)?);
    let extras = read_extras(&mut reader, slots.len())?;
    reader.end()?;
    let mut points = Vec::with_capacity(slots.len());
    for (index, slot) in slots.iter().enumerate() {
        if wanted.take(*slot) {
            points.push(extras.point(index, PlaceIx(block * BLOCK + slot), &values)?);
        }
    }
    Ok(points)
}

/// Reads the columns of values back.
pub(crate) fn read_values(reader: &mut Reader<'_>, count: usize) -> Result<Values, Damage> {
    let kind = reader.byte()?;
    let ratio = match kind {
        NUMBERS => Vec::new(),
        RATIOS => vec![1; count],
        MIXED => reader.u32s(count)?,
        _ => return Err("the values are of an unknown kind"),
    };
    let first = reader.f64s(count)?;
    let second = if kind == NUMBERS { Vec::new() } else { reader.f64s(count)? };
    Ok(Values { ratio, first, second })
}

/// Reads the columns of qualifiers, samples and rows back.
pub(crate) fn read_extras(reader: &mut Reader<'_>, count: usize) -> Result<Extras, Damage> {
    let qualifier = reader.u32s(count)?;
    let sampled = reader.u32s(count)?;
    let samples = if sampled.contains(&1) { reader.u32s(count)? } else { Vec::new() };
    Ok(Extras { qualifier, sampled, samples, row: reader.u32s(count)? })
}

/// Puts a checksum before the bytes.
pub(crate) fn seal(bytes: Vec<u8>) -> Vec<u8> {
    let mut sealed = crc32fast::hash(&bytes).to_le_bytes().to_vec();
    sealed.extend(bytes);
    sealed
}

/// The bytes behind their checksum.
pub(crate) fn checked(sealed: &[u8]) -> Result<&[u8], Damage> {
    let (sum, bytes) = sealed.split_at_checked(4).ok_or("it is empty")?;
    if crc32fast::hash(bytes).to_le_bytes() == sum { Ok(bytes) } else { Err("its checksum does not match") }
}

fn qualifier_code(qualifier: Qualifier) -> u32 {
    match qualifier {
        Qualifier::Exact => 0,
        Qualifier::MoreThan => 1,
        Qualifier::LessThan => 2,
        Qualifier::Almost => 3,
        Qualifier::About => 4,
    }
}

fn qualifier_of(code: u32) -> Result<Qualifier, Damage> {
    Ok(match code {
        0 => Qualifier::Exact,
        1 => Qualifier::MoreThan,
        2 => Qualifier::LessThan,
        3 => Qualifier::Almost,
        4 => Qualifier::About,
        _ => return Err("a qualifier is unknown"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Mask, Packed, Shape, pack, unpack};
    use gapwatch_model::{PlaceIx, Point, Qualifier, Value};

    fn packed(shape: Shape) -> (Vec<u8>, Vec<u8>) {
        let Packed { body, extra, .. } = pack(&points(), shape).unwrap();
        (body, extra)
    }

    fn points() -> Vec<Point> {
        let point = |place: u32, value, qualifier, samples| Point {
            place: PlaceIx(4096 + place),
            value,
            qualifier,
            samples,
            row: place * 2,
        };
        vec![
            point(0, Value::Number(1.0), Qualifier::Exact, None),
            point(3, Value::Ratio { numerator: 0.0, denominator: 0.0 }, Qualifier::MoreThan, Some(0)),
            point(9, Value::Number(66.13), Qualifier::About, Some(u32::MAX)),
        ]
    }

    fn back(body: &[u8], extra: &[u8]) -> Result<Vec<Point>, &'static str> {
        unpack(body, extra, 1, &mut Mask::all())
    }

    #[test]
    fn everything_comes_back() {
        for shape in [Shape::Free, Shape::Smooth, Shape::Search] {
            let (body, extra) = packed(shape);
            assert_eq!(back(&body, &extra).unwrap(), points());
        }
    }

    #[test]
    fn only_what_is_wanted_comes_back_and_only_once() {
        let (body, extra) = packed(Shape::Free);
        let mut wanted = Mask::none();
        wanted.insert(3);
        wanted.insert(4);
        assert_eq!(unpack(&body, &extra, 1, &mut wanted).unwrap(), points()[1..2]);
        assert!(wanted.has(4) && !wanted.has(3));
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let (body, extra) = packed(Shape::Free);
        for at in 0..body.len() {
            let mut damaged = body.clone();
            damaged[at] ^= 4;
            assert_eq!(back(&damaged, &extra), Err("its checksum does not match"), "byte {at}");
        }
        assert_eq!(back(&body, &extra[..2]), Err("it is empty"));
    }
}
