//! One cell → one value, as the indicator and the column want it. Absence, zero and rubbish are three different answers.

mod words;

use gapwatch_model::{
    Indicator, Qualifier, RejectCode, Unit, Value, ValueKind,
    text::{clean, fold},
};

use crate::{
    config::{Blank, Column, ValuePart},
    grid::Cell,
    number::{self, Style},
};
pub(crate) use words::qualifier;
use words::{Word, is_error, is_unit, multiplier, qualified};

/// What a column's cells hold.
#[derive(Debug, Clone)]
pub(crate) struct CellKind {
    /// Kind of value of the cell.
    pub(crate) kind: ValueKind,
    pub(crate) unit: Unit,
    pub(crate) blank: Blank,
    pub(crate) scale: Option<f64>,
    /// Folded words of the column and what each stands for.
    pub(crate) words: Vec<(String, f64)>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
}

/// What a cell says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parsed {
    /// Nothing.
    Missing,
    /// A value.
    Value(Value, Qualifier),
    /// Something that is no value.
    Bad(Box<Fault>),
}

/// Why a cell has no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) code: RejectCode,
    /// A Vietnamese sentence.
    pub(crate) sentence: String,
    /// What may have been meant.
    pub(crate) suggestions: Vec<String>,
}

impl Parsed {
    fn bad(code: RejectCode, sentence: String, suggestions: Vec<String>) -> Self {
        Self::Bad(Box::new(Fault { code, sentence, suggestions }))
    }
}

/// Larger whole numbers are no longer exact.
const MOST_COUNTED: f64 = 9_007_199_254_740_991.0;

impl CellKind {
    /// The kind of cells of a configured column.
    pub(crate) fn of(column: &Column, indicator: &Indicator) -> Self {
        let counts = column.part != ValuePart::Whole;
        Self {
            kind: if counts { ValueKind::Count } else { indicator.value },
            unit: if counts { Unit::Items } else { indicator.unit },
            blank: column.blank,
            scale: column.scale,
            words: column.words.iter().map(|(word, number)| (fold(word), *number)).collect(),
            minimum: indicator.minimum.filter(|_| !counts),
            maximum: indicator.maximum.filter(|_| !counts),
        }
    }

