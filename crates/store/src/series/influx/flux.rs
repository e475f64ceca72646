//! Questions in Flux. Sums are made by the server; every answer comes as one table of text columns with known names, so
//! that reading it depends on no type the server chooses.

use chrono::{Days, NaiveDate};
use gapwatch_model::PlaceIx;

use super::line::{NOW, encode};
use crate::series::Query;

/// Which revisions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revisions {
    /// What stands.
    Standing,
    /// Everything that was said.
    All,
}

/// Which places a question names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every place anything was said of.
    All,
    /// These alone.
    Only(Vec<PlaceIx>),
    /// All but these.
    Except(Vec<PlaceIx>),
    /// More than can be named: the answer is sifted here.
    Sifted,
}

/// The first day of Unix time. Up to 2.7.7 a server takes a range that ends at or before it for one without an end, and a
/// range that begins at or before it for one without a beginning, unless it picks the first or last point by itself.
pub(crate) const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();

/// The days to ask for where these are wanted: ranges end after [`EPOCH`]. Whoever asks leaves out what was not wanted.
pub(crate) fn asked((from, to): (NaiveDate, NaiveDate)) -> (NaiveDate, NaiveDate) {
    (from, to.max(EPOCH))
}

/// Observations of days `from..=to` in one block of places.
pub(crate) fn observations(
    bucket: &str,
    query: &Query,
    scope: &Scope,
    block: u32,
    days: (NaiveDate, NaiveDate),
    revisions: Revisions,
) -> String {
    format!("{}{RECORDS}", source(bucket, query, scope, Some(block), days, revisions))
}

/// The newest observation of each series in one block of places.
pub(crate) fn latest(
    bucket: &str,
    query: &Query,
    scope: &Scope,
    block: u32,
    days: (NaiveDate, NaiveDate),
) -> String {
    format!("{}  |> last()\n{RECORDS}", source(bucket, query, scope, Some(block), days, Revisions::Standing))
}

/// Sums and counts per stream and period of what stands.
pub(crate) fn summary(
    bucket: &str,
    query: &Query,
    scope: &Scope,
    days: (NaiveDate, NaiveDate),
    cuts: &[f64],
) -> String {
    let classes = 0..=cuts.len();
    let start: String = classes.clone().map(|class| format!(", c{class}: 0")).collect();
    let texts: String = classes.clone().map(|class| format!(", c{class}: string(v: r.c{class})")).collect();
    let count = |class: usize| {
        let above = class
            .checked_sub(1)
            .and_then(|below| cuts.get(below))
            .map(|cut| format!("amount >= {}", float(*cut)));
        let below = cuts.get(class).map(|cut| format!("amount < {}", float(*cut)));
        let within: Vec<String> = above.into_iter().chain(below).collect();
        let within = if within.is_empty() { "true".to_owned() } else { within.join(" and ") };
        format!(", c{class}: accumulator.c{class} + (if has and ({within}) then 1 else 0)")
    };
    let counts: String = classes.map(count).collect();
    format!(
        "{}{VALUES}{PIVOT}  |> group(columns: [\"_time\", \"kind\", \"source\", \"evidence\", \"operator\", \"technology\", \"measuring_point\", \"organisation\"])\n  \
         |> reduce(identity: {{n: 0, sum: 0.0, r: 0, num: 0.0, den: 0.0, none: 0{start}}}, fn: (r, accumulator) => {{\n    \
         has = r.ratio == 0 or r.d != 0.0\n    \
         amount = if r.ratio == 0 then r.v else if r.d != 0.0 then r.v / r.d * 100.0 else 0.0\n    \
         return {{\n      \
         n: accumulator.n + (if r.ratio == 0 then 1 else 0), sum: accumulator.sum + (if r.ratio == 0 then r.v else 0.0),\n      \
         r: accumulator.r + (if r.ratio == 0 then 0 else 1), num: accumulator.num + (if r.ratio == 0 then 0.0 else r.v),\n      \
         den: accumulator.den + (if r.ratio == 0 then 0.0 else r.d), none: accumulator.none + (if has then 0 else 1){counts}}}\n  }})\n  \
         |> group()\n  \
         |> map(fn: (r) => ({{t: string(v: r._time), kind: r.kind, source: r.source, evidence: r.evidence{DIMENSIONS}, \
         n: string(v: r.n), sum: string(v: r.sum), r: string(v: r.r), num: string(v: r.num), den: string(v: r.den), none: string(v: r.none){texts}}}))\n",
        source(bucket, query, scope, None, days, Revisions::Standing)
    )
}

