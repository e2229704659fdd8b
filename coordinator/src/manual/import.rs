//! What was open in the service before this one, and what becomes of each row of it here. Looks at Koji, the store and the
//! snapshot in use; changes nothing. What is to be taken over then goes to the leader as a request.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context as _;
use ebs_domain::{
    deny::DenyRule,
    failure::FailureClass,
    id::{BuildId, Component, PackageName, TagName},
    policy::{Eligibility, Policy},
    scm::ScmUrl,
    time::Timestamp,
};
use ebs_shared::koji::api::{BuildInfo, BuildState};
use serde::{Deserialize, Serialize};

use super::{Asking, Known, decide, way};
use crate::{
    explain::meant,
    store::DenyRow,
    wish::{FailedBefore, SetAside, WaitedBefore, WantedBuild},
};

/// Most rows of one request, triggers and failures together.
pub const MAX_ROWS: usize = 200;

/// The class of what is denied since it failed in the service before this one.
pub const IMPORTED: &str = "imported";

/// The longest that Koji may take to tell of the builds; then come the questions about their components.
const BUILDS_LIMIT: Duration = Duration::from_secs(8);

/// That service had only failures, without any class: they are denied for as long as most of them would be.
const COUNTS_AS: FailureClass = FailureClass::Build;

/// A trigger that waited there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRow {
    /// The component, as that service named it.
    pub component: String,
    /// The build.
    pub build: BuildId,
    /// When it had heard of it.
    pub created: Timestamp,
}

/// A source that it did not build any more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedRow {
    /// The source.
    pub source: String,
    /// When it failed.
    pub created: Timestamp,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It comes over.
    Taken,
    /// It is here already.
    Here,
    /// There is nothing left of it to do.
    Over,
    /// It cannot be of use here.
    Refused,
}

/// What becomes of a row, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowVerdict {
    /// The row: the component and its build, or the source.
    pub asked: String,
    /// The component that is meant.
    pub component: Option<Component>,
    /// The build's NVR.
    pub nvr: Option<String>,
    /// What becomes of it.
    pub fate: Fate,
    /// Why.
    pub why: String,
}

/// What becomes of all rows, in their order, and what of them comes over.
#[derive(Debug, Default)]
pub struct Judged {
    /// What becomes of each trigger.
    pub triggers: Vec<RowVerdict>,
    /// What becomes of each failure.
    pub denied: Vec<RowVerdict>,
    /// The triggers that come over.
    pub waited: Vec<WaitedBefore>,
    /// The failures that come over.
    pub failed: Vec<FailedBefore>,
}

/// A row's fate and the reason; a row that comes over carries what it becomes.
type Decided<T> = Result<(T, String), (Fate, String)>;

impl Asking {
    /// What becomes of each of these rows.
    ///
    /// # Errors
    ///
    /// There is no configuration yet, or Koji or the store does not answer.
    pub async fn judge_rows(
        &self,
        waiting: &[WaitingRow],
        failed: &[FailedRow],
    ) -> anyhow::Result<Judged> {
        let snapshot = self.board.in_use().context("the configuration has not been read yet")?;
        let (policy, plan) = (&snapshot.policy, &snapshot.plan);
        let mut judged = Judged::default();
        self.judge_failed(failed, policy, &plan.deny, &mut judged).await?;
        let tags = (&plan.trigger_tag, &plan.stable_tag);
        self.judge_waiting(waiting, policy, tags, &mut judged).await?;
        Ok(judged)
    }

    async fn judge_failed(
        &self,
        rows: &[FailedRow],
        policy: &Policy,
        rule: &DenyRule,
        judged: &mut Judged,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let sources: Vec<ScmUrl> = rows.iter().filter_map(|row| row.source.parse().ok()).collect();
        let denied = self.store.denied(&sources, now).await;
        let denied = denied.context("the database does not answer")?;
        let mut here: BTreeMap<ScmUrl, Timestamp> =
            denied.into_iter().map(|row| (row.source, row.expires)).collect();
        for row in rows {
            let component = meant(&row.source, Some(policy));
            let decided = failure(row, component.as_ref(), policy, (rule, now), &here);
            let verdict = RowVerdict::of(row.source.clone(), component, None, &decided);
            judged.denied.push(verdict);
            if let Ok((failed, _)) = decided {
                here.insert(failed.source.clone(), failed.until);
                judged.failed.push(failed);
            }
        }
        Ok(())
    }

