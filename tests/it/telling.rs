//! Telling people, through the real program: a webhook, a mail server and a feed reader of our own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
};

use serde_json::Value;

use crate::{server::between, small::Small};

/// A call of the webhook.
struct Call {
    id: String,
    authorization: String,
    body: Value,
}

impl Call {
    /// Flags it tells, each with whether it is over, in order.
    fn told(&self) -> Vec<String> {
        let alerts = self.body["alerts"].as_array().unwrap();
        let mut told: Vec<String> = alerts
            .iter()
            .map(|alert| {
                format!("{} {}", alert["labels"]["flag"].as_str().unwrap(), alert["status"].as_str().unwrap())
            })
            .collect();
        told.sort();
        told
    }
}

/// Listens for calls and answers them with these statuses in turn, then with 200.
fn webhook(listener: TcpListener, statuses: &'static [u16]) -> Receiver<Call> {
    let (sender, calls) = channel();
    std::thread::spawn(move || {
        let mut statuses = statuses.iter().chain(std::iter::repeat(&200));
        for stream in listener.incoming() {
            let Some(status) = statuses.next() else { return };
            answer(&stream.unwrap(), *status, &sender);
        }
    });
    calls
}

fn answer(stream: &TcpStream, status: u16, calls: &Sender<Call>) {
    let mut reader = BufReader::new(stream);
    let header = |wanted: &str, line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    };
    let (mut length, mut call) =
        (0, Call { id: String::new(), authorization: String::new(), body: Value::Null });
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
            break;
        }
        length = header("content-length", &line).map_or(length, |value| value.parse().unwrap());
        call.id = header("idempotency-key", &line).unwrap_or(call.id);
        call.authorization = header("authorization", &line).unwrap_or(call.authorization);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    call.body = serde_json::from_slice(&body).unwrap();
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status} so\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    // Nobody waits for it any more once the test is over.
    drop(calls.send(call));
}

/// Listens for mails: hands out each with its envelope's recipients.
fn mail_server(listener: TcpListener) -> Receiver<(Vec<String>, String)> {
    let (sender, mails) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let mut say = |line: &str| write!(stream, "{line}\r\n").unwrap();
            let mut recipients = Vec::new();
            say("220 small ESMTP");
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap() == 0 {
                    break;
                }
                match line.trim().split([' ', ':']).next().unwrap().to_uppercase().as_str() {
                    "EHLO" => say("250 small"),
                    "RCPT" => {
                        recipients.push(line.trim().to_owned());
                        say("250 yes");
                    }
                    "DATA" => {
                        say("354 go on");
                        let mut mail = String::new();
                        while !mail.ends_with("\r\n.\r\n") {
                            lines.read_line(&mut mail).unwrap();
                        }
                        say("250 taken");
                        drop(sender.send((std::mem::take(&mut recipients), mail)));
                    }
                    "QUIT" => {
                        say("221 bye");
                        break;
                    }
                    _ => say("250 yes"),
                }
            }
        }
    });
    mails
}

fn local() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn hook(listener: &TcpListener, more: &str) -> String {
    let address = listener.local_addr().unwrap();
    format!("[[notify]]\nname = \"ops\"\n{more}[notify.webhook]\nurl = \"http://{address}/hook\"\n")
}

const FIRING: [&str; 2] = ["village-no-signal~v1~19000101 firing", "village-no-signal~v2~19000101 firing"];

#[test]
fn a_change_is_told_once_by_commune_whatever_happens() {
    let small = Small::new();
    let listener = local();
    small.program(&hook(&listener, ""));
    // The first two calls are refused.
    let calls = webhook(listener, &[503, 500]);
    let server = small.serve();
    server.push(
        "lines",
        "village.signal,place=v1 value=0\nvillage.signal,place=v2 value=0\nvillage.signal,place=v6 value=0",
    );
    let mut taken: Vec<Call> = (0..4).map(|_| calls.recv().unwrap()).collect();
    let ids: Vec<String> = taken.iter().map(|call| call.id.clone()).collect();
    let mut distinct = ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 2, "one message for each commune, each tried twice: {ids:?}");
    taken.sort_by_key(|call| call.body["groupLabels"]["place"].to_string());
    let first = &taken[0];
    assert_eq!(first.body["version"], "4");
    assert_eq!(first.body["receiver"], "ops");
    assert_eq!(first.body["status"], "firing");
    assert_eq!(first.body["groupLabels"]["alertname"], "village-no-signal");
    assert_eq!(first.body["groupLabels"]["place"], "00001");
    assert_eq!(first.told(), FIRING);
    assert_eq!(taken[3].told(), ["village-no-signal~v6~19000101 firing"]);
    // What was taken is forgotten before the program is killed.
    let waiting = "gapwatch_outbox_messages{receiver=\"ops\"}";
    while !server.get("/metrics").1.contains(&format!("{waiting} 0")) {
        std::thread::yield_now();
    }
    server.kill();

    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=1");
    let next = calls.recv().unwrap();
    assert_eq!(next.told(), ["village-no-signal~v1~19000101 resolved"], "nothing was told a second time");
    assert_eq!(next.body["status"], "resolved");
}

