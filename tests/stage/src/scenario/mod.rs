//! Scenarios: which package plays which role, how each must end, and which figures must come out. Data, and sums over it;
//! does *not* run anything.

mod cast;
mod check;
mod expect;
mod role;

#[cfg(test)]
mod tests;

pub use cast::{Cast, Part};
pub use check::mismatches;
pub use expect::{Expected, Figures, NEW_IN_SECOND_ROUND};
pub use role::{End, Extra, Outcome, Role, Scenario, UpdateTrouble};
