//! Made-up pages of places and indicators.

use super::parts::{
    at, chart, commune, commune_map, day, figure, flags, map, month, province, stations, tally, targets,
    village,
};
use gapwatch_dashboards::Lang;
use gapwatch_dashboards::figure::{Amount, Figure};
use gapwatch_dashboards::map::Shape;
use gapwatch_dashboards::pages;
use gapwatch_dashboards::pages::{commune, indicator, overview, search, village};
use gapwatch_dashboards::part::{
    Actor, Before, ChildRow, Expected, LineageRow, Link, Pace, StateSpan, Tally,
};
use gapwatch_model::{
    AreaClass, Evidence, GeoPoint, Ledger, Percent, PeriodKind, Qualification, Qualifier, SignalState,
    TargetStatus, Unit, Value,
};

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
                tally,
                lagging: match at % 3 {
                    0 => Some(vec![Link::new(lang.pick("cáp quang", "fibre"), "/flags/x")]),
                    1 => Some(Vec::new()),
                    _ => None,
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
        children_known: 56,
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
        band: None,
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

/// Pages of a program that has just been started and knows nothing.
pub(crate) fn empty_overview(lang: Lang) -> overview::View {
    overview::View {
        tally: Tally::default(),
        before: None,
        plan: None,
        lagging: overview::Lagging::default(),
        last_collected: None,
        map: None,
        ledger: None,
        targets: Vec::new(),
        worst: Vec::new(),
        children_total: 0,
        children_known: 0,
        flags: Vec::new(),
        flags_firing: 0,
        indicators: Vec::new(),
        trend: None,
        ..overview(lang, &[])
    }
}

/// The same measure at three times, in one set of classes.
pub(crate) fn maps_view(lang: Lang, shapes: &[Shape]) -> pages::maps::View {
    let at = |more: u32| {
        let mut map = map(lang, shapes);
        for area in &mut map.areas {
            if let Ok(number) = area.amount.speaks() {
                area.amount = Amount::Known(Value::Number(number + f64::from(more)));
            }
        }
        map
    };
    pages::maps::View {
        indicator: Link::new(
            lang.pick("Thôn, xóm trắng sóng", "Villages without signal"),
            "/indicators/village.signal?place=04",
        ),
        place: province(),
        answer: lang.pick("Từ 186 xuống 138 trong 24 tháng.", "From 186 down to 138 in 24 months.").into(),
        maps: vec![("31/12/2023".into(), at(3)), ("31/12/2024".into(), at(1)), ("31/12/2025".into(), at(0))],
    }
}
