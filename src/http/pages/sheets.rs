//! Files of the tables that have a page of another shape: flags, and the places below one by an indicator.

use gapwatch_dashboards::{
    figure::Absence,
    table::{Cell, Column, Kind, Row},
    words,
};

use super::{
    exports::{Sheet, source_notes},
    fill::{self, Fill},
    flags::Chosen,
    tables::with_unit,
};
use crate::http::{Asked, HttpError, HttpResult, api};

/// Makes the file of flags: what is firing, unless another state is asked for, as on their page.
pub(crate) fn flags<'f>(fill: &'f Fill<'f>, asked: &'f Asked) -> HttpResult<Sheet<'f>> {
    let (world, lang) = (fill.world, fill.lang);
    let Chosen { place, chosen, .. } = Chosen::of(fill, asked)?;
    let rows = chosen.into_iter().filter_map(move |flag| {
        let row = fill.flag(flag)?;
        let taken = row.acknowledgement.as_ref();
        let nobody = || Cell::Absent(Absence::NotApplicable);
        Some(Row {
            cells: vec![
                Cell::Text(row.rule_name),
                Cell::Text(row.place.name.clone()),
                Cell::Text(row.parent.map(|parent| parent.name).unwrap_or_default()),
                Cell::Flag(row.state),
                Cell::Moment(row.since),
                Cell::Text(row.explanation),
                taken.map_or_else(nobody, |taken| Cell::Text(taken.owner.clone())),
                taken.map_or_else(nobody, |taken| Cell::Text(taken.reason.clone())),
                taken.and_then(|taken| taken.due).map_or_else(nobody, Cell::Date),
                Cell::Text(row.key.to_string()),
            ],
            at: fill.gazetteer().ix(&flag.key.place).and_then(|ix| fill.gazetteer().get(ix).point),
            area: None,
            code: Some(row.place.code),
        })
    });
    Ok(Sheet {
        title: format!("{} {}", lang.pick("Cảnh báo của", "Flags of"), fill.named(place)),
        columns: vec![
            Column::new("rule", lang.pick("Quy tắc", "Rule"), Kind::Text),
            Column::new("place", lang.pick("Địa bàn", "Place"), Kind::Text),
            Column::new("commune", lang.pick("Thuộc", "In"), Kind::Text),
            Column::new("state", lang.pick("Tình trạng", "State"), Kind::Mark),
            Column::new("since", lang.pick("Từ", "Since"), Kind::Date),
            Column::new("explanation", lang.pick("Giải thích", "Explanation"), Kind::Text),
            Column::new("owner", lang.pick("Phụ trách", "Owner"), Kind::Text),
            Column::new("reason", lang.pick("Lý do", "Reason"), Kind::Text),
            Column::new("due", lang.pick("Hạn", "Due"), Kind::Date),
            Column::new("id", lang.pick("Mã cảnh báo", "Id"), Kind::Text),
        ],
        rows: Box::new(rows),
        notes: vec![format!("{} {}", lang.pick("Bộ quy tắc", "Rules"), world.rules.version)],
    })
}

/// Makes the file of an indicator: the place itself and every place below it.
pub(crate) fn indicator<'f>(fill: &'f Fill<'f>, asked: &'f Asked, id: &str) -> HttpResult<Sheet<'f>> {
    let (world, lang) = (fill.world, fill.lang);
    let place = api::chosen_place(world, &asked.query)?;
    let indicator = world.facts.indicators().get(id).ok_or_else(|| HttpError::not_found(id))?;
    let places = std::iter::once(place).chain(fill.children(place));
    let rows = places.map(move |ix| {
        let value = world.judgement.value(ix, indicator.id.as_str());
        let figure = fill.figure(ix, indicator, value);
        let missing = || Cell::Absent(Absence::Missing);
        let standing = world.judgement.standing(ix, &indicator.id);
        let at = fill.gazetteer().get(ix);
        Row {
            cells: vec![
                Cell::Text(fill.place(ix).name),
                Cell::Text(at.id.code.as_str().to_owned()),
                Cell::Amount {
                    amount: value.map_or(gapwatch_dashboards::figure::Amount::Missing, |value| {
                        fill::amount(value, indicator)
                    }),
                    qualifier: figure.qualifier,
                    unit: indicator.unit,
                    decimals: indicator.decimals,
                },
                figure.period.map_or_else(missing, Cell::Period),
                figure
                    .evidence
                    .map_or_else(missing, |class| Cell::Text(words::evidence(lang, class).to_owned())),
                standing
                    .map_or(Cell::Absent(Absence::NotApplicable), |standing| Cell::Status(standing.status)),
                figure.source.map_or_else(missing, Cell::Link),
            ],
            code: Some(at.id.code.as_str().to_owned()),
            at: at.point,
            area: fill.boundary(ix),
        }
    });
    let share = matches!(indicator.unit, gapwatch_model::Unit::Percent);
    let heading = with_unit(lang, &fill.indicator_name(indicator), indicator);
    Ok(Sheet {
        title: format!("{}: {}", fill.indicator_name(indicator), fill.named(place)),
        columns: vec![
            Column::new("place", lang.pick("Địa bàn", "Place"), Kind::Text),
            Column::new("code", lang.pick("Mã", "Code"), Kind::Text),
            Column::new("value", &heading, if share { Kind::Share } else { Kind::Number }),
            Column::new("period", lang.pick("Kỳ", "Period"), Kind::Date),
            Column::new("evidence", lang.pick("Bằng chứng", "Evidence"), Kind::Text),
            Column::new("status", lang.pick("So với mục tiêu", "Against the target"), Kind::Mark),
            Column::new("source", lang.pick("Nguồn", "Source"), Kind::Text),
        ],
        rows: Box::new(rows),
        notes: source_notes(fill, &[id])?,
    })
}
