//! Histories with known answers, through the real program: what was said goes in as line protocol or files, what it means
//! is asked over HTTP.

use chrono::{Months, NaiveDate};
use serde_json::Value;

use crate::{server::Server, small::Small};

/// The program's own today.
fn today(server: &Server) -> NaiveDate {
    server.json("/api/v1/summary?place=04")["as_of"].as_str().unwrap().parse().unwrap()
}

/// The month so many months ago, as a period.
fn month(today: NaiveDate, ago: u32) -> String {
    (today - Months::new(ago)).format("%Y%m").to_string()
}

/// State of a village with its marks.
fn state(server: &Server, village: &str, more: &str) -> String {
    let found = server.json(&format!("/api/v1/summary?place={village}{more}"));
    let village = &found["village"];
    let marks = ["stale", "insufficient", "disputed"].into_iter().filter(|mark| village[*mark] == true);
    std::iter::once(village["state"].as_str().unwrap()).chain(marks).collect::<Vec<_>>().join(" ")
}

#[test]
fn villages_are_told_apart_by_their_evidence() {
    let small = Small::new();
    let server = small.serve();
    let now = today(&server);
    // Staleness is three months: the fourth whole month that has ended is one too many.
    let (this, third, fifth) = (month(now, 0), month(now, 3), month(now, 5));
    let cases: [(&str, &[&str], &str); 16] = [
        ("nobody spoke", &[], "unknown"),
        ("a claim", &["evidence=claimed value=1"], "covered"),
        ("the best operator counts", &["operator=Viettel value=0", "operator=VNPT value=1"], "covered"),
        (
            "a measurement speaks over a claim",
            &["value=1", "evidence=measured,operator=Viettel value=0,samples=30i"],
            "no_signal disputed",
        ),
        (
            "too few samples do not speak",
            &["value=1", "evidence=measured value=0,samples=2i"],
            "covered insufficient",
        ),
        ("a cluster without signal", &["value=1", "measuring_point=A value=0"], "pocket"),
        (
            "a silent cluster that is known",
            &["value=1", "evidence=crowd,measuring_point=A value=1,samples=1i"],
            "unknown insufficient",
        ),
        ("passing devices prove nothing", &["evidence=crowd value=0"], "unknown"),
        ("passing devices prove presence", &["evidence=crowd value=1"], "covered"),
        ("a model over a claim", &["value=1", "evidence=modelled value=0"], "no_signal"),
        ("a technology that does not count", &["technology=NB-IoT value=1"], "unknown"),
        ("the centre is asked first", &["value=0", "measuring_point=A value=0"], "no_signal"),
        ("a cluster alone says nothing of the village", &["measuring_point=A value=0"], "unknown"),
        ("the third month still speaks", &["period=THIRD value=0"], "no_signal"),
        ("the fifth month is stale", &["period=FIFTH value=0"], "unknown stale"),
        (
            "a stale measurement gives way",
            &["evidence=measured,period=FIFTH value=0,samples=30i", "value=1"],
            "covered",
        ),
    ];
    let numbered = || cases.iter().enumerate().map(|(at, case)| (format!("v{}", at + 1), case));
    let mut lines = String::new();
    for (village, (_, said, _)) in numbered() {
        for said in *said {
            let (tags, fields) = said.rsplit_once(' ').unwrap_or(("", said));
            let tags = tags.replace("THIRD", &third).replace("FIFTH", &fifth);
            let period = if tags.contains("period=") { String::new() } else { format!(",period={this}") };
            let comma = if tags.is_empty() { "" } else { "," };
            lines.push_str(&format!("village.signal,place={village}{period}{comma}{tags} {fields}\n"));
        }
    }
    server.push("lines", &lines);
    for (village, (what, _, expected)) in numbered() {
        assert_eq!(state(&server, &village, ""), *expected, "{what}");
    }
    // Disjoint and exhaustive, and unknown ones are in the denominator only.
    let summary = server.json("/api/v1/summary?place=04");
    let count = |state: &str| summary["villages"][state].as_u64().unwrap();
    let found = ["no_signal", "pocket", "covered", "unknown"].map(count);
    assert_eq!(found, [4, 1, 5, 14]);
    assert_eq!(found.iter().sum::<u64>(), count("total"));
    assert_eq!(summary["rates"]["headline"]["numerator"].as_f64(), Some(6.0));
    assert_eq!(summary["rates"]["headline"]["denominator"].as_f64(), Some(24.0));
    assert_eq!(summary["rates"]["strict"]["numerator"].as_f64(), Some(5.0));

    // A count of clusters is a point of its own, and a correction replaces only its own source's word.
    server.push("lines", &format!("village.clusters_without_signal,place=v3,period={this} value=2"));
    assert_eq!(state(&server, "v3", ""), "pocket");
    server.push("lines", &format!("village.clusters_without_signal,place=v3,period={this} value=0"));
    assert_eq!(state(&server, "v3", ""), "covered");
    server.push("other", &format!("village.signal,place=v2,period={this} value=0"));
    assert_eq!(state(&server, "v2", ""), "no_signal", "the newest source on one network speaks");
}

