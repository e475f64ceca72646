//! Where the table stands in a sheet: its heading rows, what each column means, and where the data begin.
//!
//! Headings of several rows are joined to paths. Case, accents, spaces and signs do not count; a heading that fits
//! better wins, and one that fits two columns equally well is asked.

use gapwatch_model::text::{clean, fold, toneless};

use crate::{
    config::{Column, Role},
    grid::{Cell, Grid, Row},
    texts::{Memo, Text},
};

/// Rows in which a heading is looked for.
const SEARCHED_ROWS: usize = 200;
/// Most rows of a heading.
const HIGHEST: usize = 4;

/// A table that was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    /// Column of the sheet for each configured column.
    pub(crate) mapped: Vec<Option<usize>>,
    /// Configured columns that fit several columns of the sheet equally well, with those.
    pub(crate) ambiguous: Vec<(usize, Vec<usize>)>,
    /// Joined heading of each column of the sheet.
    pub(crate) headings: Vec<String>,
    /// Columns with a heading that mean nothing to us.
    pub(crate) unmapped: Vec<usize>,
    /// The column of running numbers.
    pub(crate) numbers: Option<usize>,
    /// First row of the heading, and the first row behind it.
    pub(crate) heading: (usize, usize),
}

/// One configured heading, as its parts: folded and stripped.
struct Wanted {
    column: usize,
    folded: Vec<String>,
    keys: Vec<String>,
}

/// The heading of a column, from the top row down.
#[derive(Default, Clone)]
struct Path {
    parts: Vec<String>,
    keys: Vec<String>,
    /// Keys without what stands in brackets.
    short: Vec<String>,
}

impl Path {
    fn new(parts: Vec<String>) -> Self {
        let keys = parts.iter().map(|part| key(part)).collect();
        let short =
            parts.iter().map(|part| key(&without_brackets(part))).filter(|key| !key.is_empty()).collect();
        Self { parts, keys, short }
    }
}

