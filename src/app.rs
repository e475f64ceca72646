//! What the running program holds: configuration, store, clock, and what is kept ready to answer quickly.

mod access;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use gapwatch_collectors::{
    Breach, Choice, CollectorConfig, Context, Decisions, Fetched, Known, LastRun, Reading, Resolver,
};
use gapwatch_dashboards::{
    Lang,
    map::{Outline, Shape},
};
use gapwatch_model::{CollectorName, Gazetteer, GeoPoint, PlaceId, PlaceIx, PlaceLevel, RunId, text};
use gapwatch_store::{InfluxOptions, RunQuery, Secret, Store, StoreOptions};
use tokio::sync::Semaphore;

use crate::{
    auth::{self, Attempts},
    clock::Clock,
    config::{Config, Places},
    demo,
    http::{Asked, Limits, cache::Pages},
    stations,
    trend::MonthEnds,
    world::Worlds,
};

/// The program, shared by everything that runs in it.
pub(crate) type Shared = Arc<App>;

/// How long somebody stays signed in.
pub(crate) const SESSION: TimeDelta = TimeDelta::hours(12);

/// After this many attempts every page says that a receiver does not take its messages.
const ATTEMPTS_SAID: u32 = 3;

/// Names on maps of the country that belong to no one shape, where there is room for them.
const ARCHIPELAGOS: [(GeoPoint, &str); 2] = [
    (GeoPoint { lat: 15.55, lon: 111.9 }, "QĐ. Hoàng Sa (Đà Nẵng)"),
    (GeoPoint { lat: 12.3, lon: 114.3 }, "QĐ. Trường Sa (Khánh Hòa)"),
];

/// File of the database inside the data directory.
const DATABASE: &str = "gapwatch.db";
/// Keys of the store's small notes.
const CLOCK_OFFSET: &str = "clock_offset_ms";
const STORY_DONE: &str = "story_done";
const PLACES_DIGEST: &str = "places_digest";
const PAUSED: &str = "paused_collectors";

/// A drawing of boundaries: its width and the places on it.
type Drawing = (u16, Vec<PlaceIx>);

/// What the running program holds.
#[derive(Debug)]
pub(crate) struct App {
    /// The configuration it was started with.
    pub(crate) config: Config,
    /// The store.
    pub(crate) store: Store,
    /// The store's clock.
    pub(crate) clock: Clock,
    /// Finished pages.
    pub(crate) pages: Pages,
    /// What is judged, kept by moment.
    pub(crate) worlds: Worlds,
    /// Months that were judged, in a small form.
    pub(crate) month_ends: MonthEnds,
    /// How often each visitor asked for what is dear.
    pub(crate) limits: Limits,
    attempts: Attempts,
    verified: Mutex<HashMap<String, (String, String)>>,
    running: Mutex<BTreeSet<String>>,
    resolver: Mutex<Option<(Arc<Gazetteer>, Arc<Resolver>)>>,
    /// One file is taken in at a time: new places get their numbers in order.
    pub(crate) intake: Mutex<()>,
    /// How many files may be read at the same time.
    pub(crate) reading: Semaphore,
    synthetic: bool,
    ready: AtomicBool,
    progress: Mutex<Option<(usize, usize, NaiveDate)>>,
    fetched: Mutex<HashMap<(CollectorName, String), Known>>,
    outlines: Mutex<HashMap<Drawing, Option<Arc<Outline>>>>,
    /// Where stations are, as a page last asked.
    pub(crate) stations: stations::Newest,
}

/// What collectors are told beside the bytes, held together.
#[derive(Debug)]
pub(crate) struct Told {
    gazetteer: Arc<Gazetteer>,
    resolver: Arc<Resolver>,
    decisions: Decisions,
    now: DateTime<FixedOffset>,
}

impl Told {
    /// The form collectors take it in.
    #[must_use]
    pub(crate) fn context<'a>(&'a self, app: &'a App) -> Context<'a> {
        Context {
            gazetteer: &self.gazetteer,
            resolver: &self.resolver,
            boundaries: Some(&app.config.outlines.communes),
            indicators: &app.config.judging.indicators,
            decisions: &self.decisions,
            now: self.now,
            base_dir: &app.config.dir,
            secrets: &app.config.secrets.0,
            home: &app.config.program.home,
        }
    }
}

