//! Who may change things: named tokens with a role, kept as argon2 hashes; sessions of the sign-in page.
//!
//! Full accounts come later: a token's name is what they will be called by, and everything that is decided or changed
//! already names one.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{
        SaltString,
        rand_core::{OsRng, RngCore},
    },
};
use chrono::{DateTime, FixedOffset, TimeDelta};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a token may do. Each role may do what the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Reads. Reading is open today; this is where closed reading will start.
    Viewer,
    /// Pushes, imports, decides, acknowledges, runs collectors.
    Editor,
    /// Everything else: restore, tokens.
    Admin,
}

impl Role {
    /// The word in files and JSON.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// Reads the word.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Viewer, Self::Editor, Self::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor {
    /// Name of the token.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
}

/// A new secret: 32 random bytes as lower-case hexadecimal.
#[must_use]
pub(crate) fn new_secret() -> String {
    let mut bytes = [0_u8; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The argon2id hash of a token, in PHC form.
///
/// # Errors
/// When argon2 refuses, which it does not for a token of ours.
pub(crate) fn hash(token: &str) -> anyhow::Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(token.as_bytes(), &salt);
    Ok(hash.map_err(|error| anyhow::anyhow!("cannot hash the token: {error}"))?.to_string())
}

/// Whether the token is the one that was hashed. Takes tens of milliseconds, on purpose.
#[must_use]
pub(crate) fn verify(token: &str, hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|parsed| Argon2::default().verify_password(token.as_bytes(), &parsed).is_ok())
}

/// SHA-256 of a secret as lower-case hexadecimal: how sessions are kept, and the key of the cache below.
#[must_use]
pub(crate) fn digest(secret: &str) -> String {
    digest_bytes(secret.as_bytes())
}

/// SHA-256 as lower-case hexadecimal.
#[must_use]
pub(crate) fn digest_bytes(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The token of forms, bound to the session.
#[must_use]
pub(crate) fn csrf(session: &str) -> String {
    digest(&format!("csrf:{session}"))
}

/// How many wrong tokens one address may try within [`WINDOW`].
const ATTEMPTS: u32 = 10;
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// Addresses remembered at most: an attacker with many addresses must not fill the memory.
const ADDRESSES: usize = 10_000;

/// Counts wrong tokens per address.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failures: Mutex<HashMap<IpAddr, (u32, DateTime<FixedOffset>)>>,
}

impl Attempts {
    /// Whether the address may try once more.
    #[must_use]
    pub(crate) fn allowed(&self, address: IpAddr, now: DateTime<FixedOffset>) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&address).is_none_or(|(count, since)| *count < ATTEMPTS || now - *since >= WINDOW)
    }

    /// Remembers a wrong token.
    pub(crate) fn failed(&self, address: IpAddr, now: DateTime<FixedOffset>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, (_, since)| now - *since < WINDOW);
        if failures.len() < ADDRESSES {
            failures.entry(address).or_insert((0, now)).0 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempts, Role, hash, new_secret, verify};
    use chrono::TimeDelta;

    #[test]
    fn a_token_is_known_by_its_hash_only() {
        let token = new_secret();
        let kept = hash(&token).unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(!kept.contains(&token));
        assert!(verify(&token, &kept));
        assert!(!verify(&new_secret(), &kept));
        assert!(!verify(&token, "damaged"));
    }

    #[test]
    fn roles_are_ordered() {
        assert!(Role::Viewer < Role::Editor && Role::Editor < Role::Admin);
        assert_eq!(Role::parse("editor"), Some(Role::Editor));
        assert_eq!(Role::parse("Editor"), None);
    }

    #[test]
    fn wrong_tokens_are_limited_for_a_while() {
        let attempts = Attempts::default();
        let address = "127.0.0.1".parse().unwrap();
        let now = "2025-12-31T17:00:00+07:00".parse().unwrap();
        for _ in 0..10 {
            assert!(attempts.allowed(address, now));
            attempts.failed(address, now);
        }
        assert!(!attempts.allowed(address, now));
        assert!(attempts.allowed("127.0.0.2".parse().unwrap(), now));
        assert!(attempts.allowed(address, now + TimeDelta::minutes(15)));
    }
}
