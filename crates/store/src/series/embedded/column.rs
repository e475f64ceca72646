//! Columns of numbers as bytes. What is nearly regular is written as what it is: a constant, even steps, runs, ramps, two
//! values and a bit each. Noise, which nothing can pack, is cut to the bits it needs; everything else goes to `pco`.
//! Decimals are whole numbers and a power of ten.
//!
//! A column knows its own length in bytes, so a reader can skip it. Damage is found by the checksum around columns.

use std::ops::Range;

use pco::{ChunkConfig, DeltaSpec, ModeSpec};

/// What is known of a column before it is packed. It steers speed and size, never the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Neighbours say nothing of each other.
    Free,
    /// Neighbours differ little.
    Smooth,
    /// Time to find out.
    Search,
}

/// Why bytes are no column.
pub(crate) type Damage = &'static str;

const CONSTANT: u8 = 0;
const STEPS: u8 = 1;
const RUNS: u8 = 2;
const RAMPS: u8 = 3;
const TWO: u8 = 4;
const PACKED: u8 = 5;
const PACKED_I64: u8 = 6;
const PACKED_F64: u8 = 7;
/// Followed by the power of ten and a column of counts.
const DECIMAL: u8 = 8;
/// Followed by eight bytes.
const CONSTANT_F64: u8 = 9;

/// Followed by the least value, the width in bits, and that many bits for every value above the least.
const BITS: u8 = 10;

/// Runs and ramps are worth it when there are at most this many values per run.
const WORTH: usize = 8;
const POWERS: [f64; 5] = [1.0, 10.0, 100.0, 1000.0, 10_000.0];

/// Appends a column of counts.
pub(crate) fn put_u32(out: &mut Vec<u8>, column: &[u32], shape: Shape) -> Result<(), Damage> {
    let worth = column.len() / WORTH;
    if let Some((first, step)) = steps(column) {
        out.push(if step == 0 { CONSTANT } else { STEPS });
        put_varint(out, u64::from(first));
        if step != 0 {
            put_varint(out, zigzag(step));
        }
    } else if breaks(column, |a, b| a == b) < worth {
        out.push(RUNS);
        for run in column.chunk_by(|a, b| a == b) {
            put_varint(out, run.len() as u64);
            put_varint(out, u64::from(run.first().copied().unwrap_or(0)));
        }
    } else if breaks(column, |a, b| a.wrapping_add(1) == b) < worth {
        let ramps = column.chunk_by(|a, b| a.wrapping_add(1) == *b);
        put_ramps(out, ramps.map(|ramp| (ramp.first().copied().unwrap_or(0), ramp.len())))?;
    } else if let Some((one, other)) = two(column) {
        out.push(TWO);
        put_varint(out, u64::from(one));
        put_varint(out, u64::from(other));
        out.extend(
            column.chunks(8).map(|eight| {
                eight.iter().rev().fold(0_u8, |bits, value| bits << 1 | u8::from(*value == other))
            }),
        );
    } else if shape == Shape::Free && is_noise(column) {
        put_bits(out, column)?;
    } else {
        let packed = pco::standalone::simple_compress(column, &config(shape, ModeSpec::Classic));
        let (_, width) = width(column);
        // Bits are read several times faster, which is worth a tenth of the size.
        if packed.as_ref().is_ok_and(|packed| packed.len() * 80 > column.len() * width as usize * 9) {
            put_bits(out, column)?;
        } else {
            put_packed(out, PACKED, &packed)?;
        }
    }
    Ok(())
}

/// Appends rising counts, told once more as the ranges they fill.
pub(crate) fn put_rising(out: &mut Vec<u8>, column: &[u32], ranges: &[Range<u32>]) -> Result<(), Damage> {
    if ranges.len() > column.len() / WORTH {
        return put_u32(out, column, Shape::Smooth);
    }
    put_ramps(out, ranges.iter().map(|range| (range.start, range.len())))
}

/// Appends the first number and the length of every ramp.
fn put_ramps(out: &mut Vec<u8>, ramps: impl Iterator<Item = (u32, usize)>) -> Result<(), Damage> {
    out.push(RAMPS);
    let mut next = 0;
    for (first, length) in ramps {
        put_varint(out, length as u64);
        put_varint(out, zigzag(i64::from(first) - next));
        next = i64::from(first) + i64::try_from(length).map_err(|_| "a column is too long")?;
    }
    Ok(())
}

