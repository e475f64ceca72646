//! Reads the boundaries of places: every `places/*.geojson`, features with `properties.code` (RFC 7946, WGS 84).
//!
//! A boundary is comfort: without one a place is in every table and on no map.

use std::{collections::BTreeMap, path::Path};

use gapwatch_collectors::Boundaries;
use gapwatch_dashboards::map::Shape;
use serde::Deserialize;

use super::Problem;

#[derive(Debug, Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Debug, Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Option<Geometry>,
}

#[derive(Debug, Deserialize)]
struct Properties {
    code: String,
    #[serde(default)]
    name: String,
}

/// Digits of a province's code; communes have more.
const PROVINCE_DIGITS: usize = 2;

type Ring = Vec<(f64, f64)>;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

/// What the boundary files give.
#[derive(Debug, Default)]
pub(crate) struct Outlines {
    /// To draw: shapes by code of their place.
    pub(crate) shapes: BTreeMap<String, Shape>,
    /// To ask in which commune a point lies. Provinces are left out: a point lies in both.
    pub(crate) communes: Boundaries,
}

/// Reads every boundary file.
pub(crate) fn load(dir: &Path, problems: &mut Vec<Problem>) -> Outlines {
    let mut found = Outlines::default();
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "geojson")).collect();
    files.sort();
    for file in files {
        let name = format!("places/{}", file.file_name().unwrap_or_default().to_string_lossy());
        let read = std::fs::read_to_string(&file).map_err(|error| format!("cannot be read: {error}"));
        let taken = read.and_then(|text| {
            let parsed = serde_json::from_str::<Collection>(&text);
            let collection = parsed.map_err(|error| format!("is no GeoJSON of places: {error}"))?;
            if collection.features.iter().all(|feature| feature.properties.code.len() > PROVINCE_DIGITS) {
                found.communes.add(&text).map_err(|error| error.to_string())?;
            }
            found.shapes.extend(collection.features.into_iter().filter_map(shape));
            Ok(())
        });
        if let Err(message) = taken {
            problems.push(Problem::file(&name, &message));
        }
    }
    found
}

fn shape(feature: Feature) -> Option<(String, Shape)> {
    let Properties { code, name } = feature.properties;
    let rings = match feature.geometry? {
        Geometry::Polygon(rings) => rings,
        Geometry::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
    };
    Some((code.clone(), Shape { code, name, rings }))
}
