//! Where the bytes come from and when: the `[source]` and `[schedule]` tables.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Where the bytes come from: `kind` of `[source]`.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Files of a path pattern, left where they are.
    File(FileSource),
    /// A folder others put files in; what was taken in is archived by its content hash.
    Folder(FolderSource),
    /// An HTTP request.
    Http(Box<HttpSource>),
    /// Nothing is fetched: files are imported by hand or points are pushed.
    Push,
}

/// Files of a path pattern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// Path below the configuration directory, with `*` and the day's `{yyyymmdd}`, `{yyyymm}`, `{yyyy}`, `{mm}`, `{dd}`.
    pub path: String,
    /// Largest file, in bytes.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
}

/// A watched folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderSource {
    /// Path pattern of incoming files below the configuration directory, as for `file`.
    pub path: String,
    /// Folder below the configuration directory that keeps what was taken in.
    pub archive: String,
    /// Largest file, in bytes.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
}

/// An HTTP request. `{yyyy}`, `{mm}`, `{dd}`, `{yyyymm}`, `{yyyymmdd}`, `{q}` and `{env:NAME}` are filled in everywhere.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSource {
    /// Address, `http` or `https`.
    pub url: String,
    /// What is asked for.
    #[serde(default)]
    pub method: Method,
    /// Body of a POST.
    #[serde(default)]
    pub body: Option<String>,
    /// Headers to send.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How to prove who asks.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// How an answer of several pages goes on.
    #[serde(default)]
    pub paging: Option<Paging>,
    /// Ask for the last period that has ended instead of the running day.
    #[serde(default)]
    pub previous: Option<gapwatch_model::PeriodKind>,
    /// Hosts on loopback, link-local or private addresses that may be asked all the same.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Longest wait for one answer, in seconds.
    #[serde(default = "timeout_secs")]
    pub timeout_secs: u64,
    /// Tries after the first one failed.
    #[serde(default = "retries")]
    pub retries: u32,
    /// First wait before another try, in milliseconds; doubled each time.
    #[serde(default = "backoff_ms")]
    pub backoff_ms: u64,
    /// Redirects followed.
    #[serde(default = "redirects")]
    pub redirects: u32,
    /// Largest answer after decompression, all pages together, in bytes.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
}

/// How to prove who asks. Secrets are names of environment variables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer {
        /// Environment variable of the token.
        token_env: String,
    },
    /// `OAuth2` client credentials: a token is asked for first.
    Oauth2 {
        /// Where the token is asked for.
        token_url: String,
        /// Environment variable of the client's id.
        client_id_env: String,
        /// Environment variable of the client's secret.
        client_secret_env: String,
        /// Scope to ask for.
        #[serde(default)]
        scope: Option<String>,
    },
}

/// How an answer of several pages goes on. The pages' documents are joined one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// `{page}` in URL or body counts up until a page has no records.
    Page {
        /// Number of the first page.
        #[serde(default = "first_page")]
        first: u32,
        /// Most pages asked for.
        #[serde(default = "max_pages")]
        max_pages: u32,
    },
    /// `{offset}` in URL or body grows by the number of records until a page has none.
    Offset {
        /// Most pages asked for.
        #[serde(default = "max_pages")]
        max_pages: u32,
    },
    /// The answer names the next page's address (absolute or relative); absent, null or empty ends.
    Next {
        /// JSON Pointer to the address.
        pointer: String,
        /// Most pages asked for.
        #[serde(default = "max_pages")]
        max_pages: u32,
    },
}

/// When a collector runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `minute hour day-of-month month day-of-week`, or six fields with seconds before. Week days by name: `Mon-Fri`.
    pub cron: String,
    /// `Asia/Ho_Chi_Minh` or an offset such as `+07:00`.
    #[serde(default = "time_zone")]
    pub time_zone: String,
    /// Upper bound of a delay that is always the same for one planned time, in seconds.
    #[serde(default)]
    pub collection_jitter_secs: u32,
    /// Fixed delay after the planned time, in seconds.
    #[serde(default)]
    pub collection_offset_secs: u32,
    /// What is done about runs missed while the program was down.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// Does not run by itself for now.
    #[serde(default)]
    pub paused: bool,
}

/// What is done about runs missed while the program was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// They are recorded as skipped.
    Skip,
    /// The last one is made up for, the others are recorded as skipped.
    #[default]
    Once,
    /// Each is made up for, in order.
    All,
}

fn max_bytes() -> u64 {
    64 << 20
}
fn timeout_secs() -> u64 {
    30
}
fn retries() -> u32 {
    3
}
fn backoff_ms() -> u64 {
    500
}
fn redirects() -> u32 {
    5
}
fn first_page() -> u32 {
    1
}
fn max_pages() -> u32 {
    1000
}
fn time_zone() -> String {
    "Asia/Ho_Chi_Minh".to_owned()
}
