//! `gapwatch rules diff`: which flags a changed configuration would have raised or cleared over history.
//!
//! Reads the store and writes nothing: trying a configuration never puts it in force.

use std::path::Path;

use chrono::NaiveDate;
use gapwatch_model::{FlagState, text};
use gapwatch_rules::{RuleDifference, RulesDiff, Trial, rules_diff};
use serde_json::{Value, json};

use super::{Exit, Outcome, Place, RulesCommand, Stop, load, say, say_json};
use crate::{
    app::App,
    clock,
    config::{Judging, Problem},
    http::place_json,
};

/// Runs `gapwatch rules …`.
pub(crate) fn rules(command: RulesCommand) -> Outcome {
    let RulesCommand::Diff { config, against, data, from, to, json } = command;
    if from > to {
        return Err(Stop::Usage(format!("`{from}` is after `{to}`, expected --from up to --to")));
    }
    let running = load(&Place { config: against.clone().unwrap_or_else(|| config.clone()), data })?;
    // With --against, what NEW does not hold stays as it is.
    let fallback = against.is_some().then(|| Judging::FILES.map(|file| text_of(&running.texts, file)));
    let new = changed(&config, fallback.as_ref())?;
    let app = App::look_at(running)?;
    let old = match against {
        Some(_) => app.config.judging.clone(),
        None => app.in_force(app.clock.now())?,
    };
    let found = compare(&app, &old, &new, from, to)?;
    if json {
        say_json(&diff_json(&app, &found)?);
        return Ok(Exit::Done);
    }
    say(&format!(
        "{} → {}: {} khác biệt; cảnh báo đang bật ngày {}: {} → {}",
        old.rules.version,
        new.rules.version,
        found.differences.len(),
        text::date(to),
        found.firing_old,
        found.firing_new
    ));
    for difference in &found.differences {
        say(&format!(
            "{}\t{}\t{} → {}\t{}",
            text::date(difference.on),
            difference.key,
            state(difference.old),
            state(difference.new),
            difference.explanation_vi
        ));
    }
    Ok(Exit::Done)
}

fn text_of(texts: &std::collections::BTreeMap<&'static str, String>, file: &str) -> String {
    texts.get(file).cloned().unwrap_or_default()
}

/// Reads the configuration to try.
fn changed(dir: &Path, fallback: Option<&[String; 3]>) -> Result<Judging, Stop> {
    let mut texts = [const { String::new() }; 3];
    let mut problems = Vec::new();
    let mut any = false;
    for (at, (file, text)) in Judging::FILES.iter().zip(&mut texts).enumerate() {
        match (std::fs::read_to_string(dir.join(file)), fallback.and_then(|texts| texts.get(at))) {
            (Ok(read), _) => {
                *text = read;
                any = true;
            }
            (Err(error), Some(same)) if error.kind() == std::io::ErrorKind::NotFound => text.clone_from(same),
            (Err(error), _) => problems.push(Problem::file(file, &format!("cannot be read: {error}"))),
        }
    }
    if !any && problems.is_empty() {
        let expected = Judging::FILES.join(", ");
        return Err(Stop::Usage(format!("`{}` holds no change, expected one of {expected}", dir.display())));
    }
    if !problems.is_empty() {
        return Err(Stop::Problems(problems));
    }
    let [indicators, rules, targets] = &texts;
    Judging::read([indicators, rules, targets]).map_err(Stop::Problems)
}

fn compare(
    app: &App,
    old: &Judging,
    new: &Judging,
    from: NaiveDate,
    to: NaiveDate,
) -> anyhow::Result<RulesDiff> {
    // What has not happened yet cannot differ.
    let to = to.min(app.clock.now().date_naive());
    let (_, facts) = app.facts()?;
    let gazetteer = facts.gazetteer();
    let seen = |judging: &Judging| {
        facts.seen_with(std::sync::Arc::clone(gazetteer), std::sync::Arc::clone(&judging.indicators))
    };
    let (facts_old, facts_new) = (seen(old), seen(new));
    let trial = |judging, facts| {
        let Judging { rules, targets, .. }: &Judging = judging;
        Trial { facts, rules: rules.as_ref(), targets: targets.as_ref() }
    };
    rules_diff(trial(old, &facts_old), trial(new, &facts_new), from, to, |day| {
        let at = clock::end_of(day);
        app.sources(app.home(gazetteer, at)?, at)
    })
}

fn state(state: Option<FlagState>) -> &'static str {
    state.map_or("-", FlagState::as_str)
}

fn diff_json(app: &App, found: &RulesDiff) -> anyhow::Result<Value> {
    let gazetteer = app.gazetteer()?;
    let row = |difference: &RuleDifference| {
        let place = gazetteer.ix(&difference.key.place).map(|ix| place_json(gazetteer.get(ix)));
        json!({
            "on": difference.on, "id": difference.key, "rule": difference.key.rule, "place": place,
            "old": difference.old, "new": difference.new,
            "explanation": difference.explanation_vi, "explanation_en": difference.explanation_en,
        })
    };
    Ok(json!({
        "firing": {"old": found.firing_old, "new": found.firing_new},
        "differences": found.differences.iter().map(row).collect::<Vec<_>>(),
    }))
}
