//! A build enters the trigger tag, as the test says: the beginning of everything.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::world::{NewBuild, Refusal, State};

/// What shall be tagged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTag {
    /// Package.
    pub name: String,
    /// Version.
    pub version: String,
    /// Release with Rawhide's dist: `3.fc45`.
    pub release: String,
    /// Epoch.
    #[serde(default)]
    pub epoch: Option<i64>,
    /// The commit that it was built from.
    pub commit: String,
    /// The tag; the trigger tag if left out.
    #[serde(default)]
    pub tag: Option<String>,
    /// Whether the build has no source, as one imported by hand.
    #[serde(default)]
    pub no_source: bool,
    /// How the bus tells of it.
    #[serde(default)]
    pub announce: Announce,
}

/// How the bus tells of a tagging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announce {
    /// By one message.
    #[default]
    Once,
    /// By the same message twice.
    Twice,
    /// Not on the bus, but datagrepper has it.
    Dropped,
    /// Not at all: neither bus nor datagrepper.
    Lost,
    /// By a message, though the build was not tagged.
    False,
    /// By a message on the topic of CentOS's own build system, though the build was not tagged here.
    Centos,
    /// By a message whose body is no JSON; the build is tagged.
    NotJson,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagAnswer {
    /// The build.
    pub build_id: i64,
    /// Its NVR.
    pub nvr: String,
    /// Its source, as Koji has it.
    pub source: String,
    /// The event of its tagging, if it was tagged.
    pub event: Option<i64>,
    /// The message's id, if there was one.
    pub message_id: Option<String>,
}

impl NewTag {
    fn nvr(&self) -> String {
        format!("{}-{}-{}", self.name, self.version, self.release)
    }
}

impl State {
    /// Makes a COMPLETE build in the trigger tag, and has the bus tell of it.
    ///
    /// # Errors
    ///
    /// 1000 if there is no such tag, or as the tagging is refused.
    pub fn tag_for_test(&mut self, new: &NewTag) -> Result<TagAnswer, Refusal> {
        let tag_name = new.tag.clone().unwrap_or_else(|| self.script.trigger_tag.clone());
        let Some(tag) = self.tag_named(&tag_name).map(|tag| tag.id) else {
            return Err(Refusal::generic(format!("No such tagInfo: '{tag_name}'")));
        };
        let (build, owner) = self.build_for_test(new);
        let source = self.source_of(new);
        let nvr = new.nvr();
        let said = self.messages().len();
        let place = match new.announce {
            Announce::False | Announce::Centos => self.say_tagged("tag", tag, build, owner),
            Announce::Once
            | Announce::Twice
            | Announce::Dropped
            | Announce::Lost
            | Announce::NotJson => {
                if self.is_tagged(tag, build) {
                    // A forced re-tag: `tag` again, with no `untag` before it.
                    self.retag_build(tag, build, owner)
                } else {
                    self.tag_build(tag, build, owner)?;
                    Some(said)
                }
            }
        };
        let message_id = place.and_then(|place| self.announce(place, new.announce));
        let event = self.tagged_event(tag, build);
        Ok(TagAnswer { build_id: build, nvr, source, event, message_id })
    }

    /// Makes a COMPLETE build that is in no tag, unless it is there.
    pub(super) fn build_for_test(&mut self, new: &NewTag) -> (i64, i64) {
        let source = self.source_of(new);
        self.know_source(&new.name, &new.commit, &new.version, &new.release, new.epoch);
        let owner = self.user_named("other").map_or(1, |user| user.id);
        let build = match self.build_named(&new.nvr()).map(|build| build.id) {
            Some(build) => build,
            None => self.import_build(NewBuild {
                name: new.name.clone(),
                version: new.version.clone(),
                release: new.release.clone(),
                epoch: new.epoch,
                draft: false,
                task: None,
                owner,
                source: source.clone(),
                extra: json!({"source": {"original_url": source}}),
            }),
        };
        if new.no_source
            && let Some(build) = self.build_mut(build)
        {
            build.source = None;
            build.extra = serde_json::Value::Null;
        }
        (build, owner)
    }

    fn source_of(&self, new: &NewTag) -> String {
        format!("git+{}/{}#{}", self.script.site.dist_git, new.name, new.commit)
    }

    fn announce(&mut self, place: usize, how: Announce) -> Option<String> {
        let message = self.message_mut(place)?;
        match how {
            Announce::Once | Announce::False => {}
            Announce::Twice => message.copies = 2,
            Announce::Dropped => message.copies = 0,
            Announce::Lost => {
                message.copies = 0;
                message.archived = false;
                return None;
            }
            Announce::Centos => {
                message.topic = "org.centos.prod.buildsys.tag".to_owned();
                if let Some(body) = message.body.as_object_mut() {
                    body.insert(
                        "base_url".into(),
                        "https://kojihub.stream.centos.example.org".into(),
                    );
                }
            }
            Announce::NotJson => message.raw = Some("this is not JSON {".to_owned()),
        }
        Some(message.id.clone())
    }
}
