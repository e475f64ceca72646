//! Sources that behave and sources that do not, over real HTTP on loopback and real files.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::World;
use gapwatch_collectors::{CollectorConfig, FetchError, Fetched, Known, fetch, fetch::archive};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A server that answers the n-th request with the n-th answer, the last one again and again. `HANG` never answers.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

const HANG: &str = "HANG";

impl Server {
    async fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answers) = (
            asked.clone(),
            answers.iter().map(|a| (*a).replace("PORT", &port.to_string())).collect::<Vec<_>>(),
        );
        tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                loop {
                    let read = stream.read(&mut buffer).await.unwrap_or(0);
                    request.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&request).to_string();
                    let length = text
                        .lines()
                        .find_map(|l| {
                            l.to_lowercase()
                                .strip_prefix("content-length: ")
                                .map(|n| n.trim().parse::<usize>().unwrap())
                        })
                        .unwrap_or(0);
                    let whole = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length);
                    if whole || read == 0 {
                        break;
                    }
                }
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(String::from_utf8_lossy(&request).to_string());
                    log.len() - 1
                };
                let answer = &answers[number.min(answers.len() - 1)];
                if answer == HANG {
                    kept.push(stream);
                } else {
                    let _sent = stream.write_all(answer.as_bytes()).await;
                    let _closed = stream.shutdown().await;
                }
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: \"v1\"\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn config(server: &Server, path: &str, more: &str) -> CollectorConfig {
    let retries = if more.contains("retries") { "" } else { "retries = 2\n" };
    let text = format!(
        "title = \"t\"\n[source]\nkind = \"http\"\nurl = \"http://127.0.0.1:{}{path}\"\nallow_hosts = [\"127.0.0.1\"]\n\
         backoff_ms = 1\ntimeout_secs = 1\n{retries}{more}\n[format]\nkind = \"json\"\nrecords = \"/data\"\n\
         [[columns]]\nis = \"commune_code\"\nheadings = [\"a\"]\n",
        server.port
    );
    CollectorConfig::parse("web", &text).unwrap()
}

async fn get(
    world: &World,
    config: &CollectorConfig,
    known: Option<Known>,
) -> Result<Vec<Fetched>, FetchError> {
    let ctx = world.context("2025-12-05T16:00:00+07:00", Path::new("."));
    fetch(config, &ctx, &move |_| known.clone()).await
}

async fn failure(answers: &[&str]) -> (FetchError, usize) {
    let server = Server::new(answers).await;
    let world = World::new();
    let error = get(&world, &config(&server, "/", ""), None).await.unwrap_err();
    (error, server.asked().len())
}

#[tokio::test]
async fn a_request_is_filled_in_and_its_answer_kept() {
    let server = Server::new(&[&ok("{\"data\":[]}")]).await;
    let mut world = World::new();
    world.secrets.insert("KEY".to_owned(), "s3cret".to_owned());
    let more = "method = \"POST\"\nbody = '{\"m\":\"{mm}\",\"y\":\"{yyyy}\"}'\nprevious = \"month\"\n\
                headers = { X-Key = \"{env:KEY}\" }\nauth = { kind = \"bearer\", token_env = \"KEY\" }";
    let fetched = get(&world, &config(&server, "/x?q={yyyymm}", more), None).await.unwrap();
    let request = &server.asked()[0];
    assert!(request.starts_with("POST /x?q=202511 HTTP/1.1"), "{request}");
    let lower = request.to_lowercase();
    assert!(lower.contains("x-key: s3cret") && lower.contains("authorization: bearer s3cret"), "{request}");
    assert!(request.ends_with("{\"m\":\"11\",\"y\":\"2025\"}"), "{request}");
    assert_eq!(fetched[0].reported_on.to_string(), "2025-11-30");
    assert_eq!((fetched[0].unchanged, fetched[0].etag.as_deref()), (false, Some("\"v1\"")));
    assert!(
        !fetched[0].file.contains("s3cret") && fetched[0].file.ends_with("(202511)"),
        "{}",
        fetched[0].file
    );
    let known = Known::from(fetched[0].content_hash.clone());
    let again = get(&world, &config(&server, "/x?q={yyyymm}", more), Some(known)).await.unwrap();
    assert!(again[0].unchanged && again[0].bytes.is_empty());
}