/// First (or last) time there is anything of the indicator.
pub(crate) fn edge(bucket: &str, query: &Query, last: bool) -> String {
    let (pick, order) = if last { ("last", ", desc: true") } else { ("first", "") };
    format!(
        "from(bucket: \"{}\")\n  |> range(start: 1678-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)\n  \
         |> filter(fn: (r) => r._measurement == \"{}\" and r._field == \"row\")\n  |> {pick}()\n  |> group()\n  \
         |> sort(columns: [\"_time\"]{order})\n  |> limit(n: 1)\n  |> map(fn: (r) => ({{t: string(v: r._time)}}))\n",
        text(bucket),
        encode(query.indicator.as_str())
    )
}

/// Names of all measurements.
pub(crate) fn measurements(bucket: &str) -> String {
    format!(
        "import \"influxdata/influxdb/schema\"\nschema.measurements(bucket: \"{}\", start: 1678-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)\n",
        text(bucket)
    )
}

const DIMENSIONS: &str = ", operator: if exists r.operator then r.operator else \"\", \
     technology: if exists r.technology then r.technology else \"\", \
     measuring_point: if exists r.measuring_point then r.measuring_point else \"\", \
     organisation: if exists r.organisation then r.organisation else \"\"";

const VALUES: &str =
    "  |> filter(fn: (r) => r._field == \"ratio\" or r._field == \"v\" or r._field == \"d\")\n";

const PIVOT: &str = "  |> pivot(rowKey: [\"_time\"], columnKey: [\"_field\"], valueColumn: \"_value\")\n";

const RECORDS: &str = "  |> pivot(rowKey: [\"_time\"], columnKey: [\"_field\"], valueColumn: \"_value\")\n  \
     |> group()\n  \
     |> map(fn: (r) => ({t: string(v: r._time), kind: r.kind, source: r.source, evidence: r.evidence, place: r.place, rev: r.rev, \
     operator: if exists r.operator then r.operator else \"\", \
     technology: if exists r.technology then r.technology else \"\", \
     measuring_point: if exists r.measuring_point then r.measuring_point else \"\", \
     organisation: if exists r.organisation then r.organisation else \"\", \
     ratio: string(v: r.ratio), v: string(v: r.v), d: string(v: r.d), q: string(v: r.q), s: string(v: r.s), pl: string(v: r.pl), \
     row: string(v: r.row), run: string(v: r.run), at: string(v: r.at), off: string(v: r.off), hm: string(v: r.hm), m: r.m}))\n";

fn source(
    bucket: &str,
    query: &Query,
    scope: &Scope,
    block: Option<u32>,
    (from, to): (NaiveDate, NaiveDate),
    revisions: Revisions,
) -> String {
    let stop = to.checked_add_days(Days::new(1)).unwrap_or(to);
    let mut out = format!(
        "from(bucket: \"{}\")\n  |> range(start: {from}T00:00:00Z, stop: {stop}T00:00:00Z)\n  \
         |> filter(fn: (r) => r._measurement == \"{}\")\n",
        text(bucket),
        encode(query.indicator.as_str())
    );
    let mut any = |tag: &str, values: &mut dyn Iterator<Item = String>| {
        let tests: Vec<String> = values.map(|value| format!("r.{tag} == \"{value}\"")).collect();
        out += &format!("  |> filter(fn: (r) => {})\n", tests.join(" or "));
    };
    if revisions == Revisions::Standing {
        any("rev", &mut std::iter::once(NOW.to_owned()));
    }
    if let Some(block) = block {
        any("block", &mut std::iter::once(block.to_string()));
    }
    if let Some(sources) = &query.sources {
        any("source", &mut sources.iter().map(|source| encode(source.as_str())));
    }
    if let Some(evidence) = &query.evidence {
        any("evidence", &mut evidence.iter().map(|evidence| evidence.as_str().to_owned()));
    }
    match scope {
        Scope::Only(places) => any("place", &mut places.iter().map(|place| place.0.to_string())),
        Scope::Except(places) => {
            let tests: Vec<_> = places.iter().map(|place| format!("r.place != \"{}\"", place.0)).collect();
            out += &format!("  |> filter(fn: (r) => {})\n", tests.join(" and "));
        }
        Scope::All | Scope::Sifted => {}
    }
    if let Some(dimensions) = &query.dimensions {
        for (tag, value) in [
            ("operator", &dimensions.operator),
            ("technology", &dimensions.technology),
            ("measuring_point", &dimensions.measuring_point),
            ("organisation", &dimensions.organisation),
        ] {
            out += &match value {
                Some(value) => format!("  |> filter(fn: (r) => r.{tag} == \"{}\")\n", encode(value)),
                None => format!("  |> filter(fn: (r) => not exists r.{tag})\n"),
            };
        }
    }
    out
}

