//! The log of what was sent to the bus. The publisher and the archive read it; nothing is ever taken out.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json};

use super::{
    state::State,
    things::{Draft, Message, Severity},
};
use crate::chance;

/// The most bytes of headers that a message can have: they must fit in one frame, RabbitMQ's own limit of which is 131,072,
/// beside the other properties.
const MAX_HEADERS: usize = 130_000;

/// Bytes of headers on the wire: each has a name with its length, and a value with its type.
fn bytes_of(headers: &Map<String, Json>) -> usize {
    let value = |value: &Json| match value {
        Json::Bool(_) => 1,
        Json::String(text) => 4 + text.len(),
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => 8,
    };
    headers.iter().map(|(name, content)| 2 + name.len() + value(content)).sum()
}

impl State {
    /// Sends a message; its place in the log. Headers are as fedora-messaging makes them, one for each package, so that a
    /// message about some thousands of them cannot be sent; nobody hears of it.
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
        let fits = bytes_of(&headers) <= MAX_HEADERS;
        let message = Message {
            id: self.message_id(),
            topic: format!("{}{}", self.script.site.topic_prefix, draft.topic),
            headers,
            body: draft.body,
            raw: None,
            priority: draft.priority,
            sent_at,
            copies: u8::from(fits),
            archived: fits,
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
