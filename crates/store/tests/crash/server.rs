//! A server for lines that fails in every way one can: before it takes a request, after, in the midst of it, in silence.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::kit::hash;

/// One series at one time, as the line names them; then its fields.
pub(crate) type Lines = BTreeMap<String, String>;

/// What became of requests.
#[derive(Default)]
struct Known {
    /// Written last per series and time, which is what a database keeps.
    lines: Lines,
    /// Every line in the order it was taken.
    order: Vec<String>,
    /// How often each kind of answer was given.
    answers: BTreeMap<&'static str, u64>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    known: Arc<Mutex<Known>>,
    well: Arc<AtomicBool>,
    busy: Arc<AtomicU64>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            known: Arc::default(),
            well: Arc::default(),
            busy: Arc::default(),
        };
        let (known, well, busy) = (this.known.clone(), this.well.clone(), this.busy.clone());
        std::thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                let (known, well, busy) = (known.clone(), well.clone(), busy.clone());
                busy.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let left = answer(stream.unwrap(), number, &known, well.load(Ordering::SeqCst));
                    busy.fetch_sub(1, Ordering::SeqCst);
                    wait(if left.is_some() { Duration::from_secs(2) } else { Duration::ZERO });
                });
            }
        });
        this
    }

    /// From now on it takes everything.
    pub(crate) fn get_well(&self) {
        self.well.store(true, Ordering::SeqCst);
    }

    /// Waits until every request that came in was dealt with: a killed client's last one does not come in later.
    pub(crate) fn rest(&self) {
        while self.busy.load(Ordering::SeqCst) > 0 {
            wait(Duration::from_millis(1));
        }
    }

    /// What a database would hold now, every line it took in order, and how it answered.
    pub(crate) fn known(&self) -> (Lines, Vec<String>, BTreeMap<&'static str, u64>) {
        let known = self.known.lock().unwrap();
        (known.lines.clone(), known.order.clone(), known.answers.clone())
    }
}

/// Deals with one request. Gives the line back when it is to stay open without an answer.
fn answer(mut stream: TcpStream, number: u64, known: &Mutex<Known>, well: bool) -> Option<TcpStream> {
    // Whoever was killed while writing has sent no request.
    let body = read(&mut stream)?;
    let count = body.lines().count();
    // Seven answers in a row are of seven kinds, in another order each time.
    let (name, taken, status) = match (number + hash(number / 7, 7) % 7) % 7 {
        _ if well => ("taken when well", count, Some(204)),
        0 => ("taken", count, Some(204)),
        1 => ("taken but said failed", count, Some(500)),
        2 => ("taken without an answer", count, None),
        3 => ("half taken", count / 2, Some(500)),
        4 => ("too many", 0, Some(429)),
        5 => ("not taken without an answer", 0, None),
        _ => {
            wait(Duration::from_millis(20));
            ("taken slowly", count, Some(204))
        }
    };
    {
        let mut known = known.lock().unwrap();
        *known.answers.entry(name).or_insert(0) += 1;
        for line in body.lines().take(taken) {
            let mut parts = line.split(' ');
            let (series, fields, time) =
                (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            known.lines.insert(format!("{series} {time}"), fields.to_owned());
            known.order.push(line.to_owned());
        }
    }
    let Some(status) = status else { return Some(stream) };
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // A client that was killed hears nothing.
    let _heard = stream.write_all(answer.as_bytes());
    None
}

fn read(stream: &mut TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).ok()? == 0 {
            return None;
        }
        match header.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = Some(value.parse().ok()?);
            }
            None if header.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

fn wait(time: Duration) {
    let (_never, pause) = mpsc::channel::<()>();
    let _nothing = pause.recv_timeout(time);
}
