//! What is made of flags and judgements: groups, ranks, disputes, dry runs of rules, messages, digests.

use gapwatch_model::{Evidence, Flag, FlagState, PlaceLevel, SignalState};
use gapwatch_rules::{
    Borders, ClaimGap, FlagChange, Moment, RulesDiff, Trial, advance, apply, atom, change_id, changes,
    claim_gaps, digest, disputes, end_of_day, group, history, judge, mail, operators_at, ranking, rules_diff,
    webhook, worth_telling,
};

use crate::world::{INDICATORS, World, day};
use chrono::NaiveDate;

fn flags(world: &World, days: &[&str]) -> Vec<Flag> {
    days.iter().fold(Vec::new(), |flags, on| {
        apply(&flags, &advance(&flags, &world.judge(on), &world.rules, end_of_day(day(on))))
    })
}

#[test]
fn flags_are_grouped_by_commune_and_rule() {
    let mut world = World::new();
    for village in ["v1", "v2", "v6"] {
        world.signal(village, "202511", 0.0).done();
    }
    world.say("village.grid_power", "v1", "202511", 0.0).done();
    let found = group(&world.judge("2025-12-31"), &flags(&world, &["2025-12-31"]));
    let shown: Vec<_> = found.iter().map(|g| (g.place, g.rule.as_str(), g.flags.len())).collect();
    let (one, two) = (world.ix("001"), world.ix("002"));
    assert_eq!(
        shown,
        [(one, "village-no-power", 1), (one, "village-no-signal", 2), (two, "village-no-signal", 1)]
    );
}

/// Communes of Bắc Ninh as published: two tie for first, the next is third.
#[test]
fn ties_share_a_rank_and_the_next_skips() {
    let always = "1900-01-01";
    let mut places = vec![crate::world::place("24", PlaceLevel::Province, &[])];
    for code in ["Hợp Thịnh", "Tân Tiến", "Bắc Giang", "Khác"] {
        places.push(crate::world::place(code, PlaceLevel::Commune, &[("24", always)]));
    }
    let mut world = World::with(places, Vec::new());
    for (code, score) in [("Bắc Giang", 93.38), ("Hợp Thịnh", 93.57), ("Tân Tiến", 93.57)] {
        world.say("q766.total", code, "202511", score).done();
    }
    let judgement = world.judge("2025-12-31");
    let ranks: Vec<_> = ranking(&judgement, world.ix("24"), PlaceLevel::Commune, &"q766.total".into())
        .iter()
        .map(|ranked| (ranked.rank, ranked.place))
        .collect();
    assert_eq!(ranks, [(1, world.ix("Hợp Thịnh")), (1, world.ix("Tân Tiến")), (3, world.ix("Bắc Giang"))]);
    for ranked in ranking(&judgement, world.ix("24"), PlaceLevel::Commune, &"q766.total".into()) {
        let value = judgement.value(ranked.place, "q766.rank").unwrap();
        assert_eq!(value.amount(), Some(f64::from(ranked.rank)), "the page and the indicator agree");
    }
}

