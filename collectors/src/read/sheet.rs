//! One table, row by row: who, when, what. Every cell that is not understood becomes a reject; the rest goes in.

mod notes;
mod rejects;
mod what;
mod who;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use chrono::NaiveDate;
use foldhash::{HashMap, HashMapExt};
use gapwatch_model::{Period, PlaceIx, PlaceLevel, Qualifier, RejectCode, text};

use super::{
    cells::{self, Slot},
    frames::Frames,
    period,
};
use crate::{
    Context, Fetched, Reading,
    config::{CollectorConfig, Column, Decimal, Role},
    grid::{self, Grid, Row},
    number::Style,
    reading::SheetNotes,
    resolve::{Answers, Named},
    rows::{self, Kind, Looks, Shape},
    table::Table,
    texts::{Memo, Text, Texts},
    value::{self, CellKind},
};
use who::Naming;

/// Reads the tables of one file.
pub(crate) struct Reader<'a> {
    config: &'a CollectorConfig,
    columns: &'a [Column],
    fetched: &'a Fetched,
    ctx: &'a Context<'a>,
    pub(crate) reading: Reading,
    frames: Frames,
    sheet: u32,
    file: String,
    new_villages: HashMap<(PlaceIx, String), PlaceIx>,
    /// Level of the places the rows are about.
    level: PlaceLevel,
    /// What the cells that name places and dimensions say, mended.
    texts: RefCell<Texts>,
    known: Answers,
    communes: RefCell<Answers>,
    bad_rows: BTreeSet<(u32, u32)>,
    /// The sheets read, with their names and headings, for saying which rows contradict each other.
    seen: Vec<(String, Vec<String>, Grid)>,
    too_many: u32,
    /// The period that the titles of the sheet gave to a table further up.
    titled: Option<Period>,
}

/// The table being read, and what was found out about it.
struct Frame<'t, 'a> {
    table: &'t Table,
    slots: Vec<Slot<'a>>,
    sheet_period: Period,
    value_style: [Option<Style>; 3],
    /// Column of the sheet for each role.
    roles: [Option<usize>; ROLES],
    /// Columns of dimensions, evidence and method that the sheet has.
    own: bool,
    cleaned: Memo<Option<Text>>,
    /// What the good cells of periods say.
    periods: Memo<Option<When>>,
    /// Numbers of the frames that slots go to, by what rows say of their dimensions and period.
    numbers: RefCell<Numbers>,
    /// The numbers of the row before, and what they are of: rows of one day mostly stand together.
    last: RefCell<Option<(Period, Own, Rc<SlotNumbers>)>>,
    today: NaiveDate,
    /// Column in which rows name their indicator.
    indicator: Option<usize>,
}

/// The numbers of the frames that slots go to, once known.
type SlotNumbers = [Cell<Option<usize>>];

/// For each period and what a row says of its dimensions: the numbers of the frames that the slots go to, once known.
type Numbers = HashMap<Period, HashMap<Own, Rc<SlotNumbers>>>;

/// How many roles there are.
const ROLES: usize = Role::Ignored as usize + 1;
/// Roles of what a row may say of the dimensions, evidence and method of its values.
const OWN: [Role; 6] = [
    Role::Operator,
    Role::Technology,
    Role::MeasuringPoint,
    Role::Organisation,
    Role::Evidence,
    Role::Method,
];

/// What a row says under the roles of [`OWN`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Own([Option<Text>; 6]);

impl Frame<'_, '_> {
    fn at(&self, role: Role) -> Option<usize> {
        self.roles.get(role as usize).copied().flatten()
    }

    /// The numbers of the frames that the slots of a row go to.
    fn numbers(&self, own: &Own, period: Period) -> Rc<SlotNumbers> {
        let mut last = self.last.borrow_mut();
        if let Some((_, _, known)) = last.as_ref().filter(|(then, said, _)| *then == period && said == own) {
            return known.clone();
        }
        let found = self.numbers_of(own, period);
        *last = Some((period, own.clone(), found.clone()));
        found
    }

    fn numbers_of(&self, own: &Own, period: Period) -> Rc<SlotNumbers> {
        let mut numbers = self.numbers.borrow_mut();
        if let Some(known) = numbers.get(&period).and_then(|numbers| numbers.get(own)) {
            return known.clone();
        }
        let new: Rc<[_]> = self.slots.iter().map(|_| Cell::new(None)).collect();
        numbers.entry(period).or_default().insert(own.clone(), new.clone());
        new
    }
}

/// The period a row is about, the day on which it names its place, and the epoch of that day.
#[derive(Debug, Clone, Copy)]
struct When {
    period: Period,
    day: NaiveDate,
    epoch: u32,
}

