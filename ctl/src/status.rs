//! `ebsctl status` in words. Does *not* decide what is good or bad.

use crate::{
    model::{Batch, Configuration, Credential, Group, Lacks, Recent, Reconcile, Status, Trigger},
    paint::{Tone, toned},
    table::Table,
    text::{age, line, moment},
};

/// Most triggers named; the others are counted.
const MAX_TRIGGERS: usize = 20;

/// A status in words.
pub(crate) fn words(status: &Status) -> String {
    let mut text = String::new();
    let leader = status.leader.as_ref().map_or("nobody", |leader| &leader.instance);
    line(&mut text, format_args!("ELNBuildSync {}, led by {leader}", status.version));
    configuration(&mut text, &status.configuration, status.now);
    if let Some(reason) = &status.paused {
        line(&mut text, format_args!("{}: {reason}", toned(Tone::Odd, "paused")));
    }
    for sentence in &status.awaited {
        line(&mut text, format_args!("the next batch waits: {sentence}"));
    }
    match &status.current {
        Some(current) => batch(&mut text, current, status.now),
        None => line(&mut text, format_args!("no batch runs")),
    }
    for each in &status.lingering {
        lingering(&mut text, each, status.now);
    }
    pending(&mut text, status);
    if !status.dead.is_empty() {
        let count = status.dead.len();
        let told = toned(Tone::Bad, format_args!("{count} jobs are set aside"));
        line(&mut text, format_args!("{told}: see `ebsctl dead list`"));
    }
    for standing in &status.credentials {
        line(&mut text, format_args!("{}", toned(Tone::Odd, credential(standing, status.now))));
    }
    if !status.orphans.is_empty() {
        let count = status.orphans.len();
        line(&mut text, format_args!("{count} things belong to no batch: see `ebsctl orphans`"));
    }
    for list in status.lists.iter().filter(|list| list.held.is_some() || list.fault.is_some()) {
        line(
            &mut text,
            format_args!(
                "package list {} {}: see `ebsctl lists show`",
                list.name,
                toned(Tone::Odd, "stays as it was")
            ),
        );
    }
    reconcile(&mut text, status.reconcile.as_ref(), status.now);
    earlier(&mut text, status);
    recent(&mut text, status);
    text
}

/// A batch that waits for nothing but detached builds.
fn lingering(text: &mut String, batch: &Batch, now: i64) {
    let (id, phase, since) = (batch.id, &batch.phase, age(now, batch.phase_since));
    line(text, format_args!("batch {id}: {phase} for {since}, holds up nothing; detached builds:"));
    let mut table = Table::new("  ", ["COMPONENT", "STATE", "FOR", "TASK"]);
    for build in batch.builds.iter().filter(|build| build.detached) {
        let task = build.task.map_or_else(String::new, |task| task.to_string());
        table.row([build.component.clone(), build.state.clone(), age(now, build.since), task]);
    }
    table.write(text);
}

fn earlier(text: &mut String, status: &Status) {
    if status.earlier_groups.is_empty() {
        return;
    }
    line(text, format_args!("groups of batches before, still open:"));
    let mut table = Table::new("  ", ["BATCH", "GROUP", "BUILDS", "STATUS", "UPDATE", "WHY"]);
    for earlier in &status.earlier_groups {
        let [number, builds, state, alias, why] = group(&earlier.group);
        table.row([earlier.batch.to_string(), number, builds, state, alias, why]);
    }
    table.write(text);
}

fn recent(text: &mut String, status: &Status) {
    if status.recent.is_empty() {
        return;
    }
    line(text, format_args!("batches before:"));
    let head = ["BATCH", "END", "AGO", "SUCCEEDED", "FAILED", "OTHERS", "UPDATES"];
    let mut table = Table::new("  ", head);
    for recent in &status.recent {
        let Recent { id, outcome, ended, succeeded, failed, others, updates } = recent;
        let failed = if *failed == 0 { failed.to_string() } else { toned(Tone::Bad, failed) };
        table.row([
            id.to_string(),
            outcome.clone(),
            age(status.now, *ended),
            succeeded.to_string(),
            failed,
            others.to_string(),
            updates.to_string(),
        ]);
    }
    table.write(text);
}

/// When Rawhide and ELN were last compared, what ELN lacks, and when they are compared again.
fn reconcile(text: &mut String, reconcile: Option<&Reconcile>, now: i64) {
    let Some(reconcile) = reconcile else {
        return line(text, format_args!("reconcile: Rawhide and ELN were never compared"));
    };
    if let Some(why) = &reconcile.fault {
        let since =
            reconcile.failing_since.map_or_else(String::new, |at| format!(" for {}", age(now, at)));
        line(
            text,
            format_args!(
                "reconcile: {}{since}: {why}",
                toned(Tone::Bad, "the tags are not compared")
            ),
        );
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
    if let Some(change) = configuration.changes.first() {
        let (snapshot, origin, since) = (change.snapshot, &change.origin, age(now, change.at));
        line(
            text,
            format_args!("configuration changed {since} ago, snapshot {snapshot}, {origin}:"),
        );
        for sentence in &change.sentences {
            line(text, format_args!("  {sentence}"));
        }
    }
    if let Some(reason) = &configuration.refused {
        line(
            text,
            format_args!("{}, the last stays: {reason}", toned(Tone::Bad, "configuration refused")),
        );
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
        line(text, format_args!("  {}: {waiting}", toned(Tone::Odd, "waits")));
    }
    let mut slices = Table::new("  ", ["SLICE", "ATTEMPT", "BUILDS"]);
    for slice in &batch.slices {
        let counts: Vec<_> =
            slice.builds.iter().map(|part| format!("{} {}", part.count, part.state)).collect();
        slices.row([slice.order.to_string(), slice.attempt.to_string(), counts.join(", ")]);
    }
    slices.write(text);
    let mut groups = Table::new("  ", ["GROUP", "BUILDS", "STATUS", "UPDATE", "WHY"]);
    for each in &batch.groups {
        groups.row(group(each));
    }
    groups.write(text);
}

/// Number, builds, status, update, and why it is so.
fn group(group: &Group) -> [String; 5] {
    let text = group.text.clone().unwrap_or_default();
    let status =
        if text.is_empty() { group.status.clone() } else { toned(Tone::Odd, &group.status) };
    let alias = group.alias.clone().unwrap_or_default();
    [group.number.to_string(), group.builds.to_string(), status, alias, text]
}

fn pending(text: &mut String, status: &Status) {
    line(
        text,
        format_args!(
            "{} triggers wait, {} effects are open",
            status.pending_total, status.effects_open
        ),
    );
    let mut table = Table::new("  ", ["COMPONENT", "BUILD", "WAITS", "FROM"]);
    for trigger in status.pending.iter().take(MAX_TRIGGERS) {
        let Trigger { component, nvr, cause, late, created } = trigger;
        let from = if *late { toned(Tone::Odd, cause) } else { cause.clone() };
        table.row([component.clone(), nvr.clone(), age(status.now, *created), from]);
    }
    table.write(text);
    let named = status.pending.len().min(MAX_TRIGGERS);
    let more = status.pending_total.saturating_sub(u64::try_from(named).unwrap_or(u64::MAX));
    if more > 0 && named > 0 {
        line(text, format_args!("  and {more} more"));
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

#[cfg(test)]
mod tests;