    async fn judge_waiting(
        &self,
        rows: &[WaitingRow],
        policy: &Policy,
        tags: (&TagName, &TagName),
        judged: &mut Judged,
    ) -> anyhow::Result<()> {
        if rows.is_empty() {
            // What is denied needs no Koji.
            return Ok(());
        }
        let ids: Vec<BuildId> = rows.iter().map(|row| row.build).collect();
        let records = tokio::time::timeout(BUILDS_LIMIT, self.hub.builds(&ids)).await;
        let records = records.context("Koji does not answer in time")?;
        let records = records.context("Koji does not answer")?;
        let records: BTreeMap<BuildId, BuildInfo> =
            records.into_iter().flatten().map(|record| (record.build, record)).collect();
        let of = |row: &WaitingRow| {
            let package: PackageName = records.get(&row.build)?.package.parse().ok()?;
            policy.component_of(&package)
        };
        let wanted: BTreeSet<Component> = rows.iter().filter_map(of).collect();
        let mut known = self.known(&wanted, policy, tags).await?;
        for known in known.values_mut() {
            known.deny(&judged.failed);
        }
        let latest = known.values().filter_map(|known| Some(known.latest.as_ref()?.build));
        let ids: Vec<BuildId> = ids.into_iter().chain(latest).collect();
        let there = self.store.triggered(tags.0, &ids).await;
        let mut there = there.context("the database does not answer")?;
        let nothing = Known::default();
        for row in rows {
            let (component, record) = (of(row), records.get(&row.build));
            let known = component.as_ref().and_then(|it| known.get(it)).unwrap_or(&nothing);
            let here = component.clone().map(|component| (component, known));
            let decided = trigger(row, record, here, (policy, tags.0), &there);
            let asked = format!("{} {}", row.component, row.build);
            let nvr = record.map(|record| record.nvr.clone());
            judged.triggers.push(RowVerdict::of(asked, component, nvr, &decided));
            if let Ok((waited, _)) = decided {
                there.insert(waited.build.build);
                judged.waited.push(waited);
            }
        }
        Ok(())
    }
}

impl RowVerdict {
    fn of<T>(
        asked: String,
        component: Option<Component>,
        nvr: Option<String>,
        decided: &Decided<T>,
    ) -> Self {
        let (fate, why) = match decided {
            Ok((_, why)) => (Fate::Taken, why.clone()),
            Err((fate, why)) => (*fate, why.clone()),
        };
        Self { asked, component, nvr, fate, why }
    }
}

impl Known {
    /// With what comes over in the same request.
    fn deny(&mut self, failed: &[FailedBefore]) {
        let source = self.latest.as_ref().and_then(|latest| latest.source.as_ref());
        let row = failed.iter().find(|row| Some(&row.source) == source);
        self.denied = self.denied.take().or_else(|| row.map(denial));
    }
}

/// The entry of the deny list that it becomes.
#[must_use]
pub fn denial(row: &FailedBefore) -> DenyRow {
    DenyRow {
        source: row.source.clone(),
        component: row.component.clone(),
        class: IMPORTED.to_owned(),
        text: String::new(),
        batch: None,
        task: None,
        first: row.since,
        last: row.since,
        count: 1,
        expires: row.until,
    }
}

