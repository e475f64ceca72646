//! Made-up views of every page, in both languages: for the gallery to look at and for the snapshots.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use gapwatch_dashboards::{
    Lang, Markup, Shell,
    chart::{Chart, Point, Series, TargetLine},
    figure::{Absence, Amount, Figure},
    map::{Area, Dot, Map, Mark, Outline, Shape},
    pages::{self, commune, indicator, overview, search, sources, village},
    part::{
        Actor, Before, ChildRow, Expected, FlagRow, LineageRow, Link, Pace, PlaceRef, Rates, RuleRef,
        StateSpan, Station, Tally, TargetRow,
    },
    shell::{Address, Clock, Theme, Visitor},
    table::{Cell, Column, Filter, Format, Kind, Row, State, Table},
};
use gapwatch_model::{
    Acknowledgement, AreaClass, Comparator, Direction, Evidence, FlagKey, FlagState, GeoPoint, Ledger,
    LedgerKind, Outcome, Percent, Period, PeriodKind, PlaceId, PlaceLevel, Qualification, Qualifier, Reject,
    RejectCode, Run, RunId, SignalState, Subject, TargetStatus, Unit, Value,
};

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

/// Both rates of a tally.
pub(crate) fn rates(tally: &Tally) -> Rates {
    Rates {
        headline: Percent::of_counts(tally.covered + tally.pocket, tally.total),
        strict: Percent::of_counts(tally.covered, tally.total),
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
            path: vec![(day(2024, 1, 1), 186.0)],
        }],
        today: day(2025, 12, 31),
    }
}

