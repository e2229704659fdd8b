//! The driver: takes what happened, lets the domain decide, stores state and effects in one transaction, and only then acts.
//!
//! It runs on the leader, on one thread, and takes store, queue, clients, clock and chance as arguments. No outside call is
//! awaited in its loop: calls run beside it and come back as inputs.

mod act;
mod answers;
mod candidates;
mod decide;
mod effects;
mod failing;
mod inputs;
mod issue;
mod ledger;
mod notices;
mod parts;
mod polls;
mod reads;
mod record;
mod state;
mod term;
mod turn;
mod work;

pub use inputs::{DriverGone, Handle, Input, Sighting};
pub use parts::{DriverSettings, Parts, Probe, Progress};
pub use term::{Driver, TermEnd, TermLease};