#[test]
fn both_sides_of_a_dispute_are_shown_and_counted_by_operator_and_commune() {
    let mut world = World::new();
    for village in ["v1", "v2", "v6"] {
        world.signal(village, "202511", 1.0).operator("Viettel").done();
        world.signal(village, "202511", 0.0).operator("VNPT").done();
    }
    for (village, measured) in [("v1", 0.0), ("v2", 1.0)] {
        world.signal(village, "202511", measured).operator("Viettel").evidence(Evidence::Measured).done();
    }
    world.signal("v6", "202511", 1.0).evidence(Evidence::Measured).done();
    let judgement = world.judge("2025-12-31");
    let found = disputes(&world.facts, &world.rules, world.ix("v1"), judgement.moment);
    let shown: Vec<_> = found
        .iter()
        .map(|d| (d.claim.head.key.dimensions.operator.as_deref(), d.claims_signal, d.measured_signal))
        .collect();
    assert_eq!(shown, [(Some("Viettel"), true, false)]);
    let gaps = claim_gaps(&world.facts, &world.rules, &judgement, world.ix("04"));
    let gap =
        |compared, claimed, overstated, understated| ClaimGap { compared, claimed, overstated, understated };
    let wanted = [
        ((world.ix("001"), "Viettel".to_owned()), gap(2, 2, 1, 0)),
        ((world.ix("002"), "VNPT".to_owned()), gap(1, 0, 0, 1)),
        ((world.ix("002"), "Viettel".to_owned()), gap(1, 1, 0, 0)),
    ];
    assert_eq!(gaps.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn only_fresh_measurements_within_the_window_are_compared() {
    let mut world = World::new();
    // Tested 92 days before the claim's period ends; then tested in a quarter that is stale.
    world.signal("v1", "20251130", 1.0).operator("Viettel").done();
    world.signal("v1", "20250830", 0.0).operator("Viettel").evidence(Evidence::Measured).done();
    world.signal("v2", "202511", 1.0).operator("Viettel").done();
    world.signal("v2", "202509", 0.0).operator("Viettel").evidence(Evidence::Measured).done();
    let found = |village: &str, on: &str| {
        let moment = Moment::at(end_of_day(day(on)));
        disputes(&world.facts, &world.rules, world.ix(village), moment).len()
    };
    assert_eq!(found("v1", "2025-12-01"), 0, "92 days apart, 90 are the window");
    assert_eq!(found("v2", "2025-12-01"), 1);
    assert_eq!(found("v2", "2026-02-01"), 0, "the test of September is stale");
}

/// Tries rules without sources.
fn tried(old: Trial<'_>, new: Trial<'_>, from: NaiveDate, to: NaiveDate) -> RulesDiff {
    let sources = |_| Ok::<_, std::convert::Infallible>(Vec::new());
    let Ok(found) = rules_diff(old, new, from, to, sources);
    found
}

#[test]
fn a_dry_run_says_which_flags_changed_rules_would_raise_and_clear() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v1", "202510", 1.0).known("2025-11-12");
    world.signal("v2", "202510", 0.0).known("2025-11-05");
    let mut stricter = world.rules.clone();
    for rule in stricter.rules.values_mut() {
        rule.for_days = 10;
    }
    let old = Trial { facts: &world.facts, rules: &world.rules, targets: &world.targets };
    let new = Trial { facts: &world.facts, rules: &stricter, targets: &world.targets };
    let found = tried(old, new, day("2025-11-01"), day("2025-11-20"));
    let shown: Vec<_> = found
        .differences
        .iter()
        .map(|d| (d.on.to_string(), d.key.place.code.to_string(), d.old, d.new))
        .collect();
    let line = |on: &str, village: &str, old, new| (on.to_owned(), village.to_owned(), old, new);
    use FlagState::{Firing, Pending, Resolved};
    assert_eq!(
        shown,
        [
            line("2025-11-05", "v1", Some(Firing), Some(Pending)),
            line("2025-11-05", "v2", Some(Firing), Some(Pending)),
            line("2025-11-12", "v1", Some(Resolved), None),
            line("2025-11-15", "v2", Some(Firing), Some(Firing)),
        ]
    );
    assert_eq!((found.firing_old, found.firing_new), (1, 1));
    assert!(found.differences[0].explanation_vi.contains("trắng sóng"));
    let same = tried(old, old, day("2025-11-01"), day("2025-11-20"));
    assert_eq!(same.differences, []);
}

#[test]
fn changed_targets_are_tried_too() {
    let target = |value: u32| {
        format!(
            "[t]\nindicator = \"hh.fibre_subscribed\"\nvalue = {value}\ncomparator = \">=\"\ndue = 2025-06-30\ndocument = \"d\"\nvalid_from = 2020-01-01\n"
        )
    };
    let mut world = World::new()
        .with_rules(|rules| rules.rules.values_mut().for_each(|rule| rule.for_days = 0))
        .with_targets(&target(50));
    world.say("hh.fibre_subscribed", "001", "202510", 0.0).ratio(60.0, 100.0).known("2025-11-05");
    let higher = gapwatch_rules::Targets::parse(&target(80)).unwrap();
    let old = Trial { facts: &world.facts, rules: &world.rules, targets: &world.targets };
    let new = Trial { facts: &world.facts, rules: &world.rules, targets: &higher };
    let found = tried(old, new, day("2025-11-01"), day("2025-11-10"));
    let ids: Vec<_> = found.differences.iter().map(|d| (d.key.to_string(), d.old, d.new)).collect();
    assert_eq!(
        ids,
        [(
            "commune-behind-target~001~19000101~hh.fibre_subscribed".to_owned(),
            None,
            Some(FlagState::Firing)
        )]
    );
}

#[test]
fn a_webhook_has_the_shape_of_alertmanagers() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v2", "202510", 0.0).known("2025-11-05");
    world.signal("v2", "202511", 1.0).known("2025-12-05");
    let judgement = world.judge("2025-12-31");
    let groups = group(&judgement, &flags(&world, &["2025-11-05", "2025-12-31"]));
    let body = webhook(&groups[0], &judgement, &world.rules, "http://127.0.0.1:8080", "sở");
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    for key in [
        "version",
        "groupKey",
        "truncatedAlerts",
        "status",
        "receiver",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "externalURL",
        "alerts",
    ] {
        assert!(json.get(key).is_some(), "{key} is missing");
    }
    assert_eq!((json["version"].as_str(), json["status"].as_str()), (Some("4"), Some("firing")));
    let alerts = json["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 2);
    assert_eq!(alerts[0]["status"], "firing");
    assert_eq!(alerts[0]["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(alerts[0]["startsAt"], "2025-11-05T23:59:59.999999999+07:00");
    assert_eq!(alerts[0]["generatorURL"], "http://127.0.0.1:8080/flags/village-no-signal~v1~19000101");
    assert_eq!(alerts[1]["status"], "resolved");
    assert_ne!(alerts[0]["fingerprint"], alerts[1]["fingerprint"]);
    assert_eq!(alerts[0]["fingerprint"].as_str().map(str::len), Some(16));
    assert!(alerts[0]["annotations"]["summary"].as_str().unwrap().contains("trắng sóng"));
}

#[test]
fn a_mail_says_all_changes_at_once_or_nothing() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    let judgement = world.judge("2025-11-30");
    let groups = group(&judgement, &flags(&world, &["2025-11-30"]));
    let written = mail(&groups, &judgement, &world.rules, "http://h/").unwrap();
    assert_eq!(written.subject, "gapwatch 30/11/2025: 1 cảnh báo mới, 0 đã hết");
    assert!(
        written.body.starts_with("Xã 001 (tỉnh 04) – Thôn trắng sóng / Village without signal\n  ▲ Xóm v1")
    );
    assert!(written.body.contains("http://h/flags/village-no-signal~v1~19000101"));
    assert_eq!(mail(&[], &judgement, &world.rules, "http://h/"), None);
}

#[test]
fn a_feed_holds_what_lies_in_the_place_escaped_and_newest_first() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).source("a<b>&c").known("2025-11-05");
    world.signal("v2", "202510", 0.0).known("2025-11-20");
    world.signal("v6", "202510", 0.0).known("2025-11-05");
    let judgement = world.judge("2025-11-30");
    let all = flags(&world, &["2025-11-05", "2025-11-30"]);
    let feed = atom(world.ix("001"), &all, &judgement, "http://h");
    assert_eq!(feed.matches("<entry>").count(), 2);
    assert!(feed.find("~v2~").unwrap() < feed.find("~v1~").unwrap(), "newest first");
    assert!(feed.contains("a&lt;b&gt;&amp;c") && !feed.contains("<b>"));
    assert!(feed.contains("<updated>2025-11-30T23:59:59.999999999+07:00</updated>"));
    assert_eq!(atom(world.ix("04"), &all, &judgement, "http://h").matches("<entry>").count(), 3);
}

