//! Records with an end, kept beside the queue, so that every instance sees them: who has logged in, and who is about to. Does
//! *not* know what stands in one.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::QueueError;

/// What a record is about. Each has its own room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drawer {
    /// Somebody has logged in.
    Session,
    /// Somebody is about to.
    Login,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelved {
    /// It is kept.
    Kept,
    /// There is no room for it.
    Full,
}

/// Keeps records until they end.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Keeps a record under this name, for so long.
    ///
    /// # Errors
    ///
    /// The server does not do it.
    async fn put(
        &self,
        drawer: Drawer,
        name: &str,
        record: &str,
        lasts: Duration,
    ) -> Result<Shelved, QueueError>;

    /// The record of this name, if it has not ended.
    ///
    /// # Errors
    ///
    /// The server does not do it.
    async fn look(&self, drawer: Drawer, name: &str) -> Result<Option<String>, QueueError>;

    /// The same, which is then gone: of several who ask at once, one gets it.
    ///
    /// # Errors
    ///
    /// The server does not do it.
    async fn take(&self, drawer: Drawer, name: &str) -> Result<Option<String>, QueueError>;
}

impl Drawer {
    /// Its word, in names of keys.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Login => "login",
        }
    }

    /// Most records in it: more sessions than there are people, and more logins than they begin in ten minutes.
    #[must_use]
    pub fn most(self) -> usize {
        match self {
            Self::Session => 10_000,
            Self::Login => 5_000,
        }
    }
}

/// A shelf in this process: what is on it is forgotten with the process.
#[derive(Default)]
pub struct LocalShelf {
    records: Mutex<BTreeMap<(Drawer, String), Kept>>,
}

struct Kept {
    record: String,
    until: Instant,
}

#[async_trait]
impl Shelf for LocalShelf {
    async fn put(
        &self,
        drawer: Drawer,
        name: &str,
        record: &str,
        lasts: Duration,
    ) -> Result<Shelved, QueueError> {
        let now = Instant::now();
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.retain(|_, kept| kept.until > now);
        if records.keys().filter(|(of, _)| *of == drawer).count() >= drawer.most() {
            return Ok(Shelved::Full);
        }
        let kept = Kept { record: record.to_owned(), until: now + lasts };
        records.insert((drawer, name.to_owned()), kept);
        Ok(Shelved::Kept)
    }

    async fn look(&self, drawer: Drawer, name: &str) -> Result<Option<String>, QueueError> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = records.get(&(drawer, name.to_owned()));
        let kept = kept.filter(|kept| kept.until > Instant::now());
        Ok(kept.map(|kept| kept.record.clone()))
    }

    async fn take(&self, drawer: Drawer, name: &str) -> Result<Option<String>, QueueError> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = records.remove(&(drawer, name.to_owned()));
        Ok(kept.filter(|kept| kept.until > Instant::now()).map(|kept| kept.record))
    }
}
