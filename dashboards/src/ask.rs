//! What an address asks of a long table (order, page, columns, words to find) and the page that answers it.
//!
//! Pages are found by key, not by number: a cursor names the last row seen by its sort key and its id, so that rows which
//! come or go meanwhile neither repeat nor hide others. Rows without a value come last in either direction.

use std::cmp::Ordering;

use gapwatch_model::text;

use crate::{
    shell::Address,
    table::{Column, Filter, Row, State},
};

/// What one row is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// A number, or a day as its number of days.
    Number(f64),
    /// Words; make it with [`Key::text`].
    Text(String),
    /// No value.
    Absent,
}

impl Key {
    /// Words in the order of a Vietnamese reader: letters first, tones after.
    #[must_use]
    pub fn text(words: &str) -> Self {
        let clean = text::clean(words).to_lowercase();
        Self::Text(format!("{}\u{1}{clean}", text::toneless(&clean)))
    }

    /// A number where there is one.
    #[must_use]
    pub fn number(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Absent, Self::Number)
    }

    fn order(&self, other: &Self, falling: bool) -> Ordering {
        let found = match (self, other) {
            (Self::Absent, Self::Absent) => return Ordering::Equal,
            (Self::Absent, _) => return Ordering::Greater,
            (_, Self::Absent) => return Ordering::Less,
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        };
        if falling { found.reverse() } else { found }
    }
}

/// A row's place in the order: its key and its id.
#[derive(Debug, Clone, PartialEq)]
struct Cursor {
    key: Key,
    id: String,
}

impl Cursor {
    /// `n12.5~id`, `tdam thuy~id`, `-~id`.
    fn written(&self) -> String {
        match &self.key {
            Key::Number(number) => format!("n{number}~{}", self.id),
            Key::Text(words) => format!("t{}~{}", words.replace('~', " "), self.id),
            Key::Absent => format!("-~{}", self.id),
        }
    }

    /// `None` for anything that is no cursor: then the first page is shown.
    fn read(text: &str) -> Option<Self> {
        let (key, id) = text.split_once('~')?;
        let key = match key.split_at_checked(1)? {
            ("n", number) => Key::Number(number.parse().ok()?),
            ("t", words) => Key::Text(words.to_owned()),
            ("-", "") => Key::Absent,
            _ => return None,
        };
        Some(Self { key, id: id.to_owned() })
    }

    fn order(&self, other: &Self, falling: bool) -> Ordering {
        self.key.order(&other.key, falling).then_with(|| self.id.cmp(&other.id))
    }
}

/// What an address asks of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Key of the column to sort by, and whether the largest comes first.
    pub sort: (String, bool),
    /// Keys of the columns to show; empty means all of them.
    pub shown: Vec<String>,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

impl Ask {
    /// Reads `sort`, `cols`, `after` and `before`. What cannot be read, or names no column that can be sorted by, is as if
    /// it were not there: an old link still shows the table.
    #[must_use]
    pub fn of(address: &Address, columns: &[Column], usual: (&str, bool)) -> Self {
        let sort = address.get("sort").and_then(|asked| {
            let (falling, key) = asked.strip_prefix('-').map_or((false, asked), |key| (true, key));
            columns
                .iter()
                .any(|column| column.sortable && column.key == key)
                .then(|| (key.to_owned(), falling))
        });
        let asked = address.query.iter().filter(|(key, _)| key == "cols").map(|(_, value)| value.clone());
        let shown = asked.filter(|key| columns.iter().any(|column| column.key == *key)).collect();
        Self {
            sort: sort.unwrap_or_else(|| (usual.0.to_owned(), usual.1)),
            shown,
            after: address.get("after").and_then(Cursor::read),
            before: address.get("before").and_then(Cursor::read),
        }
    }

