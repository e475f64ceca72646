//! A table in markup: aligned numerals, headings that sort, filters, paging, columns to choose, files to take away.

use maud::{Markup, html};

use crate::{
    Lang, Shell,
    figure::Absence,
    table::{Cell, Column, Filter, Format, Kind, Row, State, Table},
};

use super::{badge, figure, nothing, spark};

/// A table whose rows are all there.
pub(crate) fn table(shell: &Shell, table: &Table) -> Markup {
    drawn(shell, table, None)
}

/// A table of which the server holds more, with what the address says of it.
pub(crate) fn stateful(shell: &Shell, table: &Table, state: &State) -> Markup {
    html! {
        (filters(shell, state))
        (count(shell.lang, state))
        (drawn(shell, table, Some(state)))
        (pager(shell, state))
        (columns(shell, state))
    }
}

fn drawn(shell: &Shell, table: &Table, state: Option<&State>) -> Markup {
    html! {
        @if table.rows.is_empty() {
            (nothing(&table.empty))
        } @else {
            div.scroll.tall[state.is_some()] tabindex="0" role="group" aria-label=(table.caption) {
                table {
                    caption.vh { (table.caption) }
                    thead { tr { @for column in &table.columns { (heading(shell, column, state)) } } }
                    tbody { @for row in &table.rows { (body_row(shell, &table.columns, row)) } }
                    @if let Some(totals) = &table.totals {
                        tfoot { tr {
                            @for (column, cell) in table.columns.iter().zip(totals) {
                                td class=[class(column.kind)] { (cell_markup(shell, cell)) }
                            }
                        } }
                    }
                }
            }
            (downloads(shell, &table.downloads))
        }
    }
}

fn body_row(shell: &Shell, columns: &[Column], row: &Row) -> Markup {
    html! {
        tr {
            @for (at, (column, cell)) in columns.iter().zip(&row.cells).enumerate() {
                @if at == 0 && column.kind == Kind::Text {
                    th scope="row" { (cell_markup(shell, cell)) }
                } @else {
                    td class=[class(column.kind)] { (cell_markup(shell, cell)) }
                }
            }
        }
    }
}

fn class(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Text => None,
        Kind::Number | Kind::Share => Some("r"),
        Kind::Date => Some("d"),
        Kind::Mark => Some("m"),
    }
}

fn heading(shell: &Shell, column: &Column, state: Option<&State>) -> Markup {
    let Some(state) = state.filter(|_| column.sortable) else {
        return html! { th scope="col" class=[class(column.kind)] { (column.heading) } };
    };
    let sorted = state.sort.as_ref().filter(|(key, _)| *key == column.key).map(|(_, falling)| *falling);
    let order = match sorted {
        None => None,
        Some(true) => Some("descending"),
        Some(false) => Some("ascending"),
    };
    // Numbers are first wanted from the largest down, words from A.
    let falling = sorted.map_or(matches!(column.kind, Kind::Number | Kind::Share), |falling| !falling);
    let next = format!("{}{}", if falling { "-" } else { "" }, column.key);
    let href = shell.here(&[("sort", Some(&next)), ("after", None), ("before", None)]);
    html! {
        th scope="col" class=[class(column.kind)] aria-sort=[order] { a.sort href=(href) { (column.heading) } }
    }
}

/// One cell in markup.
pub(crate) fn cell_markup(shell: &Shell, cell: &Cell) -> Markup {
    let lang = shell.lang;
    match cell {
        Cell::Text(text) => html! { bdi { (text) } },
        Cell::Link(link) => html! { a href=(shell.link(&link.href)) { bdi { (link.text) } } },
        Cell::Count(number) => html! { (lang.count(*number)) },
        Cell::Amount { amount, qualifier, unit, decimals } => {
            figure::amount(lang, *amount, *qualifier, *unit, *decimals)
        }
        Cell::Share(share) => figure::share(lang, share.ok_or(Absence::NoDenominator)),
        Cell::Date(day) => html! { (lang.date(*day)) },
        Cell::Moment(at) => html! { (lang.moment(*at)) },
        Cell::Period(period) => html! { (lang.period(*period)) },
        Cell::Signal(state, qualification) => badge::signal(lang, *state, *qualification),
        Cell::Status(status) => badge::status(lang, *status),
        Cell::Flag(state) => badge::flag(lang, *state),
        Cell::Outcome(outcome) => badge::outcome(lang, *outcome),
        Cell::YesNo(answer) => badge::yes_no(lang, *answer),
        Cell::Spark(values) => spark::spark(lang, values),
        Cell::Absent(absence) => badge::absence(lang, *absence),
    }
}