/// Value, standing and target flag of a commune's fibre.
fn standing(small: &Small, target: &str, line: &str) -> (Option<f64>, String, bool) {
    let text = format!(
        "[fibre]\nindicator = \"hh.fibre_subscribed\"\nscope = \"04\"\ndocument = \"d\"\nvalid_from = 2020-01-01\n{target}\n"
    );
    small.write("targets.toml", &text);
    let server = small.serve();
    server.push("lines", line);
    let summary = server.json("/api/v1/summary?place=00001");
    let found =
        summary["indicators"].as_array().unwrap().iter().find(|i| i["id"] == "hh.fibre_subscribed").unwrap();
    let flags = server.json("/api/v1/flags?rule=commune-behind-target&place=00001");
    let raised = flags.as_array().unwrap().iter().any(|flag| flag["state"] == "pending");
    (found["value"].as_f64(), found["status"].as_str().unwrap().to_owned(), raised)
}

#[test]
fn targets_are_met_on_track_behind_missed_or_unknown() {
    let now = today(&Small::new().serve());
    let (this, old) = (month(now, 0), month(now, 40));
    let day = |ahead: i64| (now + chrono::TimeDelta::days(ahead)).to_string();
    let at_least = |value: u32, due: i64| format!("value = {value}\ncomparator = \">=\"\ndue = {}", day(due));
    let linear = format!(
        "{}\npath = {{ shape = \"linear\", from = {}, baseline = 60 }}",
        at_least(80, 100),
        day(-100)
    );
    let step = |on: i64| {
        format!(
            "{}\npath = {{ shape = \"step\", steps = [[\"{}\", 75], [\"{}\", 80]] }}",
            at_least(80, 100),
            day(on),
            day(100)
        )
    };
    let share = |of_1000: u32| {
        format!("hh.fibre_subscribed,place=00001,period={this} numerator={of_1000},denominator=1000")
    };
    let word = |value: u32, word: &str| {
        format!("hh.fibre_subscribed,place=00001,period={this} value={value},qualifier=\"{word}\"")
    };
    let more_than_98 = format!("value = 98\ncomparator = \">\"\ndue = {}", day(-1));
    let cases = [
        ("met is met, whenever", at_least(80, -1), share(800), Some(80.0), "met", false),
        ("the due day is in time", at_least(80, 0), share(790), Some(79.0), "on_track", false),
        ("the day after is not", at_least(80, -1), share(790), Some(79.0), "missed", true),
        ("on the path", linear.clone(), share(700), Some(70.0), "on_track", false),
        ("below the path", linear, share(699), Some(69.9), "behind", true),
        ("a step counts on its own day", step(0), share(740), Some(74.0), "behind", true),
        ("and not before", step(1), share(740), Some(74.0), "on_track", false),
        ("more than 98 meets > 98", more_than_98.clone(), word(98, "more_than"), Some(98.0), "met", false),
        ("98 does not", more_than_98, share(980), Some(98.0), "missed", true),
        (
            "less than 98 does not meet >= 98",
            at_least(98, -1),
            word(98, "less_than"),
            Some(98.0),
            "missed",
            true,
        ),
        (
            "nothing of nothing has no value",
            at_least(80, -1),
            share(0).replace("=1000", "=0"),
            None,
            "unknown",
            false,
        ),
        (
            "what is stale does not speak",
            at_least(80, -1),
            share(900).replace(&this, &old),
            None,
            "unknown",
            false,
        ),
    ];
    for (what, target, line, value, status, raised) in cases {
        let found = standing(&Small::new(), &target, &line);
        assert_eq!(found, (value, status.to_owned(), raised), "{what}");
    }
}

