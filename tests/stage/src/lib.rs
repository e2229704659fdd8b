//! Puts the whole service on stage: starts the simulated Fedora, the servers, coordinators and workers, plays a scenario, and
//! compares what came out with what must come out. What `./dev demo`, `./dev stack` and `./dev bench` run. It is no part of the service.

pub mod bench;
pub mod child;
pub mod config;
pub mod disk;
pub mod fedora;
pub mod figures;
pub mod guard;
pub mod locks;
pub mod names;
pub mod once;
pub mod options;
pub mod proxy;
pub mod run;
pub mod scenario;
pub mod status;
pub mod stream;
pub mod troupe;
pub mod watch;
