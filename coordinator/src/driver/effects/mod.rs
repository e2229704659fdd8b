//! Effects that the leader runs itself: one file for what each finds its earlier runs by.

mod promotion;
mod repos;
mod run;
mod side_tags;
mod tagging;

pub(super) use run::{Running, list_before, run};
