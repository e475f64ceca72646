//! `/sources` and `/runs/{id}`: how the collectors are, what they did, and every row that did not go in.

use std::collections::BTreeMap;

use gapwatch_collectors::{CollectorConfig, config::Source};
use gapwatch_dashboards::{
    Lang, Markup,
    pages::{
        run,
        sources::{CollectorRow, Health, Receiver, Spool, View, render},
    },
    part::Link,
    shell::percent_encode,
    table::State,
};
use gapwatch_model::{Outcome, Reject, RejectCode, Run, RunId, Subject};
use gapwatch_store::{Query as SeriesQuery, RunQuery};

use super::fill::Fill;
use crate::{
    app::App,
    config,
    http::{Asked, HttpError, HttpResult},
    schedule, tell,
    world::SOURCE_OVERDUE,
};

/// Runs listed.
const RUNS: u32 = 50;
/// Outcomes drawn for each collector.
const RECENT: usize = 12;
/// Rejects on one page.
const REJECTS: usize = 200;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let chosen = asked.query.get("collector");
    let mut collectors = Vec::new();
    for (name, collector) in &app.config.collectors {
        collectors.push(row(&fill, asked, name, collector)?);
    }
    let before = asked.query.get("before").and_then(|id| id.parse().ok()).map(RunId);
    let limit = Some(RUNS + 1);
    let mut runs = app.store.runs(&RunQuery {
        collector: chosen.map(Into::into),
        as_of: Some(world.at),
        before,
        limit,
    })?;
    let more = runs.len() > RUNS as usize;
    runs.truncate(RUNS as usize);
    let older =
        runs.last().filter(|_| more).map(|run| asked.address.with(&[("before", Some(&run.id.to_string()))]));
    let held = app.store.waiting()?.len();
    let questions = app.questions(world.at)?.len();
    let view = View {
        collectors,
        chosen: chosen.map(Into::into),
        runs,
        older,
        spool: spool(app)?,
        receivers: receivers(app)?,
        reviews_open: u64::try_from(questions).unwrap_or(u64::MAX),
        quarantined: u64::try_from(held).unwrap_or(u64::MAX),
    };
    Ok(render(&asked.shell(app, vec![fill.link(world.home)]), &view))
}

/// The spool before InfluxDB as it stands now, whatever day is asked for.
fn spool(app: &App) -> HttpResult<Option<Spool>> {
    let now = app.clock.now();
    Ok(app.store.spool()?.map(|spool| Spool {
        batches: spool.frames,
        points: spool.points,
        capacity_points: spool.most,
        oldest_age_s: spool.oldest.map(|oldest| (now - oldest).num_seconds().max(0).unsigned_abs()),
        failed_attempts: spool.attempts,
        next_attempt: spool.next,
        last_error: spool.error,
    }))
}

/// How the messages for every receiver stand now, whatever day is asked for.
fn receivers(app: &App) -> HttpResult<Vec<Receiver>> {
    let (now, waiting) = (app.clock.now(), app.store.outbox()?);
    let receiver = |one: &config::Receiver| {
        let waiting = waiting.iter().find(|waiting| waiting.receiver == one.name);
        Receiver {
            name: one.name.clone(),
            mail: one.mail.is_some(),
            quiet: tell::is_quiet(one, now),
            waiting: waiting.map_or(0, |waiting| waiting.depth),
            oldest: waiting.map(|waiting| waiting.oldest),
            failed_attempts: waiting.map_or(0, |waiting| waiting.attempts),
            next_attempt: waiting.filter(|waiting| waiting.attempts > 0).map(|waiting| waiting.next),
            last_error: waiting.and_then(|waiting| waiting.error.clone()),
        }
    };
    Ok(app.config.program.notify.iter().map(receiver).collect())
}

fn row(fill: &Fill<'_>, asked: &Asked, name: &str, collector: &CollectorConfig) -> HttpResult<CollectorRow> {
    let at = fill.world.at;
    let limit = u32::try_from(RECENT).ok();
    let runs = fill.app.store.runs(&RunQuery {
        collector: Some(name.into()),
        as_of: Some(at),
        limit,
        before: None,
    })?;
    let last = runs.first().cloned();
    let newest = fill.app.store.last_brought(Some(&name.into()), Some(at))?;
    let plan = schedule::plan(collector);
    let overdue = fill.world.judgement.raised.iter().any(|raised| {
        raised.key.rule.as_str() == SOURCE_OVERDUE
            && matches!(&raised.key.subject, Subject::Source(source) if source.as_str() == name)
    });
    let health = match &last {
        None => Health::NeverRan,
        _ if fill.app.is_paused(name) => Health::Paused,
        Some(run) if run.outcome == Outcome::Quarantined => Health::Quarantined,
        Some(run) if run.outcome == Outcome::Failed => Health::Failing,
        Some(_) if overdue => Health::Overdue,
        Some(_) => Health::Good,
    };
    let mut recent: Vec<Outcome> = runs.iter().take(RECENT).map(|run| run.outcome).collect();
    recent.reverse();
    Ok(CollectorRow {
        name: name.into(),
        title: fill.collector_title(name),
        location: location(&collector.source),
        schedule: in_words(asked.lang, collector),
        health,
        next: plan.filter(|plan| !plan.paused()).and_then(|plan| plan.next_after(at)),
        overdue_periods: u32::from(overdue),
        open_rejects: newest.as_ref().map_or(0, |run| run.rejected),
        recent,
        age_days: newest.map(|run| (fill.day() - run.finished.date_naive()).num_days()),
        last,
    })
}

