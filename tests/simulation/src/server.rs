//! The queue's server: the shipped queue in memory, which can be wiped.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ebs_shared::queue::{LocalConsumer, LocalQueue, LocalSettings};

struct Content {
    queue: LocalQueue,
    consumers: BTreeMap<String, Arc<LocalConsumer>>,
}

/// The server.
pub struct QueueServer {
    lease: Duration,
    content: Mutex<Content>,
}

impl QueueServer {
    /// An empty one with this lease of a job.
    #[must_use]
    pub fn new(lease: Duration) -> Self {
        Self { lease, content: Mutex::new(empty(lease)) }
    }

    /// Forgets everything, as a wiped Redis does.
    pub fn wipe(&self) {
        *self.content() = empty(self.lease);
    }

    /// How long a job is held without a beat.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.lease
    }

    /// As it is now.
    #[must_use]
    pub fn queue(&self) -> LocalQueue {
        self.content().queue.clone()
    }

    /// A worker's side of it as it is now.
    #[must_use]
    pub fn consumer(&self, name: &str) -> Arc<LocalConsumer> {
        let mut content = self.content();
        if let Some(consumer) = content.consumers.get(name) {
            return Arc::clone(consumer);
        }
        let consumer = Arc::new(content.queue.consumer(name));
        content.consumers.insert(name.to_owned(), Arc::clone(&consumer));
        consumer
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn empty(lease: Duration) -> Content {
    let queue = LocalQueue::new(LocalSettings { lease, ..LocalSettings::default() });
    Content { queue, consumers: BTreeMap::new() }
}