#[test]
fn a_change_is_told_once() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).known("2025-11-05");
    world.signal("v1", "202511", 1.0).known("2025-12-05");
    let first = flags(&world, &["2025-11-05"]);
    let later = flags(&world, &["2025-11-05", "2025-11-20"]);
    assert_eq!(change_id(&first[0]), change_id(&later[0]), "the same change");
    assert_eq!(changes(&first, &later), []);
    let over = flags(&world, &["2025-11-05", "2025-12-05"]);
    let change = &changes(&first, &over)[0];
    assert_eq!((change.before, change.after.state), (Some(FlagState::Firing), FlagState::Resolved));
    assert!(worth_telling(change));
    assert_ne!(change_id(&first[0]), change_id(&change.after));
    let quiet = FlagChange {
        before: Some(FlagState::Pending),
        after: Flag { state: FlagState::Inactive, ..first[0].clone() },
    };
    assert!(!worth_telling(&quiet), "what never fired need not be said to be over");
}

#[test]
fn a_digest_sums_up_since_the_last_meeting() {
    let mut world = World::new();
    for (village, before, after) in [("v1", 0.0, 1.0), ("v2", 0.0, 1.0), ("v3", 1.0, 0.0), ("v6", 0.0, 0.0)] {
        world.signal(village, "202510", before).known("2025-11-05");
        world.signal(village, "202511", after).known("2025-12-05");
    }
    let (then, now) = (world.judge("2025-11-30"), world.judge("2025-12-31"));
    let (before, after) = (flags(&world, &["2025-11-30"]), flags(&world, &["2025-11-30", "2025-12-31"]));
    let found = digest(world.ix("001"), (&then, &before), (&now, &after));
    assert_eq!(
        found.sentence.vi,
        "Xã 001 (tỉnh 04): 1 trên 5 thôn trắng sóng, giảm 1 so với 30/11/2025; 1 cảnh báo mới, 2 đã hết."
    );
    assert_eq!((found.ledger.closed, found.ledger.regressed, found.ledger.balances()), (2, 1, true));
    let fired: Vec<String> = found.fired.iter().map(|flag| flag.key.to_string()).collect();
    assert_eq!(fired, ["village-no-signal~v3~19000101"]);
    let mail = found.mail(day("2025-12-31"), "https://gap.example/");
    assert!(mail.subject.starts_with("gapwatch 31/12/2025: "), "{}", mail.subject);
    assert!(mail.body.contains("https://gap.example/flags/village-no-signal~v3~19000101"), "{}", mail.body);
}

