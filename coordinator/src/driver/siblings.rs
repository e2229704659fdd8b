//! What is known of builds that came through one Bodhi update with some that wait, and the call that asks for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ebs_domain::{
    id::{Component, TriggerId},
    nvr::Nvr,
    policy::{Eligibility, Policy},
};
use ebs_shared::job::Service;
use tokio::time::Instant;

use super::{failing::Failing, parts::Parts};
use crate::{
    awaited::{self, Awaited},
    store::TriggerRow,
};

/// Most builds of one answer that are waited for; an update with more is a mass rebuild's.
const MAX_EXPECTED: usize = 1_000;

/// How many of a component's newest triggers are looked through for one of a build.
const NEWEST: u32 = 5;

/// A build that belongs with one that waits, and had not come when it was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    /// The one that waits.
    trigger: TriggerId,
    /// Their update.
    alias: String,
    nvr: String,
}

/// What is known of the builds that belong with those that wait.
#[derive(Debug)]
pub(super) struct Siblings {
    pub(super) asked: BTreeSet<TriggerId>,
    pub(super) expected: Vec<Expected>,
    /// When Bodhi may be asked; `None` while it is.
    pub(super) due: Option<Instant>,
    /// Since when it has not answered.
    pub(super) failing: Option<Instant>,
    /// What is stored of it, for people.
    shown: String,
}

impl Siblings {
    pub(super) fn new(shown: String, mono: Instant) -> Self {
        let (asked, expected) = (BTreeSet::new(), Vec::new());
        Self { asked, expected, due: Some(mono), failing: None, shown }
    }

    /// A batch has begun: whatever waits then is asked for anew when it has ended.
    pub(super) fn forget(&mut self) {
        self.asked.clear();
        self.expected.clear();
    }

    /// What has not come, and until when it is waited for.
    pub(super) fn awaited(
        &self,
        pending: &BTreeMap<TriggerId, TriggerRow>,
        wait: Duration,
    ) -> Option<Awaited> {
        if self.expected.is_empty() {
            return None;
        }
        let there: BTreeSet<&str> = pending.values().map(|row| row.trigger.nvr.as_str()).collect();
        let missing =
            self.expected.iter().filter(|expected| !there.contains(expected.nvr.as_str()));
        let mut awaited: Option<Awaited> = None;
        for expected in missing {
            let Some(row) = pending.get(&expected.trigger) else { continue };
            let until = row.trigger.created + wait;
            let all = awaited.get_or_insert_with(|| Awaited {
                v: awaited::VERSION,
                until,
                missing: BTreeMap::new(),
            });
            all.until = all.until.max(until);
            all.missing.entry(expected.alias.clone()).or_default().insert(expected.nvr.clone());
        }
        awaited
    }

    /// When Bodhi is to be asked again after it did not answer. All else that makes asking due is news by itself.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.due.filter(|_| self.failing.is_some())
    }

    /// What is to be kept for people of what is waited for, if it is not kept already.
    pub(super) fn shows(&mut self, awaited: Option<&Awaited>) -> Option<String> {
        let text = match awaited.map(serde_json::to_string).transpose() {
            Ok(text) => text.unwrap_or_default(),
            Err(error) => {
                tracing::error!(%error, "cannot write down what is waited for");
                return None;
            }
        };
        if self.shown == text {
            return None;
        }
        for sentence in awaited.iter().flat_map(|awaited| awaited.words()) {
            tracing::info!("{sentence}");
        }
        self.shown.clone_from(&text);
        Some(text)
    }
}

/// Builds that wait, and whose siblings are asked for.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) waiting: Vec<(TriggerId, String)>,
    pub(super) policy: Arc<Policy>,
}

impl Family {
    pub(super) fn asked(&self) -> Vec<TriggerId> {
        self.waiting.iter().map(|(trigger, _)| *trigger).collect()
    }

    /// Asks Bodhi, and the store for what has come already.
    pub(super) async fn run(self, parts: &Parts) -> Result<Vec<Expected>, Failing> {
        let nvrs: Vec<String> = self.waiting.iter().map(|(_, nvr)| nvr.clone()).collect();
        let updates = parts.updates.holding(&nvrs).await.map_err(|error| Failing::Unavailable {
            service: Service::Bodhi,
            why: crate::report::chain(&error),
        })?;
        let mut expected = Vec::new();
        for update in updates.iter().filter(|update| is_alive(&update.status)) {
            let member = |(_, nvr): &&(TriggerId, String)| update.builds.contains(nvr);
            let Some((trigger, _)) = self.waiting.iter().find(member) else { continue };
            for nvr in update.builds.iter().filter(|nvr| !nvrs.contains(nvr)) {
                let Some(component) = self.wanted(nvr) else { continue };
                let came = parts.store.component_triggers(&component, NEWEST).await;
                let came =
                    came.map_err(|error| Failing::NotYet { why: crate::report::chain(&error) })?;
                if !came.iter().any(|row| row.trigger.nvr == *nvr) {
                    let (trigger, alias) = (*trigger, update.alias.clone());
                    expected.push(Expected { trigger, alias, nvr: nvr.clone() });
                }
                if expected.len() >= MAX_EXPECTED {
                    return Ok(expected);
                }
            }
        }
        Ok(expected)
    }

    /// The component of a build that is rebuilt when it comes.
    fn wanted(&self, nvr: &str) -> Option<Component> {
        let component = self.policy.component_of(&nvr.parse::<Nvr>().ok()?.package()?)?;
        (self.policy.eligible(&component) == Eligibility::Yes).then_some(component)
    }
}

/// Whether builds of such an update are still to come. Source: Bodhi's statuses; what an unpushed or obsolete one held, comes
/// through another.
fn is_alive(status: &str) -> bool {
    !matches!(status, "unpushed" | "obsolete")
}
