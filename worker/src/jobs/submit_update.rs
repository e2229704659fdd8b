//! Makes one Bodhi update from an errata side tag, once.

use std::collections::BTreeSet;

use ebs_domain::id::{BuildId, TagName};
use ebs_shared::{
    bodhi::api::{BodhiError, BodhiErrorKind, Complaint, NewUpdate, Update},
    job::Answer,
    koji::{api::Listing, fault},
};

use super::{
    doubt::Look,
    neighbours::{Jobs, Step, bodhi_away, chain, koji_away},
};
use crate::LeaseView;

/// What is to be posted.
pub(super) struct Post<'a> {
    pub(super) update: &'a NewUpdate,
    pub(super) builds: &'a [BuildId],
    pub(super) nvrs: &'a [String],
}

impl Jobs {
    pub(super) async fn submit_update(
        &self,
        post: &Post<'_>,
        look: Look,
        lease: &LeaseView,
    ) -> Step<Answer> {
        let Some(nvr) = post.nvrs.first() else {
            return Err(Answer::Impossible { why: "an update without builds".to_owned() });
        };
        let tag = &post.update.from_tag;
        if look.first {
            match self.updates.find(tag, nvr).await.map_err(|error| bodhi_away(&error))? {
                Some(update) => return Ok(Answer::Posted { update }),
                None if !look.may_create => {
                    return Ok(Answer::NotYet {
                        why: format!("no update from {tag} is to be found yet"),
                    });
                }
                None => self.look_elsewhere(post).await?,
            }
        }
        self.compare_tag(post).await?;
        lease.outlast(self.create_limit).await;
        match self.updates.create(post.update, post.nvrs).await {
            Ok(update) => Ok(Answer::Posted { update }),
            Err(error) => self.after_post(tag, nvr, error).await,
        }
    }

    /// While it was in doubt, or waited for somebody, another update may have taken its builds. Source: Bodhi refuses a build
    /// that is in any update but an unpushed one.
    async fn look_elsewhere(&self, post: &Post<'_>) -> Step<()> {
        let holding = self.updates.holding(post.nvrs).await.map_err(|error| bodhi_away(&error))?;
        let (mut complaints, mut builds) = (Vec::new(), Vec::new());
        let own =
            |update: &&Update| update.from_tag.as_deref() == Some(post.update.from_tag.as_str());
        if let Some(update) = holding.iter().find(own) {
            return Err(Answer::Posted { update: update.clone() });
        }
        for update in holding.iter().filter(|update| update.status != "unpushed") {
            for nvr in update.builds.iter().filter(|nvr| post.nvrs.contains(nvr)) {
                let description = format!("{nvr} is in {} already", update.alias);
                complaints.push(Complaint { name: "builds".to_owned(), description });
                builds.push(nvr.clone());
            }
        }
        if builds.is_empty() { Ok(()) } else { Err(Answer::PostRefused { complaints, builds }) }
    }

    /// The update takes whatever is latest in the tag: that must be the group, by build.
    async fn compare_tag(&self, post: &Post<'_>) -> Step<()> {
        let tag = &post.update.from_tag;
        let tagged = match self.hub.list_tagged(tag, Listing::Latest).await {
            Ok(tagged) => tagged,
            Err(error) if error.fault().map(fault::meaning) == Some(fault::Meaning::NoSuchTag) => {
                return Err(tag_differs(tag, "it does not exist"));
            }
            Err(error) => return Err(koji_away(&error)),
        };
        let there: BTreeSet<BuildId> = tagged.iter().map(|row| row.build).collect();
        let wanted: BTreeSet<BuildId> = post.builds.iter().copied().collect();
        if there == wanted {
            return Ok(());
        }
        let list = |builds: Vec<&BuildId>| {
            builds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let missing = list(wanted.difference(&there).collect());
        let foreign = list(there.difference(&wanted).collect());
        Err(tag_differs(tag, &format!("missing builds: [{missing}], others: [{foreign}]")))
    }

    /// What a failed post has come to.
    async fn after_post(&self, tag: &TagName, nvr: &str, error: BodhiError) -> Step<Answer> {
        match error.kind {
            BodhiErrorKind::Refused { complaints, builds } => {
                Ok(Answer::PostRefused { complaints, builds })
            }
            BodhiErrorKind::Unavailable(_) | BodhiErrorKind::Login(_) => Err(bodhi_away(&error)),
            // A kind that a later version adds is as open as no answer.
            BodhiErrorKind::AlreadyExists | BodhiErrorKind::NoAnswer(_) | _ => {
                match self.updates.find(tag, nvr).await {
                    Ok(Some(update)) => Ok(Answer::Posted { update }),
                    Ok(None) | Err(_) => Err(Answer::Unknown { why: chain(&error) }),
                }
            }
        }
    }
}

fn tag_differs(tag: &TagName, how: &str) -> Answer {
    Answer::TagDiffers { why: format!("{tag} does not hold the group: {how}") }
}
