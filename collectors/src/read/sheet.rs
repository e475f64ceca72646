//! One table, row by row: who, when, what. Every cell that is not understood becomes a reject; the rest goes in.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::NaiveDate;
use gapwatch_model::{
    CollectorName, FrameKey, Membership, Period, Place, PlaceId, PlaceIx, PlaceLevel, Point, Qualifier,
    Reject, RejectCode, Value, text,
};

use super::{
    cells::{self, HeldBack, Slot, ValueColumn},
    frames::{Frames, Origin},
    period::{self, PeriodFault},
};
use crate::{
    Context, Fetched, Reading,
    config::{CollectorConfig, Column, Decimal, Role, UnknownPlaces},
    geo,
    grid::{Cell, Grid, Row},
    number::Style,
    reading::SheetNotes,
    resolve::{Found, Named, PlaceFault, Scope},
    rows::{self, Kind, Shape},
    table::Table,
    value::{self, CellKind, Parsed},
};

/// Most rejects kept of one file; the rest is counted in the last one.
const MAX_REJECTS: usize = 20_000;

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
    known: HashMap<(Named, NaiveDate), Found>,
    communes: RefCell<HashMap<(Named, NaiveDate), Found>>,
    bad_rows: BTreeSet<(u32, u32)>,
    /// The sheets read, with their names and headings, for saying which rows contradict each other.
    seen: Vec<(String, Vec<String>, Grid)>,
    too_many: u32,
}

/// The table being read, and what was found out about it.
struct Frame<'t, 'a> {
    table: &'t Table,
    slots: Vec<Slot<'a>>,
    sheet_period: Period,
    value_style: [Option<Style>; 3],
}

