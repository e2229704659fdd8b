//! What must hold of reconcile: it finds what nobody told of, and triggers no more than it may.

use std::collections::BTreeMap;

use ebs_domain::{scm::ScmUrl, time::Timestamp, trigger::Cause};

use crate::{
    configuration::PACKAGES,
    lacking::{CLOCKS_APART, LIMIT},
    memory::Rows,
    observed::{Observed, none},
};

/// How often one commit may come back.
const MOST_TIMES: usize = 2;

/// What reconcile triggers is wanted, is not denied, does not wait and is not in the batch; a look triggers few, and a commit comes
/// back at most twice.
///
/// # Errors
///
/// What is otherwise.
pub fn invariant_reconcile_keeps_its_bounds(observed: &Observed) -> Result<(), String> {
    let mut odd = observed.rows.late_finds.clone();
    let (mut runs, mut commits) = (BTreeMap::new(), BTreeMap::new());
    for row in observed.rows.triggers.values() {
        let cause = serde_json::from_str(&row.trigger.cause);
        let Ok(Cause::Reconcile { source, .. }) = cause else { continue };
        let component = row.trigger.component.as_str();
        if !PACKAGES.contains(&component) {
            odd.push(format!("{component} is not wanted"));
        }
        if denied_before(&observed.rows, &source, row.trigger.created) {
            odd.push(format!("{} is denied", row.trigger.nvr));
        }
        *runs.entry(row.trigger.created).or_insert(0) += 1;
        *commits.entry(source.to_string()).or_insert(0) += 1;
    }
    let many = runs.iter().filter(|(_, count)| **count > LIMIT);
    odd.extend(many.map(|(at, count)| format!("{count} at {at}")));
    let often = commits.iter().filter(|(_, count)| **count > MOST_TIMES);
    odd.extend(often.map(|(source, count)| format!("{source} {count} times")));
    none("triggered by reconcile", odd)
}

/// Whether this was denied when the look can have known of it.
fn denied_before(rows: &Rows, source: &ScmUrl, at: Timestamp) -> bool {
    let row = rows.denied.get(source);
    row.is_some_and(|row| row.first + CLOCKS_APART < at && at < row.expires)
}

/// What nobody ever told of is found: it has a trigger, or something newer of its component has.
///
/// # Errors
///
/// What is not.
pub fn invariant_what_nobody_told_of_is_found(observed: &Observed) -> Result<(), String> {
    let unfound = observed.lacking.iter().filter(|(component, build)| {
        !observed.rows.triggers.values().any(|row| {
            row.trigger.component.as_str() == component && row.trigger.build.get() >= *build
        })
    });
    none("not found", unfound.map(|(component, build)| format!("{component} {build}")).collect())
}
