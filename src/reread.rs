//! After a decision about a name, the rows that waited for it go in: their files are read again, nothing else of them.

use std::{collections::BTreeSet, sync::PoisonError};

use anyhow::ensure;
use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::{Fetched, Reading};
use gapwatch_model::{Batch, Frame, NewPlaces, Outcome, PlaceIx, Point, Run, RunId};
use gapwatch_store::RunQuery;

use crate::{
    app::App,
    collect::{self, Cause},
};

/// Runs looked through for the question, newest first: as many as the review list looks through.
const RUNS: u32 = crate::review::RUNS;

/// Takes in the rows that waited for the answer to a question, from every file that asked it. Of a file that came
/// several times only its last content counts. A row goes in only where nothing is known in its place: what came later
/// from elsewhere is never undone. Blocking.
///
/// # Errors
/// When the store cannot be read or written.
pub(crate) fn after_decision(
    app: &App,
    key: &str,
    by: &str,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<Vec<RunId>> {
    let mut seen = BTreeSet::new();
    let mut asked = Vec::new();
    for run in app.store.runs(&RunQuery { limit: Some(RUNS), ..RunQuery::default() })? {
        let newest = run.content_hash.is_some() && seen.insert((run.collector.clone(), run.file.clone()));
        if !newest || !matches!(run.outcome, Outcome::Partial) {
            continue;
        }
        let rejects = app.store.rejects(run.id)?;
        let lines: BTreeSet<u32> =
            rejects.iter().filter(|one| one.decision_key == key).map(|one| one.line).collect();
        if !lines.is_empty() {
            asked.push((run, lines));
        }
    }
    let mut done = Vec::new();
    // Oldest first, as they came.
    for (run, lines) in asked.into_iter().rev() {
        match again(app, &run, &lines, by, now) {
            Ok(id) => done.extend(id),
            Err(error) => tracing::error!(run = run.id.0, "cannot read a file again: {error:#}"),
        }
    }
    Ok(done)
}

/// Reads the file of a run again and takes in what stands on the lines. `None` where it brings nothing.
fn again(
    app: &App,
    before: &Run,
    lines: &BTreeSet<u32>,
    by: &str,
    now: DateTime<FixedOffset>,
) -> anyhow::Result<Option<RunId>> {
    let (Some(hash), Some(file)) = (&before.content_hash, &before.file) else { return Ok(None) };
    let Some((_, bytes)) = app.store.file(hash)? else { return Ok(None) };
    let name = before.collector.as_str();
    let Ok(collector) = app.collector(name) else { return Ok(None) };
    let alone = app.intake.lock().unwrap_or_else(PoisonError::into_inner);
    let day = gapwatch_collectors::day_of(collector, file, before.started.date_naive());
    let reading = collect::read(app, name, &Fetched::given(file, bytes, day), now)?;
    let known = u32::try_from(app.gazetteer()?.len()).unwrap_or(u32::MAX);
    let others = split(&reading, |point| !lines.contains(&point.row) && point.place.0 < known);
    ensure!(
        app.store.compare(&others, now)?.counts.imported == 0,
        "the collector reads it differently by now: it has to be brought again"
    );
    let mut frames = split(&reading, |point| lines.contains(&point.row));
    for frame in &mut frames {
        // Villages made by this decision have no number yet: nothing is known of them.
        let (old, mut kept): (Vec<Point>, Vec<Point>) =
            frame.points.iter().partition(|point| point.place.0 < known);
        for point in old {
            let alone = Frame { key: frame.key.clone(), points: vec![point] };
            if app.store.compare(&[alone], now)?.counts.imported == 1 {
                kept.push(point);
            }
        }
        kept.sort_by_key(|point| point.place);
        frame.points = kept;
    }
    frames.retain(|frame| !frame.points.is_empty());
    if frames.is_empty() {
        return Ok(None);
    }
    let rows: BTreeSet<u32> = frames.iter().flat_map(|frame| &frame.points).map(|point| point.row).collect();
    let rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    // What is rejected or asked in the file still is: the record of this run is the newest of it.
    let rejected: BTreeSet<u32> = reading.rejects.iter().map(|reject| reject.line).collect();
    let rejected = u32::try_from(rejected.len()).unwrap_or(u32::MAX);
    let run = Run {
        read: rows.saturating_add(rejected),
        accepted: rows,
        rejected,
        content_hash: Some(hash.clone()),
        file: Some(file.clone()),
        finished: app.clock.now().max(now),
        message: Some(format!("đọc lại các dòng chờ quyết định của lần chạy {}", before.id)),
        ..collect::draft(
            name,
            &Cause::Person(by.to_owned()),
            now,
            if rejected == 0 { Outcome::Succeeded } else { Outcome::Partial },
        )
    };
    let new_places = NewPlaces { first: PlaceIx(known), places: reading.new_places };
    let appended = app.store.append(&Batch { run, frames, rejects: reading.rejects, new_places })?;
    drop(alone);
    tracing::info!(collector = name, run = appended.run.0, rows, "rows taken in after a decision");
    Ok(Some(appended.run))
}

/// The frames of a reading with the points that are wanted, without those that keep none.
fn split(reading: &Reading, wanted: impl Fn(&Point) -> bool) -> Vec<Frame> {
    let mut frames = reading.frames.clone();
    for frame in &mut frames {
        frame.points.retain(&wanted);
    }
    frames.retain(|frame| !frame.points.is_empty());
    frames
}
