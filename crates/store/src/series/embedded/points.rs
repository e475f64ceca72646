//! Points as bytes: the body holds places and values, the extra holds qualifiers, samples and rows.
//!
//! Most reads need the body only, so the two are stored apart, each with its own checksum.

use gapwatch_model::{PlaceIx, Point, Qualifier, Value};

use super::{
    column::{Damage, Reader, Shape, put_f64, put_u32, put_varint},
    mask::{BLOCK, Mask, locate},
};

/// Most points in one piece, which bounds what damaged bytes can make us allocate.
const MOST: usize = 1 << 20;

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
    samples: Vec<u32>,
    /// Row minus place.
    row: Vec<u32>,
}

impl Extras {
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

/// Packs a frame's points, all of one block.
pub(crate) fn pack(points: &[Point], shape: Shape) -> Result<(Vec<u8>, Vec<u8>), Damage> {
    let (mut body, mut extra) = (Vec::new(), Vec::new());
    put_varint(&mut body, points.len() as u64);
    let places: Vec<u32> = points.iter().map(|point| locate(point.place).1).collect();
    put_u32(&mut body, &places, Shape::Smooth)?;
    put_values(&mut body, points, shape)?;
    put_extras(&mut extra, points, shape)?;
    Ok((seal(body), seal(extra)))
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

/// Appends the columns of values.
pub(crate) fn put_values(out: &mut Vec<u8>, points: &[Point], shape: Shape) -> Result<(), Damage> {
    let ratios = points.iter().filter(|point| matches!(point.value, Value::Ratio { .. })).count();
    let kind = if ratios == 0 {
        NUMBERS
    } else if ratios == points.len() {
        RATIOS
    } else {
        MIXED
    };
    out.push(kind);
    if kind == MIXED {
        let ratio = |point: &Point| u32::from(matches!(point.value, Value::Ratio { .. }));
        put_u32(out, &points.iter().map(ratio).collect::<Vec<_>>(), shape)?;
    }
    let first = |point: &Point| match point.value {
        Value::Number(number) => number,
        Value::Ratio { numerator, .. } => numerator,
    };
    put_f64(out, &points.iter().map(first).collect::<Vec<_>>(), shape)?;
    if kind != NUMBERS {
        let second = |point: &Point| match point.value {
            Value::Number(_) => 0.0,
            Value::Ratio { denominator, .. } => denominator,
        };
        put_f64(out, &points.iter().map(second).collect::<Vec<_>>(), shape)?;
    }
    Ok(())
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

/// Appends the columns of qualifiers, samples and rows.
pub(crate) fn put_extras(out: &mut Vec<u8>, points: &[Point], shape: Shape) -> Result<(), Damage> {
    put_u32(out, &points.iter().map(|point| qualifier_code(point.qualifier)).collect::<Vec<_>>(), shape)?;
    let sampled: Vec<u32> = points.iter().map(|point| u32::from(point.samples.is_some())).collect();
    put_u32(out, &sampled, shape)?;
    if sampled.contains(&1) {
        put_u32(out, &points.iter().map(|point| point.samples.unwrap_or(0)).collect::<Vec<_>>(), shape)?;
    }
    // Where a file is in the order of places, row and place differ by the same number all the way.
    let rows = points.iter().map(|point| point.row.wrapping_sub(point.place.0)).collect::<Vec<_>>();
    put_u32(out, &rows, if shape == Shape::Free { Shape::Smooth } else { shape })
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
    use super::{Mask, Shape, pack, unpack};
    use gapwatch_model::{PlaceIx, Point, Qualifier, Value};

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
            let (body, extra) = pack(&points(), shape).unwrap();
            assert_eq!(back(&body, &extra).unwrap(), points());
        }
    }

    #[test]
    fn only_what_is_wanted_comes_back_and_only_once() {
        let (body, extra) = pack(&points(), Shape::Free).unwrap();
        let mut wanted = Mask::none();
        wanted.insert(3);
        wanted.insert(4);
        assert_eq!(unpack(&body, &extra, 1, &mut wanted).unwrap(), points()[1..2]);
        assert!(wanted.has(4) && !wanted.has(3));
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let (body, extra) = pack(&points(), Shape::Free).unwrap();
        for at in 0..body.len() {
            let mut damaged = body.clone();
            damaged[at] ^= 4;
            assert_eq!(back(&damaged, &extra), Err("its checksum does not match"), "byte {at}");
        }
        assert_eq!(back(&body, &extra[..2]), Err("it is empty"));
    }
}
