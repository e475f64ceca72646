//! Flags and explanations.

use chrono::NaiveDate;
use gapwatch_model::{FlagKey, FlagState, text};
use gapwatch_rules::Sentence;

use super::{Exit, Outcome, Place, Stop, Summary, open, say, say_json};
use crate::{
    app::App,
    clock,
    config::Receiver,
    http::{digest_since, flag_json},
    tell,
};

/// The moment a command asks about: the end of a day, or now.
fn moment(app: &App, as_of: Option<NaiveDate>) -> chrono::DateTime<chrono::FixedOffset> {
    let now = app.clock.now();
    as_of.map_or(now, |day| clock::end_of(day).min(now))
}

/// `gapwatch flags`
pub(crate) fn flags(place: &Place, as_of: Option<NaiveDate>, json: bool) -> Outcome {
    let app = open(place)?;
    let at = moment(&app, as_of);
    if as_of.is_none() {
        app.refresh_flags(at)?;
    }
    let world = app.world(at)?;
    let shown = world.flags.iter().filter(|flag| flag.state != FlagState::Inactive);
    if json {
        say_json(&shown.map(|flag| flag_json(&world.gazetteer, flag, false)).collect());
        return Ok(Exit::Done);
    }
    for flag in shown {
        let since = text::date(flag.since.with_timezone(&clock::VIETNAM).date_naive());
        say(&format!("{}\t{}\t{since}\t{}", flag.key, flag.state.as_str(), flag.explanation_vi));
    }
    Ok(Exit::Done)
}

/// `gapwatch explain`
pub(crate) fn explain(id: &str, place: &Place, as_of: Option<NaiveDate>, json: bool) -> Outcome {
    let app = open(place)?;
    let key: FlagKey = id.parse().map_err(|error| Stop::Usage(format!("{error}")))?;
    let world = app.world(moment(&app, as_of))?;
    let Some(flag) = world.flags.iter().find(|flag| flag.key == key) else {
        return Err(Stop::Failed(anyhow::anyhow!(
            "there is no flag `{id}`, expected an id as `gapwatch flags` prints it"
        )));
    };
    let explained = world.explain(flag);
    if json {
        say_json(&serde_json::to_value(&explained)?);
        return Ok(Exit::Done);
    }
    let line = |label: &str, sentence: &Sentence| say(&format!("{label}: {}", sentence.vi));
    say(&explained.id);
    line("Kết luận", &explained.sentence);
    say(&format!("Trạng thái: {} từ {}", explained.state, explained.since));
    say(&format!(
        "Quy tắc: {} ({}, phiên bản {})",
        explained.rule_name.vi, explained.rule, explained.rules_version
    ));
    for input in &explained.inputs {
        let file =
            app.store.run(gapwatch_model::RunId(input.run))?.and_then(|run| run.file).unwrap_or_default();
        say(&format!(
            "Số liệu: {} {} {} {} = {} ({}, nguồn {}, tệp {file}, dòng {}, đợt {}, ghi nhận {}){}",
            input.indicator,
            input.place_name,
            input.period,
            input.dimensions,
            input.value,
            input.evidence,
            input.source,
            input.row,
            input.run,
            input.recorded_at,
            if input.speaks { String::new() } else { format!(" [không tính: {}]", input.silent_because) },
        ));
    }
    for step in &explained.steps {
        line("Cách tính", step);
    }
    if let Some(target) = &explained.target {
        let scope = target.scope.as_deref().unwrap_or("VN");
        say(&format!(
            "Chỉ tiêu: {} {} {} đến {} ({}, phạm vi {scope}): {}",
            target.indicator, target.comparator, target.value, target.due, target.document, target.status
        ));
    }
    line("Hết cảnh báo khi", &explained.clears);
    Ok(Exit::Done)
}

/// `gapwatch digest`
pub(crate) fn digest(place: &Place, asked: &Summary) -> Outcome {
    let Summary { code, since, as_of, mail, json } = asked;
    let app = open(place)?;
    let receiver = mail.as_deref().map(|name| mail_receiver(&app, name)).transpose()?;
    let at = moment(&app, *as_of);
    let summed = digest_since(&app, code.as_deref(), *since, at);
    let (digest, answer) = summed.map_err(|error| match error.cause {
        Some(cause) => Stop::Failed(cause),
        None => Stop::Usage(error.en),
    })?;
    if let Some(receiver) = receiver {
        let queued = tell::queue_digest(&app, receiver, &digest, at)?;
        let name = &receiver.name;
        say(&if queued {
            format!("the digest waits for `{name}`: the running server sends it")
        } else {
            format!("`{name}` was told this already")
        });
        return Ok(Exit::Done);
    }
    if *json {
        say_json(&answer);
        return Ok(Exit::Done);
    }
    say(&digest.sentence.vi);
    say(&digest.account().vi);
    for (sign, flags) in [("▲", &digest.fired), ("✓", &digest.resolved)] {
        for flag in flags {
            say(&format!("{sign} {}", flag.explanation_vi));
        }
    }
    Ok(Exit::Done)
}

/// The receiver of mails with this name.
fn mail_receiver<'a>(app: &'a App, name: &str) -> Result<&'a Receiver, Stop> {
    let mut mailed = app.config.program.notify.iter().filter(|receiver| receiver.mail.is_some());
    mailed.clone().find(|receiver| receiver.name == name).ok_or_else(|| {
        let known =
            mailed.by_ref().map(|receiver| format!("`{}`", receiver.name)).collect::<Vec<_>>().join(", ");
        let known =
            if known.is_empty() { "a [[notify]] with a mail, and there is none".to_owned() } else { known };
        Stop::Usage(format!("`{name}` receives no mails, expected {known}"))
    })
}
