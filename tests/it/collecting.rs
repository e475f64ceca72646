//! Files going in through the real program: killed at any moment, asked and answered, held back and released.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Stdio,
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::server::{Server, copy_of, gapwatch, run, start};

/// The made-up province of `fixtures/small`.
const SMALL: &str = "small/province";
/// Villages in each report.
const VILLAGES: usize = 30;

/// Waits without asking a clock: nobody ever sends.
fn wait(time: Duration) {
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(time).is_err());
}

/// A report of all villages for a month, with one village that nobody knew before.
fn report(month: u32) -> String {
    let names = [
        "Nà Lủng",
        "Bó Mu",
        "Khuổi Đăm",
        "Lũng Rì",
        "Phia Lình",
        "Cốc Pục",
        "Đồng Én",
        "Nà Tềnh",
        "Pác Thay",
        "Vằng Roòng",
    ];
    let mut text = "Xã,Thôn,Mã thôn,Có sóng,Số hộ\n".to_owned();
    for (commune, code) in [("Thượng Thử", 1), ("Trung Thử", 2), ("Hạ Thử", 3)] {
        for (number, name) in (1_u32..).zip(names) {
            let signal = if (number + month).is_multiple_of(3) { "Không" } else { "Có" };
            let households = 20 + number + month % 7;
            writeln!(text, "{commune},{name},9900{code}-{number:03},{signal},{households}").unwrap();
        }
    }
    writeln!(text, "Hạ Thử,Xóm Mới {month},,Có,{}", 10 + month % 5).unwrap();
    text
}

/// The 25th of the so-manieth month from January 2015 on.
fn day(month: u32) -> String {
    format!("{}{:02}25", 2015 + month / 12, month % 12 + 1)
}

fn write(config: &Path, name: &str, text: &str) -> PathBuf {
    let path = config.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_hundred_imports_killed_at_any_moment_are_there_once_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of(SMALL, folder.path());
    let import = |month: u32| {
        let name = format!("bao-cao-{}.csv", day(month));
        let file = write(&config, &name, &report(month));
        let mut command = gapwatch();
        command.args(["import", "--collector", "villages", "--json", "--config"]).arg(&config).arg(file);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    // How long one takes that nobody kills.
    let began = Instant::now();
    let output = import(0).output().unwrap();
    let whole = began.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));

    let seed = 20_261_121;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut acknowledged = vec![true];
    for month in 1..=100 {
        let mut child = import(month).spawn().unwrap();
        wait(whole.mul_f64(random.f64() * 1.4));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        // What was printed was promised, even if the kill came right after it.
        acknowledged.push(serde_json::from_slice::<Value>(&output.stdout).is_ok());
    }
    let promised = acknowledged.iter().filter(|yes| **yes).count();
    assert!((5..96).contains(&promised), "seed {seed}: {promised} of 101 imports ended before the kill");

    let server = start("serve", &config);
    let runs = server.json("/api/v1/runs?collector=villages&limit=1000");
    let mut there = 0;
    for (month, promised) in (0_u32..).zip(acknowledged) {
        let name = format!("bao-cao-{}.csv", day(month));
        let of_file: Vec<&Value> =
            runs.as_array().unwrap().iter().filter(|run| run["file"] == name).collect();
        let period = &day(month)[..6];
        let points = |indicator: &str| {
            let path =
                format!("/api/v1/observations?indicator={indicator}&from={period}&to={period}&limit=1000");
            server.json(&path).as_array().unwrap().len()
        };
        let (signals, households) = (points("village.signal"), points("village.households"));
        let expected = if of_file.is_empty() { 0 } else { VILLAGES + 1 };
        assert_eq!((signals, households), (expected, expected), "seed {seed}, {name}: {of_file:?}");
        assert!(of_file.len() <= 1, "seed {seed}, {name} is there {} times", of_file.len());
        assert!(!promised || of_file.len() == 1, "seed {seed}: {name} was acknowledged and is not there");
        there += of_file.len();
    }
    // A village comes with the batch that first names it, or not at all.
    let places = server.json("/api/v1/places?level=village&parent=99003");
    assert_eq!(places.as_array().unwrap().len(), 10 + there);
}

