//! Each kind of effect, twice: its reply is lost after it took place, and who carried it out dies before its outcome is stored.
//! Fedora sees it once, and the ledger closes.
//!
//! `untag_builds` has no row: nothing wishes for it, since a side tag may lose its last build never and an errata tag that is
//! wrong is replaced.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::store::Runner;
use ebs_domain::batch::Plan;
use fedora_sim::script::{Outcome, Script};

use crate::{
    line::Mishap,
    stage::{Stage, script, sim_plan},
};

const PACKAGES: [&str; 2] = ["bash", "sed"];

/// One kind of effect.
struct Row {
    /// As the ledger calls it.
    kind: &'static str,
    /// The request that carries it out.
    request: &'static str,
    /// Who sends that.
    runner: Runner,
    /// Whether Fedora saw it once.
    once: fn(&Stage) -> Result<()>,
}

const ROWS: [Row; 8] = [
    Row {
        kind: "create_side_tag",
        request: "createSideTag",
        runner: Runner::Coordinator,
        once: |stage| called(stage, "createSideTag", 2),
    },
    Row {
        kind: "tag_builds",
        request: "tagBuild",
        runner: Runner::Coordinator,
        once: each_tagged_once,
    },
    Row {
        kind: "request_repo",
        request: "repo.request",
        runner: Runner::Coordinator,
        once: one_repo_request,
    },
    Row {
        kind: "promote_builds",
        request: "promoteBuild",
        runner: Runner::Coordinator,
        once: all_promoted,
    },
    Row {
        kind: "remove_side_tag",
        request: "removeSideTag",
        runner: Runner::Coordinator,
        once: |_| Ok(()),
    },
    Row {
        kind: "submit_builds",
        request: "build",
        runner: Runner::Worker,
        once: |stage| called(stage, "build", 2),
    },
    Row {
        kind: "cancel_tasks",
        request: "cancelTask",
        runner: Runner::Worker,
        once: one_cancelled,
    },
    Row {
        kind: "submit_update",
        request: "POST /updates/",
        runner: Runner::Worker,
        once: |_| Ok(()),
    },
];

fn called(stage: &Stage, method: &str, times: u64) -> Result<()> {
    let calls = stage.calls().get(method).copied().unwrap_or(0);
    ensure!(calls == times, "{method} was carried out {calls} times instead of {times}");
    Ok(())
}

/// Seeds and builds enter the tag that is built in, builds the errata tag. To ask again for what is under way does no harm.
fn each_tagged_once(stage: &Stage) -> Result<()> {
    let mut entered = stage.fedora.read(|state| {
        let messages =
            state.messages().iter().filter(|message| message.topic.ends_with("buildsys.tag"));
        let pair = |body: &serde_json::Value| {
            Some((body["tag"].as_str()?.to_owned(), body["build_id"].as_i64()?))
        };
        messages.filter_map(|message| pair(&message.body)).collect::<Vec<_>>()
    });
    entered.retain(|(tag, _)| tag.starts_with("eln-build-side-") && !tag.ends_with("-pending"));
    let all = entered.len();
    entered.sort();
    entered.dedup();
    ensure!(all == 6 && entered.len() == all, "{all} taggings: {entered:?}");
    Ok(())
}

fn one_repo_request(stage: &Stage) -> Result<()> {
    // Builds have Koji ask too, with no event of ours.
    let asked = stage.fedora.read(|state| {
        let known = |id: &i64| state.repo_request(*id).is_some();
        (1..10_000)
            .take_while(known)
            .filter_map(|id| state.repo_request(id).cloned())
            .collect::<Vec<_>>()
    });
    let mut events: Vec<_> = asked.iter().map(|request| (request.tag, request.min_event)).collect();
    let all = events.len();
    events.sort_unstable();
    events.dedup();
    ensure!(all > 0 && events.len() == all, "a repo was asked for twice: {asked:?}");
    Ok(())
}

fn all_promoted(stage: &Stage) -> Result<()> {
    let builds = stage.report().builds;
    let drafts: Vec<_> = builds
        .iter()
        .filter(|build| build.nvr.as_ref().is_none_or(|nvr| nvr.contains(',')))
        .collect();
    ensure!(drafts.is_empty(), "not promoted: {drafts:?}");
    Ok(())
}

fn one_cancelled(stage: &Stage) -> Result<()> {
    let builds = stage.report().builds;
    let states: Vec<_> =
        builds.iter().map(|build| (build.source.contains("sed"), build.state)).collect();
    ensure!(
        states.contains(&(true, "CANCELED")) && states.contains(&(false, "CLOSED")),
        "{states:?}"
    );
    Ok(())
}

/// A task is cancelled only if it takes too long.
fn set_for(row: &Row) -> (Plan, Script) {
    let (mut plan, mut script) = (sim_plan(), script());
    if row.kind == "cancel_tasks" {
        plan.build_timeout = Duration::from_secs(3600);
        script.outcomes.insert("sed".to_owned(), vec![Outcome::NeverEnds]);
    }
    (plan, script)
}

/// Plays a batch in which this happens, once, to the effect's first request.
async fn play(row: &Row, mishap: Mishap) -> Result<()> {
    let (plan, script) = set_for(row);
    let stage = Stage::new(&PACKAGES, plan, script)?;
    stage.line.set(row.request, mishap);
    let (mut leader, mut worker) = (stage.lead().await?, stage.work()?);
    stage.tag(&leader, &PACKAGES).await?;
    stage.until("it has happened", |stage| stage.line.has_happened()).await?;
    if mishap == Mishap::Death {
        // Not the very moment: what it asked for is to have its effect.
        tokio::time::sleep(Duration::from_secs(1)).await;
        match row.runner {
            Runner::Coordinator => {
                leader.kill().await;
                leader = stage.lead().await?;
            }
            Runner::Worker => {
                worker.abort();
                worker = stage.work()?;
            }
        }
    }
    stage.until("the batch is done", |stage| stage.store.phase() == "done").await?;
    (row.once)(&stage)?;
    let (open, report) = (stage.open_effects(), stage.report());
    ensure!(open.is_empty(), "open effects: {open:?}");
    ensure!(stage.store.effects(row.kind).1 > 0, "the effect was wished for");
    ensure!(report.duplicates.is_empty(), "{:?}", report.duplicates);
    ensure!(report.unknown_calls.is_empty(), "{:?}", report.unknown_calls);
    ensure!(report.updates.len() == 1, "{:?}", report.updates);
    ensure!(report.builds.len() == PACKAGES.len(), "{:?}", report.builds);
    ensure!(report.leftovers.side_tags.is_empty(), "{:?}", report.leftovers);
    ensure!(report.leftovers.open_tasks.is_empty(), "{:?}", report.leftovers);
    worker.abort();
    leader.kill().await;
    Ok(())
}

async fn play_all(mishap: Mishap) -> Result<()> {
    for row in &ROWS {
        play(row, mishap).await.with_context(|| format!("{}: {mishap:?}", row.kind))?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_effect_whose_reply_is_lost_after_it_took_place_is_found_and_not_repeated() -> Result<()>
{
    play_all(Mishap::ReplyLost).await
}

#[tokio::test(start_paused = true)]
async fn an_effect_whose_sender_dies_before_its_outcome_is_stored_is_found_and_not_repeated()
-> Result<()> {
    play_all(Mishap::Death).await
}
