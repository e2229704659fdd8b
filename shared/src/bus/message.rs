//! Bus messages, read leniently: what cannot be understood is kept as an [`Odd`] one, never dropped and never an error. Does
//! *not* confirm anything with Koji, and a tag message can be false.

use ebs_domain::{
    id::{BuildId, PackageName, TagName},
    nvr::Nvr,
    time::Timestamp,
};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

/// Most bytes kept of the body of a message that could not be understood.
pub const MAX_ODD_BODY_BYTES: usize = 64 * 1024;

/// The longest message id taken as it is, in bytes; Fedora's are UUIDs of 36.
const MAX_ID_BYTES: usize = 128;

/// The last words of the topic that tells of a tagged build. Source: Koji's message plugin.
const TAG_TOPIC: &str = "buildsys.tag";

/// A message as it came, before anything in it was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wire {
    /// The `message_id` property; publishers can leave it out.
    pub id: Option<String>,
    /// The routing key.
    pub topic: String,
    /// The AMQP headers.
    pub headers: Map<String, Value>,
    /// The `content_encoding` property; absent means UTF-8.
    pub encoding: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A message whose body is a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The message's id, or one derived from its content.
    pub id: String,
    /// Its topic, prefix included.
    pub topic: String,
    /// When its publisher sent it; whole seconds.
    pub sent_at: Option<Timestamp>,
    /// Its headers. The schema named there is not looked at: an unknown one changes nothing.
    pub headers: Map<String, Value>,
    /// Its body.
    pub body: Map<String, Value>,
}

/// A build was tagged, says our hub. Source: `buildsys.tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagMessage {
    /// The message's id, or one derived from its content.
    pub id: String,
    /// When its publisher sent it; whole seconds.
    pub sent_at: Option<Timestamp>,
    /// The tag.
    pub tag: TagName,
    /// The build.
    pub build: BuildId,
    /// Its package.
    pub package: PackageName,
    /// Its name-version-release; a draft shows in the release.
    pub nvr: Nvr,
    /// Scheme and host of the hub.
    pub base_url: String,
    /// Who tagged it.
    pub user: Option<String>,
}

/// A message that could not be understood: kept and counted by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// The message's id, or one derived from its content.
    pub id: String,
    /// Its topic.
    pub topic: String,
    /// Its body as text, at most [`MAX_ODD_BODY_BYTES`].
    pub body: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Odd {
    /// Keeps a message, its body cut, and with an id derived from its content if it has none.
    pub(super) fn of(id: Option<String>, topic: String, body: &str, fault: Fault) -> Self {
        let id = id.unwrap_or_else(|| {
            let wire = Wire { topic: topic.clone(), ..Wire::default() };
            derived_id(&wire, body)
        });
        Self { id, topic, body: cut(body), fault }
    }
}

/// Why a message could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It says it is encoded in something else than UTF-8.
    #[error("the encoding `{0}` is not known")]
    Encoding(String),
    /// It is no UTF-8 text.
    #[error("the body is no UTF-8 text")]
    NotText,
    /// It is no JSON.
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    /// It is JSON, but no object.
    #[error("the body is no JSON object")]
    NotObject,
    /// A field is absent, or of another type.
    #[error("`{0}` is missing or not of its type")]
    Field(&'static str),
    /// A field has a value that cannot be.
    #[error("{0}")]
    Value(String),
}

/// What a message turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A build was tagged by our hub.
    Tag(TagMessage),
    /// Another message of our environment: at most a hint to look at something.
    Other(Envelope),
    /// Nothing of ours: another environment's topic, or another hub's message. It is not looked into.
    Foreign {
        /// Its topic.
        topic: String,
    },
    /// Ours by its topic, but not understood.
    Odd(Odd),
}

/// A text is no URL with scheme and host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` has no scheme or no host")]
pub struct InvalidOrigin(String);

/// Scheme, host and port of a hub, to tell its messages from those of other hubs on the same bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(url::Origin);

impl Origin {
    /// The origin of any URL of the hub.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] if there is no scheme or no host.
    pub fn of(url: &str) -> Result<Self, InvalidOrigin> {
        let origin = Url::parse(url).map(|url| url.origin());
        match origin {
            Ok(origin) if origin.is_tuple() => Ok(Self(origin)),
            Ok(_) | Err(_) => Err(InvalidOrigin(url.chars().take(128).collect())),
        }
    }
}

/// Reads messages for one environment and one hub.
#[derive(Clone, Debug)]
pub struct Reader {
    tag_topic: String,
    prefix: String,
    hub: Origin,
}

impl Reader {
    /// A reader for topics with this prefix (may be empty) and messages of this hub.
    #[must_use]
    pub fn new(topic_prefix: &str, hub: Origin) -> Self {
        let prefix =
            if topic_prefix.is_empty() { String::new() } else { format!("{topic_prefix}.") };
        Self { tag_topic: format!("{prefix}{TAG_TOPIC}"), prefix, hub }
    }

