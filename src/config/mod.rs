//! Reads a configuration directory, whole, and says every problem in one go with its file and key.
//!
//! Secrets never stand in files: a file names an environment variable, and this is where those are read.

mod boundaries;
mod notify;
mod places;

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::CollectorConfig;
use gapwatch_model::{Indicator, IndicatorSet};
use gapwatch_rules::{Rules, Targets};
use serde::Deserialize;

pub(crate) use boundaries::Outlines;
pub(crate) use notify::{MailTo, Receiver, Webhook};
pub(crate) use places::Places;

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// File, relative to the configuration directory.
    pub(crate) file: String,
    /// Key inside the file, empty when the whole file is meant.
    pub(crate) key: String,
    /// What is wrong and what was expected.
    pub(crate) message: String,
}

impl Problem {
    fn new(file: &str, key: &str, message: &str) -> Self {
        Self { file: file.to_owned(), key: key.to_owned(), message: message.trim().to_owned() }
    }

    pub(crate) fn file(file: &str, message: &str) -> Self {
        Self::new(file, "", message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.replace('\n', " ");
        if self.key.is_empty() {
            write!(f, "{}: {message}", self.file)
        } else {
            write!(f, "{}: {}: {message}", self.file, self.key)
        }
    }
}

/// `gapwatch.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Program {
    /// Code of the place the front page is about, such as `04`.
    pub(crate) home: String,
    /// Address to listen on.
    #[serde(default = "default_listen", deserialize_with = "address")]
    pub(crate) listen: SocketAddr,
    /// Where the database goes, relative to the configuration directory.
    #[serde(default = "default_data_dir")]
    pub(crate) data_dir: PathBuf,
    /// Files that may be read and stored at the same time. Waiting for sources is not counted.
    #[serde(default = "default_parallel_runs")]
    pub(crate) parallel_runs: u8,
    /// Where series are kept; the embedded store when absent.
    #[serde(default)]
    pub(crate) influx: Option<Influx>,
    /// Where people reach the program, for links in messages and feeds. Without it: the address it listens on.
    #[serde(default)]
    public_url: Option<String>,
    /// Who is told of changed flags. Read one by one.
    #[serde(skip)]
    pub(crate) notify: Vec<Receiver>,
    /// A story to replay before real time: only for examples.
    #[serde(default)]
    pub(crate) story: Option<Story>,
}

impl Program {
    /// Where people reach the program, without a slash at the end.
    #[must_use]
    pub(crate) fn public_url(&self) -> String {
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen));
        url.trim_end_matches('/').to_owned()
    }
}

/// Series in InfluxDB 2.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Influx {
    /// Base URL, such as `http://127.0.0.1:8086`.
    pub(crate) url: String,
    /// Organisation.
    pub(crate) org: String,
    /// Bucket.
    pub(crate) bucket: String,
    /// Environment variable that holds the token.
    pub(crate) token_env: String,
    /// Points the spool may hold before it refuses more.
    #[serde(default = "default_spool_points")]
    pub(crate) spool_points: u64,
    /// Longest wait for one answer, in seconds.
    #[serde(default = "default_timeout_secs")]
    pub(crate) timeout_secs: u32,
}

impl Influx {
    fn check(&self, problems: &mut Vec<Problem>) {
        let mut fault = |key: &str, message: &str| {
            problems.push(Problem::new("gapwatch.toml", &format!("influx.{key}"), message));
        };
        let url = &self.url;
        let scheme = reqwest::Url::parse(url).map(|url| url.scheme().to_owned()).unwrap_or_default();
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) || !["http", "https"].contains(&scheme.as_str()) {
            fault("url", &format!("`{url}` is no address, expected one such as http://127.0.0.1:8086"));
        } else if scheme == "https" && !cfg!(feature = "influx-tls") {
            fault(
                "url",
                &format!("`{url}` needs a program built with `--features influx-tls`, expected http://"),
            );
        }
        for (key, name) in [("org", &self.org), ("bucket", &self.bucket)] {
            if name.trim().is_empty() {
                fault(key, "is empty, expected a name");
            }
        }
        if self.timeout_secs == 0 {
            fault("timeout_secs", "`0` leaves no time for an answer, expected 1 or more");
        }
        if self.spool_points == 0 {
            fault("spool_points", "`0` lets nothing wait, expected 1 or more");
        }
    }
}

/// What `demo` replays.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    /// First moment.
    pub(crate) from: DateTime<FixedOffset>,
    /// Last moment; time is real from here on.
    pub(crate) until: DateTime<FixedOffset>,
    /// Folder with the answers of the loopback portal, relative to the configuration directory.
    pub(crate) portal: PathBuf,
    /// Address of the loopback portal.
    pub(crate) portal_listen: SocketAddr,
}

fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong =
        |_| serde::de::Error::custom(format!("`{text}` is no address, expected one such as 127.0.0.1:8080"));
    text.parse().map_err(wrong)
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}
fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}
fn default_parallel_runs() -> u8 {
    2
}
fn default_spool_points() -> u64 {
    50_000_000
}
fn default_timeout_secs() -> u32 {
    30
}