#[test]
fn scores_of_decision_766_are_checked_against_their_parts() {
    let small = Small::new();
    let server = small.serve();
    let this = month(today(&server), 0);
    let parts = ["transparency", "progress", "online", "payment", "satisfaction", "digitisation"];
    let mut lines = String::new();
    // Bắc Ninh, Sơn La and Quảng Trị, as published.
    for (place, total, scores) in [
        ("00001", 92.83, [Some(15.82), Some(19.45), Some(8.53), Some(10.0), Some(17.86), Some(21.17)]),
        ("00002", 86.94, [Some(15.0), Some(18.0), Some(10.0), Some(10.0), Some(16.0), Some(14.63)]),
        ("00003", 77.65, [Some(15.4), Some(19.35), Some(9.03), None, Some(17.82), Some(16.05)]),
    ] {
        lines.push_str(&format!("q766.total,place={place},period={this} value={total}\n"));
        for (part, score) in parts.iter().zip(scores) {
            if let Some(score) = score {
                lines.push_str(&format!("q766.{part},place={place},period={this} value={score}\n"));
            }
        }
    }
    server.push("portal", &lines);
    let found = server.json("/api/v1/findings?place=04&indicator=q766.total");
    let found: Vec<(String, String)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let place = finding["place"]["code"].as_str().unwrap().to_owned();
            let number =
                |key: &str| finding[key].as_f64().map(|number| format!(" {number:.2}")).unwrap_or_default();
            let kind = finding["kind"].as_str().unwrap();
            (
                place,
                format!(
                    "{kind}{}{}{}{}",
                    number("stated"),
                    number("parts"),
                    number("known"),
                    number("present")
                ),
            )
        })
        .collect();
    let line = |place: &str, text: &str| (place.to_owned(), text.to_owned());
    assert_eq!(
        found,
        [line("00002", "total_differs 86.94 83.63"), line("00003", "parts_missing 77.65 77.65 5.00")],
        "one that adds up is no finding"
    );
    let value = |place: &str, id: &str| -> Value {
        let summary = server.json(&format!("/api/v1/summary?place={place}"));
        let found = summary["indicators"].as_array().unwrap().iter().find(|i| i["id"] == id).unwrap();
        if found["value"].is_null() { found["absence"].clone() } else { found["value"].clone() }
    };
    assert_eq!(value("00002", "q766.total"), 86.94, "the stated total stands");
    assert_eq!(value("00003", "q766.sum"), "needs_input", "a missing part leaves the sum without value");
    let ranks = ["00001", "00002", "00003"].map(|place| value(place, "q766.rank").as_f64());
    assert_eq!(ranks, [Some(1.0), Some(2.0), Some(3.0)]);
    // Communes of Bắc Ninh: two at 93,57 share the first rank, the next is third.
    server.push("portal", &format!("q766.total,place=00001,period={this} value=93.57\nq766.total,place=00002,period={this} value=93.572\nq766.total,place=00003,period={this} value=93.38"));
    let ranks = ["00001", "00002", "00003"].map(|place| value(place, "q766.rank").as_f64());
    assert_eq!(ranks, [Some(1.0), Some(1.0), Some(3.0)]);
}

