//! Asking for repos: the same event number gives the same request.

use ebs_domain::{
    batch::Outcome,
    id::{EventId, TagName},
};
use ebs_shared::{
    job::Service,
    koji::{
        api::RepoAnswer,
        fault::{self, Meaning},
    },
};

use super::running::failing;
use crate::driver::{inputs::Failing, parts::Parts};

pub(super) async fn request(
    parts: &Parts,
    tag: &TagName,
    event: EventId,
) -> Result<Outcome, Failing> {
    match parts.hub.request_repo(tag, event).await {
        Ok(RepoAnswer::Ready { .. }) => Ok(Outcome::RepoRequested { request: None }),
        Ok(RepoAnswer::Pending { request }) => {
            Ok(Outcome::RepoRequested { request: Some(request) })
        }
        Ok(RepoAnswer::GivenUp) => {
            let why = format!("Koji gave up on a repo of {tag} at once");
            Err(Failing::Unavailable { service: Service::Koji, why })
        }
        Err(error)
            if error.fault().is_some_and(|fault| fault::meaning(fault) == Meaning::NoSuchTag) =>
        {
            Ok(Outcome::TagGone)
        }
        Err(error) => Err(failing(&error)),
    }
}
