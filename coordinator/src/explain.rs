//! "Where is my package, and why is it not being built?": an answer step by step, from evidence that was gathered before.
//!
//! Pure: it reads no store and no clock. Pages, API and command line show the same sentences.

use std::sync::Arc;

use ebs_domain::{
    id::{BatchId, Component, PackageName, TagName},
    nvr::Nvr,
    package_list::PackageList,
    policy::{DEFAULT_ORDER, Eligibility, Policy},
    time::Timestamp,
    trigger::{Answer, Cause},
};
use serde::Serialize;

use crate::findings::Finding;

/// What is known of a component.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What the configuration says; nothing if none was read yet.
    pub policy: Option<Arc<Policy>>,
    /// Package lists by name.
    pub lists: Vec<(String, PackageList)>,
    /// Its triggers, newest first.
    pub triggers: Vec<Trigger>,
    /// What became of it, newest batch first.
    pub builds: Vec<Built>,
    /// The batches that work on it.
    pub at_work: Vec<BatchId>,
    /// Its sources that are not built for a while: class, source, since when, until when.
    pub denials: Vec<(String, String, Timestamp, Timestamp)>,
    /// Why no new batch begins, in sentences.
    pub pauses: Vec<String>,
    /// What reconcile has found of it last, and when, if it did.
    pub found: Option<(Finding, Timestamp)>,
    /// What Koji says of it now, or why that is not known; nothing if it was not asked.
    pub latest: Option<Result<Latest, String>>,
}

/// The latest builds of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The tag that triggers.
    pub trigger_tag: TagName,
    /// The latest there, under its upstream name.
    pub rawhide: Option<String>,
    /// The tag in which ELN's builds are.
    pub stable_tag: TagName,
    /// The latest there.
    pub eln: Option<String>,
}

/// A trigger, as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What was tagged.
    pub nvr: String,
    /// Into which tag.
    pub tag: String,
    /// How we came to know.
    pub cause: Cause,
    /// When.
    pub created: Timestamp,
    /// Its answer; pending without one.
    pub answer: Option<Answer>,
}

/// What became of a component in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The batch.
    pub batch: BatchId,
    /// Where its build is, or how it ended, in words.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// What was built, or is to be.
    pub nvr: Option<String>,
    /// What went wrong.
    pub fault: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The component that was meant.
    pub component: Component,
    /// What Rawhide calls it.
    pub upstream: String,
    /// All of it in a sentence.
    pub verdict: String,
    /// Step by step.
    pub steps: Vec<Step>,
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is about: `list`, `exclude`, `order`, `seed`, `latest`, `trigger`, `batch`, `build`, `denied`, `reconcile`
    /// or `pause`.
    pub about: &'static str,
    /// Whether it stands in the way of a rebuild.
    pub blocks: bool,
    /// The sentence.
    pub text: String,
}

/// The component that is meant by a name, an NVR or the URL of a source; either of its two names will do. `None` if the text
/// could be none of these.
#[must_use]
pub fn meant(text: &str, policy: Option<&Policy>) -> Option<Component> {
    let text = text.trim();
    let bare = text.split_once('#').map_or(text, |(bare, _)| bare);
    let is_url = text.contains("://");
    let name = if is_url { bare.trim_end_matches('/').rsplit('/').next()? } else { bare };
    let name = if is_url { name.trim_end_matches(".git") } else { name };
    let package: PackageName = name.parse().ok()?;
    let known = |package: &PackageName| policy.and_then(|policy| policy.component_of(package));
    let of_nvr = || name.parse::<Nvr>().ok().and_then(|nvr| Some((nvr.package()?, nvr)));
    if let Some(component) = known(&package) {
        return Some(component);
    }
    match of_nvr() {
        Some((package, nvr)) if known(&package).is_some() || looks_like_one(&nvr) => {
            Some(known(&package).unwrap_or_else(|| Component::from(&package)))
        }
        Some(_) | None => Some(Component::from(&package)),
    }
}

/// Names have dashes too: of those that nobody knows, versions begin with a digit and releases have one.
fn looks_like_one(nvr: &Nvr) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    digit(nvr.version()) && digit(nvr.release())
}

