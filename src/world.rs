//! What is known and what it means, at a moment: facts read from the store, judged by the rules, with the flags.
//!
//! Facts hold every revision, so one reading of the store answers for every moment. They are read anew when the store
//! has changed; judgements are kept for the moments that are asked for.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, DurationRound, FixedOffset, NaiveDate, TimeDelta};
use gapwatch_collectors::CollectorConfig;
use gapwatch_model::{
    CollectorName, Flag, FlagKey, FlagState, Gazetteer, IndicatorId, Outcome, PeriodKind, PlaceIx, Run,
};
use gapwatch_rules::{
    Explanation, Facts, Judgement, Moment, ObservedPace, Rules, Sentence, SourceStatus, Targets, Titles,
    Verdict,
};

use crate::{app::App, clock, config::Judging, trend::MonthEnd};

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
/// Versions of texts and places kept at most.
const VERSIONS: usize = 4;
/// A moment not longer ago than this is now.
pub(crate) const NOW: TimeDelta = TimeDelta::seconds(60);

/// A live judgement holds this long at most: within an hour nothing grows older by a day.
const LIVE: TimeDelta = TimeDelta::hours(1);
/// Paces kept at most.
const PACES: usize = 20_000;

/// What is known at a moment, judged.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Everything recorded up to here is known.
    pub(crate) at: DateTime<FixedOffset>,
    /// The day whose borders everything is shown in.
    pub(crate) borders: NaiveDate,
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
    pub(crate) judgement: Arc<Judgement>,
    /// The flags as they stood.
    pub(crate) flags: Arc<[Flag]>,
    /// What trends need of it, made when a page first asks.
    pub(crate) month_end: Arc<OnceLock<Arc<MonthEnd>>>,
    key: Key,
}

/// Whether a run brought something to judge.
#[must_use]
pub(crate) fn brought(run: &Run) -> bool {
    matches!(run.outcome, Outcome::Succeeded | Outcome::Partial)
}

/// The same for who looks a moment later: nothing else to judge was said meanwhile, but runs and packs may have been
/// recorded.
fn seen_at(world: Arc<World>, at: DateTime<FixedOffset>) -> Arc<World> {
    if world.at < at { Arc::new(World { at, ..World::clone(&world) }) } else { world }
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
        let found = self.gazetteer.ix(&flag.key.place);
        found.is_some_and(|ix| gapwatch_rules::lies_in(&self.gazetteer, ix, place, self.borders))
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

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    mark: u64,
    flags: u64,
    as_of: Known,
    borders: Option<NaiveDate>,
}

/// What one judgement answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Known {
    /// Everything recorded up to a moment that is over.
    UpTo(DateTime<FixedOffset>),
    /// Everything there is, in this hour.
    Live(DateTime<FixedOffset>),
}

/// Which version of the texts: the documents' numbers.
type Texts = [Option<u64>; 3];
/// A few values that are kept, each with its key, the oldest first.
type Versions<K, V> = Mutex<Vec<(K, V)>>;

/// Facts and judgements that are kept.
#[derive(Debug, Default)]
pub(crate) struct Worlds {
    facts: Mutex<Option<(u64, Arc<Facts>)>>,
    /// Texts that were read, and places as they were known, of the moments asked for last.
    texts: Versions<Texts, Judging>,
    places: Versions<(u64, u64), Arc<Gazetteer>>,
    /// The facts seen with them, each with its mark.
    seen: Mutex<Vec<(u64, Arc<Facts>)>>,
    judged: Mutex<Vec<(Key, Arc<World>)>>,
    /// The judgement the flags were last advanced by: the next one looks again only at what changed.
    pub(crate) last: Mutex<Option<(Judgement, u64, Vec<Flag>)>>,
    paces: Mutex<(u64, HashMap<PaceOf, ObservedPace>)>,
    judging: Mutex<()>,
    /// The mark up to which the flags have followed what was said.
    pub(crate) followed: AtomicU64,
}

/// What is kept of a key, or is made now and kept in place of the oldest.
fn kept<K: PartialEq, V: Clone, E>(
    all: &Versions<K, V>,
    key: K,
    make: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    let find = |all: &[(K, V)]| all.iter().find(|(of, _)| *of == key).map(|(_, value)| value.clone());
    if let Some(found) = find(&all.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(found);
    }
    let made = make()?;
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= VERSIONS {
        all.remove(0);
    }
    all.push((key, made.clone()));
    Ok(made)
}

/// Which pace: of what, where, as known when.
type PaceOf = (IndicatorId, PlaceIx, Known);

