//! `POST /api/v2/write`: InfluxDB line protocol, so that Telegraf and every InfluxDB client can write observations.
//!
//! 204 only after the batch is on disk. Lines that cannot be read are named and kept as rejects of the run; the good
//! ones go in.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use crate::later::Precision;
use gapwatch_model::{Batch, Outcome, Run};
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
/// Largest body after decompression, in bytes.
const PLAIN_BYTES: u64 = 256 << 20;
/// Source of what is pushed without naming a bucket.
const PUSH: &str = "push";

/// The write address.
pub fn router() -> Router<Shared> {
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
    let precision = Precision::parse(text).ok_or_else(|| HttpError::bad_request("precision", text, "ns, us, ms or s"))?;
    let source = query.get("bucket").unwrap_or(PUSH).to_owned();
    let gzipped = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value.as_bytes() == b"gzip");
    let shared = Shared::clone(&app);
    let answer = tokio::task::spawn_blocking(move || {
        let plain = if gzipped { inflate(&body)? } else { body.to_vec() };
        take_in(&shared, &plain, precision, &source, &actor)
    })
    .await??;
    let now = app.clock.now();
    tokio::spawn(async move { collect::judge(&app, now).await });
    Ok(answer)
}

fn take_in(app: &App, lines: &[u8], precision: Precision, source: &str, actor: &Actor) -> HttpResult<Response> {
    let now = app.clock.now();
    let told = app.telling(now)?;
    let reading = crate::later::line_protocol(lines, precision, &told.context(app), source);
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
    let batch = Batch { run, frames: reading.frames, rejects: reading.rejects };
    app.store.append(&batch)?;
    if batch.rejects.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // The shape InfluxDB answers a partial write with.
    let said: Vec<String> = batch.rejects.iter().take(100).map(|r| format!("line {}: {}", r.line, r.sentence)).collect();
    let message = format!("partial write: {} of {} lines went in; {}", batch.run.accepted, batch.run.read, said.join("; "));
    let lines: Vec<u32> = batch.rejects.iter().map(|reject| reject.line).collect();
    let body = json!({"code": "invalid", "message": message, "line": lines.first(), "lines": lines});
    Ok((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

fn inflate(body: &[u8]) -> HttpResult<Vec<u8>> {
    use std::io::Read;
    let mut plain = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(body).take(PLAIN_BYTES + 1);
    let read = decoder.read_to_end(&mut plain);
    let large = u64::try_from(plain.len()).unwrap_or(u64::MAX) > PLAIN_BYTES;
    match read {
        Ok(_) if !large => Ok(plain),
        Ok(_) => Err(HttpError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request too large",
            "Dữ liệu quá lớn sau khi giải nén. Hãy chia thành nhiều lần gửi.",
            "the body is larger than 256 MiB after decompression; send it in parts",
        )),
        Err(error) => Err(HttpError::bad_request("body", &error.to_string(), "gzip")),
    }
}
