//! What kind of row a row under a heading is: data, or one of the things people put between and under data.

use std::{cell::OnceCell, sync::LazyLock};

use gapwatch_model::text::{clean, fold, prefix};

use crate::{
    grid::{Cell, Row},
    table::{Table, without_brackets},
    texts::{Memo, Text},
};

/// What kind of row it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A record.
    Data,
    /// Nothing in any column that means something.
    Blank,
    /// The numbers of the columns: `A, B, 1, 2`.
    Numbers,
    /// The heading again, as on a new page.
    Repeat,
    /// A Roman numeral and the name of a group.
    Group(String),
    /// A total.
    Total,
    /// The place, date and names under a table: nothing of the table follows.
    Signature,
}

/// What is known of a table's rows before looking at one.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) table: &'a Table,
    /// Columns that mean something, in order.
    pub(crate) meaning: &'a [usize],
    /// Columns whose cells are values.
    pub(crate) values: &'a [usize],
    /// The first columns that are none, in which totals are said.
    pub(crate) others: &'a [usize],
    /// Rows with Roman numerals are groups: others have Arabic ones.
    pub(crate) roman_groups: bool,
    pub(crate) total_words: &'a [String],
    pub(crate) keep_totals: bool,
    /// Rows are about villages, so that a commune alone in its row is the heading of a group.
    pub(crate) of_villages: bool,
    /// No column names communes: only the headings of groups do, numbered or not.
    pub(crate) communes_unnamed: bool,
    pub(crate) looks: Looks,
}

/// What the texts of a sheet look like, found out once for each.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// The parts of each column's heading, as they are compared.
    headings: OnceCell<Vec<Vec<String>>>,
    total: Memo<bool>,
    other: Memo<Look>,
}

/// What a text looks like beside a total.
#[derive(Debug, Clone, Copy)]
struct Look {
    signature: bool,
    note: bool,
    /// It can be the number of a column.
    numbering: bool,
    /// It is a part of a heading.
    heading: bool,
    /// It begins with a numeral or a kind of unit.
    group: bool,
}

impl Look {
    /// A row that begins so is neither numbers of columns nor heading, signature or note.
    fn leads_data(self) -> bool {
        !(self.signature || self.note || self.numbering || self.heading)
    }
}

/// Words that are a total when they stand alone: `Cộng Hòa` and `Tổng Cọt` are communes.
const TOTALS: [&str; 17] = [
    "tổng",
    "cộng",
    "t cộng",
    "toàn tỉnh",
    "toàn huyện",
    "toàn xã",
    "toàn phường",
    "lũy kế",
    "cộng lũy kế",
    "tỷ lệ",
    "tỉ lệ",
    "total",
    "grand total",
    "bình quân",
    "bình quân chung",
    "trung bình chung",
    "trong đó",
];
/// Words that begin a total.
const TOTALS_OF: [&str; 16] = [
    "tổng cộng",
    "tổng số",
    "cộng xã",
    "cộng phường",
    "cộng huyện",
    "cộng thị trấn",
    "tổng xã",
    "tổng huyện",
    "tổng phường",
    "tổng toàn",
    "cộng toàn",
    "cộng dồn",
    "cộng tỉnh",
    "cộng trang",
    "mang sang",
    "chuyển sang trang",
];
const SIGNATURES: [&str; 24] = [
    "người lập",
    "người tổng hợp",
    "người báo cáo",
    "người kiểm tra",
    "thủ trưởng",
    "lãnh đạo",
    "nơi nhận",
    "giám đốc",
    "phó giám đốc",
    "chủ tịch",
    "tm. ủy ban",
    "tm. uỷ ban",
    "kt. ",
    "xác nhận của",
    "trưởng phòng",
    "trưởng ban",
    "phó trưởng phòng",
    "phó trưởng ban",
    "phó chủ tịch",
    "chánh văn phòng",
    "người duyệt",
    "tl. ",
    "(ký",
    "ký tên",
];
/// Words of a signature block when they stand alone: `Duyệt Trung` is a ward.
const SIGNATURES_ALONE: [&str; 8] = [
    "duyệt",
    "phê duyệt",
    "lập bảng",
    "lập biểu",
    "kế toán",
    "kế toán trưởng",
    "phụ trách",
    "cán bộ tổng hợp",
];

