//! The log of what was sent to the bus. The publisher and the archive read it; nothing is ever taken out.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json};

use super::state::State;
use crate::chance;

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

impl State {
    /// Sends a message; its place in the log. Headers are as fedora-messaging makes them.
    pub fn emit(&mut self, draft: Draft) -> usize {
        let sent_at = self.now();
        let mut headers = Map::new();
        let severity = match draft.severity {
            Severity::Debug => 10,
            Severity::Info => 20,
        };
        let second = DateTime::<Utc>::from_timestamp_micros(sent_at).unwrap_or_default();
        headers.insert("fedora_messaging_schema".into(), draft.schema.0.into());
        headers.insert("fedora_messaging_schema_package".into(), draft.schema.1.into());
        headers.insert("sent-at".into(), second.to_rfc3339_opts(SecondsFormat::Secs, false).into());
        headers.insert("fedora_messaging_severity".into(), severity.into());
        headers.insert("priority".into(), draft.priority.unwrap_or(0).into());
        for user in &draft.users {
            headers.insert(format!("fedora_messaging_user_{user}"), true.into());
        }
        for package in &draft.packages {
            headers.insert(format!("fedora_messaging_rpm_{package}"), true.into());
        }
        let message = Message {
            id: self.message_id(),
            topic: format!("{}{}", self.script.site.topic_prefix, draft.topic),
            headers,
            body: draft.body,
            raw: None,
            priority: draft.priority,
            sent_at,
            copies: 1,
            archived: true,
        };
        self.messages.push(message);
        self.messages.len() - 1
    }

    /// A message of the log, to change how it is sent; only before the lock is given up.
    pub fn message_mut(&mut self, place: usize) -> Option<&mut Message> {
        self.messages.get_mut(place)
    }

    /// A UUID that depends on the seed and the number of messages only.
    fn message_id(&self) -> String {
        let count = self.messages.len().to_string();
        let high = chance::draw(self.script.seed, &["message", &count, "high"]);
        let low = chance::draw(self.script.seed, &["message", &count, "low"]);
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
            .into_uuid()
            .to_string()
    }
}
