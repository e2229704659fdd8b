//! What workers report, in the words of the domain.

use std::collections::BTreeSet;

use ebs_domain::{
    batch::{
        BuildFact, Effect, Event, Outcome, PostEnd, RepoSeen, StableBuild, SubmitEnd, TagContent,
        TaskEnd, TaskFate, TaskSeen, UpdateSeen, UpdatesLook, Watch,
    },
    failure::Failure,
    time::Timestamp,
};
use ebs_shared::{
    bodhi::api::Update,
    job::{self, Answer, SeenTask, Service},
    koji::{
        api::{BuildInfo, BuildState, RepoAnswer, TaskState},
        error::Fault,
        fault::{self, Meaning},
    },
};

use super::failing::Failing;

/// Most lines of a failure's text that are kept.
const KEPT_LINES: usize = 20;

/// What a report on an effect means.
pub(super) enum Told {
    /// Its outcome, and events that came along.
    Outcome(Outcome, Option<Event>),
    /// Part of it is known; the rest is still in doubt.
    StillInDoubt { why: String },
    /// A neighbour was not available, or the outcome is unknown.
    Failing(Failing),
    /// The worker could not make sense of it.
    Impossible(String),
}

/// Reads a worker's answer to an effect.
pub(super) fn of_effect(effect: &Effect, answer: Answer, at: Timestamp) -> Told {
    match (effect, answer) {
        (_, Answer::Unavailable { service, why }) => {
            Told::Failing(Failing::Unavailable { service, why })
        }
        (effect, Answer::Unknown { why }) => {
            Told::Failing(Failing::Unknown { service: service_of(effect), why })
        }
        (_, Answer::NotYet { why }) => Told::StillInDoubt { why },
        (_, Answer::Impossible { why }) => Told::Impossible(why),
        (Effect::SubmitBuilds { builds, .. }, Answer::Submitted { builds: ends })
            if builds.len() == ends.len() =>
        {
            let mut submitted = Vec::with_capacity(ends.len());
            for (build, end) in builds.iter().zip(ends) {
                let Some(end) = submit_end(end) else {
                    return Told::StillInDoubt {
                        why: format!("no task of {} was found yet", build.component),
                    };
                };
                submitted.push((build.component.clone(), end));
            }
            Told::Outcome(Outcome::BuildsSubmitted { builds: submitted }, None)
        }
        (Effect::CancelTasks { .. }, Answer::Canceled { tasks }) => {
            Told::Outcome(Outcome::TasksCancelled, Some(tasks_seen(tasks, at)))
        }
        (Effect::SubmitUpdate { .. }, Answer::Posted { update }) => {
            Told::Outcome(Outcome::UpdatePosted { end: PostEnd::Update(update_seen(update)) }, None)
        }
        (Effect::SubmitUpdate { .. }, Answer::TagDiffers { why }) => {
            tracing::warn!(error = why, "an errata tag is put right before its update is made");
            Told::Outcome(Outcome::UpdatePosted { end: PostEnd::TagDiffers }, None)
        }
        (Effect::SubmitUpdate { .. }, Answer::PostRefused { complaints, builds }) => {
            let text: Vec<String> =
                complaints.into_iter().map(|complaint| complaint.description).collect();
            Told::Outcome(
                Outcome::UpdatePosted { end: PostEnd::Refused { text: text.join("; "), builds } },
                None,
            )
        }
        (effect, answer) => {
            Told::Impossible(format!("{answer:?} is no answer to {}", effect.kind()))
        }
    }
}

fn service_of(effect: &Effect) -> Service {
    if matches!(effect, Effect::SubmitUpdate { .. }) { Service::Bodhi } else { Service::Koji }
}

fn submit_end(end: job::SubmitEnd) -> Option<SubmitEnd> {
    match end {
        job::SubmitEnd::Task { task, surplus } => Some(SubmitEnd::Task { task, surplus }),
        job::SubmitEnd::Refused { fault } => Some(SubmitEnd::Refused(failure(&fault))),
        job::SubmitEnd::NotYet => None,
    }
}

