//! Which place a row is about: its own cells, what carries down from rows above, and villages that are made.

use std::rc::Rc;

use chrono::NaiveDate;
use foldhash::HashMap;
use gapwatch_model::{GeoPoint, Membership, Place, PlaceId, PlaceIx, PlaceLevel, RejectCode, text};

use super::{Frame, Reader, When};
use crate::{
    config::{Role, UnknownPlaces},
    geo,
    grid::{Cell, Row},
    resolve::{Found, Named, Scope},
    table::Table,
    texts::REMEMBERED,
};

/// Roles under which rows name their place.
const NAMING: [Role; 10] = [
    Role::ProvinceCode,
    Role::ProvinceName,
    Role::DistrictCode,
    Role::DistrictName,
    Role::CommuneCode,
    Role::CommuneName,
    Role::VillageCode,
    Role::VillageName,
    Role::PlaceCode,
    Role::PlaceName,
];

/// The places of a table's rows so far: a row that says the same below the same on the same day is about the same place.
#[derive(Debug)]
pub(super) struct Naming {
    /// Columns that name places.
    columns: Vec<usize>,
    /// What the rows above leave to those below, and its number among all that was left.
    pub(super) carried: Rc<Named>,
    number: u32,
    numbers: HashMap<Rc<Named>, u32>,
    known: HashMap<Key, (PlaceIx, Rc<Named>, u32)>,
}

/// The texts that name a place, what was carried down to them, and the epoch of the day.
type Key = ([u32; NAMING.len()], u32, u32);

impl Naming {
    pub(super) fn new(roles: &[Option<usize>]) -> Self {
        let columns = NAMING.iter().filter_map(|role| roles.get(*role as usize).copied().flatten()).collect();
        let mut naming = Self {
            columns,
            carried: Rc::default(),
            number: 0,
            numbers: HashMap::default(),
            known: HashMap::default(),
        };
        naming.carry(Named::default());
        naming
    }

    /// Leaves something else to the rows below.
    pub(super) fn carry(&mut self, carried: Named) {
        if self.numbers.is_empty() || *self.carried != carried {
            let (carried, next) = (Rc::new(carried), u32::try_from(self.numbers.len()).unwrap_or(u32::MAX));
            self.number = *self.numbers.entry(carried.clone()).or_insert(next);
            self.carried = carried;
        }
    }

    /// `None` where a cell is no text of the file.
    fn key(&self, row: &Row, epoch: u32) -> Option<Key> {
        let mut texts = [u32::MAX; NAMING.len()];
        for (slot, column) in texts.iter_mut().zip(&self.columns) {
            match row.cell(*column) {
                Cell::Empty => {}
                Cell::Text(text) => *slot = text.number()?,
                _ => return None,
            }
        }
        Some((texts, self.number, epoch))
    }
}

/// Whether a cell says what the cell above says: *như trên*, `-nt-`, a ditto mark.
fn says_as_above(name: &str) -> bool {
    let bare = name.trim_matches(['-', '"', '\'', '”', '“', '〃', '.', ' ']);
    bare.is_empty() && name.contains(['"', '\'', '”', '〃'])
        || ["nt", "như trên"].iter().any(|word| text::fold(bare) == text::fold(word))
}

/// A name without the sign or number of a list before it: `Nà Lẹng` of `- Nà Lẹng`, `Xã Hưng Đạo` of `2) Xã Hưng Đạo`.
fn unlisted(name: &str) -> &str {
    let signs = ['-', '–', '+', '*', '•', '·', '●', '▪'];
    let bare = name.trim_start_matches(|c: char| signs.contains(&c) || c == ' ');
    let numbered = bare.split_once(['.', ')', '/']).filter(|(number, rest)| {
        !number.is_empty()
            && number.len() < 4
            && number.bytes().all(|b| b.is_ascii_digit())
            && rest.trim_start().starts_with(char::is_alphabetic)
    });
    match numbered.map_or(bare, |(_, rest)| rest.trim_start()) {
        "" => name,
        name => name,
    }
}

