//! Made-up long tables, ledgers and packs.

use super::answers::overview;
use super::parts::{at, commune, day, figure, map, province, stations, village};
use gapwatch_dashboards::figure::{Absence, Amount};
use gapwatch_dashboards::map::Shape;
use gapwatch_dashboards::pages;
use gapwatch_dashboards::part::{Borders, Link, Tally};
use gapwatch_dashboards::table::{Cell, Column, Filter, Format, Kind, Row, State, Table};
use gapwatch_dashboards::{Lang, Shell};
use gapwatch_model::{
    Direction, GeoPoint, Ledger, LedgerKind, Percent, Qualification, SignalState, Unit, Value,
};

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
        area: None,
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
                .map(|format| (format, shell.here(&[("format", Some(format.as_str()))])))
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
        pages::compare::Side { on, tally, map: Some(map(lang, shapes)) }
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
        borders: Borders::Now,
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
        borders: day(2025, 12, 31),
        made_at: at(day(2025, 12, 31), 17),
        author: "an.nguyen".into(),
        synthetic: true,
        tally: view.tally,
        strict_before: Percent::of_counts(1100, 1450),
        before: view.before,
        plan: view.plan,
        lagging: view.lagging,
        map: view.map,
        stations: stations(),
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
        borders: day(2025, 11, 30),
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
