//! The names of all keys. One hash tag holds them together, so a script may touch any of them.

use crate::queue::{Drawer, Lane};

/// The group that workers read lanes through.
pub(super) const GROUP: &str = "w";

/// Makes the names of keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    tag: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { tag: format!("{{{prefix}}}") }
    }

    /// What every key begins with, braces included.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    pub(super) fn lane(&self, lane: Lane) -> String {
        format!("{}:s:{}", self.tag, lane.as_str())
    }

    /// The lane that has this key.
    pub(super) fn lane_of(&self, key: &str) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| self.lane(*lane) == key)
    }

    pub(super) fn job(&self, id: &str) -> String {
        format!("{}:j:{id}", self.tag)
    }

    pub(super) fn results(&self) -> String {
        format!("{}:s:res", self.tag)
    }

    pub(super) fn due(&self) -> String {
        format!("{}:z:due", self.tag)
    }

    pub(super) fn dead(&self) -> String {
        format!("{}:z:dead", self.tag)
    }

    pub(super) fn epoch(&self) -> String {
        format!("{}:epoch", self.tag)
    }

    pub(super) fn worker(&self, name: &str) -> String {
        format!("{}:w:{name}", self.tag)
    }

    /// One record of the shelf.
    pub(super) fn record(&self, drawer: Drawer, name: &str) -> String {
        format!("{}:r:{}:{name}", self.tag, drawer.word())
    }

    /// The names of its records by their end.
    pub(super) fn records(&self, drawer: Drawer) -> String {
        format!("{}:z:{}", self.tag, drawer.word())
    }

    pub(super) fn workers(&self) -> String {
        format!("{}:z:workers", self.tag)
    }
}
