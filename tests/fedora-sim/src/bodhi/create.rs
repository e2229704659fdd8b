//! Making and editing updates. The row is there before the later steps, so a failing answer need not mean that nothing was
//! made.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike};
use ebs_domain::nvr::MAX_BODHI_NVR;
use serde_json::{Value as Json, json};

use super::{
    ask::{Ask, Complaint, complaint},
    checks::{Checked, Refused},
    render::Shown,
    script::UpdateOutcome,
    update::{Stage, Status, Update},
};
use crate::{chance, world::State};

/// What a POST is answered with.
pub(super) enum Answer {
    /// The update, with caveats.
    Made(Json),
    /// A list of complaints.
    Refused(u16, Vec<Complaint>),
    /// The server's plain 500.
    Crash,
    /// A proxy's page with this status.
    Proxy,
}

impl From<Refused> for Answer {
    fn from((status, complaints): Refused) -> Self {
        Self::Refused(status, complaints)
    }
}

impl State {
    /// Puts somebody's update as it is: it goes nowhere from there. Gives its alias.
    pub fn put_update(
        &mut self,
        user: i64,
        from_tag: &str,
        builds: Vec<i64>,
        status: Status,
    ) -> String {
        let now = self.now();
        let id = self.bodhi.updates.last_key_value().map_or(0, |(id, _)| *id) + 1;
        let alias = self.new_alias(id, now);
        let update = Update {
            id,
            alias: alias.clone(),
            user,
            status,
            builds,
            gating: None,
            from_tag: from_tag.to_owned(),
            ask: Ask::of_packager(),
            request: None,
            pushed: true,
            signed: BTreeSet::new(),
            release: 0,
            outcome: UpdateOutcome::Stable,
            stage: Stage::Rest,
            submitted: now,
            modified: None,
            approved: None,
            testing: Some(now),
            last_push: Some(now),
            stable: None,
            comments: Vec::new(),
        };
        self.bodhi.updates.insert(id, update);
        alias
    }

    /// Answers a well-formed POST of a user who may post.
    pub(super) fn post_update(&mut self, ask: Ask, user: i64) -> Answer {
        if let Some(nvr) = self.bodhi.broken.take() {
            let text = format!(
                "This Session's transaction has been rolled back due to a previous exception during flush. (psycopg2.errors.StringDataRightTruncation) value too long for type character varying(100) [{nvr}]"
            );
            return Answer::Refused(500, vec![complaint("body", "PendingRollbackError", text)]);
        }
        let checked = match self.check_update(&ask, user) {
            Ok(checked) => checked,
            Err(refused) => return refused.into(),
        };
        let edited =
            ask.edited.as_deref().and_then(|alias| self.bodhi.named(alias)).map(|update| update.id);
        if let Some(id) = edited {
            return self.edit(id, ask, checked);
        }
        let (package, outcome) = self.draw_outcome(&checked.builds);
        if let Some(refusal) = self.scripted_refusal(outcome, &package, &checked) {
            return refusal;
        }
        let long =
            self.nvrs(&checked.builds).into_iter().find(|nvr| nvr.chars().count() > MAX_BODHI_NVR);
        if let Some(nvr) = long {
            self.bodhi.broken = Some(nvr);
            return Answer::Crash;
        }
        self.make(ask, user, checked, (package, outcome))
    }

    /// The outcome of this posting: the first build's, by package, that has one that is not plain success.
    fn draw_outcome(&mut self, builds: &[i64]) -> (String, UpdateOutcome) {
        let names: BTreeSet<String> = builds
            .iter()
            .filter_map(|id| self.build(*id))
            .map(|build| build.name.clone())
            .collect();
        let mut drawn = (String::new(), UpdateOutcome::Stable);
        for name in names {
            let attempt = self.bodhi.attempts.entry(name.clone()).or_default();
            *attempt += 1;
            let outcome = self.script.bodhi.outcome(&name, *attempt);
            if drawn.1 == UpdateOutcome::Stable {
                drawn = (name, outcome);
            }
        }
        drawn
    }

    fn scripted_refusal(
        &self,
        outcome: UpdateOutcome,
        package: &str,
        checked: &Checked,
    ) -> Option<Answer> {
        let of_package = checked
            .builds
            .iter()
            .filter_map(|id| self.build(*id))
            .find(|build| build.name == package);
        let nvr = of_package.map(crate::world::Build::nvr).unwrap_or_default();
        let acl = "ACL validation mechanism was unable to determine ACLs.";
        let texts: Vec<String> = match outcome {
            UpdateOutcome::Refused => vec![acl.to_owned()],
            UpdateOutcome::RefusedBuild => vec![format!("Update for {nvr} already exists")],
            UpdateOutcome::KojiFault => vec![
                format!("Koji error getting build: {nvr}"),
                "You may not specify an empty list of builds.".to_owned(),
                acl.to_owned(),
            ],
            UpdateOutcome::Stable
            | UpdateOutcome::CreatedBut502
            | UpdateOutcome::CreatedBut400
            | UpdateOutcome::BuildMissing
            | UpdateOutcome::Obsoleted
            | UpdateOutcome::Unpushed
            | UpdateOutcome::GatingFailed
            | UpdateOutcome::Conflict
            | UpdateOutcome::NeverStable => return None,
        };
        Some(Answer::Refused(
            400,
            texts.into_iter().map(|text| complaint("body", "builds", text)).collect(),
        ))
    }

