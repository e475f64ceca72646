//! `/villages`: every village of a place, to be sorted, narrowed down and taken away.

use std::collections::BTreeSet;

use gapwatch_dashboards::{
    Markup,
    figure::Absence,
    pages::listing,
    table::{Cell, Kind},
    words,
};
use gapwatch_model::{AreaClass, PlaceIx, SignalState, text};
use gapwatch_rules::{Moment, VillageState};

use super::{
    exports::{Sheet, source_notes},
    fill::{self, Fill},
    tables::{Col, Long, choice, count, filter, is_named, pairs, related, way},
};
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
    world::{CLUSTERS, GRID_POWER, HOUSEHOLDS, SIGNAL},
};

/// More communes than this are not offered one by one.
const CHOICES: usize = 200;

/// Makes the page of villages.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang).over(asked.as_of.borders);
    let place = api::chosen_place(&world, &asked.query)?;
    let table = villages(&fill, asked)?;
    let answer = villages_sentence(&fill, &table.rows);
    let related = related(&fill, place, "/communes", fill.lang.pick("Các xã, phường", "Communes"));
    let view = table.page(asked, answer, related)?;
    Ok(listing::render(&asked.shell(app, way(&fill, place)), &view))
}

/// Makes the file of villages.
pub(crate) fn sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    villages(fill, asked)?.sheet(asked)
}

fn villages<'f>(fill: &'f Fill<'f>, asked: &Asked) -> HttpResult<Long<'f, &'f VillageState>> {
    let (lang, world, day) = (fill.lang, fill.world, fill.tree());
    let place = api::chosen_place(world, &asked.query)?;
    let all: Vec<&VillageState> = world.judgement.villages_in(place).collect();

    let communes: BTreeSet<PlaceIx> =
        all.iter().filter_map(|village| world.gazetteer.parent_on(village.place, day)).collect();
    let mut named: Vec<(String, String)> =
        communes.iter().map(|ix| fill.place(*ix)).map(|place| (place.code, place.name)).collect();
    named.sort_by_cached_key(|(_, name)| text::toneless(name));
    let operators = operators(fill)?;
    let states = SignalState::ALL
        .map(|state| (state.as_str().to_owned(), words::signal(lang, state).to_owned()))
        .to_vec();
    let powers = pairs(&[
        ("yes", lang.pick("có điện lưới", "with grid power")),
        ("no", lang.pick("không có điện lưới", "without grid power")),
        ("unknown", lang.pick("chưa rõ", "not known")),
    ]);
    let areas = pairs(&[
        ("difficult", words::area_class(lang, AreaClass::ExtremelyDifficult)),
        ("other", words::area_class(lang, AreaClass::Other)),
        ("unknown", lang.pick("chưa rõ", "not known")),
    ]);
    let by_operator = |(sign, words): (&'static str, &'static str)| {
        operators.iter().map(move |name| (format!("{sign}{name}"), format!("{words} {name}")))
    };
    let covered_by: Vec<(String, String)> =
        [("", lang.pick("có sóng", "covered by")), ("-", lang.pick("không có sóng", "not covered by"))]
            .into_iter()
            .flat_map(by_operator)
            .collect();

    let state = choice(asked, "state", &states)?;
    let power = choice(asked, "power", &powers)?;
    let area = choice(asked, "area", &areas)?;
    let operator = choice(asked, "operator", &covered_by)?;
    let commune = match asked.query.get("commune") {
        Some(code) => Some(world.gazetteer.by_code_on(code, day).ok_or_else(|| HttpError::not_found(code))?),
        None => None,
    };
    let written = text::toneless(asked.query.get("q").unwrap_or_default());
    let passes = |village: &&VillageState| {
        state.is_none_or(|state| village.state.as_str() == state)
            && power.is_none_or(|power| {
                power
                    == match village.grid_power {
                        Some(true) => "yes",
                        Some(false) => "no",
                        None => "unknown",
                    }
            })
            && area.is_none_or(|area| {
                area == match village.area_class {
                    Some(AreaClass::ExtremelyDifficult) => "difficult",
                    Some(AreaClass::Other) => "other",
                    None => "unknown",
                }
            })
            && commune.is_none_or(|commune| world.gazetteer.parent_on(village.place, day) == Some(commune))
            && (written.is_empty() || is_named(fill, village.place, &written))
            && operator.is_none_or(|operator| {
                let (name, wanted) =
                    operator.strip_prefix('-').map_or((operator, true), |name| (name, false));
                covering(fill, village.place).iter().any(|(found, yes)| found == name && *yes == wanted)
            })
    };
    let total = all.len();
    let rows: Vec<&VillageState> = all.into_iter().filter(passes).collect();

    let mut filters = vec![
        filter(asked, "q", lang.pick("Tên thôn, xã (không cần dấu)", "Name, tones not needed"), Vec::new()),
        filter(asked, "state", lang.pick("Tình trạng", "State"), states),
    ];
    if named.len() > 1 && named.len() <= CHOICES {
        filters.push(filter(asked, "commune", lang.pick("Xã, phường", "Commune"), named));
    }
    filters.push(filter(asked, "operator", lang.pick("Nhà mạng", "Operator"), covered_by));
    filters.push(filter(asked, "power", lang.pick("Điện lưới", "Grid power"), powers));
    filters.push(filter(asked, "area", lang.pick("Vùng", "Area"), areas));

    Ok(Long {
        fill,
        title: format!("{} {}", lang.pick("Thôn, xóm của", "Villages of"), fill.named(place)),
        columns: village_columns(fill),
        totals: village_totals(fill, &rows),
        rows,
        total,
        filters,
        order: |fill, village| {
            let place = fill.gazetteer().get(village.place);
            let powered = u8::from(village.grid_power != Some(false));
            format!(
                "{}{powered} {} {}",
                super::severity(village.state),
                text::toneless(&place.name),
                place.id
            )
        },
        place: |village| village.place,
        notes: source_notes(fill, &[SIGNAL, CLUSTERS, GRID_POWER, HOUSEHOLDS])?,
    })
}

