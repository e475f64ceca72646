//! A small province of our own for tests that speak to the real program: three communes, some villages, the sample rules,
//! and whatever a test adds.

use std::{path::PathBuf, process::Output};

use crate::{
    read,
    server::{self, Server, run},
};

/// A configuration in a folder of its own, deleted with it.
pub(crate) struct Small {
    folder: tempfile::TempDir,
}

const PLACES: &str = "\
code,valid_from,valid_to,level,kind,name,name_en,other_names,parent_code,parent_valid_from,lat,lon,area_class,synthetic
VN,1900-01-01,,country,,Việt Nam,Vietnam,,,,,,,0
04,1900-01-01,,province,tỉnh,Cao Bằng,,,VN,1900-01-01,,,,0
00001,1900-01-01,,commune,xã,Một,,,04,1900-01-01,,,other,0
00002,1900-01-01,,commune,xã,Hai,,,04,1900-01-01,,,extremely_difficult,0
00003,1900-01-01,,commune,xã,Ba,,,04,1900-01-01,,,other,0
";

impl Small {
    /// The sample's rules, targets and indicators, and villages: `v1` to `v5` in 00001, `v6` to `v8` in 00002, `v9` to `v24`
    /// in 00003.
    pub(crate) fn new() -> Self {
        let small = Self { folder: tempfile::tempdir().unwrap() };
        let mut places = PLACES.to_owned();
        for number in 1..=24 {
            let (commune, class) = match number {
                1..=5 => ("00001", "other"),
                6..=8 => ("00002", "extremely_difficult"),
                _ => ("00003", "other"),
            };
            places.push_str(&format!(
                "v{number},1900-01-01,,village,xóm,Xóm {number},,,{commune},1900-01-01,,,{class},1\n"
            ));
        }
        small.write("places/places.csv", &places);
        for file in ["indicators.toml", "rules.toml", "targets.toml"] {
            small.write(file, &read(&format!("fixtures/rules/sample/{file}")));
        }
        std::fs::create_dir_all(small.path("collectors")).unwrap();
        small.program("");
        small
    }

    /// `gapwatch.toml` with something added.
    pub(crate) fn program(&self, more: &str) {
        self.write("gapwatch.toml", &format!("home = \"04\"\nlisten = \"127.0.0.1:0\"\n{more}"));
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces one text in a file, which must be there.
    pub(crate) fn edit(&self, file: &str, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(old), "{file} does not say {old}");
        self.write(file, &text.replace(old, new));
    }

    /// Runs a command of the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments)
    }

    /// What a command that must succeed prints.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the program and waits until it says that it listens.
    pub(crate) fn serve(&self) -> Server {
        let name = format!("t{}", self.said(&["token", "list"]).lines().count());
        let token = self.said(&["token", "add", &name, "--role", "admin"]).trim().to_owned();
        let mut server = self.start("serve");
        server.token = token;
        server
    }

    /// Reports of a story: on each day rows of place, date, indicator and value, collected at eight in the morning.
    pub(crate) fn story(&self, until: &str, reports: &[(&str, &[[&str; 4]])]) {
        self.program(&format!(
            "[story]\nfrom = \"2025-01-01T00:00:00+07:00\"\nuntil = \"{until}T17:00:00+07:00\"\nportal = \"portal\"\nportal_listen = \"127.0.0.1:0\"\n"
        ));
        std::fs::create_dir_all(self.path("portal")).unwrap();
        let column =
            |what: &str, heading: &str| format!("[[columns]]\nis = \"{what}\"\nheadings = [\"{heading}\"]\n");
        let columns: String =
            ["place_code", "date", "indicator", "value"].map(|what| column(what, what)).concat();
        self.write(
            "collectors/story.toml",
            &format!(
                "title = \"Chuyện\"\ntitle_en = \"Story\"\npublisher = \"x\"\nevidence = \"claimed\"\nmethod = \"m\"\nprovince = \"04\"\nlevel = \"village\"\n\
                 [source]\nkind = \"file\"\npath = \"inbox/story-{{yyyymmdd}}.csv\"\n[schedule]\ncron = \"0 8 * * *\"\ncatch_up = \"once\"\n\
                 [format]\nkind = \"table\"\ndelimiter = \",\"\n{columns}"
            ),
        );
        for (day, rows) in reports {
            let rows: String = rows.iter().map(|row| format!("{}\n", row.join(","))).collect();
            let text = format!("place_code,date,indicator,value\n{rows}");
            self.write(&format!("inbox/story-{}.csv", day.replace('-', "")), &text);
        }
    }

    /// Starts a command that listens and waits until it says so.
    pub(crate) fn start(&self, command: &str) -> Server {
        server::start(command, self.folder.path())
    }
}
