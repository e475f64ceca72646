//! What stands before every handler: who may ask how often, where forms may come from, and how a refusal looks.
//!
//! Reading a page that is kept costs nothing and is not counted. What is dear (files, searches, past days, forms, pushes)
//! is counted per visitor, each kind by itself. Whatever the layers below refuse without a word becomes a page in the
//! visitor's language, or JSON for programs.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
    middleware::Next,
    response::IntoResponse,
};
use chrono::{DateTime, FixedOffset, TimeDelta};

use super::{
    context::{Asked, Query, client},
    error::{HttpError, for_influx_clients},
    pages,
};
use crate::app::{App, Shared};

/// Where clients of InfluxDB write.
const PUSHED: &str = "/api/v2/";
/// Visitors remembered at most: an attacker with many addresses must not fill the memory.
const VISITORS: usize = 20_000;

/// What is dear, counted apart from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dear {
    /// A form.
    Form,
    /// A program that pushes or imports.
    Push,
    /// A table as a file, a sender's file, a printed pack.
    File,
    /// A search.
    Search,
    /// A page of another day that has to be made: one that is kept costs nothing.
    Past,
}

impl Dear {
    /// What a request costs, if it is dear.
    fn of(method: &Method, uri: &Uri) -> Option<Self> {
        let path = uri.path();
        if *method == Method::POST {
            let push = path == "/api/v2/write" || path.starts_with("/api/v1/");
            return Some(if push { Self::Push } else { Self::Form });
        }
        let file = ["/export", "/file", "/report", "/document.pdf"];
        if file.iter().any(|end| path.ends_with(end)) {
            return Some(Self::File);
        }
        if path == "/search" {
            return Some(Self::Search);
        }
        let dated = |name: &str| matches!(name, "as_of" | "from" | "to");
        let past = || Query::of(uri).0.iter().any(|(name, value)| dated(name) && !value.is_empty());
        (!path.starts_with("/api/") && past()).then_some(Self::Past)
    }

    /// How many at once, and how long each takes to be forgotten, in milliseconds.
    fn allowance(self) -> (i32, i64) {
        match self {
            Self::Form => (40, 1_000),
            Self::Push => (6_000, 5),
            Self::File => (60, 1_000),
            Self::Search => (100, 100),
            Self::Past => (300, 100),
        }
    }
}

/// Says of an answer that it was made for who asked, not kept from before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MadeNow;

/// Counts what is dear per visitor: each request pushes the visitor's own due time on by its cost, and one that lies
/// too far ahead is refused.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    due: Mutex<HashMap<(IpAddr, Dear), DateTime<FixedOffset>>>,
}

impl Limits {
    /// Takes one request; `Err` says how long to wait.
    ///
    /// # Errors
    /// The seconds to wait, when there were too many.
    pub(crate) fn take(&self, from: IpAddr, what: Dear, now: DateTime<FixedOffset>) -> Result<(), u16> {
        self.ask(from, what, now, true)
    }

    /// The same without taking: whether the next one would be refused.
    ///
    /// # Errors
    /// The seconds to wait, when there were too many.
    fn may(&self, from: IpAddr, what: Dear, now: DateTime<FixedOffset>) -> Result<(), u16> {
        self.ask(from, what, now, false)
    }

    fn ask(&self, from: IpAddr, what: Dear, now: DateTime<FixedOffset>, take: bool) -> Result<(), u16> {
        let (burst, each_ms) = what.allowance();
        let each = TimeDelta::milliseconds(each_ms);
        let most = each * burst;
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= VISITORS {
            due.retain(|_, at| *at > now);
        }
        let key = (one_visitor(from), what);
        // A clock that was set back must lock nobody out.
        let at = due.get(&key).map_or(now, |at| (*at).clamp(now, now + most));
        let next = at + each;
        if next - now > most {
            due.insert(key, at);
            let wait = (next - now - most).num_seconds().saturating_add(1);
            return Err(u16::try_from(wait).unwrap_or(u16::MAX));
        }
        if take && (due.len() < VISITORS || due.contains_key(&key)) {
            due.insert(key, next);
        }
        Ok(())
    }
}