    /// The one topic that tells of tagged builds.
    #[must_use]
    pub fn tag_topic(&self) -> &str {
        &self.tag_topic
    }

    /// Reads one message. Total: whatever comes in, something comes out.
    #[must_use]
    pub fn read(&self, wire: Wire) -> Incoming {
        if !wire.topic.starts_with(&self.prefix) {
            return Incoming::Foreign { topic: wire.topic };
        }
        match open(&wire) {
            Ok(body) => {
                let sent_at = sent_at(&wire.headers);
                let id = usable_id(&wire)
                    .unwrap_or_else(|| derived_id(&wire, &Value::Object(body.clone()).to_string()));
                self.sort(Envelope { id, topic: wire.topic, sent_at, headers: wire.headers, body })
            }
            Err(fault) => {
                let text = String::from_utf8_lossy(&wire.body);
                let id = usable_id(&wire).unwrap_or_else(|| derived_id(&wire, &text));
                Incoming::Odd(Odd::of(Some(id), wire.topic, &text, fault))
            }
        }
    }

    fn sort(&self, envelope: Envelope) -> Incoming {
        if envelope.topic != self.tag_topic {
            return Incoming::Other(envelope);
        }
        match self.tag(&envelope) {
            Ok(Some(tag)) => Incoming::Tag(tag),
            Ok(None) => Incoming::Foreign { topic: envelope.topic },
            Err(fault) => {
                let body = Value::Object(envelope.body).to_string();
                Incoming::Odd(Odd::of(Some(envelope.id), envelope.topic, &body, fault))
            }
        }
    }

    /// The tag message in this envelope; `None` if it is another hub's.
    fn tag(&self, envelope: &Envelope) -> Result<Option<TagMessage>, Fault> {
        let text = |field: &'static str| {
            envelope.body.get(field).and_then(Value::as_str).ok_or(Fault::Field(field))
        };
        let base_url = text("base_url")?;
        let origin = Origin::of(base_url).map_err(|error| Fault::Value(error.to_string()))?;
        if origin != self.hub {
            return Ok(None);
        }
        let (name, version, release) = (text("name")?, text("version")?, text("release")?);
        let nvr: Nvr = format!("{name}-{version}-{release}").parse().map_err(value_fault)?;
        if nvr.name() != name || nvr.version() != version {
            return Err(Fault::Value("`version` and `release` cannot hold a `-`".to_owned()));
        }
        let build = envelope.body.get("build_id").and_then(Value::as_i64).filter(|id| *id > 0);
        Ok(Some(TagMessage {
            id: envelope.id.clone(),
            sent_at: envelope.sent_at,
            tag: text("tag")?.parse().map_err(value_fault)?,
            build: BuildId::new(build.ok_or(Fault::Field("build_id"))?),
            package: name.parse().map_err(value_fault)?,
            nvr,
            base_url: base_url.to_owned(),
            user: text("user").ok().map(str::to_owned),
        }))
    }
}

/// Opens a body: UTF-8, JSON, an object.
fn open(wire: &Wire) -> Result<Map<String, Value>, Fault> {
    let encoding = wire.encoding.as_deref().unwrap_or("utf-8");
    if !["utf-8", "utf8", "utf_8", "us-ascii", "ascii"]
        .iter()
        .any(|known| encoding.eq_ignore_ascii_case(known))
    {
        return Err(Fault::Encoding(encoding.chars().take(64).collect()));
    }
    let text = str::from_utf8(&wire.body).map_err(|_| Fault::NotText)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        ) => Err(Fault::NotObject),
        Err(error) => Err(Fault::NotJson(error.to_string())),
    }
}

fn value_fault(error: impl std::fmt::Display) -> Fault {
    Fault::Value(error.to_string())
}

/// When it was sent. Source: header `sent-at`, ISO 8601 with offset; anything else counts as absent.
fn sent_at(headers: &Map<String, Value>) -> Option<Timestamp> {
    let text = headers.get("sent-at")?.as_str()?;
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_millis(time.timestamp_millis()))
}

/// The publisher's id, if the store can hold it: not empty, not long, nothing unprintable.
fn usable_id(wire: &Wire) -> Option<String> {
    wire.id.clone().filter(|id| {
        !id.is_empty() && id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control)
    })
}

/// The same content gives the same id, so that a message without one is still recognised when it comes again.
fn derived_id(wire: &Wire, body: &str) -> String {
    let sent = wire.headers.get("sent-at").and_then(Value::as_str).unwrap_or_default();
    let content = [wire.id.as_deref().unwrap_or_default(), &wire.topic, sent, body].join("\n");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, content.as_bytes()).to_string()
}

/// Text for the store: at most [`MAX_ODD_BODY_BYTES`], and no NUL, which PostgreSQL's text cannot hold.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_ODD_BODY_BYTES)].replace('\0', "\u{2400}")
}

#[cfg(test)]
mod tests;
