//! `[[notify]]` of `gapwatch.toml`: who is told of changed flags, how, and when not.

use chrono::NaiveTime;
use lettre::message::Mailbox;
use serde::Deserialize;

use super::Problem;

/// One receiver.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receiver {
    /// Its name in messages, metrics and the store. Renamed, it is another receiver and is not told of the past.
    pub(crate) name: String,
    /// Codes of places: only they and what lies in them. Empty means every place.
    #[serde(default)]
    pub(crate) places: Vec<String>,
    /// Ids of rules: only these. Empty means every rule.
    #[serde(default)]
    pub(crate) rules: Vec<String>,
    /// Hours of the day in Vietnam in which nothing is sent. What changes then is told together afterwards.
    #[serde(default)]
    pub(crate) quiet: Option<Quiet>,
    /// Nothing is sent while this is true; afterwards everything is, together.
    #[serde(default)]
    pub(crate) hold: bool,
    /// Where to post Alertmanager's JSON.
    #[serde(default)]
    pub(crate) webhook: Option<Webhook>,
    /// Whom to mail.
    #[serde(default)]
    pub(crate) mail: Option<MailTo>,
}

/// Quiet hours, which may go past midnight.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quiet {
    /// First quiet moment, such as `21:00`.
    #[serde(deserialize_with = "time_of_day")]
    pub(crate) from: NaiveTime,
    /// First moment that is not quiet any more.
    #[serde(deserialize_with = "time_of_day")]
    pub(crate) to: NaiveTime,
}

/// `[notify.webhook]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// The address.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// Environment variable that holds the address, where the address itself is a secret.
    #[serde(default)]
    pub(crate) url_env: Option<String>,
    /// Environment variable that holds a bearer token.
    #[serde(default)]
    pub(crate) token_env: Option<String>,
}

/// `[notify.mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailTo {
    /// `smtps://host`, `smtp://host:587?tls=required`, or `smtp://host:25` without encryption.
    pub(crate) server: String,
    /// Sender.
    pub(crate) from: String,
    /// Recipients.
    pub(crate) to: Vec<String>,
    /// Name at the server.
    #[serde(default)]
    pub(crate) username: Option<String>,
    /// Environment variable that holds the password.
    #[serde(default)]
    pub(crate) password_env: Option<String>,
}

impl Quiet {
    /// Whether it is quiet at this time of the day.
    #[must_use]
    pub(crate) fn covers(&self, time: NaiveTime) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

impl Receiver {
    /// Environment variables it names.
    pub(crate) fn secret_names(&self) -> impl Iterator<Item = &str> {
        let webhook = self.webhook.iter().flat_map(|hook| [&hook.url_env, &hook.token_env]);
        let mail = self.mail.iter().map(|mail| &mail.password_env);
        webhook.chain(mail).filter_map(Option::as_deref)
    }
}

fn time_of_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveTime::parse_from_str(&text, "%H:%M")
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is no time of the day, expected HH:MM")))
}

/// Checks every receiver.
pub(crate) fn check(
    receivers: &[Receiver],
    is_rule: impl Fn(&str) -> bool,
    is_place: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) {
    for (at, receiver) in receivers.iter().enumerate() {
        let mut fault = |key: &str, message: &str| {
            problems.push(Problem::new("gapwatch.toml", &format!("notify[{at}].{key}"), message));
        };
        let name = &receiver.name;
        if name.trim().is_empty() {
            fault("name", "is empty, expected a name");
        }
        if receivers.iter().take(at).any(|other| other.name == *name) {
            fault("name", &format!("`{name}` is the name of another receiver"));
        }
        for rule in receiver.rules.iter().filter(|rule| !is_rule(rule)) {
            fault("rules", &format!("`{rule}` is no rule of rules.toml"));
        }
        for code in receiver.places.iter().filter(|code| !is_place(code)) {
            fault("places", &format!("`{code}` is the code of no place"));
        }
        match (&receiver.webhook, &receiver.mail) {
            (Some(webhook), None) => check_webhook(webhook, &mut fault),
            (None, Some(mail)) => check_mail(mail, &mut fault),
            (Some(_), Some(_)) | (None, None) => {
                fault("webhook", "expected either `webhook` or `mail`, one of them");
            }
        }
    }
}

fn check_webhook(webhook: &Webhook, fault: &mut impl FnMut(&str, &str)) {
    match (&webhook.url, &webhook.url_env) {
        (Some(url), None) => {
            let fine = reqwest::Url::parse(url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
            if !fine {
                fault("webhook.url", &format!("`{url}` is no address, expected http:// or https://"));
            }
        }
        (None, Some(_)) => {}
        (Some(_), Some(_)) | (None, None) => {
            fault("webhook.url", "expected either `url` or `url_env`, one of them")
        }
    }
}

fn check_mail(mail: &MailTo, fault: &mut impl FnMut(&str, &str)) {
    let server = &mail.server;
    if lettre::SmtpTransport::from_url(server).is_err() {
        fault(
            "mail.server",
            &format!("`{server}` is no mail server, expected smtps://HOST or smtp://HOST:PORT"),
        );
    }
    if server.contains('@') {
        fault("mail.server", "holds a name or password, expected `username` and `password_env`");
    }
    if mail.username.is_some() != mail.password_env.is_some() {
        fault("mail.username", "expected `username` and `password_env` together");
    }
    if mail.username.is_some() && server.starts_with("smtp://") && !server.contains("tls=required") {
        fault(
            "mail.server",
            "would send the password without encryption, expected smtps:// or ?tls=required",
        );
    }
    let address = |text: &str| text.parse::<Mailbox>().is_ok();
    if !address(&mail.from) {
        fault("mail.from", &format!("`{}` is no mail address", mail.from));
    }
    if mail.to.is_empty() {
        fault("mail.to", "is empty, expected at least one mail address");
    }
    for to in mail.to.iter().filter(|to| !address(to)) {
        fault("mail.to", &format!("`{to}` is no mail address"));
    }
}

#[cfg(test)]
mod tests {
    use super::Quiet;

    #[test]
    fn quiet_hours_may_go_past_midnight() {
        let time = |text: &str| chrono::NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        let night = Quiet { from: time("21:00"), to: time("06:00") };
        let found = ["20:59", "21:00", "00:00", "05:59", "06:00"].map(|at| night.covers(time(at)));
        assert_eq!(found, [false, true, true, true, false]);
        let noon = Quiet { from: time("11:30"), to: time("13:00") };
        assert_eq!(["11:29", "11:30", "13:00"].map(|at| noon.covers(time(at))), [false, true, false]);
    }
}
