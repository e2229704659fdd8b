//! The whole service on real engines, with something killed, stopped, wiped or lost in the middle: the batch ends as if nothing
//! had happened. Needs the programs built: `cargo build --workspace`.

mod coordinators;
mod disk;
mod engines;
mod hub;
mod intake;
mod play;
mod replies;
mod restore;
mod upgrade;
mod workers;
