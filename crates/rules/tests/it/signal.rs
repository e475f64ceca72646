//! States of villages: the order of testing, the ladder of evidence, what does not speak, disputes.

use gapwatch_model::{Evidence, Qualification, SignalState};

use crate::world::{INDICATORS, World, day};

fn qualification(world: &World, village: &str, on: &str) -> Qualification {
    world.judge(on).village(world.ix(village)).unwrap().qualification
}

#[test]
fn the_centre_is_asked_first_and_then_the_clusters() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).done();
    world.signal("v1", "202511", 0.0).point("cluster:Nà Mò").done();
    world.signal("v2", "202511", 1.0).done();
    world.signal("v2", "202511", 0.0).point("cluster:Nà Mò").done();
    world.signal("v3", "202511", 1.0).point("centre").done();
    world.say("village.clusters_without_signal", "v3", "202511", 2.0).done();
    world.signal("v4", "202511", 1.0).done();
    world.say("village.clusters_without_signal", "v4", "202511", 0.0).done();
    world.signal("v5", "202511", 0.0).point("Trung tâm").done();
    for (village, state) in [
        ("v1", SignalState::NoSignal),
        ("v2", SignalState::Pocket),
        ("v3", SignalState::Pocket),
        ("v4", SignalState::Covered),
        ("v5", SignalState::NoSignal),
        ("v6", SignalState::Unknown),
    ] {
        assert_eq!(world.state(village, "2025-12-31"), state, "{village}");
    }
}

#[test]
fn a_point_nobody_reported_is_unknown_not_covered() {
    let mut world = World::new();
    world.signal("v1", "202511", 1.0).done();
    // Passing devices saw nothing at the cluster: that is no report.
    world.signal("v1", "202511", 0.0).point("cluster:Nà Mò").evidence(Evidence::Crowd).done();
    world.signal("v2", "202511", 1.0).point("cluster:Nà Mò").done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Unknown);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::Unknown, "nobody spoke of the centre");
    assert_eq!(qualification(&world, "v5", "2025-12-31"), Qualification::default());
}

#[test]
fn the_highest_fresh_class_speaks_and_within_it_the_best_operator() {
    let mut world = World::new();
    world.signal("v1", "202511", 1.0).operator("VNPT").done();
    world.signal("v1", "202511", 0.0).operator("Viettel").evidence(Evidence::Modelled).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::NoSignal, "modelled over claimed");
    world.signal("v1", "202511", 0.0).operator("Viettel").evidence(Evidence::Measured).done();
    world.signal("v1", "202511", 1.0).operator("MobiFone").evidence(Evidence::Measured).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Covered, "the best of the measured operators");
}

#[test]
fn a_stale_measurement_no_longer_speaks() {
    let mut world = World::new();
    world.signal("v1", "202508", 0.0).evidence(Evidence::Measured).done();
    world.signal("v1", "202511", 1.0).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::NoSignal, "three periods ended: still fresh");
    assert_eq!(world.state("v1", "2026-01-01"), SignalState::Covered, "the fourth has ended");
}

#[test]
fn staleness_counts_the_indicators_periods_or_longer_ones_of_the_observation() {
    let mut world = World::new();
    // The indicator is monthly and allows three: a test of one day counts as its month, a quarter as a quarter.
    world.signal("v1", "20250803", 0.0).evidence(Evidence::Measured).done();
    world.signal("v2", "2024Q4", 0.0).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::NoSignal);
    assert_eq!(world.state("v1", "2026-01-01"), SignalState::Unknown);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::NoSignal);
    assert_eq!(world.state("v2", "2026-01-01"), SignalState::Unknown);
}

#[test]
fn stale_evidence_only_is_unknown_and_says_stale() {
    let mut world = World::new();
    world.signal("v1", "202508", 0.0).done();
    assert_eq!(qualification(&world, "v1", "2025-12-31"), Qualification::default());
    assert_eq!(world.state("v1", "2026-01-01"), SignalState::Unknown);
    assert!(qualification(&world, "v1", "2026-01-01").stale);
    let judgement = world.judge("2026-01-15");
    assert_eq!(judgement.village(world.ix("v1")).unwrap().since, Some(day("2026-01-01")));
}

