//! Answers in words, for people. Does *not* decide what is good or bad.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::deny::Denial;
use crate::model::{
    Answered, Batch, Configuration, Credential, Dead, Explanation, Group, Held, Lacks, List,
    Orphan, Preview, Readiness, Reconcile, Status,
};
use crate::trigger::{Triggered, Verdict};

/// Most triggers named; the others are counted.
const MAX_TRIGGERS: usize = 20;

/// A status in words.
pub(crate) fn status(status: &Status) -> String {
    let mut text = String::new();
    let leader = status.leader.as_ref().map_or("nobody", |leader| &leader.instance);
    line(&mut text, format_args!("ELNBuildSync {}, led by {leader}", status.version));
    configuration(&mut text, &status.configuration, status.now);
    if let Some(reason) = &status.paused {
        line(&mut text, format_args!("paused: {reason}"));
    }
    for sentence in &status.awaited {
        line(&mut text, format_args!("the next batch waits: {sentence}"));
    }
    match &status.current {
        Some(current) => batch(&mut text, current, status.now),
        None => line(&mut text, format_args!("no batch runs")),
    }
    pending(&mut text, status);
    if !status.dead.is_empty() {
        let count = status.dead.len();
        line(&mut text, format_args!("{count} jobs are set aside: see `ebsctl dead list`"));
    }
    for standing in &status.credentials {
        line(&mut text, format_args!("{}", credential(standing, status.now)));
    }
    if !status.orphans.is_empty() {
        let count = status.orphans.len();
        line(&mut text, format_args!("{count} things belong to no batch: see `ebsctl orphans`"));
    }
    for list in status.lists.iter().filter(|list| list.held.is_some() || list.fault.is_some()) {
        line(
            &mut text,
            format_args!("package list {} stays as it was: see `ebsctl lists show`", list.name),
        );
    }
    reconcile(&mut text, status.reconcile.as_ref(), status.now);
    for earlier in &status.earlier_groups {
        let what = group(&earlier.group);
        line(&mut text, format_args!("of batch {}, still open: {what}", earlier.batch));
    }
    for recent in &status.recent {
        line(
            &mut text,
            format_args!(
                "batch {}: {} {} ago, {} succeeded, {} failed, {} otherwise, {} updates",
                recent.id,
                recent.outcome,
                age(status.now, recent.ended),
                recent.succeeded,
                recent.failed,
                recent.others,
                recent.updates,
            ),
        );
    }
    text
}

/// When Rawhide and ELN were last compared, what ELN lacks, and when they are compared again.
fn reconcile(text: &mut String, reconcile: Option<&Reconcile>, now: i64) {
    let Some(reconcile) = reconcile else {
        return line(text, format_args!("reconcile: Rawhide and ELN were never compared"));
    };
    if let Some(why) = &reconcile.fault {
        let since =
            reconcile.failing_since.map_or_else(String::new, |at| format!(" for {}", age(now, at)));
        line(text, format_args!("reconcile: the tags are not compared{since}: {why}"));
    }
    let Some(at) = reconcile.at else { return };
    let Lacks { missing, stale } = reconcile.counts;
    let unwanted = reconcile.not_wanted.map_or("unknown how many".to_owned(), |n| n.to_string());
    let next = match reconcile.next {
        None => "again when somebody asks".to_owned(),
        Some(next) if next <= now => "due again".to_owned(),
        Some(next) => format!("again within {}", age(next, now)),
    };
    line(
        text,
        format_args!(
            "reconcile: {missing} missing, {stale} stale, {unwanted} unwanted; compared {} ago, {next}",
            age(now, at)
        ),
    );
    for why in &reconcile.held {
        line(text, format_args!("  nothing is triggered: {why}"));
    }
    if reconcile.kept_back > 0 {
        let kept = reconcile.kept_back;
        line(text, format_args!("  {kept} wait for a person: see `ebsctl reconcile show`"));
    }
}

fn configuration(text: &mut String, configuration: &Configuration, now: i64) {
    if let Some(snapshot) = configuration.snapshot {
        let origin = configuration.origin.as_deref().unwrap_or("an unknown place");
        let age = configuration.loaded.map_or("an unknown time".to_owned(), |at| age(now, at));
        line(text, format_args!("configuration: snapshot {snapshot}, {origin}, loaded {age} ago"));
    }
    if let Some(reason) = &configuration.refused {
        line(text, format_args!("configuration refused, the last stays: {reason}"));
    }
}

