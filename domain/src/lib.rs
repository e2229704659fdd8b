//! The pure core of ELNBuildSync.
//!
//! Identities, package versions, policy, and the life of a batch as a state machine: an event goes in, changed state and
//! commands come out. Nothing here waits, reads a clock, draws a random number or knows a client.

pub mod batch;
pub mod deny;
pub mod difference;
pub mod failure;
pub mod forming;
pub mod id;
pub mod nvr;
pub mod package_list;
pub mod policy;
pub mod reconcile;
pub mod scm;
pub mod shadow;
pub mod time;
pub mod trigger;
