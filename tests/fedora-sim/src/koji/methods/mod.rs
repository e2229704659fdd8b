//! The hub's methods, by what they are about.

mod builds;
mod find;
mod list_tasks;
mod repos;
mod service;
mod side_tags;
mod table;
mod tagging;
mod tags;
mod tasks;

pub(super) use service::VERSION;
pub(super) use table::{Handler, find, is_lazy, lazy_fault};
