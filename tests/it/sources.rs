//! Sources that misbehave, over real HTTP: each says what happened, and none holds up another.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Duration,
};

use serde_json::Value;

use crate::server::{Server, copy_of, start};

const GOOD: &str =
    r#"{"rows":[{"place":"99001-001","households":21},{"place":"99001-002","households":22}]}"#;

/// Reads a request and gives its path.
fn path_of(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    first.split(' ').nth(1).map(str::to_owned)
}

fn answer(mut stream: TcpStream, kept: &mpsc::Sender<TcpStream>) -> Option<()> {
    let path = path_of(&stream)?;
    let head = |status: &str, more: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n")
    };
    let text = match path.as_str() {
        // Held open and never answered.
        "/hangs" => return kept.send(stream).ok(),
        "/resets" => return None,
        "/fails" => head("500 Internal Server Error", "", 0),
        "/busy" => head("429 Too Many Requests", "retry-after: 1\r\n", 0),
        "/half" => format!("{}{}", head("200 OK", "", GOOD.len()), &GOOD[..20]),
        "/wrong" => format!("{}{}", head("200 OK", "", 12), "<html></html"),
        "/circle" => head("302 Found", "location: /circle\r\n", 0),
        _ => format!("{}{GOOD}", head("200 OK", "", GOOD.len())),
    };
    stream.write_all(text.as_bytes()).ok()
}

/// A portal on loopback that goes wrong in as many ways as it has addresses.
fn portal() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (kept, _open) = mpsc::channel();
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that goes away is its own affair.
            answer(stream, &kept).unwrap_or_default();
        }
    });
    port
}

fn runs(server: &Server, collector: &str) -> Vec<Value> {
    server.json(&format!("/api/v1/runs?collector={collector}")).as_array().unwrap().clone()
}

#[test]
fn sources_that_go_wrong_hold_nobody_up_and_say_what_happened() {
    let port = portal();
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("small/province", folder.path());
    std::fs::remove_file(config.join("collectors/asking.toml")).unwrap();
    std::fs::remove_file(config.join("collectors/villages.toml")).unwrap();
    let expected = [
        ("a-hangs", "không nhận được trả lời trọn vẹn"),
        ("b-resets", "không nhận được trả lời trọn vẹn"),
        ("c-fails", "mã lỗi 500"),
        ("d-busy", "mã lỗi 429"),
        ("e-half", "không nhận được trả lời trọn vẹn"),
        ("f-wrong", "JSON"),
        ("g-circle", "chuyển hướng quá"),
    ];
    let names = expected.iter().map(|(name, _)| *name).chain(["z-good"]);
    for name in names {
        let path = name.split_once('-').unwrap().1;
        let text = format!(
            "title = \"Nguồn thử {path} (giả lập)\"\nevidence = \"claimed\"\nprovince = \"99\"\nlevel = \"village\"\n\
             [source]\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/{path}\"\nallow_hosts = [\"127.0.0.1\"]\n\
             timeout_secs = 2\nretries = 1\nbackoff_ms = 50\n\
             [schedule]\ncron = \"* * * * * *\"\n[format]\nkind = \"json\"\nrecords = \"/rows\"\n\
             [[columns]]\nis = \"village_code\"\nheadings = [\"place\"]\nrequired = true\n\
             [[columns]]\nindicator = \"village.households\"\nheadings = [\"households\"]\n"
        );
        std::fs::write(config.join(format!("collectors/{name}.toml")), text).unwrap();
    }
    let file = config.join("gapwatch.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    // One file is read at a time: the sources that hang must not take that place.
    std::fs::write(&file, format!("parallel_runs = 1\n{text}")).unwrap();

    let server = start("serve", &config);
    let (_sender, never) = mpsc::channel::<()>();
    let mut waiting: Vec<_> = expected.to_vec();
    for _ in 0..300 {
        waiting.retain(|(name, _)| runs(&server, name).is_empty());
        if waiting.is_empty() && runs(&server, "z-good").len() >= 3 {
            break;
        }
        assert!(never.recv_timeout(Duration::from_millis(100)).is_err());
    }
    assert_eq!(waiting, [], "no record of these");
    for (name, said) in expected {
        let run = runs(&server, name).pop().unwrap();
        assert_eq!(run["outcome"], "failed", "{name}: {run}");
        let message = run["message"].as_str().unwrap_or_default();
        assert!(message.contains(said), "{name} says `{message}`, not `{said}`");
    }
    let good = runs(&server, "z-good");
    assert_eq!(good.last().unwrap()["outcome"], "succeeded", "{good:?}");
    assert_eq!(good.last().unwrap()["accepted"], 2);
    // It ran each second while the one that hangs took four for its first run.
    let before_the_slowest = |run: &&Value| {
        run["finished"].as_str().unwrap()
            < runs(&server, "a-hangs").last().unwrap()["finished"].as_str().unwrap()
    };
    assert!(good.iter().filter(before_the_slowest).count() >= 2, "{good:?}");
    assert_eq!(server.get("/health").0, 200);
}
