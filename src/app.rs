//! What the running program holds: configuration, store, clock, and what is kept ready to answer quickly.

mod access;
mod intake;
mod running;
mod standing;

use std::{
    collections::{BTreeSet, HashMap},
    fs::{File, TryLockError},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use anyhow::Context as _;
use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use gapwatch_collectors::{Known, Resolver};
use gapwatch_dashboards::map::{Outline, Shape};
use gapwatch_model::{CollectorName, Gazetteer, GeoPoint, PlaceIx, PlaceLevel};
use gapwatch_store::{InfluxOptions, Secret, Store, StoreOptions};
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

/// Names on maps of the country that belong to no one shape, where there is room for them.
const ARCHIPELAGOS: [(GeoPoint, &str); 2] = [
    (GeoPoint { lat: 15.55, lon: 111.9 }, "QĐ. Hoàng Sa (Đà Nẵng)"),
    (GeoPoint { lat: 12.3, lon: 114.3 }, "QĐ. Trường Sa (Khánh Hòa)"),
];

/// File of the database inside the data directory.
const DATABASE: &str = "gapwatch.db";
/// Keys of the store's small notes.
const CLOCK_OFFSET: &str = "clock_offset_ms";
const PLACES_DIGEST: &str = "places_digest";

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

    /// Makes this the one program that serves the store, until the file given is closed: two would collect, judge and
    /// tell everything twice.
    ///
    /// # Errors
    /// When another program serves it, or the folder cannot be written.
    pub(crate) fn serve_alone(&self) -> anyhow::Result<File> {
        let path = self.store.path().with_extension("lock");
        let cannot = || format!("cannot lock `{}`", path.display());
        let file = File::create(&path).with_context(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "another program serves `{}`, expected one for each store",
                self.store.path().display()
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
        }
    }

    /// Opens the store of a configuration without putting the configuration in force: nothing is written.
    ///
    /// # Errors
    /// When there is no store, or it cannot be opened.
    pub(crate) fn look_at(config: Config) -> anyhow::Result<Self> {
        let file = database(&config);
        if !file.exists() {
            anyhow::bail!("there is no store `{}`", file.display());
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

    /// Gives back everything that is read or made anew when it is next asked for: after much was taken in, that is a third
    /// of the memory.
    pub(crate) fn forget(&self) {
        self.worlds.forget();
        *lock(&self.resolver) = None;
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

    /// Whether the home place holds made-up places.
    #[must_use]
    pub(crate) fn synthetic(&self) -> bool {
        self.synthetic
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

    /// Makes now be this moment for everybody who opens this store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn set_clock(&self, now: DateTime<FixedOffset>) -> anyhow::Result<()> {
        let offset = self.clock.set_now(now);
        Ok(self.store.set_meta(CLOCK_OFFSET, &offset.to_string())?)
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
