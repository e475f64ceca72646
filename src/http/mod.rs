//! HTTP: one router for the server and the tests, pages beside JSON, headers that keep browsers safe.
//!
//! Handlers read the request, ask the world for what is known, fill a view and send what `dashboards` draws.

mod api;
pub(crate) mod cache;
mod connections;
mod context;
mod error;
mod feeds;
mod findings;
mod forms;
mod guard;
mod import;
mod metrics;
mod observations;
mod pages;
mod write;

use std::{future::Future, net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::{app::Shared, schedule, tell, upkeep};

pub(crate) use api::{flag_json, place_json};
pub(crate) use context::Asked;
pub(crate) use error::{HttpError, HttpResult};
pub(crate) use feeds::digest_since;
pub(crate) use guard::Limits;
pub(crate) use import::workbook;

/// Largest body of a form or a small JSON request, in bytes. Imports and pushes have limits of their own.
const BODY_BYTES: usize = 256 * 1024;
/// How long open requests may go on after the program was told to end.
const GRACE: Duration = Duration::from_secs(5);

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Every address the program answers.
pub(crate) fn router(app: Shared) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics::text))
        .merge(write::router())
        .merge(import::router())
        .merge(feeds::router())
        .nest("/api/v1", api::router())
        .merge(pages::router())
        .merge(forms::router())
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(middleware::from_fn(connections::pace))
        .layer(middleware::from_fn_with_state(Shared::clone(&app), guard::guard))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(safe_headers))
        .with_state(app)
}

/// Takes an address.
///
/// # Errors
/// When it is in use or not ours.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on `{address}`"))
}

/// Answers at once, prepares, then collects on schedule until SIGTERM or SIGINT. Until it is prepared every page says
/// that data is being loaded. Says so on standard output once it is ready.
///
/// # Errors
/// When the preparation fails.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Shared,
    prepare: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let server = connections::serve(listener, router(Shared::clone(&app)), told_to_end(), GRACE);
    let work = async {
        prepare.await?;
        let warm = Shared::clone(&app);
        // The first visitor need not wait for the months behind.
        tokio::task::spawn_blocking(move || warm.months(&*warm.world(warm.clock.now())?, None).map(drop))
            .await??;
        app.set_ready();
        tokio::spawn(pages::warm(Shared::clone(&app)));
        crate::cli::say(&format!("gapwatch listening on http://{address}"));
        let telling = tell::run(Shared::clone(&app));
        tokio::join!(schedule::run(Shared::clone(&app)), upkeep::run(app), telling);
        Ok(())
    };
    tokio::select! {
        () = server => Ok(()),
        worked = work => worked,
    }
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot listen for signals: ends only when killed");
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    tracing::info!("told to end");
}

async fn ready(State(app): State<Shared>) -> Response {
    if app.is_ready() {
        "ready".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")], "not ready: loading").into_response()
    }
}

async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        // A sealed pack brings its own, narrower policy.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
