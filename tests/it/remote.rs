//! InfluxDB as the place of the series: a server that is down keeps nothing back, and what waits is seen.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Output,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use crate::server::{Server, agent, between, copy_of, gapwatch, ready_to, run, start_with, started};

/// The token of the server. It is never said.
const SECRET: &str = "s3cr3t-t0ken-of-the-server";
/// What every page says while answers do not come from the server.
const NOTICE: &str = "Đang trả lời từ bản lưu tại chỗ";

/// What one request wrote, as lines. A write is refused where there is a refusal.
fn take(listener: &TcpListener, refusal: &mut Option<String>) -> Option<String> {
    let (stream, _) = listener.accept().ok()?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let write = first.starts_with("POST /api/v2/write");
    let refused = if write { refusal.take() } else { None };
    let answer = match (write, &refused) {
        (true, Some(_)) => "500 Internal Server Error",
        (true, None) => "204 No Content",
        (false, _) => "200 OK",
    };
    let said = refused.as_deref().unwrap_or_default();
    let length = said.len();
    write!(
        reader.get_mut(),
        "HTTP/1.1 {answer}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"
    )
    .ok()?;
    (write && refused.is_none()).then(|| String::from_utf8_lossy(&body).into_owned())
}

/// A stand-in for the server: takes writes, after the first one was refused where it is told to, and knows nothing. The real one is in the store's contract suite.
fn server_at(port: u16, mut refusal: Option<String>) -> Receiver<String> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            if let Some(lines) = take(&listener, &mut refusal)
                && sender.send(lines).is_err()
            {
                break;
            }
        }
    });
    receiver
}

fn metric(server: &Server, name: &str) -> f64 {
    let (_, text) = server.get("/metrics");
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).map(str::to_owned);
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

