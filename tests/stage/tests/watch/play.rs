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
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// The longest that anything is waited for.
pub(crate) const LIMIT: Duration = Duration::from_secs(150);

/// What all chance is drawn from; odd: builds are drafts.
const SEED: u64 = 1;

/// How long updates wait for their approval, in ms: so that groups are seen by more than one scrape.
const APPROVAL_MS: u64 = 4000;

/// How slow Fedora is as the batch begins: so that changes are open for more than one scrape. Shorter than any time limit.
const SLOW_MS: u64 = 900;

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
        script["bodhi"]["timing"]["approve_ms"] = json!(APPROVAL_MS);
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
            secure: false,
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

    /// Plays the batch to its end, with Koji away as it begins and Bodhi as it publishes, and has ELN compared with Rawhide, until
    /// Prometheus has seen all of that.
    pub(crate) async fn batch(&mut self) -> Result<()> {
        self.scraped("every process is scraped", "count(up == 1) == 4").await?;
        self.away("koji", "offline").await?;
        self.performance.first_round(&self.troupe.fedora).await?;
        self.missed("koji").await?;
        self.slow(SLOW_MS).await?;
        self.scraped("a change takes its time", "max(ebs_effect_oldest_seconds) > 0").await?;
        self.slow(0).await?;
        self.away("bodhi", "http503").await?;
        self.missed("bodhi").await?;
        let figures = self.performance.end(&mut self.troupe, &self.pages).await?;
        ensure!(figures.mismatches.is_empty(), "{}", figures.mismatches.join("; "));
        self.told("reconcile run --reason test").await?;
        // Some scrapes later, so that windows of rates have them, too.
        let compared = "max(ebs_reconcile_last_run_timestamp_seconds offset 5s) > 0";
        self.scraped("the comparison", compared).await?;
        self.scraped("the batch's end", "sum(ebs_batches_total offset 5s) == 1").await
    }

    /// This service answers that it is away.
    async fn away(&self, service: &str, trouble: &str) -> Result<()> {
        let faults = json!({ "faults": { "now": trouble, "now_service": service } });
        self.troupe.fedora.change(&faults).await
    }

    /// What each request takes, in ms.
    async fn slow(&self, millis: u64) -> Result<()> {
        self.troupe.fedora.change(&json!({ "timing": { "request_ms": millis } })).await
    }

    /// Waits until it was seen that this service is away; then it is back.
    async fn missed(&self, service: &str) -> Result<()> {
        let away = format!("max(ebs_unavailable_seconds{{service=\"{service}\"}}) > 1");
        self.scraped("it is away", &away).await?;
        self.troupe.fedora.change(&json!({ "faults": { "now": null } })).await
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
