//! What a driver counts over the life of its process. Counted is what was stored, once it was.

use std::time::Duration;

use ebs_domain::{
    batch::{Ending, Outcome, PostEnd, Summary, Watch},
    failure::FailureClass,
    trigger::Cause,
};
use ebs_shared::telemetry::{Metrics, MetricsError};
use prometheus::{HistogramVec, IntCounter, IntCounterVec};

use crate::store::StoreErrorKind;

/// Upper ends of the classes of a commit, in seconds.
const COMMIT: [f64; 11] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0];

/// An hour, in seconds.
const HOUR: f64 = 3600.0;

/// Upper ends of the classes of a whole batch.
const BATCH: [f64; 11] = [
    60.0,
    300.0,
    900.0,
    1800.0,
    HOUR,
    2.0 * HOUR,
    4.0 * HOUR,
    8.0 * HOUR,
    16.0 * HOUR,
    24.0 * HOUR,
    48.0 * HOUR,
];

/// Upper ends of the classes of one phase.
const PHASE: [f64; 11] =
    [1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, HOUR, 2.0 * HOUR, 4.0 * HOUR, 8.0 * HOUR, 24.0 * HOUR];

/// Upper ends of the classes of the time from Rawhide to ELN.
const TO_STABLE: [f64; 13] = [
    60.0,
    600.0,
    1800.0,
    HOUR,
    2.0 * HOUR,
    4.0 * HOUR,
    8.0 * HOUR,
    16.0 * HOUR,
    24.0 * HOUR,
    48.0 * HOUR,
    96.0 * HOUR,
    168.0 * HOUR,
    336.0 * HOUR,
];

/// Words of the phases that end.
const PHASES: [&str; 7] =
    ["preparing", "building", "publishing", "settling", "lingering", "cleaning", "aborting"];

/// Words of what most updates come to.
const UPDATE_ENDS: [&str; 7] =
    ["stable", "obsolete", "unpushed", "gating_failed", "conflict", "timed_out", "vanished"];

/// Words of the answers that end a trigger; see `Answer::word`.
const ANSWERS: [&str; 14] = [
    "superseded",
    "not_listed",
    "excluded",
    "denied",
    "already_built",
    "withdrawn",
    "no_source",
    "built",
    "scratch_built",
    "failed",
    "timed_out",
    "cancelled",
    "dropped",
    "shadowed",
];

/// Words of the effects; see `Effect::kind`.
const EFFECTS: [&str; 8] = [
    "create_side_tag",
    "tag_builds",
    "promote_builds",
    "request_repo",
    "remove_side_tag",
    "submit_builds",
    "cancel_tasks",
    "submit_update",
];

/// Words of what polls look at; see [`kind_of`].
const POLLS: [&str; 4] = ["tasks", "tag", "repo", "updates"];

/// What is counted. Clones count together.
#[derive(Clone, Debug)]
pub struct Tally {
    triggers: IntCounterVec,
    answers: IntCounterVec,
    effects: IntCounterVec,
    polls: IntCounterVec,
    denials: IntCounterVec,
    batches: IntCounterVec,
    builds: IntCounterVec,
    failures: IntCounterVec,
    attempts: IntCounter,
    updates: IntCounterVec,
    batch_seconds: HistogramVec,
    phase_seconds: HistogramVec,
    to_stable: HistogramVec,
    commits: IntCounterVec,
    commit_seconds: HistogramVec,
    stale: IntCounter,
}

