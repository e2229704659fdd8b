//! The doors of a process: store, queue and HTTP, each through its gate.

mod http;
mod queue;
mod store;

pub use http::{BASE, HttpDoor, Net, name_of};
pub use queue::{ConsumerDoor, ProducerDoor};
pub use store::StoreDoor;
