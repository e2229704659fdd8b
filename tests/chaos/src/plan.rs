//! Which fault comes when: a function of the seed alone.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use crate::fault::Fault;

/// The shortest and the longest quiet time between two faults, in ms.
const QUIET: (u64, u64) = (500, 4_000);

/// How many of a hundred faults begin while the one before may still last.
const BESIDE: u32 = 35;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// How long nothing happens before it: since the one before began, or ended.
    pub after: Duration,
    /// Whether it does not wait for the ends of those before, unless they hurt the same.
    pub beside: bool,
    /// What happens.
    pub fault: Fault,
    /// How long it lasts.
    pub lasts: Duration,
}

/// The faults of a campaign, of these kinds, without end. They are dealt like cards: none comes again before all have come.
pub fn plan(seed: u64, kinds: &[Fault]) -> impl Iterator<Item = Planned> {
    let mut chance = StdRng::seed_from_u64(seed);
    let (kinds, mut deck) = (kinds.to_vec(), Vec::new());
    std::iter::from_fn(move || {
        if deck.is_empty() {
            deck = kinds.clone();
            deck.shuffle(&mut chance);
        }
        let fault = deck.pop()?;
        let (least, most) = fault.lasts();
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let lasts = chance.random_range(millis(least)..=millis(most));
        let after = chance.random_range(QUIET.0..=QUIET.1);
        Some(Planned {
            after: Duration::from_millis(after),
            beside: chance.random_range(0..100) < BESIDE,
            fault,
            lasts: Duration::from_millis(lasts),
        })
    })
}

#[cfg(test)]
mod tests;
