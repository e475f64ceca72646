//! One run of a collector, from fetching to the flags it changes. Whatever happens, it leaves a record.

use std::sync::{Arc, PoisonError};

use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::{Breach, Fetched, Reading, Report};
use gapwatch_model::{Batch, Frame, NewPlaces, Outcome, PlaceIx, Run, RunId};
use gapwatch_store::Counts;
use serde_json::{Value, json};

use crate::app::{App, Shared};

/// Why a collector runs.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// Its schedule.
    Planned(DateTime<FixedOffset>),
    /// Its schedule, replayed from a story: a look that finds nothing new leaves no record.
    Replayed(DateTime<FixedOffset>),
    /// A person, by name.
    Person(String),
}

/// What became of one file.
#[derive(Debug)]
pub(crate) struct Collected {
    /// The record, as stored.
    pub(crate) run: Run,
    /// What was read, unless nothing was.
    pub(crate) reading: Option<Reading>,
    /// Promises of the source that are broken: the batch is held back.
    pub(crate) breaches: Vec<Breach>,
    /// What changed in the store, or would.
    pub(crate) counts: Counts,
}

/// Runs a collector once. Several files are several records.
pub(crate) async fn run(
    app: &Shared,
    name: &str,
    cause: &Cause,
    now: DateTime<FixedOffset>,
) -> Vec<Collected> {
    let started = tokio::time::Instant::now();
    let mut collected = Vec::new();
    match fetch(app, name, now).await {
        Err(message) => {
            collected.push(keep(app, failed(name, cause, now, message)).await);
        }
        Ok(files) => {
            let newest = files.last().cloned();
            for file in files {
                let taken = Fetched { bytes: Vec::new(), ..file.clone() };
                if taken.unchanged {
                    put_away(app, name, &taken);
                    continue;
                }
                let done = match read_one(app, name, cause, file, now).await {
                    Ok(done) => {
                        put_away(app, name, &taken);
                        done
                    }
                    // Without the hash of its content: it was not taken in, so the next run reads it again.
                    Err(message) => {
                        let run = Run { file: Some(taken.file), ..failed(name, cause, now, message) };
                        keep(app, run).await
                    }
                };
                collected.push(done);
            }
            if collected.is_empty() && !matches!(cause, Cause::Replayed(_)) {
                collected.push(keep(app, nothing_new(name, cause, now, newest)).await);
            }
        }
    }
    for done in &collected {
        let run = &done.run;
        tracing::info!(
            collector = name,
            run = run.id.0,
            outcome = run.outcome.as_str(),
            file = run.file.as_deref().unwrap_or("-"),
            read = run.read,
            rejected = run.rejected,
            duration_ms = started.elapsed().as_millis(),
            "collected"
        );
    }
    collected
}

/// Judges what is known now and records the flags that changed. A failure is logged: the next run tries again.
pub(crate) async fn judge(app: &Shared, now: DateTime<FixedOffset>) {
    let shared = Shared::clone(app);
    let judged = tokio::task::spawn_blocking(move || shared.refresh_flags(now)).await;
    match judged {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!("cannot judge: {error:#}"),
        Err(error) => tracing::error!("judging ended early: {error}"),
    }
}

/// Stores a record without content. A failure is logged: there is nobody else to tell.
pub(crate) fn record(app: &App, run: Run) {
    if let Err(error) = app.store.append(&bare(run)) {
        tracing::error!("cannot record a run: {error}");
    }
}

/// A record that brings nothing.
fn bare(run: Run) -> Batch {
    Batch { run, frames: Vec::new(), rejects: Vec::new(), new_places: NewPlaces::default() }
}

async fn fetch(app: &Shared, name: &str, now: DateTime<FixedOffset>) -> Result<Vec<Fetched>, String> {
    let collector = app.config.collectors.get(name).ok_or_else(|| format!("không có nguồn tên “{name}”"))?;
    let told = app.telling(now).map_err(|error| format!("{error:#}"))?;
    let context = told.context(app);
    let previous = |file: &str| app.known(&collector.name, file);
    let files =
        gapwatch_collectors::fetch(collector, &context, &previous).await.map_err(|error| error.sentence())?;
    app.remember(&collector.name, &files);
    Ok(files)
}

/// Archives a file of a watched folder, once its record is stored. What cannot be moved is looked at again next time.
fn put_away(app: &App, name: &str, file: &Fetched) {
    let Some(collector) = app.config.collectors.get(name) else { return };
    if let Err(error) = gapwatch_collectors::fetch::archive(collector, &app.config.dir, file) {
        tracing::error!(collector = name, "cannot archive a file: {error}");
    }
}