impl Reader<'_> {
    /// The name of a group may be the commune or district of the rows below it.
    pub(super) fn group(&self, frame: &Frame<'_, '_>, name: &str, carried: &mut Named) {
        let has = |role| frame.at(role).is_some();
        let written = || Some(self.texts.borrow_mut().of(name));
        if name.is_empty() {
            return;
        }
        let district = matches!(
            text::prefix(name),
            Some("huyện" | "thành phố" | "thị xã" | "quận" | "tp." | "tp" | "h." | "q." | "tx.")
        );
        if district {
            if !has(Role::DistrictName) && !has(Role::DistrictCode) {
                *carried = Named { district_name: written(), ..Named::default() };
            }
        } else if self.level == PlaceLevel::Village && !has(Role::CommuneCode) {
            carried.commune_name = written();
        }
    }

    /// The place of a row: known from a row that said the same, or looked up.
    pub(super) fn place(
        &mut self,
        frame: &Frame<'_, '_>,
        row: &Row,
        naming: &mut Naming,
        when: When,
    ) -> Option<PlaceIx> {
        let point = self.point(frame, row);
        let key = naming.key(row, when.epoch);
        if let Some((place, carried, number)) = key.and_then(|key| naming.known.get(&key)) {
            if *number != naming.number {
                (naming.carried, naming.number) = (carried.clone(), *number);
            }
            return Some(*place);
        }
        let mut carried = Named::clone(&naming.carried);
        let named = self.named(frame, row, &mut carried);
        naming.carry(carried);
        let place = self.place_of(frame.table, row, &named, point, when)?;
        if let Some(key) = key.filter(|_| naming.known.len() < REMEMBERED as usize) {
            naming.known.insert(key, (place, naming.carried.clone(), naming.number));
        }
        Some(place)
    }

    fn named(&self, frame: &Frame<'_, '_>, row: &Row, carried: &mut Named) -> Named {
        let text = |role| self.text_at(frame, row, role);
        let name = |role| {
            let name = text(role).filter(|name| !says_as_above(name))?;
            Some(self.texts.borrow_mut().of(unlisted(&name)))
        };
        let mut named = Named {
            province_code: text(Role::ProvinceCode),
            province_name: name(Role::ProvinceName),
            district_code: text(Role::DistrictCode),
            district_name: name(Role::DistrictName),
            commune_code: text(Role::CommuneCode),
            commune_name: name(Role::CommuneName),
            village_code: text(Role::VillageCode),
            village_name: name(Role::VillageName),
            place_code: text(Role::PlaceCode),
        };
        if let Some(name) = name(Role::PlaceName) {
            match self.level {
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
            if !own_district && self.level == PlaceLevel::Village {
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
        if !own_district && self.level == PlaceLevel::Commune {
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
    fn place_of(
        &mut self,
        table: &Table,
        row: &Row,
        named: &Named,
        point: Option<GeoPoint>,
        When { day, epoch, .. }: When,
    ) -> Option<PlaceIx> {
        let found = match self.known.get(named, epoch, day) {
            Some(found) => found,
            None => {
                let found = self.find(named, day);
                self.known.keep(named.clone(), epoch, day, found.clone());
                found
            }
        };
        match found {
            Found::Place(place, _) => Some(place),
            Found::New(commune) => Some(self.new_village(named, point, commune, day)),
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

    /// Looks a place up that was not asked for before in this file, and notes what that tells.
    fn find(&mut self, named: &Named, day: NaiveDate) -> Found {
        let pair = match self.level {
            PlaceLevel::Village => (&named.village_code, &named.village_name),
            _ => (&named.commune_code, &named.commune_name),
        };
        if let (Some(code), Some(name)) = pair {
            self.reading.codes.insert(code.to_string(), name.to_string());
        }
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
        let found = scope.find(named, self.level);
        if let Found::Place(_, Some(note)) = &found
            && !self.reading.notes.through_lineage.contains(note)
        {
            self.reading.notes.through_lineage.push(note.clone());
        }
        found
    }

    pub(super) fn new_village(
        &mut self,
        named: &Named,
        point: Option<GeoPoint>,
        commune: PlaceIx,
        day: NaiveDate,
    ) -> PlaceIx {
        let written = text::clean(named.village_name.as_deref().unwrap_or_default());
        let key =
            (commune, named.village_code.as_deref().map_or_else(|| text::fold(&written), ToOwned::to_owned));
        if let Some(place) = self.new_villages.get(&key) {
            return *place;
        }
        let parent = &self.ctx.gazetteer.get(commune).id;
        let name = text::without_village_kind(&written);
        let kind = written.strip_suffix(name).unwrap_or_default().trim_end_matches([' ', '.']);
        let code = named.village_code.as_deref().map(ToOwned::to_owned).unwrap_or_else(|| {
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
        let place = Place {
            id: PlaceId::new(&code, day),
            valid_to: None,
            level: PlaceLevel::Village,
            kind: match kind.to_lowercase().as_str() {
                "x" => "xóm".to_owned(),
                "t" => "thôn".to_owned(),
                "b" => "bản".to_owned(),
                whole => whole.to_owned(),
            },
            name: name.to_owned(),
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
    pub(super) fn point(&mut self, frame: &Frame<'_, '_>, row: &Row) -> Option<GeoPoint> {
        let (lon, lat) = (frame.at(Role::Longitude), frame.at(Role::Latitude));
        let number = |at: usize| match row.cell(at) {
            Cell::Number(number) => Some(*number),
            cell => geo::degrees(&cell.shown()),
        };
        let filled = |at: &usize| !row.cell(*at).is_blank();
        let at = lon.filter(filled).or(lat.filter(filled))?;
        let cell = row.cell(at);
        let point = match (lon, lat) {
            (Some(lon), Some(lat)) if filled(&lon) && filled(&lat) => {
                number(lat).zip(number(lon)).and_then(|(a, b)| geo::point_of(a, b))
            }
            _ => geo::pair(&cell.shown()),
        };
        if point.is_none() {
            let half = lon.zip(lat).is_some_and(|(lon, lat)| filled(&lon) != filled(&lat));
            let sentence = if half && number(at).is_some() {
                format!("“{}” chỉ là một nửa tọa độ; cần cả kinh độ và vĩ độ", cell.shown())
            } else {
                format!("“{}” không phải tọa độ trong lãnh thổ Việt Nam", cell.shown())
            };
            self.reject_row(row, Some(at), frame.table, cell, RejectCode::BadValue, false, sentence);
        }
        point
    }
}
