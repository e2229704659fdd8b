//! The driver with workers, in virtual time on one thread: store, queue, Koji and Bodhi are small stateful stand-ins; in `rows`
//! and what builds on `stage`, Koji and Bodhi are the simulated Fedora, asked by the shipped clients.

mod branching;
mod counting;
mod dead;
mod detaching;
mod fedora;
mod forgetting;
mod held;
mod import;
mod koji;
mod leading;
mod line;
mod lost;
mod manual;
mod newer;
mod operations;
mod orphans;
mod queue;
mod reconcile;
mod rows;
mod siblings;
mod stage;
mod standing;
mod world;
