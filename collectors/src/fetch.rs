//! Getting the bytes: files, watched folders, HTTP. The only asynchronous part of the room.
//!
//! One fetch may give several files, each one run. What was seen before is marked unchanged and carries no bytes.

mod files;
mod guard;
mod http;

use crate::{
    Context, Fetched,
    config::{CollectorConfig, Source},
};

pub use files::archive;

/// What is known of a file from the last run that read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its content hash.
    pub content_hash: Option<String>,
    /// The mark of its version: a server's `ETag`, or size and time of a file.
    pub etag: Option<String>,
    /// The server's `Last-Modified`.
    pub last_modified: Option<String>,
}

impl From<String> for Known {
    /// Takes a content hash.
    fn from(content_hash: String) -> Self {
        Self { content_hash: Some(content_hash), ..Self::default() }
    }
}

/// Why nothing was fetched. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file or folder cannot be read.
    #[error("cannot read `{path}`")]
    File {
        /// Path below the configuration directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// More than the collector allows.
    #[error("`{what}` is larger than {limit} bytes")]
    TooLarge {
        /// File or address.
        what: String,
        /// `max_bytes` of the collector.
        limit: u64,
    },
    /// A named environment variable is not set.
    #[error("environment variable `{0}` is not set")]
    MissingSecret(String),
    /// No address, or not one of http and https.
    #[error("`{0}` is no address, expected http or https")]
    Address(String),
    /// Loopback, link-local and private addresses are refused.
    #[error("`{host}` is a loopback, link-local or private address, expected it in `allow_hosts`")]
    PrivateHost {
        /// The host as written.
        host: String,
    },
    /// The server answered with an error.
    #[error("`{url}` answered {status}")]
    Status {
        /// Address without secrets.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// No whole answer came.
    #[error("no answer from `{url}`: {reason}")]
    Transport {
        /// Address without secrets.
        url: String,
        /// What happened: a timeout, a reset, half a body.
        reason: String,
    },
    /// The server sends us in circles.
    #[error("`{url}` redirects more than {limit} times")]
    Redirects {
        /// Address without secrets.
        url: String,
        /// `redirects` of the collector.
        limit: u32,
    },
    /// The server's answer to the request for a token, or to a page, makes no sense.
    #[error("`{url}` answered without {expected}")]
    Answer {
        /// Address without secrets.
        url: String,
        /// What should have been there.
        expected: &'static str,
    },
}

impl FetchError {
    /// What happened and what to do next, in Vietnamese, for the record of the run. Holds no secret.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::File { path, source } => {
                format!("không đọc được “{path}” ({source}); hãy kiểm tra tệp, thư mục và quyền đọc")
            }
            Self::TooLarge { what, limit } => {
                let mib = limit.div_ceil(1 << 20);
                format!(
                    "“{what}” lớn hơn mức cho phép {mib} MiB (`max_bytes`); hãy kiểm tra nguồn hoặc nâng mức"
                )
            }
            Self::MissingSecret(name) => {
                format!("chưa đặt biến môi trường `{name}`; hãy đặt rồi khởi động lại chương trình")
            }
            Self::Address(address) => format!("“{address}” không phải địa chỉ http hoặc https"),
            Self::PrivateHost { host } => {
                format!("“{host}” là địa chỉ nội bộ; nếu đúng là nguồn của mình, hãy thêm vào `allow_hosts`")
            }
            Self::Status { url, status } => {
                let advice = match status {
                    401 | 403 => "hãy kiểm tra mã truy cập của nguồn",
                    404 | 410 => "hãy hỏi bên cung cấp địa chỉ mới",
                    429 => "nguồn đang hạn chế số lần hỏi; lần sau sẽ thử lại",
                    500.. => {
                        "máy chủ của nguồn đang lỗi; lần sau sẽ thử lại, nếu kéo dài hãy báo bên cung cấp"
                    }
                    _ => "hãy kiểm tra địa chỉ và tham số của nguồn",
                };
                format!("“{url}” trả lời mã lỗi {status}; {advice}")
            }
            Self::Transport { url, reason } => {
                format!(
                    "không nhận được trả lời trọn vẹn từ “{url}” ({reason}); lần sau sẽ thử lại, nếu kéo dài hãy kiểm tra đường truyền"
                )
            }
            Self::Redirects { url, limit } => {
                format!("“{url}” chuyển hướng quá {limit} lần; hãy hỏi bên cung cấp địa chỉ đúng")
            }
            Self::Answer { url, expected } => {
                format!("câu trả lời của “{url}” không có {expected}; hãy báo bên cung cấp")
            }
        }
    }
}

/// Fetches what a collector names, as of the context's time. Nothing there is no error: the list is empty.
///
/// # Errors
/// The source cannot be read at all. Files fetched before the fault are not lost: they come again next time.
pub async fn fetch(
    config: &CollectorConfig,
    ctx: &Context<'_>,
    previous: &(dyn Fn(&str) -> Option<Known> + Sync),
) -> Result<Vec<Fetched>, FetchError> {
    match &config.source {
        Source::File(file) => files::fetch(&file.path, file.max_bytes, ctx, previous),
        Source::Folder(folder) => files::take(folder, ctx, previous).await,
        Source::Http(http) => http::fetch(config.name.as_str(), http, &config.format, ctx, previous).await,
        Source::Push => Ok(Vec::new()),
    }
}
