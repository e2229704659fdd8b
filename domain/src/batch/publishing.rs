//! Publishing: what is left out, promotion, groups, one update each.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    effect::{Command, Effect, Notice, Outcome, PostEnd},
    fill::Fill,
    group::{Group, GroupState, LeftOut, Packed, Posted, Settled},
    member::{Build, Built, End},
    phase::{Ending, Ground, Phase, Publishing},
    seen::{PublishFacts, TagContent, UpdateSeen},
    state::{Batch, Purpose, Step},
};
use crate::{
    id::{BuildId, Component, TagName},
    nvr::Nvr,
    time::Timestamp,
};

/// How often a group whose tag holds something else is put right before a person must look.
const MAX_DIFFERED: u32 = 3;

impl Batch {
    pub(super) fn on_checked(&mut self, at: Timestamp, facts: &PublishFacts, out: &mut Step) {
        let Phase::Publishing(Publishing::Checking { ground }) = &self.phase else { return };
        let ground = ground.clone();
        let left_out: Vec<(Component, LeftOut)> = self
            .to_publish()
            .filter_map(|(component, built)| Some((component.clone(), against(built, facts)?)))
            .collect();
        self.left_out.extend(left_out);
        let drafts: Vec<BuildId> = self
            .to_publish()
            .filter(|(_, built)| built.draft)
            .map(|(_, built)| built.build)
            .collect();
        if drafts.is_empty() {
            self.make_groups(at, ground, out);
        } else {
            self.phase = Phase::Publishing(Publishing::Promoting { ground });
            self.run(Purpose::Promote, Effect::PromoteBuilds { builds: drafts }, out);
        }
    }

    pub(super) fn on_promoted(&mut self, at: Timestamp, outcome: Outcome, out: &mut Step) {
        let Phase::Publishing(Publishing::Promoting { ground }) = &self.phase else { return };
        let ground = ground.clone();
        self.record_promotions(outcome, out);
        let unanswered = LeftOut::NotPromotable { text: "it was not answered".to_owned() };
        let drafts: Vec<Component> = self
            .to_publish()
            .filter(|(_, built)| built.draft)
            .map(|(component, _)| component.clone())
            .collect();
        self.left_out.extend(drafts.into_iter().map(|component| (component, unanswered.clone())));
        self.make_groups(at, ground, out);
    }

    /// What the builds are called now, and which could not be promoted.
    pub(super) fn record_promotions(&mut self, outcome: Outcome, out: &mut Step) {
        let Outcome::BuildsPromoted { builds } = outcome else { return };
        let owners: BTreeMap<BuildId, Component> =
            self.to_publish().map(|(component, built)| (built.build, component.clone())).collect();
        for (build, result) in builds {
            let Some(component) = owners.get(&build) else { continue };
            match result {
                Ok(promoted) => self.replace_built(component, promoted, out),
                Err(failure) => {
                    self.left_out
                        .insert(component.clone(), LeftOut::NotPromotable { text: failure.text });
                }
            }
        }
    }

    fn replace_built(&mut self, component: &Component, now: Built, out: &mut Step) {
        let Some(member) = self.members.get_mut(component) else { return };
        if let Build::Ended { end: End::Succeeded(built), .. } = &mut member.build {
            *built = Built { build: built.build, adopted: built.adopted, ..now };
            out.members.insert(component.clone());
        }
    }

    fn make_groups(&mut self, at: Timestamp, ground: Ground, out: &mut Step) {
        let mut packed = Vec::new();
        let mut unreadable = Vec::new();
        for (component, built) in self.to_publish() {
            match built.nvr.parse::<Nvr>() {
                Ok(nvr) => packed.push(Packed {
                    component: component.clone(),
                    build: built.build,
                    nvr,
                    epoch: built.epoch,
                    settled: Settled::No,
                }),
                Err(_) => unreadable.push(component.clone()),
            }
        }
        self.left_out
            .extend(unreadable.into_iter().map(|component| (component, LeftOut::NvrUnreadable)));
        if packed.is_empty() {
            self.close(at, ground, Ending::Done, out);
            return;
        }
        self.phase = Phase::Publishing(Publishing::Grouped { ground });
        for builds in packed.chunks(self.plan.group_size(packed.len())) {
            self.add_group(builds.to_vec(), out);
        }
    }

    fn add_group(&mut self, packed: Vec<Packed>, out: &mut Step) {
        let number = self.groups.last_key_value().map_or(1, |(number, _)| number + 1);
        self.groups.insert(number, Group::new(packed));
        out.groups.insert(number);
    }

