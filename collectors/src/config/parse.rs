//! TOML text → [`CollectorConfig`], section by section, so that one bad section does not hide the others' problems.

use gapwatch_model::{CollectorName, Evidence};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{CollectorConfig, Column, Format, Problem, Source};

impl CollectorConfig {
    /// Reads the text of `collectors/<name>.toml`.
    ///
    /// # Errors
    /// Every unknown key, missing key and value of the wrong shape, each with its key.
    pub fn parse(name: &str, toml_text: &str) -> Result<Self, Vec<Problem>> {
        let table = match toml_text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => return Err(vec![problem("", &error.to_string().replace('\n', " "))]),
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
        let source = keys.needed::<Source>("source");
        let schedule = keys.optional("schedule");
        let format = keys.needed::<Format>("format");
        let period = keys.optional("period").unwrap_or_default();
        let columns = keys.columns();
        let contract = keys.optional("contract").unwrap_or_default();
        let reporting = keys.optional("reporting").unwrap_or_default();
        keys.refuse_the_rest();
        let mut problems = keys.problems;
        if let (Some(title), Some(source), Some(format)) = (title, source, format) {
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
            if problems.is_empty() {
                problems = config.check_alone();
            }
            if problems.is_empty() {
                return Ok(config);
            }
        }
        Err(problems)
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
        self.read(key, value)
    }

    fn needed<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.problems.push(problem(key, "missing, but needed"));
        }
        self.optional(key)
    }

    fn columns(&mut self) -> Vec<Column> {
        match self.table.remove("columns") {
            None => Vec::new(),
            Some(Value::Array(tables)) => {
                let read = |(index, table)| self.read(&format!("columns[{index}]"), table);
                tables.into_iter().enumerate().filter_map(read).collect()
            }
            Some(_) => {
                self.problems.push(problem("columns", "expected `[[columns]]` tables"));
                Vec::new()
            }
        }
    }

    fn read<T: DeserializeOwned>(&mut self, key: &str, value: Value) -> Option<T> {
        match value.try_into() {
            Ok(read) => Some(read),
            Err(error) => {
                self.problems.push(problem(key, error.to_string().trim().replace('\n', " ").as_str()));
                None
            }
        }
    }

    fn refuse_the_rest(&mut self) {
        for key in self.table.keys() {
            self.problems.push(problem(key, "unknown key"));
        }
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
            kind = \"file\"
            path = \"a.csv\"
            retries = 3
            [format]
            kind = \"table\"
            sheet = \"a\"
            [[columns]]
            is = \"commune\"
            [[columns]]
            indicator = \"x\"
            blank = \"never\"
        ";
        assert_eq!(keys(text), ["title", "source", "format", "columns[0]", "columns[1]", "colour"]);
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
