//! Updates as Bodhi shows them.

use chrono::DateTime;
use serde_json::{Value as Json, json};

use super::{
    releases,
    update::{Comment, Update},
};
use crate::{
    chance,
    world::{Build, State},
};

/// Where an update is shown: a POST's reply leaves some of the users' fields null.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    InPost,
    InGet,
}

/// A date as Bodhi writes it: UTC, whole seconds, no zone.
fn date(at: Option<i64>) -> Json {
    match at.and_then(DateTime::from_timestamp_micros) {
        Some(time) => json!(time.format("%Y-%m-%d %H:%M:%S").to_string()),
        None => Json::Null,
    }
}

impl State {
    /// The update's object.
    pub(super) fn show(&self, update: &Update, shown: Shown) -> Json {
        let release = releases::all(&self.script.trigger_tag).into_iter().nth(update.release);
        let nvrs = self.nvrs(&update.builds);
        let title = if nvrs.is_empty() { update.alias.clone() } else { nvrs.join(" ") };
        let hash = chance::draw(self.script.seed, &["version", &title]);
        let mut object = json!({
            "notes": update.ask.notes, "type": update.ask.kind, "severity": update.ask.severity,
            "suggest": update.ask.suggest, "display_name": update.ask.display_name, "autokarma": update.ask.autokarma,
            "autotime": true, "stable_karma": update.ask.stable_karma, "unstable_karma": update.ask.unstable_karma,
            "stable_days": 0, "require_bugs": update.ask.require_bugs,
            "require_testcases": update.ask.require_testcases, "close_bugs": update.ask.close_bugs,
            "status": update.status.name(), "request": update.request, "locked": false, "pushed": update.pushed,
            "critpath": false, "critpath_groups": null, "alias": update.alias, "updateid": update.alias,
            "test_gating_status": update.gating, "from_tag": update.from_tag,
            "meets_testing_requirements": !matches!(update.gating, Some("waiting" | "failed")),
            "url": format!("https://bodhi.example.org/updates/{}", update.alias), "title": title,
            "version_hash": format!("{hash:016x}{hash:016x}{:08x}", hash >> 32),
            "release": release.map(|release| release.object), "user": self.person(update.user, shown),
            "bugs": [], "karma": 0, "content_type": "rpm", "test_cases": [],
        });
        object["date_submitted"] = date(Some(update.submitted));
        object["date_modified"] = date(update.modified);
        object["date_approved"] = date(update.approved);
        object["date_testing"] = date(update.testing);
        object["date_pushed"] = date(update.last_push);
        object["date_stable"] = date(update.stable);
        object["builds"] = self.show_builds(update);
        object["comments"] =
            update.comments.iter().map(|one| self.show_comment(update, one, shown)).collect();
        object
    }

    fn show_builds(&self, update: &Update) -> Json {
        let mut builds: Vec<&Build> =
            update.builds.iter().filter_map(|id| self.build(*id)).collect();
        builds.sort_by_key(|build| build.nvr());
        let show = |build: &Build| {
            json!({"nvr": build.nvr(), "signed": update.signed.contains(&build.id), "release_id": update.release + 1,
                "type": "rpm", "epoch": build.epoch.unwrap_or(0)})
        };
        builds.into_iter().map(show).collect()
    }

    fn show_comment(&self, update: &Update, comment: &Comment, shown: Shown) -> Json {
        let bodhi = self.user_named("bodhi").map_or(0, |user| user.id);
        let (avatar, openid) = match shown {
            Shown::InPost => (Json::Null, Json::Null),
            Shown::InGet => (
                json!("https://apps.fedoraproject.org/img/icons/bodhi-24.png"),
                json!("bodhi.id.fedoraproject.org"),
            ),
        };
        json!({"karma": 0, "karma_critpath": 0, "text": comment.text, "timestamp": date(Some(comment.at)),
            "update_id": update.id, "user_id": bodhi, "id": comment.id, "bug_feedback": [], "testcase_feedback": [],
            "user": {"name": "bodhi", "email": null, "id": bodhi, "avatar": avatar, "openid": openid, "groups": []}})
    }

    fn person(&self, user: i64, shown: Shown) -> Json {
        let name = self.user_name(user);
        let (avatar, openid) = match shown {
            Shown::InPost => (Json::Null, Json::Null),
            Shown::InGet => {
                (json!("libravatar.org"), json!(format!("{name}.id.fedoraproject.org")))
            }
        };
        json!({"name": name, "email": format!("{name}@example.org"), "id": user, "avatar": avatar, "openid": openid,
            "groups": [{"name": "packager"}, {"name": "fedora-contributor"}]})
    }
}