/// One row's own dimensions and reservations.
struct Said {
    period: Period,
    samples: Option<u32>,
    qualifier: Option<Qualifier>,
    place: PlaceIx,
    own: Own,
    numbers: Rc<SlotNumbers>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        config: &'a CollectorConfig,
        columns: &'a [Column],
        fetched: &'a Fetched,
        ctx: &'a Context<'a>,
    ) -> Self {
        Self {
            config,
            columns,
            fetched,
            ctx,
            reading: Reading::default(),
            frames: Frames::default(),
            sheet: 0,
            file: fetched.file.clone(),
            new_villages: HashMap::new(),
            level: level(config, columns),
            texts: RefCell::default(),
            known: Answers::default(),
            communes: RefCell::default(),
            bad_rows: BTreeSet::new(),
            seen: Vec::new(),
            too_many: 0,
            titled: None,
        }
    }

    /// Begins another sheet: what the titles of the one before said does not hold for it.
    pub(crate) fn begin_sheet(&mut self) {
        self.titled = None;
    }

    /// Notes a sheet in which no table was found.
    pub(crate) fn no_table(&mut self, name: &str) {
        self.reading.notes.sheets.push(SheetNotes { name: name.to_owned(), ..SheetNotes::default() });
    }

    /// Says that the file has no table at all.
    pub(crate) fn refuse_headings(&mut self) {
        let wanted: Vec<&str> = self
            .columns
            .iter()
            .filter_map(|column| column.headings.first())
            .map(String::as_str)
            .take(6)
            .collect();
        let sentence = format!("không tìm thấy dòng tiêu đề của bảng; cần các cột: {}", wanted.join("; "));
        self.reject(0, None, &grid::Cell::Empty, RejectCode::MissingColumn, false, sentence);
    }

    /// Reads one table.
    pub(crate) fn table(&mut self, grid: Grid, table: &Table) {
        self.sheet = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        self.rows(&grid, table);
        self.seen.push((self.file.clone(), table.headings.clone(), grid));
    }

    fn rows(&mut self, grid: &Grid, table: &Table) {
        self.file = match grid.name.as_str() {
            "" => self.fetched.file.clone(),
            name => format!("{}#{name}", self.fetched.file),
        };
        let shape_parts = self.shape_parts(table);
        let spoken: Vec<usize> =
            (0..grid::MAX_COLUMNS).filter(|column| !shape_parts.1.contains(column)).take(6).collect();
        let shape = Shape {
            table,
            meaning: &shape_parts.0,
            values: &shape_parts.1,
            others: &spoken,
            roman_groups: rows::roman_groups(&grid.rows, table),
            total_words: match &self.config.format {
                crate::config::Format::Table(format) => &format.total_words,
                _ => &[],
            },
            keep_totals: matches!(&self.config.format, crate::config::Format::Table(format) if format.keep_totals),
            of_villages: self.level == PlaceLevel::Village,
            communes_unnamed: self.level == PlaceLevel::Village
                && self.at(table, Role::CommuneName).or(self.at(table, Role::CommuneCode)).is_none(),
            looks: Looks::default(),
        };
        let mut filled = vec![0_u32; table.headings.len()];
        let mut data: Vec<&Row> = Vec::with_capacity(grid.rows.len());
        // Rows that are no data, each with the number of data rows above it.
        let mut others = Vec::new();
        let (mut signed, mut below) = (false, Vec::new());
        for row in grid.rows.iter().skip(table.heading.1) {
            for (count, cell) in filled.iter_mut().zip(&row.cells) {
                *count += u32::from(!cell.is_blank());
            }
            let kind = shape.kind(row);
            // What looks like a signature may be a remark between rows: whole records below it still count.
            signed = match kind {
                Kind::Signature => true,
                Kind::Data => signed && !shape.is_record(row),
                _ => signed,
            };
            match (signed, kind) {
                (true, Kind::Group(name)) => below.push((data.len(), Kind::Group(name))),
                (true, _) => {}
                (false, kind) => {
                    others.append(&mut below);
                    match kind {
                        Kind::Data => data.push(row),
                        kind => others.push((data.len(), kind)),
                    }
                }
            }
        }
        self.note_columns(grid, table, &filled);
        let (slots, held) = cells::slots(self.config, self.columns, table, self.ctx.indicators, &data);
        let value_style = self.long_styles(table, &data);
        let period =
            period::of_sheet(self.config.period.from, grid, table.heading.0, self.fetched.reported_on);
        let needs_sheet_period = self.at(table, Role::Date).or(self.at(table, Role::Period)).is_none();
        let sheet_period = match period.or_else(|fault| self.titled.ok_or(fault)) {
            Ok(period) => {
                self.titled = Some(period);
                period
            }
            Err(fault) if needs_sheet_period => {
                self.reject(0, None, &grid::Cell::Empty, fault.code, fault.asked, fault.sentence);
                return;
            }
            Err(_) => Period::containing(gapwatch_model::PeriodKind::Day, self.fetched.reported_on),
        };
        self.note_styles(table, &slots, &held, sheet_period);
        let held_columns =
            held.iter().map(|fault| fault.at).chain(table.ambiguous.iter().flat_map(|(_, at)| at.clone()));
        for at in held_columns {
            let filled = data.iter().filter(|row| !row.cell(at).is_blank());
            self.bad_rows.extend(filled.map(|row| (self.sheet, row.line)));
        }
        for fault in held {
            self.hold_back(table, fault);
        }
        self.half_ratios(table, &slots);
        let mut roles = [None; ROLES];
        for (column, at) in self.columns.iter().zip(&table.mapped) {
            if let Some(slot) = column.is.and_then(|role| roles.get_mut(role as usize)) {
                *slot = slot.or(*at);
            }
        }
        let own = OWN.iter().any(|role| roles.get(*role as usize).is_some_and(Option::is_some));
        let (cleaned, periods) = (Memo::default(), Memo::default());
        let (numbers, last) = (RefCell::default(), RefCell::default());
        let (today, indicator) = (self.ctx.now.date_naive(), self.at(table, Role::Indicator));
        let mut naming = Naming::new(&roles);
        let frame = Frame {
            table,
            slots,
            sheet_period,
            value_style,
            roles,
            own,
            cleaned,
            periods,
            numbers,
            last,
            today,
            indicator,
        };
        let mut others = others.into_iter().peekable();
        for (number, row) in data.iter().enumerate() {
            while let Some((_, kind)) = others.next_if(|(above, _)| *above <= number) {
                self.no_data(&frame, kind, &mut naming);
            }
            self.row(&frame, row, &mut naming);
        }
        others.for_each(|(_, kind)| self.no_data(&frame, kind, &mut naming));
    }

    /// Takes a row that is no data for what it is.
    fn no_data(&mut self, frame: &Frame<'_, '_>, kind: Kind, naming: &mut Naming) {
        match kind {
            Kind::Group(name) => {
                self.skipped();
                let mut carried = Named::clone(&naming.carried);
                self.group(frame, &name, &mut carried);
                naming.carry(carried);
            }
            Kind::Total | Kind::Repeat | Kind::Numbers => self.skipped(),
            Kind::Data | Kind::Blank | Kind::Signature => {}
        }
    }

    fn skipped(&mut self) {
        if let Some(notes) = self.reading.notes.sheets.last_mut() {
            notes.skipped += 1;
        }
    }

    /// Columns that mean something, and those of values.
    fn shape_parts(&self, table: &Table) -> (Vec<usize>, Vec<usize>) {
        let (mut meaning, mut values) = (Vec::new(), Vec::new());
        for (column, at) in self.columns.iter().zip(&table.mapped) {
            let Some(at) = at else { continue };
            let is_value = column.indicator.is_some()
                || matches!(
                    column.is,
                    Some(Role::Value | Role::Numerator | Role::Denominator | Role::Samples)
                );
            if column.is != Some(Role::Ignored) && Some(*at) != table.numbers {
                meaning.push(*at);
            }
            if is_value {
                values.push(*at);
            }
        }
        // A column held back still holds values.
        values.extend(table.ambiguous.iter().flat_map(|(_, columns)| columns.iter().copied()));
        meaning.sort_unstable();
        (meaning, values)
    }

    /// How the `value`, `numerator` and `denominator` columns of a long table are written. Rows of counts say nothing.
    fn long_styles(&mut self, table: &Table, data: &[&Row]) -> [Option<Style>; 3] {
        [Role::Value, Role::Numerator, Role::Denominator].map(|role| {
            let at = self.at(table, role)?;
            let declared = self.column(role).map_or(Decimal::Auto, |column| column.decimal);
            let counted = |row: &&&Row| {
                let id = self.at(table, Role::Indicator).map(|at| row.cell(at).shown()).unwrap_or_default();
                cells::indicator_of(&id, self.ctx.indicators)
                    .is_none_or(|indicator| indicator.value != gapwatch_model::ValueKind::Count)
            };
            let numbers: Vec<&Row> = data.iter().filter(counted).copied().collect();
            let kind = long_kind(gapwatch_model::ValueKind::Number, gapwatch_model::Unit::Items);
            let written = cells::different(&numbers, &[at]).into_iter().next().unwrap_or_default();
            match cells::style(&kind, declared, &written, at) {
                Ok(style) => Some(style),
                Err(fault) => {
                    self.hold_back(table, fault);
                    None
                }
            }
        })
    }

    fn column(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.is == Some(role))
    }

    fn at(&self, table: &Table, role: Role) -> Option<usize> {
        let number = self.columns.iter().position(|column| column.is == Some(role))?;
        table.mapped.get(number).copied().flatten()
    }

    /// What a row says under a role, mended. `None` where it says nothing.
    fn text_at(&self, frame: &Frame<'_, '_>, row: &Row, role: Role) -> Option<Text> {
        let mended = |shown: &str| {
            let cleaned = text::clean(shown);
            (!cleaned.is_empty()).then(|| self.texts.borrow_mut().of(&cleaned))
        };
        match row.cell(frame.at(role)?) {
            grid::Cell::Empty => None,
            grid::Cell::Text(text) => frame.cleaned.of(text, || mended(text)),
            other => mended(&other.shown()),
        }
    }

    fn row(&mut self, frame: &Frame<'_, 'a>, row: &Row, naming: &mut Naming) {
        self.reading.read = self.reading.read.saturating_add(1);
        if let Some(fault) = &row.fault {
            let shown = row.cells.first().cloned().unwrap_or_default();
            self.reject_row(row, None, frame.table, &shown, RejectCode::BadRow, false, fault.clone());
            return;
        }
        if let Some(said) = self.said(frame, row, naming) {
            for (index, slot) in frame.slots.iter().enumerate() {
                if let Some((value, qualifier, samples, column)) = self.slot(frame, row, slot) {
                    let slot = (Some(index), slot);
                    self.keep(frame, row, slot, &said, value, qualifier, samples, column);
                }
            }
            self.long(frame, row, &said);
        }
    }

    /// Reads who and when of a row. `None` where it has no place or no period: then nothing of it can go in.
    fn said(&mut self, frame: &Frame<'_, '_>, row: &Row, naming: &mut Naming) -> Option<Said> {
        let table = frame.table;
        let today = frame.today;
        let dated = |period: Period| {
            let day = period.end().min(today.max(period.start()));
            When { period, day, epoch: self.ctx.resolver.epoch(day) }
        };
        let when = match frame.at(Role::Period).or(frame.at(Role::Date)) {
            None => dated(frame.sheet_period),
            Some(at) => {
                let cell = row.cell(at);
                let read = || period::of_cell(cell, today).map(dated);
                let known = match cell {
                    grid::Cell::Text(text) => frame.periods.of(text, || read().ok()),
                    _ => None,
                };
                match known.map_or_else(read, Ok) {
                    Ok(when) => when,
                    Err(fault) => {
                        self.period_fault(row, at, table, fault);
                        return None;
                    }
                }
            }
        };
        let place = self.place(frame, row, naming, when)?;
        let samples = frame.at(Role::Samples).and_then(|at| {
            let kind = long_kind(gapwatch_model::ValueKind::Count, gapwatch_model::Unit::Items);
            self.count(row, at, table, &kind)
        });
        let qualifier = frame.at(Role::Qualifier).and_then(|at| {
            let cell = row.cell(at);
            let read = value::qualifier(&cell.shown());
            if read.is_none() {
                let sentence =
                    format!("“{}” không phải từ hạn định; cần hơn, dưới, gần hoặc khoảng", cell.shown());
                self.reject_row(row, Some(at), table, cell, RejectCode::BadValue, false, sentence);
            }
            read
        });
        let own =
            if frame.own { Own(OWN.map(|role| self.text_at(frame, row, role))) } else { Own::default() };
        let numbers = frame.numbers(&own, when.period);
        Some(Said { period: when.period, samples, qualifier, place, own, numbers })
    }
}

/// The level of the places a collector's rows are about.
fn level(config: &CollectorConfig, columns: &[Column]) -> PlaceLevel {
    let of = |column: &Column| match column.is {
        Some(Role::VillageCode | Role::VillageName) => Some(PlaceLevel::Village),
        Some(Role::CommuneCode | Role::CommuneName) => Some(PlaceLevel::Commune),
        Some(Role::DistrictCode | Role::DistrictName) => Some(PlaceLevel::District),
        Some(Role::ProvinceCode | Role::ProvinceName) => Some(PlaceLevel::Province),
        _ => None,
    };
    let deepest = columns.iter().filter_map(of).max();
    config.level.or(deepest).unwrap_or(PlaceLevel::Province)
}

/// Cells of a kind without column settings.
fn long_kind(kind: gapwatch_model::ValueKind, unit: gapwatch_model::Unit) -> CellKind {
    let (blank, scale, minimum, maximum) = (crate::config::Blank::Missing, None, None, None);
    CellKind { kind, unit, blank, scale, words: Vec::new(), minimum, maximum }
}
