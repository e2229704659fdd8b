//! The whole system on one thread in virtual time: the shipped coordinator and worker, the simulated Fedora in the same
//! process, and faults wherever one part asks another. One seed decides everything.
//!
//! It does *not* prove store, queue and wire formats: those have tests of their own on the real servers.

pub mod absence;
pub mod arguments;
pub mod bounds;
pub mod bus;
pub mod cast;
pub mod chaos;
pub mod configuration;
pub mod doors;
pub mod invariants;
pub mod lacking;
pub mod memory;
pub mod obedience;
pub mod observed;
pub mod odds;
pub mod plan;
pub mod player;
pub mod process;
pub mod rows;
pub mod run;
pub mod server;
pub mod shrink;
pub mod story;
pub mod sweep;
pub mod time;