/// Explains.
#[must_use]
pub fn explain(component: &Component, evidence: &Evidence) -> Explanation {
    let upstream = evidence
        .policy
        .as_ref()
        .map_or_else(|| component.to_string(), |policy| policy.upstream_name(component).to_owned());
    let mut steps = listed(component, &upstream, evidence);
    steps.extend(
        evidence.policy.as_ref().map(|policy| rules(component, policy)).into_iter().flatten(),
    );
    steps.extend(evidence.latest.as_ref().map(latest));
    steps.extend(evidence.denials.iter().map(denied));
    steps.extend(evidence.triggers.iter().map(trigger));
    steps.extend(evidence.builds.iter().map(|built| build(built, &evidence.at_work)));
    steps.extend(evidence.found.as_ref().map(found));
    let waits = evidence.triggers.iter().any(|trigger| trigger.answer.is_none());
    steps.extend(evidence.pauses.iter().map(|pause| Step {
        about: "pause",
        blocks: waits,
        text: format!("no new batch begins: {pause}"),
    }));
    let verdict = verdict(component, &steps, evidence);
    Explanation { component: component.clone(), upstream, verdict, steps }
}

/// On which list since when.
fn listed(component: &Component, upstream: &str, evidence: &Evidence) -> Vec<Step> {
    let step = |blocks, text| Step { about: "list", blocks, text };
    let mut steps = Vec::new();
    if component.as_str() != upstream {
        steps.push(step(false, format!("`{component}` is `{upstream}` in Rawhide")));
    }
    let origin = evidence.policy.as_ref().and_then(|policy| policy.origin(component));
    if let Some("override") = origin {
        steps.push(step(false, "named by an override of the configuration".to_owned()));
    }
    let names = [component.as_str(), upstream].map(str::parse::<PackageName>);
    for (list, names_of) in &evidence.lists {
        let known = names.iter().flatten().find_map(|name| names_of.known(name));
        let held = names_of.held();
        let would = names.iter().flatten().any(|name| held.is_some_and(|held| held.shows(name)));
        match known {
            Some(known) if known.acts.is_some() => {
                let (first, last) = (known.first, known.last);
                steps.push(step(
                    false,
                    format!("on the list {list} since {first}, last seen {last}"),
                ));
            }
            Some(known) => steps.push(step(
                false,
                format!(
                    "first seen on the list {list} at {}; too few fetches have shown it to let it act",
                    known.first
                ),
            )),
            None if would => steps.push(step(
                false,
                format!("on the list {list} only by a jump that is held and waits for a person"),
            )),
            None => {}
        }
    }
    match (origin, &evidence.policy) {
        (Some(_), _) => {}
        (None, Some(_)) => steps.push(step(true, "no list and no override names it".to_owned())),
        (None, None) => {
            steps.push(step(true, "the configuration has not been read yet".to_owned()));
        }
    }
    steps
}

/// What the patterns say.
fn rules(component: &Component, policy: &Policy) -> Vec<Step> {
    let step = |about, blocks, text| Step { about, blocks, text };
    let excluded = match policy.eligible(component) {
        Eligibility::NotListed => return Vec::new(),
        Eligibility::Yes => step("exclude", false, "no pattern excludes it".to_owned()),
        // Where it would stand in a batch is of no interest then.
        Eligibility::Excluded { pattern } => {
            return vec![step("exclude", true, format!("excluded by the pattern `{pattern}`"))];
        }
    };
    let order = match policy.order(component) {
        DEFAULT_ORDER => {
            format!("no order pattern names it: it is built with most others, at {DEFAULT_ORDER}")
        }
        order => format!("built in the slice of order {order}"),
    };
    let seed = if policy.may_seed(component) {
        "its Rawhide build is put into the side tag first".to_owned()
    } else {
        "a pattern of `skip_tag` keeps its Rawhide build out of the side tag".to_owned()
    };
    vec![excluded, step("order", false, order), step("seed", false, seed)]
}

/// What is latest in Rawhide and in ELN now.
fn latest(said: &Result<Latest, String>) -> Step {
    let text = match said {
        Ok(Latest { trigger_tag, rawhide, stable_tag, eln }) => {
            let has = |tag: &TagName, nvr: &Option<String>| match nvr {
                Some(nvr) => format!("{tag} has {nvr}"),
                None => format!("{tag} has no build of it"),
            };
            format!("latest now: {}, {}", has(trigger_tag, rawhide), has(stable_tag, eln))
        }
        Err(why) => format!("its latest builds are not known: {why}"),
    };
    Step { about: "latest", blocks: false, text }
}

fn denied((class, source, since, until): &(String, String, Timestamp, Timestamp)) -> Step {
    let text = format!(
        "this source is not built before {until}, since it failed ({class}) at {since}: {source}; `ebsctl deny remove` ends that"
    );
    Step { about: "denied", blocks: true, text }
}

