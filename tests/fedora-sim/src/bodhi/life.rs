//! The life of an update: signing, gating, approval; and how it ends otherwise.

use serde_json::json;

use super::{
    render::Shown,
    script::UpdateOutcome,
    update::{Stage, Status, Update},
};
use crate::{
    script::TagScript,
    world::{Draft, Severity, State},
};

impl State {
    /// Does what is due for an update.
    pub(crate) fn advance_update(&mut self, id: i64) {
        let Some(update) = self.bodhi.updates.get(&id).cloned() else { return };
        let timing = self.script.bodhi.timing.clone();
        let next = match update.stage {
            Stage::Tag => self.begin_signing(&update).map(|()| (Stage::Sign, timing.sign_ms)),
            Stage::Sign => self.sign(&update).map(|()| (Stage::Gate, timing.gate_ms)),
            Stage::Gate => self.gate(&update).map(|()| (Stage::Approve, timing.approve_ms)),
            Stage::Approve => {
                self.approve(&update);
                None
            }
            Stage::Rest => None,
        };
        let (stage, wait) = next.unwrap_or((Stage::Rest, 0));
        if let Some(update) = self.bodhi.updates.get_mut(&id) {
            update.stage = stage;
        }
        if stage != Stage::Rest {
            self.update_after(wait, id);
        }
    }

    fn service(&self) -> i64 {
        self.user_named("bodhi").map_or(1, |user| user.id)
    }

    fn set(&mut self, id: i64, change: impl FnOnce(&mut Update)) {
        if let Some(update) = self.bodhi.updates.get_mut(&id) {
            change(update);
        }
    }

    /// The side tag gets its two children, and each build goes into the one for signing.
    fn begin_signing(&mut self, update: &Update) -> Option<()> {
        if update.outcome == UpdateOutcome::Obsoleted {
            self.set(update.id, |update| update.status = Status::Obsolete);
            self.comment(update.id, "This update has been obsoleted.");
            return None;
        }
        let user = self.service();
        self.tag_named(&update.from_tag)?;
        for end in ["signing-pending", "testing-pending"] {
            let name = format!("{}-{end}", update.from_tag);
            if self.tag_named(&name).is_none() {
                self.create_tag(&TagScript {
                    name,
                    parents: vec![update.from_tag.clone()],
                    ..TagScript::default()
                });
            }
        }
        let signing = self.tag_named(&format!("{}-signing-pending", update.from_tag))?.id;
        for build in &update.builds {
            // One that is there already, or was removed by somebody, is no obstacle to the rest.
            let _ = self.tag_build(signing, *build, user);
        }
        Some(())
    }

    /// The robot signs each build and moves it on; with the last one the update is in testing.
    fn sign(&mut self, update: &Update) -> Option<()> {
        let user = self.service();
        let signing = self.tag_named(&format!("{}-signing-pending", update.from_tag))?.id;
        let testing = self.tag_named(&format!("{}-testing-pending", update.from_tag))?.id;
        for build in &update.builds {
            let _ = self.move_build(signing, testing, *build, user);
        }
        let now = self.now();
        self.set(update.id, |update| {
            update.signed.extend(update.builds.iter().copied());
            update.status = Status::Testing;
            update.pushed = true;
            update.testing = Some(now);
            update.last_push = Some(now);
        });
        Some(())
    }

    fn gate(&mut self, update: &Update) -> Option<()> {
        if update.outcome == UpdateOutcome::Unpushed {
            self.set(update.id, |update| {
                update.status = Status::Unpushed;
                update.pushed = false;
            });
            self.comment(update.id, "This update has been unpushed.");
            return None;
        }
        let failed = update.outcome == UpdateOutcome::GatingFailed;
        if update.gating.is_some() || failed {
            let verdict = if failed { "failed" } else { "ignored" };
            self.set(update.id, |update| update.gating = Some(verdict));
            self.comment(
                update.id,
                format!("This update's test gating status has been changed to '{verdict}'."),
            );
        }
        (!failed && update.outcome != UpdateOutcome::NeverStable).then_some(())
    }

