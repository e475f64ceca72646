//! `/villages` and `/communes`: every village or commune of a place, to be sorted, narrowed down and taken away.

use std::collections::{BTreeSet, HashMap};

use gapwatch_dashboards::{
    Markup,
    figure::{Absence, Amount},
    pages::listing,
    part::{Link, Rates, Tally},
    table::{Cell, Kind},
    words,
};
use gapwatch_model::{AreaClass, Evidence, Flag, Indicator, Level, PlaceIx, PlaceLevel, SignalState, text};
use gapwatch_rules::{Moment, VillageState};

use super::{
    claims::has_signal,
    exports::{Sheet, source_notes},
    fill::{self, Fill},
    overview,
    tables::{Col, Long, choice, filter, with_unit},
};
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
    world::{CLUSTERS, GRID_POWER, HOUSEHOLDS, SIGNAL},
};

/// More communes than this are not offered one by one.
const CHOICES: usize = 200;

/// Makes the page of villages.
pub fn villages_page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let place = api::chosen_place(&world, &asked.query)?;
    let table = villages(&fill, asked)?;
    let answer = villages_sentence(&fill, &table.rows);
    let related = related(&fill, place, "/communes", fill.lang.pick("Các xã, phường", "Communes"));
    let view = table.page(asked, answer, related)?;
    Ok(listing::render(&asked.shell(app, with(fill.crumbs(place), fill.link(place))), &view))
}

/// Makes the file of villages.
pub fn villages_sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    villages(fill, asked)?.sheet(asked)
}

/// Makes the page of communes.
pub fn communes_page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let place = api::chosen_place(&world, &asked.query)?;
    let table = communes(&fill, asked)?;
    let answer = communes_sentence(&fill, &table.rows);
    let related = related(&fill, place, "/villages", fill.lang.pick("Các thôn, xóm", "Villages"));
    let view = table.page(asked, answer, related)?;
    Ok(listing::render(&asked.shell(app, with(fill.crumbs(place), fill.link(place))), &view))
}

/// Makes the file of communes.
pub fn communes_sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    communes(fill, asked)?.sheet(asked)
}

fn with(mut crumbs: Vec<Link>, last: Link) -> Vec<Link> {
    crumbs.push(last);
    crumbs
}

fn related(fill: &Fill<'_>, place: PlaceIx, other: &str, words: &str) -> Vec<Link> {
    let code = gapwatch_dashboards::shell::percent_encode(fill.gazetteer().get(place).id.code.as_str());
    vec![
        Link::new(words, format!("{other}?place={code}")),
        Link::new(fill.lang.pick("Số liệu đã thu", "Observations"), format!("/observations?place={code}")),
        Link::new(fill.lang.pick("So sánh hai ngày", "Two dates compared"), format!("/compare?place={code}")),
        Link::new(fill.lang.pick("Báo cáo và đo thực tế", "Claims and measurements"), format!("/claims?place={code}")),
    ]
}

fn pairs(known: &[(&str, &str)]) -> Vec<(String, String)> {
    known.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
}

