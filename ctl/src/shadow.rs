//! `ebsctl shadow`: what shadow mode would have built against what the other service has.

use std::process::ExitCode;

use anyhow::Context as _;
use serde::Deserialize;

use crate::{
    Arguments,
    client::Client,
    paint::{Tone, toned},
    pick,
    table::Table,
    text::{line, moment},
};

/// As a coordinator tells it. Lenient, as all of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    account: String,
    since: i64,
    at: Option<i64>,
    agreed: u64,
    waiting: u64,
    overtaken: u64,
    different: u64,
    differences: Vec<Told>,
    fault: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    kind: String,
    component: String,
    ours: Option<Ours>,
    theirs: Option<Theirs>,
    why: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ours {
    batch: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Theirs {
    task: i64,
}

/// What was compared last.
pub(crate) async fn told(
    arguments: &Arguments,
    client: &Client,
) -> anyhow::Result<(String, ExitCode)> {
    let body = client.shadow().await?;
    let report: Option<Report> = serde_json::from_slice(&body).context("not a report")?;
    Ok((pick(arguments, &body, || words(report.as_ref())), ExitCode::SUCCESS))
}

fn words(report: Option<&Report>) -> String {
    let mut text = String::new();
    let Some(report) = report else {
        line(&mut text, format_args!("this service is not in shadow mode: it builds"));
        return text;
    };
    let Report { account, since, agreed, waiting, overtaken, different, .. } = report;
    if let Some(fault) = &report.fault {
        let told = toned(Tone::Bad, "not compared");
        line(&mut text, format_args!("{told}: {fault}"));
    }
    match report.at {
        Some(at) => line(
            &mut text,
            format_args!(
                "compared with {account} at {}, since {}: {agreed} builds agree, {different} differ, {waiting} have time, {overtaken} were overtaken",
                moment(at),
                moment(*since)
            ),
        ),
        None => line(&mut text, format_args!("not compared with {account} yet")),
    }
    let mut table = Table::new("", ["COMPONENT", "DIFFERENCE", "BATCH HERE", "TASK THERE", "WHY"]);
    for told in &report.differences {
        let batch = told.ours.as_ref().map(|ours| ours.batch.to_string()).unwrap_or_default();
        let task = told.theirs.as_ref().map(|theirs| theirs.task.to_string()).unwrap_or_default();
        table.row([told.component.clone(), told.kind.clone(), batch, task, told.why.clone()]);
    }
    table.write(&mut text);
    let shown = u64::try_from(report.differences.len()).unwrap_or(u64::MAX);
    if shown < *different {
        line(&mut text, format_args!("and {} more, older ones", different - shown));
    }
    text
}

#[cfg(test)]
mod tests;
