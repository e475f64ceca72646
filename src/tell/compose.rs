//! What one receiver is told: the changes since its mark that are worth telling, as messages of its kind.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::Flag;
use gapwatch_rules::{Digest, FlagChange, Mail, change_id, group, mail, webhook, worth_telling};
use gapwatch_store::FlagEvent;
use serde::{Deserialize, Serialize};

use crate::{app::App, auth, config::Receiver, world::World};

/// A message as it waits in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The same for the same changes, so that a receiver can tell a repetition.
    pub(crate) id: String,
    /// One line. Empty for a webhook.
    pub(crate) subject: String,
    /// JSON for a webhook, plain text for a mail.
    pub(crate) body: String,
}

impl Message {
    fn of<'f>(
        receiver: &Receiver,
        flags: impl Iterator<Item = &'f Flag>,
        subject: String,
        body: String,
    ) -> Self {
        let changes: Vec<String> = flags.map(change_id).collect();
        Self { id: auth::digest(&format!("{}\n{}", receiver.name, changes.join("\n"))), subject, body }
    }
}

/// Makes the messages of everything that changed since the receiver's mark.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) fn compose(app: &App, receiver: &Receiver, now: DateTime<FixedOffset>) -> anyhow::Result<()> {
    let mark = app.store.told_mark(&receiver.name)?;
    if app.store.flag_mark()? == mark {
        return Ok(());
    }
    let events = app.store.flag_events_since(mark)?;
    let Some(newest) = events.last().map(|event| event.id) else { return Ok(()) };
    let world = app.world(now)?;
    let wanted: Vec<Flag> = events.into_iter().filter_map(|event| wanted(event, receiver, &world)).collect();
    let messages = messages(app, receiver, &wanted, &world);
    let bodies = messages.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    app.store.queue_messages(&receiver.name, (mark, newest), &bodies, now)?;
    Ok(())
}

/// Queues the mail of a digest, unless the receiver was told the same last time. `false` when it was.
///
/// # Errors
/// When the store cannot be written.
pub(crate) fn queue_digest(
    app: &App,
    receiver: &Receiver,
    digest: &Digest,
    at: DateTime<FixedOffset>,
) -> anyhow::Result<bool> {
    let Mail { subject, body } = digest.mail(at.date_naive(), &app.config.program.public_url());
    let id = auth::digest(&format!("{}\n{body}", receiver.name));
    let message = serde_json::to_string(&Message { id: id.clone(), subject, body })?;
    Ok(app.store.queue_digest(&receiver.name, &id, &message, app.clock.now())?)
}

fn wanted(event: FlagEvent, receiver: &Receiver, world: &World) -> Option<Flag> {
    let FlagEvent { before, after, .. } = event;
    // An acknowledgement is recorded too, and is no change of the flag.
    let moved =
        before.as_ref().is_none_or(|before| (before.state, before.since) != (after.state, after.since));
    let change = FlagChange { before: before.map(|flag| flag.state), after };
    if !moved || !worth_telling(&change) {
        return None;
    }
    let flag = change.after;
    let of_rule =
        receiver.rules.is_empty() || receiver.rules.iter().any(|rule| flag.key.rule.as_str() == rule);
    let inside = |code: &String| {
        let place = world.gazetteer.by_code_on(code, world.at.date_naive());
        place.is_some_and(|place| world.lies_in(&flag, place))
    };
    let of_place = receiver.places.is_empty() || receiver.places.iter().any(inside);
    (of_rule && of_place).then_some(flag)
}

/// A webhook is called for each commune and rule; a mail holds all of them.
fn messages(app: &App, receiver: &Receiver, flags: &[Flag], world: &World) -> Vec<Message> {
    let base = app.config.program.public_url();
    let groups = group(&world.judgement, flags);
    if receiver.mail.is_some() {
        let mail = mail(&groups, &world.judgement, &world.rules, &base);
        let message = mail.map(|mail| Message::of(receiver, flags.iter(), mail.subject, mail.body));
        return message.into_iter().collect();
    }
    let call = |group| {
        let body = webhook(group, &world.judgement, &world.rules, &base, &receiver.name);
        Message::of(receiver, group.flags.iter(), String::new(), body)
    };
    groups.iter().map(call).collect()
}
