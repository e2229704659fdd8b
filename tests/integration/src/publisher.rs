//! Publishes messages about tagged builds, many of them quickly. Does *not* wait for one before it sends the next.

use anyhow::{Result, ensure};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use serde_json::json;

/// The exchange of Fedora Messaging.
const EXCHANGE: &str = "amq.topic";

/// The tag whose builds trigger.
pub const MATTERS: &str = "f45";

/// One of so many messages of a flood matters.
pub const ONE_OF: u32 = 100;

/// A tag of the way to a release, of which most messages are.
const OTHER: &str = "f45-updates-testing-pending";

/// Sends messages, and keeps count of them.
pub struct Publisher {
    _connection: Connection,
    channel: Channel,
    topic: String,
    hub: String,
    /// How many were sent.
    pub sent: u64,
    /// The ids of those that matter.
    pub matter: Vec<String>,
}

impl Publisher {
    /// Connects to this broker; messages have this topic and tell of builds of the hub at this URL.
    ///
    /// # Errors
    ///
    /// The broker is not there.
    pub async fn connect(broker: &str, topic: &str, hub: &str) -> Result<Self> {
        let connection = Connection::connect(broker, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let (topic, hub) = (topic.to_owned(), hub.to_owned());
        Ok(Self { _connection: connection, channel, topic, hub, sent: 0, matter: Vec::new() })
    }

    /// A build of this package has entered this tag. The build's number is that of the message.
    ///
    /// # Errors
    ///
    /// The connection is lost.
    pub async fn tag(&mut self, tag: &str, package: &str) -> Result<()> {
        self.sent += 1;
        let id = format!("{}-{}", self.topic, self.sent);
        let body = json!({
            "base_url": self.hub, "instance": "primary", "tag": tag, "tag_id": 100, "build_id": self.sent, "name": package,
            "version": "1", "release": format!("{}.fc45", self.sent), "user": "releng", "owner": "somebody",
        });
        let mut headers = FieldTable::default();
        for (name, text) in
            [("fedora_messaging_schema", "base.message"), ("sent-at", "2026-05-04T11:02:33+00:00")]
        {
            headers.insert(name.into(), AMQPValue::LongString(text.into()));
        }
        headers.insert("fedora_messaging_severity".into(), AMQPValue::LongInt(20));
        let properties = BasicProperties::default()
            .with_message_id(id.as_str().into())
            .with_delivery_mode(2)
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_headers(headers);
        let (options, body) = (BasicPublishOptions::default(), body.to_string());
        let topic = self.topic.as_str().into();
        self.channel
            .basic_publish(EXCHANGE.into(), topic, options, body.as_bytes(), properties)
            .await?;
        if tag == MATTERS {
            self.matter.push(id);
        }
        Ok(())
    }

    /// So many messages, one of [`ONE_OF`] of which matters; its package is the next of these, over and over.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the broker did not take all.
    pub async fn flood(&mut self, messages: u32, packages: &[&str]) -> Result<()> {
        let mut packages = packages.iter().cycle();
        for number in 0..messages {
            let tag = if number % ONE_OF == ONE_OF / 2 { MATTERS } else { OTHER };
            let package = if tag == MATTERS { packages.next().copied() } else { None };
            self.tag(tag, package.unwrap_or("bash")).await?;
        }
        self.settle().await
    }

    /// Waits until the broker has taken everything.
    ///
    /// # Errors
    ///
    /// It has not, or could not deliver some of it.
    pub async fn settle(&self) -> Result<()> {
        let refused = self.channel.wait_for_confirms().await?;
        ensure!(refused.is_empty(), "{} messages came back", refused.len());
        Ok(())
    }

    /// Makes a durable queue of this name, which from now on keeps what is sent.
    ///
    /// # Errors
    ///
    /// The broker refuses.
    pub async fn queue(&self, name: &str) -> Result<()> {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(name.into(), options, FieldTable::default()).await?;
        let (topic, options) = (self.topic.as_str().into(), QueueBindOptions::default());
        let bound = self.channel.queue_bind(
            name.into(),
            EXCHANGE.into(),
            topic,
            options,
            FieldTable::default(),
        );
        Ok(bound.await?)
    }

    /// How many messages of this queue wait at the broker.
    ///
    /// # Errors
    ///
    /// There is no such queue.
    pub async fn waiting(&self, queue: &str) -> Result<u32> {
        let options =
            QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(queue.into(), options, FieldTable::default());
        Ok(queue.await?.message_count())
    }
}
