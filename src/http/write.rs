//! `POST /api/v2/write`: InfluxDB line protocol, so that Telegraf and every InfluxDB client can write observations.
//!
//! 204 only after the batch is on disk. Lines that cannot be read are named and kept as rejects of the run; the good
//! ones go in.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use gapwatch_collectors::Precision;
use gapwatch_model::{Batch, NewPlaces, Outcome, Run};
use serde_json::json;

use super::{
    context::{Editor, Query},
    error::{HttpError, HttpResult},
};
use crate::{
    app::{App, Shared},
    auth::{self, Actor},
    collect::{self, Cause},
};

/// Largest body as sent, in bytes.
const SENT_BYTES: usize = 32 << 20;
/// Longest name of a bucket, in letters.
const BUCKET_LETTERS: usize = 200;
/// Source of what is pushed without naming a bucket.
const PUSH: &str = "push";

/// The write address.
pub(crate) fn router() -> Router<Shared> {
    Router::new().route("/api/v2/write", post(write)).layer(DefaultBodyLimit::max(SENT_BYTES))
}

async fn write(
    State(app): State<Shared>,
    query: Query,
    Editor(actor): Editor,
    headers: HeaderMap,
    body: Bytes,
) -> HttpResult<Response> {
    let text = query.get("precision").unwrap_or("ns");
    let precision =
        Precision::parse(text).ok_or_else(|| HttpError::bad_request("precision", text, "ns, us, ms or s"))?;
    let source = query.get("bucket").unwrap_or(PUSH).to_owned();
    if source.chars().count() > BUCKET_LETTERS {
        let expected = format!("a name of up to {BUCKET_LETTERS} letters");
        return Err(HttpError::bad_request("bucket", &source, &expected));
    }
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes);
    let gzipped = match encoding.to_ascii_lowercase().as_slice() {
        b"gzip" => true,
        b"" | b"identity" => false,
        _ => {
            return Err(HttpError::unsupported(
                "Nội dung được nén theo cách không đọc được. Chỉ nhận gzip hoặc không nén.",
                "the body is encoded in a way that is not read, expected gzip or none",
            ));
        }
    };
    let shared = Shared::clone(&app);
    let answer = tokio::task::spawn_blocking(move || {
        let plain = if gzipped { unpack(&body)? } else { body.to_vec() };
        take_in(&shared, &plain, precision, &source, &actor)
    })
    .await??;
    let now = app.clock.now();
    tokio::spawn(async move { collect::judge(&app, now).await });
    Ok(answer)
}

fn take_in(
    app: &App,
    lines: &[u8],
    precision: Precision,
    source: &str,
    actor: &Actor,
) -> HttpResult<Response> {
    let now = app.clock.now();
    let told = app.telling(now)?;
    let reading = gapwatch_collectors::line_protocol(lines, precision, &source.into(), &told.context(app));
    let outcome = if reading.rejects.is_empty() { Outcome::Succeeded } else { Outcome::Partial };
    let run = Run {
        read: reading.read,
        accepted: reading.accepted,
        rejected: reading.rejected,
        content_hash: Some(auth::digest_bytes(lines)),
        file: Some("line protocol".to_owned()),
        ..collect::draft(source, &Cause::Person(actor.name.clone()), now, outcome)
    };
    let hash = run.content_hash.clone().unwrap_or_default();
    if !reading.rejects.is_empty() {
        app.store.keep_file(&hash, "line protocol", lines)?;
    }
    let message = gapwatch_collectors::partial_write(&reading);
    let batch =
        Batch { run, frames: reading.frames, rejects: reading.rejects, new_places: NewPlaces::default() };
    app.store.append(&batch)?;
    let Some(message) = message else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let lines: Vec<u32> = batch.rejects.iter().map(|reject| reject.line).collect();
    let error = json!({"code": "invalid", "message": message, "details": {"lines": lines}});
    let body =
        json!({"code": "invalid", "message": message, "line": lines.first(), "lines": lines, "error": error});
    Ok((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

fn unpack(body: &[u8]) -> HttpResult<Vec<u8>> {
    gapwatch_collectors::unpack(body).map_err(|error| {
        let mut refused =
            HttpError::bad_request("body", &error.to_string(), "gzip, up to 256 MiB after decompression");
        refused.code = "invalid";
        refused
    })
}
