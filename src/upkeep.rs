//! What the store needs done by the way: the spool brought to InfluxDB, old years sealed at night.
//!
//! Neither holds up collecting or answering: what fails is logged and tried again.

use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, Timelike};
use tokio::time::MissedTickBehavior;

use crate::app::Shared;

/// How often is looked whether something waits in the spool. After a failure the spool itself waits longer.
const DELIVERY_TICK: Duration = Duration::from_secs(1);
/// How often is looked whether it is night.
const SEALING_TICK: Duration = Duration::from_secs(60);
/// The hour of the day, in Vietnam, from which on years are sealed.
const SEALING_HOUR: u32 = 2;
/// Periods that ended fewer days ago are still corrected too often to be worth a tile.
const SETTLED_DAYS: Days = Days::new(35);
/// Key of the store's note of the day it was last sealed on.
const SEALED_ON: &str = "sealed_on";

/// Looks after the store, for ever.
pub(crate) async fn run(app: Shared) {
    tokio::join!(deliver_waiting(&app), seal_nightly(&app));
}

async fn deliver_waiting(app: &Shared) {
    if app.config.program.influx.is_none() {
        return;
    }
    let mut ticks = ticks(DELIVERY_TICK);
    let mut failing = false;
    loop {
        ticks.tick().await;
        let shared = Shared::clone(app);
        let delivered = tokio::task::spawn_blocking(move || shared.store.deliver(shared.clock.now())).await;
        match delivered {
            Ok(Ok(delivery)) => {
                if delivery.frames > 0 {
                    tracing::info!(
                        frames = delivery.frames,
                        points = delivery.points,
                        "delivered to InfluxDB"
                    );
                }
                // Said once when it starts: the sources page and the metrics say how it goes on.
                if let Some(error) = delivery.error {
                    if !failing {
                        tracing::warn!("cannot deliver to InfluxDB, the spool keeps what waits: {error}");
                    }
                    failing = true;
                } else if delivery.frames > 0 {
                    failing = false;
                }
            }
            Ok(Err(error)) => tracing::error!("cannot read the spool: {error}"),
            Err(error) => tracing::error!("delivering ended early: {error}"),
        }
    }
}

async fn seal_nightly(app: &Shared) {
    let mut ticks = ticks(SEALING_TICK);
    loop {
        ticks.tick().await;
        let now = app.clock.now();
        let shared = Shared::clone(app);
        match tokio::task::spawn_blocking(move || seal(&shared, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("cannot seal history: {error:#}"),
            Err(error) => tracing::error!("sealing ended early: {error}"),
        }
    }
}

/// Seals what is settled, once a day and at night.
fn seal(app: &Shared, now: DateTime<FixedOffset>) -> anyhow::Result<()> {
    let last = app.store.meta(SEALED_ON)?.and_then(|day| day.parse().ok());
    if !due(last, now) {
        return Ok(());
    }
    if let Some(through) = now.date_naive().checked_sub_days(SETTLED_DAYS) {
        let sealed = app.store.seal(through)?;
        if sealed.shelves > 0 {
            tracing::info!(shelves = sealed.shelves, cells = sealed.cells, %through, "history sealed");
        }
    }
    Ok(app.store.set_meta(SEALED_ON, &now.date_naive().to_string())?)
}

/// Whether tonight's sealing has not been done yet.
fn due(last: Option<NaiveDate>, now: DateTime<FixedOffset>) -> bool {
    now.hour() >= SEALING_HOUR && last.is_none_or(|last| last < now.date_naive())
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

#[cfg(test)]
mod tests {
    use super::due;

    #[test]
    fn history_is_sealed_once_a_day_and_not_before_two_in_the_morning() {
        let at = |text: &str| text.parse().unwrap();
        let day = |text: &str| Some(text.parse().unwrap());
        assert!(!due(day("2025-12-30"), at("2025-12-31T01:59:59+07:00")));
        assert!(due(day("2025-12-30"), at("2025-12-31T02:00:00+07:00")));
        assert!(!due(day("2025-12-31"), at("2025-12-31T23:00:00+07:00")));
        // Down for a night or two: made up for at the first chance.
        assert!(due(day("2025-12-20"), at("2025-12-31T14:00:00+07:00")));
        assert!(due(None, at("2025-12-31T14:00:00+07:00")));
    }
}
