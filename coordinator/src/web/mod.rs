//! What people and machines read over HTTP, and what people ask there. What is asked is stored for the leader; nothing here
//! changes anything else.

mod api;
mod batches;
mod build;
mod change;
mod components;
mod control;
mod deny;
mod desk;
mod gate;
mod greeting;
mod groups;
mod health;
mod import;
mod lists;
mod log;
mod login;
mod notice;
mod page;
mod pause;
mod reconcile;
#[cfg(test)]
mod sample;
mod server;
mod shadow;
mod triggers;
mod upstream;
mod view;
mod visit;

pub use build::build_view;
pub use components::{QUESTIONS, Witness};
pub use deny::DenialView;
pub use desk::Desk;
pub use gate::{Known, Refusal, Visit, Who, admit, admit_person};
pub use health::{Condition, Health, Need, Reporter, conditions_now};
pub use lists::{HeldView, ListView};
pub use log::Logging;
pub use pause::{PauseView, awaited, pauses};
pub use reconcile::ReconcileView;
pub use server::{Served, router, serve, waiting};
pub use shadow::shadow_report;
pub use view::*;
