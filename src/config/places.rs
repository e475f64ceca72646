//! Reads `places/`: `places.csv`, `moves.csv`, `lineage.csv`. Every fault with file, line and column.

use std::path::Path;

use chrono::NaiveDate;
use gapwatch_model::{AreaClass, Gazetteer, GeoPoint, Lineage, Membership, Part, Place, PlaceId, PlaceLevel};
use serde::{Deserialize, de::DeserializeOwned};

use super::Problem;

/// The places and how they went on in one another, not yet numbered.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// In order: the country, then per province its places from top to bottom.
    pub(crate) places: Vec<Place>,
    /// Old → new.
    pub(crate) lineage: Vec<Lineage>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceRow {
    code: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    level: PlaceLevel,
    kind: String,
    name: String,
    name_en: String,
    other_names: String,
    parent_code: String,
    parent_valid_from: Option<NaiveDate>,
    lat: Option<f64>,
    lon: Option<f64>,
    area_class: Option<AreaClass>,
    synthetic: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveRow {
    code: String,
    valid_from: NaiveDate,
    parent_code: String,
    parent_valid_from: NaiveDate,
    from: NaiveDate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineageRow {
    old_code: String,
    old_valid_from: NaiveDate,
    new_code: String,
    new_valid_from: NaiveDate,
    part: Part,
    weight: Option<f64>,
    effective: NaiveDate,
    act: String,
}

/// Reads the three files and checks that they fit together.
pub(crate) fn load(dir: &Path, problems: &mut Vec<Problem>) -> Places {
    let before = problems.len();
    let mut places: Vec<Place> =
        rows::<PlaceRow>(&dir.join("places.csv"), true, problems).into_iter().map(place).collect();
    if places.is_empty() && problems.len() == before {
        problems.push(Problem::file("places/places.csv", "holds no place, expected at least a province"));
    }
    let lineage =
        rows::<LineageRow>(&dir.join("lineage.csv"), false, problems).into_iter().map(lineage).collect();
    add_moves(&mut places, rows(&dir.join("moves.csv"), false, problems), problems);
    sort_top_down(&mut places);
    let found = Places { places, lineage };
    if problems.len() == before
        && let Err(faults) = Gazetteer::new(found.places.clone(), found.lineage.clone())
    {
        problems.extend(faults.iter().map(|fault| Problem::file("places", &fault.to_string())));
    }
    found
}

fn place(row: PlaceRow) -> Place {
    let membership = row.parent_valid_from.map(|from| Membership {
        parent: PlaceId::new(&row.parent_code, from),
        from: row.valid_from.max(from),
    });
    Place {
        id: PlaceId::new(&row.code, row.valid_from),
        valid_to: row.valid_to,
        level: row.level,
        kind: row.kind,
        name: row.name,
        name_en: row.name_en,
        other_names: row.other_names.split('|').filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        memberships: membership.into_iter().collect(),
        point: row.lat.zip(row.lon).map(|(lat, lon)| GeoPoint { lat, lon }),
        area_class: row.area_class,
        synthetic: row.synthetic != 0,
    }
}

fn lineage(row: LineageRow) -> Lineage {
    Lineage {
        old: PlaceId::new(&row.old_code, row.old_valid_from),
        new: PlaceId::new(&row.new_code, row.new_valid_from),
        part: row.part,
        effective: row.effective,
        act: row.act,
        weight: row.weight,
    }
}

fn add_moves(places: &mut [Place], moves: Vec<MoveRow>, problems: &mut Vec<Problem>) {
    let mut numbers = std::collections::HashMap::new();
    for (number, place) in places.iter().enumerate() {
        numbers.insert(place.id.clone(), number);
    }
    for row in moves {
        let id = PlaceId::new(&row.code, row.valid_from);
        let Some(place) = numbers.get(&id).and_then(|number| places.get_mut(*number)) else {
            problems.push(Problem::file("places/moves.csv", &format!("`{id}` is no place of places.csv")));
            continue;
        };
        let parent = PlaceId::new(&row.parent_code, row.parent_valid_from);
        place.memberships.push(Membership { parent, from: row.from });
        place.memberships.sort_by_key(|m| m.from);
    }
}

/// Province by province, each from top to bottom: a province is then one range of numbers.
fn sort_top_down(places: &mut [Place]) {
    let mut province_of = std::collections::HashMap::new();
    let parents: std::collections::HashMap<_, _> =
        places.iter().map(|p| (p.id.clone(), p.memberships.last().map(|m| m.parent.clone()))).collect();
    for place in places.iter() {
        let mut top = place.id.clone();
        // A province's parent is the country, which has none: the last but one of the chain. Eight levels are plenty.
        for _ in 0..8 {
            match parents.get(&top).and_then(Clone::clone) {
                Some(above) if parents.get(&above).is_some_and(Option::is_some) => top = above,
                _ => break,
            }
        }
        province_of.insert(place.id.clone(), top);
    }
    places.sort_by(|a, b| {
        let key = |p: &Place| {
            (p.level != PlaceLevel::Country, province_of.get(&p.id).cloned(), p.level, p.id.clone())
        };
        key(a).cmp(&key(b))
    });
}

fn rows<T: DeserializeOwned>(path: &Path, required: bool, problems: &mut Vec<Problem>) -> Vec<T> {
    let name = format!("places/{}", path.file_name().unwrap_or_default().to_string_lossy());
    if !required && !path.exists() {
        return Vec::new();
    }
    let mut reader = match csv::Reader::from_path(path) {
        Ok(reader) => reader,
        Err(error) => {
            problems.push(Problem::file(&name, &format!("cannot be read: {error}")));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for row in reader.deserialize() {
        match row {
            Ok(row) => found.push(row),
            Err(error) => problems.push(Problem::file(&name, &error.to_string())),
        }
    }
    found
}