/// What a report on a poll means.
pub(super) fn of_watch(watch: &Watch, answer: Answer, at: Timestamp) -> Result<Event, Failing> {
    match (watch, answer) {
        (_, Answer::Unavailable { service, why }) => Err(Failing::Unavailable { service, why }),
        (Watch::Tasks(_), Answer::Tasks { tasks, unknown }) => {
            let unknown =
                unknown.into_iter().map(|task| TaskSeen { task, fate: TaskFate::Unknown });
            let known = tasks.into_iter().filter_map(|seen| task_seen(seen, at));
            Ok(Event::TasksSeen { tasks: known.chain(unknown).collect() })
        }
        (Watch::Tag { tag, .. }, Answer::Tag { builds, failed, .. }) => {
            let content = match builds {
                None => TagContent::Gone,
                Some(builds) => TagContent::Builds {
                    builds: builds.into_iter().collect::<BTreeSet<_>>(),
                    failed: failed
                        .iter()
                        .filter(|(_, fault)| fault::meaning(fault) != Meaning::AlreadyTagged)
                        .map(|(task, fault)| (*task, failure(fault)))
                        .collect(),
                },
            };
            Ok(Event::TagSeen { tag: tag.clone(), content })
        }
        (Watch::Repo(request), Answer::Repo { repo }) => {
            let repo = match repo {
                RepoAnswer::Ready { .. } => RepoSeen::Ready,
                RepoAnswer::Pending { .. } => RepoSeen::Pending,
                RepoAnswer::GivenUp => RepoSeen::GivenUp,
            };
            Ok(Event::RepoSeen { request: *request, repo })
        }
        (Watch::Updates { aliases, .. }, Answer::Updates { updates, stable }) => {
            Ok(Event::UpdatesSeen(updates_look(aliases, updates, stable)))
        }
        (_, answer) => Err(Failing::Unavailable {
            service: Service::Koji,
            why: format!("odd answer {answer:?}"),
        }),
    }
}

/// Tasks as a worker saw them.
fn tasks_seen(tasks: Vec<SeenTask>, at: Timestamp) -> Event {
    Event::TasksSeen { tasks: tasks.into_iter().filter_map(|seen| task_seen(seen, at)).collect() }
}

/// `None` for a finished task whose end could not be read: the next poll will.
fn task_seen(seen: SeenTask, at: Timestamp) -> Option<TaskSeen> {
    let fate = match seen.info.state {
        TaskState::Free | TaskState::Assigned => TaskFate::Waiting,
        TaskState::Open => TaskFate::Started(seen.info.started.unwrap_or(at)),
        TaskState::Closed | TaskState::Failed | TaskState::Canceled => {
            let end = seen.end.as_ref()?;
            let build =
                end.builds.iter().find(|build| build.state == BuildState::Complete).map(fact);
            TaskFate::Ended(match seen.info.state {
                TaskState::Failed => TaskEnd::Failed {
                    failure: of_task(end),
                    build,
                    taken_by: seen.taken.as_ref().map(fact),
                },
                TaskState::Canceled => TaskEnd::Canceled { build },
                TaskState::Closed | TaskState::Free | TaskState::Open | TaskState::Assigned => {
                    TaskEnd::Closed { build }
                }
            })
        }
    };
    Some(TaskSeen { task: seen.info.task, fate })
}

fn of_task(end: &ebs_shared::koji::api::TaskEnd) -> Failure {
    let text = end.fault.as_ref().map_or("Koji gave no reason", |fault| fault.text.as_str());
    Failure {
        class: fault::classify(end.fault.as_ref(), &end.children),
        text: last_lines(text),
        task: Some(fault::failed_child(&end.children).map_or(end.task, |child| child.task)),
    }
}

fn fact(build: &BuildInfo) -> BuildFact {
    BuildFact {
        build: build.build,
        nvr: build.nvr.clone(),
        epoch: build.epoch,
        draft: build.draft,
        source: build.source.clone(),
    }
}

/// A fault that concerns one build alone.
pub(super) fn failure(fault: &Fault) -> Failure {
    Failure::new(fault::classify(Some(fault), &[]), last_lines(&fault.text))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(KEPT_LINES)..].join("\n")
}

fn updates_look(
    asked: &[String],
    updates: Vec<Update>,
    stable: Vec<job::StableBuild>,
) -> UpdatesLook {
    let known: BTreeSet<&str> = updates.iter().map(|update| update.alias.as_str()).collect();
    let unknown = asked.iter().filter(|alias| !known.contains(alias.as_str())).cloned().collect();
    UpdatesLook {
        unknown,
        updates: updates.into_iter().map(update_seen).collect(),
        stable: stable
            .into_iter()
            .map(|build| StableBuild { build: build.build, nvr: build.nvr, epoch: build.epoch })
            .collect(),
    }
}

pub(super) fn update_seen(update: Update) -> UpdateSeen {
    UpdateSeen {
        alias: update.alias,
        status: update.status,
        gating: update.gating,
        pushed: update.pushed,
        builds: update.builds,
    }
}
