//! InfluxDB line protocol → observations, so that Telegraf and every InfluxDB client library can write here.
//!
//! The measurement is the indicator. Tags: `place` (a code, needed), `operator`, `technology`, `measuring_point`,
//! `organisation`, `evidence`, `method`, `period`; others are left out. Fields: `value`, or `numerator` and
//! `denominator`; `samples`, `qualifier`. Each line goes in or is named with what is wrong with it.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{
    CollectorName, Dimensions, Evidence, FrameKey, Period, PeriodKind, Point, Qualifier, Reject, RejectCode,
    Unit, Value, ValueKind,
};

use crate::{
    Context, Reading,
    config::Blank,
    grid::{Cell, Unreadable},
    number::Style,
    read::{
        cells,
        frames::{Frames, Origin},
        period,
    },
    value::{self, CellKind, Parsed},
};

/// Largest body after decompression, in bytes.
const MAX_BODY_BYTES: u64 = 64 << 20;
/// Most rejects kept of one body.
const MAX_REJECTS: usize = 10_000;

/// Unit of the timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Nanoseconds.
    #[default]
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Precision {
    /// Reads the `precision` of a request: `ns`, `us` (or `u`, `µ`), `ms`, `s`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ns" | "n" => Some(Self::Nanoseconds),
            "us" | "u" | "µ" => Some(Self::Microseconds),
            "ms" => Some(Self::Milliseconds),
            "s" => Some(Self::Seconds),
            _ => None,
        }
    }

    fn moment(self, timestamp: i64) -> Option<DateTime<chrono::Utc>> {
        match self {
            Self::Nanoseconds => Some(DateTime::from_timestamp_nanos(timestamp)),
            Self::Microseconds => DateTime::from_timestamp_micros(timestamp),
            Self::Milliseconds => DateTime::from_timestamp_millis(timestamp),
            Self::Seconds => DateTime::from_timestamp(timestamp, 0),
        }
    }
}

/// Unpacks a gzipped body.
///
/// # Errors
/// No gzip, or more than 64 MB.
pub fn unpack(body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    crate::sheet::gunzip(body, MAX_BODY_BYTES)
}

/// What a line says, its escapes undone.
#[derive(Debug, Default, PartialEq)]
struct Line {
    measurement: String,
    tags: Vec<(String, String)>,
    fields: Vec<(String, Field)>,
    timestamp: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Number(f64),
    Bool(bool),
    Text(String),
}

/// Reads a body of line protocol. `row` and `line` are the 1-based lines of the body.
#[must_use]
pub fn line_protocol(
    body: &[u8],
    precision: Precision,
    source: &CollectorName,
    ctx: &Context<'_>,
) -> Reading {
    let mut reading = Reading::default();
    reading.notes.kind = "line protocol".to_owned();
    let mut frames = Frames::default();
    let text = String::from_utf8_lossy(body);
    let mut texts: Vec<(u32, &str)> = Vec::new();
    for (number, text) in split_lines(&text) {
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            continue;
        }
        reading.read += 1;
        texts.push((number, text));
        let legible = if text.contains(char::REPLACEMENT_CHARACTER) {
            Err("the line is not UTF-8".to_owned())
        } else {
            parse(text)
        };
        let read = legible.map_err(|why| (RejectCode::BadRow, why)).and_then(|line| {
            let (key, point) = observe(&line, number, precision, source, ctx)?;
            let frame = frames.number(key);
            frames.push(frame, point, Origin { sheet: 0, column: 0 });
            Ok(())
        });
        if let Err((code, why)) = read {
            reading.rejected += 1;
            reject(&mut reading, source, number, text, code, &why);
        }
    }
    let (frames, conflicts) = frames.finish();
    reading.frames = frames;
    let mut lines: Vec<u32> =
        conflicts.iter().flat_map(|(_, points)| points.iter().map(|(p, _)| p.row)).collect();
    lines.sort_unstable();
    lines.dedup();
    for line in lines {
        reading.rejected += 1;
        let at = texts.binary_search_by_key(&line, |(number, _)| *number).ok();
        let text = at.and_then(|at| texts.get(at)).map_or("", |(_, text)| text);
        let why = "another line says something else of the same place, period and dimensions";
        reject(&mut reading, source, line, text, RejectCode::ConflictingDuplicate, why);
    }
    reading.rejects.sort_by_key(|reject| reject.line);
    reading.accepted = reading.read.saturating_sub(reading.rejected);
    reading
}

