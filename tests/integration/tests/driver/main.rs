//! The driver with workers, in virtual time on one thread: store, queue, Koji and Bodhi are small stateful stand-ins.

mod fedora;
mod koji;
mod leading;
mod lost;
mod memory;
mod queue;
mod world;
