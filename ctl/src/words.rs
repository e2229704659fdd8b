//! Answers in words, for people. Does *not* decide what is good or bad.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::model::{Answered, Batch, Dead, Group, Readiness, Status};

/// Most triggers named; the others are counted.
const MAX_TRIGGERS: usize = 20;

/// A status in words.
pub(crate) fn status(status: &Status) -> String {
    let mut text = String::new();
    let leader = status.leader.as_ref().map_or("nobody", |leader| &leader.instance);
    line(&mut text, format_args!("ELNBuildSync {}, led by {leader}", status.version));
    if let Some(reason) = &status.paused {
        line(&mut text, format_args!("paused: {reason}"));
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
        line(text, format_args!("  {} ({}), for {since}", trigger.component, trigger.nvr));
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
        let since = DateTime::<Utc>::from_timestamp_millis(job.since)
            .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
            .unwrap_or_default();
        line(&mut text, format_args!("{}: {}", job.job, job.what));
        line(
            &mut text,
            format_args!("  since {since}, begun {} times: {}", job.attempts, job.error),
        );
    }
    text
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
