//! Errors of the HTTP room: what is shown to the visitor, and what is logged. The two are never the same text.
//!
//! JSON addresses answer `{"error":{"code","message","details"}}`; pages answer a page in the visitor's language.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use gapwatch_dashboards::Lang;
use gapwatch_store::StoreError;
use serde_json::{Value, json};

use crate::app::App;

/// An error on its way to a visitor.
#[derive(Debug)]
pub(crate) struct HttpError {
    /// Status of the answer.
    pub(crate) status: StatusCode,
    /// Stable word for programs.
    pub(crate) code: &'static str,
    /// Sentence for people, in Vietnamese: what happened and what to do next.
    pub(crate) vi: String,
    /// The same in English. Also the message of JSON answers.
    pub(crate) en: String,
    /// More for programs.
    pub(crate) details: Value,
    /// Seconds to wait before trying again.
    pub(crate) retry_after_s: Option<u16>,
    /// For the log only.
    pub(crate) cause: Option<anyhow::Error>,
}

/// What handlers return.
pub(crate) type HttpResult<T> = Result<T, HttpError>;

impl HttpError {
    /// An error without details.
    #[must_use]
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        vi: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            vi: vi.into(),
            en: en.into(),
            details: Value::Null,
            retry_after_s: None,
            cause: None,
        }
    }

    /// There is no such thing.
    #[must_use]
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("Không tìm thấy “{what}”. Hãy kiểm tra lại địa chỉ hoặc dùng ô tìm kiếm."),
            format!("`{what}` was not found. Check the address or use the search."),
        )
    }

    /// The program is still loading.
    #[must_use]
    pub(crate) fn not_ready(app: &App) -> Self {
        let progress = |lang| app.progress(lang);
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", progress(Lang::Vi), progress(Lang::En))
    }

    /// The request says something that cannot be read.
    #[must_use]
    pub(crate) fn bad_request(name: &str, value: &str, expected: &str) -> Self {
        let mut error = Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            format!("Không đọc được {name} “{value}”. Cần: {expected}."),
            format!("cannot read {name} `{value}`, expected {expected}"),
        );
        error.details = json!({"name": name, "value": value, "expected": expected});
        error
    }

    /// What was sent is of a kind that is not read here.
    #[must_use]
    pub(crate) fn unsupported(vi: &str, en: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", vi, en)
    }

    /// No valid token was sent.
    #[must_use]
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Cần mã truy cập hợp lệ. Hãy đăng nhập hoặc gửi tiêu đề Authorization: Token ….",
            "a valid token is needed, as `Authorization: Token …` or by signing in",
        )
    }

    /// The token's role is not enough.
    #[must_use]
    pub(crate) fn forbidden(vi: &str, en: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", vi, en)
    }
}

impl From<anyhow::Error> for HttpError {
    fn from(cause: anyhow::Error) -> Self {
        let (status, code, vi, en) = match cause.downcast_ref::<StoreError>() {
            Some(StoreError::SpoolFull { .. }) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "spool_full",
                "Hàng đợi gửi tới kho từ xa đã đầy; số liệu vừa gửi chưa được nhận. Hãy gửi lại khi kho từ xa hoạt động trở lại.",
                "the spool before InfluxDB is full and nothing of this was taken; send it again once the server is up",
            ),
            Some(StoreError::DiskFull(_)) => (
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "Đĩa của máy chủ đã đầy; số liệu vừa gửi chưa được nhận. Hãy báo người quản trị giải phóng đĩa rồi gửi lại.",
                "the disk of the server is full and nothing of this was taken; free some space and send it again",
            ),
            Some(StoreError::ReadOnly(_)) => (
                StatusCode::INSUFFICIENT_STORAGE,
                "read_only",
                "Kho số liệu đang ở chế độ chỉ đọc; số liệu vừa gửi chưa được nhận. Hãy báo người quản trị.",
                "the store is read-only and nothing of this was taken; tell the administrator",
            ),
            Some(StoreError::Locked(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "locked",
                "Kho số liệu đang bận ghi từ một chương trình khác. Hãy thử lại sau ít phút.",
                "another program is writing to the store; try again in a few minutes",
            ),
            Some(StoreError::NotHeld(_)) => (
                StatusCode::CONFLICT,
                "not_held",
                "Lô số liệu này không còn chờ quyết định: đã có người xử lý. Hãy tải lại trang.",
                "this batch is held back no more: somebody has decided already; load the page again",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Hệ thống gặp lỗi khi trả lời. Hãy thử lại sau ít phút; nếu vẫn lỗi, báo người quản trị kèm giờ xảy ra.",
                "the answer could not be made; try again in a few minutes, then tell the administrator the time it happened",
            ),
        };
        let mut error = Self::new(status, code, vi, en);
        error.cause = Some(cause);
        error
    }
}

impl From<StoreError> for HttpError {
    fn from(cause: StoreError) -> Self {
        anyhow::Error::from(cause).into()
    }
}

impl From<tokio::task::JoinError> for HttpError {
    fn from(cause: tokio::task::JoinError) -> Self {
        anyhow::Error::from(cause).into()
    }
}

impl HttpError {
    /// Logs the cause, once, here where it is handled.
    pub(crate) fn log(&self) {
        if let Some(cause) = &self.cause {
            tracing::error!(status = self.status.as_u16(), "request failed: {cause:#}");
        }
    }
}

/// What an answer says went wrong, beside its bytes.
#[derive(Debug, Clone)]
struct Said(Value);

/// Clients of InfluxDB look for `code` and `message` at the top of an error.
#[must_use]
pub(crate) fn for_influx_clients(mut response: Response) -> Response {
    let Some(Said(error)) = response.extensions_mut().remove::<Said>() else { return response };
    let body = json!({"code": error.get("code"), "message": error.get("message"), "error": error});
    let (parts, _) = response.into_parts();
    let mut said = Json(body).into_response();
    *said.status_mut() = parts.status;
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
        said.headers_mut().insert(name, value.clone());
    }
    said
}

/// Says in the header how long to wait, where that is known.
pub(crate) fn say_when(response: &mut Response, retry_after_s: Option<u16>) {
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        self.log();
        let error = json!({"code": self.code, "message": self.en, "details": self.details});
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        say_when(&mut response, self.retry_after_s);
        response.extensions_mut().insert(Said(error));
        response
    }
}
