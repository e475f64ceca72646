//! Observations as InfluxDB line protocol, and back from the text columns our queries ask for.
//!
//! Measurement: the indicator. Tags: `source`, `evidence`, the dimensions, `place` (its slot), `block`, `kind` of the
//! period, and `rev`: `now` for what stands, a number for what stood before it. Time: midnight (UTC) of the period's last
//! day. Field `pl` is a sum of the code and first day of the place that bears the number here. Every field is always written,
//! so that a later point leaves nothing of an earlier one behind.

use std::{fmt::Write, ops::RangeInclusive};

use chrono::{DateTime, Datelike, NaiveTime};
use gapwatch_model::{
    Dimensions, Evidence, FrameKey, Head, Period, PeriodKind, PlaceIx, Point, Qualifier, RunId, Value,
};

use crate::{StoreError, db, series::embedded::mask::locate};

/// Name of what stands.
pub(crate) const NOW: &str = "now";

/// One record as our queries name its columns: all text.
pub(crate) type Columns<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

const KINDS: [(PeriodKind, &str); 6] = [
    (PeriodKind::Day, "day"),
    (PeriodKind::Week, "week"),
    (PeriodKind::Month, "month"),
    (PeriodKind::Quarter, "quarter"),
    (PeriodKind::Half, "half"),
    (PeriodKind::Year, "year"),
];
const QUALIFIERS: [Qualifier; 5] =
    [Qualifier::Exact, Qualifier::MoreThan, Qualifier::LessThan, Qualifier::Almost, Qualifier::About];
const EVIDENCE: [Evidence; 4] = [Evidence::Crowd, Evidence::Claimed, Evidence::Modelled, Evidence::Measured];

/// Years our questions reach: times of a server are nanoseconds since 1970 in 64 bits.
const YEARS: RangeInclusive<i32> = 1678..=2261;

/// Most bytes of a method's name, and of the names of a series together: a server refuses more than 65,535.
const LONGEST: usize = 60_000;

/// Says whether a server can hold what is said under this key. What it can never take would stop the queue for ever.
pub(crate) fn check(key: &FrameKey) -> Result<(), StoreError> {
    if !YEARS.contains(&key.period.end().year()) {
        return Err(StoreError::Time(key.period.to_string()));
    }
    let mut series = String::new();
    put_series(&mut series, key, PlaceIx(u32::MAX), &u64::MAX.to_string());
    let method = escaped(&encode(key.method.as_deref().unwrap_or("")), &['"']);
    for (bytes, what) in [(series.len(), "the source with its dimensions"), (method.len(), "the method")] {
        if bytes > LONGEST {
            return Err(StoreError::TooLong { what, indicator: key.indicator.clone(), bytes, most: LONGEST });
        }
    }
    Ok(())
}

/// Appends one line, with the sum of who bears the place's number.
pub(crate) fn put(
    out: &mut String,
    head: &Head,
    point: &Point,
    bearer: u32,
    rev: &str,
) -> Result<(), StoreError> {
    let key = &head.key;
    put_series(out, key, point.place, rev);
    let (ratio, first, second) = match point.value {
        Value::Number(number) => (0, number, 0.0),
        Value::Ratio { numerator, denominator } => (1, numerator, denominator),
    };
    let qualifier = QUALIFIERS.iter().position(|q| *q == point.qualifier).unwrap_or(0);
    let samples = point.samples.map_or(-1, i64::from);
    let method = encode(key.method.as_deref().unwrap_or(""));
    let has_method = i32::from(key.method.is_some());
    let (at, offset) = db::stamp(head.recorded_at)?;
    let time = key.period.end().and_time(NaiveTime::MIN).and_utc();
    let time = time.timestamp_nanos_opt().ok_or_else(|| StoreError::Time(key.period.to_string()))?;
    let written = writeln!(
        out,
        " ratio={ratio}i,v={first},d={second},q={qualifier}i,s={samples}i,pl={bearer}i,row={}i,run={}i,at={at}i,off={offset}i,hm={has_method}i,m=\"{}\" {time}",
        point.row,
        head.run.0,
        escaped(&method, &['"']),
    );
    written.map_err(|_| StoreError::TooLarge { what: "a line" })
}

