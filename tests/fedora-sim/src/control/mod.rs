//! The control plane: what a test says to the simulator, and what it reads at the end. JSON under `/sim/`.

mod door;
mod operator;
mod report;
mod routes;
mod tag;
mod update;

pub use door::{Door, Ways};
pub use operator::Deed;
pub use report::{Leftovers, Report};
pub use routes::routes;
pub use tag::{Announce, NewTag, TagAnswer};
pub use update::RawhideUpdate;
