//! The truth: triggers, batches, builds, effects. One contract, on PostgreSQL and on SQLite.

mod bulk;
mod cell;
mod commit;
mod contract;
mod error;
mod fault;
mod forget;
mod lease;
mod link;
mod list;
mod number;
mod open;
mod orphan;
mod people;
mod sql;
mod table;

pub use contract::*;
pub use error::{StoreError, StoreErrorKind};
pub use list::ListRow;
pub use open::{Location, StoreOptions};
pub use orphan::{MAX_ORPHANS, OrphanKind, OrphanRow};
pub use sql::SqlStore;
