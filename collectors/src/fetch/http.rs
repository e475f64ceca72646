//! HTTP requests: retries with backoff, limits, redirects checked one by one, tokens, pages.

use std::{collections::BTreeMap, time::Duration};

use chrono::NaiveDate;
use gapwatch_model::Period;
use reqwest::{
    Client, Request, Response, StatusCode, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

use super::{
    FetchError, Known,
    files::hash,
    guard::{Guard, Refused},
};
use crate::{
    Context, Fetched,
    config::{Auth, Format, HttpSource, Method, Paging},
    pattern,
    records::RecordPath,
};

/// Longest wait a server may ask for between two tries.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

/// One request to be made, with its secrets filled in.
#[derive(Debug, Clone)]
struct Ask {
    url: Url,
    method: Method,
    body: Option<String>,
    headers: HeaderMap,
    /// The address as shown to people.
    shown: String,
}

/// An answer, or the word that nothing changed.
enum Answer {
    NotModified,
    Body { bytes: Vec<u8>, etag: Option<String>, last_modified: Option<String> },
}

/// What all requests of one fetch share.
struct Fetcher<'a> {
    name: &'a str,
    source: &'a HttpSource,
    ctx: &'a Context<'a>,
    guard: Guard,
    client: Client,
    left: u64,
}

/// Fetches the answer, all pages of it.
pub(super) async fn fetch(
    name: &str,
    source: &HttpSource,
    format: &Format,
    ctx: &Context<'_>,
    previous: &(dyn Fn(&str) -> Option<Known> + Sync),
) -> Result<Vec<Fetched>, FetchError> {
    let today = ctx.now.date_naive();
    let period = source.previous.map(|kind| Period::containing(kind, today).previous());
    let day = period.map_or(today, Period::end);
    let label = match period {
        Some(period) => format!("{} ({period})", pattern::fill_day(&source.url, day)),
        None => pattern::fill_day(&source.url, day),
    };
    let guard = Guard::new(&source.allow_hosts);
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(source.timeout_secs))
        .dns_resolver(guard.clone())
        .no_proxy()
        .user_agent(concat!("gapwatch/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| transport(&label, error))?;
    let mut fetcher = Fetcher { name, source, ctx, guard, client, left: source.max_bytes };
    let known = previous(&label);
    let mut headers = fetcher.headers(day).await?;
    if source.paging.is_none()
        && let Some(known) = &known
        && known.content_hash.is_some()
    {
        insert(&mut headers, header::IF_NONE_MATCH, known.etag.as_deref(), &label)?;
        insert(&mut headers, header::IF_MODIFIED_SINCE, known.last_modified.as_deref(), &label)?;
    }
    let first = fetcher.ask(day, headers, &label)?;
    let answer = match &source.paging {
        None => fetcher.get(&first).await?,
        Some(paging) => fetcher.pages(first, paging, format, day).await?,
    };
    let fetched = match answer {
        Answer::NotModified => {
            let known = known.unwrap_or_default();
            let mut same = Fetched::given(&label, Vec::new(), day);
            same.content_hash = known.content_hash.unwrap_or_default();
            same.unchanged = true;
            same.etag = known.etag;
            same.last_modified = known.last_modified;
            same
        }
        Answer::Body { bytes, etag, last_modified } => {
            let content_hash = hash(&bytes);
            let unchanged = known.and_then(|known| known.content_hash).as_ref() == Some(&content_hash);
            let bytes = if unchanged { Vec::new() } else { bytes };
            Fetched { file: label, bytes, content_hash, reported_on: day, unchanged, etag, last_modified }
        }
    };
    Ok(vec![fetched])
}

fn transport(shown: &str, error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(Refused(host)) = cause.downcast_ref::<Refused>() {
            return FetchError::PrivateHost { host: host.clone() };
        }
        reason = cause.to_string();
        source = cause.source();
    }
    if error.is_timeout() {
        "timed out".clone_into(&mut reason);
    }
    FetchError::Transport { url: shown.to_owned(), reason }
}

fn insert(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: Option<&str>,
    shown: &str,
) -> Result<(), FetchError> {
    if let Some(value) = value {
        let value =
            HeaderValue::from_str(value).map_err(|_| FetchError::Address(format!("{shown}: {name}")))?;
        headers.insert(name, value);
    }
    Ok(())
}

