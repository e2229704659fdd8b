//! Looking for what is ours in Koji and Bodhi and that nobody here knows. Changes nothing, and does *not* judge.
//!
//! Ours is what our own account has made, and of that only: side tags on the base of our target, build tasks that carry a token,
//! updates made from a side tag for our release. Everything else is never even named here.

use std::collections::{BTreeMap, BTreeSet};

use ebs_domain::id::{TagName, TaskId};
use ebs_shared::{
    bodhi::api::BodhiError,
    job::Service,
    koji::{
        api::{Listing, OwnTask},
        error::KojiError,
        fault::{self, Meaning},
    },
};
use tokio::time::Instant;

use super::{failing::Failing, parts::Parts};
use crate::store::{OrphanKind, StoreError};

/// Most things of one kind that are looked into in one search. More are found by the next ones.
const MAX_LOOKED_INTO: usize = 50;

/// When each kind is searched for next.
#[derive(Debug)]
pub(super) struct Searches(BTreeMap<OrphanKind, Due>);

#[derive(Clone, Copy, Debug)]
struct Due {
    /// `None` while a search runs.
    at: Option<Instant>,
    /// Since when searches have failed, for their pauses.
    failing: Option<Instant>,
}

impl Searches {
    /// All are due at once.
    pub(super) fn new(now: Instant) -> Self {
        let due = Due { at: Some(now), failing: None };
        Self(OrphanKind::ALL.into_iter().map(|kind| (kind, due)).collect())
    }

    /// None ever is.
    pub(super) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Those that are due and that `may` be searched for now; they are under way then.
    pub(super) fn start(
        &mut self,
        now: Instant,
        may: impl Fn(OrphanKind) -> bool,
    ) -> Vec<OrphanKind> {
        let due = self
            .0
            .iter_mut()
            .filter(|(kind, due)| due.at.is_some_and(|at| at <= now) && may(**kind));
        let start = due.map(|(kind, due)| {
            due.at = None;
            *kind
        });
        start.collect()
    }

    /// One has ended well; the next is due then.
    pub(super) fn ended(&mut self, kind: OrphanKind, next: Instant) {
        self.0.insert(kind, Due { at: Some(next), failing: None });
    }

    /// One has failed; since when they do.
    pub(super) fn failed(&mut self, kind: OrphanKind, now: Instant) -> Instant {
        let due = self.0.entry(kind).or_insert(Due { at: None, failing: None });
        *due.failing.get_or_insert(now)
    }

    /// One that failed is due again then.
    pub(super) fn again(&mut self, kind: OrphanKind, next: Instant) {
        if let Some(due) = self.0.get_mut(&kind) {
            due.at = Some(next);
        }
    }

    /// When the next is due of those that `may` be searched for.
    pub(super) fn next(&self, may: impl Fn(OrphanKind) -> bool) -> Option<Instant> {
        self.0.iter().filter(|(kind, _)| may(**kind)).filter_map(|(_, due)| due.at).min()
    }
}

/// What is looked for, and what is known of that kind when the search begins.
#[derive(Clone, Debug)]
pub(super) enum Search {
    SideTags { target: TagName, known: BTreeSet<TagName> },
    Tasks { known: BTreeSet<TaskId> },
    Updates { stable_tag: TagName, known: BTreeSet<String> },
}

/// Something of ours that nobody knew.
#[derive(Clone, Debug)]
pub(super) enum Stray {
    SideTag { tag: TagName, builds: usize },
    Task(Box<OwnTask>),
    Update { alias: String, from_tag: String, builds: usize },
}

impl Search {
    pub(super) fn kind(&self) -> OrphanKind {
        match self {
            Self::SideTags { .. } => OrphanKind::SideTag,
            Self::Tasks { .. } => OrphanKind::Task,
            Self::Updates { .. } => OrphanKind::Update,
        }
    }

    /// Searches.
    pub(super) async fn run(self, parts: &Parts) -> Result<Vec<Stray>, Failing> {
        match self {
            Self::SideTags { target, known } => side_tags(parts, &target, &known).await,
            Self::Tasks { known } => tasks(parts, &known).await,
            Self::Updates { stable_tag, known } => updates(parts, &stable_tag, &known).await,
        }
    }
}

async fn side_tags(
    parts: &Parts,
    target: &TagName,
    known: &BTreeSet<TagName>,
) -> Result<Vec<Stray>, Failing> {
    let Some(target) = parts.hub.build_target(target).await.map_err(koji)? else {
        return Err(unavailable(format!("Koji has no build target `{target}`")));
    };
    let user = parts.hub.whoami().await.map_err(koji)?;
    let ours = parts.hub.list_side_tags(&target.build_tag, &user.name).await.map_err(koji)?;
    let unknown = ours.into_iter().map(|tag| tag.name).filter(|tag| !known.contains(tag));
    let mut strays = Vec::new();
    for tag in unknown.take(MAX_LOOKED_INTO) {
        let builds = match parts.hub.list_tagged(&tag, Listing::All).await {
            Ok(builds) => builds,
            Err(error) if error.fault().map(fault::meaning) == Some(Meaning::NoSuchTag) => continue,
            Err(error) => return Err(koji(error)),
        };
        let nvr = builds.first().map_or("", |build| build.nvr.as_str());
        // Whatever became of an update, its side tag is Bodhi's.
        if parts.updates.find(&tag, nvr).await.map_err(bodhi)?.is_none()
            && !recorded(parts, tag.as_str()).await?
        {
            strays.push(Stray::SideTag { tag, builds: builds.len() });
        }
    }
    Ok(strays)
}

async fn tasks(parts: &Parts, known: &BTreeSet<TaskId>) -> Result<Vec<Stray>, Failing> {
    let user = parts.hub.whoami().await.map_err(koji)?;
    let open = parts.hub.own_open_builds(user.id).await.map_err(koji)?;
    let unknown =
        open.into_iter().filter(|task| task.token.is_some() && !known.contains(&task.info.task));
    Ok(unknown.map(|task| Stray::Task(Box::new(task))).collect())
}

async fn updates(
    parts: &Parts,
    stable_tag: &TagName,
    known: &BTreeSet<String>,
) -> Result<Vec<Stray>, Failing> {
    let user = parts.hub.whoami().await.map_err(koji)?;
    let live = parts.updates.live_of(&user.name).await.map_err(bodhi)?;
    let ours =
        live.into_iter().filter(|own| own.stable_tag.as_deref() == Some(stable_tag.as_str()));
    let mut strays = Vec::new();
    for update in ours.map(|own| own.update).filter(|update| !known.contains(&update.alias)) {
        let Some(from_tag) = update.from_tag else { continue };
        if strays.len() < MAX_LOOKED_INTO && !recorded(parts, &update.alias).await? {
            let (alias, builds) = (update.alias, update.builds.len());
            strays.push(Stray::Update { alias, from_tag, builds });
        }
    }
    Ok(strays)
}

/// Whether the record of some group, also of one that is over, has this name in it.
async fn recorded(parts: &Parts, name: &str) -> Result<bool, Failing> {
    let found = parts.store.group_names(name).await;
    found.map_err(|error: StoreError| unavailable(crate::report::chain(&error)))
}

fn unavailable(why: String) -> Failing {
    Failing::Unavailable { service: Service::Koji, why }
}

fn koji(error: KojiError) -> Failing {
    unavailable(crate::report::chain(&error))
}

fn bodhi(error: BodhiError) -> Failing {
    Failing::Unavailable { service: Service::Bodhi, why: crate::report::chain(&error) }
}
