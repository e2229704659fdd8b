//! What the next batch would hold, from the triggers that wait. Pure, and asks nobody: whether a build is still tagged, denied
//! or built already is seen when the batch is prepared.

use std::collections::BTreeMap;

use ebs_domain::{
    id::Component,
    policy::{Eligibility, Policy},
};
use serde::Serialize;

/// The next batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Its slices, in their order.
    pub slices: Vec<Slice>,
    /// Components that wait and would be left out, and why.
    pub left_out: Vec<LeftOut>,
    /// Why no batch begins, in sentences; none if one does once it is quiet.
    pub pauses: Vec<String>,
    /// The batch before, if it has not ended: the next begins after it.
    pub after: Option<i64>,
}

/// A slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// Its order number.
    pub order: i64,
    /// Its components, by name.
    pub members: Vec<Member>,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Which.
    pub component: Component,
    /// The builds that were tagged, oldest first; the newest that is still tagged is taken.
    pub nvrs: Vec<String>,
    /// Whether its Rawhide build is put into the side tag first.
    pub seeded: bool,
}

/// A component that would be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Which.
    pub component: Component,
    /// Why.
    pub why: String,
}

/// Previews the next batch from what waits: components with the builds that were tagged, oldest first.
#[must_use]
pub fn preview(pending: impl IntoIterator<Item = (Component, String)>, policy: &Policy) -> Preview {
    let mut waiting: BTreeMap<Component, Vec<String>> = BTreeMap::new();
    for (component, nvr) in pending {
        let nvrs = waiting.entry(component).or_default();
        if !nvrs.contains(&nvr) {
            nvrs.push(nvr);
        }
    }
    let mut slices: BTreeMap<i64, Vec<Member>> = BTreeMap::new();
    let mut left_out = Vec::new();
    for (component, nvrs) in waiting {
        let why = match policy.eligible(&component) {
            Eligibility::Yes => None,
            Eligibility::NotListed => Some("no list names it any more".to_owned()),
            Eligibility::Excluded { pattern } => {
                Some(format!("excluded by the pattern `{pattern}`"))
            }
        };
        if let Some(why) = why {
            left_out.push(LeftOut { component, why });
            continue;
        }
        let (order, seeded) = (policy.order(&component), policy.may_seed(&component));
        slices.entry(order).or_default().push(Member { component, nvrs, seeded });
    }
    let slices = slices.into_iter().map(|(order, members)| Slice { order, members }).collect();
    Preview { slices, left_out, ..Preview::default() }
}

#[cfg(test)]
mod tests;
