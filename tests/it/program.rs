//! The real program on the real example, over real HTTP: collect → store → judge → page.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    files,
    server::{Server, agent, copy_of, gapwatch, run, spawn, start},
};

/// The figures that were published of Cao Bằng at the end of 2025 (Sở KH&CN, cited in fixtures/caobang/README.md).
fn check_figures(summary: &Value) {
    assert_eq!(summary["place"]["code"], "04");
    assert_eq!(summary["villages"]["total"], 1_450);
    assert_eq!(summary["villages"]["no_signal"], 138);
    assert_eq!(summary["villages"]["no_grid_power"], 29);
    assert_eq!(summary["communes"]["total"], 56);
    // Counts are whole, however JSON writes them.
    let whole = |value: &Value| format!("{:.0}", value.as_f64().unwrap()).parse::<i64>().unwrap();
    let count = |state: &str| whole(&summary["villages"][state]);
    assert_eq!(count("no_signal") + count("pocket") + count("covered") + count("unknown"), 1_450);
    let headline = &summary["rates"]["headline"];
    assert_eq!(whole(&headline["numerator"]), count("covered") + count("pocket"));
    assert_eq!(whole(&headline["denominator"]), 1_450);
    assert_eq!(whole(&summary["rates"]["strict"]["numerator"]), count("covered"));
}

#[test]
fn the_example_from_files_to_pages() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("caobang", folder.path());
    let demo = start("demo", &config);

    let summary = demo.json("/api/v1/summary?place=04");
    check_figures(&summary);
    assert_eq!(demo.json("/api/v1/summary?province=04")["villages"], summary["villages"]);

    // The collectors really ran: each on its own day, each with its file.
    let runs = demo.json("/api/v1/runs?limit=1000");
    let brought = |run: &&Value| ["succeeded", "partial"].contains(&run["outcome"].as_str().unwrap());
    let coverage: Vec<&Value> = runs
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["collector"] == "coverage")
        .filter(brought)
        .collect();
    assert!(coverage.len() >= 24, "{} reports of coverage", coverage.len());
    let rejected = runs.as_array().unwrap().iter().find(|run| run["rejected"].as_u64() > Some(0)).unwrap();
    let rejects = demo.json(&format!("/api/v1/runs/{}/rejects", rejected["id"]));
    assert!(rejects[0]["line"].as_u64() > Some(0) && !rejects[0]["sentence"].as_str().unwrap().is_empty());

    // A figure can be followed to its file and row.
    let flags = demo.json("/api/v1/flags?rule=village-no-signal&state=firing");
    assert_eq!(flags.as_array().unwrap().len(), 138);
    let village = flags[0]["place"]["code"].as_str().unwrap();
    let said =
        demo.json(&format!("/api/v1/observations?place={village}&indicator=village.signal&from=202512"));
    let newest = &said[0];
    assert!(newest["file"].as_str().unwrap().ends_with(".xlsx"), "{newest}");
    assert!(newest["row"].as_u64() > Some(1) && newest["run"].as_u64() > Some(0), "{newest}");
    let (status, page) = demo.get(&format!("/villages/{village}"));
    assert_eq!(status, 200);
    assert!(
        page.contains(&format!("/runs/{}?row={}", newest["run"], newest["row"])),
        "the page leads to the row"
    );

    // The ledger balances, and what was known then is still answered.
    let ledger = demo.json("/api/v1/ledger?place=04&from=2025-06-30&to=2025-12-31");
    let number = |key: &str| ledger[key].as_i64().unwrap();
    assert_eq!(
        number("opening") - number("closed")
            + number("newly_found")
            + number("regressed")
            + number("boundary")
            + number("reclassified"),
        number("closing")
    );
    assert_eq!(number("closing"), 138);
    let then = demo.json("/api/v1/summary?place=04&as_of=2025-06-30");
    assert_eq!(then["villages"]["no_signal"].as_i64().unwrap(), number("opening"));

    // Old names and reused codes.
    let now = demo.json("/api/v1/places/01273");
    let before = demo.json("/api/v1/places/01273?on=2025-06-30");
    assert_eq!((now["name"].as_str(), before["name"].as_str()), (Some("Thục Phán"), Some("Hợp Giang")));
    assert!(demo.get("/search?q=bang%20lung").1.contains("Chợ Đồn"));

    check_pages(&demo, village);
    check_stations(&demo);
    check_tokens(&demo, &config);
    check_edit(&demo, &config);
}