fn villages<'f>(fill: &'f Fill<'f>, asked: &Asked) -> HttpResult<Long<'f, &'f VillageState>> {
    let (lang, world, day) = (fill.lang, fill.world, fill.day());
    let place = api::chosen_place(world, &asked.query)?;
    let below = world.gazetteer.under_on(place, PlaceLevel::Village, day);
    let all: Vec<&VillageState> = below.into_iter().filter_map(|ix| world.judgement.village(ix)).collect();

    let communes: BTreeSet<PlaceIx> = all.iter().filter_map(|village| world.gazetteer.parent_on(village.place, day)).collect();
    let mut named: Vec<(String, String)> = communes.iter().map(|ix| fill.place(*ix)).map(|place| (place.code, place.name)).collect();
    named.sort_by_cached_key(|(_, name)| text::toneless(name));
    let operators = operators(fill)?;
    let states = SignalState::ALL.map(|state| (state.as_str().to_owned(), words::signal(lang, state).to_owned())).to_vec();
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
    let covered_by: Vec<(String, String)> = [("", lang.pick("có sóng", "covered by")), ("-", lang.pick("không có sóng", "not covered by"))]
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
            && power.is_none_or(|power| power == match village.grid_power { Some(true) => "yes", Some(false) => "no", None => "unknown" })
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
                let (name, wanted) = operator.strip_prefix('-').map_or((operator, true), |name| (name, false));
                covering(fill, village.place).iter().any(|found| found == name) == wanted
            })
    };
    let total = all.len();
    let mut rows: Vec<&VillageState> = all.into_iter().filter(passes).collect();
    rows.sort_by_cached_key(|village| {
        let name = text::toneless(&world.gazetteer.get(village.place).name);
        (super::severity(village.state), village.grid_power != Some(false), name, village.place)
    });

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
        title: format!("{} {}", lang.pick("Thôn, xóm của", "Villages of"), fill.link(place).text),
        columns: village_columns(fill),
        totals: village_totals(fill, &rows),
        rows,
        total,
        filters,
        key: |fill, village| fill.gazetteer().get(village.place).id.to_string(),
        place: |village| village.place,
        notes: source_notes(fill, &[SIGNAL, CLUSTERS, GRID_POWER, HOUSEHOLDS])?,
    })
}

fn is_named(fill: &Fill<'_>, ix: PlaceIx, written: &str) -> bool {
    let says = |ix: PlaceIx| {
        let place = fill.gazetteer().get(ix);
        text::toneless(&place.full_name()).contains(written) || place.id.code.as_str() == written
    };
    says(ix) || fill.gazetteer().parent_on(ix, fill.day()).is_some_and(says)
}

/// Every operator that anything was ever said about.
fn operators(fill: &Fill<'_>) -> HttpResult<BTreeSet<String>> {
    let streams = fill.app.store.series().streams(Some(&SIGNAL.into()))?;
    Ok(streams.iter().filter_map(|stream| stream.dimensions.operator.as_deref()).map(str::to_owned).collect())
}

/// The operators with signal at a village's centre, each by the weightiest evidence about it that still speaks.
fn covering(fill: &Fill<'_>, village: PlaceIx) -> Vec<String> {
    let rules = &fill.world.rules.signal;
    let Some(indicator) = fill.world.facts.indicators().get(SIGNAL) else { return Vec::new() };
    let minimum = indicator.minimum_samples.unwrap_or(rules.minimum_samples);
    let mut best: Vec<(&str, Evidence, bool)> = Vec::new();
    let said = fill.world.facts.newest(SIGNAL, village, minimum, Moment::at(fill.world.at));
    for said in &said {
        let key = &said.head.key;
        let Some(operator) = key.dimensions.operator.as_deref() else { continue };
        let centre = matches!(key.dimensions.measuring_point.as_deref(), None | Some("centre"));
        let technology = key.dimensions.technology.as_deref().is_none_or(|name| rules.technologies.iter().any(|t| t == name));
        let speaks = key.period.ended_since(fill.day()) <= indicator.staleness && said.point.samples.is_none_or(|n| n >= minimum);
        if !(centre && technology && speaks && key.evidence >= Evidence::Claimed) {
            continue;
        }
        let yes = has_signal(fill, said) == Some(true);
        match best.iter_mut().find(|(name, ..)| *name == operator) {
            None => best.push((operator, key.evidence, yes)),
            Some((_, weight, covered)) if key.evidence == *weight => *covered |= yes,
            Some((_, weight, covered)) if key.evidence > *weight => (*weight, *covered) = (key.evidence, yes),
            Some(_) => {}
        }
    }
    let mut names: Vec<String> = best.into_iter().filter(|(.., yes)| *yes).map(|(name, ..)| name.to_owned()).collect();
    names.sort_unstable();
    names
}