fn token(config: &Path) -> String {
    let made = with_secret(config, &["token", "add", "lan", "--role", "editor"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Runs a command that is told everything there is to log.
fn with_secret(config: &Path, arguments: &[&str]) -> Output {
    let mut command = gapwatch();
    command.args(arguments).arg("--config").arg(config).env("INFLUX", SECRET).env("RUST_LOG", "trace");
    command.output().unwrap()
}

/// A port nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A configuration whose series go to the port, behind a spool for three points.
fn config_for(fixture: &str, folder: &Path, port: u16) -> PathBuf {
    let config = copy_of(fixture, folder);
    add_influx(&config, &[("url", &format!("\"http://127.0.0.1:{port}\"")), ("spool_points", "3")]);
    config
}

/// Adds the server to a configuration, with some keys set otherwise.
fn add_influx(config: &Path, other: &[(&str, &str)]) {
    let mut keys = vec![
        ("url", "\"http://127.0.0.1:8086\""),
        ("org", "\"o\""),
        ("bucket", "\"b\""),
        ("token_env", "\"INFLUX\""),
    ];
    keys.retain(|(key, _)| !other.iter().any(|(set, _)| set == key));
    let keys: Vec<String> =
        keys.iter().chain(other).map(|(key, value)| format!("{key} = {value}\n")).collect();
    let file = config.join("gapwatch.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[influx]\n{}", keys.concat())).unwrap();
}

/// Households in the answer, and where it says that it comes from.
fn households(server: &Server) -> (usize, Option<String>) {
    let address = format!("{}/api/v1/observations?indicator=village.households", server.origin);
    let mut answer = agent().get(address).call().unwrap();
    let local = answer.headers().get("x-gapwatch-local").map(|why| why.to_str().unwrap().to_owned());
    let body: serde_json::Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    (body.as_array().unwrap().len(), local)
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        pause();
    }
    panic!("{what}");
}

#[test]
fn what_waits_for_a_server_that_is_down_is_seen_and_arrives_once_it_is_up() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = config_for("small/province", folder.path(), port);
    let token = token(&config);
    let log = folder.path().join("log");
    let mut program = ready_to("serve", &config);
    program.env("INFLUX", SECRET).env("RUST_LOG", "trace").stderr(std::fs::File::create(&log).unwrap());
    let server = started(program);
    let is = |name: &str| metric(&server, name);
    assert_eq!(is("gapwatch_spool_frames").to_bits(), 0.0_f64.to_bits());
    assert!(!server.get("/").1.contains(NOTICE));

    let line = "village.signal,place=99001-001,operator=Viettel,technology=4G value=1 1735603200\n\
                village.households,place=99001-001 value=31i 1735603200";
    let (status, body) = server.post("/api/v2/write?precision=s&bucket=survey", Some(&token), line);
    assert_eq!(status, 204, "acknowledged once it is in the spool: {body}");
    // The attempts fail, are counted, and are said everywhere, though nobody has asked for an observation.
    until("no attempt was made", || {
        is("gapwatch_spool_failed_attempts") > 0.0 && is("gapwatch_spool_oldest_age_seconds") > 0.0
    });
    assert!(is("gapwatch_spool_oldest_age_seconds") < 600.0);
    assert_eq!(is("gapwatch_spool_points").to_bits(), 2.0_f64.to_bits());
    assert_eq!(is("gapwatch_spool_capacity_points").to_bits(), 3.0_f64.to_bits());
    let (_, metrics) = server.get("/metrics");
    let why = between(&metrics, "\ngapwatch_spool_last_error{error=\"", "\"} 1\n");
    let tried = format!("127.0.0.1:{port}/api/v2/write");
    assert!(why.contains(&tried) && why.chars().count() <= 200, "{why}");
    let (_, sources) = server.get("/sources");
    assert!(sources.contains("2 lô, 2 / 3"), "the spool is not on the page");
    assert_eq!(between(&sources, "Lô cũ nhất</dt><dd>", "</dd>").trim(), "1 phút");
    let said = between(&sources, "Lỗi gần nhất</dt><dd>", "</dd>");
    assert!(said.contains(&tried), "{said}");
    let (_, page) = server.get("/");
    assert!(page.contains(NOTICE), "the page does not say where its figures come from");
    let (rows, local) = households(&server);
    assert_eq!(rows, 1);
    assert!(local.as_ref().is_some_and(|why| why.contains(&tried)), "{local:?}");
    // The spool is bounded: what does not fit is refused and not acknowledged.
    let more = "village.households,place=99001-002 value=1i 1735603200\n\
                village.households,place=99001-003 value=2i 1735603200";
    let (status, body) = server.post("/api/v2/write?precision=s&bucket=survey", Some(&token), more);
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("spool"), "{body}");
    assert_eq!(households(&server).0, 1);

    let arrived = server_at(port, Some(format!("no \"room\" in C:\\,\n{}", "x".repeat(400))));
    let refused = r#"{error="the server answered 500: no \"room\" in C:\\,\nxxx"#;
    until("the refusal is not said", || {
        let (_, metrics) = server.get("/metrics");
        let line = metrics.lines().find(|line| line.starts_with("gapwatch_spool_last_error{"));
        let line = line.unwrap_or_default();
        line.contains(refused) && line.chars().count() < 250
    });
    let mut lines = String::new();
    while !(lines.contains("village.signal") && lines.contains("village.households")) {
        lines.push_str(&arrived.recv_timeout(Duration::from_secs(60)).expect("nothing arrived"));
    }
    until("the spool is not empty", || is("gapwatch_spool_frames") < 0.5);
    assert!(!server.get("/metrics").1.contains("gapwatch_spool_last_error{"));
    assert!(!server.get("/").1.contains(NOTICE), "the page says so still");
    // The stand-in has an answer, if an empty one.
    assert_eq!(households(&server), (0, None));
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("TRACE") && log.contains(&tried), "nothing was logged");
    for (name, text) in [("log", &log), ("metrics", &metrics), ("sources", &sources)] {
        assert!(!text.contains(SECRET), "the token is in {name}");
    }
}

