//! The life of flags: holding, keeping, knowing nothing, acknowledgement, replay.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Acknowledgement, Flag, FlagState, PeriodKind, Qualifier, TargetStatus};
use gapwatch_rules::{NoDataPolicy, Sentence, SourceStatus, Titles, Verdict, advance, apply, end_of_day};

use crate::world::{World, day};

fn at(text: &str) -> DateTime<FixedOffset> {
    end_of_day(day(text))
}

/// Evaluates on each day and gives the state and since-day of the one flag after each.
fn life(world: &World, rule: &str, days: &[&str]) -> Vec<(FlagState, String)> {
    let key = world.key(rule, "v1");
    let mut flags: Vec<Flag> = Vec::new();
    let mut seen = Vec::new();
    for on in days {
        let judgement = world.judge(on);
        flags = apply(&flags, &advance(&flags, &judgement, &world.rules, at(on)));
        let flag = flags.iter().find(|flag| flag.key == key);
        seen.push(flag.map_or((FlagState::Inactive, String::new()), |flag| {
            (flag.state, flag.since.date_naive().to_string())
        }));
    }
    seen
}

fn with_clocks(hold: u32, keep: u32, no_data: NoDataPolicy) -> World {
    World::new().with_rules(|rules| {
        for rule in rules.rules.values_mut() {
            (rule.for_days, rule.keep_firing_for_days, rule.no_data) = (hold, keep, no_data);
        }
    })
}

fn expect(found: &[(FlagState, String)], wanted: &[(FlagState, &str)]) {
    let found: Vec<_> = found.iter().map(|(state, since)| (*state, since.as_str())).collect();
    assert_eq!(found, wanted);
}

use FlagState::{Firing, Inactive, NoData, Pending, Resolved};

#[test]
fn without_clocks_a_flag_fires_and_resolves_at_once() {
    let mut world = with_clocks(0, 0, NoDataPolicy::KeepLast);
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v1", "202511", 1.0).known("2025-12-05");
    let seen = life(
        &world,
        "village-no-signal",
        &["2025-11-04", "2025-11-05", "2025-11-20", "2025-12-05", "2025-12-20"],
    );
    expect(
        &seen,
        &[
            (Inactive, ""),
            (Firing, "2025-11-05"),
            (Firing, "2025-11-05"),
            (Resolved, "2025-12-05"),
            (Resolved, "2025-12-05"),
        ],
    );
}

#[test]
fn for_is_reached_at_exactly_its_length() {
    let mut world = with_clocks(10, 0, NoDataPolicy::KeepLast);
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    let seen = life(&world, "village-no-signal", &["2025-11-05", "2025-11-14", "2025-11-15"]);
    expect(&seen, &[(Pending, "2025-11-05"), (Pending, "2025-11-05"), (Firing, "2025-11-15")]);
}

#[test]
fn a_flag_never_fires_within_for() {
    let mut world = with_clocks(10, 0, NoDataPolicy::KeepLast);
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v1", "202510", 1.0).known("2025-11-10");
    world.signal("v1", "202510", 0.0).known("2025-11-12");
    let seen = life(
        &world,
        "village-no-signal",
        &["2025-11-05", "2025-11-10", "2025-11-12", "2025-11-16", "2025-11-22"],
    );
    expect(
        &seen,
        &[
            (Pending, "2025-11-05"),
            (Inactive, "2025-11-10"),
            (Pending, "2025-11-12"),
            (Pending, "2025-11-12"),
            (Firing, "2025-11-22"),
        ],
    );
}

#[test]
fn keep_firing_for_starts_at_the_first_clear_evaluation_and_is_reached_at_its_length() {
    let mut world = with_clocks(0, 10, NoDataPolicy::KeepLast);
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v1", "202510", 1.0).known("2025-11-10");
    world.signal("v2", "202510", 0.0).known("2025-11-05");
    // Clear from the 10th, first evaluated on the 12th: resolved on the 22nd.
    let seen = life(&world, "village-no-signal", &["2025-11-05", "2025-11-12", "2025-11-21", "2025-11-22"]);
    expect(
        &seen,
        &[(Firing, "2025-11-05"), (Firing, "2025-11-05"), (Firing, "2025-11-05"), (Resolved, "2025-11-22")],
    );
}

