//! Users, packages, tags and targets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its password, if it has one.
    pub password: Option<String>,
    /// Its Kerberos principals.
    pub principals: Vec<String>,
    /// Whether it may do everything.
    pub admin: bool,
}

/// A package: a name that builds have in common.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// A tag, alive or deleted.
#[derive(Clone, Debug, Default)]
pub struct Tag {
    /// Its id.
    pub id: i64,
    /// Its name; a deleted tag's name can be given again.
    pub name: String,
    /// Its architectures, separated by spaces.
    pub arches: String,
    /// The tags it inherits from, most important first.
    pub parents: Vec<i64>,
    /// The packages it lists; `None` on a tag without parents: all, on another: none of its own.
    pub packages: Option<BTreeSet<String>>,
    /// The packages it blocks.
    pub blocked: BTreeSet<String>,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether side tags may be based on it.
    pub side_tags: bool,
    /// If it is a side tag: whose.
    pub side_tag_of: Option<i64>,
    /// Whether it was made with `debuginfo`.
    pub debuginfo: bool,
    /// The event of its making.
    pub created: i64,
    /// The event of its deletion.
    pub revoked: Option<i64>,
    /// The newest change of it alone.
    pub last_change: i64,
    /// Its builds by event of tagging.
    pub(in crate::world) builds: BTreeMap<i64, i64>,
    /// The same by package and event.
    pub(in crate::world) by_package: HashMap<i64, BTreeMap<i64, i64>>,
    /// The event at which each build was tagged.
    pub(in crate::world) tagged_at: HashMap<i64, i64>,
}

impl Tag {
    /// Whether nothing is tagged into it directly.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.builds.is_empty()
    }

    /// The number of builds in it, directly.
    #[must_use]
    pub fn len(&self) -> usize {
        self.builds.len()
    }
}

/// A build target.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The tag buildroots are made from.
    pub build_tag: i64,
    /// The tag its builds go to.
    pub dest_tag: i64,
}
