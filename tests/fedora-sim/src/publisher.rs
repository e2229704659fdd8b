//! Publishes the log of messages to a real broker, each as often as the script says. Does *not* repeat what the broker
//! confirmed; after a lost connection the last one may come twice, as with every publisher.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use serde_json::Value;

use crate::world::{Message, World};

/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest time between two looks at the log.
const LOOK: Duration = Duration::from_millis(50);

/// Publishes for ever, from the first message on; dropping the future stops it.
pub async fn run(world: World, broker: String) {
    let mut next = 0;
    loop {
        if let Err(error) = publish(&world, &broker, &mut next).await {
            tracing::warn!(%error, "messages wait for the broker");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn publish(world: &World, broker: &str, next: &mut usize) -> lapin::Result<()> {
    let connection = Connection::connect(broker, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    loop {
        let waiting: Vec<Message> =
            world.read(|state| state.messages().get(*next..).unwrap_or_default().to_vec());
        if waiting.is_empty() {
            // What was said between the look and the wait is seen at the next look.
            let _ = tokio::time::timeout(LOOK, world.changed()).await;
        }
        for message in waiting {
            for _ in 0..message.copies {
                send(&channel, &message).await?;
            }
            *next += 1;
        }
    }
}

async fn send(channel: &Channel, message: &Message) -> lapin::Result<()> {
    let mut properties = BasicProperties::default()
        .with_message_id(short(&message.id))
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_headers(headers(message));
    if let Some(priority) = message.priority {
        properties = properties.with_priority(priority);
    }
    let body = message.raw.clone().unwrap_or_else(|| message.body.to_string());
    let options = BasicPublishOptions::default();
    channel
        .basic_publish(
            "amq.topic".into(),
            short(&message.topic),
            options,
            body.as_bytes(),
            properties,
        )
        .await?
        .await?;
    Ok(())
}

fn headers(message: &Message) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in &message.headers {
        let value = match value {
            Value::Bool(flag) => AMQPValue::Boolean(*flag),
            Value::Number(number) => AMQPValue::LongLongInt(number.as_i64().unwrap_or_default()),
            Value::String(text) => AMQPValue::LongString(text.as_str().into()),
            Value::Null | Value::Array(_) | Value::Object(_) => AMQPValue::Void,
        };
        table.insert(short(name), value);
    }
    table
}

/// A name for the wire; what is too long for it becomes nothing.
fn short(text: &str) -> ShortString {
    ShortString::try_new(text).unwrap_or_default()
}
