//! Making and removing side tags.
//!
//! A side tag carries no mark of ours. What an earlier run made is found as the only tag of ours on this base that was not
//! there before, and is empty.

use ebs_domain::{
    batch::{Outcome, PostEnd},
    id::TagName,
};
use ebs_shared::{
    job::Service,
    koji::{
        api::{Listing, SideTag},
        fault::{self, Meaning},
    },
};

use super::running::{Running, failing, looking};
use crate::driver::{answers::update_seen, failing::Failing, parts::Parts};

/// Our side tags on a base.
pub(super) async fn list(parts: &Parts, base: &TagName) -> Result<Vec<SideTag>, Failing> {
    let user = parts.hub.whoami().await.map_err(|error| looking(&error))?;
    parts.hub.list_side_tags(base, &user.name).await.map_err(|error| looking(&error))
}

pub(super) async fn create(
    parts: &Parts,
    base: &TagName,
    running: &Running,
) -> Result<Outcome, Failing> {
    if running.look_first {
        if let Some(tag) = find(parts, base, &running.known).await? {
            return Ok(Outcome::TagCreated { tag });
        }
        if !running.may_create {
            let why = format!("no new side tag on {base} is to be seen yet");
            return Err(Failing::NotYet { why });
        }
    }
    if !running.may_call(parts.settings.call_limit) {
        let why = "the lease is too short for another call".to_owned();
        return Err(Failing::Unavailable { service: Service::Koji, why });
    }
    match parts.hub.create_side_tag(base).await {
        Ok(tag) => Ok(Outcome::TagCreated { tag: tag.name }),
        Err(error) => match failing(&error) {
            // It may be there already: that is the quickest way to know.
            Failing::Unknown { service, why } => match find(parts, base, &running.known).await {
                Ok(Some(tag)) => Ok(Outcome::TagCreated { tag }),
                Ok(None) | Err(_) => Err(Failing::Unknown { service, why }),
            },
            failed @ (Failing::Unavailable { .. } | Failing::NotYet { .. }) => Err(failed),
        },
    }
}

/// The one tag that an earlier run can have made. Of several, none is taken: they are left to be reported.
async fn find(parts: &Parts, base: &TagName, known: &[i64]) -> Result<Option<TagName>, Failing> {
    let mut empty = Vec::new();
    for tag in list(parts, base).await?.into_iter().filter(|tag| !known.contains(&tag.id)) {
        let tagged = parts
            .hub
            .list_tagged(&tag.name, Listing::All)
            .await
            .map_err(|error| looking(&error))?;
        if tagged.is_empty() {
            empty.push(tag.name);
        }
    }
    if empty.len() > 1 {
        tracing::warn!(tags = ?empty, "several new side tags of ours: none is adopted");
        return Ok(None);
    }
    Ok(empty.pop())
}

/// Removes a tag; one that is not there is removed.
pub(super) async fn remove(parts: &Parts, tag: &TagName) -> Result<Outcome, Failing> {
    let Err(error) = parts.hub.remove_side_tag(tag).await else { return Ok(Outcome::TagRemoved) };
    if error.fault().is_some_and(|fault| fault::meaning(fault) == Meaning::NoSuchTag) {
        return Ok(Outcome::TagRemoved);
    }
    let gone = parts.hub.tag_exists(tag).await.is_ok_and(|exists| !exists);
    if gone { Ok(Outcome::TagRemoved) } else { Err(failing(&error)) }
}

/// Removes a tag that belonged to nobody when it was found, unless an update has been made from it since.
pub(super) async fn remove_orphan(parts: &Parts, tag: &TagName) -> Result<Outcome, Failing> {
    let nvr = match parts.hub.list_tagged(tag, Listing::All).await {
        Ok(builds) => builds.into_iter().next().map(|build| build.nvr).unwrap_or_default(),
        Err(error) if error.fault().map(fault::meaning) == Some(Meaning::NoSuchTag) => {
            return Ok(Outcome::TagRemoved);
        }
        Err(error) => return Err(looking(&error)),
    };
    match parts.updates.find(tag, &nvr).await {
        Ok(None) => remove(parts, tag).await,
        Ok(Some(_)) => Ok(Outcome::Withdrawn),
        Err(error) => {
            let why = crate::report::chain(&error);
            Err(Failing::Unavailable { service: Service::Bodhi, why })
        }
    }
}

/// Removes the tag of a group that is given up, once it is certain that no update comes from it: not before a look that began
/// when a posting in doubt can have its effect no more. An update that is found is the outcome.
pub(super) async fn remove_given_up(
    parts: &Parts,
    tag: &TagName,
    nvr: &str,
    certain: bool,
) -> Result<Outcome, Failing> {
    match parts.updates.find(tag, nvr).await {
        Ok(Some(update)) => Ok(Outcome::UpdatePosted { end: PostEnd::Update(update_seen(update)) }),
        Ok(None) if certain => remove(parts, tag).await,
        Ok(None) => Err(Failing::NotYet { why: format!("an update may yet be made from {tag}") }),
        Err(error) => {
            let why = crate::report::chain(&error);
            Err(Failing::Unavailable { service: Service::Bodhi, why })
        }
    }
}
