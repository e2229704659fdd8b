//! Jobs that kill their workers: who suffers, and what a person can do about it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    store::{AuditRow, DenyRow, ListRow, NewRequest, Store as _},
    wish::{Asked, VERSION, Wish},
};
use ebs_domain::{
    batch::Plan,
    id::{BatchId, RequestId},
    scm::ScmUrl,
    time::Timestamp,
};
use ebs_shared::{
    bodhi::api::Updates as _,
    job::{Job, Work},
    queue::{Held, Lane},
};
use tokio::time::Instant;

use crate::world::{DOUBT_WAIT, Leader, World, plan};

const PACKAGES: [&str; 2] = ["bash", "sed"];

fn is_done(world: &World) -> bool {
    world.store.phase() == "done"
}

/// The only job that is set aside.
fn dead_job(world: &World) -> String {
    world.store.rows().dead.keys().next().cloned().unwrap_or_default()
}

/// Holds submissions back until one of this kind waits, takes it, and lets it die.
pub(crate) async fn kill(world: &World, kind: &str) -> Result<Held> {
    loop {
        let held = world.queue.take_held_back().await?;
        match held {
            Some(held) if held.kind == kind => {
                world.queue.kill(&held).await?;
                return Ok(held);
            }
            Some(held) => world.queue.hand_back(&held).await?,
            None => {}
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Asks as a person does; what comes of it.
pub(crate) async fn ask(world: &World, wish: Wish) -> Result<AuditRow> {
    let (action, subject) = (wish.word().to_owned(), wish.subject().to_owned());
    let (who, why) = ("token/alice".to_owned(), "it is mended".to_owned());
    let whole = Asked { v: VERSION, who: who.clone(), why: why.clone(), wish };
    let (payload, asked) = (serde_json::to_string(&whole)?, world.parts.clock.now());
    let request = NewRequest { who, asked, action, subject, why, payload };
    let id: RequestId = world.store.ask(request).await?.context("there is room")?;
    world
        .until("the request is answered", |world| {
            world.store.rows().audit.get(&id).is_some_and(|row| row.result.is_some())
        })
        .await?;
    world.store.audited(id).await?.context("it is in the audit")
}

pub(crate) fn result(row: &AuditRow) -> &str {
    row.result.as_deref().unwrap_or_default()
}

/// A world whose builds make one update each, with a leader and a worker; submissions are held back.
pub(crate) async fn begin(world: &mut World) -> Result<Leader> {
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    Ok(leader)
}

pub(crate) fn one_each() -> Plan {
    Plan { batch_size: 1, max_single_batch_size: 1, ..plan() }
}

#[tokio::test(start_paused = true)]
async fn a_job_used_up_costs_its_builds_an_attempt_and_is_shown_until_a_person_decides()
-> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.queue.hold_back(&[Lane::Submit]);
    let leader = begin(&mut world).await?;
    let held = kill(&world, "submit_builds").await?;
    world.until("it is set aside", |world| !world.store.rows().dead.is_empty()).await?;
    let row = world.store.rows().dead[&held.id].clone();
    ensure!((row.attempts, row.error.as_str()) == (1, "it kills workers"), "{row:?}");
    ensure!(row.what == held.what && row.kind == "submit_builds", "{row:?}");
    ensure!(row.workers == "w0", "{row:?}");
    ensure!(row.suffers == "the builds bash, sed of batch 1", "{row:?}");
    world.queue.hold_back(&[]);
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());

    let refused = ask(&world, Wish::Redrive { job: held.id.clone() }).await?;
    ensure!(result(&refused).starts_with("refused: the effect of `submit_builds` is closed"));
    let unknown = ask(&world, Wish::GiveUp { job: "b9.9.x#1".to_owned() }).await?;
    ensure!(result(&unknown) == "refused: no job `b9.9.x#1` is set aside", "{unknown:?}");
    let done = ask(&world, Wish::GiveUp { job: held.id }).await?;
    ensure!((result(&done), done.who.as_str()) == ("done", "token/alice"), "{done:?}");
    ensure!(world.store.rows().dead.is_empty() && world.store.rows().requests.is_empty());
    leader.kill().await;
    Ok(())
}

/// One of two updates dies and is put back while its batch goes on; how long after that it is there.
async fn redriven(posted_before: bool) -> Result<Duration> {
    let mut world = World::with_plan(&PACKAGES, one_each())?;
    let leader = begin(&mut world).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    world.queue.hold_back(&[Lane::Submit]);
    let held = kill(&world, "submit_update").await?;
    if posted_before {
        let job: Job = serde_json::from_str(&held.payload)?;
        let Work::SubmitUpdate { update, nvrs, .. } = job.work else {
            anyhow::bail!("{job:?}");
        };
        world.fedora.create(&update, &nvrs).await?;
    }
    world
        .until("it is held", |world| world.store.groups_shown().contains(&"held".to_owned()))
        .await?;
    // The leader changes: what was set aside is not forgotten.
    leader.kill().await;
    let leader = world.lead().await?;
    world.queue.hold_back(&[]);
    let count = if posted_before { 2 } else { 1 };
    world.until("the other is posted", |world| world.fedora.state().updates.len() == count).await?;
    let job = dead_job(&world);
    let asked = Instant::now();
    let done = ask(&world, Wish::Redrive { job: job.clone() }).await?;
    ensure!(result(&done) == "done", "{done:?}");
    ensure!(world.store.rows().dead.is_empty(), "it left the list");
    let again = ask(&world, Wish::Redrive { job: job.clone() }).await?;
    ensure!(result(&again) == format!("refused: no job `{job}` is set aside"), "{again:?}");
    let posted = |world: &World| {
        let shown = world.store.groups_shown();
        shown.iter().all(|word| word == "posted" || word == "stable")
    };
    world.until("both are posted", posted).await?;
    let took = asked.elapsed();
    world.until("the batch is done", is_done).await?;
    ensure!(world.store.groups_shown() == ["stable", "stable"]);
    ensure!(world.fedora.state().updates.len() == 2, "each update was made once");
    let rows = world.store.effects("submit_update");
    ensure!(rows == (0, 3), "the closed effect stays closed, a new one is run: {rows:?}");
    leader.kill().await;
    Ok(took)
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_job_died_is_made_by_a_new_effect_that_is_in_doubt_from_its_beginning()
-> Result<()> {
    let took = redriven(false).await?;
    ensure!(took >= DOUBT_WAIT, "the dead worker's call may still have had its effect: {took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_update_that_the_dead_worker_had_made_is_found_and_not_made_again() -> Result<()> {
    let took = redriven(true).await?;
    ensure!(took < DOUBT_WAIT, "looking comes first: {took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_dead_update_is_put_back_after_its_batch_has_ended_and_whoever_leads_then() -> Result<()>
{
    let mut world = World::new(&PACKAGES)?;
    let leader = begin(&mut world).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    world.queue.hold_back(&[Lane::Submit]);
    let held = kill(&world, "submit_update").await?;
    world.queue.hold_back(&[]);
    world.until("the batch is done", is_done).await?;
    ensure!(world.store.groups_shown() == ["held"], "only its own group suffers");
    leader.kill().await;
    let leader = world.lead().await?;
    let done = ask(&world, Wish::Redrive { job: held.id }).await?;
    ensure!(result(&done) == "done", "{done:?}");
    ensure!(world.store.groups_shown() == ["posting"]);
    leader.kill().await;
    let leader = world.lead().await?;
    world
        .until("it is posted", |world| {
            world.store.groups_shown() == ["pending"] || world.store.groups_shown() == ["posted"]
        })
        .await?;
    world.until("its builds are stable", |world| world.store.groups_shown() == ["stable"]).await?;
    ensure!(world.fedora.state().updates.len() == 1, "it was made once");
    let ids: Vec<String> = world.store.rows().effects.keys().cloned().collect();
    ensure!(ids.contains(&"b1.r1.submit_update".to_owned()), "{ids:?}");
    world.assert_clean(PACKAGES.len());
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_late_group_whose_job_dies_again_is_held_again() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    let leader = begin(&mut world).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    world.queue.hold_back(&[Lane::Submit]);
    let first = kill(&world, "submit_update").await?;
    world.until("the batch is done", is_done).await?;
    ask(&world, Wish::Redrive { job: first.id }).await?;
    let again = kill(&world, "submit_update").await?;
    world.until("it is held again", |world| world.store.groups_shown() == ["held"]).await?;
    ensure!(dead_job(&world) == again.id, "the new job is on the list");
    let done = ask(&world, Wish::GiveUp { job: again.id }).await?;
    ensure!(result(&done) == "done" && world.store.groups_shown() == ["held"]);
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_persons_word_for_a_list_that_jumps_is_written_to_that_list() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    let _leader = world.lead().await?;
    let list = ListRow {
        name: "eln/source".to_owned(),
        revision: 1,
        state: "{}".to_owned(),
        tried: Timestamp::from_millis(5),
        fault: None,
        confirmed: None,
    };
    ensure!(world.store.put_list(list).await?);
    let since = Timestamp::from_millis(5);
    let row = ask(&world, Wish::ConfirmList { list: "eln/source".to_owned(), since }).await?;
    ensure!((row.action.as_str(), result(&row)) == ("confirm_list", "done"), "{row:?}");
    ensure!(world.store.rows().lists["eln/source"].confirmed == Some(since));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_persons_pause_lets_no_batch_begin_outlives_the_leader_and_ends_by_itself() -> Result<()>
{
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    let until = world.parts.clock.now() + Duration::from_secs(3600);
    let row = ask(&world, Wish::Pause { until: Some(until) }).await?;
    ensure!(result(&row) == "done", "{row:?}");
    leader.sight(world.sightings(&PACKAGES)?).await?;
    ensure!(world.store.rows().triggers.len() == PACKAGES.len(), "triggers are stored as ever");
    leader.stop().await?;
    let leader = world.lead().await?;
    tokio::time::sleep(Duration::from_secs(3000)).await;
    ensure!(world.store.rows().batches.is_empty(), "it is paused");
    world.until("the batch is done", is_done).await?;
    ensure!(world.parts.clock.now() >= until);
    ensure!(world.store.rows().marks["pause"].is_empty());
    drop(leader);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_ended_by_a_person_ends_at_once_and_one_that_is_not_there_cannot()
-> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    let row = ask(&world, Wish::Unpause).await?;
    ensure!(result(&row) == "refused: no person pauses", "{row:?}");
    let over = world.parts.clock.now();
    let row = ask(&world, Wish::Pause { until: Some(over) }).await?;
    ensure!(result(&row).starts_with("refused: the time"), "{row:?}");
    ensure!(result(&ask(&world, Wish::Pause { until: None }).await?) == "done");
    leader.sight(world.sightings(&PACKAGES)?).await?;
    tokio::time::sleep(Duration::from_secs(7200)).await;
    ensure!(world.store.rows().batches.is_empty(), "it is paused");
    ensure!(result(&ask(&world, Wish::Unpause).await?) == "done");
    world.until("the batch is done", is_done).await
}

#[tokio::test(start_paused = true)]
async fn a_source_that_a_person_takes_off_the_deny_list_may_be_built_again() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    let _leader = world.lead().await?;
    let source: ScmUrl = "git+https://src.example.org/rpms/bash#0123".parse()?;
    let at = Timestamp::from_millis(5);
    let row = DenyRow {
        source: source.clone(),
        component: "bash".parse()?,
        class: "build".to_owned(),
        text: String::new(),
        batch: Some(BatchId::new(1)),
        task: None,
        first: at,
        last: at,
        count: 1,
        expires: Timestamp::from_millis(i64::MAX),
    };
    world.store.rows().denied.insert(source.clone(), row);
    let wish = Wish::Undeny { what: "^bash$".to_owned(), sources: vec![source] };
    ensure!(result(&ask(&world, wish).await?) == "done");
    ensure!(world.store.rows().denied.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_person_can_have_the_configuration_read_anew_at_once() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    let _leader = world.lead().await?;
    ensure!(result(&ask(&world, Wish::Refresh).await?) == "done");
    tokio::time::timeout(Duration::from_secs(1), world.parts.refresh.notified()).await?;
    Ok(())
}
