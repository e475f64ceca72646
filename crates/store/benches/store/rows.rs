//! The reference: one row per observation in a `WITHOUT ROWID` table ordered by series, same pragmas, prepared statements.

use std::path::Path;

use gapwatch_model::{Frame, Point, Qualifier, Value};
use rusqlite::{Connection, params};

use super::generate::{Workload, known, number, point};

/// Number of a series: indicator and place.
pub(crate) fn series_id(indicator: u32, slot: u32) -> i64 {
    i64::from(indicator) * 1_000_000 + i64::from(slot)
}

pub(crate) struct Rows {
    connection: Connection,
}

impl Rows {
    pub(crate) fn open(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.pragma_update(None, "mmap_size", 1_i64 << 20).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS obs(series INTEGER, period INTEGER, at INTEGER, kind INTEGER, first REAL, \
                 second REAL, qualifier INTEGER, samples INTEGER, line INTEGER, run INTEGER, \
                 PRIMARY KEY(series, period, at)) WITHOUT ROWID",
            )
            .unwrap();
        Self { connection }
    }

    /// Fills the table in its own order, which is the fastest way; not durable, not measured.
    pub(crate) fn load(&mut self, workload: &Workload) -> u64 {
        self.connection.pragma_update(None, "synchronous", "OFF").unwrap();
        let mut count = 0;
        for series in &workload.series {
            let periods = workload.periods(series.kind);
            let transaction = self.connection.transaction().unwrap();
            let mut insert = transaction.prepare(INSERT).unwrap();
            for slot in
                (0..*workload.provinces.last().unwrap()).filter(|slot| workload.reports(*series, *slot))
            {
                for period in &periods {
                    let n = number(series.kind, *period);
                    if let Some(point) = point(series.indicator, slot, n) {
                        let at = known(*period).timestamp_nanos_opt().unwrap();
                        put(&mut insert, series_id(series.indicator, slot), period.index(), at, n, &point);
                        count += 1;
                    }
                }
            }
            drop(insert);
            transaction.commit().unwrap();
        }
        self.connection.pragma_update(None, "synchronous", "FULL").unwrap();
        self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        count
    }

    /// A run in one durable transaction.
    pub(crate) fn append(&mut self, frames: &[Frame], run: u32) {
        let transaction = self.connection.transaction().unwrap();
        {
            let mut insert = transaction.prepare_cached(INSERT).unwrap();
            for frame in frames {
                let indicator: u32 = frame.key.indicator.as_str()[1..].parse().unwrap();
                let at = known(frame.key.period).timestamp_nanos_opt().unwrap();
                for point in &frame.points {
                    put(
                        &mut insert,
                        series_id(indicator, point.place.0),
                        frame.key.period.index(),
                        at,
                        run,
                        point,
                    );
                }
            }
        }
        transaction.commit().unwrap();
    }

    /// The newest observation of each series as of a time; periods after `last` are known to be later.
    pub(crate) fn latest(
        &self,
        indicator: u32,
        slots: impl Iterator<Item = u32>,
        as_of: Option<(i64, i64)>,
        mut sink: impl FnMut(i64, &Point),
    ) {
        let (last, at) = as_of.unwrap_or((i64::MAX, i64::MAX));
        // One snapshot for all, which also spares it a lock per series.
        let _snapshot = self.connection.unchecked_transaction().unwrap();
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT period, kind, first, second, qualifier, samples, line FROM obs \
                 WHERE series = ?1 AND period <= ?2 AND at <= ?3 ORDER BY period DESC, at DESC LIMIT 1",
            )
            .unwrap();
        for slot in slots {
            let mut rows = statement.query(params![series_id(indicator, slot), last, at]).unwrap();
            if let Some(row) = rows.next().unwrap() {
                sink(row.get(0).unwrap(), &read(row, slot));
            }
        }
    }

    /// Sum per period over a range of slots.
    pub(crate) fn sums(
        &self,
        indicator: u32,
        slots: (u32, u32),
        periods: (i64, i64),
    ) -> Vec<(i64, u64, f64)> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT series, period, first FROM obs WHERE series BETWEEN ?1 AND ?2 AND period BETWEEN ?3 AND ?4 \
                 ORDER BY series, period, at",
            )
            .unwrap();
        let length = usize::try_from(periods.1 - periods.0 + 1).unwrap();
        let mut sums = vec![(0_u64, 0.0_f64); length];
        let mut last: Option<(i64, i64, f64)> = None;
        let mut rows = statement
            .query(params![
                series_id(indicator, slots.0),
                series_id(indicator, slots.1),
                periods.0,
                periods.1
            ])
            .unwrap();
        let mut add = |(_, period, value): (i64, i64, f64)| {
            let sum = &mut sums[usize::try_from(period - periods.0).unwrap()];
            sum.0 += 1;
            sum.1 += value;
        };
        while let Some(row) = rows.next().unwrap() {
            let now = (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
            // The last recorded revision of a series and period counts.
            if let Some(last) = last.replace(now)
                && (last.0, last.1) != (now.0, now.1)
            {
                add(last);
            }
        }
        last.into_iter().for_each(&mut add);
        (periods.0..).zip(sums).filter(|(_, (count, _))| *count > 0).map(|(p, (c, s))| (p, c, s)).collect()
    }

    /// Every observation of one series.
    pub(crate) fn history(&self, indicator: u32, slot: u32, mut sink: impl FnMut(i64, &Point)) {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT period, kind, first, second, qualifier, samples, line, at, run FROM obs WHERE series = ?1 \
                 ORDER BY period, at",
            )
            .unwrap();
        let mut rows = statement.query([series_id(indicator, slot)]).unwrap();
        let mut last: Option<(i64, Point)> = None;
        while let Some(row) = rows.next().unwrap() {
            let now: (i64, Point) = (row.get(0).unwrap(), read(row, slot));
            let _at_and_run: (i64, i64) = (row.get(7).unwrap(), row.get(8).unwrap());
            if let Some(last) = last.replace(now)
                && last.0 != now.0
            {
                sink(last.0, &last.1);
            }
        }
        last.into_iter().for_each(|(period, point)| sink(period, &point));
    }
}

const INSERT: &str = "INSERT OR REPLACE INTO obs(series, period, at, kind, first, second, qualifier, samples, line, run) \
     VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

fn put(insert: &mut rusqlite::Statement<'_>, series: i64, period: i64, at: i64, run: u32, point: &Point) {
    let (kind, first, second) = match point.value {
        Value::Number(number) => (0, number, None),
        Value::Ratio { numerator, denominator } => (1, numerator, Some(denominator)),
    };
    let qualifier = i32::from(point.qualifier == Qualifier::MoreThan);
    insert
        .execute(params![series, period, at, kind, first, second, qualifier, point.samples, point.row, run])
        .unwrap();
}

fn read(row: &rusqlite::Row<'_>, slot: u32) -> Point {
    let kind: i32 = row.get(1).unwrap();
    let first = row.get(2).unwrap();
    let value = if kind == 0 {
        Value::Number(first)
    } else {
        Value::Ratio { numerator: first, denominator: row.get(3).unwrap() }
    };
    let more: i32 = row.get(4).unwrap();
    Point {
        place: gapwatch_model::PlaceIx(slot),
        value,
        qualifier: if more == 1 { Qualifier::MoreThan } else { Qualifier::Exact },
        samples: row.get(5).unwrap(),
        row: row.get(6).unwrap(),
    }
}
