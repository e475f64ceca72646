//! What a walk over history collects: points for a callback, or sums. Both take frames and tiles and must agree.

use std::{collections::BTreeMap, sync::Arc};

use gapwatch_model::{FrameKey, Head, Period, PlaceIx, Point, RunId, Value};
use rusqlite::{Connection, OptionalExtension};

use super::{
    StoredFrame,
    column::Damage,
    mask::{BLOCK, Mask},
    period,
    points::Values,
    read::emit,
    shelf::{Shelf, Source, tile_extras, tile_values},
};
use crate::{
    StoreError, db,
    series::{Sink, Stream, Summary},
};

/// Who takes.
pub(crate) enum Taker<'a, 's> {
    /// Hands points on.
    Points(&'a mut Sink<'s>),
    /// Adds values up, per period.
    Sums { cuts: &'a [f64], found: BTreeMap<i64, Sums> },
}

/// One tile as it lies in the file, with what its shelf says of it.
pub(crate) struct Tile<'a> {
    pub(crate) shelf: &'a Shelf,
    pub(crate) slots: &'a [u32],
    pub(crate) body: &'a [u8],
    /// Read only where it is needed: it lies behind the body.
    pub(crate) extra: &'a dyn Fn() -> rusqlite::Result<&'a [u8]>,
    /// Per period whether this tile speaks for it.
    pub(crate) clean: &'a [bool],
    pub(crate) block: u32,
}

/// What is gathered while the tiles of one shelf are taken.
pub(crate) enum Gathered {
    /// Heads of the shelf's frames, each made once.
    Heads(Vec<Option<Arc<Head>>>),
    /// Sums of its periods.
    Sums(Vec<Sums>),
}

