//! Long tables: columns chosen, sorted, filtered and paged by key. The address holds the whole state, and the page and
//! the files of a table are made from the same [`Long`].

use std::cmp::Ordering;

use chrono::Datelike;
use gapwatch_dashboards::{
    Lang,
    pages::listing::View,
    part::Link,
    table::{Cell, Column, Filter, Format, Kind, Row, State, Table},
    words,
};
use gapwatch_model::{Indicator, PlaceIx, text};

use super::{exports::Sheet, fill::Fill};
use crate::http::{Asked, HttpError, HttpResult};

/// Rows on one page.
const ROWS: usize = 100;
/// Stands between the parts of a cursor: no name holds it.
const APART: char = '\u{1f}';

/// Makes the cell of a column from what its row is made of.
pub(crate) type MakeCell<'f, R> = Box<dyn Fn(&Fill<'_>, &R) -> Cell + 'f>;

/// One column.
pub(crate) struct Col<'f, R> {
    column: Column,
    shown: bool,
    cell: MakeCell<'f, R>,
}

impl<'f, R> Col<'f, R> {
    /// A column that is shown unless others are chosen.
    pub(crate) fn new(
        key: &str,
        heading: &str,
        kind: Kind,
        cell: impl Fn(&Fill<'_>, &R) -> Cell + 'f,
    ) -> Self {
        Self { column: Column::new(key, heading, kind).sortable(), shown: true, cell: Box::new(cell) }
    }

    /// The same column, shown only when chosen.
    #[must_use]
    pub(crate) fn hidden(self) -> Self {
        Self { shown: false, ..self }
    }
}

/// A whole table before it is sorted and cut into pages.
pub(crate) struct Long<'f, R> {
    /// What its page shares.
    pub(crate) fill: &'f Fill<'f>,
    /// Its title.
    pub(crate) title: String,
    /// Every column there is. The first is always shown.
    pub(crate) columns: Vec<Col<'f, R>>,
    /// The rows that pass the filter.
    pub(crate) rows: Vec<R>,
    /// Rows without a filter.
    pub(crate) total: usize,
    /// How it can be narrowed down.
    pub(crate) filters: Vec<Filter>,
    /// Where a row stands when nobody sorts: by this text, no two the same. The part of a cursor that tells equals apart.
    pub(crate) order: fn(&Fill<'_>, &R) -> String,
    /// The place a row is about.
    pub(crate) place: fn(&R) -> PlaceIx,
    /// Cells under the rows by key of their column. They follow the filter.
    pub(crate) totals: Vec<(&'static str, Cell)>,
    /// What a reader of its files must know.
    pub(crate) notes: Vec<String>,
}

impl<'f, R: 'f> Long<'f, R> {
    /// The page of the table.
    ///
    /// # Errors
    /// 400 for a column that is none.
    pub(crate) fn page(mut self, asked: &Asked, answer: String, related: Vec<Link>) -> HttpResult<View> {
        let sort = self.sort(asked)?;
        let shown = self.shown(asked, false);
        let (cursor, against) =
            (|at| self.cursor(at, sort.as_ref()), |at, cursor: &str| self.against(at, cursor, sort.as_ref()));
        let window = super::window(&asked.query, self.rows.len(), ROWS, against, cursor);
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let state = State {
            sort,
            columns: self
                .columns
                .iter()
                .zip(&shown)
                .skip(1)
                .map(|(col, shown)| (col.column.key.clone(), col.column.heading.clone(), *shown))
                .collect(),
            matching: number(self.rows.len()),
            total: number(self.total),
            first: if self.rows.is_empty() { 0 } else { number(window.range.start + 1) },
            before: window.before,
            after: window.after,
            filters: std::mem::take(&mut self.filters),
        };
        let columns = chosen(&self.columns, &shown);
        let total = |col: &&Col<'f, R>| {
            let found = self.totals.iter().find(|(key, _)| *key == col.column.key);
            found.map_or_else(|| Cell::Text(String::new()), |(_, cell)| cell.clone())
        };
        let totals = (!self.totals.is_empty()).then(|| columns.iter().map(total).collect());
        let rows = self.rows.get(window.range).unwrap_or_default();
        let table = Table {
            caption: self.title.clone(),
            columns: columns.iter().map(|col| col.column.clone()).collect(),
            rows: rows.iter().map(|row| made(self.fill, columns.iter().copied(), self.place, row)).collect(),
            totals,
            empty: asked
                .lang
                .pick(
                    "Không có dòng nào phù hợp. Hãy bỏ bớt điều kiện lọc.",
                    "No row matches. Try fewer conditions.",
                )
                .to_owned(),
            downloads: super::downloads(asked, &format!("{}/export", asked.address.path), &Format::ALL),
        };
        Ok(View { title: self.title, answer, table, state, related })
    }