/// A collector that is running; not any more once this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    app: Shared,
    name: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.app.running).remove(&self.name);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is locked here is replaced whole, so a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    /// Opens the store of a configuration and brings its places and texts up to date.
    ///
    /// # Errors
    /// When the store cannot be opened or written.
    pub(crate) fn open(config: Config) -> anyhow::Result<Self> {
        let data = config.data_dir();
        std::fs::create_dir_all(&data)
            .with_context(|| format!("cannot make the folder `{}`", data.display()))?;
        let mut app = Self::on(config)?;
        app.update_places()?;
        app.update_texts()?;
        app.mark_receivers()?;
        app.forget_places();
        Ok(app)
    }

    /// Opens the store of a configuration without putting the configuration in force: nothing is written.
    ///
    /// # Errors
    /// When there is no store, or it cannot be opened.
    pub(crate) fn look_at(config: Config) -> anyhow::Result<Self> {
        let file = database(&config);
        if !file.exists() {
            anyhow::bail!("there is no store `{}`, expected the data that was judged", file.display());
        }
        let mut app = Self::on(config)?;
        app.forget_places();
        Ok(app)
    }

    /// From here on the store's gazetteer holds the places: not twice.
    fn forget_places(&mut self) {
        self.synthetic = self.config.program.story.is_some()
            || self.config.places.places.iter().any(|place| place.synthetic);
        self.config.places = Places::default();
    }

    fn on(config: Config) -> anyhow::Result<Self> {
        let store = Store::open(&database(&config), &store_options(&config))?;
        let offset = store.meta(CLOCK_OFFSET)?.and_then(|text| text.parse().ok());
        Ok(Self {
            clock: demo::clock(offset),
            store,
            pages: Pages::default(),
            worlds: Worlds::default(),
            month_ends: MonthEnds::default(),
            limits: Limits::default(),
            attempts: Attempts::default(),
            verified: Mutex::default(),
            running: Mutex::default(),
            resolver: Mutex::default(),
            intake: Mutex::default(),
            reading: Semaphore::new(usize::from(config.program.parallel_runs.max(1))),
            synthetic: false,
            ready: AtomicBool::new(false),
            progress: Mutex::default(),
            fetched: Mutex::default(),
            outlines: Mutex::default(),
            stations: stations::Newest::default(),
            config,
        })
    }

    /// Shares it.
    #[must_use]
    pub(crate) fn shared(self) -> Shared {
        Arc::new(self)
    }

    fn update_places(&self) -> anyhow::Result<()> {
        let places = &self.config.places;
        let digest = auth::digest(&serde_json::to_string(&(&places.places, &places.lineage))?);
        if self.store.meta(PLACES_DIGEST)?.as_ref() != Some(&digest) {
            self.store.put_places(&places.places, &places.lineage, self.start())?;
            self.store.set_meta(PLACES_DIGEST, &digest)?;
        }
        Ok(())
    }

    /// Remembers which rules, targets and indicators are in force from now on.
    fn update_texts(&self) -> anyhow::Result<()> {
        for (file, text) in &self.config.texts {
            self.store.put_document("configuration", file, text.as_bytes(), "gapwatch", self.start())?;
        }
        Ok(())
    }

    /// When what is configured became known: with the story, where there is one that has not ended.
    fn start(&self) -> DateTime<FixedOffset> {
        match &self.config.program.story {
            Some(story) if !self.clock.is_simulated() => story.from,
            _ => self.clock.now(),
        }
    }

    /// All places, as the store numbers them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn gazetteer(&self) -> anyhow::Result<Arc<Gazetteer>> {
        Ok(self.store.gazetteer()?)
    }

    /// What people decided about names, up to now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn decisions(&self, now: DateTime<FixedOffset>) -> anyhow::Result<Decisions> {
        let decided = self.store.decisions_as_of(Some(now))?;
        // What cannot be read was not written by this program.
        Ok(Decisions::new(decided.into_iter().filter_map(|decision| {
            Some(gapwatch_collectors::Decision {
                choice: choice(&decision.answer)?,
                key: decision.key,
                by: decision.by,
                at: decision.at,
            })
        })))
    }

    /// The name indexes of the places: made once per gazetteer.
    #[must_use]
    pub(crate) fn resolver(&self, gazetteer: &Arc<Gazetteer>) -> Arc<Resolver> {
        let mut kept = lock(&self.resolver);
        match &*kept {
            Some((of, resolver)) if Arc::ptr_eq(of, gazetteer) => Arc::clone(resolver),
            _ => {
                let resolver = Arc::new(Resolver::new(gazetteer));
                *kept = Some((Arc::clone(gazetteer), Arc::clone(&resolver)));
                resolver
            }
        }
    }

    /// What collectors are told, while `tell` runs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn telling(&self, now: DateTime<FixedOffset>) -> anyhow::Result<Told> {
        let gazetteer = self.gazetteer()?;
        Ok(Told { resolver: self.resolver(&gazetteer), gazetteer, decisions: self.decisions(now)?, now })
    }

    /// What is known of a file from the last run that took it in, or that holds it back for a person.
    #[must_use]
    pub(crate) fn known(&self, collector: &CollectorName, file: &str) -> Option<Known> {
        let seen = self.store.seen(collector, file).ok().flatten();
        let held = || {
            let waiting = self.store.waiting().ok()?.into_iter();
            let held =
                waiting.rev().find(|run| run.collector == *collector && run.file.as_deref() == Some(file));
            held?.content_hash
        };
        let content_hash = held().or(seen)?;
        // Marks of versions are a shortcut: without them the content itself is compared.
        let key = (collector.clone(), file.to_owned());
        let marks = lock(&self.fetched)
            .get(&key)
            .filter(|known| known.content_hash.as_ref() == Some(&content_hash))
            .cloned();
        Some(marks.unwrap_or(Known { content_hash: Some(content_hash), ..Known::default() }))
    }

    /// Remembers the marks of what was fetched.
    pub(crate) fn remember(&self, collector: &CollectorName, files: &[Fetched]) {
        let mut kept = lock(&self.fetched);
        for file in files {
            let known = Known {
                content_hash: Some(file.content_hash.clone()),
                etag: file.etag.clone(),
                last_modified: file.last_modified.clone(),
            };
            kept.insert((collector.clone(), file.file.clone()), known);
        }
    }

    /// The collector of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn collector(&self, name: &str) -> anyhow::Result<&CollectorConfig> {
        let known = || self.config.collectors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.config
            .collectors
            .get(name)
            .ok_or_else(|| anyhow!("there is no collector `{name}`, expected one of {}", known()))
    }

    /// How what was read breaks the source's contract.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn breaches(&self, name: &str, reading: &Reading) -> anyhow::Result<Vec<Breach>> {
        let collector = self.collector(name)?;
        let key = shape_of(name);
        let last: Option<LastRun> = self.store.meta(&key)?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(gapwatch_collectors::breaches(collector, reading, last.as_ref()))
    }

    /// Remembers what a good run brought, to hold the next one against.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn remember_shape(&self, name: &str, reading: &Reading) -> anyhow::Result<()> {
        let key = shape_of(name);
        let last: Option<LastRun> = self.store.meta(&key)?.and_then(|text| serde_json::from_str(&text).ok());
        let shape = LastRun::of(reading, last.as_ref());
        Ok(self.store.set_meta(&key, &serde_json::to_string(&shape)?)?)
    }

    /// Remembers what a run brought that is held back, for the day it is released.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn hold_shape(&self, run: RunId, name: &str, reading: &Reading) -> anyhow::Result<()> {
        let last: Option<LastRun> =
            self.store.meta(&shape_of(name))?.and_then(|text| serde_json::from_str(&text).ok());
        let shape = LastRun::of(reading, last.as_ref());
        Ok(self.store.set_meta(&held_shape_of(run), &serde_json::to_string(&shape)?)?)
    }

    /// Lets a held batch in: the next run is held against it.
    ///
    /// # Errors
    /// When nothing is held any more or the store cannot be written.
    pub(crate) fn release(&self, run: RunId, by: &str) -> anyhow::Result<()> {
        let alone = lock(&self.intake);
        self.store.release(run, by, self.clock.now())?;
        if let (Some(shape), Some(run)) = (self.store.meta(&held_shape_of(run))?, self.store.run(run)?) {
            self.store.set_meta(&shape_of(run.collector.as_str()), &shape)?;
        }
        drop(alone);
        Ok(())
    }

    /// Takes a collector, unless it runs already.
    pub(crate) fn begin(self: &Arc<Self>, name: &str) -> Option<Running> {
        let free = lock(&self.running).insert(name.to_owned());
        free.then(|| Running { app: Arc::clone(self), name: name.to_owned() })
    }

    /// Whether a collector runs now.
    pub(crate) fn is_running(&self, name: &str) -> bool {
        lock(&self.running).contains(name)
    }

    /// Whether a person paused a collector.
    pub(crate) fn is_paused(&self, name: &str) -> bool {
        self.paused().is_ok_and(|paused| paused.contains(name))
    }

    fn paused(&self) -> anyhow::Result<BTreeSet<String>> {
        let text = self.store.meta(PAUSED)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Pauses a collector or lets it go on.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn set_paused(&self, name: &str, pause: bool) -> anyhow::Result<()> {
        let mut paused = self.paused()?;
        if pause {
            paused.insert(name.to_owned());
        } else {
            paused.remove(name);
        }
        Ok(self.store.set_meta(PAUSED, &serde_json::to_string(&paused)?)?)
    }

    /// The newest planned time of a collector that has a record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn last_planned(&self, name: &str) -> anyhow::Result<Option<DateTime<FixedOffset>>> {
        let collector = Some(CollectorName::new(name));
        for limit in [Some(20), None] {
            let runs =
                self.store.runs(&RunQuery { collector: collector.clone(), limit, ..RunQuery::default() })?;
            let newest = runs.iter().filter_map(|run| run.planned).max();
            if newest.is_some() || runs.len() < 20 {
                return Ok(newest);
            }
        }
        Ok(None)
    }

    /// Whether the home place holds made-up places.
    #[must_use]
    pub(crate) fn synthetic(&self) -> bool {
        self.synthetic
    }

    /// What every page says: nothing, as long as all is well.
    #[must_use]
    pub(crate) fn notices(&self, lang: Lang) -> Vec<String> {
        let held = self.store.waiting().map_or(0, |waiting| waiting.len());
        let mut notices = Vec::new();
        if let Ok(Some(spool)) = self.store.spool()
            && let Some(why) = spool.local_because
        {
            notices.push(lang.pick(
                format!("Đang trả lời từ bản lưu tại chỗ: {why}"),
                format!("Answers come from the local copy: {why}"),
            ));
        }
        for late in
            self.store.outbox().unwrap_or_default().iter().filter(|late| late.attempts >= ATTEMPTS_SAID)
        {
            let (name, depth, why) = (&late.receiver, late.depth, late.error.as_deref().unwrap_or_default());
            notices.push(lang.pick(
                format!("{depth} thông báo chưa gửi được đến “{name}”: {why}"),
                format!("{depth} messages have not reached “{name}”: {why}"),
            ));
        }
        if held > 0 {
            notices.push(lang.pick(
                format!(
                    "Có {held} lô số liệu đang bị giữ lại chờ quyết định; chưa lô nào được đưa vào đánh giá."
                ),
                format!("{held} batches are held back and wait for a decision; none of them is judged."),
            ));
        }
        notices
    }

    /// The places below one, ready to draw. `None` where less than half of them have a boundary.
    pub(crate) fn outline(
        &self,
        below: &[PlaceIx],
        gazetteer: &Gazetteer,
        width: u16,
    ) -> Option<Arc<Outline>> {
        let key = (width, below.to_vec());
        if let Some(kept) = lock(&self.outlines).get(&key) {
            return kept.clone();
        }
        let shapes = &self.config.outlines.shapes;
        let found: Vec<_> = below
            .iter()
            .filter_map(|ix| {
                let place = gazetteer.get(*ix);
                let shape = shapes.get(place.id.code.as_str())?;
                Some(Shape { name: place.name.clone(), ..shape.clone() })
            })
            .collect();
        let enough = !found.is_empty() && found.len() * 2 >= below.len();
        let country = below.first().is_some_and(|ix| gazetteer.get(*ix).level == PlaceLevel::Province);
        let captions: &[_] = if country { &ARCHIPELAGOS } else { &[] };
        let outline = enough.then(|| Arc::new(Outline::new(&found, width).captioned(captions)));
        lock(&self.outlines).insert(key, outline.clone());
        outline
    }

    /// What a finished page depends on beside its address: the store, and the time to the minute. The second one is what
    /// it depended on a minute before, if nothing else has changed.
    #[must_use]
    pub(crate) fn page_keys(&self, asked: &Asked) -> [String; 2] {
        let version = self.store.data_version().unwrap_or_default();
        let minute = asked.as_of.now.timestamp().div_euclid(60);
        let (theme, address) = (asked.theme.as_str(), asked.address.with(&[]));
        [minute, minute - 1].map(|minute| format!("{version}|{minute}|{theme}|{address}"))
    }

    /// Whether it can serve.
    #[must_use]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Says that it can serve.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Says how far the loading has come.
    pub(crate) fn set_progress(&self, number: usize, total: usize, day: NaiveDate) {
        *lock(&self.progress) = Some((number, total, day));
    }

    /// How far the loading has come, for people.
    #[must_use]
    pub(crate) fn progress(&self, lang: Lang) -> String {
        match *lock(&self.progress) {
            Some((number, total, day)) => {
                let day = text::date(day);
                lang.pick(
                    format!("Đang nạp số liệu: {number}/{total} đợt, đến ngày {day}."),
                    format!("Loading: {number} of {total} runs, up to {day}."),
                )
            }
            None => lang.pick("Đang khởi động.".to_owned(), "Starting.".to_owned()),
        }
    }

    /// How far the story is replayed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn story_done(&self) -> anyhow::Result<Option<DateTime<FixedOffset>>> {
        Ok(self.store.meta(STORY_DONE)?.and_then(|text| text.parse().ok()))
    }

    /// Remembers how far the story is replayed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn set_story_done(&self, at: DateTime<FixedOffset>) -> anyhow::Result<()> {
        Ok(self.store.set_meta(STORY_DONE, &at.to_rfc3339())?)
    }

    /// When anything was last recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn last_recorded(&self) -> anyhow::Result<Option<DateTime<FixedOffset>>> {
        let newest = self.store.runs(&RunQuery { limit: Some(1), ..RunQuery::default() })?;
        Ok(newest.first().map(|run| run.finished))
    }

    /// Makes now be this moment for everybody who opens this store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn set_clock(&self, now: DateTime<FixedOffset>) -> anyhow::Result<()> {
        let offset = self.clock.set_now(now);
        Ok(self.store.set_meta(CLOCK_OFFSET, &offset.to_string())?)
    }
}