impl Fetcher<'_> {
    fn secret(&self, name: &str) -> Result<&str, FetchError> {
        let secrets: &BTreeMap<String, String> = self.ctx.secrets;
        secrets.get(name).map(String::as_str).ok_or_else(|| FetchError::MissingSecret(name.to_owned()))
    }

    /// The headers of the collector's file and its proof of who asks.
    async fn headers(&mut self, day: NaiveDate) -> Result<HeaderMap, FetchError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.source.headers {
            let filled = pattern::fill_secrets(&pattern::fill_day(value, day), self.ctx.secrets);
            let filled = filled.map_err(FetchError::MissingSecret)?;
            let parsed =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| FetchError::Address(name.clone()))?;
            insert(&mut headers, parsed, Some(&filled), name)?;
        }
        if let Some(value) = self.authorization().await? {
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(headers)
    }

    /// The proof of who asks, where the collector's file names one. A token of `OAuth2` is a new one each time.
    async fn authorization(&mut self) -> Result<Option<HeaderValue>, FetchError> {
        let token = match &self.source.auth {
            None => None,
            Some(Auth::Bearer { token_env }) => Some(self.secret(token_env)?.to_owned()),
            Some(Auth::Oauth2 { token_url, client_id_env, client_secret_env, scope }) => {
                let (id, secret) =
                    (self.secret(client_id_env)?.to_owned(), self.secret(client_secret_env)?.to_owned());
                Some(self.token(token_url, &id, &secret, scope.as_deref()).await?)
            }
        };
        let Some(token) = token else { return Ok(None) };
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
            FetchError::Answer { url: self.source.url.clone(), expected: "a token of plain letters" }
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Asks for a page behind the first. A token that ended meanwhile is renewed, once for each page.
    async fn next_page(&mut self, ask: &mut Ask) -> Result<Answer, FetchError> {
        match self.get(ask).await {
            Err(FetchError::Status { status: 401, .. })
                if matches!(self.source.auth, Some(Auth::Oauth2 { .. }))
                    && ask.headers.contains_key(header::AUTHORIZATION) =>
            {
                if let Some(value) = self.authorization().await? {
                    ask.headers.insert(header::AUTHORIZATION, value);
                }
                self.get(ask).await
            }
            answer => answer,
        }
    }

    /// `OAuth2` client credentials, the client proving itself by HTTP Basic.
    async fn token(
        &mut self,
        url: &str,
        id: &str,
        secret: &str,
        scope: Option<&str>,
    ) -> Result<String, FetchError> {
        let shown = url.to_owned();
        let filled = pattern::fill_secrets(url, self.ctx.secrets).map_err(FetchError::MissingSecret)?;
        let mut body = "grant_type=client_credentials".to_owned();
        if let Some(scope) = scope {
            let plain: String =
                scope
                    .bytes()
                    .map(|b| {
                        if b.is_ascii_alphanumeric() {
                            char::from(b).to_string()
                        } else {
                            format!("%{b:02X}")
                        }
                    })
                    .collect();
            body.push_str("&scope=");
            body.push_str(&plain);
        }
        let url = Url::parse(&filled).map_err(|_| FetchError::Address(shown.clone()))?;
        let basic = self.client.post(url.clone()).basic_auth(id, Some(secret)).build();
        let mut headers = basic.map_err(|error| transport(&shown, error))?.headers().clone();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let ask = Ask { url, method: Method::Post, body: Some(body), headers, shown };
        let Answer::Body { bytes, .. } = self.get(&ask).await? else {
            return Err(FetchError::Answer { url: ask.shown, expected: "an `access_token`" });
        };
        let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
        let token = answer.as_ref().and_then(|answer| answer.get("access_token")).and_then(Value::as_str);
        token
            .map(ToOwned::to_owned)
            .ok_or(FetchError::Answer { url: ask.shown, expected: "an `access_token`" })
    }

    fn ask(&self, day: NaiveDate, headers: HeaderMap, shown: &str) -> Result<Ask, FetchError> {
        let fill = |text: &str| {
            pattern::fill_secrets(&pattern::fill_day(text, day), self.ctx.secrets)
                .map_err(FetchError::MissingSecret)
        };
        let first = match self.source.paging {
            Some(Paging::Page { first, .. }) => first,
            _ => 0,
        };
        let page = |text: String| text.replace("{page}", &first.to_string()).replace("{offset}", "0");
        let url = page(fill(&self.source.url)?);
        let url = Url::parse(&url).map_err(|_| FetchError::Address(shown.to_owned()))?;
        let body = self.source.body.as_deref().map(fill).transpose()?.map(page);
        Ok(Ask { url, method: self.source.method, body, headers, shown: shown.to_owned() })
    }

    /// Asks for page after page, joining the documents one behind the other.
    async fn pages(
        &mut self,
        first: Ask,
        paging: &Paging,
        format: &Format,
        day: NaiveDate,
    ) -> Result<Answer, FetchError> {
        let path = match format {
            Format::Json(json) => RecordPath::parse(&json.records).ok(),
            _ => None,
        };
        let max_pages = match paging {
            Paging::Page { max_pages, .. }
            | Paging::Offset { max_pages }
            | Paging::Next { max_pages, .. } => *max_pages,
        };
        let mut joined = Vec::new();
        let mut ask = first.clone();
        let mut offset = 0;
        for asked in 1..=max_pages {
            let answer = if asked == 1 { self.get(&ask).await? } else { self.next_page(&mut ask).await? };
            let Answer::Body { bytes, .. } = answer else { break };
            let document: Value = serde_json::from_slice(&bytes)
                .map_err(|_| FetchError::Answer { url: ask.shown.clone(), expected: "JSON on each page" })?;
            let records = path.as_ref().map_or(1, |path| path.records(&document).len());
            if records == 0 && asked > 1 {
                break;
            }
            joined.extend_from_slice(&bytes);
            joined.push(b'\n');
            let next = match paging {
                Paging::Page { .. } | Paging::Offset { .. } if records == 0 => None,
                Paging::Page { first, .. } => {
                    Some(self.page(&ask, "{page}", u64::from(*first) + u64::from(asked), day)?)
                }
                Paging::Offset { .. } => {
                    offset += u64::try_from(records).unwrap_or(u64::MAX);
                    Some(self.page(&ask, "{offset}", offset, day)?)
                }
                Paging::Next { pointer, .. } => match document.pointer(pointer).and_then(Value::as_str) {
                    Some(address) if !address.is_empty() => {
                        let url =
                            ask.url.join(address).map_err(|_| FetchError::Address(ask.shown.clone()))?;
                        Some(moved(&ask, url))
                    }
                    _ => None,
                },
            };
            match next {
                Some(next) => ask = next,
                None => return Ok(Answer::Body { bytes: joined, etag: None, last_modified: None }),
            }
        }
        Ok(Answer::Body { bytes: joined, etag: None, last_modified: None })
    }

    fn page(&self, ask: &Ask, holder: &str, number: u64, day: NaiveDate) -> Result<Ask, FetchError> {
        let fill = |text: &str| {
            let filled = pattern::fill_secrets(&pattern::fill_day(text, day), self.ctx.secrets);
            filled.map(|text| text.replace(holder, &number.to_string())).map_err(FetchError::MissingSecret)
        };
        let url = Url::parse(&fill(&self.source.url)?).map_err(|_| FetchError::Address(ask.shown.clone()))?;
        let body = self.source.body.as_deref().map(fill).transpose()?;
        Ok(Ask { url, body, ..ask.clone() })
    }

    /// Asks once more and once more, as often as the collector says, then gives up.
    async fn get(&mut self, ask: &Ask) -> Result<Answer, FetchError> {
        let mut tried = 0;
        loop {
            let (error, wait) = match self.follow(ask).await {
                Ok(answer) => return Ok(answer),
                Err((error, wait)) => (error, wait),
            };
            let passing = match &error {
                FetchError::Transport { .. } => true,
                FetchError::Status { status, .. } => *status == 429 || *status == 408 || *status >= 500,
                _ => false,
            };
            if !passing || tried >= self.source.retries {
                return Err(error);
            }
            tried += 1;
            let wait = wait.map_or_else(|| self.backoff(tried), |asked| asked.min(MAX_RETRY_AFTER));
            tokio::time::sleep(wait).await;
        }
    }

    /// Doubled with each try, with a jitter of up to a half that is always the same for one run.
    fn backoff(&self, tried: u32) -> Duration {
        let doubled = self.source.backoff_ms.saturating_mul(1 << (tried - 1).min(10));
        let mark = hash(format!("{}{}{tried}", self.name, self.ctx.now).as_bytes());
        let jitter = u64::from_str_radix(mark.get(..4).unwrap_or("0"), 16).unwrap_or(0) % (doubled / 2 + 1);
        Duration::from_millis(doubled.saturating_add(jitter)).min(MAX_RETRY_AFTER)
    }

    /// Makes a request and follows its redirects. A server's wish when to come again goes with the error.
    async fn follow(&mut self, ask: &Ask) -> Result<Answer, (FetchError, Option<Duration>)> {
        let mut ask = ask.clone();
        for _ in 0..=self.source.redirects {
            let response = self.send(&ask).await.map_err(|error| (error, None))?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                return Ok(Answer::NotModified);
            }
            if status.is_redirection() {
                let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                let url = to.and_then(|to| ask.url.join(to).ok());
                let answer =
                    || FetchError::Answer { url: ask.shown.clone(), expected: "an address to go to" };
                let url = url.ok_or_else(|| (answer(), None))?;
                let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
                ask = moved(&ask, url);
                if !keeps {
                    ask.method = Method::Get;
                    ask.body = None;
                    ask.headers.remove(header::CONTENT_TYPE);
                }
                continue;
            }
            if !status.is_success() {
                let wait = response
                    .headers()
                    .get(header::RETRY_AFTER)
                    .and_then(|after| after.to_str().ok()?.parse().ok());
                let error = FetchError::Status { url: ask.shown.clone(), status: status.as_u16() };
                return Err((error, wait.map(Duration::from_secs)));
            }
            return self.body(response, &ask.shown).await.map_err(|error| (error, None));
        }
        Err((FetchError::Redirects { url: ask.shown, limit: self.source.redirects }, None))
    }

    async fn send(&self, ask: &Ask) -> Result<Response, FetchError> {
        let host = ask.url.host_str().unwrap_or_default();
        if !matches!(ask.url.scheme(), "http" | "https") || host.is_empty() {
            return Err(FetchError::Address(ask.shown.clone()));
        }
        if !self.guard.allows_literal(host) {
            return Err(FetchError::PrivateHost { host: host.to_owned() });
        }
        let method = match ask.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = Request::new(method, ask.url.clone());
        *request.headers_mut() = ask.headers.clone();
        *request.body_mut() = ask.body.clone().map(Into::into);
        self.client.execute(request).await.map_err(|error| transport(&ask.shown, error))
    }

    async fn body(&mut self, mut response: Response, shown: &str) -> Result<Answer, FetchError> {
        let text = |name: HeaderName| {
            response.headers().get(name).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned)
        };
        let (etag, last_modified) = (text(header::ETAG), text(header::LAST_MODIFIED));
        let too_large = || FetchError::TooLarge { what: shown.to_owned(), limit: self.source.max_bytes };
        let mut left = self.left;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(shown, error))? {
            left = left.checked_sub(u64::try_from(chunk.len()).unwrap_or(u64::MAX)).ok_or_else(too_large)?;
            bytes.extend_from_slice(&chunk);
        }
        self.left = left;
        Ok(Answer::Body { bytes, etag, last_modified })
    }
}

/// The same request to another address. What proves who asks is not told to another host.
fn moved(ask: &Ask, url: Url) -> Ask {
    let mut moved = Ask { url, ..ask.clone() };
    let place = |url: &Url| {
        (url.scheme().to_owned(), url.host_str().map(ToOwned::to_owned), url.port_or_known_default())
    };
    if place(&moved.url) != place(&ask.url) {
        let kept = [header::ACCEPT, header::CONTENT_TYPE];
        moved.headers = ask
            .headers
            .iter()
            .filter(|(n, _)| kept.contains(n))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
    }
    moved
}
