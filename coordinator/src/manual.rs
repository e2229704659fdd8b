//! Manual triggers: what becomes of each name that a person asks to be built, and why. Looks at Koji, the store and the snapshot in
//! use; changes nothing. What is asked for then goes to the leader as a request.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use ebs_domain::{
    id::{BatchId, BuildId, Component, TagName},
    policy::{Eligibility, Policy},
    scm::ScmUrl,
};
use ebs_shared::{
    bodhi::api::Updates,
    clock::Clock,
    koji::api::{BuildInfo, Hub, TaggedBuild},
};
use serde::Serialize;

use crate::{
    board::Board,
    explain::meant,
    store::{DenyRow, Store},
    stored,
    wish::{SetAside, WantedBuild},
};

/// The longest that Koji may take for all questions about one request.
const KOJI_LIMIT: Duration = Duration::from_secs(10);

/// Most names of one request.
pub const MAX_NAMES: usize = 3_000;

/// Most triggers that wait and are looked through.
const MAX_WAITING: u32 = 20_000;

/// Who knows.
#[derive(Clone)]
pub struct Asking {
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// Bodhi, for looking only.
    pub updates: Arc<dyn Updates>,
    /// The truth.
    pub store: Arc<dyn Store>,
    /// What is configured.
    pub board: Board,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// What becomes of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// As it was asked.
    pub asked: String,
    /// The component that is meant.
    pub component: Option<Component>,
    /// Its latest build.
    pub nvr: Option<String>,
    /// Whether it becomes a trigger.
    pub will: bool,
    /// Why, or why not.
    pub why: String,
    /// The build.
    #[serde(skip)]
    pub build: Option<WantedBuild>,
}

/// What is known of one component.
#[derive(Clone, Debug, Default)]
struct Known {
    latest: Option<Latest>,
    /// Latest in the stable tag: NVR and source.
    stable: Option<(String, Option<String>)>,
    denied: Option<DenyRow>,
    waits: bool,
    in_batch: Option<BatchId>,
}

/// The latest build in the trigger tag.
#[derive(Clone, Debug)]
struct Latest {
    build: BuildId,
    nvr: String,
    source: Option<ScmUrl>,
}

impl Asking {
    /// What becomes of each of these names, in their order. What is set aside keeps none from being built.
    ///
    /// # Errors
    ///
    /// There is no configuration yet, or Koji or the store does not answer.
    pub async fn judge(&self, names: &[String], aside: SetAside) -> anyhow::Result<Vec<Verdict>> {
        let snapshot = self.board.in_use().context("the configuration has not been read yet")?;
        let policy = &snapshot.policy;
        let meant: Vec<Option<Component>> =
            names.iter().map(|name| meant(name, Some(policy))).collect();
        let wanted: BTreeSet<Component> = meant
            .iter()
            .flatten()
            .filter(|component| policy.eligible(component) == Eligibility::Yes)
            .cloned()
            .collect();
        let plan = &snapshot.plan;
        let tags = (&plan.trigger_tag, &plan.stable_tag);
        let known = self.known(&wanted, policy, tags).await?;
        let nothing = Known::default();
        let mut seen = BTreeSet::new();
        let verdicts = names.iter().zip(meant).map(|(asked, component)| {
            let Some(component) = component else {
                return Verdict::no(
                    asked,
                    None,
                    "no name of a package, no NVR and no URL of a source",
                );
            };
            if !seen.insert(component.clone()) {
                return Verdict::no(asked, Some(component), "named before");
            }
            let known = known.get(&component).unwrap_or(&nothing);
            decide(asked, component, policy, (known, &plan.trigger_tag), aside)
        });
        Ok(verdicts.collect())
    }

    async fn known(
        &self,
        wanted: &BTreeSet<Component>,
        policy: &Policy,
        (trigger_tag, stable_tag): (&TagName, &TagName),
    ) -> anyhow::Result<BTreeMap<Component, Known>> {
        let upstream: Vec<String> =
            wanted.iter().map(|component| policy.upstream_name(component).to_owned()).collect();
        let downstream: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let asked = async {
            let (latest, stable) = tokio::try_join!(
                self.hub.latest_of(trigger_tag, &upstream),
                self.hub.latest_of(stable_tag, &downstream),
            )?;
            let ids: Vec<BuildId> =
                latest.iter().chain(&stable).flatten().map(|tagged| tagged.build).collect();
            let records = self.hub.builds(&ids).await?;
            anyhow::Ok((latest, stable, records))
        };
        let asked = tokio::time::timeout(KOJI_LIMIT, asked).await;
        let asked = asked.map_err(|_| anyhow::anyhow!("not within {} s", KOJI_LIMIT.as_secs()));
        let (latest, stable, records) =
            asked.and_then(|asked| asked).context("Koji does not answer")?;
        let records: BTreeMap<BuildId, BuildInfo> =
            records.into_iter().flatten().map(|record| (record.build, record)).collect();
        let mut all = BTreeMap::new();
        for ((component, latest), stable) in wanted.iter().zip(latest).zip(stable) {
            let known = Known {
                latest: latest.map(|tagged| Latest::of(&tagged, &records)),
                stable: stable.map(|tagged| {
                    let source =
                        records.get(&tagged.build).and_then(|record| record.source.clone());
                    (tagged.nvr, source)
                }),
                ..Known::default()
            };
            all.insert(component.clone(), known);
        }
        self.stored(&mut all).await.context("the database does not answer")?;
        Ok(all)
    }

