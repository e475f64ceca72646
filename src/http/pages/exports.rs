//! Tables as files: `…/export?format=csv|xlsx|geojson|kml` with the query of their page. Rows are sent as they are made.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
    response::{IntoResponse, Redirect},
    routing::{MethodRouter, get},
};
use gapwatch_dashboards::{
    export::{self, About, ExportError},
    part::Link,
    table::{Column, Format, Row},
};
use gapwatch_store::RunQuery;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::fill::Fill;
use crate::{
    app::{App, Shared},
    http::{Asked, HttpError, HttpResult},
    world::brought,
};

/// Bytes that are gathered before they are sent.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait for a slow receiver.
const WAITING: usize = 4;
/// Files made at a time; others wait.
static AT_A_TIME: Semaphore = Semaphore::const_new(2);

/// A table on its way into a file.
pub(crate) struct Sheet<'f> {
    /// Its title.
    pub(crate) title: String,
    /// Its columns.
    pub(crate) columns: Vec<Column>,
    /// Its rows.
    pub(crate) rows: Box<dyn Iterator<Item = Row> + 'f>,
    /// Sources and whatever else a reader must know, one line each.
    pub(crate) notes: Vec<String>,
}

/// What makes a file.
pub(crate) type MakeSheet = for<'f> fn(&'f Fill<'f>, &'f Asked) -> HttpResult<Sheet<'f>>;
/// What makes a file of one thing, named in the address.
pub(crate) type MakeSheetOf = for<'f> fn(&'f Fill<'f>, &'f Asked, &str) -> HttpResult<Sheet<'f>>;

/// A route to a file.
pub(crate) fn file(make: MakeSheet) -> MethodRouter<Shared> {
    get(move |State(app): State<Shared>, uri: Uri, headers: HeaderMap| async move {
        send(app, &uri, &headers, make).await
    })
}

/// A route to a file of one thing.
pub(crate) fn file_of(make: MakeSheetOf) -> MethodRouter<Shared> {
    get(move |State(app): State<Shared>, Path(name): Path<String>, uri: Uri, headers: HeaderMap| async move {
        send(app, &uri, &headers, move |fill, asked| make(fill, asked, &name)).await
    })
}

/// Where a page asked for with `?format=` is as a file.
#[must_use]
pub(crate) fn elsewhere(uri: &Uri) -> Option<Response<Body>> {
    let query = uri.query().filter(|query| query.split('&').any(|pair| pair.starts_with("format=")))?;
    Some(Redirect::to(&format!("{}/export?{query}", uri.path())).into_response())
}

/// The sources behind some indicators, each with its last run that brought something.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn sources(fill: &Fill<'_>, indicators: &[&str]) -> HttpResult<Vec<Link>> {
    let mut names = BTreeSet::new();
    for id in indicators {
        let streams = fill.app.store.series().streams(Some(&(*id).into()))?;
        names.extend(streams.iter().map(|stream| stream.source.clone()));
    }
    let mut found = Vec::new();
    for name in names {
        let asked = RunQuery {
            collector: Some(name.clone()),
            as_of: Some(fill.world.at),
            limit: Some(50),
            ..RunQuery::default()
        };
        if let Some(run) = fill.app.store.runs(&asked)?.iter().find(|run| brought(run)) {
            let words =
                format!("{}, {}", fill.collector_title(name.as_str()), fill.lang.moment(run.finished));
            found.push(Link::new(words, format!("/runs/{}", run.id)));
        }
    }
    Ok(found)
}

/// The same, as lines of a file.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn source_notes(fill: &Fill<'_>, indicators: &[&str]) -> HttpResult<Vec<String>> {
    Ok(sources(fill, indicators)?.into_iter().map(|link| link.text).collect())
}

async fn send<F>(app: Shared, uri: &Uri, headers: &HeaderMap, make: F) -> Response<Body>
where
    F: for<'f> FnOnce(&'f Fill<'f>, &'f Asked) -> HttpResult<Sheet<'f>> + Send + 'static,
{
    let asked = match Asked::of(&app, uri, headers) {
        Ok(asked) => asked,
        Err(error) => return super::failure(&app, &Asked::lenient(&app, uri, headers), error),
    };
    if !app.is_ready() {
        return super::loading(&app, &asked);
    }
    match stream(&app, &asked, make).await {
        Ok(response) => response,
        Err(error) => super::failure(&app, &asked, error),
    }
}

