//! What a coordinator answers, as far as it is shown here. Lenient: what is missing is empty, what is more is left out.

use serde::Deserialize;

/// Of `/status.json`. Times are in ms since the Unix epoch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) now: i64,
    pub(crate) leader: Option<Leader>,
    pub(crate) configuration: Configuration,
    pub(crate) paused: Option<String>,
    pub(crate) awaited: Vec<String>,
    pub(crate) current: Option<Batch>,
    pub(crate) lingering: Vec<Batch>,
    pub(crate) pending_total: u64,
    pub(crate) pending: Vec<Trigger>,
    pub(crate) earlier_groups: Vec<EarlierGroup>,
    pub(crate) recent: Vec<Recent>,
    pub(crate) effects_open: u64,
    pub(crate) dead: Vec<Dead>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) lists: Vec<List>,
    pub(crate) reconcile: Option<Reconcile>,
}

/// What ELN lacks, as it was found last.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reconcile {
    pub(crate) at: Option<i64>,
    pub(crate) next: Option<i64>,
    pub(crate) counts: Lacks,
    pub(crate) not_wanted: Option<u64>,
    pub(crate) kept_back: u64,
    pub(crate) held: Vec<String>,
    pub(crate) failing_since: Option<i64>,
    pub(crate) fault: Option<String>,
}

/// How many components ELN lacks.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Lacks {
    pub(crate) missing: u64,
    pub(crate) stale: u64,
}

/// How the configuration stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    pub(crate) snapshot: Option<u64>,
    pub(crate) origin: Option<String>,
    pub(crate) loaded: Option<i64>,
    pub(crate) refused: Option<String>,
    pub(crate) changes: Vec<Changed>,
}

/// How a snapshot differs from the one before.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changed {
    pub(crate) snapshot: u64,
    pub(crate) origin: String,
    pub(crate) at: i64,
    pub(crate) sentences: Vec<String>,
}

/// A certificate or token that ends soon, is over, or cannot be read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Credential {
    pub(crate) credential: String,
    pub(crate) ends: Option<i64>,
    pub(crate) fault: Option<String>,
}

/// Something of ours that belongs to no batch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Orphan {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) first_seen: i64,
    pub(crate) removal: Option<i64>,
}

/// Where a package is, and why it is not being built.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Explanation {
    pub(crate) verdict: String,
    pub(crate) steps: Vec<Step>,
}

/// A step of that.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Step {
    pub(crate) about: String,
    pub(crate) blocks: bool,
    pub(crate) text: String,
}

/// What the next batch would hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Preview {
    pub(crate) slices: Vec<NextSlice>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) pauses: Vec<String>,
    pub(crate) after: Option<i64>,
}

/// A slice of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NextSlice {
    pub(crate) order: i64,
    pub(crate) members: Vec<NextMember>,
}

/// A component of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NextMember {
    pub(crate) component: String,
    pub(crate) nvrs: Vec<String>,
    pub(crate) seeded: bool,
}

/// A component that waits and would be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LeftOut {
    pub(crate) component: String,
    pub(crate) why: String,
}

/// A package list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct List {
    pub(crate) name: String,
    pub(crate) acting: u64,
    pub(crate) waiting: u64,
    pub(crate) missing: u64,
    pub(crate) accepted: Option<i64>,
    pub(crate) fault: Option<String>,
    pub(crate) held: Option<Held>,
}

/// The jump of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Held {
    pub(crate) since: i64,
    pub(crate) confirmed: bool,
    pub(crate) entering: u64,
    pub(crate) leaving: u64,
    pub(crate) enter: Vec<String>,
    pub(crate) leave: Vec<String>,
}

/// A job that was set aside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dead {
    pub(crate) job: String,
    pub(crate) what: String,
    pub(crate) attempts: u32,
    pub(crate) error: String,
    pub(crate) since: i64,
    pub(crate) workers: Vec<String>,
    pub(crate) suffers: String,
}

/// What became of a request for a change.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answered {
    pub(crate) request: i64,
    pub(crate) result: Option<String>,
}

/// Who leads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Leader {
    pub(crate) instance: String,
}

/// The batch that runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Batch {
    pub(crate) id: i64,
    pub(crate) phase: String,
    pub(crate) phase_since: i64,
    pub(crate) created: i64,
    pub(crate) side_tag: Option<String>,
    pub(crate) waiting: Option<String>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) builds: Vec<Build>,
    pub(crate) groups: Vec<Group>,
}

/// A component of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Build {
    pub(crate) component: String,
    pub(crate) state: String,
    pub(crate) detached: bool,
    pub(crate) since: i64,
    pub(crate) task: Option<i64>,
}

/// A slice of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Slice {
    pub(crate) order: i64,
    pub(crate) attempt: u32,
    pub(crate) builds: Vec<Count>,
}

/// How many builds are where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Count {
    pub(crate) state: String,
    pub(crate) count: u32,
}

/// A group of builds and its update.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    pub(crate) number: u32,
    pub(crate) alias: Option<String>,
    pub(crate) status: String,
    pub(crate) builds: u32,
    pub(crate) text: Option<String>,
}

/// A group that has outlived its batch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EarlierGroup {
    pub(crate) batch: i64,
    pub(crate) group: Group,
}

/// A trigger that no batch has taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Trigger {
    pub(crate) component: String,
    pub(crate) nvr: String,
    pub(crate) cause: String,
    pub(crate) late: bool,
    pub(crate) created: i64,
}

/// A batch that has ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Recent {
    pub(crate) id: i64,
    pub(crate) outcome: String,
    pub(crate) ended: i64,
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    pub(crate) others: u32,
    pub(crate) updates: u32,
}

/// Of `/ready`.
#[derive(Debug, Deserialize)]
pub(crate) struct Readiness {
    pub(crate) ok: bool,
    #[serde(default)]
    pub(crate) leading: bool,
    #[serde(default)]
    pub(crate) conditions: Vec<Condition>,
}

/// One condition of being ready.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Condition {
    pub(crate) name: String,
    pub(crate) need: String,
    pub(crate) fault: Option<String>,
}