/// What judging is told: three texts, read and checked.
#[derive(Debug, Clone)]
pub(crate) struct Judging {
    /// `indicators.toml`.
    pub(crate) indicators: Arc<IndicatorSet>,
    /// `rules.toml`.
    pub(crate) rules: Arc<Rules>,
    /// `targets.toml`.
    pub(crate) targets: Arc<Targets>,
}

impl Judging {
    /// The files it is read from.
    pub(crate) const FILES: [&str; 3] = ["indicators.toml", "rules.toml", "targets.toml"];

    /// Reads the texts of [`Self::FILES`], in that order.
    ///
    /// # Errors
    /// Every problem found in them.
    pub(crate) fn read([indicators, rules, targets]: [&str; 3]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let indicators = self::indicators(indicators, &mut problems);
        let mut note = |file: &str, found: Vec<gapwatch_rules::Problem>| {
            problems.extend(found.iter().map(|p| Problem::new(file, &p.key, &p.message)));
        };
        let rules = Rules::parse(rules).map_err(|found| note("rules.toml", found)).ok();
        if let Some(rules) = &rules {
            // A band or total of what is not declared here is idle; a rule about it would never be raised.
            let mut found = rules.check(&indicators);
            found.retain(|problem| problem.key.starts_with("rules."));
            note("rules.toml", found);
        }
        let targets = Targets::parse(targets).map_err(|found| note("targets.toml", found)).ok();
        if let Some(targets) = &targets {
            note("targets.toml", targets.check(&indicators));
        }
        match (rules, targets) {
            (Some(rules), Some(targets)) if problems.is_empty() => Ok(Self {
                indicators: Arc::new(indicators),
                rules: Arc::new(rules),
                targets: Arc::new(targets),
            }),
            _ => Err(problems),
        }
    }
}

/// A whole, checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// The directory it was read from.
    pub(crate) dir: PathBuf,
    /// `gapwatch.toml`.
    pub(crate) program: Program,
    /// How it is judged.
    pub(crate) judging: Judging,
    /// `collectors/*.toml`, by name.
    pub(crate) collectors: BTreeMap<String, CollectorConfig>,
    /// `places/`.
    pub(crate) places: Places,
    /// `places/*.geojson`.
    pub(crate) outlines: Outlines,
    /// The texts as read, for the record of what was in force when.
    pub(crate) texts: BTreeMap<&'static str, String>,
    /// Environment variables that the files name, and their values.
    pub(crate) secrets: Secrets,
}

/// Values of named environment variables. Never printed.
#[derive(Clone, Default)]
pub(crate) struct Secrets(pub BTreeMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Config {
    /// Reads and checks the directory.
    ///
    /// # Errors
    /// Every problem found, in order of files.
    pub(crate) fn load(dir: &Path) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut texts = BTreeMap::new();
        for file in ["gapwatch.toml", "indicators.toml", "rules.toml", "targets.toml"] {
            match std::fs::read_to_string(dir.join(file)) {
                Ok(text) => {
                    texts.insert(file, text);
                }
                Err(error) => problems.push(Problem::file(file, &format!("cannot be read: {error}"))),
            }
        }
        let text = |file: &str| texts.get(file).map(String::as_str);
        let program = text("gapwatch.toml").and_then(|text| program(text, &mut problems));
        // A file that cannot be read is a problem already; an empty one stands in for it, so that the others are read.
        let texts_of = Judging::FILES.map(|file| text(file).unwrap_or_default());
        let judging = match Judging::read(texts_of) {
            Ok(judging) => Some(judging),
            Err(found) => {
                problems.extend(found.into_iter().filter(|p| text(&p.file).is_some()));
                None
            }
        };
        let indicators = match &judging {
            Some(judging) => Arc::clone(&judging.indicators),
            None => Arc::new(self::indicators(text("indicators.toml").unwrap_or_default(), &mut Vec::new())),
        };
        let collectors = collectors(dir, &indicators, &mut problems);
        let places = places::load(&dir.join("places"), &mut problems);
        let outlines = boundaries::load(&dir.join("places"), &mut problems);
        if let Some(program) = &program
            && !places.places.is_empty()
            && !places.places.iter().any(|p| p.id.code.as_str() == program.home && p.valid_to.is_none())
        {
            let message = format!("`{}` is the code of no place in force", program.home);
            problems.push(Problem::new("gapwatch.toml", "home", &message));
        }
        if let Some(judging) = judging.as_ref().filter(|_| !places.places.is_empty()) {
            let known: HashSet<&str> = places.places.iter().map(|place| place.id.code.as_str()).collect();
            let found = judging.targets.check_places(|code| known.contains(code));
            problems.extend(found.iter().map(|p| Problem::new("targets.toml", &p.key, &p.message)));
        }
        if let (Some(program), Some(judging)) = (&program, &judging) {
            let is_rule = |id: &str| judging.rules.rules.keys().any(|rule| rule.as_str() == id);
            let is_place = |code: &str| {
                places.places.is_empty() || places.places.iter().any(|p| p.id.code.as_str() == code)
            };
            notify::check(&program.notify, is_rule, is_place, &mut problems);
        }
        if let Some(influx) = program.as_ref().and_then(|program| program.influx.as_ref()) {
            influx.check(&mut problems);
        }
        let secrets = secrets(&collectors, program.as_ref(), &mut problems);
        // An indicator that is declared wrongly is declared: who names it is not to blame.
        let declared = text("indicators.toml").and_then(|text| text.parse::<toml::Table>().ok());
        for id in declared.iter().flat_map(toml::Table::keys).filter(|id| indicators.get(id).is_none()) {
            let blamed =
                [format!("`{id}` is not in indicators.toml"), format!("`{id}` is no declared indicator")];
            problems.retain(|problem| !blamed.contains(&problem.message));
        }
        match (program, judging) {
            (Some(program), Some(judging)) if problems.is_empty() => Ok(Self {
                dir: dir.to_owned(),
                program,
                judging,
                collectors,
                places,
                outlines,
                texts,
                secrets,
            }),
            _ => Err(problems),
        }
    }

    /// Where the database is.
    #[must_use]
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.join(&self.program.data_dir)
    }
}

