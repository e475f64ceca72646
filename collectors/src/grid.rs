//! A sheet as rows of cells, whatever file it came from, and what a file may be at most.

use chrono::NaiveDateTime;

use crate::texts::Text;

/// Most rows of one sheet: what Excel can hold.
pub(crate) const MAX_ROWS: usize = 1_048_576;
/// Most filled cells of one file.
pub(crate) const MAX_CELLS: usize = 8_000_000;
/// Widest row.
pub(crate) const MAX_COLUMNS: usize = 4_096;
/// Longest line of a text file, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 1 << 20;
/// Largest workbook after decompression, in bytes. It is read as a stream.
pub(crate) const MAX_UNPACKED_BYTES: u64 = 512 << 20;
/// Largest text after decompression, in bytes. It is held in memory.
pub(crate) const MAX_TEXT_BYTES: u64 = 128 << 20;

/// Why a file cannot be read at all. Shown to people: the sentences are Vietnamese.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Larger than what is read.
    #[error("tệp quá lớn: {what} vượt mức cho phép là {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// Damaged, or of a kind nobody reads.
    #[error("không đọc được tệp dưới dạng {kind}: {reason}")]
    Damaged {
        /// What it was read as.
        kind: &'static str,
        /// What the parser said.
        reason: String,
    },
    /// A workbook as XML, as Excel 2003 wrote it.
    #[error(
        "tệp thuộc dạng XML của Excel 2003, chưa đọc được; hãy mở bằng Excel, lưu lại thành .xlsx rồi gửi lại"
    )]
    OldXml,
    /// Protected by a password.
    #[error("tệp có mật khẩu bảo vệ, cần gửi lại tệp không đặt mật khẩu")]
    Protected,
    /// The encoding cannot be decided.
    #[error(
        "không xác định được bảng mã của tệp: có thể là {0}; hãy khai `encoding` trong tệp cấu hình nguồn"
    )]
    Encoding(String),
    /// Nothing in it.
    #[error("tệp trống, không có dòng nào")]
    Empty,
}

impl Unreadable {
    pub(crate) fn too_large(what: &'static str, limit: impl std::fmt::Display) -> Self {
        Self::TooLarge { what, limit: format!("{limit}") }
    }

    pub(crate) fn damaged(kind: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { kind, reason: format!("{reason}") }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text as it stands in the file, already decoded.
    Text(Text),
    /// A number the file holds as a number.
    Number(f64),
    /// A number shown as a share: already in percent.
    Percent(f64),
    /// A day, with a time perhaps.
    Date(NaiveDateTime),
    /// True or false.
    Bool(bool),
    /// A formula that failed, such as `#REF!`.
    Error(Text),
}

impl Cell {
    /// The cell as a person sees it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Error(text) => text.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Percent(percent) => format!("{percent}%"),
            Self::Date(at) if at.time() == chrono::NaiveTime::MIN => at.format("%d/%m/%Y").to_string(),
            Self::Date(at) => at.format("%H:%M, %d/%m/%Y").to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }

    /// Whether a person sees nothing.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.is_blank(),
            _ => false,
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Row {
    /// 1-based line where the record starts.
    pub(crate) line: u32,
    /// The cells from the first column on; cells behind the last filled one may be left out.
    pub(crate) cells: Vec<Cell>,
    /// Why the row itself is damaged, as a Vietnamese sentence.
    pub(crate) fault: Option<String>,
}

/// A merged area, in 0-based rows of `Grid::rows` and columns, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) bottom: usize,
    pub(crate) right: usize,
}

/// One sheet.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Grid {
    /// Name of the sheet; empty where the file has only one.
    pub(crate) name: String,
    /// Its rows, without empty ones at the end.
    pub(crate) rows: Vec<Row>,
    /// Its merged areas.
    pub(crate) merged: Vec<Area>,
}

const EMPTY: Cell = Cell::Empty;

impl Row {
    /// The cell of a column, empty beyond the last.
    pub(crate) fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&EMPTY)
    }

    /// Whether a person sees nothing in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.cells.iter().all(Cell::is_blank)
    }

    /// The first cell that is not blank, with its column.
    pub(crate) fn first_filled(&self) -> Option<(usize, &Cell)> {
        self.cells.iter().enumerate().find(|(_, cell)| !cell.is_blank())
    }
}

impl Grid {
    /// Takes off the rows from one on, as a sheet of the same name.
    pub(crate) fn split_off(&mut self, row: usize) -> Self {
        let rows = self.rows.split_off(row.min(self.rows.len()));
        let (above, below): (Vec<_>, Vec<_>) = self.merged.iter().copied().partition(|area| area.top < row);
        let moved = |area: Area| Area { top: area.top - row, bottom: area.bottom - row, ..area };
        self.merged = above;
        Self { name: self.name.clone(), rows, merged: below.into_iter().map(moved).collect() }
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0)
    }
}
