//! What calamine does not tell of an old Excel file: which cells are shown as shares, and how far apart its cells lie, which
//! says how much memory it will take. Layout: MS-XLS, sections 2.1.7 and 2.4; a workbook not laid out so has none.

use std::collections::HashSet;

use super::compound::Container;

/// A cell by sheet, row and column, all from 0.
pub(super) type Place = (usize, usize, usize);

/// Most cells that are noted: a row of `MULRK` takes few bytes for each.
const MAX_SHARES: usize = crate::grid::MAX_CELLS;

const FORMULA: u16 = 0x0006;
const EOF: u16 = 0x000A;
const BOUND_SHEET: u16 = 0x0085;
const MUL_RK: u16 = 0x00BD;
const XF: u16 = 0x00E0;
const RICH: u16 = 0x00D6;
const LABEL_SST: u16 = 0x00FD;
const NUMBER: u16 = 0x0203;
const LABEL: u16 = 0x0204;
const BOOL_ERR: u16 = 0x0205;
const RK: u16 = 0x027E;
const FORMAT: u16 = 0x041E;
const BOF: u16 = 0x0809;

/// What was found out about a workbook.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// The cells shown as shares.
    pub(super) shares: HashSet<Place>,
    /// Cells of the rectangles that hold all filled cells of the sheets, all sheets together.
    pub(super) spanned: usize,
}

/// Looks through the workbook of a file.
pub(super) fn of_workbook(bytes: &[u8]) -> Facts {
    let stream = Container::of(bytes).and_then(|container| container.file(&["Workbook", "Book"]));
    stream.map(|stream| of_stream(&stream)).unwrap_or_default()
}

fn of_stream(stream: &[u8]) -> Facts {
    let mut formats = HashSet::from([9_u16, 10]);
    let mut styles = Vec::new();
    let mut sheets = Vec::new();
    let mut unicode = true;
    for (kind, data) in records(stream, 0) {
        match kind {
            BOF => unicode = half(data, 0) == Some(0x0600),
            FORMAT => {
                // Behind the number: the length in two bytes and a byte of flags, or in one byte before Unicode.
                let text = data.get(if unicode { 5 } else { 3 }..).unwrap_or_default();
                let text: String =
                    text.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
                if text.replace("\\%", "").contains('%') {
                    formats.extend(half(data, 0));
                }
            }
            XF => styles.push(half(data, 2).is_some_and(|format| formats.contains(&format))),
            BOUND_SHEET => sheets.push(half(data, 0).zip(half(data, 2))),
            _ => {}
        }
    }
    let mut facts = Facts::default();
    for (number, start) in sheets.into_iter().enumerate() {
        let Some((low, high)) = start else { continue };
        let start = usize::from(high) << 16 | usize::from(low);
        let (mut top, mut left, mut bottom, mut right) = (usize::MAX, usize::MAX, 0, 0);
        for (kind, data) in records(stream, start) {
            let cells = match kind {
                NUMBER | RK | FORMULA | LABEL | LABEL_SST | RICH | BOOL_ERR => 1,
                // Row, first column, six bytes for each cell, last column.
                MUL_RK => data.len().saturating_sub(6) / 6,
                _ => 0,
            };
            let Some((row, first)) = half(data, 0).zip(half(data, 2)).filter(|_| cells > 0) else { continue };
            let (row, first) = (usize::from(row), usize::from(first));
            (top, bottom) = (top.min(row), bottom.max(row + 1));
            (left, right) = (left.min(first), right.max(first + cells));
            for cell in 0..cells {
                let style = half(data, 4 + cell * 6).map(usize::from);
                if style.and_then(|style| styles.get(style)) == Some(&true) && facts.shares.len() < MAX_SHARES
                {
                    facts.shares.insert((number, row, first + cell));
                }
            }
        }
        let wide = right.saturating_sub(left);
        facts.spanned = facts.spanned.saturating_add(bottom.saturating_sub(top).saturating_mul(wide));
    }
    facts
}

/// The records from a place on, to the end of the part that begins there; parts within it are passed over.
fn records(stream: &[u8], start: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = stream.get(start..).unwrap_or_default();
    let mut depth = 0_u32;
    std::iter::from_fn(move || {
        loop {
            let (kind, length) = half(rest, 0).zip(half(rest, 2))?;
            let data = rest.get(4..4 + usize::from(length))?;
            rest = rest.get(4 + usize::from(length)..)?;
            match kind {
                BOF => depth += 1,
                EOF => depth = depth.checked_sub(1)?,
                _ => {}
            }
            match depth {
                0 => return None,
                1 => return Some((kind, data)),
                _ => {}
            }
        }
    })
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::{Facts, of_stream};
    use std::collections::HashSet;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    #[test]
    fn shares_are_known_by_their_format() {
        let bof = record(super::BOF, &[0, 6, 5, 0]);
        let end = record(super::EOF, &[]);
        let format = |id: u8, text: &[u8]| record(super::FORMAT, &[&[id, 0, 5, 0, 0][..], text].concat());
        let xf = |format: u8| record(super::XF, &[0, 0, format, 0]);
        let styles = [xf(0), xf(9), xf(170), xf(171)].concat();
        let head = [bof.clone(), format(170, b"0.00%"), format(171, b"0\\%"), styles].concat();
        let start = head.len() + 12 + end.len();
        let bound =
            record(super::BOUND_SHEET, &[&u32::try_from(start).unwrap().to_le_bytes()[..], &[0; 4]].concat());
        let number = |column: u8, style: u8| record(super::NUMBER, &[2, 0, column, 0, style, 0, 0, 0]);
        let many = record(super::MUL_RK, &[3, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
        let chart = [bof.clone(), number(9, 1), end.clone()].concat();
        let sheet = [number(0, 0), number(1, 1), chart, number(2, 2), number(3, 3), many].concat();
        let stream = [head, bound, end.clone(), bof, sheet, end].concat();
        let facts = of_stream(&stream);
        assert_eq!(facts.shares, HashSet::from([(0, 2, 1), (0, 2, 2), (0, 3, 1)]));
        assert_eq!(facts.spanned, 2 * 4);
        assert_eq!(of_stream(&stream[..stream.len() / 2]).shares, HashSet::new());
        assert_eq!(of_stream(&[]), Facts::default());
    }
}
