//! One measure on a map at several times: small maps in the same classes, and the same as a table. `/maps?indicator=&place=`.

use gapwatch_model::Qualifier;
use maud::{Markup, html};

use crate::{
    Shell, draw,
    figure::Amount,
    map::{self, Map},
    part::{Link, PlaceRef},
    table::{Cell, Column, Kind, Row, Table},
};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct View {
    /// The indicator and its page.
    pub indicator: Link,
    /// Of which place.
    pub place: PlaceRef,
    /// The answer in one sentence.
    pub answer: String,
    /// The times in words and their maps, oldest first. All of one outline and one measure.
    pub maps: Vec<(String, Map)>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = format!("{}: {}", view.indicator.text, shell.t("bản đồ qua các kỳ", "maps over time"));
    shell.page(
        &title,
        &html! {
            h1 { (title) }
            p.by { (draw::lists::place(shell, &view.place)) " · " a href=(shell.link(&view.indicator.href)) { (view.indicator.text) } }
            (draw::answer(&view.answer))
            @if view.maps.is_empty() {
                (draw::nothing(shell.t("Chưa có ranh giới hoặc số liệu để vẽ bản đồ.", "There are no boundaries or no figures to draw maps with.")))
            } @else {
                (map::multiples(shell, &view.maps))
                (draw::section("table", shell.t("Bảng của các bản đồ", "The maps as a table"), &draw::table::table(shell, &table(shell, view))))
            }
        },
    )
}

/// One row per place, one column per time.
fn table(shell: &Shell, view: &View) -> Table {
    let mut columns = vec![Column::new("place", shell.t("Địa bàn", "Place"), Kind::Text)];
    columns.extend(
        view.maps
            .iter()
            .enumerate()
            .map(|(at, (when, _))| Column::new(&format!("t{at}"), when, Kind::Number)),
    );
    let last = view.maps.last().map_or(&[][..], |(_, map)| &map.areas);
    let rows = last.iter().map(|area| {
        let mut cells = vec![Cell::Link(Link::new(area.name.as_str(), area.href.as_str()))];
        cells.extend(view.maps.iter().map(|(_, map)| {
            Cell::Amount {
                amount: map
                    .areas
                    .iter()
                    .find(|other| other.code == area.code)
                    .map_or(Amount::Missing, |found| found.amount),
                qualifier: Qualifier::Exact,
                unit: map.unit,
                decimals: map.decimals,
            }
        }));
        Row::new(cells)
    });
    Table {
        caption: view.indicator.text.clone(),
        rows: rows.collect(),
        columns,
        empty: shell.t("Chưa có số liệu.", "No figures yet.").to_owned(),
        ..Table::default()
    }
}
