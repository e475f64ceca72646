//! Telling people: changes of flags become messages once, and each message is sent until its receiver took it.
//!
//! The record of flags is the queue: a receiver's mark says how far its messages were made. While a receiver is quiet
//! nothing is made or sent; afterwards everything since is told together, by commune.

mod compose;
mod send;

pub(crate) use compose::queue_digest;

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use tokio::time::MissedTickBehavior;

use crate::{
    app::{App, Shared},
    clock,
    config::Receiver,
};

/// How often is looked whether there is something to tell.
const TICK: Duration = Duration::from_secs(1);
/// Longest wait between two attempts, in seconds.
const LONGEST_WAIT_S: u32 = 3_600;

/// Tells every receiver what changed, for ever. Receivers do not wait for each other.
pub(crate) async fn run(app: Shared) {
    let mut receivers = tokio::task::JoinSet::new();
    for receiver in app.config.program.notify.clone() {
        let app = Shared::clone(&app);
        receivers.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Err(error) = step(&app, &receiver).await {
                    tracing::error!(receiver = receiver.name, "cannot tell what changed: {error:#}");
                }
            }
        });
    }
    while receivers.join_next().await.is_some() {}
}

/// Makes the messages that are to be made and sends those whose turn has come.
async fn step(app: &Shared, receiver: &Receiver) -> anyhow::Result<()> {
    let now = app.clock.now();
    if is_quiet(receiver, now) {
        return Ok(());
    }
    let (shared, whom) = (Shared::clone(app), receiver.clone());
    let waiting = tokio::task::spawn_blocking(move || {
        compose::compose(&shared, &whom, now)?;
        Ok::<_, anyhow::Error>(shared.store.waiting_messages(&whom.name, now)?)
    })
    .await??;
    for message in waiting {
        match send::send(app, receiver, &message.body).await {
            Ok(()) => app.store.message_taken(message.id)?,
            Err(error) => {
                let next = app.clock.now() + wait(message.attempts, fastrand::f64());
                let why = format!("{error:#}");
                tracing::warn!(
                    receiver = receiver.name,
                    attempts = message.attempts + 1,
                    "was not told: {why}"
                );
                app.store.message_refused(message.id, next, &why)?;
            }
        }
    }
    Ok(())
}

/// Whether nothing is to be sent now.
#[must_use]
pub(crate) fn is_quiet(receiver: &Receiver, now: DateTime<FixedOffset>) -> bool {
    let time = now.with_timezone(&clock::VIETNAM).time();
    receiver.hold || receiver.quiet.is_some_and(|quiet| quiet.covers(time))
}

/// Wait after another failed attempt: twice as long each time, and up to half as much again by chance (0 to 1), so that
/// receivers that fail together are not tried together.
fn wait(failed_before: u32, chance: f64) -> TimeDelta {
    let seconds = 1_u32.checked_shl(failed_before).map_or(LONGEST_WAIT_S, |wait| wait.min(LONGEST_WAIT_S));
    let wait = TimeDelta::seconds(i64::from(seconds));
    #[expect(clippy::cast_possible_truncation, reason = "half of an hour in milliseconds at most")]
    let more = (f64::from(seconds) * 500.0 * chance.clamp(0.0, 1.0)) as i64;
    wait + TimeDelta::milliseconds(more)
}

impl App {
    /// Every receiver is told of what changes from now on, also of what a command changes while no server runs.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) fn mark_receivers(&self) -> anyhow::Result<()> {
        for receiver in &self.config.program.notify {
            self.store.told_mark(&receiver.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn waits_double_up_to_an_hour_with_a_chance_on_top() {
        let seconds = |failed, chance| wait(failed, chance).num_milliseconds();
        assert_eq!([0, 1, 2, 3].map(|failed| seconds(failed, 0.0)), [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(
            [11, 12, 31, 32, 4_000].map(|failed| seconds(failed, 0.0)),
            [2_048_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000]
        );
        assert_eq!(seconds(1, 1.0), 3_000);
    }
}
