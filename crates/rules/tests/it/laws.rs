//! Laws that hold for any history: of states, ledgers, flags, replay, and judging anew.

use std::fmt::Write;

use chrono::Days;
use gapwatch_model::{Evidence, Flag, FlagState, FrameKey, Head, Lineage, Part, PlaceId, PlaceLevel, Point};
use gapwatch_rules::{Judgement, NoDataPolicy, advance, apply, end_of_day, judge, ledger, rejudge};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy, any, proptest},
    sample::select,
};

use crate::world::{World, day, place};

const MERGER: &str = "2025-07-01";

/// Until 30/06/2025 communes A (va) and B (vb, vc); since then C of A and 0.4 of B, D of 0.6 of B.
fn world() -> World {
    let always = "1900-01-01";
    let places = vec![
        place("VN", PlaceLevel::Country, &[]),
        place("04", PlaceLevel::Province, &[("VN", always)]),
        place("A@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("04", always)]),
        place("B@1900-01-01..2025-07-01", PlaceLevel::Commune, &[("04", always)]),
        place("C@2025-07-01", PlaceLevel::Commune, &[("04", MERGER)]),
        place("D@2025-07-01", PlaceLevel::Commune, &[("04", MERGER)]),
        place("va", PlaceLevel::Village, &[("A", always), ("C@2025-07-01", MERGER)]),
        place("vb", PlaceLevel::Village, &[("B", always), ("C@2025-07-01", MERGER)]),
        place("vc", PlaceLevel::Village, &[("B", always), ("D@2025-07-01", MERGER)]),
    ];
    let step = |old: &str, new: &str, part, weight| Lineage {
        old: PlaceId::new(old, day(always)),
        new: PlaceId::new(new, day(MERGER)),
        part,
        effective: day(MERGER),
        act: "1657/NQ-UBTVQH15".to_owned(),
        weight,
    };
    let lineage = vec![
        step("A", "C", Part::Whole, None),
        step("B", "C", Part::Partial, Some(0.4)),
        step("B", "D", Part::Partial, Some(0.6)),
    ];
    World::with(places, lineage)
        .with_rules(|rules| {
            for (number, rule) in rules.rules.values_mut().enumerate() {
                (rule.for_days, rule.keep_firing_for_days) = (20, 15);
                rule.no_data = if number % 2 == 0 { NoDataPolicy::KeepLast } else { NoDataPolicy::NoData };
            }
        })
        .with_targets(
            r#"
[fibre]
indicator = "hh.fibre_subscribed"
value = 80
comparator = ">="
due = 2025-12-31
path = { shape = "linear", from = 2024-12-31, baseline = 20 }
document = "d"
valid_from = 2020-01-01
[coverage]
indicator = "village.mobile_headline"
value = 100
comparator = ">="
due = 2025-09-30
document = "d"
valid_from = 2020-01-01
recorded_at = "2025-04-01T00:00:00+07:00"
"#,
        )
}

/// One statement: about what, of whom, which month, what, how, and how late.
type Said = (usize, usize, u32, u32, usize, bool, u64);

fn said() -> impl Strategy<Value = Vec<Said>> {
    vec((0_usize..5, 0_usize..3, 1_u32..=12, 0_u32..=3, 0_usize..4, any::<bool>(), 0_u64..80), 0..40)
}

const EVIDENCE: [Evidence; 4] = [Evidence::Crowd, Evidence::Claimed, Evidence::Modelled, Evidence::Measured];

/// Says it, unless it becomes known later than a day.
fn say(world: &mut World, (about, of, month, value, how, first, late): Said, until: &str) {
    let period = format!("2025{month:02}");
    let month: gapwatch_model::Period = period.parse().unwrap();
    let known = month.start() + Days::new(late);
    if known > day(until) {
        return;
    }
    let village = ["va", "vb", "vc"][of];
    let commune = if known < day(MERGER) {
        ["A", "B", "A"][of]
    } else {
        ["C@2025-07-01", "D@2025-07-01", "C@2025-07-01"][of]
    };
    let yes = f64::from(u8::from(value % 2 == 1));
    let operator = if first { "Viettel" } else { "VNPT" };
    let known = known.to_string();
    match about {
        0 | 1 => world
            .signal(village, &period, yes)
            .operator(operator)
            .evidence(EVIDENCE[how])
            .samples(value * 2)
            .known(&known),
        2 => world
            .say("village.clusters_without_signal", village, &period, f64::from(value))
            .evidence(EVIDENCE[how])
            .known(&known),
        3 => world.say("village.grid_power", village, &period, yes).known(&known),
        _ => world
            .say("hh.fibre_subscribed", commune, &period, 0.0)
            .ratio(f64::from(value * 10), 30.0)
            .known(&known),
    }
}

/// Everything a judgement says, as text.
fn shown(judgement: &Judgement, world: &World) -> String {
    let mut text = String::new();
    for village in &judgement.villages {
        let v = village;
        let by = v.decided_by.as_ref().map(|(head, row)| (head.key.clone(), head.recorded_at, *row));
        writeln!(
            text,
            "{:?} {:?} {:?} {:?} {:?} {:?} {by:?}",
            v.place, v.state, v.qualification, v.since, v.grid_power, v.must_act
        )
        .unwrap();
    }
    for place in judgement.places() {
        writeln!(text, "{place:?} {:?}", judgement.counts(*place)).unwrap();
        for (id, value) in judgement.values(*place) {
            writeln!(
                text,
                "  {id} {:?} {:?} {:?} {:?}",
                value.value, value.absence, value.period, value.qualifier
            )
            .unwrap();
        }
    }
    for standing in judgement.standings() {
        writeln!(text, "{standing:?}").unwrap();
    }
    for raised in &judgement.raised {
        writeln!(
            text,
            "{} {:?} {}",
            raised.key,
            raised.verdict,
            judgement.sentence(&raised.key, &world.rules).vi
        )
        .unwrap();
    }
    writeln!(text, "{:?}", judgement.findings).unwrap();
    text
}

/// A statement that changes things: va has a signal, measured this year.
fn world_head(world: &World) -> (std::sync::Arc<Head>, Point) {
    let key = FrameKey {
        indicator: "village.signal".into(),
        period: "2025".parse().unwrap(),
        source: "strayed".into(),
        evidence: Evidence::Measured,
        dimensions: gapwatch_model::Dimensions::default(),
        method: None,
    };
    let recorded_at = end_of_day(day("2025-01-01"));
    let point = Point {
        place: world.ix("va"),
        value: gapwatch_model::Value::Number(1.0),
        qualifier: gapwatch_model::Qualifier::Exact,
        samples: None,
        row: 1,
    };
    (std::sync::Arc::new(Head { key, run: gapwatch_model::RunId(9_999), recorded_at }), point)
}

/// Days of evaluation, every so many days through the year and beyond.
fn evaluations(every: u64) -> Vec<String> {
    (0..500 / every).map(|step| (day("2025-01-05") + Days::new(step * every)).to_string()).collect()
}

/// The flags after each evaluation.
fn replay(world: &World, days: &[String]) -> Vec<Vec<Flag>> {
    let mut flags = Vec::new();
    let evaluate = |on: &String| {
        let judgement = world.judge(on);
        flags = apply(&flags, &advance(&flags, &judgement, &world.rules, end_of_day(day(on))));
        flags.clone()
    };
    days.iter().map(evaluate).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn states_are_disjoint_and_exhaustive(history in said(), offset in 0_u64..450) {
        let mut world = world();
        history.iter().for_each(|said| say(&mut world, *said, "9999-01-01"));
        let judgement = world.judge(&(day("2025-01-01") + Days::new(offset)).to_string());
        assert_eq!(judgement.villages.len(), 3);
        for place in judgement.places() {
            let counts = judgement.counts(*place).unwrap();
            assert_eq!(counts.total, counts.unknown + counts.no_signal + counts.pocket + counts.covered);
            if let (Some(headline), Some(strict)) = (counts.headline(), counts.strict()) {
                assert!(strict.percent() <= headline.percent() && headline.percent() <= 100.0);
            }
        }
        for village in &judgement.villages {
            assert!(!village.qualification.stale || village.state == gapwatch_model::SignalState::Unknown);
        }
    }

    #[test]
    fn ledgers_balance_and_parts_add_up(history in said(), from in 0_u64..300, length in 0_u64..200) {
        let mut world = world();
        history.iter().for_each(|said| say(&mut world, *said, "9999-01-01"));
        let start = day("2025-01-01") + Days::new(from);
        let (opening, closing) = (world.judge(&start.to_string()), world.judge(&(start + Days::new(length)).to_string()));
        let of = |code: &str| ledger(&opening, &closing, world.ix(code));
        let whole = of("04");
        let parts = [of("A"), of("B"), of("C@2025-07-01"), of("D@2025-07-01")];
        for account in parts.iter().chain([&whole]) {
            assert!(account.balances(), "{account:?}");
            let signs: i32 = account.lines.iter().map(|line| line.sign).sum();
            assert_eq!(i64::from(account.closing), i64::from(account.opening) + i64::from(signs));
        }
        assert_eq!(whole.boundary, 0);
        assert_eq!(parts.iter().map(|part| part.boundary).sum::<i32>(), 0);
        assert_eq!(parts.iter().map(|part| part.closed).sum::<u32>(), whole.closed);
        assert_eq!(parts.iter().map(|part| part.regressed).sum::<u32>(), whole.regressed);
        assert_eq!(parts.iter().map(|part| part.newly_found).sum::<u32>(), whole.newly_found);
        assert_eq!(parts.iter().map(|part| part.closing).sum::<u32>(), whole.closing);
    }

    #[test]
    fn any_past_day_replayed_is_what_it_was(history in said(), offset in 0_u64..450) {
        let on = (day("2025-01-01") + Days::new(offset)).to_string();
        let mut then = world();
        history.iter().for_each(|said| say(&mut then, *said, &on));
        let mut now = world();
        history.iter().for_each(|said| say(&mut now, *said, "9999-01-01"));
        assert_eq!(shown(&then.judge(&on), &then), shown(&now.judge(&on), &now));
    }

    #[test]
    fn the_order_of_adding_does_not_matter(history in said(), offset in 0_u64..450) {
        let on = (day("2025-01-01") + Days::new(offset)).to_string();
        // One voice says one thing of one period at one time.
        let mut seen = std::collections::BTreeSet::new();
        let once: Vec<Said> = history.into_iter().filter(|s| s.0 > 0 && seen.insert((s.0, s.2, s.6))).collect();
        let (mut one, mut other) = (world(), world());
        once.iter().for_each(|said| say(&mut one, *said, "9999-01-01"));
        once.iter().rev().for_each(|said| say(&mut other, *said, "9999-01-01"));
        assert_eq!(shown(&one.judge(&on), &one), shown(&other.judge(&on), &other));
    }

    #[test]
    fn judging_anew_is_judging(history in said(), more in said(), steps in vec(0_u64..40, 1..6)) {
        let mut world = world();
        history.iter().for_each(|said| say(&mut world, *said, "9999-01-01"));
        let mut at = day("2025-03-01");
        let mut previous = world.judge(&at.to_string());
        for (step, said) in steps.iter().zip(more.chunks(3).chain(std::iter::repeat(&[][..]))) {
            said.iter().for_each(|said| say(&mut world, *said, "9999-01-01"));
            at = at + Days::new(*step);
            if step % 3 == 0 {
                // A copy goes on; what the old facts hear from here on must not matter.
                let copy = world.facts.continued();
                let mut old = std::mem::replace(&mut world.facts, copy);
                let head = world_head(&world);
                old.add(&head.0, head.1);
                let strayed = judge(&old, &world.rules, &world.targets, end_of_day(at), &world.sources);
                let back = rejudge(&strayed, &world.facts, &world.rules, &world.targets, end_of_day(at), &world.sources);
                assert_eq!(shown(&back, &world), shown(&world.judge(&at.to_string()), &world));
            }
            let as_of = end_of_day(at);
            let again = rejudge(&previous, &world.facts, &world.rules, &world.targets, as_of, &world.sources);
            let whole = judge(&world.facts, &world.rules, &world.targets, as_of, &world.sources);
            assert_eq!(shown(&again, &world), shown(&whole, &world));
            previous = again;
        }
    }

    #[test]
    fn flags_keep_their_clocks(history in said(), every in select(vec![2_u64, 9, 30])) {
        let mut world = world();
        history.iter().for_each(|said| say(&mut world, *said, "9999-01-01"));
        let (hold, keep) = (chrono::TimeDelta::days(20), chrono::TimeDelta::days(15));
        let mut last: Vec<Flag> = Vec::new();
        for flags in replay(&world, &evaluations(every)) {
            for flag in &flags {
                let Some(before) = last.iter().find(|before| before.key == flag.key) else {
                    assert!(matches!(flag.state, FlagState::Pending | FlagState::NoData), "{flag:?}");
                    continue;
                };
                if before.state == flag.state {
                    assert_eq!(before.since, flag.since, "since is the last change of state");
                    continue;
                }
                match (before.state, flag.state) {
                    (FlagState::Pending, FlagState::Firing) => assert!(flag.since - before.since >= hold),
                    (FlagState::Firing, FlagState::Resolved) => {
                        assert!(flag.since - before.clear_since.unwrap() >= keep);
                    }
                    (FlagState::Inactive | FlagState::Resolved | FlagState::NoData, FlagState::Pending)
                    | (FlagState::Pending | FlagState::NoData, FlagState::Inactive)
                    | (_, FlagState::NoData) => {}
                    (from, to) => panic!("{from:?} became {to:?}"),
                }
            }
            last = flags;
        }
    }

    #[test]
    fn flags_replayed_are_the_flags_that_were_stored(history in said()) {
        let days = evaluations(10);
        let mut then = world();
        let mut left = history.clone();
        let mut flags: Vec<Flag> = Vec::new();
        let mut stored = Vec::new();
        for on in &days {
            // Only what is recorded by the day is there to be judged, as in the life of a store.
            let known = |said: &Said| {
                let month: gapwatch_model::Period = format!("2025{:02}", said.2).parse().unwrap();
                month.start() + Days::new(said.6) <= day(on)
            };
            left.iter().filter(|said| known(said)).for_each(|said| say(&mut then, *said, on));
            left.retain(|said| !known(said));
            flags = apply(&flags, &advance(&flags, &then.judge(on), &then.rules, end_of_day(day(on))));
            stored.push(flags.clone());
        }
        let mut now = world();
        let mut sorted = history;
        let mut order: Vec<usize> = (0..sorted.len()).collect();
        order.sort_by_key(|at| {
            let month: gapwatch_model::Period = format!("2025{:02}", sorted[*at].2).parse().unwrap();
            let known = month.start() + Days::new(sorted[*at].6);
            days.iter().position(|on| known <= day(on)).unwrap_or(usize::MAX)
        });
        sorted = order.into_iter().map(|at| sorted[at]).collect();
        sorted.iter().for_each(|said| say(&mut now, *said, "9999-01-01"));
        assert_eq!(replay(&now, &days), stored);
    }
}
