//! A Prometheus of a test's own: free port, own data folder, gone when dropped. It scrapes and answers; what is asked and what
//! must come out is not known here.

use std::{collections::BTreeMap, fs::File, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, bail};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{ports::free_port, wait::until};

/// The longest that an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What it is to look at.
#[derive(Clone, Debug, Default)]
pub struct Scrape {
    /// How often, and how often rules are evaluated, in ms.
    pub every: u64,
    /// Ports on this machine, by the job that their processes do.
    pub jobs: BTreeMap<String, Vec<u16>>,
    /// Files with rules; may hold `*`.
    pub rules: Vec<PathBuf>,
}

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    /// Its address, with a slash at the end.
    pub url: String,
    http: Client,
    child: Child,
    _folder: TempDir,
}

/// One series of an answer: its labels, and its values with their times in seconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// By name.
    pub labels: BTreeMap<String, String>,
    /// In the order of time.
    pub values: Vec<(f64, f64)>,
}

impl Series {
    /// The last value; not a number if there is none.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.values.last().map_or(f64::NAN, |(_, value)| *value)
    }
}

impl Prometheus {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    ///
    /// If there is no `prometheus`, it does not understand its rules, or does not come up.
    pub async fn start(scrape: &Scrape) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a data folder")?;
        let port = free_port()?;
        let config = folder.path().join("prometheus.yaml");
        // JSON is YAML, too.
        std::fs::write(&config, configuration(scrape).to_string()).context("write its file")?;
        let log = File::create(folder.path().join("log")).context("make its log")?;
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share its log")?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("start prometheus")?;
        let http = Client::builder().timeout(LIMIT).no_proxy().build().context("make a client")?;
        let url = format!("http://127.0.0.1:{port}/");
        let mut started = Self { url, http, child, _folder: folder };
        started.answers().await?;
        Ok(started)
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    async fn answers(&mut self) -> anyhow::Result<()> {
        let (http, ready) = (self.http.clone(), format!("{}-/ready", self.url));
        let (child, log) = (&mut self.child, self._folder.path().join("log"));
        until("Prometheus is ready", async || {
            if let Some(status) = child.try_wait()? {
                bail!("it ended with {status}: {}", std::fs::read_to_string(&log)?);
            }
            Ok(http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()))
        })
        .await
    }

    /// What a query gives now.
    ///
    /// # Errors
    ///
    /// If it does not parse, or cannot be evaluated; the text is Prometheus' own.
    pub async fn query(&self, query: &str) -> anyhow::Result<Vec<Series>> {
        series(&self.ask("query", &[("query", query)]).await?)
    }

    /// What a query has given since a time, in seconds since the Unix epoch, at steps of so many seconds.
    ///
    /// # Errors
    ///
    /// As [`Prometheus::query`].
    pub async fn range(&self, query: &str, since: f64, step: u32) -> anyhow::Result<Vec<Series>> {
        let now = self.query("time()").await?.first().map_or(f64::NAN, Series::last);
        let (since, now, step) = (since.to_string(), now.to_string(), step.to_string());
        let arguments = [("query", query), ("start", &since), ("end", &now), ("step", &step)];
        series(&self.ask("query_range", &arguments).await?)
    }

    /// What it has at `/api/v1/NAME`.
    ///
    /// # Errors
    ///
    /// If it does not answer, or with an error.
    pub async fn ask(&self, name: &str, arguments: &[(&str, &str)]) -> anyhow::Result<Value> {
        let url = format!("{}api/v1/{name}", self.url);
        let answer = self.http.get(url).query(arguments).send().await.context("ask Prometheus")?;
        let told: Value = answer.json().await.context("read what Prometheus says")?;
        if told["status"] != "success" {
            bail!("Prometheus says {}", told["error"]);
        }
        Ok(told["data"].clone())
    }
}

fn configuration(scrape: &Scrape) -> Value {
    let every = format!("{}ms", scrape.every);
    let jobs = scrape.jobs.iter().map(|(job, ports)| {
        let targets: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        json!({ "job_name": job, "static_configs": [{ "targets": targets }] })
    });
    json!({
        "global": { "scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every },
        "rule_files": scrape.rules,
        "scrape_configs": jobs.collect::<Vec<_>>(),
    })
}

/// The series of an answer, of one moment or of many.
fn series(data: &Value) -> anyhow::Result<Vec<Series>> {
    // A scalar is a series without labels.
    if data["resultType"] == "scalar" {
        return Ok(vec![Series { labels: BTreeMap::new(), values: vec![pair(&data["result"])?] }]);
    }
    let rows = data["result"].as_array().context("an answer has a result")?;
    rows.iter().map(one).collect()
}

fn one(row: &Value) -> anyhow::Result<Series> {
    let labels = serde_json::from_value(row["metric"].clone()).context("read labels")?;
    let values = match row["values"].as_array() {
        Some(values) => values.iter().map(pair).collect::<anyhow::Result<_>>()?,
        None => vec![pair(&row["value"])?],
    };
    Ok(Series { labels, values })
}

fn pair(value: &Value) -> anyhow::Result<(f64, f64)> {
    let (time, number) = (value[0].as_f64(), value[1].as_str());
    let number = number.context("a value is a text")?.parse().context("a value is a number")?;
    Ok((time.context("a value has a time")?, number))
}
