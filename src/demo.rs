//! `gapwatch demo`: the Cao Bằng example. Replays its story through the real collectors, then runs on in real time.
//!
//! Every planned run of the story happens at its own time by the store's clock, in order, with its own `recorded_at`.
//! A demo that was killed goes on where it stopped; one that was finished keeps its data.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use chrono::{DateTime, FixedOffset};
use gapwatch_collectors::config::Source;
use tokio::net::TcpListener;

use crate::{
    app::{App, Shared},
    auth::Role,
    cli::{self, Exit, Outcome, Stop},
    clock::Clock,
    collect::{self, Cause},
    config::{Config, Story},
    http, portal, schedule,
};

/// Name of the token that every start of the demo makes anew.
const TOKEN: &str = "demo";

/// Loads the example, replays what is not replayed yet, and serves it.
pub(crate) fn run(listen: SocketAddr, data: Option<PathBuf>, dir: Option<PathBuf>) -> Outcome {
    let dir = dir.map_or_else(example, Ok)?;
    let mut config = Config::load(&dir).map_err(Stop::Problems)?;
    if let Some(data) = data {
        config.program.data_dir = std::path::absolute(data)?;
    }
    let Some(story) = config.program.story.clone() else {
        return Err(Stop::Usage(format!("{} has no [story] to replay", dir.join("gapwatch.toml").display())));
    };
    cli::runtime()?.block_on(async {
        let listener = http::bind(listen).await?;
        let portal_listener = start_portal(&story, &mut config, &dir).await?;
        let portal_folder = dir.join(&story.portal);
        let server = tokio::spawn(portal::serve(portal_listener, portal_folder));
        let app = App::open(config)?.shared();
        let _alone = app.serve_alone()?;
        let token = app.replace_token(TOKEN, Role::Admin)?;
        cli::say(&format!("token of this demo (role admin): {token}"));
        let served = http::serve(listener, Shared::clone(&app), replay(Shared::clone(&app), &story)).await;
        server.abort();
        served
    })?;
    Ok(Exit::Done)
}

/// The example of the checkout this is started in, or of the one it was built from.
fn example() -> anyhow::Result<PathBuf> {
    let inside = Path::new("fixtures/caobang");
    let candidates = [inside.to_owned(), Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)];
    match candidates.into_iter().find(|dir| dir.join("gapwatch.toml").exists()) {
        Some(found) => Ok(found),
        None => bail!("fixtures/caobang is not here, start in a checkout or name the example with --config"),
    }
}

/// Takes the portal's address; where another demo has it, any free one, and tells the collectors.
async fn start_portal(story: &Story, config: &mut Config, dir: &Path) -> anyhow::Result<TcpListener> {
    let folder = dir.join(&story.portal);
    if !folder.is_dir() {
        bail!("`{}` is no folder, expected the answers of the portal", folder.display());
    }
    if let Ok(listener) = TcpListener::bind(story.portal_listen).await {
        return Ok(listener);
    }
    let listener = TcpListener::bind(SocketAddr::new(story.portal_listen.ip(), 0)).await?;
    let (declared, actual) = (story.portal_listen.to_string(), listener.local_addr()?.to_string());
    for collector in config.collectors.values_mut() {
        if let Source::Http(source) = &mut collector.source {
            source.url = source.url.replace(&declared, &actual);
            for host in &mut source.allow_hosts {
                *host = host.replace(&declared, &actual);
            }
        }
    }
    Ok(listener)
}

async fn replay(app: Shared, story: &Story) -> anyhow::Result<()> {
    let done = app.story_done()?.unwrap_or(story.from);
    if done < story.until {
        let started = tokio::time::Instant::now();
        let planned = schedule::planned_between(&app, done, story.until);
        let total = planned.len();
        for (number, (at, names)) in planned.into_iter().enumerate() {
            app.set_progress(number, total, at.date_naive());
            app.clock.hold(at);
            for name in names {
                collect::run(&app, &name, &Cause::Replayed(at), at).await;
            }
            step(&app, at).await?;
        }
        app.clock.hold(story.until);
        step(&app, story.until).await?;
        app.forget();
        tracing::info!(moments = total, duration_ms = started.elapsed().as_millis(), "story replayed");
    }
    // Time does not go back behind anything that was recorded.
    let configured = app.store.documents("configuration")?.first().map(|newest| newest.at);
    let resumed = [app.last_recorded()?, configured].into_iter().flatten().fold(story.until, DateTime::max);
    app.set_clock(resumed).context("cannot set the clock of the story")
}

/// Judges what is known at this moment of the story, and remembers how far it has come.
async fn step(app: &Shared, at: DateTime<FixedOffset>) -> anyhow::Result<()> {
    let app = Shared::clone(app);
    tokio::task::spawn_blocking(move || {
        app.refresh_flags(at)?;
        app.set_story_done(at)
    })
    .await?
}

/// The clock of a store: the story's, where it holds one.
#[must_use]
pub(crate) fn clock(offset_ms: Option<i64>) -> Clock {
    offset_ms.map_or_else(Clock::default, Clock::with_offset_ms)
}