fn check_pages(demo: &Server, village: &str) {
    let commune = village.split('-').next().unwrap();
    for (path, expected) in [
        ("/".to_owned(), "138"),
        (format!("/communes/{commune}"), "xóm"),
        ("/indicators/hh.fibre_subscribed?place=04".to_owned(), "749/QĐ-TTg"),
        ("/flags".to_owned(), "trắng sóng"),
        ("/sources".to_owned(), "phu-song-"),
        ("/?lang=en".to_owned(), "villages"),
        ("/villages?state=no_signal".to_owned(), "138"),
    ] {
        let (status, page) = demo.get(&path);
        assert_eq!(status, 200, "{path}");
        assert!(page.contains(expected), "{path} does not say {expected}");
        assert!(
            page.contains("giả định") || page.contains("Synthetic data"),
            "{path} does not say what is made up"
        );
    }
    let (status, page) = demo.get("/no/such/page");
    assert_eq!(status, 404);
    assert!(page.contains("<html"), "an error is a page");
    let (status, body) = demo.get("/api/v1/places/99999");
    assert_eq!(status, 404);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["error"]["code"], "not_found");
    assert_eq!(demo.get("/?as_of=yesterday").0, 400);
    assert_eq!((demo.get("/health").0, demo.get("/ready").0), (200, 200));
    assert!(demo.get("/metrics").1.contains("gapwatch_flags_firing{rule=\"village-no-signal\"} 138"));

    let response = agent().get(format!("{}/", demo.origin)).header("accept-encoding", "br").call().unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-encoding").as_deref(), Some("br"));
    let policy = header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
}

