//! `./dev bench`: how fast and how large the service is. What the figures mean stands in `docs/ARCHITECTURE.md`.

mod batch;
mod intake;
mod log;
mod monitor;
mod parse;
mod policy;
mod processes;
mod reconcile;
mod recovery;
mod run;
mod table;

pub use batch::batch;
pub use intake::intake;
pub use parse::parse;
pub use policy::policy;
pub use reconcile::reconcile;
pub use recovery::recovery;
