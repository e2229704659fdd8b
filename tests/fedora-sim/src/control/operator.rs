//! Deeds of people and services around us.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::world::{Refusal, State};

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// An administrator cancels a task.
    CancelTask {
        /// The task.
        task: i64,
    },
    /// An administrator tags a build.
    Tag {
        /// The tag's name.
        tag: String,
        /// The build.
        build: i64,
    },
    /// An administrator untags a build.
    Untag {
        /// The tag's name.
        tag: String,
        /// The build.
        build: i64,
    },
    /// Somebody removes a side tag, in use or not.
    RemoveSideTag {
        /// Its name; the newest one of all if left out.
        #[serde(default)]
        tag: Option<String>,
    },
    /// An administrator locks or unlocks a tag.
    Lock {
        /// The tag's name.
        tag: String,
        /// Whether it is locked from now on.
        locked: bool,
    },
    /// An administrator blocks a package in a tag.
    Block {
        /// The tag's name.
        tag: String,
        /// The package.
        package: String,
    },
    /// Every repo that is being made fails for good.
    FailRepos,
    /// The hub forgets all sessions (fault 1002 from now on).
    ForgetSessions,
    /// All sessions get older by so much, which may make them expire (fault 1007).
    AgeSessions {
        /// By how much, in ms.
        by_ms: u64,
    },
}

impl State {
    /// Does a deed.
    ///
    /// # Errors
    ///
    /// As the hub refuses it.
    pub fn operate(&mut self, deed: &Deed) -> Result<Json, Refusal> {
        let admin = self.user_named("kojiadmin").map_or(1, |user| user.id);
        match deed {
            Deed::CancelTask { task } => self.cancel_task(*task, admin)?,
            Deed::Tag { tag, build } => {
                let tag = self.need_tag(tag)?;
                self.tag_build(tag, *build, admin)?;
            }
            Deed::Untag { tag, build } => {
                let tag = self.need_tag(tag)?;
                self.untag_build(tag, *build, admin)?;
            }
            Deed::RemoveSideTag { tag } => {
                let found = match tag {
                    Some(name) => Some(self.need_tag(name)?),
                    None => self.side_tags(None, None).last().map(|tag| tag.id),
                };
                let id = found.ok_or_else(|| Refusal::generic("there is no side tag"))?;
                let name = self.tag(id).map(|tag| tag.name.clone());
                self.delete_tag(id);
                return Ok(json!({"removed": name}));
            }
            Deed::Lock { tag, locked } => {
                let id = self.need_tag(tag)?;
                if let Some(tag) = self.tag_mut(id) {
                    tag.locked = *locked;
                }
            }
            Deed::Block { tag, package } => {
                let id = self.need_tag(tag)?;
                if let Some(tag) = self.tag_mut(id) {
                    tag.blocked.insert(package.clone());
                }
            }
            Deed::FailRepos => self.fail_repos(),
            Deed::ForgetSessions => self.forget_sessions(),
            Deed::AgeSessions { by_ms } => self.age_sessions(*by_ms),
        }
        Ok(json!({}))
    }

    fn need_tag(&self, name: &str) -> Result<i64, Refusal> {
        let tag = self.tag_named(name).map(|tag| tag.id);
        tag.ok_or_else(|| Refusal::generic(format!("No such tagInfo: '{name}'")))
    }
}