/// Targets in every status.
pub(crate) fn targets(lang: Lang) -> Vec<TargetRow> {
    let one = |name: &str, amount, target, comparator, status, expected| TargetRow {
        indicator: Link::new(name, "/indicators/hh.fibre_subscribed?place=04"),
        value: figure(amount, Unit::Percent, 1),
        target,
        comparator,
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

/// The overview of the province.
pub(crate) fn overview(lang: Lang, shapes: &[Shape]) -> overview::View {
    let total = Tally {
        total: 1450,
        no_signal: 138,
        pocket: 187,
        covered: 1119,
        unknown: 6,
        stale: 4,
        insufficient: 2,
        disputed: 11,
        no_grid_power: Some(29),
        no_signal_no_power: Some(12),
    };
    let trend: Vec<Option<f64>> =
        (0_u32..12).map(|at| (at != 4).then(|| f64::from(20 - at + at % 3))).collect();
    let mut children: Vec<ChildRow> = (0_u32..)
        .zip(shapes)
        .map(|(at, shape)| {
            let tally = tally(at);
            ChildRow {
                place: commune(&shape.code, &shape.name),
                rates: rates(&tally),
                tally,
                lagging: if at % 2 == 0 {
                    vec![Link::new(lang.pick("cáp quang", "fibre"), "/flags/x")]
                } else {
                    Vec::new()
                },
                trend: trend.clone(),
            }
        })
        .collect();
    children.sort_by_key(|row| std::cmp::Reverse(row.tally.no_signal));
    children.truncate(8);
    let ratio = |numerator, denominator| Amount::Known(Value::Ratio { numerator, denominator });
    let row = |name: &str, value: Figure, status| overview::IndicatorRow {
        indicator: Link::new(name, "/indicators/bts.locations?place=04"),
        value,
        status,
        trend: trend.clone(),
    };
    let more_than = |figure: Figure| Figure { qualifier: Qualifier::MoreThan, ..figure };
    overview::View {
        place: province(),
        tally: total,
        rates: rates(&total),
        before: Some(Before { on: day(2025, 6, 30), no_signal: 150 }),
        plan: Some(overview::Plan {
            due: day(2026, 12, 31),
            percent: 100.0,
            status: TargetStatus::Behind,
            pace: Some(Pace {
                required_per_month: Some(0.8),
                observed_per_month: Some(0.2),
                expected: Expected::Around { day: day(2028, 3, 12), interval: None },
            }),
        }),
        lagging: overview::Lagging { total: 56, lagging: 23, unknown: 2 },
        last_collected: Some(at(day(2025, 12, 31), 16)),
        map: Some(map(lang, shapes)),
        ledger: Some(Ledger {
            opening: 150,
            closed: 19,
            newly_found: 4,
            regressed: 3,
            boundary: 0,
            reclassified: 0,
            closing: 138,
            ..Ledger::default()
        }),
        targets: targets(lang),
        worst: children,
        children_total: 56,
        flags: flags(lang),
        flags_firing: 161,
        indicators: vec![
            row(
                lang.pick("Vị trí trạm phát sóng", "Base-station locations"),
                more_than(figure(Amount::Known(Value::Number(1200.0)), Unit::Locations, 0)),
                None,
            ),
            row(
                lang.pick("Hồ sơ xử lý trực tuyến", "Dossiers processed online"),
                figure(ratio(84_830.0, 99_800.0), Unit::Percent, 1),
                Some(TargetStatus::Met),
            ),
            row(
                lang.pick("Tải xuống trung vị di động", "Mobile download"),
                figure(Amount::Insufficient { samples: 112, minimum: 300 }, Unit::MegabitsPerSecond, 1),
                None,
            ),
            row(
                lang.pick("Hồ sơ không phát sinh", "No dossiers"),
                figure(ratio(0.0, 0.0), Unit::Percent, 1),
                None,
            ),
        ],
        trend: Some(chart(lang)),
    }
}

/// A commune with villages in every state.
pub(crate) fn commune_view(lang: Lang, shapes: &[Shape]) -> commune::View {
    let tally = Tally {
        total: 26,
        no_signal: 5,
        pocket: 4,
        covered: 15,
        unknown: 2,
        stale: 1,
        insufficient: 1,
        disputed: 1,
        no_grid_power: Some(2),
        no_signal_no_power: Some(2),
    };
    let stories = [
        (
            SignalState::NoSignal,
            Some(64),
            Some(false),
            Some(AreaClass::ExtremelyDifficult),
            Some(Actor::Electricity),
        ),
        (SignalState::NoSignal, Some(41), Some(true), Some(AreaClass::ExtremelyDifficult), Some(Actor::Fund)),
        (SignalState::Pocket, Some(112), Some(true), Some(AreaClass::Other), Some(Actor::Operator)),
        (SignalState::Unknown, None, None, None, None),
        (SignalState::Covered, Some(87), Some(true), Some(AreaClass::Other), None),
    ];
    let villages = (0_u32..).zip(stories).map(|(at, (state, households, grid_power, area_class, actor))| {
        commune::VillageRow {
            place: village(
                &format!("01273-{at:03}"),
                ["Nà Lẹng", "Lũng Mần", "Khuổi Hân", "Đông Chang", "Bản Chang"]
                    .get(at as usize)
                    .copied()
                    .unwrap_or("Nà"),
            ),
            state,
            qualification: Qualification {
                stale: state == SignalState::Unknown,
                disputed: state == SignalState::Pocket,
                ..Qualification::default()
            },
            since: (state != SignalState::Unknown).then(|| day(2025, 3 + at, 15)),
            households,
            grid_power,
            area_class,
            actor,
            nearest_station_m: (at != 3).then_some(850.0 + f64::from(at) * 1750.0),
        }
    });
    commune::View {
        place: commune("01273", "Thục Phán"),
        rates: rates(&tally),
        tally,
        before: Some(Before { on: day(2025, 6, 30), no_signal: 4 }),
        last_collected: Some(at(day(2025, 12, 31), 16)),
        parent_strict: Percent::of_counts(1119, 1450),
        map: commune_map(lang, shapes),
        villages: villages.collect(),
        ledger: Some(Ledger { opening: 4, newly_found: 1, closing: 5, ..Ledger::default() }),
        targets: targets(lang),
        indicators: overview(lang, shapes).indicators,
        trend: Some(chart(lang)),
        flags: flags(lang),
        stations: stations(),
        lineage: vec![
            LineageRow {
                name: "phường Hợp Giang".into(),
                code: "01273".into(),
                whole: true,
                effective: day(2025, 7, 1),
                act: "1657/NQ-UBTVQH15".into(),
            },
            LineageRow {
                name: "xã Hưng Đạo".into(),
                code: "01297".into(),
                whole: false,
                effective: day(2025, 7, 1),
                act: "1657/NQ-UBTVQH15".into(),
            },
        ],
    }
}

/// Stations, near and far.
pub(crate) fn stations() -> Vec<Station> {
    vec![
        Station {
            name: "CBG0412".into(),
            operator: Some("Viettel".into()),
            technologies: "2G, 4G".into(),
            distance_m: 850.0,
        },
        Station { name: "CBG0077".into(), operator: None, technologies: "4G".into(), distance_m: 5_240.0 },
    ]
}

/// A village without signal, with a dispute and stale evidence.
pub(crate) fn village_view(lang: Lang, shapes: &[Shape]) -> village::View {
    let evidence = |operator: &str, number, kind, speaks, disputed| village::EvidenceRow {
        point: lang.pick("trung tâm", "centre").into(),
        operator: Some(operator.into()),
        technology: Some("4G".into()),
        signal: number,
        evidence: kind,
        method: Some("drive-test".into()),
        period: month(2025, 12),
        samples: Some(14),
        source: Link::new("coverage-2025-12.xlsx, dòng 214", "/runs/212?row=214"),
        recorded_at: at(day(2025, 12, 28), 16),
        speaks,
        disputed,
    };
    village::View {
        place: village("01273-004", "Nà Lẹng"),
        parent: commune("01273", "Thục Phán"),
        state: SignalState::NoSignal,
        qualification: Qualification { disputed: true, ..Qualification::default() },
        since: Some(day(2025, 11, 15)),
        duty: Some(village::Duty {
            actor: Actor::Electricity,
            due: Some(day(2025, 11, 30)),
            running_days: Some(46),
            blocked_days: Some(31),
        }),
        grid_power: Some(false),
        area_class: Some(AreaClass::ExtremelyDifficult),
        attributes: vec![
            village::Attribute {
                name: lang.pick("Số hộ", "Households").into(),
                value: Some("64 hộ".into()),
                source: Some(Link::new("villages.csv, dòng 4", "/runs/3?row=4")),
            },
            village::Attribute {
                name: lang.pick("Dân số", "Population").into(), value: None, source: None
            },
        ],
        at: Some(GeoPoint { lat: 22.66573, lon: 106.25748 }),
        map: commune_map(lang, shapes),
        evidence: vec![
            evidence("Viettel", Amount::Known(Value::Number(0.0)), Evidence::Measured, true, true),
            evidence("Viettel", Amount::Known(Value::Number(1.0)), Evidence::Claimed, false, true),
            evidence("VNPT", Amount::Stale(Value::Number(0.0)), Evidence::Claimed, false, false),
            evidence(
                "MobiFone",
                Amount::Insufficient { samples: 3, minimum: 10 },
                Evidence::Modelled,
                false,
                false,
            ),
        ],
        history: vec![
            StateSpan {
                state: SignalState::NoSignal,
                qualification: Qualification { disputed: true, ..Qualification::default() },
                from: day(2025, 11, 15),
                to: None,
            },
            StateSpan {
                state: SignalState::Covered,
                qualification: Qualification::default(),
                from: day(2024, 8, 1),
                to: Some(day(2025, 11, 15)),
            },
            StateSpan {
                state: SignalState::Unknown,
                qualification: Qualification::default(),
                from: day(2024, 1, 1),
                to: Some(day(2024, 8, 1)),
            },
        ],
        stations: stations(),
        flags: flags(lang).into_iter().take(1).collect(),
    }
}

/// An indicator with a finding and a ranking with a tie.
pub(crate) fn indicator_view(lang: Lang, shapes: &[Shape]) -> indicator::View {
    let ratio = |numerator, denominator| Amount::Known(Value::Ratio { numerator, denominator });
    let rows = (0_u32..).zip(shapes).map(|(at, shape)| indicator::RankRow {
        rank: (at != 6).then_some(if at == 1 { 1 } else { at + 1 }),
        place: commune(&shape.code, &shape.name),
        value: figure(
            if at == 6 { Amount::Missing } else { ratio(f64::from(2900 - at.max(1) * 41), 2922.0) },
            Unit::Percent,
            1,
        ),
        status: Some(if at < 5 { TargetStatus::Met } else { TargetStatus::Behind }),
        trend: vec![Some(40.0), Some(44.5), None, Some(60.0 - f64::from(at))],
    });
    indicator::View {
        name: lang.pick("Hộ gia đình có cáp quang", "Households with fibre").into(),
        definition: indicator::Definition {
            id: "hh.fibre_subscribed".into(),
            formula: None,
            aggregation: lang
                .pick("cộng tử số và mẫu số rồi chia", "numerators and denominators are summed, then divided")
                .into(),
            period: PeriodKind::Month,
            staleness: 3,
            minimum_samples: None,
            document: Some("749/QĐ-TTg".into()),
        },
        place: province(),
        value: figure(ratio(75_312.0, 125_520.0), Unit::Percent, 1),
        previous: Some(Figure {
            period: Some(month(2025, 11)),
            ..figure(ratio(74_100.0, 125_520.0), Unit::Percent, 1)
        }),
        target: targets(lang).into_iter().nth(1),
        chart: Some(chart(lang)),
        map: Some(map(lang, shapes)),
        ranking: rows.collect(),
        findings: vec![
            lang.pick(
                "Tổng các xã là 75.312 hộ, tỉnh báo cáo 75.400 hộ: lệch 88.",
                "The communes sum to 75,312 households, the province reports 75,400: 88 apart.",
            )
            .into(),
        ],
        related: vec![Link::new(
            lang.pick("Hộ có thể lắp cáp quang", "Households able to get fibre"),
            "/indicators/hh.fibre_passed?place=04",
        )],
    }
}

/// The list of flags.
pub(crate) fn flags_view(lang: Lang) -> pages::flags::View {
    pages::flags::View {
        place: province(),
        counts: vec![
            (FlagState::Firing, 161),
            (FlagState::Pending, 12),
            (FlagState::NoData, 7),
            (FlagState::Resolved, 48),
        ],
        rules: vec![
            RuleRef {
                id: "village-no-signal".into(),
                name: lang.pick("Thôn trắng sóng", "Village without signal").into(),
            },
            RuleRef {
                id: "commune-behind-target".into(),
                name: lang.pick("Xã chậm so với mục tiêu", "Commune behind target").into(),
            },
        ],
        rule: None,
        state: Some(FlagState::Firing),
        rows: flags(lang),
        table: State {
            filters: vec![Filter {
                key: "q".into(),
                label: lang.pick("Tên xã, thôn", "Place").into(),
                choices: Vec::new(),
                value: String::new(),
            }],
            matching: 161,
            total: 228,
            first: 1,
            after: Some("x".into()),
            ..State::default()
        },
        downloads: vec![
            (Format::Csv, "/flags?format=csv".into()),
            (Format::Xlsx, "/flags?format=xlsx".into()),
        ],
    }
}

/// A flag explained, signed in.
pub(crate) fn flag_view(lang: Lang) -> Option<pages::flag::View> {
    let input = |name: &str, amount, not_counted: Option<&str>| pages::flag::Input {
        indicator: Link::new(name, "/indicators/village.signal"),
        place: None,
        dimensions: "Viettel · 4G".into(),
        period: month(2025, 12),
        value: figure(amount, Unit::YesNo, 0),
        evidence: Evidence::Measured,
        file: Some("coverage-2025-12.xlsx".into()),
        row: 214,
        run: Link::new(lang.pick("lần chạy 212", "run 212"), "/runs/212?row=214"),
        recorded_at: at(day(2025, 12, 28), 16),
        not_counted: not_counted.map(str::to_owned),
    };
    Some(pages::flag::View {
        flag: flags(lang).into_iter().next()?,
        rule_text: lang
            .pick(
                "Thôn được coi là trắng sóng khi không nhà mạng nào có sóng 4G ở trung tâm.",
                "A village has no signal when no operator has 4G at its centre.",
            )
            .into(),
        rules_version: "2025-07-01".into(),
        inputs: vec![
            input(lang.pick("Sóng di động", "Mobile signal"), Amount::Known(Value::Number(0.0)), None),
            input(
                lang.pick("Sóng di động", "Mobile signal"),
                Amount::Known(Value::Number(1.0)),
                Some(lang.pick("báo cáo, đã có đo thực tế mới hơn", "a claim, a newer measurement speaks")),
            ),
        ],
        arithmetic: vec![
            "Viettel 4G: 0".into(),
            "VNPT 4G: 0".into(),
            "max(0, 0) = 0 < 1 → trắng sóng".into(),
        ],
        target: targets(lang).into_iter().next(),
        clears: lang
            .pick(
                "Một nhà mạng có sóng 4G ở trung tâm trong một kỳ báo cáo.",
                "One operator with 4G at the centre for one reporting period.",
            )
            .into(),
        history: vec![pages::flag::Change {
            state: FlagState::Firing,
            at: at(day(2025, 11, 15), 16),
            explanation: "0/3".into(),
            acknowledged_by: Some("Viettel Cao Bằng".into()),
        }],
    })
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

/// The sources in every health.
pub(crate) fn sources_view(lang: Lang) -> sources::View {
    let healths = [
        sources::Health::Good,
        sources::Health::Overdue,
        sources::Health::Failing,
        sources::Health::Quarantined,
        sources::Health::NeverRan,
        sources::Health::Paused,
    ];
    let titles =
        ["Phủ sóng (doanh nghiệp)", "Cáp quang", "Điểm 766", "i-Speed", "OpenCelliD", "Tổ công nghệ số"];
    let collectors =
        (0_u32..).zip(healths.into_iter().zip(titles)).map(|(at_, (health, title))| sources::CollectorRow {
            name: "coverage".into(),
            title: title.into(),
            location: "XLSX · coverage/*.xlsx".into(),
            schedule: lang.pick("hằng ngày lúc 16:00", "every day at 16:00").into(),
            health,
            last: (health != sources::Health::NeverRan).then(|| {
                run(200 + u64::from(at_), if at_ == 2 { Outcome::Failed } else { Outcome::Partial })
            }),
            next: (health != sources::Health::Paused).then(|| at(day(2026, 1, 1), 16)),
            overdue_periods: if at_ == 1 { 2 } else { 0 },
            open_rejects: at_ * 3,
            recent: vec![
                Outcome::Succeeded,
                Outcome::Unchanged,
                Outcome::Partial,
                Outcome::Failed,
                Outcome::Quarantined,
                Outcome::Skipped,
                Outcome::Empty,
            ],
            age_days: Some(i64::from(at_) * 20),
        });
    sources::View {
        collectors: collectors.collect(),
        chosen: None,
        runs: vec![run(212, Outcome::Partial), run(211, Outcome::Unchanged), run(210, Outcome::Failed)],
        older: Some("/sources?before=210".into()),
        spool: Some(sources::Spool {
            depth: 12,
            bytes: 3_400_000,
            capacity_bytes: 104_857_600,
            oldest_age_s: Some(610),
            last_error: Some("connection refused".into()),
        }),
        reviews_open: 3,
        quarantined: 1,
    }
}

/// A run page with a row pointed at.
pub(crate) fn run_view(lang: Lang) -> pages::run::View {
    let reject = |line, column, heading: &str, value: &str, code, asked, sentence: &str| Reject {
        file: "coverage-2025-12.xlsx".into(),
        line,
        column,
        heading: heading.into(),
        value: value.into(),
        code,
        asked,
        sentence: sentence.into(),
        suggestions: if asked {
            vec!["01297 Hưng Đạo, Nguyên Bình".into(), "01351 Hưng Đạo".into()]
        } else {
            Vec::new()
        },
        decision_key: String::new(),
    };
    pages::run::View {
        run: run(212, Outcome::Partial),
        title: lang.pick("Phủ sóng (doanh nghiệp)", "Coverage (operators)").into(),
        file_href: Some("/runs/212/file".into()),
        report_href: Some("/runs/212/report".into()),
        counts: vec![(RejectCode::BadValue, 2), (RejectCode::AmbiguousPlace, 1)],
        rejects: vec![
            reject(
                18,
                6,
                "Số hộ",
                "12o",
                RejectCode::BadValue,
                false,
                "“12o” không phải là số; cần một số nguyên.",
            ),
            reject(
                44,
                2,
                "Tên xã",
                "Hưng Đạo",
                RejectCode::AmbiguousPlace,
                true,
                "Có hai xã Hưng Đạo trước 01/07/2025.",
            ),
            reject(90, 0, "", "", RejectCode::BadRow, false, "Dòng thiếu ba ô cuối."),
        ],
        table: State::default(),
        row: Some(214),
        row_brought: vec!["Sóng di động, xóm Nà Lẹng, tháng 12/2025: không (Viettel, 4G)".into()],
    }
}

/// Hits of every kind.
pub(crate) fn search_view(lang: Lang) -> search::View {
    let hit = |kind, text: &str, href: &str, note: &str, exact| search::Hit {
        kind,
        link: Link::new(text, href),
        note: note.into(),
        exact,
    };
    search::View {
        query: "hung dao".into(),
        hits: vec![
            hit(search::HitKind::Place, "xã Hưng Đạo", "/communes/01351", "tỉnh Cao Bằng", false),
            hit(
                search::HitKind::OldPlace,
                "xã Hưng Đạo (Nguyên Bình)",
                "/communes/01360",
                lang.pick(
                    "nay thuộc xã Tam Kim (từ 01/07/2025)",
                    "now part of xã Tam Kim (since 01/07/2025)",
                ),
                false,
            ),
            hit(
                search::HitKind::Flag,
                lang.pick("Xã chậm so với mục tiêu", "Commune behind target"),
                "/flags/x",
                "xã Hưng Đạo",
                false,
            ),
        ],
        more: true,
    }
}

/// A long table in the middle of its pages, filtered and sorted.
pub(crate) fn listing_view(lang: Lang, shell: &Shell) -> pages::listing::View {
    let columns = vec![
        Column::new("village", lang.pick("Thôn, xóm", "Village"), Kind::Text).sortable(),
        Column::new("commune", lang.pick("Xã", "Commune"), Kind::Text).sortable(),
        Column::new("state", lang.pick("Tình trạng", "State"), Kind::Text).sortable(),
        Column::new("households", lang.pick("Số hộ", "Households"), Kind::Number).sortable(),
        Column::new("power", lang.pick("Điện lưới", "Grid power"), Kind::Text).sortable(),
        Column::new("strict", lang.pick("Tỷ lệ", "Share"), Kind::Number),
    ];
    let long = "Nà Lẹng ".repeat(38) + "\u{202e}đảo";
    let rows = (0_u32..50).map(|at| Row {
        cells: vec![
            Cell::Link(Link::new(
                if at == 3 {
                    long.clone()
                } else if at == 4 {
                    "<b>Khuổi & Hân</b>".into()
                } else {
                    format!("xóm Nà Lẹng {at}")
                },
                format!("/villages/01273-{at:03}"),
            )),
            Cell::Link(Link::new("xã Thục Phán", "/communes/01273")),
            Cell::Signal(
                SignalState::ALL.get((at % 4) as usize).copied().unwrap_or(SignalState::Unknown),
                Qualification { stale: at % 4 == 0, ..Qualification::default() },
            ),
            if at % 7 == 0 { Cell::Absent(Absence::Missing) } else { Cell::Count(u64::from(at * 13 % 120)) },
            Cell::YesNo((at % 5 != 0).then_some(at % 3 != 0)),
            Cell::Share(Percent::of_counts(at, 50)),
        ],
        code: Some(format!("01273-{at:03}")),
        at: Some(GeoPoint { lat: 22.6, lon: 106.2 }),
    });
    let choices = SignalState::ALL.iter().map(|state| {
        (state.as_str().to_owned(), gapwatch_dashboards::words::signal(lang, *state).to_owned())
    });
    let filters = vec![
        Filter {
            key: "state".into(),
            label: lang.pick("Tình trạng", "State").into(),
            choices: choices.collect(),
            value: "no_signal".into(),
        },
        Filter {
            key: "q".into(),
            label: lang.pick("Tên", "Name").into(),
            choices: Vec::new(),
            value: "na leng".into(),
        },
    ];
    pages::listing::View {
        title: lang.pick("Thôn, xóm của tỉnh Cao Bằng", "Villages of Cao Bằng").into(),
        answer: lang.pick("138 thôn, xóm trắng sóng phù hợp.", "138 villages without signal match.").into(),
        table: Table {
            caption: lang.pick("Thôn, xóm", "Villages").into(),
            rows: rows.collect(),
            totals: Some(vec![
                Cell::Text(lang.pick("Tổng", "Total").into()),
                Cell::Text(String::new()),
                Cell::Text(String::new()),
                Cell::Count(8_412),
                Cell::Text(String::new()),
                Cell::Share(Percent::of_counts(400, 1450)),
            ]),
            columns,
            empty: lang.pick("Không có dòng nào.", "No rows.").into(),
            downloads: Format::ALL
                .into_iter()
                .map(|format| (format, gapwatch_dashboards::table::own_file(shell, format)))
                .collect(),
        },
        state: State {
            sort: Some(("households".into(), true)),
            filters,
            columns: vec![
                ("village".into(), lang.pick("Thôn, xóm", "Village").into(), true),
                ("area".into(), lang.pick("Địa bàn", "Area").into(), false),
            ],
            matching: 1_450,
            total: 90_000,
            first: 51,
            before: Some(String::new()),
            after: Some("n:50".into()),
        },
        related: vec![Link::new(lang.pick("Các xã", "Communes"), "/communes?place=04")],
    }
}

/// A ledger with every kind of line.
pub(crate) fn ledger_view(lang: Lang) -> pages::ledger::View {
    let line = |kind, before, after, sign| pages::ledger::Line {
        kind,
        place: village("01273-004", "Nà Lẹng"),
        parent: Some(commune("01273", "Thục Phán")),
        before,
        after,
        on: day(2025, 11, 15),
        sign,
    };
    pages::ledger::View {
        place: province(),
        from: day(2025, 6, 30),
        to: day(2025, 12, 31),
        ledger: Ledger {
            opening: 150,
            closed: 19,
            newly_found: 4,
            regressed: 3,
            boundary: -1,
            reclassified: 1,
            closing: 138,
            ..Ledger::default()
        },
        lines: vec![
            line(LedgerKind::NewlyFound, None, Some(SignalState::NoSignal), 1),
            line(LedgerKind::Regressed, Some(SignalState::Covered), Some(SignalState::NoSignal), 1),
            line(LedgerKind::Closed, Some(SignalState::NoSignal), Some(SignalState::Covered), -1),
            line(LedgerKind::Boundary, Some(SignalState::NoSignal), None, -1),
            line(LedgerKind::Reclassified, Some(SignalState::Pocket), Some(SignalState::NoSignal), 1),
        ],
        openings: vec![
            (day(2025, 6, 30), lang.pick("tháng 06/2025", "06/2025").into()),
            (day(2024, 12, 31), lang.pick("cuối năm 2024", "end of 2024").into()),
        ],
        downloads: vec![(Format::Csv, "/ledger?place=04&format=csv".into())],
        sources: vec![Link::new("coverage", "/sources?collector=coverage")],
    }
}

/// Two dates with maps.
pub(crate) fn compare_view(lang: Lang, shapes: &[Shape]) -> pages::compare::View {
    let side = |on, no_signal| {
        let tally = Tally {
            total: 1450,
            no_signal,
            pocket: 180,
            unknown: 6,
            covered: 1264 - no_signal,
            ..Tally::default()
        };
        pages::compare::Side { on, rates: rates(&tally), tally, map: Some(map(lang, shapes)) }
    };
    let ratio = |numerator| {
        figure(Amount::Known(Value::Ratio { numerator, denominator: 125_520.0 }), Unit::Percent, 1)
    };
    let pair = |name: &str, then, now, direction| pages::compare::IndicatorPair {
        indicator: Link::new(name, "/indicators/hh.fibre_subscribed?place=04"),
        then,
        now,
        direction,
    };
    pages::compare::View {
        place: province(),
        then: side(day(2025, 6, 30), 150),
        now: side(day(2025, 12, 31), 138),
        borders: pages::compare::Borders::Now,
        indicators: vec![
            pair(
                lang.pick("Hộ có cáp quang", "Households with fibre"),
                ratio(70_000.0),
                ratio(75_312.0),
                Direction::Higher,
            ),
            pair(
                lang.pick("Hồ sơ quá hạn", "Overdue dossiers"),
                ratio(1_000.0),
                ratio(1_400.0),
                Direction::Lower,
            ),
            pair(
                lang.pick("Điện thoại thông minh", "Smartphones"),
                figure(Amount::Missing, Unit::Percent, 1),
                ratio(1.0),
                Direction::Higher,
            ),
        ],
        places: vec![
            pages::compare::PlacePair {
                place: commune("01273", "Thục Phán"), then: Some(9), now: Some(5)
            },
            pages::compare::PlacePair { place: commune("01360", "Tam Kim"), then: None, now: Some(3) },
        ],
        notes: vec![
            lang.pick(
                "Xã Hưng Đạo (Nguyên Bình) được chia: phần không có trọng số để riêng.",
                "Xã Hưng Đạo (Nguyên Bình) was divided: parts without weights are kept apart.",
            )
            .into(),
        ],
    }
}

/// A meeting pack.
pub(crate) fn pack_view(lang: Lang, shapes: &[Shape]) -> pages::pack::View {
    let view = overview(lang, shapes);
    pages::pack::View {
        lang,
        authority: "UBND TỈNH CAO BẰNG".into(),
        body: "SỞ KHOA HỌC VÀ CÔNG NGHỆ".into(),
        number: String::new(),
        signed_at: "Cao Bằng".into(),
        place: view.place,
        cut_off: day(2025, 12, 31),
        made_at: at(day(2025, 12, 31), 17),
        author: "an.nguyen".into(),
        synthetic: true,
        tally: view.tally,
        rates: view.rates,
        strict_before: Percent::of_counts(1100, 1450),
        before: view.before,
        plan: view.plan,
        lagging: view.lagging,
        map: view.map,
        ledger: view.ledger,
        targets: view.targets,
        worst: view.worst,
        flags: view.flags,
        indicators: view.indicators,
        method: vec![
            lang.pick(
                "Thôn trắng sóng là thôn không có sóng 4G ở trung tâm (rules.toml phiên bản 2025-07-01).",
                "A village has no signal when there is no 4G at its centre (rules.toml version 2025-07-01).",
            )
            .into(),
        ],
        sources: vec![Link::new("coverage: 16:00, 28/12/2025", "/sources?collector=coverage")],
    }
}

/// Packs, sealed and revised.
pub(crate) fn pack_row() -> pages::packs::PackRow {
    pages::packs::PackRow {
        id: "04-20251130-1".into(),
        place: province(),
        cut_off: day(2025, 11, 30),
        made_at: at(day(2025, 12, 1), 8),
        author: "an.nguyen".into(),
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
    }
}

/// One pack with a revision.
pub(crate) fn one_pack(lang: Lang) -> pages::packs::OneView {
    pages::packs::OneView {
        pack: pack_row(),
        intact: true,
        revisions: vec![pages::packs::Revision {
            figure: Link::new(
                lang.pick("Thôn, xóm trắng sóng", "Villages without signal"),
                "/ledger?place=04",
            ),
            sealed: lang.pick("140 thôn", "140 villages").into(),
            now: lang.pick("141 thôn", "141 villages").into(),
            recorded_at: at(day(2025, 12, 20), 16),
            run: Some(Link::new(lang.pick("lần chạy 209", "run 209"), "/runs/209")),
        }],
        pdf: true,
    }
}

/// Questions, a batch held, decisions.
pub(crate) fn review_view(lang: Lang) -> pages::review::View {
    pages::review::View {
        questions: vec![pages::review::Question {
            key: "k1".into(),
            written: "Hưng Đạo".into(),
            context: "Nguyên Bình, 05/2025".into(),
            why: lang
                .pick(
                    "Hai xã Hưng Đạo có trước 01/07/2025.",
                    "There were two communes Hưng Đạo before 01/07/2025.",
                )
                .into(),
            collector: "coverage".into(),
            first: Link::new(lang.pick("lần chạy 212, dòng 44", "run 212, row 44"), "/runs/212?row=44"),
            rows: 12,
            candidates: vec![
                pages::review::Candidate {
                    place: commune("01297", "Hưng Đạo"),
                    id: "01297@1900-01-01".into(),
                    note: lang
                        .pick("thành phố Cao Bằng, nay phường Thục Phán", "Cao Bằng city, now Thục Phán")
                        .into(),
                },
                pages::review::Candidate {
                    place: commune("01738", "Hưng Đạo"),
                    id: "01738@1900-01-01".into(),
                    note: lang.pick("Nguyên Bình, nay xã Tam Kim", "Nguyên Bình, now Tam Kim").into(),
                },
            ],
            may_create: true,
        }],
        questions_total: 1,
        batches: vec![pages::review::Batch {
            run: 213,
            collector: "fibre".into(),
            at: at(day(2025, 12, 30), 9),
            breaches: vec![
                lang.pick("Số dòng giảm 62%, cho phép 20%.", "Rows fell by 62%, 20% is allowed.").into(),
            ],
            differences: vec![(lang.pick("Số dòng", "Rows").into(), "56".into(), "21".into())],
        }],
        decisions: vec![pages::review::Decision {
            written: "Nà Lèng".into(),
            answer: "xóm Nà Lẹng (01273-004)".into(),
            by: "an.nguyen".into(),
            at: at(day(2025, 12, 2), 9),
        }],
    }
}

/// Completeness with every step of the shade.
pub(crate) fn completeness_view(lang: Lang) -> pages::completeness::View {
    let of = |expected, actual, on_time| pages::completeness::Reports { expected, actual, on_time };
    let row = |place, reports: Vec<pages::completeness::Reports>| pages::completeness::Row {
        place,
        all: of(24, 17, 15),
        reports,
    };
    pages::completeness::View {
        place: province(),
        from: month(2025, 1),
        to: month(2025, 12),
        indicators: vec![
            Link::new(lang.pick("Cáp quang", "Fibre"), "/indicators/hh.fibre_subscribed"),
            Link::new(lang.pick("Phủ sóng", "Signal"), "/indicators/village.signal"),
            Link::new("i-Speed", "/indicators/ispeed.mobile_download"),
        ],
        rows: vec![
            row(commune("01273", "Thục Phán"), vec![of(12, 0, 0), of(12, 5, 5), of(0, 0, 0)]),
            row(commune("01276", "Bảo Lâm"), vec![of(12, 12, 12), of(12, 9, 7), of(0, 0, 0)]),
        ],
        total: row(province(), vec![of(24, 12, 12), of(24, 14, 12), of(0, 0, 0)]),
        downloads: vec![(Format::Csv, "/completeness?format=csv".into())],
    }
}

/// Claims against measurements.
pub(crate) fn claims_view(lang: Lang) -> pages::claims::View {
    pages::claims::View {
        place: province(),
        operators: vec![
            pages::claims::OperatorRow {
                operator: "Viettel".into(),
                compared: 120,
                disputed: 9,
                claimed: Percent::of_counts(118, 120),
                measured: Percent::of_counts(109, 120),
            },
            pages::claims::OperatorRow {
                operator: "Gtel".into(),
                compared: 0,
                disputed: 0,
                claimed: None,
                measured: None,
            },
        ],
        disputes: vec![pages::claims::DisputeRow {
            place: village("01273-004", "Nà Lẹng"),
            parent: commune("01273", "Thục Phán"),
            operator: "Viettel · 4G".into(),
            claimed: true,
            claimed_in: month(2025, 11),
            claim_source: Link::new("viettel.xlsx", "/runs/200"),
            measured: false,
            measured_in: month(2025, 12),
            measure_source: Link::new(lang.pick("đo kiểm", "drive test"), "/runs/212"),
        }],
        disputes_total: 9,
        downloads: Vec::new(),
    }
}

/// Pages of a program that has just been started and knows nothing.
pub(crate) fn empty_overview(lang: Lang) -> overview::View {
    overview::View {
        tally: Tally::default(),
        rates: Rates { headline: None, strict: None },
        before: None,
        plan: None,
        lagging: overview::Lagging::default(),
        last_collected: None,
        map: None,
        ledger: None,
        targets: Vec::new(),
        worst: Vec::new(),
        children_total: 0,
        flags: Vec::new(),
        flags_firing: 0,
        indicators: Vec::new(),
        trend: None,
        ..overview(lang, &[])
    }
}

/// Every page by name.
pub(crate) fn every_page(lang: Lang, shapes: &[Shape]) -> Vec<(&'static str, Markup)> {
    let shell = |path: &str| shell(lang, path);
    let mut pages = vec![
        ("overview", overview::render(&shell("/"), &overview(lang, shapes))),
        ("commune", commune::render(&shell("/communes/01273"), &commune_view(lang, shapes))),
        ("village", village::render(&shell("/villages/01273-004"), &village_view(lang, shapes))),
        (
            "indicator",
            indicator::render(&shell("/indicators/hh.fibre_subscribed"), &indicator_view(lang, shapes)),
        ),
        ("flags", pages::flags::render(&shell("/flags"), &flags_view(lang))),
        ("sources", sources::render(&editor(lang, "/sources"), &sources_view(lang))),
        ("run", pages::run::render(&shell("/runs/212"), &run_view(lang))),
        ("search", search::render(&shell("/search"), &search_view(lang))),
        (
            "sign-in",
            pages::sign_in::render(
                &shell("/sign-in"),
                &pages::sign_in::View {
                    next: "/".into(),
                    csrf: "c5rf".into(),
                    fault: Some(pages::sign_in::Fault::WrongToken),
                },
            ),
        ),
        (
            "error-404",
            pages::error::render(
                &shell("/nowhere"),
                &pages::error::View {
                    status: 404,
                    detail: Some(
                        lang.pick(
                            "Không có xã nào mang mã 99999 vào ngày 31/12/2025.",
                            "No commune bears the code 99999 on 31/12/2025.",
                        )
                        .into(),
                    ),
                    retry_after_s: None,
                    reference: None,
                },
            ),
        ),
        (
            "error-500",
            pages::error::render(
                &shell("/"),
                &pages::error::View {
                    status: 500,
                    detail: None,
                    retry_after_s: None,
                    reference: Some("7f3a".into()),
                },
            ),
        ),
    ];
    let listing = Shell {
        address: Address {
            path: "/villages".into(),
            query: [
                ("place", "04"),
                ("state", "no_signal"),
                ("q", "na leng"),
                ("sort", "-households"),
                ("lang", lang.tag()),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        },
        as_of_chosen: true,
        ..shell("/villages")
    };
    pages.extend([
        ("empty", overview::render(&shell("/"), &empty_overview(lang))),
        ("listing", pages::listing::render(&listing, &listing_view(lang, &listing))),
        ("ledger", pages::ledger::render(&shell("/ledger"), &ledger_view(lang))),
        ("compare", pages::compare::render(&shell("/compare"), &compare_view(lang, shapes))),
        ("pack", pages::pack::render(&pack_view(lang, shapes))),
        (
            "packs",
            pages::packs::render(
                &editor(lang, "/packs"),
                &pages::packs::View { place: province(), packs: vec![pack_row()] },
            ),
        ),
        ("pack-seal", pages::packs::render_one(&shell("/packs/1"), &one_pack(lang))),
        ("review", pages::review::render(&editor(lang, "/review"), &review_view(lang))),
        ("completeness", pages::completeness::render(&shell("/completeness"), &completeness_view(lang))),
        ("claims", pages::claims::render(&shell("/claims"), &claims_view(lang))),
        ("keys", pages::keys::render(&shell("/keys"))),
    ]);
    if let Some(view) = flag_view(lang) {
        pages.push(("flag", pages::flag::render(&editor(lang, "/flags/x"), &view)));
    }
    pages
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
