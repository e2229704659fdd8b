//! What feeds the driver: a reader of results and the queue's own upkeep, and a reader of what people ask.

use std::{sync::Arc, time::Duration};

use ebs_shared::queue::Producer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{driver::Input, report::chain, store::Store};

/// Most results taken at once.
const MAX_RESULTS: usize = 64;

/// How long one reading waits for the first result.
const WAIT: Duration = Duration::from_secs(1);

/// Most requests taken at once.
const MAX_REQUESTS: u32 = 64;

/// How often requests are looked for.
const REQUESTS_PAUSE: Duration = Duration::from_millis(500);

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

/// Reads what people ask until the term is over. What is not answered yet is handed over again: answering twice does nothing.
pub async fn read_requests(
    store: Arc<dyn Store>,
    driver: mpsc::Sender<Input>,
    over: CancellationToken,
) {
    let mut failing = false;
    while !over.is_cancelled() {
        match store.requests(MAX_REQUESTS).await {
            Ok(requests) if requests.is_empty() => failing = false,
            Ok(requests) => {
                failing = false;
                if driver.send(Input::Requests(requests)).await.is_err() {
                    return;
                }
            }
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(error = chain(&error), "what people ask cannot be read");
            }
            Err(_) => {}
        }
        pause(REQUESTS_PAUSE, &over).await;
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