#[test]
fn raised_again_while_kept_starts_the_keeping_anew() {
    let mut world = with_clocks(0, 10, NoDataPolicy::KeepLast);
    for (value, known) in [(0.0, "2025-11-05"), (1.0, "2025-11-10"), (0.0, "2025-11-15"), (1.0, "2025-11-18")]
    {
        world.signal("v1", "202510", value).known(known);
    }
    let days = ["2025-11-05", "2025-11-10", "2025-11-15", "2025-11-18", "2025-11-27", "2025-11-28"];
    let seen = life(&world, "village-no-signal", &days);
    let firing = (Firing, "2025-11-05");
    expect(&seen, &[firing, firing, firing, firing, firing, (Resolved, "2025-11-28")]);
}

#[test]
fn the_four_no_data_policies() {
    // Said in August, stale from January on (three periods of staleness).
    let days = ["2025-12-31", "2026-01-01", "2026-01-20"];
    for (policy, value, wanted) in [
        (NoDataPolicy::NoData, 0.0, [(Firing, "2025-12-31"), (NoData, "2026-01-01"), (NoData, "2026-01-01")]),
        (NoDataPolicy::NoData, 1.0, [(Inactive, ""), (NoData, "2026-01-01"), (NoData, "2026-01-01")]),
        (NoDataPolicy::Alerting, 1.0, [(Inactive, ""), (Firing, "2026-01-01"), (Firing, "2026-01-01")]),
        (NoDataPolicy::Ok, 0.0, [(Firing, "2025-12-31"), (Resolved, "2026-01-01"), (Resolved, "2026-01-01")]),
        (
            NoDataPolicy::KeepLast,
            0.0,
            [(Firing, "2025-12-31"), (Firing, "2025-12-31"), (Firing, "2025-12-31")],
        ),
        (NoDataPolicy::KeepLast, 1.0, [(Inactive, ""), (Inactive, ""), (Inactive, "")]),
    ] {
        let mut world = with_clocks(0, 0, policy);
        world.signal("v1", "202508", value).done();
        expect(&life(&world, "village-no-signal", &days), &wanted);
    }
}

#[test]
fn under_keep_last_the_clocks_run_on() {
    let mut world = with_clocks(20, 0, NoDataPolicy::KeepLast);
    world.signal("v1", "202508", 0.0).done();
    // Pending from 20/12, stale from 01/01: fires on the twentieth day all the same.
    let seen = life(&world, "village-no-signal", &["2025-12-20", "2026-01-01", "2026-01-08", "2026-01-09"]);
    expect(
        &seen,
        &[(Pending, "2025-12-20"), (Pending, "2025-12-20"), (Pending, "2025-12-20"), (Firing, "2026-01-09")],
    );
    let mut world = with_clocks(0, 20, NoDataPolicy::KeepLast);
    world.signal("v1", "202508", 0.0).known("2025-09-01");
    world.signal("v1", "202508", 1.0).known("2025-12-20");
    let seen = life(&world, "village-no-signal", &["2025-12-01", "2025-12-20", "2026-01-08", "2026-01-09"]);
    expect(
        &seen,
        &[(Firing, "2025-12-01"), (Firing, "2025-12-01"), (Firing, "2025-12-01"), (Resolved, "2026-01-09")],
    );
}

#[test]
fn from_no_data_a_flag_returns_to_what_the_evidence_says() {
    for (value, state) in [(0.0, Firing), (1.0, Inactive)] {
        let mut world = with_clocks(0, 0, NoDataPolicy::NoData);
        world.signal("v1", "202508", 0.0).done();
        world.signal("v1", "202512", value).known("2026-01-20");
        let seen = life(&world, "village-no-signal", &["2025-12-31", "2026-01-05", "2026-01-20"]);
        expect(&seen, &[(Firing, "2025-12-31"), (NoData, "2026-01-05"), (state, "2026-01-20")]);
    }
}

