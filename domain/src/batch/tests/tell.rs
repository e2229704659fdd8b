//! Says in few words what a step has changed and what it wants done.

use std::fmt::Display;

use super::super::*;
use crate::deny::DenyRule;

/// New phase, moved builds and groups, then commands.
pub(super) fn tell(before: &Batch, after: &Batch, step: &Step) -> String {
    let mut news = Vec::new();
    if before.phase.word() != after.phase.word() {
        news.push(after.phase.word().to_uppercase());
    }
    for (component, member) in &after.members {
        let was = before.members.get(component).map(Member::word);
        if was.is_some_and(|was| was != member.word()) {
            news.push(format!("{component} {}", end_word(member)));
        }
    }
    for (number, group) in &after.groups {
        if before.groups.get(number).map(|group| &group.state) != Some(&group.state) {
            news.push(format!("group {number} {}{}", group.word(), packed(group)));
        }
    }
    for (component, why) in &after.left_out {
        if !before.left_out.contains_key(component) {
            news.push(format!("{component} left out: {}", why.word()));
        }
    }
    news.extend(step.commands.iter().filter_map(command));
    if news.is_empty() { "nothing".to_owned() } else { news.join("; ") }
}

fn end_word(member: &Member) -> String {
    if let Build::Ended { end: End::Failed(failure), .. } = &member.build {
        return format!("failed({}, {})", failure.class, failure.text);
    }
    member.word().to_owned()
}

fn packed(group: &Group) -> String {
    format!(" [{}]", join(group.packed.iter().map(|packed| &packed.component)))
}

fn command(command: &Command) -> Option<String> {
    Some(match command {
        Command::Run { effect, .. } => wish(effect),
        Command::Settle { no } => format!("settle #{no}"),
        Command::Answer { trigger, answer } => format!("answer {trigger} {}", answer.word()),
        Command::Reopen { trigger } => format!("reopen {trigger}"),
        Command::Deny(denial) => {
            let (component, class) = (&denial.component, denial.failure.class);
            let days = denial.span.as_secs() / (24 * 3600);
            let usual = DenyRule::default().classes.get(&class) == Some(&denial.span);
            let span = if usual { String::new() } else { format!(" for {days}d") };
            format!("deny {component} ({class}){span}")
        }
        Command::Notify(notice) => match notice {
            Notice::Phase { .. } | Notice::BuildEnded { .. } | Notice::Group { .. } => return None,
            Notice::Attempt { order, number, builds } => {
                format!("slice {order} attempt {number}: {builds}")
            }
            Notice::SeedFailed { component, failure } => {
                format!("seed of {component} failed ({})", failure.class)
            }
            Notice::TagVanished { tag } => format!("{tag} has vanished"),
            Notice::SlowUpdates => "slow updates".to_owned(),
        },
    })
}

fn wish(effect: &Effect) -> String {
    match effect {
        Effect::CreateSideTag { base } => format!("create side tag on {base}"),
        Effect::TagBuilds { tag, builds } => format!("tag {} into {tag}", join(builds)),
        Effect::PromoteBuilds { builds } => format!("promote {}", join(builds)),
        Effect::RequestRepo { event, .. } => format!("request repo at {event}"),
        Effect::RemoveSideTag { tag } => format!("remove {tag}"),
        Effect::SubmitBuilds { builds, tag, .. } => {
            format!("submit {} to {tag}", join(builds.iter().map(|build| &build.component)))
        }
        Effect::CancelTasks { tasks } => format!("cancel {}", join(tasks)),
        Effect::SubmitUpdate { tag, builds, .. } => {
            format!("post {} from {tag}", join(builds.iter().map(|(_, nvr)| nvr.name())))
        }
    }
}

fn join<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    things.into_iter().map(|thing| thing.to_string()).collect::<Vec<_>>().join(" ")
}
