//! What one `collectors/<name>.toml` may say, as plain values. Reading it is in `parse.rs`, judging it in `check.rs`.
//!
//! Raw → checked: [`CollectorConfig::parse`] refuses unknown keys and bad values, [`CollectorConfig::check`] holds the
//! result against the indicators. Both say every problem at once, by key. `docs/ADDING.md` has full examples.

mod check;
mod parse;
mod source;

use std::collections::BTreeMap;

use gapwatch_model::{CollectorName, Evidence, PeriodKind, PlaceLevel};
use serde::{Deserialize, Serialize};

pub use source::{Auth, CatchUp, FileSource, FolderSource, HttpSource, Method, Paging, Schedule, Source};

/// One problem of a collector's file: which key, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Key as in the file, such as `columns[3].indicator`.
    pub key: String,
    /// One sentence: lower case, value in backticks, then what was expected.
    pub message: String,
}

/// A named, scheduled source: where, how to read, which columns mean what.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectorConfig {
    /// The stem of its file; also the source of all it brings.
    pub name: CollectorName,
    /// What it is, on screen.
    pub title: String,
    /// What it is, on screen in English.
    pub title_en: Option<String>,
    /// Who publishes what it brings, on screen.
    pub publisher: Option<String>,
    /// How much weight its figures have, unless a column says otherwise.
    pub evidence: Evidence,
    /// How the figures were found out, unless a column says otherwise.
    pub method: Option<String>,
    /// Code of the province its places lie in. The context's home province where it is not said; `any` for none.
    pub province: Option<String>,
    /// Level of the places its rows are about. The deepest place column where it is not said.
    pub level: Option<PlaceLevel>,
    /// What happens to a village nobody knows.
    pub unknown_places: UnknownPlaces,
    /// Where the bytes come from.
    pub source: Source,
    /// When it runs by itself. Never, where it is not said.
    pub schedule: Option<Schedule>,
    /// How the bytes are read.
    pub format: Format,
    /// Which period the figures are about.
    pub period: PeriodRule,
    /// What the columns mean. Empty for the ready-made formats, which bring their own.
    pub columns: Vec<Column>,
    /// What the source promises; a breach puts the batch in quarantine.
    pub contract: Contract,
    /// When its reports are expected.
    pub reporting: Reporting,
}

/// What happens to a village nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPlaces {
    /// The row is asked.
    #[default]
    Ask,
    /// A new place is made below the commune of the row.
    Create,
}

/// How the bytes are read: `kind` of `[format]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// A table: XLSX, XLS, ODS, HTML or CSV, told apart by the bytes.
    Table(TableFormat),
    /// Records in JSON, read like the rows of a table.
    Json(JsonFormat),
    /// The national portal's service for Decision 766.
    Portal766(Portal766Format),
    /// Cell export of OpenCelliD, CSV, also gzipped.
    Opencellid(CellsFormat),
    /// Open-data tiles of Ookla as CSV.
    Ookla(OoklaFormat),
    /// Monthly medians of i-Speed per commune, a table with sample counts.
    Ispeed(IspeedFormat),
}

/// A table as people send it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableFormat {
    /// Sheets to read by name; all visible ones with the headings, where none is named.
    pub sheets: Vec<String>,
    /// Encoding of text files. Found by scoring where it is not said.
    pub encoding: Option<Encoding>,
    /// What stands between the cells of a text file. Found by counting where it is not said.
    pub delimiter: Option<char>,
    /// Words that begin a total row, beside the usual ones.
    pub total_words: Vec<String>,
    /// Keep rows that begin like a total.
    pub keep_totals: bool,
}

/// An encoding of text files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    Utf8,
    /// UTF-16, little end first.
    Utf16le,
    /// UTF-16, big end first.
    Utf16be,
    /// Windows code page 1258.
    Windows1258,
    /// TCVN 5712:1993, third form, as the `.VnTime` fonts have it.
    Tcvn3,
    /// VNI for Windows.
    Vni,
}

/// Records in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonFormat {
    /// Where the records are: a JSON Pointer such as `/data/rows`, or a `JSONPath` such as `$.data[*].rows[*]`.
    pub records: String,
}

/// The national portal's service for Decision 766.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Portal766Format {
    /// Where the records are. Found by itself where it is not said.
    pub records: Option<String>,
    /// Field of online payment, maximum 10. Authors disagree: the other one is online services, maximum 12.
    pub payment_field: String,
}

impl Default for Portal766Format {
    fn default() -> Self {
        Self { records: None, payment_field: "TTTT".to_owned() }
    }
}

/// Cell export of OpenCelliD.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CellsFormat {
    /// Mobile country code of the cells to keep.
    pub mcc: u16,
    /// Mobile network code → operator.
    pub operators: BTreeMap<String, String>,
}

impl Default for CellsFormat {
    fn default() -> Self {
        let known =
            [("1", "MobiFone"), ("2", "VNPT"), ("4", "Viettel"), ("5", "Vietnamobile"), ("7", "Gmobile")];
        let operators = known.iter().map(|(net, name)| ((*net).to_owned(), (*name).to_owned())).collect();
        Self { mcc: 452, operators }
    }
}

/// Open-data tiles of Ookla.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OoklaFormat {
    /// Which of Ookla's two files this is.
    pub service: Service,
}

/// Monthly medians of i-Speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IspeedFormat {
    /// Which service the file is about.
    pub service: Service,
}

/// Mobile or fixed line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Mobile networks.
    Mobile,
    /// Fixed lines.
    Fixed,
}