/// A story whose rules ask for seven days raised and five days clear.
fn told(until: &str, policy: &str, reports: &[(&str, &[[&str; 4]])]) -> (Small, Server) {
    let small = Small::new();
    small.edit(
        "rules.toml",
        "when = { kind = \"signal\", state = \"no_signal\" }\nno_data = \"keep_last\"",
        &format!(
            "when = {{ kind = \"signal\", state = \"no_signal\" }}\nfor_days = 7\nkeep_firing_for_days = 5\nno_data = \"{policy}\""
        ),
    );
    let indicators = std::fs::read_to_string(small.path("indicators.toml")).unwrap();
    small.write("indicators.toml", &indicators.replacen("staleness = 3", "staleness = 1", 1));
    small.story(until, reports);
    let server = small.start("demo");
    (small, server)
}

/// The flag of a village without signal at the end of a day: its state and since when.
fn flag(server: &Server, village: &str, on: &str) -> String {
    let flags = server.json(&format!("/api/v1/flags?rule=village-no-signal&as_of={on}"));
    let found = flags.as_array().unwrap().iter().find(|flag| flag["place"]["code"] == village);
    let said = |flag: &Value| {
        format!(
            "{} since {}",
            flag["state"].as_str().unwrap(),
            flag["since"].as_str().unwrap().split('T').next().unwrap()
        )
    };
    found.map_or_else(|| "none".to_owned(), said)
}

const SIGNAL: &str = "village.signal";

#[test]
fn flags_live_by_their_clocks_and_the_past_stays_as_it_was() {
    let reports: [(&str, &[[&str; 4]]); 6] = [
        (
            "2025-03-01",
            &[
                ["v1", "2025-02-28", SIGNAL, "0"],
                ["v2", "2025-02-28", SIGNAL, "1"],
                ["v3", "2025-02-28", SIGNAL, "0"],
                ["v4", "2025-02-28", SIGNAL, "0"],
            ],
        ),
        ("2025-03-04", &[["v3", "2025-02-28", SIGNAL, "1"]]),
        ("2025-03-20", &[["v1", "2025-03-15", SIGNAL, "1"]]),
        ("2025-03-23", &[["v1", "2025-03-15", SIGNAL, "0"]]),
        // January is stale from 01/04 on: two whole months have ended since.
        ("2025-03-28", &[["v6", "2025-01-31", SIGNAL, "0"]]),
        ("2025-04-01", &[["v1", "2025-03-31", SIGNAL, "1"]]),
    ];
    let (small, server) = told("2025-05-20", "keep_last", &reports);
    for (village, on, expected) in [
        ("v1", "2025-02-28", "none"),
        ("v1", "2025-03-01", "pending since 2025-03-01"),
        ("v1", "2025-03-07", "pending since 2025-03-01"),
        ("v1", "2025-03-08", "firing since 2025-03-08"),
        ("v1", "2025-03-22", "firing since 2025-03-08"),
        ("v1", "2025-03-31", "firing since 2025-03-08"),
        ("v1", "2025-04-05", "firing since 2025-03-08"),
        ("v1", "2025-04-06", "resolved since 2025-04-06"),
        ("v2", "2025-04-06", "none"),
        ("v3", "2025-03-03", "pending since 2025-03-01"),
        ("v3", "2025-03-04", "inactive since 2025-03-04"),
        // Under keep_last the state stays when nobody speaks any more, and the clocks run on.
        ("v4", "2025-05-20", "firing since 2025-03-08"),
        ("v6", "2025-04-03", "pending since 2025-03-28"),
        ("v6", "2025-04-04", "firing since 2025-04-04"),
        ("v5", "2025-05-20", "none"),
    ] {
        assert_eq!(flag(&server, village, on), expected, "{village} on {on}");
    }
    for (village, on, expected) in [
        ("v3", "2025-03-03", "no_signal"),
        ("v3", "2025-03-04", "covered"),
        ("v4", "2025-04-30", "no_signal"),
        ("v4", "2025-05-01", "unknown stale"),
    ] {
        assert_eq!(state(&server, village, &format!("&as_of={on}")), expected, "{village} on {on}");
    }
    let account = server.json("/api/v1/ledger?place=00001&from=2025-03-02&to=2025-03-31");
    let numbers = ["opening", "closed", "newly_found", "regressed", "boundary", "reclassified", "closing"];
    assert_eq!(numbers.map(|key| account[key].as_i64().unwrap()), [3, 1, 0, 0, 0, 0, 2]);
    assert_eq!(
        (account["lines"][0]["place"]["code"].as_str(), account["lines"][0]["on"].as_str()),
        (Some("v3"), Some("2025-03-04"))
    );

    // The same after a restart, and told twice it is told in the same bytes.
    let id = "village-no-signal~v1~19000101";
    let explained = small.said(&["explain", id, "--as-of", "2025-03-25", "--json"]);
    server.kill();
    let server = small.start("demo");
    assert_eq!(flag(&server, "v1", "2025-03-31"), "firing since 2025-03-08");
    assert_eq!(small.said(&["explain", id, "--as-of", "2025-03-25", "--json"]), explained);
    let now = small.said(&["explain", id, "--json"]);
    assert_eq!(small.said(&["explain", id, "--json"]), now);

    // What is in force changes; what was judged under the old rules and indicators does not.
    drop(server);
    small.edit("rules.toml", "version = \"sample-1\"", "version = \"sample-2\"");
    small.edit("rules.toml", "threshold = 1", "threshold = 0");
    let indicators = std::fs::read_to_string(small.path("indicators.toml")).unwrap();
    small.write("indicators.toml", &indicators.replacen("staleness = 1", "staleness = 9", 1));
    let server = small.start("demo");
    assert_eq!(state(&server, "v4", "&as_of=2025-04-30"), "no_signal", "by the threshold of then");
    assert_eq!(state(&server, "v4", "&as_of=2025-05-01"), "unknown stale", "by the staleness of then");
    assert_eq!(state(&server, "v4", ""), "covered", "by the threshold and staleness of now");
    assert_eq!(small.said(&["explain", id, "--as-of", "2025-03-25", "--json"]), explained);
}