    fn make(
        &mut self,
        ask: Ask,
        user: i64,
        checked: Checked,
        (package, outcome): (String, UpdateOutcome),
    ) -> Answer {
        let mut builds = checked.builds;
        if outcome == UpdateOutcome::BuildMissing {
            let state = &*self;
            builds.retain(|id| state.build(*id).is_none_or(|build| build.name != package));
        }
        let now = self.now();
        let id = self.bodhi.updates.last_key_value().map_or(0, |(id, _)| *id) + 1;
        let gating = self.script.bodhi.gating.then_some("waiting");
        let update = Update {
            id,
            alias: self.new_alias(id, now),
            user,
            status: Status::Pending,
            builds: builds.clone(),
            gating,
            from_tag: checked.from_tag,
            ask,
            request: None,
            pushed: false,
            signed: BTreeSet::new(),
            release: checked.release,
            outcome,
            stage: Stage::Tag,
            submitted: now,
            modified: None,
            approved: None,
            testing: None,
            last_push: None,
            stable: None,
            comments: Vec::new(),
        };
        self.take_from_unpushed(&builds);
        self.bodhi.updates.insert(id, update);
        if gating.is_some() {
            self.comment(id, "This update's test gating status has been changed to 'waiting'.");
        }
        let caveats = self.obsolete_older(id);
        self.say_created(id);
        self.update_after(self.script.bodhi.timing.tag_ms, id);
        match outcome {
            UpdateOutcome::CreatedBut502 => Answer::Proxy,
            UpdateOutcome::CreatedBut400 => {
                let text = "Unable to create update.  [Errno 111] Connection refused";
                Answer::Refused(400, vec![complaint("body", "builds", text)])
            }
            UpdateOutcome::Stable
            | UpdateOutcome::Refused
            | UpdateOutcome::RefusedBuild
            | UpdateOutcome::KojiFault
            | UpdateOutcome::BuildMissing
            | UpdateOutcome::Obsoleted
            | UpdateOutcome::Unpushed
            | UpdateOutcome::GatingFailed
            | UpdateOutcome::Conflict
            | UpdateOutcome::NeverStable => self.made(id, caveats),
        }
    }

    fn new_alias(&self, id: i64, now: i64) -> String {
        let year = DateTime::from_timestamp_micros(now).map_or(2026, |time| time.year());
        let hash = chance::draw(self.script.seed, &["alias", &id.to_string()]) & 0xff_ffff_ffff;
        format!("FEDORA-{year}-{hash:010x}")
    }

    fn made(&self, id: i64, caveats: Vec<Json>) -> Answer {
        let Some(update) = self.bodhi.updates.get(&id) else { return Answer::Crash };
        let mut object = self.show(update, Shown::InPost);
        object["caveats"] = Json::Array(caveats);
        Answer::Made(object)
    }

    /// Builds of an unpushed update move to the new one.
    fn take_from_unpushed(&mut self, builds: &[i64]) {
        for update in
            self.bodhi.updates.values_mut().filter(|update| update.status == Status::Unpushed)
        {
            update.builds.retain(|build| !builds.contains(build));
        }
    }

    /// Older updates in pending or testing, all of whose packages the new one has in newer versions, become obsolete.
    fn obsolete_older(&mut self, id: i64) -> Vec<Json> {
        let Some(new) = self.bodhi.updates.get(&id).cloned() else { return Vec::new() };
        let in_new = self.by_package(&new.builds);
        let older: Vec<i64> = self
            .bodhi
            .updates()
            .filter(|old| {
                old.id != id
                    && matches!(old.status, Status::Pending | Status::Testing)
                    && !old.builds.is_empty()
                    && old.builds.iter().all(|build| self.newer_in(&in_new, *build))
            })
            .map(|old| old.id)
            .collect();
        let new_title = self.nvrs(&new.builds).join(" ");
        let mut caveats = Vec::new();
        for old in older {
            let Some(update) = self.bodhi.updates.get_mut(&old) else { continue };
            update.status = Status::Obsolete;
            update.stage = Stage::Rest;
            let (alias, notes, builds) =
                (update.alias.clone(), update.ask.notes.clone(), update.builds.clone());
            let title = self.nvrs(&builds).join(" ");
            if let Some(update) = self.bodhi.updates.get_mut(&id) {
                update.ask.notes = format!("{}\n\n----\n\n{notes}", update.ask.notes);
            }
            let link = |title: &str, alias: &str| {
                format!("[{title}](https://bodhi.example.org/updates/{alias})")
            };
            self.comment(
                old,
                format!("This update has been obsoleted by {}.", link(&new_title, &new.alias)),
            );
            let rest = "and has inherited its bugs and notes.";
            self.comment(id, format!("This update has obsoleted {}, {rest}", link(&title, &alias)));
            let text = format!("This update has obsoleted {title}, {rest}");
            caveats.push(json!({"name": "update", "description": text}));
        }
        caveats
    }

    fn edit(&mut self, id: i64, ask: Ask, checked: Checked) -> Answer {
        let now = self.now();
        let Some(update) = self.bodhi.updates.get_mut(&id) else { return Answer::Crash };
        if update.status == Status::Stable {
            return Answer::Refused(
                400,
                vec![complaint("body", "builds", "Cannot edit stable updates")],
            );
        }
        let added: Vec<i64> =
            checked.builds.iter().filter(|build| !update.builds.contains(build)).copied().collect();
        update.builds = checked.builds;
        update.ask = ask;
        update.modified = Some(now);
        let user = update.user;
        let mut caveats = Vec::new();
        if !added.is_empty() {
            let list = self.nvrs(&added).join("\n- ");
            let name = self.user_name(user);
            let text = format!(
                "{name} edited this update.\n\nNew build(s):\n\n- {list}\n\nKarma has been reset."
            );
            self.comment(id, text.clone());
            caveats.push(json!({"name": "builds", "description": text}));
        }
        self.made(id, caveats)
    }
}
