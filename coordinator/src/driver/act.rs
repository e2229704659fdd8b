//! Acting on what is stored: results acknowledged, jobs sent, calls made ready.

use std::sync::Arc;

use ebs_shared::queue::{Enqueued, Forgotten, QueueErrorKind};

use super::{
    call::Call,
    commit::Stored,
    now::Now,
    term::{Term, TermEnd},
};

/// What acting came to.
#[must_use]
pub struct Acted {
    /// Calls to make beside the loop: what comes of them is brought to a later turn. None waits for another.
    pub calls: Vec<Call>,
    /// Whether the term is over.
    pub end: Option<TermEnd>,
}

impl Term {
    /// Acts on what is stored: acknowledges results, puts jobs on the queue, makes calls ready.
    pub async fn act(&mut self, stored: Stored) -> Acted {
        let Stored { after, now } = stored;
        self.parts.probe.show(|progress| progress.stale_results += after.stale);
        self.parts.tally.stale(after.stale);
        let forgetting = self.acknowledge(&after.acknowledge).await;
        let new_call = |start| {
            let span = self.traces().call(&start);
            Call::new(Arc::clone(&self.parts), start, span)
        };
        let calls = after.start.into_iter().map(new_call).collect();
        self.unsent.extend(after.jobs);
        self.forget_ended();
        let due = self.send_due.is_none_or(|due| due <= now.mono);
        let end = match forgetting {
            Some(end) => Some(end),
            None if self.unsent.is_empty() || !due => None,
            None => self.send(now).await,
        };
        self.show(now);
        Acted { calls, end }
    }

    /// Lets the queue forget results. A result that says nothing to us needs no write that would tell us of a newer leader,
    /// and may be what that one waits for: so the queue asks for the epoch too.
    async fn acknowledge(&self, entries: &[String]) -> Option<TermEnd> {
        if entries.is_empty() {
            return None;
        }
        match self.parts.queue.acknowledge(self.lease.epoch, entries).await {
            Ok(Forgotten::Gone) => None,
            Ok(Forgotten::Fenced) => {
                tracing::warn!("the queue has seen a newer leader: stepping down");
                Some(TermEnd::Fenced)
            }
            Err(error) => {
                // They come again, and are stale then.
                tracing::warn!(
                    error = crate::report::chain(&error),
                    "results are not acknowledged"
                );
                None
            }
        }
    }

    /// Forgets jobs whose end is known, or waited for no more: a poll's deadline can pass while it is kept.
    fn forget_ended(&mut self) {
        let mut unsent = std::mem::take(&mut self.unsent);
        unsent.retain(|job| self.is_waited_for(&job.id));
        self.unsent = unsent;
        if self.unsent.is_empty() {
            self.send_due = None;
        }
    }

    /// Puts jobs on the queue. What certainly did not reach it is kept and sent again; of what may have, the queue is asked
    /// soon, as for every job that it was given: a worker may have it, and do it once more if it were sent to a queue that was
    /// wiped in between.
    async fn send(&mut self, now: Now) -> Option<TermEnd> {
        match self.parts.queue.enqueue(self.lease.epoch, &self.unsent).await {
            Ok(answers) if answers.contains(&Enqueued::Fenced) => {
                tracing::warn!("the queue has seen a newer leader: stepping down");
                return Some(TermEnd::Fenced);
            }
            Ok(_) => {
                self.unsent.clear();
                self.send_due = None;
            }
            Err(error) => {
                let why = crate::report::chain(&error);
                let (jobs, soon) = (self.unsent.len(), now.mono + self.parts.settings.retry_min);
                if matches!(error.kind, QueueErrorKind::Unreachable(_)) {
                    tracing::warn!(error = why, jobs, "the queue takes no jobs: keeping them");
                    self.send_due = Some(soon);
                } else {
                    tracing::warn!(
                        error = why,
                        jobs,
                        "the queue may not have taken jobs: asking it"
                    );
                    self.unsent.clear();
                    self.send_due = None;
                    self.reconcile_due = self.reconcile_due.map(|due| due.min(soon));
                }
                self.note_queue(Some(why));
            }
        }
        None
    }
}
