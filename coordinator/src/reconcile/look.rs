//! One look: both tags, what the store knows, and what follows from them for each build that ELN lacks. Changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Context as _;
use ebs_domain::{
    id::{BuildId, Component, TagName},
    reconcile::{Compared, Judged, Latest, Newer, Standing, Tag, judge},
    scm::ScmUrl,
    time::Timestamp,
    trigger::Cause,
};
use ebs_shared::{
    clock::Clock,
    koji::api::{Hub, Listing, TaggedBuild},
};
use tokio::sync::watch;

use super::choose::{self, Earlier, Judgement, Known};
use crate::{
    driver::Sighting,
    findings::{Counts, Demand, Fate, Finding, Found, Kind, MAX_TOLD, Mode, Report},
    lists,
    snapshot::Snapshot,
    store::{MAX_DENIALS, Store, TriggerRow},
    stored,
    web::{PauseView, Reporter, pauses},
};

/// Most triggers that wait and are looked through.
const MAX_WAITING: u32 = 20_000;

/// Most triggers of one component that are looked through.
const MAX_EARLIER: u32 = 50;

/// What one look comes to.
pub(super) struct Looked {
    /// To be kept.
    pub(super) found: Found,
    /// To be triggered.
    pub(super) sightings: Vec<Sighting>,
}

/// A tag as Koji lists it.
#[derive(Debug, Default)]
struct Listed {
    tag: Tag,
    /// Packages whose latest build has a name that cannot be compared.
    unreadable: BTreeSet<String>,
}

/// A build that ELN lacks, before it is known what becomes of it.
struct Lacking<'a> {
    compared: Compared<'a>,
    rawhide: &'a Latest,
    kind: Kind,
    why: String,
    since: Timestamp,
    source: Option<ScmUrl>,
}

/// Why nothing is to be triggered.
#[derive(Default)]
struct Holds {
    /// What is wanted, or what is in a tag, is in doubt.
    doubts: Vec<String>,
    /// All is well, and yet nothing shall be built.
    others: Vec<String>,
}

/// Where it is looked, and by which rules.
pub struct Look {
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// What is known.
    pub store: Arc<dyn Store>,
    /// What is wanted.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Most components that one look triggers.
    pub limit: usize,
    /// Told that it goes on.
    pub health: Reporter,
}

impl Look {
    /// Looks, and decides.
    pub(super) async fn once(&self, demand: Option<&Demand>, mode: Mode) -> anyhow::Result<Looked> {
        let snapshot = self.snapshot.borrow().clone();
        let (plan, policy) = (&snapshot.plan, &snapshot.policy);
        let before = Report::read(&*self.store, Mode::Real).await?.found;
        let mut holds = self.holds(&snapshot).await?;
        if before.is_none() && demand.is_none() {
            holds.others.push(
                "this is the first look: it only reports, the next one triggers, or `ebsctl reconcile run`".to_owned(),
            );
        }
        let rawhide = self.listed(&plan.trigger_tag, &mut holds).await?;
        let eln = self.listed(&plan.stable_tag, &mut holds).await?;
        let judged = judge(policy, &rawhide.tag, &eln.tag);
        let mut counts = counted(&judged);
        let now = self.clock.now();
        let mut lacking = lacking(&judged, before.as_ref(), now);
        lacking.retain(|it| {
            let names = [it.compared.component.as_str(), it.rawhide.nvr.name()];
            !names.iter().any(|name| eln.unreadable.contains(*name))
        });
        lacking.truncate(MAX_TOLD);
        self.read_sources(&mut lacking, &mut counts).await?;
        let (doubted, held) = (!holds.doubts.is_empty(), holds.told());
        let (findings, sightings) =
            self.decide(lacking, (mode, held.is_empty()), &snapshot).await?;
        let not_wanted = judged.not_wanted.iter().take(MAX_TOLD).map(|it| it.nvr.to_string());
        let found = Found {
            at: now,
            asked: demand.cloned(),
            snapshot: policy.number(),
            rawhide: plan.trigger_tag.clone(),
            eln: plan.stable_tag.clone(),
            counts,
            held,
            findings,
            not_wanted: (!doubted).then(|| not_wanted.collect()),
        };
        Ok(Looked { found, sightings })
    }

