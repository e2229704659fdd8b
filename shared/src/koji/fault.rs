//! The one place that reads fault texts. Everything else asks it what a fault means.
//!
//! **Source** of the texts: the hub's and the builder's source as of July 2025, and recorded faults. Codes are matched
//! first; a text only tells cases of one code apart.

use ebs_domain::{
    failure::FailureClass,
    id::{BuildId, TaskId},
};

use super::{
    api::{TaskInfo, TaskState},
    error::Fault,
    xmlrpc::RawFault,
};

/// Koji's numbers of faults that we tell apart. Source: `koji/__init__.py`.
pub mod code {
    /// Any exception that is none of Koji's own.
    pub const FOREIGN: i64 = 1;
    /// Koji's catch-all.
    pub const GENERIC: i64 = 1000;
    /// A lock is held by somebody.
    pub const LOCK: i64 = 1001;
    /// Wrong credentials, or a session that is no more.
    pub const AUTH: i64 = 1002;
    /// A build does not fit a tag.
    pub const TAG: i64 = 1003;
    /// Not allowed.
    pub const NOT_ALLOWED: i64 = 1004;
    /// A build failed.
    pub const BUILD: i64 = 1005;
    /// The account is locked by another session.
    pub const AUTH_LOCK: i64 = 1006;
    /// The session must be renewed.
    pub const AUTH_EXPIRED: i64 = 1007;
    /// A call number below one that took effect.
    pub const SEQUENCE: i64 = 1008;
    /// This call number already took effect.
    pub const RETRY: i64 = 1009;
    /// A build failed before it began.
    pub const PRE_BUILD: i64 = 1010;
    /// A build failed after its end.
    pub const POST_BUILD: i64 = 1011;
    /// A buildroot could not be set up.
    pub const BUILDROOT: i64 = 1012;
    /// The hub is offline.
    pub const OFFLINE: i64 = 1014;
    /// A plugin failed.
    pub const PLUGIN: i64 = 1016;
    /// A callback of a plugin failed.
    pub const CALLBACK: i64 = 1017;
    /// Wrong arguments.
    pub const PARAMETER: i64 = 1019;
    /// Importing what was built failed.
    pub const IMPORT: i64 = 1020;
}

/// The longest text of a fault that is kept, in characters: half from its start, half from its end.
const MAX_TEXT: usize = 2000;

/// What a fault says, where a caller can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// There is a finished build of that NVR.
    BuildExists(BuildId),
    /// Another task is making a build of that NVR.
    BuildInProgress(TaskId),
    /// The build is in that tag already.
    AlreadyTagged,
    /// The build is not in that tag.
    NotTagged,
    /// The build is no draft, or no longer.
    NotADraft,
    /// No such tag, or no longer.
    NoSuchTag,
    /// No such target, or no longer.
    NoSuchTarget,
    /// No such build.
    NoSuchBuild,
    /// No such task.
    NoSuchTask,
    /// No such repo request, or no longer.
    NoSuchRequest,
    /// The task was cancelled.
    TaskCanceled,
    /// The task has not ended.
    TaskUnfinished,
    /// The tag is locked.
    TagLocked,
    /// A policy of the site refuses.
    Policy,
    /// The session is closed, deleted or was never ours.
    SessionGone,
    /// None of these.
    Other,
}

/// What a fault means.
#[must_use]
pub fn meaning(fault: &Fault) -> Meaning {
    let text = fault.text.as_str();
    match fault.code {
        code::GENERIC => generic(text),
        code::AUTH if text.contains("Invalid session or bad credentials") => Meaning::SessionGone,
        code::TAG if text.contains("already tagged") => Meaning::AlreadyTagged,
        code::TAG if text.contains(" not in tag ") => Meaning::NotTagged,
        code::NOT_ALLOWED if text.contains("tag is locked") => Meaning::TagLocked,
        code::NOT_ALLOWED if text.contains("policy violation") => Meaning::Policy,
        _ => Meaning::Other,
    }
}

fn generic(text: &str) -> Meaning {
    if let Some(id) = number_after(text, "Build already exists (id=")
        && text.contains("state=COMPLETE")
    {
        return Meaning::BuildExists(BuildId::new(id));
    }
    if let Some(id) = number_after(text, "Build already in progress (task ") {
        return Meaning::BuildInProgress(TaskId::new(id));
    }
    let task = text.starts_with("Task ");
    match text {
        _ if text.starts_with("No such tag") => Meaning::NoSuchTag,
        _ if text.starts_with("unknown build target")
            || text.starts_with("No such build target") =>
        {
            Meaning::NoSuchTarget
        }
        _ if text.starts_with("No such build:") => Meaning::NoSuchBuild,
        _ if text.starts_with("No such task") => Meaning::NoSuchTask,
        _ if text.starts_with("No such request") => Meaning::NoSuchRequest,
        _ if text.ends_with("Not a draft build") => Meaning::NotADraft,
        _ if task && text.ends_with("is canceled") => Meaning::TaskCanceled,
        _ if task && text.ends_with("is not finished") => Meaning::TaskUnfinished,
        _ => Meaning::Other,
    }
}

