//! What a coordinator says of itself at `/status.json`. The one place that knows its words: a key that is missing is empty here.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;

/// The longest a status may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The status.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// When this was true, in ms since the Unix epoch.
    pub now: i64,
    /// Who leads, if anybody does.
    pub leader: Option<Leader>,
    /// The batch that runs.
    pub current: Option<Batch>,
    /// How many triggers no batch has taken.
    pub pending_total: u64,
    /// Batches that ended, newest first.
    pub recent: Vec<Batch>,
    /// How many triggers have which answer.
    pub triggers_by_answer: BTreeMap<String, u64>,
    /// The tags that trigger.
    pub trigger_tags: Vec<TriggerTag>,
    /// Triggers that the archive of the bus told of.
    pub caught_up: u64,
    /// Triggers that only Koji's record told of.
    pub late_found: u64,
    /// Effects whose outcome is not known.
    pub effects_open: u64,
    /// Results of closed effects or earlier runs.
    pub stale_results: u64,
    /// Jobs that each worker has done.
    pub jobs_by_worker: BTreeMap<String, u64>,
}

/// A tag whose builds trigger.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TriggerTag {
    /// The tag.
    pub tag: String,
    /// How many builds were in it at the first comparison that have triggered nothing.
    pub untriggered: u64,
}

/// Who leads.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Leader {
    /// Its name.
    pub instance: String,
    /// Whether it is the instance that says so.
    pub here: bool,
}

/// A batch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Batch {
    /// Its number.
    pub id: i64,
    /// Where it is.
    pub phase: String,
    /// When it was formed, in ms since the Unix epoch.
    pub created: i64,
    /// When it ended, in ms since the Unix epoch.
    pub ended: i64,
    /// What it waits for that should not be, in words.
    pub waiting: Option<String>,
    /// Its figures.
    pub summary: Summary,
    /// Its components.
    pub builds: Vec<Member>,
}

/// A component in a batch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Member {
    /// Its name.
    pub component: String,
    /// Where its build is, or how it ended.
    pub state: String,
    /// Since when it is there, in ms since the Unix epoch.
    pub since: i64,
    /// The class of its failure.
    pub class: Option<String>,
}

/// The figures of a batch, as the batch machine counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Components.
    pub components: u64,
    /// Slices that were begun.
    pub slices: u64,
    /// Attempts, summed over slices.
    pub attempts: u64,
    /// Builds that succeeded.
    pub builds_succeeded: u64,
    /// Builds that failed, by class.
    pub builds_failed: BTreeMap<String, u64>,
    /// Builds that ran too long.
    pub builds_timed_out: u64,
    /// Builds that somebody cancelled.
    pub builds_cancelled: u64,
    /// Builds that were there before.
    pub builds_adopted: u64,
    /// Builds that an operator took out.
    pub builds_dropped: u64,
    /// Updates.
    pub updates: u64,
    /// Updates by their end.
    pub updates_by_end: BTreeMap<String, u64>,
    /// Groups that wait for a person.
    pub groups_held: u64,
    /// Builds that are in the stable tag.
    pub stable: u64,
}

impl Status {
    /// How many triggers there are, pending ones too.
    #[must_use]
    pub fn triggers(&self) -> u64 {
        self.triggers_by_answer.values().sum()
    }

    /// How each component ended, over all recent batches; the newest end counts.
    #[must_use]
    pub fn ends(&self) -> BTreeMap<String, String> {
        let members = self.recent.iter().rev().flat_map(|batch| &batch.builds);
        members.map(|member| (member.component.clone(), member.end())).collect()
    }

    /// Whether every build of the batch under way has had a task for at least so many ms.
    #[must_use]
    pub fn all_build_for(&self, millis: i64) -> bool {
        let builds = self.current.as_ref().map(|batch| &batch.builds);
        let long = |build: &Member| build.state == "building" && self.now - build.since >= millis;
        builds.is_some_and(|builds| !builds.is_empty() && builds.iter().all(long))
    }