impl Tally {
    /// Registers what is counted, each closed set of labels with a zero for each of its values.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let counter = |name, help, label| metrics.counter(name, help, &[label]);
        let arrival = "From hearing that a build was tagged into Rawhide to seeing its rebuild in the stable tag";
        let stale = "Results for closed effects, older runs and past polls: dropped";
        let cause = "Triggers stored, by how we came to know of the build";
        let update = "Updates, by how they stood when their batch ended";
        let effect = "Effects whose outcome became known";
        let polls = "Polls that ended, by what was looked at";
        let attempts = "Attempts of slices in the batches that ended";
        let failures = "Failed builds of the batches that ended";
        let answers = "Answers given to triggers, at once or later";
        let (whole, phase) =
            ("From forming to the end of a batch", "How long batches were in each phase");
        let commit = "Time of storing one decision";
        let span = |name, help, labels: &[&str], classes: &[f64]| {
            metrics.durations(name, help, labels, classes)
        };
        let both = ["kind", "outcome"];
        let tally = Self {
            triggers: counter("ebs_triggers_total", cause, "cause")?,
            answers: counter("ebs_triggers_answered_total", answers, "answer")?,
            effects: metrics.counter("ebs_effects_total", effect, &both)?,
            polls: metrics.counter("ebs_polls_total", polls, &both)?,
            denials: counter("ebs_denials_total", "Sources put on the deny list", "class")?,
            batches: counter("ebs_batches_total", "Batches that ended", "outcome")?,
            builds: counter("ebs_builds_total", "Builds of the batches that ended", "outcome")?,
            failures: counter("ebs_build_failures_total", failures, "class")?,
            attempts: metrics.count("ebs_build_attempts_total", attempts)?,
            updates: counter("ebs_updates_total", update, "outcome")?,
            batch_seconds: span("ebs_batch_duration_seconds", whole, &["outcome"], &BATCH)?,
            phase_seconds: span("ebs_batch_phase_duration_seconds", phase, &["phase"], &PHASE)?,
            to_stable: span("ebs_tag_to_stable_seconds", arrival, &[], &TO_STABLE)?,
            commits: counter("ebs_store_commits_total", "Decisions given to the store", "outcome")?,
            commit_seconds: span("ebs_store_commit_duration_seconds", commit, &[], &COMMIT)?,
            stale: metrics.count("ebs_stale_results_total", stale)?,
        };
        tally.show_zeros();
        Ok(tally)
    }

    /// A series that begins with its first event hides that event: `increase` sees no rise.
    fn show_zeros(&self) {
        for ending in [Ending::Done, Ending::Empty, Ending::Aborted] {
            self.batches.with_label_values(&[ending.word()]);
            self.batch_seconds.with_label_values(&[ending.word()]);
        }
        for phase in PHASES {
            self.phase_seconds.with_label_values(&[phase]);
        }
        for end in UPDATE_ENDS {
            self.updates.with_label_values(&[end]);
        }
        for outcome in ["succeeded", "failed", "timed_out", "cancelled", "dropped"] {
            self.builds.with_label_values(&[outcome]);
        }
        for class in FailureClass::ALL {
            self.failures.with_label_values(&[class.as_str()]);
            self.denials.with_label_values(&[class.as_str()]);
        }
        for cause in ["message", "archive", "koji_record", "person", "reconcile", "import"] {
            self.triggers.with_label_values(&[cause]);
        }
        for answer in ANSWERS {
            self.answers.with_label_values(&[answer]);
        }
        for (kind, outcome) in pairs(&EFFECTS, &["done", "poisoned", "withdrawn"]) {
            self.effects.with_label_values(&[kind, outcome]);
        }
        for (kind, outcome) in pairs(&POLLS, &["changed", "unchanged", "unavailable"]) {
            self.polls.with_label_values(&[kind, outcome]);
        }
        for outcome in ["ok", "fenced", "unavailable", "broken"] {
            self.commits.with_label_values(&[outcome]);
        }
        self.to_stable.with_label_values::<&str>(&[]);
        self.commit_seconds.with_label_values::<&str>(&[]);
    }

    /// A trigger was stored.
    pub(super) fn trigger(&self, cause: &Cause) {
        let cause = match cause {
            Cause::Message => "message",
            Cause::CatchUp => "archive",
            Cause::KojiRecord => "koji_record",
            Cause::Person { .. } => "person",
            Cause::Reconcile { .. } => "reconcile",
            Cause::Import { .. } => "import",
        };
        self.triggers.with_label_values(&[cause]).inc();
    }

    /// A trigger got its answer.
    pub(super) fn answer(&self, word: &str) {
        self.answers.with_label_values(&[word]).inc();
    }

    /// All that a turn has stored.
    pub(super) fn turn(&self, counts: &Counts) {
        for answer in &counts.answers {
            self.answer(answer);
        }
        for (kind, outcome) in &counts.effects {
            self.effects.with_label_values(&[kind.as_str(), outcome]).inc();
        }
        for class in &counts.denials {
            self.denials.with_label_values(&[class]).inc();
        }
        for span in &counts.arrivals {
            self.to_stable.with_label_values::<&str>(&[]).observe(span.as_secs_f64());
        }
    }

    /// A poll ended: answered, or why not.
    pub(super) fn poll(&self, kind: &str, outcome: &str) {
        self.polls.with_label_values(&[kind, outcome]).inc();
    }

    /// A batch left a phase in which it was this long.
    pub(super) fn phase(&self, phase: &str, span: Duration) {
        self.phase_seconds.with_label_values(&[phase]).observe(span.as_secs_f64());
    }

    /// A batch ended.
    pub(super) fn batch(&self, summary: &Summary, span: Duration) {
        let outcome = summary.outcome.as_str();
        self.batches.with_label_values(&[outcome]).inc();
        self.batch_seconds.with_label_values(&[outcome]).observe(span.as_secs_f64());
        self.attempts.inc_by(long(summary.attempts));
        for (outcome, count) in [
            ("succeeded", summary.builds_succeeded),
            ("failed", summary.builds_failed.values().sum()),
            ("timed_out", summary.builds_timed_out),
            ("cancelled", summary.builds_cancelled),
            ("dropped", summary.builds_dropped),
        ] {
            self.builds.with_label_values(&[outcome]).inc_by(long(count));
        }
        for (class, count) in &summary.builds_failed {
            self.failures.with_label_values(&[class]).inc_by(long(*count));
        }
        for (end, count) in &summary.updates_by_end {
            self.updates.with_label_values(&[end]).inc_by(long(*count));
        }
    }

    /// The store answered.
    pub(super) fn commit(&self, fault: Option<&StoreErrorKind>, took: Duration) {
        let outcome = match fault {
            None => "ok",
            Some(StoreErrorKind::Fenced) => "fenced",
            Some(StoreErrorKind::Unavailable(_)) => "unavailable",
            Some(StoreErrorKind::TooNew { .. } | StoreErrorKind::Broken(_)) => "broken",
        };
        self.commits.with_label_values(&[outcome]).inc();
        self.commit_seconds.with_label_values::<&str>(&[]).observe(took.as_secs_f64());
    }

    /// Results came too late.
    pub(super) fn stale(&self, count: u64) {
        self.stale.inc_by(count);
    }
}