/// Appends a column of values. Whole numbers and decimals take the short way.
pub(crate) fn put_f64(out: &mut Vec<u8>, column: &[f64], shape: Shape) -> Result<(), Damage> {
    if let Some(whole) = wholes(column, |value| value, |whole| whole) {
        return put_u32(out, &whole, shape);
    }
    for (power, scale) in (0_u8..).zip(POWERS).skip(1) {
        if let Some(whole) = wholes(column, |value| value * scale, |whole| whole / scale) {
            out.extend([DECIMAL, power]);
            return put_u32(out, &whole, shape);
        }
    }
    if let Some(first) = column.first()
        && column.iter().all(|value| value.to_bits() == first.to_bits())
    {
        out.push(CONSTANT_F64);
        out.extend_from_slice(&first.to_le_bytes());
        return Ok(());
    }
    if let Some(whole) = column.iter().map(|value| whole_i64(*value)).collect::<Option<Vec<_>>>() {
        return put_packed(
            out,
            PACKED_I64,
            &pco::standalone::simple_compress(&whole, &config(shape, ModeSpec::Auto)),
        );
    }
    put_packed(out, PACKED_F64, &pco::standalone::simple_compress(column, &config(shape, ModeSpec::Auto)))
}

/// Appends a column of whole numbers of any size, such as times.
pub(crate) fn put_i64(out: &mut Vec<u8>, column: &[i64]) -> Result<(), Damage> {
    let packed = pco::standalone::simple_compress(column, &config(Shape::Search, ModeSpec::Auto));
    put_packed(out, PACKED_I64, &packed)
}

/// Reads columns back, one after the other.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damage> {
        self.take(1)?.first().copied().ok_or("it ends too early")
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Damage> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number is too long")
    }

    pub(crate) fn count(&mut self, most: usize) -> Result<usize, Damage> {
        let count = usize::try_from(self.varint()?).map_err(|_| "a count is too large")?;
        if count <= most { Ok(count) } else { Err("a count is too large") }
    }

    pub(crate) fn u32s(&mut self, count: usize) -> Result<Vec<u32>, Damage> {
        let kind = self.byte()?;
        self.u32s_of(kind, count)
    }

    fn u32s_of(&mut self, kind: u8, count: usize) -> Result<Vec<u32>, Damage> {
        match kind {
            CONSTANT => Ok(vec![self.small()?; count]),
            STEPS => {
                let first = self.small()?;
                let step = unzigzag(self.varint()?);
                let last = i64::try_from(count).ok().and_then(|count| step.checked_mul(count - 1));
                let last = last.and_then(|way| way.checked_add(i64::from(first)));
                last.and_then(|last| u32::try_from(last).ok()).ok_or("a step leads nowhere")?;
                let step = i32::try_from(step).map_err(|_| "a step leads nowhere")?;
                Ok((0..count)
                    .scan(first, |next, _| {
                        let value = *next;
                        *next = next.wrapping_add_signed(step);
                        Some(value)
                    })
                    .collect())
            }
            RUNS => {
                let mut column = Vec::with_capacity(count);
                while column.len() < count {
                    let length = self.run(count - column.len())?;
                    let value = self.small()?;
                    column.resize(column.len() + length, value);
                }
                Ok(column)
            }
            RAMPS => {
                let mut column: Vec<u32> = Vec::with_capacity(count);
                let mut next = 0_i64;
                while column.len() < count {
                    let length =
                        u32::try_from(self.run(count - column.len())?).map_err(|_| "a ramp is too long")?;
                    let first = next.checked_add(unzigzag(self.varint()?)).ok_or("a ramp leads nowhere")?;
                    let first = u32::try_from(first).map_err(|_| "a ramp leads nowhere")?;
                    // Differences are written around zero: a ramp may pass from the largest number to the least.
                    column.extend((0..length).map(|above| first.wrapping_add(above)));
                    next = i64::from(first) + i64::from(length);
                }
                Ok(column)
            }
            TWO => {
                let (one, other) = (self.small()?, self.small()?);
                let bits = self.take(count.div_ceil(8))?;
                let mut column = Vec::with_capacity(count.next_multiple_of(8));
                for byte in bits {
                    let eight =
                        std::array::from_fn::<u32, 8, _>(
                            |bit| if byte >> bit & 1 == 0 { one } else { other },
                        );
                    column.extend_from_slice(&eight);
                }
                column.truncate(count);
                Ok(column)
            }
            BITS => self.bits(count, |whole| whole),
            PACKED => self.unpack(count),
            _ => Err("a column is of an unknown kind"),
        }
    }

    fn bits<T>(&mut self, count: usize, make: impl Fn(u32) -> T) -> Result<Vec<T>, Damage> {
        let least = self.small()?;
        let width = usize::from(self.byte()?);
        if width > 32 {
            return Err("a column is too wide");
        }
        let length = count.checked_mul(width).ok_or("a column is too long")?.div_ceil(8);
        Ok(bits(self.take(length)?, least, width, count, make))
    }

    /// Length of a run: at least one, at most what is missing.
    fn run(&mut self, most: usize) -> Result<usize, Damage> {
        let length = self.count(most)?;
        if length == 0 { Err("a run is empty") } else { Ok(length) }
    }

    pub(crate) fn i64s(&mut self, count: usize) -> Result<Vec<i64>, Damage> {
        if self.byte()? == PACKED_I64 { self.unpack(count) } else { Err("a column is of an unknown kind") }
    }

    #[expect(clippy::cast_precision_loss, reason = "only whole numbers below 2^53 were packed so")]
    pub(crate) fn f64s(&mut self, count: usize) -> Result<Vec<f64>, Damage> {
        match self.byte()? {
            CONSTANT_F64 => {
                let bytes = <[u8; 8]>::try_from(self.take(8)?).map_err(|_| "it ends too early")?;
                Ok(vec![f64::from_le_bytes(bytes); count])
            }
            DECIMAL => {
                let scale = *POWERS.get(usize::from(self.byte()?)).ok_or("a power of ten is too large")?;
                let make = |whole: u32| f64::from(whole) / scale;
                match self.byte()? {
                    BITS => self.bits(count, make),
                    kind => Ok(self.u32s_of(kind, count)?.into_iter().map(make).collect()),
                }
            }
            BITS => self.bits(count, f64::from),
            PACKED_I64 => Ok(self.unpack::<i64>(count)?.into_iter().map(|whole| whole as f64).collect()),
            PACKED_F64 => self.unpack(count),
            kind => Ok(self.u32s_of(kind, count)?.into_iter().map(f64::from).collect()),
        }
    }

    /// Says that nothing is left over.
    pub(crate) fn end(self) -> Result<(), Damage> {
        if self.rest.is_empty() { Ok(()) } else { Err("there are bytes left over") }
    }

    fn small(&mut self) -> Result<u32, Damage> {
        u32::try_from(self.varint()?).map_err(|_| "a number is too large")
    }

    fn unpack<T: pco::data_types::Number>(&mut self, count: usize) -> Result<Vec<T>, Damage> {
        let length = usize::try_from(self.varint()?).map_err(|_| "a column is too long")?;
        let column = pco::standalone::simple_decompress(self.take(length)?)
            .map_err(|_| "a column cannot be unpacked")?;
        if column.len() == count { Ok(column) } else { Err("a column has another length") }
    }
}

