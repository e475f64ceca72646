//! The only file that talks to InfluxDB: one request at a time, with a time-out, every failure a sentence.
//!
//! Requests run as tasks of a small runtime of their own, so that the store stays callable from any blocking thread and
//! a parser of the library that gives up on an answer is an error here and nothing worse.

use std::{fmt, future::Future, time::Duration};

use chrono::NaiveDate;
use gapwatch_model::{Dimensions, Evidence, IndicatorId, Period};
use influxdb2::{
    RequestError,
    api::{buckets::ListBucketsRequest, organization::ListOrganizationRequest},
    models::{Bucket, PostBucketRequest, Query as Flux, RetentionRule, retention_rule::Type as Expiry},
};
use influxdb2_structmap::value::Value;

use super::{flux, line};
use crate::{
    StoreError,
    series::{Query, Stream, Summary, embedded::period},
};

/// Time one shard of the bucket spans: 52 weeks. A server's own choice is one week, and a decade of daily figures would
/// lie in five hundred of them.
const SHARD_SECS: i64 = 52 * 7 * 86_400;

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret read from the environment.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where the series are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfluxOptions {
    /// Address of the server, such as `http://127.0.0.1:8086`.
    pub url: String,
    /// Organisation, by name.
    pub org: String,
    /// Bucket, by name.
    pub bucket: String,
    /// Token that may read and write the bucket.
    pub token: Secret,
    /// Longest wait for one answer, in milliseconds.
    pub timeout_ms: u64,
    /// Most points that may wait for delivery; a batch beyond is refused.
    pub spool_points: u64,
}

pub(crate) struct Client {
    runtime: Option<tokio::runtime::Runtime>,
    client: influxdb2::Client,
    org: String,
    pub(super) bucket: String,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("org", &self.org).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Unlike a plain drop this never waits, wherever it happens.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Client {
    pub(crate) fn new(options: &InfluxOptions) -> Result<Self, StoreError> {
        let failed =
            |why: String| StoreError::Server { doing: "start the InfluxDB client", status: None, why };
        let plain = options.url.bytes().all(|byte| byte.is_ascii_graphic());
        let host = options.url.strip_prefix("http://").or_else(|| options.url.strip_prefix("https://"));
        if !plain
            || !host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
        {
            return Err(failed(format!("`{}` is no address, expected http://HOST:PORT", options.url)));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("influx")
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let InfluxOptions { url, org, token, .. } = options.clone();
        // The library gives up on an address it cannot read; in a thread of its own that is an error. Waiting for a task
        // would give up itself where a runtime calls.
        let made = std::thread::spawn(move || influxdb2::Client::new(url, org, token.0)).join();
        let client = made.map_err(|_| failed(format!("`{}` is no address", options.url)))?;
        Ok(Self {
            runtime: Some(runtime),
            client,
            org: options.org.clone(),
            bucket: options.bucket.clone(),
            timeout: Duration::from_millis(options.timeout_ms),
        })
    }

    /// Writes lines. Only a clear *done* is success.
    pub(super) fn write(&self, lines: String) -> Result<(), StoreError> {
        let (client, org, bucket) = (self.client.clone(), self.org.clone(), self.bucket.clone());
        self.call("write to InfluxDB", async move { client.write_line_protocol(&org, &bucket, lines).await })
    }

    /// Makes the bucket where it is not there yet, keeping everything for ever. `true` when it was made. One that is there
    /// and forgets is refused: a server drops what is older than the bucket keeps, and would take no old figure.
    pub(crate) fn init(&self) -> Result<bool, StoreError> {
        let (client, org, bucket) = (self.client.clone(), self.org.clone(), self.bucket.clone());
        self.call("set up the InfluxDB bucket", async move {
            if let Some(found) = bucket_of(&client, &org, &bucket).await? {
                let kept = found.retention_rules.iter().map(|rule| rule.every_seconds).find(|kept| *kept > 0);
                return match kept {
                    None => Ok(false),
                    Some(kept) => Err(refused(format!(
                        "the bucket `{bucket}` keeps points for `{kept}` seconds, expected one that keeps them for ever"
                    ))),
                };
            }
            let request =
                ListOrganizationRequest { org: Some(org.clone()), ..ListOrganizationRequest::default() };
            let found = client.list_organizations(request).await?;
            let id = found.orgs.into_iter().find(|found| found.name == org).and_then(|found| found.id);
            let id = id.ok_or_else(|| refused(format!("there is no organisation `{org}`")))?;
            let rule = RetentionRule {
                shard_group_duration_seconds: Some(SHARD_SECS),
                ..RetentionRule::new(Expiry::Expire, 0)
            };
            let request = PostBucketRequest { retention_rules: vec![rule], ..PostBucketRequest::new(id, bucket) };
            client.create_bucket(Some(request)).await?;
            Ok(true)
        })
    }

    /// Asks, and reads each record from its text columns.
    pub(super) fn query<T: Send + 'static>(
        &self,
        question: String,
        read: impl Fn(line::Columns<'_>) -> Result<T, String> + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        let client = self.client.clone();
        self.call("read from InfluxDB", async move {
            // The iterator form reads the body with an error where `query_raw` gives up on half of one.
            let answer = client.query_raw_iter(Some(Flux::new(question))).await?;
            let mut records = Vec::new();
            let mut rows = answer.result();
            while let Some(record) = fallible_next(&mut rows)? {
                let column = |name: &str| match record.values.get(name) {
                    Some(Value::String(text)) => Some(text.as_str()),
                    _ => None,
                };
                records.push(read(&column).map_err(refused)?);
            }
            Ok(records)
        })
    }

    /// Names of all measurements in the bucket.
    pub(super) fn measurements(&self) -> Result<Vec<String>, StoreError> {
        self.query(flux::measurements(&self.bucket), |columns| {
            Ok(line::decode(columns("_value").ok_or("column `_value` is missing")?))
        })
    }

    /// First and last day there is anything of the indicator on the server.
    pub(super) fn days(&self, query: &Query) -> Result<Option<(NaiveDate, NaiveDate)>, StoreError> {
        let edge = |last| {
            self.query(flux::edge(&self.bucket, query, last), |columns| {
                let time = columns("t").ok_or("column `t` is missing")?;
                let day = time.get(..10).and_then(|day| day.parse::<NaiveDate>().ok());
                day.ok_or_else(|| format!("`{time}` is no time"))
            })
        };
        Ok(edge(false)?.pop().zip(edge(true)?.pop()))
    }

    /// Sums made by the server.
    pub(super) fn summary(
        &self,
        query: &Query,
        scope: &flux::Scope,
        days: (NaiveDate, NaiveDate),
        cuts: &[f64],
    ) -> Result<Vec<Summary>, StoreError> {
        let (indicator, classes) = (query.indicator.clone(), cuts.len() + 1);
        let flux = flux::summary(&self.bucket, query, scope, flux::asked(days), cuts);
        let mut found = self.query(flux, move |columns| summary_of(&indicator, classes, columns))?;
        found.retain(|summary| days.0 <= summary.period.end() && summary.period.end() <= days.1);
        found.sort_by(|a, b| {
            a.stream.cmp(&b.stream).then_with(|| period::code(a.period).cmp(&period::code(b.period)))
        });
        Ok(found)
    }

    fn call<T: Send + 'static>(
        &self,
        doing: &'static str,
        task: impl Future<Output = Result<T, RequestError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let failed = |status, why| StoreError::Server { doing, status, why };
        let Some(runtime) = &self.runtime else {
            return Err(failed(None, "the client is closed".to_owned()));
        };
        let done = runtime.block_on(async {
            let task = tokio::spawn(task);
            let stop = task.abort_handle();
            let done = tokio::time::timeout(self.timeout, task).await;
            stop.abort();
            done
        });
        match done {
            Err(_) => Err(failed(None, format!("no answer within {} ms", self.timeout.as_millis()))),
            Ok(Err(_)) => Err(failed(None, "the answer cannot be read".to_owned())),
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(RequestError::Http { status, text }))) => {
                let text: String = text.chars().take(300).collect();
                Err(failed(Some(status.as_u16()), format!("the server answered {}: {text}", status.as_u16())))
            }
            Ok(Ok(Err(RequestError::Deserializing { text }))) => Err(failed(None, text)),
            Ok(Ok(Err(error))) => Err(failed(None, chain(&error))),
        }
    }
}