/// Links to the same table as files.
pub(crate) fn downloads(shell: &Shell, files: &[(Format, String)]) -> Markup {
    html! {
        @if !files.is_empty() {
            p.take {
                (shell.t("Tải về:", "Take away:"))
                @for (format, href) in files {
                    " " a href=(shell.link(href)) download { (name(*format)) }
                }
            }
        }
    }
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::Xlsx => "Excel",
        Format::GeoJson => "GeoJSON",
        Format::Kml => "KML",
    }
}

/// The form that narrows a table down. Language, day and order go along.
pub(crate) fn filters(shell: &Shell, state: &State) -> Markup {
    let own = |key: &str| state.filters.iter().any(|filter| filter.key == key);
    let kept = shell.address.query.iter().filter(|(key, _)| !own(key) && key != "after" && key != "before");
    let any = state.filters.iter().any(|filter| !filter.value.is_empty());
    let mut cleared: Vec<(&str, Option<&str>)> =
        state.filters.iter().map(|f| (f.key.as_str(), None)).collect();
    cleared.extend([("after", None), ("before", None)]);
    html! {
        @if !state.filters.is_empty() {
            form.filters method="get" action=(shell.address.path) {
                @for (key, value) in kept { input type="hidden" name=(key) value=(value); }
                @for filter in &state.filters { (filter_field(shell.lang, filter)) }
                button { (shell.t("Lọc", "Filter")) }
                @if any { " " a href=(shell.here(&cleared)) { (shell.t("Bỏ lọc", "Clear")) } }
            }
        }
    }
}

fn filter_field(lang: Lang, filter: &Filter) -> Markup {
    html! {
        label {
            span { (filter.label) }
            @if filter.choices.is_empty() {
                input type="search" name=(filter.key) value=(filter.value);
            } @else {
                select name=(filter.key) {
                    option value="" { (lang.pick("tất cả", "all")) }
                    @for (value, words) in &filter.choices {
                        option value=(value) selected[*value == filter.value] { (words) }
                    }
                }
            }
        }
    }
}

/// `51–100 trong 1.450, lọc từ 90.000 dòng`.
pub(crate) fn count(lang: Lang, state: &State) -> Markup {
    let rows = |number| lang.count(number);
    html! {
        p.count role="status" {
            @if state.matching == 0 {
                (lang.pick("Không có dòng nào phù hợp", "No row matches"))
            } @else {
                strong { (rows(state.matching)) } " " (lang.pick("dòng", "rows"))
            }
            @if state.matching < state.total {
                ", " (lang.pick("lọc từ", "of")) " " (rows(state.total))
            }
            @if state.first > 1 { "; " (lang.pick("trang này từ dòng", "this page from row")) " " (rows(state.first)) }
        }
    }
}

/// Links to the pages before and after.
pub(crate) fn pager(shell: &Shell, state: &State) -> Markup {
    html! {
        @if state.before.is_some() || state.after.is_some() {
            nav.pager aria-label=(shell.t("Trang", "Pages")) {
                @match state.before.as_deref() {
                    Some("") => a rel="prev" href=(shell.here(&[("before", None), ("after", None)])) { (shell.t("← Trang trước", "← Previous")) },
                    Some(cursor) => a rel="prev" href=(shell.here(&[("before", Some(cursor)), ("after", None)])) { (shell.t("← Trang trước", "← Previous")) },
                    None => {},
                }
                @if let Some(cursor) = &state.after {
                    a rel="next" href=(shell.here(&[("after", Some(cursor)), ("before", None)])) { (shell.t("Trang sau →", "Next →")) }
                }
            }
        }
    }
}

/// The form that chooses columns: each box is one `cols` value.
fn columns(shell: &Shell, state: &State) -> Markup {
    let kept = shell.address.query.iter().filter(|(key, _)| key != "cols");
    html! {
        @if !state.columns.is_empty() {
            details.columns {
                summary { (shell.t("Chọn cột", "Choose columns")) }
                form method="get" action=(shell.address.path) {
                    @for (key, value) in kept { input type="hidden" name=(key) value=(value); }
                    @for (key, heading, shown) in &state.columns {
                        label { input type="checkbox" name="cols" value=(key) checked[*shown]; " " (heading) }
                    }
                    button { (shell.t("Hiện các cột này", "Show these columns")) }
                }
            }
        }
    }
}