/// Who has one address of the new kind has a whole network of them.
fn one_visitor(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6
            .to_ipv4_mapped()
            .map_or_else(|| IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))), IpAddr::V4),
    }
}

/// The layer.
pub(crate) async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response<Body> {
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    if foreign(&method, &headers) {
        let error = HttpError::forbidden(
            "Biểu mẫu được gửi từ trang web khác nên không được nhận. Hãy mở trang này rồi gửi lại.",
            "the form was sent from another site; open this one and send it again",
        );
        return refusal(&app, &uri, &headers, error);
    }
    let (dear, from) = (Dear::of(&method, &uri), client(request.extensions(), &headers));
    let asked = match dear {
        None => Ok(()),
        Some(Dear::Past) => app.limits.may(from, Dear::Past, app.clock.now()),
        Some(what) => app.limits.take(from, what, app.clock.now()),
    };
    if let Err(wait) = asked {
        return refusal(&app, &uri, &headers, too_many(wait));
    }
    let response = next.run(request).await;
    if dear == Some(Dear::Past) && response.extensions().get::<MadeNow>().is_some() {
        // It was asked before whether there is room; who asks for many at once is refused with the next.
        app.limits.take(from, Dear::Past, app.clock.now()).ok();
    }
    match bare(&uri, &response) {
        Some(error) => {
            let allow = response.headers().get(header::ALLOW).cloned();
            let mut page = refusal(&app, &uri, &headers, error);
            if let Some(allow) = allow {
                page.headers_mut().insert(header::ALLOW, allow);
            }
            page
        }
        None if uri.path().starts_with(PUSHED) => for_influx_clients(response),
        None => response,
    }
}

/// Whether a browser says that something to be changed comes from another site.
fn foreign(method: &Method, headers: &HeaderMap) -> bool {
    let reading = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    !reading && headers.get("sec-fetch-site").is_some_and(|from| from.as_bytes() == b"cross-site")
}

fn too_many(wait_s: u16) -> HttpError {
    let mut error = HttpError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_requests",
        "Địa chỉ của bạn gửi quá nhiều yêu cầu trong thời gian ngắn. Hãy đợi một chút rồi thử lại.",
        "too many requests from this address in a short time; wait a little and try again",
    );
    error.retry_after_s = Some(wait_s);
    error
}

/// What a layer below refused without saying so in a way for people.
fn bare(uri: &Uri, response: &Response<Body>) -> Option<HttpError> {
    let status = response.status();
    let machine = matches!(uri.path(), "/health" | "/ready" | "/metrics");
    let said = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        !kind.as_bytes().starts_with(b"text/plain") && !kind.as_bytes().starts_with(b"application/octet")
    });
    if machine || said || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let (code, vi, en) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "Địa chỉ này không nhận cách gửi vừa dùng. Hãy quay lại trang trước và dùng nút trên trang.",
            "this address does not take that method; the header `Allow` says which it takes",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too_large",
            "Nội dung gửi lên quá lớn. Hãy chia nhỏ rồi gửi lại.",
            "what was sent is too large; send it in smaller parts",
        ),
        StatusCode::REQUEST_TIMEOUT => (
            "too_slow",
            "Nội dung gửi lên đến quá chậm nên không được nhận. Hãy gửi lại khi đường truyền tốt hơn.",
            "what was sent came too slowly and nothing of it was taken; send it again over a better line",
        ),
        _ if status.is_server_error() => {
            return Some(anyhow::anyhow!("a handler ended without an answer").into());
        }
        _ => (
            "bad_request",
            "Không đọc được nội dung gửi lên. Hãy tải lại trang rồi gửi lại.",
            "what was sent cannot be read; load the page again and send it once more",
        ),
    };
    Some(HttpError::new(status, code, vi, en))
}

