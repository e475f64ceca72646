//! Judges a collector's file: what cannot work is said before anything runs, by key.

use std::collections::BTreeSet;

use gapwatch_model::{Evidence, IndicatorSet, ValueKind};

use super::{Auth, CollectorConfig, Column, Format, Paging, Problem, Role, Source, ValuePart};
use crate::{pattern, records::RecordPath, schedule::Plan};

impl CollectorConfig {
    /// Every indicator that is not declared or does not fit the column that names it.
    #[must_use]
    pub fn check(&self, indicators: &IndicatorSet) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let Some(id) = &column.indicator else { continue };
            let key = format!("columns[{index}].indicator");
            let Some(indicator) = indicators.get(id) else {
                problems.push(problem(&key, &format!("`{id}` is not in indicators.toml")));
                continue;
            };
            if indicator.formula.is_some() {
                problems
                    .push(problem(&key, &format!("`{id}` has a formula, expected one that is collected")));
            }
            let counts = matches!(column.part, ValuePart::Numerator | ValuePart::Denominator);
            if counts && indicator.value != ValueKind::Ratio {
                let key = format!("columns[{index}].part");
                problems.push(problem(&key, &format!("`{id}` is no ratio, expected part = \"whole\"")));
            }
        }
        for id in self.ready_made_indicators() {
            if indicators.get(&id).is_none() {
                problems.push(problem("format.kind", &format!("`{id}` is not in indicators.toml")));
            }
        }
        problems
    }

    /// Names of the environment variables this collector needs.
    #[must_use]
    pub fn secret_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        if let Source::Http(http) = &self.source {
            let texts =
                [Some(&http.url), http.body.as_ref()].into_iter().flatten().chain(http.headers.values());
            names.extend(texts.flat_map(|text| pattern::env_names(text)));
            match &http.auth {
                Some(Auth::Bearer { token_env }) => names.extend([token_env.clone()]),
                Some(Auth::Oauth2 { token_url, client_id_env, client_secret_env, .. }) => {
                    names.extend(pattern::env_names(token_url));
                    names.extend([client_id_env.clone(), client_secret_env.clone()]);
                }
                None => {}
            }
        }
        names
    }

    /// What is wrong whatever the indicators are.
    pub(super) fn check_alone(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(schedule) = &self.schedule {
            problems.extend(Plan::new(schedule).err().map(|error| problem("schedule", &error.to_string())));
        }
        self.check_source(&mut problems);
        self.check_columns(&mut problems);
        if let Format::Table(format) = &self.format
            && let Some(sign) = format.delimiter
            && (!sign.is_ascii() || sign.is_alphanumeric() || matches!(sign, '"' | '\n' | '\r'))
        {
            let message =
                format!("{sign:?} cannot stand between cells, expected one sign such as `;`, `,` or `\\t`");
            problems.push(problem("format.delimiter", &message));
        }
        if self.evidence == Evidence::Crowd && self.columns.iter().any(|c| c.blank != super::Blank::Missing) {
            problems.push(problem("evidence", "`crowd` says presence only, expected no column with `blank`"));
        }
        problems
    }

    fn check_source(&self, problems: &mut Vec<Problem>) {
        match &self.source {
            Source::File(file) => problems.extend(path_problem("source.path", &file.path)),
            Source::Folder(folder) => {
                problems.extend(path_problem("source.path", &folder.path));
                problems.extend(path_problem("source.archive", &folder.archive));
            }
            Source::Http(http) => {
                if !(http.url.starts_with("http://")
                    || http.url.starts_with("https://")
                    || http.url.starts_with('{'))
                {
                    let message = format!("`{}` is no address, expected http:// or https://", http.url);
                    problems.push(problem("source.url", &message));
                }
                for (key, text) in [("source.url", Some(&http.url)), ("source.body", http.body.as_ref())] {
                    problems.extend(text.and_then(|text| pattern::unknown_placeholder(text)).map(|name| {
                        problem(key, &format!("`{{{name}}}` is no placeholder, expected {}", pattern::NAMES))
                    }));
                }
                let holder = match http.paging {
                    Some(Paging::Page { .. }) => Some("{page}"),
                    Some(Paging::Offset { .. }) => Some("{offset}"),
                    _ => None,
                };
                let texts = [Some(&http.url), http.body.as_ref()];
                if let Some(holder) = holder
                    && !texts.into_iter().flatten().any(|text| text.contains(holder))
                {
                    problems
                        .push(problem("source.paging", &format!("`{holder}` is in neither url nor body")));
                }
                if http.timeout_secs == 0 {
                    problems.push(problem("source.timeout_secs", "`0` leaves no time, expected 1 or more"));
                }
            }
            Source::Push => {
                if self.schedule.is_some() {
                    problems.push(problem(
                        "schedule",
                        "a pushed source has nothing to fetch, expected no schedule",
                    ));
                }
            }
        }
    }

    fn check_columns(&self, problems: &mut Vec<Problem>) {
        let ready_made = !matches!(self.format, Format::Table(_) | Format::Json(_));
        if ready_made && !self.columns.is_empty() {
            problems.push(problem("columns", "the format brings its own columns, expected none"));
        }
        if !ready_made && self.columns.is_empty() && !matches!(self.source, Source::Push) {
            problems.push(problem("columns", "missing, but needed"));
        }
        if let Format::Json(json) = &self.format
            && let Err(message) = RecordPath::parse(&json.records)
        {
            problems.push(problem("format.records", &message));
        }
        let mut roles = BTreeSet::new();
        let mut values = BTreeSet::new();
        for (index, column) in self.columns.iter().enumerate() {
            let key = format!("columns[{index}]");
            if column.headings.iter().all(|heading| heading.trim().is_empty()) {
                problems.push(problem(&format!("{key}.headings"), "expected at least one heading"));
            }
            match (&column.is, &column.indicator) {
                (Some(role), None) => {
                    if !matches!(role, Role::Ignored) && !roles.insert(*role) {
                        problems.push(problem(&format!("{key}.is"), "another column says the same"));
                    }
                }
                (None, Some(id)) => {
                    if !values.insert((id, column.part_order(), column.dimension_key())) {
                        let message = "another column has the same indicator, part and dimensions";
                        problems.push(problem(&format!("{key}.indicator"), message));
                    }
                }
                _ => problems.push(problem(&key, "expected either `is` or `indicator`")),
            }
            if let Some(scale) = column.scale
                && !(scale.is_finite() && scale > 0.0)
            {
                problems.push(problem(
                    &format!("{key}.scale"),
                    &format!("`{scale}` is no scale, expected above 0"),
                ));
            }
        }
        let long = [Role::Value, Role::Numerator, Role::Denominator].iter().any(|role| roles.contains(role));
        if long && !roles.contains(&Role::Indicator) {
            problems.push(problem("columns", "a `value` column needs an `indicator` column beside it"));
        }
    }

    fn ready_made_indicators(&self) -> Vec<String> {
        let speeds = |site: &str, service: super::Service| {
            let service = match service {
                super::Service::Mobile => "mobile",
                super::Service::Fixed => "fixed",
            };
            vec![format!("{site}.{service}_download"), format!("{site}.{service}_upload")]
        };
        match &self.format {
            Format::Table(_) | Format::Json(_) => Vec::new(),
            Format::Portal766(_) => {
                crate::kinds::portal766::INDICATORS.iter().map(|id| (*id).to_owned()).collect()
            }
            Format::Opencellid(_) => vec![crate::kinds::cells::INDICATOR.to_owned()],
            Format::Ookla(ookla) => speeds("ookla", ookla.service),
            Format::Ispeed(ispeed) => speeds("ispeed", ispeed.service),
        }
    }
}

impl Column {
    fn part_order(&self) -> u8 {
        match self.part {
            ValuePart::Whole => 0,
            ValuePart::Numerator => 1,
            ValuePart::Denominator => 2,
            ValuePart::Samples => 3,
        }
    }

    fn dimension_key(&self) -> [&Option<String>; 4] {
        [&self.operator, &self.technology, &self.measuring_point, &self.organisation]
    }
}

fn path_problem(key: &str, path: &str) -> Option<Problem> {
    let outside = path.starts_with('/') || path.contains('\\') || path.split('/').any(|part| part == "..");
    if path.trim().is_empty() || outside {
        return Some(problem(
            key,
            &format!("`{path}` leaves the configuration directory, expected a path below it"),
        ));
    }
    let name = pattern::unknown_placeholder(path)?;
    Some(problem(key, &format!("`{{{name}}}` is no placeholder, expected {}", pattern::NAMES)))
}

fn problem(key: &str, message: &str) -> Problem {
    Problem { key: key.to_owned(), message: message.to_owned() }
}
