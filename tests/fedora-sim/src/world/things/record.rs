//! What was asked of the simulator, counted.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::script::Outcome;

/// Counts and lists that only grow.
#[derive(Default)]
pub struct Record {
    /// HTTP requests by service and method, polls left out.
    pub requests: BTreeMap<String, u64>,
    /// HTTP requests that only poll, by service and method.
    pub polls: BTreeMap<String, u64>,
    /// Calls by method, those inside a `multiCall` one by one.
    pub calls: BTreeMap<String, u64>,
    /// Calls that the simulator does not know: a test with any has failed.
    pub unknown: BTreeMap<String, u64>,
    /// Builds asked for, in order.
    pub submissions: Vec<Submission>,
    /// What was asked for twice: a text for each.
    pub duplicates: Vec<String>,
    /// Requests whose reply was lost on purpose, by what became of them.
    pub lost: BTreeMap<&'static str, u64>,
    /// When tasks that somebody polls for ended (microseconds).
    pub(in crate::world) ends: Vec<i64>,
    attempts: HashMap<String, u32>,
    pub(in crate::world) by_source: HashMap<(String, String), Vec<i64>>,
}

/// One build that was asked for.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its task.
    pub task: i64,
    /// Its source.
    pub source: String,
    /// Its target.
    pub target: String,
    /// Our mark on it, if it has one.
    pub token: Option<String>,
    /// Which attempt at that source into side tags it is, from 1.
    pub attempt: u32,
    /// How the script ends it.
    pub outcome: Outcome,
}

/// One build as the report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildEntry {
    /// Its task.
    pub task: i64,
    /// Its source.
    pub source: String,
    /// Its target.
    pub target: String,
    /// Our mark on it, if it has one.
    pub token: Option<String>,
    /// Which attempt at that source into side tags it is, from 1.
    pub attempt: u32,
    /// How the script ends it.
    pub outcome: Outcome,
    /// State of the task now.
    pub state: &'static str,
    /// Its fault's code and text, if it failed.
    pub fault: Option<(i64, String)>,
    /// The build that names it.
    pub build: Option<i64>,
    /// That build's NVR.
    pub nvr: Option<String>,
}

impl Record {
    /// Counts one HTTP request.
    pub fn count_request(&mut self, name: &str, poll: bool) {
        let counts = if poll { &mut self.polls } else { &mut self.requests };
        count(counts, name);
    }

    /// Counts one call.
    pub fn count_call(&mut self, method: &str) {
        count(&mut self.calls, method);
    }

    /// Counts a call that is not known.
    pub fn count_unknown(&mut self, method: &str) {
        count(&mut self.unknown, method);
    }

    /// Counts a request whose reply is lost.
    pub fn count_lost(&mut self, fate: &'static str) {
        *self.lost.entry(fate).or_default() += 1;
    }

    /// The next attempt at a source, counted from 1.
    pub(in crate::world) fn next_attempt(&mut self, source: &str) -> u32 {
        let attempts = self.attempts.entry(source.to_owned()).or_default();
        *attempts += 1;
        *attempts
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