/// Reads one file and takes it in. `Err` is the sentence that says why nothing of it was.
async fn read_one(
    app: &Shared,
    name: &str,
    cause: &Cause,
    file: Fetched,
    now: DateTime<FixedOffset>,
) -> Result<Collected, String> {
    let slot = app.reading.acquire().await;
    let shared = Shared::clone(app);
    let draft = draft(name, cause, now, Outcome::Failed);
    let name = name.to_owned();
    let read = tokio::task::spawn_blocking(move || take_in(&shared, &name, draft, &file, now)).await;
    drop(slot);
    let failed = match read {
        Ok(Ok(collected)) => return Ok(collected),
        Ok(Err(error)) => format!("{error:#}"),
        Err(error) => error.to_string(),
    };
    tracing::error!("cannot take a file in: {failed}");
    Err(format!("không lưu được gì của tệp này; lần sau sẽ đọc lại: {failed}"))
}

/// Reads a file, holds it against the source's contract and stores it, whole. Blocking.
///
/// # Errors
/// When the store refuses.
pub(crate) fn take_in(
    app: &App,
    name: &str,
    mut run: Run,
    file: &Fetched,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<Collected> {
    let alone = app.intake.lock().unwrap_or_else(PoisonError::into_inner);
    let reading = read(app, name, file, now)?;
    run.file = Some(file.file.clone());
    run.content_hash = Some(file.content_hash.clone());
    (run.read, run.accepted, run.rejected) = (reading.read, reading.accepted, reading.rejected);
    run.outcome = reading.outcome();
    if run.outcome == Outcome::Failed {
        run.message = reading.rejects.first().map(|reject| reject.sentence.clone());
    }
    run.finished = app.clock.now().max(now);
    app.store.keep_file(&file.content_hash, &file.file, &file.bytes)?;
    let breaches = app.breaches(name, &reading)?;
    let batch = Batch {
        run,
        frames: reading.frames.clone(),
        rejects: reading.rejects.clone(),
        new_places: new_places(app, &reading)?,
    };
    if breaches.is_empty() {
        // Before the run: a process that ends between the two reads the file again and finds the same.
        app.keep_stations(name, &reading.stations, batch.run.finished)?;
        let appended = app.store.append(&batch)?;
        app.remember_shape(name, &reading)?;
        drop(alone);
        let run = Run { id: appended.run, ..batch.run };
        return Ok(Collected { run, reading: Some(reading), breaches, counts: appended.counts });
    }
    let mut batch = batch;
    batch.run.outcome = Outcome::Quarantined;
    batch.run.message = Some(sentences(&breaches));
    let id = app.store.quarantine(&batch)?;
    app.hold_shape(id, name, &reading)?;
    Ok(Collected {
        run: Run { id, ..batch.run },
        reading: Some(reading),
        breaches,
        counts: Counts::default(),
    })
}

/// The places a reading makes. While the intake is locked, nobody else in this process makes any.
fn new_places(app: &App, reading: &Reading) -> anyhow::Result<NewPlaces> {
    let first = PlaceIx(u32::try_from(app.gazetteer()?.len()).unwrap_or(u32::MAX));
    Ok(NewPlaces { first, places: reading.new_places.clone() })
}

/// Says what taking a file in would do. Nothing is stored. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn try_out(
    app: &App,
    name: &str,
    file: &Fetched,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<Collected> {
    let reading = read(app, name, file, now)?;
    let mut run = draft(name, &Cause::Person(String::new()), now, reading.outcome());
    run.file = Some(file.file.clone());
    run.content_hash = Some(file.content_hash.clone());
    (run.read, run.accepted, run.rejected) = (reading.read, reading.accepted, reading.rejected);
    let breaches = app.breaches(name, &reading)?;
    if !breaches.is_empty() {
        run.outcome = Outcome::Quarantined;
        run.message = Some(sentences(&breaches));
    }
    let counts = changes(app, &reading.frames, &new_places(app, &reading)?, now)?;
    Ok(Collected { run, reading: Some(reading), breaches, counts })
}

/// Says what frames would change. All is new of places that would be made. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn changes(
    app: &App,
    frames: &[Frame],
    made: &NewPlaces,
    at: DateTime<FixedOffset>,
) -> anyhow::Result<Counts> {
    let mut frames = frames.to_vec();
    let mut new = 0_u32;
    for frame in &mut frames {
        let before = frame.points.len();
        frame.points.retain(|point| made.get(point.place).is_none());
        new += u32::try_from(before - frame.points.len()).unwrap_or(u32::MAX);
    }
    let mut counts = app.store.compare(&frames, at)?.counts;
    counts.imported += new;
    Ok(counts)
}

