//! Consuming over one connection: collect a group, have it stored, acknowledge it. Does *not* reconnect.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::{message::Delivery, options::BasicAckOptions};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    connect::{Link, fault},
    consumer::Consumer,
    contract::{BusFault, Handler},
    value,
};
use crate::bus::message::{Incoming, Wire};

/// The longest that a tidy close may take; after that the connection is cut.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Consumes until told to stop (`Ok`) or until something fails.
pub(super) async fn consume(
    consumer: &Consumer,
    mut link: Link,
    handler: &dyn Handler,
    stop: &CancellationToken,
) -> Result<(), BusFault> {
    loop {
        let first = tokio::select! {
            biased;
            () = stop.cancelled() => {
                close(&link).await;
                return Ok(());
            }
            first = link.deliveries.next() => first,
        };
        let mut group = vec![delivered(first)?];
        let ended = fill(&mut link, &mut group, consumer).await;
        let messages: Vec<Incoming> =
            group.iter_mut().map(|delivery| consumer.reader.read(wire(delivery))).collect();
        note_received(consumer, &group);
        if !store(consumer, handler, &messages, stop).await {
            // Told to stop while nothing can be stored: unacknowledged, they come again to whoever connects next.
            close(&link).await;
            return Ok(());
        }
        acknowledge(consumer, &group).await?;
        if let Some(fault) = ended {
            return Err(fault);
        }
    }
}

/// Takes what else is there, up to the limit; the fault that ended the stream is for after the group.
async fn fill(link: &mut Link, group: &mut Vec<Delivery>, consumer: &Consumer) -> Option<BusFault> {
    let until = Instant::now() + consumer.timing.linger;
    while group.len() < consumer.timing.group {
        match tokio::time::timeout_at(until, link.deliveries.next()).await {
            Ok(next) => match delivered(next) {
                Ok(delivery) => group.push(delivery),
                Err(fault) => return Some(fault),
            },
            Err(_) => return None,
        }
    }
    None
}

fn delivered(next: Option<lapin::Result<Delivery>>) -> Result<Delivery, BusFault> {
    match next {
        Some(Ok(delivery)) => Ok(delivery),
        Some(Err(error)) => Err(fault(error)),
        None => Err(BusFault::Ended),
    }
}

/// Has a group stored, however often it takes; `false` if told to stop before that.
async fn store(
    consumer: &Consumer,
    handler: &dyn Handler,
    messages: &[Incoming],
    stop: &CancellationToken,
) -> bool {
    let mut failures = 0;
    loop {
        let Err(not_stored) = handler.store(messages).await else { return true };
        failures += 1;
        let fault = BusFault::Store(not_stored);
        let pause = consumer.pause_after(&fault, failures);
        tracing::warn!(error = %fault, messages = messages.len(), "messages wait unstored");
        let now = consumer.clock.now();
        consumer.note(|status| status.last_fault = Some((now, fault)));
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One by one: the channel carries several queues, so "all up to this one" could take in what came later.
async fn acknowledge(consumer: &Consumer, group: &[Delivery]) -> Result<(), BusFault> {
    for delivery in group {
        let sent = delivery.acker.ack(BasicAckOptions::default()).await.map_err(fault)?;
        if !sent {
            return Err(BusFault::Connection("lost before the acknowledgement".to_owned()));
        }
        consumer.note(|status| status.acknowledged += 1);
    }
    Ok(())
}

fn note_received(consumer: &Consumer, group: &[Delivery]) {
    let now = consumer.clock.now();
    let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
    let again = u64::try_from(group.iter().filter(|delivery| delivery.redelivered).count())
        .unwrap_or(u64::MAX);
    consumer.note(|status| {
        status.last_message = Some(now);
        status.received += count;
        status.redelivered += again;
    });
}

/// The delivery as a message; its body is taken out of it.
fn wire(delivery: &mut Delivery) -> Wire {
    let properties = &delivery.properties;
    Wire {
        id: properties.message_id().as_ref().map(ToString::to_string),
        topic: delivery.routing_key.to_string(),
        headers: properties.headers().as_ref().map(value::headers).unwrap_or_default(),
        encoding: properties.content_encoding().as_ref().map(ToString::to_string),
        body: std::mem::take(&mut delivery.data),
    }
}

async fn close(link: &Link) {
    // A failure changes nothing: the connection is dropped right after.
    let _ = tokio::time::timeout(CLOSE_LIMIT, link.connection.close(200, "OK".into())).await;
}
