//! Calls that run beside the loop: what they ask, and what came of them. Nobody waits for one; its end is news.

use std::sync::Arc;

use ebs_domain::{
    batch::{Effect, Event, Outcome, Plan},
    id::{BatchId, TriggerId},
};
use tracing::{Instrument as _, Span};

use super::{
    effects::{self, Running},
    failing::Failing,
    parts::Parts,
    reads::Reading,
    search::{Search, Stray},
    siblings::{Expected, Family},
};
use crate::store::OrphanKind;

/// A call to make, now that the turn that wants it is stored. Dropping it unmade is what a crash would do.
#[must_use]
pub struct Call {
    parts: Arc<Parts>,
    start: Start,
    span: Span,
}

/// What a call asks.
#[derive(Debug)]
pub(super) enum Start {
    /// List side tags before one is made.
    List { effect: String, run: u32, wish: Effect },
    /// Run an effect of the leader's.
    Effect { effect: String, run: u32, running: Running },
    /// Read something for a batch.
    Read { batch: BatchId, reading: Reading, plan: Box<Plan> },
    /// Ask the queue which jobs it does not know.
    Missing(Vec<String>),
    /// Look for what is ours and that nobody knows.
    Search(Search),
    /// Ask Bodhi which builds belong with some that wait.
    Siblings(Family),
}

/// What came of a call.
#[derive(Debug)]
pub struct Done(pub(super) Ended);

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The side tags that exist before one is made.
    Listed { effect: String, run: u32, known: Result<Vec<i64>, Failing> },
    /// An effect that the leader runs itself.
    Effect { effect: String, run: u32, result: Result<Outcome, Failing> },
    /// A read of a batch: what was asked, and what came.
    Read { batch: BatchId, asked: Reading, result: Result<Event, Failing> },
    /// Which jobs the queue does not know.
    Missing(Result<Vec<String>, String>),
    /// What of ours nobody knows.
    Found { kind: OrphanKind, found: Result<Vec<Stray>, Failing> },
    /// Which builds belong with these that wait.
    Siblings { asked: Vec<TriggerId>, found: Result<Vec<Expected>, Failing> },
}

impl Call {
    /// It is logged within this span.
    pub(super) fn new(parts: Arc<Parts>, start: Start, span: Span) -> Self {
        Self { parts, start, span }
    }

    /// What it is, for people.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.start {
            Start::List { .. } => "list side tags",
            Start::Effect { running, .. } => running.effect.kind(),
            Start::Read { .. } => "read",
            Start::Missing(_) => "ask the queue for jobs",
            Start::Search(_) => "search",
            Start::Siblings(_) => "ask for siblings",
        }
    }

    /// Makes it.
    pub async fn run(self) -> Done {
        let Self { parts, start, span } = self;
        Self::ended(&parts, start).instrument(span).await
    }

    async fn ended(parts: &Parts, start: Start) -> Done {
        Done(match start {
            Start::List { effect, run, wish } => {
                Ended::Listed { known: effects::list_before(parts, &wish).await, effect, run }
            }
            Start::Effect { effect, run, running } => {
                Ended::Effect { result: effects::run(parts, running).await, effect, run }
            }
            Start::Read { batch, reading, plan } => {
                let asked = reading.clone();
                Ended::Read { batch, asked, result: reading.run(parts, &plan).await }
            }
            Start::Search(search) => {
                Ended::Found { kind: search.kind(), found: search.run(parts).await }
            }
            Start::Siblings(family) => {
                Ended::Siblings { asked: family.asked(), found: family.run(parts).await }
            }
            Start::Missing(jobs) => Ended::Missing(
                parts.queue.missing(&jobs).await.map_err(|error| crate::report::chain(&error)),
            ),
        })
    }
}
