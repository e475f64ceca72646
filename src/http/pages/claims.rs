//! `/claims?place=&operator=`: claims held against measurements, for each operator and point by point.

use std::collections::BTreeMap;

use gapwatch_dashboards::{
    Markup,
    pages::claims::{DisputeRow, OperatorRow, View, render},
    table::{Cell, Column, Format, Kind, Row},
};
use gapwatch_model::{Percent, PlaceIx, PlaceLevel};
use gapwatch_rules::{ClaimGap, Dispute, Moment, Said};

use super::{
    exports::{Sheet, source_notes},
    fill::Fill,
};
use crate::{
    app::App,
    http::{Asked, HttpResult, api},
    world::SIGNAL,
};

/// Points on the page; the file has them all.
const SHOWN: usize = 200;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang);
    let place = api::chosen_place(&world, &asked.query)?;
    let disputes = disputes(&fill, asked, place);
    let view = View {
        place: fill.place(place),
        operators: operators(&fill, place),
        disputes_total: u64::try_from(disputes.len()).unwrap_or(u64::MAX),
        disputes: disputes.iter().take(SHOWN).map(|dispute| row(&fill, dispute)).collect(),
        downloads: super::downloads(asked, "/claims/export", &Format::ALL),
    };
    let mut crumbs = fill.crumbs(place);
    crumbs.push(fill.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

fn operators(fill: &Fill<'_>, place: PlaceIx) -> Vec<OperatorRow> {
    let world = fill.world;
    let mut sums: BTreeMap<String, ClaimGap> = BTreeMap::new();
    for ((_, operator), gap) in
        gapwatch_rules::claim_gaps(&world.facts, &world.rules, &world.judgement, place)
    {
        let sum = sums.entry(operator).or_default();
        sum.compared += gap.compared;
        sum.claimed += gap.claimed;
        sum.overstated += gap.overstated;
        sum.understated += gap.understated;
    }
    let row = |(operator, gap): (String, ClaimGap)| {
        let share = |points: u32| Percent::of_counts(points, gap.compared);
        OperatorRow {
            operator: if operator.is_empty() {
                fill.lang.pick("không nêu nhà mạng", "no operator named").to_owned()
            } else {
                operator
            },
            compared: gap.compared,
            disputed: gap.overstated + gap.understated,
            claimed: share(gap.claimed),
            measured: share(gap.measured()),
        }
    };
    sums.into_iter().map(row).collect()
}

/// Every point where they differ, the newest measurement first.
fn disputes<'f>(fill: &Fill<'f>, asked: &Asked, place: PlaceIx) -> Vec<Dispute<'f>> {
    let world = fill.world;
    let operator = asked.query.get("operator");
    let villages = world.gazetteer.under_on(place, PlaceLevel::Village, fill.tree());
    let disputed = villages
        .into_iter()
        .filter(|ix| world.judgement.village(*ix).is_some_and(|village| village.qualification.disputed));
    let mut found: Vec<Dispute<'f>> = disputed
        .flat_map(|ix| gapwatch_rules::disputes(&world.facts, &world.rules, ix, Moment::at(world.at)))
        .filter(|dispute| {
            operator.is_none_or(|name| dispute.claim.head.key.dimensions.operator.as_deref() == Some(name))
        })
        .collect();
    found.sort_by(|a, b| b.measurement.ends.cmp(&a.measurement.ends).then(a.village.cmp(&b.village)));
    found
}

fn row(fill: &Fill<'_>, dispute: &Dispute<'_>) -> DisputeRow {
    let about = &dispute.claim.head.key.dimensions;
    let words: Vec<&str> = [&about.operator, &about.technology]
        .into_iter()
        .filter_map(|part| part.as_deref())
        .chain(dispute.point)
        .collect();
    let source = |said: &Said<'_>| fill.source(said.head.key.source.as_str(), said.head.run, said.point.row);
    let parent = fill.gazetteer().parent_on(dispute.village, fill.tree()).unwrap_or(fill.world.home);
    DisputeRow {
        place: fill.place(dispute.village),
        parent: fill.place(parent),
        operator: words.join(" "),
        claimed: dispute.claims_signal,
        claimed_in: dispute.claim.head.key.period,
        claim_source: source(&dispute.claim),
        measured: dispute.measured_signal,
        measured_in: dispute.measurement.head.key.period,
        measure_source: source(&dispute.measurement),
    }
}

/// Makes the file: every point where they differ.
pub(crate) fn sheet<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    let lang = fill.lang;
    let place = api::chosen_place(fill.world, &asked.query)?;
    let rows = disputes(fill, asked, place).into_iter().map(move |dispute| {
        let found = row(fill, &dispute);
        Row {
            at: fill.gazetteer().get(dispute.village).point,
            area: None,
            code: Some(found.place.code.clone()),
            cells: vec![
                Cell::Text(found.place.name),
                Cell::Text(found.parent.name),
                Cell::Text(found.operator),
                Cell::YesNo(Some(found.claimed)),
                Cell::Period(found.claimed_in),
                Cell::Link(found.claim_source),
                Cell::YesNo(Some(found.measured)),
                Cell::Period(found.measured_in),
                Cell::Link(found.measure_source),
            ],
        }
    });
    Ok(Sheet {
        title: format!(
            "{} {}",
            lang.pick("Báo cáo khác đo thực tế:", "Claims that differ from measurements:"),
            fill.named(place)
        ),
        columns: vec![
            Column::new("village", lang.pick("Thôn, xóm", "Village"), Kind::Text),
            Column::new("commune", lang.pick("Xã, phường", "Commune"), Kind::Text),
            Column::new("operator", lang.pick("Nhà mạng, công nghệ", "Operator, technology"), Kind::Text),
            Column::new("claimed", lang.pick("Báo cáo: có sóng", "Claimed: signal"), Kind::Mark),
            Column::new("claimed_in", lang.pick("Kỳ báo cáo", "Claimed in"), Kind::Date),
            Column::new("claim_source", lang.pick("Nguồn báo cáo", "Source of the claim"), Kind::Text),
            Column::new("measured", lang.pick("Đo: có sóng", "Measured: signal"), Kind::Mark),
            Column::new("measured_in", lang.pick("Kỳ đo", "Measured in"), Kind::Date),
            Column::new("measure_source", lang.pick("Nguồn đo", "Source of the measurement"), Kind::Text),
        ],
        rows: Box::new(rows),
        notes: source_notes(fill, &[SIGNAL])?,
    })
}
