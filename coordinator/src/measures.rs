//! All metrics of a coordinator, registered in one place before anything that counts begins. `docs/METRICS.md` is made of them.

use ebs_shared::{
    bodhi::BodhiMetrics,
    credentials::CredentialMetrics,
    koji::metrics::KojiMetrics,
    telemetry::{Metrics, MetricsError},
};
use ebs_worker::WorkerMetrics;

use crate::{
    board::BoardMetrics, driver::Tally, intake::IntakeMetrics, lists::ListMetrics,
    login::LoginMetrics, queue_gauges::QueueGauges, reconcile::Gauges, shadow::ShadowGauges,
    watchful::WatchMetrics,
};

/// The metrics of a coordinator, by the part that keeps them. Clones count together.
#[derive(Clone)]
pub struct Measures {
    /// Of calls to Koji.
    pub koji: KojiMetrics,
    /// Of calls to Bodhi.
    pub bodhi: BodhiMetrics,
    /// Of what expires.
    pub credentials: CredentialMetrics,
    /// Of the configuration.
    pub board: BoardMetrics,
    /// Of people who log in.
    pub login: LoginMetrics,
    /// Of package lists.
    pub lists: ListMetrics,
    /// Of messages.
    pub intake: IntakeMetrics,
    /// Of reconcile.
    pub reconcile: Gauges,
    /// Of the driver.
    pub tally: Tally,
    /// Of shadow mode.
    pub shadow: ShadowGauges,
    /// Of the queue.
    pub queue: QueueGauges,
    /// Of how all of it stands.
    pub watch: WatchMetrics,
    /// Of the worker in this process, if there is one.
    pub worker: Option<WorkerMetrics>,
}

impl Measures {
    /// Registers them; those of a worker only with one in this process.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken: a fault of the program.
    pub fn register(metrics: &Metrics, with_worker: bool) -> Result<Self, MetricsError> {
        let worker = with_worker.then(|| WorkerMetrics::register(metrics)).transpose()?;
        Ok(Self {
            koji: KojiMetrics::register(metrics)?,
            bodhi: BodhiMetrics::register(metrics)?,
            credentials: CredentialMetrics::register(metrics)?,
            board: BoardMetrics::register(metrics)?,
            login: LoginMetrics::register(metrics)?,
            lists: ListMetrics::register(metrics)?,
            intake: IntakeMetrics::register(metrics)?,
            reconcile: Gauges::new(metrics)?,
            tally: Tally::register(metrics)?,
            shadow: ShadowGauges::register(metrics)?,
            queue: QueueGauges::register(metrics)?,
            watch: WatchMetrics::register(metrics)?,
            worker,
        })
    }
}
