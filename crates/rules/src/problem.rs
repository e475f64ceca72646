//! Faults of configuration: each with its key, all of them at once.
//!
//! A table is read until nothing in it is wrong: a key that cannot be read is noted, taken out, and the rest is read
//! again, so one fault never hides another.

use std::fmt;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// One fault of a configuration file. The file is known to whoever read it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The key in the file, with points between its parts: `rules.village-no-signal.when`.
    pub key: String,
    /// What is wrong and what was expected: lower case, no full stop.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Reads a whole file into its tables. Days written without quotes are taken like those with.
pub(crate) fn read_file(text: &str, problems: &mut Vec<Problem>) -> Option<Table> {
    match text.parse::<Table>() {
        Ok(mut table) => {
            table.iter_mut().for_each(|(_, value)| plain_dates(value));
            Some(table)
        }
        Err(error) => {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(0, |before| before.bytes().filter(|byte| *byte == b'\n').count() + 1);
            problems.push(Problem::new(format!("line {line}"), one_line(error.message())));
            None
        }
    }
}

fn plain_dates(value: &mut Value) {
    match value {
        Value::Datetime(moment) => *value = Value::String(moment.to_string()),
        Value::Array(items) => items.iter_mut().for_each(plain_dates),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| plain_dates(value)),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {}
    }
}

/// Reads one table of a configuration file, noting every fault in it under the key of the table. Given is what is left
/// without the faulty keys, `None` where that is not enough.
pub fn read_table<T: DeserializeOwned>(key: &str, table: Table, problems: &mut Vec<Problem>) -> Option<T> {
    let mut rest = Value::Table(table);
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(rest.clone()) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let path: Vec<String> =
            error.path().iter().map(ToString::to_string).filter(|part| part != "?").collect();
        let full = std::iter::once(key.to_owned()).chain(path.iter().cloned());
        let full: Vec<_> = full.filter(|part| !part.is_empty()).collect();
        let (full, message) = (full.join("."), one_line(error.inner().message()));
        // A key that was just taken out as wrong is not missing.
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let taken_out = |key: &str| problems.iter().any(|p| p.key == format!("{full}.{key}"));
        if !missing.is_some_and(taken_out) {
            problems.push(Problem::new(full, message));
        }
        if !remove(&mut rest, &path) {
            return None;
        }
    }
}

/// Takes the value at the path out. False when it is not there or is no key of a table.
fn remove(value: &mut Value, path: &[String]) -> bool {
    match path {
        [] => false,
        [last] => value.as_table_mut().is_some_and(|table| table.remove(last).is_some()),
        [first, rest @ ..] => value.get_mut(first.as_str()).is_some_and(|inner| remove(inner, rest)),
    }
}

fn one_line(message: &str) -> String {
    message.trim().replace('\n', ", ")
}
