//! Made-up pages of flags, sources and quality.

use super::parts::{at, commune, day, figure, flags, month, province, run, targets, village};
use gapwatch_dashboards::Lang;
use gapwatch_dashboards::figure::Amount;
use gapwatch_dashboards::pages;
use gapwatch_dashboards::pages::sources;
use gapwatch_dashboards::part::{Link, RuleRef};
use gapwatch_dashboards::table::{Filter, Format, State};
use gapwatch_model::{Evidence, FlagState, Outcome, Percent, Reject, RejectCode, Unit, Value};

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
        receivers: vec![
            sources::Receiver {
                name: "lanh-dao".into(),
                mail: true,
                quiet: false,
                waiting: 2,
                oldest: Some(at(day(2025, 12, 31), 8)),
                failed_attempts: 3,
                next_attempt: Some(at(day(2025, 12, 31), 10)),
                last_error: Some("the receiver answered 503 Service Unavailable".into()),
            },
            sources::Receiver {
                name: "alertmanager".into(),
                mail: false,
                quiet: true,
                waiting: 0,
                oldest: None,
                failed_attempts: 0,
                next_attempt: None,
                last_error: None,
            },
        ],
        spool: Some(sources::Spool {
            batches: 12,
            points: 34_000,
            capacity_points: 5_000_000,
            oldest_age_s: Some(610),
            failed_attempts: 3,
            next_attempt: Some(at(day(2026, 1, 1), 17)),
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