fn trigger(trigger: &Trigger) -> Step {
    let heard = match &trigger.cause {
        Cause::Message => "told by a message".to_owned(),
        Cause::CatchUp => "found late, in the archive of the bus".to_owned(),
        Cause::KojiRecord => "found late, in Koji's own record".to_owned(),
        Cause::Person { who, why, .. } => format!("asked for by {who} ({why})"),
        Cause::Reconcile { why, .. } => format!("found by reconcile ({why})"),
        Cause::Import { who, since, .. } => {
            format!("taken over by {who} from the service before, which heard of it at {since}")
        }
    };
    let Trigger { nvr, tag, created, .. } = trigger;
    let answer =
        trigger.answer.as_ref().map_or_else(|| "waits for the next batch".to_owned(), answered);
    Step {
        about: "trigger",
        blocks: false,
        text: format!("{nvr} in {tag}, {heard} at {created}: {answer}"),
    }
}

fn found((finding, at): &(Finding, Timestamp)) -> Step {
    let Finding { rawhide, text, .. } = finding;
    let has = match &finding.eln {
        None => "ELN has none".to_owned(),
        Some(eln) => format!("ELN has {eln}"),
    };
    Step {
        about: "reconcile",
        blocks: false,
        text: format!("Rawhide had {rawhide} at {at}, {has}: {text}"),
    }
}

/// An answer in words.
#[must_use]
pub fn answered(answer: &Answer) -> String {
    match answer {
        Answer::InBatch { batch } => format!("in batch {batch}"),
        Answer::Superseded { by } => format!("superseded by {by}"),
        Answer::NotListed => "on no list".to_owned(),
        Answer::Excluded { pattern } => format!("excluded by the pattern `{pattern}`"),
        Answer::Denied { since } => format!("denied since {since}"),
        Answer::AlreadyBuilt { nvr } => format!("already built as {nvr}"),
        Answer::Withdrawn => "withdrawn: it was not in the tag any more".to_owned(),
        Answer::NoSource => "Koji knows no source of it".to_owned(),
        Answer::Built { batch, nvr } => format!("built in batch {batch} as {nvr}"),
        Answer::ScratchBuilt { batch } => format!("built in batch {batch}, as a scratch build"),
        Answer::Failed { batch, class } => format!("failed in batch {batch} ({})", class.as_str()),
        Answer::TimedOut { batch } => format!("took too long in batch {batch}"),
        Answer::Cancelled { batch } => format!("cancelled by somebody in batch {batch}"),
        Answer::Dropped { batch } => format!("taken out of batch {batch} by an operator"),
        Answer::Shadowed { batch } => {
            format!("shadow batch {batch} would have built it; nothing was done")
        }
    }
}

fn build(built: &Built, at_work: &[BatchId]) -> Step {
    let about = if at_work.contains(&built.batch) { "batch" } else { "build" };
    let Built { batch, state, since, .. } = built;
    let nvr = built.nvr.as_ref().map(|nvr| format!(", {nvr}")).unwrap_or_default();
    let fault = built.fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
    Step { about, blocks: false, text: format!("batch {batch}: {state} since {since}{nvr}{fault}") }
}

/// Where it is, or the first thing that stands in its way, or what came of it last.
fn verdict(component: &Component, steps: &[Step], evidence: &Evidence) -> String {
    let first = |about: &str| steps.iter().find(|step| step.about == about);
    let pending = evidence.triggers.iter().find(|trigger| trigger.answer.is_none());
    if let Some(step) = first("batch") {
        let next = pending.map(|trigger| format!("; {} waits for the next batch", trigger.nvr));
        return format!("{component} is in {}{}.", step.text, next.unwrap_or_default());
    }
    let blocking =
        steps.iter().find(|step| step.blocks && step.about != "denied" && step.about != "pause");
    if let Some(step) = blocking {
        return format!("{component} is not rebuilt: {}.", step.text);
    }
    if let Some(trigger) = pending {
        let paused = steps.iter().find(|step| step.about == "pause");
        let why = paused.map(|step| format!("; {}", step.text)).unwrap_or_default();
        return format!("{component} waits for the next batch with {}{why}.", trigger.nvr);
    }
    match evidence.triggers.first() {
        Some(Trigger { nvr, answer: Some(answer), .. }) => {
            let denied = first("denied").filter(|_| matches!(answer, Answer::Denied { .. }));
            let more = denied.map(|step| format!("; {}", step.text)).unwrap_or_default();
            format!(
                "{component} is rebuilt with the next build that is tagged; {nvr} was {}{more}.",
                answered(answer)
            )
        }
        Some(Trigger { answer: None, .. }) | None => match first("reconcile") {
            Some(step) => format!("{component} has not been rebuilt: {}.", step.text),
            None => format!(
                "{component} is rebuilt when a build of it is tagged; none has been heard of."
            ),
        },
    }
}

#[cfg(test)]
mod tests;
