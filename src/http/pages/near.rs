//! The stations near a place: the nearest with their distance, and those on a commune's own map.

use gapwatch_dashboards::{
    map::{Dot, Map, Mark},
    part::{self, Link},
};
use gapwatch_model::{GeoPoint, PlaceIx};

use super::fill::Fill;
use crate::stations::{Site, Stations};

/// Nearest stations listed.
const LISTED: usize = 10;
/// Most stations drawn on one map: a page stays small.
const DRAWN: usize = 300;

/// The list of a place: nearest to a point, nearest first.
#[must_use]
pub(crate) fn list(fill: &Fill<'_>, stations: &Stations, to: Option<GeoPoint>) -> part::Stations {
    let near = to.map(|to| stations.nearest(to, LISTED)).unwrap_or_default();
    let row = |(distance_m, site): &(f64, &Site)| {
        let run = stations.sources.get(site.source).and_then(|source| source.run);
        let href = run.map_or_else(|| "/sources".to_owned(), |run| format!("/runs/{run}?row={}", site.line));
        part::Station {
            name: Link::new(format!("{:.5}, {:.5}", site.at.lat, site.at.lon), href),
            operator: Some(site.operator.clone()),
            technologies: site.technologies.clone(),
            distance_m: *distance_m,
        }
    };
    let source = |source: &crate::stations::Source| {
        (Link::new(fill.collector_title(&source.collector), "/sources"), source.at.date_naive())
    };
    part::Stations {
        rows: near.iter().map(row).collect(),
        sources: if near.is_empty() { Vec::new() } else { stations.sources.iter().map(source).collect() },
        unmarked: 0,
    }
}

/// Marks the stations of a commune on its map, under the villages, and says how many are too many: the farthest.
pub(crate) fn mark(fill: &Fill<'_>, stations: &Stations, commune: PlaceIx, map: &mut Map) -> usize {
    let Some(shape) = fill.boundary(commune) else { return 0 };
    let edge = |start: f64, pick: fn(f64, f64) -> f64, axis: fn(&(f64, f64)) -> f64| {
        shape.rings.iter().flatten().map(axis).fold(start, pick)
    };
    let low =
        GeoPoint { lat: edge(f64::INFINITY, f64::min, |p| p.1), lon: edge(f64::INFINITY, f64::min, |p| p.0) };
    let high = GeoPoint {
        lat: edge(f64::NEG_INFINITY, f64::max, |p| p.1),
        lon: edge(f64::NEG_INFINITY, f64::max, |p| p.0),
    };
    let borders = &fill.app.config.outlines.communes;
    let own = |site: &&Site| borders.code_at(site.at) == Some(shape.code.as_str());
    let mut sites: Vec<&Site> = stations.within(low, high).filter(own).collect();
    let all = sites.len();
    if all > DRAWN {
        let middle = fill.gazetteer().get(commune).point.unwrap_or(low);
        sites.sort_by(|a, b| middle.distance_m(a.at).total_cmp(&middle.distance_m(b.at)));
        sites.truncate(DRAWN);
    }
    let dot = |site: &Site| Dot {
        at: site.at,
        name: format!("{} {}", site.operator, site.technologies),
        href: None,
        mark: Mark::Station,
    };
    map.dots.splice(0..0, sites.into_iter().map(dot));
    all.saturating_sub(DRAWN)
}
