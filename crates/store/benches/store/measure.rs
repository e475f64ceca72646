//! Time and memory of one thing against another, in turns, with medians and a table at the end.

use std::{
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

/// How often each side runs at least.
pub(crate) const ROUNDS: usize = 7;

/// How often it runs at most, and the time after which it runs no more often than it must.
pub(crate) const MORE_ROUNDS: usize = 51;
const ENOUGH: Duration = Duration::from_secs(2);

/// One line of the table.
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) reference: String,
    pub(crate) ratio: String,
    pub(crate) wanted: &'static str,
    pub(crate) held: bool,
}

/// Runs both in turns and compares their answers every time: so often, and what is short more often, because other work
/// on the machine disturbs it more.
pub(crate) fn in_turns<T: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: impl FnMut(usize) -> T,
    reference: impl FnMut(usize) -> T,
) -> (Duration, Duration) {
    turns(what, MORE_ROUNDS, ours, reference)
}

/// As [`in_turns`], at most `most` times.
pub(crate) fn turns<T: PartialEq + std::fmt::Debug>(
    what: &str,
    most: usize,
    mut ours: impl FnMut(usize) -> T,
    mut reference: impl FnMut(usize) -> T,
) -> (Duration, Duration) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let first = Instant::now();
    for round in 0..most {
        let start = Instant::now();
        let left = ours(round);
        a.push(start.elapsed());
        let start = Instant::now();
        let right = reference(round);
        b.push(start.elapsed());
        assert!(left == right, "{what}: the answers differ");
        if round + 1 >= ROUNDS && first.elapsed() > ENOUGH {
            break;
        }
    }
    (median(&mut a), median(&mut b))
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Time to write so many bytes to a file and have them on the disk.
pub(crate) fn flush(dir: &Path, bytes: usize) -> Duration {
    let path = dir.join("flush");
    let content = vec![7_u8; bytes];
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    let start = Instant::now();
    file.write_all(&content).unwrap();
    file.sync_data().unwrap();
    start.elapsed()
}

/// `value` against `wanted` with the ratio in words.
pub(crate) fn line(
    what: &str,
    ours: Duration,
    reference: Duration,
    faster: bool,
    bound: f64,
    wanted: &'static str,
) -> Line {
    let (a, b) = (ours.as_secs_f64(), reference.as_secs_f64());
    let ratio = if faster { b / a } else { a / b };
    Line {
        what: what.to_owned(),
        ours: format!("{ours:.2?}"),
        reference: format!("{reference:.2?}"),
        ratio: if faster { format!("{ratio:.1}× faster") } else { format!("{ratio:.1}× its time") },
        wanted,
        held: if faster { ratio >= bound } else { ratio <= bound },
    }
}

pub(crate) fn table(lines: &[Line]) -> String {
    let mut out =
        String::from("| what | ours | against | ratio | wanted | held |\n|---|---|---|---|---|---|\n");
    for line in lines {
        let held = if line.held { "yes" } else { "**no**" };
        out += &format!(
            "| {} | {} | {} | {} | {} | {held} |\n",
            line.what, line.ours, line.reference, line.ratio, line.wanted
        );
    }
    out
}

/// Peak resident memory of this process so far, in MB.
pub(crate) fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
