//! The one file that reads the clock. Everything else is told what time it is.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};

/// `Asia/Ho_Chi_Minh`: +07:00 all year, since 1975.
pub(crate) const VIETNAM: FixedOffset = match FixedOffset::east_opt(7 * 3600) {
    Some(offset) => offset,
    None => panic!("7 hours are a valid offset"),
};

/// The time of a store: real time, or the story's time where the store holds a replayed example.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    /// Story time minus real time, in milliseconds. 0 for a real store.
    offset_ms: Arc<AtomicI64>,
    /// The moment at which it stands still, in milliseconds since 1970. 0 while it runs.
    held_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that is ahead of (or behind) real time.
    #[must_use]
    pub(crate) fn with_offset_ms(offset_ms: i64) -> Self {
        Self { offset_ms: Arc::new(AtomicI64::new(offset_ms)), held_ms: Arc::default() }
    }

    /// Now, in Vietnam.
    #[must_use]
    pub(crate) fn now(&self) -> DateTime<FixedOffset> {
        match self.held_ms.load(Ordering::Relaxed) {
            0 => self.at(real_now()),
            held => DateTime::from_timestamp_millis(held)
                .map_or_else(|| self.at(real_now()), |moment| moment.with_timezone(&VIETNAM)),
        }
    }

    /// Stands still at a moment of a story, so that whatever happens in it happens at that moment, however long it takes.
    pub(crate) fn hold(&self, story: DateTime<FixedOffset>) {
        self.held_ms.store(story.timestamp_millis(), Ordering::Relaxed);
    }

    fn at(&self, real: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        let offset = TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed));
        let moved = real.checked_add_signed(offset).unwrap_or(real);
        // Whole milliseconds: what is stored and what is compared are then the same.
        DateTime::from_timestamp_millis(moved.timestamp_millis()).map_or(moved, |t| t.with_timezone(&VIETNAM))
    }

    /// Makes now be `story` and runs on from there. Returns the new offset in milliseconds.
    pub(crate) fn set_now(&self, story: DateTime<FixedOffset>) -> i64 {
        let offset = (story - real_now()).num_milliseconds();
        self.offset_ms.store(offset, Ordering::Relaxed);
        self.held_ms.store(0, Ordering::Relaxed);
        offset
    }

    /// Whether the time shown is not real time.
    #[must_use]
    pub(crate) fn is_simulated(&self) -> bool {
        self.offset_ms.load(Ordering::Relaxed) != 0 || self.held_ms.load(Ordering::Relaxed) != 0
    }
}

/// The last moment of a day in Vietnam: what *as of* a day means.
#[must_use]
pub(crate) fn end_of(day: NaiveDate) -> DateTime<FixedOffset> {
    let last = NaiveTime::from_hms_milli_opt(23, 59, 59, 999).unwrap_or_default();
    day.and_time(last).and_local_timezone(VIETNAM).single().unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
fn real_now() -> DateTime<FixedOffset> {
    Utc::now().with_timezone(&VIETNAM)
}

#[cfg(test)]
mod tests {
    use super::{Clock, end_of};

    #[test]
    fn a_story_goes_on_from_where_it_is_set() {
        let clock = Clock::default();
        assert!(!clock.is_simulated());
        let story = "2025-12-31T17:00:00+07:00".parse().unwrap();
        clock.set_now(story);
        assert!(clock.is_simulated());
        assert!(clock.now() >= story);
        assert!(clock.now() < end_of("2025-12-31".parse().unwrap()));
    }

    #[test]
    fn a_clock_that_is_held_stands_until_it_is_set() {
        let clock = Clock::default();
        let story = "2025-12-31T17:00:00+07:00".parse().unwrap();
        clock.hold(story);
        assert!(clock.is_simulated());
        assert_eq!((clock.now(), clock.now()), (story, story));
        clock.set_now(story);
        assert!(clock.is_simulated() && clock.now() >= story);
    }

    #[test]
    fn a_day_ends_in_vietnam() {
        assert_eq!(end_of("2025-12-31".parse().unwrap()).to_rfc3339(), "2025-12-31T23:59:59.999+07:00");
    }
}
