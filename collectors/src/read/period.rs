//! Which day and period a row is about.

use chrono::NaiveDate;
use gapwatch_model::{Indicator, Period, PeriodKind, RejectCode};

use crate::{
    config::PeriodFrom,
    dates::{self, DateFault},
    grid::{Cell, Grid},
};

/// Why there is no period, as a reject says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeriodFault {
    pub(crate) code: RejectCode,
    pub(crate) asked: bool,
    pub(crate) sentence: String,
}

fn bad(asked: bool, sentence: String) -> PeriodFault {
    PeriodFault { code: RejectCode::BadDate, asked, sentence }
}

/// The period all rows of a sheet share, unless a column says otherwise.
pub(crate) fn of_sheet(
    from: PeriodFrom,
    grid: &Grid,
    heading_top: usize,
    reported_on: NaiveDate,
) -> Result<Period, PeriodFault> {
    if from == PeriodFrom::File {
        return Ok(Period::containing(PeriodKind::Day, reported_on));
    }
    let rows = grid.rows.iter().take(heading_top);
    let title: Vec<String> =
        rows.flat_map(|row| &row.cells).filter(|c| !c.is_blank()).map(Cell::shown).collect();
    let (mut periods, mut days) = title.iter().map(|cell| dates::in_title(cell)).fold(
        (Vec::new(), Vec::new()),
        |(mut periods, mut days): (Vec<Period>, Vec<Period>), (more_periods, more_days)| {
            periods.extend(more_periods);
            days.extend(more_days);
            (periods, days)
        },
    );
    // A period within another says it more precisely: "quý IV" within "năm 2025".
    let finest = periods.iter().map(|period| period.kind()).min();
    periods.retain(|period| Some(period.kind()) == finest);
    for found in [&mut periods, &mut days] {
        found.sort_unstable();
        found.dedup();
    }
    if let ([], [first, last]) = (periods.as_slice(), days.as_slice())
        && let Some(period) = from_to(*first, *last)
    {
        return Ok(period);
    }
    match (periods.as_slice(), days.as_slice()) {
        ([period], _) | ([], [period]) => Ok(*period),
        ([], []) => Err(bad(
            false,
            "phần tiêu đề trên bảng không nêu kỳ báo cáo, cần ví dụ “Tháng 11/2025”".to_owned(),
        )),
        (several, others) => {
            let all: Vec<String> = several.iter().chain(others).map(|period| period.vietnamese()).collect();
            Err(bad(true, format!("phần tiêu đề nêu nhiều kỳ: {}; cần chọn một", all.join(", "))))
        }
    }
}

/// The period that begins and ends with these days: *từ ngày 01/10/2025 đến ngày 31/10/2025* is a month.
fn from_to(first: Period, last: Period) -> Option<Period> {
    [PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Half, PeriodKind::Year]
        .map(|kind| Period::containing(kind, first.start()))
        .into_iter()
        .find(|period| period.start() == first.start() && period.end() == last.end())
}

/// The period a date or period cell gives.
pub(crate) fn of_cell(cell: &Cell, today: NaiveDate) -> Result<Period, PeriodFault> {
    if cell.is_blank() {
        let sentence = "thiếu ngày hoặc kỳ của dòng này".to_owned();
        return Err(PeriodFault { code: RejectCode::Missing, asked: false, sentence });
    }
    let shown = cell.shown();
    match dates::cell_period(cell) {
        Ok(period) if period.start() > today => Err(bad(
            false,
            format!("“{shown}” ở tương lai so với ngày {}", gapwatch_model::text::date(today)),
        )),
        Ok(period) => Ok(period),
        Err(DateFault::ShortYear) => {
            Err(bad(true, format!("“{shown}” viết năm bằng hai chữ số; cần bốn chữ số")))
        }
        Err(DateFault::NoDate) => Err(bad(
            false,
            format!("“{shown}” không phải ngày hoặc kỳ, cần ví dụ 05/11/2025 hoặc tháng 11/2025"),
        )),
    }
}

/// The indicator's period that holds what the row says; a longer one than the indicator's cannot be cut down.
pub(crate) fn for_indicator(
    said: Period,
    indicator: &Indicator,
    declared: Option<PeriodKind>,
) -> Result<Period, PeriodFault> {
    let kind = declared.unwrap_or(indicator.period);
    if said.kind() > kind {
        let name = match kind {
            PeriodKind::Day => "ngày",
            PeriodKind::Week => "tuần",
            PeriodKind::Month => "tháng",
            PeriodKind::Quarter => "quý",
            PeriodKind::Half => "nửa năm",
            PeriodKind::Year => "năm",
        };
        return Err(bad(
            false,
            format!("{} dài hơn kỳ {name} của chỉ tiêu “{}”", said.vietnamese(), indicator.name_vi),
        ));
    }
    Ok(Period::containing(kind, said.end()))
}
