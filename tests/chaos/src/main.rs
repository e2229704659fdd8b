//! `ebs-chaos`: see the library. Exit codes: 0 everything held, 1 something did not, 2 usage.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use ebs_chaos::{campaign, options::Options};
use ebs_stage::child::say;
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
};

#[tokio::main]
async fn main() -> ExitCode {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match play(&Options::parse()).await {
        Ok(code) => code,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Until it is done, or SIGINT or SIGTERM comes: then all that was started ends with its drop.
async fn play(options: &Options) -> anyhow::Result<ExitCode> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let figures = select! {
        biased;
        _ = terminate.recv() => return Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => return Ok(ExitCode::FAILURE),
        figures = campaign::run(options) => figures?,
    };
    for line in &figures.mismatches {
        say(&format!("mismatch: {line}"));
    }
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(if figures.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
