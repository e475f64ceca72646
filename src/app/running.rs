//! Which collectors run, are paused, or were planned.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, FixedOffset};
use gapwatch_model::CollectorName;
use gapwatch_store::RunQuery;

use super::{App, Shared, lock};

/// Key of the store's note of paused collectors.
const PAUSED: &str = "paused_collectors";

/// A collector that is running; not any more once this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    app: Shared,
    name: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.app.running).remove(&self.name);
    }
}

impl App {
    /// Takes a collector, unless it runs already.
    pub(crate) fn begin(self: &Arc<Self>, name: &str) -> Option<Running> {
        let free = lock(&self.running).insert(name.to_owned());
        free.then(|| Running { app: Arc::clone(self), name: name.to_owned() })
    }

    /// Whether a collector runs now.
    pub(crate) fn is_running(&self, name: &str) -> bool {
        lock(&self.running).contains(name)
    }

    /// Whether a person paused a collector.
    pub(crate) fn is_paused(&self, name: &str) -> bool {
        self.paused().is_ok_and(|paused| paused.contains(name))
    }

    fn paused(&self) -> anyhow::Result<BTreeSet<String>> {
        let text = self.store.meta(PAUSED)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Pauses a collector or lets it go on.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn set_paused(&self, name: &str, pause: bool) -> anyhow::Result<()> {
        let mut paused = self.paused()?;
        if pause {
            paused.insert(name.to_owned());
        } else {
            paused.remove(name);
        }
        Ok(self.store.set_meta(PAUSED, &serde_json::to_string(&paused)?)?)
    }

    /// The newest planned time of a collector that has a record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn last_planned(&self, name: &str) -> anyhow::Result<Option<DateTime<FixedOffset>>> {
        let collector = Some(CollectorName::new(name));
        for limit in [Some(20), None] {
            let runs =
                self.store.runs(&RunQuery { collector: collector.clone(), limit, ..RunQuery::default() })?;
            let newest = runs.iter().filter_map(|run| run.planned).max();
            if newest.is_some() || runs.len() < 20 {
                return Ok(newest);
            }
        }
        Ok(None)
    }
}
