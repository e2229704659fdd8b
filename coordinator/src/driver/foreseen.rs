//! Which batch the line of a trigger foresaw. Decides nothing.
//!
//! A trigger is logged before there is a batch for it, with the trace of the batch that is formed next. Another one can take it:
//! if the batch that took it is aborted and gives it back, or another leader formed one meanwhile. Then a line says both.

use ebs_domain::{id::BatchId, time::Timestamp};

/// Batches whose beginnings are remembered.
pub(super) const MAX_FORMED: u32 = 20;

/// The batches that were formed last, oldest first.
#[derive(Debug, Default)]
pub(super) struct Formed(Vec<(BatchId, Timestamp)>);

impl Formed {
    /// From what is stored, in any order.
    pub(super) fn of(batches: impl Iterator<Item = (BatchId, Timestamp)>) -> Self {
        let mut formed: Vec<_> = batches.collect();
        formed.sort_unstable();
        Self(formed)
    }

    /// Another one was formed.
    pub(super) fn add(&mut self, batch: BatchId, at: Timestamp) {
        if self.0.len() >= usize::try_from(MAX_FORMED).unwrap_or(usize::MAX) {
            self.0.remove(0);
        }
        self.0.push((batch, at));
    }

    /// The batch that the line of a trigger of this time has foreseen; `None` if it is the next one, or long ago.
    pub(super) fn foreseen(&self, created: Timestamp) -> Option<BatchId> {
        let place = self.0.iter().position(|(_, formed)| *formed > created)?;
        let known = place > 0 || self.0.len() < usize::try_from(MAX_FORMED).unwrap_or(usize::MAX);
        known.then(|| self.0[place].0)
    }
}

#[cfg(test)]
mod tests;
