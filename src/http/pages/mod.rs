//! Pages: each reads its request, asks the world, fills a view and hands over what `dashboards` draws.
//!
//! A page is made once per address, language, theme, state of the store and minute, and kept compressed. Pages of
//! somebody signed in are made anew each time: they carry the token of forms.

mod chart;
mod claims;
mod commune_list;
mod communes;
mod compare;
mod completeness;
mod exports;
mod files;
mod fill;
mod flags;
mod indicators;
mod keys;
mod ledger;
mod maps;
mod near;
mod observations;
mod overview;
mod pack_view;
mod packs;
mod pdf;
mod review;
mod revisions;
mod search;
mod sheets;
mod sources;
mod tables;
mod village_list;
mod villages;

use std::{cmp::Ordering, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use gapwatch_dashboards::{
    Markup, assets, pages,
    shell::{Address, Theme},
    table::Format,
};
use gapwatch_model::SignalState;
use tokio::sync::Semaphore;

use super::{
    cache::Finished,
    context::{Asked, Query},
    error::{HttpError, HttpResult, say_when},
    guard::MadeNow,
};
use crate::app::{App, Shared};

pub(crate) use packs::last_meeting;

const HTML: &str = "text/html; charset=utf-8";
/// Pages may be kept by the browser but are asked for each time.
const REVALIDATE: &str = "no-cache";
/// The cookie that remembers the colours.
const THEME_COOKIE: &str = "theme";
/// The name of an asset holds a hash of its content.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Pages made at a time: each may hold a judgement of its own, and memory must stay bounded however many ask.
static AT_A_TIME: Semaphore = Semaphore::const_new(3);

/// Every page.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, overview::page)))
        .route("/villages", get(|a: State<Shared>, u: Uri, h: HeaderMap| table(a, u, h, village_list::page)))
        .route("/villages/export", exports::file(village_list::sheet))
        .route("/communes", get(|a: State<Shared>, u: Uri, h: HeaderMap| table(a, u, h, commune_list::page)))
        .route("/communes/export", exports::file(commune_list::sheet))
        .route(
            "/observations",
            get(|a: State<Shared>, u: Uri, h: HeaderMap| table(a, u, h, observations::page)),
        )
        .route("/observations/export", exports::file(observations::sheet))
        .route("/communes/{code}", one(communes::page))
        .route("/villages/{code}", one(villages::page))
        .route("/indicators/{id}", one(indicators::page))
        .route("/flags", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, flags::list)))
        .route("/flags/{id}", one(flags::page))
        .route("/flags/export", exports::file(sheets::flags))
        .route("/indicators/{id}/export", exports::file_of(sheets::indicator))
        .route("/ledger", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, ledger::page)))
        .route("/ledger/export", exports::file(ledger::sheet))
        .route("/compare", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, compare::page)))
        .route("/maps", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, maps::page)))
        .route("/review", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, review::page)))
        .route(
            "/completeness",
            get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, completeness::page)),
        )
        .route("/completeness/export", exports::file(completeness::sheet))
        .route("/claims", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, claims::page)))
        .route("/claims/export", exports::file(claims::sheet))
        .route("/keys", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, keys::page)))
        .route("/runs/{id}/file", get(files::file))
        .route("/runs/{id}/report", get(files::report))
        .merge(packs::router())
        .route("/sources", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, sources::page)))
        .route("/runs/{id}", one(sources::run))
        .route("/search", get(|a: State<Shared>, u: Uri, h: HeaderMap| page(a, u, h, search::page)))
        .route("/assets/{name}", get(asset))
        .route("/favicon.ico", get(icon))
}

/// What makes a page.
pub(crate) type Make = fn(&App, &Asked) -> HttpResult<Markup>;
/// What makes a page of one thing, named in the address.
pub(crate) type MakeOne = fn(&App, &Asked, &str) -> HttpResult<Markup>;

/// A route to the page of one thing.
fn one(make: MakeOne) -> axum::routing::MethodRouter<Shared> {
    get(move |app: State<Shared>, Path(name): Path<String>, uri: Uri, headers: HeaderMap| {
        page(app, uri, headers, move |app: &App, asked: &Asked| make(app, asked, &name))
    })
}

/// Answers with a page that is a table, or sends those who ask for `?format=` to its file.
async fn table(app: State<Shared>, uri: Uri, headers: HeaderMap, make: Make) -> Response<Body> {
    match exports::elsewhere(&uri) {
        Some(file) => file,
        None => page(app, uri, headers, make).await,
    }
}