impl Worlds {
    /// Keeps nothing any more.
    pub(crate) fn forget(&self) {
        fn clear<T: Default>(kept: &Mutex<T>) {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = T::default();
        }
        clear(&self.facts);
        clear(&self.texts);
        clear(&self.places);
        clear(&self.seen);
        clear(&self.judged);
        clear(&self.last);
        clear(&self.paces);
    }

    fn find(&self, key: &Key) -> Option<Arc<World>> {
        let kept = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| of == key).map(|(_, world)| Arc::clone(world))
    }

    /// What was judged of the same before the flags moved: a judgement does not depend on them.
    fn judged_before(&self, key: &Key) -> Option<Arc<Judgement>> {
        let kept = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let same = kept.iter().find(|(of, _)| Key { flags: key.flags, ..of.clone() } == *key);
        same.map(|(_, world)| Arc::clone(&world.judgement))
    }

    fn keep(&self, key: Key, world: &Arc<World>) {
        let mut kept = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, _)| of.mark == key.mark && Key { flags: key.flags, ..of.clone() } != key);
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
            _ => {
                let facts = Facts::new(gazetteer, Arc::clone(&self.config.judging.indicators));
                (0, Arc::new(facts.titled(self.titles())))
            }
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
        self.world_over(at, None)
    }

    /// What is known at a moment, judged over the borders of another day.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn world_over(
        &self,
        at: DateTime<FixedOffset>,
        borders: Option<NaiveDate>,
    ) -> anyhow::Result<Arc<World>> {
        self.catch_up(at)?;
        let mark = self.facts()?.0;
        let now = self.clock.now();
        // Who asks for now has all that is in the store: the clock is read after the mark.
        let (at, as_of) = if now - at < NOW {
            (now.max(at), Known::Live(now.duration_trunc(LIVE)?))
        } else {
            (at, Known::UpTo(at))
        };
        let key = Key { mark, flags: self.store.flag_mark()?, as_of, borders };
        if let Some(world) = self.worlds.find(&key) {
            return Ok(seen_at(world, at));
        }
        // One at a time: who asks for the same meanwhile finds it, and memory holds one more at most.
        let _turn = self.worlds.judging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = self.worlds.find(&key) {
            return Ok(seen_at(world, at));
        }
        let world = Arc::new(self.judge_at(at, key.clone())?);
        self.worlds.keep(key, &world);
        Ok(world)
    }

    /// Whoever looks at now sees the flags of all that was said by now, however soon after it was said.
    fn catch_up(&self, at: DateTime<FixedOffset>) -> anyhow::Result<()> {
        let now = self.clock.now();
        let followed = || self.worlds.followed.load(Ordering::Acquire);
        if !self.is_ready() || now - at > NOW || followed() == self.store.series_mark()? {
            return Ok(());
        }
        self.refresh_flags(now)
    }

    /// The judgement made last, if any is kept.
    #[must_use]
    pub(crate) fn newest_world(&self) -> Option<Arc<World>> {
        let kept = self.worlds.judged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().max_by_key(|(_, world)| world.at).map(|(_, world)| Arc::clone(world))
    }

    /// The facts as they are seen at a moment: with the borders that were known and the indicators that were declared.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn facts_at(&self, at: DateTime<FixedOffset>) -> anyhow::Result<Arc<Facts>> {
        let (mark, facts) = self.facts()?;
        let indicators = self.in_force(at)?.indicators;
        let gazetteer = self.gazetteer_at(at)?;
        let like = |facts: &Facts| {
            Arc::ptr_eq(facts.gazetteer(), &gazetteer) && Arc::ptr_eq(facts.indicators(), &indicators)
        };
        if like(&facts) {
            return Ok(facts);
        }
        let mut seen = self.worlds.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(of, _)| *of == mark);
        if let Some((_, found)) = seen.iter().find(|(_, facts)| like(facts)) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(facts.seen_with(gazetteer, indicators));
        if seen.len() >= VERSIONS {
            seen.remove(0);
        }
        seen.push((mark, Arc::clone(&found)));
        Ok(found)
    }

    /// The places as they were known at a moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn gazetteer_at(&self, at: DateTime<FixedOffset>) -> anyhow::Result<Arc<Gazetteer>> {
        let known = self.store.places_known(at)?;
        if known.0 == known.1 {
            return self.gazetteer();
        }
        kept(&self.worlds.places, known, || Ok(self.store.gazetteer_as_of(at)?))
    }

    fn judge_at(&self, at: DateTime<FixedOffset>, key: Key) -> anyhow::Result<World> {
        let borders = key.borders.unwrap_or_else(|| at.date_naive());
        let Judging { rules, targets, .. } = self.in_force(at)?;
        let facts = self.facts_at(at)?;
        let gazetteer = Arc::clone(facts.gazetteer());
        let home = self.home(&gazetteer, clock::end_of(borders))?;
        let sources = self.sources(home, at)?;
        let judge = || {
            let followed = self.worlds.last.lock().unwrap_or_else(PoisonError::into_inner);
            let live = matches!(key.as_of, Known::Live(_)) && key.borders.is_none();
            Arc::new(match followed.as_ref().filter(|_| live) {
                // What the flags follow is judged already: most of it is shared.
                Some((before, ..)) => gapwatch_rules::rejudge(before, &facts, &rules, &targets, at, &sources),
                None => gapwatch_rules::judge_over(&facts, &rules, &targets, at, borders, &sources),
            })
        };
        let judgement = self.worlds.judged_before(&key).unwrap_or_else(judge);
        let mut flags = self.store.flags_as_of(Some(at))?;
        // The record holds changes of state; what a flag says of today is said by today's judgement.
        let raised = judgement.raised.iter().filter(|raised| raised.verdict == Verdict::Raised);
        let raised: HashSet<&FlagKey> = raised.map(|raised| &raised.key).collect();
        for flag in flags.iter_mut().filter(|flag| raised.contains(&flag.key)) {
            let sentence = judgement.sentence(&flag.key, &rules);
            (flag.explanation_vi, flag.explanation_en) = (sentence.vi, sentence.en);
        }
        let (flags, month_end) = (flags.into(), Arc::default());
        Ok(World { at, borders, gazetteer, home, facts, rules, targets, judgement, flags, month_end, key })
    }

    /// What people call the collectors.
    fn titles(&self) -> Titles {
        let title = |(name, collector): (&String, &CollectorConfig)| {
            let en = collector.title_en.as_ref().unwrap_or(&collector.title);
            (CollectorName::new(name), Sentence { vi: collector.title.clone(), en: en.clone() })
        };
        self.config.collectors.iter().map(title).collect()
    }

    /// What is known at a moment, judged by what changed since an earlier judgement, over its own borders or those of
    /// another day, without flags and sources.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn judge_after(
        &self,
        before: Option<&Judgement>,
        at: DateTime<FixedOffset>,
        borders: Option<NaiveDate>,
    ) -> anyhow::Result<Judgement> {
        let Judging { rules, targets, .. } = self.in_force(at)?;
        let facts = self.facts_at(at)?;
        Ok(match (before, borders) {
            (Some(before), Some(over)) => {
                gapwatch_rules::rejudge_over(before, &facts, &rules, &targets, at, over, &[])
            }
            (Some(before), None) => gapwatch_rules::rejudge(before, &facts, &rules, &targets, at, &[]),
            (None, Some(over)) => gapwatch_rules::judge_over(&facts, &rules, &targets, at, over, &[]),
            (None, None) => gapwatch_rules::judge(&facts, &rules, &targets, at, &[]),
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

    /// The indicators, rules and targets in force at a moment. Before the first were put in force, the first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn in_force(&self, at: DateTime<FixedOffset>) -> anyhow::Result<Judging> {
        let mut texts = [const { None }; 3];
        for (file, text) in Judging::FILES.iter().zip(&mut texts) {
            *text = self.store.document_as_of("configuration", file, Some(at))?;
            if text.is_none() {
                let first =
                    self.store.documents("configuration")?.into_iter().rfind(|info| info.name == *file);
                *text = first.map_or(Ok(None), |info| self.store.document(info.id))?;
            }
        }
        let key: Texts = texts.each_ref().map(|text| text.as_ref().map(|text| text.info.id));
        kept(&self.worlds.texts, key, || {
            let texts =
                texts.each_ref().map(|text| text.as_ref().map(|text| String::from_utf8_lossy(&text.bytes)));
            let [Some(indicators), Some(rules), Some(targets)] = &texts else {
                return Ok(self.config.judging.clone());
            };
            let current = Judging::FILES
                .iter()
                .zip(&texts)
                .all(|(file, text)| self.config.texts.get(file).map(String::as_str) == text.as_deref());
            if current {
                return Ok(self.config.judging.clone());
            }
            // What was in force was checked then; a later program may read it more strictly.
            Judging::read([indicators, rules, targets]).map_err(|problems| {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                anyhow::anyhow!(
                    "the configuration in force on {} cannot be read: {}",
                    at.date_naive(),
                    problems.join("; ")
                )
            })
        })
    }

    /// How each scheduled source stands at a moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn sources(
        &self,
        home: PlaceIx,
        at: DateTime<FixedOffset>,
    ) -> anyhow::Result<Vec<SourceStatus>> {
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
        let declared = named.filter_map(|id| self.config.judging.indicators.get(id));
        declared.map(|indicator| indicator.period).min().unwrap_or(PeriodKind::Month)
    }
}
