//! `gapwatch rules diff` and the versions of the configuration, through the real program.

use serde_json::Value;

use crate::small::Small;

#[test]
fn changed_rules_are_tried_before_they_are_put_in_force() {
    let small = Small::new();
    let server = small.serve();
    server.push("lines", "village.signal,place=v1 value=0\nvillage.signal,place=v6 value=1\nvillage.clusters_without_signal,place=v6 value=2");
    let today = server.json("/api/v1/summary?place=04")["as_of"].as_str().unwrap().to_owned();
    let stands = |server: &crate::server::Server| {
        let flags = server.json("/api/v1/flags?state=firing");
        flags
            .as_array()
            .unwrap()
            .iter()
            .map(|flag| flag["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = stands(&server);
    assert_eq!(before, ["village-no-signal~v1~19000101", "village-pocket~v6~19000101"]);

    // Pockets are counted as gaps of the first kind, and what has no signal waits a week.
    small.edit("rules.toml", "version = \"sample-1\"", "version = \"sample-2\"");
    small.edit(
        "rules.toml",
        "when = { kind = \"signal\", state = \"no_signal\" }",
        "when = { kind = \"signal\", state = \"no_signal\" }\nfor_days = 7",
    );
    let arguments = ["rules", "diff", "--from", "2026-01-01", "--to", "2030-01-01"];
    let said = small.said(&arguments);
    assert!(said.starts_with("sample-1 → sample-2: 1 khác biệt"), "{said}");
    assert!(said.contains("village-no-signal~v1~19000101\tfiring → pending\t"), "{said}");
    let json: Value = serde_json::from_str(&small.said(&[&arguments[..], &["--json"]].concat())).unwrap();
    assert_eq!(json["firing"]["old"].as_u64(), Some(2));
    assert_eq!(json["firing"]["new"].as_u64(), Some(1));
    assert_eq!(json["differences"][0]["on"], today);
    assert_eq!(json["differences"][0]["place"]["code"], "v1");
    assert_eq!(stands(&server), before, "trying puts nothing in force");

    // Only the file that changed, against the configuration that is running.
    let new = tempfile::tempdir().unwrap();
    std::fs::copy(small.path("rules.toml"), new.path().join("rules.toml")).unwrap();
    small.edit("rules.toml", "version = \"sample-2\"", "version = \"sample-1\"");
    small.edit("rules.toml", "\nfor_days = 7", "");
    let running = small.path("").display().to_string();
    let against = crate::server::run(new.path(), &[&arguments[..], &["--against", &running]].concat());
    assert_eq!(String::from_utf8(against.stdout).unwrap(), said);

    // What cannot be compared is refused.
    let refused =
        |config: &std::path::Path, arguments: &[&str]| crate::server::run(config, arguments).status.code();
    assert_eq!(
        refused(&small.path(""), &["rules", "diff", "--from", "2026-02-01", "--to", "2026-01-01"]),
        Some(2)
    );
    std::fs::write(new.path().join("rules.toml"), "version = 3\n").unwrap();
    assert_eq!(refused(new.path(), &[&arguments[..], &["--against", &running]].concat()), Some(2));
    let empty = Small::new();
    assert_eq!(empty.run(&arguments).status.code(), Some(1), "there is no store yet");
    assert!(!empty.path("data").exists(), "and none is made");
}
