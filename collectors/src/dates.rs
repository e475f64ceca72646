//! Days and periods as people write them: `dd/mm/yyyy`, `tháng 11/2023`, `quý IV năm 2022`, ISO, Excel serials.

use chrono::{Days, NaiveDate};
use gapwatch_model::{Period, PeriodKind, text::clean};

use crate::{grid::Cell, value::typed};

/// Why a date cell gives no day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DateFault {
    /// No date at all, or one that does not exist.
    NoDate,
    /// A year of two digits: which century is asked.
    ShortYear,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Number(u32, usize),
}

fn tokens(text: &str) -> Vec<Token> {
    let lower = clean(text).to_lowercase();
    let mut found = Vec::new();
    let mut rest = lower.as_str();
    while let Some(first) = rest.chars().next() {
        let same = |c: char| if first.is_ascii_digit() { c.is_ascii_digit() } else { c.is_alphabetic() };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if first.is_ascii_digit() {
            found.push(Token::Number(head.parse().unwrap_or(u32::MAX), head.len()));
        } else if first.is_alphabetic() {
            found.push(Token::Word(gapwatch_model::text::fold(head)));
        }
        rest = tail;
    }
    found
}

fn word(token: Option<&Token>, wanted: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if *word == gapwatch_model::text::fold(wanted))
}

fn year(token: Option<&Token>) -> Option<i32> {
    match token {
        Some(Token::Number(year @ 1900..=2199, 4)) => i32::try_from(*year).ok(),
        _ => None,
    }
}

fn small(token: Option<&Token>) -> Option<u32> {
    match token {
        Some(Token::Number(number, 1..=2)) => Some(*number),
        _ => None,
    }
}

/// The month behind *tháng*, as a number or in words, and how many tokens it takes.
fn month(first: Option<&Token>, second: Option<&Token>) -> Option<(u32, usize)> {
    if let Some(number) = small(first) {
        return Some((number, 1));
    }
    let named = |words: &[&str], token| words.iter().any(|name| word(token, name));
    if named(&["mười"], first) {
        return Some(match second {
            second if named(&["một"], second) => (11, 2),
            second if named(&["hai"], second) => (12, 2),
            _ => (10, 1),
        });
    }
    let months: [&[&str]; 9] = [
        &["một", "giêng"],
        &["hai"],
        &["ba"],
        &["tư", "bốn"],
        &["năm"],
        &["sáu"],
        &["bảy", "bẩy"],
        &["tám"],
        &["chín"],
    ];
    let found = months.iter().zip(1..).find(|(names, _)| named(names, first));
    found.map(|(_, number)| (number, 1)).or_else(|| named(&["chạp"], first).then_some((12, 1)))
}

fn quarter(token: Option<&Token>) -> Option<u32> {
    match token {
        Some(Token::Number(number @ 1..=4, 1)) => Some(*number),
        Some(Token::Word(roman)) => {
            ["i", "ii", "iii", "iv"].iter().zip(1..).find(|(r, _)| *r == roman).map(|(_, n)| n)
        }
        _ => None,
    }
}

/// Reads a period that is written out in words from a place in the tokens; gives it and how many tokens it took.
fn worded(tokens: &[Token], at: usize) -> Option<(Period, usize)> {
    let token = |offset: usize| tokens.get(at + offset);
    let month_of = |year, month| NaiveDate::from_ymd_opt(year, month, 1);
    let year_at = |offset: usize| {
        if word(token(offset), "năm") {
            year(token(offset + 1)).map(|y| (y, offset + 2))
        } else {
            year(token(offset)).map(|y| (y, offset + 1))
        }
    };
    if word(token(0), "ngày") {
        let day = small(token(1))?;
        let month_at = if word(token(2), "tháng") { 3 } else { 2 };
        let (year, taken) = year_at(month_at + 1)?;
        let date = NaiveDate::from_ymd_opt(year, small(token(month_at))?, day)?;
        return Some((Period::containing(PeriodKind::Day, date), taken));
    }
    if let Some(months @ (6 | 9 | 3)) = small(token(0))
        && word(token(1), "tháng")
        && (word(token(2), "đầu") || word(token(2), "cuối"))
    {
        let (year, taken) = year_at(3)?;
        let first_half = word(token(2), "đầu");
        return match (months, first_half) {
            (6, true) => Some((Period::containing(PeriodKind::Half, month_of(year, 1)?), taken)),
            (6, false) => Some((Period::containing(PeriodKind::Half, month_of(year, 7)?), taken)),
            _ => None,
        };
    }
    if let Some(day) = small(token(0))
        && word(token(1), "tháng")
        && let Some(month) = small(token(2))
        && let Some((year, taken)) = year_at(3)
    {
        return Some((
            Period::containing(PeriodKind::Day, NaiveDate::from_ymd_opt(year, month, day)?),
            taken,
        ));
    }
    if word(token(0), "tháng") || word(token(0), "t") {
        let (number, words) = month(token(1), token(2))?;
        let (year, taken) = year_at(1 + words)?;
        return Some((Period::containing(PeriodKind::Month, month_of(year, number)?), taken));
    }
    if word(token(0), "quý") || word(token(0), "quí") {
        let (year, taken) = year_at(2)?;
        return Some((
            Period::containing(PeriodKind::Quarter, month_of(year, quarter(token(1))? * 3)?),
            taken,
        ));
    }
    if word(token(0), "năm") {
        return Some((Period::containing(PeriodKind::Year, month_of(year(token(1))?, 1)?), 2));
    }
    None
}