fn location(source: &Source) -> String {
    match source {
        Source::File(file) => file.path.clone(),
        Source::Folder(folder) => folder.path.clone(),
        Source::Http(http) => http.url.clone(),
        Source::Push => "POST /api/v2/write".to_owned(),
    }
}

fn in_words(lang: Lang, collector: &CollectorConfig) -> String {
    match &collector.schedule {
        None => lang.pick("không tự chạy", "does not run by itself").to_owned(),
        Some(schedule) => lang.pick(
            format!("cron {} ({})", schedule.cron, schedule.time_zone),
            format!("cron {} ({})", schedule.cron, schedule.time_zone),
        ),
    }
}

/// Makes the page of one run.
pub(crate) fn run(app: &App, asked: &Asked, id: &str) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let number = RunId(id.parse().map_err(|_| HttpError::not_found(id))?);
    let found = app
        .store
        .run(number)?
        .filter(|run| run.finished <= asked.as_of.now)
        .ok_or_else(|| HttpError::not_found(id))?;
    let rejects = app.store.rejects(number)?;
    let row: Option<u32> = asked.query.get("row").and_then(|row| row.parse().ok());
    let mut counts: BTreeMap<RejectCode, u64> = BTreeMap::new();
    for reject in &rejects {
        *counts.entry(reject.code).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let against = |at: usize, cursor: &str| Some((at + 1).cmp(&cursor.parse().ok()?));
    let window = super::window(&asked.query, rejects.len(), REJECTS, against, |at| (at + 1).to_string());
    let number_of = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let table = State {
        matching: number_of(rejects.len()),
        total: number_of(rejects.len()),
        first: if rejects.is_empty() { 0 } else { number_of(window.range.start + 1) },
        before: window.before,
        after: window.after,
        ..State::default()
    };
    let shown: Vec<Reject> = rejects.get(window.range).unwrap_or_default().to_vec();
    let kept = match &found.content_hash {
        Some(hash) => app.store.file(hash)?.is_some(),
        None => false,
    };
    let title = fill.collector_title(found.collector.as_str());
    let view = run::View {
        title,
        file_href: kept.then(|| format!("/runs/{number}/file")),
        report_href: (kept && !rejects.is_empty()).then(|| format!("/runs/{number}/report")),
        counts,
        rejects: shown,
        table,
        row,
        row_brought: match row {
            Some(row) => row_brought(&fill, &found, row)?,
            None => Vec::new(),
        },
        run: found,
    };
    let back = Link::new(asked.lang.pick("Nguồn số liệu", "Sources"), "/sources");
    let collector = Link::new(
        view.title.clone(),
        format!("/sources?collector={}", percent_encode(view.run.collector.as_str())),
    );
    Ok(run::render(&asked.shell(app, vec![fill.link(world.home), back, collector]), &view))
}

/// What one row of a run's file brought, in words.
fn row_brought(fill: &Fill<'_>, run: &Run, row: u32) -> HttpResult<Vec<String>> {
    let mut brought = Vec::new();
    for indicator in fill.world.facts.indicators().iter() {
        let asked = SeriesQuery {
            sources: Some(vec![run.collector.clone()]),
            as_of: Some(run.finished),
            ..SeriesQuery::new(indicator.id.clone())
        };
        fill.app.store.series().revisions(&asked, &mut |head, points| {
            if head.run != run.id {
                return;
            }
            for point in points.iter().filter(|point| point.row == row) {
                let place = fill.gazetteer().get(point.place).full_name();
                let about: Vec<&str> = [&head.key.dimensions.operator, &head.key.dimensions.technology]
                    .into_iter()
                    .flatten()
                    .map(|s| &**s)
                    .collect();
                let value = match point.value.amount() {
                    Some(amount) => fill.lang.number_up_to(amount, 2),
                    None => fill.lang.pick("không có giá trị (0/0)", "no value (0/0)").to_owned(),
                };
                let name = fill.indicator_name(indicator);
                let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(" ")) };
                brought
                    .push(format!("{name}{about}, {place}, {}: {value}", fill.lang.period(head.key.period)));
            }
        })?;
    }
    Ok(brought)
}
