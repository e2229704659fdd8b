//! Plays a short script of events and writes down what a batch makes of each.
//!
//! One event per line or between semicolons; `batch of "a b:100"` has the components `a` (order 1000) and `b` (order 100).
//! The n-th component has trigger n and Rawhide build 100 + n; the build of task 7 has number 1007.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};

use uuid::Uuid;

use super::super::*;
use crate::{
    deny::DenyRule,
    failure::{Failure, FailureClass},
    id::{BatchId, BuildId, Component, TagName, TaskId, TriggerId},
    policy::Eligibility,
    time::Timestamp,
};

/// Settings that most tests begin with.
pub(super) fn plan() -> Plan {
    Plan {
        snapshot: 1,
        target: name("eln"),
        trigger_tag: name("f45"),
        stable_tag: name("eln"),
        scratch: false,
        draft: true,
        fail_fast: true,
        wait_repo: true,
        batch_size: 0,
        max_single_batch_size: 0,
        max_open_builds: 500,
        build_timeout: Duration::from_secs(24 * 3600),
        build_timeouts: BTreeMap::new(),
        side_tag_timeout: Duration::from_secs(3600),
        stable_timeout: Duration::from_secs(24 * 3600),
        stable_warn: Duration::from_secs(3 * 3600),
        poll_gap: Duration::from_secs(300),
        deny: DenyRule::default(),
        shadow: false,
    }
}

/// A batch, the clock, and the world as far as a script needs it.
pub(super) struct Play {
    pub(super) batch: Batch,
    pub(super) now: i64,
    stored: Stored,
    candidates: Vec<Candidate>,
    pub(super) facts: BTreeMap<Component, Facts>,
    effects: BTreeMap<u32, Effect>,
    asked: BTreeMap<TagName, BTreeSet<BuildId>>,
    text: String,
}

/// What a store would hold: rows are written only when a step names them.
struct Stored {
    members: BTreeMap<Component, Member>,
    groups: BTreeMap<u32, Group>,
}

impl Play {
    /// A batch of these components, just formed.
    pub(super) fn of(components: &str, plan: Plan) -> Self {
        let candidates: Vec<Candidate> = components
            .split_whitespace()
            .zip(1..)
            .map(|(word, n)| {
                let (component, order) = word.split_once(':').unwrap_or((word, "1000"));
                Candidate {
                    component: name(component),
                    package: name(component),
                    order: order.parse().unwrap(),
                    may_seed: true,
                    eligibility: Eligibility::Yes,
                    forced: false,
                    again: false,
                    triggers: vec![(TriggerId::new(n), BuildId::new(100 + n))],
                }
            })
            .collect();
        let facts = candidates
            .iter()
            .map(|candidate| (candidate.component.clone(), facts_of(candidate)))
            .collect();
        let batch = Batch::form(
            BatchId::new(5),
            Uuid::from_u128(5),
            plan,
            candidates.clone(),
            Timestamp::from_millis(0),
        );
        Self {
            batch,
            now: 0,
            stored: Stored { members: BTreeMap::new(), groups: BTreeMap::new() },
            candidates,
            facts,
            effects: BTreeMap::new(),
            asked: BTreeMap::new(),
            text: String::new(),
        }
    }

    /// A batch that builds its first slice.
    pub(super) fn building(components: &str, plan: Plan) -> Self {
        let mut play = Self::of(components, plan);
        play.quietly("admitted; tag side-1; tagged; in; change 50; request none");
        play
    }

    /// A batch of good regular builds 1007, 1008, … whose publishing begins.
    pub(super) fn publishing(components: &str, plan: Plan) -> Self {
        let mut play = Self::building(components, Plan { draft: false, ..plan });
        let names: Vec<String> = play.batch.members.keys().map(ToString::to_string).collect();
        let tasks = (7..).zip(&names).map(|(task, name)| format!("{name}={task}"));
        let submitted = tasks.collect::<Vec<_>>().join(" ");
        play.quietly(&format!("submitted {submitted}"));
        for task in 7..7 + names.len() {
            play.quietly(&format!("{task} closed"));
        }
        play
    }