/// Appends measurement and tags.
fn put_series(out: &mut String, key: &FrameKey, place: PlaceIx, rev: &str) {
    let kind = KINDS.iter().find(|(kind, _)| *kind == key.period.kind()).map_or("day", |(_, name)| name);
    *out += &escaped(&encode(key.indicator.as_str()), &[',', ' ']);
    let block = locate(place).0.to_string();
    let place = place.0.to_string();
    let mut tags = vec![
        ("block", block.as_str()),
        ("evidence", key.evidence.as_str()),
        ("kind", kind),
        ("place", place.as_str()),
        ("rev", rev),
        ("source", key.source.as_str()),
    ];
    let dimensions = &key.dimensions;
    for (name, value) in [
        ("measuring_point", &dimensions.measuring_point),
        ("operator", &dimensions.operator),
        ("organisation", &dimensions.organisation),
        ("technology", &dimensions.technology),
    ] {
        // An empty tag cannot be written: encoded, it is `%`.
        tags.extend(value.as_deref().map(|value| (name, value)));
    }
    tags.sort_unstable();
    for (name, value) in tags {
        *out += &format!(",{name}={}", escaped(&encode(value), &[',', ' ', '=']));
    }
}

/// Reads one record back: what was said, of whom, and under which `rev`.
pub(crate) fn read<'a>(indicator: &str, columns: Columns<'a>) -> Result<(Head, Point, u32, &'a str), String> {
    let text = |name: &str| columns(name).ok_or_else(|| format!("column `{name}` is missing"));
    fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
        text.parse().map_err(|_| format!("`{text}` in column `{name}` is no number"))
    }
    let integer = |name: &str| text(name).and_then(|value| number::<i64>(name, value));
    let float = |name: &str| {
        let value = text(name)?;
        let number: f64 = number(name, value)?;
        if number.is_finite() {
            Ok(number)
        } else {
            Err(format!("`{value}` in column `{name}` is no number"))
        }
    };
    let (period, source, evidence, dimensions) = stream(columns)?;
    let key = FrameKey {
        indicator: indicator.into(),
        period,
        source: source.as_str().into(),
        evidence,
        dimensions,
        method: (integer("hm")? == 1).then_some(text("m")?).map(|method| decode(method).into()),
    };
    let offset = i32::try_from(integer("off")?).map_err(|_| "an offset is too large".to_owned())?;
    let head = Head {
        key,
        run: RunId(number("run", text("run")?)?),
        recorded_at: db::time(integer("at")?, offset).map_err(|error| error.to_string())?,
    };
    let value = match integer("ratio")? {
        0 => Value::Number(float("v")?),
        _ => Value::Ratio { numerator: float("v")?, denominator: float("d")? },
    };
    let qualifier: usize = number("q", text("q")?)?;
    let point = Point {
        place: PlaceIx(number("place", text("place")?)?),
        value,
        qualifier: *QUALIFIERS.get(qualifier).ok_or_else(|| format!("`{qualifier}` is no qualifier"))?,
        samples: u32::try_from(integer("s")?).ok(),
        row: number("row", text("row")?)?,
    };
    Ok((head, point, number("pl", text("pl")?)?, text("rev")?))
}

/// Reads period, source, evidence and dimensions of a record.
pub(crate) fn stream(columns: Columns<'_>) -> Result<(Period, String, Evidence, Dimensions), String> {
    let text = |name: &str| columns(name).ok_or_else(|| format!("column `{name}` is missing"));
    let kind = text("kind")?;
    let kind = KINDS
        .iter()
        .find(|(_, name)| *name == kind)
        .ok_or_else(|| format!("`{kind}` is no kind of period"))?;
    let time = text("t")?;
    let day =
        DateTime::parse_from_rfc3339(time).map_err(|_| format!("`{time}` is no time"))?.naive_utc().date();
    let period = Period::containing(kind.0, day);
    if period.end() != day {
        return Err(format!("`{time}` is not the last day of a period"));
    }
    let evidence = text("evidence")?;
    let evidence = EVIDENCE
        .into_iter()
        .find(|e| e.as_str() == evidence)
        .ok_or_else(|| format!("`{evidence}` is no evidence"))?;
    let dimension =
        |name: &str| Ok::<_, String>(Some(text(name)?).filter(|v| !v.is_empty()).map(|v| decode(v).into()));
    let dimensions = Dimensions {
        operator: dimension("operator")?,
        technology: dimension("technology")?,
        measuring_point: dimension("measuring_point")?,
        organisation: dimension("organisation")?,
    };
    Ok((period, decode(text("source")?), evidence, dimensions))
}

