//! What a queue promises, whichever it is, and the means to prove it.

mod bench;
#[expect(
    clippy::missing_errors_doc,
    reason = "a case fails when its promise is broken, and for nothing else"
)]
mod cases;
mod crash;

pub use bench::{Bench, EPOCH, LEASE, job, next_results, put, take_one};
pub use cases::*;
pub use crash::{Chances, CrashRun, Tally};
