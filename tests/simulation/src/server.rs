//! The queue's server: the shipped queue in memory, which can be wiped.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ebs_shared::queue::{Depths, LocalConsumer, LocalQueue, LocalSettings, Producer as _};

struct Content {
    queue: LocalQueue,
    producers: BTreeMap<String, LocalQueue>,
    consumers: BTreeMap<String, Arc<LocalConsumer>>,
}

/// The server.
pub struct QueueServer {
    lease: Duration,
    content: Mutex<Content>,
    /// Jobs whose results were forgotten while the ledger still waited for them.
    too_early: Mutex<Vec<String>>,
}

impl QueueServer {
    /// An empty one with this lease of a job.
    #[must_use]
    pub fn new(lease: Duration) -> Self {
        Self { lease, content: Mutex::new(empty(lease)), too_early: Mutex::default() }
    }

    /// Forgets everything, as a wiped Redis does.
    pub fn wipe(&self) {
        *self.content() = empty(self.lease);
    }

    /// What it holds.
    pub async fn depths(&self) -> Depths {
        let queue = self.content().queue.clone();
        queue.depths().await.unwrap_or_default()
    }

    /// Notes jobs whose results were forgotten while the ledger still waited for them.
    pub fn forgotten(&self, jobs: Vec<String>) {
        self.too_early.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
    }

    /// All of them.
    #[must_use]
    pub fn forgotten_too_early(&self) -> Vec<String> {
        self.too_early.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long a job is held without a beat.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.lease
    }

    /// A coordinator's side of it as it is now.
    #[must_use]
    pub fn producer(&self, name: &str) -> LocalQueue {
        let mut content = self.content();
        let Content { queue, producers, .. } = &mut *content;
        producers.entry(name.to_owned()).or_insert_with(|| queue.another()).clone()
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
    Content { queue, producers: BTreeMap::new(), consumers: BTreeMap::new() }
}
