//! Where the table stands in a sheet: its heading rows, what each column means, and where the data begin.
//!
//! Headings of several rows are joined to paths. Case, accents, spaces and signs do not count; a heading that fits
//! better wins, and one that fits two columns equally well is asked.

use gapwatch_model::text::{clean, fold, toneless};

use crate::{
    config::{Column, Role},
    grid::{Cell, Grid, Row},
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

/// A heading without anything but letters and digits.
fn key(text: &str) -> String {
    toneless(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A heading without what stands in brackets.
fn without_brackets(text: &str) -> String {
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

/// Finds the table: the rows that fit the most configured columns, the fewest of them.
pub(crate) fn find(grid: &Grid, columns: &[Column]) -> Option<Table> {
    let wanted = wanted(columns);
    let meaningful = columns.iter().filter(|column| column.is != Some(Role::Ignored)).count();
    let mut best: Option<(usize, usize, usize, Vec<Vec<String>>)> = None;
    for top in 0..grid.rows.len().min(SEARCHED_ROWS) {
        if grid.rows.get(top).is_none_or(Row::is_blank) {
            continue;
        }
        for height in 1..=HIGHEST.min(grid.rows.len() - top) {
            let paths = paths(grid, top, height);
            let fits = |column: usize| {
                let wanted = || wanted.iter().filter(|w| w.column == column);
                paths.iter().any(|path| !path.is_empty() && wanted().any(|w| strength(w, path) > 0))
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
    let mut table = assign(&paths, &wanted, columns.len());
    table.heading = (top, top + height);
    Some(table)
}

/// The table of records whose headings are known to be these paths.
pub(crate) fn of_paths(paths: &[Vec<String>], columns: &[Column]) -> Table {
    assign(paths, &wanted(columns), columns.len())
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
    columns.iter().enumerate().flat_map(|(i, c)| c.headings.iter().map(move |h| (i, h))).map(of).collect()
}

/// The heading path of each column over some rows.
fn paths(grid: &Grid, top: usize, height: usize) -> Vec<Vec<String>> {
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
    let mut paths = vec![Vec::new(); width];
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
    paths
}

/// How well a configured heading fits a path: 0 not at all.
fn strength(wanted: &Wanted, path: &[String]) -> u8 {
    let keys: Vec<String> = path.iter().map(|part| key(part)).collect();
    let ends =
        |parts: &[String], with: &[String]| parts.ends_with(with) && !with.iter().all(String::is_empty);
    if wanted.keys.iter().all(String::is_empty) {
        return 0;
    }
    if keys == wanted.keys {
        let folded: Vec<String> = path.iter().map(|part| fold(part)).collect();
        return if folded == wanted.folded { 6 } else { 5 };
    }
    if ends(&keys, &wanted.keys) {
        return 4;
    }
    let short: Vec<String> =
        path.iter().map(|part| key(&without_brackets(part))).filter(|k| !k.is_empty()).collect();
    if ends(&short, &wanted.keys) || holds_run(&keys, &wanted.keys) || holds_run(&short, &wanted.keys) {
        return 3;
    }
    let mut rest = short.iter();
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
fn assign(paths: &[Vec<String>], wanted: &[Wanted], columns: usize) -> Table {
    let mut table = Table {
        mapped: vec![None; columns],
        headings: paths.iter().map(|path| path.join(" > ")).collect(),
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
    let is_numbers = |path: &Vec<String>| {
        path.last().is_some_and(|last| matches!(key(last).as_str(), "stt" | "tt" | "sott" | "sothutu"))
    };
    table.numbers = paths.iter().position(is_numbers);
    table.unmapped = (0..paths.len())
        .filter(|i| taken.get(*i) == Some(&false) && Some(*i) != table.numbers)
        .filter(|i| paths.get(*i).is_some_and(|path| !path.is_empty()))
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
                .map(|cell| if cell.is_empty() { Cell::Empty } else { Cell::Text(cell.to_owned()) })
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
    fn two_equal_fits_are_asked() {
        let table = found(&["Tên xã|Số hộ|Số hộ", "a|1|2"], &[&["Tên xã"], &["Số hộ"]]);
        assert_eq!(table.mapped, [Some(0), None]);
        assert_eq!(table.ambiguous, [(1, vec![1, 2])]);
        assert!(find(&grid(&["x|y", "1|2"]), &columns(&[&["Tên xã"], &["Số hộ"]])).is_none());
    }
}
