//! One group of builds on its way through one Bodhi update. It can outlive its batch: held, or late.

use std::{cmp::Ordering, collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    fill::Fill,
    member::Built,
    plan::Plan,
    seen::{StableBuild, UpdateSeen, UpdatesLook},
};
use crate::{
    id::{BuildId, Component, TagName},
    nvr::Nvr,
    time::Timestamp,
};

/// How often, within the longest span that is no outage, the waiting time is counted at most.
const LOOKS_PER_GAP: u32 = 4;

/// What stands for the status of an update that Bodhi does not know.
const UNKNOWN: &str = "unknown";

/// Builds directly in the stable tag, by package.
pub(super) type StableByName<'a> = BTreeMap<String, Vec<(&'a StableBuild, Nvr)>>;

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its builds.
    pub packed: Vec<Packed>,
    /// Where it is.
    pub state: GroupState,
}

/// One build of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Which component.
    pub component: Component,
    /// The build.
    pub build: BuildId,
    /// Its regular NVR.
    pub nvr: Nvr,
    /// Its epoch.
    pub epoch: Option<i64>,
    /// Where it ended, once that is known.
    pub settled: Settled,
}

/// Whether a build has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "settled", rename_all = "snake_case")]
pub enum Settled {
    /// Not yet.
    No,
    /// It is, or was, in the stable tag.
    Stable,
    /// A newer build of its package is.
    Newer {
        /// That build.
        nvr: String,
    },
}

/// Where a group is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GroupState {
    /// Its turn to get a side tag has not come.
    Waiting,
    /// Its errata tag is being made.
    CreatingTag,
    /// Its builds are put there.
    Filling {
        /// The errata tag.
        tag: TagName,
        /// The builds.
        fill: Fill,
        /// How often the tag did not hold the group when it was to be posted.
        differed: u32,
    },
    /// Its update is being made.
    Posting {
        /// The errata tag.
        tag: TagName,
        /// As in `filling`.
        differed: u32,
    },
    /// There is an update.
    Posted(Posted),
    /// There is an update, and the batch does not wait for it any more; it is still watched.
    Late {
        /// The update.
        posted: Posted,
        /// Why it is late.
        why: GroupEnd,
    },
    /// Bodhi refused it; a person must decide. It keeps its errata tag and holds up nothing.
    Held {
        /// The errata tag.
        tag: TagName,
        /// What was said.
        text: String,
    },
    /// An operator has given it up: its builds are not published.
    Discarded {
        /// The errata tag, as long as it is still to be removed.
        tag: Option<TagName>,
    },
    /// Nothing of it was left.
    Empty,
    /// Over.
    Ended {
        /// Its update.
        alias: String,
        /// How.
        end: GroupEnd,
    },
}

/// An update that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Its name.
    pub alias: String,
    /// Its errata tag; Bodhi's from now on.
    pub tag: TagName,
    /// Its status when it was last looked at.
    pub status: String,
    /// When that was; since the posting, if never.
    pub seen: Option<Timestamp>,
    /// How long it has been waited for, outages not counted.
    pub waited: Duration,
    /// Whether its slowness was told.
    pub warned: bool,
    /// Since when Bodhi has said that there is no such update.
    #[serde(default)]
    pub unknown_since: Option<Timestamp>,
}

/// How an update ended, or why it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupEnd {
    /// All its builds, or newer ones, are in the stable tag.
    Stable,
    /// A newer update took its place.
    Obsolete,
    /// Somebody unpushed it.
    Unpushed,
    /// Its gating failed; a person must waive or mend.
    GatingFailed,
    /// The stable tag had something newer when it was approved; a person must decide.
    Conflict,
    /// It took longer than it may.
    TimedOut,
    /// Bodhi says, again and again, that there is no such update; a person must look.
    Vanished,
}

