//! The consumer as its connections see it: settings, neighbours, status, pauses.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::contract::{BusFault, BusStatus, Timing};
use crate::{
    bus::{config::BusConfig, message::Reader},
    clock::{Chance, Clock},
};

/// The consumer, not running yet.
pub struct Consumer {
    pub(super) config: BusConfig,
    pub(super) reader: Reader,
    pub(super) timing: Timing,
    pub(super) clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    pub(super) status: watch::Sender<BusStatus>,
}

impl Consumer {
    /// A consumer that has not connected yet.
    #[must_use]
    pub fn new(
        config: BusConfig,
        reader: Reader,
        timing: Timing,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        Self {
            config,
            reader,
            timing,
            clock,
            chance,
            status: watch::Sender::new(BusStatus::default()),
        }
    }

    /// Its state, to be looked at any time.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<BusStatus> {
        self.status.subscribe()
    }

    /// The pause after this many failures in a row: doubling, capped, and between half and all of that by chance.
    pub(super) fn pause_after(&self, fault: &BusFault, failures: u32) -> Duration {
        let whole = match fault {
            BusFault::Configuration(_) => self.timing.fault_pause,
            BusFault::Connection(_) | BusFault::Ended | BusFault::Store(_) => {
                let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
                self.timing.pause.saturating_mul(doubled).min(self.timing.pause_max)
            }
        };
        whole.mul_f64(0.5 + self.chance.fraction() / 2.0)
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut BusStatus)) {
        self.status.send_modify(change);
    }
}