/// Answers with a page and remembers the colours that were asked for.
async fn page<F>(app: State<Shared>, uri: Uri, headers: HeaderMap, make: F) -> Response<Body>
where
    F: FnOnce(&App, &Asked) -> HttpResult<Markup> + Send + 'static,
{
    let theme = Query::of(&uri).get("theme").map(|word| Theme::of_word(word).as_str());
    let mut response = answer(app, uri, headers, make).await;
    if let Some(theme) = theme {
        let cookie = format!("{THEME_COOKIE}={theme}; Path=/; SameSite=Strict; Max-Age=31536000");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Answers with a page: kept, or made now.
async fn answer<F>(State(app): State<Shared>, uri: Uri, headers: HeaderMap, make: F) -> Response<Body>
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
    let [key, minute_ago] = app.page_keys(&asked);
    if asked.session.is_none() && app.pages.get(&key).is_none() {
        // Only the minute is another: what was right then is sent once more, and the new one is made meanwhile.
        if let Some(known) = app.pages.get(&minute_ago) {
            if app.pages.renew(&key) {
                tokio::spawn(async move {
                    let renewed = app.pages.get_or_make(&key, made(&app, &asked, make)).await;
                    if let Err(error) = renewed {
                        error.log();
                    }
                    app.pages.renewed(&key);
                });
            }
            return known.answer(&headers, REVALIDATE);
        }
    }
    let mut anew = false;
    let making = async {
        anew = true;
        made(&app, &asked, make).await
    };
    let (finished, cache_control) = match &asked.session {
        None => (app.pages.get_or_make(&key, making).await, REVALIDATE),
        Some(_) => (making.await, "private, no-store"),
    };
    let mut response = match finished {
        Ok(finished) => finished.answer(&headers, cache_control),
        Err(error) => failure(&app, &asked, error),
    };
    if anew {
        response.extensions_mut().insert(MadeNow);
    }
    response
}

/// Makes a page when its turn has come.
async fn made<F>(app: &Shared, asked: &Asked, make: F) -> HttpResult<Arc<Finished>>
where
    F: FnOnce(&App, &Asked) -> HttpResult<Markup> + Send + 'static,
{
    let permit = AT_A_TIME.acquire().await.map_err(anyhow::Error::from)?;
    let (shared, for_page) = (Shared::clone(app), asked.clone());
    tokio::task::spawn_blocking(move || {
        let page = make(&shared, &for_page).map(|markup| Arc::new(Finished::new(HTML, markup.into_string())));
        drop(permit);
        page
    })
    .await?
}

/// Makes the front page before anybody asks for it.
pub(crate) async fn warm(app: Shared) {
    let (uri, headers) = (Uri::from_static("/"), HeaderMap::new());
    let response = answer(State(app), uri, headers, overview::page).await;
    if !response.status().is_success() {
        tracing::error!(status = response.status().as_u16(), "the front page cannot be made");
    }
}

/// Draws an error for a person.
pub(crate) fn failure(app: &App, asked: &Asked, error: HttpError) -> Response<Body> {
    let reference = error.cause.as_ref().map(|_| format!("{:x}", asked.as_of.now.timestamp_millis()));
    if let Some(reference) = &reference {
        tracing::error!(reference, path = asked.address.path, "a page could not be made");
    }
    error.log();
    let HttpError { status, vi, en, retry_after_s, .. } = error;
    let view = pages::error::View {
        status: status.as_u16(),
        detail: Some(asked.lang.pick(vi, en)),
        retry_after_s: retry_after_s.map(u64::from),
        reference,
    };
    let markup = pages::error::render(&asked.shell(app, Vec::new()), &view);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let mut response = (status, no_store, axum::response::Html(markup.into_string())).into_response();
    say_when(&mut response, retry_after_s);
    response
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
pub(crate) async fn not_found(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let error = HttpError::not_found(uri.path());
    if uri.path().starts_with("/api/") {
        return error.into_response();
    }
    // A slash too many at the end is forgiven.
    if let Some(shorter) =
        uri.path().strip_suffix('/').filter(|path| path.starts_with('/') && !path.starts_with("//"))
    {
        return Redirect::permanent(shorter).into_response();
    }
    failure(&app, &Asked::lenient(&app, &uri, &headers), error)
}

async fn asset(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let Some(asset) = assets::find(uri.path()) else {
        return failure(&app, &Asked::lenient(&app, &uri, &headers), HttpError::not_found(uri.path()));
    };
    let make = async { HttpResult::Ok(Arc::new(Finished::new(asset.content_type, asset.body.to_owned()))) };
    match app.pages.get_or_make(&asset.path, make).await {
        Ok(kept) => kept.answer(&headers, FOREVER),
        Err(error) => failure(&app, &Asked::lenient(&app, &uri, &headers), error),
    }
}

/// The icon at the address browsers try where a page names none, as a sealed pack does.
async fn icon(app: State<Shared>, headers: HeaderMap) -> Response<Body> {
    match assets::icon().path.parse() {
        Ok(uri) => asset(app, uri, headers).await,
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// How bad a state is: the worst first.
#[must_use]
pub(crate) fn severity(state: SignalState) -> u8 {
    match state {
        SignalState::NoSignal => 0,
        SignalState::Pocket => 1,
        SignalState::Unknown => 2,
        SignalState::Covered => 3,
    }
}

/// One page of a long list, and the cursors of its neighbours.
#[derive(Debug)]
pub(crate) struct Window {
    /// Positions of the rows.
    pub(crate) range: std::ops::Range<usize>,
    /// Cursor for `?before=`; an empty text leads to the first page.
    pub(crate) before: Option<String>,
    /// Cursor for `?after=`.
    pub(crate) after: Option<String>,
}

/// A page of `rows` out of `all`: `?after=CURSOR` begins behind that place in the order, `?before=CURSOR` ends in front
/// of it. A cursor says where in the order it stands, not which row it was: a row that is gone since loses nobody his
/// place. `against` says how the row at a position stands against a cursor, `cursor` gives the one of a row.
#[must_use]
pub(crate) fn window(
    query: &Query,
    all: usize,
    rows: usize,
    against: impl Fn(usize, &str) -> Option<Ordering>,
    cursor: impl Fn(usize) -> String,
) -> Window {
    let found = |name: &str, until: Ordering| {
        let wanted = query.get(name)?;
        let (mut low, mut high) = (0, all);
        while low < high {
            let middle = low.midpoint(high);
            if against(middle, wanted)? <= until { low = middle + 1 } else { high = middle }
        }
        Some(low)
    };
    let start = match (found("after", Ordering::Equal), found("before", Ordering::Less)) {
        (Some(after), _) => after,
        (None, Some(before)) => before.saturating_sub(rows),
        (None, None) => 0,
    };
    let end = (start + rows).min(all);
    let start = start.min(end);
    let first_page = (start > 0 && start <= rows).then(String::new);
    Window {
        range: start..end,
        before: first_page.or_else(|| (start > 0 && start < all).then(|| cursor(start))),
        after: end.checked_sub(1).filter(|_| end < all).map(cursor),
    }
}

/// Where a table can be taken away: the same query at the address of the files.
#[must_use]
pub(crate) fn downloads(asked: &Asked, path: &str, formats: &[Format]) -> Vec<(Format, String)> {
    let link = |format: &Format| {
        let here = Address { path: path.to_owned(), query: asked.query.0.clone() };
        (*format, here.with(&[("format", Some(format.as_str())), ("after", None), ("before", None)]))
    };
    formats.iter().map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::{Query, Window, window};

    fn page(query: &Query, keys: &[String]) -> Window {
        window(query, keys.len(), 10, |at, cursor| Some(keys[at].as_str().cmp(cursor)), |at| keys[at].clone())
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let keys: Vec<String> = (0..25).map(|n| format!("k{n:02}")).collect();
        let mut seen = Vec::new();
        let mut query = Query::default();
        loop {
            let page = page(&query, &keys);
            seen.extend(keys[page.range.clone()].to_vec());
            match page.after {
                Some(after) => query = Query(vec![("after".to_owned(), after)]),
                None => break,
            }
        }
        assert_eq!(seen, keys);
        let last = page(&query, &keys);
        let back = page(&Query(vec![("before".to_owned(), last.before.unwrap())]), &keys);
        assert_eq!(back.range, 10..20);
        assert_eq!(page(&Query::default(), &[]).range, 0..0);
    }

    #[test]
    fn a_row_that_is_gone_loses_nobody_his_place() {
        let mut keys: Vec<String> = (0..25).map(|n| format!("k{n:02}")).collect();
        let after = page(&Query::default(), &keys).after.unwrap();
        assert_eq!(after, "k09");
        keys.retain(|key| key != "k09");
        let next = page(&Query(vec![("after".to_owned(), after)]), &keys);
        assert_eq!(keys[next.range.start], "k10");
        let before = page(&Query(vec![("before".to_owned(), "k20x".to_owned())]), &keys);
        assert_eq!(keys[before.range.end - 1], "k20");
    }
}
