//! InfluxDB as the place of the series: a server that is down keeps nothing back, and what waits is seen.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use crate::server::{Server, copy_of, gapwatch, start_with};

/// What one request wrote, as lines.
fn take(listener: &TcpListener) -> Option<String> {
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
    let answer = if write { "204 No Content" } else { "503 Service Unavailable" };
    write!(reader.get_mut(), "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    write.then(|| String::from_utf8_lossy(&body).into_owned())
}

/// A stand-in for the server: takes writes, answers nothing else. The real one is in the store's contract suite.
fn server_at(port: u16) -> Receiver<String> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            if let Some(lines) = take(&listener)
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
    let mut made = gapwatch();
    made.args(["token", "add", "lan", "--role", "editor", "--config"]).arg(config).env("INFLUX", "secret");
    let made = made.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

#[test]
fn what_waits_for_a_server_that_is_down_is_seen_and_arrives_once_it_is_up() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("small/province", folder.path());
    let file = config.join("gapwatch.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(&format!(
        "\n[influx]\nurl = \"http://127.0.0.1:{port}\"\norg = \"o\"\nbucket = \"b\"\ntoken_env = \"INFLUX\"\nspool_points = 3\n"
    ));
    std::fs::write(&file, text).unwrap();
    let token = token(&config);
    let server = start_with("serve", &config, &[("INFLUX", "secret")]);
    assert_eq!(metric(&server, "gapwatch_spool_frames").to_bits(), 0.0_f64.to_bits());

    let line = "village.signal,place=99001-001,operator=Viettel,technology=4G value=1 1735603200\n\
                village.households,place=99001-001 value=31i 1735603200";
    let (status, body) = server.post("/api/v2/write?precision=s&bucket=survey", Some(&token), line);
    assert_eq!(status, 204, "acknowledged once it is in the spool: {body}");
    let said = server.json("/api/v1/observations?indicator=village.households");
    assert_eq!(said[0]["value"].as_f64().map(f64::to_bits), Some(31.0_f64.to_bits()), "{said}");
    // The attempts fail, are counted, and are said on the page.
    let mut failures = 0.0;
    for _ in 0..200 {
        failures = metric(&server, "gapwatch_spool_failed_attempts");
        if failures > 0.0 {
            break;
        }
        pause();
    }
    assert!(failures > 0.0, "no attempt was made");
    assert!(metric(&server, "gapwatch_spool_points") > 1.0);
    let (_, page) = server.get("/sources");
    assert!(page.contains("2 lô, 2 / 3"), "the spool is not on the page");
    let (_, page) = server.get("/");
    assert!(
        page.contains("Đang trả lời từ bản lưu tại chỗ"),
        "the page does not say where its figures come from"
    );
    // The spool is bounded: what does not fit is refused and not acknowledged.
    let more = "village.households,place=99001-002 value=1i 1735603200\n\
                village.households,place=99001-003 value=2i 1735603200";
    let (status, body) = server.post("/api/v2/write?precision=s&bucket=survey", Some(&token), more);
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("spool"), "{body}");
    assert_eq!(server.json("/api/v1/observations?indicator=village.households").as_array().unwrap().len(), 1);

    let arrived = server_at(port);
    let mut lines = String::new();
    while !(lines.contains("village.signal") && lines.contains("village.households")) {
        lines.push_str(&arrived.recv_timeout(Duration::from_secs(60)).expect("nothing arrived"));
    }
    for _ in 0..200 {
        if metric(&server, "gapwatch_spool_frames") < 0.5 {
            return;
        }
        pause();
    }
    panic!("the spool is not empty");
}

fn pause() {
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(Duration::from_millis(100)).is_err());
}