    /// What the store and the configuration say against triggering anything.
    async fn holds(&self, snapshot: &Snapshot) -> anyhow::Result<Holds> {
        let mut holds = Holds { doubts: self.doubtful_lists(snapshot).await?, others: Vec::new() };
        for pause in pauses(&*self.store, snapshot.paused, self.clock.now()).await? {
            holds.others.push(format!("new batches are paused: {}", pause_words(&pause)));
        }
        if snapshot.plan.scratch {
            holds.others.push("builds are scratch builds: ELN would still lack them".to_owned());
        }
        if self.limit == 0 {
            holds.others.push("`ebs.limits.reconcile_limit` is 0".to_owned());
        }
        Ok(holds)
    }

    /// Package lists of the configuration that do not say what is wanted, in sentences.
    async fn doubtful_lists(&self, snapshot: &Snapshot) -> anyhow::Result<Vec<String>> {
        let said = snapshot.taken.said.as_ref();
        let Some(wanted) = said.and_then(|said| said.autopackagelist.as_ref()) else {
            return Ok(Vec::new());
        };
        let rows = self.store.lists().await.context("cannot read the package lists")?;
        let mut doubts = Vec::new();
        for view in &wanted.views {
            for source in &wanted.sources {
                let name = format!("{view}/{source}");
                let row = rows.iter().find(|row| row.name == name);
                let list = row.map(lists::read).transpose()?;
                let accepted = list.as_ref().is_some_and(|list| list.accepted().is_some());
                if !accepted {
                    doubts.push(format!("the package list {name} was never had"));
                } else if list.is_some_and(|list| list.held().is_some()) {
                    doubts.push(format!(
                        "the package list {name} jumps and is held: see `ebsctl lists show`"
                    ));
                }
            }
        }
        Ok(doubts)
    }

    /// What is latest of each package in a tag. One that is said to be empty is not believed.
    async fn listed(&self, tag: &TagName, holds: &mut Holds) -> anyhow::Result<Listed> {
        self.health.beat();
        let rows = self.hub.list_tagged(tag, Listing::Latest).await;
        let rows = rows.with_context(|| format!("Koji does not list `{tag}`"))?;
        self.health.beat();
        if rows.is_empty() {
            holds.doubts.push(format!("Koji says that nothing is in {tag}: that is not believed"));
        }
        Ok(Listed::of(rows))
    }

    /// Reads where each build came from, and leaves out what ELN has of the same commit, whatever it is called there: it would
    /// be answered as built already.
    async fn read_sources(
        &self,
        lacking: &mut Vec<Lacking<'_>>,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let ids: Vec<BuildId> = lacking
            .iter()
            .flat_map(|it| std::iter::once(it.rawhide).chain(it.compared.eln))
            .map(|latest| latest.build)
            .collect();
        let records =
            self.hub.builds(&ids).await.context("Koji does not tell where builds are from")?;
        self.health.beat();
        let sources: BTreeMap<BuildId, String> =
            records.into_iter().flatten().filter_map(|it| Some((it.build, it.source?))).collect();
        let of = |latest: &Latest| sources.get(&latest.build).map(String::as_str);
        for it in lacking.iter_mut() {
            it.source = of(it.rawhide).and_then(|source| source.parse().ok());
        }
        lacking.retain(|it| {
            let built = it.compared.eln.and_then(of);
            let same =
                it.source.as_ref().zip(built).is_some_and(|(it, built)| it.same_commit(built));
            if same {
                counts.stale = counts.stale.saturating_sub(1);
                counts.current += 1;
            }
            !same
        });
        Ok(())
    }

