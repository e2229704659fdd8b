//! Intake: builds that enter the trigger tag, heard live from the bus and caught up on from its archive.
//!
//! Both ways end at one door, [`crate::driver::Handle::store`]; a message is acknowledged after that, never before.

mod catch_up;
mod live;
mod sort;

pub use catch_up::{CATCH_UP_SILENT, CAUGHT_UP_TO, CatchUp};
pub use live::Live;
