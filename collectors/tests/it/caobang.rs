//! The Cao Bằng example is read by its own collectors: every file, with the places as they were on its day.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use crate::support::World;
use gapwatch_collectors::{CollectorConfig, Decisions, Resolver, config::Source, fetch};
use gapwatch_model::{Gazetteer, IndicatorSet, Lineage, Membership, Part, Place, PlaceId, PlaceLevel};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/caobang")
}

fn rows(file: &str) -> Vec<csv::StringRecord> {
    let path = root().join("places").join(file);
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

fn world() -> World {
    let id = |code: &str, from: &str| PlaceId::new(code, from.parse().unwrap());
    let mut moves: HashMap<String, Vec<Membership>> = HashMap::new();
    for row in rows("moves.csv") {
        let membership = Membership { parent: id(&row[2], &row[3]), from: row[4].parse().unwrap() };
        moves.entry(format!("{}@{}", &row[0], &row[1])).or_default().push(membership);
    }
    let mut places = Vec::new();
    for row in rows("places.csv") {
        let own = id(&row[0], &row[1]);
        let mut memberships = Vec::new();
        if !row[8].is_empty() {
            memberships.push(Membership { parent: id(&row[8], &row[9]), from: own.valid_from });
        }
        memberships.extend(moves.remove(&own.to_string()).unwrap_or_default());
        places.push(Place {
            valid_to: (!row[2].is_empty()).then(|| row[2].parse().unwrap()),
            level: match &row[3] {
                "country" => PlaceLevel::Country,
                "province" => PlaceLevel::Province,
                "district" => PlaceLevel::District,
                "commune" => PlaceLevel::Commune,
                _ => PlaceLevel::Village,
            },
            kind: row[4].to_owned(),
            name: row[5].to_owned(),
            name_en: String::new(),
            other_names: row[7].split(';').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect(),
            memberships,
            point: None,
            area_class: None,
            synthetic: true,
            id: own,
        });
    }
    let step = |row: csv::StringRecord| Lineage {
        old: id(&row[0], &row[1]),
        new: id(&row[2], &row[3]),
        part: if &row[4] == "full" { Part::Whole } else { Part::Partial },
        effective: row[6].parse().unwrap(),
        act: row[7].to_owned(),
        weight: None,
    };
    let gazetteer = Gazetteer::new(places, rows("lineage.csv").into_iter().map(step).collect()).unwrap();
    let indicators = fs::read_to_string(root().join("indicators.toml")).unwrap();
    World {
        resolver: Resolver::new(&gazetteer),
        gazetteer,
        indicators: IndicatorSet::new(toml::from_str(&indicators).unwrap()),
        decisions: Decisions::default(),
        secrets: std::collections::BTreeMap::new(),
    }
}

#[tokio::test]
async fn every_file_of_the_example_is_read() {
    let world = world();
    let base = root();
    let mut files = 0;
    let mut collectors: Vec<_> =
        fs::read_dir(base.join("collectors")).unwrap().map(|e| e.unwrap().path()).collect();
    collectors.sort();
    for path in collectors {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let config = CollectorConfig::parse(name, &fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(config.check(&world.indicators), [], "{name}");
        if !matches!(config.source, Source::File(_)) {
            continue;
        }
        let ctx = world.context("2025-12-31T17:00:00+07:00", &base);
        // The large files differ little: one before and one after the merger, and every sixth of the others.
        let fetched = fetch(&config, &ctx, &|_| None).await.unwrap();
        assert!(!fetched.is_empty(), "{name}");
        for fetched in fetched.into_iter().step_by(6) {
            let reading = gapwatch_collectors::read(&config, &fetched, &ctx);
            files += 1;
            assert!(
                reading.accepted * 20 >= reading.read * 19,
                "{}: {:?}",
                fetched.file,
                reading.rejects.first()
            );
        }
    }
    assert!(files > 0);
}