    /// The table for a file: all rows, and every column unless some are chosen.
    ///
    /// # Errors
    /// 400 for a column that is none.
    pub(crate) fn sheet(mut self, asked: &Asked) -> HttpResult<Sheet<'f>> {
        self.sort(asked)?;
        let shown = self.shown(asked, true);
        let mut shown = shown.into_iter();
        self.columns.retain(|_| shown.next().unwrap_or(true));
        let Self { fill, title, columns, rows, place, notes, .. } = self;
        let format = asked.query.get("format").and_then(Format::of_word);
        let drawn = matches!(format, Some(Format::GeoJson | Format::Kml));
        Ok(Sheet {
            title,
            columns: columns.iter().map(|col| col.column.clone()).collect(),
            rows: Box::new(rows.into_iter().map(move |row| {
                let area = if drawn { fill.boundary(place(&row)) } else { None };
                Row { area, ..made(fill, columns.iter(), place, &row) }
            })),
            notes,
        })
    }

    /// Where a row stands in the order, as it goes into addresses: its rank in the sorted column and its usual place.
    fn cursor(&self, at: usize, sort: Option<&(String, bool)>) -> String {
        let Some(row) = self.rows.get(at) else { return String::new() };
        let usual = (self.order)(self.fill, row);
        match self.rank(row, sort) {
            Some((rank, _)) => format!("{}{APART}{usual}", rank.written()),
            None => usual,
        }
    }

    /// How a row stands against a cursor. `None` for one that cannot be read.
    fn against(&self, at: usize, cursor: &str, sort: Option<&(String, bool)>) -> Option<Ordering> {
        let row = self.rows.get(at)?;
        let usual = (self.order)(self.fill, row);
        match self.rank(row, sort) {
            Some((rank, falling)) => {
                let (other, place) = cursor.split_once(APART)?;
                Some(rank.against(&Rank::read(other)?, falling).then_with(|| usual.as_str().cmp(place)))
            }
            None => Some(usual.as_str().cmp(cursor)),
        }
    }

    fn rank(&self, row: &R, sort: Option<&(String, bool)>) -> Option<(Rank, bool)> {
        let (key, falling) = sort?;
        let col = self.columns.iter().find(|col| col.column.key == *key)?;
        Some((Rank::of(&(col.cell)(self.fill, row)), *falling))
    }

    /// Puts the rows in their usual order, then in the one the address asks for; gives the column and whether the largest
    /// comes first.
    fn sort(&mut self, asked: &Asked) -> HttpResult<Option<(String, bool)>> {
        let (fill, order) = (self.fill, self.order);
        self.rows.sort_by_cached_key(|row| order(fill, row));
        let Some(word) = asked.query.get("sort") else { return Ok(None) };
        let (key, falling) = word.strip_prefix('-').map_or((word, false), |key| (key, true));
        let Some(col) = self.columns.iter().find(|col| col.column.key == key) else {
            let keys: Vec<&str> = self.columns.iter().map(|col| col.column.key.as_str()).collect();
            return Err(HttpError::bad_request("sort", word, &keys.join(", ")));
        };
        let rows = std::mem::take(&mut self.rows);
        let mut ranked: Vec<(Rank, R)> =
            rows.into_iter().map(|row| (Rank::of(&(col.cell)(self.fill, &row)), row)).collect();
        // Among equals the usual order stays.
        ranked.sort_by(|a, b| a.0.against(&b.0, falling));
        self.rows = ranked.into_iter().map(|(_, row)| row).collect();
        Ok(Some((key.to_owned(), falling)))
    }

    /// Which columns are shown: those the address names, otherwise the usual ones, or all.
    fn shown(&self, asked: &Asked, all: bool) -> Vec<bool> {
        let named: Vec<&str> = asked
            .query
            .0
            .iter()
            .filter(|(key, _)| key == "cols")
            .flat_map(|(_, words)| words.split(','))
            .collect();
        let known = |col: &Col<'f, R>| named.contains(&col.column.key.as_str());
        let any = self.columns.iter().any(known);
        let one =
            |(at, col): (usize, &Col<'f, R>)| at == 0 || if any { known(col) } else { all || col.shown };
        self.columns.iter().enumerate().map(one).collect()
    }
}

