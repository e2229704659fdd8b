//! What the domain wishes and watches, in the words of the job protocol.

use std::time::Duration;

use ebs_domain::{
    batch::{Effect, Plan, Watch},
    id::{BatchId, Epoch, TagName},
};
use ebs_shared::{
    bodhi::api::NewUpdate,
    job::{Doubt, Job, PROTOCOL, Work},
    koji::api::{BuildOptions, BuildRequest},
    queue::NewJob,
    telemetry::TraceId,
};

use super::{
    ledger::{self, Open},
    polls::Unit,
};

/// Koji's relative priority of our builds; larger is later. Source: what the Python service asks for.
const PRIORITY: i64 = 5;

/// Margin before the first issue, within which our clock and the hub's may differ.
const CLOCK_MARGIN: Duration = Duration::from_secs(600);

/// The work of an effect that workers run, by the plan of its batch if it has one; `None` for the leader's own.
pub(super) fn of_effect(open: &Open, plan: Option<&Plan>, may_create: bool) -> Option<Work> {
    let doubt = if open.entry.doubt.is_none() && !open.entry.settle_only {
        Doubt::None
    } else {
        let since = open.row.first_issued.unwrap_or(open.row.created) - CLOCK_MARGIN;
        Doubt::Look { since, may_create }
    };
    match &open.entry.effect {
        Effect::SubmitBuilds { tag, builds, .. } => Some(Work::SubmitBuilds {
            options: options(tag, plan?),
            builds: builds
                .iter()
                .map(|build| BuildRequest { source: build.source.to_string(), token: build.token })
                .collect(),
            doubt,
        }),
        Effect::CancelTasks { tasks } => Some(Work::CancelTasks { tasks: tasks.clone() }),
        Effect::SubmitUpdate { tag, group, builds } => Some(Work::SubmitUpdate {
            update: NewUpdate {
                from_tag: tag.clone(),
                notes: notes(open.row.batch?, *group, builds.len()),
            },
            builds: builds.iter().map(|(build, _)| *build).collect(),
            nvrs: builds.iter().map(|(_, nvr)| nvr.to_string()).collect(),
            doubt,
        }),
        Effect::CreateSideTag { .. }
        | Effect::TagBuilds { .. }
        | Effect::PromoteBuilds { .. }
        | Effect::RequestRepo { .. }
        | Effect::RemoveSideTag { .. } => None,
    }
}

fn options(target: &TagName, plan: &Plan) -> BuildOptions {
    BuildOptions {
        target: target.clone(),
        draft: plan.draft && !plan.scratch,
        scratch: plan.scratch,
        fail_fast: plan.fail_fast,
        wait_repo: plan.wait_repo,
        priority: PRIORITY,
    }
}

fn notes(batch: BatchId, group: u32, builds: usize) -> String {
    format!("Automatic rebuild for ELN: batch {batch}, group {group}, {builds} builds.")
}

/// The work of one poll.
pub(super) fn of_watch(unit: &Unit, plan: &Plan) -> Work {
    match &unit.watch {
        Watch::Tasks(tasks) => Work::PollTasks { tasks: tasks.clone() },
        Watch::Tag { tag, .. } => {
            Work::PollTag { tag: tag.clone(), tasks: unit.tagging_tasks().to_vec() }
        }
        Watch::Repo(request) => Work::PollRepo { request: *request },
        Watch::Updates { aliases, packages } => Work::PollUpdates {
            aliases: aliases.clone(),
            stable_tag: plan.stable_tag.clone(),
            packages: packages.clone(),
        },
    }
}

/// Who a job is for, and which run it is.
pub(super) struct Address<'a> {
    pub(super) of: &'a str,
    pub(super) run: u32,
    pub(super) batch: Option<BatchId>,
    pub(super) attempt: Option<u32>,
    pub(super) trace: TraceId,
    pub(super) epoch: Epoch,
}

