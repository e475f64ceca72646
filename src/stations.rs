//! Where stations are: the positions sources said, as known at a moment, and those nearest to a point.
//!
//! They are documents of the store and no observations: a position is no figure of a place and period, nothing is judged by
//! it, and an export is replaced whole by the next one. What was known on a day is the version in force then.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use chrono::{DateTime, FixedOffset};
use gapwatch_model::{CollectorName, GeoPoint, RunId, Station};
use gapwatch_store::{DocumentInfo, RunQuery};

use crate::app::App;

/// Kind of the documents that hold positions, one per collector.
const KIND: &str = "stations";

/// Numbers of the documents, and what was read from them.
pub(crate) type Newest = Mutex<Option<(Vec<u64>, Arc<Stations>)>>;

/// An operator's station at one position.
#[derive(Debug)]
pub(crate) struct Site {
    /// Position.
    pub(crate) at: GeoPoint,
    /// Who runs it.
    pub(crate) operator: String,
    /// Its technologies: `2G, 4G`.
    pub(crate) technologies: String,
    /// Which of the sources said it.
    pub(crate) source: usize,
    /// 1-based line of its file.
    pub(crate) line: u32,
}

/// One collector that said positions.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) collector: String,
    /// The run that brought them. `None` when its record is not there.
    pub(crate) run: Option<RunId>,
    /// When they became known.
    pub(crate) at: DateTime<FixedOffset>,
}

/// All positions known at a moment.
#[derive(Debug, Default)]
pub(crate) struct Stations {
    /// From south to north.
    sites: Vec<Site>,
    /// Who said them.
    pub(crate) sources: Vec<Source>,
}

impl Stations {
    /// Stations of different technologies at one position become one.
    fn add(&mut self, source: Source, said: Vec<Station>) {
        let number = self.sources.len();
        let mut sites: BTreeMap<(String, [u64; 2]), Site> = BTreeMap::new();
        for Station { operator, technology, at, line } in said {
            let key = (operator.clone(), [at.lat.to_bits(), at.lon.to_bits()]);
            match sites.get_mut(&key) {
                Some(site) => site.technologies = format!("{}, {technology}", site.technologies),
                None => {
                    sites.insert(key, Site { at, operator, technologies: technology, source: number, line });
                }
            }
        }
        self.sites.extend(sites.into_values());
        self.sites.sort_by(|a, b| a.at.lat.total_cmp(&b.at.lat));
        self.sources.push(source);
    }

    /// The nearest stations of a point with their distance in metres, nearest first, at most so many.
    #[must_use]
    pub(crate) fn nearest(&self, to: GeoPoint, most: usize) -> Vec<(f64, &Site)> {
        let (south, north) = self.sites.split_at(self.sites.partition_point(|site| site.at.lat < to.lat));
        let (mut south, mut north) = (south.iter().rev().peekable(), north.iter().peekable());
        let mut found: Vec<(f64, &Site)> = Vec::new();
        loop {
            // Outwards by latitude: a station is never nearer than its circle of latitude.
            let next = match (south.peek(), north.peek()) {
                (Some(below), Some(above)) if to.lat - below.at.lat < above.at.lat - to.lat => south.next(),
                (Some(_), None) => south.next(),
                _ => north.next(),
            };
            let Some(site) = next else { break };
            let least = to.distance_m(GeoPoint { lat: site.at.lat, lon: to.lon });
            if found.len() >= most && found.last().is_none_or(|(farthest, _)| *farthest < least) {
                break;
            }
            let metres = to.distance_m(site.at);
            found.insert(found.partition_point(|(other, _)| *other <= metres), (metres, site));
            found.truncate(most);
        }
        found
    }

    /// The stations within a rectangle from its south-west to its north-east corner.
    pub(crate) fn within(&self, low: GeoPoint, high: GeoPoint) -> impl Iterator<Item = &Site> {
        let first = self.sites.partition_point(|site| site.at.lat < low.lat);
        let north = self.sites.iter().skip(first).take_while(move |site| site.at.lat <= high.lat);
        north.filter(move |site| (low.lon..=high.lon).contains(&site.at.lon))
    }
}

