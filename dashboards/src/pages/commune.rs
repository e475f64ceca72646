//! A commune: its answer, its villages on a map and in a table, its targets, stations, flags, and what it was before.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{AreaClass, Ledger, Percent, Qualification, SignalState};
use maud::{Markup, html};

use crate::{
    Lang, Shell,
    chart::{self, Chart},
    draw,
    figure::Absence,
    map::{self, Map},
    pages::overview::{IndicatorRow, rate},
    part::{Actor, Before, FlagRow, LineageRow, Link, PlaceRef, Stations, Tally, TargetRow},
    shell::percent_encode,
    table::{Cell, Column, Format, Kind, Row, Table},
    words,
};

/// One village of the commune.
#[derive(Debug, Clone)]
pub struct VillageRow {
    /// Which village.
    pub place: PlaceRef,
    /// Its state.
    pub state: SignalState,
    /// With what reservation.
    pub qualification: Qualification,
    /// Day the state began. `None` while nothing is known.
    pub since: Option<chrono::NaiveDate>,
    /// Households. `None` when nobody reported them.
    pub households: Option<u32>,
    /// Has grid power. `None` when nobody reported it.
    pub grid_power: Option<bool>,
    /// Its area class.
    pub area_class: Option<AreaClass>,
    /// Who must act; only for villages without signal or with pockets.
    pub actor: Option<Actor>,
    /// Distance of the nearest station, in metres.
    pub nearest_station_m: Option<f64>,
}

/// What a commune's page shows. Built in `src/http/communes.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The commune.
    pub place: PlaceRef,
    /// Its villages by state.
    pub tally: Tally,
    /// The count it is compared with.
    pub before: Option<Before>,
    /// When anything was last collected for it.
    pub last_collected: Option<DateTime<FixedOffset>>,
    /// The same strict rate of the place above, to compare with.
    pub parent_strict: Option<Percent>,
    /// Its villages on its own outline.
    pub map: Option<Map>,
    /// Its villages, worst first.
    pub villages: Vec<VillageRow>,
    /// Why the count changed since `before.on`.
    pub ledger: Option<Ledger>,
    /// Its targets, inherited ones too.
    pub targets: Vec<TargetRow>,
    /// Its other indicators.
    pub indicators: Vec<IndicatorRow>,
    /// Villages without signal over time.
    pub trend: Option<Chart>,
    /// Its flags.
    pub flags: Vec<FlagRow>,
    /// Nearest stations of its own point.
    pub stations: Stations,
    /// What it was made of.
    pub lineage: Vec<LineageRow>,
}

/// Draws a commune.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    shell.page(
        &view.place.name,
        &html! {
            h1 { bdi { (view.place.name) } }
            (draw::answer(&sentence(lang, view)))
            (tiles(shell, view))
            div.two {
                div {
                    @if let Some(map) = &view.map { (map::map(shell, map)) }
                }
                div {
                    (draw::section("states", lang.pick("Tình trạng thôn, xóm", "Villages by state"), &draw::tally::bar(lang, &view.tally)))
                    (ledger(shell, view))
                    (draw::section("flags", lang.pick("Cảnh báo", "Flags"), &draw::lists::flags(shell, &view.flags)))
                    (draw::section("stations", lang.pick("Trạm gần nhất", "Nearest stations"), &stations(shell, view)))
                }
            }
            (draw::section("villages", lang.pick("Các thôn, xóm", "Villages"), &villages(shell, view)))
            (draw::section("targets", lang.pick("Mục tiêu", "Targets"), &draw::lists::targets(shell, &view.targets)))
            (draw::section("trend", lang.pick("Diễn biến", "Over time"), &html! { @if let Some(trend) = &view.trend { (chart::chart(shell, trend)) } }))
            (draw::section("indicators", lang.pick("Các chỉ số khác", "Other indicators"), &draw::lists::indicators(shell, &view.indicators)))
            (draw::section("lineage", lang.pick("Hình thành từ", "Made of"), &draw::lists::lineage(lang, &view.lineage)))
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let mut said = draw::sentence::coverage(lang, &view.place.name, &view.tally, view.before);
    if let (Ok(own), Some(above)) = (view.tally.strict(), view.parent_strict) {
        let (own, above) = (own.percent(), above.percent());
        let said_own = lang.number(own, 2);
        let said_above = lang.number(above, 2);
        let compared = match own.total_cmp(&above) {
            std::cmp::Ordering::Less => lang.pick("thấp hơn mức chung", "below the province's"),
            std::cmp::Ordering::Equal => lang.pick("bằng mức chung", "equal to the province's"),
            std::cmp::Ordering::Greater => lang.pick("cao hơn mức chung", "above the province's"),
        };
        said.push_str(&match lang {
            Lang::Vi => {
                format!(" Tỷ lệ phủ sóng hoàn toàn {said_own}%, {compared} của tỉnh ({said_above}%).")
            }
            Lang::En => format!(" {said_own}% are fully covered, {compared} {said_above}%."),
        });
    }
    said
}

