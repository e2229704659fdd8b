//! Users, packages, tags and targets: what exists, and how it is found.

use super::{
    state::State,
    things::{Package, Refusal, Tag, Target, User},
};
use crate::script::{TagScript, TargetScript};

impl State {
    /// Makes what the script lists. What refers to something unknown is left out.
    pub(super) fn populate(&mut self) {
        for account in self.script.accounts.clone() {
            let id = self.new_user(&account.name);
            if let Some(user) = self.user_mut(id) {
                user.password = account.password;
                user.principals = account.principal.into_iter().collect();
                user.admin = account.admin;
            }
        }
        for tag in self.script.tags.clone() {
            self.create_tag(&tag);
        }
        for target in self.script.targets.clone() {
            self.create_target(&target);
        }
    }

    /// Makes what a replaced script lists and is not there yet: accounts, tags and targets by name. Nothing is taken away.
    pub fn populate_missing(&mut self) {
        for account in self.script.accounts.clone() {
            let known =
                self.users.iter().find(|user| user.name == account.name).map(|user| user.id);
            let id = known.unwrap_or_else(|| self.new_user(&account.name));
            if let Some(user) = self.user_mut(id) {
                user.password = account.password;
                user.admin = account.admin;
            }
        }
        for tag in self.script.tags.clone() {
            if self.tag_named(&tag.name).is_none() {
                self.create_tag(&tag);
            }
        }
        for target in self.script.targets.clone() {
            if self.target_named(&target.name).is_none() {
                self.create_target(&target);
            }
        }
    }

    /// A new account without password; its id.
    pub fn new_user(&mut self, name: &str) -> i64 {
        let id = i64::try_from(self.users.len()).unwrap_or(i64::MAX) + 1;
        self.users.push(User {
            id,
            name: name.to_owned(),
            password: None,
            principals: Vec::new(),
            admin: false,
        });
        id
    }

