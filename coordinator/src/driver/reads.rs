//! What the leader reads once: facts for admission, a tag's newest change, what stands against publishing.

use std::collections::BTreeMap;

use ebs_domain::{
    batch::{
        Admission, Candidate, Event, Facts, LatestBuild, Plan, PublishFacts, Read, StableSource,
        TagContent,
    },
    id::{BuildId, Component, TagName},
    policy::Eligibility,
    scm::ScmUrl,
    time::Timestamp,
};
use ebs_shared::{
    bodhi::api::BodhiError,
    job::Service,
    koji::{
        api::{BuildInfo, TaggedBuild},
        error::KojiError,
        fault::{self, Meaning},
    },
};

use super::{failing::Failing, origin, parts::Parts, state::State};
use crate::store::StoreError;

/// By tag: the packages that are to be looked for in it beside the plan's trigger tag.
pub(super) type Elsewhere = BTreeMap<TagName, Vec<String>>;

/// A read, with all it needs, so that it can run beside the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Admission(Vec<Candidate>, Elsewhere),
    LastChange(TagName),
    PublishFacts(Vec<(BuildId, String)>),
}

impl Reading {
    pub(super) fn of(read: Read<'_>, state: &State, plan: &Plan) -> Self {
        match read {
            Read::Admission(candidates) => {
                let elsewhere = origin::elsewhere(candidates, &state.pending, &plan.trigger_tag);
                Self::Admission(candidates.to_vec(), elsewhere)
            }
            Read::LastChange(tag) => Self::LastChange(tag.clone()),
            Read::PublishFacts(builds) => Self::PublishFacts(
                builds.into_iter().map(|(build, nvr)| (build, nvr.to_owned())).collect(),
            ),
        }
    }

    /// Whether this is what a batch asks.
    pub(super) fn answers(&self, read: Read<'_>) -> bool {
        match (self, read) {
            (Self::Admission(asked, _), Read::Admission(candidates)) => asked == candidates,
            (Self::LastChange(asked), Read::LastChange(tag)) => asked == tag,
            (Self::PublishFacts(asked), Read::PublishFacts(builds)) => {
                asked.iter().map(|(build, nvr)| (*build, nvr.as_str())).eq(builds)
            }
            (
                Self::Admission(..) | Self::LastChange(_) | Self::PublishFacts(_),
                Read::Admission(_) | Read::LastChange(_) | Read::PublishFacts(_),
            ) => false,
        }
    }

    /// Reads it.
    pub(super) async fn run(self, parts: &Parts, plan: &Plan) -> Result<Event, Failing> {
        match self {
            Self::Admission(candidates, elsewhere) => {
                admission(parts, plan, &candidates, elsewhere).await.map(Event::Admitted)
            }
            Self::LastChange(tag) => match parts.hub.last_change(&tag).await {
                Ok(event) => Ok(Event::LastChange { event }),
                Err(error) if is_no_tag(&error) => {
                    Ok(Event::TagSeen { tag, content: TagContent::Gone })
                }
                Err(error) => Err(koji(error)),
            },
            Self::PublishFacts(builds) => {
                publish_facts(parts, plan, &builds).await.map(Event::Checked)
            }
        }
    }
}

async fn admission(
    parts: &Parts,
    plan: &Plan,
    candidates: &[Candidate],
    elsewhere: Elsewhere,
) -> Result<Admission, Failing> {
    let eligible: Vec<&Candidate> =
        candidates.iter().filter(|candidate| candidate.eligibility == Eligibility::Yes).collect();
    let upstream: Vec<String> =
        eligible.iter().map(|candidate| candidate.package.to_string()).collect();
    let downstream: Vec<String> =
        eligible.iter().map(|candidate| candidate.component.to_string()).collect();
    let target = parts.hub.build_target(&plan.target).await.map_err(koji)?;
    let Some(target) = target else {
        return Err(unavailable(format!(
            "Koji has no build target `{}`: correct `koji.build_target`",
            plan.target
        )));
    };
    let (mut latest, stable) = tokio::try_join!(
        latest_by_package(parts, &plan.trigger_tag, &upstream),
        latest_by_package(parts, &plan.stable_tag, &downstream),
    )?;
    for (tag, packages) in elsewhere {
        for (package, other) in latest_if_there(parts, &tag, &packages).await? {
            let named = latest.remove(&package);
            latest.insert(package, origin::newer(named, other));
        }
    }
    let ids: Vec<BuildId> =
        latest.values().chain(stable.values()).map(|tagged| tagged.build).collect();
    let records: BTreeMap<BuildId, BuildInfo> = parts
        .hub
        .builds(&ids)
        .await
        .map_err(koji)?
        .into_iter()
        .flatten()
        .map(|record| (record.build, record))
        .collect();
    let mut facts = BTreeMap::new();
    for candidate in &eligible {
        let latest =
            latest.get(candidate.package.as_str()).map(|tagged| latest_build(tagged, &records));
        let stable = stable.get(candidate.component.as_str()).map(|tagged| StableSource {
            nvr: tagged.nvr.clone(),
            source: records.get(&tagged.build).and_then(|record| record.source.clone()),
        });
        facts.insert(candidate.component.clone(), Facts { latest, stable, denied_since: None });
    }
    mark_denied(parts, &mut facts).await.map_err(|error| unavailable(error.to_string()))?;
    Ok(Admission { base: target.build_tag, facts })
}

