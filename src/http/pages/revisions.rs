//! Which figures of a sealed pack are others by now.
//!
//! A figure is revised when what is known now of the same day and the same periods gives another one: somebody corrected
//! what he had said, or sent late what was missing. A newer period is news, not a revision.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_dashboards::{pages::packs::Revision, part::Link, words};
use gapwatch_model::{CollectorName, Head, Indicator, IndicatorId, PlaceIx, Point, RunId, Value};
use gapwatch_rules::{Counts, Facts, IndicatorValue, Judgement, Origin};
use gapwatch_store::Query;

use super::{fill::Fill, packs::Pack};
use crate::http::{HttpResult, api};

/// Something about the pack's periods that became known after it was sealed.
struct Late {
    indicator: IndicatorId,
    place: PlaceIx,
    run: RunId,
    recorded_at: DateTime<FixedOffset>,
}

/// What has been revised since a pack was sealed, as known at the moment of the page.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn since(fill: &Fill<'_>, pack: &Pack) -> HttpResult<Vec<Revision>> {
    let sealed = fill.app.world_over(pack.knew(), pack.over())?;
    let mut facts = Facts::new(Arc::clone(&sealed.gazetteer), Arc::clone(fill.world.facts.indicators()));
    let late = add_known(fill, pack, &mut facts)?;
    if late.is_empty() {
        return Ok(Vec::new());
    }
    let (rules, targets) = (&sealed.rules, &sealed.targets);
    let now = gapwatch_rules::judge_over(&facts, rules, targets, pack.knew(), sealed.borders, &[]);
    let place = api::place_of(&sealed.gazetteer, &pack.code, sealed.borders)?;
    let differences = Differences { fill: &Fill::new(fill.app, &sealed, fill.lang), now: &now, late: &late };
    Ok(differences.all(place))
}

/// Adds what the pack knew, and what became known since as if it had been known then; gives the latter.
fn add_known(fill: &Fill<'_>, pack: &Pack, facts: &mut Facts) -> HttpResult<Vec<Late>> {
    let knew = pack.knew();
    let series = fill.app.store.series();
    let mut indicators: Vec<IndicatorId> =
        series.streams(None)?.iter().map(|stream| stream.indicator.clone()).collect();
    indicators.sort_unstable();
    indicators.dedup();
    let mut found = Vec::new();
    for indicator in indicators {
        let mut newest: HashMap<CollectorName, NaiveDate> = HashMap::new();
        let mut later: Vec<(Arc<Head>, Vec<Point>)> = Vec::new();
        let asked = Query { as_of: Some(fill.world.at), ..Query::new(indicator.clone()) };
        series.revisions(&asked, &mut |head, points| {
            if head.recorded_at > knew {
                later.push((Arc::clone(head), points.to_vec()));
                return;
            }
            let ends = newest.entry(head.key.source.clone()).or_insert(head.key.period.end());
            *ends = head.key.period.end().max(*ends);
            points.iter().for_each(|point| facts.add(head, *point));
        })?;
        for (head, points) in later {
            if newest.get(&head.key.source).is_none_or(|ends| head.key.period.end() > *ends) {
                continue;
            }
            // Of two statements recorded in one moment that of the later run speaks.
            let then = Arc::new(Head { recorded_at: knew, ..Head::clone(&head) });
            for point in points {
                facts.add(&then, point);
                found.push(Late {
                    indicator: indicator.clone(),
                    place: point.place,
                    run: head.run,
                    recorded_at: head.recorded_at,
                });
            }
        }
    }
    Ok(found)
}

/// One of the numbers of a place's villages.
type CountOf = fn(&Counts) -> Option<u32>;

/// What is looked through.
struct Differences<'a> {
    /// The world of the pack.
    fill: &'a Fill<'a>,
    /// The same moment, with what is known now.
    now: &'a Judgement,
    late: &'a [Late],
}

