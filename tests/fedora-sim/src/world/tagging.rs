//! Builds in tags: tagging, untagging, listing.

use super::{
    state::State,
    things::{Build, BuildState, Refusal, Tag},
};

/// One build found in a tag.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<'a> {
    /// The tag it was found in, which is a parent if it was inherited.
    pub tag: &'a Tag,
    /// The build.
    pub build: &'a Build,
    /// The event of its tagging.
    pub event: i64,
}

impl State {
    /// The checks that the hub makes before it takes on a tagging: complete, listed, not locked, policy.
    ///
    /// # Errors
    ///
    /// 1000 no such tag or build, 1003 not complete, not listed or blocked, 1004 locked or refused by policy.
    pub fn check_tagging(&self, tag: i64, build: i64) -> Result<(), Refusal> {
        let Some(tag) = self.tag(tag) else {
            return Err(Refusal::generic(format!("No such tagInfo: {tag}")));
        };
        let Some(build) = self.builds.get(&build) else {
            return Err(Refusal::generic(format!("No such build: {build}")));
        };
        if build.state != BuildState::Complete {
            let text = format!("build {} not complete: state {}", build.nvr(), build.state.name());
            return Err(Refusal::new(1003, text));
        }
        self.check_package(tag.id, &build.name)?;
        if tag.locked {
            return Err(Refusal::new(1004, "tag is locked"));
        }
        if build.draft && build.draft_refused {
            return Err(Refusal::new(1004, "policy violation (tag)"));
        }
        Ok(())
    }

    /// Tags a build now, and says so on the bus. A side tag's waiting builds may go on.
    ///
    /// # Errors
    ///
    /// What [`Self::check_tagging`] refuses; 1003 if it is in the tag already.
    pub fn tag_build(&mut self, tag: i64, build: i64, user: i64) -> Result<(), Refusal> {
        self.check_tagging(tag, build)?;
        let (nvr, package) =
            self.builds.get(&build).map(|b| (b.nvr(), b.package)).unwrap_or_default();
        if let Some(found) = self.tag(tag).filter(|found| found.tagged_at.contains_key(&build)) {
            return Err(Refusal::new(1003, format!("build {nvr} already tagged ({})", found.name)));
        }
        let event = self.new_event();
        if let Some(tag) = self.tag_mut(tag) {
            tag.builds.insert(event, build);
            tag.by_package.entry(package).or_default().insert(event, build);
            tag.tagged_at.insert(build, event);
            tag.last_change = event;
        }
        if let Some(found) = self.builds.get_mut(&build) {
            found.tags.insert(tag);
            found.ever_tagged = true;
        }
        self.say_tagged("tag", tag, build, user);
        Ok(())
    }

    /// Untags a build now, and says so on the bus. A side tag that this empties vanishes (`remove_empty`).
    ///
    /// # Errors
    ///
    /// 1003 if it is not in the tag.
    pub fn untag_build(&mut self, tag: i64, build: i64, user: i64) -> Result<(), Refusal> {
        let nvr = self.builds.get(&build).map(Build::nvr).unwrap_or_default();
        let package = self.builds.get(&build).map(|b| b.package).unwrap_or_default();
        let name = self.tag(tag).map(|tag| tag.name.clone()).unwrap_or_default();
        let Some(old) = self.tag(tag).and_then(|tag| tag.tagged_at.get(&build).copied()) else {
            return Err(Refusal::new(1003, format!("build {nvr} not in tag {name}")));
        };
        let event = self.new_event();
        let mut emptied = false;
        if let Some(tag) = self.tag_mut(tag) {
            tag.builds.remove(&old);
            tag.tagged_at.remove(&build);
            if let Some(list) = tag.by_package.get_mut(&package) {
                list.remove(&old);
            }
            tag.last_change = event;
            emptied = tag.side_tag_of.is_some() && tag.is_empty();
        }
        if let Some(found) = self.builds.get_mut(&build) {
            found.tags.remove(&tag);
        }
        self.say_tagged("untag", tag, build, user);
        if emptied && self.script.remove_empty {
            self.delete_tag(tag);
        }
        Ok(())
    }