/// Why a good build is not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "left_out", rename_all = "snake_case")]
pub enum LeftOut {
    /// It is in the stable tag already.
    AlreadyStable,
    /// It is in another update.
    InUpdate {
        /// Which.
        alias: String,
    },
    /// Its NVR is longer than Bodhi can hold.
    NvrTooLong,
    /// Its NVR is none.
    NvrUnreadable,
    /// Its draft could not be promoted.
    NotPromotable {
        /// Why.
        text: String,
    },
    /// It could not be put into the errata tag.
    NotTaggable {
        /// Why.
        text: String,
    },
    /// Bodhi refused it by name.
    Refused {
        /// What it said.
        text: String,
    },
    /// The batch was ended by an operator before its turn.
    Aborted,
    /// An operator gave its group up.
    Discarded,
}

impl Group {
    /// A group of these builds.
    #[must_use]
    pub fn new(packed: Vec<Packed>) -> Self {
        Self { packed, state: GroupState::Waiting }
    }

    /// Its builds and their NVRs.
    #[must_use]
    pub fn builds(&self) -> Vec<(BuildId, Nvr)> {
        self.packed.iter().map(|packed| (packed.build, packed.nvr.clone())).collect()
    }

    /// Whether its batch need not wait for its posting any more.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        match self.state {
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Filling { .. }
            | GroupState::Posting { .. } => false,
            GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Held { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => true,
        }
    }

    /// Whether a build is in its update, or waits in it for a person.
    pub(super) fn keeps(&self, built: &Built) -> bool {
        let sent = match &self.state {
            GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Held { .. }
            | GroupState::Ended { .. } => true,
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Filling { .. }
            | GroupState::Posting { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty => false,
        };
        sent && self.packed.iter().any(|packed| packed.build == built.build)
    }

    /// Whether something of it is still to be done or watched.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(
            self.state,
            GroupState::Empty | GroupState::Ended { .. } | GroupState::Discarded { tag: None }
        )
    }

    /// The update that is being waited for.
    #[must_use]
    pub fn posted(&self) -> Option<&Posted> {
        match &self.state {
            GroupState::Posted(posted) | GroupState::Late { posted, .. } => Some(posted),
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Filling { .. }
            | GroupState::Posting { .. }
            | GroupState::Held { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => None,
        }
    }

    /// Its update's name, if it ever had one.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        match &self.state {
            GroupState::Ended { alias, .. } => Some(alias),
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Filling { .. }
            | GroupState::Posting { .. }
            | GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Held { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty => self.posted().map(|posted| posted.alias.as_str()),
        }
    }

    /// The errata tag, as long as it is ours to remove without a look at Bodhi.
    #[must_use]
    pub fn own_tag(&self) -> Option<&TagName> {
        match &self.state {
            GroupState::Filling { tag, .. }
            | GroupState::Posting { tag, .. }
            | GroupState::Held { tag, .. } => Some(tag),
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => None,
        }
    }

    /// The word for where it is, for showing and counting.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.state {
            GroupState::Waiting => "waiting",
            GroupState::CreatingTag => "creating_tag",
            GroupState::Filling { .. } => "filling",
            GroupState::Posting { .. } => "posting",
            GroupState::Posted(_) => "posted",
            GroupState::Late { why: end, .. } | GroupState::Ended { end, .. } => end.word(),
            GroupState::Held { .. } => "held",
            GroupState::Discarded { tag: Some(_) } => "discarding",
            GroupState::Discarded { tag: None } => "discarded",
            GroupState::Empty => "empty",
        }
    }

    /// Takes a look at updates and the stable tag. True if anything changed that is worth storing.
    pub(super) fn settle(
        &mut self,
        look: &UpdatesLook,
        stable: &StableByName<'_>,
        at: Timestamp,
        plan: &Plan,
    ) -> bool {
        let Some(alias) = self.posted().map(|posted| posted.alias.clone()) else { return false };
        let before = self.clone();
        for packed in &mut self.packed {
            packed.settle(stable);
        }
        let arrived = self.packed.iter().all(|packed| packed.settled != Settled::No);
        let update = look.updates.iter().find(|update| update.alias == alias);
        let end = if arrived { Some(GroupEnd::Stable) } else { update.and_then(final_end) };
        if let Some(end) = end {
            self.state = GroupState::Ended { alias, end };
            return true;
        }
        let late = matches!(self.state, GroupState::Late { .. });
        if let GroupState::Posted(posted) | GroupState::Late { posted, .. } = &mut self.state {
            let why = match update {
                Some(update) => posted.look(update, at, plan),
                None if look.unknown.contains(&alias) => posted.look_in_vain(at, plan.poll_gap),
                None => None,
            };
            if let (Some(why), false) = (why, late) {
                self.state = GroupState::Late { posted: posted.clone(), why };
            }
        }
        *self != before
    }
}

