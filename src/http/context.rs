//! What one request asks for: language, day, address, who asks. Read once, before any page is made.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, HeaderMap, Method, Uri, header, request::Parts},
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_dashboards::{
    Lang, Shell,
    part::Link,
    shell::{Address, Clock, Theme, Visitor},
};

use super::error::{HttpError, HttpResult};
use crate::{
    app::{App, Shared},
    auth::{self, Actor, Role},
    clock,
    world::World,
};

/// Name of the session cookie.
pub(crate) const SESSION_COOKIE: &str = "gapwatch_session";
const THEME_COOKIE: &str = "theme";

/// Path and query, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(pub Vec<(String, String)>);

impl Query {
    /// Reads the query of an address.
    #[must_use]
    pub(crate) fn of(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first value of a key that is not empty.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A day, where one is asked for.
    ///
    /// # Errors
    /// 400 when it is no day.
    pub(crate) fn day(&self, key: &'static str) -> HttpResult<Option<NaiveDate>> {
        let read = |text: &str| {
            let day = text.parse().or_else(|_| NaiveDate::parse_from_str(text, "%d/%m/%Y"));
            day.map_err(|_| HttpError::bad_request(key, text, "YYYY-MM-DD"))
        };
        self.get(key).map(read).transpose()
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.uri))
    }
}

/// The day asked for, and the moment up to which things are known then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf {
    /// The day, where one was asked for.
    pub(crate) chosen: Option<NaiveDate>,
    /// Everything recorded up to here is known.
    pub(crate) at: DateTime<FixedOffset>,
    /// The program's now.
    pub(crate) now: DateTime<FixedOffset>,
    /// The day whose borders are asked for, where they are not those of the day itself.
    pub(crate) borders: Option<NaiveDate>,
}

impl AsOf {
    /// Reads `as_of` and `borders`. A day that is not over yet means now.
    ///
    /// # Errors
    /// 400 when it is no day, or the borders are neither `then` nor `now`.
    pub(crate) fn of(query: &Query, now: DateTime<FixedOffset>) -> HttpResult<Self> {
        let chosen = query.day("as_of")?;
        let borders = match query.get("borders") {
            None | Some("then") => None,
            Some("now") => Some(now.date_naive()),
            Some(other) => return Err(HttpError::bad_request("borders", other, "then or now")),
        };
        Ok(Self { chosen, at: chosen.map_or(now, |day| clock::end_of(day).min(now)), now, borders })
    }

    /// What is known on the day.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn world(&self, app: &App) -> HttpResult<Arc<World>> {
        self.world_at(app, self.at)
    }

    /// What was known at an earlier moment, in the borders asked for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn world_at(&self, app: &App, at: DateTime<FixedOffset>) -> HttpResult<Arc<World>> {
        Ok(app.world_over(at, self.borders.filter(|borders| *borders != at.date_naive()))?)
    }

    /// The day whose knowledge is shown.
    #[must_use]
    pub(crate) fn day(&self) -> NaiveDate {
        self.at.date_naive()
    }
}

/// Everything a page needs to know of its request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Path and query as asked.
    pub(crate) address: Address,
    /// The query.
    pub(crate) query: Query,
    /// The day.
    pub(crate) as_of: AsOf,
    /// Language.
    pub(crate) lang: Lang,
    /// Colours.
    pub(crate) theme: Theme,
    /// Who is signed in, and the token of forms.
    pub(crate) session: Option<Session>,
}