#[test]
fn since_is_the_day_it_happened_however_late_somebody_looks() {
    let (small, server) = told("2025-02-01", "keep_last", &[]);
    drop(server);
    // The program looks on the first of each month only; files of a month are taken in on the first of the next.
    std::fs::remove_dir_all(small.path("data")).unwrap();
    let reports: [(&str, &[[&str; 4]]); 2] = [
        ("2025-03-01", &[["v1", "2025-02-28", SIGNAL, "0"], ["v2", "2025-02-28", SIGNAL, "0"]]),
        ("2025-04-01", &[["v1", "2025-03-31", SIGNAL, "1"]]),
    ];
    small.story("2025-06-20", &reports);
    small.edit("collectors/story.toml", "0 8 * * *", "0 8 1 * *");
    let server = small.start("demo");
    for (village, on, expected) in [
        ("v1", "2025-03-01", "pending since 2025-03-01"),
        ("v1", "2025-03-07", "pending since 2025-03-01"),
        ("v1", "2025-03-08", "firing since 2025-03-08"),
        ("v1", "2025-04-05", "firing since 2025-03-08"),
        ("v1", "2025-04-06", "resolved since 2025-04-06"),
        ("v2", "2025-06-20", "firing since 2025-03-08"),
    ] {
        assert_eq!(flag(&server, village, on), expected, "{village} on {on}");
    }
}

