//! The blocks of the static file that upstream has too, under `configuration`. **Source:** the existing service, 2.1.

use std::time::Duration;

use ebs_domain::id::TagName;
use url::Url;

use super::{
    block::Block,
    kind::Kind,
    node::{FromNode, Place, boolean, found},
    secret::SecretText,
    tree::{Node, Value},
};

/// `configuration.koji`: what is built, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Koji {
    /// Koji's profile; `koji` is Fedora's production, `stg` its staging.
    pub profile: String,
    /// Target of rebuilds, and base of side tags.
    pub build_target: TagName,
    /// Where Bodhi puts finished builds.
    pub stable_tag: TagName,
    /// Owner of the side tags; asked from Koji if absent.
    pub username: Option<String>,
    /// Scratch builds: nothing is tagged or published. Default: no.
    pub scratch_build: bool,
    /// Koji cancels the other architectures at the first failure. Default: no.
    pub fail_fast: bool,
    /// Koji waits for a repo before it builds. Default: yes.
    pub wait_repo: bool,
    /// Must equal `instance` of bus messages. Default: `primary`.
    pub instance: String,
    /// How long a build may take to appear in the side tag. Default: 1 h, if `ebs.timers` does not say.
    pub side_tag_timeout: Option<Duration>,
}

/// `configuration.bodhi`: how updates are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bodhi {
    /// Most builds in one update; 0 means no limit. Default: 0.
    pub batch_size: u32,
    /// Up to this many builds go into one update all the same. Default: `batch_size`.
    pub max_single_batch_size: u32,
    /// Whether this is Fedora's staging.
    pub staging: bool,
    /// After how long an update that is not stable is told of; zero means never. Default: 3 h (written in minutes).
    pub warn_timeout: Duration,
    /// How long an update may take to become stable. Default: 24 h, if `ebs.timers` does not say.
    pub stable_timeout: Option<Duration>,
}

/// `configuration.db`: where upstream keeps its state. Ours is found there too, unless `ebs.database` says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Db {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// SQLAlchemy's name of the driver.
    pub driver: String,
    /// User.
    pub user: String,
    /// Rows per read. Default: 500.
    pub page_size: u32,
}

/// `configuration.open_id_connect`: who may change things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIdConnect {
    /// The provider's authorization endpoint.
    pub auth_url: Url,
    /// The provider's token endpoint.
    pub token_endpoint: Url,
    /// The provider's user-info endpoint.
    pub userinfo_endpoint: Option<Url>,
    /// Our name there.
    pub client_id: String,
    /// Groups whose members may change things.
    pub admin_groups: Vec<String>,
    /// Scopes asked for. Default: `openid`, `profile` and Fedora's groups.
    pub scopes: Vec<String>,
    /// Our secret there, where a single file of the older form has it.
    pub client_secret: Option<SecretText>,
}

/// `configuration.email`: where reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The mail server. STARTTLS is always used.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// Login name there.
    pub smtp_username: Option<String>,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub recipients: Vec<String>,
}

impl Koji {
    pub(super) fn read(block: &mut Block<'_, '_>, kind: Kind) -> Option<Self> {
        if kind == Kind::Single {
            // Of the dynamic part.
            block.raw("trigger_tag");
        }
        let (profile, username) = (block.need::<String>("profile"), block.get("username"));
        let (build_target, stable_tag) = (block.need("build_target"), block.need("stable_tag"));
        let (scratch_build, fail_fast) =
            (said_or_no(block, "scratch_build"), said_or_no(block, "fail_fast"));
        let (wait_repo, instance) =
            (block.or("wait_repo", true), block.or("instance", "primary".to_owned()));
        let side_tag_timeout = positive(block, "side_tag_timeout");
        if !wait_repo && profile.as_deref() == Some("koji") {
            block.fault_at(
                "wait_repo",
                "false is refused with profile `koji`: builds would use stale repos; remove it",
            );
        }
        Some(Self {
            profile: profile?,
            build_target: build_target?,
            stable_tag: stable_tag?,
            username,
            scratch_build,
            fail_fast,
            wait_repo,
            instance,
            side_tag_timeout,
        })
    }
}

impl Bodhi {
    pub(super) fn read(block: &mut Block<'_, '_>, profile: Option<&str>) -> Self {
        let unlimited = block.raw("batch_size").is_none();
        let read: Option<u32> = block.get("batch_size");
        let batch_size = read.unwrap_or(0);
        let bodhi = Self {
            batch_size,
            max_single_batch_size: block.or("max_single_batch_size", batch_size),
            staging: staging(block, profile),
            warn_timeout: Duration::from_secs(60).saturating_mul(block.or("warn_timeout", 180)),
            stable_timeout: positive(block, "stable_timeout"),
        };
        if bodhi.max_single_batch_size > 0 && (unlimited || read == Some(0)) {
            let text =
                "above 0 while `batch_size` is 0 (no limit): set `batch_size`, or remove this";
            block.fault_at("max_single_batch_size", text);
        }
        bodhi
    }
}

/// A boolean that upstream takes for `false` with a warning if it is not written.
fn said_or_no(block: &mut Block<'_, '_>, key: &'static str) -> bool {
    if block.raw(key).is_none() {
        block.warn_at(key, "not written: taken for `false`");
    }
    block.or(key, false)
}

