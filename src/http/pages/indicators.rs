//! `/indicators/{id}?place=`: one indicator of one place.

use gapwatch_dashboards::{
    Markup,
    map::{Area, Map},
    pages::indicator::{Definition, RankRow, View, render},
    part::Link,
    shell::percent_encode,
};
use gapwatch_model::{Aggregation, Direction, Indicator, PlaceIx};
use gapwatch_rules::{Finding, FindingKind};

use super::fill::Fill;
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
};

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked, id: &str) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang).over(asked.as_of.borders);
    let place = api::chosen_place(&world, &asked.query)?;
    let indicator = world.facts.indicators().get(id).ok_or_else(|| HttpError::not_found(id))?;
    let standing = world.judgement.standing(place, &indicator.id);
    let (chart, previous) = fill.chart(place, indicator);
    let children = fill.children(place);
    let mut view = View {
        name: fill.indicator_name(indicator),
        definition: definition(&fill, indicator),
        place: fill.place(place),
        value: fill.figure(place, indicator, world.judgement.value(place, id)),
        band: world
            .judgement
            .value(place, id)
            .and_then(|value| world.rules.band(&indicator.id, value.amount()?))
            .map(|band| fill.lang.pick(&band.name_vi, &band.name_en).clone()),
        previous,
        target: standing.and_then(|standing| fill.target(standing)),
        chart,
        map: map(&fill, &children, indicator),
        ranking: ranking(&fill, &children, indicator),
        findings: world
            .judgement
            .findings
            .iter()
            .filter(|found| {
                found.indicator == indicator.id && (found.place == place || children.contains(&found.place))
            })
            .map(|found| finding(&fill, found, indicator))
            .collect(),
        related: related(&fill, place, indicator),
    };
    if view.map.is_some() {
        let (id, code) = (percent_encode(id), percent_encode(&view.place.code));
        let words = fill.lang.pick("Bản đồ qua các kỳ", "Maps over time");
        view.related.push(Link::new(words, format!("/maps?indicator={id}&place={code}")));
    }
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

fn definition(fill: &Fill<'_>, indicator: &Indicator) -> Definition {
    let aggregation = match indicator.aggregation {
        _ if indicator.formula.is_some() => fill.lang.pick(
            "tính theo công thức ở từng cấp, không cộng dồn",
            "by the formula at every level, never summed",
        ),
        Aggregation::Sum => fill.lang.pick("cộng từ các đơn vị bên dưới", "summed from the places below"),
        Aggregation::Ratio => fill.lang.pick(
            "cộng tử số và mẫu số của các đơn vị bên dưới rồi mới chia; không lấy trung bình các tỷ lệ",
            "numerators and denominators of the places below are summed, then divided; shares are never averaged",
        ),
        Aggregation::None => fill.lang.pick("không cộng được: phải được công bố cho từng đơn vị", "cannot be summed: has to be stated for each place"),
    };
    Definition {
        id: indicator.id.to_string(),
        formula: indicator.formula.clone(),
        aggregation: aggregation.to_owned(),
        period: indicator.period,
        staleness: indicator.staleness,
        minimum_samples: indicator.minimum_samples,
        document: indicator.document.clone(),
    }
}

fn map(fill: &Fill<'_>, children: &[PlaceIx], indicator: &Indicator) -> Option<Map> {
    let value = |ix: PlaceIx| fill.world.judgement.value(ix, indicator.id.as_str());
    if !children.iter().any(|ix| value(*ix).is_some_and(|value| value.value.is_some())) {
        return None;
    }
    let mut map = fill.villages_map(children)?;
    map.title = fill.indicator_name(indicator);
    map.unit = indicator.unit;
    map.decimals = indicator.decimals;
    map.direction = indicator.direction;
    map.areas = children
        .iter()
        .map(|ix| {
            let (place, figure) = (fill.place(*ix), fill.figure(*ix, indicator, value(*ix)));
            let source = figure.source.as_ref().map(|source| source.text.clone()).unwrap_or_default();
            Area {
                href: fill.indicator(indicator, *ix).href,
                code: place.code,
                name: place.name,
                amount: figure.amount,
                note: source,
            }
        })
        .collect();
    Some(map)
}

