//! Messages of the bus.

use serde_json::{Map, Value as Json};

/// How important a message is, by fedora-messaging's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// 10.
    Debug,
    /// 20.
    Info,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id: a UUID as text.
    pub id: String,
    /// Its topic, prefix included.
    pub topic: String,
    /// Its AMQP headers.
    pub headers: Map<String, Json>,
    /// Its body. Text that is not JSON stands in [`Self::raw`].
    pub body: Json,
    /// The body as sent, if that is not `body` as JSON.
    pub raw: Option<String>,
    /// Its AMQP priority.
    pub priority: Option<u8>,
    /// When it was sent (microseconds since the Unix epoch).
    pub sent_at: i64,
    /// How often the publisher sends it: 0 dropped, 2 repeated. The archive knows it either way.
    pub copies: u8,
    /// Whether datagrepper knows it.
    pub archived: bool,
}

/// What a message is made from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Topic after the prefix, such as `buildsys.tag`.
    pub topic: String,
    /// Schema's class and package.
    pub schema: (&'static str, &'static str),
    /// Severity.
    pub severity: Severity,
    /// Users and packages it is about.
    pub users: Vec<String>,
    /// Packages it is about.
    pub packages: Vec<String>,
    /// AMQP priority.
    pub priority: Option<u8>,
    /// Body.
    pub body: Json,
}
