//! What feeds the driver from the queue: a reader of results, and the queue's own upkeep.

use std::{sync::Arc, time::Duration};

use ebs_shared::queue::Producer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{driver::Input, report::chain};

/// Most results taken at once.
const MAX_RESULTS: usize = 64;

/// How long one reading waits for the first result.
const WAIT: Duration = Duration::from_secs(1);

/// The pause after the queue failed.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// Reads results until the term is over. Those that an earlier term did not acknowledge come first.
pub async fn read_results(
    queue: Arc<dyn Producer>,
    driver: mpsc::Sender<Input>,
    over: CancellationToken,
) {
    let mut again = true;
    while !over.is_cancelled() {
        // A blocking read is never dropped: the server would deliver into the void.
        let input = match queue.results(MAX_RESULTS, WAIT, again).await {
            Ok(results) if results.is_empty() => {
                again = false;
                continue;
            }
            Ok(results) => {
                // Those that are read again stay until they are acknowledged: read them once.
                again = again && results.len() == MAX_RESULTS;
                Input::Results(results)
            }
            Err(error) => {
                pause(FAILED_PAUSE, &over).await;
                Input::QueueFailed(chain(&error))
            }
        };
        if driver.send(input).await.is_err() {
            return;
        }
    }
}

/// Lets the queue move what is due and hand out what was abandoned, until the term is over.
pub async fn maintain(queue: Arc<dyn Producer>, every: Duration, over: CancellationToken) {
    let mut failing = false;
    while !over.is_cancelled() {
        match queue.maintain().await {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(error = chain(&error), "the queue cannot be kept up");
            }
            Err(_) => {}
        }
        pause(every, &over).await;
    }
}

async fn pause(span: Duration, over: &CancellationToken) {
    tokio::select! {
        biased;
        () = over.cancelled() => {}
        () = tokio::time::sleep(span) => {}
    }
}
