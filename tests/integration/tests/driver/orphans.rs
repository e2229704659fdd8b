//! What is ours and belongs to nobody: found, adopted, shown, removed by policy; and what is not ours: left alone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    driver::{Leftover, OrphanSettings},
    store::{OrphanKind, OrphanRow},
};
use ebs_domain::{
    batch::{Batch, Plan},
    id::{Component, TagName, TaskId, Token},
};
use ebs_shared::{
    bodhi::api::NewUpdate,
    koji::api::{BuildOptions, BuildRequest, Hub},
};
use fedora_sim::{
    bodhi::script::UpdateOutcome,
    script::{Outcome, Script},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    line::Mishap,
    stage::{Stage, script, sim_plan},
    world::{DOUBT_WAIT, tag},
};

const INTERVAL: Duration = Duration::from_secs(600);
const GRACE: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

const REMOVE: OrphanSettings = OrphanSettings {
    interval: INTERVAL,
    grace: GRACE,
    side_tags: Leftover::Remove,
    tasks: Leftover::Remove,
};

const REPORT: OrphanSettings =
    OrphanSettings { side_tags: Leftover::Report, tasks: Leftover::Report, ..REMOVE };

fn stage(packages: &[&str], plan: Plan, script: Script, orphans: OrphanSettings) -> Result<Stage> {
    let mut stage = Stage::new(packages, plan, script)?;
    stage.settings.orphans = orphans;
    Ok(stage)
}

/// A stage on which nothing is built, and `sed` never ends if a person builds it.
fn idle(orphans: OrphanSettings) -> Result<Stage> {
    let mut script = script();
    script.outcomes.insert("sed".to_owned(), vec![Outcome::NeverEnds]);
    script.bodhi.tokens.insert("sim-token-other".to_owned(), "other".to_owned());
    script.bodhi.outcomes.insert("zlib".to_owned(), vec![UpdateOutcome::NeverStable]);
    stage(&[], sim_plan(), script, orphans)
}

fn found(stage: &Stage) -> Vec<OrphanRow> {
    stage.store.rows().orphans.values().cloned().collect()
}

fn names(stage: &Stage) -> Vec<(OrphanKind, String)> {
    found(stage).into_iter().map(|row| (row.kind, row.name)).collect()
}

fn source(package: &str) -> String {
    format!("git+https://src.example.org/rpms/{package}#0123456789abcdef0123456789abcdef01234567")
}

/// Builds by hand, with a token as we make them.
async fn build(hub: &dyn Hub, package: &str, target: &TagName, token: Token) -> Result<TaskId> {
    let options = BuildOptions {
        target: target.clone(),
        draft: false,
        scratch: false,
        fail_fast: true,
        wait_repo: false,
        priority: 5,
    };
    let request = BuildRequest { source: source(package), token };
    let mut tasks = hub.submit_builds(&options, &[request]).await?;
    Ok(tasks.pop().context("an answer")??)
}

fn token() -> Token {
    let component: Component = "by-hand".parse().expect("a name");
    Token::derive(Uuid::from_u128(7), &component, 1)
}