/// The bucket, where it is there. A server without it answers with an empty list or with 404.
async fn bucket_of(
    client: &influxdb2::Client,
    org: &str,
    bucket: &str,
) -> Result<Option<Bucket>, RequestError> {
    let request = ListBucketsRequest {
        name: Some(bucket.to_owned()),
        org: Some(org.to_owned()),
        ..ListBucketsRequest::default()
    };
    match client.list_buckets(Some(request)).await {
        Ok(found) => Ok(found.buckets.into_iter().find(|found| found.name == bucket)),
        Err(RequestError::Http { status, .. }) if status.as_u16() == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the server does not refuse but we do.
fn refused(text: String) -> RequestError {
    RequestError::Deserializing { text }
}

fn fallible_next<I: fallible_iterator::FallibleIterator>(rows: &mut I) -> Result<Option<I::Item>, I::Error> {
    rows.next()
}

/// The error with what lies behind it, said once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        let more = behind.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = behind.source();
    }
    text
}

fn summary_of(
    indicator: &IndicatorId,
    classes: usize,
    columns: line::Columns<'_>,
) -> Result<Summary, String> {
    fn number<T: std::str::FromStr>(columns: line::Columns<'_>, name: &str) -> Result<T, String> {
        let text = columns(name).ok_or_else(|| format!("column `{name}` is missing"))?;
        text.parse().map_err(|_| format!("`{text}` in column `{name}` is no number"))
    }
    let (head, ratios, numbers) = (line::stream(columns)?, number(columns, "r")?, number(columns, "n")?);
    let (period, source, evidence, dimensions): (Period, String, Evidence, Dimensions) = head;
    Ok(Summary {
        stream: std::sync::Arc::new(Stream {
            indicator: indicator.clone(),
            source: source.as_str().into(),
            evidence,
            dimensions,
        }),
        period,
        numbers,
        sum: number(columns, "sum")?,
        ratios,
        numerator: number(columns, "num")?,
        denominator: number(columns, "den")?,
        without_value: number(columns, "none")?,
        classes: (0..classes).map(|class| number(columns, &format!("c{class}"))).collect::<Result<_, _>>()?,
    })
}
