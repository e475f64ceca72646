//! `/packs`: meeting packs. One is made from what was known at the end of a day, sealed as it is, and opened again as the
//! same bytes; its page says which of its figures have been revised since.

use std::path::Path as FilePath;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Response, Uri, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use base64::Engine as _;
use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_dashboards::{
    Lang, Markup,
    pages::{
        pack,
        packs::{OneView, PackRow, View, render, render_one},
    },
    part::{Borders, Link},
};
use gapwatch_model::{Gazetteer, PlaceIx};
use gapwatch_store::{Document, DocumentInfo};
use sha2::{Digest, Sha256};

use super::{files, fill::Fill, pack_view, pdf, revisions};
use crate::{
    app::{App, Shared},
    auth::{self, Actor, Role},
    clock,
    http::{Asked, HttpError, HttpResult, api, forms::Sent},
};

/// Kind of the documents that packs are.
const KIND: &str = "pack";

/// Addresses of packs.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/packs", get(|a: State<Shared>, u: Uri, h: HeaderMap| super::page(a, u, h, list)).post(make))
        .route("/packs/{id}", super::one(open))
        .route("/packs/{id}/document", get(document))
        .route("/packs/{id}/document.pdf", get(as_pdf))
}

/// A sealed pack, without its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    /// Code of its place.
    pub(crate) code: String,
    /// Its cut-off.
    pub(crate) cut_off: NaiveDate,
    /// The day whose borders it is in: its cut-off, or the day it was made.
    pub(crate) borders: NaiveDate,
    /// Number, seal, author, when.
    pub(crate) info: DocumentInfo,
}

impl Pack {
    fn of(info: DocumentInfo) -> Option<Self> {
        let mut parts = info.name.split('~');
        let (code, cut_off, _lang) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?);
        let borders = parts.next().map_or(Some(cut_off), |borders| borders.parse().ok())?;
        Some(Self { code, cut_off, borders, info })
    }

    /// Other borders than those of its cut-off.
    #[must_use]
    pub(crate) fn over(&self) -> Option<NaiveDate> {
        Some(self.borders).filter(|borders| *borders != self.cut_off)
    }

    /// Everything recorded up to here was known to it.
    #[must_use]
    pub(crate) fn knew(&self) -> DateTime<FixedOffset> {
        clock::end_of(self.cut_off).min(self.info.at)
    }

    fn row(&self, fill: &Fill<'_>) -> HttpResult<PackRow> {
        let place = api::place_of(fill.gazetteer(), &self.code, self.borders)?;
        Ok(PackRow {
            id: self.info.id.to_string(),
            place: fill.place(place),
            cut_off: self.cut_off,
            borders: self.borders,
            made_at: self.info.at,
            author: self.info.by.clone(),
            hash: self.info.hash.clone(),
        })
    }
}

/// Packs of a place made by a moment, newest first.
fn packs(app: &App, code: &str, at: DateTime<FixedOffset>) -> HttpResult<Vec<Pack>> {
    let all = app.store.documents(KIND)?.into_iter().filter(|info| info.at <= at).filter_map(Pack::of);
    Ok(all.filter(|pack| pack.code == code).collect())
}

/// The cut-off of the last pack of a place before a day.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn last_before(fill: &Fill<'_>, place: PlaceIx, day: NaiveDate) -> HttpResult<Option<NaiveDate>> {
    let now = fill.app.clock.now();
    last_cut_off(fill.app, fill.gazetteer().get(place).id.code.as_str(), day, now)
}

fn last_cut_off(
    app: &App,
    code: &str,
    before: NaiveDate,
    at: DateTime<FixedOffset>,
) -> HttpResult<Option<NaiveDate>> {
    let cut_offs = packs(app, code, at)?.into_iter().map(|pack| pack.cut_off);
    Ok(cut_offs.filter(|cut_off| *cut_off < before).max())
}

/// The cut-off of the last pack of a place that was made by a moment and is about an earlier day.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn last_meeting(
    app: &App,
    gazetteer: &Gazetteer,
    place: PlaceIx,
    at: DateTime<FixedOffset>,
) -> HttpResult<Option<NaiveDate>> {
    last_cut_off(app, gazetteer.get(place).id.code.as_str(), at.date_naive(), at)
}

/// Makes the list.
pub(crate) fn list(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let place = api::chosen_place(&world, &asked.query)?;
    let packs = packs(app, world.gazetteer.get(place).id.code.as_str(), world.at)?;
    let rows = packs.iter().map(|pack| pack.row(&fill)).collect::<HttpResult<_>>()?;
    let now = asked.as_of.borders.is_some();
    let borders = if now { Borders::Now } else { Borders::Then };
    let view = View { place: fill.place(place), packs: rows, borders };
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

fn stored(app: &App, id: &str) -> HttpResult<(Pack, Document)> {
    let missing = || HttpError::not_found(id);
    let document = app.store.document(id.parse().map_err(|_| missing())?)?.ok_or_else(missing)?;
    let pack = Some(document.info.clone())
        .filter(|info| info.kind == KIND)
        .and_then(Pack::of)
        .ok_or_else(missing)?;
    Ok((pack, document))
}

/// Makes the page of one pack: its seal, and what has been revised since.
pub(crate) fn open(app: &App, asked: &Asked, id: &str) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let (pack, document) = stored(app, id)?;
    if pack.info.at > world.at {
        // On that day nobody had made it yet.
        return Err(HttpError::not_found(id));
    }
    let row = pack.row(&fill)?;
    let view = OneView {
        intact: auth::digest_bytes(&document.bytes) == pack.info.hash,
        revisions: revisions::since(&fill, &pack)?,
        pdf: pdf::browser().is_some(),
        pack: row,
    };
    let list = Link::new(
        asked.lang.pick("Tài liệu họp", "Meeting packs"),
        format!("/packs?place={}", view.pack.place.code),
    );
    Ok(render_one(&asked.shell(app, vec![fill.link(world.home), list]), &view))
}