/// One row's own dimensions and reservations.
struct Said {
    period: Period,
    samples: Option<u32>,
    qualifier: Option<Qualifier>,
    place: PlaceIx,
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
            known: HashMap::new(),
            communes: RefCell::default(),
            bad_rows: BTreeSet::new(),
            seen: Vec::new(),
            too_many: 0,
        }
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
        self.reject(0, None, &Cell::Empty, RejectCode::MissingColumn, false, sentence);
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
        self.note_columns(grid, table);
        let shape_parts = self.shape_parts(table);
        let shape = Shape {
            table,
            meaning: &shape_parts.0,
            values: &shape_parts.1,
            roman_groups: rows::roman_groups(&grid.rows, table),
            total_words: match &self.config.format {
                crate::config::Format::Table(format) => &format.total_words,
                _ => &[],
            },
            keep_totals: matches!(&self.config.format, crate::config::Format::Table(format) if format.keep_totals),
        };
        let mut kinds = Vec::new();
        for (number, row) in grid.rows.iter().enumerate().skip(table.heading.1) {
            match shape.kind(row) {
                Kind::Signature => break,
                kind => kinds.push((number, row, kind)),
            }
        }
        let data: Vec<&Row> =
            kinds.iter().filter(|(.., kind)| *kind == Kind::Data).map(|(_, row, _)| *row).collect();
        let (slots, held) = cells::slots(self.config, self.columns, table, self.ctx.indicators, &data);
        let value_style = self.long_styles(table, &data);
        let period =
            period::of_sheet(self.config.period.from, grid, table.heading.0, self.fetched.reported_on);
        let needs_sheet_period = self.at(table, Role::Date).or(self.at(table, Role::Period)).is_none();
        let sheet_period = match period {
            Ok(period) => period,
            Err(fault) if needs_sheet_period => {
                self.reject(0, None, &Cell::Empty, fault.code, fault.asked, fault.sentence);
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
        let frame = Frame { table, slots, sheet_period, value_style };
        let mut carried = Named::default();
        for (number, row, kind) in kinds {
            match kind {
                Kind::Data => self.row(&frame, number, row, &mut carried),
                Kind::Group(name) => {
                    self.skipped();
                    self.group(&frame, &name, &mut carried);
                }
                Kind::Total | Kind::Repeat | Kind::Numbers => self.skipped(),
                Kind::Blank | Kind::Signature => {}
            }
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

    fn note_columns(&mut self, grid: &Grid, table: &Table) {
        let heading = |at: usize| table.headings.get(at).cloned().unwrap_or_default();
        let mut notes = SheetNotes { name: grid.name.clone(), ..SheetNotes::default() };
        let last = table.heading.1.checked_sub(1).and_then(|row| grid.rows.get(row));
        notes.heading_line = last.map_or(0, |row| row.line);
        let mut missing_required = Vec::new();
        for (index, (column, at)) in self.columns.iter().zip(&table.mapped).enumerate() {
            let first = column.headings.first().cloned().unwrap_or_default();
            let meaning = match (&column.is, &column.indicator) {
                (Some(role), _) => serde_json::to_value(role)
                    .ok()
                    .and_then(|v| Some(v.as_str()?.to_owned()))
                    .unwrap_or_default(),
                (None, indicator) => indicator.clone().unwrap_or_default(),
            };
            match at {
                Some(at) => {
                    notes.mapped.push((heading(*at), meaning));
                    let filled = grid
                        .rows
                        .iter()
                        .skip(table.heading.1)
                        .filter(|row| !row.cell(*at).is_blank())
                        .count();
                    notes.filled.push((heading(*at), u32::try_from(filled).unwrap_or(u32::MAX)));
                }
                None if table.ambiguous.iter().any(|(i, _)| *i == index)
                    || column.is == Some(Role::Ignored) => {}
                None => {
                    if column.required {
                        missing_required.push(first.clone());
                    }
                    notes.missing.push(first);
                }
            }
        }
        notes.unmapped = table.unmapped.iter().map(|at| heading(*at)).collect();
        self.reading.notes.sheets.push(notes);
        for name in missing_required {
            let sentence = format!("thiếu cột “{name}”");
            self.reject(0, None, &Cell::Empty, RejectCode::MissingColumn, false, sentence);
        }
        for (column, places) in &table.ambiguous {
            let name =
                self.columns.get(*column).and_then(|c| c.headings.first()).cloned().unwrap_or_default();
            let numbers: Vec<String> = places.iter().map(|at| (at + 1).to_string()).collect();
            let sentence = format!(
                "có {} cột cùng khớp “{name}”: cột {}; cần giữ một cột",
                places.len(),
                numbers.join(", ")
            );
            let first = places.first().copied().unwrap_or(0);
            self.reject(
                0,
                Some((first, table)),
                &Cell::Text(heading(first)),
                RejectCode::AmbiguousColumn,
                true,
                sentence,
            );
        }
    }

    fn note_styles(&mut self, table: &Table, slots: &[Slot<'_>], held: &[HeldBack], period: Period) {
        let Some(notes) = self.reading.notes.sheets.last_mut() else { return };
        if self.config.period.from == crate::config::PeriodFrom::Title {
            notes.period = Some(period.to_string());
        }
        let heading = |at: usize| table.headings.get(at).cloned().unwrap_or_default();
        for column in
            slots.iter().flat_map(|s| [&s.whole, &s.numerator, &s.denominator, &s.samples]).flatten()
        {
            if let Some(style @ (Style::Comma | Style::Point)) = column.style {
                notes.decimals.push((heading(column.at), style.label().to_owned()));
            }
        }
        notes.decimals.extend(held.iter().map(|fault| (heading(fault.at), "không xác định được".to_owned())));
    }

    /// A numerator without its denominator's column, or the other way round, gives no value: that is said once.
    fn half_ratios(&mut self, table: &Table, slots: &[Slot<'_>]) {
        for slot in slots.iter().filter(|slot| slot.whole.is_none()) {
            let (half, other) = match (&slot.numerator, &slot.denominator) {
                (Some(half), None) => (half, "mẫu số"),
                (None, Some(half)) => (half, "tử số"),
                _ => continue,
            };
            if table.ambiguous.is_empty() {
                let sentence = format!("thiếu cột {other} của chỉ tiêu “{}”", slot.indicator.name_vi);
                self.reject(
                    0,
                    Some((half.at, table)),
                    &Cell::Empty,
                    RejectCode::MissingColumn,
                    false,
                    sentence,
                );
            }
        }
    }

    fn hold_back(&mut self, table: &Table, fault: HeldBack) {
        let cell = Cell::Text(fault.example);
        self.reject(0, Some((fault.at, table)), &cell, RejectCode::AmbiguousColumn, true, fault.sentence);
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
            match cells::style(&kind, declared, &numbers, at) {
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

    fn text_at(&self, table: &Table, row: &Row, role: Role) -> Option<String> {
        let cell = row.cell(self.at(table, role)?);
        let shown = text::clean(&cell.shown());
        (!shown.is_empty()).then_some(shown)
    }

    /// The name of a group may be the commune or district of the rows below it.
    fn group(&self, frame: &Frame<'_, '_>, name: &str, carried: &mut Named) {
        let has = |role| self.at(frame.table, role).is_some();
        if name.is_empty() {
            return;
        }
        let district = matches!(
            text::prefix(name),
            Some("huyện" | "thành phố" | "thị xã" | "quận" | "tp." | "tp" | "h." | "q." | "tx.")
        );
        if district {
            if !has(Role::DistrictName) && !has(Role::DistrictCode) {
                *carried = Named { district_name: Some(name.to_owned()), ..Named::default() };
            }
        } else if self.level() == PlaceLevel::Village && !has(Role::CommuneCode) {
            carried.commune_name = Some(name.to_owned());
        }
    }

    fn level(&self) -> PlaceLevel {
        let of = |column: &Column| match column.is {
            Some(Role::VillageCode | Role::VillageName) => Some(PlaceLevel::Village),
            Some(Role::CommuneCode | Role::CommuneName) => Some(PlaceLevel::Commune),
            Some(Role::DistrictCode | Role::DistrictName) => Some(PlaceLevel::District),
            Some(Role::ProvinceCode | Role::ProvinceName) => Some(PlaceLevel::Province),
            _ => None,
        };
        let deepest = self.columns.iter().filter_map(of).max();
        self.config.level.or(deepest).unwrap_or(PlaceLevel::Province)
    }

    fn row(&mut self, frame: &Frame<'_, 'a>, number: usize, row: &Row, carried: &mut Named) {
        self.reading.read = self.reading.read.saturating_add(1);
        if let Some(fault) = &row.fault {
            let shown = row.cells.first().cloned().unwrap_or_default();
            self.reject_row(row, None, frame.table, &shown, RejectCode::BadRow, false, fault.clone());
            return;
        }
        if let Some(said) = self.said(frame, row, carried) {
            let sheet = self.sheet;
            let origin = |column: usize| Origin {
                sheet,
                row: u32::try_from(number).unwrap_or(u32::MAX),
                column: u32::try_from(column).unwrap_or(u32::MAX),
            };
            for slot in &frame.slots {
                if let Some((value, qualifier, samples, column)) = self.slot(frame, row, slot) {
                    self.keep(frame, row, slot, &said, value, qualifier, samples, origin(column));
                }
            }
            self.long(frame, row, &said, &origin);
        }
    }

    /// Reads who and when of a row. `None` where it has no place or no period: then nothing of it can go in.
    fn said(&mut self, frame: &Frame<'_, '_>, row: &Row, carried: &mut Named) -> Option<Said> {
        let table = frame.table;
        let period = match self.at(table, Role::Period).or(self.at(table, Role::Date)) {
            None => frame.sheet_period,
            Some(at) => match period::of_cell(row.cell(at), self.ctx.now.date_naive()) {
                Ok(period) => period,
                Err(fault) => {
                    self.period_fault(row, at, table, fault);
                    return None;
                }
            },
        };
        let named = self.named(table, row, carried);
        let pair = match self.level() {
            PlaceLevel::Village => (&named.village_code, &named.village_name),
            _ => (&named.commune_code, &named.commune_name),
        };
        if let (Some(code), Some(name)) = pair {
            self.reading.codes.insert(code.clone(), name.clone());
        }
        let place =
            self.place(table, row, &named, period.end().min(self.ctx.now.date_naive().max(period.start())))?;
        let samples = self.at(table, Role::Samples).and_then(|at| {
            let kind = long_kind(gapwatch_model::ValueKind::Count, gapwatch_model::Unit::Items);
            self.count(row, at, table, &kind)
        });
        let qualifier = self.at(table, Role::Qualifier).and_then(|at| {
            let cell = row.cell(at);
            let read = value::qualifier(&cell.shown());
            if read.is_none() {
                let sentence =
                    format!("“{}” không phải từ hạn định; cần hơn, dưới, gần hoặc khoảng", cell.shown());
                self.reject_row(row, Some(at), table, cell, RejectCode::BadValue, false, sentence);
            }
            read
        });
        Some(Said { period, samples, qualifier, place })
    }

    fn count(&mut self, row: &Row, at: usize, table: &Table, kind: &CellKind) -> Option<u32> {
        match kind.read(row.cell(at), Style::Plain) {
            Parsed::Value(Value::Number(number), _) => format!("{number:.0}").parse().ok(),
            Parsed::Value(..) | Parsed::Missing => None,
            Parsed::Bad(code, sentence, suggestions) => {
                self.reject_cell(row, at, table, code, sentence, suggestions);
                None
            }
        }
    }

    fn named(&self, table: &Table, row: &Row, carried: &mut Named) -> Named {
        let text = |role| self.text_at(table, row, role);
        let mut named = Named {
            province_code: text(Role::ProvinceCode),
            province_name: text(Role::ProvinceName),
            district_code: text(Role::DistrictCode),
            district_name: text(Role::DistrictName),
            commune_code: text(Role::CommuneCode),
            commune_name: text(Role::CommuneName),
            village_code: text(Role::VillageCode),
            village_name: text(Role::VillageName),
            place_code: text(Role::PlaceCode),
        };
        if let Some(name) = text(Role::PlaceName) {
            match self.level() {
                PlaceLevel::Village => named.village_name = Some(name),
                PlaceLevel::Commune => named.commune_name = Some(name),
                PlaceLevel::District => named.district_name = Some(name),
                PlaceLevel::Province | PlaceLevel::Country => named.province_name = Some(name),
            }
        }
        let own_commune = named.commune_code.is_some() || named.commune_name.is_some();
        let own_district = named.district_code.is_some() || named.district_name.is_some();
        let below = named.village_code.is_some() || named.village_name.is_some();
        if own_commune {
            if !own_district && self.level() == PlaceLevel::Village {
                // A district stands on its first row only, like the commune below it.
                named.district_code.clone_from(&carried.district_code);
                named.district_name.clone_from(&carried.district_name);
            }
        } else if below {
            named.commune_code.clone_from(&carried.commune_code);
            named.commune_name.clone_from(&carried.commune_name);
            if !own_district {
                named.district_code.clone_from(&carried.district_code);
                named.district_name.clone_from(&carried.district_name);
            }
        }
        if !own_district && self.level() == PlaceLevel::Commune {
            named.district_code.clone_from(&carried.district_code);
            named.district_name.clone_from(&carried.district_name);
        }
        carried.district_code.clone_from(&named.district_code);
        carried.district_name.clone_from(&named.district_name);
        carried.commune_code.clone_from(&named.commune_code);
        carried.commune_name.clone_from(&named.commune_name);
        named
    }

    /// The place of a row, made where it is new and may be made.
    fn place(&mut self, table: &Table, row: &Row, named: &Named, day: NaiveDate) -> Option<PlaceIx> {
        let level = self.level();
        let key = (named.clone(), day);
        let found = match self.known.get(&key) {
            Some(found) => found.clone(),
            None => {
                let province = self.config.province.as_deref().unwrap_or(self.ctx.home);
                let scope = Scope {
                    gazetteer: self.ctx.gazetteer,
                    resolver: self.ctx.resolver,
                    decisions: self.ctx.decisions,
                    day,
                    province: (province != "any").then_some(province),
                    create_villages: self.config.unknown_places == UnknownPlaces::Create,
                    communes: &self.communes,
                };
                let found = scope.find(named, level);
                self.known.insert(key, found.clone());
                found
            }
        };
        match found {
            Found::Place(place, note) => {
                if let Some(note) = note
                    && !self.reading.notes.through_lineage.contains(&note)
                {
                    self.reading.notes.through_lineage.push(note);
                }
                Some(place)
            }
            Found::New(commune) => Some(self.new_village(table, row, named, commune, day)),
            Found::Ignored => {
                self.reading.notes.ignored += 1;
                None
            }
            Found::Fault(fault) => {
                self.place_fault(table, row, fault);
                None
            }
        }
    }

    fn new_village(
        &mut self,
        table: &Table,
        row: &Row,
        named: &Named,
        commune: PlaceIx,
        day: NaiveDate,
    ) -> PlaceIx {
        let written = text::clean(named.village_name.as_deref().unwrap_or_default());
        let key = (commune, named.village_code.clone().unwrap_or_else(|| text::fold(&written)));
        if let Some(place) = self.new_villages.get(&key) {
            return *place;
        }
        let parent = &self.ctx.gazetteer.get(commune).id;
        let words: Vec<&str> = written.split(' ').collect();
        let kept = text::fold_village(&written).split(' ').count();
        let (kind, name) = words.split_at(words.len().saturating_sub(kept));
        let code = named.village_code.clone().unwrap_or_else(|| {
            let slug: String =
                text::toneless(&written).chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            format!("{}-{slug}", parent.code)
        });
        let taken = |code: &str| {
            !self.ctx.gazetteer.versions(code).is_empty()
                || self.reading.new_places.iter().any(|place| place.id.code.as_str() == code)
        };
        let free = std::iter::once(code.clone()).chain((2..).map(|number| format!("{code}-{number}")));
        let code = free.into_iter().find(|code| !taken(code)).unwrap_or(code);
        let point = self.point(table, row);
        let place = Place {
            id: PlaceId::new(&code, day),
            valid_to: None,
            level: PlaceLevel::Village,
            kind: kind.join(" ").to_lowercase(),
            name: name.join(" "),
            name_en: String::new(),
            other_names: Vec::new(),
            memberships: vec![Membership { parent: parent.clone(), from: day }],
            point,
            area_class: None,
            synthetic: false,
        };
        let number = self.ctx.gazetteer.len() + self.reading.new_places.len();
        let ix = PlaceIx(u32::try_from(number).unwrap_or(u32::MAX));
        self.reading.new_places.push(place);
        self.new_villages.insert(key, ix);
        ix
    }

    /// The coordinates of a row, in one column or two, in either order.
    fn point(&mut self, table: &Table, row: &Row) -> Option<gapwatch_model::GeoPoint> {
        let (lon, lat) = (self.at(table, Role::Longitude), self.at(table, Role::Latitude));
        let number = |at: usize| match row.cell(at) {
            Cell::Number(number) => Some(*number),
            cell => geo::degrees(&cell.shown()),
        };
        let at = lon.or(lat)?;
        let cell = row.cell(at);
        if cell.is_blank() {
            return None;
        }
        let point = match (lon, lat) {
            (Some(lon), Some(lat)) => number(lat).zip(number(lon)).and_then(|(a, b)| geo::point_of(a, b)),
            _ => geo::pair(&cell.shown()),
        };
        if point.is_none() {
            let sentence = format!("“{}” không phải tọa độ trong lãnh thổ Việt Nam", cell.shown());
            self.reject_row(row, Some(at), table, cell, RejectCode::BadValue, false, sentence);
        }
        point
    }

    /// Reads one slot of a row: its value, reservation, samples and the column to point at.
    fn slot(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        slot: &Slot<'_>,
    ) -> Option<(Value, Qualifier, Option<u32>, usize)> {
        let samples =
            slot.samples.as_ref().and_then(|column| self.count(row, column.at, frame.table, &column.kind));
        if let (Some(above), Some(below)) = (&slot.numerator, &slot.denominator) {
            let parts = (self.part(frame, row, above)?, self.part(frame, row, below)?);
            return match parts {
                (Some(numerator), Some(denominator)) => {
                    let kind = long_kind(gapwatch_model::ValueKind::Ratio, gapwatch_model::Unit::Percent);
                    match kind.ratio(numerator, denominator, Qualifier::Exact) {
                        Parsed::Value(value, qualifier) => Some((value, qualifier, samples, above.at)),
                        Parsed::Bad(code, sentence, suggestions) => {
                            self.reject_cell(row, above.at, frame.table, code, sentence, suggestions);
                            None
                        }
                        Parsed::Missing => None,
                    }
                }
                (None, None) => self.whole(frame, row, slot, samples),
                (one, _) => {
                    let (at, name) =
                        if one.is_none() { (above.at, "tử số") } else { (below.at, "mẫu số") };
                    let sentence = format!("thiếu {name}");
                    self.reject_row(
                        row,
                        Some(at),
                        frame.table,
                        row.cell(at),
                        RejectCode::Missing,
                        false,
                        sentence,
                    );
                    None
                }
            };
        }
        self.whole(frame, row, slot, samples)
    }

    fn whole(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        slot: &Slot<'_>,
        samples: Option<u32>,
    ) -> Option<(Value, Qualifier, Option<u32>, usize)> {
        let column = slot.whole.as_ref()?;
        match column.kind.read(row.cell(column.at), column.style?) {
            Parsed::Missing => None,
            Parsed::Value(value, qualifier) => Some((value, qualifier, samples, column.at)),
            Parsed::Bad(code, sentence, suggestions) => {
                self.reject_cell(row, column.at, frame.table, code, sentence, suggestions);
                None
            }
        }
    }

    /// One part of a ratio. Outer `None`: rejected or held back; inner `None`: nothing said.
    fn part(&mut self, frame: &Frame<'_, '_>, row: &Row, column: &ValueColumn) -> Option<Option<f64>> {
        match column.kind.read(row.cell(column.at), column.style?) {
            Parsed::Missing => Some(None),
            Parsed::Value(Value::Number(number), _) => Some(Some(number)),
            Parsed::Value(..) => None,
            Parsed::Bad(code, sentence, suggestions) => {
                self.reject_cell(row, column.at, frame.table, code, sentence, suggestions);
                None
            }
        }
    }

    /// Reads the value of a row that names its indicator.
    fn long(&mut self, frame: &Frame<'_, 'a>, row: &Row, said: &Said, origin: &dyn Fn(usize) -> Origin) {
        let Some(at) = self.at(frame.table, Role::Indicator) else { return };
        let cell = row.cell(at);
        let Some(indicator) = cells::indicator_of(&cell.shown(), self.ctx.indicators) else {
            let sentence = format!("“{}” không phải chỉ tiêu đã khai báo", cell.shown());
            self.reject_row(row, Some(at), frame.table, cell, RejectCode::BadValue, false, sentence);
            return;
        };
        let column = |role, style: Option<Style>, counts: bool| {
            let at = self.at(frame.table, role)?;
            let configured = self.column(role)?;
            let mut kind = CellKind::of(configured, indicator);
            if counts {
                kind = long_kind(gapwatch_model::ValueKind::Count, gapwatch_model::Unit::Items);
            }
            // In a row of counts both separators are thousands, whatever the column cannot decide.
            let style = style.or((kind.kind == gapwatch_model::ValueKind::Count).then_some(Style::Plain));
            Some(ValueColumn { at, kind, style })
        };
        let [value, above, below] = frame.value_style;
        let slot = Slot {
            indicator,
            dimensions: gapwatch_model::Dimensions::default(),
            evidence: self.config.evidence,
            method: self.config.method.as_deref().map(Arc::from),
            whole: column(Role::Value, value, false),
            numerator: column(Role::Numerator, above, true),
            denominator: column(Role::Denominator, below, true),
            samples: None,
        };
        if let Some((value, qualifier, samples, column)) = self.slot(frame, row, &slot) {
            self.keep(frame, row, &slot, said, value, qualifier, samples, origin(column));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one point, each of another type")]
    fn keep(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        slot: &Slot<'_>,
        said: &Said,
        value: Value,
        qualifier: Qualifier,
        samples: Option<u32>,
        origin: Origin,
    ) {
        let period = match period::for_indicator(said.period, slot.indicator, self.config.period.kind) {
            Ok(period) => period,
            Err(fault) => {
                let at = self.at(frame.table, Role::Period).or(self.at(frame.table, Role::Date));
                self.period_fault(row, at.unwrap_or(origin.column as usize), frame.table, fault);
                return;
            }
        };
        let text = |role| self.text_at(frame.table, row, role);
        let (operator, technology) = (text(Role::Operator), text(Role::Technology));
        let (point, organisation) = (text(Role::MeasuringPoint), text(Role::Organisation));
        let dimensions = cells::override_dimensions(
            &slot.dimensions,
            operator.as_deref(),
            technology.as_deref(),
            point.as_deref(),
            organisation.as_deref(),
        );
        let evidence = match text(Role::Evidence) {
            None => slot.evidence,
            Some(word) => match cells::evidence_of(&word) {
                Some(evidence) => evidence,
                None => {
                    let at = self.at(frame.table, Role::Evidence);
                    let sentence = format!(
                        "“{word}” không phải loại bằng chứng; cần claimed, modelled, measured hoặc crowd"
                    );
                    self.reject_row(
                        row,
                        at,
                        frame.table,
                        &Cell::Text(word),
                        RejectCode::BadValue,
                        false,
                        sentence,
                    );
                    return;
                }
            },
        };
        let method = text(Role::Method).map(Arc::from).or_else(|| slot.method.clone());
        let source = CollectorName::clone(&self.config.name);
        let key = FrameKey { indicator: cells::id(slot), period, source, evidence, dimensions, method };
        let number = self.frames.number(key);
        let qualifier = said.qualifier.filter(|_| qualifier == Qualifier::Exact).unwrap_or(qualifier);
        let samples = samples.or(said.samples);
        self.frames.push(
            number,
            Point { place: said.place, value, qualifier, samples, row: row.line },
            origin,
        );
    }

    fn period_fault(&mut self, row: &Row, at: usize, table: &Table, fault: PeriodFault) {
        self.reject_row(row, Some(at), table, row.cell(at), fault.code, fault.asked, fault.sentence);
    }

    fn place_fault(&mut self, table: &Table, row: &Row, fault: PlaceFault) {
        let same_level = match fault.role {
            Role::CommuneName => [Role::CommuneName, Role::PlaceName, Role::CommuneCode],
            Role::VillageName => [Role::VillageName, Role::PlaceName, Role::VillageCode],
            Role::DistrictName => [Role::DistrictName, Role::PlaceName, Role::DistrictCode],
            role => [role, Role::PlaceName, Role::PlaceCode],
        };
        let at = same_level.iter().find_map(|role| self.at(table, *role));
        let cell = at.map_or(Cell::Empty, |at| row.cell(at).clone());
        let asked = fault.code != RejectCode::Missing && !fault.key.is_empty();
        self.reject_row(row, at, table, &cell, fault.code, asked, fault.sentence);
        if let Some(last) = self.reading.rejects.last_mut().filter(|_| self.too_many == 0) {
            last.suggestions = fault.suggestions;
            last.decision_key = fault.key;
        }
    }

    fn reject_cell(
        &mut self,
        row: &Row,
        at: usize,
        table: &Table,
        code: RejectCode,
        sentence: String,
        suggestions: Vec<String>,
    ) {
        self.reject_row(row, Some(at), table, row.cell(at), code, false, sentence);
        if let Some(last) = self.reading.rejects.last_mut().filter(|_| self.too_many == 0) {
            last.suggestions = suggestions;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one reject, each of another type")]
    fn reject_row(
        &mut self,
        row: &Row,
        at: Option<usize>,
        table: &Table,
        cell: &Cell,
        code: RejectCode,
        asked: bool,
        sentence: String,
    ) {
        self.bad_rows.insert((self.sheet, row.line));
        self.reject(row.line, at.map(|at| (at, table)), cell, code, asked, sentence);
    }

    fn reject(
        &mut self,
        line: u32,
        column: Option<(usize, &Table)>,
        cell: &Cell,
        code: RejectCode,
        asked: bool,
        sentence: String,
    ) {
        if self.reading.rejects.len() >= MAX_REJECTS {
            self.too_many += 1;
            return;
        }
        let heading = column.and_then(|(at, table)| table.headings.get(at).cloned()).unwrap_or_default();
        self.reading.rejects.push(Reject {
            file: self.file.clone(),
            line,
            column: column.map_or(0, |(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)),
            heading,
            value: cell.shown(),
            code,
            asked,
            sentence,
            suggestions: Vec::new(),
            decision_key: String::new(),
        });
    }

    /// Closes the frames, says which rows contradict each other, and counts.
    pub(crate) fn finish(mut self) -> Reading {
        let (frames, conflicts) = std::mem::take(&mut self.frames).finish();
        self.reading.frames = frames;
        for (key, points) in conflicts {
            let lines: Vec<String> = points.iter().map(|(point, _)| point.row.to_string()).collect();
            let name = self
                .ctx
                .indicators
                .get(key.indicator.as_str())
                .map_or("", |indicator| &indicator.name_vi)
                .to_owned();
            for (point, origin) in &points {
                let Some((file, headings, grid)) = self.seen.get(origin.sheet as usize) else { continue };
                self.bad_rows.insert((origin.sheet, point.row));
                let cell =
                    grid.rows.get(origin.row as usize).map(|row| row.cell(origin.column as usize).shown());
                if self.reading.rejects.len() >= MAX_REJECTS {
                    self.too_many += 1;
                    continue;
                }
                self.reading.rejects.push(Reject {
                    file: file.clone(),
                    line: point.row,
                    column: origin.column.saturating_add(1),
                    heading: headings.get(origin.column as usize).cloned().unwrap_or_default(),
                    value: cell.unwrap_or_default(),
                    code: RejectCode::ConflictingDuplicate,
                    asked: true,
                    sentence: format!(
                        "các dòng {} nói khác nhau về “{name}” của cùng một nơi và kỳ",
                        lines.join(", ")
                    ),
                    suggestions: Vec::new(),
                    decision_key: String::new(),
                });
            }
        }
        self.reading.rejects.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        if self.too_many > 0 {
            let sentence = format!("còn {} lỗi nữa không liệt kê hết", text::count(u64::from(self.too_many)));
            self.file = self.fetched.file.clone();
            self.reading.rejects.pop();
            self.reject(0, None, &Cell::Empty, RejectCode::BadRow, false, sentence);
        }
        self.reading.rejected = u32::try_from(self.bad_rows.len()).unwrap_or(u32::MAX);
        self.reading.accepted = self.reading.read.saturating_sub(self.reading.rejected);
        self.reading
    }
}

/// Cells of a kind without column settings.
fn long_kind(kind: gapwatch_model::ValueKind, unit: gapwatch_model::Unit) -> CellKind {
    let (blank, scale, minimum, maximum) = (crate::config::Blank::Missing, None, None, None);
    CellKind { kind, unit, blank, scale, words: Vec::new(), minimum, maximum }
}