    /// Finds the page of the items that pass the filter. `key` gives what an item is sorted by in a column, `id` what
    /// tells it from all others.
    #[must_use]
    pub fn page<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        size: usize,
        key: impl Fn(&T, &str) -> Key,
        id: impl Fn(&T) -> String,
    ) -> Page<T> {
        let (column, falling) = (self.sort.0.as_str(), self.sort.1);
        let mut sorted: Vec<(Cursor, T)> =
            items.into_iter().map(|item| (Cursor { key: key(&item, column), id: id(&item) }, item)).collect();
        sorted.sort_by(|one, other| one.0.order(&other.0, falling));
        let matching = sorted.len();
        let start = match (&self.after, &self.before) {
            (Some(after), _) => sorted.partition_point(|(at, _)| at.order(after, falling).is_le()),
            (None, Some(before)) => {
                sorted.partition_point(|(at, _)| at.order(before, falling).is_lt()).saturating_sub(size)
            }
            (None, None) => 0,
        };
        let cursor_at = |at: usize| sorted.get(at).map(|(cursor, _)| cursor.written());
        let end = start.saturating_add(size).min(matching);
        let after = (end < matching && end > 0).then(|| cursor_at(end - 1)).flatten();
        let before = match start {
            0 => None,
            // Nothing but the first page lies before.
            near if near <= size => Some(String::new()),
            far => cursor_at(far.min(matching.saturating_sub(1))),
        };
        Page {
            first: if start < end { wide(start + 1) } else { 0 },
            matching: wide(matching),
            before,
            after,
            items: sorted.into_iter().skip(start).take(size).map(|(_, item)| item).collect(),
        }
    }

    /// What the table's frame shows of this: order, filters, columns, neighbours.
    #[must_use]
    pub fn state<T>(&self, page: &Page<T>, columns: &[Column], filters: Vec<Filter>, total: u64) -> State {
        let shown = |column: &Column| self.shown.is_empty() || self.shown.contains(&column.key);
        State {
            sort: Some(self.sort.clone()),
            filters,
            columns: columns.iter().map(|c| (c.key.clone(), c.heading.clone(), shown(c))).collect(),
            matching: page.matching,
            total,
            first: page.first,
            before: page.before.clone(),
            after: page.after.clone(),
        }
    }

    /// Leaves only the columns asked for. The first column always stays: it says what a row is about.
    #[must_use]
    pub fn only_shown(&self, columns: Vec<Column>, rows: Vec<Row>) -> (Vec<Column>, Vec<Row>) {
        if self.shown.is_empty() {
            return (columns, rows);
        }
        let kept: Vec<bool> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| at == 0 || self.shown.contains(&column.key))
            .collect();
        let rows = rows.into_iter().map(|row| Row { cells: chosen(row.cells, &kept), ..row });
        (chosen(columns, &kept), rows.collect())
    }
}

fn chosen<T>(all: Vec<T>, kept: &[bool]) -> Vec<T> {
    all.into_iter().zip(kept).filter(|(_, kept)| **kept).map(|(one, _)| one).collect()
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// One page of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items of the page, in order.
    pub items: Vec<T>,
    /// Items that pass the filter.
    pub matching: u64,
    /// Number of the first item shown, from 1; 0 when there are none.
    pub first: u64,
    /// Cursor of the page before; empty text is the first page.
    pub before: Option<String>,
    /// Cursor of the page after.
    pub after: Option<String>,
}

