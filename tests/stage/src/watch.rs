//! `./dev stack --watch`: a Prometheus that scrapes every process of ours and has the rules for alerts, and a Grafana where the
//! system has one. Does *not* look at what they show.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use ebs_integration::{
    ports::free_port,
    prometheus::{Prometheus, Scrape},
};
use tokio::process::Command;

use crate::{child::Child, troupe::Troupe};

/// How often processes are scraped, in ms: batches take seconds here.
pub const EVERY: u64 = 1_000;

/// Those who look.
pub struct Watch {
    /// What scrapes.
    pub prometheus: Prometheus,
    /// What draws, if there is one.
    pub grafana: Option<Grafana>,
}

/// A Grafana with our dashboards.
pub struct Grafana {
    /// Its address, with a slash at the end.
    pub url: String,
    _child: Child,
}

impl Watch {
    /// Starts them on top of what runs, with the leader's pages at this port.
    ///
    /// # Errors
    ///
    /// Prometheus is missing or does not start, or Grafana is there and does not.
    pub async fn start(troupe: &Troupe, port: u16, folder: &Path) -> anyhow::Result<Self> {
        let prometheus = Prometheus::start(&scrape(troupe, port)).await?;
        let grafana = match grafana_program(&std::env::var_os("PATH").unwrap_or_default()) {
            Some(program) => Some(Grafana::start(&program, &prometheus.url, folder)?),
            None => None,
        };
        Ok(Self { prometheus, grafana })
    }
}

/// All that tell metrics, and the rules.
#[must_use]
pub fn scrape(troupe: &Troupe, port: u16) -> Scrape {
    let coordinators = std::iter::once(port).chain(troupe.standby).collect();
    let workers = troupe.metrics.values().copied().collect();
    Scrape {
        every: EVERY,
        jobs: BTreeMap::from([
            ("ebs-coordinator".to_owned(), coordinators),
            ("ebs-worker".to_owned(), workers),
        ]),
        rules: vec![kept().join("alerts/*.rules.yaml")],
    }
}

/// The folder of dashboards and rules.
#[must_use]
pub fn kept() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).join("grafana")
}

/// Grafana's program: in one of these folders, or where its packages put it.
fn grafana_program(path: &std::ffi::OsStr) -> Option<PathBuf> {
    let packaged = PathBuf::from("/usr/share/grafana/bin");
    let folders = std::env::split_paths(path).chain([packaged]);
    folders.map(|folder| folder.join("grafana")).find(|program| program.is_file())
}

impl Grafana {
    /// Starts it with our dashboards and this Prometheus; whoever opens its page may look.
    fn start(program: &Path, prometheus: &str, folder: &Path) -> anyhow::Result<Self> {
        let (port, kept) = (free_port()?, kept());
        let data = folder.join("grafana");
        std::fs::create_dir_all(&data).with_context(|| format!("make {}", data.display()))?;
        let mut command = Command::new(program);
        command
            .args(["server", "--homepath", "/usr/share/grafana"])
            .env("EBS_DASHBOARDS", kept.join("dashboards"))
            .env("EBS_PROMETHEUS_URL", prometheus)
            .env("GF_SERVER_HTTP_ADDR", "127.0.0.1")
            .env("GF_SERVER_HTTP_PORT", port.to_string())
            .env("GF_PATHS_DATA", &data)
            .env("GF_PATHS_LOGS", &data)
            .env("GF_PATHS_PLUGINS", data.join("plugins"))
            .env("GF_PATHS_PROVISIONING", kept.join("provisioning"))
            .env("GF_AUTH_ANONYMOUS_ENABLED", "true")
            .env("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .env("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
            .env("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false");
        let child = Child::start("grafana", command, folder)?;
        Ok(Self { url: format!("http://127.0.0.1:{port}/"), _child: child })
    }
}
