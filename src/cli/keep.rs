//! Looking after the data: backup, restore, checks, copies.

use std::path::Path;

use anyhow::Context;
use gapwatch_store::{Problem, Progress};

use super::{Backend, Exit, Outcome, Place, Stop, StoreCommand, load, open, say};
use crate::app::App;

/// `gapwatch backup`
pub(crate) fn backup(file: &Path, place: &Place) -> Outcome {
    let app = look_at(place)?;
    app.store.backup(file)?;
    say(&format!("{} holds a verified copy of {}", file.display(), app.store.path().display()));
    Ok(Exit::Done)
}

/// `gapwatch restore`
pub(crate) fn restore(file: &Path, place: &Place) -> Outcome {
    let config = load(place)?;
    let target = crate::app::database(&config);
    let aside = gapwatch_store::Store::restore(file, &target, &crate::app::store_options(&config))
        .with_context(|| format!("cannot restore from `{}`; nothing was changed", file.display()))?;
    say(&format!("{} is restored from {}", target.display(), file.display()));
    if let Some(aside) = aside {
        say(&format!("what was there could not be written into; it is kept as {}", aside.display()));
        say("programs that had it open must be started again");
    }
    Ok(Exit::Done)
}

/// `gapwatch store …`
pub(crate) fn store(command: StoreCommand) -> Outcome {
    match command {
        StoreCommand::Init { place } => {
            let app = open(&place)?;
            say(&format!("{} is ready", app.store.path().display()));
            if let Some(influx) = &app.config.program.influx {
                let made = app.store.init_server()?;
                let done = if made { "was made" } else { "was there already" };
                say(&format!("bucket {} at {} {done}", influx.bucket, influx.url));
            }
        }
        StoreCommand::Check { place } => {
            let store = look_at(&place)?.store;
            let report = store.check()?;
            say_problems(&report.problems);
            if report.problems.iter().any(|problem| problem.derived) {
                store.rebuild()?;
                let left = store.check()?.problems;
                for problem in report.problems.iter().filter(|problem| problem.derived) {
                    if left.iter().all(|left| left.what != problem.what) {
                        say(&format!("{} was made again", problem.what));
                    }
                }
            }
            let (frames, shelves, records) = (report.frames, report.shelves, report.records);
            say(&format!(
                "{frames} frames, {shelves} shelves, {records} records read; {} problems",
                report.problems.len()
            ));
            if !report.problems.is_empty() {
                return Ok(Exit::Failed);
            }
        }
        StoreCommand::Rebuild { place } => {
            let left = look_at(&place)?.store.rebuild()?;
            say_problems(&left);
            if !left.is_empty() {
                say("everything else that is derived was built anew");
                return Ok(Exit::Failed);
            }
            say("everything that is derived was built anew");
        }
        StoreCommand::Copy { place, from, to } => {
            let config = load(&place)?;
            if config.program.influx.is_none() {
                return Err(Stop::Usage(
                    "gapwatch.toml: influx: is missing, expected the server to copy to or from".to_owned(),
                ));
            }
            let app = App::look_at(config)?;
            let mut progress = |progress: Progress| say(&format!("{} of {}", progress.done, progress.of));
            let moved = match (from, to) {
                (Backend::Embedded, Backend::Influx) => app.store.copy_to_server(&mut progress)?,
                (Backend::Influx, Backend::Embedded) => app.store.copy_from_server(&mut progress)?,
                _ => {
                    return Err(Stop::Usage(
                        "--from and --to are the same, expected embedded and influx".to_owned(),
                    ));
                }
            };
            say(&format!(
                "{} points written, {} proved equal, checksum {:016x}",
                moved.written, moved.proved, moved.checksum
            ));
        }
    }
    Ok(Exit::Done)
}

fn say_problems(problems: &[Problem]) {
    for problem in problems {
        say(&format!("{}: {}", problem.what, problem.why));
    }
}

/// Opens a store that is there. Looking after it puts no half-edited configuration in force.
fn look_at(place: &Place) -> Result<App, Stop> {
    Ok(App::look_at(load(place)?)?)
}
