//! `/runs/{id}/file`: the sender's file as it came. Always to be kept, never shown: what is in it is not ours.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Response, Uri, header},
};
use gapwatch_model::RunId;

use super::exports::attachment;
use crate::{
    app::{App, Shared},
    http::{Asked, HttpError, HttpResult},
};

/// Sends the file of a run.
pub async fn file(
    State(app): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let asked = Asked::lenient(&app, &uri, &headers);
    let shared = Shared::clone(&app);
    let found = tokio::task::spawn_blocking(move || kept(&shared, &id)).await;
    match found.map_err(HttpError::from).and_then(|found| found) {
        Ok((name, bytes)) => sent(&name, HeaderValue::from_static("application/octet-stream"), bytes),
        Err(error) => super::failure(&app, &asked, error),
    }
}

fn kept(app: &App, id: &str) -> HttpResult<(String, Vec<u8>)> {
    let missing = || HttpError::not_found(id);
    let run = RunId(id.parse().map_err(|_| missing())?);
    let hash = app.store.run(run)?.and_then(|run| run.content_hash).ok_or_else(missing)?;
    let (name, bytes) = app.store.file(&hash)?.ok_or_else(missing)?;
    let last = name.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    Ok((if last.is_empty() { format!("run-{id}") } else { last.to_owned() }, bytes))
}

/// An answer that browsers keep as a file.
#[must_use]
pub fn sent(name: &str, content_type: HeaderValue, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_DISPOSITION, attachment(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
