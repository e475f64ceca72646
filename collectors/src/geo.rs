//! Which commune a point lies in, and coordinates as people write them.

use std::collections::HashMap;

use gapwatch_model::GeoPoint;
use serde_json::Value;

use crate::number::{self, Style};

/// Vietnam with its islands, in degrees: nothing else is taken for a coordinate.
const LATITUDES: std::ops::RangeInclusive<f64> = 7.0..=23.5;
const LONGITUDES: std::ops::RangeInclusive<f64> = 102.0..=118.0;
/// Side of a cell of the search grid, in degrees.
const CELL_DEGREES: f64 = 0.1;

type Ring = Vec<(f64, f64)>;

/// Borders of places by code, as read from GeoJSON.
#[derive(Debug, Clone, Default)]
pub struct Boundaries {
    areas: Vec<(String, Vec<Ring>)>,
    cells: HashMap<(i32, i32), Vec<usize>>,
}

/// A GeoJSON text that holds no borders.
#[derive(Debug, thiserror::Error)]
pub enum BoundariesError {
    /// No JSON.
    #[error("borders are no JSON")]
    Json(#[from] serde_json::Error),
    /// No feature collection.
    #[error("borders are no GeoJSON, expected a `FeatureCollection` with `code` among the properties")]
    Shape,
}

impl Boundaries {
    /// Adds the polygons of a GeoJSON feature collection; each feature's property `code` says whose they are.
    ///
    /// # Errors
    /// The text is no GeoJSON feature collection.
    pub fn add(&mut self, geojson: &str) -> Result<(), BoundariesError> {
        let document: Value = serde_json::from_str(geojson)?;
        let features = document.get("features").and_then(Value::as_array).ok_or(BoundariesError::Shape)?;
        for feature in features {
            let code =
                feature.pointer("/properties/code").and_then(Value::as_str).ok_or(BoundariesError::Shape)?;
            let coordinates = feature.pointer("/geometry/coordinates").ok_or(BoundariesError::Shape)?;
            let mut rings = Vec::new();
            collect_rings(coordinates, &mut rings);
            let number = self.areas.len();
            for (x, y) in covered_cells(&rings) {
                self.cells.entry((x, y)).or_default().push(number);
            }
            self.areas.push((code.to_owned(), rings));
        }
        Ok(())
    }

    /// Code of the place a point lies in.
    #[must_use]
    pub fn code_at(&self, point: GeoPoint) -> Option<&str> {
        let near = self.cells.get(&(cell(point.lon), cell(point.lat)))?;
        let holds = |index: &&usize| self.areas.get(**index).is_some_and(|(_, rings)| inside(rings, point));
        near.iter().find(holds).and_then(|index| self.areas.get(*index)).map(|(code, _)| code.as_str())
    }
}

fn cell(degrees: f64) -> i32 {
    // Degrees lie within ±180, so the quotient fits.
    format!("{:.0}", (degrees.clamp(-180.0, 180.0) / CELL_DEGREES).floor()).parse().unwrap_or(0)
}

fn covered_cells(rings: &[Ring]) -> Vec<(i32, i32)> {
    let points = || rings.iter().flatten();
    let bound = |pick: fn(&(f64, f64)) -> f64, least: bool| {
        let start = if least { f64::INFINITY } else { f64::NEG_INFINITY };
        points().map(pick).fold(start, |edge, value| if least { edge.min(value) } else { edge.max(value) })
    };
    if points().next().is_none() {
        return Vec::new();
    }
    let (west, east) = (cell(bound(|p| p.0, true)), cell(bound(|p| p.0, false)));
    let (south, north) = (cell(bound(|p| p.1, true)), cell(bound(|p| p.1, false)));
    (west..=east).flat_map(|x| (south..=north).map(move |y| (x, y))).collect()
}

fn collect_rings(value: &Value, rings: &mut Vec<Ring>) {
    let Some(list) = value.as_array() else { return };
    let position = |value: &Value| Some((value.get(0)?.as_f64()?, value.get(1)?.as_f64()?));
    if list.first().is_some_and(|first| position(first).is_some()) {
        rings.push(list.iter().filter_map(position).collect());
    } else {
        list.iter().for_each(|inner| collect_rings(inner, rings));
    }
}

/// Even-odd rule over all rings, so that holes are outside.
fn inside(rings: &[Ring], point: GeoPoint) -> bool {
    let mut odd = false;
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let crosses = (a.1 > point.lat) != (b.1 > point.lat);
            if crosses && point.lon < (b.0 - a.0) * (point.lat - a.1) / (b.1 - a.1) + a.0 {
                odd = !odd;
            }
        }
    }
    odd
}