    /// The same, with the first `groups` updates posted as F-1, F-2, …
    pub(super) fn settling(components: &str, plan: Plan) -> Self {
        let mut play = Self::publishing(components, plan);
        play.quietly("checked");
        for number in 1..=play.batch.groups.len() {
            play.quietly(&format!("tag errata-{number}; tagged; in errata-{number}"));
            play.quietly(&format!("posted F-{number}"));
        }
        play
    }

    pub(super) fn candidate(
        mut self,
        component: &str,
        change: impl FnOnce(&mut Candidate),
    ) -> Self {
        let of_that_name = |candidate: &&mut Candidate| candidate.component.as_str() == component;
        change(self.candidates.iter_mut().find(of_that_name).unwrap());
        let Phase::Preparing(Preparing::Admitting { candidates }) = &mut self.batch.phase else {
            panic!("admission is over");
        };
        candidates.clone_from(&self.candidates);
        self
    }

    pub(super) fn facts(mut self, component: &str, change: impl FnOnce(&mut Facts)) -> Self {
        change(self.facts.get_mut(&name::<Component>(component)).unwrap());
        self
    }

    /// Plays a part that is of no interest.
    pub(super) fn quietly(&mut self, script: &str) {
        let before = self.text.len();
        self.run(script);
        self.text.truncate(before);
    }

    /// Plays a script and gives what was written down.
    pub(super) fn play(mut self, script: &str) -> String {
        self.run(script);
        self.text
    }

