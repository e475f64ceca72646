//! Sealed history, turned around: one year of one stream and block, place by place instead of period by period.
//!
//! A shelf lists its periods, the frames behind each, and its slots. Its tiles hold the cells of some slots over all
//! periods, each slot's cells side by side, missing ones filled with their neighbour so that they cost nothing. A cell
//! says what its place's last recorded frame says; its `rev` is the position of that frame among the period's frames.

use gapwatch_model::Point;

use super::{
    column::{Damage, Reader, Shape, put_i64, put_u32, put_varint},
    mask::BLOCK,
    points::{Columns, Extras, Values, checked, read_extras, read_values, seal},
};

/// Cells of a tile, about: enough to pack well, few enough to read one place quickly.
const CELLS: usize = 3_000;
/// Most periods and frames of one shelf, which bounds what damaged bytes can make us allocate.
const MOST: usize = 1 << 20;

/// One frame behind a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) frame: i64,
    pub(crate) at: i64,
    pub(crate) at_offset: i32,
    pub(crate) run: i64,
    /// Number of the method, 0 for none.
    pub(crate) method: i64,
}

/// What a shelf holds, without the cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shelf {
    /// Numbers of its periods, rising.
    pub(crate) periods: Vec<i64>,
    /// How many frames each period has. None has none.
    pub(crate) counts: Vec<u32>,
    /// The frames of the first period, earliest recording first, then those of the second, …
    pub(crate) sources: Vec<Source>,
    /// Slots that have a cell anywhere, rising.
    pub(crate) slots: Vec<u32>,
    /// Slots per tile, at least one.
    pub(crate) width: usize,
}

/// Slots per tile of a new shelf.
pub(crate) fn width_for(periods: usize) -> usize {
    (CELLS / periods.max(1)).clamp(8, BLOCK as usize)
}

impl Shelf {
    /// Each period's number and frames.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (i64, &[Source])> {
        let mut rest = self.sources.as_slice();
        self.periods.iter().zip(&self.counts).map(move |(period, count)| {
            let (sources, after) = rest.split_at_checked(*count as usize).unwrap_or((rest, &[]));
            rest = after;
            (*period, sources)
        })
    }

    /// The slots of each tile, in order of tiles.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u32]> {
        self.slots.chunks(self.width.max(1))
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Damage> {
        let mut out = Vec::new();
        put_varint(&mut out, self.periods.len() as u64);
        put_i64(&mut out, &self.periods)?;
        put_u32(&mut out, &self.counts, Shape::Search)?;
        let column = |of: fn(&Source) -> i64| self.sources.iter().map(of).collect::<Vec<_>>();
        put_i64(&mut out, &column(|source| source.frame))?;
        put_i64(&mut out, &column(|source| source.at))?;
        put_i64(&mut out, &column(|source| i64::from(source.at_offset)))?;
        put_i64(&mut out, &column(|source| source.run))?;
        put_i64(&mut out, &column(|source| source.method))?;
        put_varint(&mut out, self.slots.len() as u64);
        put_u32(&mut out, &self.slots, Shape::Smooth)?;
        put_varint(&mut out, self.width as u64);
        Ok(seal(out))
    }

    pub(crate) fn decode(sealed: &[u8]) -> Result<Self, Damage> {
        let mut reader = Reader::new(checked(sealed)?);
        let count = reader.count(MOST)?;
        let periods = reader.i64s(count)?;
        let counts = reader.u32s(count)?;
        let total = counts.iter().try_fold(0_usize, |sum, count| sum.checked_add(*count as usize));
        let total = total.filter(|total| *total <= MOST).ok_or("a count is too large")?;
        let frame = reader.i64s(total)?;
        let at = reader.i64s(total)?;
        let offset = reader.i64s(total)?;
        let run = reader.i64s(total)?;
        let method = reader.i64s(total)?;
        let all = frame.into_iter().zip(at).zip(offset).zip(run).zip(method);
        let source = |((((frame, at), offset), run), method)| {
            let at_offset = i32::try_from(offset).map_err(|_| "an offset is too large")?;
            Ok(Source { frame, at, at_offset, run, method })
        };
        let sources = all.map(source).collect::<Result<_, Damage>>()?;
        let count = reader.count(BLOCK as usize)?;
        let slots = reader.u32s(count)?;
        let width = reader.count(BLOCK as usize)?;
        reader.end()?;
        Ok(Self { periods, counts, sources, slots, width })
    }
}

