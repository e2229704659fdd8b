//! What a run of the simulator is told to do: accounts, tags, speeds, faults, and how each build ends. Pure data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{bodhi::script::BodhiScript, idp::script::PeopleScript};

mod outcome;

pub use outcome::{Outcome, SeedTrouble};

/// The whole script. Every part has a default, so that `{}` is a script; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// What all chance is drawn from, together with component and attempt; never from the order of arrival.
    pub seed: u64,
    /// Who can log in.
    pub accounts: Vec<Account>,
    /// The tags that exist from the beginning, parents before children.
    pub tags: Vec<TagScript>,
    /// The build targets that exist from the beginning.
    pub targets: Vec<TargetScript>,
    /// The tag that Rawhide builds enter.
    pub trigger_tag: String,
    /// What replaces the dist of a Rawhide release when it is rebuilt, such as `eln151`.
    pub dist: String,
    /// Host names and the like that replies and messages show.
    pub site: Site,
    /// How long things take.
    pub timing: Timing,
    /// What goes wrong on the way.
    pub faults: Faults,
    /// Age in ms at which a session expires (fault 1007); `None`: never.
    pub session_lifetime_ms: Option<u64>,
    /// Bodhi, the identity provider and Content Resolver.
    pub bodhi: BodhiScript,
    /// People who log in at services.
    pub people: PeopleScript,
    /// How builds end: package, or `package#commit` where it matters, to one outcome for each attempt, of which the last
    /// repeats.
    pub outcomes: BTreeMap<String, Vec<Outcome>>,
    /// What goes wrong when a Rawhide build of a package is tagged by `tagBuild`.
    pub seed_trouble: BTreeMap<String, SeedTrouble>,
    /// Whether an untag that empties a side tag removes it (`remove_empty` of the plugin; Fedora: on).
    pub remove_empty: bool,
    /// Whether a new side tag asks for a repo at once (`trigger_new_repo` of the plugin).
    pub side_tag_repo: bool,
    /// Every n-th side tag has a number in its name that is not its id (it is a guess of the plugin); 0: none.
    pub side_tag_skew: u32,
    /// Whether builds send `build.state.change` messages (they carry whole task trees).
    pub build_messages: bool,
    /// Width in ms of the window in which an ideal poller sees an end, see the report's `poll_lower_bound`.
    pub poll_grace_ms: u64,
}

/// An account of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its password for `login`; `None`: it cannot log in that way.
    #[serde(default)]
    pub password: Option<String>,
    /// Its Kerberos principal for `sslLogin`.
    #[serde(default)]
    pub principal: Option<String>,
    /// Whether it is an administrator.
    #[serde(default)]
    pub admin: bool,
}

/// A tag that exists from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagScript {
    /// Its name.
    pub name: String,
    /// Its architectures, separated by spaces.
    #[serde(default)]
    pub arches: String,
    /// The tags it inherits from, most important first.
    #[serde(default)]
    pub parents: Vec<String>,
    /// The packages it allows; `None`: all.
    #[serde(default)]
    pub packages: Option<Vec<String>>,
    /// The packages it blocks.
    #[serde(default)]
    pub blocked: Vec<String>,
    /// Whether it is locked.
    #[serde(default)]
    pub locked: bool,
    /// Whether side tags may be based on it (the site's `sidetag` policy).
    #[serde(default)]
    pub side_tags: bool,
}

/// A build target that exists from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetScript {
    /// Its name.
    pub name: String,
    /// The tag buildroots are made from.
    pub build_tag: String,
    /// The tag its builds go to.
    pub dest_tag: String,
}

/// How the site looks from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// `base_url` of messages: scheme and host of the hub. Empty: where the simulator listens.
    pub base_url: String,
    /// Where dist-git is: sources are `git+<dist_git>/<name>#<commit>`.
    pub dist_git: String,
    /// Topic prefix of messages, with the dot that ends it.
    pub topic_prefix: String,
    /// The header in which a web server before the simulator says whom it has logged in (its `REMOTE_USER`), for the hub's
    /// `/ssllogin` and the identity provider. Whoever reaches the simulator past that server can say he is anybody. `None`: no
    /// header is believed; see there what is instead.
    pub remote_user_header: Option<String>,
}

/// How long things take, in ms. Nought means at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// Each HTTP request, before it is looked at.
    pub request_ms: u64,
    /// Each inner call of a `multiCall` (or the one call of a plain request); the session is held meanwhile.
    pub call_ms: u64,
    /// How long a task waits in FREE.
    pub pickup_ms: u64,
    /// Shortest build, from its start to the end of its architectures.
    pub build_min_ms: u64,
    /// Longest build; each is drawn evenly between the two.
    pub build_max_ms: u64,
    /// A `tagBuild` task, from start to end.
    pub tagging_ms: u64,
    /// A `newRepo` task, from start to end.
    pub repo_ms: u64,
    /// How often the repo queue is looked at; nought: at each request.
    pub repo_queue_ms: u64,
    /// What the outcome `slow` multiplies a build's time with.
    pub slow_factor: u64,
}

/// What goes wrong on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Share of requests whose reply is lost: 0 to 1.
    pub lost_reply_rate: f64,
    /// What becomes of the first requests of a name, one entry for each; later ones are answered. A name is a method of the
    /// hub (of a `multiCall`, its first inner one), or for Bodhi a method of HTTP with its path, such as `POST /updates/`.
    pub lost: BTreeMap<String, Vec<Loss>>,
    /// A request whose reply was lost may take effect up to so many ms later, and sometimes does.
    pub late_effect_max_ms: u64,
    /// Outages, by time since the start.
    pub windows: Vec<Window>,
    /// An outage that begins now and lasts until this is replaced.
    pub now: Option<Trouble>,
    /// Which service `now` is about.
    pub now_service: Service,
}

