//! Reconcile: what ELN lacks, found by comparing two tags, reported, and triggered within bounds. What is lost on its way (a
//! neighbour that failed, a build that took too long, a trigger that nobody heard) comes back here.
//!
//! Removes nothing, ever.

mod choose;
mod gauges;
mod look;
mod run;

pub use gauges::Gauges;
pub use look::Look;
pub use run::{RECONCILE_SILENT, Reconcile};
