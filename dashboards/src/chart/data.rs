//! What stands beside a chart: the sentence that says what it shows, and its table.

use gapwatch_model::{Qualifier, Unit};

use crate::{
    Lang, Shell, draw,
    table::{Cell, Column, Kind, Row, Table},
    words,
};

use super::{Chart, Point};

/// The first and the last point of the first line that speak, named where there are others, and the target in force.
pub(super) fn sentence(lang: Lang, chart: &Chart) -> String {
    let speaking = |point: &&Point| point.amount.speaks().is_ok();
    let line = chart.series.first();
    let first = line.and_then(|line| line.points.iter().find(speaking));
    let last = line.and_then(|line| line.points.iter().rev().find(speaking));
    let (Some(first), Some(last)) = (first, last) else {
        return lang.pick("Chưa có số liệu nào để vẽ.", "There is nothing to draw yet.").to_owned();
    };
    let (Ok(from), Ok(to)) = (first.amount.speaks(), last.amount.speaks()) else { return String::new() };
    let text =
        |number, qualifier| draw::figure::number_text(lang, number, qualifier, chart.unit, chart.decimals);
    let mut said = if first.period == last.period {
        format!("{}: {}", draw::sentence::capital(&lang.period(last.period)), text(to, last.qualifier))
    } else {
        let size = draw::figure::number_text(
            lang,
            (to - from).abs(),
            Qualifier::Exact,
            if chart.unit == Unit::Percent { Unit::Items } else { chart.unit },
            chart.decimals,
        );
        let points = if chart.unit == Unit::Percent {
            lang.pick(" điểm phần trăm", " percentage points")
        } else {
            ""
        };
        let way = match to.total_cmp(&from) {
            std::cmp::Ordering::Less => format!("{} {size}{points}", lang.pick("giảm", "down by")),
            std::cmp::Ordering::Equal => lang.pick("không đổi", "unchanged").to_owned(),
            std::cmp::Ordering::Greater => format!("{} {size}{points}", lang.pick("tăng", "up by")),
        };
        format!(
            "{} {} ({}) {} {} ({}): {way}",
            lang.pick("Từ", "From"),
            text(from, first.qualifier),
            lang.period(first.period),
            lang.pick("đến", "to"),
            text(to, last.qualifier),
            lang.period(last.period)
        )
    };
    if let (Some(line), true) = (line, chart.series.len() > 1) {
        // Of several lines it says which one it speaks of.
        said = format!("{}: {}", line.name, draw::sentence::small(&said));
    }
    for target in &chart.targets {
        let only = target.condition.as_ref().map(|condition| words::condition(lang, condition));
        said.push_str(&format!(
            "; {}{} {} {} {} ({})",
            lang.pick("mục tiêu", "target"),
            only.map(|only| format!(" {only}")).unwrap_or_default(),
            text(target.value, Qualifier::Exact),
            lang.pick("trước hết ngày", "by"),
            lang.date(target.due),
            target.document
        ));
    }
    said.push('.');
    said
}

/// Every point of every line, newest first.
pub(super) fn table(shell: &Shell, chart: &Chart) -> Table {
    let lang = shell.lang;
    let several = chart.series.len() > 1;
    let mut columns = vec![Column::new("period", lang.pick("Kỳ", "Period"), Kind::Text)];
    if several {
        columns.push(Column::new("series", lang.pick("Nguồn", "Series"), Kind::Text));
    }
    columns.push(Column::new("value", lang.pick("Giá trị", "Value"), Kind::Number));
    columns.push(Column::new("evidence", lang.pick("Bằng chứng", "Evidence"), Kind::Text));
    columns.push(Column::new("note", lang.pick("Ghi chú", "Note"), Kind::Text));
    columns.push(Column::new("source", lang.pick("Tệp, dòng", "File, row"), Kind::Text));
    let mut points: Vec<_> =
        chart.series.iter().flat_map(|line| line.points.iter().map(move |point| (line, point))).collect();
    points.sort_by_key(|(_, point)| std::cmp::Reverse((point.period.end(), point.period)));
    let rows = points.into_iter().map(|(line, point)| {
        let mut cells = vec![Cell::Text(lang.period(point.period))];
        if several {
            cells.push(Cell::Text(line.name.clone()));
        }
        cells.push(Cell::Amount {
            amount: point.amount,
            qualifier: point.qualifier,
            unit: chart.unit,
            decimals: chart.decimals,
        });
        let evidence = line.evidence.map_or("", |evidence| words::evidence(lang, evidence));
        cells.push(Cell::Text(evidence.to_owned()));
        let note = if point.revised { lang.pick("đã đính chính", "revised") } else { "" };
        cells.push(Cell::Text(note.to_owned()));
        cells.push(point.source.clone().map_or_else(|| Cell::Text(String::new()), Cell::Link));
        Row::new(cells)
    });
    Table {
        caption: format!("{}: {}", lang.pick("Bảng số liệu", "Figures"), chart.title),
        rows: rows.collect(),
        columns,
        empty: lang.pick("Chưa có số liệu.", "No figures yet.").to_owned(),
        ..Table::default()
    }
}
