//! A small world for the tests: real communes before and after the merger, some villages, a few indicators.

use std::{collections::BTreeMap, fs, path::Path};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_collectors::{CollectorConfig, Context, Decisions, Fetched, Reading, Resolver};
use gapwatch_model::{Gazetteer, IndicatorSet, Lineage, Membership, Part, Place, PlaceId, PlaceLevel, Value};
use serde_json::{Value as Json, json};

/// Everything a context borrows.
pub(crate) struct World {
    pub(crate) gazetteer: Gazetteer,
    pub(crate) resolver: Resolver,
    pub(crate) indicators: IndicatorSet,
    pub(crate) decisions: Decisions,
    pub(crate) secrets: BTreeMap<String, String>,
}

fn here(path: &str) -> String {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world").join(path);
    fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
}

fn id(text: &str) -> PlaceId {
    let (code, from) = text.split_once('@').unwrap();
    PlaceId::new(code, from.parse().unwrap())
}

impl World {
    pub(crate) fn new() -> Self {
        let mut places = Vec::new();
        for row in csv::Reader::from_reader(here("places.csv").as_bytes()).records() {
            let row = row.unwrap();
            let day = |text: &str| -> Option<NaiveDate> { (!text.is_empty()).then(|| text.parse().unwrap()) };
            let level = match &row[3] {
                "country" => PlaceLevel::Country,
                "province" => PlaceLevel::Province,
                "district" => PlaceLevel::District,
                "commune" => PlaceLevel::Commune,
                _ => PlaceLevel::Village,
            };
            let member = |text: &str| {
                let (parent, from) = text.split_once(':').unwrap();
                Membership { parent: id(parent), from: from.parse().unwrap() }
            };
            places.push(Place {
                id: PlaceId::new(&row[0], row[1].parse().unwrap()),
                valid_to: day(&row[2]),
                level,
                kind: row[4].to_owned(),
                name: row[5].to_owned(),
                name_en: String::new(),
                other_names: Vec::new(),
                memberships: row[6].split(';').filter(|m| !m.is_empty()).map(member).collect(),
                point: None,
                area_class: None,
                synthetic: false,
            });
        }
        let step = |row: csv::StringRecord| Lineage {
            old: id(&row[0]),
            new: id(&row[1]),
            part: if &row[2] == "full" { Part::Whole } else { Part::Partial },
            effective: row[3].parse().unwrap(),
            act: String::new(),
            weight: None,
        };
        let lineage = csv::Reader::from_reader(here("lineage.csv").as_bytes())
            .records()
            .map(|r| step(r.unwrap()))
            .collect();
        let gazetteer = Gazetteer::new(places, lineage).unwrap();
        let resolver = Resolver::new(&gazetteer);
        let indicators = IndicatorSet::new(toml::from_str(&here("indicators.toml")).unwrap());
        Self { gazetteer, resolver, indicators, decisions: Decisions::default(), secrets: BTreeMap::new() }
    }

    pub(crate) fn context<'a>(&'a self, now: &str, base_dir: &'a Path) -> Context<'a> {
        Context {
            gazetteer: &self.gazetteer,
            resolver: &self.resolver,
            boundaries: None,
            indicators: &self.indicators,
            decisions: &self.decisions,
            now: at(now),
            base_dir,
            secrets: &self.secrets,
            home: "04",
        }
    }

    /// Reads bytes as a collector would, on a day.
    pub(crate) fn read(&self, config: &CollectorConfig, file: &str, bytes: Vec<u8>, day: &str) -> Reading {
        let ctx = self.context(&format!("{day}T18:00:00+07:00"), Path::new("."));
        gapwatch_collectors::read(config, &Fetched::given(file, bytes, day.parse().unwrap()), &ctx)
    }

    /// A reading as plain JSON: every value by place, every reject by line and column.
    pub(crate) fn summary(&self, reading: &Reading) -> Json {
        let mut values = Vec::new();
        for frame in &reading.frames {
            for point in &frame.points {
                let place = usize::try_from(point.place.0).unwrap();
                let place = if place < self.gazetteer.len() {
                    self.gazetteer.get(point.place).id.to_string()
                } else {
                    format!("new {}", reading.new_places[place - self.gazetteer.len()].full_name())
                };
                let value = match point.value {
                    Value::Number(number) => number.to_string(),
                    Value::Ratio { numerator, denominator } => format!("{numerator}/{denominator}"),
                };
                let mut text =
                    format!("{}: {} {place} {} = ", point.row, frame.key.indicator, frame.key.period);
                if point.qualifier.as_str() != "exact" {
                    text.push_str(point.qualifier.as_str());
                    text.push(' ');
                }
                text.push_str(&value);
                let d = &frame.key.dimensions;
                for part in
                    [&d.operator, &d.technology, &d.measuring_point, &d.organisation].into_iter().flatten()
                {
                    text.push_str(&format!(" [{part}]"));
                }
                if let Some(samples) = point.samples {
                    text.push_str(&format!(" n={samples}"));
                }
                values.push((point.row, text));
            }
        }
        values.sort();
        let values: Vec<String> = values.into_iter().map(|(_, text)| text).collect();
        let reject = |r: &gapwatch_model::Reject| {
            let asked = if r.asked { " asked" } else { "" };
            let mut text = format!(
                "{}:{} {}{asked} [{}] “{}” {}",
                r.line,
                r.column,
                r.code.as_str(),
                r.heading,
                r.value,
                r.sentence
            );
            if !r.suggestions.is_empty() {
                text.push_str(&format!(" → {}", r.suggestions.join(" | ")));
            }
            text
        };
        let mut notes = serde_json::to_value(&reading.notes).unwrap();
        prune(&mut notes);
        let station = |s: &gapwatch_model::Station| {
            format!("{}: {} {} {} {}", s.line, s.operator, s.technology, s.at.lat, s.at.lon)
        };
        let mut summary = json!({
            "values": values,
            "rejects": reading.rejects.iter().map(reject).collect::<Vec<_>>(),
            "counts": [reading.read, reading.accepted, reading.rejected],
            "notes": notes,
        });
        if !reading.stations.is_empty() {
            summary["stations"] = reading.stations.iter().map(station).collect();
        }
        summary
    }
}

/// Leaves out what is empty, so that expected files stay readable.
fn prune(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|key, inner| {
                let empty = matches!(inner, Json::Null)
                    || inner.as_str() == Some("")
                    || inner.as_u64() == Some(0)
                    || inner.as_array().is_some_and(Vec::is_empty);
                !(empty || key == "filled")
            });
        }
        Json::Array(list) => list.iter_mut().for_each(prune),
        _ => {}
    }
}

pub(crate) fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}
