//! An overview to test with.

use std::collections::BTreeMap;

use ebs_domain::{
    batch::Summary,
    id::{BatchId, TaskId, TriggerId},
    time::Timestamp,
};

use ebs_shared::credentials::{Credential, Stage, Standing};

use super::*;
use crate::findings::{Counts, Fate, Finding, Kind};

const NOW: i64 = 1_795_350_000_000;

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_millis(NOW - minutes * 60_000)
}

fn build(order: i64, name: &str, state: BuildState, minutes: i64) -> BuildView {
    let begun = state != BuildState::Waiting;
    BuildView {
        component: name.parse().unwrap(),
        order,
        attempt: u32::from(begun),
        state,
        detached: state == BuildState::Detached,
        since: ago(minutes),
        class: None,
        text: None,
        task: begun
            .then(|| TaskId::new(139_000_000 + minutes * 7 + i64::try_from(name.len()).unwrap())),
        nvr: (state == BuildState::Succeeded).then(|| format!("{name}-4.2-1.eln150")),
    }
}

fn slices(builds: &[BuildView]) -> Vec<SliceView> {
    let mut slices: Vec<SliceView> = Vec::new();
    for build in builds {
        if slices.last().is_none_or(|slice| slice.order != build.order) {
            slices.push(SliceView { order: build.order, attempt: 0, builds: Vec::new() });
        }
        let slice = slices.last_mut().unwrap();
        slice.attempt = slice.attempt.max(build.attempt);
        match slice.builds.iter_mut().find(|part| part.state == build.state) {
            Some(part) => part.count += 1,
            None => slice.builds.push(StateCount { state: build.state, count: 1 }),
        }
    }
    slices
}

fn builds() -> Vec<BuildView> {
    use BuildState::{Building, Cancelled, Failed, Submitting, Succeeded, TimedOut, Waiting};
    let mut builds = vec![
        build(10, "gcc", Succeeded, 95),
        build(10, "glibc", Succeeded, 80),
        build(10, "llvm", Succeeded, 62),
    ];
    let states = [
        ("cockpit", Succeeded),
        ("curl", Building),
        ("ibus-typing-booster", Failed),
        ("kernel", Building),
        ("libreswan", Succeeded),
        ("mesa", Submitting),
        ("nodejs24", TimedOut),
        ("openssh", Succeeded),
        ("python3.14", Failed),
        ("qemu-kvm", Building),
        ("rpm", Succeeded),
        ("samba", Cancelled),
        ("systemd", Succeeded),
        ("tuned", Succeeded),
        ("vim", Succeeded),
        ("zlib-ng", Succeeded),
    ];
    builds.extend(
        states.iter().zip(3..).map(|((name, state), minutes)| build(1000, name, *state, minutes)),
    );
    for build in &mut builds {
        match build.state {
            Failed => {
                build.attempt = 2;
                build.class = Some("dependency".to_owned());
                build.text = Some(
                    "No matching package to install: 'pkgconfig(ibus-1.0) >= 1.5.30'".to_owned(),
                );
            }
            TimedOut => build.text = Some("not ended after 24 h".to_owned()),
            BuildState::Waiting | Building | Submitting | Succeeded | Cancelled => {}
            BuildState::Detached | BuildState::Dropped => {}
        }
    }
    builds.extend(
        ["anaconda", "lorax", "redhat-rpm-config"].map(|name| build(2000, name, Waiting, 96)),
    );
    builds
}

fn triggers() -> Vec<TriggerView> {
    let trigger = |number: i64, name: &str, cause: &str| TriggerView {
        id: TriggerId::new(number),
        component: name.parse().unwrap(),
        nvr: format!("{name}-1.{number}-1.fc44"),
        cause: cause.to_owned(),
        late: cause.starts_with("late"),
        created: ago(20 - number),
    };
    vec![
        trigger(1, "bash", "live"),
        trigger(2, "gnutls", "live"),
        trigger(3, "podman", "late: archive"),
        trigger(4, "texlive-base", "person"),
    ]
}

fn recent() -> Vec<RecentView> {
    let batch = |number: i64, outcome: &str, failed: u32, others: u32| RecentView {
        id: BatchId::new(number),
        outcome: outcome.to_owned(),
        created: ago((60 - number) * 300),
        ended: ago((60 - number) * 300 - 187),
        components: 60,
        succeeded: 60 - failed - others,
        failed,
        others,
        updates: 2,
        summary: Summary::default(),
        builds: Vec::new(),
    };
    vec![
        batch(56, "done", 0, 1),
        batch(55, "done", 4, 0),
        batch(54, "aborted", 2, 31),
        batch(53, "empty", 0, 60),
    ]
}

fn group(number: u32, alias: Option<&str>, status: &str) -> GroupView {
    GroupView {
        number,
        alias: alias.map(str::to_owned),
        url: alias.map(|alias| format!("https://bodhi.fedoraproject.org/updates/{alias}")),
        status: status.to_owned(),
        builds: 25,
        text: (status == "held")
            .then(|| "Bodhi refused: the builds have different releases".to_owned()),
    }
}

fn batch() -> BatchView {
    let builds = builds();
    BatchView {
        id: BatchId::new(57),
        phase: "building".to_owned(),
        phase_since: ago(103),
        created: ago(131),
        side_tag: Some("eln-build-side-129483".to_owned()),
        waiting: Some("Koji is offline for 7 min; work goes on once it answers.".to_owned()),
        slices: slices(&builds),
        builds,
        groups: vec![group(1, Some("FEDORA-2026-1a2b3c4d5e"), "testing"), group(2, None, "held")],
    }
}

