//! Acting on what is stored: results acknowledged, jobs sent, calls made ready.

use std::sync::Arc;

use ebs_shared::queue::Enqueued;

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
        if !after.acknowledge.is_empty()
            && let Err(error) = self.parts.queue.acknowledge(&after.acknowledge).await
        {
            // They come again, and are stale then.
            tracing::warn!(error = crate::report::chain(&error), "results are not acknowledged");
        }
        let new_call = |start| Call::new(Arc::clone(&self.parts), start);
        let calls = after.start.into_iter().map(new_call).collect();
        self.unsent.extend(after.jobs);
        let due = self.send_due.is_none_or(|due| due <= now.mono);
        let end = if self.unsent.is_empty() || !due { None } else { self.send(now).await };
        self.show(now);
        Acted { calls, end }
    }

    /// Puts jobs on the queue; what it does not take is kept and sent again.
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
                tracing::warn!(
                    error = why,
                    jobs = self.unsent.len(),
                    "the queue takes no jobs: keeping them"
                );
                self.note_queue(Some(why));
                self.send_due = Some(now.mono + self.parts.settings.retry_min);
            }
        }
        None
    }
}