#[tokio::test]
async fn a_server_may_say_that_nothing_changed() {
    let server = Server::new(&[&status("304 Not Modified")]).await;
    let known = Known {
        content_hash: Some("abc".into()),
        etag: Some("\"v1\"".into()),
        last_modified: Some("Mon".into()),
    };
    let fetched = get(&World::new(), &config(&server, "/", ""), Some(known)).await.unwrap();
    assert!(fetched[0].unchanged);
    assert_eq!(fetched[0].content_hash, "abc");
    let request = server.asked()[0].to_lowercase();
    assert!(
        request.contains("if-none-match: \"v1\"") && request.contains("if-modified-since: mon"),
        "{request}"
    );
}

#[tokio::test]
async fn passing_failures_are_tried_again() {
    let good = ok("{}");
    let server =
        Server::new(&[&status("500 Oops"), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", &good])
            .await;
    let fetched = get(&World::new(), &config(&server, "/", ""), None).await.unwrap();
    assert_eq!((fetched[0].bytes.as_slice(), server.asked().len()), (&b"{}"[..], 3));
    let busy = "HTTP/1.1 429 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = Server::new(&[busy, &good]).await;
    assert_eq!(get(&World::new(), &config(&server, "/", ""), None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn lasting_failures_are_said() {
    let (error, asked) = failure(&[&status("500 Oops")]).await;
    assert!(matches!(error, FetchError::Status { status: 500, .. }), "{error}");
    assert_eq!(asked, 3);
    let (error, asked) = failure(&[&status("404 Gone")]).await;
    assert!(matches!(error, FetchError::Status { status: 404, .. }), "{error}");
    assert_eq!(asked, 1);
    let (error, _) = failure(&["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"]).await;
    assert!(matches!(error, FetchError::Transport { .. }), "{error}");
    let (error, _) = failure(&[""]).await;
    assert!(matches!(error, FetchError::Transport { .. }), "{error}");
    let (error, asked) = failure(&[
        "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ])
    .await;
    assert!(matches!(error, FetchError::Redirects { limit: 5, .. }), "{error}");
    assert_eq!(asked, 6);
}

#[tokio::test]
async fn a_server_that_hangs_is_left_alone_after_its_time() {
    let (error, asked) = failure(&[HANG]).await;
    assert!(matches!(&error, FetchError::Transport { reason, .. } if reason == "timed out"), "{error}");
    assert_eq!(asked, 3);
}

#[tokio::test]
async fn answers_that_are_too_large_are_refused() {
    let server = Server::new(&[&ok(&"x".repeat(5000))]).await;
    let error = get(&World::new(), &config(&server, "/", "max_bytes = 1000"), None).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 1000, .. }), "{error}");
}

#[tokio::test]
async fn our_own_networks_are_not_asked() {
    let server = Server::new(&[&ok("{}")]).await;
    for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"] {
        let text = format!(
            "title = \"t\"\n[source]\nkind = \"http\"\nurl = \"http://{host}:{}/\"\nretries = 0\ntimeout_secs = 1\n\
             [format]\nkind = \"portal766\"\n",
            server.port
        );
        let config = CollectorConfig::parse("web", &text).unwrap();
        let error = get(&World::new(), &config, None).await.unwrap_err();
        assert!(matches!(error, FetchError::PrivateHost { .. }), "{host}: {error}");
    }
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://localhost:PORT/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (error, asked) = failure(&[redirect]).await;
    assert!(matches!(error, FetchError::PrivateHost { .. }), "{error}");
    assert_eq!(asked, 1);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn client_credentials_are_changed_for_a_token() {
    let server = Server::new(&[&ok("{\"access_token\":\"tok\"}"), &ok("{\"data\":[]}")]).await;
    let mut world = World::new();
    for (name, value) in [("ID", "me"), ("SECRET", "shh")] {
        world.secrets.insert(name.to_owned(), value.to_owned());
    }
    let more = format!(
        "auth = {{ kind = \"oauth2\", token_url = \"http://127.0.0.1:{}/token\", client_id_env = \"ID\", client_secret_env = \"SECRET\", scope = \"a b\" }}",
        server.port
    );
    assert_eq!(get(&world, &config(&server, "/d", &more), None).await.unwrap().len(), 1);
    let asked = server.asked();
    assert!(asked[0].starts_with("POST /token") && asked[0].contains("Basic bWU6c2ho"), "{}", asked[0]);
    assert!(asked[0].ends_with("grant_type=client_credentials&scope=a%20b"), "{}", asked[0]);
    assert!(asked[1].to_lowercase().contains("authorization: bearer tok"), "{}", asked[1]);
    let missing = get(&World::new(), &config(&server, "/d", &more), None).await.unwrap_err();
    assert!(matches!(missing, FetchError::MissingSecret(name) if name == "ID"));
}

#[tokio::test]
async fn a_token_that_ends_between_two_pages_is_renewed_once() {
    let token = |name: &str| ok(&format!("{{\"access_token\":\"{name}\"}}"));
    let ended = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let (page, last) = (ok("{\"data\":[{\"a\":1}]}"), ok("{\"data\":[]}"));
    let more = |server: &Server| {
        format!(
            "paging = {{ kind = \"page\", first = 1 }}\nauth = {{ kind = \"oauth2\", token_url = \"http://127.0.0.1:{}/token\", client_id_env = \"ID\", client_secret_env = \"SECRET\" }}",
            server.port
        )
    };
    let mut world = World::new();
    for (name, value) in [("ID", "me"), ("SECRET", "shh")] {
        world.secrets.insert(name.to_owned(), value.to_owned());
    }
    let server = Server::new(&[&token("one"), &page, ended, &token("two"), &last]).await;
    let fetched = get(&world, &config(&server, "/d?page={page}", &more(&server)), None).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&fetched[0].bytes), "{\"data\":[{\"a\":1}]}\n");
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
    assert!(
        asked[4].starts_with("GET /d?page=2") && asked[4].to_lowercase().contains("bearer two"),
        "{}",
        asked[4]
    );
    let refusing = Server::new(&[&token("one"), &page, ended, &token("two"), ended]).await;
    let error = get(&world, &config(&refusing, "/d?page={page}", &more(&refusing)), None).await.unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 401, .. }), "{error}");
    assert_eq!(refusing.asked().len(), 5, "no token is asked for again and again");
}