    /// The approval run: builds into the stable tag, out of the others; the side tag and its children go.
    fn approve(&mut self, update: &Update) {
        let now = self.now();
        self.set(update.id, |update| update.approved = Some(now));
        self.say_requirements_met(update);
        let stable = super::releases::all(&self.script.trigger_tag).into_iter().nth(update.release);
        let stable_name = stable.map(|release| release.stable_tag).unwrap_or_default();
        let Some(stable) = self.tag_named(&stable_name).map(|tag| tag.id) else { return };
        let in_stable: Vec<i64> =
            self.list_tagged(stable, false, None, None).iter().map(|row| row.build.id).collect();
        let in_stable = self.by_package(&in_stable);
        let scripted = update.outcome == UpdateOutcome::Conflict;
        let late: Vec<i64> = update
            .builds
            .iter()
            .filter(|build| scripted || self.newer_in(&in_stable, **build))
            .copied()
            .collect();
        if !late.is_empty() {
            let nvrs = self.nvrs(&late).join(", ");
            let text = format!(
                "This update cannot be pushed to stable. These builds {nvrs} have a more recent build in koji's {stable_name} tag."
            );
            self.set(update.id, |update| update.status = Status::Pending);
            return self.comment(update.id, text);
        }
        self.move_to_stable(update, stable);
        self.set(update.id, |update| {
            update.status = Status::Stable;
            update.stable = Some(now);
            update.last_push = Some(now);
        });
        self.comment(update.id, "This update has been submitted for stable by bodhi");
    }

    fn move_to_stable(&mut self, update: &Update, stable: i64) {
        let user = self.service();
        let names = ["-signing-pending", "-testing-pending", ""]
            .map(|end| format!("{}{end}", update.from_tag));
        for build in &update.builds {
            let _ = self.tag_build(stable, *build, user);
            for name in &names {
                if let Some(tag) = self
                    .tag_named(name)
                    .map(|tag| tag.id)
                    .filter(|tag| self.is_tagged(*tag, *build))
                {
                    let _ = self.untag_build(tag, *build, user);
                }
            }
        }
        for name in &names {
            if let Some(tag) = self.tag_named(name).map(|tag| tag.id) {
                self.delete_tag(tag);
            }
        }
    }

    fn packages_of(&self, update: &Update) -> Vec<String> {
        update
            .builds
            .iter()
            .filter_map(|id| self.build(*id))
            .map(|build| build.name.clone())
            .collect()
    }

    fn say(
        &mut self,
        topic: &str,
        schema: &'static str,
        severity: Severity,
        update: &Update,
        body: serde_json::Value,
    ) {
        let mut users = vec![self.user_name(update.user).to_owned()];
        if severity == Severity::Debug {
            users.push("bodhi".to_owned());
        }
        self.emit(Draft {
            topic: topic.to_owned(),
            schema: (schema, "bodhi_messages"),
            severity,
            users,
            packages: self.packages_of(update),
            priority: None,
            body,
        });
    }

    /// Sent right after creation, despite its name.
    pub(super) fn say_created(&mut self, id: i64) {
        let Some(update) = self.bodhi.updates.get(&id).cloned() else { return };
        let builds: Vec<_> = update.builds.iter().filter_map(|id| self.build(*id)).map(|build| {
            json!({"type": "koji-build", "id": build.id, "task_id": build.task, "nvr": build.nvr()})
        }).collect();
        let mut shown = self.show(&update, Shown::InGet);
        shown["date_submitted"] = serde_json::Value::Null;
        let body = json!({"artifact": {"type": "koji-build-group", "builds": builds}, "update": shown,
            "agent": "bodhi", "re-trigger": false});
        let topic = "bodhi.update.status.testing.koji-build-group.build.complete";
        self.say(topic, "bodhi.update.status.testing.v3", Severity::Debug, &update, body);
    }

    fn say_requirements_met(&mut self, update: &Update) {
        let body = json!({"update": self.show(update, Shown::InGet)});
        let schema = "bodhi.update.requirements_met.stable.v1";
        self.say("bodhi.update.requirements_met.stable", schema, Severity::Info, update, body);
    }

    /// What a person did to an update.
    pub(super) fn say_requested(&mut self, id: i64, what: &'static str) {
        let Some(update) = self.bodhi.updates.get(&id).cloned() else { return };
        let schema = match what {
            "testing" => "bodhi.update.request.testing.v1",
            "revoke" => "bodhi.update.request.revoke.v1",
            "unpush" => "bodhi.update.request.unpush.v1",
            _ => "bodhi.update.request.obsolete.v1",
        };
        let body = json!({"agent": self.user_name(update.user), "update": self.show(&update, Shown::InGet)});
        self.say(&format!("bodhi.update.request.{what}"), schema, Severity::Info, &update, body);
    }
}
