//! How long judging a country takes, how it grows, and what judging anew after one province's batch costs beside it.
//!
//! `cargo bench -p gapwatch-rules` prints a table: medians of five runs, everything from memory, one thread. Answers are
//! compared: judging anew must equal judging.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    AreaClass, CollectorName, Dimensions, Evidence, FrameKey, Gazetteer, Head, Indicator, IndicatorId,
    IndicatorSet, Membership, Place, PlaceId, PlaceIx, PlaceLevel, Point, Qualifier, RunId, Value,
};
use gapwatch_rules::{Facts, Judgement, Rules, Targets, advance, end_of_day, judge, rejudge};

const RULES: &str = include_str!("../../../fixtures/rules/sample/rules.toml");
const TARGETS: &str = include_str!("../../../fixtures/rules/sample/targets.toml");
const INDICATORS: &str = include_str!("../../../fixtures/rules/sample/indicators.toml");
const PROVINCES: u32 = 34;
const RUNS: usize = 5;

/// A country of so many villages and communes, with six indicators a village and twenty a commune.
struct Country {
    facts: Facts,
    communes: Vec<PlaceIx>,
    villages: Vec<PlaceIx>,
    points: usize,
}

fn main() {
    let (Ok(rules), Ok(targets)) = (Rules::parse(RULES), Targets::parse(TARGETS)) else {
        println!("the sample configuration has faults");
        return;
    };
    println!(
        "| villages × 6 | communes × 20 | points | judge ms | ns a point | flags ms | a province's batch ms | of the whole |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (villages, communes) in [(22_500, 830), (45_000, 1_660), (90_000, 3_321)] {
        row(villages, communes, &rules, &targets);
    }
}

fn row(villages: u32, communes: u32, rules: &Rules, targets: &Targets) {
    let mut country = country(villages, communes);
    let as_of = end_of_day(day());
    let (whole_ms, judged) = median(|| judge(&country.facts, rules, targets, as_of, &[]));
    let (flags_ms, flags) = median(|| advance(&[], &judged, rules, as_of));
    // The next report of one province: every village's signal, an hour later.
    let later = as_of - chrono::TimeDelta::hours(1);
    let before = judge(&country.facts, rules, targets, later - chrono::TimeDelta::hours(1), &[]);
    let head = head("village.signal", later);
    let of_one: Vec<PlaceIx> = country.villages.iter().copied().step_by(PROVINCES as usize).collect();
    for (number, place) in (0..).zip(of_one) {
        country.facts.add(&head, point(place, f64::from(u8::from(number % 7 > 0))));
    }
    let (batch_ms, again) = median(|| rejudge(&before, &country.facts, rules, targets, later, &[]));
    let whole = judge(&country.facts, rules, targets, later, &[]);
    assert_eq!(summary(&again), summary(&whole), "judging anew is judging");
    let points = f64::from(u32::try_from(country.points).unwrap_or(u32::MAX));
    println!(
        "| {villages} | {communes} | {} | {whole_ms:.0} | {:.0} | {flags_ms:.0} ({} flags) | {batch_ms:.0} | 1/{:.0} |",
        country.points,
        whole_ms * 1e6 / points,
        flags.len(),
        whole_ms / batch_ms,
    );
    assert_eq!(country.communes.len(), communes as usize);
}

/// What two judgements are compared by.
fn summary(judgement: &Judgement) -> String {
    let counts: Vec<_> = judgement.places().iter().map(|place| judgement.counts(*place)).collect();
    let values: Vec<_> = judgement
        .places()
        .iter()
        .flat_map(|place| judgement.values(*place))
        .map(|(_, value)| value.amount())
        .collect();
    format!("{counts:?} {values:?} {:?}", judgement.raised)
}

fn median<T>(mut run: impl FnMut() -> T) -> (f64, T) {
    let mut times = Vec::new();
    let mut result = run();
    for _ in 0..RUNS {
        let start = Instant::now();
        let made = run();
        times.push(start.elapsed().as_secs_f64() * 1e3);
        // What was made before is dropped outside the measured time.
        result = made;
    }
    times.sort_by(f64::total_cmp);
    (times.get(RUNS / 2).copied().unwrap_or(f64::NAN), result)
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 20).unwrap_or_default()
}