    /// The figures of all recent batches together.
    #[must_use]
    pub fn sum(&self) -> Summary {
        self.recent.iter().fold(Summary::default(), |sum, batch| sum.plus(&batch.summary))
    }
}

impl Member {
    fn end(&self) -> String {
        match &self.class {
            Some(class) => format!("{} ({class})", self.state),
            None => self.state.clone(),
        }
    }
}

impl Summary {
    fn plus(self, other: &Self) -> Self {
        Self {
            components: self.components + other.components,
            slices: self.slices + other.slices,
            attempts: self.attempts + other.attempts,
            builds_succeeded: self.builds_succeeded + other.builds_succeeded,
            builds_failed: merged(self.builds_failed, &other.builds_failed),
            builds_timed_out: self.builds_timed_out + other.builds_timed_out,
            builds_cancelled: self.builds_cancelled + other.builds_cancelled,
            builds_adopted: self.builds_adopted + other.builds_adopted,
            builds_dropped: self.builds_dropped + other.builds_dropped,
            updates: self.updates + other.updates,
            updates_by_end: merged(self.updates_by_end, &other.updates_by_end),
            groups_held: self.groups_held + other.groups_held,
            stable: self.stable + other.stable,
        }
    }
}

fn merged(
    mut counts: BTreeMap<String, u64>,
    others: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    for (word, count) in others {
        *counts.entry(word.clone()).or_default() += count;
    }
    counts
}

/// Asks coordinators.
#[derive(Clone, Debug)]
pub struct Pages {
    http: Client,
}

impl Pages {
    /// An HTTP client for them.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            http: Client::builder()
                .timeout(LIMIT)
                .no_proxy()
                .build()
                .context("make an HTTP client")?,
        })
    }

    /// Whether the instance at this port leads and is ready.
    pub async fn leads(&self, port: u16) -> bool {
        let leads = self.status(port).await.is_ok_and(|status| {
            status.and_then(|status| status.leader).is_some_and(|leader| leader.here)
        });
        leads && self.ready(port).await == Some(true)
    }

    /// Whether the instance at this port says that it is ready; `None` if it says nothing.
    pub async fn ready(&self, port: u16) -> Option<bool> {
        let answer = self.http.get(format!("http://127.0.0.1:{port}/ready")).send().await.ok()?;
        Some(answer.status().is_success())
    }

    /// The lines of the metrics of the instance at this port; none while it cannot say.
    pub async fn metrics(&self, port: u16) -> Vec<String> {
        let asked = self.http.get(format!("http://127.0.0.1:{port}/metrics")).send().await;
        let Ok(answer) = asked else { return Vec::new() };
        answer.text().await.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The parts that keep the instance at this port from being ready; none while it cannot say.
    pub async fn faulty(&self, port: u16) -> Vec<String> {
        let Ok(answer) = self.http.get(format!("http://127.0.0.1:{port}/ready")).send().await
        else {
            return Vec::new();
        };
        let told: Value = answer.json().await.unwrap_or_default();
        let conditions = told["conditions"].as_array().into_iter().flatten();
        let faulty = conditions.filter(|condition| !condition["fault"].is_null());
        faulty.filter_map(|condition| condition["name"].as_str().map(str::to_owned)).collect()
    }

    /// The status of the instance at this port; `None` while it cannot say.
    ///
    /// # Errors
    ///
    /// What it says is no status.
    pub async fn status(&self, port: u16) -> anyhow::Result<Option<Status>> {
        let Ok(answer) = self.http.get(format!("http://127.0.0.1:{port}/status.json")).send().await
        else {
            return Ok(None);
        };
        if !answer.status().is_success() {
            return Ok(None);
        }
        let value: Value = answer.json().await.context("read /status.json")?;
        serde_json::from_value(value).map(Some).context("understand /status.json")
    }
}

#[cfg(test)]
mod tests;
