//! What an operator asks of a batch that has not ended: whether it can be done, and what it would do, in sentences.

use serde::{Deserialize, Serialize};

use super::{
    group::Group,
    member::{Build, Member},
    phase::{Phase, Preparing},
    state::Batch,
};
use crate::{id::Component, nvr::Nvr};

/// Most names in a sentence.
const NAMED: usize = 5;

/// What an operator asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// End the batch.
    Abort {
        /// Whether its triggers become pending again.
        requeue: bool,
    },
    /// Take one component out.
    Drop {
        /// Which.
        component: Component,
    },
    /// Declare one component's build failed.
    Fail {
        /// Which.
        component: Component,
    },
    /// Go on without the end of one component's build.
    Detach {
        /// Which.
        component: Component,
    },
}

impl Operation {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Abort { .. } => "abort",
            Self::Drop { .. } => "drop",
            Self::Fail { .. } => "fail",
            Self::Detach { .. } => "detach",
        }
    }
}

impl Batch {
    /// The component of this name, be it ours or Rawhide's.
    #[must_use]
    pub fn member_named(&self, name: &str) -> Option<&Component> {
        let upstream =
            |member: &Member| member.rawhide_nvr.parse::<Nvr>().is_ok_and(|nvr| nvr.name() == name);
        let own = self.members.keys().find(|component| component.as_str() == name);
        own.or_else(|| {
            self.members.iter().find(|(_, member)| upstream(member)).map(|(component, _)| component)
        })
    }

    /// What an operation would do, in sentences.
    ///
    /// # Errors
    ///
    /// Why it cannot be done, and what can be done instead.
    pub fn foresee(&self, operation: &Operation) -> Result<Vec<String>, String> {
        match operation {
            Operation::Abort { requeue } => self.foresee_abort(*requeue),
            Operation::Drop { component } => self.foresee_drop(component),
            Operation::Fail { component } => self.foresee_fail(component),
            Operation::Detach { component } => self.foresee_detach(component),
        }
    }

    fn foresee_abort(&self, requeue: bool) -> Result<Vec<String>, String> {
        let id = self.id;
        match &self.phase {
            Phase::Aborting(_) => return Err(format!("batch {id} is being aborted already")),
            Phase::Cleaning(_) => {
                return Err(format!(
                    "batch {id} is cleaning: all it did is done, and it ends by itself"
                ));
            }
            Phase::Ended { ending } => {
                return Err(format!("batch {id} has ended: {}", ending.word()));
            }
            Phase::Preparing(_)
            | Phase::Building(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. } => {}
        }
        if self.stopped.is_some() {
            return Err(format!(
                "batch {id} is being ended already: only its updates are waited for"
            ));
        }
        let out: Vec<&str> = self.groups.values().filter_map(Group::alias).collect();
        if !out.is_empty() {
            return Ok(self.foresee_stop(out, requeue));
        }
        if let Phase::Preparing(Preparing::Admitting { candidates }) = &self.phase {
            return Ok(vec![format!(
                "the batch ends at once; components in it: {}{}",
                candidates.len(),
                back(requeue)
            )]);
        }
        let tasks = self.members.values().filter(|member| member.open_task().is_some()).count();
        let tags = self.owned_tags().into_iter().map(|tag| tag.to_string());
        let triggers =
            self.members.values().filter(|member| member.trigger.is_some() && !member.dropped);
        Ok(vec![
            format!("tasks that are cancelled and seen final: {tasks}"),
            format!(
                "these side tags are removed, but for those that an update or a held group has: {}",
                named(tags)
            ),
            format!("components in it: {}{}", triggers.count(), back(requeue)),
        ])
    }

    /// What ending it would do once updates are out.
    fn foresee_stop(&self, out: Vec<&str>, requeue: bool) -> Vec<String> {
        let unsent = self.groups.values().filter(|group| !group.is_sent());
        let behind: usize = unsent.map(|group| group.packed.len()).sum();
        let detached = self.members.values().filter(|member| member.builds_detached()).count();
        let out = named(out.into_iter().map(str::to_owned));
        vec![
            format!("the batch goes on to its end with the updates that are out: {out}"),
            format!("tasks of detached builds that are cancelled: {detached}"),
            format!(
                "builds that stay behind, since their update is not made: {behind}{}",
                back(requeue)
            ),
        ]
    }

    fn foresee_drop(&self, component: &Component) -> Result<Vec<String>, String> {
        let member = self.member(component)?;
        if member.dropped {
            return Err(format!("{component} is taken out already"));
        }
        if !self.may_be_dropped(component) {
            return Err(self.beyond(component, member));
        }
        Ok(vec![
            becomes(member),
            "what is in the side tag of it stays there, and none of it is published".to_owned(),
        ])
    }

