//! Side tags: making and removing them, as the hub's plugin does.

use super::{
    state::State,
    things::{Refusal, Tag},
};

/// Suffixes that the site allows. Source: Fedora's settings of the plugin.
const SUFFIXES: [&str; 2] = ["eln", "stack-gate"];

impl State {
    /// Makes a side tag of a base tag for a user, with a target of the same name; its id.
    ///
    /// # Errors
    ///
    /// 1000 if the suffix is not allowed, 1004 if side tags of that base are not.
    pub fn create_side_tag(
        &mut self,
        base: i64,
        user: i64,
        suffix: Option<&str>,
        debuginfo: bool,
    ) -> Result<i64, Refusal> {
        if let Some(suffix) = suffix.filter(|suffix| !SUFFIXES.contains(suffix)) {
            return Err(Refusal::generic(format!("{suffix} suffix is not allowed for sidetag")));
        }
        let admin = self.user(user).is_some_and(|user| user.admin);
        let Some(parent) = self.tag(base) else {
            return Err(Refusal::generic(format!("No such tagInfo: {base}")));
        };
        if !parent.side_tags && !admin {
            return Err(Refusal::new(1004, "policy violation (sidetag)"));
        }
        let arches = parent.arches.clone();
        let base_name = parent.name.clone();
        // The plugin draws one number for the name and the tag itself draws the next: ids skip. The name is a guess, wrong
        // when two are made at once.
        self.next_tag += 1;
        self.side_tags_made += 1;
        let skew = self.script.side_tag_skew;
        let number = if skew > 0 && self.side_tags_made.is_multiple_of(skew) {
            self.next_tag - 1
        } else {
            self.next_tag
        };
        let end = suffix.map(|suffix| format!("-{suffix}")).unwrap_or_default();
        let name = format!("{base_name}-side-{number}{end}");
        let tag = Tag {
            name: name.clone(),
            arches,
            parents: vec![base],
            side_tag_of: Some(user),
            debuginfo,
            ..Tag::default()
        };
        let id = self.insert_tag(tag);
        self.insert_target(&name, id, id);
        Ok(id)
    }

    /// Removes a side tag on a user's wish, whatever is in it or running for it.
    ///
    /// # Errors
    ///
    /// 1000 if it is no side tag, 1004 if it is another user's.
    pub fn remove_side_tag(&mut self, tag: i64, user: i64) -> Result<(), Refusal> {
        let Some(found) = self.tag(tag) else {
            return Err(Refusal::generic(format!("No such tagInfo: {tag}")));
        };
        let Some(owner) = found.side_tag_of else {
            return Err(Refusal::generic(format!("Not a sidetag: {}", found.name)));
        };
        if owner != user && !self.user(user).is_some_and(|user| user.admin) {
            return Err(Refusal::new(1004, "This is not your sidetag"));
        }
        self.delete_tag(tag);
        Ok(())
    }

    /// Deletes a tag and the target of its name. Its builds lose it without any message.
    pub fn delete_tag(&mut self, id: i64) {
        let event = self.new_event();
        let Some(tag) = self.tags.get_mut(&id).filter(|tag| tag.revoked.is_none()) else { return };
        tag.revoked = Some(event);
        tag.last_change = event;
        let builds = std::mem::take(&mut tag.builds);
        tag.by_package.clear();
        tag.tagged_at.clear();
        let name = tag.name.clone();
        self.tag_ids.remove(&name);
        if let Some(target) = self.target_ids.remove(&name) {
            self.targets.remove(&target);
        }
        for build in builds.values() {
            if let Some(build) = self.builds.get_mut(build) {
                build.tags.remove(&id);
            }
        }
    }

    /// The live side tags, by id; only those directly on a base, or of a user, if given.
    pub fn side_tags(&self, base: Option<i64>, user: Option<i64>) -> impl Iterator<Item = &Tag> {
        self.live_tags().filter(move |tag| {
            tag.side_tag_of.is_some_and(|owner| user.is_none_or(|user| user == owner))
                && base.is_none_or(|base| tag.parents.contains(&base))
        })
    }
}
