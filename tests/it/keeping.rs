//! Backup, restore and checks on the command line: what goes wrong is a sentence and exit code 1, and nothing is lost.

use std::path::{Path, PathBuf};

use crate::server::{copy_of, run, start};

/// A store with one report in it.
fn filled(folder: &Path) -> PathBuf {
    let config = copy_of("small/province", folder);
    let report = config.join("hoi-20250125.csv");
    std::fs::write(&report, "Xã,Thôn,Mã thôn,Có sóng,Số hộ\nThượng Thử,Bó Mu,,Có,40\n").unwrap();
    let imported = run(&config, &["import", report.to_str().unwrap(), "--collector", "asking"]);
    assert_eq!(imported.status.code(), Some(0));
    config
}

/// Exit code and what was said on standard error.
fn refused(config: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(config, arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_backup_comes_back_and_what_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    let (backup, rubbish) = (folder.path().join("b.db"), folder.path().join("r.db"));
    let (backup, rubbish) = (backup.to_str().unwrap(), rubbish.to_str().unwrap());
    assert_eq!(run(&config, &["backup", backup]).status.code(), Some(0));
    let (code, said) = refused(&config, &["backup", backup]);
    assert_eq!(code, Some(1));
    assert!(said.contains("b.db"), "{said}");

    std::fs::write(rubbish, "this is no database").unwrap();
    let before = std::fs::read(config.join("data/gapwatch.db")).unwrap();
    let (code, said) = refused(&config, &["restore", rubbish]);
    assert_eq!(code, Some(1));
    assert!(said.contains("r.db") && said.contains("nothing was changed"), "{said}");
    assert_eq!(std::fs::read(config.join("data/gapwatch.db")).unwrap(), before);
    let left: Vec<_> =
        std::fs::read_dir(config.join("data")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("restore")), "{left:?}");

    // Everything gone: the backup brings it back, and the file that was read is known as read.
    std::fs::remove_dir_all(config.join("data")).unwrap();
    assert_eq!(run(&config, &["restore", backup]).status.code(), Some(0));
    let again = run(
        &config,
        &["import", config.join("hoi-20250125.csv").to_str().unwrap(), "--collector", "asking", "--json"],
    );
    let reply: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(reply["importCount"]["ignored"], 2, "{reply}");
}

/// The store's file.
fn database(config: &Path) -> PathBuf {
    config.join("data/gapwatch.db")
}

/// Writes over bytes of a file.
fn patch(file: &Path, at: usize, bytes: &[u8]) {
    let mut content = std::fs::read(file).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    std::fs::write(file, content).unwrap();
}

/// Makes the store read a table by another description of equal length: a way to damage rows without a database.
fn misdescribe(config: &Path, table: &str, (from, to): (&str, &str)) {
    let (file, start) = (database(config), format!("CREATE TABLE {table}("));
    assert_eq!(from.len(), to.len());
    let content = std::fs::read(&file).unwrap();
    let positions = |text: &str| {
        let windows = content.windows(text.len()).enumerate();
        windows.filter(|(_, window)| *window == text.as_bytes()).map(|(at, _)| at).collect::<Vec<_>>()
    };
    // Pages that are no longer used may hold it too.
    for table in positions(&start) {
        let at = positions(from).into_iter().find(|at| *at > table).unwrap();
        patch(&file, at, to.as_bytes());
    }
}

/// The same row with its columns mistaken for each other.
const FRAME: (&str, &str) =
    ("body BLOB NOT NULL, extra BLOB NOT NULL", "extra BLOB NOT NULL, body BLOB NOT NULL");
const LATEST: (&str, &str) = ("PRIMARY KEY(stream, block)", "PRIMARY KEY(block, stream)");