/// A name inside quotes. A dollar alone is itself: only `${` means something, and `\$` alone is no escape.
fn text(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${")
}

/// A number that Flux takes for a float.
fn float(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

#[cfg(test)]
mod tests {
    use super::{Revisions, Scope, latest, measurements, observations, summary};
    use crate::series::Query;
    use gapwatch_model::{Dimensions, Evidence, PlaceIx};

    fn query() -> Query {
        Query {
            sources: Some(vec!["a\"b".into()]),
            evidence: Some(vec![Evidence::Claimed, Evidence::Measured]),
            dimensions: Some(Dimensions { operator: Some("Viettel".into()), ..Dimensions::default() }),
            ..Query::new("hh.fibre_subscribed".into())
        }
    }

    #[test]
    fn filters_are_pushed_to_the_server_and_text_cannot_break_out() {
        let days = ("2024-01-01".parse().unwrap(), "2024-12-31".parse().unwrap());
        let two = Scope::Only(vec![PlaceIx(4), PlaceIx(9)]);
        let flux = observations("b\"} ${x}", &query(), &two, 3, days, Revisions::Standing);
        for line in [
            "from(bucket: \"b\\\"} \\${x}\")",
            "  |> range(start: 2024-01-01T00:00:00Z, stop: 2025-01-01T00:00:00Z)",
            "  |> filter(fn: (r) => r._measurement == \"hh.fibre_subscribed\")",
            "  |> filter(fn: (r) => r.rev == \"now\")",
            "  |> filter(fn: (r) => r.block == \"3\")",
            "  |> filter(fn: (r) => r.source == \"a%22b\")",
            "  |> filter(fn: (r) => r.evidence == \"claimed\" or r.evidence == \"measured\")",
            "  |> filter(fn: (r) => r.place == \"4\" or r.place == \"9\")",
            "  |> filter(fn: (r) => r.operator == \"Viettel\")",
            "  |> filter(fn: (r) => not exists r.technology)",
        ] {
            assert!(flux.lines().any(|found| found == line), "`{line}` is not in\n{flux}");
        }
        let dollar = observations("a$b", &query(), &Scope::All, 3, days, Revisions::Standing);
        assert!(dollar.starts_with("from(bucket: \"a$b\")"), "a dollar alone is no escape: {dollar}");
        assert!(!observations("b", &query(), &two, 3, days, Revisions::All).contains("r.rev =="));
        assert!(latest("b", &query(), &two, 3, days).contains("|> last()\n  |> pivot"));
        let but_two = Scope::Except(vec![PlaceIx(4), PlaceIx(9)]);
        let flux = latest("b", &query(), &but_two, 3, days);
        assert!(flux.contains("|> filter(fn: (r) => r.place != \"4\" and r.place != \"9\")\n"), "{flux}");
        for all in [Scope::All, Scope::Sifted] {
            assert!(!latest("b", &query(), &all, 3, days).contains("filter(fn: (r) => r.place"));
        }
        assert!(measurements("b").contains("schema.measurements(bucket: \"b\""));
    }

    #[test]
    fn sums_are_made_by_the_server() {
        let days = ("2024-01-01".parse().unwrap(), "2024-12-31".parse().unwrap());
        let flux = summary("b", &query(), &Scope::All, days, &[1.0, 2.5]);
        for part in [
            "c0: accumulator.c0 + (if has and (amount < 1.0) then 1 else 0)",
            "c1: accumulator.c1 + (if has and (amount >= 1.0 and amount < 2.5) then 1 else 0)",
            "c2: accumulator.c2 + (if has and (amount >= 2.5) then 1 else 0)",
            "|> reduce(identity: {n: 0, sum: 0.0, r: 0, num: 0.0, den: 0.0, none: 0, c0: 0, c1: 0, c2: 0}",
        ] {
            assert!(flux.contains(part), "`{part}` is not in\n{flux}");
        }
        assert!(summary("b", &query(), &Scope::All, days, &[]).contains("(if has and (true) then 1 else 0)"));
    }
}
