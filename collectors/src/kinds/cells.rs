//! Cell export of OpenCelliD: how many cells of each operator and technology were seen in each commune.
//!
//! Their positions go along for maps and distances. Crowd evidence: presence only, it never says "no signal". Read as a
//! stream, so memory does not grow with the file.

use std::{
    collections::BTreeMap,
    io::{BufReader, Read},
    sync::Arc,
};

use chrono::NaiveDate;
use csv::{ByteRecord, ReaderBuilder};
use gapwatch_model::{
    Dimensions, Evidence, Frame, FrameKey, GeoPoint, Period, PlaceIx, Point, Qualifier, Reject, RejectCode,
    Station, Value, text,
};

use crate::{
    Context, Fetched, Reading,
    config::{CellsFormat, CollectorConfig},
    geo,
    grid::Unreadable,
};

/// The indicator it brings.
pub(crate) const INDICATOR: &str = "cells.by_technology";
/// Columns of a line: radio, mcc, net, area, cell, unit, lon, lat, range, samples, changeable, created, updated, signal.
const COLUMNS: [&str; 14] = [
    "radio",
    "mcc",
    "net",
    "area",
    "cell",
    "unit",
    "lon",
    "lat",
    "range",
    "samples",
    "changeable",
    "created",
    "updated",
    "averageSignal",
];
const MAX_REJECTS: usize = 10_000;
/// Most positions that are kept: the whole country has fewer.
const MAX_STATIONS: usize = 200_000;
/// Most bytes of the unpacked stream: the whole world has about a tenth of it.
const MAX_STREAM_BYTES: u64 = 32 << 30;

/// Opens a file that may be gzipped, as a stream.
pub(crate) fn stream(bytes: &[u8]) -> Box<dyn Read + '_> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(bytes)).take(MAX_STREAM_BYTES))
    } else {
        Box::new(bytes)
    }
}

/// What stands in one line.
enum Line {
    Cell { operator: String, technology: &'static str, lon: f64, lat: f64 },
    Foreign,
    Bad { column: usize, sentence: String },
}

/// Positions that were said, each with its line: one per operator, technology and position.
struct Positions {
    seen: BTreeMap<(String, &'static str, [u64; 2]), u32>,
    most: usize,
    left_out: u64,
}

impl Positions {
    fn new(most: usize) -> Self {
        Self { seen: BTreeMap::new(), most, left_out: 0 }
    }

    fn add(&mut self, operator: &str, technology: &'static str, at: GeoPoint, line: u32) {
        // Degrees of Vietnam are positive, so their bits sort as they do.
        let metres = |degrees: f64| ((degrees * 1e5).round() / 1e5).to_bits();
        let key = (operator.to_owned(), technology, [metres(at.lat), metres(at.lon)]);
        if self.seen.contains_key(&key) {
            return;
        }
        if self.seen.len() < self.most {
            self.seen.insert(key, line);
        } else {
            self.left_out += 1;
        }
    }

