//! What the made-up pages have in common: places, figures, a map, a chart, targets, flags.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use gapwatch_dashboards::chart::{Chart, Point, Series, TargetLine};
use gapwatch_dashboards::figure::{Amount, Figure};
use gapwatch_dashboards::map::{Area, Dot, Map, Mark, Outline, Shape};
use gapwatch_dashboards::part::{
    Borders, Expected, FlagRow, Link, Pace, PlaceRef, Station, Stations, Tally, TargetRow,
};
use gapwatch_dashboards::shell::{Address, Clock, Theme, Visitor};
use gapwatch_dashboards::{Lang, Shell};
use gapwatch_model::{
    Acknowledgement, Comparator, Condition, Direction, Evidence, FlagKey, FlagState, GeoPoint, Outcome,
    Period, PeriodKind, PlaceId, PlaceLevel, Qualification, Qualifier, Run, RunId, SignalState, Subject,
    TargetStatus, Unit, Value,
};
use std::sync::Arc;

/// A day.
pub(crate) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// A moment in Vietnam.
pub(crate) fn at(on: NaiveDate, hour: u32) -> DateTime<FixedOffset> {
    let zone =
        FixedOffset::east_opt(7 * 3600).unwrap_or_else(|| FixedOffset::east_opt(0).unwrap_or_else(zero));
    zone.from_local_datetime(&on.and_hms_opt(hour, 0, 0).unwrap_or_default()).single().unwrap_or_default()
}

fn zero() -> FixedOffset {
    *DateTime::<FixedOffset>::default().offset()
}

/// A month.
pub(crate) fn month(year: i32, month: u32) -> Period {
    Period::containing(PeriodKind::Month, day(year, month, 1))
}

/// The frame of a page of the example.
pub(crate) fn shell(lang: Lang, path: &str) -> Shell {
    let query = if lang == Lang::En { vec![("lang".to_owned(), "en".to_owned())] } else { Vec::new() };
    Shell {
        lang,
        theme: Theme::Auto,
        address: Address { path: path.to_owned(), query },
        as_of: day(2025, 12, 31),
        as_of_chosen: false,
        now: at(day(2025, 12, 31), 17),
        clock: Clock::Simulated,
        synthetic: true,
        crumbs: vec![Link::new(lang.pick("Cả nước", "Viet Nam"), "/?place=VN")],
        search: String::new(),
        visitor: None,
        notices: Vec::new(),
    }
}

/// The same, for somebody who may change things.
pub(crate) fn editor(lang: Lang, path: &str) -> Shell {
    let visitor =
        Visitor { name: "an.nguyen".into(), role: "editor".into(), may_edit: true, csrf: "c5rf".into() };
    Shell { visitor: Some(visitor), ..shell(lang, path) }
}

/// The province of the example.
pub(crate) fn province() -> PlaceRef {
    PlaceRef {
        code: "04".into(),
        name: "tỉnh Cao Bằng".into(),
        level: PlaceLevel::Province,
        synthetic: false,
    }
}

/// A commune.
pub(crate) fn commune(code: &str, name: &str) -> PlaceRef {
    PlaceRef { code: code.into(), name: format!("xã {name}"), level: PlaceLevel::Commune, synthetic: false }
}

/// A village.
pub(crate) fn village(code: &str, name: &str) -> PlaceRef {
    PlaceRef { code: code.into(), name: format!("xóm {name}"), level: PlaceLevel::Village, synthetic: true }
}

/// A 4 × 3 grid of communes where no boundary file is at hand.
pub(crate) fn grid() -> Vec<Shape> {
    let names = [
        "Bảo Lạc",
        "Bảo Lâm",
        "Nguyên Bình",
        "Thông Nông",
        "Hà Quảng",
        "Trùng Khánh",
        "Quảng Uyên",
        "Hạ Lang",
        "Phục Hòa",
        "Thạch An",
        "Hòa An",
        "Thục Phán",
    ];
    (0_u32..)
        .zip(names)
        .map(|(at, name)| {
            let (x, y) = (105.3 + f64::from(at % 4) * 0.35, 22.4 + f64::from(at / 4) * 0.25);
            Shape {
                code: format!("{:05}", 1273 + at * 3),
                name: name.to_owned(),
                rings: vec![vec![(x, y), (x + 0.35, y), (x + 0.35, y + 0.25), (x, y + 0.25)]],
            }
        })
        .collect()
}