fn chosen<'c, 'f, R>(columns: &'c [Col<'f, R>], shown: &[bool]) -> Vec<&'c Col<'f, R>> {
    columns.iter().zip(shown).filter(|(_, shown)| **shown).map(|(col, _)| col).collect()
}

fn made<'c, 'f: 'c, R: 'c>(
    fill: &Fill<'_>,
    columns: impl Iterator<Item = &'c Col<'f, R>>,
    place: fn(&R) -> PlaceIx,
    row: &R,
) -> Row {
    let place = fill.gazetteer().get(place(row));
    Row {
        cells: columns.map(|col| (col.cell)(fill, row)).collect(),
        code: Some(place.id.code.as_str().to_owned()),
        at: place.point,
        area: None,
    }
}

/// What the address asks a filter for, where that is one of its choices.
///
/// # Errors
/// 400 when it is none.
pub(crate) fn choice<'a>(
    asked: &'a Asked,
    key: &'static str,
    choices: &[(String, String)],
) -> HttpResult<Option<&'a str>> {
    match asked.query.get(key) {
        Some(word) if !choices.iter().any(|(value, _)| value == word) => {
            let known: Vec<&str> = choices.iter().map(|(value, _)| value.as_str()).collect();
            Err(HttpError::bad_request(key, word, &known.join(", ")))
        }
        found => Ok(found),
    }
}

/// A filter as it stands above the table.
#[must_use]
pub(crate) fn filter(asked: &Asked, key: &str, label: &str, choices: Vec<(String, String)>) -> Filter {
    let value = asked.query.get(key).unwrap_or_default().to_owned();
    Filter { key: key.to_owned(), label: label.to_owned(), choices, value }
}

/// A heading with the unit of what stands under it, where the cells do not say it themselves.
#[must_use]
pub(crate) fn with_unit(lang: Lang, name: &str, indicator: &Indicator) -> String {
    match words::unit(lang, indicator.unit) {
        "" => name.to_owned(),
        unit => format!("{name} ({unit})"),
    }
}

/// The way to the table of a place: the places above and the place itself.
#[must_use]
pub(crate) fn way(fill: &Fill<'_>, place: PlaceIx) -> Vec<Link> {
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    crumbs
}

/// Where else to look at a place.
#[must_use]
pub(crate) fn related(fill: &Fill<'_>, place: PlaceIx, other: &str, words: &str) -> Vec<Link> {
    let code = gapwatch_dashboards::shell::percent_encode(fill.gazetteer().get(place).id.code.as_str());
    vec![
        Link::new(words, format!("{other}?place={code}")),
        Link::new(fill.lang.pick("Số liệu đã thu", "Observations"), format!("/observations?place={code}")),
        Link::new(fill.lang.pick("So sánh hai ngày", "Two dates compared"), format!("/compare?place={code}")),
        Link::new(
            fill.lang.pick("Báo cáo và đo thực tế", "Claims and measurements"),
            format!("/claims?place={code}"),
        ),
    ]
}

/// Choices of a filter.
#[must_use]
pub(crate) fn pairs(known: &[(&str, &str)]) -> Vec<(String, String)> {
    known.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
}

/// Whether a place, or the one above it, has a name with these letters or this code.
#[must_use]
pub(crate) fn is_named(fill: &Fill<'_>, ix: PlaceIx, written: &str) -> bool {
    let says = |ix: PlaceIx| {
        let place = fill.gazetteer().get(ix);
        text::toneless(&place.full_name()).contains(written) || place.id.code.as_str() == written
    };
    says(ix) || fill.gazetteer().parent_on(ix, fill.tree()).is_some_and(says)
}

/// A number of rows as it is written.
#[must_use]
pub(crate) fn count(fill: &Fill<'_>, number: usize) -> String {
    fill.lang.count(u64::try_from(number).unwrap_or(u64::MAX))
}