    fn give(self, reading: &mut Reading) {
        if self.left_out > 0 {
            reading.notes.findings.push(format!(
                "giữ {} vị trí ô phủ sóng đầu tiên, còn {} ô không giữ vị trí",
                text::count(u64::try_from(self.most).unwrap_or(u64::MAX)),
                text::count(self.left_out)
            ));
        }
        let station = |((operator, technology, [lat, lon]), line): ((String, &str, [u64; 2]), u32)| Station {
            operator,
            technology: technology.to_owned(),
            at: GeoPoint { lat: f64::from_bits(lat), lon: f64::from_bits(lon) },
            line,
        };
        reading.stations = self.seen.into_iter().map(station).collect();
    }
}

/// Reads the export.
pub(crate) fn read(
    config: &CollectorConfig,
    format: &CellsFormat,
    fetched: &Fetched,
    ctx: &Context<'_>,
) -> Result<Reading, Unreadable> {
    let mut reading = Reading::default();
    reading.notes.kind = "OpenCelliD".to_owned();
    let mut tally: BTreeMap<(String, &'static str), BTreeMap<PlaceIx, u32>> = BTreeMap::new();
    let mut positions = Positions::new(MAX_STATIONS);
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(stream(&fetched.bytes));
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| Unreadable::damaged("OpenCelliD", error))? {
        let line = u32::try_from(record.position().map_or(0, csv::Position::line)).unwrap_or(u32::MAX);
        if line == 1 && record.get(0) == Some(b"radio") {
            continue;
        }
        reading.read = reading.read.saturating_add(1);
        match line_of(&record, format) {
            Line::Foreign => reading.notes.outside += 1,
            Line::Cell { operator, technology, lon, lat } => {
                let found = geo::point_of(lat, lon);
                match found.zip(place_at(lon, lat, fetched.reported_on, ctx)) {
                    Some((at, place)) => {
                        positions.add(&operator, technology, at, line);
                        *tally.entry((operator, technology)).or_default().entry(place).or_default() += 1;
                    }
                    None => reading.notes.outside += 1,
                }
            }
            Line::Bad { column, sentence } => {
                reading.rejected += 1;
                if reading.rejects.len() < MAX_REJECTS {
                    let shown = record.get(column).map(|cell| String::from_utf8_lossy(cell).into_owned());
                    reading.rejects.push(reject(fetched, line, column, shown.unwrap_or_default(), sentence));
                }
            }
        }
    }
    reading.accepted = reading.read - reading.rejected;
    positions.give(&mut reading);
    let Some(indicator) = ctx.indicators.get(INDICATOR) else { return Ok(reading) };
    let period = Period::containing(indicator.period, fetched.reported_on);
    for ((operator, technology), places) in tally {
        let dimensions = Dimensions {
            operator: Some(Arc::from(operator.as_str())),
            technology: Some(Arc::from(technology)),
            ..Dimensions::default()
        };
        let key = FrameKey {
            indicator: indicator.id.clone(),
            period,
            source: config.name.clone(),
            evidence: Evidence::Crowd,
            dimensions,
            method: config.method.as_deref().map(Arc::from),
        };
        let point = |(place, count): (PlaceIx, u32)| Point {
            place,
            value: Value::Number(f64::from(count)),
            qualifier: Qualifier::Exact,
            samples: None,
            row: 0,
        };
        reading.frames.push(Frame { key, points: places.into_iter().map(point).collect() });
    }
    Ok(reading)
}

fn line_of(record: &ByteRecord, format: &CellsFormat) -> Line {
    let text =
        |column: usize| record.get(column).and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim);
    let bad = |column: usize, expected: &str| {
        let name = COLUMNS.get(column).copied().unwrap_or("?");
        Line::Bad { column, sentence: format!("cột {name} không đọc được, cần {expected}") }
    };
    match text(1).map(str::parse::<u16>) {
        Some(Ok(mcc)) if mcc == format.mcc => {}
        Some(Ok(_)) => return Line::Foreign,
        _ => return bad(1, "mã quốc gia như 452"),
    }
    let technology = match text(0) {
        Some("GSM") => "2G",
        Some("UMTS") => "3G",
        Some("LTE") => "4G",
        Some("NR") => "5G",
        Some("CDMA") => "CDMA",
        _ => return bad(0, "GSM, UMTS, LTE, NR hoặc CDMA"),
    };
    let Some(net) = text(2).filter(|net| net.bytes().all(|b| b.is_ascii_digit()) && !net.is_empty()) else {
        return bad(2, "mã mạng");
    };
    let net = net.trim_start_matches('0');
    let operator = format.operators.get(net).cloned().unwrap_or_else(|| format!("{}-{net:0>2}", format.mcc));
    let degrees =
        |column: usize| text(column).and_then(|cell| cell.parse::<f64>().ok()).filter(|d| d.is_finite());
    match (degrees(6), degrees(7)) {
        (Some(lon), Some(lat)) => Line::Cell { operator, technology, lon, lat },
        (None, _) => bad(6, "kinh độ"),
        (_, None) => bad(7, "vĩ độ"),
    }
}

/// The commune a point lies in on a day.
pub(crate) fn place_at(lon: f64, lat: f64, day: NaiveDate, ctx: &Context<'_>) -> Option<PlaceIx> {
    let point = geo::point_of(lat, lon)?;
    let code = ctx.boundaries?.code_at(point)?;
    ctx.gazetteer.by_code_on(code, day)
}

pub(crate) fn reject(fetched: &Fetched, line: u32, column: usize, value: String, sentence: String) -> Reject {
    Reject {
        file: fetched.file.clone(),
        line,
        column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        heading: COLUMNS.get(column).copied().unwrap_or_default().to_owned(),
        value,
        code: RejectCode::BadValue,
        asked: false,
        sentence,
        suggestions: Vec::new(),
        decision_key: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Positions;
    use crate::Reading;
    use gapwatch_model::GeoPoint;

    #[test]
    fn a_position_is_kept_once_and_only_so_many() {
        let mut positions = Positions::new(2);
        let at = |lat| GeoPoint { lat, lon: 106.25 };
        positions.add("Viettel", "4G", at(22.5), 7);
        positions.add("Viettel", "4G", at(22.500_001), 8);
        positions.add("Viettel", "2G", at(22.5), 9);
        positions.add("VNPT", "4G", at(22.6), 10);
        let mut reading = Reading::default();
        positions.give(&mut reading);
        let kept: Vec<_> =
            reading.stations.iter().map(|s| (s.technology.as_str(), s.at.lat, s.line)).collect();
        assert_eq!(kept, [("2G", 22.5, 9), ("4G", 22.5, 7)]);
        assert_eq!(reading.notes.findings, ["giữ 2 vị trí ô phủ sóng đầu tiên, còn 1 ô không giữ vị trí"]);
    }
}
