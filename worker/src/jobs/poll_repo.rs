//! One poll of a repo request.

use ebs_domain::id::RepoRequestId;
use ebs_shared::{
    job::Answer,
    koji::{
        api::RepoAnswer,
        fault::{self, Meaning},
    },
};

use super::neighbours::{Jobs, Step, koji_away};

impl Jobs {
    pub(super) async fn poll_repo(&self, request: RepoRequestId) -> Step<Answer> {
        match self.hub.check_repo(request).await {
            Ok(repo) => Ok(Answer::Repo { repo }),
            Err(error) if error.fault().map(fault::meaning) == Some(Meaning::NoSuchRequest) => {
                Ok(Answer::Repo { repo: RepoAnswer::GivenUp })
            }
            Err(error) => Err(koji_away(&error)),
        }
    }
}
