//! `/api/v1/observations`: what was said, each as last corrected, place by place. A long answer comes in pages that end
//! between places; the header `Link` leads to the next one.

use std::{collections::HashMap, ops::Range, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, Response, header},
    response::IntoResponse,
};
use chrono::NaiveDate;
use gapwatch_dashboards::shell::Address;
use gapwatch_model::{Gazetteer, Head, IndicatorId, Period, PlaceId, PlaceIx, Point, RunId};
use gapwatch_store::{PlaceSet, Query as SeriesQuery};
use serde_json::{Value, json};

use super::{
    api::{self, place_json},
    context::{AsOf, Query},
    error::{HttpError, HttpResult},
};
use crate::app::{App, Shared};

/// Its own address.
const ADDRESS: &str = "/api/v1/observations";
/// Places read together at first: few, for a page may be full with them.
const PLACES: usize = 512;

/// Says that the answer came from the catalogue instead of InfluxDB, and why.
const LOCAL: &str = "x-gapwatch-local";

/// One page.
struct Page {
    rows: Value,
    /// The place it ends with, when there are more.
    last: Option<PlaceId>,
    /// Why it came from the catalogue, when it did.
    local: Option<String>,
}
/// A statement and what it is a part of.
type Said = (Arc<Head>, Point);

/// `/api/v1/observations?indicator=&place=&from=&to=&limit=&after=`
pub(super) async fn answer(
    State(app): State<Shared>,
    query: Query,
) -> HttpResult<Response<axum::body::Body>> {
    api::ready(&app)?;
    let asked = query.clone();
    let Page { rows, last, local } = tokio::task::spawn_blocking(move || page(&app, &asked)).await??;
    let mut response = Json(rows).into_response();
    if let Some(why) = local {
        let safe: String =
            why.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
        if let Ok(why) = HeaderValue::try_from(safe) {
            response.headers_mut().insert(LOCAL, why);
        }
    }
    if let Some(last) = last {
        let here = Address { path: ADDRESS.to_owned(), query: query.0 };
        let next = here.with(&[("after", Some(&last.to_string()))]);
        if let Ok(link) = HeaderValue::try_from(format!("<{next}>; rel=\"next\"")) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

fn page(app: &App, query: &Query) -> HttpResult<Page> {
    let as_of = AsOf::of(query, app.clock.now())?;
    let gazetteer = app.gazetteer()?;
    let days = span(query)?;
    let indicators = indicators(app, query)?;
    let most = api::limit(query)?;
    let wanted: Option<PlaceSet> = match query.get("place") {
        None => None,
        Some(code) if gazetteer.versions(code).is_empty() => return Err(HttpError::not_found(code)),
        Some(code) => Some(gazetteer.versions(code).iter().copied().collect()),
    };
    let mut local = None;
    let mut read = |places: PlaceSet| -> HttpResult<Vec<Said>> {
        let mut found = Vec::new();
        for indicator in &indicators {
            let places = Some(places.clone());
            let asked =
                SeriesQuery { places, days, as_of: Some(as_of.at), ..SeriesQuery::new(indicator.clone()) };
            app.store.series().values(&asked, &mut |head, points| {
                found.extend(points.iter().map(|point| (Arc::clone(head), *point)));
            })?;
            local = app.store.spool()?.and_then(|spool| spool.local_because).or(local.take());
        }
        found.sort_by(|(a, p), (b, q)| {
            (p.place, &a.key.indicator, a.key.period, &a.key.source, &a.key.dimensions).cmp(&(
                q.place,
                &b.key.indicator,
                b.key.period,
                &b.key.source,
                &b.key.dimensions,
            ))
        });
        Ok(found)
    };
    let mut found: Vec<Said> = Vec::new();
    let mut next = first(query, &gazetteer)?;
    let mut together = PLACES;
    while found.len() <= most && next < gazetteer.len() {
        let chunk = next..(next + together).min(gazetteer.len());
        next = chunk.end;
        let places = places_in(&gazetteer, chunk, wanted.as_ref());
        let more = if places.is_empty() { Vec::new() } else { read(places)? };
        // Where little was said, more places are looked at together.
        together = if more.len() * 4 < most { together * 2 } else { together };
        found.extend(more);
    }
    let last = cut(&mut found, most, next < gazetteer.len()).map(|place| gazetteer.get(place).id.clone());
    Ok(Page { rows: rows(app, &gazetteer, found)?, last, local })
}

/// The number of the place a page begins with.
fn first(query: &Query, gazetteer: &Gazetteer) -> HttpResult<usize> {
    let Some(text) = query.get("after") else { return Ok(0) };
    let id = text.split_once('@').and_then(|(code, from)| Some(PlaceId::new(code, from.parse().ok()?)));
    let place = id.and_then(|id| gazetteer.ix(&id));
    let place = place.ok_or_else(|| HttpError::bad_request("after", text, "what the header `Link` says"))?;
    Ok(place.index() + 1)
}

fn places_in(gazetteer: &Gazetteer, range: Range<usize>, wanted: Option<&PlaceSet>) -> PlaceSet {
    let all = gazetteer.all().skip(range.start).take(range.len());
    all.filter(|place| wanted.is_none_or(|wanted| wanted.contains(*place))).collect()
}

/// Leaves as many whole places as fit, one at least, and names the last of them when that was not all: there were others,
/// or not every place was looked at.
fn cut(found: &mut Vec<Said>, most: usize, places_left: bool) -> Option<PlaceIx> {
    let beyond = found.get(most)?.1.place;
    let all = found.len();
    let fitting = found.partition_point(|(_, point)| point.place < beyond);
    let end = if fitting > 0 { fitting } else { found.partition_point(|(_, point)| point.place <= beyond) };
    found.truncate(end);
    found.last().map(|(_, point)| point.place).filter(|_| end < all || places_left)
}

fn indicators(app: &App, query: &Query) -> HttpResult<Vec<IndicatorId>> {
    let mut indicators: Vec<IndicatorId> = match query.get("indicator") {
        Some(id) => vec![id.into()],
        None if query.get("place").is_some() => {
            app.store.series().streams(None)?.iter().map(|stream| stream.indicator.clone()).collect()
        }
        None => {
            return Err(HttpError::bad_request(
                "indicator",
                "",
                "an indicator or a place, such as hh.fibre_subscribed",
            ));
        }
    };
    indicators.sort_unstable();
    indicators.dedup();
    Ok(indicators)
}

fn rows(app: &App, gazetteer: &Gazetteer, found: Vec<Said>) -> HttpResult<Value> {
    let mut files: HashMap<RunId, Option<String>> = HashMap::new();
    let mut rows = Vec::with_capacity(found.len());
    for (head, point) in found {
        let file = match files.get(&head.run) {
            Some(file) => file.clone(),
            None => {
                let file = app.store.run(head.run)?.and_then(|run| run.file);
                files.insert(head.run, file.clone());
                file
            }
        };
        let parts = api::parts(point.value);
        rows.push(json!({
            "indicator": head.key.indicator, "place": place_json(gazetteer.get(point.place)), "period": head.key.period,
            "value": point.value.amount(), "numerator": parts.map(|(n, _)| n), "denominator": parts.map(|(_, d)| d),
            "qualifier": point.qualifier, "evidence": head.key.evidence, "dimensions": head.key.dimensions,
            "method": head.key.method, "samples": point.samples, "source": head.key.source, "run": head.run,
            "row": point.row, "file": file, "recorded_at": head.recorded_at,
        }));
    }
    Ok(Value::Array(rows))
}

/// The days a query for periods means: `from` and `to` are days or period ids.
fn span(query: &Query) -> HttpResult<Option<(NaiveDate, NaiveDate)>> {
    let read = |key: &'static str, text: &str, end: bool| -> HttpResult<NaiveDate> {
        if let Ok(day) = text.parse() {
            return Ok(day);
        }
        let period: Result<Period, _> = text.parse();
        let period =
            period.map_err(|_| HttpError::bad_request(key, text, "YYYY-MM-DD, 202511, 2025Q4, 2025"))?;
        Ok(if end { period.end() } else { period.start() })
    };
    let from = query.get("from").map(|text| read("from", text, false)).transpose()?;
    let to = query.get("to").map(|text| read("to", text, true)).transpose()?;
    Ok((from.is_some() || to.is_some())
        .then(|| (from.unwrap_or(NaiveDate::MIN), to.unwrap_or(NaiveDate::MAX))))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gapwatch_model::{
        CollectorName, Dimensions, Evidence, FrameKey, Head, IndicatorId, PlaceIx, Point, Qualifier, RunId,
        Value,
    };

    use super::cut;

    #[test]
    fn a_page_ends_between_places_and_holds_one_at_least() {
        let head = Arc::new(Head {
            key: FrameKey {
                indicator: IndicatorId::new("i"),
                period: "2025".parse().unwrap(),
                source: CollectorName::new("s"),
                evidence: Evidence::Claimed,
                dimensions: Dimensions::default(),
                method: None,
            },
            run: RunId(1),
            recorded_at: "2025-01-01T00:00:00+07:00".parse().unwrap(),
        });
        let point = |place: u32| {
            let (value, qualifier) = (Value::Number(1.0), Qualifier::Exact);
            (Arc::clone(&head), Point { place: PlaceIx(place), value, qualifier, samples: None, row: 1 })
        };
        for (places, most, left, rows, last) in [
            (&[1, 1, 2, 2, 3][..], 5, true, 5, None),
            (&[1, 1, 2, 2, 3], 4, false, 4, Some(2)),
            (&[1, 1, 2, 2, 3], 3, false, 2, Some(1)),
            (&[1, 1, 1, 2], 2, false, 3, Some(1)),
            (&[1, 1, 1], 2, true, 3, Some(1)),
            (&[1, 1, 1], 2, false, 3, None),
        ] {
            let mut found: Vec<_> = places.iter().map(|place| point(*place)).collect();
            let ended = cut(&mut found, most, left);
            assert_eq!((found.len(), ended), (rows, last.map(PlaceIx)), "{places:?} {most}");
        }
    }
}
