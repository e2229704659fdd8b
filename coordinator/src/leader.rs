//! Leadership: taking the lease, keeping it, and what runs only while it is held.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    driver::{Driver, Handle, Input, TermEnd, TermLease},
    store::{Candidate, Lease, Store, StoreError},
};

/// What runs beside the driver for the length of one term: readers of the queue and of the bus.
#[async_trait]
pub trait TermWork: Send + Sync {
    /// Starts it; it ends when `over` is cancelled.
    fn start(
        &self,
        tasks: &mut JoinSet<()>,
        driver: &Handle,
        epoch: Epoch,
        over: &CancellationToken,
    );

    /// The process leads, or does so no more.
    fn leading(&self, epoch: Option<Epoch>);

    /// The instance of this name leads; nobody that is known of if there is none.
    fn following(&self, leader: Option<String>);
}

/// Is told at each look at the lease whether the database answered.
pub type Beat = Arc<dyn Fn(Result<(), &StoreError>) + Send + Sync>;

/// A process that leads whenever it can.
pub struct Leadership {
    /// Where the lease is.
    pub store: Arc<dyn Store>,
    /// Who wants it.
    pub candidate: Candidate,
    /// What leads.
    pub driver: Driver,
    /// What runs beside it.
    pub work: Arc<dyn TermWork>,
    /// Told at each look at the lease that the loop is alive.
    pub beat: Beat,
}

/// The pause before the lease is asked for again when the database does not answer.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How often one that follows asks for the lease at least, so that one given up is taken at once.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);

/// The longest that giving the lease up may take.
const RESIGN_LIMIT: Duration = Duration::from_secs(5);

impl Leadership {
    /// Leads one term after another until `stop`, then gives the lease up.
    ///
    /// # Errors
    ///
    /// What makes leading impossible, such as state that cannot be read.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut given_up = false;
        while !stop.is_cancelled() {
            let asked = Instant::now();
            let lease = self.store.lead(&self.candidate).await;
            (self.beat)(lease.as_ref().map(|_| ()));
            let pause = match lease {
                Ok(Lease::Leading { epoch }) => match self.term(epoch, asked, &stop).await? {
                    TermEnd::Over => {
                        given_up = stop.is_cancelled();
                        continue;
                    }
                    // All begins anew with the next term, also what reads results and messages: those that were taken
                    // and could not be stored come again.
                    TermEnd::Fenced | TermEnd::Reload => RETRY_PAUSE,
                },
                Ok(Lease::Following { leader, remaining }) => {
                    self.work.following(Some(leader));
                    remaining.clamp(Duration::from_millis(20), FOLLOW_PAUSE)
                }
                Err(error) => {
                    self.work.following(None);
                    tracing::warn!(
                        error = crate::report::chain(&error),
                        "the lease cannot be asked for"
                    );
                    RETRY_PAUSE
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        // A standby may have been given the lease by an answer that was lost.
        if !given_up {
            self.resign().await;
        }
        Ok(())
    }

    async fn term(
        &self,
        epoch: Epoch,
        asked: Instant,
        stop: &CancellationToken,
    ) -> anyhow::Result<TermEnd> {
        let over = stop.child_token();
        let (until, seen) = watch::channel(asked + self.candidate.ttl);
        let (handle, mut inputs) = Handle::channel();
        let mut tasks = JoinSet::new();
        self.work.leading(Some(epoch));
        self.work.start(&mut tasks, &handle, epoch, &over);
        drop(handle);
        let lease = TermLease { epoch, until: seen, over: over.clone() };
        let outcome = {
            let keep = self.keep(epoch, until, &over);
            let lead = self.lead(lease, &mut inputs);
            tokio::pin!(keep, lead);
            tokio::select! {
                biased;
                outcome = &mut lead => outcome,
                () = &mut keep => lead.await,
            }
        };
        over.cancel();
        // Whoever waits for the driver is told by the closed way in.
        drop(inputs);
        // Told to stop, the lease is given up at once: a reader that still waits for its server can write nothing.
        let resigning = async {
            if stop.is_cancelled() {
                self.resign().await;
            }
        };
        tokio::join!(resigning, join_all(tasks));
        self.work.leading(None);
        outcome
    }

    async fn lead(
        &self,
        lease: TermLease,
        inputs: &mut mpsc::Receiver<Input>,
    ) -> anyhow::Result<TermEnd> {
        match self.driver.lead(lease, inputs).await {
            // A database that is away is waited for; state that cannot be read is not.
            Err(error) if is_unavailable(&error) => {
                tracing::warn!(error = format!("{error:#}"), "cannot read the state: again");
                Ok(TermEnd::Reload)
            }
            ended => ended,
        }
    }

    /// Renews the lease until it is lost; then the term is over.
    async fn keep(&self, epoch: Epoch, until: watch::Sender<Instant>, over: &CancellationToken) {
        loop {
            let renewal = *until.borrow() - self.candidate.ttl * 2 / 3;
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = tokio::time::sleep_until(renewal.max(Instant::now())) => {}
            }
            let asked = Instant::now();
            let last = *until.borrow();
            let answer = tokio::time::timeout_at(last, self.store.lead(&self.candidate)).await;
            match answer {
                Ok(Ok(Lease::Leading { epoch: still })) if still == epoch => {
                    (self.beat)(Ok(()));
                    until.send_replace(asked + self.candidate.ttl);
                }
                Ok(Ok(Lease::Leading { .. } | Lease::Following { .. })) => {
                    tracing::warn!("the lease is lost");
                    break over.cancel();
                }
                Ok(Err(error)) => {
                    (self.beat)(Err(&error));
                    tracing::warn!(
                        error = crate::report::chain(&error),
                        "the lease is not renewed"
                    );
                    tokio::time::sleep(RETRY_PAUSE.min(self.candidate.ttl / 10)).await;
                }
                Err(_) => {}
            }
            if Instant::now() >= *until.borrow() {
                tracing::warn!("the lease has run out");
                break over.cancel();
            }
        }
    }

    async fn resign(&self) {
        match tokio::time::timeout(RESIGN_LIMIT, self.store.resign(&self.candidate)).await {
            Ok(Ok(())) => tracing::info!("the lease is given up"),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = crate::report::chain(&error),
                    "the lease is not given up: it will run out"
                );
            }
            Err(_) => tracing::warn!("the lease is not given up in time: it will run out"),
        }
    }
}

async fn join_all(mut tasks: JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of the term ended badly");
        }
    }
}

fn is_unavailable(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<StoreError>())
        .any(|error| matches!(error.kind, crate::store::StoreErrorKind::Unavailable(_)))
}