/// Appends a number in as few bytes as it needs.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Small numbers of either sign as small numbers.
#[expect(clippy::cast_sign_loss, reason = "the bits are wanted, not the number")]
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[expect(clippy::cast_possible_wrap, reason = "the bits are wanted, not the number")]
pub(crate) fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// How often a number does not follow the one before it. Every pair is looked at: on noise, stopping early costs more.
fn breaks(column: &[u32], follows: impl Fn(u32, u32) -> bool) -> usize {
    let pairs = column.iter().zip(column.iter().skip(1));
    pairs.map(|(a, b)| u32::from(!follows(*a, *b))).sum::<u32>() as usize
}

/// First number and step, when every step is the same.
fn steps(column: &[u32]) -> Option<(u32, i64)> {
    let first = *column.first().unwrap_or(&0);
    let step = column.get(1).map_or(0, |second| i64::from(*second) - i64::from(first));
    let step = i32::try_from(step).ok()?;
    let even = breaks(column, |a, b| a.wrapping_add_signed(step) == b) == 0;
    let last = column.last().unwrap_or(&0);
    let way = i64::from(*last) - i64::from(first);
    // A column that wraps around is no row of even steps.
    (even
        && i64::try_from(column.len())
            .ok()?
            .saturating_sub(1)
            .checked_mul(step.into())
            .is_none_or(|far| far == way))
    .then_some((first, step.into()))
}

/// Least value and the bits that hold every value above it.
fn width(column: &[u32]) -> (u32, u32) {
    let (least, most) = column.iter().fold((u32::MAX, 0), |(least, most), v| (least.min(*v), most.max(*v)));
    (least.min(most), 32 - most.saturating_sub(least).leading_zeros())
}

/// Whether the values use the width they span: then packing gains next to nothing. One value in eleven tells.
fn is_noise(column: &[u32]) -> bool {
    let (least, width) = width(column);
    let some = column.iter().step_by(11);
    let (spanned, used) = some.fold((0, 0), |(spanned, used), value| {
        (spanned + u64::from(width), used + u64::from(32 - (value - least).leading_zeros()))
    });
    used * 4 >= spanned * 3 && width <= 16
}