    fn run(&mut self, script: &str) {
        for line in script.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(seconds) = line.strip_prefix("later ") {
                self.now += seconds.parse::<i64>().unwrap();
                continue;
            }
            let event = self.event(line);
            let news = self.give(event);
            writeln!(self.text, "{line} -> {news}").unwrap();
        }
    }

    /// Gives one event and says what came of it.
    pub(super) fn give(&mut self, event: Event) -> String {
        let before = self.batch.clone();
        let step = match self.batch.step(Timestamp::from_millis(self.now * 1000), event) {
            Ok(step) => step,
            Err(illegal) => {
                assert_eq!(self.batch, before, "an illegal event changes nothing");
                return format!("illegal: {illegal}");
            }
        };
        self.keep(&step);
        super::tell::tell(&before, &self.batch, &step)
    }

    fn keep(&mut self, step: &Step) {
        for command in &step.commands {
            if let Command::Run { no, effect } = command {
                self.effects.insert(*no, effect.clone());
                if let Effect::TagBuilds { tag, builds } = effect {
                    self.asked.entry(tag.clone()).or_default().extend(builds);
                }
            }
        }
        for component in &step.members {
            let member = self.batch.members[component].clone();
            self.stored.members.insert(component.clone(), member);
        }
        for number in &step.groups {
            self.stored.groups.insert(*number, self.batch.groups[number].clone());
        }
        let bytes = serde_json::to_vec(&self.batch).unwrap();
        let batch: Batch = serde_json::from_slice(&bytes).unwrap();
        let restored = batch.restore(self.stored.members.clone(), self.stored.groups.clone());
        assert_eq!(restored, self.batch, "what the store holds is the batch");
    }

    fn event(&self, line: &str) -> Event {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (first, rest) = words.split_first().unwrap();
        if first.parse::<i64>().is_ok() {
            return self.task_event(first, rest);
        }
        match *first {
            "admitted" => {
                Event::Admitted(Admission { base: name("eln-build"), facts: self.facts.clone() })
            }
            "tag" => self.outcome("create_side_tag", Outcome::TagCreated { tag: name(rest[0]) }),
            "tagged" => self.outcome("tag_builds", self.tagged(rest)),
            "in" => self.tag_seen(rest),
            "gone" => Event::TagSeen { tag: name(rest[0]), content: TagContent::Gone },
            "change" => Event::LastChange { event: crate::id::EventId::new(number(rest[0])) },
            "request" => {
                let request = rest[0].parse().ok().map(crate::id::RepoRequestId::new);
                self.outcome("request_repo", Outcome::RepoRequested { request })
            }
            "repo" => Event::RepoSeen {
                request: crate::id::RepoRequestId::new(number(rest[0])),
                repo: match rest[1] {
                    "ready" => RepoSeen::Ready,
                    "given-up" => RepoSeen::GivenUp,
                    _ => RepoSeen::Pending,
                },
            },
            "submitted" => {
                let builds = rest.iter().map(|word| submitted(word)).collect();
                self.outcome("submit_builds", Outcome::BuildsSubmitted { builds })
            }
            "cancelled" => self.outcome("cancel_tasks", Outcome::TasksCancelled),
            "checked" => Event::Checked(checked(rest)),
            "promoted" => self.outcome("promote_builds", self.promoted(rest)),
            "removed" => self.outcome("remove_side_tag", Outcome::TagRemoved),
            "poisoned" => {
                self.outcome(rest[0], Outcome::Poisoned { text: "workers died".to_owned() })
            }
            "withdrawn" => self.outcome(rest[0], Outcome::Withdrawn),
            "taggone" => self.outcome(rest[0], Outcome::TagGone),
            "posted" => self.outcome("submit_update", self.posted(rest)),
            "differs" => self.post_end(PostEnd::TagDiffers),
            "refused" => self.post_end(PostEnd::Refused {
                text: "not allowed".to_owned(),
                builds: rest.iter().map(|component| self.nvr_of(component)).collect(),
            }),
            "updates" => self.updates(rest),
            "found" => {
                Event::TaskFound { component: name(rest[0]), task: TaskId::new(number(rest[1])) }
            }
            "drop" => Event::Drop { component: name(rest[0]) },
            "fail" => Event::Fail {
                component: name(rest[0]),
                text: "declared failed by alice: it loops".to_owned(),
            },
            "detach" => Event::Detach { component: name(rest[0]) },
            "retry" => Decision::Retry.event(rest[0].parse().unwrap()),
            "discard" => Decision::Discard.event(rest[0].parse().unwrap()),
            "abort" => Event::Abort { requeue: !rest.is_empty() },
            other => panic!("no such event: {other}"),
        }
    }

    fn outcome(&self, kind: &str, outcome: Outcome) -> Event {
        let open = |no: &&u32| {
            self.batch.open.contains_key(no)
                && self.effects.get(no).is_some_and(|e| e.kind() == kind)
        };
        let no = *self.effects.keys().find(open).unwrap_or_else(|| panic!("no open {kind}"));
        Event::Outcome { no, outcome }
    }

    fn open_effects(&self) -> impl Iterator<Item = &Effect> {
        let open = |no: &u32| self.batch.open.contains_key(no);
        self.effects.iter().filter(move |(no, _)| open(no)).map(|(_, effect)| effect)
    }

    fn post_end(&self, end: PostEnd) -> Event {
        self.outcome("submit_update", Outcome::UpdatePosted { end })
    }

    fn task_event(&self, task: &str, rest: &[&str]) -> Event {
        let id = TaskId::new(number(task));
        let owner = self.batch.members.values().find(|member| member.open_task() == Some(id));
        let source = owner.map(|member| member.source.to_string());
        let component = self.component_of(id).unwrap_or_default();
        let draft = self.batch.plan.draft;
        let build = || {
            Some(BuildFact {
                build: BuildId::new(1000 + id.get()),
                nvr: format!("{component}-1-1.eln{}", draft_suffix(draft, 1000 + id.get())),
                epoch: None,
                draft,
                source: source.clone(),
            })
        };
        let record = if self.batch.plan.scratch { None } else { build() };
        let fate = match *rest {
            ["free"] => TaskFate::Waiting,
            ["unknown"] => TaskFate::Unknown,
            ["open"] => TaskFate::Started(Timestamp::from_millis(self.now * 1000)),
            ["open", "since", start] => {
                TaskFate::Started(Timestamp::from_millis(number(start) * 1000))
            }
            ["closed"] => TaskFate::Ended(TaskEnd::Closed { build: record }),
            ["cancelled"] => TaskFate::Ended(TaskEnd::Canceled { build: None }),
            ["cancelled", "built"] => TaskFate::Ended(TaskEnd::Canceled { build: build() }),
            ["failed", class] => failed(class, None, None),
            ["failed", class, "built"] => failed(class, build(), None),
            ["failed", class, "taken", by] => {
                let mut taken = build().unwrap();
                taken.draft = false;
                if by != "ours" {
                    taken.source = Some("git+https://src/rpms/x#other".to_owned());
                }
                failed(class, None, Some(taken))
            }
            _ => panic!("no such fate: {rest:?}"),
        };
        Event::TasksSeen { tasks: vec![TaskSeen { task: id, fate }] }
    }

    fn component_of(&self, task: TaskId) -> Option<String> {
        let mut members = self.batch.members.iter();
        members
            .find(|(_, m)| m.open_task() == Some(task))
            .map(|(component, _)| component.to_string())
    }

    fn nvr_of(&self, component: &str) -> String {
        let built = self.batch.members[&name::<Component>(component)].built();
        built.map(|built| built.nvr.clone()).unwrap_or_default()
    }

    /// All that was asked for, but for `-1007=policy`.
    fn tagged(&self, rest: &[&str]) -> Outcome {
        let fault = |build: &BuildId| {
            let mut words = rest.iter().filter_map(|word| word.strip_prefix('-')?.split_once('='));
            words.find(|(number, _)| *number == build.to_string()).map(|(_, class)| class)
        };
        let asked = self.open_effects().find_map(|effect| {
            if let Effect::TagBuilds { builds, .. } = effect { Some(builds) } else { None }
        });
        let builds = asked.unwrap().iter().map(|build| match fault(build) {
            Some("already") => (*build, Err(Refusal::AlreadySo)),
            Some(class) => (*build, Err(Refusal::Failed(failure(class)))),
            None => (*build, Ok(TaskId::new(5000 + build.get()))),
        });
        Outcome::BuildsTagged { builds: builds.collect() }
    }

    /// All that was ever asked for or built is in the tag, but for `-1007`; `-1007=build` has a failed tagging task.
    fn tag_seen(&self, rest: &[&str]) -> Event {
        let tag = rest.iter().find(|word| !word.starts_with('-')).map_or_else(
            || self.batch.phase.ground().unwrap().tag.clone(),
            |word| name::<TagName>(word),
        );
        let mut builds = self.asked.get(&tag).cloned().unwrap_or_default();
        builds.extend(self.batch.members.values().filter_map(|m| m.built().map(|b| b.build)));
        let mut faults = Vec::new();
        for word in rest.iter().filter_map(|word| word.strip_prefix('-')) {
            let (build, class) = word.split_once('=').unwrap_or((word, ""));
            builds.remove(&BuildId::new(number(build)));
            if !class.is_empty() {
                faults.push((TaskId::new(5000 + number(build)), failure(class)));
            }
        }
        Event::TagSeen { tag, content: TagContent::Builds { builds, failed: faults } }
    }

    /// All that was asked for is promoted, but for `-1007`.
    fn promoted(&self, rest: &[&str]) -> Outcome {
        let asked = self.open_effects().find_map(|effect| {
            if let Effect::PromoteBuilds { builds } = effect { Some(builds) } else { None }
        });
        let owner = |build: BuildId| {
            let mut members = self.batch.members.iter();
            let of = |m: &Member| m.finished_build() == Some(build);
            members.find(|(_, m)| of(m)).map(|(component, _)| component.to_string())
        };
        let builds = asked.unwrap().iter().map(|build| {
            if rest.contains(&&*format!("-{build}")) {
                return (*build, Err(failure("infrastructure")));
            }
            let nvr = format!("{}-1-1.eln", owner(*build).unwrap_or_default());
            let (build, draft) = (*build, false);
            (build, Ok(Built { build, nvr, epoch: None, draft, adopted: false }))
        });
        Outcome::BuildsPromoted { builds: builds.collect() }
    }

    /// An update with the whole group, but for `-a`.
    fn posted(&self, rest: &[&str]) -> Outcome {
        let group = self.open_effects().find_map(|effect| {
            if let Effect::SubmitUpdate { builds, .. } = effect { Some(builds) } else { None }
        });
        let builds = group
            .unwrap()
            .iter()
            .filter(|(_, nvr)| !rest.iter().any(|word| word.strip_prefix('-') == Some(nvr.name())));
        let end = PostEnd::Update(UpdateSeen {
            alias: rest[0].to_owned(),
            status: "pending".to_owned(),
            gating: None,
            pushed: false,
            builds: builds.map(|(_, nvr)| nvr.to_string()).collect(),
        });
        Outcome::UpdatePosted { end }
    }

    /// `F-1=testing/passed` or `F-1=pending/pushed` is an update, `F-1=404` one that Bodhi does not know, `1007=a-1-1.eln` a build in the stable tag.
    fn updates(&self, rest: &[&str]) -> Event {
        let mut look = UpdatesLook::default();
        for (key, value) in rest.iter().filter_map(|word| word.split_once('=')) {
            if let Ok(build) = key.parse() {
                look.stable.push(StableBuild {
                    build: BuildId::new(build),
                    nvr: value.to_owned(),
                    epoch: None,
                });
                continue;
            }
            if value == "404" {
                look.unknown.push(key.to_owned());
                continue;
            }
            let (status, more) = value.split_once('/').unwrap_or((value, ""));
            look.updates.push(UpdateSeen {
                alias: key.to_owned(),
                status: status.to_owned(),
                gating: (!more.is_empty() && more != "pushed").then(|| more.to_owned()),
                pushed: status != "pending" || more == "pushed",
                builds: Vec::new(),
            });
        }
        Event::UpdatesSeen(look)
    }
}

