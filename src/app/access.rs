//! Who may do what, and what they did: tokens, sessions, decisions, acknowledgements, the audit table.

use std::net::IpAddr;

use anyhow::anyhow;
use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::Choice;
use gapwatch_model::{Acknowledgement, FlagKey};
use gapwatch_store::{AuditEntry, Decision, Session, Token};

use super::{App, SESSION, lock};
use crate::{
    auth::{self, Actor, Role},
    http::{HttpError, HttpResult},
};

impl App {
    /// Makes a token. The secret is returned once and kept nowhere.
    ///
    /// # Errors
    /// When the name is taken or is no name, or the store cannot be written.
    pub(crate) fn add_token(&self, name: &str, role: Role) -> anyhow::Result<String> {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(good) {
            return Err(anyhow!(
                "`{name}` is no name of a token, expected up to 32 lower-case letters, digits and hyphens"
            ));
        }
        let secret = format!("gw_{name}_{}", auth::new_secret());
        let added = self.store.add_token(&Token {
            name: name.to_owned(),
            role: role.as_str().to_owned(),
            hash: auth::hash(&secret)?,
            created: self.clock.now(),
            revoked: None,
        })?;
        if !added {
            return Err(anyhow!("there is or was a token `{name}`, expected a name that was never used"));
        }
        let who = Actor { name: "command line".to_owned(), role: Role::Admin };
        self.audit(&who, "token add", name, role.as_str())?;
        Ok(secret)
    }

    /// Makes a token under this name and a number, and makes the ones before it worthless.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn replace_token(&self, name: &str, role: Role) -> anyhow::Result<String> {
        let mut number = 1_u32;
        for token in self.store.tokens()? {
            let of_ours = token.name.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
            if let Some(used) = of_ours.and_then(|digits| digits.parse::<u32>().ok()) {
                number = number.max(used.saturating_add(1));
                self.store.revoke_token(&token.name, self.clock.now())?;
            }
        }
        self.add_token(&format!("{name}-{number}"), role)
    }

    /// The valid token of this name.
    fn token(&self, name: &str) -> anyhow::Result<Option<Token>> {
        let tokens = self.store.tokens()?;
        Ok(tokens.into_iter().find(|token| token.name == name && token.revoked.is_none()))
    }

    /// Who a token belongs to.
    ///
    /// # Errors
    /// 401 for a wrong token, 429 after too many.
    pub(crate) fn actor(&self, secret: &str, address: IpAddr) -> HttpResult<Actor> {
        let now = self.clock.now();
        if !self.attempts.allowed(address, now) {
            let mut error = HttpError::new(
                axum::http::StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "Quá nhiều lần thử sai. Hãy đợi 15 phút rồi thử lại.",
                "too many wrong tokens from this address; wait 15 minutes",
            );
            error.retry_after_s = Some(900);
            return Err(error);
        }
        let name = secret.strip_prefix("gw_").and_then(|rest| rest.split_once('_')).map(|(name, _)| name);
        let token = name.map(|name| self.token(name)).transpose()?.flatten();
        let valid = token.filter(|token| self.is_valid(secret, token));
        match valid.and_then(|token| Some(Actor { role: Role::parse(&token.role)?, name: token.name })) {
            Some(actor) => Ok(actor),
            None => {
                self.attempts.failed(address, now);
                Err(HttpError::unauthorized())
            }
        }
    }

    /// Verifying takes tens of milliseconds on purpose, so a verified token is remembered by its digest.
    fn is_valid(&self, secret: &str, token: &Token) -> bool {
        let digest = auth::digest(secret);
        let known = lock(&self.verified)
            .get(&token.name)
            .is_some_and(|(hash, of)| *hash == token.hash && *of == digest);
        let valid = known || auth::verify(secret, &token.hash);
        if valid && !known {
            lock(&self.verified).insert(token.name.clone(), (token.hash.clone(), digest));
        }
        valid
    }

    /// Signs somebody in and returns the secret of the session.
    ///
    /// # Errors
    /// As [`App::actor`].
    pub(crate) fn sign_in(&self, secret: &str, address: IpAddr) -> HttpResult<String> {
        let actor = self.actor(secret, address)?;
        let session = auth::new_secret();
        let now = self.clock.now();
        let kept = Session {
            hash: auth::digest(&session),
            token: actor.name.clone(),
            detail: String::new(),
            expires: now + SESSION,
        };
        self.store.open_session(&kept, now)?;
        self.audit(&actor, "sign in", "", &address.to_string())?;
        Ok(session)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn sign_out(&self, session: &str) -> anyhow::Result<()> {
        Ok(self.store.close_session(&auth::digest(session))?)
    }

    /// Who a session belongs to, while it lasts and its token is good.
    #[must_use]
    pub(crate) fn session(&self, secret: &str, now: DateTime<FixedOffset>) -> Option<Actor> {
        let session = self.store.session(&auth::digest(secret), now).ok().flatten()?;
        let token = self.token(&session.token).ok().flatten()?;
        Some(Actor { role: Role::parse(&token.role)?, name: token.name })
    }

    /// Writes down who did what.
    ///
    /// # Errors
    /// When the store cannot be written: then it is not done either.
    pub(crate) fn audit(&self, who: &Actor, action: &str, subject: &str, detail: &str) -> anyhow::Result<()> {
        Ok(self.store.audit(&AuditEntry {
            at: self.clock.now(),
            who: who.name.clone(),
            role: who.role.as_str().to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
        })?)
    }

    /// Remembers what a person decided about a name.
    ///
    /// # Errors
    /// 400 when the answer is no place.
    pub(crate) fn decide(&self, key: &str, choice: &str, who: &Actor) -> HttpResult<()> {
        let gazetteer = self.gazetteer()?;
        let known = match super::intake::choice(choice) {
            Some(Choice::Place { place }) => gazetteer.ix(&place).is_some(),
            Some(Choice::Create | Choice::Ignore) => true,
            None => false,
        };
        if key.is_empty() || !known {
            return Err(HttpError::bad_request("choice", choice, "CODE@YYYY-MM-DD, create, ignore"));
        }
        self.audit(who, "decide", key, choice)?;
        self.store.put_decision(&Decision {
            key: key.to_owned(),
            answer: choice.to_owned(),
            by: who.name.clone(),
            at: self.clock.now(),
        })?;
        Ok(())
    }

    /// Remembers who took a flag on.
    ///
    /// # Errors
    /// 404 when there is no such flag.
    pub(crate) fn acknowledge(&self, key: &FlagKey, taken: Acknowledgement, who: &Actor) -> HttpResult<()> {
        let at = taken.at;
        let flags = self.store.flags_as_of(Some(at))?;
        let mut flag = flags
            .into_iter()
            .find(|flag| flag.key == *key)
            .ok_or_else(|| HttpError::not_found(&key.to_string()))?;
        self.audit(who, "acknowledge", &key.to_string(), &taken.owner)?;
        flag.acknowledgement = Some(taken);
        self.store.record_flags(&[flag], at)?;
        Ok(())
    }
}
