//! What programs of each version have stored and sent: bytes kept for ever, read by today's program and, where the version is
//! today's, written by it again without a difference.
//!
//! `fixtures/TYPE/vN.jsonl` has one value a line. Changed a shape? Raise its version constant, run this test once with
//! `EBS_WRITE_FIXTURES=1` (it writes the missing file from the newest there is), and add a line for each new variant. The
//! rows of the database are kept by `store_conformance/filled_v1.sql`, the ledger's payloads by a test beside the ledger.

#[cfg(test)]
mod cases {
    use std::{collections::BTreeSet, fs, path::PathBuf};

    use ebs_coordinator::{
        awaited::{self, Awaited},
        findings::{self, Demand, Fate, Kind, Report as Reconciled},
        intake::{RECORD_MARK_VERSION, RecordMark, TRIGGER_TAGS_VERSION, TriggerTags},
        lists::Kept,
        login::{self, Session, Trip},
        pause::{self, OperatorPause},
        shadow::{self, Report as Compared},
        wish::{self, Asked, Wish},
    };
    use ebs_domain::{
        batch::{
            self, Aborting, Batch, Build, Buildroot, Effect, End, Ending, Group, GroupState, Item,
            LeftOut, Member, Outcome, Phase, PostEnd, Preparing, Publishing, Purpose, Refusal,
            Settled, Stage, SubmitEnd, Summary,
        },
        package_list,
        shadow::Kind as Difference,
        trigger::{self, Answer as TriggerAnswer, Cause},
    };
    use ebs_shared::{
        job::{Answer, Doubt, Job, PROTOCOL, Report, SubmitEnd as JobSubmitEnd, Work},
        queue::Presence,
    };
    use serde::{Serialize, de::DeserializeOwned};

    /// All variants of an enum, and the one that a value is. A new variant breaks the build here: it needs a line.
    macro_rules! variants {
        ($values:expr, $type:ident: $($variant:ident)+) => {{
            let name = |value: &$type| match value { $($type::$variant { .. } => stringify!($variant),)+ };
            let there: BTreeSet<&str> = $values.map(name).collect();
            let all: BTreeSet<&str> = [$(stringify!($variant)),+].into();
            let missing: Vec<_> = all.difference(&there).collect();
            assert!(missing.is_empty(), "no fixture of {}: {missing:?}", stringify!($type));
        }};
    }