/// Where stations are is on the map and in a list with distances, said to be crowd data and made up; it changes no state.
fn check_stations(demo: &Server) {
    let section = |page: &str| {
        let from = page.find("<section id=\"stations\"").unwrap();
        page[from..].split("</section>").next().unwrap().to_owned()
    };
    let marks = |page: &str| page.matches("<path class=\"station\"").count();
    let (_, page) = demo.get("/communes/01290");
    let near = section(&page);
    assert!(near.contains("OpenCelliD (giả lập)") && near.contains("Dữ liệu cộng đồng"), "{near}");
    assert_eq!(near.matches("<tr").count(), 11, "a heading and the ten nearest: {near}");
    assert!(near.contains(" km") || near.contains(" m<"), "no distance: {near}");
    assert!(marks(&page) > 5, "{} marks", marks(&page));

    // Its row is in the file of the run that is named.
    let link = near.split("href=\"/runs/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let (run, line) = link.split_once("?row=").unwrap();
    let runs = demo.json("/api/v1/runs?limit=1000");
    let run = runs.as_array().unwrap().iter().find(|one| one["id"].as_u64() == run.parse().ok()).unwrap();
    assert_eq!((run["collector"].as_str(), run["outcome"].as_str()), (Some("cells"), Some("succeeded")));
    assert!(line.split('&').next().unwrap().parse::<u32>().unwrap() > 1);

    // Before the first export was known nobody said where any station is.
    let (_, then) = demo.get("/communes/01290?as_of=2025-09-24");
    assert!(section(&then).contains("Chưa có nguồn nào cho biết vị trí từng trạm"), "{}", section(&then));
    assert_eq!(marks(&then), 0);
}

fn check_tokens(demo: &Server, config: &Path) {
    let line = "satisfaction.sipas,place=04,evidence=claimed value=82.5 1735603200";
    let path = "/api/v2/write?precision=s&bucket=sipas";
    assert_eq!(demo.post(path, None, line).0, 401);
    assert_eq!(demo.post(path, Some("gw_demo-1_wrong"), line).0, 401);
    let viewer = run(config, &["token", "add", "khach", "--role", "viewer"]);
    let viewer = String::from_utf8(viewer.stdout).unwrap();
    assert_eq!(demo.post(path, Some(viewer.trim()), line).0, 403, "a viewer only reads");
    let (status, body) = demo.post(path, Some(&demo.token), line);
    assert_eq!(status, 204, "{body}");
    let said = demo.json("/api/v1/observations?indicator=satisfaction.sipas&place=04");
    assert_eq!(said[0]["value"], 82.5);
    assert_eq!(said[0]["source"], "sipas");
    let (status, body) = demo.post(path, Some(&demo.token), "no line at all");
    assert_eq!(status, 400);
    assert!(body.contains("line 1"), "{body}");
}

/// One edited row changes exactly that place, and the answer of the day before stands.
fn check_edit(demo: &Server, config: &Path) {
    let file = files(&config.join("inbox/fibre"), ".csv").pop().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let row = lines.iter().position(|line| line.contains("THỤC PHÁN")).unwrap();
    let before =
        values(demo, "/api/v1/observations?indicator=hh.fibre_subscribed&from=202512&to=202512&limit=1000");
    let old: Vec<&str> = lines[row].split(';').collect();
    let headings: Vec<&str> =
        lines.iter().find(|line| line.starts_with("STT;")).unwrap().split(';').collect();
    let subscribed = headings.iter().position(|heading| *heading == "Số hộ dùng cáp quang").unwrap();
    let mut new: Vec<String> = old.iter().map(|cell| (*cell).to_owned()).collect();
    new[subscribed] = "7".to_owned();
    let edited: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| if n == row { new.join(";") } else { (*line).to_owned() })
        .collect();
    std::fs::write(&file, edited.join("\n")).unwrap();

    let collected = run(config, &["collect", "fibre", "--json"]);
    let said = String::from_utf8_lossy(&collected.stdout).into_owned();
    assert!([0, 3].contains(&collected.status.code().unwrap()), "{said} {:?}", collected.stderr);
    let reply: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(reply["importCount"]["updated"], 1, "{said}");
    let after =
        values(demo, "/api/v1/observations?indicator=hh.fibre_subscribed&from=202512&to=202512&limit=1000");
    let changed: Vec<&String> = after.keys().filter(|code| after.get(*code) != before.get(*code)).collect();
    assert_eq!(changed, ["01273"]);
    let then = values(
        demo,
        "/api/v1/observations?indicator=hh.fibre_subscribed&from=202512&to=202512&limit=1000&as_of=2025-12-30",
    );
    assert_eq!(then["01273"], before["01273"]);

    let again = run(config, &["collect", "fibre", "--json"]);
    assert_eq!(again.status.code(), Some(0));
    let reply: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(reply["outcome"], "unchanged");
}

fn values(demo: &Server, path: &str) -> BTreeMap<String, String> {
    let rows = demo.json(path);
    let row = |row: &Value| {
        (
            row["place"]["code"].as_str().unwrap().to_owned(),
            format!("{}/{}", row["numerator"], row["denominator"]),
        )
    };
    rows.as_array().unwrap().iter().filter(|row| row["source"] == "fibre").map(row).collect()
}