fn tiles(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let code = percent_encode(&view.place.code);
    html! {
        dl.tiles {
            div {
                dt { (lang.pick("Thôn, xóm trắng sóng", "Villages without signal")) }
                dd {
                    (draw::lists::big("#villages", &draw::tally::count(lang, &view.tally, view.tally.no_signal)))
                    span.by { (lang.pick("trên", "of")) " " (lang.count(view.tally.total.into())) " " (lang.pick("thôn, xóm", "villages")) }
                }
            }
            div {
                dt { (lang.pick("Không có điện lưới", "Without grid power")) }
                dd {
                    @match view.tally.no_grid_power {
                        Some(dark) => {
                            a.big href=(shell.link(&format!("/indicators/village.grid_power?place={code}"))) { (lang.count(dark.into())) }
                            span.by { (lang.pick("thôn, xóm", "villages")) }
                        }
                        None => (draw::badge::absence(lang, Absence::Missing)),
                    }
                }
            }
            (rate(lang, lang.pick("Tỷ lệ có sóng tại trung tâm", "Signal at the centre"), view.tally.headline(),
                lang.pick("tính cả lõm sóng", "pockets counted"), &shell.link(&format!("/indicators/village.mobile_headline?place={code}"))))
            (rate(lang, lang.pick("Tỷ lệ phủ sóng hoàn toàn", "Fully covered"), view.tally.strict(),
                lang.pick("không tính lõm sóng", "pockets not counted"), &shell.link(&format!("/indicators/village.mobile_strict?place={code}"))))
            div {
                dt { (lang.pick("Thu thập gần nhất", "Last collected")) }
                dd {
                    a.mid href=(shell.link("/sources")) {
                        @match view.last_collected {
                            Some(at) => (lang.moment(at)),
                            None => (lang.pick("chưa thu thập lần nào", "never")),
                        }
                    }
                }
            }
        }
    }
}

fn ledger(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let (Some(ledger), Some(before)) = (&view.ledger, view.before) else { return html! {} };
    let href =
        format!("/ledger?place={}&from={}&to={}", percent_encode(&view.place.code), before.on, shell.as_of);
    draw::section(
        "ledger",
        &format!("{} {}", lang.pick("Biến động từ", "Changes since"), lang.date(before.on)),
        &html! {
            (draw::lists::ledger(lang, ledger))
            p.more {
                a href=(shell.link(&href)) { (lang.pick("Từng thôn, xóm", "Village by village")) } " · "
                a href=(shell.link(&href.replacen("/ledger", "/compare", 1))) { (lang.pick("So sánh hai ngày", "Compare the two dates")) }
            }
        },
    )
}

/// The nearest stations, or plainly that nobody said where any is.
fn stations(shell: &Shell, view: &View) -> Markup {
    html! {
        @if view.stations.rows.is_empty() {
            (draw::nothing(shell.t(
                "Chưa có nguồn nào cho biết vị trí từng trạm, nên không tính được khoảng cách.",
                "No source says where single stations are, so no distance is known.",
            )))
        } @else {
            (draw::lists::stations(shell, &view.stations))
        }
    }
}

fn villages(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let measured = view.villages.iter().any(|village| village.nearest_station_m.is_some());
    let missing = || Cell::Absent(Absence::Missing);
    let mut columns = vec![
        Column::new("village", lang.pick("Thôn, xóm", "Village"), Kind::Text),
        Column::new("state", lang.pick("Tình trạng", "State"), Kind::Text),
        Column::new("since", lang.pick("Từ ngày", "Since"), Kind::Date),
        Column::new("households", lang.pick("Số hộ", "Households"), Kind::Number),
        Column::new("power", lang.pick("Điện lưới", "Grid power"), Kind::Text),
        Column::new("area", lang.pick("Địa bàn", "Area"), Kind::Text),
        Column::new("actor", lang.pick("Bên phải xử lý", "Who must act"), Kind::Text),
    ];
    if measured {
        columns.push(Column::new("station", lang.pick("Trạm gần nhất", "Nearest station"), Kind::Number));
    }
    let rows = view.villages.iter().map(|village| {
        let mut cells = vec![
            Cell::Link(Link::new(village.place.name.as_str(), village.place.href())),
            Cell::Signal(village.state, village.qualification),
            village.since.map_or_else(missing, Cell::Date),
            village.households.map_or_else(missing, |count| Cell::Count(count.into())),
            Cell::YesNo(village.grid_power),
            village
                .area_class
                .map_or_else(missing, |class| Cell::Text(words::area_class(lang, class).to_owned())),
            match village.actor {
                Some(actor) => Cell::Text(words::actor(lang, actor).to_owned()),
                None => Cell::Absent(Absence::NotApplicable),
            },
        ];
        if measured {
            cells.push(
                village
                    .nearest_station_m
                    .map_or_else(missing, |metres| Cell::Text(draw::figure::distance(lang, metres))),
            );
        }
        Row::new(cells)
    });
    let code = percent_encode(&view.place.code);
    let file = |format: Format| (format, format!("/villages?place={code}&format={}", format.as_str()));
    let table = Table {
        caption: format!("{} {}", lang.pick("Các thôn, xóm của", "Villages of"), view.place.name),
        columns,
        rows: rows.collect(),
        totals: None,
        empty: lang.pick("Danh mục chưa có thôn, xóm nào.", "The register holds no villages.").to_owned(),
        downloads: Format::ALL.into_iter().map(file).collect(),
    };
    draw::table::table(shell, &table)
}
