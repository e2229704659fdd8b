//! `docs/METRICS.md` is what the programs register. With `EBS_WRITE_DOCS=1` it is written anew.

#![cfg(test)]

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use ebs_coordinator::measures::Measures;
use ebs_domain::{batch::Effect, trigger::Answer};
use ebs_shared::telemetry::{Described, Metrics};
use ebs_worker::ProgramMetrics;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/METRICS.md");

const HEAD: &str = "# Metrics

Of `ebs-coordinator` at `/metrics` of `ebs.http.listen`, of `ebs-worker` at `/metrics` of `ebs.worker.metrics_listen`. Without Redis the
worker is in the coordinator's process, and its metrics are there too. Beside these both show the `process_…` metrics of Prometheus'
client libraries.

Labels come from small fixed sets, never from what a message brings; `list` is one of the configured package lists. Gauges of the work
(`ebs_batch_…`, `ebs_triggers`, `ebs_effects_…`, `ebs_queue_…`, `ebs_workers…`, `ebs_paused`, `ebs_unavailable_seconds` and the like) are the
leader's: a standby shows zero, or nothing, so take `max`. Counters and histograms are counted by the process that did the work, once it was
stored: sum their rates. They begin at zero with each start.

This page is made by the test that compares it with the programs; it is not written by hand.

";

fn described() -> BTreeMap<String, (Described, &'static str)> {
    let (coordinator, standalone, worker) =
        (Metrics::new().unwrap(), Metrics::new().unwrap(), Metrics::new().unwrap());
    Measures::register(&coordinator, false).unwrap();
    Measures::register(&standalone, true).unwrap();
    ProgramMetrics::register(&worker).unwrap();
    let mut all = BTreeMap::new();
    for metric in standalone.described() {
        let of = |metrics: &Metrics| metrics.described().contains(&metric);
        let word = match (of(&coordinator), of(&worker)) {
            (true, true) => "both",
            (true, false) => "coordinator",
            (false, _) => "worker",
        };
        all.insert(metric.name.clone(), (metric, word));
    }
    for metric in worker.described() {
        assert!(all.contains_key(&metric.name), "{} is of no coordinator", metric.name);
    }
    all
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| metric | type | labels | of | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (name, (metric, of)) in described() {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, labels, help) = (metric.kind.word(), labels.join(", "), metric.help);
        writeln!(page, "| `{name}` | {kind} | {labels} | {of} | {help} |").unwrap();
    }
    page
}

#[test]
fn the_page_of_metrics_says_what_the_programs_register() {
    if std::env::var_os("EBS_WRITE_DOCS").is_some() {
        fs::write(Path::new(PAGE), page()).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert_eq!(written, page(), "EBS_WRITE_DOCS=1 cargo test -p ebs-integration --test metrics");
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    for (name, (metric, _)) in described() {
        let kind = metric.kind.word();
        assert!(name.starts_with("ebs_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{kind} {name}");
        assert!(kind != "histogram" || name.ends_with("_seconds"), "{name}");
        assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{name}: {}", metric.help);
        assert!(metric.labels.len() <= 2, "{name} has a series for each of many combinations");
    }
}

/// One of each, as this program writes them: `fixtures.rs` sees to it that none is missing.
fn newest<T: serde::de::DeserializeOwned>(kind: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind);
    let versions = (1..).map(|version| folder.join(format!("v{version}.jsonl")));
    let file = versions.take_while(|path| path.exists()).last().unwrap();
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_answer_and_each_kind_of_effect_is_counted_from_zero() {
    let metrics = Metrics::new().unwrap();
    Measures::register(&metrics, false).unwrap();
    let shown = metrics.render().unwrap();
    let answers: Vec<Answer> = newest("answer");
    // What is being built has no answer that lasts.
    for answer in answers.iter().filter(|answer| !matches!(answer, Answer::InBatch { .. })) {
        let series = format!("ebs_triggers_answered_total{{answer=\"{}\"}} 0", answer.word());
        assert!(shown.contains(&series), "{series}");
    }
    let effects: Vec<Effect> = newest("effect");
    for effect in &effects {
        let kind = effect.kind();
        let series = format!("ebs_effects_total{{kind=\"{kind}\",outcome=\"done\"}} 0");
        assert!(shown.contains(&series), "{series}");
    }
}