/// What becomes of a request whose reply is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// It ran.
    Ran,
    /// It runs as late as `late_effect_max_ms` has it.
    Late,
    /// It never ran.
    Never,
}

/// One outage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The service that is away.
    pub service: Service,
    /// Its beginning, ms since the start.
    pub from_ms: u64,
    /// Its end, ms since the start.
    pub until_ms: u64,
    /// How it shows.
    pub trouble: Trouble,
}

/// A service of the simulated Fedora.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The Koji hub.
    #[default]
    Koji,
    /// Bodhi.
    Bodhi,
    /// The identity provider.
    Identity,
    /// Content Resolver.
    Resolver,
    /// datagrepper.
    Archive,
}

/// How an outage shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Koji says ServerOffline (fault 1014) with HTTP 200; other services answer 503.
    Offline,
    /// The connection is cut without an answer; nothing runs.
    Cut,
    /// HTTP 500.
    Http500,
    /// HTTP 502.
    Http502,
    /// HTTP 503.
    Http503,
    /// HTTP 504: nothing runs.
    Http504,
    /// A page of HTML with status 200.
    Html,
}

impl Script {
    /// This script with parts replaced: an object is merged with the part of that name, key by key, anything else replaces it.
    ///
    /// # Errors
    ///
    /// The patch does not make a script: unknown key, wrong type.
    pub fn patched(&self, patch: serde_json::Value) -> Result<Self, serde_json::Error> {
        let mut whole = serde_json::to_value(self)?;
        if let (Some(whole), serde_json::Value::Object(patch)) = (whole.as_object_mut(), patch) {
            for (key, value) in patch {
                match (whole.get_mut(&key), value) {
                    (Some(serde_json::Value::Object(old)), serde_json::Value::Object(new)) => {
                        old.extend(new)
                    }
                    (_, value) => {
                        whole.insert(key, value);
                    }
                }
            }
        }
        serde_json::from_value(whole)
    }

    /// The outcome of one attempt (counted from 1) at a package.
    #[must_use]
    pub fn outcome(&self, package: &str, source: &str, attempt: u32) -> Outcome {
        let commit = source.rsplit('#').next().unwrap_or_default();
        let exact = self.outcomes.get(&format!("{package}#{commit}"));
        let Some(list) = exact.or_else(|| self.outcomes.get(package)) else {
            return Outcome::Succeed;
        };
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        list.get(index).or_else(|| list.last()).copied().unwrap_or(Outcome::Succeed)
    }
}

impl Default for Script {
    fn default() -> Self {
        let tag = |name: &str, arches: &str, parents: &[&str], side_tags| TagScript {
            name: name.to_owned(),
            arches: arches.to_owned(),
            parents: parents.iter().map(|p| (*p).to_owned()).collect(),
            side_tags,
            ..TagScript::default()
        };
        let account = |name: &str, password: &str, admin| Account {
            name: name.to_owned(),
            password: Some(password.to_owned()),
            principal: None,
            admin,
        };
        Self {
            seed: 1,
            accounts: vec![
                account("kojiadmin", "kojiadminpw", true),
                account("ebs", "ebspw", false),
                account("other", "otherpw", false),
                account("kojira", "kojirapw", false),
                account("bodhi", "bodhipw", true),
            ],
            tags: vec![
                tag("eln", "", &[], false),
                tag("eln-build", "x86_64 aarch64", &["eln"], true),
                tag("eln-updates-testing-pending", "", &["eln"], false),
                tag("eln-updates-pending", "", &["eln"], false),
                tag("f45", "", &[], false),
                tag("f45-build", "x86_64 aarch64", &["f45"], true),
            ],
            targets: vec![
                TargetScript {
                    name: "eln".into(),
                    build_tag: "eln-build".into(),
                    dest_tag: "eln".into(),
                },
                TargetScript {
                    name: "rawhide".into(),
                    build_tag: "f45-build".into(),
                    dest_tag: "f45".into(),
                },
            ],
            trigger_tag: "f45".into(),
            dist: "eln151".into(),
            site: Site::default(),
            timing: Timing::default(),
            faults: Faults::default(),
            session_lifetime_ms: None,
            bodhi: BodhiScript::default(),
            people: PeopleScript::default(),
            outcomes: BTreeMap::new(),
            seed_trouble: BTreeMap::new(),
            remove_empty: true,
            side_tag_repo: false,
            side_tag_skew: 3,
            build_messages: true,
            poll_grace_ms: 1000,
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            dist_git: "https://src.example.org/rpms".into(),
            topic_prefix: "org.fedoraproject.prod.".into(),
            remote_user_header: None,
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            request_ms: 0,
            call_ms: 0,
            pickup_ms: 0,
            build_min_ms: 0,
            build_max_ms: 0,
            tagging_ms: 0,
            repo_ms: 0,
            repo_queue_ms: 0,
            slow_factor: 10,
        }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            lost_reply_rate: 0.0,
            lost: BTreeMap::new(),
            late_effect_max_ms: 0,
            windows: Vec::new(),
            now: None,
            now_service: Service::Koji,
        }
    }
}
