//! Many seeds on all processors: each run has a thread of its own for as long as it lasts, and shares nothing with the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    player::Played,
    run::{Options, Outcome, run},
};

/// Which seeds are run, and how.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The seeds, begun in this order.
    pub seeds: Range<u64>,
    /// Names of faults that do not happen.
    pub without: BTreeSet<String>,
    /// How many run at once.
    pub threads: usize,
    /// Whether all are run although one has failed. Those before the first failing one are run in any case, so which one is the
    /// first does not depend on the threads.
    pub keep_going: bool,
}

/// Sums over all seeds.
#[derive(Debug, Default)]
pub struct Swept {
    /// Runs.
    pub seeds: u64,
    /// Calls made by our processes.
    pub calls: u64,
    /// Faults that happened, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Batches that ended.
    pub batches: usize,
    /// Those of them that lingered for a detached build.
    pub lingered: usize,
    /// Builds that were asked for.
    pub builds: usize,
    /// Builds that reconcile has triggered.
    pub found: usize,
    /// What operators asked for, and what came of it.
    pub played: Played,
    /// Virtual time of all runs together.
    pub span: Duration,
    /// Real time it took.
    pub took: Duration,
    /// Runs in which something did not hold, by seed.
    pub failed: BTreeMap<u64, Outcome>,
}

/// Runs seeds.
///
/// # Errors
///
/// If the simulation itself cannot be put together.
pub fn sweep(asked: &Sweep) -> anyhow::Result<Swept> {
    let begun = Instant::now();
    let (next, stop) = (AtomicU64::new(asked.seeds.start), AtomicBool::new(false));
    let mut swept = Swept::default();
    thread::scope(|scope| {
        let (sender, outcomes) = mpsc::channel();
        for _ in 0..asked.threads.max(1) {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= asked.seeds.end {
                        return;
                    }
                    let options = Options { seed, without: asked.without.clone(), away: None };
                    let outcome = run(&options);
                    if sender.send((seed, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (seed, outcome) in outcomes {
            swept.add(seed, outcome?);
            if !swept.failed.is_empty() && !asked.keep_going {
                stop.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    })
    .map(|()| {
        swept.took = begun.elapsed();
        swept
    })
}

impl Swept {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.calls += outcome.calls;
        for (kind, number) in &outcome.kinds {
            *self.faults.entry(kind).or_default() += number;
        }
        self.batches += outcome.batches;
        self.builds += outcome.builds;
        self.lingered += outcome.lingered;
        self.found += outcome.found;
        for (word, (done, refused)) in &outcome.played {
            let sum = self.played.entry(word).or_default();
            *sum = (sum.0 + done, sum.1 + refused);
        }
        self.span += outcome.span;
        if !outcome.broken.is_empty() {
            self.failed.insert(seed, outcome);
        }
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        let kinds: Vec<String> =
            self.faults.iter().map(|(kind, number)| format!("{kind} {number}")).collect();
        writeln!(f, "faults by kind: {}", kinds.join(", "))?;
        let played: Vec<String> = self
            .played
            .iter()
            .map(|(word, (done, refused))| format!("{word} {done}/{refused}"))
            .collect();
        writeln!(f, "operators, carried out/refused: {}", played.join(", "))?;
        let seconds = self.took.as_secs_f64().max(0.001);
        write!(
            f,
            "{} seeds in {seconds:.1} s ({:.1}/s), {} calls ({:.0}/s), {faults} faults, {} batches ({} lingered), {} builds, {} triggered by reconcile, {} h of virtual time; failed seeds: {:?}",
            self.seeds,
            self.seeds as f64 / seconds,
            self.calls,
            self.calls as f64 / seconds,
            self.batches,
            self.lingered,
            self.builds,
            self.found,
            self.span.as_secs() / 3600,
            self.failed.keys().collect::<Vec<_>>()
        )
    }
}
