//! Bodhi's JSON, read leniently: what we do not need may be absent, null or new. Does *not* judge.

use serde::{Deserialize, de::DeserializeOwned};

use super::api::{Complaint, OwnUpdate, Update};

/// An update object, as POST and lists give it.
#[derive(Debug, Deserialize)]
pub(super) struct RawUpdate {
    alias: String,
    status: Option<String>,
    request: Option<String>,
    test_gating_status: Option<String>,
    pushed: Option<bool>,
    from_tag: Option<String>,
    builds: Option<Vec<RawBuild>>,
    user: Option<RawUser>,
    release: Option<RawRelease>,
}

#[derive(Debug, Deserialize)]
struct RawUser {
    name: Option<String>,
}

impl RawUpdate {
    /// As an update of this account, if it is its. **Source:** a server ignores filters that it does not know.
    pub(super) fn made_by(self, user: &str) -> Option<OwnUpdate> {
        if self.user.as_ref().and_then(|by| by.name.as_deref()) != Some(user) {
            return None;
        }
        let stable_tag = self.release.as_ref().and_then(|release| release.stable_tag.clone());
        Some(OwnUpdate { stable_tag, update: self.into() })
    }
}

#[derive(Debug, Deserialize)]
struct RawBuild {
    nvr: String,
}

/// A page of a list, or the reply to a POST that made several updates.
#[derive(Debug, Deserialize)]
pub(super) struct RawUpdates {
    pub(super) updates: Vec<RawUpdate>,
    pub(super) pages: Option<u32>,
}

/// What `GET /updates/{alias}` answers.
#[derive(Debug, Deserialize)]
pub(super) struct RawWrapped {
    pub(super) update: RawUpdate,
}

/// A page of releases.
#[derive(Debug, Deserialize)]
pub(super) struct RawReleases {
    pub(super) releases: Vec<RawRelease>,
    pub(super) pages: Option<u32>,
}

/// A release. **Source:** several are `pending` at once; `branch` tells them apart.
#[derive(Debug, Deserialize)]
pub(super) struct RawRelease {
    pub(super) branch: Option<String>,
    pub(super) stable_tag: Option<String>,
}

/// The answer of `/csrf`.
#[derive(Debug, Deserialize)]
pub(super) struct RawCsrf {
    pub(super) csrf_token: String,
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
struct RawErrors {
    errors: Vec<RawComplaint>,
}

#[derive(Debug, Deserialize)]
struct RawComplaint {
    name: Option<String>,
    description: Option<String>,
}

impl From<RawUpdate> for Update {
    fn from(raw: RawUpdate) -> Self {
        Self {
            alias: raw.alias,
            status: raw.status.unwrap_or_default(),
            request: raw.request,
            gating: raw.test_gating_status,
            pushed: raw.pushed.unwrap_or(false),
            from_tag: raw.from_tag,
            builds: raw.builds.unwrap_or_default().into_iter().map(|build| build.nvr).collect(),
        }
    }
}

/// The most of a body that is shown when it is not what it should be, in characters.
const SHOWN: usize = 120;

/// Reads a body, or says what it is instead.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|fault| format!("{}: {fault}", what_is(body)))
}

/// The complaints of a refusal, if the body is one.
pub(super) fn complaints(body: &[u8]) -> Option<Vec<Complaint>> {
    let raw: RawErrors = serde_json::from_slice(body).ok()?;
    let complaints = raw.errors.into_iter().map(|complaint| Complaint {
        name: complaint.name.unwrap_or_default(),
        description: complaint.description.unwrap_or_default(),
    });
    Some(complaints.collect())
}

/// What a body looks like, shortened: a proxy's page, or text.
pub(super) fn what_is(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4 * SHOWN).unwrap_or(body));
    let start = text.trim_start();
    if start.is_empty() {
        "an empty body".to_owned()
    } else if start.starts_with('<') {
        "HTML in place of JSON".to_owned()
    } else {
        let shown: String = start.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        format!("the body `{shown}`")
    }
}
