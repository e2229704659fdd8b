//! What the pages show, made from the store: so any instance can show it, leader or not.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_domain::{
    batch::{Batch, Group, GroupState, Phase, Summary},
    id::{BatchId, TagName},
    time::Timestamp,
    trigger::Cause,
};
use ebs_shared::{
    clock::{Clock, System},
    config::StaticConfig,
    credentials::{Stage, Standing},
};
use tokio::sync::watch;

use crate::{
    board::Board,
    driver::Probe,
    intake::{RecordMark, TRIGGER_TAGS, TriggerTags, mark_name},
    shadow::Report,
    store::{BatchRow, EffectRow, GroupRow, MAX_ORPHANS, Store, StoreError, TriggerRow},
    stored::read,
    web::{
        BatchView, BuildState, BuildView, DeadView, EarlierGroupView, GroupView, Health,
        LeaderView, ListView, OrphanView, Overview, Pages, PauseView, RecentView, ReconcileView,
        SliceView, StateCount, TagView, TriggerView, awaited, build_view, pauses, shadow_report,
    },
};

/// Most pending triggers that are shown.
const SHOWN_PENDING: u32 = 1000;

/// Most groups of earlier batches that are shown.
const SHOWN_EARLIER: usize = 200;

/// Most ended batches that are shown.
const SHOWN_RECENT: u32 = 20;

/// How many of them are shown with all their builds.
const SHOWN_WITH_BUILDS: usize = 2;

/// Most jobs set aside that are shown.
const SHOWN_DEAD: u32 = 100;

/// Most differences of shadow mode that are shown.
const SHOWN_DIFFERENCES: usize = 20;

/// Most effects that are named as waiting.
const SHOWN_WAITING: usize = 5;

/// Reads overviews from the store.
pub struct StorePages {
    store: Arc<dyn Store>,
    probe: Probe,
    health: Health,
    board: Board,
    instance: String,
    credentials: watch::Receiver<Vec<Standing>>,
    web_url: String,
    bodhi_url: String,
    branching_overlap: Duration,
    reconcile_interval: Duration,
}