    /// Moves a build between tags now: untags first, so a side tag may vanish before the build has arrived elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Self::tag_build`] and [`Self::untag_build`]; checked before anything changes.
    pub fn move_build(&mut self, from: i64, to: i64, build: i64, user: i64) -> Result<(), Refusal> {
        let nvr = self.builds.get(&build).map(Build::nvr).unwrap_or_default();
        if !self.is_tagged(from, build) {
            let name = self.tag(from).map(|tag| tag.name.clone()).unwrap_or_default();
            return Err(Refusal::new(1003, format!("build {nvr} not in tag {name}")));
        }
        self.check_tagging(to, build)?;
        if let Some(found) = self.tag(to).filter(|_| self.is_tagged(to, build)) {
            return Err(Refusal::new(1003, format!("build {nvr} already tagged ({})", found.name)));
        }
        self.untag_build(from, build, user)?;
        self.tag_build(to, build, user)
    }

    /// Tags a build once more, as a forced tagging does: the message comes without an `untag` before it. Its place in the log.
    pub fn retag_build(&mut self, tag: i64, build: i64, user: i64) -> Option<usize> {
        let package = self.builds.get(&build)?.package;
        let event = self.new_event();
        let found = self.tag_mut(tag)?;
        let old = found.tagged_at.insert(build, event)?;
        found.builds.remove(&old);
        found.builds.insert(event, build);
        let list = found.by_package.entry(package).or_default();
        list.remove(&old);
        list.insert(event, build);
        found.last_change = event;
        self.say_tagged("tag", tag, build, user)
    }

    /// The event at which a build was tagged, if it is in the tag directly.
    #[must_use]
    pub fn tagged_event(&self, tag: i64, build: i64) -> Option<i64> {
        self.tag(tag)?.tagged_at.get(&build).copied()
    }

    /// Whether a build is in a tag, directly.
    #[must_use]
    pub fn is_tagged(&self, tag: i64, build: i64) -> bool {
        self.tag(tag).is_some_and(|tag| tag.tagged_at.contains_key(&build))
    }

    /// The builds of a tag, newest tagging first, then its parents' if inherited.
    ///
    /// `latest` keeps so many of each package, by tagging, and the first tag in order wins; `package` one package alone.
    #[must_use]
    pub fn list_tagged(
        &self,
        tag: i64,
        inherit: bool,
        latest: Option<usize>,
        package: Option<&str>,
    ) -> Vec<Tagged<'_>> {
        let tags = if inherit { self.ancestry(tag) } else { vec![tag] };
        let wanted = match package.map(|name| self.known_package(name)) {
            Some(None) => return Vec::new(),
            Some(known) => known,
            None => None,
        };
        let mut found = Vec::new();
        let mut kept = std::collections::HashMap::<i64, (i64, usize)>::new();
        for id in tags {
            let Some(holder) = self.tag(id) else { continue };
            let list = match wanted {
                Some(package) => holder.by_package.get(&package),
                None => Some(&holder.builds),
            };
            for (event, build) in list.into_iter().flatten().rev() {
                let Some(build) =
                    self.builds.get(build).filter(|build| build.state == BuildState::Complete)
                else {
                    continue;
                };
                if let Some(limit) = latest {
                    let (first, count) = kept.entry(build.package).or_insert((id, 0));
                    if *first != id || *count >= limit {
                        continue;
                    }
                    *count += 1;
                }
                found.push(Tagged { tag: holder, build, event: *event });
            }
        }
        // Packages blocked or not listed in the tag's own list are left out, wherever they were found.
        found.retain(|row| self.check_package(tag, &row.build.name).is_ok());
        found
    }

    /// The live tags that a build is in, directly.
    pub fn tags_of(&self, build: i64) -> impl Iterator<Item = &Tag> {
        self.builds
            .get(&build)
            .into_iter()
            .flat_map(|build| build.tags.iter())
            .filter_map(|tag| self.tag(*tag))
    }
}