/// A point from two numbers in either order: Vietnam's extent tells longitude from latitude.
pub(crate) fn point_of(one: f64, other: f64) -> Option<GeoPoint> {
    let made = |lat: f64, lon: f64| {
        (LATITUDES.contains(&lat) && LONGITUDES.contains(&lon)).then_some(GeoPoint { lat, lon })
    };
    made(one, other).or_else(|| made(other, one))
}

/// Reads one coordinate: decimal degrees with comma or point, or degrees, minutes and seconds.
pub(crate) fn degrees(text: &str) -> Option<f64> {
    let cleaned = gapwatch_model::text::clean(text).to_uppercase();
    let negative = cleaned.ends_with(['S', 'W']) || cleaned.starts_with('-');
    let bare = cleaned.trim_matches(['N', 'S', 'E', 'W', 'B', 'Đ', ' ', '-']);
    let mut parts = Vec::new();
    let mut rest = bare;
    while let Some((token, behind)) = number::leading(rest.trim_start()) {
        let style = if token.contains(',') { Style::Comma } else { Style::Plain };
        parts.push(number::parse(&token, style)?);
        let sign = behind.trim_start();
        let end = sign.find(|c: char| c.is_ascii_digit()).unwrap_or(sign.len());
        let (marks, next) = sign.split_at_checked(end)?;
        if !marks
            .chars()
            .all(|c| matches!(c, '°' | 'º' | '˚' | '\'' | '’' | '′' | '"' | '”' | '″' | ' ' | 'O'))
        {
            return None;
        }
        rest = next;
    }
    if !rest.is_empty() {
        return None;
    }
    let amount = match parts.as_slice() {
        [degrees] => *degrees,
        [degrees, minutes] if *minutes < 60.0 => degrees + minutes / 60.0,
        [degrees, minutes, seconds] if *minutes < 60.0 && *seconds < 60.0 => {
            degrees + minutes / 60.0 + seconds / 3600.0
        }
        _ => return None,
    };
    Some(if negative { -amount } else { amount })
}

/// Reads both coordinates from one cell: `105,34808/22,62924`, `22.62924, 105.34808`.
pub(crate) fn pair(text: &str) -> Option<GeoPoint> {
    let separators: [&[char]; 3] = [&['/', ';', '|'], &[' '], &[',']];
    separators.iter().find_map(|separator| {
        let mut parts = text.splitn(2, *separator).map(|part| part.trim().trim_end_matches(','));
        point_of(degrees(parts.next()?)?, degrees(parts.next()?)?)
    })
}

#[cfg(test)]
mod tests {
    use super::{Boundaries, degrees, pair, point_of};
    use gapwatch_model::GeoPoint;

    #[test]
    fn coordinates_are_read_in_either_order() {
        let expected = Some(GeoPoint { lat: 22.62924, lon: 105.34808 });
        for text in [
            "105,34808/22,62924",
            "22.62924, 105.34808",
            "22,62924; 105,34808",
            "22.62924,105.34808",
            "105.34808 22.62924",
        ] {
            assert_eq!(pair(text), expected, "{text}");
        }
        assert_eq!(pair("48.2, 16.4"), None, "Vienna is not in Vietnam");
        assert_eq!(point_of(0.0, 0.0), None);
    }

    #[test]
    fn degrees_minutes_and_seconds() {
        let near = |text: &str, expected: f64| {
            let read = degrees(text).unwrap();
            assert!((read - expected).abs() < 1e-9, "{text}: {read}");
        };
        near("22°30'00\"", 22.5);
        near("22° 37′ 45,3″ N", 22.629_25);
        near("105°20.5'E", 105.0 + 20.5 / 60.0);
        near("105,34808", 105.348_08);
        for text in ["", "22°75'", "bắc", "22°30'10\"5"] {
            assert_eq!(degrees(text), None, "{text}");
        }
    }

    #[test]
    fn a_point_lies_in_one_commune_and_not_in_its_hole() {
        let mut boundaries = Boundaries::default();
        let square = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"01273"},
            "geometry":{"type":"Polygon","coordinates":[[[106,22],[106.4,22],[106.4,22.4],[106,22.4],[106,22]],
            [[106.1,22.1],[106.2,22.1],[106.2,22.2],[106.1,22.2],[106.1,22.1]]]}}]}"#;
        boundaries.add(square).unwrap();
        let at = |lat, lon| boundaries.code_at(GeoPoint { lat, lon });
        assert_eq!(at(22.3, 106.3), Some("01273"));
        assert_eq!(at(22.15, 106.15), None);
        assert_eq!(at(21.9, 106.3), None);
        assert!(boundaries.add("[]").is_err());
    }
}
