//! Forms of people who are signed in: signing in and out, acknowledging, deciding, running a collector now.
//!
//! Each form carries the token of its session; a form from elsewhere, or an old one, changes nothing. Every change is
//! in the audit table with who and when.

use std::collections::HashMap;

use axum::{
    Form, Router,
    body::Body,
    extract::{FromRequest, Path, Request, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect},
    routing::{get, post},
};
use chrono::NaiveDate;
use gapwatch_dashboards::pages::sign_in::{Fault, View, render};
use gapwatch_model::{Acknowledgement, FlagKey, RunId};

use super::{
    context::{Asked, Peer, SESSION_COOKIE, cookie, same},
    error::{HttpError, HttpResult},
    pages,
};
use crate::{
    app::{App, Shared},
    auth::{self, Actor, Role},
    collect::{self, Cause},
    reread,
};

/// Cookie of the form on the sign-in page, where there is no session yet.
const FORM_COOKIE: &str = "gapwatch_form";

/// Every form.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/flags/{id}/acknowledge", post(acknowledge))
        .route("/sources/{name}/run", post(run_now))
        .route("/sources/{name}/pause", post(pause))
        .route("/review", post(decide))
        .route("/runs/{id}/release", post(release))
        .route("/runs/{id}/drop", post(drop_batch))
}

async fn sign_in_page(State(app): State<Shared>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let asked = Asked::lenient(&app, &uri, &headers);
    let next = local_path(asked.query.get("next").unwrap_or("/"));
    form_page(&app, &asked, next, None, StatusCode::OK)
}

/// Draws the form with a fresh token, which the browser must send back in a cookie *and* in the form.
fn form_page(
    app: &App,
    asked: &Asked,
    next: String,
    fault: Option<Fault>,
    status: StatusCode,
) -> Response<Body> {
    let secret = auth::new_secret();
    let view = View { next, csrf: auth::csrf(&secret), fault };
    let page = render(&asked.shell(app, Vec::new()), &view).into_string();
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Html(page)).into_response();
    set_cookie(&mut response, FORM_COOKIE, &secret, 3600);
    response
}

async fn sign_in(Peer(address): Peer, sent: Sent) -> Response<Body> {
    let app = &sent.app;
    let asked = Asked::lenient(app, &sent.uri, &sent.headers);
    let next = local_path(sent.field("next"));
    let form = cookie(&sent.headers, FORM_COOKIE);
    if !form.is_some_and(|secret| same(&auth::csrf(&secret), sent.field("csrf"))) {
        return form_page(app, &asked, next, Some(Fault::BadForm), StatusCode::FORBIDDEN);
    }
    let (shared, token) = (Shared::clone(app), sent.field("token").to_owned());
    let signed = tokio::task::spawn_blocking(move || shared.sign_in(&token, address)).await;
    match signed.map_err(HttpError::from).and_then(|signed| signed) {
        Ok(secret) => {
            let mut response = Redirect::to(&next).into_response();
            set_cookie(&mut response, SESSION_COOKIE, &secret, crate::app::SESSION.num_seconds());
            set_cookie(&mut response, FORM_COOKIE, "", 0);
            response
        }
        Err(error) => {
            let fault = match error.status {
                StatusCode::TOO_MANY_REQUESTS => Fault::TooMany { retry_after_s: 900 },
                StatusCode::UNAUTHORIZED => Fault::WrongToken,
                _ => return pages::failure(app, &asked, error),
            };
            form_page(app, &asked, next, Some(fault), error.status)
        }
    }
}

async fn sign_out(sent: Sent) -> Response<Body> {
    sent.change(Role::Viewer, async |app, _| {
        if let Some(secret) = cookie(&sent.headers, SESSION_COOKIE) {
            app.sign_out(&secret)?;
        }
        let mut response = Redirect::to("/").into_response();
        set_cookie(&mut response, SESSION_COOKIE, "", 0);
        Ok(response)
    })
    .await
}

async fn acknowledge(Path(id): Path<String>, sent: Sent) -> Response<Body> {
    sent.change(Role::Editor, async |app, actor| {
        let key: FlagKey = id.parse().map_err(|_| HttpError::not_found(&id))?;
        let due = match sent.field("due") {
            "" => None,
            text => Some(
                text.parse::<NaiveDate>().map_err(|_| HttpError::bad_request("due", text, "YYYY-MM-DD"))?,
            ),
        };
        let (owner, reason) = (sent.field("owner"), sent.field("reason"));
        if owner.is_empty() || reason.is_empty() {
            return Err(HttpError::bad_request(
                "owner, reason",
                "",
                "người xử lý và lý do / an owner and a reason",
            ));
        }
        let acknowledgement = Acknowledgement {
            owner: owner.to_owned(),
            reason: reason.to_owned(),
            due,
            by: actor.name.clone(),
            at: app.clock.now(),
        };
        app.acknowledge(&key, acknowledgement, &actor)?;
        Ok(Redirect::to(&format!("/flags/{}", gapwatch_dashboards::shell::percent_encode(&id)))
            .into_response())
    })
    .await
}

