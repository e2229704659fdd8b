//! A small Koji and Bodhi that answer a batch in random order, with random failures. Everything follows from the seed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use crate::{
    failure::{Failure, FailureClass},
    id::{BuildId, Component, EventId, RepoRequestId, TagName, TaskId, Token},
    time::Timestamp,
};

/// Chance, as a number that the seed decides.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `sides`. Source: splitmix64.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % sides
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn pick<T: Clone>(&mut self, things: &[T]) -> Option<T> {
        let sides = u64::try_from(things.len()).unwrap();
        (sides > 0).then(|| things[usize::try_from(self.roll(sides)).unwrap()].clone())
    }
}

struct Task {
    component: Component,
    tag: TagName,
    end: Option<TaskEnd>,
}

fn pending(alias: &str) -> UpdateSeen {
    let (alias, status, builds) = (alias.to_owned(), "pending".to_owned(), Vec::new());
    UpdateSeen { alias, status, gating: None, pushed: false, builds }
}

/// What there is outside the batch.
pub(super) struct World {
    pub(super) dice: Dice,
    /// Whether nothing goes wrong any more.
    pub(super) fair: bool,
    pub(super) now: i64,
    pub(super) effects: BTreeMap<u32, Effect>,
    settle: BTreeSet<u32>,
    pub(super) tags: BTreeMap<TagName, BTreeSet<BuildId>>,
    tasks: BTreeMap<TaskId, Task>,
    drafts: BTreeSet<BuildId>,
    pub(super) tokens: BTreeSet<Token>,
    /// Update and its builds.
    pub(super) updates: BTreeMap<String, (TagName, Vec<BuildId>)>,
    given: Vec<Event>,
    next: i64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            fair: false,
            now: 0,
            effects: BTreeMap::new(),
            settle: BTreeSet::new(),
            tags: BTreeMap::new(),
            tasks: BTreeMap::new(),
            drafts: BTreeSet::new(),
            tokens: BTreeSet::new(),
            updates: BTreeMap::new(),
            given: Vec::new(),
            next: 1000,
        }
    }

    fn mishap(&mut self, percent: u64) -> bool {
        self.dice.percent(percent) && !self.fair
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Takes what a step wants done.
    pub(super) fn take(&mut self, step: &Step) {
        for command in &step.commands {
            match command {
                Command::Run { no, effect } => {
                    self.effects.insert(*no, effect.clone());
                }
                Command::Settle { no } => {
                    self.settle.insert(*no);
                }
                Command::Answer { .. }
                | Command::Reopen { .. }
                | Command::Deny(_)
                | Command::Notify(_) => {}
            }
        }
    }

    /// The next event: an effect's outcome, a look, a mishap, or something late.
    pub(super) fn event(&mut self, batch: &Batch) -> Event {
        self.now += i64::try_from(self.dice.roll(600)).unwrap();
        if self.mishap(1) {
            self.now += 100_000;
        }
        if self.mishap(2)
            && let Some(tag) = self.dice.pick(&self.tags.keys().cloned().collect::<Vec<_>>())
            && !self.updates.values().any(|(of_update, _)| *of_update == tag)
        {
            self.tags.remove(&tag);
        }
        if self.mishap(2)
            && let Some(component) =
                self.dice.pick(&batch.members.keys().cloned().collect::<Vec<_>>())
        {
            if batch.may_be_detached(&component) && self.dice.percent(60) {
                return Event::Detach { component };
            }
            if batch.may_be_failed(&component) && self.dice.percent(30) {
                return Event::Fail { component, text: "declared".to_owned() };
            }
            return Event::Drop { component };
        }
        let mut held =
            batch.groups.keys().filter(|number| batch.judge(**number, Decision::Retry).is_ok());
        if let Some(group) = held.next().copied()
            && self.mishap(20)
        {
            let discards = self.dice.percent(30);
            return if discards { Decision::Discard } else { Decision::Retry }.event(group);
        }
        if self.mishap(1) && self.dice.percent(40) {
            return Event::Abort { requeue: self.dice.percent(50) };
        }
        let repeatable = |event: &&Event| {
            // A read is answered once, by the leader itself; all else can come late and twice.
            !matches!(event, Event::LastChange { .. } | Event::Admitted(_) | Event::Checked(_))
        };
        if self.mishap(5) {
            let old: Vec<Event> = self.given.iter().filter(repeatable).cloned().collect();
            if let Some(event) = self.dice.pick(&old) {
                return event;
            }
        }
        let event = self.answer(batch);
        self.given.push(event.clone());
        event
    }

    fn answer(&mut self, batch: &Batch) -> Event {
        let open: Vec<u32> = self.effects.keys().copied().collect();
        let watches = batch.watches();
        let looks = !watches.is_empty() && self.dice.percent(50);
        if let (Some(no), false) = (self.dice.pick(&open), looks) {
            let effect = self.effects.remove(&no).unwrap();
            let discards = matches!(batch.open.get(&no), Some(Purpose::Discard { .. }));
            let outcome = match effect.tag() {
                Some(tag) if discards => self.discard(tag),
                Some(_) | None => self.outcome(no, &effect),
            };
            return Event::Outcome { no, outcome };
        }
        if let Some(read) = batch.reads() {
            return self.read(batch, &read);
        }
        match self.dice.pick(&watches) {
            Some(watch) => self.look(&watch),
            None => Event::UpdatesSeen(UpdatesLook::default()),
        }
    }

    fn read(&mut self, batch: &Batch, read: &Read<'_>) -> Event {
        match read {
            Read::Admission(candidates) => {
                let mut facts = BTreeMap::new();
                for candidate in *candidates {
                    let build = candidate.triggers[0].1;
                    let component = &candidate.component;
                    let source = format!("git+https://src/{component}#{:040x}", build.get());
                    let latest = LatestBuild {
                        build,
                        nvr: format!("{component}-1-1.fc45"),
                        source: Some(source.parse().unwrap()),
                    };
                    let latest = (!self.mishap(5)).then_some(latest);
                    facts.insert(component.clone(), Facts { latest, ..Facts::default() });
                }
                Event::Admitted(Admission { base: "base".parse().unwrap(), facts })
            }
            Read::LastChange(tag) if !self.tags.contains_key(tag) => {
                Event::TagSeen { tag: (*tag).clone(), content: TagContent::Gone }
            }
            Read::LastChange(_) => Event::LastChange { event: EventId::new(self.number()) },
            Read::PublishFacts(builds) => {
                assert!(builds.iter().all(|(build, _)| {
                    batch.members.values().any(|m| m.finished_build() == Some(*build))
                }));
                let mut facts = PublishFacts::default();
                for (build, _) in builds {
                    if self.mishap(5) {
                        facts.in_stable.insert(*build);
                    } else if self.mishap(5) {
                        facts.in_update.insert(*build, "F-other".to_owned());
                    }
                }
                Event::Checked(facts)
            }
        }
    }

    fn outcome(&mut self, no: u32, effect: &Effect) -> Outcome {
        let settled = self.settle.contains(&no)
            && !matches!(effect, Effect::CancelTasks { .. } | Effect::RemoveSideTag { .. });
        if settled && self.dice.percent(50) {
            return Outcome::Withdrawn;
        }
        let by_worker = matches!(
            effect,
            Effect::SubmitBuilds { .. } | Effect::SubmitUpdate { .. } | Effect::CancelTasks { .. }
        );
        if by_worker && self.mishap(3) {
            return Outcome::Poisoned { text: "died".to_owned() };
        }
        match effect {
            Effect::CreateSideTag { .. } => {
                let tag: TagName = format!("side-{}", self.number()).parse().unwrap();
                self.tags.insert(tag.clone(), BTreeSet::new());
                Outcome::TagCreated { tag }
            }
            Effect::TagBuilds { tag, builds } => self.tag_builds(tag, builds),
            Effect::PromoteBuilds { builds } => self.promote(builds),
            Effect::RequestRepo { tag, .. } if !self.tags.contains_key(tag) => Outcome::TagGone,
            Effect::RequestRepo { .. } => {
                let request = self.dice.percent(50).then(|| RepoRequestId::new(self.number()));
                Outcome::RepoRequested { request }
            }
            Effect::RemoveSideTag { tag } => {
                assert!(
                    !self.updates.values().any(|(of_update, _)| of_update == tag),
                    "a tag of an update is never removed by us"
                );
                self.tags.remove(tag);
                Outcome::TagRemoved
            }
            Effect::SubmitBuilds { tag, .. } if !self.tags.contains_key(tag) => Outcome::TagGone,
            Effect::SubmitBuilds { tag, builds, .. } => {
                let builds = builds.iter().filter_map(|build| self.submit(tag, build)).collect();
                Outcome::BuildsSubmitted { builds }
            }
            Effect::CancelTasks { tasks } => {
                for task in tasks {
                    if let Some(task) = self.tasks.get_mut(task) {
                        task.end.get_or_insert(TaskEnd::Canceled { build: None });
                    }
                }
                Outcome::TasksCancelled
            }
            Effect::SubmitUpdate { tag, builds, .. } => self.submit_update(tag, builds),
        }
    }

    /// The leader looks for an update before it removes the tag of a group that is given up.
    fn discard(&mut self, tag: &TagName) -> Outcome {
        match self.updates.iter().find(|(_, (of_update, _))| of_update == tag) {
            Some((alias, _)) => Outcome::UpdatePosted { end: PostEnd::Update(pending(alias)) },
            None => {
                self.tags.remove(tag);
                Outcome::TagRemoved
            }
        }
    }

    fn promote(&mut self, builds: &[BuildId]) -> Outcome {
        let mut answers = Vec::new();
        for build in builds {
            if self.mishap(5) {
                continue;
            }
            let promoted = self.built(*build, "p");
            let refused = Failure::new(FailureClass::Policy, "no");
            let ok = !self.mishap(10);
            if ok {
                self.drafts.remove(build);
            }
            answers.push((*build, if ok { Ok(promoted) } else { Err(refused) }));
        }
        Outcome::BuildsPromoted { builds: answers }
    }

    fn tag_builds(&mut self, tag: &TagName, builds: &[BuildId]) -> Outcome {
        if !self.tags.contains_key(tag) {
            return Outcome::TagGone;
        }
        let mut answers = Vec::new();
        for build in builds {
            let answer = if self.mishap(3) {
                continue;
            } else if self.mishap(10) {
                let class = self.dice.pick(&[FailureClass::Policy, FailureClass::Tagging]).unwrap();
                Err(Refusal::Failed(Failure::new(class, "no")))
            } else if !self.tags.get_mut(tag).unwrap().insert(*build) {
                Err(Refusal::AlreadySo)
            } else {
                Ok(TaskId::new(self.number()))
            };
            answers.push((*build, answer));
        }
        Outcome::BuildsTagged { builds: answers }
    }

    fn submit(&mut self, tag: &TagName, build: &Submission) -> Option<(Component, SubmitEnd)> {
        assert!(self.tokens.insert(build.token), "no component is submitted twice in one attempt");
        let component = build.component.clone();
        if self.mishap(5) {
            let failure = Failure::new(FailureClass::Source, "refused");
            return Some((component, SubmitEnd::Refused(failure)));
        }
        let task = TaskId::new(self.number());
        self.tasks.insert(task, Task { component: component.clone(), tag: tag.clone(), end: None });
        if self.mishap(2) {
            return None;
        }
        let surplus = if self.mishap(5) { vec![TaskId::new(self.number())] } else { Vec::new() };
        Some((component, SubmitEnd::Task { task, surplus }))
    }

    fn submit_update(&mut self, tag: &TagName, builds: &[(BuildId, crate::nvr::Nvr)]) -> Outcome {
        let wanted: BTreeSet<BuildId> = builds.iter().map(|(build, _)| *build).collect();
        let of_tag = self.updates.iter().find(|(_, (of, _))| of == tag);
        if let Some((alias, (_, inside))) = of_tag {
            // Made again by an operator's wish: a worker looks first, and finds it.
            let inside = builds.iter().filter(|(build, _)| inside.contains(build));
            let builds = inside.map(|(_, nvr)| nvr.to_string()).collect();
            let found = UpdateSeen { builds, ..pending(alias) };
            return Outcome::UpdatePosted { end: PostEnd::Update(found) };
        }
        let end = if self.tags.get(tag) != Some(&wanted) || self.mishap(3) {
            PostEnd::TagDiffers
        } else if self.mishap(5) {
            PostEnd::Refused { text: "no".to_owned(), builds: Vec::new() }
        } else if self.mishap(10) {
            let named = vec![builds[0].1.to_string()];
            PostEnd::Refused { text: "no".to_owned(), builds: named }
        } else {
            let alias = format!("F-{}", self.number());
            let lacks = self.mishap(10);
            let held: Vec<_> = builds.iter().skip(usize::from(lacks)).collect();
            assert!(
                held.iter().all(|(build, _)| !self.drafts.contains(build)),
                "no draft is published"
            );
            self.updates.insert(
                alias.clone(),
                (tag.clone(), held.iter().map(|(build, _)| *build).collect()),
            );
            let builds = held.iter().map(|(_, nvr)| nvr.to_string()).collect();
            let (gating, pushed) = (None, false);
            PostEnd::Update(UpdateSeen {
                alias,
                status: "pending".to_owned(),
                gating,
                pushed,
                builds,
            })
        };
        Outcome::UpdatePosted { end }
    }

    fn look(&mut self, watch: &Watch) -> Event {
        match watch {
            Watch::Tasks(tasks) => {
                let task = self.dice.pick(tasks).unwrap();
                Event::TasksSeen { tasks: vec![TaskSeen { task, fate: self.fate(task) }] }
            }
            Watch::Tag { tag, .. } => {
                let content = match self.tags.get(tag) {
                    None => TagContent::Gone,
                    Some(builds) => {
                        TagContent::Builds { builds: builds.clone(), failed: Vec::new() }
                    }
                };
                Event::TagSeen { tag: tag.clone(), content }
            }
            Watch::Repo(request) => {
                let repo = match self.dice.roll(if self.fair { 1 } else { 3 }) {
                    0 => RepoSeen::Ready,
                    1 => RepoSeen::Pending,
                    _ => RepoSeen::GivenUp,
                };
                Event::RepoSeen { request: *request, repo }
            }
            Watch::Updates { aliases, .. } => {
                let mut look = UpdatesLook::default();
                for alias in aliases {
                    if self.mishap(10) {
                        look.unknown.push(alias.clone());
                        continue;
                    }
                    let words = ["testing", "obsolete", "unpushed", "stable"];
                    let status = if self.fair { "stable" } else { self.dice.pick(&words).unwrap() };
                    look.updates.push(UpdateSeen {
                        alias: alias.clone(),
                        status: status.to_owned(),
                        gating: self.mishap(10).then(|| "failed".to_owned()),
                        pushed: true,
                        builds: Vec::new(),
                    });
                }
                Event::UpdatesSeen(look)
            }
        }
    }

    fn fate(&mut self, task: TaskId) -> TaskFate {
        if self.tasks[&task].end.is_none() {
            match self.dice.roll(if self.fair { 2 } else { 5 }) {
                0 | 1 => {
                    let end = self.end(task);
                    self.tasks.get_mut(&task).unwrap().end = Some(end);
                }
                2 => return TaskFate::Waiting,
                3 => return TaskFate::Unknown,
                _ => return TaskFate::Started(Timestamp::from_millis((self.now - 50_000) * 1000)),
            }
        }
        TaskFate::Ended(self.tasks[&task].end.clone().unwrap())
    }

    fn end(&mut self, task: TaskId) -> TaskEnd {
        let (component, tag) = (self.tasks[&task].component.clone(), self.tasks[&task].tag.clone());
        let build = BuildId::new(self.number());
        let fact = |source: &str, draft| BuildFact {
            build,
            nvr: format!("{component}-1-{build}"),
            epoch: None,
            draft,
            source: Some(source.to_owned()),
        };
        let class = self.dice.pick(&FailureClass::ALL).unwrap();
        let failure = Failure::new(class, "broke");
        let made = fact("ours", true);
        match self.dice.roll(if self.fair { 1 } else { 8 }) {
            0..=3 => {
                self.drafts.insert(build);
                match self.tags.get_mut(&tag) {
                    Some(content) => {
                        content.insert(build);
                        TaskEnd::Closed { build: Some(made) }
                    }
                    None => TaskEnd::Failed { failure, build: Some(made), taken_by: None },
                }
            }
            4 => {
                self.drafts.insert(build);
                TaskEnd::Failed { failure, build: Some(made), taken_by: None }
            }
            5 => TaskEnd::Failed { failure, build: None, taken_by: Some(fact("theirs", false)) },
            6 => TaskEnd::Canceled { build: None },
            _ => TaskEnd::Failed { failure, build: None, taken_by: None },
        }
    }

    fn built(&self, build: BuildId, package: &str) -> Built {
        let nvr = format!("{package}{build}-1-{build}");
        Built { build, nvr, epoch: None, draft: false, adopted: false }
    }
}