#[test]
fn a_first_load_that_is_killed_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("caobang", folder.path());
    let mut child = spawn("demo", &config);
    // In the middle: some runs are there, the last ones are not.
    let database = config.join("data/gapwatch.db-wal");
    let began = Instant::now();
    while std::fs::metadata(&database).map_or(0, |meta| meta.len()) < 400_000 {
        assert!(child.try_wait().unwrap().is_none(), "the demo ended by itself");
        assert!(began.elapsed() < Duration::from_secs(120), "nothing was loaded");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let demo = start("demo", &config);
    check_figures(&demo.json("/api/v1/summary?place=04"));
    let runs = demo.json("/api/v1/runs?limit=1000");
    let mut seen = BTreeMap::new();
    for run in
        runs.as_array().unwrap().iter().filter(|run| run["content_hash"].is_string() && run["accepted"] != 0)
    {
        let key = (run["collector"].to_string(), run["file"].to_string(), run["content_hash"].to_string());
        assert_eq!(seen.insert(key, run["id"].clone()), None, "taken in twice: {run}");
    }
    let said = demo.json("/api/v1/observations?place=01273&indicator=hh.fibre_subscribed&from=202512");
    let fibre = said.as_array().unwrap().iter().filter(|row| row["source"] == "fibre").count();
    assert_eq!(fibre, 1, "{said}");
}

#[test]
fn a_bad_configuration_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("caobang", folder.path());
    let program =
        "home = \"99\"\nspeed = 9\nlisten = \"here\"\n[influx]\nurl = 1\n[[notify]]\nname = \"x\"\nhow = 1\n";
    std::fs::write(config.join("gapwatch.toml"), program).unwrap();
    let indicators = std::fs::read_to_string(config.join("indicators.toml")).unwrap();
    let indicators = indicators.replacen("staleness = 2", "staleness = -2\nweight = 1", 1);
    std::fs::write(config.join("indicators.toml"), indicators).unwrap();
    let rules = std::fs::read_to_string(config.join("rules.toml")).unwrap();
    std::fs::write(config.join("rules.toml"), rules.replace("threshold = 1", "threshold = \"high\""))
        .unwrap();
    let fibre = std::fs::read_to_string(config.join("collectors/fibre.toml")).unwrap();
    let fibre = fibre.replace("[contract]", "[contract]\nminimum = 1\nmaximum_frozen_runs = \"few\"");
    let fibre = format!("colour = \"red\"\n{fibre}");
    std::fs::write(config.join("collectors/fibre.toml"), fibre).unwrap();
    let checked = run(&config, &["check"]);
    assert_eq!(checked.status.code(), Some(2));
    let said = String::from_utf8(checked.stderr).unwrap();
    for expected in [
        "gapwatch.toml: speed",
        "gapwatch.toml: home: `99`",
        "gapwatch.toml: listen: `here` is no address, expected one such as 127.0.0.1:8080",
        "gapwatch.toml: influx.url",
        "gapwatch.toml: notify[0].how",
        "indicators.toml: ",
        "staleness: invalid value: integer `-2`",
        "weight: unknown field `weight`",
        "rules.toml: signal",
        "collectors/fibre.toml: colour",
        "collectors/fibre.toml: contract.minimum:",
        "collectors/fibre.toml: contract.maximum_frozen_runs:",
    ] {
        assert!(said.contains(expected), "{expected} is not in: {said}");
    }
    assert_eq!(gapwatch().arg("fly").output().unwrap().status.code(), Some(2));
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("caobang", folder.path());
    let made = run(&config, &["token", "add", "lan", "--role", "editor"]);
    assert_eq!(made.status.code(), Some(0));
    let secret = String::from_utf8(made.stdout).unwrap();
    assert!(secret.starts_with("gw_lan_"), "{secret}");
    let listed = String::from_utf8(run(&config, &["token", "list"]).stdout).unwrap();
    assert!(listed.contains("lan\teditor") && !listed.contains(secret.trim()), "{listed}");
    assert_eq!(run(&config, &["token", "add", "lan", "--role", "viewer"]).status.code(), Some(1));
    assert_eq!(run(&config, &["token", "revoke", "lan"]).status.code(), Some(0));
    assert_eq!(run(&config, &["token", "revoke", "lan"]).status.code(), Some(1));
    assert_eq!(run(&config, &["token", "add", "x y", "--role", "viewer"]).status.code(), Some(1));
}
