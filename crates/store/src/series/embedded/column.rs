//! Columns of numbers as bytes: constants and even steps as formulas, everything else by `pco`.
//!
//! A column knows its own length in bytes, so a reader can skip it. Damage is found by the checksum around columns.

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
const PACKED: u8 = 2;
const PACKED_I64: u8 = 3;
const PACKED_F64: u8 = 4;

/// Appends a column of counts.
pub(crate) fn put_u32(out: &mut Vec<u8>, column: &[u32], shape: Shape) -> Result<(), Damage> {
    match steps(column) {
        Some((first, 0)) => {
            out.push(CONSTANT);
            put_varint(out, u64::from(first));
        }
        Some((first, step)) => {
            out.push(STEPS);
            put_varint(out, u64::from(first));
            put_varint(out, zigzag(step));
        }
        None => put_packed(
            out,
            PACKED,
            &pco::standalone::simple_compress(column, &config(shape, ModeSpec::Classic)),
        )?,
    }
    Ok(())
}

/// Appends a column of values. Whole numbers take the short way.
pub(crate) fn put_f64(out: &mut Vec<u8>, column: &[f64], shape: Shape) -> Result<(), Damage> {
    let Some(first) = column.first() else {
        out.push(CONSTANT);
        out.extend_from_slice(&0_f64.to_le_bytes());
        return Ok(());
    };
    if column.iter().all(|value| value.to_bits() == first.to_bits()) {
        out.push(CONSTANT);
        out.extend_from_slice(&first.to_le_bytes());
        return Ok(());
    }
    if let Some(whole) = column.iter().map(|value| whole_u32(*value)).collect::<Option<Vec<_>>>() {
        let mode = if shape == Shape::Search { ModeSpec::Auto } else { ModeSpec::Classic };
        return put_packed(out, PACKED, &pco::standalone::simple_compress(&whole, &config(shape, mode)));
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
        match self.byte()? {
            CONSTANT => Ok(vec![self.small()?; count]),
            STEPS => {
                let first = self.small()?;
                let step = unzigzag(self.varint()?);
                let mut at = i64::from(first);
                let mut column = Vec::with_capacity(count);
                for _ in 0..count {
                    column.push(u32::try_from(at).map_err(|_| "a step leads nowhere")?);
                    at = at.checked_add(step).ok_or("a step leads nowhere")?;
                }
                Ok(column)
            }
            PACKED => self.unpack(count),
            _ => Err("a column is of an unknown kind"),
        }
    }

    pub(crate) fn i64s(&mut self, count: usize) -> Result<Vec<i64>, Damage> {
        if self.byte()? == PACKED_I64 { self.unpack(count) } else { Err("a column is of an unknown kind") }
    }

    #[expect(clippy::cast_precision_loss, reason = "only whole numbers below 2^53 were packed so")]
    pub(crate) fn f64s(&mut self, count: usize) -> Result<Vec<f64>, Damage> {
        match self.byte()? {
            CONSTANT => {
                let bytes = <[u8; 8]>::try_from(self.take(8)?).map_err(|_| "it ends too early")?;
                Ok(vec![f64::from_le_bytes(bytes); count])
            }
            PACKED => Ok(self.unpack::<u32>(count)?.into_iter().map(f64::from).collect()),
            PACKED_I64 => Ok(self.unpack::<i64>(count)?.into_iter().map(|whole| whole as f64).collect()),
            PACKED_F64 => self.unpack(count),
            _ => Err("a column is of an unknown kind"),
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

/// First number and step, when every step is the same.
fn steps(column: &[u32]) -> Option<(u32, i64)> {
    let first = *column.first().unwrap_or(&0);
    let step = column.get(1).map_or(0, |second| i64::from(*second) - i64::from(first));
    let even = column.windows(2).all(|pair| matches!(pair, [a, b] if i64::from(*b) - i64::from(*a) == step));
    even.then_some((first, step))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "kept only when the number comes back bit by bit"
)]
fn whole_u32(value: f64) -> Option<u32> {
    let whole = value as u32;
    (f64::from(whole).to_bits() == value.to_bits()).then_some(whole)
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
    use proptest::prelude::{ProptestConfig, any, prop, proptest};

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
        assert_eq!(check_f64(&[7.0; 4000]), 9);
        let mut bytes = Vec::new();
        put_u32(&mut bytes, &(5..4000).collect::<Vec<_>>(), Shape::Free).unwrap();
        assert_eq!(bytes.len(), 3);
        assert_eq!(Reader::new(&bytes).u32s(3995).unwrap(), (5..4000).collect::<Vec<_>>());
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
        fn columns_round_trip(values in prop::collection::vec(any::<f64>(), 0..300), counts in prop::collection::vec(any::<u32>(), 0..300)) {
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
