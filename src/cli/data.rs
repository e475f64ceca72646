//! Running a collector and importing a file by hand.

use std::path::Path;

use anyhow::Context;
use chrono::NaiveDate;
use gapwatch_collectors::Fetched;
use gapwatch_model::{Outcome as RunOutcome, Run};

use super::{Exit, How, Outcome, Place, Stop, complain, open, runtime, say, say_json};
use crate::{
    app::App,
    collect::{self, Cause, Collected},
};

/// Name in the records of what the command line started.
const BY: &str = "command line";

/// `gapwatch collect`
pub(crate) fn collect(name: &str, place: &Place, how: How) -> Outcome {
    let app = open(place)?.shared();
    app.collector(name).map_err(|error| Stop::Usage(error.to_string()))?;
    let collected = if how.dry_run {
        runtime()?.block_on(collect::dry_run(&app, name, app.clock.now()))?
    } else {
        runtime()?.block_on(async {
            let cause = Cause::Person(BY.to_owned());
            let collected = collect::run(&app, name, &cause, app.clock.now()).await;
            collect::judge(&app, app.clock.now()).await;
            collected
        })
    };
    if !how.dry_run {
        deliver(&app)?;
    }
    Ok(answer(&collected, how))
}

/// `gapwatch import`
pub(crate) fn import(
    file: &Path,
    name: &str,
    on: Option<NaiveDate>,
    report: Option<&Path>,
    place: &Place,
    how: How,
) -> Outcome {
    let app = open(place)?;
    let collector = app.collector(name).map_err(|error| Stop::Usage(error.to_string()))?;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let now = app.clock.now();
    let title = file.file_name().unwrap_or_default().to_string_lossy();
    let day = on.unwrap_or_else(|| gapwatch_collectors::day_of(collector, &title, now.date_naive()));
    let fetched = Fetched::given(&title, bytes, day);
    let collected = if how.dry_run {
        collect::try_out(&app, name, &fetched, now)?
    } else {
        take_in(&app, name, &fetched)?
    };
    if let (Some(path), Some(reading)) = (report, &collected.reading) {
        let workbook = gapwatch_collectors::annotate(collector, &fetched, reading);
        let workbook =
            workbook.with_context(|| format!("cannot write remarks beside the rows of `{title}`"))?;
        std::fs::write(path, workbook).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(answer(&[collected], how))
}

fn take_in(app: &App, name: &str, fetched: &Fetched) -> anyhow::Result<Collected> {
    let now = app.clock.now();
    let draft = collect::draft(name, &Cause::Person(BY.to_owned()), now, RunOutcome::Failed);
    let collected = collect::take_in(app, name, draft, fetched, now)?;
    app.refresh_flags(app.clock.now())?;
    deliver(app)?;
    Ok(collected)
}

/// Brings what waits to InfluxDB, where there is one. A server that is down keeps nothing back: the spool holds it.
fn deliver(app: &App) -> anyhow::Result<()> {
    loop {
        let delivery = app.store.deliver(app.clock.now())?;
        if let Some(error) = &delivery.error {
            complain(&format!("what was taken in waits in the spool: {error}"));
        }
        if delivery.error.is_some() || delivery.frames == 0 {
            return Ok(());
        }
    }
}

/// Prints what happened and says how the command ends.
fn answer(collected: &[Collected], how: How) -> Exit {
    if how.json {
        // One file, which is the rule, is one reply; several are a list.
        match collected {
            [one] => say_json(&collect::reply(one, how.dry_run)),
            several => say_json(&several.iter().map(|one| collect::reply(one, how.dry_run)).collect()),
        }
    } else {
        for done in collected {
            print(done, how.dry_run);
        }
    }
    exit_code(collected)
}

fn print(done: &Collected, dry_run: bool) {
    let run = &done.run;
    say(&format!("{}: {}", run.file.as_deref().unwrap_or(run.collector.as_str()), run.outcome.as_str()));
    if done.reading.is_some() {
        say(&collect::report(done, dry_run).text());
    }
    if let Some(message) = &run.message {
        say(message);
    }
}

fn exit_code(collected: &[Collected]) -> Exit {
    let any = |wanted: fn(&Run) -> bool| collected.iter().any(|done| wanted(&done.run));
    if any(|run| run.outcome == RunOutcome::Failed) {
        Exit::Failed
    } else if any(|run| run.outcome == RunOutcome::Quarantined || run.rejected > 0)
        || collected.iter().any(has_rejects)
    {
        Exit::SomeRejected
    } else {
        Exit::Done
    }
}

fn has_rejects(done: &Collected) -> bool {
    done.reading.as_ref().is_some_and(|reading| !reading.rejects.is_empty())
}
