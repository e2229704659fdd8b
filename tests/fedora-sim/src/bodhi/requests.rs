//! `POST /updates/{alias}/request`: what a person wants of an update.

use super::{
    ask::{Complaint, complaint, not_one_of},
    update::{Stage, Status},
};
use crate::world::State;

const REQUESTS: [&str; 5] = ["testing", "obsolete", "unpush", "revoke", "stable"];

fn refuse(text: &str) -> Complaint {
    complaint("body", "request", text)
}

impl State {
    /// Does what is asked; the update's number, or the status and complaints of the refusal.
    pub(super) fn request_update(
        &mut self,
        alias: &str,
        request: Option<&str>,
        csrf: Option<Complaint>,
        user: i64,
    ) -> Result<i64, (u16, Vec<Complaint>)> {
        let Some(update) = self.bodhi.named(alias).cloned() else {
            let acl = complaint(
                "body",
                "builds",
                "ACL validation mechanism was unable to determine ACLs.",
            );
            return Err((404, vec![complaint("url", "id", "Invalid update id"), acl]));
        };
        let mut wrong: Vec<_> = csrf.into_iter().collect();
        let known = REQUESTS.into_iter().find(|known| Some(*known) == request);
        match request {
            Some(value) if known.is_none() => {
                wrong.push(not_one_of("body", "request", value, &REQUESTS))
            }
            None => wrong.push(complaint("body", "request", "Required")),
            Some(_) => {}
        }
        if !wrong.is_empty() {
            return Err((400, wrong));
        }
        if update.user != user {
            let name = self.user_name(user);
            let builds = update.builds.iter().filter_map(|id| self.build(*id));
            let text = |package: &str| format!("{name} does not have commit access to {package}");
            return Err((
                403,
                builds.map(|build| complaint("body", "builds", text(&build.name))).collect(),
            ));
        }
        self.carry_out(update.id, update.status, known.unwrap_or_default())
            .map_err(|one| (400, vec![one]))?;
        Ok(update.id)
    }

    fn carry_out(
        &mut self,
        id: i64,
        status: Status,
        request: &'static str,
    ) -> Result<(), Complaint> {
        let asked_before =
            self.bodhi.updates.get(&id).is_some_and(|update| update.request.is_some());
        let (becomes, text) = match (request, status) {
            ("revoke", _) if !asked_before => {
                return Err(refuse("Can only revoke an update with an existing request"));
            }
            ("stable", Status::Stable) => return Ok(()),
            ("stable", _) => {
                let text = "Setting a request on an Update for a Release not composed by Bodhi is not allowed";
                return Err(refuse(text));
            }
            ("unpush", Status::Pending) => return Err(refuse("Can't unpush a pending update")),
            ("testing", _) => {
                let name = self
                    .bodhi
                    .updates
                    .get(&id)
                    .map(|update| self.user_name(update.user).to_owned());
                let text = format!(
                    "This update has been submitted for testing by {}. ",
                    name.unwrap_or_default()
                );
                if let Some(update) = self.bodhi.updates.get_mut(&id) {
                    update.request = Some("testing");
                }
                self.comment(id, text);
                self.say_requested(id, request);
                return Ok(());
            }
            ("obsolete", _) => (Status::Obsolete, "This update has been obsoleted."),
            ("revoke" | "unpush", _) => (Status::Unpushed, "This update has been unpushed."),
            (_, _) => return Ok(()),
        };
        if let Some(update) = self.bodhi.updates.get_mut(&id) {
            update.status = becomes;
            update.request = None;
            update.pushed = false;
            update.stage = Stage::Rest;
        }
        if request != "revoke" {
            self.comment(id, text);
        }
        self.say_requested(id, request);
        Ok(())
    }
}