fn number_after(text: &str, start: &str) -> Option<i64> {
    let rest = text.strip_prefix(start)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The child that is to blame: the first that failed (not one that was cancelled because of it), by task number.
#[must_use]
pub fn failed_child(children: &[TaskInfo]) -> Option<&TaskInfo> {
    children.iter().filter(|child| child.state == TaskState::Failed).min_by_key(|child| child.task)
}

/// Why a build task failed, from its fault and its children.
#[must_use]
pub fn classify(fault: Option<&Fault>, children: &[TaskInfo]) -> FailureClass {
    let child = failed_child(children);
    let step = child.map(Step::of);
    let Some(fault) = fault else {
        return step.map_or(FailureClass::Unknown, Step::class);
    };
    match fault.code {
        code::NOT_ALLOWED if meaning(fault) == Meaning::TagLocked => FailureClass::Tagging,
        code::NOT_ALLOWED => FailureClass::Policy,
        code::TAG => FailureClass::Tagging,
        code::BUILDROOT => FailureClass::Dependency,
        code::BUILD => of_build_error(&fault.text, step),
        code::PRE_BUILD => FailureClass::Srpm,
        code::POST_BUILD => FailureClass::Build,
        code::GENERIC => of_generic(fault, step),
        code::LOCK..=code::OFFLINE | code::PLUGIN | code::CALLBACK | code::IMPORT => {
            FailureClass::Infrastructure
        }
        _ => FailureClass::Unknown,
    }
}

/// The step of a build that a child task is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Repo,
    Srpm,
    Arch,
    Tag,
    Other,
}

impl Step {
    fn of(child: &TaskInfo) -> Self {
        match (child.method.as_str(), child.label.as_deref()) {
            ("waitrepo" | "newRepo", _) => Self::Repo,
            ("buildSRPMFromSCM" | "rebuildSRPM", _) | (_, Some("srpm")) => Self::Srpm,
            ("buildArch", _) => Self::Arch,
            ("tagBuild", _) | (_, Some("tag")) => Self::Tag,
            _ => Self::Other,
        }
    }

    fn class(self) -> FailureClass {
        match self {
            Self::Repo => FailureClass::Infrastructure,
            Self::Srpm => FailureClass::Srpm,
            Self::Arch => FailureClass::Build,
            Self::Tag => FailureClass::Tagging,
            Self::Other => FailureClass::Unknown,
        }
    }
}

/// Fault 1005. Source: `builder/kojid` (`BuildRoot.build`, `build_srpm`), `koji/daemon.py` (`SCM`), mock's exit codes.
fn of_build_error(text: &str, step: Option<Step>) -> FailureClass {
    const SOURCE: [&str; 6] = [
        "error retrieving sources",
        "Error running GIT command",
        "No matching arches were found",
        "spec file",
        "Invalid scheme in scm url",
        "srpm mismatch",
    ];
    if text.contains(" not in list for tag ")
        || text.contains(" is blocked for tag ")
        || text.contains("allowed SCM")
    {
        return FailureClass::Policy;
    }
    if SOURCE.iter().any(|part| text.contains(part)) {
        return FailureClass::Source;
    }
    let failed = if step == Some(Step::Srpm) || text.starts_with("error building srpm") {
        FailureClass::Srpm
    } else {
        FailureClass::Build
    };
    match text.split_once("mock exited with status ").map(|(_, rest)| number_after(rest, "")) {
        // 1 is mock's "something went wrong", 10 a failed build.
        Some(Some(1 | 10)) => failed,
        // The root could not be made or filled.
        Some(Some(20 | 30 | 70)) => FailureClass::Dependency,
        Some(_) => FailureClass::Infrastructure,
        None if text.contains("mock was killed by signal") => FailureClass::Infrastructure,
        None => match step {
            Some(Step::Repo) => FailureClass::Infrastructure,
            Some(Step::Tag) => FailureClass::Tagging,
            Some(Step::Srpm | Step::Arch | Step::Other) | None => failed,
        },
    }
}

fn of_generic(fault: &Fault, step: Option<Step>) -> FailureClass {
    match (meaning(fault), step) {
        (Meaning::BuildExists(_), _) => FailureClass::Source,
        (Meaning::NoSuchTag, Some(Step::Tag)) => FailureClass::Tagging,
        // Somebody else's doing, or our side tag went away: the same commit can be built again.
        (
            Meaning::BuildInProgress(_)
            | Meaning::TaskCanceled
            | Meaning::NoSuchTarget
            | Meaning::NoSuchTag,
            _,
        ) => FailureClass::Infrastructure,
        _ if fault.text.starts_with("Build already exists") => FailureClass::Source,
        _ if fault.text.starts_with("Unsuccessfully waited") => FailureClass::Infrastructure,
        (_, step) => step.map_or(FailureClass::Unknown, Step::class),
    }
}

impl From<RawFault> for Fault {
    /// Shortens the text: code 1 carries whole tracebacks and SQL, of which one line tells.
    fn from(raw: RawFault) -> Self {
        let text = if raw.code == code::FOREIGN { telling_line(&raw.text) } else { raw.text };
        Self { code: raw.code, text: shorten(&text) }
    }
}

/// The last line of a traceback that names the exception; the first line of anything else.
fn telling_line(text: &str) -> String {
    let tells = |line: &&str| {
        !line.is_empty() && !line.starts_with([' ', '\t', '^']) && !line.starts_with("LINE ")
    };
    let line = if text.starts_with("Traceback") {
        text.lines().rfind(tells)
    } else {
        text.lines().find(tells)
    };
    line.unwrap_or_default().to_owned()
}

fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= MAX_TEXT {
        return text.to_owned();
    }
    let head: String = text.chars().take(MAX_TEXT / 2).collect();
    let tail: String = text.chars().skip(count - MAX_TEXT / 2).collect();
    format!("{head} … {tail}")
}

#[cfg(test)]
mod tests;