/// The message of a partial write as InfluxDB says it: each line with what is wrong. `None` when all went in.
#[must_use]
pub fn partial_write(reading: &Reading) -> Option<String> {
    if reading.rejects.is_empty() {
        return None;
    }
    let shown: Vec<String> = reading
        .rejects
        .iter()
        .take(100)
        .map(|reject| format!("line {}: {}", reject.line, reject.sentence))
        .collect();
    let more = reading.rejects.len().saturating_sub(shown.len());
    let tail = if more > 0 { format!("; and {more} more") } else { String::new() };
    Some(format!(
        "partial write: {} of {} lines dropped: {}{tail}",
        reading.rejected,
        reading.read,
        shown.join("; ")
    ))
}

fn reject(reading: &mut Reading, source: &CollectorName, line: u32, text: &str, code: RejectCode, why: &str) {
    if reading.rejects.len() >= MAX_REJECTS {
        return;
    }
    reading.rejects.push(Reject {
        file: source.to_string(),
        line,
        column: 0,
        heading: String::new(),
        value: text.chars().take(300).collect(),
        code,
        asked: false,
        sentence: why.to_owned(),
        suggestions: Vec::new(),
        decision_key: String::new(),
    });
}

/// Lines with their numbers; a line break within a quoted string is part of its line.
fn split_lines(text: &str) -> Vec<(u32, &str)> {
    let mut lines = Vec::new();
    let (mut start, mut number, mut breaks) = (0, 1_u32, 0_u32);
    let (mut quoted, mut escaped, mut in_fields, mut comment) = (false, false, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '#' if at == start => comment = true,
            '"' if in_fields && !comment => quoted = !quoted,
            ' ' => in_fields = true,
            _ => {}
        }
        if letter == '\n' {
            breaks += 1;
            if !quoted {
                lines.push((number, text.get(start..at).unwrap_or("").trim_end_matches('\r')));
                (start, number, in_fields, comment) = (at + 1, number + breaks, false, false);
                breaks = 0;
            }
        }
    }
    lines.push((number, text.get(start..).unwrap_or("")));
    lines
}

/// Cuts at the first sign that is not escaped and, where asked, not within quotes.
fn cut(text: &str, signs: &[char], quotes: bool) -> (usize, Option<char>) {
    let (mut escaped, mut quoted) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if quotes => quoted = !quoted,
            sign if !quoted && signs.contains(&sign) => return (at, Some(sign)),
            _ => {}
        }
    }
    (text.len(), None)
}

fn unescape(text: &str, signs: &[char]) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '\\' && signs.contains(next) => {}
            _ => plain.push(letter),
        }
        if letter == '\\'
            && let Some(next) = letters.peek().copied().filter(|next| signs.contains(next))
        {
            plain.push(next);
            letters.next();
        }
    }
    plain
}

fn parse(text: &str) -> Result<Line, String> {
    let mut line = Line::default();
    let (at, sign) = cut(text, &[',', ' '], false);
    let (head, mut rest) = text.split_at_checked(at).unwrap_or((text, ""));
    line.measurement = unescape(head, &[',', ' ']);
    if line.measurement.is_empty() {
        return Err("no measurement".to_owned());
    }
    let mut sign = sign;
    while sign == Some(',') {
        rest = rest.get(1..).unwrap_or("");
        let (at, next) = cut(rest, &[',', ' '], false);
        let (tag, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (equals, found) = cut(tag, &['='], false);
        let value = tag.get(equals + 1..).unwrap_or("");
        if found.is_none() || equals == 0 || value.is_empty() {
            return Err(format!("`{tag}` is no tag, expected key=value"));
        }
        let signs = [',', ' ', '='];
        line.tags.push((unescape(tag.get(..equals).unwrap_or(""), &signs), unescape(value, &signs)));
        (rest, sign) = (behind, next);
    }
    rest = rest.trim_start_matches(' ');
    let (at, _) = cut(rest, &[' '], true);
    let (fields, stamp) = rest.split_at_checked(at).unwrap_or((rest, ""));
    if fields.is_empty() {
        return Err("no fields".to_owned());
    }
    let mut open = fields;
    loop {
        let (at, next) = cut(open, &[','], true);
        let (field, behind) = open.split_at_checked(at).unwrap_or((open, ""));
        let (equals, found) = cut(field, &['='], false);
        let value = field.get(equals + 1..).unwrap_or("");
        if found.is_none() || equals == 0 || value.is_empty() {
            return Err(format!("`{field}` is no field, expected key=value"));
        }
        line.fields
            .push((unescape(field.get(..equals).unwrap_or(""), &[',', ' ', '=']), field_value(value)?));
        if next.is_none() {
            break;
        }
        open = behind.get(1..).unwrap_or("");
    }
    let stamp = stamp.trim();
    if !stamp.is_empty() {
        line.timestamp =
            Some(stamp.parse().map_err(|_| format!("`{stamp}` is no timestamp, expected a whole number"))?);
    }
    Ok(line)
}

fn field_value(text: &str) -> Result<Field, String> {
    let wrong = || format!("`{text}` is no value, expected a number, 1i, 1u, true, false or a quoted string");
    if let Some(inner) = text.strip_prefix('"') {
        let inner = inner.strip_suffix('"').ok_or_else(wrong)?;
        return Ok(Field::Text(unescape(inner, &['"', '\\'])));
    }
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(Field::Bool(true)),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(Field::Bool(false)),
        _ => {}
    }
    let whole = |digits: &str| digits.parse::<i128>().ok().map(|_| digits.parse::<f64>().unwrap_or(f64::NAN));
    let number = match (text.strip_suffix('i'), text.strip_suffix('u')) {
        (Some(digits), _) => whole(digits).filter(|_| digits.parse::<i64>().is_ok()),
        (_, Some(digits)) => whole(digits).filter(|_| digits.parse::<u64>().is_ok()),
        _ => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))),
    };
    number.filter(|number: &f64| number.is_finite()).map(Field::Number).ok_or_else(wrong)
}

