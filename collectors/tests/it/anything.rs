//! Any bytes whatever: no panic, no hang, nothing out of bounds. Seeds are the fixtures; bytes are changed at random.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::support::World;
use gapwatch_collectors::{CollectorConfig, Precision, Reading, line_protocol};
use gapwatch_model::{CollectorName, RejectCode};
use proptest::prelude::{ProptestConfig, any, proptest};

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// Every fixture with its collector.
static SEEDS: LazyLock<Vec<(CollectorConfig, Vec<u8>)>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut seeds = Vec::new();
    for kind in ["table", "json", "portal766", "opencellid", "ookla", "ispeed"] {
        let mut cases: Vec<PathBuf> =
            fs::read_dir(root.join(kind)).unwrap().map(|e| e.unwrap().path()).collect();
        cases.sort();
        for case in cases {
            let config =
                CollectorConfig::parse("seed", &fs::read_to_string(case.join("collector.toml")).unwrap())
                    .unwrap();
            let mut inputs = fs::read_dir(&case).unwrap().map(|e| e.unwrap().path());
            let input = inputs.find(|p| p.file_stem().is_some_and(|s| s == "input")).unwrap();
            seeds.push((config, fs::read(input).unwrap()));
        }
    }
    seeds
});

pub(crate) fn sound(reading: &Reading) {
    assert_eq!(reading.accepted + reading.rejected, reading.read);
    for frame in &reading.frames {
        assert!(frame.points.windows(2).all(|pair| pair[0].place < pair[1].place), "sorted, each place once");
        assert!(frame.points.iter().all(|point| point.value.amount().is_none_or(f64::is_finite)));
    }
    assert!(reading.rejects.iter().all(|reject| !reject.sentence.is_empty()));
}

fn read(config: &CollectorConfig, bytes: Vec<u8>) -> Reading {
    let reading = WORLD.read(config, "any", bytes, "2025-11-05");
    sound(&reading);
    reading
}

/// Beginnings that lead to each parser.
const HEADS: &[&[u8]] =
    &[b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08", b"<table>", b"\xff\xfe"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_files_are_read_or_refused(
        seed in any::<proptest::sample::Index>(),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..4), 1..12),
    ) {
        let (config, bytes) = seed.get(&SEEDS);
        let mut bytes = bytes.clone();
        for (at, byte, what) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, byte),
                _ => {
                    let copy = bytes[at..].iter().take(40).copied().collect::<Vec<_>>();
                    bytes.splice(at..at, copy);
                }
            }
        }
        read(config, bytes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        seed in any::<proptest::sample::Index>(),
        head in proptest::sample::select(HEADS),
        tail in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        read(&seed.get(&SEEDS).0, [head, tail.as_slice()].concat());
    }

    #[test]
    fn any_cells_are_read_or_rejected(cells in proptest::collection::vec("[^\\n]{0,12}", 0..60)) {
        let config = &SEEDS[0].0;
        let mut text = "Tên xã\tTên thôn\tSố hộ\tĐiện lưới\n".to_owned();
        for row in cells.chunks(4) {
            text.push_str(&row.join("\t"));
            text.push('\n');
        }
        let reading = read(config, text.into_bytes());
        assert!(reading.read > 0 || reading.rejects.len() + cells.len() < 1000);
    }

    #[test]
    fn any_push_is_read_or_refused(
        text in "([a-z.]{1,8}(,[a-z]{1,5}=[a-z0-9\\\\ ,=]{0,5})* [a-z]{1,6}=[-0-9a-z\"\\\\.]{1,8}( [0-9]{1,20})?\n?|.{0,30}\n){0,8}",
    ) {
        let ctx = WORLD.context("2025-12-05T16:00:00+07:00", Path::new("."));
        sound(&line_protocol(text.as_bytes(), Precision::Nanoseconds, &CollectorName::new("push"), &ctx));
    }

    #[test]
    fn any_collector_file_is_read_or_refused(text in "(\\[?\\[?[a-z_]{1,8}\\]?\\]?( = [0-9\"a-z\\[\\]{}]{0,6})?\n){0,12}") {
        if let Err(problems) = CollectorConfig::parse("x", &text) {
            assert!(!problems.is_empty());
        }
    }
}

fn refused(bytes: Vec<u8>) -> String {
    let config = &SEEDS[0].0;
    let reading = WORLD.read(config, "big", bytes, "2025-11-05");
    assert!(reading.frames.is_empty());
    assert_eq!(reading.rejects.len(), 1, "{:?}", reading.rejects.first());
    assert_eq!(reading.rejects[0].code, RejectCode::BadRow);
    reading.rejects[0].sentence.clone()
}

#[test]
fn a_bomb_is_refused_with_a_sentence() {
    let zeros = vec![b' '; 1 << 20];
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..130 {
        gz.write_all(&zeros).unwrap();
    }
    assert!(refused(gz.finish().unwrap()).contains("128 MB"));
}

#[test]
fn endless_lines_and_sheets_are_refused_with_a_sentence() {
    let mut line = b"T\xc3\xaan x\xc3\xa3,T\xc3\xaan th\xc3\xb4n\n".to_vec();
    line.extend(std::iter::repeat_n(b'x', 8 << 20));
    assert!(refused(line).contains("một dòng"));
    let many = "a,b\n".repeat(1_100_000);
    assert!(refused(many.into_bytes()).contains("số dòng"));
}
