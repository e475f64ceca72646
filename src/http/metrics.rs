//! `/metrics` in the Prometheus text format: what a machine needs to know of this program and its sources.

use std::fmt::Write;

use axum::{extract::State, http::header, response::IntoResponse};

use super::error::HttpResult;
use crate::app::Shared;

/// Letters of an error that are said. The pages and the log have all of it.
const ERROR_CHARS: usize = 200;

/// Answers the metrics.
///
/// # Errors
/// 500 when the store cannot be read.
pub(crate) async fn text(State(app): State<Shared>) -> HttpResult<impl IntoResponse> {
    let text = tokio::task::spawn_blocking(move || gather(&app)).await??;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

fn gather(app: &Shared) -> anyhow::Result<String> {
    let now = app.clock.now();
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, samples: &[(String, f64)]| -> std::fmt::Result {
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        for (labels, value) in samples {
            writeln!(text, "{name}{labels} {value}")?;
        }
        Ok(())
    };
    let label = |name: &str| label("collector", name);
    metric(
        "gapwatch_ready",
        "gauge",
        "1 once the program can serve.",
        &[(String::new(), flag(app.is_ready()))],
    )?;
    let (mut succeeded, mut age, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for name in app.config.collectors.keys() {
        let Some(run) = app.store.last_run(&name.as_str().into(), Some(now))? else { continue };
        succeeded.push((label(name), flag(!matches!(run.outcome.as_str(), "failed" | "quarantined"))));
        rejected.push((label(name), f64::from(run.rejected)));
        let seconds = (now - run.finished).num_seconds();
        age.push((label(name), f64::from(i32::try_from(seconds).unwrap_or(i32::MAX))));
    }
    metric("gapwatch_collector_last_run_succeeded", "gauge", "1 if the last run went in.", &succeeded)?;
    metric("gapwatch_collector_last_run_age_seconds", "gauge", "Seconds since the last run ended.", &age)?;
    metric(
        "gapwatch_collector_last_run_rejected_rows",
        "gauge",
        "Rows of the last run that did not go in.",
        &rejected,
    )?;
    if let Some(spool) = app.store.spool()? {
        let seconds = spool.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0));
        let one = |value: f64| [(String::new(), value)];
        let mut gauge = |name: &str, help: &str, value: f64| metric(name, "gauge", help, &one(value));
        gauge("gapwatch_spool_frames", "Frames that wait for InfluxDB.", number(spool.frames))?;
        gauge("gapwatch_spool_points", "Points that wait for InfluxDB.", number(spool.points))?;
        gauge("gapwatch_spool_capacity_points", "Points that may wait.", number(spool.most))?;
        gauge(
            "gapwatch_spool_oldest_age_seconds",
            "Age of the oldest that waits.",
            number(seconds.unsigned_abs()),
        )?;
        gauge(
            "gapwatch_spool_failed_attempts",
            "Failures since the last success.",
            f64::from(spool.attempts),
        )?;
        let error = spool.error.map(|error| {
            let error: String = error.chars().take(ERROR_CHARS).collect();
            (self::label("error", &error), 1.0)
        });
        metric("gapwatch_spool_last_error", "gauge", "1 for why the last attempt failed.", error.as_slice())?;
    }
    let (mut depth, mut oldest, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let waiting = app.store.outbox()?;
    for receiver in &app.config.program.notify {
        let label = self::label("receiver", &receiver.name);
        let status = waiting.iter().find(|status| status.receiver == receiver.name);
        let seconds = status.map_or(0, |status| (now - status.oldest).num_seconds().max(0).unsigned_abs());
        depth.push((label.clone(), number(status.map_or(0, |status| status.depth))));
        oldest.push((label.clone(), number(seconds)));
        failed.push((label, f64::from(status.map_or(0, |status| status.attempts))));
    }
    metric("gapwatch_outbox_messages", "gauge", "Messages that wait for their receiver.", &depth)?;
    metric("gapwatch_outbox_oldest_age_seconds", "gauge", "Age of the oldest message that waits.", &oldest)?;
    metric(
        "gapwatch_outbox_failed_attempts",
        "gauge",
        "Most failed attempts of a message that waits.",
        &failed,
    )?;
    if let Some(world) = app.newest_world() {
        let firing: Vec<(String, f64)> = world
            .firing_by_rule()
            .into_iter()
            .map(|(rule, n)| (format!("{{rule=\"{rule}\"}}"), f64::from(n)))
            .collect();
        metric("gapwatch_flags_firing", "gauge", "Flags that are firing.", &firing)?;
    }
    Ok(text)
}

fn label(kind: &str, name: &str) -> String {
    format!("{{{kind}=\"{}\"}}", name.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n"))
}

fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}
