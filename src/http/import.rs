//! `POST /api/v1/import`: a file as the body, read as if the collector had fetched it. `dryRun=true` stores nothing.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use gapwatch_collectors::Fetched;
use gapwatch_model::Outcome;

use super::{
    context::{Editor, Query},
    error::{HttpError, HttpResult},
};
use crate::{
    app::{App, Shared},
    auth::Actor,
    collect::{self, Cause},
};

/// Largest file, in bytes.
const FILE_BYTES: usize = 64 << 20;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The import address.
pub(crate) fn router() -> Router<Shared> {
    Router::new().route("/api/v1/import", post(import)).layer(DefaultBodyLimit::max(FILE_BYTES))
}

async fn import(
    State(app): State<Shared>,
    query: Query,
    Editor(actor): Editor,
    headers: HeaderMap,
    body: Bytes,
) -> HttpResult<Response> {
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/")) {
        return Err(HttpError::unsupported(
            "Nội dung gửi lên là biểu mẫu nhiều phần. Hãy gửi chính tệp làm nội dung của yêu cầu.",
            "the body is a form of several parts, expected the file itself",
        ));
    }
    let named = headers.get("x-file-name").and_then(|name| name.to_str().ok());
    let file = query.get("file").or(named).unwrap_or("import").to_owned();
    let shared = Shared::clone(&app);
    let answer =
        tokio::task::spawn_blocking(move || take_in(&shared, &query, &actor, &file, body.to_vec())).await??;
    let now = app.clock.now();
    tokio::spawn(async move { collect::judge(&app, now).await });
    Ok(answer)
}

fn take_in(app: &App, query: &Query, actor: &Actor, file: &str, bytes: Vec<u8>) -> HttpResult<Response> {
    let name = query.get("collector").unwrap_or_default();
    let known = app.config.collectors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let collector = app.collector(name).map_err(|_| HttpError::bad_request("collector", name, &known))?;
    let now = app.clock.now();
    let dry_run = dry_run(query)?;
    let annotated = match query.get("format") {
        None | Some("json") => false,
        Some("xlsx") => true,
        Some(other) => return Err(HttpError::bad_request("format", other, "json or xlsx")),
    };
    let day = match query.day("on")? {
        Some(day) => day,
        None => gapwatch_collectors::day_of(collector, file, now.date_naive()),
    };
    let fetched = Fetched::given(file, bytes, day);
    let done = if dry_run {
        collect::try_out(app, name, &fetched, now)?
    } else {
        app.audit(actor, "import", name, file)?;
        let draft = collect::draft(name, &Cause::Person(actor.name.clone()), now, Outcome::Failed);
        collect::take_in(app, name, draft, &fetched, now)?
    };
    if annotated && let Some(reading) = &done.reading {
        let book =
            gapwatch_collectors::annotate(collector, &fetched, reading).map_err(anyhow::Error::from)?;
        return Ok(workbook("import", book));
    }
    Ok((StatusCode::OK, Json(collect::reply(&done, dry_run))).into_response())
}

/// Whether nothing is to be stored. However it is spelt: who asks for a trial must not get the real thing.
fn dry_run(query: &Query) -> HttpResult<bool> {
    let spelt = |key: &str| key.replace(['_', '-'], "").eq_ignore_ascii_case("dryrun");
    let Some((_, text)) = query.0.iter().find(|(key, _)| spelt(key)) else { return Ok(false) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(HttpError::bad_request("dryRun", text, "true or false")),
    }
}

/// A workbook to save.
pub(crate) fn workbook(name: &str, bytes: Vec<u8>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, XLSX)], bytes).into_response();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}-can-sua.xlsx\""));
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}

#[cfg(test)]
mod tests {
    use super::{Query, dry_run};

    #[test]
    fn a_trial_is_a_trial_however_it_is_spelt() {
        let asked = |query: &str| dry_run(&Query::of(&format!("/?collector=x&{query}").parse().unwrap()));
        for trial in ["dryRun=true", "dryRun=TRUE", "dryrun=1", "dry_run=True", "dry-run=true"] {
            assert!(asked(trial).unwrap(), "{trial}");
        }
        for real in ["", "dryRun=false", "dryRun=0"] {
            assert!(!asked(real).unwrap(), "{real}");
        }
        for unclear in ["dryRun", "dryRun=", "dryRun=yes"] {
            assert_eq!(asked(unclear).unwrap_err().code, "bad_request", "{unclear}");
        }
    }
}
