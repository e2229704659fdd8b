//! Workers of two versions on one queue: a job that only the newer one knows waits for it.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use ebs_domain::id::Epoch;
use ebs_integration::{redis::RedisServer, wait::until_some};
use ebs_shared::{
    job::{Job, PROTOCOL, Work},
    koji::api::Hub as _,
    queue::{
        Consumer, Delivered, JobEnd, Lane, LocalQueue, LocalSettings, NewJob, Producer,
        RedisConsumer, RedisProducer, RedisSettings,
    },
    telemetry::Metrics,
};
use ebs_worker::{WorkerMetrics, WorkerParts, WorkerSettings};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A job of the next version, which may begin once only.
fn newer_job() -> Result<NewJob> {
    let job = Job {
        v: PROTOCOL + 1,
        of: "b1.1.cancel_tasks".to_owned(),
        run: 1,
        batch: None,
        attempt: None,
        epoch: Epoch::new(1),
        traceparent: String::new(),
        work: Work::CancelTasks { tasks: Vec::new() },
    };
    // What it asks for is not known to this program either.
    let payload = serde_json::to_string(&job)?.replace("cancel_tasks", "cancel_politely");
    Ok(NewJob {
        id: "b1.1.cancel_tasks#1".to_owned(),
        lane: Lane::Submit,
        kind: "cancel_politely",
        what: "cancel politely".to_owned(),
        payload,
        max_attempts: 1,
        redeliver_after: Duration::ZERO,
    })
}

/// The worker of this version hands it back, as often as it gets it; then the newer one does it.
async fn is_left_for_others(
    producer: &dyn Producer,
    ours: Arc<dyn Consumer>,
    newer: &dyn Consumer,
) -> Result<()> {
    let world = World::new(&[])?;
    let job = newer_job()?;
    producer.enqueue(Epoch::new(1), std::slice::from_ref(&job)).await?;
    let settings = WorkerSettings::named("ours");
    let parts = WorkerParts {
        consumer: ours,
        hub: Arc::clone(&world.parts.hub),
        updates: Arc::clone(&world.parts.updates),
        clock: Arc::clone(&world.parts.clock),
        chance: Arc::clone(&world.parts.chance),
        metrics: WorkerMetrics::register(&Metrics::new()?)?,
        pulse: settings.pulse(),
        settings,
    };
    let stop = CancellationToken::new();
    let worker = tokio::spawn(ebs_worker::run(parts, stop.clone()));
    until_some("it is handed back", async || {
        Ok((producer.depths().await?.scheduled == 1).then_some(()))
    })
    .await?;
    stop.cancel();
    worker.await?;
    let held = until_some("the newer worker has it", async || {
        producer.maintain().await?;
        Ok(newer.take(&Lane::ALL, 1, Duration::ZERO).await?.pop())
    })
    .await?;
    ensure!(held.payload == job.payload, "nothing of it is changed");
    newer.complete(&held, "done politely").await?;
    let results = producer.results(9, Duration::ZERO, false).await?;
    let ends: Vec<JobEnd> = results.into_iter().map(|Delivered { end, .. }| end).collect();
    ensure!(
        ends == [JobEnd::Done("done politely".to_owned())],
        "handing back cost it nothing: {ends:?}"
    );
    ensure!(producer.dead(9).await?.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_job_of_a_newer_version_is_left_for_others_by_the_queue_in_process() -> Result<()> {
    let queue = LocalQueue::new(LocalSettings::default());
    let (ours, newer) = (queue.consumer("ours"), queue.consumer("newer"));
    is_left_for_others(&queue, Arc::new(ours), &newer).await
}

#[tokio::test]
async fn a_job_of_a_newer_version_is_left_for_others_by_the_queue_on_redis() -> Result<()> {
    let server = RedisServer::start().await?;
    let settings = RedisSettings::at(&server.url);
    let ours = Arc::new(RedisConsumer::new(&settings, "ours")?);
    let newer = RedisConsumer::new(&settings, "newer")?;
    is_left_for_others(&RedisProducer::new(&settings)?, ours, &newer).await
}

/// Lets a worker of another version submit the builds, whose report says this.
async fn reported(report: &str) -> Result<()> {
    const PACKAGES: [&str; 2] = ["bash", "sed"];
    let mut world = World::new(&PACKAGES)?;
    world.queue.hold_back(&[Lane::Submit]);
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    let held = loop {
        if let Some(held) = world.queue.take_held_back().await? {
            break held;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let job: Job = serde_json::from_str(&held.payload)?;
    let Work::SubmitBuilds { options, builds, .. } = job.work else { anyhow::bail!("{job:?}") };
    world.fedora.submit_builds(&options, &builds).await?;
    world.queue.complete(&held, report).await?;
    world.queue.hold_back(&[]);
    let reported = tokio::time::Instant::now();
    let known = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("what it did is found", known).await?;
    ensure!(reported.elapsed() < Duration::from_secs(60), "{:?}", reported.elapsed());
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    world.assert_clean(PACKAGES.len());
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_a_report_says_that_cannot_be_read_is_found_by_looking() -> Result<()> {
    reported("{}").await
}

#[tokio::test(start_paused = true)]
async fn what_a_report_of_another_version_says_is_found_by_looking() -> Result<()> {
    let newer = r#"{"v":2,"of":"b1.5.submit_builds","run":1,"worker":"w","at":0,"answer":{"kind":"impossible","why":""}}"#;
    reported(newer).await
}