type Refused = (RejectCode, String);

fn observe(
    line: &Line,
    number: u32,
    precision: Precision,
    source: &CollectorName,
    ctx: &Context<'_>,
) -> Result<(FrameKey, Point), Refused> {
    let bad = |why: String| (RejectCode::BadValue, why);
    let indicator =
        ctx.indicators.get(&line.measurement).filter(|indicator| indicator.formula.is_none()).ok_or_else(
            || bad(format!("measurement `{}` is no indicator that is collected", line.measurement)),
        )?;
    let tag = |name: &str| line.tags.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let said = said_period(line, precision, tag("period"), ctx)?;
    let period = period::for_indicator(said, indicator, None)
        .map_err(|_| (RejectCode::BadDate, format!("period `{said}` is longer than the indicator's")))?;
    let code = tag("place")
        .ok_or((RejectCode::Missing, "tag `place` is missing, expected a place code".to_owned()))?;
    let day: NaiveDate = said.end().min(ctx.now.date_naive().max(said.start()));
    let place = ctx
        .gazetteer
        .by_code_on(code, day)
        .ok_or_else(|| (RejectCode::UnknownPlace, format!("no place bears the code `{code}` on {day}")))?;
    let evidence = match tag("evidence") {
        None => Evidence::Claimed,
        Some(word) => cells::evidence_of(word).ok_or_else(|| {
            bad(format!("`{word}` is no evidence, expected claimed, modelled, measured or crowd"))
        })?,
    };
    let (value, qualifier, samples) = value_of(line, indicator)?;
    let dimension = |name: &str| tag(name).map(Arc::from);
    let dimensions = Dimensions {
        operator: dimension("operator"),
        technology: dimension("technology"),
        measuring_point: dimension("measuring_point"),
        organisation: dimension("organisation"),
    };
    let (indicator, source, method) = (indicator.id.clone(), source.clone(), dimension("method"));
    let key = FrameKey { indicator, period, source, evidence, dimensions, method };
    Ok((key, Point { place, value, qualifier, samples, row: number }))
}

fn said_period(
    line: &Line,
    precision: Precision,
    tag: Option<&str>,
    ctx: &Context<'_>,
) -> Result<Period, Refused> {
    let refused = |why: String| (RejectCode::BadDate, why);
    if let Some(text) = tag {
        return text.parse().map_err(|error: gapwatch_model::ParsePeriodError| refused(error.to_string()));
    }
    let moment: DateTime<FixedOffset> = match line.timestamp {
        None => ctx.now,
        Some(stamp) => precision
            .moment(stamp)
            .ok_or_else(|| refused(format!("timestamp `{stamp}` is out of range")))?
            .with_timezone(ctx.now.offset()),
    };
    if moment.date_naive() > ctx.now.date_naive() {
        return Err(refused(format!("{} is in the future", moment.date_naive())));
    }
    Ok(Period::containing(PeriodKind::Day, moment.date_naive()))
}