/// What a turn has to count once it is stored.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Answers to triggers.
    pub(super) answers: Vec<String>,
    /// Effects that closed: kind and outcome.
    pub(super) effects: Vec<(String, &'static str)>,
    /// Classes of sources that are denied from now on.
    pub(super) denials: Vec<String>,
    /// How long builds took from Rawhide to ELN.
    pub(super) arrivals: Vec<Duration>,
}

/// A word for an outcome: few, since each is a series for each kind.
pub(super) fn word_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::TagCreated { .. }
        | Outcome::BuildsTagged { .. }
        | Outcome::BuildsPromoted { .. }
        | Outcome::RepoRequested { .. }
        | Outcome::TagRemoved
        | Outcome::BuildsSubmitted { .. }
        | Outcome::TasksCancelled
        | Outcome::UpdatePosted { end: PostEnd::Update(_) } => "done",
        Outcome::UpdatePosted { end: PostEnd::TagDiffers } => "tag_differs",
        Outcome::UpdatePosted { end: PostEnd::Refused { .. } } => "refused",
        Outcome::Poisoned { .. } => "poisoned",
        Outcome::Withdrawn => "withdrawn",
        Outcome::TagGone => "tag_gone",
    }
}

/// A word for what a poll looks at.
pub(super) fn kind_of(watch: &Watch) -> &'static str {
    match watch {
        Watch::Tasks(_) => "tasks",
        Watch::Tag { .. } => "tag",
        Watch::Repo(_) => "repo",
        Watch::Updates { .. } => "updates",
    }
}

/// Each of these with each of those.
fn pairs<'a>(
    these: &'a [&'a str],
    those: &'a [&'a str],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    these.iter().flat_map(|one| those.iter().map(move |other| (*one, *other)))
}

fn long(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
