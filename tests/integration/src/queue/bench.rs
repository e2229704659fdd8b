//! The means to drive a queue under test, whichever it is.

use std::{sync::Arc, time::Duration};

use ebs_domain::id::Epoch;
use ebs_shared::queue::{
    Consumer, Delivered, Enqueued, Held, JobEnd, Lane, NewJob, Producer, QueueError,
};

use crate::wait::until_some;

/// The lease of the queues under test.
pub const LEASE: Duration = Duration::from_millis(400);
/// The epoch that everything is enqueued with unless said otherwise.
pub const EPOCH: Epoch = Epoch::new(7);

/// A queue under test.
pub trait Bench: Send + Sync {
    /// The coordinator's side; each call may give another handle of the same queue.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    fn producer(&self) -> Result<Arc<dyn Producer>, QueueError>;
    /// A worker's side under this name.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    fn consumer(&self, name: &str) -> Result<Arc<dyn Consumer>, QueueError>;
}

/// A job of this id, which may begin three times and is handed out again at once after its holder's death.
#[must_use]
pub fn job(id: &str, lane: Lane) -> NewJob {
    NewJob {
        id: id.to_owned(),
        lane,
        kind: "submit_builds",
        what: format!("build {id} into eln-build-side-100042, attempt 1"),
        payload: format!("payload of {id}"),
        max_attempts: 3,
        redeliver_after: Duration::ZERO,
    }
}

/// Puts one job on the queue.
///
/// # Errors
///
/// If the queue fails.
pub async fn put(producer: &dyn Producer, job: NewJob) -> anyhow::Result<Option<Enqueued>> {
    Ok(producer.enqueue(EPOCH, &[job]).await?.pop())
}

/// Takes the next job of any lane, maintaining the queue meanwhile.
///
/// # Errors
///
/// If none comes in time.
pub async fn take_one(producer: &dyn Producer, consumer: &dyn Consumer) -> anyhow::Result<Held> {
    until_some("a job comes", async || {
        producer.maintain().await?;
        Ok(consumer.take(&Lane::ALL, 1, Duration::ZERO).await?.pop())
    })
    .await
}

/// Waits for the next results and acknowledges them.
///
/// # Errors
///
/// If none comes in time.
pub async fn next_results(producer: &dyn Producer) -> anyhow::Result<Vec<(String, JobEnd)>> {
    let found = until_some("a result comes", async || {
        producer.maintain().await?;
        let found = producer.results(100, Duration::ZERO, false).await?;
        Ok((!found.is_empty()).then_some(found))
    })
    .await?;
    let entries: Vec<String> = found.iter().map(|result| result.entry.clone()).collect();
    let _gone = producer.acknowledge(EPOCH, &entries).await?;
    Ok(found.into_iter().map(|Delivered { job, end, .. }| (job, end)).collect())
}