#[test]
fn an_acknowledgement_ends_with_the_state() {
    let mut world = with_clocks(0, 0, NoDataPolicy::KeepLast);
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v1", "202511", 1.0).known("2025-12-05");
    let mut flags = advance(&[], &world.judge("2025-11-05"), &world.rules, at("2025-11-05"));
    flags[0].acknowledgement = Some(Acknowledgement {
        owner: "Viettel Cao Bằng".to_owned(),
        reason: "đang xây trạm".to_owned(),
        due: Some(day("2025-12-31")),
        by: "an".to_owned(),
        at: at("2025-11-06"),
    });
    let stays = advance(&flags, &world.judge("2025-11-20"), &world.rules, at("2025-11-20"));
    assert_eq!(stays, [], "nothing changed, so the acknowledgement is untouched");
    let ends = advance(&flags, &world.judge("2025-12-05"), &world.rules, at("2025-12-05"));
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].state, &ends[0].acknowledgement), (Resolved, &None));
}

#[test]
fn evaluating_twice_changes_nothing() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).done();
    world.say("village.grid_power", "v1", "202511", 0.0).done();
    let judgement = world.judge("2025-12-31");
    let first = advance(&[], &judgement, &world.rules, at("2025-12-31"));
    assert_eq!(first.len(), 2);
    assert_eq!(advance(&first, &judgement, &world.rules, at("2025-12-31")), []);
    assert_eq!(advance(&first, &world.judge("2026-01-01"), &world.rules, at("2026-01-01")), []);
}

#[test]
fn a_rule_that_is_gone_lets_go() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).done();
    let first = advance(&[], &world.judge("2025-12-31"), &world.rules, at("2025-12-31"));
    assert_eq!(first.len(), 1);
    world.rules.rules.clear();
    let after = advance(&first, &world.judge("2026-01-01"), &world.rules, at("2026-01-01"));
    assert_eq!(after[0].state, Resolved);
    assert!(after[0].explanation_vi.contains("không còn hiệu lực"), "{}", after[0].explanation_vi);
}

#[test]
fn explanations_say_why_with_figures_in_both_languages() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).done();
    world.say("village.grid_power", "v1", "202511", 1.0).done();
    world.say("village.grid_power", "v2", "202511", 0.0).done();
    let flags = advance(&[], &world.judge("2025-12-31"), &world.rules, at("2025-12-31"));
    let said: Vec<_> =
        flags.iter().map(|flag| (flag.explanation_vi.as_str(), flag.explanation_en.as_str())).collect();
    assert_eq!(
        said,
        [
            (
                "Xóm v2 (xã 001) chưa có điện lưới (nguồn: report, kỳ tháng 11/2025, báo cáo, dòng 7).",
                "Xóm v2 (xã 001) has no grid power (source: report, period 11/2025, claimed, row 7).",
            ),
            (
                "Xóm v1 (xã 001) trắng sóng: trung tâm không có sóng di động, biết từ 01/12/2025 (nguồn: report, kỳ tháng 11/2025, báo cáo, dòng 7); doanh nghiệp viễn thông phải xử lý trước hết ngày 15/09/2025.",
                "Xóm v1 (xã 001): no mobile signal at the centre, known since 01/12/2025 (source: report, period 11/2025, claimed, row 7); the operator must act by 15/09/2025.",
            ),
        ]
    );
    assert!(flags.iter().all(|flag| flag.rules_version == "sample-1"));
}