fn value_of(
    line: &Line,
    indicator: &gapwatch_model::Indicator,
) -> Result<(Value, Qualifier, Option<u32>), Refused> {
    let bad = |why: String| (RejectCode::BadValue, why);
    let kind = CellKind {
        kind: indicator.value,
        unit: indicator.unit,
        blank: Blank::Missing,
        scale: None,
        words: Vec::new(),
        minimum: indicator.minimum,
        maximum: indicator.maximum,
    };
    let (mut whole, mut above, mut below) = (None, None, None);
    let (mut samples, mut qualifier) = (None, Qualifier::Exact);
    for (key, field) in &line.fields {
        let number = match field {
            Field::Number(number) => Some(*number),
            _ => None,
        };
        match (key.as_str(), field) {
            ("value", Field::Bool(value)) => whole = Some(Cell::Bool(*value)),
            ("value", Field::Number(number)) => whole = Some(Cell::Number(*number)),
            ("numerator", _) if number.is_some() => above = number,
            ("denominator", _) if number.is_some() => below = number,
            ("samples", _) if number.is_some_and(|n| n >= 0.0 && n.fract().abs() < f64::EPSILON) => {
                samples = number.and_then(|n| format!("{n:.0}").parse().ok());
            }
            ("qualifier", Field::Text(word)) => {
                qualifier = value::qualifier(word).ok_or_else(|| {
                    bad(format!(
                        "`{word}` is no qualifier, expected exact, more_than, less_than, almost or about"
                    ))
                })?;
            }
            ("value" | "numerator" | "denominator" | "samples" | "qualifier", _) => {
                return Err(bad(format!("field `{key}` is of the wrong type")));
            }
            (other, _) => {
                return Err(bad(format!(
                    "field `{other}` is unknown, expected value, numerator, denominator, samples or qualifier"
                )));
            }
        }
    }
    let parsed = match (whole, above, below) {
        (Some(cell), None, None) => kind.read(&cell, Style::Plain),
        (None, Some(above), Some(below)) if indicator.value == ValueKind::Ratio => {
            kind.parts(above, below, Qualifier::Exact)
        }
        _ => {
            return Err((
                RejectCode::Missing,
                "expected `value`, or `numerator` and `denominator` of a ratio".to_owned(),
            ));
        }
    };
    match parsed {
        Parsed::Value(value, _) => Ok((value, qualifier, samples)),
        Parsed::Missing => Err((RejectCode::Missing, "no value".to_owned())),
        Parsed::Bad(fault) if fault.code == RejectCode::OutOfRange => {
            Err((RejectCode::OutOfRange, format!("value is outside what `{}` allows", indicator.id)))
        }
        Parsed::Bad(fault) => {
            let expected = match (indicator.value, indicator.unit) {
                (ValueKind::YesNo, _) => "true, false, 1 or 0",
                (ValueKind::Count, _) => "a whole number that is not negative",
                (_, Unit::Percent) => "a share in percent",
                _ => "a number",
            };
            Err((fault.code, format!("value does not fit `{}`, expected {expected}", indicator.id)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Line, parse, split_lines};

    #[test]
    fn every_field_type_and_escape_is_read() {
        let line = parse(
            r#"my\ meas\,x,ta\=g=a\ b,t2=é f=1.5,i=-2i,u=3u,b=t,c=FALSE,s="a \"q\" \\ , = b",e=1e3 1700000000"#,
        );
        let field = |name: &str, value| (name.to_owned(), value);
        let expected = Line {
            measurement: "my meas,x".to_owned(),
            tags: vec![("ta=g".to_owned(), "a b".to_owned()), ("t2".to_owned(), "é".to_owned())],
            fields: vec![
                field("f", Field::Number(1.5)),
                field("i", Field::Number(-2.0)),
                field("u", Field::Number(3.0)),
                field("b", Field::Bool(true)),
                field("c", Field::Bool(false)),
                field("s", Field::Text(r#"a "q" \ , = b"#.to_owned())),
                field("e", Field::Number(1000.0)),
            ],
            timestamp: Some(1_700_000_000),
        };
        assert_eq!(line, Ok(expected));
    }

    #[test]
    fn what_is_no_line_is_said() {
        for text in [
            "m",
            "m ",
            ",t=1 v=1",
            "m,t v=1",
            "m,t= v=1",
            "m v=",
            "m v=1x",
            "m v=NaN",
            "m v=\"open",
            "m v=1 soon",
            "m v=1u2",
            "m v=-1u",
            "m v=99999999999999999999i",
            "m v=1,",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_keep_their_numbers_over_breaks_in_strings() {
        let text = "# comment with \"\nm v=1\r\n\nm s=\"a\nb\" 5\nm v=2";
        let lines: Vec<_> = split_lines(text).into_iter().filter(|(_, line)| line.starts_with('m')).collect();
        assert_eq!(lines, [(2, "m v=1"), (4, "m s=\"a\nb\" 5"), (6, "m v=2")]);
    }
}
