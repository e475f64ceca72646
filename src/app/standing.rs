//! How the program itself stands: whether it can serve, how far the loading is, what every page must say.

use std::sync::atomic::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_dashboards::Lang;
use gapwatch_model::text;
use gapwatch_store::RunQuery;

use super::{App, lock};

/// Key of the store's note of how far the story is replayed.
const STORY_DONE: &str = "story_done";
/// After this many attempts every page says that a receiver does not take its messages.
const ATTEMPTS_SAID: u32 = 3;

impl App {
    /// What every page says: nothing, as long as all is well.
    #[must_use]
    pub(crate) fn notices(&self, lang: Lang) -> Vec<String> {
        let held = self.store.waiting().map_or(0, |waiting| waiting.len());
        let mut notices = Vec::new();
        if let Ok(Some(spool)) = self.store.spool()
            && let Some(why) = spool.behind(self.clock.now())
        {
            notices.push(lang.pick(
                format!("Đang trả lời từ bản lưu tại chỗ: {why}"),
                format!("Answers come from the local copy: {why}"),
            ));
        }
        for late in
            self.store.outbox().unwrap_or_default().iter().filter(|late| late.attempts >= ATTEMPTS_SAID)
        {
            let (name, depth, why) = (&late.receiver, late.depth, late.error.as_deref().unwrap_or_default());
            notices.push(lang.pick(
                format!("{depth} thông báo chưa gửi được đến “{name}”: {why}"),
                format!("{depth} messages have not reached “{name}”: {why}"),
            ));
        }
        if held > 0 {
            notices.push(lang.pick(
                format!(
                    "Có {held} lô số liệu đang bị giữ lại chờ quyết định; chưa lô nào được đưa vào đánh giá."
                ),
                format!("{held} batches are held back and wait for a decision; none of them is judged."),
            ));
        }
        notices
    }

    /// Whether it can serve.
    #[must_use]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Says that it can serve.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Says how far the loading has come.
    pub(crate) fn set_progress(&self, number: usize, total: usize, day: NaiveDate) {
        *lock(&self.progress) = Some((number, total, day));
    }

    /// How far the loading has come, for people.
    #[must_use]
    pub(crate) fn progress(&self, lang: Lang) -> String {
        match *lock(&self.progress) {
            Some((number, total, day)) => {
                let day = text::date(day);
                lang.pick(
                    format!("Đang nạp số liệu: {number}/{total} đợt, đến ngày {day}."),
                    format!("Loading: {number} of {total} runs, up to {day}."),
                )
            }
            None => lang.pick("Đang khởi động.".to_owned(), "Starting.".to_owned()),
        }
    }

    /// How far the story is replayed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn story_done(&self) -> anyhow::Result<Option<DateTime<FixedOffset>>> {
        Ok(self.store.meta(STORY_DONE)?.and_then(|text| text.parse().ok()))
    }

    /// Remembers how far the story is replayed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn set_story_done(&self, at: DateTime<FixedOffset>) -> anyhow::Result<()> {
        Ok(self.store.set_meta(STORY_DONE, &at.to_rfc3339())?)
    }

    /// When anything was last recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn last_recorded(&self) -> anyhow::Result<Option<DateTime<FixedOffset>>> {
        let newest = self.store.runs(&RunQuery { limit: Some(1), ..RunQuery::default() })?;
        Ok(newest.first().map(|run| run.finished))
    }
}