/// Villages of the commune at this position: a few stories, always the same.
pub(crate) fn tally(at: u32) -> Tally {
    let total = 18 + at * 7 % 17;
    match at % 9 {
        0 => Tally {
            total,
            covered: total,
            no_grid_power: Some(0),
            no_signal_no_power: Some(0),
            ..Tally::default()
        },
        7 => Tally { total, unknown: total, stale: total, ..Tally::default() },
        rest => {
            let no_signal = (at * 5 + rest) % 7;
            let pocket = at % 4;
            let unknown = u32::from(at % 11 == 3);
            Tally {
                total,
                no_signal,
                pocket,
                unknown,
                covered: total - no_signal - pocket - unknown,
                disputed: at % 3,
                no_grid_power: Some(no_signal / 3),
                no_signal_no_power: Some(no_signal / 3),
                ..Tally::default()
            }
        }
    }
}

/// A figure with its source.
pub(crate) fn figure(amount: Amount, unit: Unit, decimals: u8) -> Figure {
    Figure {
        amount,
        qualifier: Qualifier::Exact,
        unit,
        decimals,
        period: Some(month(2025, 12)),
        age_days: Some(0),
        evidence: Some(Evidence::Claimed),
        source: Some(Link::new("fibre-2025-12.csv, dòng 17", "/runs/212?row=17")),
        explain: Some("/indicators/hh.fibre_subscribed?place=04".into()),
    }
}

/// The map of the communes.
pub(crate) fn map(lang: Lang, shapes: &[Shape]) -> Map {
    let areas = (0_u32..).zip(shapes).filter(|(at, _)| *at != 5).map(|(at, shape)| {
        let tally = tally(at);
        let amount = match at {
            13 => Amount::Insufficient { samples: 12, minimum: 300 },
            17 => Amount::NotApplicable,
            _ if tally.stale == tally.total => Amount::Stale(Value::Number(3.0)),
            _ => Amount::count(tally.no_signal),
        };
        Area {
            code: shape.code.clone(),
            name: format!("xã {}", shape.name),
            href: format!("/communes/{}", shape.code),
            amount,
            note: format!("{}/{}", tally.covered, tally.total),
        }
    });
    Map {
        title: lang.pick("Số thôn, xóm trắng sóng theo xã", "Villages without signal by commune").into(),
        outline: Arc::new(Outline::new(shapes, 1000)),
        areas: areas.collect(),
        unit: Unit::Villages,
        decimals: 0,
        direction: Direction::Lower,
        dots: Vec::new(),
        only: None,
    }
}

/// Villages and a station on a commune's outline.
pub(crate) fn commune_map(lang: Lang, shapes: &[Shape]) -> Option<Map> {
    let shape = shapes.first()?;
    let points: Vec<(f64, f64)> = shape.rings.iter().flatten().copied().collect();
    let count = f64::from(u32::try_from(points.len()).unwrap_or(1));
    let (lon, lat) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
    let dots = (0_u32..14).map(|at| Dot {
        at: GeoPoint {
            lat: lat + f64::from(at % 4) * 0.012 - 0.02,
            lon: lon + f64::from(at * 3 % 7) * 0.012 - 0.035,
        },
        name: format!("xóm Nà Lẹng {at}"),
        href: Some(format!("/villages/{}-{at:03}", shape.code)),
        mark: if at == 13 {
            Mark::Station
        } else {
            Mark::Village {
                state: match at % 6 {
                    0 => SignalState::NoSignal,
                    1 => SignalState::Pocket,
                    2 => SignalState::Unknown,
                    _ => SignalState::Covered,
                },
                qualification: Qualification::default(),
                grid_power: Some(at % 12 != 0),
            }
        },
    });
    Some(Map {
        title: lang.pick("Thôn, xóm theo tình trạng sóng", "Villages by state").into(),
        outline: Arc::new(Outline::around(shapes, &shape.code, 640)?),
        areas: Vec::new(),
        unit: Unit::Villages,
        decimals: 0,
        direction: Direction::Lower,
        dots: dots.collect(),
        only: Some(shape.code.clone()),
    })
}

