//! Backup, restore and checks on the command line: what goes wrong is a sentence and exit code 1, and nothing is lost.

use std::path::{Path, PathBuf};

use crate::server::{copy_of, run};

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
    std::fs::create_dir(config.join("data")).unwrap();
    assert_eq!(run(&config, &["restore", backup]).status.code(), Some(0));
    let again = run(
        &config,
        &["import", config.join("hoi-20250125.csv").to_str().unwrap(), "--collector", "asking", "--json"],
    );
    let reply: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(reply["importCount"]["ignored"], 2, "{reply}");
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