    fn foresee_fail(&self, component: &Component) -> Result<Vec<String>, String> {
        let member = self.member(component)?;
        if member.declared.is_some() {
            return Err(format!("{component} is declared failed already"));
        }
        if member.has_ended() && !member.failed_retryably() {
            return Err(format!("the build of {component} has ended: {}", member.word()));
        }
        if member.dropped {
            return Err(format!("{component} is taken out already"));
        }
        if !self.may_be_failed(component) {
            return Err(self.beyond(component, member));
        }
        Ok(vec![
            becomes(member),
            "it ends as failed, is not tried again, and is not denied".to_owned(),
        ])
    }

    fn foresee_detach(&self, component: &Component) -> Result<Vec<String>, String> {
        let member = self.member(component)?;
        if member.detached.is_some() {
            return Err(format!("{component} is detached already: {}", member.word()));
        }
        if let Some(why) = self.not_detachable(component, member) {
            return Err(why);
        }
        let (Some(task), Some(ground)) = (member.open_task(), self.phase.ground()) else {
            return Err(self.beyond(component, member));
        };
        Ok(vec![
            format!("its task {task} runs on, and the batch goes on without its end"),
            format!(
                "if it ends well, it is published in an update of its own; {} is kept until then",
                ground.tag
            ),
            "it is not tried again, and the next batch does not wait for it".to_owned(),
        ])
    }

    /// Why a build cannot be detached; nothing if it can.
    fn not_detachable(&self, component: &Component, member: &Member) -> Option<String> {
        if self.may_be_detached(component) {
            return None;
        }
        let holds_up = "it holds up nothing".to_owned();
        Some(match &member.build {
            Build::Waiting | Build::Queued { .. } => {
                format!("{component} has no task yet: `ebsctl batch drop` takes it out")
            }
            Build::Submitting { .. } => {
                format!("{component} is being asked for: ask again when it has a task")
            }
            Build::Stopping { task, .. } => {
                format!("the task {task} of {component} is being cancelled: {holds_up} for long")
            }
            Build::Tagging { built, .. } => {
                format!("{} is built and being tagged: {holds_up} for long", built.nvr)
            }
            Build::Ended { end, .. } => {
                format!("the build of {component} has ended: {}", end.word())
            }
            Build::Running { .. } if self.plan.scratch => {
                format!("{component} is a scratch build: nothing of it is published later")
            }
            Build::Running { .. } => self.beyond(component, member),
        })
    }

    /// Why nothing can be done to a component any more.
    fn beyond(&self, component: &Component, member: &Member) -> String {
        let id = self.id;
        match &self.phase {
            Phase::Aborting(_) => format!("batch {id} is being aborted, and {component} with it"),
            Phase::Cleaning(_) | Phase::Ended { .. } => {
                format!("batch {id} is {}: what it published is in Bodhi", self.phase.word())
            }
            Phase::Preparing(_)
            | Phase::Building(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. } => {
                if member.built().is_some() && !self.left_out.contains_key(component) {
                    format!(
                        "the update of {component} is made, or waits for somebody: unpush it in Bodhi, or see `ebsctl group`"
                    )
                } else {
                    format!(
                        "nothing of {component} is published, and it builds no more: {}",
                        member.word()
                    )
                }
            }
        }
    }

    fn member(&self, component: &Component) -> Result<&Member, String> {
        self.members.get(component).ok_or_else(|| {
            format!(
                "{component} is not in batch {}: `ebsctl explain {component}` says where it is",
                self.id
            )
        })
    }
}

/// What becomes of a member's build when it is stopped.
fn becomes(member: &Member) -> String {
    match &member.build {
        Build::Waiting | Build::Queued { .. } => "its build is not asked for".to_owned(),
        Build::Submitting { .. } => "its task is cancelled as soon as it is known".to_owned(),
        Build::Running { task, .. } => format!("its task {task} is cancelled"),
        Build::Stopping { task, .. } => format!("its task {task} is being cancelled already"),
        Build::Tagging { built, .. } => format!("{} is not tagged", built.nvr),
        Build::Ended { end, .. } => format!("its build has ended: {}", end.word()),
    }
}

fn back(requeue: bool) -> &'static str {
    if requeue {
        "; their triggers wait again, and no batch begins until somebody says `ebsctl unpause`"
    } else {
        "; their triggers are answered as dropped"
    }
}

fn named(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match (names.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown,
        (false, more) => format!("{shown} and {more} more"),
    }
}