#[test]
fn a_full_spool_refuses_files_until_the_server_takes_some() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = config_for("small/province", folder.path(), port);
    let write = |name: &str, village: &str, code: &str| {
        let file = config.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let text = format!("Xã,Thôn,Mã thôn,Có sóng,Số hộ\nThượng Thử,{village},{code},có,30\n");
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let first = write("a-20250131.csv", "Nà Lủng", "99001-001");
    let second = write("b-20250131.csv", "Bó Mu", "99001-002");
    write("inbox/bao-cao-20250131.csv", "Khuổi Đăm", "99001-003");
    let import = |file: &str| with_secret(&config, &["import", file, "--collector", "villages"]);
    let collect = || with_secret(&config, &["collect", "villages"]);
    let code = |output: &Output| {
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(SECRET), "the token is in {said}");
        (output.status.code().unwrap(), said)
    };
    let (done, said) = code(&import(&first));
    assert_eq!(done, 0, "{said}");
    assert!(said.contains("gapwatch: what was taken in waits in the spool: "), "{said}");
    let full = "4 points would wait for InfluxDB, expected at most `3`; the server must take some first";
    let (done, said) = code(&import(&second));
    assert!(done == 1 && said.contains(&format!("gapwatch: {full}")), "{done} {said}");
    let (done, said) = code(&collect());
    assert!(done == 1 && said.contains(full), "{done} {said}");

    let arrived = server_at(port, None);
    // What is in already is no file too many, and brings what waits as soon as it is time to try again.
    until("nothing arrived", || {
        let (done, said) = code(&import(&first));
        assert_eq!(done, 0, "{said}");
        arrived.try_recv().is_ok()
    });
    for output in [import(&second), collect()] {
        let (done, said) = code(&output);
        assert_eq!(done, 0, "{said}");
        let lines = arrived.recv_timeout(Duration::from_secs(60)).expect("nothing arrived");
        assert_eq!(lines.lines().count(), 2, "{lines}");
    }
}

#[test]
fn a_demo_is_served_beside_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_for("small/province", folder.path(), free_port());
    let story = "\n[story]\nfrom = \"2025-01-01T00:00:00+07:00\"\nuntil = \"2025-01-01T00:01:00+07:00\"\n\
                 portal = \"places\"\nportal_listen = \"127.0.0.1:0\"\n";
    let file = config.join("gapwatch.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + story).unwrap();
    let demo = start_with("demo", &config, &[("INFLUX", SECRET)]);
    assert_eq!(demo.get("/health").0, 200);
}

#[test]
fn a_server_that_cannot_be_is_a_problem_of_the_configuration() {
    for (key, value, expected) in [
        (
            "url",
            "\"localhost:8086\"",
            "`localhost:8086` is no address, expected one such as http://127.0.0.1:8086",
        ),
        ("url", "\"http://a b\"", "`http://a b` is no address, expected one such as http://127.0.0.1:8086"),
        (
            "url",
            "\"http://a:99999999\"",
            "`http://a:99999999` is no address, expected one such as http://127.0.0.1:8086",
        ),
        (
            "url",
            "\"https://a\"",
            "`https://a` needs a program built with `--features influx-tls`, expected http://",
        ),
        ("org", "\"\"", "is empty, expected a name"),
        ("bucket", "\" \"", "is empty, expected a name"),
        ("timeout_secs", "0", "`0` leaves no time for an answer, expected 1 or more"),
        ("spool_points", "0", "`0` lets nothing wait, expected 1 or more"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = copy_of("small/province", folder.path());
        add_influx(&config, &[(key, value)]);
        let checked = with_secret(&config, &["check"]);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert!(said.contains(&format!("gapwatch.toml: influx.{key}: {expected}\n")), "{key}: {said}");
        assert_eq!(checked.status.code(), Some(2));
    }
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("small/province", folder.path());
    let copy = ["store", "copy", "--from", "embedded", "--to", "influx"];
    let copied = run(&config, &copy);
    let said = String::from_utf8(copied.stderr).unwrap();
    assert_eq!(said, "gapwatch: gapwatch.toml: influx: is missing, expected the server to copy to or from\n");
    assert_eq!(copied.status.code(), Some(2));
    add_influx(&config, &[]);
    let copied = with_secret(&config, &copy);
    let said = String::from_utf8(copied.stderr).unwrap();
    assert_eq!(
        said,
        format!("gapwatch: there is no store `{}`\n", config.join("data/gapwatch.db").display())
    );
    assert_eq!((copied.status.code(), config.join("data").exists()), (Some(1), false));
}

fn pause() {
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(Duration::from_millis(100)).is_err());
}
