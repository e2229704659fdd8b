//! One batch of the scenario `mixed` in several processes, with Prometheus on top.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use ebs_integration::{ports::free_port, prometheus::Prometheus};
use ebs_stage::{
    child::{say, wait_for},
    config::{self, TOKEN, Tempo},
    fedora,
    once::Performance,
    scenario::{Cast, Scenario},
    status::Pages,
    troupe::{Cue, Troupe, program},
    watch::scrape,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// The longest that anything is waited for.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// What all chance is drawn from; odd: builds are drafts.
const SEED: u64 = 1;

/// The run.
pub(crate) struct Play {
    pub(crate) prometheus: Prometheus,
    pub(crate) troupe: Troupe,
    /// When it began, in seconds since the Unix epoch, by Prometheus' clock.
    pub(crate) began: f64,
    /// The port of the coordinator that leads at first.
    pub(crate) port: u16,
    pages: Pages,
    performance: Performance,
    folder: TempDir,
}

impl Play {
    /// Starts everything; nothing is tagged yet.
    pub(crate) async fn begin(packages: usize) -> Result<Self> {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scenario = Scenario::named("mixed")?.with_seed(SEED);
        let cast = Cast::new(&scenario, packages)?;
        let folder = tempfile::tempdir().context("make a run folder")?;
        let dynamic: PathBuf = config::write_dynamic(folder.path(), &cast)?;
        let mut script = fedora::script(&scenario, &cast, SEED);
        script["bodhi"]["lists"][config::LIST] = config::listed(&scenario, &cast).into();
        let (port, pages) = (free_port()?, Pages::new()?);
        let cue = Cue {
            folder: folder.path(),
            dynamic: &dynamic,
            script: &script,
            port,
            workers: Some(2),
            scratch: false,
            drafts: scenario.draft_builds(SEED),
            batch_size: cast.batch_size,
            tempo: Tempo::default(),
            max_open_builds: None,
            prefetch: None,
            proxied: false,
            listens: false,
            disk: None,
            tagged_before: &[],
        };
        let troupe = Troupe::start(&cue, &pages).await?;
        let prometheus = Prometheus::start(&scrape(&troupe, port)).await?;
        let performance =
            Performance { scenario, cast, seed: SEED, port, mode: "stack", limit: LIMIT };
        let began = prometheus.query("time()").await?.first().map_or(f64::NAN, |now| now.last());
        Ok(Self { prometheus, troupe, began, port, pages, performance, folder })
    }

    /// Plays the batch to its end and has ELN compared with Rawhide, until Prometheus has seen both.
    pub(crate) async fn batch(&mut self) -> Result<()> {
        self.scraped("every process is scraped", "count(up == 1) == 4").await?;
        let figures = self.performance.play(&mut self.troupe, &self.pages).await?;
        ensure!(figures.mismatches.is_empty(), "{}", figures.mismatches.join("; "));
        self.told("reconcile run --reason test").await?;
        self.scraped("the comparison", "max(ebs_reconcile_last_run_timestamp_seconds) > 0").await?;
        self.scraped("the batch's end", "sum(ebs_batches_total) == 1").await
    }

    /// Waits until a query gives something.
    pub(crate) async fn scraped(&self, what: &str, query: &str) -> Result<()> {
        let prometheus = &self.prometheus;
        wait_for(what, LIMIT, || async {
            Ok((!prometheus.query(query).await?.is_empty()).then_some(()))
        })
        .await
        .with_context(|| query.to_owned())
    }

    /// What `ebsctl` says to these words, to the coordinator that leads at first.
    pub(crate) async fn told(&self, words: &str) -> Result<String> {
        let mut command = Command::new(program("ebsctl")?);
        command.args(words.split_whitespace()).current_dir(self.folder.path());
        command.env("EBS_URL", format!("http://127.0.0.1:{}/", self.port));
        command.env("EBS_TOKEN_FILE", self.folder.path().join(TOKEN)).kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await??;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(output.status.success(), "{words}: {said}");
        Ok(said)
    }

    /// Ends everything; the logs are kept if something was not as it should be.
    pub(crate) async fn end(self, seen: &Result<()>) {
        drop(self.prometheus);
        self.troupe.stop().await;
        if seen.is_err() {
            say(&format!("logs are kept in {}", self.folder.keep().display()));
        }
    }
}

/// A part of a JSON value that is a text.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
