//! The simulated Fedora: its script, and what is said to its control plane. The one place that knows its words.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, bail};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    child::{Child, wait_for},
    config,
    scenario::{Cast, Part, Scenario, UpdateTrouble},
};

/// How long the simulator may take to be ready.
const READY: Duration = Duration::from_secs(20);

/// How a tagging is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// By one message.
    Once,
    /// By a message, though nothing was tagged.
    False,
    /// By the archive alone.
    Archived,
    /// By nothing: Koji alone knows.
    Untold,
    /// On the topic of CentOS.
    Centos,
    /// With a body that is no JSON.
    NotJson,
}

/// A running simulator.
pub struct Fedora {
    /// Where it is.
    pub url: String,
    control: String,
    http: Client,
    /// Its process.
    pub child: Child,
}

/// What it tells at the end.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Report {
    /// HTTP requests by service and method, without polls.
    pub requests: BTreeMap<String, u64>,
    /// Calls of the hub by method.
    pub calls: BTreeMap<String, u64>,
    /// Requests to the hub that only poll.
    pub koji_polls: u64,
    /// What was asked for twice.
    pub duplicates: Vec<String>,
    /// Calls that it does not know.
    pub unknown_calls: BTreeMap<String, u64>,
    /// What is still there.
    pub leftovers: Leftovers,
    /// The updates there are.
    pub updates: Vec<UpdateEntry>,
}

/// An update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UpdateEntry {
    /// The side tag it was made from: Bodhi's from then on.
    pub from_tag: String,
}

/// What is still there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Leftovers {
    /// Side tags by name.
    pub side_tags: Vec<String>,
    /// Tasks that have not ended.
    pub open_tasks: Vec<i64>,
    /// Requests for repos that are worked on.
    pub open_repo_requests: Vec<i64>,
}

/// The script of a run, as the simulator reads it.
#[must_use]
pub fn script(scenario: &Scenario, cast: &Cast, seed: u64) -> Value {
    let mut outcomes = serde_json::Map::new();
    let mut updates = serde_json::Map::new();
    for part in &cast.parts {
        if !part.role.outcomes.is_empty() {
            outcomes.insert(part.upstream.clone(), json!(part.role.outcomes));
        }
        if let Some(trouble) = part.role.update {
            updates.insert(part.upstream.clone(), json!([word(trouble), "stable"]));
        }
    }
    let (least, most) = if scenario.vanish { (3000, 4000) } else { (200, 1500) };
    let mut script = json!({
        "seed": seed,
        "outcomes": outcomes,
        "timing": {
            "pickup_ms": 50, "build_min_ms": least, "build_max_ms": most, "tagging_ms": 50, "repo_ms": 200,
            "repo_queue_ms": 100,
        },
    });
    if !updates.is_empty() {
        script["bodhi"] = json!({ "outcomes": updates });
    }
    script
}

/// The simulator's word.
fn word(trouble: UpdateTrouble) -> &'static str {
    match trouble {
        UpdateTrouble::Refused => "refused",
        UpdateTrouble::CreatedButBadGateway => "created_but502",
        UpdateTrouble::BuildMissing => "build_missing",
        UpdateTrouble::Obsoleted => "obsoleted",
        UpdateTrouble::Unpushed => "unpushed",
        UpdateTrouble::GatingFailed => "gating_failed",
    }
}

