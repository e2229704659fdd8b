//! `./dev bench`: how fast and how large the service is. What the figures mean stands in `docs/ARCHITECTURE.md`.

mod batch;
mod parse;
mod processes;
mod run;
mod table;

pub use batch::batch;
pub use parse::parse;