/// What becomes of a failure: the first thing that stands in the way.
fn failure(
    row: &FailedRow,
    component: Option<&Component>,
    policy: &Policy,
    (rule, now): (&DenyRule, Timestamp),
    here: &BTreeMap<ScmUrl, Timestamp>,
) -> Decided<FailedBefore> {
    let refused = |why: String| Err((Fate::Refused, why));
    let source: ScmUrl = match row.source.parse() {
        Ok(source) => source,
        Err(error) => return refused(format!("{error}")),
    };
    let Some(component) = component else {
        return refused("it names no package".to_owned());
    };
    if policy.eligible(component) == Eligibility::NotListed {
        return refused(not_listed(component.as_str()));
    }
    if let Some(until) = here.get(&source) {
        return Err((Fate::Here, format!("denied until {until} already")));
    }
    let Some(span) = rule.classes.get(&COUNTS_AS) else {
        return refused(format!("`ebs.deny.classes` denies nothing of the class `{COUNTS_AS}`"));
    };
    // A clock that was ahead there denies nothing for longer here.
    let since = row.created.min(now);
    let until = since + *span;
    if until <= now {
        return Err((Fate::Over, format!("it would have been denied until {until}")));
    }
    let failed = FailedBefore { source, component: component.clone(), since, until };
    Ok((failed, format!("denied until {until}")))
}

/// What becomes of a trigger: the first thing that stands in the way.
fn trigger(
    row: &WaitingRow,
    record: Option<&BuildInfo>,
    component: Option<(Component, &Known)>,
    (policy, tag): (&Policy, &TagName),
    there: &BTreeSet<BuildId>,
) -> Decided<WaitedBefore> {
    let record = vouched(row, record, component.as_ref()).map_err(|why| (Fate::Refused, why))?;
    let Some((component, known)) = component else {
        return Err((Fate::Refused, not_listed(&record.package)));
    };
    if known.waits {
        return Err((Fate::Here, "the component waits already".to_owned()));
    }
    let known_already = |build: BuildId| {
        let text = format!("known already: `ebsctl explain {component}` says what became of it");
        if there.contains(&build) { Err((Fate::Here, text)) } else { Ok(()) }
    };
    known_already(row.build)?;
    let aside = SetAside::default();
    let verdict = decide(component.as_str(), component.clone(), policy, (known, tag), aside);
    let latest = match &known.latest {
        Some(latest) if verdict.will => latest,
        Some(latest) if policy.eligible(&component) == Eligibility::Yes => {
            // What is denied or built already waits for nothing.
            let way = latest.source.as_ref().map(|source| way(known, source, aside));
            let over = matches!(way, Some(Err(_)));
            return Err((if over { Fate::Over } else { Fate::Refused }, verdict.why));
        }
        Some(_) | None => return Err((Fate::Refused, verdict.why)),
    };
    // Untagged or deleted since: what is latest in its place may be what no other row is about.
    let gone = record.state != BuildState::Complete || row.build > latest.build;
    let (nvr, newer) = (&record.nvr, &latest.nvr);
    let (id, nvr, why) = if gone {
        known_already(latest.build)?;
        let why = format!(
            "{nvr} is gone from {tag}: {newer} is latest there, and waits for the next batch"
        );
        (latest.build, newer, why)
    } else if row.build == latest.build {
        (row.build, nvr, verdict.why)
    } else {
        let why = format!("{}: {newer} is latest in {tag}, and built", verdict.why);
        (row.build, nvr, why)
    };
    let nvr = nvr.clone();
    let build = WantedBuild { component, tag: tag.clone(), build: id, nvr };
    Ok((WaitedBefore { build, since: row.created }, why))
}

/// Koji's record of a row's build, if it is one of the row's component; else why the row is of no use.
fn vouched<'a>(
    row: &WaitingRow,
    record: Option<&'a BuildInfo>,
    component: Option<&(Component, &Known)>,
) -> Result<&'a BuildInfo, String> {
    let record = record.ok_or_else(|| format!("Koji knows no build {}", row.build))?;
    let (nvr, package) = (&record.nvr, &record.package);
    let (component, _) = component.ok_or_else(|| not_listed(package))?;
    if row.component != *package && row.component != component.as_str() {
        return Err(format!("build {} is one of `{package}`: {nvr}", row.build));
    }
    if record.state == BuildState::Complete && record.source.is_none() {
        return Err(format!("Koji knows no source of {nvr}"));
    }
    Ok(record)
}

fn not_listed(package: &str) -> String {
    format!("no list and no override names `{package}`")
}

#[cfg(test)]
mod tests;