#[test]
fn borders_do_not_matter_where_nothing_moved() {
    let mut world = World::new();
    world.say("hh.fibre_subscribed", "001", "202510", 0.0).ratio(6.0, 10.0).done();
    let moment = Moment::at(end_of_day(day("2025-11-30")));
    let series = |borders| {
        let points = history(
            &world.facts,
            &world.rules,
            &world.targets,
            world.ix("04"),
            &"hh.fibre_subscribed".into(),
            moment,
            borders,
        );
        points.iter().map(|point| (point.period, point.value.amount())).collect::<Vec<_>>()
    };
    assert_eq!(series(Borders::Then), [("202510".parse().unwrap(), Some(60.0))]);
    assert_eq!(series(Borders::Then), series(Borders::Of(moment.day)));
}

#[test]
fn a_claim_that_names_no_operator_is_held_against_the_best_that_was_measured() {
    let mut world = World::new();
    for village in ["v1", "v2"] {
        world.signal(village, "202511", 1.0).done();
        world
            .signal(village, "202511", 0.0)
            .operator("Viettel")
            .evidence(Evidence::Measured)
            .samples(9)
            .done();
    }
    world.signal("v2", "202511", 1.0).operator("VNPT").evidence(Evidence::Measured).samples(9).done();
    // Viettel's claim is not about VNPT's network; all claims together still say otherwise than all measurements.
    world.signal("v3", "202511", 0.0).operator("Viettel").done();
    world.signal("v3", "202511", 1.0).operator("VNPT").evidence(Evidence::Measured).samples(9).done();
    let judgement = world.judge("2025-12-15");
    let shown = |village: &str| {
        let marked = judgement.village(world.ix(village)).unwrap().qualification.disputed;
        let sides = disputes(&world.facts, &world.rules, world.ix(village), judgement.moment);
        (marked, sides.iter().map(|d| (d.claims_signal, d.measured_signal)).collect::<Vec<_>>())
    };
    assert_eq!(shown("v1"), (true, vec![(true, false)]));
    assert_eq!(shown("v2"), (false, vec![]));
    assert_eq!(shown("v3"), (true, vec![(false, true)]));
    let gaps = claim_gaps(&world.facts, &world.rules, &judgement, world.ix("001"));
    let gap = &gaps[&(world.ix("001"), String::new())];
    assert_eq!((gap.compared, gap.claimed, gap.measured(), gap.overstated), (2, 2, 1, 1));
    let moment = judgement.moment;
    assert_eq!(
        operators_at(&world.facts, &world.rules, world.ix("v2"), moment),
        [("VNPT".to_owned(), true), ("Viettel".to_owned(), false)]
    );
}

#[test]
fn facts_are_seen_with_the_places_and_indicators_of_another_day() {
    let mut world = World::new();
    world.signal("v1", "202510", 0.0).done();
    let others = INDICATORS.replacen("staleness = 3", "staleness = 0", 1);
    let tables: std::collections::BTreeMap<String, gapwatch_model::Indicator> =
        toml::from_str(&others).unwrap();
    let others = std::sync::Arc::new(gapwatch_model::IndicatorSet::new(tables));
    let seen = world.facts.seen_with(std::sync::Arc::clone(world.facts.gazetteer()), others);
    let at = end_of_day(day("2026-01-15"));
    let state = |facts: &gapwatch_rules::Facts| {
        let judged = judge(facts, &world.rules, &world.targets, at, &[]);
        let village = judged.village(world.ix("v1")).unwrap();
        (village.state, village.qualification.stale)
    };
    assert_eq!(state(&world.facts), (SignalState::NoSignal, false));
    assert_eq!(state(&seen), (SignalState::Unknown, true), "one whole month has ended since October");
    assert_eq!(world.facts.known_from(), Some(day("2025-11-01")));
}