fn lingering() -> BatchView {
    let builds = vec![build(1000, "webkitgtk", BuildState::Detached, 700)];
    BatchView {
        id: BatchId::new(54),
        phase: "lingering".to_owned(),
        phase_since: ago(160),
        created: ago(900),
        side_tag: Some("eln-build-side-129401".to_owned()),
        waiting: None,
        slices: slices(&builds),
        builds,
        groups: Vec::new(),
    }
}

fn trigger_tags() -> Vec<TagView> {
    let tag = |name: &str, untriggered| TagView {
        tag: name.parse().unwrap(),
        since: None,
        instead_of: None,
        until: None,
        compared: Some(ago(4)),
        first_compared: Some(ago(20_000)),
        untriggered,
    };
    let days = |days: i64| Timestamp::from_millis(NOW + days * 86_400_000);
    let instead_of = Some("f45".parse().unwrap());
    vec![
        TagView { since: Some(days(-3)), instead_of, ..tag("f46", 0) },
        TagView { until: Some(days(11)), ..tag("f45", 24_812) },
    ]
}

fn list(name: &str, jumps: bool) -> ListView {
    let names = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    ListView {
        name: name.to_owned(),
        acting: 1986,
        waiting: 2,
        missing: 1,
        accepted: Some(ago(if jumps { 610 } else { 4 })),
        tried: ago(4),
        fault: None,
        held: jumps.then(|| HeldView {
            since: ago(595),
            confirmed: false,
            entering: 1015,
            leaving: 3,
            enter: names(&["CubicSDR", "R", "abseil-cpp"]),
            leave: names(&["zlib-ng"]),
        }),
    }
}

fn reconcile() -> ReconcileView {
    let finding = |name: &str, eln: Option<&str>, fate, text: &str| Finding {
        component: name.parse().unwrap(),
        kind: if eln.is_some() { Kind::Stale } else { Kind::Missing },
        rawhide: format!("{name}-4.2-2.fc45"),
        eln: eln.map(str::to_owned),
        since: ago(800),
        fate,
        text: text.to_owned(),
    };
    let findings = vec![
        finding("bash", None, Fate::Triggered, "triggered: it waits for the next batch"),
        finding("ipa", Some("ipa-4.2-1.eln150"), Fate::Denied, "denied until tomorrow"),
    ];
    ReconcileView {
        at: Some(ago(90)),
        asked: Some("token/alice".to_owned()),
        next: Some(Timestamp::from_millis(NOW + 630 * 60_000)),
        counts: Counts { wanted: 2_262, missing: 1, stale: 1, ..Counts::default() },
        not_wanted: Some(3),
        fates: BTreeMap::from([("triggered", 1), ("denied", 1)]),
        kept_back: 0,
        held: vec!["the package list eln/source jumps and is held".to_owned()],
        findings,
        failing_since: Some(ago(5)),
        fault: Some("Koji does not list `f45`".to_owned()),
    }
}

/// How the configuration stands: used, and refused of late.
fn configuration() -> ConfigurationView {
    ConfigurationView {
        snapshot: Some(12),
        origin: Some("commit 0123456789ab of https://example.org/config.git#production".to_owned()),
        loaded: Some(ago(17)),
        tried: Some(ago(2)),
        refused: Some("`git ls-remote` did not end within 60s, and was killed".to_owned()),
        changes: vec![ConfigurationChange {
            snapshot: 11,
            origin: "commit 0123456789ab of https://example.org/config.git#production, by Alice"
                .to_owned(),
            at: ago(200),
            sentences: vec!["2 packages enter: jq, yq".to_owned(), "paused: no → yes".to_owned()],
        }],
    }
}

pub(super) fn overview() -> Overview {
    Overview {
        version: "0.0.0".to_owned(),
        now: Timestamp::from_millis(NOW),
        leader: Some(LeaderView { instance: "ebs-0".to_owned(), here: true }),
        configuration: configuration(),
        paused: None,
        pauses: Vec::new(),
        awaited: Vec::new(),
        web_url: "https://koji.fedoraproject.org/koji".to_owned(),
        trigger_tags: trigger_tags(),
        current: Some(batch()),
        lingering: vec![lingering()],
        pending_total: 214,
        pending: triggers(),
        earlier_groups: vec![EarlierGroupView {
            batch: BatchId::new(55),
            group: group(3, None, "held"),
        }],
        recent: recent(),
        triggers_by_answer: BTreeMap::from([("pending".to_owned(), 214)]),
        dead: vec![DeadView {
            job: "b57.31.submit_update#2".to_owned(),
            kind: "submit_update".to_owned(),
            what: "make an update of 25 builds from eln-errata-7".to_owned(),
            attempts: 5,
            error: "its holder vanished in each of 5 attempts".to_owned(),
            since: ago(9),
            batch: BatchId::new(57),
            workers: vec!["worker-1".to_owned(), "worker-3".to_owned()],
            suffers: "group 2 of batch 57".to_owned(),
        }],
        credentials: vec![Standing {
            credential: Credential::BusCertificate,
            stage: Stage::Week,
            ends: Some(Timestamp::from_millis(NOW + 6 * 86_400_000)),
            fault: None,
        }],
        orphans: Vec::new(),
        lists: vec![list("eln/buildroot-source", true), list("eln/source", false)],
        reconcile: Some(reconcile()),
        shadow: None,
        effects_open: 3,
        stale_results: 0,
        caught_up: 2,
        late_found: 0,
        jobs_by_worker: BTreeMap::from([("worker-1".to_owned(), 17)]),
    }
}