fn batch(text: &mut String, batch: &Batch, now: i64) {
    line(
        text,
        format_args!(
            "batch {}: {} for {}, begun {} ago{}",
            batch.id,
            batch.phase,
            age(now, batch.phase_since),
            age(now, batch.created),
            batch.side_tag.as_ref().map(|tag| format!(", in {tag}")).unwrap_or_default(),
        ),
    );
    if let Some(waiting) = &batch.waiting {
        line(text, format_args!("  waits: {waiting}"));
    }
    for slice in &batch.slices {
        let counts: Vec<_> =
            slice.builds.iter().map(|part| format!("{} {}", part.count, part.state)).collect();
        line(
            text,
            format_args!(
                "  slice {}, attempt {}: {}",
                slice.order,
                slice.attempt,
                counts.join(", ")
            ),
        );
    }
    for each in &batch.groups {
        line(text, format_args!("  {}", group(each)));
    }
}

fn group(group: &Group) -> String {
    format!(
        "group {}: {} builds, {}{}{}",
        group.number,
        group.builds,
        group.status,
        group.alias.as_ref().map(|alias| format!(", {alias}")).unwrap_or_default(),
        group.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default(),
    )
}

fn pending(text: &mut String, status: &Status) {
    line(
        text,
        format_args!(
            "{} triggers wait, {} effects are open",
            status.pending_total, status.effects_open
        ),
    );
    for trigger in status.pending.iter().take(MAX_TRIGGERS) {
        let since = age(status.now, trigger.created);
        let late = if trigger.late { format!(", {}", trigger.cause) } else { String::new() };
        line(text, format_args!("  {} ({}), for {since}{late}", trigger.component, trigger.nvr));
    }
    let named = status.pending.len().min(MAX_TRIGGERS);
    let more = status.pending_total.saturating_sub(u64::try_from(named).unwrap_or(u64::MAX));
    if more > 0 && named > 0 {
        line(text, format_args!("  and {more} more"));
    }
}

/// A readiness in words.
pub(crate) fn readiness(readiness: &Readiness) -> String {
    let mut text = String::new();
    let word = if readiness.ok { "ready" } else { "not ready" };
    let role = if readiness.leading { "leading" } else { "standing by" };
    line(&mut text, format_args!("{word}, {role}"));
    for condition in &readiness.conditions {
        let how = condition.fault.as_deref().unwrap_or("ok");
        line(&mut text, format_args!("  {} ({}): {how}", condition.name, condition.need));
    }
    text
}

/// Jobs that were set aside, in words.
pub(crate) fn dead(dead: &[Dead]) -> String {
    if dead.is_empty() {
        return "no job is set aside".to_owned();
    }
    let mut text = String::new();
    for job in dead {
        let since = moment(job.since);
        line(&mut text, format_args!("{}: {}", job.job, job.what));
        line(
            &mut text,
            format_args!("  since {since}, begun {} times: {}", job.attempts, job.error),
        );
        if !job.workers.is_empty() {
            line(&mut text, format_args!("  held by {}", job.workers.join(", ")));
        }
        if !job.suffers.is_empty() {
            line(&mut text, format_args!("  for it suffers only: {}", job.suffers));
        }
    }
    text
}

/// What belongs to no batch, in words.
pub(crate) fn orphans(orphans: &[Orphan]) -> String {
    if orphans.is_empty() {
        return "nothing of ours belongs to no batch".to_owned();
    }
    let mut text = String::new();
    for orphan in orphans {
        line(&mut text, format_args!("{} {}: {}", orphan.kind, orphan.name, orphan.what));
        let then = orphan.removal.map_or("a person must decide".to_owned(), |removal| {
            format!("removed by policy from {} on", moment(removal))
        });
        line(&mut text, format_args!("  seen since {}; {then}", moment(orphan.first_seen)));
    }
    text
}

/// An explanation, in words: what stands in the way is marked.
pub(crate) fn explanation(explanation: &Explanation) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("{}", explanation.verdict));
    for step in &explanation.steps {
        let mark = if step.blocks { '!' } else { ' ' };
        line(&mut text, format_args!("{mark} {:<8} {}", step.about, step.text));
    }
    text
}

/// What the next batch would hold, in words.
pub(crate) fn preview(preview: &Preview) -> String {
    let mut text = String::new();
    for pause in &preview.pauses {
        line(&mut text, format_args!("no batch begins: {pause}"));
    }
    if let Some(batch) = preview.after {
        line(&mut text, format_args!("the next batch begins after batch {batch}"));
    }
    if preview.slices.is_empty() {
        line(&mut text, format_args!("nothing waits that would be built"));
    }
    for slice in &preview.slices {
        line(&mut text, format_args!("slice {}: {} components", slice.order, slice.members.len()));
        for member in &slice.members {
            let seed = if member.seeded { "" } else { ", not seeded" };
            line(
                &mut text,
                format_args!("  {} ({}{seed})", member.component, member.nvrs.join(", ")),
            );
        }
    }
    for out in &preview.left_out {
        line(&mut text, format_args!("left out: {}, {}", out.component, out.why));
    }
    text
}