/// Equal at the decimals of `rules.toml` shares a rank, the next one skips. Places without a value have none.
fn ranking(fill: &Fill<'_>, children: &[PlaceIx], indicator: &Indicator) -> Vec<RankRow> {
    let known: Vec<(PlaceIx, f64)> = children
        .iter()
        .filter_map(|ix| Some((*ix, fill.world.judgement.value(*ix, indicator.id.as_str())?.amount()?)))
        .collect();
    let amounts: Vec<Option<f64>> = known.iter().map(|(_, amount)| Some(*amount)).collect();
    let lower = indicator.direction == Direction::Lower;
    let ranks = gapwatch_rules::ranks(&amounts, lower, fill.world.rules.tolerances.rank_decimals);
    let row = |ix: PlaceIx, rank: Option<u32>| RankRow {
        rank,
        place: fill.place(ix),
        value: fill.figure(ix, indicator, fill.world.judgement.value(ix, indicator.id.as_str())),
        status: fill.world.judgement.standing(ix, &indicator.id).map(|standing| standing.status),
        trend: fill.sparkline(ix, indicator),
    };
    let mut rows: Vec<RankRow> = known.iter().zip(&ranks).map(|((ix, _), rank)| row(*ix, *rank)).collect();
    let absent = children.iter().filter(|ix| !known.iter().any(|(known, _)| known == *ix));
    if !known.is_empty() {
        rows.extend(absent.map(|ix| row(*ix, None)));
    }
    rows.sort_by(|a, b| {
        (a.rank.is_none(), a.rank, &a.place.name).cmp(&(b.rank.is_none(), b.rank, &b.place.name))
    });
    rows
}

fn finding(fill: &Fill<'_>, found: &Finding, indicator: &Indicator) -> String {
    let place = fill.place(found.place).name;
    let number = |amount: f64| fill.lang.number(amount, indicator.decimals.max(2));
    match &found.kind {
        FindingKind::TotalDiffers { stated, parts } => fill.lang.pick(
            format!("{place}: tổng được công bố {} nhưng các thành phần cộng lại là {}.", number(*stated), number(*parts)),
            format!("{place}: the stated total is {}, its parts sum to {}.", number(*stated), number(*parts)),
        ),
        FindingKind::PartsMissing { stated, known, present, missing } => fill.lang.pick(
            format!(
                "{place}: tổng được công bố {}, mới có {present} thành phần (cộng lại {}), thiếu {} thành phần.",
                number(*stated), number(*known), missing.len()
            ),
            format!(
                "{place}: the stated total is {}; {present} parts are known (summing to {}), {} are missing.",
                number(*stated), number(*known), missing.len()
            ),
        ),
        FindingKind::ParentDiffers { stated, children } => fill.lang.pick(
            format!("{place}: số được công bố {} khác tổng của các đơn vị bên dưới {}.", number(*stated), number(*children)),
            format!("{place}: the stated value {} differs from the sum of the places below, {}.", number(*stated), number(*children)),
        ),
        FindingKind::OutOfRange { value, minimum, maximum } => {
            let bound = |bound: &Option<f64>| bound.map_or("–".to_owned(), number);
            fill.lang.pick(
                format!("{place}: giá trị {} nằm ngoài khoảng cho phép {} đến {}.", number(*value), bound(minimum), bound(maximum)),
                format!("{place}: the value {} lies outside of {} to {}.", number(*value), bound(minimum), bound(maximum)),
            )
        }
        FindingKind::ShareAboveWhole { percent } => fill.lang.pick(
            format!("{place}: tỷ lệ {} % vượt quá 100 %; khi chấm điểm được tính là 100 %.", number(*percent)),
            format!("{place}: the share of {} % is above the whole; a score counts it as 100 %.", number(*percent)),
        ),
        FindingKind::SourcesDiffer => fill.lang.pick(
            format!("{place}: các nguồn nói khác nhau về cùng một kỳ; cả hai được giữ lại."),
            format!("{place}: sources say different things of one period; both are kept."),
        ),
        FindingKind::PartsApart { old } => {
            let names: Vec<String> = old.iter().map(|ix| fill.place(*ix).name).collect();
            let names = names.join(", ");
            fill.lang.pick(
                format!("{place}: phần của {names} được để riêng vì chưa có tỷ trọng."),
                format!("{place}: the parts of {names} are kept apart: no weights are declared."),
            )
        }
        FindingKind::NotAllReported { reported, expected } => fill.lang.pick(
            format!("{place}: mới có {reported}/{expected} đơn vị báo cáo."),
            format!("{place}: {reported} of {expected} places have reported."),
        ),
    }
}

/// Indicators of the same family, the part of the id before the point, that have a value here.
fn related(fill: &Fill<'_>, place: PlaceIx, indicator: &Indicator) -> Vec<Link> {
    let family = |id: &str| id.split('.').next().unwrap_or_default().to_owned();
    let own = family(indicator.id.as_str());
    let others =
        fill.world.judgement.values(place).filter(|(id, value)| {
            **id != indicator.id && family(id.as_str()) == own && value.value.is_some()
        });
    others
        .filter_map(|(id, _)| fill.world.facts.indicators().get(id.as_str()))
        .map(|other| fill.indicator(other, place))
        .collect()
}
