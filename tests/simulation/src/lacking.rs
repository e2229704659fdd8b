//! What ELN lacks from before the first start, so that no way in ever shows it as new: reconcile finds it. In every third seed; in the others reconcile looks only when somebody asks.

use std::time::Duration;

use ebs_coordinator::{
    findings::{Fate, Mode, Report},
    store::{BatchRow, Change, MemberRow},
};
use ebs_domain::{
    batch::Member,
    id::{BatchId, Component, TriggerId},
    time::Timestamp,
    trigger::Cause,
};
use fedora_sim::{
    chance,
    control::{Announce, NewTag},
    world::World,
};

use crate::{configuration::PACKAGES, memory::Rows};

/// Most components that one look triggers.
pub const LIMIT: usize = 2;

/// The time between two looks.
const INTERVAL: Duration = Duration::from_secs(120);

/// How far the clock of the one who looked can be ahead, and more.
pub const CLOCKS_APART: Duration = Duration::from_secs(150);

/// A package that is on no list.
const UNWANTED: &str = "zulu";

/// The time between two looks in this seed; none if it looks only when somebody asks.
#[must_use]
pub fn interval(seed: u64) -> Duration {
    if chance::draw(seed, &["reconcile"]).is_multiple_of(3) { INTERVAL } else { Duration::ZERO }
}

/// What was in Rawhide and in ELN before anybody looked, each with whether ELN lacks it. Neither bus nor archive ever tells of it.
#[must_use]
pub fn before(seed: u64) -> Vec<(NewTag, bool)> {
    let mut builds = Vec::new();
    if interval(seed).is_zero() {
        return builds;
    }
    for package in PACKAGES.iter().chain([&UNWANTED]) {
        let build = |release: &str, tag: Option<&str>| NewTag {
            name: (*package).to_owned(),
            version: "0".to_owned(),
            release: release.to_owned(),
            // The same release has the same commit in both; Fedora knows a commit by what was tagged of it last.
            commit: format!("{:040x}", chance::draw(seed, &["before", package, &release[..1]])),
            tag: tag.map(str::to_owned),
            announce: Announce::Lost,
            ..NewTag::default()
        };
        let (old, new) = (|| build("1.fc45", None), || build("2.fc45", None));
        let eln = |release| build(release, Some("eln"));
        match chance::draw(seed, &["before", package]) % 6 {
            // ELN is never empty: that would not be believed.
            _ if *package == UNWANTED => builds.extend([(eln("1.eln150"), false), (new(), false)]),
            0 => {}
            1 => builds.extend([(eln("1.eln150"), false), (old(), false)]),
            2 => builds.extend([(eln("2.eln150"), false), (old(), false)]),
            3 => builds.extend([(eln("1.eln150"), false), (new(), true)]),
            _ => builds.push((old(), true)),
        }
    }
    builds
}

/// What reconcile would trigger against the rules by these changes: a component that waits, or is in the batch.
#[must_use]
pub fn too_late(rows: &Rows, changes: &[Change]) -> Vec<String> {
    let now = |id: &BatchId| {
        let mut puts = changes
            .iter()
            .rev()
            .filter_map(|change| if let Change::PutBatch(row) = change { Some(row) } else { None });
        puts.find(|row| row.id == *id).cloned()
    };
    let batches = rows.batches.values().map(|row| now(&row.id).unwrap_or_else(|| row.clone()));
    let open: Vec<BatchRow> = batches.filter(|row| row.ended.is_none()).collect();
    let mut odd = Vec::new();
    for change in changes {
        let Change::AddTrigger(new) = change else { continue };
        if !matches!(serde_json::from_str(&new.cause), Ok(Cause::Reconcile { .. })) {
            continue;
        }
        if open.iter().any(|row| works_on(rows, row, &new.component)) {
            odd.push(format!("{} is in the batch", new.nvr));
        }
        let answered = |id: &TriggerId| {
            changes.iter().any(|change| {
                let Change::AnswerTriggers(answers) = change else { return false };
                answers.iter().any(|answer| answer.id == *id)
            })
        };
        let waits = rows.triggers.values().any(|row| {
            row.trigger.answer.is_none()
                && row.trigger.component == new.component
                && !answered(&row.id)
        });
        if waits {
            odd.push(format!("{} waits", new.nvr));
        }
    }
    odd
}

/// Whether a batch works on a component: one that lingers does on those alone that it waits for.
fn works_on(rows: &Rows, batch: &BatchRow, component: &Component) -> bool {
    let member = rows.members.get(&(batch.id, component.clone()));
    let builds = |row: &MemberRow| {
        serde_json::from_str(&row.state).is_ok_and(|member: Member| member.builds_detached())
    };
    member.is_some_and(|row| !batch.lingers || builds(row))
}

/// The last report that is stored.
fn report(rows: &Rows) -> Option<Report> {
    serde_json::from_str(rows.marks.get(Mode::Real.report())?).ok()
}

/// Whether reconcile has looked since all was over, and nothing is to come of it.
#[must_use]
pub fn is_done(rows: &Rows, well: Timestamp) -> bool {
    let ended = rows.batches.values().filter_map(|row| row.ended).max();
    let found = report(rows).and_then(|report| report.found);
    found.is_some_and(|found| {
        found.held.is_empty()
            && found.at > well + CLOCKS_APART
            && ended.is_none_or(|ended| found.at > ended)
            && found.findings.iter().all(|finding| match finding.fate {
                Fate::Denied | Fate::CameBack | Fate::Ended | Fate::NoSource => true,
                Fate::Triggered | Fate::Waits | Fate::InBatch | Fate::OverLimit | Fate::Held => {
                    false
                }
            })
    })
}

/// Tags what was there before; gives what ELN lacks of it: package and build.
///
/// # Errors
///
/// If Fedora refuses.
pub fn prepare(seed: u64, world: &World) -> anyhow::Result<Vec<(String, i64)>> {
    let mut lacking = Vec::new();
    for (new, lacks) in before(seed) {
        let made = world.change(|state| state.tag_for_test(&new));
        let made = made.map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
        lacking.extend(lacks.then_some((new.name, made.build_id)));
    }
    Ok(lacking)
}