async fn make(sent: Sent) -> Response<Body> {
    sent.change(Role::Editor, async |app, actor| {
        let (place, written) = (sent.field("place").to_owned(), sent.field("cut_off"));
        let lang = Lang::of_tag(sent.field("lang"));
        let now = app.clock.now();
        let over = match sent.field("borders") {
            "" | "then" => None,
            "now" => Some(now.date_naive()),
            other => return Err(HttpError::bad_request("borders", other, "then, now")),
        };
        let cut_off: Option<NaiveDate> = written.parse().ok();
        let cut_off = cut_off.filter(|day| *day <= now.date_naive());
        let cut_off = cut_off.ok_or_else(|| {
            HttpError::bad_request("cut_off", written, &format!("YYYY-MM-DD ≤ {}", now.date_naive()))
        })?;
        let (shared, over) = (Shared::clone(app), over.filter(|over| *over != cut_off));
        let asked = Wanted { code: place, cut_off, over, lang };
        let id = tokio::task::spawn_blocking(move || seal(&shared, &actor, &asked, now)).await??;
        let tongue = lang.pick("", "?lang=en");
        Ok(Redirect::to(&format!("/packs/{id}{tongue}")).into_response())
    })
    .await
}

/// The pack that is to be made.
struct Wanted {
    /// Code of its place; empty for the home place.
    code: String,
    cut_off: NaiveDate,
    /// The day whose borders it is to be in, where it is not the cut-off.
    over: Option<NaiveDate>,
    lang: Lang,
}

/// Makes a pack and keeps it as it is.
fn seal(app: &App, actor: &Actor, asked: &Wanted, now: DateTime<FixedOffset>) -> HttpResult<u64> {
    let Wanted { code, cut_off, over, lang } = asked;
    let world = app.world_over(clock::end_of(*cut_off).min(now), *over)?;
    let fill = Fill::new(app, &world, *lang).over(*over);
    let place = match code.as_str() {
        "" => world.home,
        code => api::place_of(&world.gazetteer, code, world.borders)?,
    };
    let view = pack_view::view(&fill, place, *cut_off, &actor.name, now)?;
    let bytes = pack::render(&view).into_string().into_bytes();
    let borders = over.map_or_else(String::new, |over| format!("~{over}"));
    let name = format!("{}~{cut_off}~{}{borders}", world.gazetteer.get(place).id.code, lang.tag());
    app.audit(actor, "pack", &name, &auth::digest_bytes(&bytes))?;
    let made = app.store.put_document(KIND, &name, &bytes, &actor.name, now)?;
    // The moment stands in the document, so only the same form sent twice in one moment is the same pack.
    let newest =
        || app.store.document_as_of(KIND, &name, Some(now)).ok().flatten().map(|document| document.info.id);
    made.or_else(newest).ok_or_else(|| HttpError::not_found(&name))
}

async fn document(
    app: State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    files::given(app, &uri, &headers, move |app| {
        stored(app, &id).map(|(pack, document)| sealed(&pack, document.bytes))
    })
    .await
}

/// The bytes as they were sealed, allowed to use their own styles and nothing else.
fn sealed(pack: &Pack, bytes: Vec<u8>) -> Response<Body> {
    let style = std::str::from_utf8(&bytes).ok().and_then(pack::style_of);
    let hash =
        style.map(|style| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style.as_bytes())));
    let styles = hash.map_or_else(|| "'none'".to_owned(), |hash| format!("'sha256-{hash}'"));
    let policy = format!(
        "default-src 'none'; style-src {styles}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    for (name, value) in
        [(header::CONTENT_SECURITY_POLICY, policy), (header::ETAG, format!("\"{}\"", pack.info.hash))]
    {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

async fn as_pdf(
    State(app): State<Shared>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let asked = Asked::lenient(&app, &uri, &headers);
    let Some(browser) = pdf::browser() else {
        return super::failure(&app, &asked, HttpError::not_found(uri.path()));
    };
    match printed(&app, &id, browser).await {
        Ok((name, bytes)) => files::sent(&name, HeaderValue::from_static("application/pdf"), bytes),
        Err(error) => super::failure(&app, &asked, error),
    }
}

async fn printed(app: &Shared, id: &str, browser: &'static FilePath) -> HttpResult<(String, Vec<u8>)> {
    let (shared, asked) = (Shared::clone(app), id.to_owned());
    let (pack, document) = tokio::task::spawn_blocking(move || stored(&shared, &asked)).await??;
    let bytes = pdf::print(browser, &document.bytes).await?;
    Ok((format!("pack-{}-{}.pdf", pack.code, pack.cut_off), bytes))
}
