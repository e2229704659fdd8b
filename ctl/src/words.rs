//! Answers in words, for people. Does *not* decide what is good or bad.

use crate::{
    deny::Denial,
    model::{Answered, Dead, Explanation, Held, List, Orphan, Preview, Readiness},
    paint::{Tone, toned},
    table::Table,
    text::{line, moment},
    trigger::{Triggered, Verdict},
};

/// A readiness in words.
pub(crate) fn readiness(readiness: &Readiness) -> String {
    let mut text = String::new();
    let word =
        if readiness.ok { toned(Tone::Good, "ready") } else { toned(Tone::Bad, "not ready") };
    let role = if readiness.leading { "leading" } else { "standing by" };
    line(&mut text, format_args!("{word}, {role}"));
    let mut table = Table::new("  ", ["CONDITION", "NEEDED", "STATE"]);
    for condition in &readiness.conditions {
        let how = condition.fault.as_ref();
        let how = how.map_or_else(|| toned(Tone::Good, "ok"), |fault| toned(Tone::Bad, fault));
        table.row([condition.name.clone(), condition.need.clone(), how]);
    }
    table.write(&mut text);
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
    let mut table = Table::new("", ["KIND", "NAME", "SEEN SINCE", "REMOVED FROM", "WHAT"]);
    for orphan in orphans {
        let Orphan { kind, name, what, first_seen, .. } = orphan;
        let removal = orphan.removal.map_or("a person decides".to_owned(), moment);
        table.row([kind.clone(), name.clone(), moment(*first_seen), removal, what.clone()]);
    }
    written(&table)
}

/// An explanation, in words: what stands in the way is marked.
pub(crate) fn explanation(explanation: &Explanation) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("{}", explanation.verdict));
    for step in &explanation.steps {
        let told = format!("{:<8} {}", step.about, step.text);
        if step.blocks {
            line(&mut text, format_args!("{}", toned(Tone::Bad, format_args!("! {told}"))));
        } else {
            line(&mut text, format_args!("  {told}"));
        }
    }
    text
}

/// What the next batch would hold, in words.
pub(crate) fn preview(preview: &Preview) -> String {
    let mut text = String::new();
    for pause in &preview.pauses {
        line(&mut text, format_args!("{}: {pause}", toned(Tone::Odd, "no batch begins")));
    }
    if let Some(batch) = preview.after {
        line(&mut text, format_args!("the next batch begins after batch {batch}"));
    }
    if preview.slices.is_empty() {
        line(&mut text, format_args!("nothing waits that would be built"));
    }
    let mut next = Table::new("", ["SLICE", "COMPONENT", "SEEDED", "BUILDS"]);
    for slice in &preview.slices {
        for member in &slice.members {
            let seeded = if member.seeded { "yes" } else { "no" }.to_owned();
            let builds = member.nvrs.join(" ");
            next.row([slice.order.to_string(), member.component.clone(), seeded, builds]);
        }
    }
    next.write(&mut text);
    let mut out = Table::new("", ["LEFT OUT", "WHY"]);
    for left in &preview.left_out {
        out.row([left.component.clone(), left.why.clone()]);
    }
    out.write(&mut text);
    text
}

/// What becomes of each name that was to be built, in words: what will not be is marked.
pub(crate) fn triggered(told: &Triggered) -> String {
    let mut text = String::new();
    let mut table = Table::new("", ["ASKED", "COMPONENT", "BUILD", "BUILT", "WHY"]);
    for verdict in &told.names {
        let Verdict { asked, component, nvr, will, why } = verdict;
        let (built, why) = if *will {
            (toned(Tone::Good, "yes"), why.clone())
        } else {
            (toned(Tone::Bad, "no"), toned(Tone::Bad, why))
        };
        let [component, nvr] = [component, nvr].map(|name| name.clone().unwrap_or_default());
        table.row([asked.clone(), component, nvr, built, why]);
    }
    table.write(&mut text);
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
    let head = ["LIST", "ACTING", "WAITING", "MISSING", "AS OF", "STATE"];
    let mut table = Table::new("", head);
    for list in lists {
        let List { name, acting, waiting, missing, fault, held, .. } = list;
        let counts = [acting, waiting, missing].map(ToString::to_string);
        let as_of = list.accepted.map_or("never".to_owned(), moment);
        let state = match (fault, held) {
            (_, Some(_)) => toned(Tone::Bad, "held"),
            (Some(_), None) => toned(Tone::Odd, "not fetched"),
            (None, None) => toned(Tone::Good, "ok"),
        };
        let [acting, waiting, missing] = counts;
        table.row([name.clone(), acting, waiting, missing, as_of, state]);
    }
    let mut text = written(&table);
    for list in lists {
        if let Some(fault) = &list.fault {
            let name = &list.name;
            line(&mut text, format_args!("{name}: the last fetch came to nothing: {fault}"));
        }
        if let Some(held) = &list.held {
            jump(&mut text, &list.name, held);
        }
    }
    text
}

fn jump(text: &mut String, name: &str, held: &Held) {
    let Held { entering, leaving, .. } = held;
    let since = moment(held.since);
    line(
        text,
        format_args!(
            "{name}: held since {since}: {entering} names would enter, {leaving} would leave"
        ),
    );
    for (what, names, all) in [("enter", &held.enter, entering), ("leave", &held.leave, leaving)] {
        let more = all.saturating_sub(u64::try_from(names.len()).unwrap_or(u64::MAX));
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        if !names.is_empty() {
            line(text, format_args!("  {what}: {}{more}", names.join(" ")));
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
    if !whole {
        let mut table =
            Table::new("", ["COMPONENT", "CLASS", "BATCH", "FAILED AT", "NOT BUILT UNTIL"]);
        for denial in denials {
            let Denial { component, class, batch, last, expires, .. } = denial;
            let times = (moment(*last), moment(*expires));
            let batch = batch.map(|batch| batch.to_string()).unwrap_or_default();
            table.row([component.clone(), class.clone(), batch, times.0, times.1]);
        }
        return written(&table);
    }
    let mut text = String::new();
    for denial in denials {
        let Denial { component, class, batch, count, source, .. } = denial;
        let (last, expires) = (moment(denial.last), moment(denial.expires));
        let place = batch.map_or_else(
            || "in the service before".to_owned(),
            |batch| format!("in batch {batch}"),
        );
        line(
            &mut text,
            format_args!(
                "{component}: {} {place} at {last}, not built until {expires}",
                toned(Tone::Bad, class)
            ),
        );
        line(&mut text, format_args!("  {source}"));
        let task = denial.task.map(|task| format!(", last in task {task}")).unwrap_or_default();
        let first = moment(denial.first);
        line(&mut text, format_args!("  failed in {count} batches since {first}{task}"));
        for said in denial.text.lines() {
            line(&mut text, format_args!("  | {said}"));
        }
    }
    text
}

fn written<const COLUMNS: usize>(table: &Table<COLUMNS>) -> String {
    let mut text = String::new();
    table.write(&mut text);
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

#[cfg(test)]
mod tests;