/// Whether this is staging: told, or known from the profile; the two must agree.
fn staging(block: &mut Block<'_, '_>, profile: Option<&str>) -> bool {
    let written = block.raw("staging").is_some();
    let told: Option<bool> = block.get("staging");
    let known = match profile {
        Some("koji") => Some(false),
        Some("stg") => Some(true),
        Some(_) | None => None,
    };
    match (profile, told, known) {
        (Some(profile), Some(told), Some(known)) if told != known => {
            block.fault_at(
                "staging",
                format!("`{told}` contradicts the profile `{profile}`: change one of them"),
            );
        }
        (Some(profile), None, None) if !written => {
            let text = format!("this key is required, since the profile `{profile}` does not tell");
            block.fault_at("staging", text);
        }
        // Without a profile there is a fault already, and nothing to compare with.
        (Some(_) | None, _, _) => {}
    }
    told.or(known).unwrap_or(true)
}

/// A time above zero.
pub(super) fn positive(block: &mut Block<'_, '_>, key: &'static str) -> Option<Duration> {
    let span: Duration = block.get(key)?;
    if span.is_zero() {
        block.fault_at(key, "a time above zero is expected");
    }
    Some(span)
}

impl Db {
    pub(super) fn read(block: &mut Block<'_, '_>) -> Option<Self> {
        let page_size = block.or("page_size", 500);
        if page_size == 0 {
            block.fault_at("page_size", "a number above 0 is expected");
        }
        let (host, name) = (block.need("host"), block.need("name"));
        let (driver, user, port) = (block.need("driver"), block.need("user"), block.need("port"));
        Some(Self {
            host: host?,
            port: port?,
            name: name?,
            driver: driver?,
            user: user?,
            page_size,
        })
    }
}

impl OpenIdConnect {
    pub(super) fn read(block: &mut Block<'_, '_>, kind: Kind) -> Option<Self> {
        let client_secret = client_secret(block, kind);
        let scopes = ["openid", "profile", "https://id.fedoraproject.org/scope/groups"]
            .map(str::to_owned)
            .to_vec();
        let (auth_url, token_endpoint) = (block.need("auth_url"), block.need("token_endpoint"));
        let (client_id, admin_groups) = (block.need("client_id"), block.need("admin_groups"));
        let (userinfo_endpoint, scopes) =
            (block.get("userinfo_endpoint"), block.or("scopes", scopes));
        Some(Self {
            auth_url: auth_url?,
            token_endpoint: token_endpoint?,
            userinfo_endpoint,
            client_id: client_id?,
            admin_groups: admin_groups?,
            scopes,
            client_secret,
        })
    }
}

/// A secret in the file: a single file of the older form had it there, in no other is it taken.
fn client_secret(block: &mut Block<'_, '_>, kind: Kind) -> Option<SecretText> {
    let key = "client_secret";
    block.raw(key)?;
    if kind == Kind::Single {
        let text = "a secret stands in this file: whoever may read the file has it; put it into a file of its own";
        block.warn_at(key, text);
        return block.get::<String>(key).map(SecretText::new);
    }
    block.fault_at(key, "a secret must not stand in this file: put it into a file of its own");
    None
}

impl Email {
    pub(super) fn read(block: &mut Block<'_, '_>) -> Option<Self> {
        let (smtp_host, smtp_port) = (block.need("smtp_host"), block.need("smtp_port"));
        let (from, smtp_username) = (block.need("from"), block.get("smtp_username"));
        let recipients: Option<Vec<String>> = block.need("recipients");
        if recipients.as_ref().is_some_and(Vec::is_empty) {
            block.fault_at(
                "recipients",
                "at least one recipient is expected; write `email: false` for no mail",
            );
        }
        Some(Self {
            smtp_host: smtp_host?,
            smtp_port: smtp_port?,
            smtp_username,
            from: from?,
            recipients: recipients?,
        })
    }
}

/// A block that can be switched off by `false` in its place.
pub(super) fn switchable<'t, 'n>(
    parent: &mut Block<'t, 'n>,
    key: &'static str,
) -> Option<Block<'t, 'n>> {
    match parent.raw(key) {
        Some((node, _)) if is_false(node) => None,
        Some((Node { value: Value::Map(_), .. }, _)) | None => parent.need_sub(key),
        Some((node, place)) => {
            let text =
                format!("a mapping, or `false` to do without, is expected, found {}", found(node));
            place.fault(node, text);
            None
        }
    }
}

fn is_false(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { text, plain } => *plain && boolean(text) == Some(false),
        Value::List(_) | Value::Map(_) => false,
    }
}

/// One text or a list of them.
pub(super) struct OneOrMany(pub(super) Vec<String>);

impl FromNode for OneOrMany {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let texts = match &node.value {
            Value::Scalar { .. } => vec![String::read(node, place)?],
            Value::List(_) => Vec::read(node, place)?,
            Value::Map(_) => {
                place.fault(
                    node,
                    format!("a text or a list of texts is expected, found {}", found(node)),
                );
                return None;
            }
        };
        if texts.is_empty() {
            place.fault(node, "at least one is expected");
        }
        Some(Self(texts))
    }
}

#[cfg(test)]
mod tests;
