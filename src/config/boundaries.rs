//! Reads the boundaries of places: every `places/*.geojson`, features with `properties.code` (RFC 7946, WGS 84).
//!
//! A boundary is comfort: without one a place is in every table and on no map.

use std::{collections::BTreeMap, path::Path};

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

type Ring = Vec<(f64, f64)>;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

/// Shapes by code of their place.
pub fn load(dir: &Path, problems: &mut Vec<Problem>) -> BTreeMap<String, Shape> {
    let mut shapes = BTreeMap::new();
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "geojson")).collect();
    files.sort();
    for file in files {
        let name = format!("places/{}", file.file_name().unwrap_or_default().to_string_lossy());
        let read = std::fs::read(&file).map_err(|error| format!("cannot be read: {error}"));
        let parsed = read.and_then(|bytes| {
            let parsed = serde_json::from_slice::<Collection>(&bytes);
            parsed.map_err(|error| format!("is no GeoJSON of places: {error}"))
        });
        match parsed {
            Ok(collection) => shapes.extend(collection.features.into_iter().filter_map(shape)),
            Err(message) => problems.push(Problem::file(&name, &message)),
        }
    }
    shapes
}

fn shape(feature: Feature) -> Option<(String, Shape)> {
    let Properties { code, name } = feature.properties;
    let rings = match feature.geometry? {
        Geometry::Polygon(rings) => rings,
        Geometry::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
    };
    Some((code.clone(), Shape { code, name, rings }))
}