fn head(indicator: &str, recorded_at: DateTime<FixedOffset>) -> Arc<Head> {
    Arc::new(Head {
        key: FrameKey {
            indicator: IndicatorId::new(indicator),
            period: gapwatch_model::Period::containing(
                gapwatch_model::PeriodKind::Month,
                NaiveDate::from_ymd_opt(2025, 11, 1).unwrap_or_default(),
            ),
            source: CollectorName::new("bench"),
            evidence: Evidence::Claimed,
            dimensions: Dimensions::default(),
            method: None,
        },
        run: RunId(1),
        recorded_at,
    })
}

fn point(place: PlaceIx, value: f64) -> Point {
    Point { place, value: Value::Number(value), qualifier: Qualifier::Exact, samples: None, row: place.0 }
}

fn place(code: &str, level: PlaceLevel, parent: Option<&str>) -> Place {
    let always = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default();
    Place {
        id: PlaceId::new(code, always),
        valid_to: None,
        level,
        kind: String::new(),
        name: code.to_owned(),
        name_en: String::new(),
        other_names: Vec::new(),
        memberships: parent
            .map(|code| Membership { parent: PlaceId::new(code, always), from: always })
            .into_iter()
            .collect(),
        point: None,
        area_class: Some(AreaClass::Other),
        synthetic: true,
    }
}

fn country(villages: u32, communes: u32) -> Country {
    let mut places = vec![place("VN", PlaceLevel::Country, None)];
    for number in 0..PROVINCES {
        places.push(place(&format!("{number:02}"), PlaceLevel::Province, Some("VN")));
    }
    for number in 0..communes {
        let province = format!("{:02}", number % PROVINCES);
        places.push(place(&format!("{number:05}"), PlaceLevel::Commune, Some(&province)));
    }
    // Villages of a province are those whose number leaves its remainder: communes are handed out the same way.
    for number in 0..villages {
        let per_province = communes / PROVINCES;
        let commune = (number / PROVINCES % per_province) * PROVINCES + number % PROVINCES;
        places.push(place(&format!("v{number}"), PlaceLevel::Village, Some(&format!("{commune:05}"))));
    }
    let mut tables: BTreeMap<String, Indicator> = toml::from_str(INDICATORS).unwrap_or_default();
    let template = tables.get("hh.fibre_subscribed").cloned();
    for number in 0..10 {
        if let Some(indicator) = &template {
            tables.insert(format!("bench.{number}"), indicator.clone());
        }
    }
    for id in ["village.far", "village.poor"] {
        if let Some(indicator) = tables.get("village.households").cloned() {
            tables.insert(id.to_owned(), indicator);
        }
    }
    let gazetteer = Gazetteer::new(places, Vec::new()).unwrap_or_default();
    let of = |level: PlaceLevel| -> Vec<PlaceIx> {
        gazetteer.all().filter(|ix| gazetteer.get(*ix).level == level).collect()
    };
    let (villages, communes) = (of(PlaceLevel::Village), of(PlaceLevel::Commune));
    let mut facts = Facts::new(Arc::new(gazetteer), Arc::new(IndicatorSet::new(tables)));
    let known = end_of_day(NaiveDate::from_ymd_opt(2025, 12, 5).unwrap_or_default());
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        // xorshift: the same country every time.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        f64::from(u32::try_from(seed % below).unwrap_or(0))
    };
    let mut points = 0;
    let village_indicators = [
        ("village.signal", 20),
        ("village.clusters_without_signal", 20),
        ("village.grid_power", 40),
        ("village.households", 300),
        ("village.far", 90),
        ("village.poor", 60),
    ];
    for (id, below) in village_indicators {
        let head = head(id, known);
        for village in &villages {
            let drawn = random(below);
            let value = match id {
                "village.signal" | "village.grid_power" => f64::from(u8::from(drawn > 0.0)),
                "village.clusters_without_signal" => f64::from(u8::from(drawn < 1.0)),
                _ => drawn,
            };
            facts.add(&head, point(*village, value));
            points += 1;
        }
    }
    let named = [
        "hh.fibre_subscribed",
        "dossier.on_time",
        "q766.total",
        "q766.transparency",
        "q766.progress",
        "q766.online",
        "q766.payment",
        "q766.satisfaction",
        "q766.digitisation",
    ];
    let more = (0..11).map(|number| format!("bench.{number}"));
    for id in named.into_iter().map(str::to_owned).chain(more) {
        let head = head(&id, known);
        for commune in &communes {
            let value = match id.as_str() {
                text if text.starts_with("q766") => Value::Number(random(10)),
                _ => Value::Ratio { numerator: random(900), denominator: 1_000.0 },
            };
            facts.add(&head, Point { value, ..point(*commune, 0.0) });
            points += 1;
        }
    }
    Country { facts, communes, villages, points }
}