/// Where a cell stands among those of its column.
enum Rank {
    Number(f64),
    Words(String),
    /// Nothing to compare: always at the end.
    Last,
}

impl Rank {
    fn of(cell: &Cell) -> Self {
        let number = |number: Option<f64>| number.map_or(Self::Last, Self::Number);
        let day = |day: chrono::NaiveDate| Self::Number(f64::from(day.num_days_from_ce()));
        match cell {
            Cell::Text(words) if words.is_empty() => Self::Last,
            Cell::Text(words) => Self::Words(text::toneless(words)),
            Cell::Link(link) => Self::Words(text::toneless(&link.text)),
            Cell::Count(count) => Self::Number(u32::try_from(*count).map_or(f64::MAX, f64::from)),
            Cell::Amount { amount, .. } => number(amount.speaks().ok()),
            Cell::Share(share) => number(share.map(gapwatch_model::Percent::percent)),
            Cell::Date(on) => day(*on),
            Cell::Period(period) => day(period.end()),
            Cell::Moment(at) => Self::Words(at.to_utc().to_rfc3339()),
            Cell::Signal(state, _) => Self::Number(super::severity(*state).into()),
            Cell::Status(status) => Self::Words(status.as_str().to_owned()),
            Cell::Flag(state) => Self::Words(state.as_str().to_owned()),
            Cell::Outcome(outcome) => Self::Words(outcome.as_str().to_owned()),
            Cell::YesNo(answer) => number(answer.map(|yes| u8::from(yes).into())),
            Cell::Spark(values) => number(values.iter().rev().find_map(|value| *value)),
            Cell::Absent(_) => Self::Last,
        }
    }

    /// As it goes into a cursor.
    fn written(&self) -> String {
        match self {
            Self::Number(number) => format!("n{number}"),
            Self::Words(words) => format!("w{words}"),
            Self::Last => "-".to_owned(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match (text.strip_prefix('n'), text.strip_prefix('w')) {
            (Some(number), _) => number.parse().ok().map(Self::Number),
            (_, Some(words)) => Some(Self::Words(words.to_owned())),
            _ => (text == "-").then_some(Self::Last),
        }
    }

    fn against(&self, other: &Self, falling: bool) -> Ordering {
        let rising = match (self, other) {
            (Self::Last, Self::Last) => return Ordering::Equal,
            (Self::Last, _) => return Ordering::Greater,
            (_, Self::Last) => return Ordering::Less,
            (Self::Number(one), Self::Number(two)) => one.total_cmp(two),
            (Self::Words(one), Self::Words(two)) => one.cmp(two),
            (Self::Number(_), Self::Words(_)) => Ordering::Less,
            (Self::Words(_), Self::Number(_)) => Ordering::Greater,
        };
        if falling { rising.reverse() } else { rising }
    }
}

#[cfg(test)]
mod tests {
    use super::Rank;
    use gapwatch_dashboards::{figure::Absence, table::Cell};

    #[test]
    fn what_is_absent_comes_last_either_way() {
        let cells = [Cell::Count(7), Cell::Absent(Absence::Missing), Cell::Count(30)];
        for (falling, expected) in [(false, [0, 2, 1]), (true, [2, 0, 1])] {
            let mut order = [0, 1, 2];
            order.sort_by(|a, b| Rank::of(&cells[*a]).against(&Rank::of(&cells[*b]), falling));
            assert_eq!(order, expected, "falling: {falling}");
        }
    }

    #[test]
    fn what_goes_into_a_cursor_comes_out_of_it() {
        for cell in [Cell::Count(7), Cell::Text("Đông Khê".to_owned()), Cell::Absent(Absence::Missing)] {
            let rank = Rank::of(&cell);
            let read = Rank::read(&rank.written()).unwrap();
            assert!(read.against(&rank, false).is_eq(), "{cell:?}");
        }
        assert!(Rank::read("x").is_none());
        assert!(Rank::read("nothing").is_none());
    }

    #[test]
    fn words_are_sorted_without_tones() {
        let word = |word: &str| Rank::of(&Cell::Text(word.to_owned()));
        assert!(word("Đông Khê").against(&word("Hạ Lang"), false).is_lt());
        assert!(word("Ân").against(&word("Bắc"), false).is_lt());
    }
}
