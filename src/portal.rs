//! The loopback portal of the example: answers like the national portal, from files of the story.
//!
//! It stands for a service of somebody else. It is started by `demo` only, and its files say that they are synthetic.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use tokio::net::TcpListener;

/// What a client asks for: the month, in digits, as text like everything in that portal.
#[derive(Debug, Deserialize)]
struct Question {
    nam: String,
    thang: String,
}

/// Serves `POST /{service}` with `{"nam":"2025","thang":"12"}` from `{folder}/{service}-202512.json` until dropped.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve(listener: TcpListener, folder: PathBuf) -> std::io::Result<()> {
    let app = Router::new().route("/{service}", post(answer)).with_state(Arc::new(folder));
    axum::serve(listener, app).await
}

async fn answer(
    State(folder): State<Arc<PathBuf>>,
    Path(service): Path<String>,
    Json(question): Json<Question>,
) -> Response {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if ![&service, &question.nam, &question.thang].into_iter().all(|text| plain(text)) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let file = folder.join(format!("{service}-{}{}.json", question.nam, question.thang));
    match tokio::fs::read(file).await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], json).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
