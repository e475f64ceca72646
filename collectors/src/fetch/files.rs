//! Files of a path pattern, and folders others put files in.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::{FetchError, Known};
use crate::{
    Context, Fetched,
    config::{CollectorConfig, FolderSource, Source},
    pattern,
};

/// Most files looked at below one folder.
const MAX_FILES: usize = 100_000;
/// A file of a watched folder must not change for so long before it is taken.
const SETTLE: Duration = Duration::from_millis(200);
/// Folder inside the archive for files that are taken but not yet committed.
const TAKEN: &str = ".taken";

fn file_error(path: &str) -> impl FnOnce(std::io::Error) -> FetchError + '_ {
    move |source| FetchError::File { path: path.to_owned(), source }
}

/// Fetches the files of a pattern whose day is not after today, in order of days.
pub(super) fn fetch(
    pattern: &str,
    max_bytes: u64,
    ctx: &Context<'_>,
    previous: &(dyn Fn(&str) -> Option<Known> + Sync),
) -> Result<Vec<Fetched>, FetchError> {
    let today = ctx.now.date_naive();
    let mut found = matching(ctx.base_dir, pattern, today)?;
    found.retain(|(day, _)| *day <= today);
    let read = |(day, name): (NaiveDate, String)| read(ctx.base_dir, &name, &name, day, max_bytes, previous);
    found.into_iter().map(read).collect()
}

/// Paths that match a pattern, with their days, in order of days.
fn matching(base: &Path, pattern: &str, today: NaiveDate) -> Result<Vec<(NaiveDate, String)>, FetchError> {
    let fixed = pattern.split('/').take_while(|part| !part.contains(['*', '{'])).count();
    let parts: Vec<&str> = pattern.split('/').collect();
    if fixed == parts.len() {
        let there = base.join(pattern).is_file();
        return Ok(if there { vec![(today, pattern.to_owned())] } else { Vec::new() });
    }
    let start = parts.get(..fixed).unwrap_or_default().join("/");
    let mut names = Vec::new();
    list(base, &start, parts.len() - fixed, &mut names)?;
    let mut found: Vec<_> = names
        .into_iter()
        .filter_map(|name| Some((pattern::match_day(pattern, &name, today)?, name)))
        .collect();
    found.sort();
    Ok(found)
}

fn list(base: &Path, folder: &str, depth: usize, names: &mut Vec<String>) -> Result<(), FetchError> {
    let entries = match fs::read_dir(base.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file_error(folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(file_error(folder))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().map_err(file_error(&path))?;
        if unfinished(&name) || names.len() >= MAX_FILES {
            continue;
        }
        match (kind.is_dir(), depth) {
            (true, 2..) => list(base, &path, depth - 1, names)?,
            (false, 1) => names.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// Names of files that are hidden, locked by a program or still on their way.
fn unfinished(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || [".tmp", ".part", ".crdownload", "~"].iter().any(|end| lower.ends_with(end))
}

/// Reads one file, unless its size and time say that it is the one known before.
fn read(
    base: &Path,
    path: &str,
    name: &str,
    reported_on: NaiveDate,
    max_bytes: u64,
    previous: &(dyn Fn(&str) -> Option<Known> + Sync),
) -> Result<Fetched, FetchError> {
    let file = fs::File::open(base.join(path)).map_err(file_error(name))?;
    let version = version(&file.metadata().map_err(file_error(name))?);
    let known = previous(name);
    if let Some(Known { content_hash: Some(content_hash), etag, .. }) = &known
        && *etag == Some(version.clone())
    {
        let mut same = Fetched::given(name, Vec::new(), reported_on);
        same.content_hash.clone_from(content_hash);
        same.unchanged = true;
        same.etag = Some(version);
        return Ok(same);
    }
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(file_error(name))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(FetchError::TooLarge { what: name.to_owned(), limit: max_bytes });
    }
    let mut fetched = Fetched::given(name, bytes, reported_on);
    fetched.etag = Some(version);
    if known.and_then(|known| known.content_hash).as_ref() == Some(&fetched.content_hash) {
        fetched.unchanged = true;
        fetched.bytes = Vec::new();
    }
    Ok(fetched)
}

/// Size and time of a file as one mark.
fn version(metadata: &fs::Metadata) -> String {
    let time = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{}-{}", metadata.len(), time.map_or(0, |since| since.as_nanos()))
}

/// Takes files out of a watched folder: those that do not change for a moment are moved aside at one stroke, then read.
/// Files taken before and never committed come again.
pub(super) async fn take(
    folder: &FolderSource,
    ctx: &Context<'_>,
    previous: &(dyn Fn(&str) -> Option<Known> + Sync),
) -> Result<Vec<Fetched>, FetchError> {
    let today = ctx.now.date_naive();
    let look = || -> Result<Vec<(NaiveDate, String, Option<String>)>, FetchError> {
        let found = matching(ctx.base_dir, &folder.path, today)?;
        let version_of = |name: &str| fs::metadata(ctx.base_dir.join(name)).ok().map(|m| version(&m));
        Ok(found.into_iter().map(|(day, name)| (day, name.clone(), version_of(&name))).collect())
    };
    let before = look()?;
    if !before.is_empty() {
        tokio::time::sleep(SETTLE).await;
    }
    let taken = format!("{}/{TAKEN}", folder.archive);
    fs::create_dir_all(ctx.base_dir.join(&taken)).map_err(file_error(&taken))?;
    for (day, name, version) in look()? {
        if day <= today && before.contains(&(day, name.clone(), version)) {
            let aside = format!("{taken}/{}", name.replace('/', "%2F"));
            fs::rename(ctx.base_dir.join(&name), ctx.base_dir.join(&aside)).map_err(file_error(&name))?;
        }
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(ctx.base_dir.join(&taken)).map_err(file_error(&taken))? {
        let Ok(stored) = entry.map_err(file_error(&taken))?.file_name().into_string() else { continue };
        let name = stored.replace("%2F", "/");
        let day = pattern::match_day(&folder.path, &name, today).unwrap_or(today);
        files.push((day, name, stored));
    }
    files.sort();
    let read = |(day, name, stored): (NaiveDate, String, String)| {
        read(ctx.base_dir, &format!("{taken}/{stored}"), &name, day, folder.max_bytes, previous)
    };
    files.into_iter().map(read).collect()
}

/// Puts a committed file of a watched folder away under its content hash. Does nothing for other sources.
///
/// # Errors
/// The file cannot be moved.
pub fn archive(
    config: &CollectorConfig,
    base_dir: &Path,
    fetched: &Fetched,
) -> Result<Option<PathBuf>, FetchError> {
    let Source::Folder(folder) = &config.source else { return Ok(None) };
    let from = base_dir.join(&folder.archive).join(TAKEN).join(fetched.file.replace('/', "%2F"));
    let name = fetched.file.rsplit('/').next().unwrap_or(&fetched.file);
    let hash: String = fetched.content_hash.chars().take(16).collect();
    let to = base_dir.join(&folder.archive).join(format!("{hash}-{name}"));
    match fs::rename(&from, &to) {
        Ok(()) => Ok(Some(to)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && to.exists() => Ok(Some(to)),
        Err(error) => Err(file_error(&fetched.file)(error)),
    }
}

/// The lower-case hexadecimal SHA-256 of some bytes.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