fn village_columns<'f>(fill: &'f Fill<'f>) -> Vec<Col<'f, &'f VillageState>> {
    let lang = fill.lang;
    type Village<'f> = &'f VillageState;
    let missing = || Cell::Absent(Absence::Missing);
    let not_asked = || Cell::Absent(Absence::NotApplicable);
    vec![
        Col::new("name", lang.pick("Thôn, xóm", "Village"), Kind::Text, |fill, v: &Village<'_>| Cell::Link(fill.link(v.place))),
        Col::new("commune", lang.pick("Xã, phường", "Commune"), Kind::Text, |fill, v: &Village<'_>| {
            fill.gazetteer().parent_on(v.place, fill.day()).map_or_else(|| Cell::Absent(Absence::NotApplicable), |up| Cell::Link(fill.link(up)))
        }),
        Col::new("state", lang.pick("Tình trạng", "State"), Kind::Mark, |_, v: &Village<'_>| Cell::Signal(v.state, v.qualification)),
        Col::new("since", lang.pick("Từ ngày", "Since"), Kind::Date, move |_, v: &Village<'_>| v.since.map_or_else(missing, Cell::Date)),
        Col::new("households", lang.pick("Số hộ", "Households"), Kind::Number, move |fill, v: &Village<'_>| {
            fill.households(v.place).map_or_else(missing, |count| Cell::Count(count.into()))
        }),
        Col::new("power", lang.pick("Điện lưới", "Grid power"), Kind::Mark, |_, v: &Village<'_>| Cell::YesNo(v.grid_power)),
        Col::new("actor", lang.pick("Ai phải xử lý", "Who must act"), Kind::Text, move |fill, v: &Village<'_>| {
            v.must_act.map_or_else(not_asked, |act| Cell::Text(words::actor(fill.lang, fill::actor(act.who)).to_owned()))
        }),
        Col::new("due", lang.pick("Hạn", "Due"), Kind::Date, move |_, v: &Village<'_>| match v.must_act {
            None => not_asked(),
            Some(act) => act.due.map_or_else(missing, Cell::Date),
        }),
        Col::new("late", lang.pick("Trễ (ngày)", "Late (days)"), Kind::Number, move |_, v: &Village<'_>| {
            v.must_act.filter(|act| act.due.is_some()).map_or_else(not_asked, |act| Cell::Count(act.late_days.into()))
        })
        .hidden(),
        Col::new("area", lang.pick("Vùng", "Area"), Kind::Text, move |fill, v: &Village<'_>| {
            v.area_class.map_or_else(missing, |class| Cell::Text(words::area_class(fill.lang, class).to_owned()))
        })
        .hidden(),
        Col::new("operators", lang.pick("Nhà mạng có sóng", "Covered by"), Kind::Text, |fill, v: &Village<'_>| {
            let names = covering(fill, v.place);
            if names.is_empty() { Cell::Absent(Absence::Missing) } else { Cell::Text(names.join(", ")) }
        })
        .hidden(),
        Col::new("period", lang.pick("Kỳ số liệu", "Period"), Kind::Date, move |_, v: &Village<'_>| {
            v.decided_by.as_ref().map_or_else(missing, |(head, _)| Cell::Period(head.key.period))
        })
        .hidden(),
        Col::new("evidence", lang.pick("Bằng chứng", "Evidence"), Kind::Text, move |fill, v: &Village<'_>| {
            v.decided_by.as_ref().map_or_else(missing, |(head, _)| Cell::Text(words::evidence(fill.lang, head.key.evidence).to_owned()))
        })
        .hidden(),
        Col::new("source", lang.pick("Nguồn, dòng", "Source, row"), Kind::Text, move |fill, v: &Village<'_>| {
            v.decided_by.as_ref().map_or_else(missing, |(head, row)| Cell::Link(fill.source(head.key.source.as_str(), head.run, *row)))
        })
        .hidden(),
        Col::new("code", lang.pick("Mã", "Code"), Kind::Text, |fill, v: &Village<'_>| {
            Cell::Text(fill.gazetteer().get(v.place).id.code.as_str().to_owned())
        })
        .hidden(),
    ]
}

fn counted(rows: &[&VillageState]) -> [usize; 5] {
    let of = |state| rows.iter().filter(|village| village.state == state).count();
    let powerless = rows.iter().filter(|village| village.grid_power == Some(false)).count();
    [of(SignalState::NoSignal), of(SignalState::Pocket), of(SignalState::Covered), of(SignalState::Unknown), powerless]
}

