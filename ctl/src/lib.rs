//! `ebsctl`, the operator's command line: says in words what a coordinator tells at its HTTP addresses. Changes nothing, and
//! keeps nothing.

mod client;
mod model;
mod words;

use std::{io::Write, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use url::Url;

use client::Client;
use model::{Readiness, Status};

/// Shows how an ELNBuildSync coordinator is doing.
///
/// Exit codes: 0 as it should be, 1 not ready, 2 usage, 3 no answer or none that can be read.
#[derive(Debug, Parser)]
#[command(name = "ebsctl", version)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// The coordinator's address.
    #[arg(long, global = true, default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// Print the answer as JSON, unchanged.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Verb {
    /// What is being built now, what waits, and what was built last.
    Status,
    /// Whether the coordinator is ready, and what keeps it from being so.
    Ready,
}

/// Not ready.
const NOT_READY: u8 = 1;

/// No answer, or none that can be read.
const NO_ANSWER: u8 = 3;

/// Does what was asked and prints it; what went wrong goes to `complaints`.
pub async fn run(
    arguments: Arguments,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> ExitCode {
    match answer(&arguments, out).await {
        Ok(code) => code,
        Err(error) => {
            // There is nobody left to tell if this cannot be written.
            let _ = writeln!(complaints, "ebsctl: {error:#}");
            ExitCode::from(NO_ANSWER)
        }
    }
}

async fn answer(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let client = Client::new(arguments.url.clone())?;
    let (text, code) = match arguments.verb {
        Verb::Status => {
            let body = client.status().await?;
            let status: Status = serde_json::from_slice(&body).context("not a status")?;
            (pick(arguments, &body, || words::status(&status)), ExitCode::SUCCESS)
        }
        Verb::Ready => {
            let body = client.readiness().await?;
            let readiness: Readiness = serde_json::from_slice(&body).context("not a readiness")?;
            let code = if readiness.ok { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) };
            (pick(arguments, &body, || words::readiness(&readiness)), code)
        }
    };
    writeln!(out, "{}", text.trim_end()).context("cannot be printed")?;
    Ok(code)
}

fn pick(arguments: &Arguments, body: &[u8], words: impl FnOnce() -> String) -> String {
    if arguments.json { String::from_utf8_lossy(body).into_owned() } else { words() }
}

#[cfg(test)]
mod tests;
