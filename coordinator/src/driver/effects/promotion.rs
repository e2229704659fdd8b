//! Promoting drafts: found again by the build, which is no draft any more.

use std::collections::BTreeMap;

use ebs_domain::{
    batch::{Built, Outcome},
    failure::{Failure, FailureClass},
    id::BuildId,
};
use ebs_shared::koji::api::BuildInfo;

use super::running::failing;
use crate::driver::{answers, inputs::Failing, parts::Parts};

pub(super) async fn promote(parts: &Parts, builds: &[BuildId]) -> Result<Outcome, Failing> {
    let answers = parts.hub.promote_builds(builds).await.map_err(|error| failing(&error))?;
    let mut promoted = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for (build, answer) in builds.iter().zip(answers) {
        match answer {
            Ok(info) => drop(promoted.insert(*build, built(&info))),
            Err(fault) => drop(refused.insert(*build, answers::failure(&fault))),
        }
    }
    // Refused may mean: an earlier run, or somebody else, has promoted it.
    let asked: Vec<BuildId> = refused.keys().copied().collect();
    if !asked.is_empty() {
        for info in
            parts.hub.builds(&asked).await.map_err(|error| failing(&error))?.into_iter().flatten()
        {
            if !info.draft {
                promoted.insert(info.build, built(&info));
            }
        }
    }
    let mut outcome = |build: &BuildId| match (promoted.remove(build), refused.remove(build)) {
        (Some(built), _) => (*build, Ok(built)),
        (None, Some(failure)) => (*build, Err(failure)),
        (None, None) => {
            (*build, Err(Failure::new(FailureClass::Unknown, "Koji gave no answer about it")))
        }
    };
    Ok(Outcome::BuildsPromoted { builds: builds.iter().map(&mut outcome).collect() })
}

fn built(info: &BuildInfo) -> Built {
    Built {
        build: info.build,
        nvr: info.nvr.clone(),
        epoch: info.epoch,
        draft: info.draft,
        adopted: false,
    }
}