#[tokio::test]
async fn pages_are_joined() {
    let pages = [ok("{\"data\":[{\"a\":1}]}"), ok("{\"data\":[{\"a\":2}]}"), ok("{\"data\":[]}")];
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let server = Server::new(&pages).await;
    let fetched = get(&World::new(), &config(&server, "/?p={page}", "paging = { kind = \"page\" }"), None)
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&fetched[0].bytes),
        "{\"data\":[{\"a\":1}]}\n{\"data\":[{\"a\":2}]}\n"
    );
    let lines: Vec<String> = server.asked().iter().map(|r| r.lines().next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["GET /?p=1 HTTP/1.1", "GET /?p=2 HTTP/1.1", "GET /?p=3 HTTP/1.1"]);
    let chain = [ok("{\"data\":[{\"a\":1}],\"next\":\"/two\"}"), ok("{\"data\":[{\"a\":2}],\"next\":null}")];
    let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
    let server = Server::new(&chain).await;
    let more = "paging = { kind = \"next\", pointer = \"/next\" }";
    let fetched = get(&World::new(), &config(&server, "/", more), None).await.unwrap();
    assert_eq!(fetched[0].bytes.iter().filter(|b| **b == b'\n').count(), 2);
    assert!(server.asked()[1].starts_with("GET /two "));
}