async fn stream<F>(app: &Shared, asked: &Asked, make: F) -> HttpResult<Response<Body>>
where
    F: for<'f> FnOnce(&'f Fill<'f>, &'f Asked) -> HttpResult<Sheet<'f>> + Send + 'static,
{
    let word = asked.query.get("format").unwrap_or_default();
    let format = Format::of_word(word)
        .ok_or_else(|| HttpError::bad_request("format", word, "csv, xlsx, geojson, kml"))?;
    let permit = AT_A_TIME.acquire().await.map_err(anyhow::Error::from)?;
    let (began, begins) = oneshot::channel();
    let (pieces, mut arriving) = mpsc::channel(WAITING);
    let (shared, for_file) = (Shared::clone(app), asked.clone());
    tokio::task::spawn_blocking(move || {
        write(
            &shared,
            &for_file,
            format,
            make,
            Pieces { began: Some(began), name: String::new(), out: pieces, held: Vec::new() },
        );
        drop(permit);
    });
    let gone = || HttpError::from(anyhow::anyhow!("making a file ended early"));
    let name = begins.await.map_err(|_| gone())??;
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| arriving.poll_recv(context)));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_DISPOSITION, attachment(&name));
    Ok(response)
}

/// The header of a file to be kept, not shown. Names beyond ASCII go in the form that headers have for them.
#[must_use]
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let encoded = gapwatch_dashboards::shell::percent_encode(name).replace([',', ':', '@'], "_");
    let value = if plain == name {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
    };
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Makes the file. Nothing is sent before its first piece is ready, so that an early failure is still a page.
fn write<F>(app: &App, asked: &Asked, format: Format, make: F, mut pieces: Pieces)
where
    F: for<'f> FnOnce(&'f Fill<'f>, &'f Asked) -> HttpResult<Sheet<'f>>,
{
    let made = asked.as_of.world(app).and_then(|world| {
        let fill = Fill::new(app, &world, asked.lang);
        let sheet = make(&fill, asked)?;
        let mut notes = sheet.notes;
        if app.synthetic() {
            let words = "Thôn, xóm và số liệu thôn là giả định, không phải số liệu thật.";
            notes.insert(0, asked.lang.pick(words, "Villages and their figures are made up.").to_owned());
        }
        let about = About {
            title: sheet.title,
            lang: asked.lang,
            as_of: asked.as_of.day(),
            made_at: asked.as_of.now,
            address: asked.address.with(&[("format", None)]).replacen("/export", "", 1),
            notes,
        };
        pieces.name = export::file_name(&about.title, about.as_of, format);
        export::write(format, &about, &sheet.columns, sheet.rows, &mut pieces).map_err(refused)?;
        pieces.flush().map_err(|error| refused(error.into()))
    });
    if let Err(error) = made {
        pieces.fail(error);
    }
}

fn refused(error: ExportError) -> HttpError {
    match error {
        ExportError::TooManyRows { limit } => HttpError::new(
            StatusCode::BAD_REQUEST,
            "too_many_rows",
            format!("Một trang Excel chỉ chứa được {limit} dòng. Hãy lọc bớt hoặc tải CSV."),
            format!("a sheet holds {limit} rows; narrow the filter or take CSV"),
        ),
        other => anyhow::Error::from(other).into(),
    }
}

/// Sends what is written, piece by piece.
struct Pieces {
    /// Told the name of the file when the first piece is ready, or why there is none.
    began: Option<oneshot::Sender<HttpResult<String>>>,
    name: String,
    out: mpsc::Sender<io::Result<Bytes>>,
    held: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        if let Some(began) = self.began.take() {
            began.send(Ok(self.name.clone())).map_err(|_| gone())?;
        }
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.held));
        self.out.blocking_send(Ok(piece)).map_err(|_| gone())
    }

    /// Says that the file is not whole: as a page, or, when it has begun, by breaking it off.
    fn fail(mut self, error: HttpError) {
        let cause = error.cause.as_ref().and_then(|cause| cause.root_cause().downcast_ref::<io::Error>());
        let gone = cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
        match self.began.take() {
            // Who asked may be gone: then nobody is left to tell.
            Some(began) => drop(began.send(Err(error))),
            None if gone => tracing::debug!("who asked for a file left before it was whole"),
            None => {
                error.log();
                drop(self.out.blocking_send(Err(io::Error::other("the file could not be finished"))));
            }
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn names_beyond_ascii_are_encoded() {
        assert_eq!(attachment("thon-2025-12-31.csv"), "attachment; filename=\"thon-2025-12-31.csv\"");
        assert_eq!(
            attachment("phủ \"sóng\".xlsx"),
            "attachment; filename=\"ph___s_ng_.xlsx\"; filename*=UTF-8''ph%E1%BB%A7%20%22s%C3%B3ng%22.xlsx"
        );
    }
}