/// What one cell says, before it is packed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) rev: u32,
    pub(crate) point: Point,
}

/// Packs the cells of some slots, slot by slot over all periods.
pub(crate) fn pack_tile(cells: &[Option<Cell>], periods: usize) -> Result<(Vec<u8>, Vec<u8>), Damage> {
    let (mut absent, mut revs, mut points) = (Vec::new(), Vec::new(), Vec::with_capacity(cells.len()));
    for (row, cells) in (0..).zip(cells.chunks(periods.max(1))) {
        let mut filling = cells.iter().flatten().next().copied();
        for (column, cell) in (0..).zip(cells) {
            if cell.is_none() {
                absent.push(u32::try_from(row * periods + column).map_err(|_| "a tile is too large")?);
            }
            filling = cell.or(filling);
            let Cell { rev, point } = filling.ok_or("a slot has no cell")?;
            revs.push(rev);
            points.push(point);
        }
    }
    let (mut body, mut extra) = (Vec::new(), Vec::new());
    put_varint(&mut body, absent.len() as u64);
    put_u32(&mut body, &absent, Shape::Smooth)?;
    let Columns { values, extras, .. } = Columns::of(&points);
    values.put(&mut body, Shape::Search)?;
    put_u32(&mut extra, &revs, Shape::Search)?;
    extras.put(&mut extra, Shape::Search)?;
    Ok((seal(body), seal(extra)))
}

/// Values of a tile; cells that are absent hold what their neighbour says.
#[derive(Debug)]
pub(crate) struct TileValues {
    /// Positions of cells that are not there, rising.
    pub(crate) absent: Vec<u32>,
    pub(crate) values: Values,
}

pub(crate) fn tile_values(body: &[u8], cells: usize) -> Result<TileValues, Damage> {
    let mut reader = Reader::new(checked(body)?);
    let count = reader.count(cells)?;
    let absent = reader.u32s(count)?;
    let values = read_values(&mut reader, cells)?;
    reader.end()?;
    Ok(TileValues { absent, values })
}

/// Everything else of a tile.
#[derive(Debug)]
pub(crate) struct TileExtras {
    pub(crate) revs: Vec<u32>,
    pub(crate) extras: Extras,
}

pub(crate) fn tile_extras(extra: &[u8], cells: usize) -> Result<TileExtras, Damage> {
    let mut reader = Reader::new(checked(extra)?);
    let revs = reader.u32s(cells)?;
    let extras = read_extras(&mut reader, cells)?;
    reader.end()?;
    Ok(TileExtras { revs, extras })
}

#[cfg(test)]
mod tests {
    use super::{Cell, Shelf, Source, pack_tile, tile_extras, tile_values};
    use gapwatch_model::{PlaceIx, Point, Qualifier, Value};

    #[test]
    fn a_shelf_comes_back() {
        let source = |frame| Source {
            frame,
            at: 1_700_000_000_000_000_000 + frame,
            at_offset: 25_200,
            run: 7,
            method: 0,
        };
        let shelf = Shelf {
            periods: vec![80, 88, 104],
            counts: vec![1, 2, 1],
            sources: vec![source(4), source(5), source(9), source(6)],
            slots: vec![0, 1, 5, 4095],
            width: 3,
        };
        assert_eq!(Shelf::decode(&shelf.encode().unwrap()).unwrap(), shelf);
        assert_eq!(shelf.columns().nth(1), Some((88, &shelf.sources[1..3])));
        assert_eq!(Shelf::decode(&Shelf::default().encode().unwrap()).unwrap(), Shelf::default());
    }

    #[test]
    fn absent_cells_stay_absent() {
        let cell = |value| {
            let point = Point {
                place: PlaceIx(0),
                value: Value::Number(value),
                qualifier: Qualifier::About,
                samples: Some(3),
                row: 8,
            };
            Some(Cell { rev: 1, point })
        };
        let cells = [None, cell(1.0), None, cell(2.5), cell(0.0), None];
        let (body, extra) = pack_tile(&cells, 3).unwrap();
        let values = tile_values(&body, 6).unwrap();
        assert_eq!(values.absent, [0, 2, 5]);
        let extras = tile_extras(&extra, 6).unwrap();
        let back = extras.extras.point(3, PlaceIx(0), &values.values).unwrap();
        assert_eq!(Some(Cell { rev: extras.revs[3], point: back }), cells[3]);
        assert!(pack_tile(&[None, None], 2).is_err());
    }
}
