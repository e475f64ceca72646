//! Tokens, and answers to questions about places.

use serde_json::json;

use super::{Exit, Outcome, PlacesCommand, Stop, TokenCommand, open, say, say_json};
use crate::{
    auth::{Actor, Role},
    reread,
};

/// `gapwatch token …`
pub(crate) fn token(command: TokenCommand) -> Outcome {
    match command {
        TokenCommand::Add { name, role, place } => {
            let secret = open(&place)?.add_token(&name, role)?;
            say(&secret);
            super::complain("this token is shown once; keep it where only its owner can read it");
        }
        TokenCommand::List { place } => {
            for token in open(&place)?.store.tokens()? {
                let state =
                    token.revoked.map_or("valid".to_owned(), |at| format!("revoked {}", at.to_rfc3339()));
                say(&format!("{}\t{}\t{}\t{state}", token.name, token.role, token.created.to_rfc3339()));
            }
        }
        TokenCommand::Revoke { name, place } => {
            let app = open(&place)?;
            if !app.store.revoke_token(&name, app.clock.now())? {
                return Err(Stop::Failed(anyhow::anyhow!("there is no valid token `{name}`")));
            }
            app.audit(&command_line(), "token revoke", &name, "")?;
        }
    }
    Ok(Exit::Done)
}

/// `gapwatch places …`
pub(crate) fn places(command: PlacesCommand) -> Outcome {
    match command {
        PlacesCommand::Questions { place, json } => {
            let app = open(&place)?;
            let questions = app.questions(app.clock.now())?;
            if json {
                let shown = questions.iter().map(|q| {
                    json!({
                        "key": q.key, "value": q.value, "collector": q.collector, "run": q.run, "line": q.line,
                        "rows": q.rows, "sentence": q.sentence, "suggestions": q.suggestions,
                    })
                });
                say_json(&shown.collect());
            } else {
                for q in &questions {
                    say(&format!(
                        "{}\t{} ({} rows, {} line {})\t{}",
                        q.key, q.value, q.rows, q.collector, q.line, q.sentence
                    ));
                    for suggestion in &q.suggestions {
                        say(&format!("\t{suggestion}"));
                    }
                }
            }
        }
        PlacesCommand::Decide { key, answer, by, place } => {
            let app = open(&place)?;
            let who = Actor { name: by, role: Role::Admin };
            app.decide(&key, &answer, &who).map_err(|error| Stop::Usage(error.en))?;
            for run in reread::after_decision(&app, &key, &who.name, app.clock.now())? {
                say(&format!("run {run} took in rows that waited for this"));
            }
            app.refresh_flags(app.clock.now())?;
        }
    }
    Ok(Exit::Done)
}

fn command_line() -> Actor {
    Actor { name: "command line".to_owned(), role: Role::Admin }
}