/// What line protocol or a query cannot hold, as `%` and two digits.
pub(crate) fn encode(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        if matches!(letter, '%' | '\\' | '"' | '$' | '#')
            || letter.is_ascii_control()
            || (at == 0 && letter == '_')
        {
            out += &format!("%{:02X}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// The text that was encoded.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out += before;
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = after.get(2..).unwrap_or("");
            }
            None => rest = after,
        }
    }
    out + rest
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if special.contains(&letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, put, read};
    use gapwatch_model::{Dimensions, Evidence, FrameKey, Head, PlaceIx, Point, Qualifier, RunId, Value};
    use proptest::prelude::{ProptestConfig, proptest};

    fn head() -> Head {
        Head {
            key: FrameKey {
                indicator: "village.signal".into(),
                period: "2025W07".parse().unwrap(),
                source: "khảo sát, đợt 2".into(),
                evidence: Evidence::Measured,
                dimensions: Dimensions {
                    operator: Some("a=b\\".into()),
                    technology: Some("".into()),
                    ..Dimensions::default()
                },
                method: None,
            },
            run: RunId(9),
            recorded_at: "2025-02-20T08:00:00.000000001+07:00".parse().unwrap(),
        }
    }

    #[test]
    fn a_line_is_what_a_server_expects() {
        let point = Point {
            place: PlaceIx(4097),
            value: Value::Ratio { numerator: 0.0, denominator: 66.13 },
            qualifier: Qualifier::About,
            samples: None,
            row: 12,
        };
        let mut line = String::new();
        put(&mut line, &head(), &point, 77, "now").unwrap();
        assert_eq!(
            line,
            "village.signal,block=1,evidence=measured,kind=week,operator=a\\=b%5C,place=4097,rev=now,\
             source=khảo\\ sát\\,\\ đợt\\ 2,technology=% ratio=1i,v=0,d=66.13,q=4i,s=-1i,pl=77i,row=12i,run=9i,\
             at=1740013200000000001i,off=25200i,hm=0i,m=\"%\" 1739664000000000000\n"
        );
    }

    #[test]
    fn a_record_gives_back_what_was_put() {
        let columns = |name: &str| {
            Some(match name {
                "t" => "2025-02-16T00:00:00Z",
                "kind" => "week",
                "evidence" => "measured",
                "source" => "khảo sát, đợt 2",
                "operator" => "a=b%5C",
                "technology" => "%",
                "measuring_point" | "organisation" => "",
                "place" => "4097",
                "ratio" | "hm" => "0",
                "v" => "-1.5",
                "q" => "0",
                "s" => "3",
                "pl" => "4294967295",
                "row" => "12",
                "run" => "9",
                "at" => "1740013200000000001",
                "off" => "25200",
                "m" => "%",
                "rev" => "now",
                _ => return None,
            })
        };
        let (back, point, bearer, rev) = read("village.signal", &columns).unwrap();
        assert_eq!(back, head());
        assert_eq!(
            (point.value, point.samples, bearer, rev),
            (Value::Number(-1.5), Some(3), u32::MAX, "now")
        );
        let refused = |name: &str, text: Option<&'static str>| {
            let changed = |asked: &str| if asked == name { text } else { columns(asked) };
            read("a", &changed).map(|_| ()).unwrap_err()
        };
        assert_eq!(refused("v", None), "column `v` is missing");
        assert_eq!(refused("run", Some("")), "`` in column `run` is no number");
        assert_eq!(
            refused("t", Some("2025-02-15T00:00:00Z")),
            "`2025-02-15T00:00:00Z` is not the last day of a period"
        );
        assert_eq!(refused("q", Some("9")), "`9` is no qualifier");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]
        #[test]
        fn any_text_comes_back(text in ".{0,20}") {
            let encoded = encode(&text);
            assert_eq!(decode(&encoded), text);
            assert!(!encoded.is_empty() && !encoded.contains(['\n', '\\', '"', '$']));
        }
    }
}