    /// The bare numbers in a cell that say something of the column's style.
    pub(crate) fn tokens(&self, cell: &Cell) -> Vec<String> {
        let Cell::Text(text) = cell else { return Vec::new() };
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Vec::new();
        }
        let (_, text) = qualified(typed(text));
        let Some((first, rest)) = number::leading(&text) else { return Vec::new() };
        let rest = rest.trim_start();
        // Counts have no decimals, so both separators are thousands there and say nothing.
        let whole_only = |token: &String| {
            self.kind == ValueKind::Count
                && multiplier(rest).0.is_none()
                && number::parse_count(token).is_some()
        };
        match rest.strip_prefix('/').and_then(|rest| number::leading(rest.trim_start())) {
            Some((second, _)) => {
                [first, second].into_iter().filter(|t| number::hint(t) != number::Hint::Either).collect()
            }
            None if whole_only(&first) => Vec::new(),
            None => vec![first],
        }
    }

    /// Reads a cell. `style` is the decision over its column.
    pub(crate) fn read(&self, cell: &Cell, style: Style) -> Parsed {
        match cell {
            cell if cell.is_blank() => self.blank(),
            Cell::Error(error) => failed(error),
            Cell::Text(text) => self.text(text, style),
            Cell::Bool(value) if self.kind == ValueKind::YesNo => yes_no(*value),
            Cell::Percent(percent) if self.unit == Unit::Percent => self.number(*percent, Qualifier::Exact),
            Cell::Percent(percent) if self.kind == ValueKind::YesNo => {
                self.number(percent / 100.0, Qualifier::Exact)
            }
            Cell::Number(number) => self.number(*number * self.scale.unwrap_or(1.0), Qualifier::Exact),
            other => bad(format!("“{}” {}", other.shown(), self.expected())),
        }
    }

    fn blank(&self) -> Parsed {
        match self.blank {
            Blank::Missing => Parsed::Missing,
            Blank::No | Blank::Zero => Parsed::Value(Value::Number(0.0), Qualifier::Exact),
        }
    }

    fn text(&self, text: &str, style: Style) -> Parsed {
        let text = typed(text);
        let folded = fold(text);
        if let Some((_, number)) = self.words.iter().find(|(word, _)| *word == folded) {
            return self.number(*number, Qualifier::Exact);
        }
        let dots_only = folded.chars().all(|c| matches!(c, '.' | '…' | '-' | '–' | '—' | '_' | '/' | ' '));
        let word = words::word(&folded)
            .or_else(|| words::word(&fold(text.trim_end_matches(['.', ',', ';', '!', ' ']))));
        if dots_only || word == Some(Word::Missing) {
            return Parsed::Missing;
        }
        if is_error(text.trim()) {
            return failed(text.trim());
        }
        if text.contains('\u{fffd}') {
            return bad(format!("“{}” có ký tự hỏng; cần gửi lại với bảng mã đúng", clean(text)));
        }
        if self.kind == ValueKind::YesNo {
            if let Some(word) = word {
                return yes_no(word == Word::Yes);
            }
            return bad(format!("“{}” {}", clean(text), self.expected()));
        }
        self.quantity(text, style).unwrap_or_else(|| {
            let suggestions = if self.kind == ValueKind::Count { whole_suggestion(text) } else { Vec::new() };
            Parsed::bad(RejectCode::BadValue, format!("“{}” {}", clean(text), self.expected()), suggestions)
        })
    }

    /// A number with what may stand around it: a word before, `/denominator`, a unit behind.
    fn quantity(&self, text: &str, style: Style) -> Option<Parsed> {
        let (qualifier, text) = qualified(text);
        let (token, rest) = number::leading(&text)?;
        let rest = rest.trim();
        if let Some(below) = rest.strip_prefix('/') {
            let (below, behind) = number::leading(below.trim_start())?;
            let part = |token: &str| match number::hint(token) {
                number::Hint::Either => number::parse_count(token),
                _ => number::parse(token, style),
            };
            let (above, below) = (part(&token)?, part(&below)?);
            let behind = behind.trim();
            return match self.kind {
                ValueKind::Ratio if behind.is_empty() || is_unit(self.unit, behind) => {
                    Some(self.ratio(above, below, qualifier))
                }
                // "66,13/100": points out of the most there are.
                ValueKind::Number if behind.is_empty() || is_unit(self.unit, behind) => {
                    let whole = self.maximum.unwrap_or(100.0);
                    ((whole - below).abs() < 1e-9).then(|| self.number(above, qualifier))
                }
                _ => None,
            };
        }
        let (times, unit) = multiplier(rest);
        if !(unit.is_empty() || is_unit(self.unit, unit)) {
            return None;
        }
        let number = match (self.kind, times) {
            (ValueKind::Count, None) => match token.strip_prefix(['-', '−']) {
                Some(rest) => -number::parse_count(rest)?,
                None => number::parse_count(&token)?,
            },
            _ => number::parse(&token, style)?,
        };
        let scale = if unit == "%" { 1.0 } else { self.scale.unwrap_or(1.0) };
        Some(self.number(number * times.unwrap_or(1.0) * scale, qualifier))
    }

    /// A ratio given by its two parts in a table, where columns are easily swapped: a share of a whole, unless the
    /// indicator declares a larger `maximum`.
    pub(crate) fn ratio(&self, numerator: f64, denominator: f64, qualifier: Qualifier) -> Parsed {
        Self { maximum: self.maximum.or(Some(100.0)), ..self.clone() }.parts(
            numerator,
            denominator,
            qualifier,
        )
    }

    /// A ratio whose parts are named one by one. More may be settled in a period than came in, so only a declared
    /// `maximum` bounds it; judging caps it and says so.
    pub(crate) fn parts(&self, numerator: f64, denominator: f64, qualifier: Qualifier) -> Parsed {
        let shown = format!("{numerator}/{denominator}");
        if numerator < 0.0 || denominator < 0.0 {
            return out_of_range(&shown, "tử số và mẫu số không được âm");
        }
        let value = Value::Ratio { numerator, denominator };
        match value.amount() {
            Some(share) if self.maximum.is_some_and(|most| share > most + 1e-9) => {
                out_of_range(&shown, "tử số lớn hơn mẫu số")
            }
            None if numerator > 0.0 => out_of_range(&shown, "mẫu số bằng 0 mà tử số khác 0"),
            _ => Parsed::Value(value, qualifier),
        }
    }

    fn number(&self, number: f64, qualifier: Qualifier) -> Parsed {
        // 0.29 × 100 is 28.999999999999996 to a computer; figures have no more than twelve digits that mean something.
        let whole = number.fract().abs() <= 0.0 && number.abs() < 1e12;
        let number = if whole { number } else { format!("{number:.12e}").parse().unwrap_or(number) };
        let shown = || gapwatch_model::text::decimal(number, if number.fract().abs() > 0.0 { 2 } else { 0 });
        if !number.is_finite() {
            return bad(format!("“{}” {}", shown(), self.expected()));
        }
        match self.kind {
            ValueKind::YesNo if number.abs() > 0.0 && (number - 1.0).abs() > 0.0 => {
                return bad(format!("“{}” {}", shown(), self.expected()));
            }
            ValueKind::Count if number.fract().abs() > 0.0 => {
                let thousand = format!("{}", (number * 1000.0).round());
                let sentence =
                    format!("“{number}” có phần thập phân, mà cột này là số đếm; cần một số nguyên");
                return Parsed::bad(RejectCode::BadValue, sentence, vec![thousand]);
            }
            ValueKind::Count if number < 0.0 => return out_of_range(&shown(), "số đếm không được âm"),
            ValueKind::Count if number > MOST_COUNTED => return out_of_range(&shown(), "số đếm quá lớn"),
            _ => {}
        }
        let share = self.kind == ValueKind::Ratio;
        let minimum = self.minimum.or(share.then_some(0.0));
        let maximum = self.maximum.or(share.then_some(100.0));
        let bound =
            |limit: f64| gapwatch_model::text::decimal(limit, if limit.fract().abs() > 0.0 { 2 } else { 0 });
        match (minimum, maximum) {
            (Some(least), _) if number < least => {
                out_of_range(&shown(), &format!("giá trị nhỏ nhất được phép là {}", bound(least)))
            }
            (_, Some(most)) if number > most => {
                out_of_range(&shown(), &format!("giá trị lớn nhất được phép là {}", bound(most)))
            }
            _ => Parsed::Value(Value::Number(number), qualifier),
        }
    }

    fn expected(&self) -> String {
        let sentence = match self.kind {
            ValueKind::YesNo => "không phải có/không; cần x, có, 1 hoặc không, chưa, 0",
            ValueKind::Count => "không đọc được là số đếm; cần một số nguyên không âm như 1.241",
            ValueKind::Number => "không đọc được là số; cần một số như 66,13",
            ValueKind::Ratio => {
                "không đọc được là tỷ lệ; cần tử số/mẫu số như 91/3.802 hoặc phần trăm như 97,6%"
            }
        };
        sentence.to_owned()
    }
}