/// Two years of a count with a gap, a revision, a qualifier, a stale end and a target.
pub(crate) fn chart(lang: Lang) -> Chart {
    let months = |at: u32| month(2024 + i32::try_from(at / 12).unwrap_or(0), at % 12 + 1);
    let claimed = (0_u32..24).map(|at| Point {
        period: months(at),
        amount: match at {
            9 => Amount::Missing,
            _ => Amount::count(186 - at * 2 - at % 3),
        },
        qualifier: if at == 4 { Qualifier::About } else { Qualifier::Exact },
        revised: at == 15,
        source: Some(Link::new(format!("coverage-{}.xlsx", months(at)), format!("/runs/{}", 100 + at))),
    });
    let measured = [(11_u32, 171.0), (17, 160.0), (23, 149.0)].into_iter().map(|(at, number)| Point {
        period: months(at),
        amount: Amount::Known(Value::Number(number)),
        qualifier: Qualifier::Exact,
        revised: false,
        source: Some(Link::new("drive-test.csv", "/runs/300")),
    });
    Chart {
        title: lang.pick("Thôn, xóm trắng sóng", "Villages without signal").into(),
        unit: Unit::Villages,
        decimals: 0,
        series: vec![
            Series {
                name: "Sở KH&CN".into(), evidence: Some(Evidence::Claimed), points: claimed.collect()
            },
            Series {
                name: lang.pick("Đo kiểm", "Drive test").into(),
                evidence: Some(Evidence::Measured),
                points: measured.collect(),
            },
        ],
        targets: vec![TargetLine {
            document: "Kế hoạch 1234/KH-UBND".into(),
            comparator: Comparator::AtMost,
            value: 0.0,
            due: day(2026, 12, 31),
            condition: Some(Condition::GridPower(true)),
            path: vec![(day(2024, 1, 1), 186.0)],
        }],
        today: day(2025, 12, 31),
        borders: Some(Borders::Then),
    }
}

/// Targets in every status.
pub(crate) fn targets(lang: Lang) -> Vec<TargetRow> {
    let one = |name: &str, amount, target, comparator, status, expected| TargetRow {
        indicator: Link::new(name, "/indicators/hh.fibre_subscribed?place=04"),
        value: figure(amount, Unit::Percent, 1),
        target,
        comparator,
        condition: None,
        due: day(2025, 12, 31),
        document: "749/QĐ-TTg".into(),
        inherited_from: None,
        status,
        path_today: Some(79.2),
        pace: Some(Pace { required_per_month: Some(2.1), observed_per_month: Some(0.8), expected }),
    };
    let ratio = |numerator, denominator| Amount::Known(Value::Ratio { numerator, denominator });
    let interval = Some((day(2027, 6, 1), Some(day(2029, 1, 1))));
    vec![
        one(
            lang.pick("Thôn, xóm có sóng di động", "Villages with signal"),
            ratio(1312.0, 1450.0),
            100.0,
            Comparator::AtLeast,
            TargetStatus::Behind,
            Expected::Around { day: day(2028, 3, 1), interval },
        ),
        one(
            lang.pick("Hộ có cáp quang", "Households with fibre"),
            ratio(75_312.0, 125_520.0),
            80.0,
            Comparator::AtLeast,
            TargetStatus::Missed,
            Expected::Never,
        ),
        one(
            lang.pick("Hồ sơ đúng hạn", "Dossiers on time"),
            ratio(98_120.0, 99_800.0),
            98.0,
            Comparator::MoreThan,
            TargetStatus::Met,
            Expected::Reached,
        ),
        one(
            lang.pick("Người trưởng thành có điện thoại thông minh", "Adults with smartphone"),
            Amount::Missing,
            80.0,
            Comparator::AtLeast,
            TargetStatus::Unknown,
            Expected::TooLittleHistory,
        ),
        one(
            lang.pick("Thanh toán trực tuyến", "Online payment"),
            Amount::Stale(Value::Number(61.5)),
            60.0,
            Comparator::AtLeast,
            TargetStatus::OnTrack,
            Expected::TooLittleHistory,
        ),
    ]
}

