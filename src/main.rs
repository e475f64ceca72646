//! gapwatch: which villages have no signal, which communes lag, and why the number changed.
//!
//! This is the program: it reads the configuration, keeps the time, runs collectors on schedule, and answers over HTTP
//! and on the command line. Formats, thresholds and markup live in the other rooms (`docs/ARCHITECTURE.md`).

mod app;
mod auth;
mod cli;
mod clock;
mod collect;
mod config;
mod demo;
mod follow;
mod http;
mod portal;
mod reread;
mod review;
mod schedule;
mod stations;
mod tell;
mod trend;
mod upkeep;
mod world;

use std::{io::IsTerminal, process::ExitCode};

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Gives freed memory back to the system soon (`.cargo/config.toml`): a server beside other things must stay small.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let wanted_help = !error.use_stderr();
            return match (error.print(), wanted_help) {
                (Ok(()), true) => ExitCode::SUCCESS,
                _ => cli::Exit::WrongUsage.into(),
            };
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    cli::run(arguments).into()
}