/// Exit code and what was said on standard output.
fn told(config: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(config, arguments);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_store_that_is_not_there_is_not_made_to_look_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = copy_of("small/province", folder.path());
    let (backup, data) = (folder.path().join("b.db"), folder.path().join("typo"));
    let (backup, typo) = (backup.to_str().unwrap(), data.to_str().unwrap());
    for arguments in [
        &["backup", backup, "--data", typo][..],
        &["store", "check", "--data", typo],
        &["store", "rebuild", "--data", typo],
    ] {
        let (code, said) = refused(&config, arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert_eq!(said, format!("gapwatch: there is no store `{typo}/gapwatch.db`\n"), "{arguments:?}");
        assert!(!data.exists() && !Path::new(backup).exists(), "{arguments:?}");
    }
    let (code, said) = refused(&config, &["restore", backup, "--data", typo]);
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("nothing was changed: cannot read `{backup}`")), "{said}");
    assert!(!data.exists());
}

#[test]
fn looking_after_a_store_puts_no_configuration_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    let rules = config.join("rules.toml");
    let edited = format!("# Half edited.\n{}", std::fs::read_to_string(&rules).unwrap());
    std::fs::write(&rules, edited).unwrap();
    let before = std::fs::read(database(&config)).unwrap();
    let backup = folder.path().join("b.db");
    assert_eq!(run(&config, &["backup", backup.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(run(&config, &["store", "check"]).status.code(), Some(0));
    assert!(std::fs::read(database(&config)).unwrap() == before, "a document was put in force");
}

#[test]
fn a_file_that_is_no_store_of_ours_is_named_and_left_alone_until_a_backup_takes_its_place() {
    for (at, bytes, sentence) in [
        (60, [0, 0, 0, 99], "has format version `99`, expected `3` or older"),
        (68, [0, 0, 0, 0], "is not a gapwatch store"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = filled(folder.path());
        let backup = folder.path().join("b.db");
        let backup = backup.to_str().unwrap();
        assert_eq!(run(&config, &["backup", backup]).status.code(), Some(0));
        patch(&database(&config), at, &bytes);
        let before = std::fs::read(database(&config)).unwrap();
        let other = folder.path().join("c.db");
        for arguments in
            [&["backup", other.to_str().unwrap()][..], &["store", "check"], &["collect", "asking"]]
        {
            let (code, said) = refused(&config, arguments);
            assert_eq!(code, Some(1), "{arguments:?}: {said}");
            assert!(said.contains("gapwatch.db`") && said.contains(sentence), "{arguments:?}: {said}");
            assert!(std::fs::read(database(&config)).unwrap() == before, "{arguments:?} wrote");
        }
        let (code, said) = told(&config, &["restore", backup]);
        assert_eq!(code, Some(0), "{said}");
        let aside = config.join("data/gapwatch.db.before-restore");
        assert!(said.contains(&format!("it is kept as {}", aside.display())), "{said}");
        assert!(std::fs::read(aside).unwrap() == before, "what was put aside is another file");
        assert_eq!(run(&config, &["store", "check"]).status.code(), Some(0));
    }
}

#[test]
fn a_store_that_cannot_be_written_says_so_and_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    // A format that may be read and not written binds the administrator too, whom rights do not bind.
    patch(&database(&config), 18, &[3]);
    let before = std::fs::read(database(&config)).unwrap();
    let report = config.join("hoi-20250225.csv");
    std::fs::write(&report, "Xã,Thôn,Mã thôn,Có sóng,Số hộ\nThượng Thử,Bó Mu,,Không,40\n").unwrap();
    let (code, said) = refused(&config, &["import", report.to_str().unwrap(), "--collector", "asking"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the store is read-only"), "{said}");
    assert_eq!(run(&config, &["store", "check"]).status.code(), Some(0));
    assert!(std::fs::read(database(&config)).unwrap() == before, "something was written");
}

#[test]
fn what_is_derived_is_made_again_by_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    misdescribe(&config, "latest", LATEST);
    let (code, said) = told(&config, &["store", "check"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the latest vector of stream `1`, block `0`: it is not what the frames say\n"),
        "{said}"
    );
    assert!(said.contains("the latest vector of stream `1`, block `0` was made again\n"), "{said}");
    let (code, said) = told(&config, &["store", "check"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn what_rests_on_a_damaged_frame_is_left_and_nothing_is_answered_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    misdescribe(&config, "frame", FRAME);
    let before = std::fs::read(database(&config)).unwrap();
    for arguments in [["store", "check"], ["store", "rebuild"]] {
        let (code, said) = told(&config, &arguments);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("frame `1` of run `1`: "), "{said}");
        let left = "the latest vector of stream `1`, block `0`: it cannot be held against frame `1`\n";
        assert!(said.contains(left) && !said.contains("made again"), "{said}");
        assert!(std::fs::read(database(&config)).unwrap() == before, "{arguments:?} wrote");
    }
    let backup = folder.path().join("b.db");
    let (code, said) = refused(&config, &["backup", backup.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("frame `1` of run `1`"), "{said}");
    assert!(!backup.exists());
    let (code, said) = refused(&config, &["flags"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("frame `1` of run `1` is damaged"), "{said}");
}

#[test]
fn a_backup_is_taken_and_brought_back_beside_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    let server = start("serve", &config);
    let households = || server.json("/api/v1/observations?indicator=village.households");
    let before = households();
    assert_eq!(before.as_array().unwrap().len(), 1, "{before}");
    let backup = folder.path().join("b.db");
    let backup = backup.to_str().unwrap();
    assert_eq!(run(&config, &["backup", backup]).status.code(), Some(0));
    let report = config.join("hoi-20250225.csv");
    std::fs::write(&report, "Xã,Thôn,Mã thôn,Có sóng,Số hộ\nThượng Thử,Nà Lủng,,Có,50\n").unwrap();
    let imported = run(&config, &["import", report.to_str().unwrap(), "--collector", "asking"]);
    assert_eq!(imported.status.code(), Some(0));
    assert_eq!(households().as_array().unwrap().len(), 2);
    assert_eq!(run(&config, &["restore", backup]).status.code(), Some(0));
    assert_eq!(households(), before);
    drop(server);
    assert_eq!(run(&config, &["store", "check"]).status.code(), Some(0));
}

/// A file may not grow beyond this many blocks of 512 bytes: a full disk for whoever is not the administrator.
const BLOCKS: u32 = 1_000;

/// Runs a command whose files may not grow.
fn cramped(config: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let script = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_gapwatch")]).args(arguments).arg("--config").arg(config);
    let output = shell.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_file_that_finds_no_room_is_a_failure_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = filled(folder.path());
    let mut report = "Xã,Thôn,Mã thôn,Có sóng,Số hộ,Ghi chú\nThượng Thử,Bó Mu,,Không,41,\n".to_owned();
    // Remarks that do not pack well.
    let mut seed = 1_u64;
    for _ in 0..40_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        report.push_str(&format!(",,,,,{seed:x}{:x}\n", seed.rotate_left(29) ^ 0x5bd1_e995));
    }
    std::fs::create_dir(config.join("inbox")).unwrap();
    std::fs::write(config.join("inbox/hoi-20250225.csv"), report).unwrap();

    let (code, said) = cramped(&config, &["collect", "asking", "--json"]);
    assert_eq!(code, Some(1), "{said}");
    let reply: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(reply["outcome"], "failed", "{said}");
    assert_eq!(reply["importCount"]["imported"], 0, "{said}");

    let again = run(&config, &["collect", "asking", "--json"]);
    let reply: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(reply["importCount"]["imported"], 2, "{reply}");
    let nothing = run(&config, &["collect", "asking", "--json", "--dry-run"]);
    assert_eq!(nothing.status.code(), Some(0));
    let reply: serde_json::Value = serde_json::from_slice(&nothing.stdout).unwrap();
    assert_eq!(reply["outcome"], "unchanged", "{reply}");
    assert_eq!(reply["importCount"]["imported"], 0, "{reply}");
    assert_eq!(reply["conflicts"], serde_json::json!([]), "{reply}");
}
