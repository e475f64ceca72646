//! TOML text → [`CollectorConfig`], key by key: what cannot be read is noted, taken out, and the rest is read again, so
//! that one problem does not hide another.

use gapwatch_model::{CollectorName, Evidence};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{CollectorConfig, Column, Contract, Format, Problem, Source};

impl CollectorConfig {
    /// Reads the text of `collectors/<name>.toml`.
    ///
    /// # Errors
    /// Every unknown key, missing key, value of the wrong shape and contradiction, each with its key.
    pub fn parse(name: &str, toml_text: &str) -> Result<Self, Vec<Problem>> {
        match Self::read(name, toml_text) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(problems),
        }
    }

    /// Reads the text and gives what is left of it without the problems, so that the rest can be checked, too.
    #[must_use]
    pub fn read(name: &str, toml_text: &str) -> (Option<Self>, Vec<Problem>) {
        let table = match toml_text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                let before = error.span().and_then(|span| toml_text.get(..span.start)).unwrap_or_default();
                let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
                return (None, vec![problem(&format!("line {line}"), error.message())]);
            }
        };
        let mut keys = Keys { table, problems: Vec::new() };
        let title = keys.needed("title");
        let title_en = keys.optional("title_en");
        let publisher = keys.optional("publisher");
        let evidence = keys.optional("evidence").unwrap_or(Evidence::Claimed);
        let method = keys.optional("method");
        let province = keys.optional("province");
        let level = keys.optional("level");
        let unknown_places = keys.optional("unknown_places").unwrap_or_default();
        let source = keys.source();
        let schedule = keys.optional("schedule");
        let format = keys.format();
        let period = keys.optional("period").unwrap_or_default();
        let columns = keys.columns();
        let contract = keys.optional("contract").unwrap_or(Contract::NONE);
        let reporting = keys.optional("reporting").unwrap_or_default();
        keys.refuse_the_rest();
        let mut problems = keys.problems;
        let (Some(title), Some(source), Some(format)) = (title, source, format) else {
            return (None, problems);
        };
        let config = Self {
            name: CollectorName::new(name),
            title,
            title_en,
            publisher,
            evidence,
            method,
            province,
            level,
            unknown_places,
            source,
            schedule,
            format,
            period,
            columns,
            contract,
            reporting,
        };
        // What is left of a file may contradict itself only because of what was taken out.
        if problems.is_empty() {
            problems = config.check_alone();
        }
        (Some(config), problems)
    }
}

/// What is left of the file's keys, and what was wrong with those taken.
struct Keys {
    table: Table,
    problems: Vec<Problem>,
}

impl Keys {
    fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        self.take(key, value)
    }

    fn needed<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.problems.push(problem(key, "missing, but needed"));
        }
        self.optional(key)
    }

    fn source(&mut self) -> Option<Source> {
        let (kind, rest) = self.kind("source")?;
        match kind.as_str() {
            "file" => self.take("source", rest).map(Source::File),
            "folder" => self.take("source", rest).map(Source::Folder),
            "http" => self.take("source", rest).map(Source::Http),
            "push" => self.take("source", rest).map(|NoKeys {}| Source::Push),
            _ => self.no_kind("source", &kind, "file, folder, http or push"),
        }
    }

    fn format(&mut self) -> Option<Format> {
        let (kind, rest) = self.kind("format")?;
        match kind.as_str() {
            "table" => self.take("format", rest).map(Format::Table),
            "json" => self.take("format", rest).map(Format::Json),
            "portal766" => self.take("format", rest).map(Format::Portal766),
            "opencellid" => self.take("format", rest).map(Format::Opencellid),
            "ookla" => self.take("format", rest).map(Format::Ookla),
            "ispeed" => self.take("format", rest).map(Format::Ispeed),
            _ => self.no_kind("format", &kind, "table, json, portal766, opencellid, ookla or ispeed"),
        }
    }

    /// The kind of a table, and the table without it.
    fn kind(&mut self, key: &str) -> Option<(String, Value)> {
        let mut table: Table = self.needed(key)?;
        match table.remove("kind") {
            Some(Value::String(kind)) => Some((kind, Value::Table(table))),
            Some(other) => self.no_kind(key, &other.to_string(), "a text"),
            None => {
                self.problems.push(problem(&format!("{key}.kind"), "missing, but needed"));
                None
            }
        }
    }

    fn no_kind<T>(&mut self, key: &str, kind: &str, expected: &str) -> Option<T> {
        let message = format!("`{kind}` is no kind of {key}, expected {expected}");
        self.problems.push(problem(&format!("{key}.kind"), &message));
        None
    }

    fn columns(&mut self) -> Vec<Column> {
        match self.table.remove("columns") {
            None => Vec::new(),
            Some(Value::Array(tables)) => {
                let mut read = |(index, table)| self.take(&format!("columns[{index}]"), table);
                // One that cannot be read keeps its place, so that the others keep their numbers.
                tables.into_iter().enumerate().map(|column| read(column).unwrap_or_default()).collect()
            }
            Some(_) => {
                self.problems.push(problem("columns", "expected `[[columns]]` tables"));
                Vec::new()
            }
        }
    }

    /// Reads a value, noting every problem in it. Given is what is left without them.
    fn take<T: DeserializeOwned>(&mut self, key: &str, mut value: Value) -> Option<T> {
        let mut taken_out = Vec::new();
        loop {
            let error = match serde_path_to_error::deserialize::<_, T>(value.clone()) {
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let path: Vec<String> =
                error.path().iter().map(ToString::to_string).filter(|part| part != "?").collect();
            let message = error.inner().message().trim().replace('\n', " ");
            // A key that was taken out as wrong is not missing.
            let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
            let gone = |name: &str| {
                let mut parts = path.clone();
                parts.push(name.to_owned());
                taken_out.contains(&parts)
            };
            if !missing.is_some_and(gone) {
                let full: Vec<&str> = std::iter::once(key).chain(path.iter().map(String::as_str)).collect();
                self.problems.push(problem(&full.join("."), &message));
            }
            if !remove(&mut value, &path) {
                return None;
            }
            taken_out.push(path);
        }
    }

    fn refuse_the_rest(&mut self) {
        for key in self.table.keys() {
            self.problems.push(problem(key, "unknown key"));
        }
    }
}

