//! From pending triggers to candidates of the next batch, and from sightings to triggers.

use std::collections::BTreeMap;

use ebs_domain::{
    batch::Candidate,
    id::{Component, PackageName, TriggerId},
    policy::{Eligibility, Policy},
    time::Timestamp,
    trigger::{Answer, Cause},
};

use super::inputs::Sighting;
use crate::{
    store::{NewTrigger, TriggerRow},
    wish::SetAside,
};

/// The trigger that a sighting makes: pending if the component is to be rebuilt, else answered at once.
pub(super) fn trigger(
    sighting: Sighting,
    policy: &Policy,
    at: Timestamp,
) -> Result<NewTrigger, serde_json::Error> {
    let component = policy.component_of(&sighting.package);
    let answer = match &component {
        None => Some(Answer::NotListed),
        Some(component) => refusal(policy.eligible(component)),
    };
    let cause = serde_json::to_string(&sighting.cause)?;
    let shown = answer.as_ref().map(|answer| answer.word().to_owned());
    let answer = answer.map(|answer| serde_json::to_string(&answer)).transpose()?;
    Ok(NewTrigger {
        component: component.unwrap_or_else(|| Component::from(&sighting.package)),
        tag: sighting.tag.to_string(),
        build: sighting.build,
        nvr: sighting.nvr,
        cause,
        by_person: sighting.cause.is_deliberate(),
        message: sighting.message,
        created: at,
        answer,
        shown,
    })
}

fn refusal(eligibility: Eligibility) -> Option<Answer> {
    match eligibility {
        Eligibility::Yes => None,
        Eligibility::NotListed => Some(Answer::NotListed),
        Eligibility::Excluded { pattern } => Some(Answer::Excluded { pattern }),
    }
}

/// The candidates that these pending triggers make.
pub(super) fn candidates(
    pending: &BTreeMap<TriggerId, TriggerRow>,
    policy: &Policy,
) -> Vec<Candidate> {
    let mut by_component: BTreeMap<&Component, Vec<&TriggerRow>> = BTreeMap::new();
    for row in pending.values() {
        by_component.entry(&row.trigger.component).or_default().push(row);
    }
    by_component
        .into_iter()
        .filter_map(|(component, rows)| {
            let package: PackageName = policy.upstream_name(component).parse().ok()?;
            Some(Candidate {
                component: component.clone(),
                package,
                order: policy.order(component),
                may_seed: policy.may_seed(component),
                eligibility: policy.eligible(component),
                forced: rows.iter().any(|row| set_aside(row).denied),
                again: rows.iter().any(|row| set_aside(row).built),
                triggers: rows.iter().map(|row| (row.id, row.trigger.build)).collect(),
            })
        })
        .collect()
}

/// What a person has said does not matter. A cause that cannot be read says nothing.
fn set_aside(row: &TriggerRow) -> SetAside {
    match serde_json::from_str::<Cause>(&row.trigger.cause) {
        Ok(Cause::Person { force, again, .. }) => SetAside { denied: force, built: again },
        Ok(
            Cause::Message
            | Cause::CatchUp
            | Cause::KojiRecord
            | Cause::Reconcile { .. }
            | Cause::Import { .. },
        )
        | Err(_) => SetAside::default(),
    }
}
