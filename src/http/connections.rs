//! Takes connections and gives them up: a visitor who sends nothing, or too slowly, holds none open for ever.
//!
//! The head of a request has to come within [`HEAD`], also the next one on a kept connection. A body may take [`BODY`] and a
//! second more for each [`BYTES_A_SECOND`]: a weak line is no attack.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpListener, time::Instant};
use tower::ServiceExt;

/// Longest wait for the head of a request.
const HEAD: Duration = Duration::from_secs(30);
/// Longest wait for a body, beside what its length allows.
const BODY: Duration = Duration::from_secs(30);
/// Slowest pace of a body.
const BYTES_A_SECOND: u32 = 1_024;
/// Wait after a connection could not be taken: too many files are open, and some are closed meanwhile.
const BREATH: Duration = Duration::from_millis(200);

/// Answers every connection until told to end, then lets open requests go on for at most `grace`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    told_to_end: impl Future<Output = ()>,
    grace: Duration,
) {
    let open = GracefulShutdown::new();
    let mut told_to_end = std::pin::pin!(told_to_end);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut told_to_end => break,
            taken = listener.accept() => match taken {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::warn!("cannot take a connection: {error}");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
        };
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), peer, request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // Who goes away in the middle, or is given up, is told nothing.
            connection.await.unwrap_or_default();
        });
    }
    drop(listener);
    // What is still open after this is cut.
    drop(tokio::time::timeout(grace, open.shutdown()).await);
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}

/// The layer that gives up bodies that come too slowly.
pub(super) async fn pace(request: Request, next: Next) -> Response {
    let late = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&late);
    let request = request.map(|body| {
        let chunks = (body.into_data_stream(), Instant::now() + BODY, noted);
        Body::from_stream(stream::unfold(chunks, |(mut chunks, due, noted)| async move {
            let Ok(chunk) = tokio::time::timeout_at(due, chunks.next()).await else {
                noted.store(true, Ordering::Relaxed);
                let error = axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut));
                return Some((Err(error), (chunks, due, noted)));
            };
            let chunk = chunk?;
            let length = chunk.as_ref().map_or(0, |bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            let due = due + Duration::from_secs(1) * length / BYTES_A_SECOND;
            Some((chunk, (chunks, due, noted)))
        }))
    });
    let response = next.run(request).await;
    if !late.load(Ordering::Relaxed) {
        return response;
    }
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (StatusCode::REQUEST_TIMEOUT, close).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{
        Router,
        body::{Body, Bytes},
        http::{Request, StatusCode},
        middleware,
        routing::post,
    };
    use futures_util::{StreamExt, stream};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };
    use tower::ServiceExt;

    fn router() -> Router {
        let length = |body: Bytes| async move { body.len().to_string() };
        Router::new().route("/", post(length)).layer(middleware::from_fn(super::pace))
    }

    /// Sends chunks of this length, each after so many seconds.
    async fn send(chunks: u64, length: usize, wait_secs: u64) -> StatusCode {
        let chunks = stream::iter(0..chunks).then(move |_| async move {
            tokio::time::sleep(Duration::from_secs(wait_secs)).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; length]))
        });
        let request = Request::post("/").body(Body::from_stream(chunks)).unwrap();
        router().oneshot(request).await.unwrap().status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly_but_not_too_slowly() {
        assert_eq!(send(1, 10, 29).await, StatusCode::OK);
        assert_eq!(send(1, 10, 31).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(send(20, 65_536, 25).await, StatusCode::OK, "a weak line");
        assert_eq!(send(100, 1, 1).await, StatusCode::REQUEST_TIMEOUT, "drop by drop");
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_ends_the_head_of_a_request_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(super::serve(listener, router(), std::future::pending(), Duration::ZERO));
        for begun in ["", "POST / HTTP/1.1\r\nhost: x\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            let mut said = Vec::new();
            stream.read_to_end(&mut said).await.unwrap();
            assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{}", said.escape_ascii());
        }
    }

    #[tokio::test]
    async fn who_is_told_to_end_answers_what_is_open_and_takes_nobody_new() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let told = async { drop(told.await) };
        let server = tokio::spawn(super::serve(listener, router(), told, Duration::from_secs(60)));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n")
            .await
            .unwrap();
        let mut continued = [0; 25];
        stream.read_exact(&mut continued).await.unwrap();
        tell.send(()).unwrap();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        stream.write_all(b"abc").await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with('3'), "{said}");
        server.await.unwrap();
    }
}
