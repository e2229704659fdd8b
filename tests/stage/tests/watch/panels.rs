//! Every query of every panel, as Grafana would ask it.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result, ensure};
use ebs_stage::watch::kept;
use serde_json::Value;

use crate::{
    play::{Play, text},
    rules::asked_for,
};

/// What Grafana puts in for its variables: rates over some scrapes of a second each, and all of a run that takes about a minute.
const VARIABLES: &[(&str, &str)] = &[("$__rate_interval", "15s"), ("$__range", "5m")];

/// What a run without faults cannot show: dashboard, panel, why; and what shows it then.
const EXCEPTIONS: &[(&str, &str, &str, Then)] = &[
    (
        "health.json",
        "Alerts that fire",
        "none fires: each waits for minutes at least",
        Then::Nothing,
    ),
    ("queue.json", "Trouble with the queue", "there is none", Then::Faults),
];

/// What makes an exception show something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The faults after the batch.
    Faults,
    /// Nothing in a run of some minutes.
    Nothing,
}

/// When it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// After the batch.
    Healthy,
    /// After faults, which show what was excepted.
    Faulty,
}

/// What is wrong with answers: a panel that shows nothing and should, or something and should not.
pub(crate) async fn unanswered(play: &Play, moment: Moment) -> Result<Vec<String>> {
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (file, panel) in panels()? {
        let title = text(&panel, "title");
        let excepted = EXCEPTIONS.iter().any(|(in_file, of, _, then)| {
            let still = moment == Moment::Healthy || *then == Then::Nothing;
            *in_file == file && *of == title && still
        });
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = with_variables(text(target, "expr"));
            let answer = play.prometheus.range(&query, play.began, 1).await;
            let answer = answer.with_context(|| format!("{file}, {title}: {query}"))?;
            let shows = answer.iter().flat_map(|series| &series.values).any(|(_, v)| !v.is_nan());
            match (shows, excepted) {
                (true, false) | (false, true) => {}
                (false, false) => faults.push(format!("{file}, {title}: no data: {query}")),
                (true, true) => faults.push(format!("{file}, {title}: is no exception: {query}")),
            }
            asked += 1;
        }
    }
    ensure!(asked > 100, "only {asked} queries were found");
    Ok(faults)
}

fn with_variables(query: &str) -> String {
    VARIABLES.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value))
}

/// Every panel that shows something, with its dashboard's file.
fn panels() -> Result<Vec<(String, Value)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(kept().join("dashboards"))? {
        let path = entry?.path();
        let read: Value = serde_json::from_slice(&std::fs::read(&path)?)
            .with_context(|| path.display().to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let panels = read["panels"].as_array().into_iter().flatten();
        let shown = panels.filter(|panel| panel["type"] != "row");
        found.extend(shown.map(|panel| (name.clone(), panel.clone())));
    }
    Ok(found)
}

/// The names of series that these files speak of, without what a histogram adds to its name.
fn spoken_of(folder: &Path, ending: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ending) {
            let text = std::fs::read_to_string(&path)?;
            let names = asked_for(&text).into_iter();
            let names = names.filter_map(|name| Some(name.split('{').next()?.to_owned()));
            found.extend(names.filter(|name| name.starts_with("ebs_")));
        }
    }
    let whole = |name: &String| {
        let ends = ["_bucket", "_sum", "_count"].into_iter();
        ends.fold(name.clone(), |name, end| name.trim_end_matches(end).to_owned())
    };
    Ok(found.iter().map(whole).collect())
}

#[test]
fn every_metric_is_shown_or_watched_and_nothing_else_is() -> Result<()> {
    let listed = std::fs::read_to_string(kept().join("../docs/METRICS.md"))?;
    let rows = listed.lines().filter_map(|line| line.strip_prefix("| `"));
    let metrics: BTreeSet<_> =
        rows.filter_map(|row| Some(row.split('`').next()?.to_owned())).collect();
    let mut spoken = spoken_of(&kept().join("dashboards"), ".json")?;
    spoken.extend(spoken_of(&kept().join("alerts"), ".rules.yaml")?);
    // The label that links of alerts begin with, not a series.
    spoken.remove("ebs_source");
    assert!(metrics.len() > 60, "{metrics:?}");
    assert_eq!(spoken, metrics);
    Ok(())
}