/// Flags of several rules and states.
pub(crate) fn flags(lang: Lang) -> Vec<FlagRow> {
    let one = |rule: &str, name: &str, place: PlaceRef, parent, state, words: &str, taken: bool| FlagRow {
        key: FlagKey {
            rule: rule.into(),
            place: PlaceId::new(&place.code, day(2025, 7, 1)),
            subject: Subject::Place,
        },
        rule_name: name.into(),
        place,
        parent,
        state,
        since: at(day(2025, 11, 15), 16),
        explanation: words.into(),
        clear_since: (state == FlagState::Firing).then(|| at(day(2025, 12, 20), 16)),
        acknowledgement: taken.then(|| Acknowledgement {
            owner: "Viettel Cao Bằng".into(),
            reason: "Đang chờ mặt bằng".into(),
            due: Some(day(2026, 3, 31)),
            by: "an.nguyen".into(),
            at: at(day(2025, 12, 2), 9),
        }),
    };
    vec![
        one("village-no-signal", lang.pick("Thôn trắng sóng", "Village without signal"), village("01273-004", "Nà Lẹng"), Some(commune("01273", "Thục Phán")), FlagState::Firing, lang.pick("Xóm Nà Lẹng không có sóng ở trung tâm từ tháng 11/2025: 0/3 nhà mạng có sóng 4G (báo cáo tháng 12/2025).", "Xóm Nà Lẹng has had no signal at its centre since 11/2025: 0 of 3 operators with 4G (report of 12/2025)."), true),
        one("commune-behind-target", lang.pick("Xã chậm so với mục tiêu", "Commune behind target"), commune("01276", "Bảo Lâm"), None, FlagState::Pending, lang.pick("Hộ có cáp quang 41,2% (1.204/2.922), lộ trình hôm nay 79,2%.", "Households with fibre 41.2% (1,204/2,922), the path asks for 79.2% today."), false),
        one("source-overdue", lang.pick("Nguồn quá hạn", "Source overdue"), province(), None, FlagState::NoData, lang.pick("Nguồn “coverage” chậm 2 kỳ báo cáo.", "Source “coverage” is 2 reporting periods late."), false),
    ]
}

/// Stations, near and far.
pub(crate) fn stations() -> Stations {
    let rows = vec![
        Station {
            name: Link::new("22.66540, 106.25790", "/runs/17?row=412"),
            operator: Some("Viettel".into()),
            technologies: "2G, 4G".into(),
            distance_m: 850.0,
        },
        Station {
            name: Link::new("22.70112, 106.21003", "/runs/17?row=77"),
            operator: None,
            technologies: "4G".into(),
            distance_m: 5_240.0,
        },
    ];
    let source = (Link::new("OpenCelliD", "/sources"), day(2025, 12, 25));
    Stations { rows, sources: vec![source], unmarked: 0 }
}

/// A run with rejects.
pub(crate) fn run(id: u64, outcome: Outcome) -> Run {
    Run {
        id: RunId(id),
        collector: "coverage".into(),
        planned: Some(at(day(2025, 12, 28), 16)),
        started: at(day(2025, 12, 28), 16),
        finished: at(day(2025, 12, 28), 16),
        outcome,
        read: 1450,
        accepted: 1446,
        rejected: 4,
        content_hash: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()),
        file: Some("coverage-2025-12.xlsx".into()),
        message: None,
        by: None,
    }
}

/// The polygons of a boundary file; none where it is no such file.
pub(crate) fn shapes(text: &str) -> Vec<Shape> {
    let file: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let text = |value: Option<&serde_json::Value>| {
        value.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let features = file.get("features").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let shape = |feature: &serde_json::Value| {
        let mut rings = Vec::new();
        if let Some(coordinates) = feature.pointer("/geometry/coordinates") {
            collect_rings(coordinates, &mut rings);
        }
        let (code, name) = (feature.pointer("/properties/code"), feature.pointer("/properties/name"));
        Shape { code: text(code), name: text(name), rings }
    };
    features.iter().map(shape).collect()
}

fn collect_rings(value: &serde_json::Value, rings: &mut Vec<Vec<(f64, f64)>>) {
    let Some(items) = value.as_array() else { return };
    let point = |value: &serde_json::Value| Some((value.get(0)?.as_f64()?, value.get(1)?.as_f64()?));
    let ring: Vec<(f64, f64)> = items.iter().filter_map(point).collect();
    if ring.is_empty() {
        items.iter().for_each(|item| collect_rings(item, rings));
    } else {
        rings.push(ring);
    }
}
