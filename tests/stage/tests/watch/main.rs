//! Dashboards and rules for alerts against a real Prometheus that scrapes the whole service during a batch with every special end:
//! each query is answered, and each answer is what it should be. Needs the programs built, and `prometheus`.

mod panels;
mod play;
mod rules;

use anyhow::{Result, ensure};

use panels::Moment;
use play::Play;

/// The batch's packages.
const PACKAGES: usize = 30;

/// What a standby could double, and what it is in a run of one batch.
const COUNTED: &[(&str, f64)] = &[
    ("sum(ebs_leader)", 1.0),
    ("max(ebs_workers)", 2.0),
    ("sum(ebs_batches_total)", 1.0),
    ("sum(ebs_batches_total{outcome=\"done\"})", 1.0),
    ("sum(ebs_builds_total)", 30.0),
    ("sum(ebs_build_failures_total)", 4.0),
    ("sum(ebs_batch_duration_seconds_count)", 1.0),
    ("max(ebs_dead_jobs)", 0.0),
    ("count(ebs_build_info)", 4.0),
];

async fn nothing_is_doubled(play: &Play) -> Result<()> {
    for (query, expected) in COUNTED {
        let found = play.prometheus.query(query).await?;
        let value = found.first().map_or(f64::NAN, |series| series.last());
        ensure!((value - expected).abs() < 0.5, "{query}: {value} instead of {expected}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_query_of_panels_and_rules_is_answered_by_a_real_prometheus() -> Result<()> {
    let mut play = Play::begin(PACKAGES).await?;
    let seen = async {
        play.batch().await?;
        nothing_is_doubled(&play).await?;
        let silent = panels::unanswered(&play, Moment::Healthy).await?;
        ensure!(silent.is_empty(), "panels:\n{}", silent.join("\n"));
        let faults = rules::faults(&play).await?;
        ensure!(faults.is_empty(), "rules:\n{}", faults.join("\n"));
        rules::faults_are_seen(&mut play).await?;
        let silent = panels::unanswered(&play, Moment::Faulty).await?;
        ensure!(silent.is_empty(), "panels after faults:\n{}", silent.join("\n"));
        Ok(())
    }
    .await;
    play.end(&seen).await;
    seen
}
