//! The shelf on the queue's server. Nobody is told of a record that the server has forgotten.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    RedisSettings,
    link::Link,
    script::{Call, Transaction},
};
use crate::queue::{Drawer, QueueError, QueueErrorKind, Shelf, Shelved};

/// The shelf of all instances that share this server and prefix.
pub struct RedisShelf {
    link: Link,
}

impl RedisShelf {
    /// A shelf on this server; connects when it is first used.
    ///
    /// # Errors
    ///
    /// If the address is none.
    pub fn new(settings: &RedisSettings) -> Result<Self, QueueError> {
        Ok(Self { link: Link::new(settings)? })
    }

    /// A call about the record of this name, beginning with its two keys.
    fn about(&self, transaction: Transaction, drawer: Drawer, name: &str) -> Call {
        let keys = &self.link.keys;
        Call::of(transaction).key(keys.record(drawer, name)).key(keys.records(drawer)).arg(name)
    }
}

#[async_trait]
impl Shelf for RedisShelf {
    async fn put(
        &self,
        drawer: Drawer,
        name: &str,
        record: &str,
        lasts: Duration,
    ) -> Result<Shelved, QueueError> {
        let what = "keep a record";
        let millis = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        let call = self.about(Transaction::Shelve, drawer, name);
        let call = call.arg(record).arg(millis).arg(drawer.most());
        let answer: String = self.link.one(what, call).await?;
        match answer.as_str() {
            "OK" => Ok(Shelved::Kept),
            "FULL" => Ok(Shelved::Full),
            _ => Err(QueueError::new(what, QueueErrorKind::Garbled(answer))),
        }
    }

    async fn look(&self, drawer: Drawer, name: &str) -> Result<Option<String>, QueueError> {
        let mut get = redis::cmd("GET");
        get.arg(self.link.keys.record(drawer, name));
        self.link.command("look at a record", &get).await
    }

    async fn take(&self, drawer: Drawer, name: &str) -> Result<Option<String>, QueueError> {
        self.link.one("take a record", self.about(Transaction::Unshelve, drawer, name)).await
    }
}