    /// What the store knows of them.
    async fn stored(&self, all: &mut BTreeMap<Component, Known>) -> anyhow::Result<()> {
        let sources: Vec<ScmUrl> =
            all.values().filter_map(|known| known.latest.as_ref()?.source.clone()).collect();
        for row in self.store.denied(&sources, self.clock.now()).await? {
            if let Some(known) = all.get_mut(&row.component) {
                known.denied = Some(row);
            }
        }
        for row in self.store.pending_triggers(MAX_WAITING).await? {
            if let Some(known) = all.get_mut(&row.trigger.component) {
                known.waits = true;
            }
        }
        for batch in stored::at_work(&*self.store).await? {
            for (component, known) in &mut *all {
                if batch.works_on(component) {
                    known.in_batch = Some(batch.id);
                }
            }
        }
        Ok(())
    }
}

impl Latest {
    fn of(tagged: &TaggedBuild, records: &BTreeMap<BuildId, BuildInfo>) -> Self {
        let source = records.get(&tagged.build).and_then(|record| record.source.as_deref());
        let source = source.and_then(|source| source.parse().ok());
        Self { build: tagged.build, nvr: tagged.nvr.clone(), source }
    }
}

impl Verdict {
    fn no(asked: &str, component: Option<Component>, why: impl Into<String>) -> Self {
        let (asked, why) = (asked.to_owned(), why.into());
        Self { asked, component, nvr: None, will: false, why, build: None }
    }
}

/// What becomes of one component: the first thing that stands in the way, or what happens.
fn decide(
    asked: &str,
    component: Component,
    policy: &Policy,
    (known, tag): (&Known, &TagName),
    aside: SetAside,
) -> Verdict {
    let refused = |why: String| Verdict {
        nvr: known.latest.as_ref().map(|latest| latest.nvr.clone()),
        ..Verdict::no(asked, Some(component.clone()), why)
    };
    match policy.eligible(&component) {
        Eligibility::Yes => {}
        Eligibility::NotListed => return refused("no list and no override names it".to_owned()),
        Eligibility::Excluded { pattern } => {
            return refused(format!("excluded by the pattern `{pattern}`"));
        }
    }
    let Some(latest) = &known.latest else {
        return refused(format!("it has no build in {tag}"));
    };
    let Some(source) = &latest.source else {
        return refused(format!("Koji knows no source of {}", latest.nvr));
    };
    if names_another(asked, latest) {
        return refused(format!("latest in {tag} is {}: only that can be built", latest.nvr));
    }
    let why = match way(known, source, aside) {
        Ok(why) => why,
        Err(why) => return refused(why),
    };
    let why = match (known.in_batch, known.waits) {
        (Some(batch), _) => format!("{why}; it is in batch {batch} now"),
        (None, true) => format!("{why}, as it did before"),
        (None, false) => why,
    };
    let build = WantedBuild {
        component: component.clone(),
        tag: tag.clone(),
        build: latest.build,
        nvr: latest.nvr.clone(),
    };
    let (asked, nvr) = (asked.to_owned(), Some(latest.nvr.clone()));
    Verdict { asked, component: Some(component), nvr, will: true, why, build: Some(build) }
}

/// How it gets past what it is denied for, or built as already; `Err` is why it does not.
fn way(known: &Known, source: &ScmUrl, aside: SetAside) -> Result<String, String> {
    let built = known
        .stable
        .as_ref()
        .filter(|(_, built)| built.as_deref().is_some_and(|built| source.same_commit(built)));
    Ok(match (&known.denied, built) {
        (Some(row), _) if !aside.denied => {
            let (class, since, until) = (&row.class, row.last, row.expires);
            return Err(format!(
                "denied until {until}, since it failed ({class}) at {since}; with `force` it is built all the same"
            ));
        }
        (_, Some((nvr, _))) if !aside.built => {
            return Err(format!("already built as {nvr}; with `again` it is built again"));
        }
        (Some(_), None) => "it waits for the next batch, past the deny list".to_owned(),
        (Some(_), Some((nvr, _))) => {
            format!("it waits for the next batch, past the deny list and though built as {nvr}")
        }
        (None, Some((nvr, _))) => format!("it waits for the next batch, though built as {nvr}"),
        (None, None) => "it waits for the next batch".to_owned(),
    })
}

/// Whether a text names a certain build or commit that is not the latest one.
fn names_another(asked: &str, latest: &Latest) -> bool {
    let asked = asked.trim();
    if let Some((_, commit)) = asked.split_once('#') {
        let known = latest.source.as_ref().map(ScmUrl::commit);
        return !commit.is_empty() && known.is_none_or(|known| !known.starts_with(commit));
    }
    let nvr = asked.parse::<ebs_domain::nvr::Nvr>().ok();
    let of_package = nvr.filter(|nvr| latest.nvr.starts_with(&format!("{}-", nvr.name())));
    let digits =
        |nvr: &ebs_domain::nvr::Nvr| nvr.version().starts_with(|c: char| c.is_ascii_digit());
    of_package.is_some_and(|nvr| digits(&nvr) && nvr.as_str() != latest.nvr)
}

pub mod import;
pub mod whole;

#[cfg(test)]
mod tests;
