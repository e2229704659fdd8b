//! What is different between two dynamic configurations beside their rules and packages, in words. The rest is the
//! difference of two policies.

use super::{Autopackagelist, DynamicConfig, TriggerTag, duration};

/// A sentence for each setting that differs.
#[must_use]
pub fn settings(before: &DynamicConfig, after: &DynamicConfig) -> Vec<String> {
    let (old, new) = (&before.control, &after.control);
    let mut sentences = Vec::new();
    if old.pause != new.pause {
        sentences
            .push(if new.pause { "pause: batches are paused" } else { "pause: ended" }.to_owned());
    }
    if old.trigger_tag != new.trigger_tag {
        sentences.push(format!(
            "trigger tag: {} → {}",
            tag(&old.trigger_tag),
            tag(&new.trigger_tag)
        ));
    }
    if old.status_interval != new.status_interval {
        let (old, new) = (duration::show(old.status_interval), duration::show(new.status_interval));
        sentences.push(format!("status interval: {old} → {new}"));
    }
    lists(before.autopackagelist.as_ref(), after.autopackagelist.as_ref(), &mut sentences);
    sentences
}

fn tag(tag: &TriggerTag) -> &str {
    match tag {
        TriggerTag::Named(name) => name.as_str(),
        TriggerTag::Rawhide => "rawhide",
    }
}

fn lists(
    before: Option<&Autopackagelist>,
    after: Option<&Autopackagelist>,
    sentences: &mut Vec<String>,
) {
    let (old, new) = (names(before), names(after));
    let only = |some: &[String], others: &[String]| -> Vec<String> {
        some.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let (added, gone) = (only(&new, &old), only(&old, &new));
    if !added.is_empty() {
        sentences.push(format!("package lists added: {}", added.join(", ")));
    }
    if !gone.is_empty() {
        sentences.push(format!("package lists taken away: {}", gone.join(", ")));
    }
    if added.is_empty() && gone.is_empty() && old != new {
        sentences.push(format!(
            "package lists in another sequence, and the first that has a name counts: {}",
            new.join(", ")
        ));
    }
    if let (Some(before), Some(after)) = (before, after)
        && before.content_resolver != after.content_resolver
    {
        sentences.push(format!(
            "package lists come from {} instead of {}",
            after.content_resolver, before.content_resolver
        ));
    }
}

/// The lists in the order in which they count.
fn names(lists: Option<&Autopackagelist>) -> Vec<String> {
    let Some(lists) = lists else { return Vec::new() };
    let of_view =
        |view: &String| lists.sources.iter().map(|source| format!("{view}/{source}")).collect();
    lists.views.iter().flat_map(|view| -> Vec<String> { of_view(view) }).collect()
}

#[cfg(test)]
mod tests;
