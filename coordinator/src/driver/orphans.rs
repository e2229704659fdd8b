//! What of ours in Fedora nobody here knows: looked for now and then, adopted if a batch waits for it, else kept as a finding
//! and, by policy, removed after a grace period by an effect that belongs to no batch.
//!
//! Nothing is looked for while an effect is open that may have made it: what it made is its own to find. What is known is asked
//! before a search and after it, since things come and go meanwhile.

use ebs_domain::{
    batch::{Batch, Effect, Event, Outcome},
    time::Timestamp,
};
use ebs_shared::{job::Service, koji::api::OwnTask};

use super::{
    call::Start, failing::Failing, ledger::Open, now::Now, parts::Leftover, search::Stray,
    term::Term, turn::Turn,
};
use crate::store::{Change, MAX_ORPHANS, OrphanKind, OrphanRow};

impl Term {
    /// Starts the searches that are due.
    pub(super) fn start_searches(&mut self, now: Now, turn: &mut Turn) {
        if !self.may_call(now.mono) {
            return;
        }
        let plan = self.parts.snapshot.borrow().plan.clone();
        let may = |kind| self.state.may_search(kind);
        for kind in self.searches.start(now.mono, may) {
            let search = self.state.search(kind, plan.target.clone(), plan.stable_tag.clone());
            turn.after.start.push(Start::Search(search));
        }
    }

    /// What a search has found.
    pub(super) fn take_search(
        &mut self,
        kind: OrphanKind,
        found: Result<Vec<Stray>, Failing>,
        now: Now,
        turn: &mut Turn,
    ) {
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                let failing = now.mono - self.searches.failed(kind, now.mono);
                self.note_failing(&why, failing, now);
                return self.searches.again(kind, now.mono + self.pause_after(failing));
            }
        };
        self.heard_of(Service::Koji);
        if kind == OrphanKind::Update {
            self.heard_of(Service::Bodhi);
        }
        if self.state.may_search(kind) {
            self.searches.ended(kind, now.mono + self.parts.settings.orphans.interval);
            self.judge(kind, found, now, turn);
        } else {
            // Something is being made: it may be what was found.
            self.searches.ended(kind, now.mono);
        }
    }

    fn judge(&mut self, kind: OrphanKind, found: Vec<Stray>, now: Now, turn: &mut Turn) {
        let mut seen = Vec::new();
        for stray in found {
            if self.state.knows(&stray) || self.adopt(&stray, now, turn) {
                continue;
            }
            if let Some(row) = self.finding(&stray, now.wall) {
                if row.removal.is_some_and(|removal| removal <= now.wall) {
                    self.remove_orphan(&stray, now, seen.len());
                }
                seen.push(row);
            }
        }
        let names: Vec<&str> = seen.iter().map(|row| row.name.as_str()).collect();
        let of_kind = self.state.orphans.keys().filter(|(of, _)| *of == kind);
        let gone = of_kind.filter(|(_, name)| !names.contains(&name.as_str())).cloned();
        for key in gone.collect::<Vec<_>>() {
            self.forget_orphan(key, turn);
        }
        for row in seen {
            turn.others.push(Change::PutOrphan(row.clone()));
            self.state.orphans.insert((kind, row.name.clone()), row);
        }
    }

    /// A build that a batch waits for, asked for before: it is watched, and not asked for again.
    fn adopt(&mut self, stray: &Stray, now: Now, turn: &mut Turn) -> bool {
        let Stray::Task(task) = stray else { return false };
        let OwnTask { info, source, target, token: Some(token) } = &**task else { return false };
        let awaited =
            |batch: &Batch| Some((batch.id, batch.awaits(*token, source, target)?.clone()));
        let Some((id, component)) = self.state.batches().find_map(awaited) else { return false };
        let task = info.task;
        let span = self.traces().batch(id);
        tracing::warn!(parent: &span, %component, koji.task_id = task.get(), "a task that nobody knew is adopted");
        self.tell(id, Event::TaskFound { component, task }, now, turn)
    }

    /// What is kept of it; nothing if there are too many already.
    fn finding(&self, stray: &Stray, at: Timestamp) -> Option<OrphanRow> {
        let settings = &self.parts.settings.orphans;
        let (kind, name, what, leftover) = match stray {
            Stray::SideTag { tag, builds } => {
                let what = format!("a side tag with {builds} builds that no batch owns");
                (OrphanKind::SideTag, tag.to_string(), what, settings.side_tags)
            }
            Stray::Task(task) => {
                let what = format!("a build of {} for {}", task.source, task.target);
                (OrphanKind::Task, task.info.task.to_string(), what, settings.tasks)
            }
            Stray::Update { alias, from_tag, builds } => {
                let what = format!("an update of {builds} builds from {from_tag}");
                (OrphanKind::Update, alias.clone(), what, Leftover::Report)
            }
        };
        let known = self.state.orphans.get(&(kind, name.clone()));
        let room = usize::try_from(MAX_ORPHANS).unwrap_or(usize::MAX);
        if known.is_none() && self.state.orphans.len() >= room {
            tracing::error!(kind = kind.word(), name, what, "too many orphans to keep another");
            return None;
        }
        if known.is_none() {
            tracing::warn!(kind = kind.word(), name, what, "found what nobody knows");
        }
        let first_seen = known.map_or(at, |row| row.first_seen);
        let removal = (leftover == Leftover::Remove).then(|| first_seen + settings.grace);
        Some(OrphanRow { kind, name, what, first_seen, last_seen: at, removal })
    }

    /// Wishes for its end, unless that is wished for already.
    fn remove_orphan(&mut self, stray: &Stray, now: Now, number: usize) {
        let effect = match stray {
            Stray::SideTag { tag, .. } => Effect::RemoveSideTag { tag: tag.clone() },
            Stray::Task(task) => Effect::CancelTasks { tasks: vec![task.info.task] },
            Stray::Update { .. } => return,
        };
        let wished = |open: &Open| open.row.batch.is_none() && open.entry.effect == effect;
        if !self.state.ledger.values().any(wished) {
            let open = Open::of_nobody(effect, number, now);
            tracing::warn!(effect.id = open.row.id, "what nobody knows is removed");
            self.state.ledger.insert(open.row.id.clone(), open);
        }
    }

    /// An effect that belongs to no batch has its outcome: the finding is over. What is there still is found anew, and has its
    /// grace again.
    pub(super) fn close_of_nobody(&mut self, effect: &Effect, outcome: &Outcome, turn: &mut Turn) {
        let key = match effect {
            Effect::RemoveSideTag { tag } => (OrphanKind::SideTag, tag.to_string()),
            Effect::CancelTasks { tasks } => {
                let names: Vec<String> = tasks.iter().map(ToString::to_string).collect();
                (OrphanKind::Task, names.join(" "))
            }
            Effect::CreateSideTag { .. }
            | Effect::TagBuilds { .. }
            | Effect::PromoteBuilds { .. }
            | Effect::RequestRepo { .. }
            | Effect::SubmitBuilds { .. }
            | Effect::SubmitUpdate { .. } => return,
        };
        tracing::info!(kind = key.0.word(), name = key.1, outcome = ?outcome, "an orphan is settled");
        self.forget_orphan(key, turn);
    }

    fn forget_orphan(&mut self, key: (OrphanKind, String), turn: &mut Turn) {
        if self.state.orphans.remove(&key).is_some() {
            let (kind, name) = key;
            turn.others.push(Change::DropOrphan { kind, name });
        }
    }
}
