//! Series with their targets, and the pace observed in them.

use chrono::{Days, NaiveDate};
use gapwatch_model::TargetStatus;
use gapwatch_rules::{
    Borders, Expected, HistoryPoint, Moment, ObservedPace, Pace, Targets, Trend, end_of_day, history,
    observed_pace, pace, pace_of, pace_sentence,
};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, proptest},
};

use crate::world::{World, day};

fn series(world: &World, code: &str, indicator: &str, on: &str) -> Vec<HistoryPoint> {
    let moment = Moment::at(end_of_day(day(on)));
    history(
        &world.facts,
        &world.rules,
        &world.targets,
        world.ix(code),
        &indicator.into(),
        moment,
        Borders::Then,
    )
}

const TARGETS: &str = r#"
[old]
indicator = "hh.fibre_subscribed"
value = 50
comparator = ">="
due = 2025-06-30
document = "d"
valid_from = 2024-01-01
valid_to = 2025-03-01
[new]
indicator = "hh.fibre_subscribed"
value = 80
comparator = ">="
due = 2025-12-31
path = { shape = "step", steps = [["2025-03-31", 60], ["2025-12-31", 80]] }
document = "d"
valid_from = 2025-03-01
"#;

#[test]
fn the_pace_is_that_of_the_history_within_its_window() {
    let mut world = World::new();
    for (at, period) in
        ["202401", "202402", "202403", "202405", "202408", "202409", "202412"].iter().enumerate()
    {
        for code in ["001", "002"] {
            let share = 40.0 + 3.5 * f64::from(u8::try_from(at).unwrap());
            world.say("hh.fibre_subscribed", code, period, 0.0).ratio(share, 100.0).done();
        }
    }
    let mut known = 0;
    for (on, window_days) in
        [("2025-01-15", 365), ("2025-01-15", 120), ("2024-09-01", 365), ("2023-06-01", 365)]
    {
        world.rules.pace = Pace { window_days, minimum_points: 3, ..world.rules.pace.clone() };
        for code in ["001", "04"] {
            let moment = Moment::at(end_of_day(day(on)));
            let (place, id) = (world.ix(code), "hh.fibre_subscribed".into());
            let over = Borders::Of(moment.day);
            let all = history(&world.facts, &world.rules, &world.targets, place, &id, moment, over);
            let observed = observed_pace(&world.facts, &world.rules, place, &id, moment);
            assert_eq!(observed, pace_of(&all, &world.rules.pace), "{code} on {on}");
            known += u32::from(matches!(observed, ObservedPace::Known(_)));
        }
    }
    assert!(known >= 3, "most have a pace: {known}");
}

#[test]
fn each_point_is_held_against_the_target_in_force_then() {
    let mut world = World::new().with_targets(TARGETS);
    for (period, share) in [("202501", 55.0), ("202502", 49.0), ("202504", 58.0)] {
        world.say("hh.fibre_subscribed", "001", period, 0.0).ratio(share, 100.0).done();
    }
    world.say("hh.fibre_subscribed", "001", "202502", 0.0).ratio(51.0, 100.0).known("2025-04-01");
    let points = series(&world, "001", "hh.fibre_subscribed", "2025-05-15");
    let shown: Vec<_> = points
        .iter()
        .map(|p| {
            let target = p.target.as_ref().map(|target| target.id.as_str());
            (p.period.to_string(), p.value.amount(), target, p.path_value, p.status, p.revised)
        })
        .collect();
    let month = str::to_owned;
    assert_eq!(
        shown,
        [
            (month("202501"), Some(55.0), Some("old"), None, Some(TargetStatus::Met), false),
            (month("202502"), Some(51.0), Some("old"), None, Some(TargetStatus::Met), true),
            (month("202503"), None, Some("new"), Some(60.0), Some(TargetStatus::Unknown), false),
            (month("202504"), Some(58.0), Some("new"), Some(60.0), Some(TargetStatus::Behind), false),
        ]
    );
    let known_before = series(&world, "001", "hh.fibre_subscribed", "2025-03-31");
    assert_eq!(known_before[1].value.amount(), Some(49.0), "as it was known then");
    assert_eq!(known_before.len(), 2);
}

