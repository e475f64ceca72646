//! Pages: each reads its request, asks the world, fills a view and hands over what `dashboards` draws.
//!
//! A page is made once per address, language, theme, state of the store and minute, and kept compressed. Pages of
//! somebody signed in are made anew each time: they carry the token of forms.

mod communes;
mod fill;
mod flags;
mod indicators;
mod overview;
mod search;
mod sources;
mod villages;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use gapwatch_dashboards::{Lang, Markup, assets, pages};

use super::{
    cache::Finished,
    context::Asked,
    error::{HttpError, HttpResult},
};
use crate::app::{App, Shared};

const HTML: &str = "text/html; charset=utf-8";
/// Pages may be kept by the browser but are asked for each time.
const REVALIDATE: &str = "no-cache";
/// The name of an asset holds a hash of its content.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Every page.
pub fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, overview::page)))
        .route("/communes/{code}", one(communes::page))
        .route("/villages/{code}", one(villages::page))
        .route("/indicators/{id}", one(indicators::page))
        .route("/flags", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, flags::list)))
        .route("/flags/{id}", one(flags::page))
        .route("/sources", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, sources::page)))
        .route("/runs/{id}", one(sources::run))
        .route("/search", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, search::page)))
        .route("/assets/{name}", get(asset))
}

/// What makes a page.
pub type Make = fn(&App, &Asked) -> HttpResult<Markup>;
/// What makes a page of one thing, named in the address.
pub type MakeOne = fn(&App, &Asked, &str) -> HttpResult<Markup>;

/// A route to the page of one thing.
fn one(make: MakeOne) -> axum::routing::MethodRouter<Shared> {
    get(move |app: State<Shared>, Path(name): Path<String>, uri: Uri, headers: HeaderMap| {
        page(app, uri, headers, move |app: &App, asked: &Asked| make(app, asked, &name))
    })
}

/// Answers with a page: kept, or made now.
async fn page<F>(State(app): State<Shared>, uri: Uri, headers: HeaderMap, make: F) -> Response<Body>
where
    F: FnOnce(&App, &Asked) -> HttpResult<Markup> + Send + 'static,
{
    let asked = match Asked::of(&app, &uri, &headers) {
        Ok(asked) => asked,
        Err(error) => return failure(&app, &Asked::lenient(&app, &uri, &headers), error),
    };
    if !app.is_ready() {
        return loading(&app, &asked);
    }
    let key = asked.session.is_none().then(|| app.page_key(&asked));
    if let Some(kept) = key.as_ref().and_then(|key| app.pages.get(key)) {
        return kept.answer(&headers, REVALIDATE);
    }
    let (shared, for_page) = (Shared::clone(&app), asked.clone());
    let made = tokio::task::spawn_blocking(move || {
        make(&shared, &for_page).map(|markup| Arc::new(Finished::new(HTML, markup.into_string())))
    });
    match made.await {
        Ok(Ok(finished)) => {
            if let Some(key) = key {
                app.pages.keep(key, &finished);
            }
            finished.answer(&headers, if asked.session.is_some() { "private, no-store" } else { REVALIDATE })
        }
        Ok(Err(error)) => failure(&app, &asked, error),
        Err(error) => failure(&app, &asked, error.into()),
    }
}

/// Draws an error for a person.
pub fn failure(app: &App, asked: &Asked, error: HttpError) -> Response<Body> {
    let reference = error.cause.as_ref().map(|_| format!("{:x}", asked.as_of.now.timestamp_millis()));
    if let Some(reference) = &reference {
        tracing::error!(reference, path = asked.address.path, "a page could not be made");
    }
    error.log();
    let view = pages::error::View {
        status: error.status.as_u16(),
        detail: Some(asked.lang.pick(error.vi, error.en)),
        retry_after_s: None,
        reference,
    };
    let markup = pages::error::render(&asked.shell(app, Vec::new()), &view);
    (error.status, [(header::CACHE_CONTROL, "no-store")], axum::response::Html(markup.into_string())).into_response()
}

/// Says that the data is being loaded, and asks the browser to come again.
fn loading(app: &App, asked: &Asked) -> Response<Body> {
    let view = pages::error::View {
        status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        detail: Some(app.progress(asked.lang)),
        retry_after_s: Some(2),
        reference: None,
    };
    let markup = pages::error::render(&asked.shell(app, Vec::new()), &view);
    let mut response = axum::response::Html(markup.into_string()).into_response();
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    for name in [header::RETRY_AFTER, header::REFRESH] {
        response.headers_mut().insert(name, HeaderValue::from_static("2"));
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Every address nobody knows.
pub async fn not_found(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let error = HttpError::not_found(uri.path());
    if uri.path().starts_with("/api/") {
        return error.into_response();
    }
    // A slash too many at the end is forgiven.
    if let Some(shorter) = uri.path().strip_suffix('/').filter(|path| path.starts_with('/') && !path.starts_with("//")) {
        return Redirect::permanent(shorter).into_response();
    }
    failure(&app, &Asked::lenient(&app, &uri, &headers), error)
}

async fn asset(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let Some(asset) = assets::find(uri.path()) else {
        return failure(&app, &Asked::lenient(&app, &uri, &headers), HttpError::not_found(uri.path()));
    };
    let key = asset.path.clone();
    let kept = app.pages.get(&key).unwrap_or_else(|| {
        let finished = Arc::new(Finished::new(asset.content_type, asset.body.to_owned()));
        app.pages.keep(key, &finished);
        finished
    });
    kept.answer(&headers, FOREVER)
}

/// The text of the page's language.
#[must_use]
pub fn words(lang: Lang, vi: &str, en: &str) -> String {
    lang.pick(vi, en).to_owned()
}