    /// The account of that id.
    #[must_use]
    pub fn user(&self, id: i64) -> Option<&User> {
        self.users.get(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    pub(crate) fn user_mut(&mut self, id: i64) -> Option<&mut User> {
        self.users.get_mut(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    /// The account of that name or principal.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.name == name || user.principals.iter().any(|p| p == name))
    }

    /// The name of an account; empty if there is none.
    #[must_use]
    pub fn user_name(&self, id: i64) -> &str {
        self.user(id).map_or("", |user| &user.name)
    }

    /// The id of a package, which is made if it is new.
    pub fn package_id(&mut self, name: &str) -> i64 {
        if let Some(id) = self.package_ids.get(name) {
            return *id;
        }
        let id = i64::try_from(self.packages.len()).unwrap_or(i64::MAX) + 1;
        self.packages.push(Package { id, name: name.to_owned() });
        self.package_ids.insert(name.to_owned(), id);
        id
    }

    /// The id of a package that exists.
    #[must_use]
    pub fn known_package(&self, name: &str) -> Option<i64> {
        self.package_ids.get(name).copied()
    }

    /// All packages, by id.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Makes a tag; its id. Parents that do not exist are left out.
    pub fn create_tag(&mut self, new: &TagScript) -> i64 {
        let parents =
            new.parents.iter().filter_map(|name| self.tag_ids.get(name).copied()).collect();
        let packages = new.packages.as_ref().map(|list| {
            for name in list {
                self.package_id(name);
            }
            list.iter().cloned().collect()
        });
        let tag = Tag {
            name: new.name.clone(),
            arches: new.arches.clone(),
            parents,
            packages,
            blocked: new.blocked.iter().cloned().collect(),
            locked: new.locked,
            side_tags: new.side_tags,
            ..Tag::default()
        };
        self.insert_tag(tag)
    }

    pub(super) fn insert_tag(&mut self, mut tag: Tag) -> i64 {
        tag.id = self.next_tag;
        self.next_tag += 1;
        tag.created = self.new_event();
        tag.last_change = tag.created;
        self.tag_ids.insert(tag.name.clone(), tag.id);
        let id = tag.id;
        self.tags.insert(id, tag);
        id
    }

    /// Makes a target; its id. `None` if one of its tags does not exist.
    pub fn create_target(&mut self, new: &TargetScript) -> Option<i64> {
        let build_tag = *self.tag_ids.get(&new.build_tag)?;
        let dest_tag = *self.tag_ids.get(&new.dest_tag)?;
        Some(self.insert_target(&new.name, build_tag, dest_tag))
    }

    pub(super) fn insert_target(&mut self, name: &str, build_tag: i64, dest_tag: i64) -> i64 {
        let id = self.next_target;
        self.next_target += 1;
        self.target_ids.insert(name.to_owned(), id);
        self.targets.insert(id, Target { id, name: name.to_owned(), build_tag, dest_tag });
        self.new_event();
        id
    }

    /// A live tag by name.
    #[must_use]
    pub fn tag_named(&self, name: &str) -> Option<&Tag> {
        self.tags.get(self.tag_ids.get(name)?)
    }

    /// A live tag by id.
    #[must_use]
    pub fn tag(&self, id: i64) -> Option<&Tag> {
        self.tags.get(&id).filter(|tag| tag.revoked.is_none())
    }

    /// The newest tag of that name, deleted or not.
    #[must_use]
    pub fn tag_ever(&self, name: &str) -> Option<&Tag> {
        self.tags.values().rev().find(|tag| tag.name == name)
    }

    /// A tag by id, deleted or not.
    #[must_use]
    pub fn tag_ever_by_id(&self, id: i64) -> Option<&Tag> {
        self.tags.get(&id)
    }

    /// All live tags, by id.
    pub fn live_tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.values().filter(|tag| tag.revoked.is_none())
    }

    pub(crate) fn tag_mut(&mut self, id: i64) -> Option<&mut Tag> {
        self.tags.get_mut(&id).filter(|tag| tag.revoked.is_none())
    }

    /// A target by name.
    #[must_use]
    pub fn target_named(&self, name: &str) -> Option<&Target> {
        self.targets.get(self.target_ids.get(name)?)
    }

    /// A target by id.
    #[must_use]
    pub fn target(&self, id: i64) -> Option<&Target> {
        self.targets.get(&id)
    }

    /// All targets, by id.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.values()
    }

    /// The tag and all it inherits from, each once, in order of inheritance.
    #[must_use]
    pub fn ancestry(&self, tag: i64) -> Vec<i64> {
        let mut order = Vec::new();
        let mut todo = vec![tag];
        while let Some(id) = todo.pop() {
            if order.contains(&id) {
                continue;
            }
            order.push(id);
            if let Some(tag) = self.tags.get(&id) {
                todo.extend(tag.parents.iter().rev());
            }
        }
        order
    }

    /// The newest change of a tag, with or without what it inherits.
    #[must_use]
    pub fn last_change(&self, tag: i64, inherit: bool) -> i64 {
        let own = |id: &i64| self.tags.get(id).map_or(0, |tag| tag.last_change);
        if inherit { self.ancestry(tag).iter().map(own).max().unwrap_or(0) } else { own(&tag) }
    }

    /// Whether a tag's package list, inherited as it may be, lets a package in.
    ///
    /// # Errors
    ///
    /// 1003 if the package is blocked or not listed.
    pub fn check_package(&self, tag: i64, package: &str) -> Result<(), Refusal> {
        let name = self.tags.get(&tag).map_or("", |tag| &tag.name);
        for id in self.ancestry(tag) {
            let Some(tag) = self.tags.get(&id) else { continue };
            if tag.blocked.contains(package) {
                return Err(Refusal::new(1003, format!("Package {package} blocked in {name}")));
            }
            let listed = match &tag.packages {
                Some(list) => list.contains(package),
                None => tag.parents.is_empty(),
            };
            if listed {
                return Ok(());
            }
        }
        Err(Refusal::new(1003, format!("Package {package} not in list for {name}")))
    }
}
