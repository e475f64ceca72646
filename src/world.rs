//! What is known and what it means, at a moment: facts read from the store, judged by the rules, with the flags.
//!
//! Facts hold every revision, so one reading of the store answers for every moment. They are read anew when the store
//! has changed; judgements are kept for the moments that are asked for.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use chrono::{DateTime, DurationRound, FixedOffset, TimeDelta};
use gapwatch_collectors::CollectorConfig;
use gapwatch_model::{
    CollectorName, Flag, FlagKey, FlagState, Gazetteer, IndicatorId, Outcome, PeriodKind, PlaceIx, Run,
};
use gapwatch_rules::{
    Explanation, Facts, Judgement, Moment, ObservedPace, Rules, SourceStatus, Targets, Verdict,
};

use crate::{app::App, trend::MonthEnd};

/// Ids that pages show by themselves. What they mean is in `indicators.toml` and `rules.toml`.
pub(crate) const SIGNAL: &str = "village.signal";
/// Whether a village has grid power.
pub(crate) const GRID_POWER: &str = "village.grid_power";
/// Households of a village.
pub(crate) const HOUSEHOLDS: &str = "village.households";
/// Population clusters of a village without signal.
pub(crate) const CLUSTERS: &str = "village.clusters_without_signal";
/// Share of villages with signal at the centre.
pub(crate) const HEADLINE: &str = "village.mobile_headline";
/// The rule of lagging communes.
pub(crate) const BEHIND_TARGET: &str = "commune-behind-target";
/// The rule of sources that are late.
pub(crate) const SOURCE_OVERDUE: &str = "source-overdue";

/// Judgements kept at most. A national one is large; people look at few days at a time.
const KEPT: usize = 2;

/// A live judgement holds this long at most: within an hour nothing grows older by a day.
const LIVE: TimeDelta = TimeDelta::hours(1);
/// Paces kept at most.
const PACES: usize = 20_000;

/// What is known at a moment, judged.
#[derive(Debug)]
pub(crate) struct World {
    /// Everything recorded up to here is known.
    pub(crate) at: DateTime<FixedOffset>,
    /// The places.
    pub(crate) gazetteer: Arc<Gazetteer>,
    /// The home place, such as the province.
    pub(crate) home: PlaceIx,
    /// What was said.
    pub(crate) facts: Arc<Facts>,
    /// The rules that were in force.
    pub(crate) rules: Arc<Rules>,
    /// The targets that were known.
    pub(crate) targets: Arc<Targets>,
    /// What it means.
    pub(crate) judgement: Judgement,
    /// The flags as they stood.
    pub(crate) flags: Vec<Flag>,
    /// What trends need of it, made when a page first asks.
    pub(crate) month_end: OnceLock<Arc<MonthEnd>>,
    key: Key,
}

/// Whether a run brought something to judge.
#[must_use]
pub(crate) fn brought(run: &Run) -> bool {
    matches!(run.outcome, Outcome::Succeeded | Outcome::Partial)
}

/// Whether a flag is in another state than it was, or its clock is another.
fn moved(flag: &Flag, before: &[Flag]) -> bool {
    let known = before.binary_search_by(|other| other.key.cmp(&flag.key)).ok().and_then(|at| before.get(at));
    known.is_none_or(|known| {
        (known.state, known.since, known.clear_since) != (flag.state, flag.since, flag.clear_since)
    })
}

impl World {
    /// Communes of a place that lag behind a target.
    #[must_use]
    pub(crate) fn lagging(&self, place: PlaceIx) -> u32 {
        self.judgement.lagging(place, BEHIND_TARGET, &self.flags)
    }

    /// Whether a flag is about a place or anything below it.
    #[must_use]
    pub(crate) fn lies_in(&self, flag: &Flag, place: PlaceIx) -> bool {
        let day = self.at.date_naive();
        let found = self.gazetteer.ix(&flag.key.place);
        found.is_some_and(|ix| ix == place || self.gazetteer.ancestors_on(ix, day).contains(&place))
    }

    /// Everything behind a flag, at the moment of this world.
    #[must_use]
    pub(crate) fn explain(&self, flag: &Flag) -> Explanation {
        gapwatch_rules::explain(flag, &self.facts, &self.judgement, &self.rules)
    }

    /// How many flags of each rule are firing.
    #[must_use]
    pub(crate) fn firing_by_rule(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for flag in self.flags.iter().filter(|flag| flag.state == FlagState::Firing) {
            *counts.entry(flag.key.rule.to_string()).or_insert(0) += 1;
        }
        counts
    }
}

/// The texts in force at a moment, read.
#[derive(Debug, Clone)]
struct InForce {
    rules: Arc<Rules>,
    targets: Arc<Targets>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    mark: u64,
    flags: u64,
    as_of: Known,
}

/// What one judgement answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Known {
    /// Everything recorded up to a moment that is over.
    UpTo(DateTime<FixedOffset>),
    /// Everything there is, in this hour.
    Live(DateTime<FixedOffset>),
}

