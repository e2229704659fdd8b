//! Every rule for an alert: what it says, whether what it asks for is there, and some real faults.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use ebs_stage::watch::kept;
use serde_json::Value;

use crate::play::{Play, text};

/// What a run without faults has not got: a part of a rule's question, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("ebs_credential_left_seconds{credential=~\".*ticket.*\"}", "there is no Kerberos here"),
    ("ebs_koji_calls_total{outcome=\"login\"}", "Koji lets us in"),
    ("ebs_bodhi_calls_total{outcome=\"login\"}", "Bodhi lets us in"),
    (
        "ebs_worker_queue_errors_total",
        "the queue works; the panel that shows it is asked after faults",
    ),
];

/// Alerts that may be about to fire in a run of a minute, and why they never do.
const NEARLY: &[(&str, &str)] = &[(
    "EbsLateFinds",
    "the archive is read each second, and may be faster than the bus; it would have to go on",
)];

/// The rules as Prometheus has understood them.
async fn rules(play: &Play) -> Result<Vec<Value>> {
    let told = play.prometheus.ask("rules", &[("type", "alert")]).await?;
    let groups = told["groups"].as_array().context("Prometheus has rules")?;
    let rules = groups.iter().filter_map(|group| group["rules"].as_array()).flatten();
    Ok(rules.cloned().collect())
}

/// What is wrong with them.
pub(crate) async fn faults(play: &Play) -> Result<Vec<String>> {
    let (mut faults, tests) = (Vec::new(), tests()?);
    let (mut selectors, found) = (BTreeSet::new(), rules(play).await?);
    ensure!(found.len() > 30, "only {} rules were found", found.len());
    for rule in &found {
        let name = text(rule, "name");
        let known = NEARLY.iter().any(|(nearly, _)| *nearly == name);
        if text(rule, "health") != "ok" {
            faults.push(format!("{name}: {}", text(rule, "lastError")));
        }
        let state = text(rule, "state");
        if state != "inactive" && !(known && state == "pending") {
            faults.push(format!("{name} is {state} in a healthy run"));
        }
        faults.extend(unsaid(rule).into_iter().map(|what| format!("{name}: {what}")));
        if !tests.contains(&format!("alertname=\"{name}\"}}', value: ")) {
            faults.push(format!("{name} has no fault of its own in grafana/alerts/tests"));
        }
        selectors.extend(asked_for(text(rule, "query")));
    }
    for selector in selectors {
        let there =
            !play.prometheus.query(&format!("last_over_time({selector}[10m])")).await?.is_empty();
        if there == EXCEPTIONS.iter().any(|(part, _)| *part == selector) {
            faults
                .push(format!("{selector}: {}", if there { "is no exception" } else { "no data" }));
        }
    }
    Ok(faults)
}

/// What a rule should say and does not.
fn unsaid(rule: &Value) -> Vec<String> {
    let (mut faults, annotations) = (Vec::new(), &rule["annotations"]);
    if !["critical", "warning"].contains(&text(&rule["labels"], "severity")) {
        faults.push("it has no severity".to_owned());
    }
    if text(annotations, "summary").is_empty() {
        faults.push("it has no summary".to_owned());
    }
    if !text(annotations, "description").ends_with('.') {
        faults.push("its description is no sentence".to_owned());
    }
    let section = format!("docs/OPERATIONS.md#{}", text(rule, "name").to_lowercase());
    if !text(annotations, "runbook_url").ends_with(&section) {
        faults.push(format!("its link does not lead to {section}"));
    }
    // Of a page that is not there nothing can be said.
    let page = std::fs::read_to_string(kept().join("../docs/OPERATIONS.md")).unwrap_or_default();
    let heading = |line: &str| {
        line.starts_with('#') && line.trim_start_matches(['#', ' ']) == text(rule, "name")
    };
    if !page.is_empty() && !page.lines().any(heading) {
        faults.push(format!("there is no section {section}"));
    }
    faults
}

/// The unit tests of the rules.
fn tests() -> Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(kept().join("alerts/tests"))? {
        all.push_str(&std::fs::read_to_string(entry?.path())?);
    }
    Ok(all)
}

/// The parts of a query that name series: a metric's name, with its selection by labels.
pub(crate) fn asked_for(query: &str) -> Vec<String> {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let (mut found, mut rest) = (Vec::new(), query);
    while let Some(start) = rest.find(name) {
        let end = rest[start..].find(|c| !name(c)).map_or(rest.len(), |length| start + length);
        let (word, after) = (&rest[start..end], &rest[end..]);
        let selection = match (after.starts_with('{'), after.find('}')) {
            (true, Some(close)) => &after[..=close],
            _ => "",
        };
        if ["ebs_", "process_"].iter().any(|prefix| word.starts_with(prefix)) || word == "up" {
            found.push(format!("{word}{selection}"));
        }
        // What stands in quotes names nothing.
        let quoted = after.strip_prefix('"').and_then(|text| text.find('"')).map_or(0, |to| to + 2);
        rest = &after[selection.len().max(quoted)..];
    }
    found
}

#[test]
fn what_a_rule_asks_for_is_found_in_its_text() {
    let query =
        r#"sum by (up) (increase(ebs_a_total{b="x"}[1h])) > 0 and on (job) ebs_c unless up == 0"#;
    assert_eq!(asked_for(query), ["up", "ebs_a_total{b=\"x\"}", "ebs_c", "up"]);
}

/// The question of an alert, without its patience.
async fn question(play: &Play, name: &str) -> Result<String> {
    let rules = rules(play).await?;
    let rule = rules.iter().find(|rule| text(rule, "name") == name);
    Ok(text(rule.with_context(|| format!("there is no {name}"))?, "query").to_owned())
}

/// Real faults, one after the other, each seen by the question of the alert for it.
pub(crate) async fn faults_are_seen(play: &mut Play) -> Result<()> {
    play.told("pause --for 1h --reason test").await?;
    play.scraped("it is paused", &question(play, "EbsPausedLong").await?).await?;
    let servers = play.troupe.servers.as_mut().context("there is a Redis")?;
    servers.redis.kill().await?;
    play.scraped("workers are in trouble", "sum(increase(ebs_worker_queue_errors_total[10s])) > 0")
        .await?;
    play.troupe.take_worker(1).context("there is a worker")?.kill().await;
    play.scraped("a process is down", &question(play, "EbsProcessDown").await?).await?;
    // The lead changes hands, and for a while nobody has it.
    play.troupe.take_coordinator("coordinator").context("there is a leader")?.kill().await;
    play.scraped("nobody leads", &question(play, "EbsNoLeader").await?).await?;
    play.scraped("the standby leads", "sum(ebs_leader) == 1 and on () count(ebs_leader) == 1")
        .await?;
    play.scraped("what it knows", "sum(ebs_batch_phase) == 1").await?;
    play.troupe.take_coordinator("standby").context("there is a standby")?.kill().await;
    play.scraped("nobody is there", &question(play, "EbsDown").await?).await?;
    Ok(())
}
