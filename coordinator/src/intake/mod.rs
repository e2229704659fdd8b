//! Intake: builds that enter a tag that triggers, heard live from the bus, caught up on from its archive, and read from Koji's
//! own record in the end.
//!
//! All three ways end at one door, [`crate::driver::Handle::store`]; a message is acknowledged after that, never before.

mod catch_up;
mod live;
mod look;
mod metrics;
mod record;
mod sort;
mod tags;
mod watched;

pub use catch_up::{Archived, CATCH_UP_SILENT, CAUGHT_UP_TO, CatchUp};
pub use live::Live;
pub use look::{RecordMark, VERSION as RECORD_MARK_VERSION, mark_name, read_mark};
pub use metrics::IntakeMetrics;
pub use record::{RECORD_SILENT, Record};
pub use tags::{FormerTag, TRIGGER_TAGS, TriggerTags, VERSION as TRIGGER_TAGS_VERSION};
pub use watched::{NobodyWatches, TAGS_SILENT, TagKeeper, Watched, load as load_trigger_tags};