/// Reads a whole text as a period or a day.
pub(crate) fn period(text: &str) -> Result<Period, DateFault> {
    let cleaned = clean(text);
    if let Ok(period) = cleaned.to_uppercase().parse() {
        return Ok(period);
    }
    if let Some(day) = iso(&cleaned) {
        return Ok(Period::containing(PeriodKind::Day, day));
    }
    let mut tokens = tokens(&cleaned);
    drop_time(&cleaned, &mut tokens);
    if let Some((period, taken)) = worded(&tokens, 0) {
        return if taken == tokens.len() { Ok(period) } else { Err(DateFault::NoDate) };
    }
    let day = |day, month, year| {
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(DateFault::NoDate)?;
        Ok(Period::containing(PeriodKind::Day, date))
    };
    match tokens.as_slice() {
        [Token::Number(_, 1..=2), Token::Number(_, 1..=2), last @ Token::Number(_, 4)] => {
            let numbers = (small(tokens.first()), small(tokens.get(1)), year(Some(last)));
            let (Some(d), Some(m), Some(y)) = numbers else { return Err(DateFault::NoDate) };
            day(d, m, y)
        }
        [Token::Number(_, 1..=2), Token::Number(_, 1..=2), Token::Number(_, 2)] => Err(DateFault::ShortYear),
        [first @ Token::Number(_, 4), Token::Number(m, 1..=2), Token::Number(d, 1..=2)] => {
            day(*d, *m, year(Some(first)).ok_or(DateFault::NoDate)?)
        }
        [Token::Number(month @ 1..=12, 1..=2), of @ Token::Number(_, 4)]
        | [of @ Token::Number(_, 4), Token::Number(month @ 1..=12, 1..=2)] => {
            let first = year(Some(of))
                .and_then(|y| NaiveDate::from_ymd_opt(y, *month, 1))
                .ok_or(DateFault::NoDate)?;
            Ok(Period::containing(PeriodKind::Month, first))
        }
        _ => Err(DateFault::NoDate),
    }
}

/// `2025-11-05`, with a time or without.
fn iso(text: &str) -> Option<NaiveDate> {
    let (head, rest) = text.split_at_checked(10)?;
    let separated =
        head.as_bytes().get(4) == Some(&b'-') && (rest.is_empty() || rest.starts_with(['T', ' ']));
    separated.then(|| head.parse().ok()).flatten()
}

/// Drops a time before or behind the day: `09:27, 12/01/2026`, `12/01/2026 09:27:05`.
fn drop_time(text: &str, tokens: &mut Vec<Token>) {
    let colons = text.matches(':').count();
    if !(1..=2).contains(&colons) {
        return;
    }
    let first_colon = text.find(':').unwrap_or(0);
    let first_slash = text.find(['/', '-', '.']).unwrap_or(usize::MAX);
    if tokens.last().is_some_and(
        |last| matches!(last, Token::Word(half) if ["sa", "ch", "am", "pm"].contains(&half.as_str())),
    ) {
        tokens.pop();
    }
    if first_colon < first_slash {
        tokens.drain(..(colons + 1).min(tokens.len()));
    } else {
        tokens.truncate(tokens.len().saturating_sub(colons + 1));
    }
}

/// Reads a cell as a period or a day. Excel's serial numbers are days.
pub(crate) fn cell_period(cell: &Cell) -> Result<Period, DateFault> {
    let of_day = |day| Ok(Period::containing(PeriodKind::Day, day));
    match cell {
        Cell::Date(at) => of_day(at.date()),
        Cell::Number(number) => match serial(*number) {
            Some(day) => of_day(day),
            None => period(&number.to_string()),
        },
        Cell::Text(text) => match written_serial(typed(text).trim()) {
            Some(day) => of_day(day),
            None => period(typed(text)),
        },
        Cell::Empty | Cell::Percent(_) | Cell::Bool(_) | Cell::Error(_) => Err(DateFault::NoDate),
    }
}