fn count(fill: &Fill<'_>, number: usize) -> String {
    fill.lang.count(u64::try_from(number).unwrap_or(u64::MAX))
}

fn villages_sentence(fill: &Fill<'_>, rows: &[&VillageState]) -> String {
    let [no_signal, pocket, covered, unknown, powerless] = counted(rows).map(|n| count(fill, n));
    let all = count(fill, rows.len());
    fill.lang.pick(
        format!("{all} thôn, xóm: {no_signal} trắng sóng, {pocket} lõm sóng, {covered} phủ sóng, {unknown} chưa rõ; {powerless} không có điện lưới."),
        format!("{all} villages: {no_signal} without signal, {pocket} with pockets, {covered} covered, {unknown} unknown; {powerless} without grid power."),
    )
}

fn village_totals(fill: &Fill<'_>, rows: &[&VillageState]) -> Vec<(&'static str, Cell)> {
    let [no_signal, .., powerless] = counted(rows);
    let households: Vec<u64> = rows.iter().filter_map(|village| fill.households(village.place)).map(u64::from).collect();
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
        ("name", Cell::Text(fill.lang.pick(format!("Tổng: {}", count(fill, rows.len())), format!("In all: {}", count(fill, rows.len()))))),
        ("state", Cell::Text(fill.lang.pick(format!("{} trắng sóng", count(fill, no_signal)), format!("{} without signal", count(fill, no_signal))))),
        ("households", said),
        ("power", Cell::Text(fill.lang.pick(format!("{} không có", count(fill, powerless)), format!("{} without", count(fill, powerless))))),
    ]
}

/// A commune with what is counted in it.
struct Commune {
    place: PlaceIx,
    tally: Tally,
    rates: Rates,
    lagging: Vec<String>,
}

impl Commune {
    /// Anything is known of its villages.
    fn known(&self) -> bool {
        self.tally.total > self.tally.unknown
    }

    /// A count of villages by state. Nothing known is not zero.
    fn cell(&self, number: u32) -> Cell {
        match (self.tally.total, self.known()) {
            (0, _) => Cell::Absent(Absence::NotApplicable),
            (_, false) if self.tally.stale > 0 => Cell::Absent(Absence::Stale),
            (_, false) => Cell::Absent(Absence::Missing),
            (_, true) => Cell::Count(number.into()),
        }
    }
}

fn communes<'f>(fill: &'f Fill<'f>, asked: &Asked) -> HttpResult<Long<'f, Commune>> {
    let (lang, world, day) = (fill.lang, fill.world, fill.day());
    let place = api::chosen_place(world, &asked.query)?;
    let behind: HashMap<PlaceIx, Vec<&Flag>> = overview::lagging(fill);
    let commune = |ix: PlaceIx| {
        let flags = behind.get(&ix).map_or(&[][..], Vec::as_slice);
        let named = flags.iter().filter_map(|flag| match &flag.key.subject {
            gapwatch_model::Subject::Indicator(id) => world.facts.indicators().get(id.as_str()).map(|indicator| fill.indicator_name(indicator)),
            _ => None,
        });
        Commune { place: ix, tally: fill.tally(ix), rates: fill.rates(ix), lagging: named.collect() }
    };
    let all: Vec<Commune> = world.gazetteer.under_on(place, PlaceLevel::Commune, day).into_iter().map(commune).collect();
    let states = pairs(&[
        ("no_signal", lang.pick("có thôn trắng sóng", "with villages without signal")),
        ("pocket", lang.pick("có thôn lõm sóng", "with pockets")),
        ("unknown", lang.pick("có thôn chưa rõ", "with unknown villages")),
        ("clear", lang.pick("không còn thôn trắng sóng", "no village without signal")),
    ]);
    let behinds = pairs(&[("yes", lang.pick("chậm mục tiêu", "behind a target")), ("no", lang.pick("không chậm", "not behind"))]);
    let state = choice(asked, "state", &states)?;
    let lagging = choice(asked, "lagging", &behinds)?;
    let written = text::toneless(asked.query.get("q").unwrap_or_default());
    let total = all.len();
    let passes = |commune: &Commune| {
        let tally = &commune.tally;
        state.is_none_or(|state| match state {
            "no_signal" => tally.no_signal > 0,
            "pocket" => tally.pocket > 0,
            "unknown" => tally.unknown > 0,
            _ => tally.total > 0 && tally.no_signal == 0 && tally.unknown == 0,
        }) && lagging.is_none_or(|word| (word == "yes") != commune.lagging.is_empty())
            && (written.is_empty() || is_named(fill, commune.place, &written))
    };
    let mut rows: Vec<Commune> = all.into_iter().filter(passes).collect();
    rows.sort_by_cached_key(|commune| {
        let worst = (commune.tally.no_signal, commune.lagging.len(), commune.tally.pocket);
        (std::cmp::Reverse(worst), text::toneless(&world.gazetteer.get(commune.place).name), commune.place)
    });
    let columns = commune_columns(fill, place, &rows);
    Ok(Long {
        fill,
        title: format!("{} {}", lang.pick("Xã, phường của", "Communes of"), fill.link(place).text),
        columns,
        totals: commune_totals(fill, &rows),
        rows,
        total,
        filters: vec![
            filter(asked, "q", lang.pick("Tên (không cần dấu)", "Name, tones not needed"), Vec::new()),
            filter(asked, "state", lang.pick("Sóng di động", "Mobile signal"), states),
            filter(asked, "lagging", lang.pick("Mục tiêu", "Targets"), behinds),
        ],
        key: |fill, commune| fill.gazetteer().get(commune.place).id.to_string(),
        place: |commune| commune.place,
        notes: source_notes(fill, &[SIGNAL, CLUSTERS, GRID_POWER])?,
    })
}