/// Every operator that anything was ever said about.
fn operators(fill: &Fill<'_>) -> HttpResult<BTreeSet<String>> {
    let streams = fill.app.store.series().streams(Some(&SIGNAL.into()))?;
    Ok(streams.iter().filter_map(|stream| stream.dimensions.operator.as_deref()).map(str::to_owned).collect())
}

/// Every operator of which it is known whether it has signal at a village's centre.
fn covering(fill: &Fill<'_>, village: PlaceIx) -> Vec<(String, bool)> {
    let world = fill.world;
    gapwatch_rules::operators_at(&world.facts, &world.rules, village, Moment::at(world.at))
}

fn village_columns<'f>(fill: &'f Fill<'f>) -> Vec<Col<'f, &'f VillageState>> {
    let lang = fill.lang;
    type Village<'f> = &'f VillageState;
    let missing = || Cell::Absent(Absence::Missing);
    let not_asked = || Cell::Absent(Absence::NotApplicable);
    vec![
        Col::new("name", lang.pick("Thôn, xóm", "Village"), Kind::Text, |fill, v: &Village<'_>| {
            Cell::Link(fill.link(v.place))
        }),
        Col::new("commune", lang.pick("Xã, phường", "Commune"), Kind::Text, |fill, v: &Village<'_>| {
            fill.gazetteer()
                .parent_on(v.place, fill.tree())
                .map_or_else(|| Cell::Absent(Absence::NotApplicable), |up| Cell::Link(fill.link(up)))
        }),
        Col::new("state", lang.pick("Tình trạng", "State"), Kind::Mark, |_, v: &Village<'_>| {
            Cell::Signal(v.state, v.qualification)
        }),
        Col::new("since", lang.pick("Từ ngày", "Since"), Kind::Date, move |_, v: &Village<'_>| {
            v.since.map_or_else(missing, Cell::Date)
        }),
        Col::new(
            "households",
            lang.pick("Số hộ", "Households"),
            Kind::Number,
            move |fill, v: &Village<'_>| {
                fill.households(v.place).map_or_else(missing, |count| Cell::Count(count.into()))
            },
        ),
        Col::new("power", lang.pick("Điện lưới", "Grid power"), Kind::Mark, |_, v: &Village<'_>| {
            Cell::YesNo(v.grid_power)
        }),
        Col::new(
            "actor",
            lang.pick("Ai phải xử lý", "Who must act"),
            Kind::Text,
            move |fill, v: &Village<'_>| {
                v.must_act.map_or_else(not_asked, |act| {
                    Cell::Text(words::actor(fill.lang, fill::actor(act.who)).to_owned())
                })
            },
        ),
        Col::new("due", lang.pick("Hạn", "Due"), Kind::Date, move |_, v: &Village<'_>| match v.must_act {
            None => not_asked(),
            Some(act) => act.due.map_or_else(missing, Cell::Date),
        }),
        Col::new(
            "late",
            lang.pick("Trễ (ngày)", "Late (days)"),
            Kind::Number,
            move |_, v: &Village<'_>| {
                v.must_act
                    .filter(|act| act.due.is_some())
                    .map_or_else(not_asked, |act| Cell::Count(act.late_days.into()))
            },
        )
        .hidden(),
        Col::new("area", lang.pick("Vùng", "Area"), Kind::Text, move |fill, v: &Village<'_>| {
            v.area_class
                .map_or_else(missing, |class| Cell::Text(words::area_class(fill.lang, class).to_owned()))
        })
        .hidden(),
        Col::new(
            "operators",
            lang.pick("Nhà mạng có sóng", "Covered by"),
            Kind::Text,
            move |fill, v: &Village<'_>| {
                let said = covering(fill, v.place);
                let names: Vec<String> =
                    said.iter().filter(|(_, yes)| *yes).map(|(name, _)| name.clone()).collect();
                match (said.is_empty(), names.is_empty()) {
                    (true, _) => missing(),
                    (_, true) => Cell::Text(fill.lang.pick("không nhà mạng nào", "none").to_owned()),
                    (_, false) => Cell::Text(names.join(", ")),
                }
            },
        )
        .hidden(),
        Col::new("period", lang.pick("Kỳ số liệu", "Period"), Kind::Date, move |_, v: &Village<'_>| {
            v.decided_by.as_ref().map_or_else(missing, |(head, _)| Cell::Period(head.key.period))
        })
        .hidden(),
        Col::new(
            "evidence",
            lang.pick("Bằng chứng", "Evidence"),
            Kind::Text,
            move |fill, v: &Village<'_>| {
                v.decided_by.as_ref().map_or_else(missing, |(head, _)| {
                    Cell::Text(words::evidence(fill.lang, head.key.evidence).to_owned())
                })
            },
        )
        .hidden(),
        Col::new(
            "source",
            lang.pick("Nguồn, dòng", "Source, row"),
            Kind::Text,
            move |fill, v: &Village<'_>| {
                v.decided_by.as_ref().map_or_else(missing, |(head, row)| {
                    Cell::Link(fill.source(head.key.source.as_str(), head.run, *row))
                })
            },
        )
        .hidden(),
        Col::new("code", lang.pick("Mã", "Code"), Kind::Text, |fill, v: &Village<'_>| {
            Cell::Text(fill.gazetteer().get(v.place).id.code.as_str().to_owned())
        })
        .hidden(),
    ]
}

