//! Makes a failing run small: leaves faults out while it still fails.

use crate::run::{Options, Outcome, run};

/// Most runs that one shrinking takes.
const MAX_RUNS: usize = 150;

/// The smallest failing run found, beginning with one that failed.
///
/// # Errors
///
/// If the simulation itself cannot be put together.
pub fn shrink(options: &Options, failed: Outcome) -> anyhow::Result<(Options, Outcome)> {
    let (mut best, mut outcome) = (options.clone(), failed);
    let mut runs = 0;
    let mut chunk = outcome.faults.len().div_ceil(2);
    while chunk > 0 && runs < MAX_RUNS {
        let mut smaller = false;
        for faults in outcome.faults.clone().chunks(chunk) {
            let mut tried = best.clone();
            tried.without.extend(faults.iter().cloned());
            runs += 1;
            let again = run(&tried)?;
            // Without some faults others can come up: only fewer of them is smaller.
            if !again.broken.is_empty() && again.faults.len() < outcome.faults.len() {
                (best, outcome, smaller) = (tried, again, true);
                break;
            }
            if runs >= MAX_RUNS {
                break;
            }
        }
        if !smaller {
            chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
        }
    }
    Ok((best, outcome))
}
