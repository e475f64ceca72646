//! Where records stand in a JSON document: JSON Pointer or the part of `JSONPath` that names lists.

use serde_json::Value;

/// A path to records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    All,
}

impl RecordPath {
    /// Reads a JSON Pointer (`/data/rows`, empty for the document) or a `JSONPath` of keys, indexes and `[*]` (`$.data[*].rows`).
    ///
    /// # Errors
    /// A sentence saying what was expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let steps = if let Some(path) = text.strip_prefix('$') {
            json_path(path).ok_or_else(|| {
                format!(
                    "`{text}` cannot be followed, expected keys, indexes and [*] such as `$.data[*].rows`"
                )
            })?
        } else if text.is_empty() {
            Vec::new()
        } else if let Some(path) = text.strip_prefix('/') {
            path.split('/').map(|token| Step::Key(token.replace("~1", "/").replace("~0", "~"))).collect()
        } else {
            return Err(format!(
                "`{text}` is no path, expected a JSON Pointer `/data/rows` or a JSONPath `$.data.rows`"
            ));
        };
        Ok(Self { steps })
    }

    /// The records: elements of the lists the path ends in, or the values it ends in where they are no lists.
    #[must_use]
    pub(crate) fn records<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![document];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.follow(value)).collect();
        }
        found
            .into_iter()
            .flat_map(|value| value.as_array().map_or_else(|| vec![value], |a| a.iter().collect()))
            .collect()
    }
}

impl Step {
    fn follow<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.get(key).into_iter().collect(),
            (Self::Key(key), Value::Array(list)) => {
                key.parse().ok().and_then(|i: usize| list.get(i)).into_iter().collect()
            }
            (Self::Index(index), Value::Array(list)) => list.get(*index).into_iter().collect(),
            (Self::All, Value::Array(list)) => list.iter().collect(),
            (Self::All, Value::Object(map)) => map.values().collect(),
            _ => Vec::new(),
        }
    }
}

fn json_path(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(bracket) = rest.strip_prefix('[') {
            let (inside, after) = bracket.split_once(']')?;
            let quoted = |mark| inside.strip_prefix(mark).and_then(|i: &str| i.strip_suffix(mark));
            steps.push(match (inside, quoted('\'').or(quoted('"'))) {
                ("*", _) => Step::All,
                (_, Some(key)) => Step::Key(key.to_owned()),
                (index, None) => Step::Index(index.parse().ok()?),
            });
            rest = after;
        } else {
            let name = rest.strip_prefix('.')?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (key, after) = name.split_at_checked(end)?;
            if key.is_empty() {
                return None;
            }
            steps.push(if key == "*" { Step::All } else { Step::Key(key.to_owned()) });
            rest = after;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::RecordPath;
    use serde_json::json;

    fn check(path: &str, expected: &[i64]) {
        let document = json!({"data": [{"rows": [1, 2]}, {"rows": [3]}], "a/b": {"x y": [4]}});
        let found: Vec<_> =
            RecordPath::parse(path).unwrap().records(&document).iter().filter_map(|v| v.as_i64()).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn records_are_found() {
        check("/data/0/rows", &[1, 2]);
        check("/a~1b/x y", &[4]);
        check("$.data[*].rows", &[1, 2, 3]);
        check("$.data[*].rows[*]", &[1, 2, 3]);
        check("$.data[1].rows[0]", &[3]);
        check("$['a/b']['x y']", &[4]);
        check("$.nowhere[*].rows", &[]);
        for bad in ["data", "$data", "$.data[", "$..rows", "$.data[?(@.x)]"] {
            assert!(RecordPath::parse(bad).is_err(), "{bad}");
        }
    }
}