fn files(kind: &str, more: &str) -> CollectorConfig {
    let text = format!(
        "title = \"t\"\n[source]\nkind = \"{kind}\"\n{more}\n[format]\nkind = \"table\"\n[[columns]]\nis = \"commune_code\"\nheadings = [\"a\"]\n"
    );
    CollectorConfig::parse("files", &text).unwrap()
}

#[tokio::test]
async fn files_come_in_order_of_their_days_and_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    for (name, text) in [
        ("x-20251101.csv", "b"),
        ("x-20251001.csv", "a"),
        ("x-20260101.csv", "later"),
        ("y.csv", "no"),
        (".x-20251102.csv", "hidden"),
    ] {
        fs::write(dir.path().join("in").join(name), text).unwrap();
    }
    let world = World::new();
    let ctx = world.context("2025-12-05T16:00:00+07:00", dir.path());
    let config = files("file", "path = \"in/x-{yyyymmdd}.csv\"");
    let first = fetch(&config, &ctx, &|_| None).await.unwrap();
    let names: Vec<&str> = first.iter().map(|f| f.file.as_str()).collect();
    assert_eq!(names, ["in/x-20251001.csv", "in/x-20251101.csv"]);
    let known: HashMap<String, Known> = first
        .iter()
        .map(|f| {
            (
                f.file.clone(),
                Known {
                    content_hash: Some(f.content_hash.clone()),
                    etag: f.etag.clone(),
                    last_modified: None,
                },
            )
        })
        .collect();
    fs::write(dir.path().join("in/x-20251101.csv"), "changed").unwrap();
    let second = fetch(&config, &ctx, &|file| known.get(file).cloned()).await.unwrap();
    assert_eq!(second.iter().map(|f| f.unchanged).collect::<Vec<_>>(), [true, false]);
    assert_eq!(second[0].content_hash, first[0].content_hash);
    let small = files("file", "path = \"in/x-{yyyymmdd}.csv\"\nmax_bytes = 3");
    let error = fetch(&small, &ctx, &|_| None).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 3, .. }), "{error}");
}

#[tokio::test]
async fn a_watched_folder_is_emptied_into_its_archive() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("drop")).unwrap();
    fs::write(dir.path().join("drop/a.csv"), "a\n01273\n").unwrap();
    fs::write(dir.path().join("drop/b.csv.part"), "half").unwrap();
    let world = World::new();
    let ctx = world.context("2025-12-05T16:00:00+07:00", dir.path());
    let config = files("folder", "path = \"drop/*\"\narchive = \"kept\"");
    let taken = fetch(&config, &ctx, &|_| None).await.unwrap();
    assert_eq!(taken.iter().map(|f| f.file.as_str()).collect::<Vec<_>>(), ["drop/a.csv"]);
    assert!(!dir.path().join("drop/a.csv").exists() && dir.path().join("drop/b.csv.part").exists());
    // Not committed: it comes again.
    let again = fetch(&config, &ctx, &|_| None).await.unwrap();
    assert_eq!(again, taken);
    let kept = archive(&config, dir.path(), &taken[0]).unwrap().unwrap();
    assert!(kept.file_name().unwrap().to_str().unwrap().ends_with("-a.csv"), "{kept:?}");
    assert_eq!(fetch(&config, &ctx, &|_| None).await.unwrap(), []);
    assert_eq!(fs::read(kept).unwrap(), b"a\n01273\n");
}

#[tokio::test]
async fn one_hanging_source_does_not_hold_up_another() {
    let (slow, quick) = (Server::new(&[HANG]).await, Server::new(&[&ok("{}")]).await);
    let world = World::new();
    let (slow, quick) = (config(&slow, "/", "retries = 0").clone(), config(&quick, "/", ""));
    let hanging = get(&world, &slow, None);
    let answered = tokio::time::timeout(Duration::from_secs(20), get(&world, &quick, None));
    let (hung, done) = tokio::join!(hanging, answered);
    assert!(hung.is_err() && done.unwrap().is_ok());
}