#[test]
fn more_settled_than_came_in_is_the_whole_and_a_finding() {
    let small = Small::new();
    let server = small.serve();
    let this = month(today(&server), 0);
    let line = |place: &str, above: u32| {
        format!("dossier.on_time,place={place},period={this} numerator={above},denominator=100\n")
    };
    server.push("portal", &format!("{}{}", line("00001", 105), line("00002", 95)));
    let value = |place: &str, id: &str| {
        let summary = server.json(&format!("/api/v1/summary?place={place}"));
        let found = summary["indicators"].as_array().unwrap().iter().find(|i| i["id"] == id).unwrap();
        found["value"].as_f64().unwrap()
    };
    assert_eq!(value("00001", "dossier.on_time_score").to_string(), "20", "R above 1 is capped");
    assert_eq!(value("00002", "dossier.on_time_score").to_string(), "19");
    assert_eq!(value("04", "dossier.on_time").to_string(), "100", "the counts are kept as they were said");
    let found = server.json("/api/v1/findings?place=04");
    let found: Vec<_> = found.as_array().unwrap().iter().map(|f| (&f["kind"], &f["indicator"])).collect();
    let above = "share_above_whole";
    assert_eq!(
        found,
        [(&above.into(), &"dossier.on_time".into()), (&above.into(), &"dossier.on_time_score".into())]
    );
}

#[test]
fn published_counts_without_villages_say_what_they_leave_open() {
    let small = Small::new();
    let places = std::fs::read_to_string(small.path("places/places.csv")).unwrap();
    small.write(
        "places/places.csv",
        &format!("{places}12,1900-01-01,,province,tỉnh,Lai Châu,,,VN,1900-01-01,,,,0\n"),
    );
    let server = small.serve();
    // The national counts of 2021 to 2025, as if they were one province's.
    let counts = [("202101", 2418), ("202209", 266), ("202410", 761), ("202503", 717), ("202508", 355)];
    let lines = counts
        .map(|(period, count)| format!("village.no_signal_stated,place=12,period={period} value={count}\n"));
    server.push("press", &lines.concat());
    server.push("press", "village.closed_stated,place=12,period=202209 value=2152");
    let account = |from: &str, to: &str| {
        let account = server.json(&format!("/api/v1/ledger?place=12&from={from}&to={to}"));
        let numbers = ["opening", "closed", "newly_found", "regressed", "not_broken_down", "closing"];
        numbers.map(|key| account[key].as_i64().unwrap())
    };
    assert_eq!(account("2021-01-31", "2022-09-30"), [2418, 2152, 0, 0, 0, 266]);
    assert_eq!(
        account("2022-09-30", "2024-10-31"),
        [266, 0, 0, 0, 495, 761],
        "what was covered before is not covered again"
    );
    assert_eq!(account("2024-10-31", "2025-03-31"), [761, 0, 0, 0, -44, 717]);
    assert_eq!(account("2025-03-31", "2025-08-31"), [717, 0, 0, 0, -362, 355]);
    assert!(server.get("/ledger?place=12&from=2022-09-30&to=2024-10-31").1.contains("không tách được"));
}

#[test]
fn each_policy_says_what_becomes_of_a_flag_nobody_speaks_of() {
    let reports: [(&str, &[[&str; 4]]); 2] = [
        ("2025-03-01", &[["v4", "2025-02-28", SIGNAL, "0"]]),
        ("2025-05-10", &[["v4", "2025-04-30", SIGNAL, "0"]]),
    ];
    // v4 grows stale on 01/05 and is spoken of again on 10/05; nobody ever spoke of v5.
    let cases = [
        (
            "no_data",
            ["no_data since 2025-05-01", "pending since 2025-05-10", "firing since 2025-05-17"],
            "no_data since 2025-01-01",
        ),
        ("ok", ["resolved since 2025-05-06", "pending since 2025-05-10", "firing since 2025-05-17"], "none"),
        (
            "alerting",
            ["firing since 2025-01-08", "firing since 2025-01-08", "firing since 2025-01-08"],
            "firing since 2025-01-08",
        ),
    ];
    for (policy, of_v4, of_v5) in cases {
        let (_small, server) = told("2025-05-20", policy, &reports);
        let found = ["2025-05-07", "2025-05-12", "2025-05-18"].map(|on| flag(&server, "v4", on));
        assert_eq!(found, of_v4, "{policy}");
        assert_eq!(flag(&server, "v5", "2025-05-18"), of_v5, "{policy}");
    }
}
