//! `/runs/{id}/file`: the sender's file as it came. Always to be kept, never shown: what is in it is not ours.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Response, Uri, header},
};
use gapwatch_collectors::Fetched;
use gapwatch_model::RunId;

use super::exports::attachment;
use crate::{
    app::{App, Shared},
    collect,
    http::{Asked, HttpError, HttpResult},
};

/// Sends the file of a run.
pub(crate) async fn file(
    app: State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let plain = HeaderValue::from_static("application/octet-stream");
    given(app, &uri, &headers, move |app| kept(app, &id).map(|(name, bytes)| sent(&name, plain, bytes))).await
}

/// Sends the sender's own table of a run with a column that says what is wrong with each row.
pub(crate) async fn report(
    app: State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    given(app, &uri, &headers, move |app| {
        annotated(app, &id).map(|(name, bytes)| crate::http::workbook(&name, bytes))
    })
    .await
}

/// Answers with something kept in the store, read where waiting is allowed; an error is a page.
pub(crate) async fn given<F>(
    State(app): State<Shared>,
    uri: &Uri,
    headers: &HeaderMap,
    find: F,
) -> Response<Body>
where
    F: FnOnce(&App) -> HttpResult<Response<Body>> + Send + 'static,
{
    let shared = Shared::clone(&app);
    let found = tokio::task::spawn_blocking(move || find(&shared)).await;
    found
        .map_err(HttpError::from)
        .and_then(|found| found)
        .unwrap_or_else(|error| super::failure(&app, &Asked::lenient(&app, uri, headers), error))
}

fn kept(app: &App, id: &str) -> HttpResult<(String, Vec<u8>)> {
    let missing = || HttpError::not_found(id);
    let run = RunId(id.parse().map_err(|_| missing())?);
    let hash = app.store.run(run)?.and_then(|run| run.content_hash).ok_or_else(missing)?;
    let (name, bytes) = app.store.file(&hash)?.ok_or_else(missing)?;
    let last = name.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    Ok((if last.is_empty() { format!("run-{id}") } else { last.to_owned() }, bytes))
}

fn annotated(app: &App, id: &str) -> HttpResult<(String, Vec<u8>)> {
    let missing = || HttpError::not_found(id);
    let run = app.store.run(RunId(id.parse().map_err(|_| missing())?))?.ok_or_else(missing)?;
    let (_, bytes) = kept(app, id)?;
    let collector = app.collector(run.collector.as_str()).map_err(|_| missing())?;
    let file = run.file.clone().unwrap_or_default();
    let name = file.rsplit('/').next().unwrap_or_default();
    let day = gapwatch_collectors::day_of(collector, name, run.finished.date_naive());
    let fetched = Fetched::given(&file, bytes, day);
    let reading = collect::read(app, run.collector.as_str(), &fetched, run.finished)?;
    let book = gapwatch_collectors::annotate(collector, &fetched, &reading).map_err(anyhow::Error::from)?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    Ok((plain, book))
}

/// An answer that browsers keep as a file.
#[must_use]
pub(crate) fn sent(name: &str, content_type: HeaderValue, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_DISPOSITION, attachment(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
