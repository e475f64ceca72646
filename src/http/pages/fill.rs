//! From what is judged to what is drawn: the parts that several pages share.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    sync::Arc,
};

use chrono::NaiveDate;
use gapwatch_dashboards::{
    Lang,
    chart::{self, Chart, Series},
    figure::{Amount, Figure},
    map::{Area, Dot, Map, Mark, Outline, Shape},
    part::{self, Actor, Before, Borders, ChildRow, FlagRow, Link, Pace, PlaceRef, Tally, TargetRow},
    shell::percent_encode,
};
use gapwatch_model::{
    Direction, Flag, FlagState, Gazetteer, Indicator, Period, PlaceIx, PlaceLevel, Qualifier, RunId, Subject,
    Unit, Value,
};
use gapwatch_rules::{
    Absence, Counts, Expected, IndicatorValue, Moment, ObservedPace, Origin, Standing, VillageState, Who,
};

use crate::{
    app::App,
    trend::MonthEnd,
    world::{HOUSEHOLDS, World},
};

/// Days of a month, in the mean: paces are judged by days and shown by months.
const DAYS_PER_MONTH: f64 = 365.25 / 12.0;
/// Width the maps are drawn at, in pixels.
const MAP_WIDTH: u16 = 1000;

/// What pages of one request share: the world, the language, and files behind runs looked up once.
pub(crate) struct Fill<'a> {
    /// The program.
    pub(crate) app: &'a App,
    /// What is known.
    pub(crate) world: &'a World,
    /// Language of the page.
    pub(crate) lang: Lang,
    /// The one day over whose borders the past is carried; each past day has its own otherwise.
    pub(crate) over: Option<NaiveDate>,
    files: RefCell<HashMap<RunId, Option<String>>>,
    months: OnceCell<Vec<(Period, Arc<MonthEnd>)>>,
}

impl<'a> Fill<'a> {
    /// For one page.
    #[must_use]
    pub(crate) fn new(app: &'a App, world: &'a World, lang: Lang) -> Self {
        Self { app, world, lang, over: None, files: RefCell::default(), months: OnceCell::new() }
    }

    /// With the past over the borders of one day, where they were asked for.
    #[must_use]
    pub(crate) fn over(self, borders: Option<NaiveDate>) -> Self {
        Self { over: borders, ..self }
    }