/// The words above as they are compared.
static COMPARED: LazyLock<[Vec<String>; 6]> = LazyLock::new(|| {
    let of = |list: &[&str]| list.iter().map(|word| words(word)).collect();
    [
        of(&TOTALS),
        of(&TOTALS_OF),
        of(&SIGNATURES),
        of(&SIGNATURES_ALONE),
        of(&["ngày", "tháng", "năm"]),
        of(&["ghi chú", "nguồn"]),
    ]
});

fn begins(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

impl Shape<'_> {
    /// Says what a row is.
    pub(crate) fn kind(&self, row: &Row) -> Kind {
        if row.fault.is_some() {
            return Kind::Data;
        }
        let Some((first, cell)) = row.first_filled() else { return Kind::Blank };
        if self.is_plainly_data(row, cell) {
            return Kind::Data;
        }
        if self.may_be_numbering(row) && is_numbering(row) {
            return Kind::Numbers;
        }
        if self.is_repeat(row) {
            return Kind::Repeat;
        }
        if !self.keep_totals && self.is_total(row) {
            return Kind::Total;
        }
        let numeral = match cell {
            Cell::Text(text) if self.look(text).group => self.group(row, first, cell),
            _ => None,
        };
        if let Some(name) = numeral.or_else(|| self.group_without_numeral(row, first)) {
            return Kind::Group(name);
        }
        let numbered =
            self.table.numbers.is_some_and(|column| !row.cell(column).is_blank() && column != first);
        let mut meant = self.meaning.iter().map(|column| row.cell(*column));
        let signature = |cell: &Cell| match cell {
            Cell::Text(text) => self.look(text).signature,
            _ => false,
        };
        let note = |cell: &Cell| match cell {
            Cell::Text(text) => self.look(text).note,
            _ => false,
        };
        let only_signs = meant.all(|cell| cell.is_blank() || signature(cell) || note(cell))
            // Beside what begins a signature block the names and titles of anybody may stand, but no values.
            || (signature(cell) && self.values.iter().all(|column| row.cell(*column).is_blank()));
        if only_signs && !numbered && row.cells.iter().any(signature) {
            return Kind::Signature;
        }
        if only_signs && row.cells.iter().filter(|cell| !cell.is_blank()).all(note) {
            return Kind::Blank;
        }
        if self.meaning.iter().all(|column| row.cell(*column).is_blank()) {
            return Kind::Blank;
        }
        Kind::Data
    }

    /// What nearly every row is, told by its first cells: the closer looks of [`Self::kind`] would all say no.
    fn is_plainly_data(&self, row: &Row, first: &Cell) -> bool {
        let lead = self.meaning.iter().map(|column| row.cell(*column)).find(|cell| !cell.is_blank());
        let leads = |look: Look| look.leads_data() && !(self.communes_unnamed && look.group);
        matches!(lead, Some(Cell::Text(text)) if leads(self.look(text)))
            && !matches!(first, Cell::Text(text) if self.look(text).group)
            && (self.keep_totals || !self.is_total(row))
    }

    fn look(&self, text: &Text) -> Look {
        self.looks.other.of(text, || Look {
            signature: is_signature(text),
            note: is_note(text),
            numbering: may_number_a_column(text),
            heading: self.is_part_of_a_heading(text),
            group: may_begin_a_group(text),
        })
    }

    fn is_repeat(&self, row: &Row) -> bool {
        let mut seen = 0;
        for column in self.meaning {
            let cell = row.cell(*column);
            if cell.is_blank() {
                continue;
            }
            if let Cell::Text(text) = cell
                && !self.look(text).heading
            {
                return false;
            }
            let text = clean(&cell.shown()).to_lowercase();
            if !self.headings().get(*column).is_some_and(|parts| parts.contains(&text)) {
                return false;
            }
            seen += 1;
        }
        seen >= 2 || (seen == 1 && self.meaning.len() == 1)
    }

    fn is_part_of_a_heading(&self, text: &str) -> bool {
        let text = clean(text).to_lowercase();
        self.headings().iter().flatten().any(|part| *part == text)
    }

    fn headings(&self) -> &[Vec<String>] {
        let parts = |heading: &String| heading.split(" > ").map(|part| clean(part).to_lowercase()).collect();
        self.looks.headings.get_or_init(|| self.table.headings.iter().map(parts).collect())
    }

    fn may_be_numbering(&self, row: &Row) -> bool {
        row.cells.iter().all(|cell| match cell {
            Cell::Empty => true,
            Cell::Number(number) => (1.0..100.0).contains(number),
            Cell::Text(text) => text.is_blank() || self.look(text).numbering,
            _ => false,
        })
    }

    /// Totals are said in the column of numbers or in a place column, never in a value.
    fn is_total(&self, row: &Row) -> bool {
        self.others.iter().any(|column| match row.cell(*column) {
            Cell::Text(text) => self.looks.total.of(text, || self.says_total(text)),
            _ => false,
        })
    }

    fn says_total(&self, text: &str) -> bool {
        // Every usual total begins with one of six letters: most cells need no closer look.
        let usual =
            text.trim_start().starts_with(['t', 'T', 'c', 'C', 'g', 'G', 'l', 'L', 'b', 'B', 'm', 'M']);
        if text.len() >= 200 || (!usual && self.total_words.is_empty()) {
            return false;
        }
        let [totals, totals_of, ..] = &*COMPARED;
        let text = words(&without_brackets(text));
        let mut name = text.as_str();
        while let Some((head, last)) = name.rsplit_once(' ')
            && last.bytes().all(|b| b.is_ascii_digit())
        {
            name = head;
        }
        totals.contains(&text)
            || (name.len() < text.len() && totals.iter().any(|word| word == name))
            || totals_of.iter().any(|word| begins(&text, word))
            || self.total_words.iter().any(|word| begins(&text, &words(word)))
    }

    /// A row whose first filled cell is a Roman numeral, alone or before a name.
    fn group(&self, row: &Row, first: usize, cell: &Cell) -> Option<String> {
        let Cell::Text(text) = cell else { return None };
        let text = clean(text);
        if let Some(numbers) = self.table.numbers
            && first == numbers
            && self.roman_groups
            && is_roman(text.trim_end_matches(['.', ')']))
        {
            let name = row.cells.iter().skip(first + 1).find(|cell| !cell.is_blank());
            return Some(name.map(|cell| clean(&cell.shown())).unwrap_or_default());
        }
        // "I. Xã Hòa An" merged over the row: a numeral with its point, and nothing else in the row that means something.
        let (numeral, name) = text.split_once(['.', ')', '-'])?;
        let alone = row.cells.iter().filter(|cell| !cell.is_blank()).count() == 1;
        (alone && is_roman(numeral.trim()) && !name.trim().is_empty()).then(|| name.trim().to_owned())
    }

    /// `Xã Hòa An` or `Huyện Nguyên Bình` alone in its row, above the rows of that unit. Where no column names communes
    /// it may be numbered, and a commune may stand beside the sums of its villages.
    fn group_without_numeral(&self, row: &Row, first: usize) -> Option<String> {
        let numbered = self.communes_unnamed && Some(first) == self.table.numbers;
        let mut filled = row.cells.iter().enumerate().skip(first).filter(|(_, cell)| !cell.is_blank());
        let (column, cell) = filled.nth(usize::from(numbered))?;
        let Cell::Text(text) = cell else { return None };
        if self.values.contains(&column) || text.len() > 120 || !self.look(text).group {
            return None;
        }
        let alone = filled.next().is_none();
        match prefix(text)?.trim_start_matches("ubnd ") {
            "huyện" | "thành phố" | "thị xã" | "quận" if alone => Some(clean(text)),
            "xã" | "phường" | "thị trấn" | "đặc khu"
                if self.of_villages && (alone || self.communes_unnamed) =>
            {
                Some(clean(text))
            }
            _ => None,
        }
    }

    /// Whether a row below signatures is a record all the same: numbered where the rows are, with a place and a value.
    pub(crate) fn is_record(&self, row: &Row) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let numbered = |column: usize| match row.cell(column) {
            Cell::Number(_) => true,
            Cell::Text(text) => digits(text.trim().trim_end_matches(['.', ')'])),
            _ => false,
        };
        let says = |column: &usize| match row.cell(*column) {
            Cell::Number(_) | Cell::Percent(_) | Cell::Bool(_) => true,
            Cell::Text(text) => {
                let text = text.trim();
                text.starts_with(|c: char| c.is_ascii_digit()) || text.eq_ignore_ascii_case("x")
            }
            _ => false,
        };
        let placed = |column: &&usize| !self.values.contains(column) && !row.cell(**column).is_blank();
        self.table.numbers.is_none_or(numbered)
            && self.values.iter().any(says)
            && self.meaning.iter().any(|column| placed(&column))
    }
}

