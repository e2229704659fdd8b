//! Consuming over one connection: collect a group, have it stored, acknowledge it. Does *not* reconnect.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::{Connection, message::Delivery, options::BasicAckOptions};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    connect::{Link, fault},
    consumer::Consumer,
    contract::{BusFault, Handler},
    value,
};
use crate::bus::message::{Incoming, Wire};

/// How often the loop goes round while no message comes, so that it is seen to live.
const ROUND: Duration = Duration::from_secs(5);

/// How often it is looked whether the connection still is one.
const LOOK: Duration = Duration::from_secs(1);

/// The longest that sending acknowledgements may take: the broker takes them as fast as it sends messages.
const ACKNOWLEDGE_LIMIT: Duration = Duration::from_secs(30);

/// The longest that a tidy close may take; after that the connection is cut.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Consumes until told to stop (`Ok`) or until something fails.
pub(super) async fn consume(
    consumer: &Consumer,
    mut link: Link,
    handler: &dyn Handler,
    stop: &CancellationToken,
) -> Result<(), BusFault> {
    let most = most_in_group(consumer);
    let mut handled = Handled::default();
    loop {
        consumer.note(|status| (status.round, status.unstored) = (Some(Instant::now()), false));
        let first = tokio::select! {
            biased;
            () = stop.cancelled() => {
                close(&link).await;
                return Ok(());
            }
            first = link.deliveries.next() => first,
            fault = lost(&link.connection) => return Err(fault),
            () = tokio::time::sleep(ROUND) => continue,
        };
        let mut group = vec![delivered(first)?];
        let ended = fill(&mut link, &mut group, most, consumer.timing.linger).await;
        let messages: Vec<Incoming> =
            group.iter_mut().map(|delivery| consumer.reader.read(wire(delivery))).collect();
        note_received(consumer, &group);
        if !store(consumer, handler, &messages, stop).await {
            // Told to stop while nothing can be stored: unacknowledged, they come again to whoever connects next.
            close(&link).await;
            return Ok(());
        }
        tokio::select! {
            biased;
            acknowledged = acknowledge(&mut handled, &group) => acknowledged?,
            fault = lost(&link.connection) => return Err(fault),
            () = tokio::time::sleep(ACKNOWLEDGE_LIMIT) => {
                let seconds = ACKNOWLEDGE_LIMIT.as_secs();
                let text = format!("no acknowledgement went out within {seconds} s");
                return Err(BusFault::Connection(text));
            }
        }
        consumer.note(|status| status.acknowledged += count(&group));
        if let Some(fault) = ended {
            return Err(fault);
        }
    }
}

/// Ends when the connection has. Who waits for a delivery, or for an acknowledgement to go out, is not always told: the
/// client can lose it on its way between two of its threads.
async fn lost(connection: &Connection) -> BusFault {
    while connection.status().connected() {
        tokio::time::sleep(LOOK).await;
    }
    BusFault::Connection("lost".to_owned())
}

/// Takes what else is there, up to the limit; the fault that ended the stream is for after the group.
async fn fill(
    link: &mut Link,
    group: &mut Vec<Delivery>,
    most: usize,
    linger: Duration,
) -> Option<BusFault> {
    let until = Instant::now() + linger;
    while group.len() < most {
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
        consumer.note(|status| {
            (status.last_fault, status.unstored) = (Some((now, fault)), true);
            status.round = Some(Instant::now());
        });
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Half of what the broker sends ahead, so that it sends the other half meanwhile. A group that asks for more than is sent
/// ahead would linger for what cannot come.
pub(super) fn most_in_group(consumer: &Consumer) -> usize {
    match usize::from(consumer.config.prefetch_count) {
        0 => consumer.timing.group,
        ahead => consumer.timing.group.min(ahead.div_ceil(2)),
    }
}

/// What has been handled of a channel's deliveries, which the broker numbers from 1.
#[derive(Debug, Default)]
pub(super) struct Handled {
    count: u64,
    highest: u64,
}

impl Handled {
    /// Counts a group in; the delivery up to which all that the channel ever had is handled now, if that takes in the group.
    ///
    /// The channel carries several queues, so a group can leave out what came before its last delivery.
    pub(super) fn all_up_to(&mut self, tags: impl IntoIterator<Item = u64>) -> Option<u64> {
        for tag in tags {
            self.count += 1;
            self.highest = self.highest.max(tag);
        }
        // So many different numbers from 1 on, none above this one: there is no gap.
        (self.count == self.highest).then_some(self.highest)
    }
}

/// At once where nothing else can be taken in, otherwise one by one.
async fn acknowledge(handled: &mut Handled, group: &[Delivery]) -> Result<(), BusFault> {
    let all = handled.all_up_to(group.iter().map(|delivery| delivery.delivery_tag));
    let last = group.iter().find(|delivery| Some(delivery.delivery_tag) == all);
    let (single, multiple) = match last {
        Some(last) => (&[][..], Some(last)),
        None => (group, None),
    };
    let ones = single.iter().map(|delivery| (delivery, false));
    for (delivery, multiple) in ones.chain(multiple.map(|last| (last, true))) {
        let sent = delivery.acker.ack(BasicAckOptions { multiple }).await.map_err(fault)?;
        if !sent {
            return Err(BusFault::Connection("lost before the acknowledgement".to_owned()));
        }
    }
    Ok(())
}

fn count(group: &[Delivery]) -> u64 {
    u64::try_from(group.len()).unwrap_or(u64::MAX)
}

fn note_received(consumer: &Consumer, group: &[Delivery]) {
    let now = consumer.clock.now();
    let again = u64::try_from(group.iter().filter(|delivery| delivery.redelivered).count())
        .unwrap_or(u64::MAX);
    consumer.note(|status| {
        status.last_message = Some(now);
        status.received += count(group);
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
