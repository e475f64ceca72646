//! Reads `places/`: `places.csv`, `moves.csv`, `lineage.csv`. Every fault with file, line and column.

use std::{path::Path, str::FromStr};

use chrono::NaiveDate;
use csv::{ErrorKind, StringRecord};
use gapwatch_model::{Gazetteer, GeoPoint, Lineage, Membership, Place, PlaceId, PlaceLevel};
use serde::de::{DeserializeOwned, IntoDeserializer, value};

use super::Problem;

/// The places and how they went on in one another, not yet numbered.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// In order: the country, then per province its places from top to bottom.
    pub(crate) places: Vec<Place>,
    /// Old → new.
    pub(crate) lineage: Vec<Lineage>,
}

/// A village or commune goes on below another place.
struct Move {
    id: PlaceId,
    membership: Membership,
}

const DAY: &str = "a day, YYYY-MM-DD";
const DEGREES: &str = "degrees with a decimal point, such as 22.66";

/// Reads the three files and checks that they fit together.
pub(crate) fn load(dir: &Path, problems: &mut Vec<Problem>) -> Places {
    let before = problems.len();
    let mut places: Vec<Place> = read_file(dir, &PLACES, problems);
    if places.is_empty() && problems.len() == before {
        problems.push(Problem::file("places/places.csv", "holds no place, expected at least a province"));
    }
    let lineage = read_file(dir, &LINEAGE, problems);
    add_moves(&mut places, read_file(dir, &MOVES, problems), problems);
    sort_top_down(&mut places);
    let found = Places { places, lineage };
    if problems.len() == before
        && let Err(faults) = Gazetteer::new(found.places.clone(), found.lineage.clone())
    {
        problems.extend(faults.iter().map(|fault| Problem::file("places", &fault.to_string())));
    }
    found
}

/// How the rows of a file are read.
struct Table<T: 'static> {
    file: &'static str,
    /// Without it there are no rows.
    may_lack: bool,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    read: fn(&Row<'_>) -> Result<T, Wrong>,
}

const PLACES: Table<Place> = Table {
    file: "places.csv",
    may_lack: false,
    required: &["code", "valid_from", "level", "name", "parent_code", "parent_valid_from"],
    optional: &["valid_to", "kind", "name_en", "other_names", "lat", "lon", "area_class", "synthetic"],
    read: |row| {
        let valid_from = row.day("valid_from")?;
        let parent: Option<NaiveDate> = row.maybe("parent_valid_from", DAY, word)?;
        let membership = parent.map(|from| Membership {
            parent: PlaceId::new(row.text("parent_code"), from),
            from: valid_from.max(from),
        });
        let (lat, lon) = (row.maybe("lat", DEGREES, number)?, row.maybe("lon", DEGREES, number)?);
        let other_names = row.text("other_names").split('|').filter(|name| !name.is_empty());
        Ok(Place {
            id: PlaceId::new(row.text("code"), valid_from),
            valid_to: row.maybe("valid_to", DAY, word)?,
            level: row.one("level", "country, province, district, commune or village", word)?,
            kind: row.text("kind").to_owned(),
            name: row.text("name").to_owned(),
            name_en: row.text("name_en").to_owned(),
            other_names: other_names.map(str::to_owned).collect(),
            memberships: membership.into_iter().collect(),
            point: lat.zip(lon).map(|(lat, lon)| GeoPoint { lat, lon }),
            area_class: row.maybe("area_class", "extremely_difficult, other or nothing", word)?,
            synthetic: row.maybe("synthetic", "0 or 1", number)?.unwrap_or(0) != 0,
        })
    },
};

const MOVES: Table<Move> = Table {
    file: "moves.csv",
    may_lack: true,
    required: &["code", "valid_from", "parent_code", "parent_valid_from", "from"],
    optional: &[],
    read: |row| {
        let parent = PlaceId::new(row.text("parent_code"), row.day("parent_valid_from")?);
        Ok(Move {
            id: PlaceId::new(row.text("code"), row.day("valid_from")?),
            membership: Membership { parent, from: row.day("from")? },
        })
    },
};