    /// The places.
    #[must_use]
    pub(crate) fn gazetteer(&self) -> &'a Gazetteer {
        &self.world.gazetteer
    }

    /// The day shown.
    #[must_use]
    pub(crate) fn day(&self) -> NaiveDate {
        self.world.at.date_naive()
    }

    /// The day whose borders are shown.
    #[must_use]
    pub(crate) fn tree(&self) -> NaiveDate {
        self.world.borders
    }

    /// A place as it is named.
    #[must_use]
    pub(crate) fn place(&self, ix: PlaceIx) -> PlaceRef {
        PlaceRef::of(self.gazetteer().get(ix))
    }

    /// The way to a place from the top, the place itself left out.
    #[must_use]
    pub(crate) fn crumbs(&self, ix: PlaceIx) -> Vec<Link> {
        let mut above = self.gazetteer().ancestors_on(ix, self.tree());
        above.reverse();
        above.into_iter().map(|ix| self.link(ix)).collect()
    }

    /// A link to a place's page.
    #[must_use]
    pub(crate) fn link(&self, ix: PlaceIx) -> Link {
        let place = self.place(ix);
        let name = if place.level == PlaceLevel::Country {
            self.lang.pick("Cả nước", "The country").to_owned()
        } else {
            place.name.clone()
        };
        Link::new(name, place.href())
    }

    /// A place as it is named within a title or a sentence.
    #[must_use]
    pub(crate) fn named(&self, ix: PlaceIx) -> String {
        let place = self.place(ix);
        match place.level {
            PlaceLevel::Country => self.lang.pick("cả nước", "the country").to_owned(),
            _ => place.name,
        }
    }

    /// The file of a run, as shown to people.
    #[must_use]
    pub(crate) fn file(&self, run: RunId) -> Option<String> {
        if let Some(file) = self.files.borrow().get(&run) {
            return file.clone();
        }
        let file = self.app.store.run(run).ok().flatten().and_then(|run| run.file);
        self.files.borrow_mut().insert(run, file.clone());
        file
    }

    /// Who said it, with file and row, leading to the run.
    #[must_use]
    pub(crate) fn source(&self, collector: &str, run: RunId, row: u32) -> Link {
        let title = self.collector_title(collector);
        let file = self.file(run).map(|file| file.rsplit('/').next().unwrap_or_default().to_owned());
        let words = match (file, self.lang) {
            (Some(file), Lang::Vi) => format!("{title} · {file}, dòng {row}"),
            (Some(file), Lang::En) => format!("{title} · {file}, row {row}"),
            (None, _) => title,
        };
        Link::new(words, format!("/runs/{run}?row={row}"))
    }

    /// Title of a collector, or its name where it is not configured any more.
    #[must_use]
    pub(crate) fn collector_title(&self, name: &str) -> String {
        let collector = self.app.config.collectors.get(name);
        collector.map_or_else(
            || name.to_owned(),
            |c| self.lang.pick(Some(&c.title), c.title_en.as_ref()).unwrap_or(&c.title).clone(),
        )
    }

    /// Name of an indicator.
    #[must_use]
    pub(crate) fn indicator_name(&self, indicator: &Indicator) -> String {
        self.lang.pick(&indicator.name_vi, &indicator.name_en).clone()
    }

    /// A link to an indicator of a place.
    #[must_use]
    pub(crate) fn indicator(&self, indicator: &Indicator, place: PlaceIx) -> Link {
        let code = percent_encode(self.gazetteer().get(place).id.code.as_str());
        Link::new(
            self.indicator_name(indicator),
            format!("/indicators/{}?place={code}", percent_encode(indicator.id.as_str())),
        )
    }

    /// A value with all it needs to be believed.
    #[must_use]
    pub(crate) fn figure(
        &self,
        place: PlaceIx,
        indicator: &Indicator,
        value: Option<&IndicatorValue>,
    ) -> Figure {
        let link = self.indicator(indicator, place);
        let (source, evidence) = match value.map(|value| &value.origin) {
            Some(Origin::Stated { head, row, .. }) => {
                (Some(self.source(head.key.source.as_str(), head.run, *row)), Some(head.key.evidence))
            }
            Some(Origin::Formula) => (
                Some(Link::new(self.lang.pick("tính theo công thức", "by formula"), link.href.clone())),
                None,
            ),
            Some(Origin::Children { reported, expected }) => {
                let words = self.lang.pick(
                    format!("cộng từ {reported}/{expected} đơn vị bên dưới"),
                    format!("summed from {reported} of {expected} places below"),
                );
                (Some(Link::new(words, link.href.clone())), None)
            }
            Some(Origin::Predecessors { reported, expected, .. }) => {
                let words = self.lang.pick(
                    format!("cộng từ {reported}/{expected} đơn vị trước sáp nhập"),
                    format!("summed from {reported} of {expected} places before the merger"),
                );
                (Some(Link::new(words, link.href.clone())), None)
            }
            Some(Origin::Nowhere) | None => (None, None),
        };
        Figure {
            amount: value.map_or(Amount::Missing, |value| amount(value, indicator)),
            qualifier: value.map_or(Qualifier::Exact, |value| value.qualifier),
            unit: indicator.unit,
            decimals: indicator.decimals,
            period: value.and_then(|value| value.period),
            age_days: value.and_then(|value| value.age_days(self.day())).map(i64::from),
            evidence,
            source,
            explain: Some(link.href),
        }
    }

    /// Villages of a place by state.
    #[must_use]
    pub(crate) fn tally(&self, ix: PlaceIx) -> Tally {
        self.world.judgement.counts(ix).map(tally).unwrap_or_default()
    }

    /// Households of a village, as said last by whoever has most weight.
    #[must_use]
    pub(crate) fn households(&self, village: PlaceIx) -> Option<u32> {
        let said = self.world.facts.newest(HOUSEHOLDS, village, 0, Moment::at(self.world.at));
        let newest =
            said.into_iter().max_by_key(|said| (said.head.key.evidence, said.ends, said.head.recorded_at))?;
        let count = newest.point.value.amount().filter(|amount| (0.0..1e9).contains(amount))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count between zero and 1e9"
        )]
        Some(count.round() as u32)
    }

    /// Where a place stands against a target.
    #[must_use]
    pub(crate) fn target(&self, standing: &Standing) -> Option<TargetRow> {
        let indicator = self.world.facts.indicators().get(standing.indicator.as_str())?;
        let value = self.world.judgement.value(standing.place, standing.indicator.as_str());
        let own = &self.gazetteer().get(standing.place).id.code;
        let inherited = match &standing.target.scope {
            Some(scope) if scope == own => None,
            Some(scope) => {
                self.gazetteer().by_code_on(scope.as_str(), self.tree()).map(|ix| self.place(ix).name)
            }
            None => Some(self.lang.pick("cả nước", "the whole country").to_owned()),
        };
        Some(TargetRow {
            indicator: self.indicator(indicator, standing.place),
            value: self.figure(standing.place, indicator, value),
            target: standing.target.value,
            comparator: standing.target.comparator,
            condition: standing.target.condition.clone(),
            due: standing.target.due,
            document: standing.target.document.clone(),
            inherited_from: inherited,
            status: standing.status,
            path_today: standing.path_value,
            // Without a value of now nothing is said of the future.
            pace: self.pace(standing).filter(|_| standing.value.is_some()),
        })
    }

    /// The last months, judged once for this page. Empty when they cannot be: a trend is comfort.
    pub(super) fn months(&self) -> &[(Period, Arc<MonthEnd>)] {
        self.months.get_or_init(|| match self.app.months(self.world, self.over) {
            Ok(months) => months,
            Err(error) => {
                tracing::error!("cannot judge the months before: {error:#}");
                Vec::new()
            }
        })
    }

    /// Villages without signal month by month, oldest first. Months of which nothing was known are gaps.
    #[must_use]
    pub(crate) fn trend(&self, place: PlaceIx) -> Vec<Option<f64>> {
        let count = |end: &MonthEnd| end.counts(place).map(|counts| f64::from(counts.no_signal));
        trimmed(self.months().iter().map(|(_, end)| count(end)).collect())
    }

    /// An indicator month by month, oldest first. Months without a value that spoke are gaps.
    #[must_use]
    pub(crate) fn sparkline(&self, place: PlaceIx, indicator: &Indicator) -> Vec<Option<f64>> {
        trimmed(self.months().iter().map(|(_, end)| end.amount(place, &indicator.id)).collect())
    }

    /// Over which borders the past of a place is drawn. `None` where it makes no difference: neither it nor any place
    /// directly below came out of others.
    #[must_use]
    pub(crate) fn borders(&self, place: PlaceIx) -> Option<Borders> {
        let matters = self.succeeds(place) || self.children(place).into_iter().any(|ix| self.succeeds(ix));
        matters.then(|| self.over.map_or(Borders::Then, |_| Borders::Now))
    }

    /// Whether a place came out of others.
    pub(super) fn succeeds(&self, place: PlaceIx) -> bool {
        self.gazetteer().predecessors(place).next().is_some()
    }

    /// Villages without signal month by month, as a chart.
    #[must_use]
    pub(crate) fn no_signal_chart(&self, place: PlaceIx) -> Option<Chart> {
        let points: Vec<chart::Point> = self
            .months()
            .iter()
            .map(|(period, end)| chart::Point {
                period: *period,
                amount: Amount::of(end.counts(place).map(|counts| f64::from(counts.no_signal))),
                qualifier: Qualifier::Exact,
                revised: false,
                source: None,
            })
            .skip_while(|point| point.amount == Amount::Missing)
            .collect();
        (points.len() > 1).then(|| Chart {
            title: self
                .lang
                .pick("Số thôn trắng sóng cuối mỗi tháng", "Villages without signal at the end of each month")
                .to_owned(),
            unit: Unit::Villages,
            decimals: 0,
            series: vec![Series {
                name: self.lang.pick("Thôn trắng sóng", "Without signal").to_owned(),
                evidence: None,
                points,
            }],
            targets: Vec::new(),
            today: self.day(),
            borders: self.borders(place),
        })
    }

    /// How fast a place moves towards a target, over the history that is judged.
    #[must_use]
    pub(crate) fn pace(&self, standing: &Standing) -> Option<Pace> {
        let observed = self.app.worlds.pace(self.world, standing.place, &standing.indicator);
        Some(Pace {
            required_per_month: standing.required_per_day.map(|per_day| per_day * DAYS_PER_MONTH),
            observed_per_month: match &observed {
                ObservedPace::Known(trend) => Some(trend.per_day * DAYS_PER_MONTH),
                ObservedPace::TooLittle { .. } => None,
            },
            expected: match observed {
                ObservedPace::TooLittle { .. } => part::Expected::TooLittleHistory,
                ObservedPace::Known(trend) => match trend.expected(&standing.target) {
                    Expected::Reached => part::Expected::Reached,
                    Expected::NotAtThisPace => part::Expected::Never,
                    Expected::On { date, earliest, latest } => part::Expected::Around {
                        day: date,
                        interval: earliest.map(|earliest| (earliest, latest)),
                    },
                },
            },
        })
    }

    /// The boundary of a place that is still there, for files. Codes of places that ended were given to others.
    #[must_use]
    pub(crate) fn boundary(&self, ix: PlaceIx) -> Option<Shape> {
        let place = self.gazetteer().get(ix);
        let shape = self.app.config.outlines.shapes.get(place.id.code.as_str())?;
        place.valid_to.is_none().then(|| Shape { name: place.name.clone(), ..shape.clone() })
    }

    /// A flag in a list.
    #[must_use]
    pub(crate) fn flag(&self, flag: &Flag) -> Option<FlagRow> {
        let ix = self.gazetteer().ix(&flag.key.place)?;
        let place = self.place(ix);
        let parent = (place.level == PlaceLevel::Village)
            .then(|| self.gazetteer().parent_on(ix, self.tree()))
            .flatten();
        Some(FlagRow {
            key: flag.key.clone(),
            rule_name: self.rule_name(flag.key.rule.as_str()),
            place,
            parent: parent.map(|parent| self.place(parent)),
            state: flag.state,
            since: flag.since,
            explanation: self.lang.pick(&flag.explanation_vi, &flag.explanation_en).clone(),
            clear_since: flag.clear_since.filter(|_| flag.state == FlagState::Firing),
            acknowledgement: flag.acknowledgement.clone(),
        })
    }

    /// Name of a rule, or its id where it is not configured any more.
    #[must_use]
    pub(crate) fn rule_name(&self, id: &str) -> String {
        let rule = self.world.rules.rules.iter().find(|(rule, _)| rule.as_str() == id);
        rule.map_or_else(|| id.to_owned(), |(_, rule)| self.lang.pick(&rule.name_vi, &rule.name_en).clone())
    }

    /// The count half a year before, as known then.
    #[must_use]
    pub(crate) fn before(&self, ix: PlaceIx) -> Option<(Before, Arc<World>)> {
        let on = self.day().checked_sub_months(chrono::Months::new(6))?;
        let borders = Some(self.tree()).filter(|borders| *borders != self.day());
        let world = self.app.world_over(crate::clock::end_of(on), borders).ok()?;
        let counts = world.judgement.counts(ix).filter(|counts| counts.total > counts.unknown)?;
        let before = Before { on, no_signal: counts.no_signal };
        Some((before, world))
    }

    /// The places directly below that pages list: communes of a province, provinces of the country.
    #[must_use]
    pub(crate) fn children(&self, ix: PlaceIx) -> Vec<PlaceIx> {
        self.gazetteer().children_on(ix, self.tree())
    }

    /// A place below, in rankings. `lagging` as [`super::overview::lagging`] says it.
    #[must_use]
    pub(crate) fn child(
        &self,
        ix: PlaceIx,
        lagging: &HashMap<PlaceIx, Vec<&Flag>>,
        trend: Vec<Option<f64>>,
    ) -> ChildRow {
        let link = |flag: &&Flag| {
            let Subject::Indicator(id) = &flag.key.subject else { return None };
            let name = self
                .world
                .facts
                .indicators()
                .get(id.as_str())
                .map(|indicator| self.indicator_name(indicator))?;
            Some(Link::new(name, format!("/flags/{}", percent_encode(&flag.key.to_string()))))
        };
        ChildRow {
            place: self.place(ix),
            tally: self.tally(ix),
            lagging: lagging.get(&ix).map(|flags| flags.iter().filter_map(link).collect()),
            trend,
        }
    }

    /// The map of the places below, coloured by the villages without signal.
    #[must_use]
    pub(crate) fn villages_map(&self, children: &[PlaceIx]) -> Option<Map> {
        let outline = self.app.outline(children, self.gazetteer(), MAP_WIDTH)?;
        let area = |child: &PlaceIx| {
            let (place, tally) = (self.place(*child), self.tally(*child));
            let known = tally.total > tally.unknown;
            let amount = match (tally.total, known) {
                (0, _) => Amount::Missing,
                (_, false) if tally.stale == tally.total => {
                    Amount::Stale(Value::Number(f64::from(tally.no_signal)))
                }
                (_, false) => Amount::Missing,
                (_, true) => Amount::count(tally.no_signal),
            };
            let note = in_words(self.lang, &tally);
            Area { code: place.code.clone(), name: place.name.clone(), href: place.href(), amount, note }
        };
        Some(Map {
            title: self.lang.pick("Số thôn trắng sóng", "Villages without signal").to_owned(),
            outline,
            areas: children.iter().map(area).collect(),
            unit: Unit::Villages,
            decimals: 0,
            direction: Direction::Lower,
            dots: Vec::new(),
            only: None,
        })
    }

    /// A commune alone with its villages.
    #[must_use]
    pub(crate) fn commune_map(&self, commune: PlaceIx, villages: &[&VillageState]) -> Option<Map> {
        let province = self.gazetteer().parent_on(commune, self.tree())?;
        let all = self.gazetteer().children_on(province, self.tree());
        let shapes: Vec<Shape> = all.iter().filter_map(|ix| self.boundary(*ix)).collect();
        let place = self.place(commune);
        let outline = Arc::new(Outline::around(&shapes, &place.code, MAP_WIDTH)?);
        let dots = villages.iter().filter_map(|village| {
            let at = self.gazetteer().get(village.place).point?;
            let place = self.place(village.place);
            let mark = Mark::Village {
                state: village.state,
                qualification: village.qualification,
                grid_power: village.grid_power,
            };
            Some(Dot { at, name: place.name.clone(), href: Some(place.href()), mark })
        });
        Some(Map {
            title: self
                .lang
                .pick(format!("Các thôn của {}", place.name), format!("Villages of {}", place.name)),
            outline,
            areas: Vec::new(),
            unit: Unit::Villages,
            decimals: 0,
            direction: Direction::Lower,
            dots: dots.collect(),
            only: Some(place.code),
        })
    }
}