    fn file(kind: &str, version: u32) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(kind);
        folder.join(format!("v{version}.jsonl"))
    }

    /// Reads the values of one version, each line by today's program.
    fn read<T: DeserializeOwned>(kind: &str, version: u32) -> Vec<(String, T)> {
        let path = file(kind, version);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}: version {version} needs a fixture", path.display())
        });
        let value = |(number, line): (usize, &str)| match serde_json::from_str(line) {
            Ok(value) => (line.to_owned(), value),
            Err(error) => panic!("{}, line {}: {error}", path.display(), number + 1),
        };
        text.lines().enumerate().map(value).collect()
    }

    /// Reads all versions up to today's, and compares what today's program writes with the newest.
    fn check<T: DeserializeOwned + Serialize>(kind: &str, version: u32) -> Vec<T> {
        for old in 1..version {
            let _ = read::<T>(kind, old);
        }
        let path = file(kind, version);
        if std::env::var_os("EBS_WRITE_FIXTURES").is_some() && !path.exists() {
            let lines = read::<T>(kind, version - 1).into_iter();
            let lines = lines.map(|(_, value)| serde_json::to_string(&value).unwrap() + "\n");
            fs::write(&path, lines.collect::<String>()).unwrap();
        }
        let values = read::<T>(kind, version);
        for (line, value) in &values {
            let now = serde_json::to_string(value).unwrap();
            assert_eq!(now, *line, "`{kind}` is written otherwise: raise its version");
        }
        values.into_iter().map(|(_, value)| value).collect()
    }

    #[test]
    fn jobs_are_read_and_written_as_ever() {
        let jobs: Vec<Job> = check("job", PROTOCOL);
        assert!(jobs.iter().all(|job| job.v == PROTOCOL));
        variants!(jobs.iter().map(|job| &job.work), Work: SubmitBuilds CancelTasks SubmitUpdate PollTasks PollTag PollRepo
            PollUpdates);
        let doubts = jobs.iter().filter_map(|job| match &job.work {
            Work::SubmitBuilds { doubt, .. } | Work::SubmitUpdate { doubt, .. } => Some(doubt),
            Work::CancelTasks { .. }
            | Work::PollTasks { .. }
            | Work::PollTag { .. }
            | Work::PollRepo { .. }
            | Work::PollUpdates { .. } => None,
        });
        variants!(doubts, Doubt: None Look);
    }

    #[test]
    fn reports_are_read_and_written_as_ever() {
        let reports: Vec<Report> = check("report", PROTOCOL);
        assert!(reports.iter().all(|report| report.v == PROTOCOL));
        variants!(reports.iter().map(|report| &report.answer), Answer: Unavailable Unknown NotYet Submitted Canceled Posted
            TagDiffers PostRefused Tasks Tag Repo Updates Impossible);
        let ends = reports.iter().flat_map(|report| {
            if let Answer::Submitted { builds } = &report.answer { builds.as_slice() } else { &[] }
        });
        variants!(ends, JobSubmitEnd: Task Refused NotYet);
        assert!(!check::<Presence>("presence", PROTOCOL).is_empty());
    }

    #[test]
    fn batches_are_read_and_written_as_ever() {
        let batches: Vec<Batch> = check("batch", batch::VERSION);
        let phases = || batches.iter().map(|batch| &batch.phase);
        variants!(phases(), Phase: Preparing Building Publishing Settling Lingering Cleaning Aborting
            Ended);
        let preparing = phases()
            .filter_map(|phase| if let Phase::Preparing(it) = phase { Some(it) } else { None });
        variants!(preparing, Preparing: Admitting CreatingTag Seeding Buildroot);
        let publishing = phases()
            .filter_map(|phase| if let Phase::Publishing(it) = phase { Some(it) } else { None });
        variants!(publishing, Publishing: Checking Promoting Grouped);
        let stages = phases().filter_map(|phase| {
            if let Phase::Building(it) = phase { Some(&it.stage) } else { None }
        });
        variants!(stages, Stage: CreatingTag Refilling Buildroot Running);
        let buildroots = phases().filter_map(|phase| {
            if let Phase::Preparing(Preparing::Buildroot { buildroot, .. }) = phase {
                return Some(buildroot);
            }
            let Phase::Building(building) = phase else { return None };
            if let Stage::Buildroot(it) = &building.stage { Some(it) } else { None }
        });
        variants!(buildroots, Buildroot: Seeing ReadingEvent Requesting Waiting);
        let purposes = batches.iter().flat_map(|batch| batch.open.values());
        variants!(purposes, Purpose: BuildTag BuildFill Repo Submit Cancel Promote PromoteToTag GroupTag GroupFill GroupPost
            Discard Remove);
        let left_out = batches.iter().flat_map(|batch| batch.left_out.values());
        variants!(left_out, LeftOut: AlreadyStable InUpdate NvrTooLong NvrUnreadable NotPromotable NotTaggable Refused Aborted
            Discarded);
        let aborting: Vec<&Aborting> = phases()
            .filter_map(|phase| if let Phase::Aborting(it) = phase { Some(it) } else { None })
            .collect();
        assert!(!aborting.is_empty() && batches.iter().any(|batch| batch.stopped.is_some()));
        assert!(batches.iter().any(|batch| batch.lingers));
        let shadow = |batch: &Batch| {
            batch.plan.shadow && matches!(batch.phase, Phase::Ended { ending: Ending::Shadow })
        };
        assert!(batches.iter().any(shadow));
        assert!(!check::<Summary>("summary", batch::VERSION).is_empty());
    }

    #[test]
    fn members_are_read_and_written_as_ever() {
        let members: Vec<Member> = check("member", batch::VERSION);
        variants!(members.iter().map(|member| &member.build), Build: Waiting Queued Submitting Running Stopping Tagging Ended);
        let ends = members.iter().filter_map(|member| {
            if let Build::Ended { end, .. } = &member.build { Some(end) } else { None }
        });
        assert!(members.iter().any(|member| member.detached.is_some()));
        variants!(ends, End: Succeeded ScratchSucceeded Failed TimedOut Cancelled Dropped);
    }

    #[test]
    fn groups_are_read_and_written_as_ever() {
        let groups: Vec<Group> = check("group", batch::VERSION);
        variants!(groups.iter().map(|group| &group.state), GroupState: Waiting CreatingTag Filling Posting Posted Late Held Discarded
            Empty Ended);
        let packed = || groups.iter().flat_map(|group| &group.packed);
        variants!(packed().map(|packed| &packed.settled), Settled: No Stable Newer);
        let items = groups.iter().flat_map(|group| {
            let GroupState::Filling { fill, .. } = &group.state else { return Vec::new() };
            fill.builds().filter_map(|build| fill.get(build)).collect::<Vec<&Item>>()
        });
        variants!(items, Item: Wanted Asking Asked In Failed);
    }

    #[test]
    fn effects_and_outcomes_are_read_and_written_as_ever() {
        let effects: Vec<Effect> = check("effect", batch::VERSION);
        variants!(effects.iter(), Effect: CreateSideTag TagBuilds PromoteBuilds RequestRepo RemoveSideTag SubmitBuilds CancelTasks
            SubmitUpdate);
        let outcomes: Vec<Outcome> = check("outcome", batch::VERSION);
        variants!(outcomes.iter(), Outcome: TagCreated BuildsTagged BuildsPromoted RepoRequested TagRemoved BuildsSubmitted
            TasksCancelled UpdatePosted Poisoned Withdrawn TagGone);
        let refusals = outcomes.iter().flat_map(|outcome| {
            if let Outcome::BuildsTagged { builds } = outcome { builds.as_slice() } else { &[] }
        });
        variants!(refusals.filter_map(|(_, end)| end.as_ref().err()), Refusal: AlreadySo Failed);
        let submitted = outcomes.iter().flat_map(|outcome| {
            if let Outcome::BuildsSubmitted { builds } = outcome { builds.as_slice() } else { &[] }
        });
        variants!(submitted.map(|(_, end)| end), SubmitEnd: Task Refused);
        let posted = outcomes.iter().filter_map(|outcome| {
            if let Outcome::UpdatePosted { end } = outcome { Some(end) } else { None }
        });
        variants!(posted, PostEnd: Update TagDiffers Refused);
    }

    #[test]
    fn triggers_are_read_and_written_as_ever() {
        let causes: Vec<Cause> = check("cause", trigger::VERSION);
        variants!(causes.iter(), Cause: Message CatchUp KojiRecord Person Reconcile Import);
        let answers: Vec<TriggerAnswer> = check("answer", trigger::VERSION);
        variants!(answers.iter(), TriggerAnswer: InBatch Superseded NotListed Excluded Denied AlreadyBuilt Withdrawn NoSource
            Built ScratchBuilt Failed TimedOut Cancelled Dropped Shadowed);
    }

    #[test]
    fn marks_of_intake_are_read_and_written_as_ever() {
        let marks: Vec<RecordMark> = check("record_mark", RECORD_MARK_VERSION);
        assert!(marks.iter().all(|mark| mark.v == RECORD_MARK_VERSION));
        let tags: Vec<TriggerTags> = check("trigger_tags", TRIGGER_TAGS_VERSION);
        assert!(tags.iter().any(|tags| !tags.former.is_empty()));
    }

    #[test]
    fn requests_of_people_are_read_and_written_as_ever() {
        let asked: Vec<Asked> = check("request", wish::VERSION);
        assert!(asked.iter().all(|asked| asked.v == wish::VERSION));
        variants!(asked.iter().map(|asked| &asked.wish), Wish: Redrive GiveUp OnBatch RetryGroup DiscardGroup ConfirmList Trigger Refresh
            Undeny Pause Unpause Reconcile Import);
    }

    #[test]
    fn what_is_waited_for_is_read_and_written_as_ever() {
        let awaited: Vec<Awaited> = check("awaited", awaited::VERSION);
        assert!(awaited.iter().all(|awaited| awaited.v == awaited::VERSION));
    }

    #[test]
    fn reports_of_shadow_mode_are_read_and_written_as_ever() {
        let reports: Vec<Compared> = check("shadow_report", shadow::VERSION);
        assert!(reports.iter().all(|report| report.v == shadow::VERSION));
        let told = reports.iter().flat_map(|report| &report.differences);
        variants!(told.map(|told| &told.difference.kind), Difference: NotByThem NotByUs OtherSource OtherOrder);
    }

    #[test]
    fn pauses_are_read_and_written_as_ever() {
        let pauses: Vec<OperatorPause> = check("pause", pause::VERSION);
        assert!(pauses.iter().all(|pause| pause.v == pause::VERSION));
    }

    #[test]
    fn reports_and_demands_of_reconcile_are_read_and_written_as_ever() {
        let reports: Vec<Reconciled> = check("reconcile_report", findings::VERSION);
        assert!(reports.iter().all(|report| report.v == findings::VERSION));
        let found = || reports.iter().filter_map(|report| report.found.as_ref());
        let fates = found().flat_map(|found| &found.findings).map(|finding| &finding.fate);
        variants!(fates, Fate: Triggered Waits InBatch Denied CameBack Ended NoSource OverLimit Held);
        let kinds = found().flat_map(|found| &found.findings).map(|finding| &finding.kind);
        variants!(kinds, Kind: Missing Stale);
        assert!(!check::<Demand>("reconcile_demand", findings::VERSION).is_empty());
    }

    #[test]
    fn logins_are_read_and_written_as_ever() {
        let sessions: Vec<Session> = check("session", login::VERSION);
        let trips: Vec<Trip> = check("trip", login::VERSION);
        let versions = sessions.iter().map(|it| it.v).chain(trips.iter().map(|it| it.v));
        assert!(versions.eq([login::VERSION; 3]));
    }

    #[test]
    fn package_lists_are_read_and_written_as_ever() {
        let kept: Vec<Kept> = check("package_list", package_list::VERSION);
        assert!(kept.iter().all(|kept| kept.v == package_list::VERSION));
        assert!(kept.iter().any(|kept| kept.list.held().is_some()));
        assert!(kept.iter().any(|kept| kept.list.count().missing > 0));
    }
}