/// A table that says nothing.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoKeys {}

/// Takes the value at the path out. False when it is not there or is no key of a table.
fn remove(value: &mut Value, path: &[String]) -> bool {
    match path {
        [] => false,
        [last] => value.as_table_mut().is_some_and(|table| table.remove(last).is_some()),
        [first, rest @ ..] => value.get_mut(first.as_str()).is_some_and(|inner| remove(inner, rest)),
    }
}

fn problem(key: &str, message: &str) -> Problem {
    Problem { key: key.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::CollectorConfig;

    fn keys(text: &str) -> Vec<String> {
        CollectorConfig::parse("x", text).unwrap_err().into_iter().map(|problem| problem.key).collect()
    }

    /// The examples of the manual are read by the program, so that they stay true.
    #[test]
    fn every_example_of_the_manual_is_good() {
        let manual = include_str!("../../../docs/ADDING.md");
        let examples: Vec<&str> = manual
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .filter(|text| text.contains("[source]"))
            .collect();
        assert!(examples.len() >= 5, "{}", examples.len());
        for example in examples {
            let read = CollectorConfig::parse("example", example);
            assert!(read.is_ok(), "{read:?}\n{example}");
        }
    }

    #[test]
    fn problems_of_all_sections_are_said_at_once() {
        let text = "
            title = 1
            colour = \"red\"
            [source]
            kind = \"http\"
            url = 5
            retry = 3
            retries = \"many\"
            [source.auth]
            kind = \"basic\"
            [schedule]
            cron = \"0 0 * * *\"
            zone = \"x\"
            paused = 1
            [format]
            kind = \"table\"
            sheet = \"a\"
            delimiter = \"long\"
            [[columns]]
            is = \"commune\"
            part = \"half\"
            [[columns]]
            indicator = \"x\"
            blank = \"never\"
        ";
        let expected = [
            "title",
            "source.auth.kind",
            "source.retries",
            "source.retry",
            "source.url",
            "schedule.paused",
            "schedule.zone",
            "format.delimiter",
            "format.sheet",
            "columns[0].is",
            "columns[0].part",
            "columns[1].blank",
            "colour",
        ];
        assert_eq!(keys(text), expected);
        assert_eq!(
            keys("title = \"t\"\n[source]\nkind = \"fax\"\n[format]\n"),
            ["source.kind", "format.kind"]
        );
        let push = "title = \"t\"\n[source]\nkind = \"push\"\nurl = \"x\"\n[format]\nkind = \"portal766\"\n";
        assert_eq!(keys(push), ["source.url"]);
        assert_eq!(keys("title = \"t\"\n\nlevel =\n"), ["line 3"]);
    }

    #[test]
    fn what_contradicts_itself_is_said_by_key() {
        let good = "title = \"t\"\n[source]\nkind = \"file\"\npath = \"PATH\"\n[format]\nkind = \"table\"\n";
        let column = "[[columns]]\nheadings = [\"a\"]\nis = \"commune_name\"\n";
        let check = |text: String, expected: &[&str]| assert_eq!(keys(&text), expected, "{text}");
        check(good.to_owned(), &["columns"]);
        check(format!("{good}{column}{column}"), &["columns[1].is"]);
        check(format!("{good}{column}indicator = \"x\"\n"), &["columns[0]"]);
        check(format!("{good}{column}").replace("PATH", "../a.csv"), &["source.path"]);
        check(format!("{good}{column}").replace("PATH", "{day}.csv"), &["source.path"]);
        check(format!("{good}delimiter = \"；\"\n{column}"), &["format.delimiter"]);
        check(format!("{good}delimiter = \"\\\"\"\n{column}"), &["format.delimiter"]);
        check(format!("{good}{column}[schedule]\ncron = \"daily\"\n"), &["schedule"]);
        check(format!("{good}[[columns]]\nheadings = [\"a\"]\nis = \"value\"\n"), &["columns"]);
    }
}