/// Facts and judgements that are kept.
#[derive(Debug, Default)]
pub(crate) struct Worlds {
    facts: Mutex<Option<(u64, Arc<Facts>)>>,
    judged: Mutex<Vec<(Key, Arc<World>)>>,
    /// The judgement the flags were last advanced by: the next one looks again only at what changed.
    last: Mutex<Option<(Judgement, u64, Vec<Flag>)>>,
    paces: Mutex<(u64, HashMap<PaceOf, ObservedPace>)>,
    judging: Mutex<()>,
}

/// Which pace: of what, where, as known when.
type PaceOf = (IndicatorId, PlaceIx, Known);

impl Worlds {
    fn find(&self, key: &Key) -> Option<Arc<World>> {
        let kept = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| of == key).map(|(_, world)| Arc::clone(world))
    }

    fn keep(&self, key: Key, world: &Arc<World>) {
        let mut kept = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, _)| (of.mark, of.flags) == (key.mark, key.flags) && *of != key);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, Arc::clone(world)));
    }
}

impl Worlds {
    /// How fast an indicator moves at a place. Looking through the periods takes long, so it is done once per state of the
    /// store and day.
    #[must_use]
    pub(crate) fn pace(&self, world: &World, place: PlaceIx, indicator: &IndicatorId) -> ObservedPace {
        let known = match world.key.as_of {
            Known::Live(at) => Known::Live(crate::clock::end_of(at.date_naive())),
            past @ Known::UpTo(_) => past,
        };
        let of = (indicator.clone(), place, known);
        let lock = || self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if let (mark, kept) = &*lock()
            && *mark == world.key.mark
            && let Some(pace) = kept.get(&of)
        {
            return pace.clone();
        }
        let pace =
            gapwatch_rules::observed_pace(&world.facts, &world.rules, place, indicator, Moment::at(world.at));
        let mut paces = lock();
        if paces.0 != world.key.mark || paces.1.len() >= PACES {
            *paces = (world.key.mark, HashMap::new());
        }
        paces.1.insert(of, pace.clone());
        pace
    }
}