const LINEAGE: Table<Lineage> = Table {
    file: "lineage.csv",
    may_lack: true,
    required: &["old_code", "old_valid_from", "new_code", "new_valid_from", "part", "effective"],
    optional: &["weight", "act"],
    read: |row| {
        Ok(Lineage {
            old: PlaceId::new(row.text("old_code"), row.day("old_valid_from")?),
            new: PlaceId::new(row.text("new_code"), row.day("new_valid_from")?),
            part: row.one("part", "full or partial", word)?,
            effective: row.day("effective")?,
            act: row.text("act").to_owned(),
            weight: row.maybe("weight", "a share with a decimal point, such as 0.4, or nothing", number)?,
        })
    },
};

fn add_moves(places: &mut [Place], moves: Vec<Move>, problems: &mut Vec<Problem>) {
    let mut numbers = std::collections::HashMap::new();
    for (number, place) in places.iter().enumerate() {
        numbers.insert(place.id.clone(), number);
    }
    for Move { id, membership } in moves {
        let Some(place) = numbers.get(&id).and_then(|number| places.get_mut(*number)) else {
            problems.push(Problem::file("places/moves.csv", &format!("`{id}` is no place of places.csv")));
            continue;
        };
        place.memberships.push(membership);
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

/// A row with the headings above it.
struct Row<'a> {
    headings: &'a StringRecord,
    record: &'a StringRecord,
}

/// A field that says something else than it may.
struct Wrong {
    column: &'static str,
    value: String,
    expected: &'static str,
}

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        let at = self.headings.iter().position(|heading| heading == column);
        at.and_then(|at| self.record.get(at)).map(str::trim).unwrap_or_default()
    }

    fn one<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Result<T, Wrong> {
        let value = self.text(column);
        read(value).ok_or_else(|| Wrong { column, value: value.to_owned(), expected })
    }

    /// A field that may be empty.
    fn maybe<T>(
        &self,
        column: &'static str,
        expected: &'static str,
        read: fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Wrong> {
        if self.text(column).is_empty() { Ok(None) } else { self.one(column, expected, read).map(Some) }
    }

    fn day(&self, column: &'static str) -> Result<NaiveDate, Wrong> {
        self.one(column, DAY, word)
    }
}

/// A day, or a word of a closed list.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(text)).ok()
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// Rows of a file that cannot be read and are named each; the others are counted.
const NAMED: usize = 50;

fn read_file<T>(dir: &Path, table: &Table<T>, problems: &mut Vec<Problem>) -> Vec<T> {
    let (name, path) = (format!("places/{}", table.file), dir.join(table.file));
    if table.may_lack && !path.exists() {
        return Vec::new();
    }
    match std::fs::read(path) {
        Ok(bytes) => read(&name, &bytes, table, problems),
        Err(error) => {
            problems.push(Problem::file(&name, &format!("cannot be read: {error}")));
            Vec::new()
        }
    }
}

