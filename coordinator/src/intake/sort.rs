//! Which messages are sightings.

use ebs_domain::{id::TagName, time::Timestamp, trigger::Cause};
use ebs_shared::bus::message::{Incoming, Odd, TagMessage};

use crate::{driver::Sighting, store::OddMessage};

/// What a group of messages comes to.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) sightings: Vec<Sighting>,
    pub(super) odd: Vec<OddMessage>,
    /// Whether something among them may concern a tag or build that is watched.
    pub(super) hints: bool,
}

/// Sorts a group. `tags` are those whose builds trigger.
pub(super) fn sort(group: &[Incoming], tags: &[TagName], cause: &Cause, at: Timestamp) -> Sorted {
    let mut sorted = Sorted::default();
    for message in group {
        match message {
            Incoming::Tag(message) if tags.contains(&message.tag) => {
                sorted.sightings.push(sighting(message, cause));
            }
            Incoming::Tag(_) | Incoming::Other(_) => sorted.hints = true,
            Incoming::Odd(message) => sorted.odd.push(odd(message, at)),
            Incoming::Foreign { .. } => {}
        }
    }
    sorted
}

fn sighting(message: &TagMessage, cause: &Cause) -> Sighting {
    Sighting {
        package: message.package.clone(),
        tag: message.tag.clone(),
        build: message.build,
        nvr: message.nvr.to_string(),
        cause: cause.clone(),
        message: Some(message.id.clone()),
    }
}

fn odd(message: &Odd, at: Timestamp) -> OddMessage {
    OddMessage {
        id: message.id.clone(),
        topic: message.topic.clone(),
        body: message.body.clone(),
        fault: message.fault.to_string(),
        received: at,
    }
}

#[cfg(test)]
mod tests;