fn latest_build(tagged: &TaggedBuild, records: &BTreeMap<BuildId, BuildInfo>) -> LatestBuild {
    let source = records.get(&tagged.build).and_then(|record| record.source.as_deref());
    LatestBuild {
        build: tagged.build,
        nvr: tagged.nvr.clone(),
        source: source.and_then(|source| source.parse::<ScmUrl>().ok()),
    }
}

async fn latest_by_package(
    parts: &Parts,
    tag: &TagName,
    packages: &[String],
) -> Result<BTreeMap<String, TaggedBuild>, Failing> {
    parts.hub.latest_of(tag, packages).await.map(by_package).map_err(koji)
}

/// The same of a tag that may be gone since its builds triggered: then they are in no tag.
async fn latest_if_there(
    parts: &Parts,
    tag: &TagName,
    packages: &[String],
) -> Result<BTreeMap<String, TaggedBuild>, Failing> {
    match parts.hub.latest_of(tag, packages).await {
        Err(error) if is_no_tag(&error) => Ok(BTreeMap::new()),
        found => found.map(by_package).map_err(koji),
    }
}

fn by_package(found: Vec<Option<TaggedBuild>>) -> BTreeMap<String, TaggedBuild> {
    found.into_iter().flatten().map(|tagged| (tagged.package.clone(), tagged)).collect()
}

fn is_no_tag(error: &KojiError) -> bool {
    error.fault().is_some_and(|fault| fault::meaning(fault) == Meaning::NoSuchTag)
}

async fn mark_denied(
    parts: &Parts,
    facts: &mut BTreeMap<Component, Facts>,
) -> Result<(), StoreError> {
    let source = |facts: &Facts| facts.latest.as_ref().and_then(|latest| latest.source.clone());
    let sources: Vec<ScmUrl> = facts.values().filter_map(source).collect();
    let denied: BTreeMap<ScmUrl, Timestamp> = parts
        .store
        .denied(&sources, parts.clock.now())
        .await?
        .into_iter()
        .map(|row| (row.source, row.first))
        .collect();
    for facts in facts.values_mut() {
        facts.denied_since = source(facts).and_then(|source| denied.get(&source).copied());
    }
    Ok(())
}

async fn publish_facts(
    parts: &Parts,
    plan: &Plan,
    builds: &[(BuildId, String)],
) -> Result<PublishFacts, Failing> {
    let ids: Vec<BuildId> = builds.iter().map(|(build, _)| *build).collect();
    // A draft's NVR is in no update: only promoted builds can be.
    let regular: BTreeMap<&str, BuildId> = builds
        .iter()
        .filter(|(_, nvr)| !nvr.contains(",draft_"))
        .map(|(build, nvr)| (nvr.as_str(), *build))
        .collect();
    let nvrs: Vec<String> = regular.keys().map(|nvr| (*nvr).to_owned()).collect();
    let tags = parts.hub.tags_of(&ids).await.map_err(koji)?;
    let mut facts = PublishFacts::default();
    for (build, tags) in ids.iter().zip(tags) {
        if tags.contains(&plan.stable_tag) {
            facts.in_stable.insert(*build);
        }
    }
    if !nvrs.is_empty() {
        for update in parts.updates.holding(&nvrs).await.map_err(bodhi)? {
            // Source: Bodhi refuses a build that is in any update but an unpushed one.
            if update.status == "unpushed" {
                continue;
            }
            let held = update.builds.iter().filter_map(|nvr| regular.get(nvr.as_str()));
            facts.in_update.extend(held.map(|build| (*build, update.alias.clone())));
        }
    }
    Ok(facts)
}

fn unavailable(why: String) -> Failing {
    Failing::Unavailable { service: Service::Koji, why }
}

/// A read that failed is read again, however it failed.
fn koji(error: KojiError) -> Failing {
    unavailable(crate::report::chain(&error))
}

fn bodhi(error: BodhiError) -> Failing {
    Failing::Unavailable { service: Service::Bodhi, why: crate::report::chain(&error) }
}