fn program(text: &str, problems: &mut Vec<Problem>) -> Option<Program> {
    let mut table = table("gapwatch.toml", text, problems)?;
    let mut notify = Vec::new();
    match table.remove("notify") {
        None => {}
        Some(toml::Value::Array(receivers)) => {
            for (at, receiver) in receivers.into_iter().enumerate() {
                notify.extend(read("gapwatch.toml", &format!("notify[{at}]"), receiver, problems));
            }
        }
        Some(_) => problems.push(Problem::new("gapwatch.toml", "notify", "expected `[[notify]]` tables")),
    }
    let program: Option<Program> = read("gapwatch.toml", "", toml::Value::Table(table), problems);
    program.map(|program| Program { notify, ..program })
}

/// Reads one table, noting every problem in it. Given is what is left without them.
fn read<T: serde::de::DeserializeOwned>(
    file: &str,
    key: &str,
    value: toml::Value,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let toml::Value::Table(table) = value else {
        problems.push(Problem::new(file, key, &format!("`{value}` is no table, expected one")));
        return None;
    };
    let mut found = Vec::new();
    let read = gapwatch_rules::read_table(key, table, &mut found);
    problems.extend(found.iter().map(|p| Problem::new(file, &p.key, &p.message)));
    read
}

fn indicators(text: &str, problems: &mut Vec<Problem>) -> IndicatorSet {
    let mut tables = BTreeMap::new();
    for (id, value) in table("indicators.toml", text, problems).unwrap_or_default() {
        if let Some(indicator) = read::<Indicator>("indicators.toml", &id, value, problems) {
            tables.insert(id, indicator);
        }
    }
    let set = IndicatorSet::new(tables);
    for found in gapwatch_rules::check_formulas(&set) {
        problems.push(Problem::new("indicators.toml", &found.key, &found.message));
    }
    set
}

fn table(file: &str, text: &str, problems: &mut Vec<Problem>) -> Option<toml::Table> {
    match text.parse::<toml::Table>() {
        Ok(table) => Some(table),
        Err(error) => {
            let line = error
                .span()
                .map_or(1, |span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
            problems.push(Problem::new(file, &format!("line {line}"), error.message()));
            None
        }
    }
}

fn collectors(
    dir: &Path,
    indicators: &IndicatorSet,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, CollectorConfig> {
    let mut found = BTreeMap::new();
    let folder = dir.join("collectors");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Problem::file("collectors", &format!("cannot be read: {error}")));
            return found;
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = format!("collectors/{name}.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(Problem::file(&file, &format!("cannot be read: {error}")));
                continue;
            }
        };
        let (config, mut faults) = CollectorConfig::read(&name, &text);
        if let Some(config) = config {
            faults.extend(config.check(indicators));
            found.insert(name, config);
        }
        problems.extend(faults.iter().map(|p| Problem::new(&file, &p.key, &p.message)));
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "configuration is read here, once")]
fn secrets(
    collectors: &BTreeMap<String, CollectorConfig>,
    program: Option<&Program>,
    problems: &mut Vec<Problem>,
) -> Secrets {
    let mut secrets = Secrets::default();
    let mut read = |file: String, name: &str| match std::env::var(name) {
        Ok(value) => {
            secrets.0.insert(name.to_owned(), value);
        }
        Err(_) => {
            let message =
                format!("environment variable `{name}` is not set, expected the secret it is to hold");
            problems.push(Problem::new(&file, name, &message));
        }
    };
    for (name, collector) in collectors {
        for variable in collector.secret_names() {
            read(format!("collectors/{name}.toml"), &variable);
        }
    }
    if let Some(influx) = program.and_then(|p| p.influx.as_ref()) {
        read("gapwatch.toml".to_owned(), &influx.token_env);
    }
    for receiver in program.map_or(&[][..], |program| &program.notify) {
        receiver.secret_names().for_each(|variable| read("gapwatch.toml".to_owned(), variable));
    }
    secrets
}
