//! The stateless worker: takes jobs from the queue, calls Koji and Bodhi, reports. Does *not* decide what is wanted, and
//! keeps nothing: whatever it knows is in the job or outside.

mod backoff;
mod claim;
mod handler;
mod host;
mod jobs;
mod lease;
mod metrics;
mod program;
mod settings;
mod web;

use std::sync::Arc;

use ebs_shared::{
    bodhi::api::Updates,
    clock::{Chance, Clock},
    koji::api::Hub,
    pulse::Pulse,
    queue::Consumer,
};
use tokio_util::sync::CancellationToken;

pub use handler::{Handler, Verdict};
pub use host::host;
pub use jobs::Jobs;
pub use lease::{Lease, LeaseView};
pub use metrics::{ProgramMetrics, WorkerMetrics};
pub use program::program;
pub use settings::WorkerSettings;
pub use web::{Shown, serve};

/// All that a worker needs; whatever a test must steer is in here.
pub struct WorkerParts {
    /// Where jobs come from.
    pub consumer: Arc<dyn Consumer>,
    /// Koji.
    pub hub: Arc<dyn Hub>,
    /// Bodhi.
    pub updates: Arc<dyn Updates>,
    /// The time of day, for reports.
    pub clock: Arc<dyn Clock>,
    /// Chance, for jitter.
    pub chance: Arc<dyn Chance>,
    /// What it counts.
    pub metrics: WorkerMetrics,
    /// How it works.
    pub settings: WorkerSettings,
    /// Beats at each round of the claim loop; see [`WorkerSettings::pulse`].
    pub pulse: Pulse,
}

/// Works until it is told to stop, then finishes or hands back what it holds within the grace period.
pub async fn run(parts: WorkerParts, stop: CancellationToken) {
    let WorkerParts { consumer, hub, updates, clock, chance, metrics, settings, pulse } = parts;
    let handler = jobs::Jobs {
        hub,
        updates,
        clock,
        worker: settings.name.clone(),
        create_limit: settings.create_limit,
    };
    let handler = Arc::new(handler);
    let claim = claim::Claim { consumer, handler, chance, metrics, settings, pulse };
    claim.run(stop).await;
}
