//! What collectors are told, and what is remembered of what they brought: names and decisions, versions of files, the shape
//! of the last good run.

use std::sync::Arc;

use anyhow::anyhow;
use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::{
    Breach, Choice, CollectorConfig, Context, Decisions, Fetched, Known, LastRun, Reading, Resolver,
};
use gapwatch_model::{CollectorName, Gazetteer, PlaceId, RunId};

use super::{App, lock};

/// What collectors are told beside the bytes, held together.
#[derive(Debug)]
pub(crate) struct Told {
    gazetteer: Arc<Gazetteer>,
    resolver: Arc<Resolver>,
    decisions: Decisions,
    now: DateTime<FixedOffset>,
}

impl Told {
    /// The form collectors take it in.
    #[must_use]
    pub(crate) fn context<'a>(&'a self, app: &'a App) -> Context<'a> {
        Context {
            gazetteer: &self.gazetteer,
            resolver: &self.resolver,
            boundaries: Some(&app.config.outlines.communes),
            indicators: &app.config.judging.indicators,
            decisions: &self.decisions,
            now: self.now,
            base_dir: &app.config.dir,
            secrets: &app.config.secrets.0,
            home: &app.config.program.home,
        }
    }
}

impl App {
    /// What people decided about names, up to now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn decisions(&self, now: DateTime<FixedOffset>) -> anyhow::Result<Decisions> {
        let decided = self.store.decisions_as_of(Some(now))?;
        // What cannot be read was not written by this program.
        Ok(Decisions::new(decided.into_iter().filter_map(|decision| {
            Some(gapwatch_collectors::Decision {
                choice: choice(&decision.answer)?,
                key: decision.key,
                by: decision.by,
                at: decision.at,
            })
        })))
    }

    /// The name indexes of the places: made once per gazetteer.
    #[must_use]
    pub(crate) fn resolver(&self, gazetteer: &Arc<Gazetteer>) -> Arc<Resolver> {
        let mut kept = lock(&self.resolver);
        match &*kept {
            Some((of, resolver)) if Arc::ptr_eq(of, gazetteer) => Arc::clone(resolver),
            _ => {
                let resolver = Arc::new(Resolver::new(gazetteer));
                *kept = Some((Arc::clone(gazetteer), Arc::clone(&resolver)));
                resolver
            }
        }
    }

    /// What collectors are told, while `tell` runs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn telling(&self, now: DateTime<FixedOffset>) -> anyhow::Result<Told> {
        let gazetteer = self.gazetteer()?;
        Ok(Told { resolver: self.resolver(&gazetteer), gazetteer, decisions: self.decisions(now)?, now })
    }

    /// What is known of a file from the last run that took it in, or that holds it back for a person.
    #[must_use]
    pub(crate) fn known(&self, collector: &CollectorName, file: &str) -> Option<Known> {
        let seen = self.store.seen(collector, file).ok().flatten();
        let held = || {
            let waiting = self.store.waiting().ok()?.into_iter();
            let held =
                waiting.rev().find(|run| run.collector == *collector && run.file.as_deref() == Some(file));
            held?.content_hash
        };
        let content_hash = held().or(seen)?;
        // Marks of versions are a shortcut: without them the content itself is compared.
        let key = (collector.clone(), file.to_owned());
        let marks = lock(&self.fetched)
            .get(&key)
            .filter(|known| known.content_hash.as_ref() == Some(&content_hash))
            .cloned();
        Some(marks.unwrap_or(Known { content_hash: Some(content_hash), ..Known::default() }))
    }

    /// Remembers the marks of what was fetched.
    pub(crate) fn remember(&self, collector: &CollectorName, files: &[Fetched]) {
        let mut kept = lock(&self.fetched);
        for file in files {
            let known = Known {
                content_hash: Some(file.content_hash.clone()),
                etag: file.etag.clone(),
                last_modified: file.last_modified.clone(),
            };
            kept.insert((collector.clone(), file.file.clone()), known);
        }
    }

    /// The collector of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn collector(&self, name: &str) -> anyhow::Result<&CollectorConfig> {
        let known = || self.config.collectors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.config
            .collectors
            .get(name)
            .ok_or_else(|| anyhow!("there is no collector `{name}`, expected one of {}", known()))
    }

    /// How what was read breaks the source's contract.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn breaches(&self, name: &str, reading: &Reading) -> anyhow::Result<Vec<Breach>> {
        let collector = self.collector(name)?;
        let key = shape_of(name);
        let last: Option<LastRun> = self.store.meta(&key)?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(gapwatch_collectors::breaches(collector, reading, last.as_ref()))
    }

    /// Remembers what a good run brought, to hold the next one against.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn remember_shape(&self, name: &str, reading: &Reading) -> anyhow::Result<()> {
        let key = shape_of(name);
        let last: Option<LastRun> = self.store.meta(&key)?.and_then(|text| serde_json::from_str(&text).ok());
        let shape = LastRun::of(reading, last.as_ref());
        Ok(self.store.set_meta(&key, &serde_json::to_string(&shape)?)?)
    }

    /// Remembers what a run brought that is held back, for the day it is released.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn hold_shape(&self, run: RunId, name: &str, reading: &Reading) -> anyhow::Result<()> {
        let last: Option<LastRun> =
            self.store.meta(&shape_of(name))?.and_then(|text| serde_json::from_str(&text).ok());
        let shape = LastRun::of(reading, last.as_ref());
        Ok(self.store.set_meta(&held_shape_of(run), &serde_json::to_string(&shape)?)?)
    }

    /// Lets a held batch in: the next run is held against it.
    ///
    /// # Errors
    /// When nothing is held any more or the store cannot be written.
    pub(crate) fn release(&self, run: RunId, by: &str) -> anyhow::Result<()> {
        let alone = lock(&self.intake);
        self.store.release(run, by, self.clock.now())?;
        if let (Some(shape), Some(run)) = (self.store.meta(&held_shape_of(run))?, self.store.run(run)?) {
            self.store.set_meta(&shape_of(run.collector.as_str()), &shape)?;
        }
        drop(alone);
        Ok(())
    }
}

/// Key of the note of a collector's last good run.
fn shape_of(collector: &str) -> String {
    format!("shape:{collector}")
}

/// Key of the note of what a held run brought.
fn held_shape_of(run: RunId) -> String {
    format!("held-shape:{run}")
}

/// Reads an answer to a question about a name: `CODE@YYYY-MM-DD`, `create` or `ignore`.
pub(super) fn choice(answer: &str) -> Option<Choice> {
    match answer {
        "create" => Some(Choice::Create),
        "ignore" => Some(Choice::Ignore),
        place => {
            let (code, from) = place.split_once('@')?;
            Some(Choice::Place { place: PlaceId::new(code, from.parse().ok()?) })
        }
    }
}
