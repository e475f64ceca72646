//! Makes the national example for measuring: the real provinces and communes with 90,000 made-up villages and their reports.
//!
//! `cargo run --release --example national -- DIR [MONTHS]` writes a complete configuration directory for
//! `gapwatch demo --config DIR`. Every village and every figure is synthetic and says so; the same seed gives the same
//! bytes. Indicators, rules and targets are those of the Cao Bằng example, with a national target beside them.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use fastrand::Rng;

/// Villages of the example.
const VILLAGES: usize = 90_000;
/// Reports, one a month, unless the command line says fewer: the communes of today are there since the middle of the year.
const MONTHS: u32 = 6;
/// The year of the reports. They end with its last month.
const YEAR: u32 = 2025;
const OPERATORS: [&str; 3] = ["Viettel", "VNPT", "MobiFone"];

/// One village: where, how many households, and whether it is ever without power or signal.
struct Village {
    commune: usize,
    code: String,
    name: String,
    households: u32,
    powered: bool,
    /// The month from which there is signal, by operator.
    signal_from: [u32; OPERATORS.len()],
    /// Population clusters that have none.
    clusters: u32,
}

/// One commune of today.
struct Commune {
    code: String,
    name: String,
    valid_from: String,
    at: Option<(f64, f64)>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = PathBuf::from(arguments.next().context("expected the folder to write into")?);
    let months = arguments.next().map_or(Ok(MONTHS), |text| text.parse())?;
    if !(1..=MONTHS).contains(&months) {
        bail!("`{months}` months, expected 1 to {MONTHS}");
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/caobang");
    for folder in ["places", "collectors", "inbox", "portal"] {
        fs::create_dir_all(out.join(folder)).with_context(|| format!("cannot make `{}`", out.display()))?;
    }
    for file in ["indicators.toml", "rules.toml", "places/vn-provinces.geojson"] {
        fs::copy(example.join(file), out.join(file)).with_context(|| format!("cannot copy `{file}`"))?;
    }
    let targets = fs::read_to_string(example.join("targets.toml"))?;
    fs::write(out.join("targets.toml"), targets + TARGET)?;
    fs::write(out.join("gapwatch.toml"), program(months))?;
    fs::write(out.join("collectors/coverage.toml"), collector())?;

    let (table, communes) = places(&example)?;
    let villages = villages(&communes);
    fs::write(out.join("places/places.csv"), with_villages(table, &communes, &villages)?)?;
    for month in 12 - months + 1..=12 {
        let report = report(&communes, &villages, month)?;
        fs::write(out.join(format!("inbox/phu-song-{YEAR}{month:02}25.csv")), report)?;
    }
    Ok(())
}

/// The country, the provinces and communes of today as rows of a places file, and the communes again to be filled.
fn places(example: &Path) -> Result<(String, Vec<Commune>)> {
    let mut reader = csv::Reader::from_path(example.join("places/places.csv"))?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers()?)?;
    let mut communes = Vec::new();
    for row in reader.records() {
        let row = row?;
        let field = |at: usize| row.get(at).unwrap_or_default();
        let level = field(3);
        // Targets were promised of provinces that have ended too.
        let ended = !field(2).is_empty() && level != "province";
        if ended || level == "village" || level == "district" {
            continue;
        }
        writer.write_record(&row)?;
        if level == "commune" {
            let at = field(10).parse().ok().zip(field(11).parse().ok());
            communes.push(Commune {
                code: field(0).to_owned(),
                name: field(5).to_owned(),
                valid_from: field(1).to_owned(),
                at,
            });
        }
    }
    Ok((String::from_utf8(writer.into_inner()?)?, communes))
}

/// The villages, spread evenly. About one in fifteen is without signal at first; most of these get it one month or another.
fn villages(communes: &[Commune]) -> Vec<Village> {
    let mut rng = Rng::with_seed(3_321);
    let mut made = Vec::with_capacity(VILLAGES);
    for number in 0..VILLAGES {
        let commune = number % communes.len().max(1);
        let Some(code) = communes.get(commune).map(|commune| commune.code.as_str()) else { break };
        let within = number / communes.len() + 1;
        let gap = rng.u32(0..15) == 0;
        let first = if gap { rng.u32(4..40) } else { 0 };
        made.push(Village {
            commune,
            code: format!("{code}-{within:03}"),
            name: format!("Bản {within}"),
            households: rng.u32(15..260),
            powered: !(gap && rng.u32(0..6) == 0),
            signal_from: [first, first + rng.u32(0..9), first + rng.u32(0..30)],
            clusters: if rng.u32(0..20) == 0 { rng.u32(1..4) } else { 0 },
        });
    }
    made
}