#[test]
fn too_few_samples_do_not_speak() {
    let mut world = World::new();
    world.signal("v1", "202511", 1.0).evidence(Evidence::Measured).samples(2).done();
    world.signal("v2", "202511", 1.0).evidence(Evidence::Measured).samples(3).done();
    world.signal("v3", "202510", 0.0).evidence(Evidence::Measured).samples(30).done();
    world.signal("v3", "202511", 1.0).evidence(Evidence::Measured).samples(1).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Unknown);
    assert!(qualification(&world, "v1", "2025-12-31").insufficient);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::Covered);
    assert_eq!(world.state("v3", "2025-12-31"), SignalState::NoSignal, "the older one with samples enough");
}

#[test]
fn the_larger_minimum_of_rules_and_indicator_counts() {
    // The first indicator of the sample is village.signal.
    let asking = INDICATORS.replacen("staleness = 3", "staleness = 3\nminimum_samples = 20", 1);
    for (indicators, samples, state) in [
        (INDICATORS, 2, SignalState::Unknown),
        (INDICATORS, 3, SignalState::Covered),
        (asking.as_str(), 19, SignalState::Unknown),
        (asking.as_str(), 20, SignalState::Covered),
    ] {
        let mut world = World::new().with_indicators(indicators);
        world.signal("v1", "202511", 1.0).samples(samples).done();
        assert_eq!(world.state("v1", "2025-12-31"), state, "{samples}");
    }
}

#[test]
fn crowd_data_never_proves_no_signal() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).evidence(Evidence::Crowd).done();
    world.signal("v2", "202511", 1.0).evidence(Evidence::Crowd).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Unknown);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::Covered);
}

#[test]
fn only_technologies_of_the_set_count() {
    let mut world = World::new().with_rules(|rules| rules.signal.technologies = vec!["4G".to_owned()]);
    world.signal("v1", "202511", 1.0).technology("2G").done();
    world.signal("v2", "202511", 1.0).technology("2G").done();
    world.signal("v2", "202511", 0.0).technology("4g").done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Unknown);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::NoSignal);
}

#[test]
fn the_threshold_comes_from_the_rules() {
    let mut world = World::new().with_rules(|rules| rules.signal.threshold = 0.9);
    world.signal("v1", "202511", 0.0).ratio(18.0, 20.0).done();
    world.signal("v2", "202511", 0.0).ratio(17.0, 20.0).done();
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Covered);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::NoSignal);
}

#[test]
fn a_claim_and_a_measurement_within_the_window_are_disputed() {
    let mut world = World::new();
    // Periods that end 90 days apart: 02/09 and 01/12.
    world.signal("v1", "20250902", 1.0).operator("Viettel").done();
    world.signal("v1", "20251201", 0.0).operator("Viettel").evidence(Evidence::Measured).done();
    world.signal("v2", "20250901", 1.0).operator("Viettel").done();
    world.signal("v2", "20251201", 0.0).operator("Viettel").evidence(Evidence::Measured).done();
    let judgement = world.judge("2025-12-02");
    let of = |village| judgement.village(world.ix(village)).unwrap();
    assert_eq!(of("v1").state, SignalState::NoSignal, "the measurement speaks");
    assert!(of("v1").qualification.disputed, "90 days apart, inclusive");
    assert!(!of("v2").qualification.disputed, "91 days apart");
    assert_eq!(judgement.counts(world.ix("04")).unwrap().disputed, 1);
}