#[test]
fn what_nobody_took_waits_through_a_kill() {
    let small = Small::new();
    let listener = local();
    let address = listener.local_addr().unwrap();
    small.program(&hook(&listener, "rules = [\"village-no-signal\"]\nplaces = [\"00001\"]\n"));
    drop(listener);
    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=0\nvillage.signal,place=v6 value=0");
    let failed = |page: &str| {
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix("gapwatch_outbox_failed_attempts{receiver=\"ops\"} "));
        line.unwrap().parse::<f64>().unwrap() >= 3.0
    };
    while !failed(&server.get("/metrics").1) {
        std::thread::yield_now();
    }
    assert!(server.get("/?lang=en").1.contains("1 messages have not reached “ops”"));
    let sources = server.get("/sources?lang=en").1;
    let waiting = between(&sources, "<section id=\"outbox\"", "</section>");
    assert!(waiting.contains("ops (webhook)") && waiting.contains("error sending request"), "{waiting}");
    server.kill();

    let calls = webhook(TcpListener::bind(address).unwrap(), &[]);
    let _server = small.serve();
    assert_eq!(calls.recv().unwrap().told(), ["village-no-signal~v1~19000101 firing"], "only of its place");
}

#[test]
fn what_changes_in_quiet_is_told_together_afterwards() {
    let small = Small::new();
    let listener = local();
    small.program(&hook(&listener, "hold = true\n"));
    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=0");
    assert_eq!(server.json("/api/v1/flags?state=firing").as_array().unwrap().len(), 1);
    server.push("lines", "village.signal,place=v2 value=0");
    assert_eq!(server.json("/api/v1/flags?state=firing").as_array().unwrap().len(), 2);
    server.kill();

    small.program(&hook(&listener, "hold = false\n"));
    let calls = webhook(listener, &[]);
    let _server = small.serve();
    assert_eq!(calls.recv().unwrap().told(), FIRING);
}