/// Fetches what a collector would and says what taking it in would do. Nothing is stored.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn dry_run(
    app: &Shared,
    name: &str,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<Vec<Collected>> {
    let nobody = Cause::Person(String::new());
    let files = match fetch(app, name, now).await {
        Ok(files) => files,
        Err(message) => return Ok(vec![nothing_read(failed(name, &nobody, now, message))]),
    };
    let newest = files.last().cloned();
    let mut collected = Vec::new();
    for file in files.into_iter().filter(|file| !file.unchanged) {
        let (shared, name) = (Shared::clone(app), name.to_owned());
        collected.push(tokio::task::spawn_blocking(move || try_out(&shared, &name, &file, now)).await??);
    }
    if collected.is_empty() {
        collected.push(nothing_read(nothing_new(name, &nobody, now, newest)));
    }
    Ok(collected)
}

/// Reads a file as the collector would, and stores nothing. Blocking.
///
/// # Errors
/// When the places or decisions cannot be read.
pub(crate) fn read(
    app: &App,
    name: &str,
    file: &Fetched,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<Reading> {
    let collector = app.collector(name)?;
    let told = app.telling(now)?;
    Ok(gapwatch_collectors::read(collector, file, &told.context(app)))
}

/// What an import did or would do, in the shape importers expect; all zero where nothing was read.
#[must_use]
pub(crate) fn report(done: &Collected, dry_run: bool) -> Report {
    let nothing = Reading::default();
    let reading = done.reading.as_ref().unwrap_or(&nothing);
    let mut report = Report::new(reading, done.breaches.clone(), dry_run, &|_, _| None);
    done.run.outcome.as_str().clone_into(&mut report.outcome);
    report.import_count.imported = done.counts.imported;
    report.import_count.updated = done.counts.updated;
    report.import_count.ignored = done.counts.ignored;
    report
}

/// The same as JSON, with the run's number, file and message.
#[must_use]
pub(crate) fn reply(done: &Collected, dry_run: bool) -> Value {
    let mut reply = json!(report(done, dry_run));
    if let Some(fields) = reply.as_object_mut() {
        fields.insert("file".to_owned(), json!(done.run.file));
        fields.insert("message".to_owned(), json!(done.run.message));
        fields.insert("run".to_owned(), json!((!dry_run && done.run.id.0 > 0).then_some(done.run.id)));
    }
    reply
}

fn sentences(breaches: &[Breach]) -> String {
    breaches.iter().map(|breach| breach.sentence.as_str()).collect::<Vec<_>>().join("; ")
}

/// The record of a run that starts now.
#[must_use]
pub(crate) fn draft(name: &str, cause: &Cause, now: DateTime<FixedOffset>, outcome: Outcome) -> Run {
    Run {
        id: RunId(0),
        collector: name.into(),
        planned: match cause {
            Cause::Planned(at) | Cause::Replayed(at) => Some(*at),
            Cause::Person(_) => None,
        },
        started: now,
        finished: now,
        outcome,
        read: 0,
        accepted: 0,
        rejected: 0,
        content_hash: None,
        file: None,
        message: None,
        by: match cause {
            Cause::Planned(_) | Cause::Replayed(_) => None,
            Cause::Person(name) => Some(name.clone()),
        },
    }
}

/// The record of a run that did not work.
fn failed(name: &str, cause: &Cause, now: DateTime<FixedOffset>, message: String) -> Run {
    Run { message: Some(message), ..draft(name, cause, now, Outcome::Failed) }
}

/// The record of a run that found nothing, or nothing new.
fn nothing_new(name: &str, cause: &Cause, now: DateTime<FixedOffset>, newest: Option<Fetched>) -> Run {
    let Some(newest) = newest else {
        let message = "không có tệp hoặc dữ liệu nào để thu thập".to_owned();
        return Run { message: Some(message), ..draft(name, cause, now, Outcome::Empty) };
    };
    Run {
        file: Some(newest.file),
        content_hash: Some(newest.content_hash),
        message: Some("nội dung giống lần trước: không có gì thay đổi".to_owned()),
        ..draft(name, cause, now, Outcome::Unchanged)
    }
}

/// Stores a record without content that ends now. Where the store refuses even that, the run failed, whatever it was.
async fn keep(app: &Shared, run: Run) -> Collected {
    let shared = Arc::clone(app);
    let run = Run { finished: app.clock.now().max(run.started), ..run };
    let batch = bare(run.clone());
    let run = match tokio::task::spawn_blocking(move || shared.store.append(&batch)).await {
        Ok(Ok(appended)) => Run { id: appended.run, ..run },
        Ok(Err(error)) => unrecorded(run, &error),
        Err(error) => unrecorded(run, &error),
    };
    nothing_read(run)
}

fn nothing_read(run: Run) -> Collected {
    Collected { run, reading: None, breaches: Vec::new(), counts: Counts::default() }
}

fn unrecorded(run: Run, error: &dyn std::error::Error) -> Run {
    tracing::error!("cannot record a run: {error}");
    let message = run.message.filter(|_| run.outcome == Outcome::Failed);
    let message = message.unwrap_or_else(|| format!("không ghi lại được lần chạy này: {error}"));
    Run { outcome: Outcome::Failed, message: Some(message), ..run }
}