#[test]
fn rates_of_villages_have_a_history_of_states() {
    let mut world = World::new();
    for village in ["v6", "v7", "v8"] {
        world.signal(village, "202501", 0.0).done();
    }
    world.signal("v6", "202502", 1.0).done();
    world.signal("v7", "202503", 1.0).done();
    let points = series(&world, "002", "village.mobile_headline", "2025-04-15");
    let shown: Vec<_> = points.iter().map(|p| p.value.amount().map(|rate| format!("{rate:.1}"))).collect();
    let rate = |text: &str| Some(text.to_owned());
    assert_eq!(shown, [rate("0.0"), rate("33.3"), rate("66.7")]);
}

#[test]
fn ranks_have_a_history_among_their_siblings() {
    let mut world = World::new();
    for (period, one, two) in [("202501", 70.0, 80.0), ("202502", 85.0, 80.0)] {
        world.say("q766.total", "001", period, one).done();
        world.say("q766.total", "002", period, two).done();
    }
    let ranks: Vec<_> =
        series(&world, "001", "q766.rank", "2025-03-15").iter().map(|p| p.value.amount()).collect();
    assert_eq!(ranks, [Some(2.0), Some(1.0)]);
}

fn settings(window_days: u32, minimum_points: usize, confidence_percent: f64) -> Pace {
    Pace { window_days, minimum_points, confidence_percent }
}

fn days_apart(start: &str, values: &[f64], step: u64) -> Vec<(NaiveDate, f64)> {
    let start = day(start);
    (0..).zip(values).map(|(at, value)| (start + Days::new(at * step), *value)).collect()
}

fn trend(observed: ObservedPace) -> Trend {
    match observed {
        ObservedPace::Known(trend) => trend,
        ObservedPace::TooLittle { .. } => panic!("{observed:?}"),
    }
}

/// Worked by hand from Sen (1968) for values 10, 12, 11, 15, 18, 17, 21 at steps of 1: of the 21 slopes the median is
/// 1.75; the variance of S is 7·6·19/18 = 44.33, at 95% the interval takes the 4th and the 18th slope.
#[test]
fn the_slope_is_the_median_and_the_interval_is_sens() {
    let points = days_apart("2025-01-01", &[10.0, 12.0, 11.0, 15.0, 18.0, 17.0, 21.0], 1);
    let mut slopes = Vec::new();
    for (at, one) in points.iter().enumerate() {
        for other in &points[at + 1..] {
            slopes.push((other.1 - one.1) / f64::from(i32::try_from((other.0 - one.0).num_days()).unwrap()));
        }
    }
    slopes.sort_by(f64::total_cmp);
    let found = trend(pace(&points, &settings(365, 4, 95.0)));
    assert_eq!(slopes.len(), 21);
    let same = |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} is not {other}");
    same(found.per_day, slopes[10]);
    same(found.lower, slopes[3]);
    same(found.upper, slopes[17]);
    assert_eq!((found.points, found.last), (7, (day("2025-01-07"), 21.0)));
}

/// Six values of which five are equal: of the 15 slopes 10 are zero. Without the correction for ties the variance of S
/// would be 6·5·17/18 = 28.33 and the interval would take the 3rd and the 14th slope; with it, 28.33 − 5·4·15/18 = 11.67,
/// the 4th and the 12th.
#[test]
fn ties_narrow_the_interval() {
    let points = days_apart("2025-01-01", &[0.0, 0.0, 0.0, 0.0, 0.0, 60.0], 1);
    let found = trend(pace(&points, &settings(365, 4, 95.0)));
    // Slopes: ten zeros, then 12, 15, 20, 30, 60.
    assert!(found.per_day.abs() < 1e-12 && found.lower.abs() < 1e-12);
    assert!((found.upper - 15.0).abs() < 1e-12, "{}", found.upper);
}

#[test]
fn only_the_window_counts_and_too_little_history_says_so() {
    let points = days_apart("2024-01-01", &[90.0, 80.0, 10.0, 11.0, 12.0, 13.0], 30);
    let found = trend(pace(&points, &settings(90, 4, 95.0)));
    assert_eq!((found.points, found.from), (4, day("2024-03-01")), "the window is inclusive");
    assert!((found.per_day - 1.0 / 30.0).abs() < 1e-12);
    assert_eq!(pace(&points, &settings(89, 4, 95.0)), ObservedPace::TooLittle { points: 3, needed: 4 });
    assert_eq!(pace(&[], &settings(89, 4, 95.0)), ObservedPace::TooLittle { points: 0, needed: 4 });
}