#[test]
fn a_mail_holds_every_commune() {
    let small = Small::new();
    let listener = local();
    let address = listener.local_addr().unwrap();
    small.program(&format!(
        "public_url = \"https://gap.example/\"\n[[notify]]\nname = \"lanh-dao\"\n[notify.mail]\nserver = \"smtp://{address}\"\n\
         from = \"gapwatch@example.vn\"\nto = [\"Lan <lan@example.vn>\", \"minh@example.vn\"]\n"
    ));
    let mails = mail_server(listener);
    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=0\nvillage.signal,place=v6 value=0");
    let (recipients, mail) = mails.recv().unwrap();
    assert_eq!(recipients, ["RCPT TO:<lan@example.vn>", "RCPT TO:<minh@example.vn>"]);
    assert!(mail.contains("From: gapwatch@example.vn"), "{mail}");
    let text = readable(&mail);
    for expected in [
        "https://gap.example/flags/village-no-signal~v1~19000101",
        "https://gap.example/flags/village-no-signal~v6~19000101",
        "▲ ",
        "trắng sóng",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn a_digest_goes_by_mail_once_for_the_same_news() {
    let small = Small::new();
    let listener = local();
    let address = listener.local_addr().unwrap();
    let receiver = |rules: &str| {
        format!(
            "public_url = \"https://gap.example/\"\n[[notify]]\nname = \"lanh-dao\"\n{rules}[notify.mail]\nserver = \"smtp://{address}\"\n\
             from = \"gapwatch@example.vn\"\nto = [\"lan@example.vn\"]\n"
        )
    };
    // Its own rule never fires, so that every mail is a digest.
    small.program(&receiver("rules = [\"source-overdue\"]\n"));
    let mails = mail_server(listener);
    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=0\nvillage.signal,place=v6 value=0");
    assert_eq!(server.json("/api/v1/flags?state=firing").as_array().unwrap().len(), 2);
    let digest = ["digest", "--since", "2026-01-01", "--mail", "lanh-dao"];
    assert!(small.said(&digest).contains("waits for `lanh-dao`"));
    assert!(small.said(&digest).contains("was told this already"));
    let text = readable(&mails.recv().unwrap().1);
    for expected in [
        "2 trên 24 thôn trắng sóng",
        "2 of 24 villages",
        "https://gap.example/flags/village-no-signal~v1~19000101",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    server.push("lines", "village.signal,place=v1 value=1");
    assert_eq!(server.json("/api/v1/flags?state=firing").as_array().unwrap().len(), 1);
    assert!(small.said(&digest).contains("waits for `lanh-dao`"));
    let text = readable(&mails.recv().unwrap().1);
    assert!(text.contains("1 trên 24 thôn trắng sóng"), "the first one was not sent again: {text}");

    let refused = small.run(&["digest", "--since", "2026-01-01", "--mail", "nobody"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("`nobody` receives no mails, expected `lanh-dao`"), "{said}");
}

/// The body of a mail, out of base64 or quoted-printable.
fn readable(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let body = body.trim_end_matches("\r\n.\r\n");
    if head.to_lowercase().contains("base64") {
        let packed: String = body.split_whitespace().collect();
        return String::from_utf8(base64_bytes(&packed)).unwrap();
    }
    let mut bytes = Vec::new();
    let mut rest = body.replace("=\r\n", "").into_bytes().into_iter();
    while let Some(byte) = rest.next() {
        if byte == b'=' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn base64_bytes(text: &str) -> Vec<u8> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values: Vec<u32> = text
        .bytes()
        .filter_map(|b| digits.bytes().position(|d| d == b))
        .map(|v| u32::try_from(v).unwrap())
        .collect();
    let mut bytes = Vec::new();
    for four in values.chunks(4) {
        let word = four.iter().enumerate().fold(0, |word, (at, value)| word | value << (18 - 6 * at));
        bytes.extend(word.to_be_bytes()[1..].iter().take(four.len() - 1));
    }
    bytes
}

#[test]
fn wrong_receivers_are_refused_by_key() {
    let small = Small::new();
    small.program(
        "[[notify]]\nname = \"a\"\nrules = [\"village-no-such\"]\nplaces = [\"99\"]\n[notify.webhook]\nurl = \"ftp://x\"\n\
         [[notify]]\nname = \"a\"\n\
         [[notify]]\nname = \"b\"\n[notify.mail]\nserver = \"smtp://mail.example\"\nfrom = \"nobody\"\nto = []\nusername = \"u\"\npassword_env = \"PATH\"\n",
    );
    let checked = small.run(&["check"]);
    assert_eq!(checked.status.code(), Some(2));
    let said = String::from_utf8(checked.stderr).unwrap();
    for expected in [
        "notify[0].rules: `village-no-such`",
        "notify[0].places: `99`",
        "notify[0].webhook.url: `ftp://x`",
        "notify[1].name: `a`",
        "notify[1].webhook: expected either",
        "notify[2].mail.from: `nobody`",
        "notify[2].mail.to: is empty",
        "notify[2].mail.server: would send the password",
    ] {
        assert!(said.contains(expected), "{expected} is not in: {said}");
    }
    small.program("[[notify]]\nname = \"a\"\ncolour = \"red\"\n");
    let said = String::from_utf8(small.run(&["check"]).stderr).unwrap();
    assert!(said.contains("notify[0].colour"), "{said}");
}

#[test]
fn the_feed_and_the_digest_say_what_changed() {
    let small = Small::new();
    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=0\nvillage.signal,place=v6 value=0");
    let (status, feed) = server.get("/feeds/00001");
    assert_eq!(status, 200);
    assert!(feed.contains("<feed xmlns=\"http://www.w3.org/2005/Atom\""), "{feed}");
    assert!(feed.contains("flags/village-no-signal~v1~19000101") && !feed.contains("~v6~"), "{feed}");
    assert_eq!(server.get("/feed.atom?place=00001").1, feed);
    assert_eq!(server.get("/feeds/99999").0, 404);
    assert!(server.get("/flags?place=00001").1.contains("href=\"/feeds/00001\""));

    assert_eq!(server.get("/api/v1/digest?place=04").0, 400, "no meeting was held yet");
    let digest = server.json("/api/v1/digest?place=04&since=2026-01-01");
    assert_eq!(
        (digest["ledger"]["opening"].as_u64(), digest["ledger"]["closing"].as_u64()),
        (Some(0), Some(2))
    );
    assert_eq!(digest["ledger"]["newly_found"], 2);
    assert_eq!(digest["fired"].as_array().unwrap().len(), 2);
    let said = small.said(&["digest", "--since", "2026-01-01", "--place", "00001"]);
    assert!(
        said.starts_with(
            "Xã Một (tỉnh Cao Bằng): 1 trên 5 thôn trắng sóng, tăng 1 so với 01/01/2026; 1 cảnh báo mới, 0 đã hết"
        ),
        "{said}"
    );
    assert!(said.contains("\n▲ "), "{said}");
}