/// The rows that can be read; every other one is a problem.
fn read<T>(name: &str, bytes: &[u8], table: &Table<T>, problems: &mut Vec<Problem>) -> Vec<T> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headings = match reader.headers() {
        Ok(headings) => headings.clone(),
        Err(error) => {
            problems.push(Problem::new(name, "line 1", &format!("cannot be read: {error}")));
            return Vec::new();
        }
    };
    let before = problems.len();
    for column in table.required.iter().filter(|column| headings.iter().all(|heading| heading != **column)) {
        problems.push(Problem::new(name, "line 1", &format!("column `{column}` is missing")));
    }
    for heading in &headings {
        let mut known = table.required.iter().chain(table.optional);
        if !known.any(|column| *column == heading) {
            let columns = table.required.iter().chain(table.optional).copied().collect::<Vec<_>>().join(", ");
            let message = format!("column `{heading}` is not known, expected {columns}");
            problems.push(Problem::new(name, "line 1", &message));
        }
    }
    if problems.len() > before {
        return Vec::new();
    }
    let (mut found, mut faults, mut record) = (Vec::new(), 0, StringRecord::new());
    loop {
        let (key, message) = match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => match (table.read)(&Row { headings: &headings, record: &record }) {
                Ok(row) => {
                    found.push(row);
                    continue;
                }
                Err(Wrong { column, value, expected }) => {
                    let line = line_of(bytes, record.position());
                    (format!("line {line}, column `{column}`"), format!("`{value}`, expected {expected}"))
                }
            },
            Err(error) => {
                let message = match error.kind() {
                    ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("holds {len} fields, expected {expected_len}")
                    }
                    ErrorKind::Utf8 { .. } => "is no UTF-8 text".to_owned(),
                    _ => error.to_string(),
                };
                (format!("line {}", line_of(bytes, error.position())), message)
            }
        };
        faults += 1;
        if faults <= NAMED {
            problems.push(Problem::new(name, &key, &message));
        }
    }
    if faults > NAMED {
        problems.push(Problem::file(name, &format!("{} more rows cannot be read", faults - NAMED)));
    }
    found
}

/// Line of a record, from 1. A record after a line that ends in CR LF is said to begin with the LF.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let byte = usize::try_from(position.byte()).ok().and_then(|at| bytes.get(at));
    position.line() + u64::from(byte == Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::{PLACES, Problem, read};

    const HEAD: &str = "code,valid_from,level,name,parent_code,parent_valid_from,lat";

    fn read_lines(lines: &[&str], end: &str) -> (usize, Vec<String>) {
        let mut problems: Vec<Problem> = Vec::new();
        let found = read("places/places.csv", lines.join(end).as_bytes(), &PLACES, &mut problems);
        (found.len(), problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_row_that_cannot_be_read_is_named_by_line_and_column_with_its_value() {
        for end in ["\n", "\r\n"] {
            let (found, said) = read_lines(
                &[
                    HEAD,
                    "VN,1900-01-01,country,Việt Nam,,,",
                    "04,01/07/2025,province,Cao Bằng,VN,1900-01-01,",
                    "06,1900-01-01,tỉnh,Bắc Kạn,VN,1900-01-01,",
                    "08,1900-01-01,province,Tuyên Quang,VN,1900-01-01,\"22,5\"",
                    "10,1900-01-01,province,Lào Cai,VN",
                    "11,1900-01-01,province,Điện Biên,VN,1900-01-01,21.7",
                ],
                end,
            );
            assert_eq!(found, 2);
            assert_eq!(
                said,
                [
                    "places/places.csv: line 3, column `valid_from`: `01/07/2025`, expected a day, YYYY-MM-DD",
                    "places/places.csv: line 4, column `level`: `tỉnh`, expected country, province, district, commune or village",
                    "places/places.csv: line 5, column `lat`: `22,5`, expected degrees with a decimal point, such as 22.66",
                    "places/places.csv: line 6: holds 5 fields, expected 7",
                ]
            );
        }
    }

    #[test]
    fn a_file_of_wrong_rows_does_not_flood_the_screen() {
        let rows = vec!["x,?,country,X,,,"; 500];
        let (found, said) = read_lines(&[&[HEAD], rows.as_slice()].concat(), "\n");
        assert_eq!((found, said.len()), (0, 51));
        assert_eq!(said.last().unwrap(), "places/places.csv: 450 more rows cannot be read");
    }

    #[test]
    fn headings_are_looked_at_first() {
        let (found, said) =
            read_lines(&["code,valid_from,level,name,parent_code,colour", "VN,?,country,X,,"], "\n");
        assert_eq!(found, 0);
        assert_eq!(said.len(), 2);
        assert_eq!(said[0], "places/places.csv: line 1: column `parent_valid_from` is missing");
        assert!(
            said[1].starts_with("places/places.csv: line 1: column `colour` is not known, expected code, ")
        );
    }
}
