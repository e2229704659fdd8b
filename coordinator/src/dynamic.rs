//! The dynamic configuration, read again and again from where it is kept. Does *not* decide whether it is used.

use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use async_trait::async_trait;
use ebs_shared::config::{
    DynamicConfig, Fault, parse_dynamic,
    source::{Origin, Source, SourceError, Version},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether a file is another one.
const LOOK: Duration = Duration::from_secs(3);

/// Where the dynamic configuration comes from.
#[async_trait]
pub trait Dynamic: Send + Sync {
    /// Reads it as it is now.
    ///
    /// # Errors
    ///
    /// If it is not to be had, or has faults: all of them.
    async fn read(&self) -> anyhow::Result<Read>;
}

/// A dynamic configuration without faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What it says.
    pub config: DynamicConfig,
    /// Where it comes from.
    pub origin: Origin,
}

/// The dynamic configuration of a file, an address, or a git repository.
pub struct FromSource {
    source: Source,
    /// What was warned of last: each reading would say the same again.
    warned: Mutex<Vec<Fault>>,
}

impl FromSource {
    /// Reads from there.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, warned: Mutex::default() }
    }
}

#[async_trait]
impl Dynamic for FromSource {
    async fn read(&self) -> anyhow::Result<Read> {
        let fetched = self.source.read().await?;
        let parsed = parse_dynamic(&fetched.file, &fetched.text);
        let loaded = match &fetched.origin.version {
            // The faults name a file of the repository, and that alone.
            Version::Commit(_) => parsed.with_context(|| fetched.origin.to_string())?,
            Version::Hash(_) => parsed?,
        };
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in loaded.warnings.iter().filter(|warning| !warned.contains(warning)) {
            tracing::warn!(warning = warning.to_string(), "in the dynamic configuration");
        }
        *warned = loaded.warnings;
        Ok(Read { config: loaded.config, origin: fetched.origin })
    }
}

/// Whether a reading that failed may succeed without anybody changing something here.
#[must_use]
pub fn may_pass(error: &anyhow::Error) -> bool {
    error.downcast_ref::<SourceError>().is_some_and(|error| error.kind.may_pass())
}

/// What tells a file from the one that was there before, without reading it.
#[derive(Debug, PartialEq, Eq)]
struct Print {
    inode: u64,
    size: u64,
    changed: Option<SystemTime>,
}

impl Print {
    /// Links are followed: in a cluster the name stays and leads to another folder.
    fn of(path: &PathBuf) -> io::Result<Self> {
        let found = std::fs::metadata(path)?;
        Ok(Self { inode: found.ino(), size: found.len(), changed: found.modified().ok() })
    }
}

/// Asks for a refresh whenever the file is another one. A file that is missing is as it was.
pub async fn watch_file(path: PathBuf, ask: Arc<Notify>, stop: CancellationToken) {
    let mut last = Print::of(&path).ok();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let Ok(print) = Print::of(&path) else { continue };
        if last.as_ref() != Some(&print) {
            last = Some(print);
            ask.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