fn refusal(app: &App, uri: &Uri, headers: &HeaderMap, error: HttpError) -> Response<Body> {
    if uri.path().starts_with(PUSHED) {
        return for_influx_clients(error.into_response());
    }
    if uri.path().starts_with("/api/") {
        return error.into_response();
    }
    pages::failure(app, &Asked::lenient(app, uri, headers), error)
}

#[cfg(test)]
mod tests {
    use super::{Dear, Limits};
    use axum::http::{Method, Uri};
    use chrono::{DateTime, FixedOffset, TimeDelta};

    fn now() -> DateTime<FixedOffset> {
        "2025-12-31T17:00:00+07:00".parse().unwrap()
    }

    #[test]
    fn a_visitor_waits_after_too_many_and_others_do_not() {
        let limits = Limits::default();
        let (one, other) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        for _ in 0..60 {
            assert_eq!(limits.take(one, Dear::File, now()), Ok(()));
        }
        assert_eq!(limits.take(one, Dear::File, now()), Err(2));
        assert_eq!(limits.take(other, Dear::File, now()), Ok(()));
        assert_eq!(limits.take(one, Dear::Search, now()), Ok(()), "kinds are counted apart");
        assert_eq!(limits.take(one, Dear::File, now() + TimeDelta::seconds(1)), Ok(()));
        assert_eq!(limits.take(one, Dear::File, now() + TimeDelta::seconds(1)), Err(2));
    }

    #[test]
    fn asking_whether_there_is_room_takes_none() {
        let (limits, from) = (Limits::default(), "10.0.0.1".parse().unwrap());
        for _ in 0..300 {
            assert_eq!(limits.may(from, Dear::Past, now()), Ok(()));
            assert_eq!(limits.may(from, Dear::Past, now()), Ok(()));
            assert_eq!(limits.take(from, Dear::Past, now()), Ok(()));
        }
        assert_eq!(limits.may(from, Dear::Past, now()), Err(1));
    }

    #[test]
    fn a_network_of_one_owner_is_one_visitor() {
        let limits = Limits::default();
        let of = |end: u16| format!("2001:db8::{end:x}").parse().unwrap();
        for end in 0..40 {
            assert_eq!(limits.take(of(end), Dear::Form, now()), Ok(()));
        }
        assert_eq!(limits.take(of(99), Dear::Form, now()), Err(2));
        assert_eq!(limits.take("2001:db8:0:1::1".parse().unwrap(), Dear::Form, now()), Ok(()));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let limits = Limits::default();
        let from = "10.0.0.1".parse().unwrap();
        for _ in 0..40 {
            assert_eq!(limits.take(from, Dear::Form, now()), Ok(()));
        }
        let earlier = now() - TimeDelta::days(700);
        assert!(limits.take(from, Dear::Form, earlier).is_err());
        assert_eq!(limits.take(from, Dear::Form, earlier + TimeDelta::seconds(2)), Ok(()));
    }

    #[test]
    fn what_is_dear() {
        let of = |method: Method, path: &str| Dear::of(&method, &path.parse::<Uri>().unwrap());
        for (path, expected) in [
            ("/", None),
            ("/villages?state=no_signal", None),
            ("/?as_of=", None),
            ("/?as_of=2025-06-30", Some(Dear::Past)),
            ("/api/v1/summary?place=04&as_of=2025-06-30", None),
            ("/villages/export?format=csv", Some(Dear::File)),
            ("/packs/7/document.pdf", Some(Dear::File)),
            ("/packs/7/document", None),
            ("/search?q=x", Some(Dear::Search)),
        ] {
            assert_eq!(of(Method::GET, path), expected, "{path}");
        }
        assert_eq!(of(Method::POST, "/api/v2/write"), Some(Dear::Push));
        assert_eq!(of(Method::POST, "/review"), Some(Dear::Form));
    }
}