/// The folded words of a text without its signs.
fn words(text: &str) -> String {
    let plain: String = clean(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    fold(&plain)
}

/// Whether rows with Roman numerals are groups among rows with Arabic ones.
pub(crate) fn roman_groups(rows: &[Row], table: &Table) -> bool {
    let Some(numbers) = table.numbers else { return false };
    let (mut roman, mut arabic) = (false, false);
    for row in rows.iter().skip(table.heading.1) {
        match row.cell(numbers) {
            Cell::Number(_) => arabic = true,
            Cell::Text(text) => {
                let text = clean(text);
                let text = text.trim_end_matches(['.', ')']);
                roman |= is_roman(text);
                // `1`, and `1.2` of a table of several levels.
                arabic |= !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                // A numeral with rows that carry none between: the rows below it are its group.
            }
            Cell::Empty => arabic |= row.cells.iter().any(|cell| !cell.is_blank()),
            _ => {}
        }
    }
    roman && arabic
}

fn is_roman(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 6
        && (text.bytes().all(|b| matches!(b, b'I' | b'V' | b'X' | b'L'))
            || (text.len() == 1 && matches!(text.as_bytes().first(), Some(b'A'..=b'H'))))
}

/// `A | B | 1 | 2 | 3=1+2`, with or without brackets: at least two cells, counting up from 1 or A.
fn is_numbering(row: &Row) -> bool {
    let (mut letters, mut numbers) = (0_u32, 0_u32);
    for cell in row.cells.iter().filter(|cell| !cell.is_blank()) {
        let shown = clean(&cell.shown());
        let Some(head) = column_number(&shown) else { return false };
        let letter = head.len() == 1 && head.bytes().all(|b| b.is_ascii_alphabetic()) && numbers == 0;
        if letter && head.to_ascii_lowercase().bytes().all(|b| u32::from(b) == u32::from(b'a') + letters) {
            letters += 1;
        } else if head.parse() == Ok(numbers + 1) && head.len() <= 2 && !head.starts_with('0') {
            numbers += 1;
        } else {
            return false;
        }
    }
    letters + numbers >= 3 || (letters >= 1 && numbers >= 1)
}

/// The number or letter with which a cell can number a column: `2` of `(2) = 3/1`.
fn column_number(cleaned: &str) -> Option<&str> {
    let bare = cleaned.trim_start_matches(['(', '[', ' ']);
    let end = bare.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(bare.len());
    let (head, rest) = bare.split_at_checked(end)?;
    (rest.is_empty() || rest.starts_with([')', ']', '=', ' '])).then_some(head)
}

/// Whether a text can stand among the numbers of columns: see [`is_numbering`].
fn may_number_a_column(text: &str) -> bool {
    let shown = clean(text);
    let Some(head) = column_number(&shown) else { return false };
    (head.len() == 1 || head.len() == 2 && head.bytes().all(|b| b.is_ascii_digit())) && !head.starts_with('0')
}

/// Whether a text begins with a Roman numeral or a kind of unit.
fn may_begin_a_group(text: &str) -> bool {
    let text = clean(text);
    let numeral = text.split(['.', ')', '-']).next().unwrap_or("").trim();
    is_roman(numeral) || is_roman(text.trim_end_matches(['.', ')'])) || prefix(&text).is_some()
}

/// A remark under a table.
fn is_note(text: &str) -> bool {
    let text = text.trim_start();
    let [.., notes] = &*COMPARED;
    let [remark, source] = notes.as_slice() else { return false };
    text.starts_with('*')
        || (text.starts_with('(') && text.trim_end().ends_with(')'))
        || words(text).starts_with(remark)
        || text.split_once(':').is_some_and(|(head, _)| words(head) == *source)
}

fn is_signature(text: &str) -> bool {
    let folded = words(text);
    let [_, _, signatures, alone, date, _] = &*COMPARED;
    signatures.iter().any(|word| begins(&folded, word))
        || alone.contains(&folded)
        || is_day_of_signing(&folded)
        || date.iter().all(|word| folded.contains(word))
}

/// `ngày 5 11 2025`, with or without the place before.
fn is_day_of_signing(folded: &str) -> bool {
    let words: Vec<&str> = folded.split(' ').collect();
    let number =
        |word: &&str, digits: usize| word.len() <= digits && word.bytes().all(|b| b.is_ascii_digit());
    let [_, _, _, _, date, _] = &*COMPARED;
    words.windows(4).any(|four| {
        matches!(four, [first, d, m, y] if date.first().is_some_and(|day| day == first) && number(d, 2) && number(m, 2) && number(y, 4))
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, Looks, Shape, is_numbering, roman_groups};
    use crate::{
        grid::{Cell, Row},
        table::Table,
    };

    fn row(text: &str) -> Row {
        let cell = |cell: &str| match cell {
            "" => Cell::Empty,
            other => other.parse().map_or_else(|_| Cell::Text(other.into()), Cell::Number),
        };
        Row { line: 1, cells: text.split('|').map(cell).collect(), fault: None }
    }

    #[test]
    fn rows_are_told_apart() {
        let table = Table {
            headings: ["STT", "Tên xã", "Tên thôn", "Số hộ"].map(ToOwned::to_owned).to_vec(),
            numbers: Some(0),
            ..Table::default()
        };
        let shape = Shape {
            table: &table,
            meaning: &[1, 2, 3],
            values: &[3],
            others: &[0, 1, 2],
            roman_groups: true,
            total_words: &[],
            keep_totals: false,
            of_villages: true,
            communes_unnamed: false,
            looks: Looks::default(),
        };
        let check = |text: &str, expected: Kind| assert_eq!(shape.kind(&row(text)), expected, "{text}");
        check("1|Hòa An|Nà Lẹng|120", Kind::Data);
        check("2||Nà Cáp|", Kind::Data);
        check("3|Tổng Cọt|Bản 1|12", Kind::Data);
        check("4|Cộng Hòa|Bản 1|12", Kind::Data);
        check("|Tổng cộng||1.450", Kind::Total);
        check("Cộng:|||12", Kind::Total);
        check("|Tổng số thôn||12", Kind::Total);
        check("I|Xã Hòa An||30", Kind::Group("Xã Hòa An".to_owned()));
        check("II. Xã Đàm Thủy|||", Kind::Group("Xã Đàm Thủy".to_owned()));
        check("A|B|1|2", Kind::Numbers);
        check("(1)|(2)|(3)|(4)=(3)/2", Kind::Numbers);
        check("STT|Tên xã|Tên thôn|Số hộ", Kind::Repeat);
        check("5|||", Kind::Blank);
        check("||Cao Bằng, ngày 5 tháng 11 năm 2025|", Kind::Signature);
        check("|Người lập biểu|Thủ trưởng đơn vị|", Kind::Signature);
        check("||Tam Kim, ngày 5/11/2025|", Kind::Signature);
        check("|Kế toán||Duyệt", Kind::Signature);
        check("6|Duyệt Trung|Tổ 1|", Kind::Data);
        check("|Duyệt Trung|Tổ 1|5", Kind::Data);
        check("|Cộng (I+II)||24", Kind::Total);
        check("|T.Cộng||24", Kind::Total);
        check("|Tổng: 24||", Kind::Total);
        check("|Tổng toàn huyện||24", Kind::Total);
        check("|Luỹ kế||24", Kind::Total);
        check("Xã Hòa An|||", Kind::Group("Xã Hòa An".to_owned()));
        check("||UBND xã Hòa An|", Kind::Group("UBND xã Hòa An".to_owned()));
        check("|Huyện Nguyên Bình||", Kind::Group("Huyện Nguyên Bình".to_owned()));
        check("7|Xã Hòa An||", Kind::Data);
        check("|Xã Hòa An||12", Kind::Data);
        check("||* số liệu tạm tính|", Kind::Blank);
        check("|(Số liệu tạm tính)||", Kind::Blank);
        assert!(shape.is_record(&row("8||Nà Lẹng|12")));
        assert!(!shape.is_record(&row("|Nguyễn Văn A||Trần B")));
        assert!(!shape.is_record(&row("||Điện thoại|0206")));
        check("||||ghi chú bên lề", Kind::Blank);
        let unnamed = Shape { communes_unnamed: true, ..shape };
        let group = Kind::Group("Xã Hòa An".to_owned());
        assert_eq!(unnamed.kind(&row("7|Xã Hòa An||")), group);
        assert_eq!(unnamed.kind(&row("1.|Xã Hòa An||161")), group);
        assert_eq!(unnamed.kind(&row("1.1|Nà Lẹng||41")), Kind::Data);
    }

    #[test]
    fn numerals_are_groups_only_among_numbers() {
        let table = Table { numbers: Some(0), ..Table::default() };
        assert!(roman_groups(&[row("I|x"), row("1|y")], &table));
        assert!(!roman_groups(&[row("I|x"), row("II|y")], &table));
        assert!(!is_numbering(&row("1|Hòa An|2|3")));
        assert!(!is_numbering(&row("01273|1|2|3")));
    }
}