    pub(super) fn advance_publishing(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Publishing(Publishing::Grouped { ground }) = &self.phase else { return false };
        let ground = ground.clone();
        if let Some(stopped) = self.stopped {
            self.stop_unsent_groups(stopped, out);
        }
        let numbers: Vec<u32> = self.groups.keys().copied().collect();
        for number in numbers {
            self.advance_group(number, &ground.base, out);
        }
        if self.groups.values().all(Group::is_sent) {
            self.enter(at, Phase::Settling { ground }, out);
            return true;
        }
        false
    }

    fn advance_group(&mut self, number: u32, base: &TagName, out: &mut Step) {
        let making = self
            .open
            .values()
            .any(|purpose| matches!(purpose, Purpose::GroupTag { .. } | Purpose::BuildTag));
        let Some(group) = self.groups.get_mut(&number) else { return };
        match &mut group.state {
            // One side tag is made at a time: a lost answer then leaves one candidate at most.
            GroupState::Waiting if !making => {
                group.state = GroupState::CreatingTag;
                out.groups.insert(number);
                let effect = Effect::CreateSideTag { base: base.clone() };
                self.run(Purpose::GroupTag { group: number }, effect, out);
            }
            GroupState::Filling { tag, fill, differed } => {
                let (tag, builds, differed) = (tag.clone(), fill.ask(), *differed);
                if !builds.is_empty() {
                    out.groups.insert(number);
                    self.run(
                        Purpose::GroupFill { group: number },
                        Effect::TagBuilds { tag, builds },
                        out,
                    );
                } else if fill.is_settled() {
                    let failed: Vec<(BuildId, LeftOut)> = fill
                        .failed()
                        .map(|(build, failure)| {
                            (build, LeftOut::NotTaggable { text: failure.text.clone() })
                        })
                        .collect();
                    self.post_group(number, tag, differed, failed, out);
                }
            }
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Posting { .. }
            | GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Held { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => {}
        }
    }

    /// The group is in its tag: post it, less what could not be tagged.
    pub(super) fn post_group(
        &mut self,
        number: u32,
        tag: TagName,
        differed: u32,
        failed: Vec<(BuildId, LeftOut)>,
        out: &mut Step,
    ) {
        self.drop_from_group(number, failed);
        out.groups.insert(number);
        let Some(group) = self.groups.get_mut(&number) else { return };
        if group.packed.is_empty() {
            group.state = GroupState::Empty;
            return self.remove_tag(tag, out);
        }
        let builds = group.builds();
        group.state = GroupState::Posting { tag: tag.clone(), differed };
        let effect = Effect::SubmitUpdate { tag, group: number, builds };
        self.run(Purpose::GroupPost { group: number }, effect, out);
    }

    fn drop_from_group(&mut self, number: u32, dropped: Vec<(BuildId, LeftOut)>) {
        let Some(group) = self.groups.get_mut(&number) else { return };
        for (build, why) in dropped {
            if let Some(place) = group.packed.iter().position(|packed| packed.build == build) {
                self.left_out.insert(group.packed.remove(place).component, why);
            }
        }
    }

    pub(super) fn on_group_tag(&mut self, number: u32, outcome: Outcome, out: &mut Step) {
        let Outcome::TagCreated { tag } = outcome else { return };
        let Some(group) = self.groups.get_mut(&number) else { return };
        if group.state == GroupState::CreatingTag {
            let fill = Fill::of(group.packed.iter().map(|packed| packed.build));
            group.state = GroupState::Filling { tag, fill, differed: 0 };
            out.groups.insert(number);
        } else {
            // Stopped meanwhile: nobody wants the tag.
            self.remove_tag(tag, out);
        }
    }

    pub(super) fn on_group_filled(
        &mut self,
        at: Timestamp,
        number: u32,
        outcome: Outcome,
        out: &mut Step,
    ) {
        let Some(Group { state, .. }) = self.groups.get_mut(&number) else { return };
        let GroupState::Filling { fill, .. } = state else { return };
        if let Outcome::BuildsTagged { builds } = outcome {
            fill.answered(builds, at);
        } else if outcome == Outcome::TagGone {
            *state = GroupState::Waiting;
        }
        out.groups.insert(number);
    }

    /// A look at an errata tag.
    pub(super) fn on_group_tag_seen(
        &mut self,
        at: Timestamp,
        seen: &TagName,
        content: &TagContent,
        out: &mut Step,
    ) {
        let time_limit = self.plan.side_tag_timeout;
        let mut vanished = None;
        for (number, group) in &mut self.groups {
            let GroupState::Filling { tag, fill, .. } = &mut group.state else { continue };
            if tag != seen {
                continue;
            }
            match content {
                TagContent::Gone => {
                    group.state = GroupState::Waiting;
                    vanished = Some(*number);
                }
                TagContent::Builds { builds, failed } => fill.seen(builds, failed, at, time_limit),
            }
            out.groups.insert(*number);
        }
        if let Some(number) = vanished {
            self.forget_group_fill(number);
        }
    }

    pub(super) fn on_group_posted(&mut self, number: u32, outcome: Outcome, out: &mut Step) {
        let Some(group) = self.groups.get(&number) else { return };
        let GroupState::Posting { tag, differed } = group.state.clone() else { return };
        out.groups.insert(number);
        match outcome {
            Outcome::UpdatePosted { end: PostEnd::Update(update) } => {
                self.on_update(number, tag, update, out)
            }
            Outcome::UpdatePosted { end: PostEnd::TagDiffers } if differed < MAX_DIFFERED => {
                self.refill_group(number, tag, differed + 1);
            }
            Outcome::UpdatePosted { end: PostEnd::TagDiffers } => {
                self.hold_group(number, tag, "its errata tag never held the group".to_owned(), out);
            }
            Outcome::UpdatePosted { end: PostEnd::Refused { text, builds } } => {
                self.on_update_refused(number, tag, text, &builds, out);
            }
            Outcome::Poisoned { text } => self.hold_group(number, tag, text, out),
            Outcome::TagCreated { .. }
            | Outcome::BuildsTagged { .. }
            | Outcome::BuildsPromoted { .. }
            | Outcome::RepoRequested { .. }
            | Outcome::TagRemoved
            | Outcome::BuildsSubmitted { .. }
            | Outcome::TasksCancelled
            | Outcome::Withdrawn
            | Outcome::TagGone => {}
        }
    }

    fn refill_group(&mut self, number: u32, tag: TagName, differed: u32) {
        if let Some(group) = self.groups.get_mut(&number) {
            let fill = Fill::of(group.packed.iter().map(|packed| packed.build));
            group.state = GroupState::Filling { tag, fill, differed };
        }
    }

    fn hold_group(&mut self, number: u32, tag: TagName, text: String, out: &mut Step) {
        if let Some(group) = self.groups.get_mut(&number) {
            out.commands.push(Command::Notify(Notice::Group {
                number,
                state: "held",
                text: text.clone(),
            }));
            group.state = GroupState::Held { tag, text };
        }
    }

    /// There is an update; what it lacks of the group gets an errata tag of its own.
    fn on_update(&mut self, number: u32, tag: TagName, update: UpdateSeen, out: &mut Step) {
        let Some(group) = self.groups.get_mut(&number) else { return };
        let holds: BTreeSet<&str> = update.builds.iter().map(String::as_str).collect();
        let (packed, missing): (Vec<Packed>, Vec<Packed>) =
            group.packed.drain(..).partition(|packed| holds.contains(packed.nvr.as_str()));
        if packed.is_empty() {
            // Another tag would fare no better, for ever.
            group.packed = missing;
            let text = format!("{} lacks all its builds", update.alias);
            return self.hold_group(number, tag, text, out);
        }
        group.packed = packed;
        let text = update.alias.clone();
        group.state = GroupState::Posted(Posted::new(update, tag));
        out.commands.push(Command::Notify(Notice::Group { number, state: "posted", text }));
        if !missing.is_empty() {
            self.add_group(missing, out);
        }
    }

    /// Refused because of single builds: those are left out, the others get a new errata tag. Refused otherwise: held.
    fn on_update_refused(
        &mut self,
        number: u32,
        tag: TagName,
        text: String,
        named: &[String],
        out: &mut Step,
    ) {
        let Some(group) = self.groups.get(&number) else { return };
        let dropped: Vec<(BuildId, LeftOut)> = group
            .packed
            .iter()
            .filter(|packed| named.iter().any(|nvr| nvr == packed.nvr.as_str()))
            .map(|packed| (packed.build, LeftOut::Refused { text: text.clone() }))
            .collect();
        if dropped.is_empty() {
            return self.hold_group(number, tag, text, out);
        }
        self.drop_from_group(number, dropped);
        if let Some(group) = self.groups.get_mut(&number) {
            group.state =
                if group.packed.is_empty() { GroupState::Empty } else { GroupState::Waiting };
        }
        self.remove_tag(tag, out);
    }
}

/// What stands against publishing one build.
fn against(built: &Built, facts: &PublishFacts) -> Option<LeftOut> {
    if facts.in_stable.contains(&built.build) {
        return Some(LeftOut::AlreadyStable);
    }
    if let Some(alias) = facts.in_update.get(&built.build) {
        return Some(LeftOut::InUpdate { alias: alias.clone() });
    }
    match built.nvr.parse::<Nvr>() {
        Ok(nvr) if nvr.promoted().fits_bodhi() => None,
        Ok(_) => Some(LeftOut::NvrTooLong),
        Err(_) => Some(LeftOut::NvrUnreadable),
    }
}
