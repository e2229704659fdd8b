//! The driver: takes what happened, lets the domain decide, stores state and effects in one transaction, and only then acts.
//!
//! It runs on the leader, on one thread, and takes store, queue, clients, clock and chance as arguments. A turn is three steps,
//! [`Term::decide`], [`Term::store`], [`Term::act`]; [`Driver::lead`] takes them in a loop, a simulation takes them one by one.
//! No outside call is awaited in a turn but the store's and the queue's: each is a [`Call`] that the caller of the turn runs
//! beside it, and what comes of it is news for a later turn. The driver spawns no tasks.

mod act;
mod answers;
mod arrivals;
mod asked;
mod call;
mod candidates;
mod close;
mod commit;
mod decide;
mod effects;
mod failing;
mod figures;
mod foreseen;
mod form;
mod grouping;
mod groups;
mod import;
mod inputs;
mod issue;
mod known;
mod lead;
mod ledger;
mod notices;
mod now;
mod operations;
mod origin;
mod orphans;
mod parts;
mod polls;
mod reads;
mod record;
mod search;
mod show;
mod siblings;
mod state;
mod take;
mod tally;
mod tell;
mod term;
mod traces;
mod turn;
mod underway;
mod work;

pub use act::Acted;
pub use call::{Call, Done};
pub use commit::{Stored, end_of};
pub use decide::Decided;
pub use figures::{BatchFigures, Figures};
pub use inputs::{DriverGone, Handle, Input, Sighting};
pub use lead::{Driver, MAX_NEWS_PER_TURN};
pub use parts::{DriverSettings, Leftover, OrphanSettings, Parts, Probe, Progress};
pub use tally::Tally;
pub use term::{Term, TermEnd, TermLease};
