//! Each kind of job against small strict neighbours: a call that a test did not provide for fails it.

mod cancels;
mod fakes;
mod frame;
mod polls;
mod submits;
mod updates;
