//! The way of one indicator over time: what each source stated of the place, or what was judged at the end of each month.

use std::{collections::BTreeMap, sync::Arc};

use gapwatch_dashboards::{
    chart::{Chart, Point, Series, TargetLine},
    figure::{Amount, Figure},
};
use gapwatch_model::{
    CollectorName, Dimensions, Evidence, Indicator, Period, PlaceIx, Qualifier, Target, TargetPath,
};
use gapwatch_rules::{Borders, Moment, Said};

use super::fill::Fill;

type Voice = (CollectorName, Evidence, Dimensions);

impl Fill<'_> {
    /// The chart of an indicator of a place, and the figure before the newest one.
    #[must_use]
    pub(crate) fn chart(&self, place: PlaceIx, indicator: &Indicator) -> (Option<Chart>, Option<Figure>) {
        let mut series = self.stated(place, indicator);
        series.splice(0..0, self.carried(place, indicator));
        if series.iter().all(|series| series.points.len() < 2) {
            let judged = self.judged(place, indicator);
            if judged.points.len() > 1 || series.is_empty() {
                series = vec![judged];
            }
        }
        series.retain(|series| !series.points.is_empty());
        if series.is_empty() {
            return (None, None);
        }
        let previous = self.previous(place, indicator, &series);
        let world = self.world;
        let promises = gapwatch_rules::promises(&world.judgement, &world.targets, place, &indicator.id);
        let chart = Chart {
            title: self.indicator_name(indicator),
            unit: indicator.unit,
            decimals: indicator.decimals,
            series,
            targets: promises.iter().map(|target| target_line(target)).collect(),
            today: self.day(),
            borders: self.borders(place),
        };
        (Some(chart), previous)
    }

    /// The past of a place that came out of others, where it is asked for over the borders of one day: with that of the old
    /// places carried over.
    fn carried(&self, place: PlaceIx, indicator: &Indicator) -> Option<Series> {
        let (world, over) = (self.world, self.over.filter(|_| self.succeeds(place))?);
        let (moment, over) = (Moment::at(world.at), Borders::Of(over));
        let history = gapwatch_rules::history(
            &world.facts,
            &world.rules,
            &world.targets,
            place,
            &indicator.id,
            moment,
            over,
        );
        let points: Vec<Point> = history
            .into_iter()
            .map(|point| Point {
                period: point.period,
                amount: super::fill::amount(&point.value, indicator),
                qualifier: point.value.qualifier,
                revised: point.revised,
                source: None,
            })
            .collect();
        (points.len() > 1).then(|| Series {
            name: self
                .lang
                .pick(
                    "theo địa giới hiện nay, gồm các đơn vị cũ",
                    "in the borders of now, old places carried over",
                )
                .to_owned(),
            evidence: None,
            points,
        })
    }

    /// What each source said of the place itself, each period as last corrected. The one with most weight first.
    fn stated(&self, place: PlaceIx, indicator: &Indicator) -> Vec<Series> {
        let mut voices: BTreeMap<Voice, BTreeMap<(chrono::NaiveDate, Period), Vec<Said<'_>>>> =
            BTreeMap::new();
        for said in self.world.facts.said(indicator.id.as_str(), place, self.world.at) {
            let key = &said.head.key;
            let voice = (key.source.clone(), key.evidence, key.dimensions.clone());
            voices.entry(voice).or_default().entry((said.ends, key.period)).or_default().push(said);
        }
        let mut series: Vec<Series> = voices
            .into_iter()
            .map(|((source, evidence, dimensions), periods)| Series {
                name: self.voice_name(source.as_str(), &dimensions),
                evidence: Some(evidence),
                points: periods.into_values().filter_map(|said| self.point(&said)).collect(),
            })
            .collect();
        series.sort_by_key(|series| {
            (std::cmp::Reverse(series.evidence), std::cmp::Reverse(series.points.len()))
        });
        series
    }

    fn point(&self, said: &[Said<'_>]) -> Option<Point> {
        let newest = said.iter().max_by_key(|said| (said.head.recorded_at, said.head.run))?;
        let revised = said.iter().any(|other| other.point.value != newest.point.value);
        Some(Point {
            period: newest.head.key.period,
            amount: Amount::Known(newest.point.value),
            qualifier: newest.point.qualifier,
            revised,
            source: Some(self.source(newest.head.key.source.as_str(), newest.head.run, newest.point.row)),
        })
    }

    fn judged(&self, place: PlaceIx, indicator: &Indicator) -> Series {
        let points = self.months().iter().map(|(period, end)| Point {
            period: *period,
            amount: Amount::of(end.amount(place, &indicator.id)),
            qualifier: Qualifier::Exact,
            revised: false,
            source: None,
        });
        Series {
            name: self.lang.pick("tính đến cuối mỗi tháng", "judged at the end of each month").to_owned(),
            evidence: None,
            points: points.skip_while(|point| point.amount == Amount::Missing).collect(),
        }
    }

    fn previous(&self, place: PlaceIx, indicator: &Indicator, series: &[Series]) -> Option<Figure> {
        // Where nothing speaks of the place as a whole, what one part said before is no earlier value of it.
        self.world.judgement.value(place, indicator.id.as_str()).filter(|value| value.value.is_some())?;
        let points = &series.first()?.points;
        let before = points.get(points.len().checked_sub(2)?)?;
        let now = self.figure(place, indicator, self.world.judgement.value(place, indicator.id.as_str()));
        Some(Figure {
            amount: before.amount,
            qualifier: before.qualifier,
            period: Some(before.period),
            age_days: Some((self.day() - before.period.end()).num_days().max(0)),
            source: before.source.clone(),
            ..now
        })
    }

    fn voice_name(&self, source: &str, dimensions: &Dimensions) -> String {
        let parts = [
            &dimensions.operator,
            &dimensions.technology,
            &dimensions.measuring_point,
            &dimensions.organisation,
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().map(Arc::as_ref).collect();
        let title = self.collector_title(source);
        if parts.is_empty() { title } else { format!("{title} · {}", parts.join(" ")) }
    }
}

fn target_line(target: &Target) -> TargetLine {
    let path = match &target.path {
        Some(TargetPath::Linear { from, baseline }) => vec![(*from, *baseline), (target.due, target.value)],
        Some(TargetPath::Step { steps }) => {
            let mut corners: Vec<(chrono::NaiveDate, f64)> = Vec::new();
            for (day, value) in steps {
                if let Some((_, before)) = corners.last().copied() {
                    corners.push((*day, before));
                }
                corners.push((*day, *value));
            }
            corners
        }
        None => Vec::new(),
    };
    TargetLine {
        document: target.document.clone(),
        comparator: target.comparator,
        value: target.value,
        due: target.due,
        condition: target.condition.clone(),
        path,
    }
}