impl StorePages {
    /// Pages of this store.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        config: &StaticConfig,
        (probe, health, board): (Probe, Health, Board),
        credentials: watch::Receiver<Vec<Standing>>,
    ) -> Self {
        let bare = |url: &url::Url| url.as_str().trim_end_matches('/').to_owned();
        Self {
            store,
            probe,
            health,
            board,
            credentials,
            instance: config.ebs.instance.clone(),
            web_url: bare(&config.ebs.koji.web_url),
            bodhi_url: bare(&config.ebs.bodhi.url),
            branching_overlap: config.ebs.timers.branching_overlap,
            reconcile_interval: config.ebs.timers.reconcile_interval,
        }
    }

    /// A batch that has not ended.
    async fn batch(&self, row: BatchRow) -> Result<BatchView, StoreError> {
        let batch: Batch = read("a batch", &row.state)?;
        let (members, groups) =
            (self.store.members(row.id).await?, self.store.groups(row.id).await?);
        let builds = members.iter().map(build_view).collect::<Result<Vec<_>, _>>()?;
        let waiting = self.waiting(row.id, &self.store.open_effects().await?);
        Ok(BatchView {
            id: row.id,
            phase: row.phase,
            phase_since: row.phase_since,
            created: row.created,
            side_tag: batch.phase.ground().map(|ground| ground.tag.to_string()),
            waiting,
            slices: slices(&builds, &batch),
            groups: groups.iter().map(|group| self.group_view(group)).collect::<Result<_, _>>()?,
            builds,
        })
    }

    /// Batches of which only detached builds are still waited for.
    async fn lingering(&self) -> Result<Vec<BatchView>, StoreError> {
        let mut views = Vec::new();
        for row in self.store.lingering_batches().await? {
            views.push(self.batch(row).await?);
        }
        Ok(views)
    }

    /// Batches that have ended; the newest with their builds.
    async fn recent(&self, rows: &[BatchRow]) -> Result<Vec<RecentView>, StoreError> {
        let mut views = Vec::new();
        for row in rows {
            let Some(mut view) = recent_view(row)? else { continue };
            if views.len() < SHOWN_WITH_BUILDS {
                let members = self.store.members(row.id).await?;
                view.builds = members.iter().map(build_view).collect::<Result<_, _>>()?;
            }
            views.push(view);
        }
        Ok(views)
    }

    /// Credentials that somebody has to see to.
    fn worrying(&self) -> Vec<Standing> {
        let standings = self.credentials.borrow();
        standings.iter().filter(|standing| standing.stage != Stage::Fine).cloned().collect()
    }

    /// Who leads: this process, or the one that holds the lease.
    fn leader(&self) -> Option<LeaderView> {
        if self.health.leading() {
            return Some(LeaderView { instance: self.instance.clone(), here: true });
        }
        self.health.leader().map(|instance| LeaderView { instance, here: false })
    }

    /// The tags that trigger, and how far Koji's record of each was read.
    async fn trigger_tags(&self) -> Result<Vec<TagView>, StoreError> {
        let stored = self.store.mark(TRIGGER_TAGS).await?;
        let Some(tags) = stored.map(|text| read("the trigger tags", &text)).transpose()? else {
            return Ok(Vec::new());
        };
        let tags: TriggerTags = tags;
        let mut views = Vec::new();
        for mut view in tag_views(&tags, System.now(), self.branching_overlap) {
            if let Some(text) = self.store.mark(&mark_name(&view.tag)).await? {
                let mark: RecordMark = read("how far a tag was compared", &text)?;
                (view.compared, view.first_compared) = (Some(mark.looked), Some(mark.first));
                view.untriggered = mark.untriggered;
            }
            views.push(view);
        }
        Ok(views)
    }

    /// Groups that have outlived their batches: held, or late.
    async fn earlier(&self, current: Option<BatchId>) -> Result<Vec<EarlierGroupView>, StoreError> {
        let open = self.store.open_groups().await?;
        let earlier = open.iter().filter(|row| Some(row.batch) != current);
        let view = |row: &GroupRow| {
            Ok(EarlierGroupView { batch: row.batch, group: self.group_view(row)? })
        };
        earlier.take(SHOWN_EARLIER).map(view).collect()
    }

    /// Outages, in words: those that the driver knows where it runs, and those that stand in the ledger.
    fn waiting(&self, batch: BatchId, effects: &[EffectRow]) -> Option<String> {
        let progress = self.probe.progress();
        let because = |why: Option<&String>| why.map_or(String::new(), |why| format!(": {why}"));
        let mut outages: Vec<String> = progress
            .unavailable
            .iter()
            .map(|(service, since)| {
                let why = because(progress.why.get(service));
                format!("{service:?} has not been available since {since}{why}")
            })
            .collect();
        let put_off = effects
            .iter()
            .filter(|effect| effect.batch == Some(batch) && effect.unavailable_since.is_some());
        outages.extend(put_off.take(SHOWN_WAITING).filter_map(|effect| {
            let since = effect.unavailable_since?;
            let why = because(effect.last_error.as_ref());
            Some(format!("`{}` has waited since {since}{why}", effect.kind))
        }));
        outages.extend(
            progress.queue_error.map(|error| format!("the queue does not do its work: {error}")),
        );
        (!outages.is_empty()).then(|| outages.join("; "))
    }

    /// What shadow mode has compared last, with the first differences.
    async fn shadow(&self) -> Result<Option<Report>, StoreError> {
        Ok(shadow_report(&*self.store).await?.map(|mut report| {
            report.differences.truncate(SHOWN_DIFFERENCES);
            report
        }))
    }

    fn group_view(&self, row: &GroupRow) -> Result<GroupView, StoreError> {
        let group: Group = read("a group", &row.state)?;
        let alias = group.alias().map(str::to_owned);
        let text = match &group.state {
            GroupState::Held { text, .. } => Some(text.clone()),
            GroupState::Late { why, .. } => Some(why.word().to_owned()),
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Filling { .. }
            | GroupState::Posting { .. }
            | GroupState::Posted(_)
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => None,
        };
        Ok(GroupView {
            number: row.number,
            url: alias.as_ref().map(|alias| format!("{}/updates/{alias}", self.bodhi_url)),
            alias,
            status: group
                .posted()
                .map_or_else(|| row.shown.clone(), |posted| posted.status.clone()),
            builds: count(group.packed.len()),
            text,
        })
    }
}