#[test]
fn agreeing_operators_are_not_disputed_and_one_contradicted_claim_is() {
    let mut world = World::new();
    for (village, operator) in [("v1", "VNPT"), ("v2", "Viettel")] {
        world.signal(village, "202511", 1.0).operator("Viettel").done();
        world.signal(village, "202511", 0.0).operator("VNPT").done();
        world.signal(village, "202511", 1.0).operator("MobiFone").evidence(Evidence::Measured).done();
        world.signal(village, "202511", 0.0).operator(operator).evidence(Evidence::Measured).done();
    }
    assert!(!qualification(&world, "v1", "2025-12-31").disputed, "VNPT claimed what was measured");
    assert!(qualification(&world, "v2", "2025-12-31").disputed, "Viettel claimed signal, none was measured");
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::Covered);
}

#[test]
fn a_correction_replaces_from_when_it_was_recorded() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).known("2025-12-05");
    world.signal("v1", "202511", 1.0).known("2025-12-20");
    // The same period of another source is no correction of it.
    world.signal("v2", "202511", 1.0).known("2025-12-05");
    world.signal("v2", "202511", 0.0).source("other").operator("VNPT").known("2025-12-20");
    assert_eq!(world.state("v1", "2025-12-04"), SignalState::Unknown);
    assert_eq!(world.state("v1", "2025-12-19"), SignalState::NoSignal);
    assert_eq!(world.state("v1", "2025-12-20"), SignalState::Covered);
    assert_eq!(world.state("v2", "2025-12-20"), SignalState::Covered, "the best of two voices");
}

#[test]
fn what_a_correction_replaced_does_not_come_back() {
    let mut world = World::new();
    // Corrected: of the twelve samples one was left.
    world.signal("v1", "202511", 1.0).evidence(Evidence::Measured).samples(12).known("2025-12-05");
    world.signal("v1", "202511", 1.0).evidence(Evidence::Measured).samples(1).known("2025-12-20");
    assert_eq!(world.state("v1", "2025-12-19"), SignalState::Covered);
    assert_eq!(world.state("v1", "2025-12-20"), SignalState::Unknown);
    assert!(qualification(&world, "v1", "2025-12-20").insufficient);
}

#[test]
fn a_count_of_clusters_that_grew_stale_leaves_the_village_unknown() {
    let mut world = World::new();
    world.signal("v1", "202511", 1.0).known("2025-11-20");
    world.say("village.clusters_without_signal", "v1", "202507", 0.0).done();
    world.signal("v2", "202511", 1.0).done();
    world.say("village.clusters_without_signal", "v2", "202507", 0.0).done();
    world.signal("v2", "202511", 1.0).point("cluster:a").done();
    assert_eq!(world.state("v1", "2025-11-30"), SignalState::Covered, "still fresh");
    assert_eq!(world.state("v1", "2025-12-31"), SignalState::Unknown);
    assert!(qualification(&world, "v1", "2025-12-31").stale);
    assert_eq!(world.state("v2", "2025-12-31"), SignalState::Covered, "its cluster speaks for itself");
}

#[test]
fn as_of_a_day_is_the_end_of_that_day_in_vietnam() {
    let mut world = World::new();
    world.signal("v1", "202511", 0.0).known_at("2025-12-05T16:59:59Z");
    world.signal("v2", "202511", 0.0).known_at("2025-12-05T17:00:00Z");
    assert_eq!(world.state("v1", "2025-12-05"), SignalState::NoSignal);
    assert_eq!(world.state("v2", "2025-12-05"), SignalState::Unknown, "in Vietnam it was the 6th");
    assert_eq!(world.state("v2", "2025-12-06"), SignalState::NoSignal);
}

#[test]
fn since_is_the_day_the_state_became_known() {
    let mut world = World::new();
    for (period, value, known) in [
        ("202501", 0.0, "2025-02-05"),
        ("202503", 1.0, "2025-04-05"),
        ("202505", 0.0, "2025-06-05"),
        ("202507", 0.0, "2025-08-05"),
    ] {
        world.signal("v1", period, value).known(known);
    }
    let since = |on: &str| world.judge(on).village(world.ix("v1")).unwrap().since;
    assert_eq!(since("2025-09-01"), Some(day("2025-06-05")));
    assert_eq!(since("2025-05-01"), Some(day("2025-04-05")));
    assert_eq!(since("2025-01-31"), None, "nobody had said anything");
}
