//! Whether this process is alive, started and ready, as its parts report it.
//!
//! Each part that can fail has a [`Condition`] with a name; it says whether it is well, and one with a deadline must say so
//! again and again: a loop proves its life by its rounds, not by a port that is open. Time is tokio's, which tests can pause.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ebs_shared::pulse::Pulse;
use serde::Serialize;
use tokio::time::timeout;

use crate::store::Store;

/// What a condition is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A process that misses this deadline hangs and is to be started again.
    Alive,
    /// Needed to be ready, leader or standby.
    Always,
    /// Needed to be ready while leading.
    Leading,
}

impl Need {
    fn is_now(self, leading: bool) -> bool {
        match self {
            Self::Alive | Self::Always => true,
            Self::Leading => leading,
        }
    }
}

/// One condition, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its name, such as `consumer`, `database`, `queue`, `leader`: what has stopped doing its work.
    pub name: &'static str,
    /// What it is needed for.
    pub need: Need,
    /// Why it does not hold; it holds if absent.
    pub fault: Option<String>,
}

/// How this process is. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    started: bool,
    leading: bool,
    /// Who leads, if it is another.
    leader: Option<String>,
    parts: BTreeMap<&'static str, Part>,
}

#[derive(Debug)]
struct Part {
    need: Need,
    pulse: Option<Pulse>,
    fault: Option<String>,
}

impl Part {
    fn silence(&self) -> Option<Duration> {
        self.pulse.as_ref().and_then(Pulse::silence)
    }

    fn fault(&self) -> Option<String> {
        let still = |silence: Duration| format!("not heard of for {} s", silence.as_secs());
        self.fault.clone().or_else(|| self.silence().map(still))
    }
}

/// What a part says before it has said anything.
const NOT_STARTED: &str = "not started yet";

impl Health {
    /// Adds a condition, which does not hold until its part reports. With a deadline it ceases to hold when its part falls
    /// silent for longer.
    #[must_use]
    pub fn part(&self, name: &'static str, need: Need, deadline: Option<Duration>) -> Reporter {
        let (pulse, fault) = (deadline.map(Pulse::new), Some(NOT_STARTED.to_owned()));
        self.lock().parts.insert(name, Part { need, pulse, fault });
        Reporter { health: self.clone(), name }
    }

    /// Adds a condition that holds while this pulse beats.
    pub fn watch(&self, name: &'static str, need: Need, pulse: Pulse) {
        self.lock().parts.insert(name, Part { need, pulse: Some(pulse), fault: None });
    }

    /// Says that starting is done.
    pub fn set_started(&self) {
        self.lock().started = true;
    }

    /// Says whether this process leads. What is needed for that must be heard of anew in each term.
    pub fn set_leading(&self, leading: bool) {
        let mut shared = self.lock();
        (shared.leading, shared.leader) = (leading, None);
        for part in shared.parts.values_mut().filter(|part| part.need == Need::Leading) {
            part.fault = Some(NOT_STARTED.to_owned());
        }
    }

    /// Says which other instance leads, as far as it is known.
    pub fn set_leader(&self, leader: Option<String>) {
        self.lock().leader = leader;
    }

    /// Whether starting is done.
    #[must_use]
    pub fn started(&self) -> bool {
        self.lock().started
    }

    /// Whether this process leads.
    #[must_use]
    pub fn leading(&self) -> bool {
        self.lock().leading
    }

    /// The other instance that leads, if one is known to.
    #[must_use]
    pub fn leader(&self) -> Option<String> {
        self.lock().leader.clone()
    }

    /// All conditions, by name.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let shared = self.lock();
        shared
            .parts
            .iter()
            .map(|(&name, part)| Condition { name, need: part.need, fault: part.fault() })
            .collect()
    }

    /// Whether no part hangs. A part that reports trouble does not hang.
    #[must_use]
    pub fn alive(&self) -> bool {
        let hangs = |part: &Part| part.need == Need::Alive && part.silence().is_some();
        !self.lock().parts.values().any(hangs)
    }

    /// Whether all conditions hold that are needed now, of those given.
    #[must_use]
    pub fn suffices(&self, conditions: &[Condition]) -> bool {
        let leading = self.leading();
        let mut needed = conditions.iter().filter(|condition| condition.need.is_now(leading));
        self.started() && needed.all(|condition| condition.fault.is_none())
    }

    /// Those of these conditions that are needed now.
    #[must_use]
    pub fn needed(&self, mut conditions: Vec<Condition>) -> Vec<Condition> {
        let leading = self.leading();
        conditions.retain(|condition| condition.need.is_now(leading));
        conditions
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing is left half done under this lock, so a panic elsewhere does no harm.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the database may take to answer.
const PING_LIMIT: Duration = Duration::from_secs(3);

/// All conditions, by name, with the database's: it is asked.
pub async fn conditions_now(health: &Health, store: &dyn Store) -> Vec<Condition> {
    let fault = match timeout(PING_LIMIT, store.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.kind.to_string()),
        Err(_) => Some(format!("no answer within {} s", PING_LIMIT.as_secs())),
    };
    let mut conditions = health.conditions();
    conditions.push(Condition { name: "database", need: Need::Always, fault });
    conditions.sort_by_key(|condition| condition.name);
    conditions
}

/// How one part says how it is.
#[derive(Clone, Debug)]
pub struct Reporter {
    health: Health,
    name: &'static str,
}

impl Reporter {
    /// It lives; how it is, it has said before.
    pub fn beat(&self) {
        if let Some(Part { pulse: Some(pulse), .. }) = self.health.lock().parts.get(self.name) {
            pulse.beat();
        }
    }

    /// It is well.
    pub fn well(&self) {
        self.report(None);
    }

    /// It is not, and why: a few words for an operator, without secrets.
    pub fn ill(&self, fault: impl Into<String>) {
        self.report(Some(fault.into()));
    }

    fn report(&self, fault: Option<String>) {
        if let Some(part) = self.health.lock().parts.get_mut(self.name) {
            if let Some(pulse) = &part.pulse {
                pulse.beat();
            }
            part.fault = fault;
        }
    }
}

#[cfg(test)]
mod tests;