#[test]
fn the_expected_date_counts_from_the_last_point() {
    let targets = Targets::parse(TARGETS).unwrap();
    let target = targets.get("new").unwrap();
    let rising = days_apart("2025-01-01", &[50.0, 51.0, 52.0, 53.0], 10);
    let found = trend(pace(&rising, &settings(365, 4, 95.0)));
    let Expected::On { date, .. } = found.expected(target) else { panic!("{found:?}") };
    assert_eq!(date, day("2025-01-31") + Days::new(270), "27 points at 1 in 10 days");
    let falling = days_apart("2025-01-01", &[53.0, 52.0, 51.0, 50.0], 10);
    let found = trend(pace(&falling, &settings(365, 4, 95.0)));
    assert_eq!(found.expected(target), Expected::NotAtThisPace);
    let flat = trend(pace(&days_apart("2025-01-01", &[50.0; 5], 10), &settings(365, 4, 95.0)));
    assert_eq!(flat.expected(target), Expected::NotAtThisPace);
    let there =
        trend(pace(&days_apart("2025-01-01", &[50.0, 60.0, 70.0, 80.0], 10), &settings(365, 4, 95.0)));
    assert_eq!(there.expected(target), Expected::Reached);
}

#[test]
fn whether_the_date_will_hold_is_said_in_words() {
    let targets = Targets::parse(TARGETS).unwrap();
    let target = targets.get("new").unwrap();
    let said = |values: &[f64]| {
        pace_sentence(&pace(&days_apart("2025-01-01", values, 30), &settings(365, 4, 95.0)), target)
    };
    assert_eq!(said(&[50.0, 50.5]).vi, "chưa đủ số liệu để tính tốc độ: có 2 kỳ, cần 4");
    assert_eq!(said(&[53.0, 52.0, 51.0, 50.0]).vi, "với tốc độ này sẽ không đạt chỉ tiêu (hạn 31/12/2025)");
    assert_eq!(said(&[53.0, 52.0, 51.0, 50.0]).en, "will not be reached at this pace (due 31/12/2025)");
    assert_eq!(
        said(&[50.0, 51.0, 52.0, 53.0]).vi,
        "với tốc độ này đạt vào 20/06/2027 (20/06/2027 – 20/06/2027), sau hạn 31/12/2025"
    );
}

#[test]
fn the_pace_of_a_history_leaves_gaps_out() {
    let mut world = World::new().with_rules(|rules| rules.pace.minimum_points = 4);
    for (period, share) in [("202501", 10.0), ("202502", 20.0), ("202504", 40.0), ("202505", 50.0)] {
        world.say("hh.fibre_subscribed", "001", period, 0.0).ratio(share, 100.0).done();
    }
    let points = series(&world, "001", "hh.fibre_subscribed", "2025-06-15");
    assert_eq!(points.len(), 5);
    let found = trend(pace_of(&points, &world.rules.pace));
    assert_eq!(found.points, 4);
    assert!(found.per_day > 0.3 && found.per_day < 0.36, "{}", found.per_day);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_slope_lies_in_its_interval(values in vec(-100_i32..100, 3..20), step in 1_u64..40) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let found = trend(pace(&days_apart("2020-01-01", &values, step), &settings(10_000, 3, 95.0)));
        assert!(found.lower <= found.per_day && found.per_day <= found.upper, "{found:?}");
    }

    #[test]
    fn a_straight_line_is_its_own_pace(start in -50_i32..50, slope in -20_i32..20, length in 3_usize..12) {
        let values: Vec<f64> = (0..length).map(|at| f64::from(start) + f64::from(slope) * f64::from(u32::try_from(at).unwrap())).collect();
        let found = trend(pace(&days_apart("2020-01-01", &values, 1), &settings(10_000, 3, 95.0)));
        for end in [found.lower, found.per_day, found.upper] {
            assert!((end - f64::from(slope)).abs() < 1e-9);
        }
    }
}
