//! What is ours in Koji and Bodhi and belongs to nobody here, as stored.

use ebs_domain::time::Timestamp;

/// A kind of thing that can be left over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrphanKind {
    /// A side tag.
    SideTag,
    /// A build task.
    Task,
    /// An update.
    Update,
}

impl OrphanKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SideTag, Self::Task, Self::Update];

    /// The word for it, as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SideTag => "side_tag",
            Self::Task => "task",
            Self::Update => "update",
        }
    }
}

/// One that was found, as long as each search finds it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanRow {
    /// What kind of thing.
    pub kind: OrphanKind,
    /// Its name: a tag, a task's number, an update's alias.
    pub name: String,
    /// What it is, for people.
    pub what: String,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When it was last found.
    pub last_seen: Timestamp,
    /// From when on it is removed or cancelled; `None` if it is only shown.
    pub removal: Option<Timestamp>,
}

/// Most that are kept.
pub const MAX_ORPHANS: u32 = 500;