/// Reads values of a fixed width. Eight of them are a whole number of bytes, so they are read eight at a time; a value and
/// the bits before it in its first byte always fit into eight bytes.
#[expect(clippy::cast_possible_truncation, reason = "masked to at most 32 bits")]
fn bits<T>(bytes: &[u8], least: u32, width: usize, count: usize, make: impl Fn(u32) -> T) -> Vec<T> {
    let mut column: Vec<T> = Vec::with_capacity(count + 8);
    let mask = (1_u64 << width) - 1;
    let mut at = 0;
    while column.len() < count {
        let mut end = [0_u8; 40];
        let window = bytes.get(at..).and_then(|rest| rest.first_chunk::<40>()).unwrap_or_else(|| {
            end.iter_mut().zip(bytes.get(at..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
            &end
        });
        let mut eight = [0_u32; 8];
        for (index, value) in eight.iter_mut().enumerate() {
            let bit = index * width;
            let word = window.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>());
            let word = word.map_or(0, |word| u64::from_le_bytes(*word)) >> (bit % 8);
            *value = least.wrapping_add((word & mask) as u32);
        }
        column.extend(eight.map(&make));
        at += width;
    }
    column.truncate(count);
    column
}

fn put_bits(out: &mut Vec<u8>, column: &[u32]) -> Result<(), Damage> {
    let (least, width) = width(column);
    out.push(BITS);
    put_varint(out, u64::from(least));
    out.push(u8::try_from(width).map_err(|_| "a column is too wide")?);
    let (mut word, mut filled) = (0_u64, 0);
    let end = out.len() + (column.len() * width as usize).div_ceil(8);
    for value in column {
        word |= u64::from(value - least) << filled;
        filled += width;
        if filled >= 32 {
            out.extend_from_slice(word.to_le_bytes().first_chunk::<4>().ok_or("a word is too short")?);
            word >>= 32;
            filled -= 32;
        }
    }
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(end);
    Ok(())
}

/// The two values of a column that has no others.
fn two(column: &[u32]) -> Option<(u32, u32)> {
    let one = *column.first()?;
    let other = *column.iter().find(|value| **value != one)?;
    column.iter().all(|value| (*value == one) | (*value == other)).then_some((one, other))
}

/// A column as counts, when every number comes back from them bit by bit. Above 2^52 floats are whole numbers, so that
/// adding it rounds and leaves the count in the low bits: nothing in the way of taking several values at once.
#[expect(clippy::cast_possible_truncation, reason = "what is cut off is looked at")]
fn wholes(column: &[f64], there: impl Fn(f64) -> f64, back: impl Fn(f64) -> f64) -> Option<Vec<u32>> {
    const LARGE: f64 = 4_503_599_627_370_496.0;
    let mut wholes = Vec::with_capacity(column.len());
    for few in column.chunks(64) {
        let mut wrong = 0;
        wholes.extend(few.iter().map(|value| {
            let large = there(*value) + LARGE;
            let count = large.to_bits() ^ LARGE.to_bits();
            wrong |= back(large - LARGE).to_bits() ^ value.to_bits() | count >> 32;
            count as u32
        }));
        if wrong != 0 {
            return None;
        }
    }
    Some(wholes)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "kept only when the number comes back bit by bit"
)]
fn whole_i64(value: f64) -> Option<i64> {
    let whole = value as i64;
    ((whole as f64).to_bits() == value.to_bits()).then_some(whole)
}

fn config(shape: Shape, mode: ModeSpec) -> ChunkConfig {
    let (delta, level) = match shape {
        Shape::Free => (DeltaSpec::NoOp, 4),
        Shape::Smooth => (DeltaSpec::TryConsecutive(1), 4),
        Shape::Search => (DeltaSpec::Auto, 8),
    };
    ChunkConfig::default().with_compression_level(level).with_delta_spec(delta).with_mode_spec(mode)
}