#[test]
fn a_source_is_overdue_in_whole_periods_of_its_own() {
    let mut world = World::new().with_rules(|rules| {
        for rule in rules.rules.values_mut() {
            rule.no_data = NoDataPolicy::NoData;
        }
    });
    let province = world.ix("04");
    let status = |name: &str, last: Option<&str>, expected: Option<&str>| SourceStatus {
        collector: name.into(),
        place: province,
        period: PeriodKind::Month,
        last_success: last.map(at),
        expected_since: expected.map(at),
    };
    let title =
        ("coverage".into(), Sentence { vi: "Báo cáo phủ sóng".into(), en: "Coverage reports".into() });
    world.facts = world.facts.titled(Titles::from([title]));
    world.sources = vec![
        status("coverage", Some("2025-11-06"), None),
        status("fibre", Some("2025-12-06"), None),
        status("never", None, Some("2025-10-01")),
        status("unheard", None, None),
    ];
    let verdicts = |on: &str| -> Vec<(String, Verdict)> {
        let judgement = world.judge(on);
        let raised = judgement.raised.iter().filter(|raised| raised.key.rule.as_str() == "source-overdue");
        raised.map(|raised| (raised.key.to_string(), raised.verdict)).collect()
    };
    let id = |name: &str| format!("source-overdue~04~19000101~@{name}");
    assert_eq!(verdicts("2025-12-31"), [(id("never"), Verdict::Raised), (id("unheard"), Verdict::Unknown)]);
    assert_eq!(
        verdicts("2026-01-01"),
        [
            (id("coverage"), Verdict::Raised),
            (id("never"), Verdict::Raised),
            (id("unheard"), Verdict::Unknown)
        ]
    );
    let mut flags = advance(&[], &world.judge("2026-01-01"), &world.rules, at("2026-01-01"));
    flags.retain(|flag| flag.key.rule.as_str() == "source-overdue");
    assert_eq!(
        flags[0].explanation_vi,
        "Nguồn “Báo cáo phủ sóng” có số liệu lần cuối ngày 06/11/2025, đã qua 1 kỳ (tháng) không báo cáo."
    );
    assert!(
        flags[0].explanation_en.starts_with("Source “Coverage reports” last"),
        "{}",
        flags[0].explanation_en
    );
    assert!(flags[1].explanation_vi.starts_with("Nguồn “never” chưa báo cáo"), "{}", flags[1].explanation_vi);
    assert_eq!(flags[2].state, NoData);
}

#[test]
fn the_word_before_a_number_is_said_with_it() {
    for (qualifier, said) in [
        (Qualifier::MoreThan, "trên 60,0%"),
        (Qualifier::LessThan, "dưới 60,0%"),
        (Qualifier::Almost, "gần 60,0%"),
        (Qualifier::About, "khoảng 60,0%"),
    ] {
        let mut world = World::new().with_targets(
            "[t]\nindicator = \"hh.fibre_subscribed\"\nvalue = 80\ncomparator = \">=\"\ndue = 2025-06-30\ndocument = \"d\"\nvalid_from = 2020-01-01\n",
        );
        world.say("hh.fibre_subscribed", "001", "202511", 60.0).qualifier(qualifier).done();
        let flags = advance(&[], &world.judge("2025-12-31"), &world.rules, at("2025-12-31"));
        assert!(flags[0].explanation_vi.contains(said), "{}", flags[0].explanation_vi);
    }
}

#[test]
fn lagging_communes_have_at_least_one_firing_flag() {
    let mut world = World::new()
        .with_rules(|rules| {
            for rule in rules.rules.values_mut() {
                rule.for_days = 0;
            }
        })
        .with_targets(
            r#"
[fibre]
indicator = "hh.fibre_subscribed"
value = 80
comparator = ">="
due = 2025-06-30
document = "d"
valid_from = 2020-01-01
[on-time]
indicator = "dossier.on_time"
value = 98
comparator = ">"
due = 2025-06-30
document = "d"
valid_from = 2020-01-01
"#,
        );
    world.say("hh.fibre_subscribed", "001", "202511", 0.0).ratio(60.0, 100.0).done();
    world.say("dossier.on_time", "001", "202511", 0.0).ratio(60.0, 100.0).done();
    world.say("dossier.on_time", "002", "202511", 0.0).ratio(99.0, 100.0).done();
    let judgement = world.judge("2025-12-31");
    let flags = advance(&[], &judgement, &world.rules, at("2025-12-31"));
    let lagging = |code| judgement.lagging(world.ix(code), "commune-behind-target", &flags);
    assert_eq!((lagging("04"), lagging("001"), lagging("002"), lagging("VN")), (1, 1, 0, 1));
    let standing = judgement.standing(world.ix("001"), &"dossier.on_time".into()).unwrap();
    assert_eq!(standing.status, TargetStatus::Missed);
    let flag = flags.iter().find(|flag| flag.key.to_string().ends_with("dossier.on_time")).unwrap();
    assert_eq!(
        flag.explanation_vi,
        "Xã 001 (tỉnh 04): Hồ sơ giải quyết đúng hạn 60,0% (tháng 11/2025), không đạt chỉ tiêu > 98,0%, đã hết hạn 30/06/2025 (d)."
    );
}
