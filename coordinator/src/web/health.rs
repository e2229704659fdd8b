//! Whether this process is alive, started and ready, as its parts report it.
//!
//! Each part that can fail has a [`Condition`] with a name; it says whether it is well, and one with a deadline must say so
//! again and again. Time is tokio's, which tests can pause.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;

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

/// One condition, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its name: `consumer`, `timers`, `database`, `queue`, `leader`.
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
    deadline: Option<Duration>,
    reported: Instant,
    fault: Option<String>,
}

impl Part {
    fn fault(&self, now: Instant) -> Option<String> {
        let silent = now.saturating_duration_since(self.reported);
        match (&self.fault, self.deadline) {
            (Some(fault), _) => Some(fault.clone()),
            (None, Some(deadline)) if silent > deadline => {
                Some(format!("not heard of for {} s", silent.as_secs()))
            }
            (None, Some(_) | None) => None,
        }
    }
}

impl Health {
    /// Adds a condition, which does not hold until its part reports. With a deadline it ceases to hold when its part falls
    /// silent for longer.
    #[must_use]
    pub fn part(&self, name: &'static str, need: Need, deadline: Option<Duration>) -> Reporter {
        let fault = Some("not started yet".to_owned());
        self.lock().parts.insert(name, Part { need, deadline, reported: Instant::now(), fault });
        Reporter { health: self.clone(), name }
    }

    /// Says that starting is done.
    pub fn set_started(&self) {
        self.lock().started = true;
    }

    /// Says whether this process leads.
    pub fn set_leading(&self, leading: bool) {
        let mut shared = self.lock();
        (shared.leading, shared.leader) = (leading, None);
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
        let now = Instant::now();
        let shared = self.lock();
        shared
            .parts
            .iter()
            .map(|(&name, part)| Condition { name, need: part.need, fault: part.fault(now) })
            .collect()
    }

    /// Whether no part hangs. A part that reports trouble does not hang.
    #[must_use]
    pub fn alive(&self) -> bool {
        let now = Instant::now();
        let hangs = |part: &Part| {
            let silent = now.saturating_duration_since(part.reported);
            part.need == Need::Alive && part.deadline.is_some_and(|deadline| silent > deadline)
        };
        !self.lock().parts.values().any(hangs)
    }

    /// Whether all conditions hold that are needed now, of those given.
    #[must_use]
    pub fn suffices(&self, conditions: &[Condition]) -> bool {
        let leading = self.leading();
        let needed = |condition: &&Condition| match condition.need {
            Need::Alive | Need::Always => true,
            Need::Leading => leading,
        };
        self.started()
            && conditions.iter().filter(needed).all(|condition| condition.fault.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing is left half done under this lock, so a panic elsewhere does no harm.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one part says how it is.
#[derive(Clone, Debug)]
pub struct Reporter {
    health: Health,
    name: &'static str,
}

impl Reporter {
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
            part.reported = Instant::now();
            part.fault = fault;
        }
    }
}

#[cfg(test)]
mod tests;
