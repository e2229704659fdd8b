//! Which builds have come to the stable tag by one event, and how long they took from Rawhide.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ebs_domain::{
    batch::{Event, Group, Settled},
    id::Component,
    time::Timestamp,
};

/// Those that were there before the event; `None` if it is none that builds arrive by.
#[derive(Debug)]
pub(super) struct Arrived(Option<BTreeSet<Component>>);

impl Arrived {
    /// Takes note before the event.
    pub(super) fn before(event: &Event, groups: &BTreeMap<u32, Group>) -> Self {
        let looks = matches!(event, Event::UpdatesSeen(_));
        Self(looks.then(|| stable(groups).cloned().collect()))
    }

    /// The spans of those that came with it. What came when nobody knows is left out.
    pub(super) fn spans(
        self,
        groups: &BTreeMap<u32, Group>,
        heard: impl FnOnce() -> BTreeMap<Component, Timestamp>,
        at: Timestamp,
    ) -> Vec<Duration> {
        let Some(before) = self.0 else { return Vec::new() };
        let new: Vec<&Component> =
            stable(groups).filter(|component| !before.contains(*component)).collect();
        if new.is_empty() {
            return Vec::new();
        }
        let heard = heard();
        new.into_iter().filter_map(|component| Some(at.since(*heard.get(component)?))).collect()
    }
}

fn stable(groups: &BTreeMap<u32, Group>) -> impl Iterator<Item = &Component> {
    let packed = groups.values().flat_map(|group| &group.packed);
    packed.filter(|packed| packed.settled == Settled::Stable).map(|packed| &packed.component)
}