    /// What becomes of each: the longest waiting are triggered, as many as may be.
    async fn decide(
        &self,
        lacking: Vec<Lacking<'_>>,
        (mode, may): (Mode, bool),
        snapshot: &Snapshot,
    ) -> anyhow::Result<(Vec<Finding>, Vec<Sighting>)> {
        let known = self.known(&lacking).await.context("the database does not answer")?;
        let nothing = Known::default();
        let (mut findings, mut sightings, mut chosen) = (Vec::new(), Vec::new(), 0);
        for it in lacking {
            let component = it.compared.component;
            let known = known.get(component).unwrap_or(&nothing);
            let against = self.against(&it, known, chosen).await?;
            let (fate, text) = match against {
                Some(judgement) => judgement,
                None => {
                    chosen += 1;
                    if may && mode == Mode::Real {
                        sightings.extend(sighting(&it, snapshot));
                    }
                    will(mode, may)
                }
            };
            findings.push(it.finding(fate, text));
        }
        Ok((findings, sightings))
    }

    /// What stands against triggering one, if anything does.
    async fn against(
        &self,
        it: &Lacking<'_>,
        known: &Known,
        chosen: usize,
    ) -> anyhow::Result<Option<Judgement>> {
        if let Some(judgement) = choose::now(known) {
            return Ok(Some(judgement));
        }
        let Some(source) = &it.source else {
            let text = format!("Koji knows no source of {}", it.rawhide.nvr);
            return Ok(Some((Fate::NoSource, text)));
        };
        if chosen >= self.limit {
            let text = format!("a run triggers at most {}: wait, or `ebsctl trigger`", self.limit);
            return Ok(Some((Fate::OverLimit, text)));
        }
        let rows = self.store.component_triggers(it.compared.component, MAX_EARLIER).await;
        let rows = rows.context("the database does not answer")?;
        let earlier = rows.iter().map(earlier).collect::<anyhow::Result<Vec<_>>>()?;
        self.health.beat();
        Ok(choose::before(&earlier, it.rawhide.build, source))
    }

    /// What the store knows of them at this moment.
    async fn known(&self, lacking: &[Lacking<'_>]) -> anyhow::Result<BTreeMap<Component, Known>> {
        let mut all: BTreeMap<Component, Known> =
            lacking.iter().map(|it| (it.compared.component.clone(), Known::default())).collect();
        for row in self.store.pending_triggers(MAX_WAITING).await? {
            if let Some(known) = all.get_mut(&row.trigger.component) {
                known.waits = true;
            }
        }
        for batch in stored::at_work(&*self.store).await? {
            for (component, known) in &mut all {
                if batch.works_on(component) {
                    known.in_batch = Some(batch.id);
                }
            }
        }
        let denied = self.store.denials(self.clock.now(), MAX_DENIALS).await?;
        for it in lacking {
            let row = denied.iter().find(|row| Some(&row.source) == it.source.as_ref());
            if let (Some(row), Some(known)) = (row, all.get_mut(it.compared.component)) {
                known.denied = Some((row.class.clone(), row.expires));
            }
        }
        Ok(all)
    }
}

impl Holds {
    fn told(self) -> Vec<String> {
        self.doubts.into_iter().chain(self.others).collect()
    }
}

impl Listed {
    fn of(rows: Vec<TaggedBuild>) -> Self {
        let mut listed = Self::default();
        for row in rows {
            match (row.package.parse(), row.nvr.parse()) {
                (Ok(package), Ok(nvr)) => {
                    let latest =
                        Latest { build: row.build, nvr, epoch: row.epoch, made: row.made_at };
                    listed.tag.insert(package, latest);
                }
                (Ok(_) | Err(_), Ok(_) | Err(_)) => {
                    tracing::error!(nvr = row.nvr, tag = %row.tag, "a build cannot be compared");
                    listed.unreadable.insert(row.package);
                }
            }
        }
        listed
    }
}

impl Lacking<'_> {
    fn finding(&self, fate: Fate, text: String) -> Finding {
        Finding {
            component: self.compared.component.clone(),
            kind: self.kind,
            rawhide: self.rawhide.nvr.to_string(),
            eln: self.compared.eln.map(|eln| eln.nvr.to_string()),
            since: self.since,
            fate,
            text,
        }
    }
}

