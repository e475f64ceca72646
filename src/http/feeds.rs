//! `/feeds/{code}` (also `/feed.atom?place=`): the Atom feed of a place's flags. `/api/v1/digest`: what happened since the
//! last meeting.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Response, header},
    response::IntoResponse,
    routing::get,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Flag, FlagState};
use gapwatch_rules::Digest;
use serde_json::{Value, json};

use super::{
    api::{chosen_place, flag_json, ledger_json, place_json, world},
    context::{AsOf, Query},
    error::{HttpError, HttpResult},
    pages::last_meeting,
};
use crate::{
    app::{App, Shared},
    clock,
};

/// Changes in a feed at most, newest first.
const ENTRIES: usize = 200;

/// Addresses of feeds.
pub(crate) fn router() -> Router<Shared> {
    let of_path = |app: State<Shared>, Path(code): Path<String>, mut query: Query| {
        query.0.insert(0, ("place".to_owned(), code));
        feed(app, query)
    };
    Router::new().route("/feeds/{code}", get(of_path)).route("/feed.atom", get(feed))
}

async fn feed(State(app): State<Shared>, query: Query) -> HttpResult<Response<Body>> {
    if !app.is_ready() {
        return Err(HttpError::not_ready(&app));
    }
    let text = tokio::task::spawn_blocking(move || atom(&app, &query)).await??;
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], text).into_response())
}

fn atom(app: &App, query: &Query) -> HttpResult<String> {
    let world = world(app, query)?;
    let place = chosen_place(&world, query)?;
    let told =
        |flag: &&Flag| matches!(flag.state, FlagState::Firing | FlagState::Resolved | FlagState::NoData);
    let mut flags: Vec<&Flag> =
        world.flags.iter().filter(told).filter(|flag| world.lies_in(flag, place)).collect();
    flags.sort_by_key(|flag| std::cmp::Reverse(flag.since));
    let newest: Vec<Flag> = flags.into_iter().take(ENTRIES).cloned().collect();
    Ok(gapwatch_rules::atom(place, &newest, &world.judgement, &app.config.program.public_url()))
}

/// What happened in a place since a day, known at a moment; without a day, since the last meeting pack.
///
/// # Errors
/// 400 without any day to begin from, 404 for a place that is none.
pub(crate) fn digest_since(
    app: &App,
    place: Option<&str>,
    since: Option<NaiveDate>,
    at: DateTime<FixedOffset>,
) -> HttpResult<(Digest, Value)> {
    let query = Query(place.iter().map(|code| ("place".to_owned(), (*code).to_owned())).collect());
    let now = app.world(at)?;
    let place = chosen_place(&now, &query)?;
    let since = match since {
        Some(since) => since,
        None => last_meeting(app, &now.gazetteer, place, at)?.ok_or_else(|| {
            HttpError::bad_request("since", "", "a day YYYY-MM-DD: no meeting pack of this place was made")
        })?,
    };
    let then = app.world(clock::end_of(since).min(at))?;
    let digest = gapwatch_rules::digest(place, (&then.judgement, &then.flags), (&now.judgement, &now.flags));
    let flags = |flags: &[Flag]| -> Vec<Value> {
        flags.iter().map(|flag| flag_json(&now.gazetteer, flag, false)).collect()
    };
    let json = json!({
        "place": place_json(now.gazetteer.get(place)), "since": since, "as_of": at.date_naive(),
        "sentence": digest.sentence.vi, "sentence_en": digest.sentence.en,
        "ledger": ledger_json(&digest.ledger, &now.gazetteer),
        "fired": flags(&digest.fired), "resolved": flags(&digest.resolved),
    });
    Ok((digest, json))
}

/// `/api/v1/digest?place=&since=`
pub(super) fn digest(app: &App, query: &Query) -> HttpResult<Value> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let place = query.get("place").or(query.get("province"));
    digest_since(app, place, query.day("since")?, as_of.at).map(|(_, json)| json)
}