fn collect(config: &Path, name: &str) -> (i32, Value) {
    let output = run(config, &["collect", name, "--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let reply = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text} {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), reply)
}

fn amounts(server: &Server, indicator: &str, period: &str) -> Vec<(String, f64)> {
    let said = server
        .json(&format!("/api/v1/observations?indicator={indicator}&from={period}&to={period}&limit=1000"));
    let mut found: Vec<(String, f64)> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["place"]["name"].as_str().unwrap().to_owned(), one["value"].as_f64().unwrap()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn a_row_that_was_asked_goes_in_when_it_is_answered_and_undoes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of(SMALL, folder.path());
    let heading = "Xã,Thôn,Mã thôn,Có sóng,Số hộ\n";
    // `Ná Lùng` is near `Nà Lủng`: asked. `Bó Mu` is known.
    write(
        &config,
        "inbox/hoi-20250125.csv",
        &format!("{heading}Thượng Thử,Ná Lùng,,Không,31\nThượng Thử,Bó Mu,,Có,40\n"),
    );
    let (code, reply) = collect(&config, "asking");
    assert_eq!((code, &reply["importCount"]["imported"]), (3, &json!(2)), "{reply}");
    // A later file says something else of the village that is known.
    write(&config, "inbox/hoi-20250126.csv", &format!("{heading}Thượng Thử,Bó Mu,,Có,44\n"));
    collect(&config, "asking");

    let questions = run(&config, &["places", "questions", "--json"]);
    let questions: Value = serde_json::from_slice(&questions.stdout).unwrap();
    assert_eq!(questions.as_array().unwrap().len(), 1, "{questions}");
    let key = questions[0]["key"].as_str().unwrap();
    let decided = run(&config, &["places", "decide", key, "99001-001@1900-01-01", "--by", "Lan"]);
    assert_eq!(decided.status.code(), Some(0), "{}", String::from_utf8_lossy(&decided.stderr));

    let server = start("serve", &config);
    let households = amounts(&server, "village.households", "202501");
    assert_eq!(households, [("Bó Mu".to_owned(), 44.0), ("Nà Lủng".to_owned(), 31.0)]);
    assert_eq!(amounts(&server, "village.signal", "202501").len(), 2);
    let runs = server.json("/api/v1/runs?collector=asking");
    // The schedule of the collector may have run since: the run that is meant bears the name of who decided.
    let of_lan: Vec<&Value> = runs.as_array().unwrap().iter().filter(|run| run["by"] == "Lan").collect();
    assert_eq!(of_lan.len(), 1, "{runs}");
    assert_eq!(of_lan[0]["accepted"], 1, "{runs}");
    let none: Value =
        serde_json::from_slice(&run(&config, &["places", "questions", "--json"]).stdout).unwrap();
    assert_eq!(none, json!([]));
}

#[test]
fn a_file_of_a_watched_folder_is_archived_once_it_is_in() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of(SMALL, folder.path());
    write(&config, "inbox/bao-cao-20250125.csv", &report(120));
    let (code, reply) = collect(&config, "villages");
    assert_eq!((code, &reply["importCount"]["imported"]), (0, &json!(62)), "{reply}");
    let left = |folder: &str| {
        let names = std::fs::read_dir(config.join(folder)).unwrap();
        names.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file()).count()
    };
    assert_eq!((left("inbox"), left("archive")), (0, 1));
    // The same bytes again are no news, and are put away just the same.
    write(&config, "inbox/bao-cao-20250125.csv", &report(120));
    let (code, reply) = collect(&config, "villages");
    assert_eq!((code, &reply["outcome"]), (0, &json!("unchanged")), "{reply}");
    assert_eq!((left("inbox"), left("archive")), (0, 1));
}

#[test]
fn a_batch_that_is_held_back_is_judged_once_released_and_is_what_the_next_is_held_against() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of(SMALL, folder.path());
    let collector = config.join("collectors/villages.toml");
    let mut text = std::fs::read_to_string(&collector).unwrap();
    text.push_str("\n[contract]\nmaximum_drop_percent = 50\n");
    std::fs::write(&collector, text).unwrap();
    let first_rows = |month: u32, rows: usize| {
        let report = report(month);
        let mut kept: Vec<&str> = report.lines().take(rows + 1).collect();
        kept.extend(report.lines().last());
        kept.join("\n")
    };
    let bring = |month: u32, rows: usize| {
        write(&config, &format!("inbox/bao-cao-{}.csv", day(month)), &first_rows(month, rows));
        collect(&config, "villages").1
    };
    assert_eq!(bring(120, 30)["outcome"], "succeeded");
    // A third of the rows, and a village nobody knew: held back whole.
    let held = bring(121, 9);
    assert_eq!(held["outcome"], "quarantined", "{held}");
    let run = &held["run"];
    let token = gapwatch()
        .args(["token", "add", "lan", "--role", "editor", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let server = start("serve", &config);
    let villages =
        |server: &Server| server.json("/api/v1/places?level=village&parent=99003").as_array().unwrap().len();
    assert_eq!((amounts(&server, "village.signal", &day(121)[..6]).len(), villages(&server)), (0, 11));
    let visitor = server.sign_in(String::from_utf8(token.stdout).unwrap().trim());
    assert_eq!(visitor.send("/review", &format!("/runs/{run}/release")), 200);
    assert_eq!((amounts(&server, "village.signal", &day(121)[..6]).len(), villages(&server)), (10, 12));
    // As many rows as were let in are not too few any more.
    assert_eq!(bring(122, 9)["outcome"], "succeeded");
}