impl App {
    /// Keeps the positions a collector brought, unless they are the ones that are known.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn keep_stations(
        &self,
        collector: &str,
        stations: &[Station],
        at: DateTime<FixedOffset>,
    ) -> anyhow::Result<()> {
        if !stations.is_empty() {
            self.store.put_document(KIND, collector, &serde_json::to_vec(stations)?, collector, at)?;
        }
        Ok(())
    }

    /// The stations known at a moment, those of every collector.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn stations(&self, at: DateTime<FixedOffset>) -> anyhow::Result<Arc<Stations>> {
        let mut newest: BTreeMap<String, DocumentInfo> = BTreeMap::new();
        for info in self.store.documents(KIND)?.into_iter().filter(|info| info.at <= at) {
            newest.entry(info.name.clone()).or_insert(info);
        }
        let ids: Vec<u64> = newest.values().map(|info| info.id).collect();
        // Held while it is read: who asks meanwhile finds it.
        let mut kept = self.stations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, stations)) = &*kept
            && *of == ids
        {
            return Ok(Arc::clone(stations));
        }
        let mut stations = Stations::default();
        for info in newest.into_values() {
            let Some(document) = self.store.document(info.id)? else { continue };
            let said = serde_json::from_slice(&document.bytes)
                .with_context(|| format!("the stations of `{}` cannot be read", info.name))?;
            let run = self.bringing(&info)?;
            stations.add(Source { collector: info.name, run, at: info.at }, said);
        }
        let stations = Arc::new(stations);
        *kept = Some((ids, Arc::clone(&stations)));
        Ok(stations)
    }

    /// The run that brought a document: it finished when the document became known.
    fn bringing(&self, info: &DocumentInfo) -> anyhow::Result<Option<RunId>> {
        let collector = Some(CollectorName::from(info.name.as_str()));
        let query = RunQuery { collector, as_of: Some(info.at), limit: Some(1), ..RunQuery::default() };
        let newest = self.store.runs(&query)?;
        Ok(newest.first().filter(|run| run.finished == info.at).map(|run| run.id))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use gapwatch_model::{GeoPoint, Station};

    use super::{Source, Stations};

    fn stations() -> Stations {
        let station = |technology: &str, lat, lon, line| Station {
            operator: "Viettel".to_owned(),
            technology: technology.to_owned(),
            at: GeoPoint { lat, lon },
            line,
        };
        let mut all = Stations::default();
        let source = Source { collector: "cells".to_owned(), run: None, at: DateTime::default() };
        let said = vec![
            station("2G", 22.70, 106.20, 2),
            station("4G", 22.48, 106.20, 3),
            station("4G", 22.601, 106.50, 4),
            station("4G", 22.70, 106.20, 5),
        ];
        all.add(source, said);
        all
    }

    #[test]
    fn the_nearest_is_so_by_metres_and_not_by_latitude() {
        let all = stations();
        let near = all.nearest(GeoPoint { lat: 22.60, lon: 106.20 }, 2);
        let lines: Vec<u32> = near.iter().map(|(_, site)| site.line).collect();
        assert_eq!(lines, [2, 3], "0.3 degrees of longitude are farther than 0.1 of latitude");
        // A tenth of a degree of latitude: 6 371 009 m × π / 1800.
        assert!(near.first().is_some_and(|(metres, _)| (metres - 11_119.5).abs() < 1.0), "{near:?}");
        assert_eq!(near.first().map(|(_, site)| site.technologies.as_str()), Some("2G, 4G"));
        assert_eq!(all.nearest(GeoPoint { lat: 22.60, lon: 106.20 }, 9).len(), 3);
        assert!(Stations::default().nearest(GeoPoint { lat: 22.6, lon: 106.2 }, 1).is_empty());
    }

    #[test]
    fn a_rectangle_holds_what_lies_in_it() {
        let (low, high) = (GeoPoint { lat: 22.4, lon: 106.1 }, GeoPoint { lat: 22.65, lon: 106.3 });
        let lines: Vec<u32> = stations().within(low, high).map(|site| site.line).collect();
        assert_eq!(lines, [3]);
    }
}
