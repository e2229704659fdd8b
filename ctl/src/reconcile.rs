//! `ebsctl reconcile`: what ELN lacks, and having it looked for.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use ebs_shared::config::SecretText;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::{
    NOT_READY,
    client::{Change, Client},
    model::Answered,
    paint::{Tone, toned},
    table::Table,
    text::{line, moment},
    words::answered,
};

/// The longest wait for a report: Koji lists two tags for it.
const LIMIT: Duration = Duration::from_secs(120);

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// What is wanted.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ReconcileVerb {
    /// What was found last: what ELN lacks and what becomes of it, and what is in ELN that nobody wants. Nothing is removed.
    #[command(after_help = "Examples:
  ebsctl reconcile show
  ebsctl reconcile show --dry-run --json")]
    Show {
        /// By the last dry run.
        #[arg(long)]
        dry_run: bool,
    },
    /// Compares the tags at once, triggers what is due within the limit of a run, and says what was found. Exit code 1 if there
    /// is no report after two minutes: it will be there later.
    #[command(after_help = "Examples:
  ebsctl reconcile run --reason outage-over --dry-run
  ebsctl reconcile run --reason outage-over")]
    Run(Run),
}

/// A run.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
    /// Only says what would be triggered.
    #[arg(long)]
    dry_run: bool,
}

/// As a coordinator tells it. Lenient, as all of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shown {
    last: Report,
    dry_run: Report,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    found: Option<Found>,
    fault: Option<Fault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fault {
    since: i64,
    why: String,
    asked: Option<Demand>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Demand {
    request: i64,
    who: String,
    why: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found {
    at: i64,
    asked: Option<Demand>,
    rawhide: String,
    eln: String,
    counts: Counts,
    held: Vec<String>,
    findings: Vec<Finding>,
    not_wanted: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    wanted: u64,
    missing: u64,
    stale: u64,
    current: u64,
    eln_newer: u64,
    eln_only: u64,
    nowhere: u64,
    excluded: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Finding {
    component: String,
    kind: String,
    rawhide: String,
    eln: Option<String>,
    since: i64,
    text: String,
}

impl Run {
    fn change(&self) -> Change<'static> {
        let body = serde_json::json!({ "reason": self.reason, "dry_run": self.dry_run });
        Change { place: vec!["api", "v1", "reconcile"], body }
    }
}

/// The last report: the answer's bytes, and in words.
pub(crate) async fn show(client: &Client, dry_run: bool) -> anyhow::Result<(Vec<u8>, String)> {
    let body = client.reconcile().await?;
    let report = pick(&body, dry_run)?;
    Ok((body, words(&report)))
}

/// Asks for a run, and waits for its report.
pub(crate) async fn run(
    client: &Client,
    run: &Run,
    token: &SecretText,
) -> anyhow::Result<(Vec<u8>, String, ExitCode)> {
    let body = client.change(&run.change(), token).await?;
    let told: Answered = serde_json::from_slice(&body).context("not an answer")?;
    let limit = Instant::now() + LIMIT;
    while Instant::now() < limit && told.result.is_some() {
        let body = client.reconcile().await?;
        let report = pick(&body, run.dry_run)?;
        // One that asked after us has replaced us, and has the same answer.
        let of = |asked: Option<&Demand>| asked.is_some_and(|it| it.request >= told.request);
        if of(report.fault.as_ref().and_then(|it| it.asked.as_ref())) {
            return Ok((body, words(&report), ExitCode::from(NOT_READY)));
        }
        if of(report.found.as_ref().and_then(|it| it.asked.as_ref())) {
            return Ok((body, words(&report), ExitCode::SUCCESS));
        }
        sleep(LOOK).await;
    }
    let text = format!("{}\nno report yet: see `ebsctl reconcile show` later", answered(&told));
    Ok((body, text, ExitCode::from(NOT_READY)))
}

fn pick(body: &[u8], dry_run: bool) -> anyhow::Result<Report> {
    let shown: Shown = serde_json::from_slice(body).context("not a report")?;
    Ok(if dry_run { shown.dry_run } else { shown.last })
}

/// A report in words.
fn words(report: &Report) -> String {
    let mut text = String::new();
    if let Some(Fault { since, why, .. }) = &report.fault {
        let told = toned(Tone::Bad, "the tags are not compared");
        line(&mut text, format_args!("since {} {told}: {why}", moment(*since)));
    }
    match &report.found {
        Some(found) => in_words(&mut text, found),
        None => line(&mut text, format_args!("the tags were never compared")),
    }
    text
}

fn in_words(text: &mut String, found: &Found) {
    let asked = found.asked.as_ref();
    let asked = asked.map(|it| format!(", asked for by {} ({})", it.who, it.why));
    let (at, asked) = (moment(found.at), asked.unwrap_or_default());
    line(text, format_args!("{} and {} compared at {at}{asked}", found.rawhide, found.eln));
    let Counts { wanted, missing, stale, current, .. } = &found.counts;
    let Counts { eln_newer, eln_only, nowhere, excluded, .. } = &found.counts;
    line(
        text,
        format_args!(
            "{wanted} wanted: {missing} missing, {stale} stale, {current} current, {eln_newer} newer in ELN, {eln_only} only in ELN, {nowhere} nowhere; {excluded} excluded"
        ),
    );
    for why in &found.held {
        line(text, format_args!("{}: {why}", toned(Tone::Odd, "nothing is triggered")));
    }
    let head = ["COMPONENT", "KIND", "RAWHIDE", "ELN", "SINCE", "WHAT BECOMES OF IT"];
    let mut table = Table::new("", head);
    for it in &found.findings {
        let Finding { component, kind, rawhide, eln, since, text: fate } = it;
        let (eln, since) = (eln.clone().unwrap_or_default(), moment(*since));
        let [component, kind, rawhide, fate] = [component, kind, rawhide, fate].map(Clone::clone);
        table.row([component, kind, rawhide, eln, since, fate]);
    }
    table.write(text);
    match found.not_wanted.as_deref() {
        None => {
            line(text, format_args!("what nobody wants is not told: see above what is in doubt"))
        }
        Some([]) => {}
        Some(builds) => {
            line(text, format_args!("in ELN and wanted by nobody: {}", builds.join(" ")));
        }
    }
}

#[cfg(test)]
mod tests;
