//! Workers of two versions on one queue: a job that only the newer one knows waits for it.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use ebs_domain::id::Epoch;
use ebs_integration::{redis::RedisServer, wait::until_some};
use ebs_shared::{
    job::{Job, PROTOCOL, Work},
    queue::{
        Consumer, Delivered, JobEnd, Lane, LocalQueue, LocalSettings, NewJob, Producer,
        RedisConsumer, RedisProducer, RedisSettings,
    },
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
    let parts = WorkerParts {
        consumer: ours,
        hub: Arc::clone(&world.parts.hub),
        updates: Arc::clone(&world.parts.updates),
        clock: Arc::clone(&world.parts.clock),
        chance: Arc::clone(&world.parts.chance),
        metrics: WorkerMetrics::register(&prometheus::Registry::new())?,
        settings: WorkerSettings::named("ours"),
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