/// The day of an Excel serial number between 1954 and 2119: others are more likely something else.
fn serial(number: f64) -> Option<NaiveDate> {
    if !(20_000.0..80_000.0).contains(&number) {
        return None;
    }
    let days = format!("{:.0}", number.floor()).parse().ok()?;
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(days))
}

/// A serial number that a text file took over from a workbook: five digits, and the time of day behind the point.
fn written_serial(text: &str) -> Option<NaiveDate> {
    let (days, time) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (days.len() == 5 && digits(days) && digits(time)).then(|| serial(days.parse().ok()?)).flatten()
}

/// The periods the title rows name: those written out as a period, or else the days.
pub(crate) fn in_title(text: &str) -> (Vec<Period>, Vec<Period>) {
    let tokens = tokens(text);
    let (mut periods, mut days) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        match worded(&tokens, at) {
            Some((period, taken)) => {
                if period.kind() == PeriodKind::Day {
                    days.push(period)
                } else {
                    periods.push(period)
                };
                at += taken;
            }
            None => at += 1,
        }
    }
    (periods, days)
}

#[cfg(test)]
mod tests {
    use super::{DateFault, cell_period, in_title, period};
    use crate::grid::Cell;

    fn check(text: &str, expected: &str) {
        assert_eq!(period(text).map(|p| p.to_string()), Ok(expected.to_owned()), "{text}");
    }

    #[test]
    fn days_and_periods_are_read() {
        check("05/11/2025", "20251105");
        check("5-11-2025", "20251105");
        check("5.11.2025", "20251105");
        check("2025-11-05", "20251105");
        check("2025-11-05T09:27:00+07:00", "20251105");
        check("09:27, 12/01/2026", "20260112");
        check("12/01/2026 09:27:05", "20260112");
        check("ngày 5 tháng 11 năm 2025", "20251105");
        check("Ngày 05/11/2025", "20251105");
        check("tháng 11/2023", "202311");
        check("Tháng 11 năm 2023", "202311");
        check("Tháng mười một năm 2023", "202311");
        check("tháng năm năm 2024", "202405");
        check("tháng mười/2024", "202410");
        check("11/2023", "202311");
        check("quý IV năm 2022", "2022Q4");
        check("Quý 4/2022", "2022Q4");
        check("quí iii-2022", "2022Q3");
        check("năm 2024", "2024");
        check("2024", "2024");
        check("6 tháng đầu năm 2025", "2025S1");
        check("202511", "202511");
        check("2025q4", "2025Q4");
        check("T10/2025", "202510");
        check("2025-10", "202510");
        check("2025/9/5", "20250905");
        check("05 tháng 10, 2025", "20251005");
        check("05/11/2025 9:27 SA", "20251105");
    }

    #[test]
    fn what_is_no_day_is_said() {
        for text in [
            "",
            "hôm qua",
            "31/02/2025",
            "12/25/2025",
            "tháng 13/2025",
            "quý V/2025",
            "05/11/2025 và 06/11/2025",
        ] {
            assert_eq!(period(text), Err(DateFault::NoDate), "{text}");
        }
        assert_eq!(period("05/11/25"), Err(DateFault::ShortYear));
    }

    #[test]
    fn serial_numbers_are_days() {
        assert_eq!(cell_period(&Cell::Number(45_966.0)).unwrap().to_string(), "20251105");
        assert_eq!(cell_period(&Cell::Number(202_511.0)).unwrap().to_string(), "202511");
        assert_eq!(cell_period(&Cell::Number(12.0)), Err(DateFault::NoDate));
        assert_eq!(cell_period(&Cell::Number(45_966.9)).unwrap().to_string(), "20251105");
        assert_eq!(cell_period(&Cell::Text("45966".into())).unwrap().to_string(), "20251105");
        assert_eq!(cell_period(&Cell::Text("45966,75".into())).unwrap().to_string(), "20251105");
        assert_eq!(cell_period(&Cell::Text("12345".into())), Err(DateFault::NoDate));
    }

    #[test]
    fn titles_name_their_period() {
        let (periods, days) = in_title("Cao Bằng, ngày 5 tháng 12 năm 2025\nBÁO CÁO PHỦ SÓNG THÁNG 11/2025");
        assert_eq!(periods.iter().map(ToString::to_string).collect::<Vec<_>>(), ["202511"]);
        assert_eq!(days.iter().map(ToString::to_string).collect::<Vec<_>>(), ["20251205"]);
        assert_eq!(in_title("Theo Công văn 1603/BTTTT-CVT và Quyết định 12/2025/QĐ-UBND"), (vec![], vec![]));
    }
}