impl Differences<'_> {
    /// Every figure of the place that differs, then the villages without signal of the places below.
    fn all(&self, place: PlaceIx) -> Vec<Revision> {
        let lang = self.fill.lang;
        let mut found = Vec::new();
        let counted: [(&str, &str, CountOf); 5] = [
            ("thôn trắng sóng", "villages without signal", |counts| Some(counts.no_signal)),
            ("thôn lõm sóng", "villages with pockets", |counts| Some(counts.pocket)),
            ("thôn phủ sóng", "villages covered", |counts| Some(counts.covered)),
            ("thôn chưa rõ", "villages unknown", |counts| Some(counts.unknown)),
            ("thôn không có điện lưới", "villages without grid power", Counts::powerless),
        ];
        for (vi, en, count) in counted {
            found.extend(self.count(place, lang.pick(vi, en), count));
        }
        let values: BTreeMap<&IndicatorId, &IndicatorValue> =
            self.fill.world.judgement.values(place).collect();
        for (id, value) in self.now.values(place) {
            let Some(indicator) = self.fill.world.facts.indicators().get(id.as_str()) else { continue };
            found.extend(self.value(place, indicator, values.get(id).copied(), value));
        }
        for child in self.fill.children(place) {
            found.extend(self.count(
                child,
                lang.pick("thôn trắng sóng", "villages without signal"),
                |counts| Some(counts.no_signal),
            ));
        }
        found
    }

    fn count(&self, place: PlaceIx, what: &str, count: CountOf) -> Option<Revision> {
        let number = |judgement: &Judgement| judgement.counts(place).map(count);
        let (sealed, now) = (number(&self.fill.world.judgement)?, number(self.now)?);
        let words = |number: Option<u32>| match number {
            Some(number) => self.fill.lang.count(number.into()),
            None => self.fill.lang.pick("chưa có số liệu", "no data").to_owned(),
        };
        let link = self.fill.link(place);
        let figure = Link::new(format!("{}: {what}", link.text), link.href);
        (sealed != now)
            .then(|| self.revision(figure, words(sealed), words(now), None, place, "village"))
            .flatten()
    }

    fn value(
        &self,
        place: PlaceIx,
        indicator: &Indicator,
        sealed: Option<&IndicatorValue>,
        now: &IndicatorValue,
    ) -> Option<Revision> {
        let same = sealed.is_some_and(|sealed| {
            (sealed.value, sealed.qualifier, &sealed.absence) == (now.value, now.qualifier, &now.absence)
        });
        if same || (sealed.is_none_or(|sealed| sealed.value.is_none()) && now.value.is_none()) {
            return None;
        }
        let run = match &now.origin {
            Origin::Stated { head, .. } => Some(head.run),
            _ => None,
        };
        let family = indicator.id.as_str().split('.').next().unwrap_or_default();
        let words = |value: Option<&IndicatorValue>| self.words(indicator, value);
        self.revision(
            self.fill.indicator(indicator, place),
            words(sealed),
            words(Some(now)),
            run,
            place,
            family,
        )
    }

    fn words(&self, indicator: &Indicator, value: Option<&IndicatorValue>) -> String {
        let lang = self.fill.lang;
        let Some((amount, value)) = value.and_then(|value| Some((value.amount()?, value))) else {
            return lang.pick("chưa có giá trị", "no value").to_owned();
        };
        let number =
            format!("{} {}", lang.number(amount, indicator.decimals), words::unit(lang, indicator.unit));
        match value.value {
            Some(Value::Ratio { numerator, denominator }) => {
                format!(
                    "{number} ({}/{})",
                    lang.number_up_to(numerator, 2),
                    lang.number_up_to(denominator, 2)
                )
            }
            _ => number,
        }
    }

    /// A difference with the run that brought it: the one named, otherwise the last that spoke of the same family of
    /// indicators at the place or below it.
    fn revision(
        &self,
        figure: Link,
        sealed: String,
        now: String,
        run: Option<RunId>,
        place: PlaceIx,
        family: &str,
    ) -> Option<Revision> {
        let inside = |late: &Late| {
            late.place == place
                || self.fill.gazetteer().ancestors_on(late.place, self.fill.tree()).contains(&place)
        };
        let of_family = |late: &Late| late.indicator.as_str().split('.').next() == Some(family);
        let named = run.and_then(|run| self.late.iter().find(|late| late.run == run));
        let last = || {
            let fits = self.late.iter().filter(|late| inside(late));
            fits.max_by_key(|late| (of_family(late), late.recorded_at, late.run))
        };
        let late = named.or_else(last).or_else(|| self.late.last())?;
        let words = self.fill.lang.pick(format!("lần chạy {}", late.run), format!("run {}", late.run));
        Some(Revision {
            figure,
            sealed,
            now,
            recorded_at: late.recorded_at,
            run: Some(Link::new(words, format!("/runs/{}", late.run))),
        })
    }
}