impl Packed {
    fn settle(&mut self, stable: &StableByName<'_>) {
        for (found, nvr) in stable.get(self.nvr.name()).into_iter().flatten() {
            if found.build == self.build {
                self.settled = Settled::Stable;
            } else if self.settled == Settled::No
                && nvr.compare(found.epoch, &self.nvr, self.epoch) == Ordering::Greater
            {
                self.settled = Settled::Newer { nvr: found.nvr.clone() };
            }
        }
    }
}

impl Posted {
    /// An update that was just made, or found.
    pub(super) fn new(update: UpdateSeen, tag: TagName) -> Self {
        Self {
            alias: update.alias,
            tag,
            status: update.status,
            seen: None,
            waited: Duration::ZERO,
            warned: false,
            unknown_since: None,
        }
    }

    /// Takes note of how it stands, and counts the time since the last look; gives why it is late, if it is.
    fn look(&mut self, update: &UpdateSeen, at: Timestamp, plan: &Plan) -> Option<GroupEnd> {
        self.status.clone_from(&update.status);
        self.unknown_since = None;
        self.count(at, plan.poll_gap);
        stuck(update).or((self.waited >= plan.stable_timeout).then_some(GroupEnd::TimedOut))
    }

    /// Takes note that Bodhi knows no such update. One such look may be a mishap of Bodhi's; a span of them is not.
    fn look_in_vain(&mut self, at: Timestamp, gap: Duration) -> Option<GroupEnd> {
        UNKNOWN.clone_into(&mut self.status);
        let since = *self.unknown_since.get_or_insert(at);
        (at.since(since) >= gap).then_some(GroupEnd::Vanished)
    }

    /// Counts the time since the last look, unless there was an outage in between. Looks close together count as one, so
    /// that not each of them is stored.
    fn count(&mut self, at: Timestamp, gap: Duration) {
        if let Some(seen) = self.seen {
            let since = at.since(seen);
            if since < gap / LOOKS_PER_GAP {
                return;
            }
            self.waited += since.min(gap);
        }
        self.seen = Some(at);
    }
}

fn final_end(update: &UpdateSeen) -> Option<GroupEnd> {
    match update.status.as_str() {
        "stable" => Some(GroupEnd::Stable),
        "obsolete" => Some(GroupEnd::Obsolete),
        "unpushed" => Some(GroupEnd::Unpushed),
        _ => None,
    }
}

/// A state out of which only a person helps it.
fn stuck(update: &UpdateSeen) -> Option<GroupEnd> {
    if update.gating.as_deref() == Some("failed") {
        Some(GroupEnd::GatingFailed)
    } else if update.status == "pending" && update.pushed {
        Some(GroupEnd::Conflict)
    } else {
        None
    }
}

impl GroupEnd {
    /// The word for it, as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Obsolete => "obsolete",
            Self::Unpushed => "unpushed",
            Self::GatingFailed => "gating_failed",
            Self::Conflict => "conflict",
            Self::TimedOut => "timed_out",
            Self::Vanished => "vanished",
        }
    }
}

impl LeftOut {
    /// The word for it, as stored and shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::AlreadyStable => "already_stable",
            Self::InUpdate { .. } => "in_update",
            Self::NvrTooLong => "nvr_too_long",
            Self::NvrUnreadable => "nvr_unreadable",
            Self::NotPromotable { .. } => "not_promotable",
            Self::NotTaggable { .. } => "not_taggable",
            Self::Refused { .. } => "refused",
            Self::Aborted => "aborted",
            Self::Discarded => "discarded",
        }
    }
}