/// Which period the figures are about. A `period` or `date` column goes before all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeriodRule {
    /// Where the day comes from.
    pub from: PeriodFrom,
    /// Length of the period, where it is not the indicator's own.
    pub kind: Option<PeriodKind>,
}

/// Where the day of the figures comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodFrom {
    /// The day in the file's name, or of the request.
    #[default]
    File,
    /// A title row above the table (`Tháng 11/2025`, `Quý IV năm 2025`), which must be there.
    Title,
}

/// What one column means. It says either `is` or `indicator`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Column {
    /// Headings it goes by. Case, accents and spaces do not count; `>` joins merged rows: `Viettel > 4G`. In JSON the
    /// key, with `>` for nested objects.
    pub headings: Vec<String>,
    /// Part of the row's identity or dimensions.
    pub is: Option<Role>,
    /// Id of the indicator whose value the column holds.
    pub indicator: Option<String>,
    /// Which part of the value it holds.
    pub part: ValuePart,
    /// Operator the column is about.
    pub operator: Option<String>,
    /// Technology the column is about.
    pub technology: Option<String>,
    /// Measuring point the column is about.
    pub measuring_point: Option<String>,
    /// Organisation the column is about.
    pub organisation: Option<String>,
    /// Evidence of the column, where it is not the collector's.
    pub evidence: Option<Evidence>,
    /// Method of the column, where it is not the collector's.
    pub method: Option<String>,
    /// What an empty cell means.
    pub blank: Blank,
    /// How numbers are written. Decided over the whole column where it is not said.
    pub decimal: Decimal,
    /// The number in the cell times this is in the indicator's unit.
    pub scale: Option<f64>,
    /// Words of the column and the number each stands for, such as `{ tốt = 1, "không có" = 0 }`.
    pub words: BTreeMap<String, f64>,
    /// A file without this column breaks the contract.
    pub required: bool,
}

/// Part of the row's identity or dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Code of the province.
    ProvinceCode,
    /// Name of the province.
    ProvinceName,
    /// Code of the district, in files about the time before 01/07/2025.
    DistrictCode,
    /// Name of the district, in files about the time before 01/07/2025.
    DistrictName,
    /// Code of the commune.
    CommuneCode,
    /// Name of the commune.
    CommuneName,
    /// Code of the village.
    VillageCode,
    /// Name of the village.
    VillageName,
    /// Code of a place of any level.
    PlaceCode,
    /// Name of a place of the collector's level.
    PlaceName,
    /// Day the row is about.
    Date,
    /// Period the row is about: `202511`, `Tháng 11/2025`, `Quý IV năm 2025`.
    Period,
    /// Longitude in degrees, or both coordinates in one cell.
    Longitude,
    /// Latitude in degrees, or both coordinates in one cell.
    Latitude,
    /// Number of samples behind the row's values.
    Samples,
    /// Operator of the row.
    Operator,
    /// Technology of the row.
    Technology,
    /// Measuring point of the row.
    MeasuringPoint,
    /// Organisation of the row.
    Organisation,
    /// Evidence of the row: `claimed`, `modelled`, `measured` or `crowd`.
    Evidence,
    /// Method or document of the row.
    Method,
    /// Id of the indicator of the row; its value is in the column `value`.
    Indicator,
    /// Value of the indicator the row names.
    Value,
    /// Numerator of the indicator the row names.
    Numerator,
    /// Denominator of the indicator the row names.
    Denominator,
    /// Qualifier of the row's value: *hơn*, *dưới*, *gần*, *khoảng* or the English id.
    Qualifier,
    /// Known and not needed, such as `Ghi chú` or `STT`.
    Ignored,
}

/// Which part of the value a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValuePart {
    /// The whole value; for a ratio `91/3.802` or a share in percent.
    #[default]
    Whole,
    /// The count above the line; the denominator is in another column of the same indicator and dimensions.
    Numerator,
    /// The count below the line.
    Denominator,
    /// The number of samples behind the value in another column of the same indicator and dimensions.
    Samples,
}

/// What an empty cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// Nothing was said.
    #[default]
    Missing,
    /// No, in a yes/no column.
    No,
    /// Zero.
    Zero,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    /// Decided over the whole column.
    #[default]
    Auto,
    /// `1.241,5`.
    Comma,
    /// `1,241.5`.
    Point,
}

/// `[contract]`: what the source promises.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contract {
    /// Fewest data rows of a good file.
    pub minimum_rows: Option<u32>,
    /// Largest drop of the number of rows against the last run, in percent.
    pub maximum_drop_percent: Option<f64>,
    /// So many runs in a row may bring exactly the same values.
    pub maximum_frozen_runs: Option<u32>,
    /// A column that was filled in the last run may be empty in this one.
    pub columns_may_empty: bool,
    /// Largest share of known codes that may come with another name than in the last run, in percent. 0 where not said.
    pub maximum_renamed_percent: Option<f64>,
}

impl Contract {
    /// Of a source that promises nothing: its file has no `[contract]`.
    pub const NONE: Self = Self {
        minimum_rows: None,
        maximum_drop_percent: None,
        maximum_frozen_runs: None,
        columns_may_empty: true,
        maximum_renamed_percent: Some(100.0),
    };
}

/// When reports are expected, for completeness and timeliness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reporting {
    /// A report is on time within so many days after its period ended.
    pub due_days: u32,
}

impl Default for Reporting {
    fn default() -> Self {
        Self { due_days: 10 }
    }
}