impl Taker<'_, '_> {
    /// Takes one period's frames, earliest recording first.
    pub(crate) fn frames(
        &mut self,
        stream: &Stream,
        scope: &Mask,
        frames: &[StoredFrame],
    ) -> Result<(), StoreError> {
        let mut scope = scope.clone();
        for frame in frames.iter().rev() {
            match self {
                Self::Points(sink) => emit(frame, stream, &mut scope, *sink)?,
                Self::Sums { cuts, found } => {
                    let (places, values) = frame.values()?;
                    let sums = found.entry(frame.period).or_insert_with(|| Sums::new(cuts));
                    for (index, slot) in places.iter().enumerate() {
                        if scope.take(*slot)
                            && let Some(value) = values.value(index)
                        {
                            sums.add(value, cuts);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Starts a shelf.
    pub(crate) fn shelf(&self, shelf: &Shelf) -> Gathered {
        match self {
            Self::Points(_) => Gathered::Heads(vec![None; shelf.sources.len()]),
            Self::Sums { cuts, .. } => Gathered::Sums(vec![Sums::new(cuts); shelf.periods.len()]),
        }
    }

    /// Ends a shelf.
    pub(crate) fn done(&mut self, shelf: &Shelf, clean: &[bool], gathered: Gathered) {
        if let (Self::Sums { found, .. }, Gathered::Sums(sums)) = (self, gathered) {
            for ((period, more), _) in shelf.periods.iter().zip(sums).zip(clean).filter(|(_, clean)| **clean)
            {
                match found.get_mut(period) {
                    None => {
                        found.insert(*period, more);
                    }
                    Some(sums) => sums.add_all(&more),
                }
            }
        }
    }

    /// Takes the clean periods of one tile. The inner error says what is wrong with the tile; then nothing was taken.
    pub(crate) fn tile(
        &mut self,
        connection: &Connection,
        stream: &Stream,
        scope: &Mask,
        tile: &Tile<'_>,
        gathered: &mut Gathered,
    ) -> Result<Result<(), Damage>, StoreError> {
        match (self, gathered) {
            (Self::Points(sink), Gathered::Heads(heads)) => {
                let columns = match Columns::read(tile, scope, (tile.extra)()?) {
                    Ok(columns) => columns,
                    Err(why) => return Ok(Err(why)),
                };
                let mut points = Vec::new();
                let mut heads = heads.iter_mut();
                for (column, ((code, sources), clean)) in tile.shelf.columns().zip(tile.clean).enumerate() {
                    for ((rev, source), head) in (0..).zip(sources).zip(heads.by_ref()) {
                        points.clear();
                        if *clean {
                            columns.points(column, rev, &mut points);
                        }
                        if points.is_empty() {
                            continue;
                        }
                        let head = match head {
                            Some(head) => head,
                            None => head.insert(make_head(connection, stream, code, source)?),
                        };
                        sink(head, &points);
                    }
                }
                Ok(Ok(()))
            }
            (Self::Sums { cuts, .. }, Gathered::Sums(sums)) => Ok(add_tile(tile, scope, cuts, sums)),
            _ => Ok(Ok(())),
        }
    }
}

/// The wanted rows of a tile, read whole before anything is handed out.
struct Columns {
    /// Per wanted row and period the frame's position among the period's, and the point.
    cells: Vec<Option<(u32, Point)>>,
    width: usize,
}

impl Columns {
    fn read(tile: &Tile<'_>, scope: &Mask, extra: &[u8]) -> Result<Self, Damage> {
        let width = tile.shelf.periods.len();
        let values = tile_values(tile.body, width * tile.slots.len())?;
        let extras = tile_extras(extra, width * tile.slots.len())?;
        let mut cells = Vec::new();
        for (row, slot) in tile.slots.iter().enumerate().filter(|(_, slot)| scope.has(**slot)) {
            let place = PlaceIx(tile.block * BLOCK + slot);
            let (start, end) = (row * width, (row + 1) * width);
            let from = values.absent.partition_point(|at| (*at as usize) < start);
            let mut absent = values.absent.iter().skip(from).map(|at| *at as usize).peekable();
            for (cell, sources) in (start..end).zip(&tile.shelf.counts) {
                if absent.next_if_eq(&cell).is_some() {
                    cells.push(None);
                    continue;
                }
                let rev = *extras.revs.get(cell).ok_or("a column is too short")?;
                if rev >= *sources {
                    return Err("a cell names no frame");
                }
                cells.push(Some((rev, extras.extras.point(cell, place, &values.values)?)));
            }
        }
        Ok(Self { cells, width })
    }

    /// Appends the points of a period that come from one of its frames, places rising.
    fn points(&self, column: usize, rev: u32, out: &mut Vec<Point>) {
        let cells = self.cells.iter().skip(column).step_by(self.width);
        out.extend(cells.flatten().filter(|(of, _)| *of == rev).map(|(_, point)| *point));
    }
}

fn make_head(
    connection: &Connection,
    stream: &Stream,
    code: i64,
    source: &Source,
) -> Result<Arc<Head>, StoreError> {
    let damaged = |why: &str| StoreError::Damaged {
        what: format!("the shelf entry of frame `{}`", source.frame),
        why: why.to_owned(),
    };
    let method: Option<Arc<str>> = match source.method {
        0 => None,
        id => connection
            .prepare_cached("SELECT name FROM method WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?,
    };
    let key = FrameKey {
        indicator: stream.indicator.clone(),
        period: period::period(code).ok_or_else(|| damaged("its period is none"))?,
        source: stream.source.clone(),
        evidence: stream.evidence,
        dimensions: stream.dimensions.clone(),
        method,
    };
    let run = RunId(u64::try_from(source.run).map_err(|_| damaged("its run is none"))?);
    Ok(Arc::new(Head { key, run, recorded_at: db::time(source.at, source.at_offset)? }))
}

/// Sums and counts of one period.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    numbers: u64,
    sum: f64,
    ratios: u64,
    numerator: f64,
    denominator: f64,
    without_value: u64,
    classes: Vec<u64>,
}

impl Sums {
    pub(crate) fn new(cuts: &[f64]) -> Self {
        Self {
            numbers: 0,
            sum: 0.0,
            ratios: 0,
            numerator: 0.0,
            denominator: 0.0,
            without_value: 0,
            classes: vec![0; cuts.len() + 1],
        }
    }

    pub(crate) fn add(&mut self, value: Value, cuts: &[f64]) {
        match value {
            Value::Number(number) => {
                self.numbers += 1;
                self.sum += number;
            }
            Value::Ratio { numerator, denominator } => {
                self.ratios += 1;
                self.numerator += numerator;
                self.denominator += denominator;
            }
        }
        match value.amount() {
            None => self.without_value += 1,
            Some(amount) => {
                let class = cuts.iter().take_while(|cut| amount >= **cut).count();
                if let Some(count) = self.classes.get_mut(class) {
                    *count += 1;
                }
            }
        }
    }

    fn add_all(&mut self, more: &Self) {
        self.numbers += more.numbers;
        self.sum += more.sum;
        self.ratios += more.ratios;
        self.numerator += more.numerator;
        self.denominator += more.denominator;
        self.without_value += more.without_value;
        self.classes.iter_mut().zip(&more.classes).for_each(|(count, more)| *count += more);
    }

    /// The answer; none where nothing was said.
    pub(crate) fn summary(self, stream: &Arc<Stream>, period: Period) -> Option<Summary> {
        (self.numbers + self.ratios > 0).then(|| Summary {
            stream: stream.clone(),
            period,
            numbers: self.numbers,
            sum: self.sum,
            ratios: self.ratios,
            numerator: self.numerator,
            denominator: self.denominator,
            without_value: self.without_value,
            classes: self.classes,
        })
    }
}

/// Adds the wanted cells of a tile to the sums of its periods.
fn add_tile(tile: &Tile<'_>, scope: &Mask, cuts: &[f64], columns: &mut [Sums]) -> Result<(), Damage> {
    let values = tile_values(tile.body, columns.len() * tile.slots.len())?;
    if cuts.is_empty() && values.values.ratio.is_empty() {
        add_numbers(tile, scope, values.values.first, &values.absent, columns);
    } else {
        add_cells(tile, scope, cuts, &values.values, &values.absent, columns);
    }
    Ok(())
}

/// The common case, plain numbers without classes: whole rows are added at once.
fn add_numbers(tile: &Tile<'_>, scope: &Mask, mut first: Vec<f64>, absent: &[u32], columns: &mut [Sums]) {
    let width = columns.len().max(1);
    let mut gone = vec![0_u64; width];
    for at in absent.iter().map(|at| *at as usize) {
        if let Some(value) = first.get_mut(at) {
            *value = 0.0;
        }
        let wanted = tile.slots.get(at / width).is_some_and(|slot| scope.has(*slot));
        if let (true, Some(gone)) = (wanted, gone.get_mut(at % width)) {
            *gone += 1;
        }
    }
    let mut sums = vec![0.0; width];
    let mut rows = 0_u64;
    for (slot, row) in tile.slots.iter().zip(first.chunks_exact(width)) {
        if scope.has(*slot) {
            rows += 1;
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
    for ((column, sum), gone) in columns.iter_mut().zip(sums).zip(gone) {
        column.sum += sum;
        column.numbers += rows - gone;
        if let Some(count) = column.classes.first_mut() {
            *count += rows - gone;
        }
    }
}

fn add_cells(
    tile: &Tile<'_>,
    scope: &Mask,
    cuts: &[f64],
    values: &Values,
    absent: &[u32],
    columns: &mut [Sums],
) {
    let width = columns.len();
    let mut absent = absent.iter().map(|at| *at as usize).peekable();
    for (row, slot) in tile.slots.iter().enumerate() {
        let wanted = scope.has(*slot);
        for (column, sums) in columns.iter_mut().enumerate() {
            let cell = row * width + column;
            let gone = absent.next_if_eq(&cell).is_some();
            if let (true, false, Some(value)) = (wanted, gone, values.value(cell)) {
                sums.add(value, cuts);
            }
        }
    }
}