#[tokio::test(start_paused = true)]
async fn a_side_tag_that_nobody_owns_is_shown_and_removed_after_its_grace_if_policy_says_so()
-> Result<()> {
    let stage = idle(REMOVE)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    let (hub, _) = stage.hands("ebs")?;
    let made = hub.create_side_tag(&tag("eln-build")).await?.name;
    let begun = Instant::now();
    stage.until("it is found", |stage| !found(stage).is_empty()).await?;
    ensure!(begun.elapsed() <= 2 * INTERVAL, "{:?}", begun.elapsed());
    ensure!(names(&stage) == [(OrphanKind::SideTag, made.to_string())], "{:?}", found(&stage));
    let row = found(&stage).remove(0);
    ensure!(row.removal == Some(row.first_seen + GRACE), "{row:?}");
    let there = |stage: &Stage| !stage.report().leftovers.side_tags.is_empty();
    let seen = Instant::now();
    stage.until("it is removed", |stage| !there(stage)).await?;
    ensure!(seen.elapsed() + Duration::from_secs(2) >= GRACE, "{:?}", seen.elapsed());
    stage.until("it is forgotten", |stage| found(stage).is_empty()).await?;
    let rows: Vec<_> = stage.store.rows().effects.values().cloned().collect();
    ensure!(rows.len() == 1 && rows[0].batch.is_none() && rows[0].closed.is_some(), "{rows:?}");
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_policy_only_reports_stays_as_long_as_it_is_there() -> Result<()> {
    let stage = idle(REPORT)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    let (hub, _) = stage.hands("ebs")?;
    let made = hub.create_side_tag(&tag("eln-build")).await?.name;
    let task = build(&*hub, "sed", &made, token()).await?;
    tokio::time::sleep(3 * DAY).await;
    let rows = found(&stage);
    ensure!(
        names(&stage)
            == [(OrphanKind::SideTag, made.to_string()), (OrphanKind::Task, task.to_string())],
        "{rows:?}"
    );
    ensure!(rows.iter().all(|row| row.removal.is_none() && row.last_seen > row.first_seen));
    ensure!(stage.report().leftovers.side_tags.len() == 1, "it is there");
    ensure!(stage.report().leftovers.open_tasks == [task.get()], "it runs");
    ensure!(stage.store.rows().effects.is_empty(), "nothing was wished for");
    ensure!(stage.probe.progress().orphans.values().sum::<u64>() == 2, "it is counted");
    // The next leader remembers since when.
    leader.kill().await;
    let leader = stage.lead().await?;
    hub.remove_side_tag(&made).await?;
    hub.cancel_tasks(&[task]).await?;
    stage.until("they are forgotten", |stage| found(stage).is_empty()).await?;
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_task_with_a_token_of_ours_that_nobody_watches_is_cancelled_after_its_grace() -> Result<()>
{
    let stage = idle(REMOVE)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    let (hub, _) = stage.hands("ebs")?;
    let task = build(&*hub, "sed", &tag("eln"), token()).await?;
    stage.until("it is found", |stage| !found(stage).is_empty()).await?;
    ensure!(names(&stage) == [(OrphanKind::Task, task.to_string())], "{:?}", found(&stage));
    let seen = Instant::now();
    let runs = |stage: &Stage| !stage.report().leftovers.open_tasks.is_empty();
    stage.until("it is cancelled", |stage| !runs(stage)).await?;
    ensure!(seen.elapsed() + Duration::from_secs(2) >= GRACE, "{:?}", seen.elapsed());
    stage
        .until("its effect is closed", |stage| stage.store.effects("cancel_tasks") == (0, 1))
        .await?;
    ensure!(found(&stage).is_empty(), "{:?}", found(&stage));
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_neither_shown_nor_touched() -> Result<()> {
    let stage = idle(REMOVE)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    let ((ours, _), (theirs, _)) = (stage.hands("ebs")?, stage.hands("other")?);
    // Our account, for another purpose; another account, on our base.
    ours.create_side_tag(&tag("f45-build")).await?;
    let their_tag = theirs.create_side_tag(&tag("eln-build")).await?.name;
    let task = build(&*theirs, "sed", &their_tag, token()).await?;
    tokio::time::sleep(3 * DAY).await;
    ensure!(found(&stage).is_empty(), "{:?}", found(&stage));
    ensure!(stage.store.rows().effects.is_empty(), "nothing was wished for");
    ensure!(stage.report().leftovers.side_tags.len() == 2, "they are there");
    ensure!(stage.report().leftovers.open_tasks == [task.get()], "it runs");
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_update_of_ours_that_no_batch_knows_is_shown_and_its_side_tag_is_bodhis() -> Result<()> {
    let stage = idle(REMOVE)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    for account in ["ebs", "other"] {
        let (hub, updates) = stage.hands(account)?;
        let made = hub.create_side_tag(&tag("eln-build")).await?.name;
        let package = if account == "ebs" { "zlib" } else { "bash" };
        stage.know(package);
        build(&*hub, package, &made, token()).await?;
        stage.until("it is built", |stage| stage.report().leftovers.open_tasks.is_empty()).await?;
        let nvrs: Vec<String> = stage
            .report()
            .builds
            .into_iter()
            .filter(|build| build.target == made.as_str())
            .filter_map(|build| build.nvr)
            .collect();
        let new = NewUpdate { from_tag: made, notes: "made by hand".to_owned() };
        updates.create(&new, &nvrs).await?;
    }
    tokio::time::sleep(3 * DAY).await;
    let ours =
        stage.report().updates.into_iter().find(|update| update.builds[0].starts_with("zlib"));
    let ours = ours.context("an update of ours")?;
    ensure!(names(&stage) == [(OrphanKind::Update, ours.alias)], "{:?}", found(&stage));
    ensure!(stage.report().leftovers.side_tags.contains(&ours.from_tag), "its tag is there");
    ensure!(stage.store.rows().effects.is_empty(), "nothing was wished for");
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_never_taken_for_an_orphan_however_often_it_is_looked_for() -> Result<()> {
    let often = OrphanSettings {
        interval: Duration::from_secs(5),
        grace: Duration::from_secs(5),
        ..REMOVE
    };
    let packages = ["bash", "sed", "zlib"];
    let stage = stage(&packages, Plan { batch_size: 1, ..sim_plan() }, script(), often)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    stage.tag(&leader, &packages).await?;
    let done = |stage: &Stage| {
        assert_eq!(found(stage), []);
        stage.store.phase() == "done"
    };
    stage.until("the batch is done", done).await?;
    let ids: Vec<String> = stage.store.rows().effects.keys().cloned().collect();
    ensure!(ids.iter().all(|id| id.starts_with('b')), "{ids:?}");
    ensure!(stage.report().duplicates.is_empty() && stage.report().updates.len() == 3);
    leader.kill().await;
    Ok(())
}

/// The batch under way.
fn batch(stage: &Stage) -> Result<Batch> {
    let rows = stage.store.rows();
    Ok(serde_json::from_str(&rows.batches.values().next_back().context("a batch")?.state)?)
}

#[tokio::test(start_paused = true)]
async fn a_build_that_a_batch_waits_to_ask_for_and_was_asked_for_already_is_adopted() -> Result<()>
{
    let packages = ["bash", "sed"];
    let plan = Plan { max_open_builds: 1, draft: false, ..sim_plan() };
    let often = OrphanSettings { interval: Duration::from_secs(60), ..REMOVE };
    let stage = stage(&packages, plan, script(), often)?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    stage.tag(&leader, &packages).await?;
    // What a leader did whose database was lost with the record of it.
    let asked = |stage: &Stage| stage.store.effects("submit_builds") == (0, 1);
    stage.until("one is built, and one waits", asked).await?;
    let batch = batch(&stage)?;
    let ground = batch.phase.ground().context("a side tag")?;
    let (hub, _) = stage.hands("ebs")?;
    let sed: Component = "sed".parse()?;
    build(&*hub, "sed", &ground.tag, Token::derive(batch.uuid, &sed, 1)).await?;
    stage.until("the batch is done", |stage| stage.store.phase() == "done").await?;
    let report = stage.report();
    ensure!(report.builds.len() == 2 && report.duplicates.is_empty(), "{:?}", report.builds);
    ensure!(stage.store.effects("submit_builds") == (0, 1), "it was not asked for again");
    ensure!(found(&stage).is_empty() && stage.open_effects().is_empty());
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn side_tags_among_which_ours_cannot_be_told_are_left_over_and_removed() -> Result<()> {
    let packages = ["bash", "sed"];
    let stage = stage(&packages, sim_plan(), script(), REMOVE)?;
    let _worker = stage.work()?;
    stage.line.set("createSideTag", Mishap::Death);
    let leader = stage.lead().await?;
    stage.tag(&leader, &packages).await?;
    stage.until("the leader dies", |stage| stage.line.has_happened()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    leader.kill().await;
    let (hub, _) = stage.hands("ebs")?;
    hub.create_side_tag(&tag("eln-build")).await?;
    let begun = Instant::now();
    let leader = stage.lead().await?;
    let third = |stage: &Stage| stage.report().leftovers.side_tags.len() == 3;
    stage.until("another one is made", third).await?;
    ensure!(begun.elapsed() >= DOUBT_WAIT, "{:?}", begun.elapsed());
    stage.until("the two are found", |stage| found(stage).len() == 2).await?;
    stage.until("the batch is done", |stage| stage.store.phase() == "done").await?;
    stage.until("nothing is left", |stage| stage.report().leftovers.side_tags.is_empty()).await?;
    stage.until("the findings are over", |stage| found(stage).is_empty()).await?;
    ensure!(stage.report().duplicates.is_empty() && stage.open_effects().is_empty());
    leader.kill().await;
    Ok(())
}

/// An orphan is removed, and this happens to that.
async fn removed_although(mishap: Mishap) -> Result<()> {
    let stage = idle(REMOVE)?;
    let _worker = stage.work()?;
    let mut leader = stage.lead().await?;
    let (hub, _) = stage.hands("ebs")?;
    hub.create_side_tag(&tag("eln-build")).await?;
    stage.line.set("removeSideTag", mishap);
    stage.until("it has happened", |stage| stage.line.has_happened()).await?;
    if mishap == Mishap::Death {
        tokio::time::sleep(Duration::from_secs(1)).await;
        leader.kill().await;
        leader = stage.lead().await?;
    }
    stage.until("it is settled", |stage| stage.store.effects("remove_side_tag") == (0, 1)).await?;
    ensure!(stage.report().leftovers.side_tags.is_empty() && found(&stage).is_empty());
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_removal_of_an_orphan_whose_reply_is_lost_is_found_done() -> Result<()> {
    removed_although(Mishap::ReplyLost).await
}

#[tokio::test(start_paused = true)]
async fn the_removal_of_an_orphan_whose_sender_dies_is_found_done() -> Result<()> {
    removed_although(Mishap::Death).await
}

#[tokio::test(start_paused = true)]
async fn an_orphan_that_has_become_an_updates_is_not_removed_any_more() -> Result<()> {
    let stage = idle(OrphanSettings { grace: 4 * INTERVAL, ..REMOVE })?;
    let _worker = stage.work()?;
    let leader = stage.lead().await?;
    let (hub, updates) = stage.hands("ebs")?;
    let made = hub.create_side_tag(&tag("eln-build")).await?.name;
    stage.know("zlib");
    build(&*hub, "zlib", &made, token()).await?;
    stage.until("it is found", |stage| !found(stage).is_empty()).await?;
    let built = |stage: &Stage| stage.report().builds.iter().any(|build| build.state == "CLOSED");
    stage.until("it is built", built).await?;
    let nvr = stage.report().builds.remove(0).nvr.context("a build")?;
    let new = NewUpdate { from_tag: made.clone(), notes: "made by hand".to_owned() };
    updates.create(&new, &[nvr]).await?;
    tokio::time::sleep(DAY).await;
    ensure!(stage.report().leftovers.side_tags.contains(&made.to_string()), "it is there");
    ensure!(stage.store.effects("remove_side_tag").0 == 0, "nothing is left open");
    ensure!(found(&stage).iter().all(|row| row.kind == OrphanKind::Update), "{:?}", found(&stage));
    leader.kill().await;
    Ok(())
}