/// A text without the apostrophe that tells a spreadsheet it is one.
pub(crate) fn typed(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix('\'').unwrap_or(text)
}

fn yes_no(value: bool) -> Parsed {
    Parsed::Value(Value::Number(if value { 1.0 } else { 0.0 }), Qualifier::Exact)
}

/// A formula that failed, or that was never worked out.
fn failed(error: &str) -> Parsed {
    bad(if error.starts_with('=') {
        format!(
            "công thức {error} chưa có kết quả trong tệp; hãy mở bằng Excel rồi lưu lại, hoặc nhập giá trị"
        )
    } else {
        format!("ô báo lỗi {error} của công thức; cần nhập lại giá trị")
    })
}

fn bad(sentence: String) -> Parsed {
    Parsed::bad(RejectCode::BadValue, sentence, Vec::new())
}

fn out_of_range(shown: &str, why: &str) -> Parsed {
    Parsed::bad(RejectCode::OutOfRange, format!("“{shown}” ngoài khoảng cho phép: {why}"), Vec::new())
}

/// The whole number a text begins with, where words follow: `4 hộ (12 khẩu)`.
fn whole_suggestion(text: &str) -> Vec<String> {
    let (_, text) = qualified(text);
    let number = number::leading(&text).filter(|(_, rest)| rest.starts_with(' '));
    let count = number.and_then(|(token, _)| number::parse_count(&token));
    count.map(|count| format!("{count:.0}")).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{CellKind, Parsed, qualifier};
    use crate::{
        config::Blank,
        grid::Cell,
        number::{Decision, Style, decide},
    };
    use gapwatch_model::{Qualifier, RejectCode, Unit, Value, ValueKind};

    fn kind(kind: ValueKind, unit: Unit) -> CellKind {
        CellKind {
            kind,
            unit,
            blank: Blank::Missing,
            scale: None,
            words: Vec::new(),
            minimum: None,
            maximum: None,
        }
    }

    /// Reads a text as the only cell of its column.
    fn read(kind: &CellKind, text: &str) -> Parsed {
        let cell = Cell::Text(text.into());
        let tokens = kind.tokens(&cell);
        match decide(tokens.iter().map(String::as_str)) {
            Decision::Decided(style) => kind.read(&cell, style),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn number(amount: f64, qualifier: Qualifier) -> Parsed {
        Parsed::Value(Value::Number(amount), qualifier)
    }

    fn code(parsed: &Parsed) -> Option<RejectCode> {
        match parsed {
            Parsed::Bad(fault) => Some(fault.code),
            _ => None,
        }
    }

    #[test]
    fn counts() {
        let count = kind(ValueKind::Count, Unit::Households);
        for (text, amount) in [
            ("1.241", 1241.0),
            ("1,241", 1241.0),
            ("120 hộ", 120.0),
            ("0", 0.0),
            ("1 241", 1241.0),
            ("12,0", 12.0),
            ("1,2 triệu", 1.2e6),
        ] {
            assert_eq!(read(&count, text), number(amount, Qualifier::Exact), "{text}");
        }
        assert_eq!(read(&count, "hơn 1.200"), number(1200.0, Qualifier::MoreThan));
        assert_eq!(read(&count, "> 9.300"), number(9300.0, Qualifier::MoreThan));
        for text in ["12,5", "mười", "12 km", "1.24", "12%", "3/4"] {
            assert_eq!(code(&read(&count, text)), Some(RejectCode::BadValue), "{text}");
        }
        for amount in [-3.0, 1e20] {
            assert_eq!(code(&count.read(&Cell::Number(amount), Style::Plain)), Some(RejectCode::OutOfRange));
        }
        let excel = count.read(&Cell::Number(1.241), Style::Plain);
        assert!(
            matches!(&excel, Parsed::Bad(fault) if fault.code == RejectCode::BadValue && fault.suggestions == ["1241"]),
            "{excel:?}"
        );
    }

    #[test]
    fn shares() {
        let share = kind(ValueKind::Ratio, Unit::Percent);
        let ratio =
            |numerator, denominator| Parsed::Value(Value::Ratio { numerator, denominator }, Qualifier::Exact);
        assert_eq!(read(&share, "91/3.802"), ratio(91.0, 3802.0));
        assert_eq!(read(&share, "0/0"), ratio(0.0, 0.0));
        assert_eq!(read(&share, "97,6%"), number(97.6, Qualifier::Exact));
        assert_eq!(read(&share, "khoảng 60 %"), number(60.0, Qualifier::About));
        assert_eq!(read(&share, "dưới 97,6"), number(97.6, Qualifier::LessThan));
        assert_eq!(share.read(&Cell::Percent(85.0), Style::Plain), number(85.0, Qualifier::Exact));
        assert_eq!(code(&read(&share, "5/3")), Some(RejectCode::OutOfRange));
        assert_eq!(code(&read(&share, "5/0")), Some(RejectCode::OutOfRange));
        assert_eq!(code(&read(&share, "104%")), Some(RejectCode::OutOfRange));
    }

    #[test]
    fn scores_money_and_lengths() {
        let mut points = kind(ValueKind::Number, Unit::Points);
        points.maximum = Some(100.0);
        assert_eq!(read(&points, "66,13/100"), number(66.13, Qualifier::Exact));
        assert_eq!(read(&points, "66.13 điểm"), number(66.13, Qualifier::Exact));
        assert_eq!(code(&read(&points, "66,13/10")), Some(RejectCode::BadValue));
        let items = kind(ValueKind::Number, Unit::Items);
        assert_eq!(read(&items, "169,3 tỷ"), number(169.3e9, Qualifier::Exact));
        assert_eq!(
            items.read(&Cell::Text("169,317 tỷ đồng".into()), Style::Comma),
            number(169.317e9, Qualifier::Exact)
        );
        assert_eq!(read(&items, "2,6km"), number(2.6, Qualifier::Exact));
    }

    #[test]
    fn yes_and_no() {
        let yes_no = kind(ValueKind::YesNo, Unit::YesNo);
        for text in [
            "có.",
            "'x",
            "đã có điện lưới quốc gia",
            "x",
            "X",
            "có",
            "Có",
            "CÓ ",
            "1",
            "đã có",
            "Có sóng",
            "Có điện lưới",
        ] {
            assert_eq!(read(&yes_no, text), number(1.0, Qualifier::Exact), "{text}");
        }
        for text in ["không", "Chưa có", "0", "ko", "Trắng sóng", "Không có điện lưới"] {
            assert_eq!(read(&yes_no, text), number(0.0, Qualifier::Exact), "{text}");
        }
        for text in ["có lẽ", "2", "sóng yếu"] {
            assert_eq!(code(&read(&yes_no, text)), Some(RejectCode::BadValue), "{text}");
        }
        assert_eq!(yes_no.read(&Cell::Bool(true), Style::Plain), number(1.0, Qualifier::Exact));
    }

    #[test]
    fn missing_is_neither_zero_nor_bad() {
        let mut count = kind(ValueKind::Count, Unit::Households);
        for text in ["", " ", "-", "…", "...", "N/A", "không có số liệu", "Không có số liệu", "–"]
        {
            assert_eq!(read(&count, text), Parsed::Missing, "{text}");
        }
        assert_eq!(count.read(&Cell::Empty, Style::Plain), Parsed::Missing);
        count.blank = Blank::Zero;
        assert_eq!(count.read(&Cell::Empty, Style::Plain), number(0.0, Qualifier::Exact));
        assert_eq!(code(&count.read(&Cell::Error("#REF!".into()), Style::Plain)), Some(RejectCode::BadValue));
    }

    #[test]
    fn words_of_a_column() {
        let mut signal = kind(ValueKind::YesNo, Unit::YesNo);
        signal.words = vec![(gapwatch_model::text::fold("tốt"), 1.0)];
        assert_eq!(read(&signal, "Tốt"), number(1.0, Qualifier::Exact));
        assert_eq!(qualifier("Hơn"), Some(Qualifier::MoreThan));
        assert_eq!(qualifier("more_than"), Some(Qualifier::MoreThan));
        assert_eq!(qualifier("chắc"), None);
    }
}