async fn run_now(Path(name): Path<String>, sent: Sent) -> Response<Body> {
    sent.change(Role::Editor, async |app, actor| {
        app.collector(&name).map_err(|_| HttpError::not_found(&name))?;
        app.audit(&actor, "run-now", &name, "")?;
        if let Some(guard) = app.begin(&name) {
            let (app, name, by) = (Shared::clone(app), name.clone(), actor.name.clone());
            tokio::spawn(async move {
                collect::run(&app, &name, &Cause::Person(by), app.clock.now()).await;
                collect::judge(&app, app.clock.now()).await;
                drop(guard);
            });
        }
        Ok(to_source(&name))
    })
    .await
}

async fn pause(Path(name): Path<String>, sent: Sent) -> Response<Body> {
    sent.change(Role::Editor, async |app, actor| {
        app.collector(&name).map_err(|_| HttpError::not_found(&name))?;
        let paused = sent.field("paused") == "1";
        app.audit(&actor, if paused { "pause" } else { "resume" }, &name, "")?;
        app.set_paused(&name, paused)?;
        Ok(to_source(&name))
    })
    .await
}

async fn decide(sent: Sent) -> Response<Body> {
    sent.change(Role::Editor, async |app, actor| {
        let (key, by) = (sent.field("key").to_owned(), actor.name.clone());
        app.decide(&key, sent.field("choice"), &actor)?;
        let (shared, now) = (Shared::clone(app), app.clock.now());
        tokio::task::spawn_blocking(move || reread::after_decision(&shared, &key, &by, now)).await??;
        collect::judge(app, app.clock.now()).await;
        Ok(Redirect::to("/review").into_response())
    })
    .await
}

/// Lets a batch that was held back in.
async fn release(Path(id): Path<u64>, sent: Sent) -> Response<Body> {
    held(id, &sent, true).await
}

/// Leaves a batch that was held back out for good.
async fn drop_batch(Path(id): Path<u64>, sent: Sent) -> Response<Body> {
    held(id, &sent, false).await
}

async fn held(id: u64, sent: &Sent, take: bool) -> Response<Body> {
    sent.change(Role::Editor, async |app, actor| {
        let now = app.clock.now();
        app.audit(&actor, if take { "release" } else { "drop" }, &id.to_string(), "")?;
        if take {
            app.release(RunId(id), &actor.name)?;
            collect::judge(app, now).await;
        } else {
            app.store.drop_held(RunId(id), &actor.name, now)?;
        }
        Ok(Redirect::to(&format!("/runs/{id}")).into_response())
    })
    .await
}

/// A form as it was sent.
pub(super) struct Sent {
    app: Shared,
    uri: Uri,
    headers: HeaderMap,
    fields: HashMap<String, String>,
}

impl FromRequest<Shared> for Sent {
    type Rejection = FormRejection;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Self::Rejection> {
        let (uri, headers) = (request.uri().clone(), request.headers().clone());
        let Form(fields) = Form::from_request(request, app).await?;
        Ok(Self { app: Shared::clone(app), uri, headers, fields })
    }
}

impl Sent {
    /// What stands in a field, without the space around it; nothing where it was not sent.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// Lets a change happen for somebody who is signed in, may do it, and sent a form of this session.
    pub(super) async fn change(
        &self,
        least: Role,
        act: impl AsyncFnOnce(&Shared, Actor) -> HttpResult<Response<Body>>,
    ) -> Response<Body> {
        let asked = Asked::lenient(&self.app, &self.uri, &self.headers);
        let result = match &asked.session {
            None => Err(HttpError::unauthorized()),
            Some(session) if !same(&session.csrf, self.field("csrf")) => Err(HttpError::forbidden(
                "Biểu mẫu đã cũ hoặc được gửi từ nơi khác. Hãy tải lại trang rồi gửi lại.",
                "the form is old or was sent from elsewhere; load the page again",
            )),
            Some(session) if session.actor.role < least => {
                Err(HttpError::forbidden("Mã truy cập này chỉ được xem.", "this token may only read"))
            }
            Some(session) => act(&self.app, session.actor.clone()).await,
        };
        result.unwrap_or_else(|error| pages::failure(&self.app, &asked, error))
    }
}

fn to_source(name: &str) -> Response<Body> {
    let name = gapwatch_dashboards::shell::percent_encode(name);
    Redirect::to(&format!("/sources?collector={name}")).into_response()
}

/// A path of our own; anything else would send people away from here.
fn local_path(next: &str) -> String {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    if ours { next.to_owned() } else { "/".to_owned() }
}

fn set_cookie(response: &mut Response<Body>, name: &str, value: &str, max_age_s: i64) {
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn signing_in_leads_nowhere_else() {
        assert_eq!(local_path("/flags?rule=x"), "/flags?rule=x");
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "", "x"] {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere}");
        }
    }
}