fn put_packed(out: &mut Vec<u8>, kind: u8, packed: &pco::errors::PcoResult<Vec<u8>>) -> Result<(), Damage> {
    let packed = packed.as_ref().map_err(|_| "a column cannot be packed")?;
    out.push(kind);
    put_varint(out, packed.len() as u64);
    out.extend_from_slice(packed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Reader, Shape, put_f64, put_u32, put_varint, unzigzag, zigzag};
    use proptest::prelude::{ProptestConfig, any, prop, prop_oneof, proptest};

    fn check_f64(column: &[f64]) -> usize {
        let mut bytes = Vec::new();
        put_f64(&mut bytes, column, Shape::Search).unwrap();
        let mut reader = Reader::new(&bytes);
        let back = reader.f64s(column.len()).unwrap();
        reader.end().unwrap();
        let bits = |column: &[f64]| column.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(column));
        bytes.len()
    }

    #[test]
    fn formulas_take_a_few_bytes() {
        assert_eq!(check_f64(&[7.0; 4000]), 2);
        assert_eq!(check_f64(&[-7.5; 4000]), 9);
        let mut bytes = Vec::new();
        put_u32(&mut bytes, &(5..4000).collect::<Vec<_>>(), Shape::Free).unwrap();
        assert_eq!(bytes.len(), 3);
        assert_eq!(Reader::new(&bytes).u32s(3995).unwrap(), (5..4000).collect::<Vec<_>>());
    }

    fn check_u32(column: &[u32], kind: u8) {
        let mut bytes = Vec::new();
        put_u32(&mut bytes, column, Shape::Free).unwrap();
        assert_eq!(bytes[0], kind, "{column:?}");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u32s(column.len()).unwrap(), column);
        reader.end().unwrap();
    }

    #[test]
    fn what_is_nearly_regular_is_not_packed() {
        let runs: Vec<u32> = (0..100).map(|n| if n < 60 { u32::MAX } else { n / 90 }).collect();
        let ramps: Vec<u32> = (0..100).filter(|n| n % 40 != 7).collect();
        let bits: Vec<u32> = (0..101).map(|n| 5 + 9 * u32::from(n % 7 == 0 || n % 3 == 0)).collect();
        let noise: Vec<u32> = (0..100_u32).map(|n| n.wrapping_mul(0x9e37_79b9)).collect();
        check_u32(&[], super::CONSTANT);
        check_u32(&[3], super::CONSTANT);
        check_u32(&[9, 6, 3, 0], super::STEPS);
        check_u32(&[0, u32::MAX], super::TWO);
        check_u32(&runs, super::RUNS);
        check_u32(&ramps, super::RAMPS);
        let around: Vec<u32> = (0..100_u32).map(|n| n.wrapping_sub(if n < 30 { 40 } else { 50 })).collect();
        check_u32(&around, super::RAMPS);
        check_u32(&bits, super::TWO);
        let small: Vec<u32> = noise.iter().map(|n| 900 + n % 700).collect();
        let skewed = |every: u32| -> Vec<u32> {
            (0..400).map(|n| if n % every == 0 { n * 100 } else { n % 3 }).collect()
        };
        for width in 1..=32_u32 {
            let wide: Vec<u32> = noise.iter().map(|n| 3 + (n >> (32 - width)) % (u32::MAX - 3)).collect();
            let mut bytes = Vec::new();
            super::put_bits(&mut bytes, &wide).unwrap();
            assert_eq!(Reader::new(&bytes).u32s(wide.len()).unwrap(), wide, "{width} bits");
        }
        check_u32(&small, super::BITS);
        check_u32(&noise, super::BITS);
        for every in 7..11 {
            check_u32(&skewed(every), super::PACKED);
        }
    }

    #[test]
    fn decimals_are_whole_numbers_and_a_power_of_ten() {
        let prices: Vec<f64> = (0..500_u32).map(|n| f64::from(n * 7919 % 1000) / 100.0).collect();
        let mut bytes = Vec::new();
        put_f64(&mut bytes, &prices, Shape::Free).unwrap();
        assert_eq!(bytes[..2], [super::DECIMAL, 2]);
        check_f64(&prices);
        check_f64(&[0.1 + 0.2, 0.3]);
    }

    #[test]
    fn values_of_every_size_come_back() {
        check_f64(&[]);
        check_f64(&[0.0, 1.0, 1.0, 0.0]);
        check_f64(&[-1.0, 5e9, 9_007_199_254_740_992.0, -9e15]);
        check_f64(&[0.1, 66.13, 1e300, -0.0, f64::MIN_POSITIVE]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn columns_round_trip(values in prop::collection::vec(any::<f64>(), 0..300), counts in prop::collection::vec(prop_oneof![0..4_u32, any::<u32>()], 0..300)) {
            check_f64(&values);
            let mut bytes = Vec::new();
            put_u32(&mut bytes, &counts, Shape::Smooth).unwrap();
            assert_eq!(Reader::new(&bytes).u32s(counts.len()).unwrap(), counts);
        }

        #[test]
        fn numbers_round_trip(number in any::<i64>()) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, zigzag(number));
            assert_eq!(unzigzag(Reader::new(&bytes).varint().unwrap()), number);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(column) = Reader::new(&bytes).f64s(3) {
                assert_eq!(column.len(), 3);
            }
        }
    }
}
