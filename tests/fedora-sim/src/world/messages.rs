//! The log of what was sent to the bus. The publisher and the archive read it; nothing is ever taken out.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Map;

use super::{
    state::State,
    things::{Draft, Message, Severity},
};
use crate::chance;

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
