//! The driver with workers, in virtual time on one thread: store, queue, Koji and Bodhi are small stateful stand-ins.

mod dead;
mod fedora;
mod koji;
mod leading;
mod lost;
mod newer;
mod queue;
mod world;
