//! Putting builds into tags: found again by listing the tag.

use std::collections::BTreeSet;

use ebs_domain::{
    batch::{Outcome, Refusal},
    id::{BuildId, TagName},
};
use ebs_shared::koji::{
    api::Listing,
    error::{Fault, KojiError},
    fault::{self, Meaning},
};

use super::running::failing;
use crate::driver::{answers, inputs::Failing, parts::Parts};

pub(super) async fn tag(
    parts: &Parts,
    tag: &TagName,
    builds: &[BuildId],
    look_first: bool,
) -> Result<Outcome, Failing> {
    let present: BTreeSet<BuildId> = if look_first {
        match parts.hub.list_tagged(tag, Listing::All).await {
            Ok(tagged) => tagged.into_iter().map(|tagged| tagged.build).collect(),
            Err(error) => return gone_or(&error),
        }
    } else {
        BTreeSet::new()
    };
    let missing: Vec<BuildId> =
        builds.iter().copied().filter(|build| !present.contains(build)).collect();
    let answers = match parts.hub.tag_builds(tag, &missing).await {
        Ok(answers) => answers,
        Err(error) => return gone_or(&error),
    };
    let no_tag = |answer: &Result<_, Fault>| {
        answer.as_ref().is_err_and(|f| fault::meaning(f) == Meaning::NoSuchTag)
    };
    if answers.iter().any(no_tag) {
        return Ok(Outcome::TagGone);
    }
    let asked = missing.into_iter().zip(answers).map(|(build, answer)| {
        let answer = answer.map_err(|fault| {
            let so_already = fault::meaning(&fault) == Meaning::AlreadyTagged;
            if so_already { Refusal::AlreadySo } else { Refusal::Failed(answers::failure(&fault)) }
        });
        (build, answer)
    });
    let there = present
        .iter()
        .filter(|build| builds.contains(build))
        .map(|build| (*build, Err(Refusal::AlreadySo)));
    Ok(Outcome::BuildsTagged { builds: asked.chain(there).collect() })
}

fn gone_or(error: &KojiError) -> Result<Outcome, Failing> {
    match error.fault().map(fault::meaning) {
        Some(Meaning::NoSuchTag) => Ok(Outcome::TagGone),
        Some(_) | None => Err(failing(error)),
    }
}
