//! The faults that hurt now, and until when.

use anyhow::Context as _;
use tokio::time::Instant;

use crate::{
    fault::{Fault, Target},
    inflict::Undo,
    plan::Planned,
    scene::Scene,
};

/// All faults that last.
#[derive(Default)]
pub struct Lasting {
    all: Vec<Ongoing>,
}

/// A fault that lasts.
struct Ongoing {
    fault: Fault,
    until: Instant,
    undo: Undo,
}

impl Lasting {
    /// Begins this fault, to last as long as planned.
    ///
    /// # Errors
    ///
    /// It cannot be done.
    pub async fn begin(&mut self, planned: &Planned, scene: &mut Scene<'_>) -> anyhow::Result<()> {
        scene.mend()?;
        let fault = planned.fault;
        let undo = scene.inflict(fault).await.with_context(|| format!("do {fault:?}"))?;
        let until = Instant::now() + planned.lasts;
        self.all.push(Ongoing { fault, until, undo });
        Ok(())
    }

    /// Whether a fault hurts this now.
    #[must_use]
    pub fn hurts(&self, target: Target) -> bool {
        self.all.iter().any(|ongoing| ongoing.fault.target() == target)
    }

    /// When the next fault ends; never if none lasts.
    #[must_use]
    pub fn next_end(&self) -> Option<Instant> {
        self.all.iter().map(|ongoing| ongoing.until).min()
    }

    /// Goes on with what is done again and again while it lasts, ends what has lasted, and starts again what ended by itself.
    ///
    /// # Errors
    ///
    /// A fault cannot be undone, or a program not be started.
    pub async fn go_on(&mut self, scene: &mut Scene<'_>) -> anyhow::Result<()> {
        let now = Instant::now();
        for place in (0..self.all.len()).rev() {
            if self.all[place].until <= now {
                let Ongoing { fault, undo, .. } = self.all.remove(place);
                scene.undo(undo).await.with_context(|| format!("undo {fault:?}"))?;
            }
        }
        for ongoing in &self.all {
            scene.keep_up(ongoing.fault)?;
        }
        scene.mend()
    }
}