fn commune_columns<'f>(fill: &'f Fill<'f>, place: PlaceIx, rows: &[Commune]) -> Vec<Col<'f, Commune>> {
    let lang = fill.lang;
    let mut columns = vec![
        Col::new("name", lang.pick("Xã, phường", "Commune"), Kind::Text, |fill: &Fill<'_>, c: &Commune| Cell::Link(fill.link(c.place))),
        Col::new("villages", lang.pick("Số thôn", "Villages"), Kind::Number, |_, c: &Commune| match c.tally.total {
            0 => Cell::Absent(Absence::Missing),
            total => Cell::Count(total.into()),
        }),
        Col::new("no_signal", lang.pick("Trắng sóng", "No signal"), Kind::Number, |_, c: &Commune| c.cell(c.tally.no_signal)),
        Col::new("pocket", lang.pick("Lõm sóng", "Pocket"), Kind::Number, |_, c: &Commune| c.cell(c.tally.pocket)),
        Col::new("covered", lang.pick("Phủ sóng", "Covered"), Kind::Number, |_, c: &Commune| c.cell(c.tally.covered)).hidden(),
        Col::new("unknown", lang.pick("Chưa rõ", "Unknown"), Kind::Number, |_, c: &Commune| match c.tally.total {
            0 => Cell::Absent(Absence::NotApplicable),
            _ => Cell::Count(c.tally.unknown.into()),
        }),
        Col::new("headline", lang.pick("Có sóng tại trung tâm", "Signal at the centre"), Kind::Share, |_, c: &Commune| Cell::Share(c.rates.headline)).hidden(),
        Col::new("strict", lang.pick("Phủ sóng hoàn toàn", "Fully covered"), Kind::Share, |_, c: &Commune| Cell::Share(c.rates.strict)),
        Col::new("no_power", lang.pick("Không điện lưới", "Without grid power"), Kind::Number, |_, c: &Commune| {
            c.tally.no_grid_power.map_or(Cell::Absent(Absence::Missing), |count| c.cell(count))
        }),
        Col::new("lagging", lang.pick("Chậm mục tiêu", "Behind in"), Kind::Text, |fill, c: &Commune| {
            if c.lagging.is_empty() { Cell::Text(fill.lang.pick("không", "none").to_owned()) } else { Cell::Text(c.lagging.join("; ")) }
        }),
        Col::new("code", lang.pick("Mã", "Code"), Kind::Text, |fill, c: &Commune| Cell::Text(fill.gazetteer().get(c.place).id.code.as_str().to_owned())).hidden(),
    ];
    if fill.gazetteer().get(place).level == PlaceLevel::Country {
        let province = Col::new("province", lang.pick("Tỉnh, thành phố", "Province"), Kind::Text, |fill: &Fill<'_>, c: &Commune| {
            let above = fill.gazetteer().ancestors_on(c.place, fill.day());
            let province = above.into_iter().find(|ix| fill.gazetteer().get(*ix).level == PlaceLevel::Province);
            province.map_or(Cell::Absent(Absence::Missing), |ix| Cell::Link(fill.link(ix)))
        });
        columns.insert(1, province);
    }
    let has_value = |indicator: &&Indicator| {
        indicator.level == Level::Commune
            && rows.iter().any(|c| fill.world.judgement.value(c.place, indicator.id.as_str()).is_some_and(|value| value.value.is_some()))
    };
    for indicator in fill.world.facts.indicators().iter().filter(has_value) {
        let heading = with_unit(lang, &fill.indicator_name(indicator), indicator);
        columns.push(
            Col::new(indicator.id.as_str(), &heading, Kind::Number, move |fill, c: &Commune| {
                let value = fill.world.judgement.value(c.place, indicator.id.as_str());
                Cell::Amount {
                    amount: value.map_or(Amount::Missing, |value| fill::amount(value, indicator)),
                    qualifier: value.map(|value| value.qualifier).unwrap_or_default(),
                    unit: indicator.unit,
                    decimals: indicator.decimals,
                }
            })
            .hidden(),
        );
    }
    columns
}

