//! What Bodhi checks once a body is well formed: the side tag, its builds, their release, and who may submit them.

use std::collections::{HashMap, HashSet};

use super::{
    ask::{Ask, Complaint, complaint},
    releases,
    update::{Status, Update},
};
use crate::world::{Build, State};

/// A body that passed: what the update will hold.
pub(super) struct Checked {
    pub(super) builds: Vec<i64>,
    pub(super) release: usize,
    pub(super) from_tag: String,
}

/// A refusal: its status and all complaints.
pub(super) type Refused = (u16, Vec<Complaint>);

fn builds(description: impl Into<String>) -> Complaint {
    complaint("body", "builds", description)
}

/// Side-tag errors are followed by these.
fn followed(mut complaints: Vec<Complaint>, empty: bool) -> Refused {
    if empty {
        complaints.push(builds("You may not specify an empty list of builds."));
    }
    complaints.push(builds("ACL validation mechanism was unable to determine ACLs."));
    (400, complaints)
}

impl State {
    /// Checks a well-formed body.
    pub(super) fn check_update(&mut self, ask: &Ask, user: i64) -> Result<Checked, Refused> {
        let edited =
            ask.edited.as_deref().and_then(|alias| self.bodhi.named(alias)).map(|update| update.id);
        let Some(from_tag) = ask.from_tag.clone() else {
            return Err(if ask.builds.is_empty() {
                let text = "You must specify either builds or from_tag.";
                followed(vec![complaint("body", "builds,from_tag", text)], false)
            } else {
                (400, vec![builds(NOT_COMPOSED)])
            });
        };
        let taken = |update: &Update| update.from_tag == from_tag && Some(update.id) != edited;
        if self.bodhi.updates().any(taken) {
            return Err((
                400,
                vec![complaint("body", "from_tag", "Update already exists using this side tag")],
            ));
        }
        let in_tag = self.content(&from_tag, edited)?;
        let chosen = self.chosen(&ask.builds, &in_tag)?;
        self.check_builds(&chosen, &in_tag, &from_tag, edited)?;
        let release = self.release_of(&from_tag, &chosen)?;
        self.check_rights(&from_tag, &chosen, user)?;
        Ok(Checked { builds: chosen, release, from_tag })
    }

    /// The latest builds of a side tag.
    fn content(&self, from_tag: &str, edited: Option<i64>) -> Result<Vec<i64>, Refused> {
        let wrong = |text: &str| vec![complaint("body", "from_tag", text)];
        let stable = edited
            .and_then(|id| self.bodhi.updates.get(&id))
            .is_some_and(|u| u.status == Status::Stable);
        let Some(tag) = self.tag_named(from_tag) else {
            let mut complaints = wrong("The supplied from_tag doesn't exist.");
            if stable {
                complaints.push(builds("Cannot edit stable updates"));
            }
            return Err(followed(complaints, false));
        };
        if tag.side_tag_of.is_none() {
            return Err(followed(wrong("The supplied tag is not a side tag."), false));
        }
        let found: Vec<_> = self
            .list_tagged(tag.id, false, Some(1), None)
            .into_iter()
            .map(|row| row.build.id)
            .collect();
        if found.is_empty() {
            return Err(followed(wrong("The supplied from_tag doesn't contain any builds."), true));
        }
        Ok(found)
    }

    /// The builds named by hand, or else all of the tag.
    fn chosen(&self, named: &[String], in_tag: &[i64]) -> Result<Vec<i64>, Refused> {
        if named.is_empty() {
            return Ok(in_tag.to_vec());
        }
        let mut chosen = Vec::new();
        for nvr in named {
            match self.build_named(nvr) {
                Some(build) => chosen.push(build.id),
                None => {
                    return Err(followed(
                        vec![builds(format!("Build does not exist: {nvr}"))],
                        true,
                    ));
                }
            }
        }
        Ok(chosen)
    }

    fn check_builds(
        &mut self,
        chosen: &[i64],
        in_tag: &[i64],
        from_tag: &str,
        edited: Option<i64>,
    ) -> Result<(), Refused> {
        let mut complaints = Vec::new();
        let mut held = Vec::new();
        let (in_others, by_package) = (self.in_others(edited), self.by_package(chosen));
        let in_tag: HashSet<i64> = in_tag.iter().copied().collect();
        for build in chosen.iter().filter_map(|id| self.build(*id)) {
            let nvr = build.nvr();
            if let Some(other) = in_others.get(&build.id) {
                complaints.push(builds(format!("Update for {nvr} already exists")));
                held.push(format!("update from {from_tag}: {nvr} is in {} already", other.alias));
            }
            if !in_tag.contains(&build.id) {
                complaints.push(builds(format!("Invalid build: {nvr} not tagged in {from_tag}")));
            }
            if by_package.of(build.package).len() > 1 {
                let text = builds(format!("Multiple {} builds specified in ELN", build.name));
                if !complaints.contains(&text) {
                    complaints.push(text);
                }
            }
        }
        self.record.duplicates.extend(held);
        if complaints.is_empty() { Ok(()) } else { Err((400, complaints)) }
    }

    /// The builds of all other updates that are not unpushed, each with the oldest update that holds it.
    fn in_others(&self, edited: Option<i64>) -> HashMap<i64, &Update> {
        let mut found = HashMap::new();
        let others = self
            .bodhi
            .updates()
            .filter(|update| Some(update.id) != edited && update.status != Status::Unpushed);
        for update in others {
            for build in &update.builds {
                found.entry(*build).or_insert(update);
            }
        }
        found
    }

    /// The release whose stable tag the side tag inherits from.
    fn release_of(&self, from_tag: &str, chosen: &[i64]) -> Result<usize, Refused> {
        let ancestry =
            self.tag_named(from_tag).map(|tag| self.ancestry(tag.id)).unwrap_or_default();
        let names: Vec<&str> =
            ancestry.iter().filter_map(|id| self.tag(*id)).map(|tag| &*tag.name).collect();
        let known = releases::all(&self.script.trigger_tag);
        let found = known.iter().position(|release| names.contains(&release.stable_tag.as_str()));
        found.ok_or_else(|| {
            let nvr =
                chosen.first().and_then(|id| self.build(*id)).map(Build::nvr).unwrap_or_default();
            let tags = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
            let text = format!("Cannot find release associated with build: {nvr}, tags: [{tags}]");
            (400, vec![builds(text)])
        })
    }

    /// The owner of the side tag may submit anything in it; nobody here has commit rights of their own.
    fn check_rights(&self, from_tag: &str, chosen: &[i64], user: i64) -> Result<(), Refused> {
        if self.tag_named(from_tag).and_then(|tag| tag.side_tag_of) == Some(user) {
            return Ok(());
        }
        let name = self.user_name(user);
        let missing = chosen.iter().filter_map(|id| self.build(*id));
        let texts = missing
            .map(|build| builds(format!("{name} does not have commit access to {}", build.name)));
        Err((403, texts.collect()))
    }
}

const NOT_COMPOSED: &str = "Cannot manually create updates for a Release which is not composed by Bodhi.\nRead the \
    'Automatic updates' page in Bodhi docs about this error.";
