//! An InfluxDB that does on demand what a real one cannot be made to do: hang, refuse, break off, answer nonsense.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use gapwatch_store::{InfluxOptions, Secret};

/// What to do with the next request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Take it: 204.
    Taken,
    /// This status with this text.
    Status(u16, &'static str),
    /// 200 with this text as annotated CSV.
    Csv(String),
    /// Promise a long body, send a little of it, hang up.
    Half,
    /// Say nothing and keep the line open.
    Hang,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

pub(crate) struct Double {
    url: String,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Double {
    /// Listens on loopback. Requests beyond the answers get 503.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::default(),
            requests: Arc::default(),
        };
        let (answers, requests) = (this.answers.clone(), this.requests.clone());
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else { continue };
                requests.lock().unwrap().push(request);
                let answer =
                    answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(503, "no answer is left"));
                if let Answer::Hang = answer {
                    held.push(stream);
                } else {
                    stream.write_all(text(&answer).as_bytes()).unwrap();
                }
            }
        });
        this
    }

    pub(crate) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn options(&self) -> InfluxOptions {
        InfluxOptions {
            url: self.url.clone(),
            org: "tinh".to_owned(),
            bucket: "gapwatch".to_owned(),
            token: Secret::new("s3cret".to_owned()),
            timeout_ms: 2_000,
            spool_points: 1_000,
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line: line.trim_end().to_owned(), authorization, body: String::from_utf8(body).ok()? })
}

fn text(answer: &Answer) -> String {
    let whole = |status: u16, body: &str| {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    match answer {
        Answer::Taken | Answer::Hang => "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned(),
        Answer::Status(status, body) => whole(*status, body),
        Answer::Csv(body) => whole(200, body),
        Answer::Half => {
            "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\nConnection: close\r\n\r\n#datatype,string,long\n"
                .to_owned()
        }
    }
}