fn summed(rows: &[Commune]) -> (Tally, usize) {
    let mut sum = Tally::default();
    for commune in rows {
        sum.total += commune.tally.total;
        sum.no_signal += commune.tally.no_signal;
        sum.pocket += commune.tally.pocket;
        sum.covered += commune.tally.covered;
        sum.unknown += commune.tally.unknown;
        sum.no_grid_power = Some(sum.no_grid_power.unwrap_or(0) + commune.tally.no_grid_power.unwrap_or(0));
    }
    (sum, rows.iter().filter(|commune| !commune.lagging.is_empty()).count())
}

fn communes_sentence(fill: &Fill<'_>, rows: &[Commune]) -> String {
    let (sum, lagging) = summed(rows);
    let with = count(fill, rows.iter().filter(|commune| commune.tally.no_signal > 0).count());
    let (all, lagging) = (count(fill, rows.len()), count(fill, lagging));
    let no_signal = fill.lang.count(sum.no_signal.into());
    fill.lang.pick(
        format!("{all} xã, phường: {with} còn thôn trắng sóng (tổng {no_signal} thôn), {lagging} chậm ít nhất một mục tiêu."),
        format!("{all} communes: {with} still have villages without signal ({no_signal} in all), {lagging} are behind in at least one target."),
    )
}

fn commune_totals(fill: &Fill<'_>, rows: &[Commune]) -> Vec<(&'static str, Cell)> {
    let (tally, lagging) = summed(rows);
    let percent = |part: u32| gapwatch_model::Percent::of_counts(part, tally.total);
    let all = Commune { place: fill.world.home, tally, rates: Rates { headline: percent(tally.covered + tally.pocket), strict: percent(tally.covered) }, lagging: Vec::new() };
    vec![
        ("name", Cell::Text(fill.lang.pick(format!("Tổng: {}", count(fill, rows.len())), format!("In all: {}", count(fill, rows.len()))))),
        ("villages", Cell::Count(tally.total.into())),
        ("no_signal", all.cell(tally.no_signal)),
        ("pocket", all.cell(tally.pocket)),
        ("covered", all.cell(tally.covered)),
        ("unknown", Cell::Count(tally.unknown.into())),
        ("headline", Cell::Share(all.rates.headline)),
        ("strict", Cell::Share(all.rates.strict)),
        ("no_power", tally.no_grid_power.map_or(Cell::Absent(Absence::Missing), |count| all.cell(count))),
        ("lagging", Cell::Text(fill.lang.pick(format!("{} xã chậm", count(fill, lagging)), format!("{} communes behind", count(fill, lagging))))),
    ]
}