/// Without the gaps before the first value.
fn trimmed(mut trend: Vec<Option<f64>>) -> Vec<Option<f64>> {
    let first = trend.iter().position(Option::is_some).unwrap_or(trend.len());
    trend.drain(..first);
    trend
}

/// Villages by state, as drawn.
#[must_use]
pub(crate) fn tally(counts: &Counts) -> Tally {
    Tally {
        total: counts.total,
        no_signal: counts.no_signal,
        pocket: counts.pocket,
        covered: counts.covered,
        unknown: counts.unknown,
        stale: counts.stale,
        insufficient: counts.insufficient,
        disputed: counts.disputed,
        no_grid_power: counts.powerless(),
        no_signal_no_power: counts.powerless().and(Some(counts.no_signal_no_power)),
    }
}

/// The number that speaks, or why none does.
#[must_use]
pub(crate) fn amount(value: &IndicatorValue, indicator: &Indicator) -> Amount {
    match (&value.absence, value.value) {
        (None | Some(Absence::ZeroDenominator), Some(known)) => Amount::Known(known),
        (Some(Absence::Stale), Some(old)) => Amount::Stale(old),
        (Some(Absence::Insufficient), _) => {
            let samples = match &value.origin {
                Origin::Stated { samples, .. } => samples.unwrap_or_default(),
                _ => 0,
            };
            Amount::Insufficient { samples, minimum: indicator.minimum_samples.unwrap_or_default() }
        }
        (Some(Absence::NotApplicable), _) => Amount::NotApplicable,
        _ => Amount::Missing,
    }
}

/// Who must act, as drawn.
#[must_use]
pub(crate) fn actor(who: Option<Who>) -> Actor {
    match who {
        Some(Who::Fund) => Actor::Fund,
        Some(Who::Operator) => Actor::Operator,
        Some(Who::Electricity) => Actor::Electricity,
        None => Actor::Unknown,
    }
}

/// How many villages of an area are in which state, beside its shape on a map.
pub(super) fn in_words(lang: Lang, tally: &Tally) -> String {
    let Tally { no_signal, pocket, unknown, total, .. } = tally;
    lang.pick(
        format!("{no_signal} trắng sóng, {pocket} lõm sóng, {unknown} chưa rõ trong {total} thôn"),
        format!("{no_signal} without signal, {pocket} with pockets, {unknown} unknown of {total} villages"),
    )
}