/// What becomes of each name that was to be built, in words: what will not be is marked.
pub(crate) fn triggered(told: &Triggered) -> String {
    let mut text = String::new();
    for verdict in &told.names {
        let Verdict { asked, will, why, .. } = verdict;
        let mark = if *will { ' ' } else { '!' };
        let component = verdict.component.as_ref().filter(|component| *component != asked);
        let component = component.map(|component| format!(" ({component})")).unwrap_or_default();
        let nvr = verdict.nvr.as_ref().filter(|nvr| *nvr != asked);
        let nvr = nvr.map(|nvr| format!(", {nvr}")).unwrap_or_default();
        line(&mut text, format_args!("{mark} {asked}{component}{nvr}: {why}"));
    }
    match (told.request, &told.result) {
        (Some(request), result) => {
            let answered = Answered { request, result: result.clone() };
            line(&mut text, format_args!("{}", self::answered(&answered)));
        }
        (None, Some(result)) => line(&mut text, format_args!("{result}")),
        (None, None) => line(&mut text, format_args!("nothing was asked for: this was a dry run")),
    }
    text
}

/// Package lists, in words.
pub(crate) fn lists(lists: &[List]) -> String {
    if lists.is_empty() {
        return "no package list was ever fetched".to_owned();
    }
    let mut text = String::new();
    for list in lists {
        let as_of = list.accepted.map_or("never".to_owned(), moment);
        let List { name, acting, waiting, missing, .. } = list;
        line(
            &mut text,
            format_args!(
                "{name}: {acting} names, {waiting} wait for another sighting, {missing} are missing; as of {as_of}"
            ),
        );
        if let Some(fault) = &list.fault {
            line(&mut text, format_args!("  the last fetch came to nothing: {fault}"));
        }
        if let Some(held) = &list.held {
            jump(&mut text, name, held);
        }
    }
    text
}

fn jump(text: &mut String, name: &str, held: &Held) {
    let Held { entering, leaving, .. } = held;
    let since = moment(held.since);
    line(
        text,
        format_args!("  held since {since}: {entering} names would enter, {leaving} would leave"),
    );
    for (what, names, all) in [("enter", &held.enter, entering), ("leave", &held.leave, leaving)] {
        let more = all.saturating_sub(u64::try_from(names.len()).unwrap_or(u64::MAX));
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        if !names.is_empty() {
            line(text, format_args!("    {what}: {}{more}", names.join(" ")));
        }
    }
    let then = if held.confirmed {
        "  confirmed: it acts at the next refresh".to_owned()
    } else {
        format!("  let it with `ebsctl lists confirm {name} --reason …`")
    };
    line(text, format_args!("{then}"));
}

/// Entries of the deny list, in words; a line each, or all that is known.
pub(crate) fn denials(denials: &[Denial], whole: bool) -> String {
    if denials.is_empty() {
        return "nothing is denied".to_owned();
    }
    let mut text = String::new();
    for denial in denials {
        let Denial { component, class, batch, count, .. } = denial;
        let (last, expires) = (moment(denial.last), moment(denial.expires));
        line(
            &mut text,
            format_args!(
                "{component}: {class} in batch {batch} at {last}, not built until {expires}"
            ),
        );
        if whole {
            line(&mut text, format_args!("  {}", denial.source));
            let task = denial.task.map(|task| format!(", last in task {task}")).unwrap_or_default();
            let first = moment(denial.first);
            line(&mut text, format_args!("  failed in {count} batches since {first}{task}"));
            for said in denial.text.lines() {
                line(&mut text, format_args!("  | {said}"));
            }
        }
    }
    text
}

/// A moment, UTC, to the second.
pub(crate) fn moment(millis: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(millis);
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

/// What became of a request, in words.
pub(crate) fn answered(answered: &Answered) -> String {
    match &answered.result {
        Some(result) => format!("request {}: {result}", answered.request),
        None => format!(
            "request {} is stored, and no leader has answered it yet; the audit will tell",
            answered.request
        ),
    }
}

/// A credential that somebody has to see to, in words.
fn credential(credential: &Credential, now: i64) -> String {
    let name = &credential.credential;
    match (&credential.fault, credential.ends) {
        (Some(fault), _) => format!("credential {name} cannot be read: {fault}"),
        (None, Some(ends)) if ends <= now => format!("credential {name} ended at {}", moment(ends)),
        (None, Some(ends)) => format!("credential {name} ends in {}: renew it", age(ends, now)),
        (None, None) => format!("credential {name}"),
    }
}

/// How long ago something was, in the largest unit that fits.
fn age(now: i64, then: i64) -> String {
    let seconds = now.saturating_sub(then).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{what}");
}

#[cfg(test)]
mod tests;