/// A job to put on the queue.
pub(super) fn job(
    address: &Address<'_>,
    work: Work,
    what: String,
    attempts: u32,
    doubt_wait: Duration,
) -> Result<NewJob, serde_json::Error> {
    let (lane, kind, creates) = (work.lane(), work.kind(), work.creates());
    let id = ledger::job_id(address.of, address.run);
    let job = Job {
        v: PROTOCOL,
        of: address.of.to_owned(),
        run: address.run,
        batch: address.batch,
        attempt: address.attempt,
        epoch: address.epoch,
        traceparent: address.trace.parent(&id).to_string(),
        work,
    };
    Ok(NewJob {
        id,
        lane,
        kind,
        what,
        payload: serde_json::to_string(&job)?,
        max_attempts: attempts,
        redeliver_after: if creates { doubt_wait } else { Duration::ZERO },
    })
}

/// The line for people that the queue shows with an effect.
pub(super) fn effect_line(effect: &Effect) -> String {
    match effect {
        Effect::SubmitBuilds { tag, attempt, builds, .. } => match builds.as_slice() {
            [only] => format!("build {} into {tag}, attempt {attempt}", only.component),
            [first, ..] => {
                format!(
                    "build {} and {} more into {tag}, attempt {attempt}",
                    first.component,
                    builds.len() - 1
                )
            }
            [] => format!("build nothing into {tag}"),
        },
        Effect::CancelTasks { tasks } => format!("cancel {} tasks", tasks.len()),
        Effect::SubmitUpdate { tag, builds, .. } => {
            format!("make an update of {} builds from {tag}", builds.len())
        }
        Effect::CreateSideTag { base } => format!("make a side tag on {base}"),
        Effect::TagBuilds { tag, builds } => format!("tag {} builds into {tag}", builds.len()),
        Effect::PromoteBuilds { builds } => format!("promote {} builds", builds.len()),
        Effect::RequestRepo { tag, event } => format!("ask for a repo of {tag} at event {event}"),
        Effect::RemoveSideTag { tag } => format!("remove {tag}"),
    }
}

/// Most builds and tasks that are named as suffering.
const MAX_SUFFERING: usize = 20;

/// What suffers if an effect is given up, in words: nothing else does.
pub(super) fn suffers(batch: BatchId, effect: &Effect) -> String {
    let of_batch = |what: String| format!("{what} of batch {batch}");
    match effect {
        Effect::SubmitBuilds { builds, .. } => {
            let names = builds.iter().map(|build| build.component.to_string());
            of_batch(listed("the builds", names.collect()))
        }
        Effect::CancelTasks { tasks } => {
            let names = tasks.iter().map(ToString::to_string);
            of_batch(listed("the tasks", names.collect()))
        }
        Effect::SubmitUpdate { group, .. } => of_batch(format!("group {group}")),
        Effect::CreateSideTag { .. }
        | Effect::TagBuilds { .. }
        | Effect::PromoteBuilds { .. }
        | Effect::RequestRepo { .. }
        | Effect::RemoveSideTag { .. } => format!("batch {batch}"),
    }
}

fn listed(what: &str, mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MAX_SUFFERING);
    names.truncate(MAX_SUFFERING);
    let names = names.join(", ");
    if more == 0 { format!("{what} {names}") } else { format!("{what} {names} and {more} more") }
}

/// The line for people that the queue shows with a poll.
pub(super) fn watch_line(watch: &Watch) -> String {
    match watch {
        Watch::Tasks(tasks) => format!("look at {} build tasks", tasks.len()),
        Watch::Tag { tag, .. } => format!("look what is in {tag}"),
        Watch::Repo(request) => format!("look at repo request {request}"),
        Watch::Updates { aliases, .. } => format!("look at {} updates", aliases.len()),
    }
}

/// The group whose update an effect makes, if it makes one.
pub(super) fn group_of(effect: &Effect) -> Option<u32> {
    if let Effect::SubmitUpdate { group, .. } = effect { Some(*group) } else { None }
}

/// The attempt that an effect belongs to, if it is about one.
pub(super) fn attempt_of(effect: &Effect) -> Option<u32> {
    if let Effect::SubmitBuilds { attempt, .. } = effect { Some(*attempt) } else { None }
}