/// Without signal, with pockets, covered, unknown; then without grid power, where anybody said of any whether it has.
fn counted(rows: &[&VillageState]) -> ([usize; 4], Option<usize>) {
    let of = |state| rows.iter().filter(|village| village.state == state).count();
    let said: Vec<bool> = rows.iter().filter_map(|village| village.grid_power).collect();
    let powerless = (!said.is_empty()).then(|| said.iter().filter(|power| !**power).count());
    let states = [
        of(SignalState::NoSignal),
        of(SignalState::Pocket),
        of(SignalState::Covered),
        of(SignalState::Unknown),
    ];
    (states, powerless)
}

fn villages_sentence(fill: &Fill<'_>, rows: &[&VillageState]) -> String {
    let (states, powerless) = counted(rows);
    let [no_signal, pocket, covered, unknown] = states.map(|n| count(fill, n));
    let all = count(fill, rows.len());
    let powerless = match powerless {
        Some(known) => {
            format!("{} {}", count(fill, known), fill.lang.pick("không có điện lưới", "without grid power"))
        }
        None => fill.lang.pick("chưa có số liệu điện lưới", "grid power not reported").to_owned(),
    };
    fill.lang.pick(
        format!("{all} thôn, xóm: {no_signal} trắng sóng, {pocket} lõm sóng, {covered} phủ sóng, {unknown} chưa rõ; {powerless}."),
        format!("{all} villages: {no_signal} without signal, {pocket} with pockets, {covered} covered, {unknown} unknown; {powerless}."),
    )
}

fn village_totals(fill: &Fill<'_>, rows: &[&VillageState]) -> Vec<(&'static str, Cell)> {
    let ([no_signal, ..], powerless) = counted(rows);
    let households: Vec<u64> =
        rows.iter().filter_map(|village| fill.households(village.place)).map(u64::from).collect();
    let sum: u64 = households.iter().sum();
    let said = match (households.len(), rows.len()) {
        (0, _) => Cell::Absent(Absence::Missing),
        (known, all) if known == all => Cell::Count(sum),
        (known, _) => Cell::Text(fill.lang.pick(
            format!("{} (của {} thôn)", fill.lang.count(sum), count(fill, known)),
            format!("{} (of {} villages)", fill.lang.count(sum), count(fill, known)),
        )),
    };
    vec![
        (
            "name",
            Cell::Text(fill.lang.pick(
                format!("Tổng: {}", count(fill, rows.len())),
                format!("In all: {}", count(fill, rows.len())),
            )),
        ),
        (
            "state",
            Cell::Text(fill.lang.pick(
                format!("{} trắng sóng", count(fill, no_signal)),
                format!("{} without signal", count(fill, no_signal)),
            )),
        ),
        ("households", said),
        (
            "power",
            powerless.map_or(Cell::Absent(Absence::Missing), |known| {
                Cell::Text(fill.lang.pick(
                    format!("{} không có", count(fill, known)),
                    format!("{} without", count(fill, known)),
                ))
            }),
        ),
    ]
}
