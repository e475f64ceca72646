//! Open-data tiles of Ookla as CSV: mean speeds of a commune, weighted by the tests of each tile.

use std::{collections::BTreeMap, sync::Arc};

use csv::{ReaderBuilder, StringRecord};
use gapwatch_model::{Dimensions, Evidence, Frame, FrameKey, Period, PlaceIx, Point, Qualifier, Value};

use crate::{
    Context, Fetched, Reading,
    config::{CollectorConfig, OoklaFormat, Service},
    grid::Unreadable,
    kinds::cells::{place_at, reject, stream},
};

const MAX_REJECTS: usize = 10_000;

/// Sums over the tiles of one commune: speeds in kb/s times tests, and tests.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    download: f64,
    upload: f64,
    tests: u32,
}

/// Reads the tiles.
pub(crate) fn read(
    config: &CollectorConfig,
    format: OoklaFormat,
    fetched: &Fetched,
    ctx: &Context<'_>,
) -> Result<Reading, Unreadable> {
    let damaged = |error: csv::Error| Unreadable::damaged("Ookla", error);
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(stream(&fetched.bytes));
    let headings = reader.headers().map_err(damaged)?.clone();
    let at = |name: &str| headings.iter().position(|heading| heading.trim_start_matches('\u{feff}') == name);
    let columns = [at("quadkey"), at("avg_d_kbps"), at("avg_u_kbps"), at("tests")];
    let [Some(quadkey), Some(download), Some(upload), Some(tests)] = columns else {
        return Err(Unreadable::damaged(
            "Ookla",
            "thiếu một trong các cột quadkey, avg_d_kbps, avg_u_kbps, tests",
        ));
    };
    let mut reading = Reading::default();
    reading.notes.kind = "Ookla".to_owned();
    let mut sums: BTreeMap<PlaceIx, Sum> = BTreeMap::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(damaged)? {
        reading.read = reading.read.saturating_add(1);
        let number = |column: usize| {
            let read = record.get(column).and_then(|cell| cell.trim().parse::<f64>().ok());
            read.filter(|number| number.is_finite() && *number >= 0.0).ok_or((column, "cần một số không âm"))
        };
        let tile =
            record.get(quadkey).and_then(centre).ok_or((quadkey, "cần một quadkey gồm các chữ số 0 đến 3"));
        let weight = record
            .get(tests)
            .and_then(|cell| cell.trim().parse::<u32>().ok())
            .ok_or((tests, "cần một số đếm"));
        let parts = tile.and_then(|tile| Ok((tile, number(download)?, number(upload)?, weight?)));
        match parts {
            Ok(((lon, lat), down, up, tests)) => match place_at(lon, lat, fetched.reported_on, ctx) {
                Some(place) => {
                    let sum = sums.entry(place).or_default();
                    sum.download += down * f64::from(tests);
                    sum.upload += up * f64::from(tests);
                    sum.tests = sum.tests.saturating_add(tests);
                }
                None => reading.notes.outside += 1,
            },
            Err((column, expected)) => {
                reading.rejected += 1;
                if reading.rejects.len() < MAX_REJECTS {
                    let line =
                        u32::try_from(record.position().map_or(0, csv::Position::line)).unwrap_or(u32::MAX);
                    let value = record.get(column).unwrap_or_default().to_owned();
                    let heading = headings.get(column).unwrap_or_default().to_owned();
                    let sentence = format!("“{value}” không đọc được, {expected}");
                    reading.rejects.push(gapwatch_model::Reject {
                        heading,
                        ..reject(fetched, line, column, value, sentence)
                    });
                }
            }
        }
    }
    reading.accepted = reading.read - reading.rejected;
    let service = match format.service {
        Service::Mobile => "mobile",
        Service::Fixed => "fixed",
    };
    for (direction, pick) in
        [("download", (|sum| sum.download) as fn(&Sum) -> f64), ("upload", |sum| sum.upload)]
    {
        let Some(indicator) = ctx.indicators.get(&format!("ookla.{service}_{direction}")) else { continue };
        let point = |(place, sum): (&PlaceIx, &Sum)| Point {
            place: *place,
            value: Value::Number(pick(sum) / f64::from(sum.tests) / 1000.0),
            qualifier: Qualifier::Exact,
            samples: Some(sum.tests),
            row: 0,
        };
        let points: Vec<Point> = sums.iter().filter(|(_, sum)| sum.tests > 0).map(point).collect();
        if points.is_empty() {
            continue;
        }
        let key = FrameKey {
            indicator: indicator.id.clone(),
            period: Period::containing(indicator.period, fetched.reported_on),
            source: config.name.clone(),
            evidence: Evidence::Measured,
            dimensions: Dimensions::default(),
            method: config.method.as_deref().map(Arc::from),
        };
        reading.frames.push(Frame { key, points });
    }
    Ok(reading)
}

/// Longitude and latitude of the middle of a tile in the Web Mercator pyramid.
fn centre(quadkey: &str) -> Option<(f64, f64)> {
    let quadkey = quadkey.trim();
    if quadkey.is_empty() || quadkey.len() > 30 {
        return None;
    }
    let (mut x, mut y, mut side) = (0.0, 0.0, 1.0);
    for digit in quadkey.bytes() {
        side /= 2.0;
        let (right, down) = match digit {
            b'0' => (0.0, 0.0),
            b'1' => (side, 0.0),
            b'2' => (0.0, side),
            b'3' => (side, side),
            _ => return None,
        };
        x += right;
        y += down;
    }
    let (x, y) = (x + side / 2.0, y + side / 2.0);
    let lat = (std::f64::consts::PI * (1.0 - 2.0 * y)).sinh().atan().to_degrees();
    Some((x * 360.0 - 180.0, lat))
}

#[cfg(test)]
mod tests {
    use super::centre;

    #[test]
    fn a_quadkey_is_a_tile() {
        let (lon, lat) = centre("1323").unwrap();
        assert!((lon - 123.75).abs() < 1e-9 && (lat - 11.178_401_873_711_78).abs() < 1e-9, "{lon} {lat}");
        assert_eq!(centre("0124"), None);
        assert_eq!(centre(""), None);
    }
}