/// Key of the note of a collector's last good run.
fn shape_of(collector: &str) -> String {
    format!("shape:{collector}")
}

/// Key of the note of what a held run brought.
fn held_shape_of(run: RunId) -> String {
    format!("held-shape:{run}")
}

/// Reads an answer to a question about a name: `CODE@YYYY-MM-DD`, `create` or `ignore`.
fn choice(answer: &str) -> Option<Choice> {
    match answer {
        "create" => Some(Choice::Create),
        "ignore" => Some(Choice::Ignore),
        place => {
            let (code, from) = place.split_once('@')?;
            Some(Choice::Place { place: PlaceId::new(code, from.parse().ok()?) })
        }
    }
}

/// How the store of a configuration is opened.
#[must_use]
pub(crate) fn store_options(config: &Config) -> StoreOptions {
    let influx = config.program.influx.as_ref().map(|influx| InfluxOptions {
        url: influx.url.clone(),
        org: influx.org.clone(),
        bucket: influx.bucket.clone(),
        token: Secret::new(config.secrets.0.get(&influx.token_env).cloned().unwrap_or_default()),
        timeout_ms: u64::from(influx.timeout_secs) * 1_000,
        spool_points: influx.spool_points,
    });
    StoreOptions { influx, ..StoreOptions::default() }
}

/// Where the database of a configuration is.
#[must_use]
pub(crate) fn database(config: &Config) -> std::path::PathBuf {
    config.data_dir().join(DATABASE)
}