/// A signed-in person.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Who.
    pub(crate) actor: Actor,
    /// Goes into forms.
    pub(crate) csrf: String,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// 400 when the day is none.
    pub(crate) fn of(app: &App, uri: &Uri, headers: &HeaderMap) -> HttpResult<Self> {
        let query = Query::of(uri);
        let as_of = AsOf::of(&query, app.clock.now())?;
        Ok(Self { as_of, ..Self::lenient(app, uri, headers) })
    }

    /// Reads a request of which even the day may be wrong: for error pages.
    #[must_use]
    pub(crate) fn lenient(app: &App, uri: &Uri, headers: &HeaderMap) -> Self {
        let query = Query::of(uri);
        let now = app.clock.now();
        let as_of = AsOf::of(&query, now).unwrap_or(AsOf { chosen: None, at: now, now, borders: None });
        let lang = query.get("lang").map_or(Lang::Vi, Lang::of_tag);
        let theme = query.get("theme").map(str::to_owned).or_else(|| cookie(headers, THEME_COOKIE));
        Self {
            address: Address { path: uri.path().to_owned(), query: query.0.clone() },
            query,
            as_of,
            lang,
            theme: theme.map_or(Theme::Auto, |word| Theme::of_word(&word)),
            session: session(app, headers, now),
        }
    }

    /// The frame of the page.
    #[must_use]
    pub(crate) fn shell(&self, app: &App, crumbs: Vec<Link>) -> Shell {
        Shell {
            lang: self.lang,
            theme: self.theme,
            address: self.address.clone(),
            as_of: self.as_of.day(),
            as_of_chosen: self.as_of.chosen.is_some(),
            now: self.as_of.now,
            clock: if app.clock.is_simulated() { Clock::Simulated } else { Clock::Real },
            synthetic: app.synthetic(),
            crumbs,
            search: self.query.get("q").unwrap_or_default().to_owned(),
            visitor: self.session.as_ref().map(|session| Visitor {
                name: session.actor.name.clone(),
                role: session.actor.role.as_str().to_owned(),
                may_edit: session.actor.role >= Role::Editor,
                csrf: session.csrf.clone(),
            }),
            notices: app.notices(self.lang),
        }
    }
}

fn session(app: &App, headers: &HeaderMap, now: DateTime<FixedOffset>) -> Option<Session> {
    let secret = cookie(headers, SESSION_COOKIE)?;
    let actor = app.session(&secret, now)?;
    Some(Session { actor, csrf: auth::csrf(&secret) })
}

/// The value of a cookie.
#[must_use]
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The visitor's address, for limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// Where a request comes from. A proxy on this machine says last whom it speaks for; anybody else's word does not count.
#[must_use]
pub(crate) fn client(extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let spoken_for = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    if peer.is_loopback() { spoken_for().unwrap_or(peer) } else { peer }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(client(&parts.extensions, &parts.headers)))
    }
}

/// Somebody who may change things: a token in the header, or a session with the token of the form.
#[derive(Debug, Clone)]
pub(crate) struct Editor(pub Actor);

impl FromRequestParts<Shared> for Editor {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, HttpError> {
        let Ok(Peer(address)) = Peer::from_request_parts(parts, app).await;
        let actor = match bearer(&parts.headers) {
            Some(token) => {
                let (app, token) = (Shared::clone(app), token.to_owned());
                tokio::task::spawn_blocking(move || app.actor(&token, address)).await??
            }
            None => signed_in(app, parts)?,
        };
        if actor.role < Role::Editor {
            return Err(HttpError::forbidden(
                "Mã truy cập này chỉ được xem. Cần vai trò editor hoặc admin.",
                "this token may only read; the role editor or admin is needed",
            ));
        }
        Ok(Self(actor))
    }
}

impl OptionalFromRequestParts<Shared> for Editor {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Option<Self>, HttpError> {
        match <Self as FromRequestParts<Shared>>::from_request_parts(parts, app).await {
            Ok(editor) => Ok(Some(editor)),
            Err(error) if error.code == "unauthorized" => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A session counts for changes only together with the form's token in the header: forms are checked by `forms.rs`,
/// which reads the body.
fn signed_in(app: &App, parts: &Parts) -> HttpResult<Actor> {
    let session = session(app, &parts.headers, app.clock.now()).ok_or_else(HttpError::unauthorized)?;
    let sent = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if parts.method != Method::GET && !same(sent, &session.csrf) {
        return Err(HttpError::forbidden(
            "Biểu mẫu đã hết hạn. Hãy tải lại trang rồi gửi lại.",
            "the form's token is missing or old; load the page again",
        ));
    }
    Ok(session.actor)
}

/// Compares secrets by their digests, so that time tells nothing of them.
#[must_use]
pub(crate) fn same(one: &str, other: &str) -> bool {
    auth::digest(one) == auth::digest(other)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer");
    known.then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::client;
    use axum::{
        extract::ConnectInfo,
        http::{Extensions, HeaderMap},
    };
    use std::net::{IpAddr, SocketAddr};

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        for (peer, said, expected) in [
            ("127.0.0.1:9", "1.2.3.4, 10.0.0.7", "10.0.0.7"),
            ("127.0.0.1:9", "nobody", "127.0.0.1"),
            ("[::1]:9", "2001:db8::7", "2001:db8::7"),
            ("192.0.2.1:9", "10.0.0.7", "192.0.2.1"),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), said.parse().unwrap())]);
            assert_eq!(client(&extensions, &headers), expected.parse::<IpAddr>().unwrap(), "{peer} {said}");
        }
    }
}
