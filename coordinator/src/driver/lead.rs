//! The loop: waits for news, and has a term take its turns. Nothing is decided here.

use std::{sync::Arc, task::Poll};

use futures_util::{StreamExt as _, future::BoxFuture, poll, stream::FuturesUnordered};
use tokio::sync::mpsc;

use super::{
    call::{Call, Done},
    commit::end_of,
    inputs::Input,
    parts::Parts,
    term::{Term, TermEnd, TermLease},
};

/// The driver. It leads one term after another, as often as the lease comes to this process.
#[derive(Clone)]
pub struct Driver {
    parts: Arc<Parts>,
}

/// Most inputs, and most ends of calls, that are taken in one turn, so that one transaction stays bounded.
pub const MAX_NEWS_PER_TURN: usize = 64;

/// Calls that run beside the loop.
type Calls = FuturesUnordered<BoxFuture<'static, Done>>;

/// What is ready for the next turn.
#[derive(Default)]
struct News {
    done: Vec<Done>,
    inputs: Vec<Input>,
}

impl Driver {
    /// A driver of these parts.
    #[must_use]
    pub fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// Leads one term until it is over.
    ///
    /// # Errors
    ///
    /// What makes going on impossible: the store holds something unreadable, or cannot be read at the beginning.
    pub async fn lead(
        &self,
        lease: TermLease,
        inputs: &mut mpsc::Receiver<Input>,
    ) -> anyhow::Result<TermEnd> {
        let over = lease.over.clone();
        let mut term = Term::begin(Arc::clone(&self.parts), lease).await?;
        let mut calls = Calls::new();
        let mut news = News::default();
        loop {
            take_more(&mut news, inputs, &mut calls).await;
            let decided = term.decide(news.done, news.inputs);
            let stored = match term.store(decided).await {
                Ok(stored) => stored,
                Err(error) => return end_of(error),
            };
            let acted = term.act(stored).await;
            if let Some(end) = acted.end {
                return Ok(end);
            }
            calls.extend(acted.calls.into_iter().map(boxed));
            news = News::default();
            // Wait for one of the sources; nothing is decided in the arms.
            tokio::select! {
                biased;
                () = over.cancelled() => return Ok(TermEnd::Over),
                Some(done) = calls.next() => news.done.push(done),
                input = inputs.recv() => match input {
                    Some(input) => news.inputs.push(input),
                    None => return Ok(TermEnd::Over),
                },
                () = tokio::time::sleep_until(term.wake()) => {}
            }
        }
    }
}

/// Takes what else is ready.
async fn take_more(news: &mut News, inputs: &mut mpsc::Receiver<Input>, calls: &mut Calls) {
    while news.inputs.len() < MAX_NEWS_PER_TURN
        && let Ok(input) = inputs.try_recv()
    {
        news.inputs.push(input);
    }
    while news.done.len() < MAX_NEWS_PER_TURN
        && let Poll::Ready(Some(done)) = poll!(calls.next())
    {
        news.done.push(done);
    }
}

fn boxed(call: Call) -> BoxFuture<'static, Done> {
    Box::pin(call.run())
}