impl App {
    /// Everything that was ever said, and the mark up to which it is read. Only what is new is read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn facts(&self) -> anyhow::Result<(u64, Arc<Facts>)> {
        let gazetteer = self.gazetteer()?;
        let mut kept = self.worlds.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let (mark, mut facts) = match kept.take() {
            Some((mark, facts)) if Arc::ptr_eq(facts.gazetteer(), &gazetteer) => (mark, facts),
            _ => (0, Arc::new(Facts::new(gazetteer, Arc::clone(&self.config.indicators)))),
        };
        if self.store.series_mark()? == mark {
            *kept = Some((mark, Arc::clone(&facts)));
            return Ok((mark, facts));
        }
        if Arc::get_mut(&mut facts).is_none() {
            facts = Arc::new(facts.continued());
        }
        let Some(growing) = Arc::get_mut(&mut facts) else {
            anyhow::bail!("facts that were just copied are shared")
        };
        // If this fails half way nothing is kept, and the next reading starts anew.
        let mark = self.store.said_since(mark, &mut |head, points| {
            for point in points {
                growing.add(head, *point);
            }
        })?;
        growing.settle();
        *kept = Some((mark, Arc::clone(&facts)));
        Ok((mark, facts))
    }

    /// What is known at a moment, judged.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn world(&self, at: DateTime<FixedOffset>) -> anyhow::Result<Arc<World>> {
        let (mark, facts) = self.facts()?;
        let now = self.clock.now();
        // Who asks for now has all that is in the store: the clock is read after the mark.
        let (at, as_of) = if now - at < TimeDelta::minutes(1) {
            (now.max(at), Known::Live(now.duration_trunc(LIVE)?))
        } else {
            (at, Known::UpTo(at))
        };
        let key = Key { mark, flags: self.store.flag_mark()?, as_of };
        if let Some(world) = self.worlds.find(&key) {
            return Ok(world);
        }
        // One at a time: who asks for the same meanwhile finds it, and memory holds one more at most.
        let _turn = self.worlds.judging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = self.worlds.find(&key) {
            return Ok(world);
        }
        let world = Arc::new(self.judge_at(&facts, at, key.clone())?);
        self.worlds.keep(key, &world);
        Ok(world)
    }

    /// The judgement made last, if any is kept.
    #[must_use]
    pub(crate) fn newest_world(&self) -> Option<Arc<World>> {
        let kept = self.worlds.judged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().max_by_key(|(_, world)| world.at).map(|(_, world)| Arc::clone(world))
    }

    fn judge_at(&self, facts: &Arc<Facts>, at: DateTime<FixedOffset>, key: Key) -> anyhow::Result<World> {
        let InForce { rules, targets } = self.in_force(at)?;
        let gazetteer = Arc::clone(facts.gazetteer());
        let home = self.home(&gazetteer, at)?;
        let sources = self.sources(home, at)?;
        let judgement = gapwatch_rules::judge(facts, &rules, &targets, at, &sources);
        let mut flags = self.store.flags_as_of(Some(at))?;
        // The record holds changes of state; what a flag says of today is said by today's judgement.
        let raised = judgement.raised.iter().filter(|raised| raised.verdict == Verdict::Raised);
        let raised: HashSet<&FlagKey> = raised.map(|raised| &raised.key).collect();
        for flag in flags.iter_mut().filter(|flag| raised.contains(&flag.key)) {
            let sentence = judgement.sentence(&flag.key, &rules);
            (flag.explanation_vi, flag.explanation_en) = (sentence.vi, sentence.en);
        }
        let facts = Arc::clone(facts);
        let month_end = OnceLock::new();
        Ok(World { at, gazetteer, home, facts, rules, targets, judgement, flags, month_end, key })
    }

    /// What is known at a moment, judged by what changed since an earlier judgement, without flags and sources.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn judge_after(
        &self,
        before: Option<&Judgement>,
        facts: &Facts,
        at: DateTime<FixedOffset>,
    ) -> anyhow::Result<Judgement> {
        let InForce { rules, targets } = self.in_force(at)?;
        Ok(match before {
            Some(before) => gapwatch_rules::rejudge(before, facts, &rules, &targets, at, &[]),
            None => gapwatch_rules::judge(facts, &rules, &targets, at, &[]),
        })
    }

    /// The home place on the day.
    ///
    /// # Errors
    /// When its code was no place's on that day.
    pub(crate) fn home(&self, gazetteer: &Gazetteer, at: DateTime<FixedOffset>) -> anyhow::Result<PlaceIx> {
        let code = &self.config.program.home;
        let found =
            gazetteer.by_code_on(code, at.date_naive()).or_else(|| gazetteer.versions(code).first().copied());
        found.ok_or_else(|| anyhow::anyhow!("`{code}` is the code of no place"))
    }

    fn in_force(&self, at: DateTime<FixedOffset>) -> anyhow::Result<InForce> {
        let text = |file: &str| -> anyhow::Result<Option<String>> {
            let document = self.store.document_as_of("configuration", file, Some(at))?;
            Ok(document.and_then(|document| String::from_utf8(document.bytes).ok()))
        };
        // What was checked when it was put in force can be read; before the first text today's is all there is.
        let rules = text("rules.toml")?.and_then(|text| Rules::parse(&text).ok());
        let targets = text("targets.toml")?.and_then(|text| Targets::parse(&text).ok());
        Ok(InForce {
            rules: rules.map_or_else(|| Arc::clone(&self.config.rules), Arc::new),
            targets: targets.map_or_else(|| Arc::clone(&self.config.targets), Arc::new),
        })
    }

    /// How each scheduled source stands at a moment.
    fn sources(&self, home: PlaceIx, at: DateTime<FixedOffset>) -> anyhow::Result<Vec<SourceStatus>> {
        let mut found = Vec::new();
        for (name, collector) in &self.config.collectors {
            if collector.schedule.is_none() {
                continue;
            }
            let collector_name = CollectorName::new(name);
            let newest = self.store.last_brought(Some(&collector_name), Some(at))?;
            let first = self.store.first_run(&collector_name)?.filter(|run| run.started <= at);
            found.push(SourceStatus {
                collector: collector_name,
                place: home,
                period: self.expected_every(collector),
                last_success: newest.map(|run| run.finished),
                expected_since: first.map(|run| run.started),
            });
        }
        Ok(found)
    }

    /// How often a source brings something new: the shortest period of its indicators.
    fn expected_every(&self, collector: &CollectorConfig) -> PeriodKind {
        let named = collector.columns.iter().filter_map(|column| column.indicator.as_deref());
        let declared = named.filter_map(|id| self.config.indicators.get(id));
        declared.map(|indicator| indicator.period).min().unwrap_or(PeriodKind::Month)
    }

    /// Judges now and records the flags that changed.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) fn refresh_flags(&self, now: DateTime<FixedOffset>) -> anyhow::Result<()> {
        let (_, facts) = self.facts()?;
        let InForce { rules, targets } = self.in_force(now)?;
        let home = self.home(facts.gazetteer(), now)?;
        let sources = self.sources(home, now)?;
        let mut last = self.worlds.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (judgement, known) = match last.take() {
            Some((before, mark, flags)) => {
                let judgement = gapwatch_rules::rejudge(&before, &facts, &rules, &targets, now, &sources);
                (judgement, (mark == self.store.flag_mark()?).then_some(flags))
            }
            None => (gapwatch_rules::judge(&facts, &rules, &targets, now, &sources), None),
        };
        let mut flags = known.map_or_else(|| self.store.flags_as_of(Some(now)), Ok)?;
        flags.sort_by(|a, b| a.key.cmp(&b.key));
        let mut changed = gapwatch_rules::advance(&flags, &judgement, &rules, now);
        changed.retain(|flag| moved(flag, &flags));
        if !changed.is_empty() {
            self.store.record_flags(&changed, now)?;
        }
        let flags = gapwatch_rules::apply(&flags, &changed);
        *last = Some((judgement, self.store.flag_mark()?, flags));
        Ok(())
    }
}