impl Fedora {
    /// Starts it and waits for its ready line.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn start(
        program: &Path,
        folder: &Path,
        script: &Value,
        broker: Option<&str>,
    ) -> anyhow::Result<Self> {
        let file = config::write(folder, "fedora.json", &serde_json::to_string_pretty(script)?)?;
        let mut command = Command::new(program);
        command.arg("--script").arg(file);
        if let Some(broker) = broker {
            command.args(["--broker", broker]);
        }
        let mut child = Child::start("fedora-sim", command, folder)?;
        let (url, control) = wait_for("the simulated Fedora is ready", READY, || {
            let found = child.must_live().map(|()| ready(&child.printed()));
            async move { found }
        })
        .await?;
        let http =
            Client::builder().timeout(READY).no_proxy().build().context("make an HTTP client")?;
        Ok(Self { url, control, http, child })
    }

    /// A Rawhide build of this part is tagged and told. `release` tells several builds of one package apart.
    ///
    /// # Errors
    ///
    /// The simulator refuses.
    pub async fn tag(&self, part: &Part, release: u32, announce: Announce) -> anyhow::Result<()> {
        self.tag_named(&part.upstream, &version(part), release, announce).await
    }

    /// The same for a package that is in no cast.
    ///
    /// # Errors
    ///
    /// The simulator refuses.
    pub async fn tag_named(
        &self,
        name: &str,
        version: &str,
        release: u32,
        announce: Announce,
    ) -> anyhow::Result<()> {
        let how = match announce {
            Announce::Once => "once",
            Announce::False => "false",
            Announce::Archived => "dropped",
            Announce::Untold => "lost",
            Announce::Centos => "centos",
            Announce::NotJson => "not_json",
        };
        let mut body = json!({
            "name": name, "version": version, "release": format!("{release}.fc45"), "commit": commit(name, release),
            "announce": how,
        });
        if announce == Announce::NotJson {
            // That build is really tagged: into a tag that triggers nothing.
            body["tag"] = json!("f45-build");
        }
        self.post("/sim/tag", &body).await.map(drop)
    }

    /// A Rawhide build of this package that the bus never tells of: its number and its source. With `tag`, in that tag instead.
    ///
    /// # Errors
    ///
    /// The simulator refuses.
    pub async fn tag_silently(
        &self,
        name: &str,
        release: &str,
        tag: Option<&str>,
    ) -> anyhow::Result<(i64, String)> {
        let body = json!({
            "name": name, "version": "1", "release": release, "commit": commit(name, 1), "tag": tag, "announce": "lost",
        });
        let made = self.post("/sim/tag", &body).await?;
        let (build, source) = (made["build_id"].as_i64(), made["source"].as_str());
        Ok((build.context("the build's number")?, source.context("its source")?.to_owned()))
    }

    /// A build of this part that is in ELN already, of the commit that Rawhide's `release` was built from.
    ///
    /// # Errors
    ///
    /// The simulator refuses.
    pub async fn tag_in_eln(&self, part: &Part, release: u32) -> anyhow::Result<()> {
        let (name, version) = (&part.upstream, version(part));
        let body = json!({
            "name": name, "version": version, "release": format!("{release}.eln151"), "commit": commit(name, release),
            "tag": "eln", "announce": "lost",
        });
        self.post("/sim/tag", &body).await.map(drop)
    }

    /// A new Rawhide build of the commit that `release` was built from, under the next release.
    ///
    /// # Errors
    ///
    /// The simulator refuses.
    pub async fn tag_same_source(&self, part: &Part, release: u32) -> anyhow::Result<()> {
        let (name, version) = (&part.upstream, version(part));
        let body = json!({
            "name": name, "version": version, "release": format!("{}.fc45", release + 1), "commit": commit(name, release),
        });
        self.post("/sim/tag", &body).await.map(drop)
    }

    /// Somebody removes the newest side tag. False if there is none.
    ///
    /// # Errors
    ///
    /// The simulator cannot be reached.
    pub async fn remove_side_tag(&self) -> anyhow::Result<bool> {
        let deed = json!({ "do": "remove_side_tag" });
        let answer =
            self.http.post(format!("{}/sim/operator", self.control)).json(&deed).send().await?;
        Ok(answer.status().is_success())
    }

    /// Has all services listen, or refuse connections.
    ///
    /// # Errors
    ///
    /// The simulator does not do so.
    pub async fn door(&self, open: bool) -> anyhow::Result<()> {
        self.post("/sim/door", &json!({ "open": open })).await.map(drop)
    }

    /// Replaces parts of the script.
    ///
    /// # Errors
    ///
    /// The simulator refuses.
    pub async fn change(&self, patch: &Value) -> anyhow::Result<()> {
        self.post("/sim/script", patch).await.map(drop)
    }

    /// What was asked of it, and what is left.
    ///
    /// # Errors
    ///
    /// The simulator cannot be reached, or says something odd.
    pub async fn report(&self) -> anyhow::Result<Report> {
        serde_json::from_value(self.raw_report().await?)
            .context("understand the simulator's report")
    }

    /// The same in full.
    ///
    /// # Errors
    ///
    /// The simulator cannot be reached.
    pub async fn raw_report(&self) -> anyhow::Result<Value> {
        let answer = self
            .http
            .get(format!("{}/sim/report", self.control))
            .send()
            .await?
            .error_for_status()?;
        answer.json().await.context("read the simulator's report")
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.http.post(format!("{}{path}", self.control)).json(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("the simulator refused {path} {body}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("read the answer to {path}"))
    }
}

/// Where it is and where its control plane is, once it has said so.
fn ready(printed: &str) -> Option<(String, String)> {
    let place =
        |line: &Value, key: &str| Some(line.get(key)?.as_str()?.trim_end_matches('/').to_owned());
    let mut lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find_map(|line| Some((place(&line, "url")?, place(&line, "control")?)))
}

/// Versions differ a little, as in life.
fn version(part: &Part) -> String {
    format!(
        "{}.{}",
        1 + part.component.len() % 7,
        part.component.bytes().map(u32::from).sum::<u32>() % 40
    )
}

/// Forty hexadecimal digits that depend on package and release only.
fn commit(name: &str, release: u32) -> String {
    let one =
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("{name} {release}").as_bytes());
    let two = uuid::Uuid::new_v5(&one, name.as_bytes());
    format!("{}{}", one.simple(), &two.simple().to_string()[..8])
}

#[cfg(test)]
mod tests;