/// Whether a text holds the words looked for. Without tones in the query tones do not count; with tones they do.
#[must_use]
pub fn holds(text: &str, query: &str) -> bool {
    let query = text::clean(query).to_lowercase();
    let plain = text::toneless(&query);
    if plain == query {
        text::toneless(text).contains(&plain)
    } else {
        text::fold(text).contains(&text::fold(&query))
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Key, Page, holds};
    use crate::{
        shell::Address,
        table::{Cell, Column, Kind, Row},
    };
    use proptest::prelude::{ProptestConfig, proptest};

    fn columns() -> Vec<Column> {
        vec![
            Column::new("name", "Tên", Kind::Text).sortable(),
            Column::new("count", "Số", Kind::Number).sortable(),
            Column::new("note", "Ghi chú", Kind::Text),
        ]
    }

    fn ask(query: &[(&str, &str)]) -> Ask {
        let query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Ask::of(&Address { path: "/villages".to_owned(), query }, &columns(), ("name", false))
    }

    fn page(
        ask: &Ask,
        items: &[(&'static str, Option<u32>)],
        size: usize,
    ) -> Page<(&'static str, Option<u32>)> {
        let key = |item: &(&'static str, Option<u32>), column: &str| match column {
            "count" => Key::number(item.1.map(f64::from)),
            _ => Key::text(item.0),
        };
        ask.page(items.iter().copied(), size, key, |item| item.0.to_owned())
    }

    #[test]
    fn words_sort_as_a_vietnamese_reader_sorts() {
        let items =
            [("Đông Khê", None), ("Độc Lập", None), ("Ca Thành", None), ("Cần Yên", None), ("Can Yên", None)];
        let names: Vec<&str> = page(&ask(&[]), &items, 9).items.iter().map(|item| item.0).collect();
        assert_eq!(names, ["Ca Thành", "Can Yên", "Cần Yên", "Độc Lập", "Đông Khê"]);
    }

    #[test]
    fn absent_comes_last_both_ways() {
        let items = [("a", None), ("b", Some(0)), ("c", Some(7))];
        let order =
            |sort| page(&ask(&[("sort", sort)]), &items, 9).items.iter().map(|i| i.0).collect::<String>();
        assert_eq!(order("count"), "bca");
        assert_eq!(order("-count"), "cba");
        assert_eq!(order("note"), "abc", "a column that cannot be sorted by is ignored");
    }

    #[test]
    fn columns_are_chosen_and_the_first_stays() {
        let rows = vec![Row::new(vec![Cell::Count(1), Cell::Count(2), Cell::Count(3)])];
        let (columns, rows) = ask(&[("cols", "note"), ("cols", "nothing")]).only_shown(columns(), rows);
        assert_eq!(columns.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["name", "note"]);
        assert_eq!(rows[0].cells, [Cell::Count(1), Cell::Count(3)]);
    }

    #[test]
    fn tones_count_only_when_they_are_typed() {
        assert!(holds("xóm Nà Lẹng", "na leng"));
        assert!(holds("xóm Nà Lẹng", "NÀ LẸNG"));
        assert!(!holds("xóm Nà Lẹng", "nà lèng"));
        assert!(holds("Hoà An", "hòa"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn pages_show_every_row_once_forwards_and_back(
            counts in proptest::collection::vec(proptest::option::of(0_u32..5), 0..40),
            size in 1_usize..9,
            sort in "-?(count|name)",
        ) {
            let items: Vec<(u32, Option<u32>)> = (0..).zip(counts).collect();
            let find = |query: &[(&str, &str)]| {
                let key = |item: &(u32, Option<u32>), column: &str| match column {
                    "count" => Key::number(item.1.map(f64::from)),
                    _ => Key::text(&item.0.to_string()),
                };
                ask(query).page(items.iter().copied(), size, key, |item| item.0.to_string())
            };
            let mut seen = Vec::new();
            let mut pages = vec![find(&[("sort", &sort)])];
            while let Some(after) = pages.last().and_then(|page| page.after.clone()) {
                pages.push(find(&[("sort", &sort), ("after", &after)]));
            }
            for page in &pages {
                assert_eq!(page.matching, items.len() as u64);
                seen.extend(page.items.iter().map(|item| item.0));
            }
            let mut once = seen.clone();
            once.sort_unstable();
            assert_eq!(once, (0..u32::try_from(items.len()).unwrap()).collect::<Vec<_>>());
            for two in pages.windows(2) {
                let before = two[1].before.clone().unwrap();
                let back = find(&[("sort", &sort), ("before", &before)]);
                assert_eq!(back.items, two[0].items);
            }
            assert_eq!(pages[0].before, None);
        }

        #[test]
        fn any_cursor_is_read_or_ignored(after in ".{0,12}") {
            let found = page(&ask(&[("after", &after)]), &[("a", None), ("b", None)], 1);
            assert!(found.items.len() <= 1);
        }
    }
}
