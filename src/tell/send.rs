//! Brings one message to its receiver. Taken means: the webhook answered 2xx, the mail server accepted the mail.

use std::time::Duration;

use anyhow::{Context as _, bail};
use lettre::{
    SmtpTransport, Transport as _,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use reqwest::{Client, header, redirect};

use super::compose::Message;
use crate::{
    app::App,
    config::{MailTo, Receiver, Secrets, Webhook},
};

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends a message.
///
/// # Errors
/// When the receiver did not take it.
pub(super) async fn send(app: &App, receiver: &Receiver, message: &str) -> anyhow::Result<()> {
    let message: Message = serde_json::from_str(message).context("the message cannot be read")?;
    let secrets = &app.config.secrets;
    match (&receiver.webhook, &receiver.mail) {
        (Some(webhook), _) => post(webhook, secrets, message).await,
        (None, Some(to)) => {
            let (mail, transport) = (written(to, &message)?, transport(to, secrets)?);
            tokio::task::spawn_blocking(move || transport.send(&mail)).await??;
            Ok(())
        }
        (None, None) => bail!("the receiver has no address"),
    }
}

fn secret<'s>(secrets: &'s Secrets, name: Option<&String>) -> Option<&'s str> {
    secrets.0.get(name?).map(String::as_str)
}

async fn post(webhook: &Webhook, secrets: &Secrets, message: Message) -> anyhow::Result<()> {
    let url =
        webhook.url.as_deref().or_else(|| secret(secrets, webhook.url_env.as_ref())).unwrap_or_default();
    let client = Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build()?;
    let mut request = client
        .post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", message.id)
        .body(message.body);
    if let Some(token) = secret(secrets, webhook.token_env.as_ref()) {
        request = request.bearer_auth(token);
    }
    // The address may be a secret.
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    if !answer.status().is_success() {
        bail!("the receiver answered {}", answer.status());
    }
    Ok(())
}

fn written(to: &MailTo, message: &Message) -> anyhow::Result<lettre::Message> {
    let mut mail = lettre::Message::builder()
        .from(to.from.parse::<Mailbox>()?)
        .subject(message.subject.as_str())
        .message_id(Some(format!("<{}@gapwatch>", message.id)))
        .header(ContentType::TEXT_PLAIN);
    for address in &to.to {
        mail = mail.to(address.parse::<Mailbox>()?);
    }
    Ok(mail.body(message.body.clone())?)
}

fn transport(to: &MailTo, secrets: &Secrets) -> anyhow::Result<SmtpTransport> {
    let mut builder = SmtpTransport::from_url(&to.server)?.timeout(Some(TIMEOUT));
    if let (Some(name), Some(password)) = (&to.username, secret(secrets, to.password_env.as_ref())) {
        builder = builder.credentials(Credentials::new(name.clone(), password.to_owned()));
    }
    Ok(builder.build())
}