#[async_trait]
impl Pages for StorePages {
    async fn snapshot(&self) -> Result<Overview, StoreError> {
        let recent = self.store.recent_batches(SHOWN_RECENT).await?;
        let pending = self.store.pending_triggers(SHOWN_PENDING).await?;
        // Counted anew only if not all are listed: a moment later there may be more.
        let pending_total = match u32::try_from(pending.len()) {
            Ok(listed) if listed < SHOWN_PENDING => u64::from(listed),
            Ok(_) | Err(_) => self.store.pending_count().await?.0,
        };
        let progress = self.probe.progress();
        let dead = self.store.dead_letters(SHOWN_DEAD).await?;
        let orphans = self.store.orphans(MAX_ORPHANS).await?;
        let current = match self.store.open_batch().await? {
            Some(row) => Some(self.batch(row).await?),
            None => None,
        };
        let lists = self.store.lists().await?;
        let configured = self.board.in_use().is_some_and(|snapshot| snapshot.paused);
        let pauses = pauses(&*self.store, configured, System.now()).await?;
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now: System.now(),
            leader: self.leader(),
            configuration: self.board.view(),
            paused: (!pauses.is_empty())
                .then(|| pauses.iter().map(PauseView::words).collect::<Vec<_>>().join(" ")),
            pauses,
            awaited: awaited(&*self.store).await?,
            web_url: self.web_url.clone(),
            trigger_tags: self.trigger_tags().await?,
            earlier_groups: self.earlier(current.as_ref().map(|batch| batch.id)).await?,
            current,
            lingering: self.lingering().await?,
            pending_total,
            pending: pending.iter().map(trigger_view).collect::<Result<_, _>>()?,
            recent: self.recent(&recent).await?,
            triggers_by_answer: self.store.triggers_by_answer().await?.into_iter().collect(),
            dead: dead.into_iter().map(DeadView::from).collect(),
            credentials: self.worrying(),
            orphans: orphans.into_iter().map(OrphanView::from).collect(),
            lists: lists.iter().map(ListView::of).collect::<Result<_, _>>()?,
            reconcile: ReconcileView::read(&*self.store, self.reconcile_interval).await?,
            shadow: self.shadow().await?,
            effects_open: count_long(self.store.open_effects().await?.len()),
            stale_results: progress.stale_results,
            caught_up: progress.caught_up,
            late_found: progress.late_found,
            jobs_by_worker: progress.jobs_by_worker,
        })
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn count_long(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn slices(builds: &[BuildView], batch: &Batch) -> Vec<SliceView> {
    let mut by_order: BTreeMap<i64, BTreeMap<BuildState, u32>> = BTreeMap::new();
    for build in builds {
        *by_order.entry(build.order).or_default().entry(build.state).or_default() += 1;
    }
    let attempt = |order: i64| match &batch.phase {
        Phase::Building(building) if building.order == order => building.attempt,
        Phase::Preparing(_)
        | Phase::Building(_)
        | Phase::Publishing(_)
        | Phase::Settling { .. }
        | Phase::Lingering { .. }
        | Phase::Cleaning(_)
        | Phase::Aborting(_)
        | Phase::Ended { .. } => builds
            .iter()
            .filter(|build| build.order == order)
            .map(|build| build.attempt)
            .max()
            .unwrap_or(0),
    };
    by_order
        .into_iter()
        .map(|(order, states)| SliceView {
            order,
            attempt: attempt(order),
            builds: states.into_iter().map(|(state, count)| StateCount { state, count }).collect(),
        })
        .collect()
}

/// The tags that trigger at this time, without what is known of Koji's record.
fn tag_views(tags: &TriggerTags, now: Timestamp, overlap: Duration) -> Vec<TagView> {
    let watched = tags.watched(now, overlap);
    let view = |tag: &TagName| TagView {
        tag: tag.clone(),
        since: None,
        instead_of: None,
        until: None,
        compared: None,
        first_compared: None,
        untriggered: 0,
    };
    let current = TagView {
        since: Some(tags.since),
        instead_of: watched.get(1).cloned(),
        ..view(&tags.current)
    };
    let former = tags.former.iter().filter(|former| watched.contains(&former.tag));
    let former =
        former.map(|former| TagView { until: Some(former.until(overlap)), ..view(&former.tag) });
    std::iter::once(current).chain(former).collect()
}

fn trigger_view(row: &TriggerRow) -> Result<TriggerView, StoreError> {
    let cause: Cause = read("a trigger", &row.trigger.cause)?;
    let late = cause.is_late();
    let cause = match cause {
        Cause::Message => "message".to_owned(),
        Cause::CatchUp => "late: archive".to_owned(),
        Cause::KojiRecord => "late: Koji's record".to_owned(),
        Cause::Person { who, .. } => who,
        Cause::Reconcile { .. } => "reconcile".to_owned(),
        Cause::Import { .. } => "taken over".to_owned(),
    };
    Ok(TriggerView {
        id: row.id,
        component: row.trigger.component.clone(),
        nvr: row.trigger.nvr.clone(),
        cause,
        late,
        created: row.trigger.created,
    })
}

/// A batch that has ended; `None` for the open one.
fn recent_view(row: &BatchRow) -> Result<Option<RecentView>, StoreError> {
    let (Some(ended), Some(summary)) = (row.ended, &row.summary) else { return Ok(None) };
    let summary: Summary = read("a summary", summary)?;
    Ok(Some(RecentView {
        id: row.id,
        outcome: row.phase.clone(),
        created: row.created,
        ended,
        components: count(summary.components),
        succeeded: count(summary.builds_succeeded),
        failed: count(summary.builds_failed.values().sum()),
        others: count(summary.builds_timed_out + summary.builds_cancelled + summary.builds_dropped),
        updates: count(summary.updates),
        summary,
        builds: Vec::new(),
    }))
}

#[cfg(test)]
mod tests;