/// How many stand how.
fn counted(judged: &Judged<'_>) -> Counts {
    let (wanted, excluded) = (judged.wanted.len(), judged.excluded);
    let mut counts = Counts { wanted, excluded, ..Counts::default() };
    for it in &judged.wanted {
        *match it.standing {
            Standing::Missing => &mut counts.missing,
            Standing::Stale(_) => &mut counts.stale,
            Standing::Current => &mut counts.current,
            Standing::ElnNewer => &mut counts.eln_newer,
            Standing::ElnOnly => &mut counts.eln_only,
            Standing::Nowhere => &mut counts.nowhere,
        } += 1;
    }
    counts
}

/// What ELN lacks, the longest waiting first: so no name waits for ever behind others.
fn lacking<'a>(judged: &Judged<'a>, before: Option<&Found>, now: Timestamp) -> Vec<Lacking<'a>> {
    let known: BTreeMap<&Component, Timestamp> = before
        .into_iter()
        .flat_map(|found| found.findings.iter().map(move |it| (found.at, it)))
        .map(|(at, it)| (&it.component, if it.fate == Fate::Triggered { at } else { it.since }))
        .collect();
    let lacks = |compared: &Compared<'a>| {
        let rawhide = compared.rawhide?;
        let (kind, why) = match (compared.standing, compared.eln) {
            (Standing::Missing, _) => {
                (Kind::Missing, format!("ELN has none, Rawhide has {}", named(rawhide)))
            }
            (Standing::Stale(by), Some(eln)) => {
                let later = match by {
                    Newer::Version => "",
                    Newer::BuildTime => ", which was built before it",
                };
                let (rawhide, eln) = (named(rawhide), named(eln));
                (Kind::Stale, format!("Rawhide has {rawhide}, ELN has {eln}{later}"))
            }
            (
                Standing::Stale(_)
                | Standing::Current
                | Standing::ElnNewer
                | Standing::ElnOnly
                | Standing::Nowhere,
                _,
            ) => return None,
        };
        let since = known.get(compared.component).copied().unwrap_or(now);
        Some(Lacking { compared: *compared, rawhide, kind, why, since, source: None })
    };
    let mut all: Vec<Lacking<'a>> = judged.wanted.iter().filter_map(lacks).collect();
    all.sort_by_key(|it| (it.since, it.compared.component));
    all
}

/// A build with its epoch, if that counts.
fn named(latest: &Latest) -> String {
    match latest.epoch {
        Some(epoch) if epoch != 0 => format!("{} (epoch {epoch})", latest.nvr),
        Some(_) | None => latest.nvr.to_string(),
    }
}

/// What becomes of one against which nothing stands.
fn will(mode: Mode, may: bool) -> Judgement {
    match (may, mode) {
        (false, Mode::Real | Mode::Dry) => {
            (Fate::Held, "nothing is triggered by this run".to_owned())
        }
        (true, Mode::Real) => {
            (Fate::Triggered, "triggered: it waits for the next batch".to_owned())
        }
        (true, Mode::Dry) => (Fate::Triggered, "it would be triggered".to_owned()),
    }
}

fn sighting(it: &Lacking<'_>, snapshot: &Snapshot) -> Option<Sighting> {
    let source = it.source.clone()?;
    Some(Sighting {
        package: snapshot.policy.upstream_name(it.compared.component).parse().ok()?,
        tag: snapshot.plan.trigger_tag.clone(),
        build: it.rawhide.build,
        nvr: it.rawhide.nvr.to_string(),
        cause: Cause::Reconcile { why: it.why.clone(), source },
        message: None,
    })
}

fn earlier(row: &TriggerRow) -> anyhow::Result<Earlier> {
    let cannot = || format!("cannot read trigger {} as stored", row.id);
    let answer = row.trigger.answer.as_deref().map(serde_json::from_str).transpose();
    Ok(Earlier {
        build: row.trigger.build,
        cause: serde_json::from_str(&row.trigger.cause).with_context(cannot)?,
        answer: answer.with_context(cannot)?,
    })
}

fn pause_words(pause: &PauseView) -> String {
    pause.words().trim_end_matches('.').to_owned()
}