/// A heading without anything but letters and digits.
fn key(text: &str) -> String {
    toneless(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A heading without what stands in brackets.
pub(crate) fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let outside = text.chars().filter(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    outside.collect()
}

/// The first configured column with the same headings: a denominator may serve several indicators.
fn first_alike(columns: &[Column], column: usize) -> usize {
    let headings = columns.get(column).map(|c| c.headings.iter().map(|h| fold(h)).collect::<Vec<_>>());
    let alike = |other: &Column| Some(other.headings.iter().map(|h| fold(h)).collect::<Vec<_>>()) == headings;
    columns.iter().position(alike).unwrap_or(column)
}

/// Gives columns with the same headings the same column of the sheet.
fn share(mut table: Table, columns: &[Column]) -> Table {
    for column in 0..columns.len() {
        let first = first_alike(columns, column);
        let found = table.mapped.get(first).copied().flatten();
        if let Some(slot) = table.mapped.get_mut(column)
            && first != column
        {
            *slot = found;
        }
    }
    table
}

/// Finds the table: the rows that fit the most configured columns, the fewest of them.
pub(crate) fn find(grid: &Grid, columns: &[Column]) -> Option<Table> {
    let wanted = wanted(columns);
    let meaningful = columns.iter().filter(|column| column.is != Some(Role::Ignored)).count();
    let mut best: Option<(usize, usize, usize, Vec<Path>)> = None;
    let searched = grid.rows.len().min(SEARCHED_ROWS);
    let begins = Memo::default();
    let warm: Vec<bool> = grid.rows.iter().take(searched).map(|row| is_warm(row, &wanted, &begins)).collect();
    for top in 0..searched {
        if grid.rows.get(top).is_none_or(Row::is_blank) {
            continue;
        }
        for height in 1..=HIGHEST.min(grid.rows.len() - top) {
            if !warm.iter().skip(top).take(height).any(|warm| *warm) {
                continue;
            }
            let paths = paths(grid, top, height);
            let fits = |column: usize| {
                let wanted = || wanted.iter().filter(|w| w.column == column);
                paths.iter().any(|path| !path.parts.is_empty() && wanted().any(|w| strength(w, path) > 0))
            };
            let score = (0..columns.len())
                .filter(|column| fits(*column))
                .map(
                    |column| {
                        if columns.get(column).is_some_and(|c| c.is == Some(Role::Ignored)) { 1 } else { 2 }
                    },
                )
                .sum::<usize>();
            let better = |(most, _, lowest, _): &(usize, usize, usize, _)| {
                score > *most || (score == *most && height < *lowest)
            };
            if best.as_ref().is_none_or(better) {
                best = Some((score, top, height, paths));
            }
        }
    }
    let (score, top, height, paths) = best?;
    if score < 2 * meaningful.min(2) {
        return None;
    }
    let mut table = share(assign(&paths, &wanted, columns.len()), columns);
    table.heading = (top, top + height);
    Some(table)
}

/// The row at which another table begins below this one, with its titles: a row in which the heading of a place stands
/// where the places stand, beside other headings, and not all the same as above.
pub(crate) fn next(grid: &Grid, table: &Table, columns: &[Column]) -> Option<usize> {
    let named = columns.iter().zip(&table.mapped).filter(|(column, _)| column.is.is_some_and(names_a_place));
    let named: Vec<usize> = named.filter_map(|(_, at)| *at).collect();
    let wanted = wanted(columns);
    let known = Memo::default();
    let is_heading = |cell: &Cell| match cell {
        Cell::Text(text) => known.of(text, || {
            let key = key(&without_brackets(text));
            !key.is_empty() && wanted.iter().any(|w| w.keys.last() == Some(&key))
        }),
        _ => false,
    };
    let same = |(column, cell): (usize, &Cell)| {
        let above = table.headings.get(column).map_or("", String::as_str);
        cell.is_blank() || key(above.rsplit(" > ").next().unwrap_or(above)) == key(&cell.shown())
    };
    let begins = |row: &Row| {
        named.iter().any(|column| is_heading(row.cell(*column)))
            && row.cells.iter().filter(|cell| is_heading(cell)).count() > 1
            && !row.cells.iter().enumerate().all(same)
    };
    let under = grid.rows.get(table.heading.1..)?;
    let heading = under.iter().position(begins)?;
    let is_title = |row: &&Row| row.cells.iter().filter(|cell| !cell.is_blank()).count() == 1;
    let titles = under.iter().take(heading).rev().take_while(is_title).count();
    Some(table.heading.1 + heading - titles)
}

fn names_a_place(role: Role) -> bool {
    matches!(
        role,
        Role::ProvinceCode
            | Role::ProvinceName
            | Role::DistrictCode
            | Role::DistrictName
            | Role::CommuneCode
            | Role::CommuneName
            | Role::VillageCode
            | Role::VillageName
            | Role::PlaceCode
            | Role::PlaceName
    )
}

/// Whether a row has a cell that begins a wanted heading, and so may be part of the heading rows.
fn is_warm(row: &Row, wanted: &[Wanted], known: &Memo<bool>) -> bool {
    let begins = |text: &Text| {
        let (whole, short) = (key(text), key(&without_brackets(text)));
        let begins = |key: &String| {
            key.starts_with(&short) || key.starts_with(&whole) || whole.starts_with(key.as_str())
        };
        short.len() > 1 && wanted.iter().flat_map(|w| &w.keys).any(|key| key.len() > 1 && begins(key))
    };
    row.cells.iter().any(|cell| match cell {
        Cell::Text(text) => text.len() < 300 && known.of(text, || begins(text)),
        _ => false,
    })
}

/// The table of records whose headings are known to be these paths.
pub(crate) fn of_paths(paths: &[Vec<String>], columns: &[Column]) -> Table {
    let paths: Vec<Path> = paths.iter().cloned().map(Path::new).collect();
    share(assign(&paths, &wanted(columns), columns.len()), columns)
}

fn wanted(columns: &[Column]) -> Vec<Wanted> {
    let of = |(column, heading): (usize, &String)| {
        let parts: Vec<&str> = heading.split('>').map(str::trim).filter(|part| !part.is_empty()).collect();
        Wanted {
            column,
            folded: parts.iter().map(|part| fold(part)).collect(),
            keys: parts.iter().map(|part| key(part)).collect(),
        }
    };
    let first = |(i, _): &(usize, &Column)| first_alike(columns, *i) == *i;
    columns
        .iter()
        .enumerate()
        .filter(first)
        .flat_map(|(i, c)| c.headings.iter().map(move |h| (i, h)))
        .map(of)
        .collect()
}

/// The heading path of each column over some rows.
fn paths(grid: &Grid, top: usize, height: usize) -> Vec<Path> {
    let width = grid.rows.iter().skip(top).take(height).map(|row| row.cells.len()).max().unwrap_or(0);
    let text = |row: usize, column: usize| {
        let own = grid.rows.get(row).map(|r| r.cell(column)).filter(|cell| !cell.is_blank());
        let merged = || {
            let holds = |a: &&crate::grid::Area| {
                (a.top..=a.bottom).contains(&row) && (a.left..=a.right).contains(&column)
            };
            let area = grid.merged.iter().find(holds)?;
            grid.rows.get(area.top).map(|r| r.cell(area.left)).filter(|cell| !cell.is_blank())
        };
        own.or_else(merged).map(Cell::shown)
    };
    let mut paths: Vec<Vec<String>> = vec![Vec::new(); width];
    for row in top..top + height {
        let mut left: Option<String> = None;
        for (column, path) in paths.iter_mut().enumerate() {
            let below = || (row + 1..top + height).any(|lower| text(lower, column).is_some());
            let part = match text(row, column) {
                Some(part) => {
                    left = below().then(|| part.clone());
                    Some(part)
                }
                // An unmerged heading over several columns stands in the first of them only.
                None if row + 1 < top + height && below() => left.clone(),
                None => {
                    left = None;
                    None
                }
            };
            if let Some(part) = part.map(|part| clean(&part)).filter(|part| path.last() != Some(part)) {
                path.push(part);
            }
        }
    }
    paths.into_iter().map(Path::new).collect()
}

/// How well a configured heading fits a path: 0 not at all.
fn strength(wanted: &Wanted, path: &Path) -> u8 {
    let ends = |parts: &[String], with: &[String]| parts.ends_with(with);
    if wanted.keys.iter().all(String::is_empty) {
        return 0;
    }
    if path.keys == wanted.keys {
        let same = path.parts.iter().map(|part| fold(part)).eq(wanted.folded.iter().cloned());
        return if same { 6 } else { 5 };
    }
    if ends(&path.keys, &wanted.keys) {
        return 4;
    }
    if ends(&path.short, &wanted.keys)
        || holds_run(&path.keys, &wanted.keys)
        || holds_run(&path.short, &wanted.keys)
    {
        return 3;
    }
    let mut rest = path.short.iter();
    if wanted.keys.iter().all(|part| rest.any(|other| other == part)) { 2 } else { 0 }
}

/// Whether some parts one below the other read like the wanted ones: `Điện` over `lưới`.
fn holds_run(parts: &[String], wanted: &[String]) -> bool {
    let wanted = wanted.concat();
    (0..parts.len()).any(|from| {
        let mut run = String::new();
        parts.iter().skip(from).any(|part| {
            run.push_str(part);
            run == wanted
        })
    })
}

/// Gives each configured column its column, the best fits first.
fn assign(paths: &[Path], wanted: &[Wanted], columns: usize) -> Table {
    let mut table = Table {
        mapped: vec![None; columns],
        headings: paths.iter().map(|path| path.parts.join(" > ")).collect(),
        ..Table::default()
    };
    let mut taken = vec![false; paths.len()];
    let mut done = vec![false; columns];
    for level in (1..=6).rev() {
        let mut fits: Vec<Vec<usize>> = vec![Vec::new(); columns];
        for w in wanted {
            for (index, path) in paths.iter().enumerate() {
                let free = !taken.get(index).copied().unwrap_or(true)
                    && !done.get(w.column).copied().unwrap_or(true);
                if free
                    && strength(w, path) == level
                    && let Some(fits) = fits.get_mut(w.column)
                    && !fits.contains(&index)
                {
                    fits.push(index);
                }
            }
        }
        // Within one level a synonym that stands earlier in the file is no better than another: two fits are asked.
        for (column, fits) in fits.into_iter().enumerate() {
            let open: Vec<usize> = fits.into_iter().filter(|i| taken.get(*i) == Some(&false)).collect();
            if open.is_empty() {
                continue;
            }
            for index in &open {
                if let Some(taken) = taken.get_mut(*index) {
                    *taken = true;
                }
            }
            if let Some(done) = done.get_mut(column) {
                *done = true;
            }
            match open.as_slice() {
                [one] => {
                    if let Some(slot) = table.mapped.get_mut(column) {
                        *slot = Some(*one);
                    }
                }
                _ => table.ambiguous.push((column, open)),
            }
        }
    }
    let is_numbers = |path: &Path| {
        path.keys.last().is_some_and(|last| matches!(last.as_str(), "stt" | "tt" | "sott" | "sothutu"))
    };
    table.numbers = paths.iter().position(is_numbers);
    table.unmapped = (0..paths.len())
        .filter(|i| taken.get(*i) == Some(&false) && Some(*i) != table.numbers)
        .filter(|i| paths.get(*i).is_some_and(|path| !path.parts.is_empty()))
        .collect();
    table
}

#[cfg(test)]
mod tests {
    use super::{Table, find};
    use crate::{
        config::Column,
        grid::{Area, Cell, Grid, Row},
    };

    fn grid(lines: &[&str]) -> Grid {
        let row = |(line, text): (usize, &&str)| Row {
            line: u32::try_from(line + 1).unwrap(),
            cells: text
                .split('|')
                .map(|cell| if cell.is_empty() { Cell::Empty } else { Cell::Text(cell.into()) })
                .collect(),
            fault: None,
        };
        Grid { rows: lines.iter().enumerate().map(row).collect(), ..Grid::default() }
    }

    fn columns(headings: &[&[&str]]) -> Vec<Column> {
        let column = |names: &&[&str]| Column {
            headings: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Column::default()
        };
        headings.iter().map(column).collect()
    }

    fn found(lines: &[&str], headings: &[&[&str]]) -> Table {
        find(&grid(lines), &columns(headings)).unwrap()
    }

    #[test]
    fn a_table_stands_under_titles() {
        let lines =
            ["SỞ KHOA HỌC|||", "Tháng 11/2025|||", "", "TT|XÃ/PHƯỜNG|Số hộ dân|Ghi chú", "1|Hòa An|12|"];
        let table = found(&lines, &[&["Tên xã", "Xã/phường"], &["Số hộ", "Số hộ dân"]]);
        assert_eq!(table.heading, (3, 4));
        assert_eq!(table.mapped, [Some(1), Some(2)]);
        assert_eq!(table.numbers, Some(0));
        assert_eq!(table.unmapped, [3]);
    }

    #[test]
    fn headings_of_two_rows_are_joined() {
        let lines =
            ["Tiêu đề", "STT|Tên xã|Viettel|||VNPT||Ghi chú", "||2G|3G|4G|3G|4G|", "1|Hòa An|x|x|x|||"];
        let wanted: [&[&str]; 4] = [&["Tên xã"], &["Viettel > 4G"], &["VNPT > 3G"], &["Ghi chú"]];
        let table = found(&lines, &wanted);
        assert_eq!(table.heading, (1, 3));
        assert_eq!(table.mapped, [Some(1), Some(4), Some(5), Some(7)]);
        let mut merged = grid(&lines);
        merged.merged = vec![
            Area { top: 1, left: 2, bottom: 1, right: 4 },
            Area { top: 1, left: 1, bottom: 2, right: 1 },
        ];
        assert_eq!(find(&merged, &columns(&wanted)).unwrap().mapped, table.mapped);
    }

    #[test]
    fn three_rows_and_words_in_between() {
        let lines = [
            "STT|Tên thôn|Tình hình phủ sóng||||Điện",
            "||Viettel||VNPT||lưới",
            "||2G|4G|2G|4G|(có/không)",
            "1|Nà Lẹng|x|x|||x",
        ];
        let table = found(&lines, &[&["Tên thôn"], &["Viettel > 4G"], &["VNPT 2G"], &["Điện lưới"]]);
        assert_eq!(table.heading, (0, 3));
        assert_eq!(table.mapped, [Some(1), Some(3), Some(4), Some(6)]);
    }

    #[test]
    fn accents_case_and_spaces_do_not_count_and_the_better_fit_wins() {
        let lines = ["ten  xa|SO HO|Số hộ (hộ)|Khoảng cách (km)", "a|1|2|3"];
        let table = found(&lines, &[&["Tên xã"], &["Số hộ"], &["Khoảng cách"]]);
        assert_eq!(table.mapped, [Some(0), Some(1), Some(3)]);
        assert_eq!(table.unmapped, [2]);
    }

    #[test]
    fn columns_with_the_same_headings_share_one() {
        let table = found(
            &["Tên xã|Cáp quang|Số hộ", "a|1|2"],
            &[&["Tên xã"], &["Số hộ"], &["Cáp quang"], &["Số hộ"]],
        );
        assert_eq!(table.mapped, [Some(0), Some(2), Some(1), Some(2)]);
        assert!(table.ambiguous.is_empty());
    }

    #[test]
    fn two_equal_fits_are_asked() {
        let table = found(&["Tên xã|Số hộ|Số hộ", "a|1|2"], &[&["Tên xã"], &["Số hộ"]]);
        assert_eq!(table.mapped, [Some(0), None]);
        assert_eq!(table.ambiguous, [(1, vec![1, 2])]);
        assert!(find(&grid(&["x|y", "1|2"]), &columns(&[&["Tên xã"], &["Số hộ"]])).is_none());
    }
}
