//! The sample configuration of `docs/ADDING.md` is read whole, and every kind of fault in it is named by its key.

use std::collections::BTreeMap;

use gapwatch_model::{Indicator, IndicatorSet};
use gapwatch_rules::{Problem, Rules, Targets, check_formulas};

const RULES: &str = include_str!("../../../../fixtures/rules/sample/rules.toml");
const TARGETS: &str = include_str!("../../../../fixtures/rules/sample/targets.toml");
const INDICATORS: &str = include_str!("../../../../fixtures/rules/sample/indicators.toml");

fn indicators() -> IndicatorSet {
    let tables: BTreeMap<String, Indicator> = toml::from_str(INDICATORS).unwrap();
    IndicatorSet::new(tables)
}

fn keys(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.key.as_str()).collect()
}

#[test]
fn the_sample_has_no_fault() {
    let indicators = indicators();
    assert_eq!(check_formulas(&indicators), []);
    let rules = Rules::parse(RULES).unwrap();
    assert_eq!(rules.check(&indicators), []);
    assert_eq!(rules.rules.len(), 6);
    let targets = Targets::parse(TARGETS).unwrap();
    assert_eq!(targets.check(&indicators), []);
    assert_eq!(targets.iter().count(), 4);
}

#[test]
fn faults_of_rules_are_named_all_at_once() {
    let faulty = RULES
        .replace("threshold = 1\n", "threshold = \"one\"\nlimit = 2\n")
        .replace("minimum_points = 4", "minimum_points = 1")
        .replace("from = 70", "from = 95")
        .replace("no_data = \"alerting\"", "no_data = \"loud\"")
        .replace("state = \"pocket\"", "state = \"red\"")
        .replace("[totals]", "[total]")
        .replace("level = \"commune\", indicator", "level = \"village\", indicator");
    let problems = Rules::parse(&faulty).unwrap_err();
    assert_eq!(
        keys(&problems),
        [
            "bands.q766.total",
            "pace.minimum_points",
            "rules.commune-score-urgent.when.level",
            "rules.source-overdue.no_data",
            "rules.village-pocket.when",
            "signal.limit",
            "signal.threshold",
            "total",
        ],
        "{problems:#?}"
    );
}

#[test]
fn faults_of_targets_are_named_all_at_once() {
    let faulty = TARGETS
        .replace("value = 98", "value = 98\nweight = 3")
        .replace("due = 2025-12-31\npath", "due = \"2025-13-31\"\npath")
        .replace("from = 2024-01-01", "from = 2027-01-01")
        .replace("document = \"Kế hoạch mẫu\"", "document = \"\"");
    let problems = Targets::parse(&faulty).unwrap_err();
    assert_eq!(
        keys(&problems),
        [
            "coverage-04-2026.path.from",
            "fibre-2025.due",
            "fibre-difficult-2025.document",
            "on-time-04-2025.weight"
        ],
        "{problems:#?}"
    );
}

#[test]
fn what_names_no_indicator_is_said() {
    let rules = Rules::parse(&RULES.replace("\"q766.payment\"", "\"q766.cash\"")).unwrap();
    assert_eq!(keys(&rules.check(&indicators())), ["totals.q766.total"]);
    let targets = TARGETS.replace("indicator = \"dossier.on_time\"", "indicator = \"dossier.late\"");
    let targets = Targets::parse(&targets.replace("value = 80", "value = 180")).unwrap();
    assert_eq!(keys(&targets.check(&indicators())), ["fibre-2025.value", "on-time-04-2025.indicator"]);
}