fn facts_of(candidate: &Candidate) -> Facts {
    let (component, (_, build)) = (&candidate.component, candidate.triggers[0]);
    Facts {
        latest: Some(LatestBuild {
            build,
            nvr: format!("{component}-1-1.fc45"),
            source: Some(
                format!("git+https://src/rpms/{component}#{:040x}", build.get()).parse().unwrap(),
            ),
        }),
        stable: None,
        denied_since: None,
    }
}

/// `a=7`, `a=7+9` with a surplus task, `a!source` refused.
fn submitted(word: &str) -> (Component, SubmitEnd) {
    if let Some((component, class)) = word.split_once('!') {
        return (name(component), SubmitEnd::Refused(failure(class)));
    }
    let (component, tasks) = word.split_once('=').unwrap();
    let mut tasks = tasks.split('+').map(|task| TaskId::new(number(task)));
    let task = tasks.next().unwrap();
    (name(component), SubmitEnd::Task { task, surplus: tasks.collect() })
}

fn checked(rest: &[&str]) -> PublishFacts {
    let mut facts = PublishFacts::default();
    for (build, what) in rest.iter().filter_map(|word| word.split_once('=')) {
        let build = BuildId::new(number(build));
        if what == "stable" {
            facts.in_stable.insert(build);
        } else {
            facts.in_update.insert(build, what.to_owned());
        }
    }
    facts
}

fn failed(class: &str, build: Option<BuildFact>, taken_by: Option<BuildFact>) -> TaskFate {
    TaskFate::Ended(TaskEnd::Failed { failure: failure(class), build, taken_by })
}

fn failure(class: &str) -> Failure {
    let class = FailureClass::ALL.into_iter().find(|known| known.as_str() == class).unwrap();
    Failure::new(class, "it broke")
}

fn draft_suffix(draft: bool, build: i64) -> String {
    if draft { format!(",draft_{build}") } else { String::new() }
}

pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}
