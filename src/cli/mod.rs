//! The command line: one function per command, results on standard output, problems on standard error.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done but some rows were rejected or asked.

mod data;
mod judging;
mod keep;
mod people;
mod trial;

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

use crate::{
    app::App,
    auth::Role,
    config::{Config, Problem},
    demo, http,
};

/// Watches infrastructure gaps: uncovered villages, lagging communes, and why a number changed.
#[derive(Debug, Parser)]
#[command(name = "gapwatch", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration and the data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Configuration directory: gapwatch.toml, indicators.toml, rules.toml, targets.toml, collectors/, places/.
    #[arg(long, value_name = "DIR")]
    config: PathBuf,
    /// Where the database is, instead of `data_dir` of gapwatch.toml.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// How to answer.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct How {
    /// Say what would happen and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Of what a digest is, and where it goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Summary {
    /// Code of the place; the home place otherwise.
    #[arg(long = "place", value_name = "CODE")]
    code: Option<String>,
    /// The day of the last meeting, YYYY-MM-DD; the cut-off of the last meeting pack otherwise.
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,
    /// As known at the end of this day, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Mail it to this receiver of gapwatch.toml, once for the same news: the running server sends it.
    #[arg(long, value_name = "RECEIVER")]
    mail: Option<String>,
    /// Answer in JSON.
    #[arg(long, conflicts_with = "mail")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the Cao Bằng example: replays its two years, then serves it.
    Demo {
        /// Address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// Where the database goes; kept between runs. Default: `data` inside the example.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// The example's configuration directory.
        #[arg(long, value_name = "DIR")]
        config: Option<PathBuf>,
    },
    /// Collect on schedule and serve the pages.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address to listen on, instead of `listen` of gapwatch.toml.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Check a configuration and print every problem with its file and key.
    Check {
        /// Configuration directory.
        #[arg(long, value_name = "DIR")]
        config: PathBuf,
    },
    /// Run a collector now.
    Collect {
        /// Name of the collector: its file in collectors/ without `.toml`.
        name: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        how: How,
    },
    /// Read one file as if the collector had fetched it.
    Import {
        /// The file.
        file: PathBuf,
        /// Name of the collector that knows its columns.
        #[arg(long, value_name = "NAME")]
        collector: String,
        /// Day the file speaks of, where its name does not say; today otherwise.
        #[arg(long, value_name = "DATE")]
        on: Option<NaiveDate>,
        /// Write the sender's table with a column that says what is wrong with each row.
        #[arg(long, value_name = "XLSX")]
        report: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        how: How,
    },
    /// List the flags, as they stand or stood.
    Flags {
        #[command(flatten)]
        place: Place,
        /// As known at the end of this day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        as_of: Option<NaiveDate>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain a flag: its rule, every input with its source, the arithmetic, what would clear it.
    Explain {
        /// Id of the flag, as `flags` prints it.
        flag: String,
        #[command(flatten)]
        place: Place,
        /// As known at the end of this day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        as_of: Option<NaiveDate>,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sum up what happened in a place since the last meeting.
    Digest {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        asked: Summary,
    },
    /// Try changed rules before they are put in force.
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Answer questions about places.
    Places {
        #[command(subcommand)]
        command: PlacesCommand,
    },
    /// Tokens of people and programs that may change things.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Look after the store.
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Copy the running store into one file and verify it.
    Backup {
        /// The file to write.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Put a backup in place of the store, after verifying it.
    Restore {
        /// The file to read.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

/// `gapwatch rules …`
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the flags that a changed indicators.toml, rules.toml or targets.toml would have raised or cleared over
    /// history. Nothing is stored.
    ///
    /// Compared with what the store says is in force now, or with the configuration named by --against. The history is
    /// that of --data, of the configuration of --against, or else of the changed configuration itself.
    Diff {
        /// The changed configuration: a whole directory, or with --against only the files that changed.
        #[arg(long, value_name = "NEW")]
        config: PathBuf,
        /// The configuration that is running.
        #[arg(long, value_name = "DIR")]
        against: Option<PathBuf>,
        /// Where the database is, instead of `data_dir` of gapwatch.toml.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// First day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        from: NaiveDate,
        /// Last day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        to: NaiveDate,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `gapwatch places …`
#[derive(Debug, Subcommand)]
pub(crate) enum PlacesCommand {
    /// List the open questions.
    Questions {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Answer one: which place was meant, from now on and for every later file.
    Decide {
        /// The question's key, as `questions` prints it.
        key: String,
        /// `CODE@VALID_FROM` of the place that was meant, `create` for a new village, or `ignore`.
        answer: String,
        /// Who decides.
        #[arg(long)]
        by: String,
        #[command(flatten)]
        place: Place,
    },
}

/// `gapwatch token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token. It is shown once.
    Add {
        /// Its name: lower-case letters, digits and hyphens.
        name: String,
        /// What it may do.
        #[arg(long)]
        role: Role,
        #[command(flatten)]
        place: Place,
    },
    /// List names and roles.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make a token worthless from now on.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

/// `gapwatch store …`
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Set up the store: the file, and bucket and retention of InfluxDB where it is configured.
    Init {
        #[command(flatten)]
        place: Place,
    },
    /// Verify every frame and tile; name what is damaged; rebuild what is derived.
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Build all that is derived anew from the frames.
    Rebuild {
        #[command(flatten)]
        place: Place,
    },
    /// Copy the series to another backend; goes on where it stopped.
    Copy {
        #[command(flatten)]
        place: Place,
        /// `embedded` or `influx`.
        #[arg(long)]
        from: Backend,
        /// `embedded` or `influx`.
        #[arg(long)]
        to: Backend,
    },
}

/// Where series are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    /// The one SQLite file.
    Embedded,
    /// InfluxDB 2.
    Influx,
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything went in.
    Done,
    /// It did not work.
    Failed,
    /// The command line or the configuration is wrong.
    WrongUsage,
    /// It worked, and some rows were rejected or asked.
    SomeRejected,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::WrongUsage => Self::from(2),
            Exit::SomeRejected => Self::from(3),
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The configuration has problems.
    Problems(Vec<Problem>),
    /// The command line asks for what cannot be.
    Usage(String),
    /// Anything else.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What commands return.
pub(crate) type Outcome = Result<Exit, Stop>;

/// Runs the command and says what went wrong.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let outcome = match arguments.command {
        Command::Demo { listen, data, config } => demo::run(listen, data, config),
        Command::Serve { place, listen } => serve(&place, listen),
        Command::Check { config } => check(&config),
        Command::Collect { name, place, how } => data::collect(&name, &place, how),
        Command::Import { file, collector, on, report, place, how } => {
            data::import(&file, &collector, on, report.as_deref(), &place, how)
        }
        Command::Flags { place, as_of, json } => judging::flags(&place, as_of, json),
        Command::Explain { flag, place, as_of, json } => judging::explain(&flag, &place, as_of, json),
        Command::Digest { place, asked } => judging::digest(&place, &asked),
        Command::Rules { command } => trial::rules(command),
        Command::Places { command } => people::places(command),
        Command::Token { command } => people::token(command),
        Command::Store { command } => keep::store(command),
        Command::Backup { file, place } => keep::backup(&file, &place),
        Command::Restore { file, place } => keep::restore(&file, &place),
    };
    match outcome {
        Ok(exit) => exit,
        Err(Stop::Problems(problems)) => {
            for problem in &problems {
                complain(&problem.to_string());
            }
            Exit::WrongUsage
        }
        Err(Stop::Usage(message)) => {
            complain(&message);
            Exit::WrongUsage
        }
        Err(Stop::Failed(error)) => {
            complain(&format!("{error:#}"));
            Exit::Failed
        }
    }
}

/// Prints a line on standard output.
pub(crate) fn say(line: &str) {
    // A closed pipe (`gapwatch flags | head`) is the reader's choice, not a failure.
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// Prints a line on standard error.
pub(crate) fn complain(line: &str) {
    drop(writeln!(std::io::stderr(), "gapwatch: {line}"));
}

/// Prints a value as JSON.
pub(crate) fn say_json(value: &serde_json::Value) {
    say(&format!("{value:#}"));
}

/// Reads the configuration and opens its store.
pub(crate) fn open(place: &Place) -> Result<App, Stop> {
    let config = load(place)?;
    Ok(App::open(config)?)
}

/// Reads the configuration of a command.
pub(crate) fn load(place: &Place) -> Result<Config, Stop> {
    let mut config = Config::load(&place.config).map_err(Stop::Problems)?;
    if let Some(data) = &place.data {
        config.program.data_dir = std::path::absolute(data)?;
    }
    Ok(config)
}

/// The runtime of commands that wait for something.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(3)
        .enable_all()
        .build()?)
}

fn serve(place: &Place, listen: Option<SocketAddr>) -> Outcome {
    let config = load(place)?;
    let address = listen.unwrap_or(config.program.listen);
    let app = App::open(config)?.shared();
    let _alone = app.serve_alone()?;
    runtime()?.block_on(async {
        let listener = http::bind(address).await?;
        http::serve(listener, app, async { Ok(()) }).await
    })?;
    Ok(Exit::Done)
}

fn check(dir: &Path) -> Outcome {
    let config = Config::load(dir).map_err(Stop::Problems)?;
    say(&format!(
        "{} is in order: {} indicators, {} collectors, {} places",
        dir.display(),
        config.judging.indicators.iter().count(),
        config.collectors.len(),
        config.places.places.len()
    ));
    Ok(Exit::Done)
}
