//! The program as a child process, and what tests ask of it over HTTP.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

use crate::{checkout, files};

/// A running program. Killed when the test ends, however it ends.
pub(crate) struct Server {
    child: Child,
    /// Where it answers, such as `http://127.0.0.1:41234`.
    pub(crate) origin: String,
    /// A token that may change things: the one a demo prints, or one a test made.
    pub(crate) token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A copy of a configuration below `fixtures`, so that tests may edit its files.
pub(crate) fn copy_of(fixture: &str, folder: &Path) -> PathBuf {
    let from = checkout().join("fixtures").join(fixture);
    let to = folder.join("config");
    for file in files(&from, "") {
        let inside = file.strip_prefix(&from).unwrap();
        if inside.starts_with("data") || inside.starts_with("generate") {
            continue;
        }
        let target = to.join(inside);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
    to
}

/// The program, ready to be given arguments.
pub(crate) fn gapwatch() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gapwatch"));
    command.env("RUST_LOG", "warn");
    command
}

/// Runs a command of the program on a configuration.
pub(crate) fn run(config: &Path, arguments: &[&str]) -> Output {
    gapwatch().args(arguments).arg("--config").arg(config).output().unwrap()
}

/// Starts `demo` or `serve` without waiting for it.
pub(crate) fn spawn(command: &str, config: &Path) -> Child {
    ready_to(command, config).spawn().unwrap()
}

/// `demo` or `serve` with its standard output open, not started yet.
pub(crate) fn ready_to(command: &str, config: &Path) -> Command {
    let mut program = gapwatch();
    program.args([command, "--listen", "127.0.0.1:0", "--config"]).arg(config).stdout(Stdio::piped());
    program
}

/// Starts `demo` or `serve` and waits until it says that it listens.
pub(crate) fn start(command: &str, config: &Path) -> Server {
    start_with(command, config, &[])
}

/// The same with environment variables.
pub(crate) fn start_with(command: &str, config: &Path, variables: &[(&str, &str)]) -> Server {
    let mut program = ready_to(command, config);
    program.envs(variables.iter().copied());
    started(program)
}

/// Starts what [`ready_to`] gave.
pub(crate) fn started(mut program: Command) -> Server {
    let child = program.spawn().unwrap();
    let mut server = Server { child, origin: String::new(), token: String::new() };
    let said = BufReader::new(server.child.stdout.take().unwrap());
    for line in said.lines() {
        let line = line.unwrap();
        if let Some(token) = line.strip_prefix("token of this demo (role admin): ") {
            token.clone_into(&mut server.token);
        }
        if let Some(origin) = line.strip_prefix("gapwatch listening on ") {
            origin.clone_into(&mut server.origin);
            return server;
        }
    }
    panic!("the program ended before it was ready: {:?}", server.child.wait());
}

/// A client that takes every status as an answer.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

impl Server {
    /// Kills it at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Pushes lines that must all go in.
    pub(crate) fn push(&self, source: &str, lines: &str) {
        let path = format!("/api/v2/write?precision=s&bucket={source}");
        let (status, body) = self.post(&path, Some(&self.token), lines);
        assert_eq!(status, 204, "{body}");
    }

    /// Status and body of a page.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut response = agent().get(format!("{}{path}", self.origin)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// A JSON answer, which must be a good one.
    pub(crate) fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Status and body of what is sent.
    pub(crate) fn post(&self, path: &str, token: Option<&str>, body: &str) -> (u16, String) {
        let mut request = agent().post(format!("{}{path}", self.origin));
        if let Some(token) = token {
            request = request.header("authorization", format!("Token {token}"));
        }
        let mut response = request.send(body).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }
}

/// Somebody who is signed in: a cookie, and the word their forms carry.
pub(crate) struct Visitor<'a> {
    server: &'a Server,
    cookie: String,
}

pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start} in {text}")) + start.len();
    text[from..].split(end).next().unwrap()
}

impl Server {
    /// Signs in with a token, as the page does it.
    pub(crate) fn sign_in(&self, token: &str) -> Visitor<'_> {
        let mut page = agent().get(format!("{}/sign-in", self.origin)).call().unwrap();
        let cookie = cookie_of(page.headers());
        let body = page.body_mut().read_to_string().unwrap();
        let csrf = between(&body, "name=\"csrf\" value=\"", "\"");
        let no_redirects = ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
        let signed = ureq::Agent::from(no_redirects)
            .post(format!("{}/sign-in", self.origin))
            .header("cookie", cookie)
            .send_form([("token", token), ("csrf", csrf), ("next", "/")])
            .unwrap();
        assert_eq!(signed.status().as_u16(), 303);
        Visitor { server: self, cookie: cookie_of(signed.headers()) }
    }
}

fn cookie_of(headers: &ureq::http::HeaderMap) -> String {
    let set = headers.get("set-cookie").unwrap().to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

impl Visitor<'_> {
    /// Opens a page.
    pub(crate) fn get(&self, path: &str) -> String {
        let request = agent().get(format!("{}{path}", self.server.origin)).header("cookie", &self.cookie);
        request.call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// Sends the form of a page that goes to this address, and gives the status.
    pub(crate) fn send(&self, page: &str, action: &str) -> u16 {
        self.send_with(page, action, &[]).0
    }

    /// The same with fields filled in; gives the status and the page it leads to.
    pub(crate) fn send_with(&self, page: &str, action: &str, filled: &[(&str, &str)]) -> (u16, String) {
        let body = self.get(page);
        let form = between(&body, &format!("method=\"post\" action=\"{action}\""), "</form>");
        let csrf = between(form, "name=\"csrf\" value=\"", "\"");
        let request = agent().post(format!("{}{action}", self.server.origin)).header("cookie", &self.cookie);
        let mut answer = request.send_form(filled.iter().copied().chain([("csrf", csrf)])).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }
}
