//! Effects that the leader runs itself: one file for what each finds its earlier runs by.

mod promotion;
mod repos;
mod run;
mod running;
mod side_tags;
mod tagging;

pub(super) use run::{list_before, run};
pub(super) use running::Running;
