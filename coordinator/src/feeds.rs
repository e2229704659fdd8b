//! What feeds the driver: a reader of results and the queue's own upkeep, and a reader of what people ask.

use std::{sync::Arc, time::Duration};

use ebs_shared::queue::Producer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{driver::Input, report::chain, store::Store, web::Reporter};

/// Most results taken at once.
const MAX_RESULTS: usize = 64;

/// How long one reading waits for the first result.
const WAIT: Duration = Duration::from_secs(1);

/// Most requests taken at once.
const MAX_REQUESTS: u32 = 64;

/// How often requests are looked for.
const REQUESTS_PAUSE: Duration = Duration::from_millis(500);

/// The longest round of one of these loops: what it asks, with all time limits, and the driver's taking what was found.
pub const ROUND: Duration = Duration::from_secs(60);

/// The pause after the queue failed.
const FAILED_PAUSE: Duration = Duration::from_millis(500);

/// Reads results until the term is over. Those that an earlier term did not acknowledge come first, and come again after a
/// failure: they say nothing new then.
pub async fn read_results(
    queue: Arc<dyn Producer>,
    driver: mpsc::Sender<Input>,
    health: Reporter,
    over: CancellationToken,
) {
    let mut again = true;
    while !over.is_cancelled() {
        // A blocking read is never dropped: the server would deliver into the void. The first asks what is there.
        let wait = if again { Duration::ZERO } else { WAIT };
        let input = match queue.results(MAX_RESULTS, wait, again).await {
            Ok(results) if results.is_empty() => {
                health.well();
                again = false;
                continue;
            }
            Ok(results) => {
                health.well();
                // Those that are read again stay until they are acknowledged: read them once.
                again = again && results.len() == MAX_RESULTS;
                Input::Results(results)
            }
            Err(error) => {
                health.ill(chain(&error));
                pause(FAILED_PAUSE, &over).await;
                // What it gave without being heard counts as read.
                again = true;
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
    health: Reporter,
    over: CancellationToken,
) {
    let mut failing = false;
    while !over.is_cancelled() {
        let read = store.requests(MAX_REQUESTS).await;
        tell(&health, read.as_ref().err());
        match read {
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
pub async fn maintain(
    queue: Arc<dyn Producer>,
    every: Duration,
    health: Reporter,
    over: CancellationToken,
) {
    let mut failing = false;
    while !over.is_cancelled() {
        let kept = queue.maintain().await;
        tell(&health, kept.as_ref().err());
        match kept {
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

/// A round is over: how it went.
fn tell<E: std::error::Error>(health: &Reporter, error: Option<&E>) {
    match error {
        None => health.well(),
        Some(error) => health.ill(chain(error)),
    }
}

async fn pause(span: Duration, over: &CancellationToken) {
    tokio::select! {
        biased;
        () = over.cancelled() => {}
        () = tokio::time::sleep(span) => {}
    }
}
