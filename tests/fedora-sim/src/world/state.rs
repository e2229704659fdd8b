//! The state as a whole, its lock, its clock, its events.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ebs_domain::time::Timestamp;
use ebs_shared::clock::Clock;
use tokio::{sync::Notify, time::Instant};

use super::things::{
    Build, Flow, Message, Package, Queue, Record, Repo, RepoRequest, Tag, Target, Task, User,
};
use crate::{
    bodhi::Bodhi,
    koji::Sessions,
    script::Script,
    tokens::{Logins, Tokens},
};

/// A handle on the one world; cheap to clone.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    wake: Arc<Notify>,
}

impl World {
    /// A world as the script wants it at the beginning. Time begins to run now, by tokio's clock.
    #[must_use]
    pub fn new(script: Script, clock: &dyn Clock) -> Self {
        let state = State::new(script, clock.now());
        Self { state: Arc::new(Mutex::new(state)), wake: Arc::new(Notify::new()) }
    }

    /// Looks at the world as it is now: whatever was due has happened.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        let (result, sent) = {
            let mut state = self.lock();
            let before = (state.queue.next_due(), state.messages.len());
            state.run_due();
            (look(&state), before != (state.queue.next_due(), state.messages.len()))
        };
        if sent {
            self.wake.notify_waiters();
        }
        result
    }

    /// Changes the world: whatever was due has happened before, and happens afterwards.
    pub fn change<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (result, sent) = {
            let mut state = self.lock();
            // Before anything that was due: what it says or asks for is news as well.
            let before = (state.queue.next_due(), state.messages.len());
            state.run_due();
            let result = act(&mut state);
            state.run_due();
            (result, before != (state.queue.next_due(), state.messages.len()))
        };
        if sent {
            self.wake.notify_waiters();
        }
        result
    }

    /// Lets time jump ahead: what becomes due happens now. For tests that cannot wait.
    pub fn skip(&self, span: std::time::Duration) {
        self.change(|state| {
            state.skipped += micros(span);
            state.run_due();
        });
    }

    /// Waits until something may have changed: a new message, or a new next transition.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let wake = Arc::clone(&self.wake);
        async move { wake.notified().await }
    }

    pub(super) fn notifier(&self) -> &Notify {
        &self.wake
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock means that a test has failed elsewhere; its report is still wanted.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything there is.
pub struct State {
    /// What this run was told to do; parts can be replaced while it runs.
    pub script: Script,
    /// What was asked for and what came of it, for the report.
    pub record: Record,
    /// The hub's sessions.
    pub sessions: Sessions,
    /// What Bodhi holds.
    pub bodhi: Bodhi,
    /// What the identity provider gave out.
    pub tokens: Tokens,
    /// What it remembers of people who log in at services.
    pub logins: Logins,
    pub(super) users: Vec<User>,
    pub(super) packages: Vec<Package>,
    pub(super) package_ids: HashMap<String, i64>,
    pub(super) tags: BTreeMap<i64, Tag>,
    pub(super) tag_ids: HashMap<String, i64>,
    pub(super) next_tag: i64,
    pub(super) side_tags_made: u32,
    pub(super) targets: BTreeMap<i64, Target>,
    pub(super) target_ids: HashMap<String, i64>,
    pub(super) next_target: i64,
    pub(super) builds: BTreeMap<i64, Build>,
    pub(super) nvrs: HashMap<String, i64>,
    pub(super) task_builds: HashMap<i64, Vec<i64>>,
    pub(super) sources: HashMap<String, (String, String, Option<i64>)>,
    pub(super) tasks: BTreeMap<i64, Task>,
    pub(super) flows: HashMap<i64, Flow>,
    pub(super) repos: BTreeMap<i64, Repo>,
    pub(super) requests: BTreeMap<i64, RepoRequest>,
    pub(super) open_requests: BTreeSet<i64>,
    pub(super) messages: Vec<Message>,
    pub(super) queue: Queue,
    events: Vec<i64>,
    started: Instant,
    started_at: i64,
    skipped: i64,
}

impl State {
    fn new(script: Script, now: Timestamp) -> Self {
        let mut state = Self {
            script,
            record: Record::default(),
            sessions: Sessions::default(),
            bodhi: Bodhi::default(),
            tokens: Tokens::default(),
            logins: Logins::default(),
            users: Vec::new(),
            packages: Vec::new(),
            package_ids: HashMap::new(),
            tags: BTreeMap::new(),
            tag_ids: HashMap::new(),
            next_tag: 1,
            side_tags_made: 0,
            targets: BTreeMap::new(),
            target_ids: HashMap::new(),
            next_target: 1,
            builds: BTreeMap::new(),
            nvrs: HashMap::new(),
            task_builds: HashMap::new(),
            sources: HashMap::new(),
            tasks: BTreeMap::new(),
            flows: HashMap::new(),
            repos: BTreeMap::new(),
            requests: BTreeMap::new(),
            open_requests: BTreeSet::new(),
            messages: Vec::new(),
            queue: Queue::default(),
            events: Vec::new(),
            started: Instant::now(),
            started_at: now.millis().saturating_mul(1000),
            skipped: 0,
        };
        state.populate();
        state
    }

    /// The time of day, in microseconds since the Unix epoch. It never goes back.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.started_at + self.elapsed()
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn elapsed(&self) -> i64 {
        micros(self.started.elapsed()) + self.skipped
    }

    /// The moment of tokio's clock at which a time of day comes.
    pub(super) fn instant(&self, at: i64) -> Instant {
        let after = u64::try_from(at.saturating_sub(self.started_at + self.skipped)).unwrap_or(0);
        self.started + std::time::Duration::from_micros(after)
    }

    /// The id of a new event, which happens now.
    pub fn new_event(&mut self) -> i64 {
        self.events.push(self.now());
        self.last_event()
    }

    /// The newest event.
    #[must_use]
    pub fn last_event(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    /// When an event happened, in microseconds since the Unix epoch; `None` for one that has not.
    #[must_use]
    pub fn event_time(&self, event: i64) -> Option<i64> {
        let index = usize::try_from(event.checked_sub(1)?).ok()?;
        self.events.get(index).copied()
    }

    /// Everything that was sent to the bus, oldest first; a message's place in it never changes.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

/// A span in whole microseconds.
#[must_use]
pub fn micros(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