fn with_villages(mut table: String, communes: &[Commune], villages: &[Village]) -> Result<String> {
    let mut rng = Rng::with_seed(90_000);
    for village in villages {
        let Some(commune) = communes.get(village.commune) else { continue };
        let (lat, lon) = commune.at.map_or_else(Default::default, |(lat, lon)| {
            let aside = |middle: f64, rng: &mut Rng| format!("{:.5}", middle + (rng.f64() - 0.5) / 20.0);
            (aside(lat, &mut rng), aside(lon, &mut rng))
        });
        let area = if village.clusters > 0 || !village.powered { "extremely_difficult" } else { "other" };
        writeln!(
            table,
            "{},{},,village,bản,{},,,{},{},{lat},{lon},{area},1",
            village.code, commune.valid_from, village.name, commune.code, commune.valid_from
        )?;
    }
    Ok(table)
}

/// One report of one month over every village.
fn report(communes: &[Commune], villages: &[Village], month: u32) -> Result<String> {
    let mut text = String::from(
        "Mã xã,Tên xã,Mã thôn,Tên thôn,Số hộ,Điện lưới,Viettel 4G,VNPT 4G,MobiFone 4G,Số cụm chưa có sóng\n",
    );
    for village in villages {
        let Some(commune) = communes.get(village.commune) else { continue };
        let [one, two, three] = village.signal_from.map(|from| if from <= month { "x" } else { "" });
        let power = if village.powered { "có" } else { "không" };
        writeln!(
            text,
            "{},{},{},{},{},{power},{one},{two},{three},{}",
            commune.code, commune.name, village.code, village.name, village.households, village.clusters
        )?;
    }
    Ok(text)
}

fn program(months: u32) -> String {
    let first = 12 - months + 1;
    format!(
        "# Synthetic: real provinces and communes, made-up villages, for measuring only.\nhome = \"VN\"\n\n[story]\n\
         from = \"{YEAR}-{first:02}-02T00:00:00+07:00\"\nuntil = \"{YEAR}-12-31T17:00:00+07:00\"\nportal = \"portal\"\n\
         portal_listen = \"127.0.0.1:18767\"\n"
    )
}

fn collector() -> String {
    let mut text = String::from(
        r#"title = "Báo cáo phủ sóng toàn quốc (giả lập)"
title_en = "National coverage report (synthetic)"
evidence = "claimed"
method = "operator-report"
province = "any"
level = "village"

[source]
kind = "file"
path = "inbox/phu-song-{yyyymmdd}.csv"

[schedule]
cron = "0 1 25 * *"
catch_up = "once"

[format]
kind = "table"

[[columns]]
is = "commune_code"
headings = ["Mã xã"]

[[columns]]
is = "commune_name"
headings = ["Tên xã"]

[[columns]]
is = "village_code"
headings = ["Mã thôn"]
required = true

[[columns]]
is = "village_name"
headings = ["Tên thôn"]
required = true

[[columns]]
indicator = "village.households"
headings = ["Số hộ"]

[[columns]]
indicator = "village.grid_power"
headings = ["Điện lưới"]

[[columns]]
indicator = "village.clusters_without_signal"
headings = ["Số cụm chưa có sóng"]
"#,
    );
    for operator in OPERATORS {
        text.push_str(&format!(
            "\n[[columns]]\nindicator = \"village.signal\"\nheadings = [\"{operator} 4G\"]\noperator = \"{operator}\"\ntechnology = \"4G\"\nblank = \"no\"\n"
        ));
    }
    text
}

const TARGET: &str = r#"
# Synthetic, for measuring.
["national-coverage"]
indicator = "village.mobile_headline"
value = 100
comparator = ">="
due = 2026-12-31
document = "kế hoạch giả lập"
valid_from = 2024-01-01
"#;
