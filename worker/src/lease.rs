//! How long a job is still ours, by the monotonic clock.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// How long a held job is certain to be ours, if no beat succeeds any more.
#[derive(Clone, Debug)]
pub struct LeaseView {
    end: watch::Receiver<Instant>,
}

/// The other end: whoever beats moves the end of the lease.
#[derive(Debug)]
pub struct Lease {
    end: watch::Sender<Instant>,
    span: Duration,
}

impl LeaseView {
    /// How long it still lasts.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.end.borrow().saturating_duration_since(Instant::now())
    }

    /// Waits until it lasts longer than this, which a beat brings about; for ever if the lease is shorter, so the job's
    /// deadline bounds it.
    pub async fn outlast(&self, span: Duration) {
        let mut end = self.end.clone();
        while self.remaining() <= span {
            if end.changed().await.is_err() {
                // Nobody beats any more: the job is about to be dropped, and nothing may be begun.
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Lease {
    /// A lease of this span from a moment on.
    #[must_use]
    pub fn from(begun: Instant, span: Duration) -> (Self, LeaseView) {
        let (sender, end) = watch::channel(begun + span);
        (Self { end: sender, span }, LeaseView { end })
    }

    /// Renewed by a beat that was sent at this moment.
    pub fn renew(&self, sent: Instant) {
        self.end.send_replace(sent + self.span);
    }

    /// The moment it ends.
    #[must_use]
    pub fn end(&self) -> Instant {
        *self.end.borrow()
    }
}

#[cfg(test)]
mod tests;
