//! All a store says, as text: one line per answer, so that a difference can be read.

use std::fmt::Write;

use gapwatch_model::RunId;
use gapwatch_store::{Query, RunQuery, Store};

/// Every answer of every kind, as known at three times.
pub(crate) fn everything(store: &Store) -> String {
    let mut out = String::new();
    for place in store.gazetteer().unwrap().places() {
        writeln!(out, "place {} {}", place.id, place.full_name()).unwrap();
    }
    for run in store.runs(&RunQuery::default()).unwrap() {
        let rejects = store.rejects(run.id).unwrap();
        writeln!(out, "run {} {} {} {}", run.id, run.collector, run.outcome.as_str(), run.finished).unwrap();
        rejects
            .iter()
            .for_each(|reject| writeln!(out, "reject {} {}", reject.line, reject.sentence).unwrap());
    }
    for stream in store.series().streams(None).unwrap() {
        for as_of in [Some("2024-01-20T00:00:00+07:00"), Some("2024-06-01T00:00:00+07:00"), None] {
            let as_of = as_of.map(|time| time.parse().unwrap());
            let query = Query {
                as_of,
                sources: Some(vec![stream.source.clone()]),
                ..Query::new(stream.indicator.clone())
            };
            writeln!(out, "indicator {} of {} as of {as_of:?}", stream.indicator, stream.source).unwrap();
            out += &observations("value", &query, |query, sink| store.series().values(query, sink).unwrap());
            out += &observations("latest", &query, |query, sink| store.series().latest(query, sink).unwrap());
            if as_of.is_none() {
                out += &observations("said", &query, |query, sink| {
                    store.series().revisions(query, sink).unwrap()
                });
            }
            for sum in store.series().summary(&query, &[1.0]).unwrap() {
                let (period, n, classes) = (sum.period, sum.places(), &sum.classes);
                writeln!(
                    out,
                    "sum {period} {n} {} {}/{} {classes:?}",
                    sum.sum, sum.numerator, sum.denominator
                )
                .unwrap();
            }
        }
    }
    for flag in store.flags_as_of(None).unwrap() {
        writeln!(out, "flag {} {}", flag.key, flag.state.as_str()).unwrap();
    }
    for info in store.documents("rules").unwrap() {
        let bytes = store.document(info.id).unwrap().unwrap().bytes;
        writeln!(out, "document {} {} {} {}", info.name, info.by, info.at, String::from_utf8(bytes).unwrap())
            .unwrap();
    }
    for decision in store.decisions_as_of(None).unwrap() {
        writeln!(out, "decision {decision:?}").unwrap();
    }
    for held in store.quarantined().unwrap() {
        writeln!(out, "held {} {:?} {}", held.run.id, held.state, held.frames.len()).unwrap();
    }
    for token in store.tokens().unwrap() {
        writeln!(out, "token {token:?}").unwrap();
    }
    for entry in store.audit_log(100).unwrap() {
        writeln!(out, "audit {entry:?}").unwrap();
    }
    writeln!(
        out,
        "file {:?} meta {:?} run 0 {:?}",
        store.file("ab").unwrap(),
        store.meta("clock").unwrap(),
        store.run(RunId(0)).unwrap()
    )
    .unwrap();
    out
}

fn observations(word: &str, query: &Query, read: impl Fn(&Query, &mut gapwatch_store::Sink<'_>)) -> String {
    let mut lines = Vec::new();
    read(query, &mut |head, points| {
        for point in points {
            lines.push(format!(
                "{word} {} {} {:?} {} {:?} {:?} row {} run {} at {} {:?} {:?}\n",
                head.key.period,
                point.place.0,
                point.value,
                point.qualifier.as_str(),
                point.samples,
                head.key.dimensions,
                point.row,
                head.run,
                head.recorded_at,
                head.key.method,
                head.key.evidence,
            ));
        }
    });
    lines.sort_unstable();
    lines.concat()
}
