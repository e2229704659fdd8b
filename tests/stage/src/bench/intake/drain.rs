//! A queue that is full, and how it becomes empty. Does *not* know who empties it.

use std::time::Duration;

use anyhow::ensure;
use ebs_integration::publisher::{MATTERS, Publisher};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::{
    bench::{
        processes::{Used, used},
        run::round,
    },
    child::Child,
    config::{PREFIX, QUEUE},
};

/// The longest that one queue may take.
const LIMIT: Duration = Duration::from_secs(300);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// How one consumer emptied one queue.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Drained {
    /// Messages that were in the queue.
    pub(super) messages: u32,
    /// Of these, those that matter.
    pub(super) matter: u64,
    /// Of these, those that were kept.
    pub(super) kept: u64,
    /// Messages that the consumer left in the queue when it had ended, or did not acknowledge.
    pub(super) left: u32,
    /// From the first message that was taken until all that matters was kept.
    pub(super) seconds: f64,
    /// The consumer's CPU seconds in that time.
    pub(super) cpu: f64,
    /// The consumer's most memory at once, in MB.
    pub(super) peak_mb: f64,
}

impl Drained {
    /// Messages per second.
    pub(super) fn rate(&self) -> f64 {
        f64::from(self.messages) / self.seconds
    }

    /// What is not as it should be.
    pub(super) fn differences(&self) -> Vec<String> {
        let Self { matter, kept, left, messages, .. } = self;
        let mut found = Vec::new();
        if kept != matter {
            found.push(format!("{kept} of {matter} messages that matter were kept"));
        }
        if *left > 0 {
            found.push(format!("{left} of {messages} messages were left"));
        }
        found
    }
}

/// A queue with so many messages that nobody takes yet.
pub(super) struct Full {
    publisher: Publisher,
    messages: u32,
}

impl Full {
    /// Fills the queue, which is made if it is not there. The last message matters: once it is kept, all are done with.
    ///
    /// # Errors
    ///
    /// The broker does not take them, or somebody takes them away.
    pub(super) async fn with(
        messages: u32,
        broker: &str,
        hub: &str,
        packages: &[&str],
    ) -> anyhow::Result<Self> {
        let topic = format!("{PREFIX}.buildsys.tag");
        let mut publisher = Publisher::connect(broker, &topic, hub).await?;
        publisher.queue(QUEUE).await?;
        publisher.flood(messages - 1, packages).await?;
        publisher.tag(MATTERS, packages.first().copied().unwrap_or("bash")).await?;
        publisher.settle().await?;
        let waiting = publisher.waiting(QUEUE).await?;
        ensure!(waiting == messages, "of {messages} messages {waiting} are in the queue");
        Ok(Self { publisher, messages })
    }

    /// Looks on while this consumer takes all, ends it, and tells. `kept` asks how many messages it has kept.
    ///
    /// # Errors
    ///
    /// The consumer or the broker ends, or takes nothing.
    pub(super) async fn drained(
        &self,
        mut consumer: Child,
        mut kept: impl AsyncFnMut() -> anyhow::Result<u64>,
    ) -> anyhow::Result<Drained> {
        let programs = [(consumer.name().to_owned(), consumer.pid().unwrap_or_default())];
        let uses = || -> Used { used(&programs).into_values().next().unwrap_or_default() };
        self.falls_below(self.messages, &mut consumer).await?;
        let (began, before) = (Instant::now(), uses());
        self.falls_below(1, &mut consumer).await?;
        let matter = u64::try_from(self.publisher.matter.len())?;
        let mut found = kept().await?;
        while found < matter && began.elapsed() < LIMIT {
            consumer.must_live()?;
            sleep(LOOK).await;
            found = kept().await?;
        }
        let (seconds, after) = (began.elapsed().as_secs_f64(), uses());
        consumer.stop().await;
        Ok(Drained {
            messages: self.messages,
            matter,
            kept: found,
            // What it had taken and not acknowledged has come back.
            left: self.publisher.waiting(QUEUE).await?,
            seconds,
            cpu: round(after.cpu - before.cpu),
            peak_mb: round(after.peak_mb),
        })
    }

    async fn falls_below(&self, messages: u32, consumer: &mut Child) -> anyhow::Result<()> {
        let until = Instant::now() + LIMIT;
        loop {
            let waiting = self.publisher.waiting(QUEUE).await?;
            if waiting < messages {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{waiting} messages wait after {} s", LIMIT.as_secs());
            consumer.must_live()?;
            sleep(LOOK).await;
        }
    }
}
