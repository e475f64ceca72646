//! What waits for a person: names that are not certain, grouped over all runs, without what was decided since.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{CollectorName, RunId};
use gapwatch_store::RunQuery;

use crate::app::App;

/// Runs looked through for open questions, newest first.
pub(crate) const RUNS: u32 = 1_000;

/// One name that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The key a decision is remembered under.
    pub(crate) key: String,
    /// The cell as it stands in the file.
    pub(crate) value: String,
    /// Heading of its column.
    pub(crate) heading: String,
    /// Which source asks.
    pub(crate) collector: CollectorName,
    /// The newest run that asked.
    pub(crate) run: RunId,
    /// Line in that run's file.
    pub(crate) line: u32,
    /// Rows that wait for the answer, over all runs.
    pub(crate) rows: u64,
    /// Why it is asked, in Vietnamese.
    pub(crate) sentence: String,
    /// What may be meant, best first.
    pub(crate) suggestions: Vec<String>,
}

impl App {
    /// The open questions, those with most rows first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn questions(&self, at: DateTime<FixedOffset>) -> anyhow::Result<Vec<Question>> {
        let decided = self.decisions(at)?;
        let runs =
            self.store.runs(&RunQuery { as_of: Some(at), limit: Some(RUNS), ..RunQuery::default() })?;
        let mut open: BTreeMap<String, Question> = BTreeMap::new();
        for run in runs.into_iter().filter(|run| run.rejected > 0) {
            for reject in self.store.rejects(run.id)? {
                if !reject.asked
                    || reject.decision_key.is_empty()
                    || decided.get(&reject.decision_key).is_some()
                {
                    continue;
                }
                let question = open.entry(reject.decision_key.clone()).or_insert_with(|| Question {
                    key: reject.decision_key,
                    value: reject.value,
                    heading: reject.heading,
                    collector: run.collector.clone(),
                    run: run.id,
                    line: reject.line,
                    rows: 0,
                    sentence: reject.sentence,
                    suggestions: reject.suggestions,
                });
                question.rows += 1;
            }
        }
        let mut open: Vec<Question> = open.into_values().collect();
        open.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.key.cmp(&b.key)));
        Ok(open)
    }
}
