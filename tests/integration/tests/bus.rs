//! The consumer against a real RabbitMQ.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use ebs_integration::rabbit::Rabbit;
use ebs_shared::{
    bus::{
        amqp::{BusFault, BusStatus, Consumer, Handler, NotStored, Timing},
        config::BusConfig,
        message::{Incoming, Origin, Reader},
    },
    clock::System,
};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const TOPIC: &str = "org.fedoraproject.test.buildsys.tag";
const LIMIT: Duration = Duration::from_secs(60);

/// Keeps what it is given, as often as it is given; can be told to fail.
struct Memory {
    stored: watch::Sender<Vec<Incoming>>,
    failures: Mutex<u32>,
    connections: watch::Sender<u32>,
}

#[async_trait]
impl Handler for Memory {
    async fn store(&self, group: &[Incoming]) -> Result<(), NotStored> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if *failures > 0 {
            *failures -= 1;
            return Err(NotStored("told to fail".to_owned()));
        }
        self.stored.send_modify(|stored| stored.extend_from_slice(group));
        Ok(())
    }

    async fn connected(&self) {
        self.connections.send_modify(|connections| *connections += 1);
    }
}

struct Running {
    memory: Arc<Memory>,
    status: watch::Receiver<BusStatus>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(file: &str) -> Result<Self> {
        let memory = Arc::new(Memory {
            stored: watch::Sender::default(),
            failures: Mutex::new(0),
            connections: watch::Sender::default(),
        });
        let reader = Reader::new("org.fedoraproject.test", Origin::of("https://koji.example.org")?);
        let timing = Timing {
            pause: Duration::from_millis(50),
            pause_max: Duration::from_millis(500),
            fault_pause: Duration::from_millis(500),
            ..Timing::default()
        };
        let consumer = Consumer::new(
            BusConfig::parse(file)?,
            reader,
            timing,
            Arc::new(System),
            Arc::new(System),
        );
        let (status, stop) = (consumer.status(), CancellationToken::new());
        let task = tokio::spawn(consumer.run(memory.clone(), stop.clone()));
        Ok(Self { memory, status, stop, task })
    }

    async fn until(&self, what: &str, holds: impl FnMut(&BusStatus) -> bool) -> Result<BusStatus> {
        let mut status = self.status.clone();
        let seen = tokio::time::timeout(LIMIT, status.wait_for(holds)).await;
        Ok(seen.with_context(|| format!("never: {what}; {:?}", self.status.borrow()))??.clone())
    }

    async fn connected(&self) -> Result<()> {
        self.until("connected", |status| status.connected_since.is_some()).await.map(drop)
    }

    /// Waits until this many different ids are stored; gives all messages stored.
    async fn stored(&self, ids: usize) -> Result<Vec<Incoming>> {
        let mut stored = self.memory.stored.subscribe();
        let enough = |all: &Vec<Incoming>| by_id(all).len() >= ids;
        let seen = tokio::time::timeout(LIMIT, stored.wait_for(enough)).await;
        Ok(seen.with_context(|| format!("never stored {ids}"))??.clone())
    }

    async fn end(self) -> Result<()> {
        self.stop.cancel();
        Ok(tokio::time::timeout(LIMIT, self.task).await??)
    }
}

fn id(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Tag(tag) => tag.id.clone(),
        Incoming::Other(envelope) => envelope.id.clone(),
        Incoming::Foreign { topic } => topic.clone(),
        Incoming::Odd(odd) => odd.id.clone(),
    }
}

fn by_id(all: &[Incoming]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for incoming in all {
        *counts.entry(id(incoming)).or_default() += 1;
    }
    counts
}

fn file(url: &str) -> String {
    format!(
        "amqp_url = '{url}'\n[queues.ours]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {{}}\n\
         [[bindings]]\nqueue = 'ours'\nexchange = 'amq.topic'\nrouting_keys = ['#']\n\
         [client_properties]\napp = 'a test'\n"
    )
}

struct Publisher {
    _connection: Connection,
    channel: Channel,
}

impl Publisher {
    async fn connect(url: &str) -> Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { _connection: connection, channel })
    }

    async fn send(&self, id: &str, body: &[u8], headers: FieldTable) -> Result<()> {
        let properties = BasicProperties::default()
            .with_message_id(id.into())
            .with_delivery_mode(2)
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_headers(headers);
        let options = BasicPublishOptions::default();
        self.channel
            .basic_publish("amq.topic".into(), TOPIC.into(), options, body, properties)
            .await?
            .await?;
        Ok(())
    }

    async fn tag(&self, number: u32) -> Result<()> {
        self.send(
            &format!("id-{number}"),
            tag_body(number).to_string().as_bytes(),
            FieldTable::default(),
        )
        .await
    }

    /// How many messages wait in the queue.
    async fn waiting(&self) -> Result<u32> {
        let options =
            QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
        Ok(self
            .channel
            .queue_declare("ours".into(), options, FieldTable::default())
            .await?
            .message_count())
    }
}

fn tag_body(number: u32) -> Value {
    json!({"base_url": "https://koji.example.org", "instance": "primary", "tag": "f45", "tag_id": 1, "build_id": number,
        "name": "foo", "version": "1", "release": format!("{number}.fc45"), "user": "a", "owner": "b"})
}

fn headers(count: usize) -> FieldTable {
    let mut table = FieldTable::default();
    for number in 0..count {
        table.insert(
            format!("fedora_messaging_rpm_package-{number}").into(),
            AMQPValue::Boolean(true),
        );
    }
    table.insert("fedora_messaging_schema".into(), AMQPValue::LongString("of.tomorrow.V9".into()));
    table
}

#[tokio::test]
async fn whatever_comes_is_stored_and_then_acknowledged() -> Result<()> {
    let rabbit = Rabbit::start()?;
    let running = Running::start(&file(&rabbit.url()))?;
    running.connected().await?;
    let publisher = Publisher::connect(&rabbit.url()).await?;
    publisher.tag(1).await?;
    publisher.tag(1).await?;
    publisher.send("list", b"[1]", FieldTable::default()).await?;
    publisher.send("html", b"<html>", FieldTable::default()).await?;
    publisher.send("large", &vec![b'x'; 1024 * 1024], FieldTable::default()).await?;
    publisher.send("headers", tag_body(2).to_string().as_bytes(), headers(800)).await?;
    publisher.tag(3).await?;
    let stored = running.stored(6).await?;
    running.until("all acknowledged", |status| status.acknowledged == 7).await?;
    assert_eq!(by_id(&stored)["id-1"], 2, "a duplicate reaches the handler, which knows its ids");
    for incoming in &stored {
        let odd = matches!(incoming, Incoming::Odd(_));
        assert_eq!(
            odd,
            ["list", "html", "large"].contains(&id(incoming).as_str()),
            "{}",
            id(incoming)
        );
    }
    assert_eq!(publisher.waiting().await?, 0);
    running.end().await
}

#[tokio::test]
async fn while_nothing_can_be_stored_nothing_is_lost_and_nothing_starves() -> Result<()> {
    let rabbit = Rabbit::start()?;
    let running = Running::start(&file(&rabbit.url()))?;
    running.connected().await?;
    *running.memory.failures.lock().unwrap_or_else(PoisonError::into_inner) = 5;
    let publisher = Publisher::connect(&rabbit.url()).await?;
    for number in 0..30 {
        publisher.tag(number).await?;
    }
    let stored = running.stored(30).await?;
    assert!(
        by_id(&stored).values().all(|count| *count == 1),
        "given to the handler again, not by the broker"
    );
    let status = running.until("all acknowledged", |status| status.acknowledged == 30).await?;
    assert_eq!((status.redelivered, status.connections), (0, 1));
    assert!(matches!(status.last_fault, Some((_, BusFault::Store(_)))));
    running.end().await
}

#[tokio::test]
async fn told_to_stop_while_nothing_can_be_stored_it_leaves_the_messages_to_the_next() -> Result<()>
{
    let rabbit = Rabbit::start()?;
    let publisher = Publisher::connect(&rabbit.url()).await?;
    let running = Running::start(&file(&rabbit.url()))?;
    running.connected().await?;
    *running.memory.failures.lock().unwrap_or_else(PoisonError::into_inner) = u32::MAX;
    publisher.tag(1).await?;
    running
        .until("a fault", |status| matches!(status.last_fault, Some((_, BusFault::Store(_)))))
        .await?;
    running.end().await?;
    let next = Running::start(&file(&rabbit.url()))?;
    next.stored(1).await?;
    assert_eq!(next.until("acknowledged", |status| status.acknowledged == 1).await?.redelivered, 1);
    next.end().await
}

#[tokio::test]
async fn a_deleted_queue_and_a_restarted_broker_are_rebuilt() -> Result<()> {
    let mut rabbit = Rabbit::start()?;
    let running = Running::start(&file(&rabbit.url()))?;
    running.connected().await?;
    let publisher = Publisher::connect(&rabbit.url()).await?;
    publisher.channel.queue_delete("ours".into(), QueueDeleteOptions::default()).await?;
    running
        .until("rebuilt", |status| status.connections == 2 && status.connected_since.is_some())
        .await?;
    publisher.tag(1).await?;
    running.stored(1).await?;
    running.until("acknowledged", |status| status.acknowledged == 1).await?;

    rabbit.kill()?;
    running.until("noticed", |status| status.connected_since.is_none()).await?;
    rabbit.resume()?;
    running.until("rebuilt again", |status| status.connected_since.is_some()).await?;
    Publisher::connect(&rabbit.url()).await?.tag(2).await?;
    running.stored(2).await?;
    assert!(*running.memory.connections.borrow() >= 3, "each connection is told, for the catch-up");
    running.end().await
}

#[tokio::test]
async fn a_connection_cut_between_store_and_acknowledgement_gives_the_message_again() -> Result<()>
{
    let mut rabbit = Rabbit::start()?;
    let running = Running::start(&file(&rabbit.url()))?;
    running.connected().await?;
    *running.memory.failures.lock().unwrap_or_else(PoisonError::into_inner) = 8;
    Publisher::connect(&rabbit.url()).await?.tag(1).await?;
    running.until("received", |status| status.received == 1).await?;
    // Killed while the message is held, and stored while the broker is away: the acknowledgement has nowhere to go.
    rabbit.kill()?;
    running.stored(1).await?;
    rabbit.resume()?;
    let status = running.until("acknowledged", |status| status.acknowledged >= 1).await?;
    assert!(status.received >= 2, "{status:?}");
    assert_eq!(by_id(&running.stored(1).await?).len(), 1);
    running.end().await
}

#[tokio::test]
async fn a_client_certificate_is_login_enough_over_tls_and_without_one_there_is_none() -> Result<()>
{
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (rabbit, certificates) = Rabbit::start_tls()?;
    let ca = certificates.certificate("ca");
    let tls = |client: &str| {
        let ca = ca.display();
        format!("{}[tls]\nca_cert = '{ca}'\n{client}", file(&rabbit.tls_url()))
    };
    let (cert, key) = (certificates.certificate("client"), certificates.key("client"));
    let client = format!("certfile = '{}'\nkeyfile = '{}'\n", cert.display(), key.display());
    let running = Running::start(&tls(&client))?;
    running.connected().await?;
    Publisher::connect(&rabbit.url()).await?.tag(1).await?;
    running.stored(1).await?;
    running.until("acknowledged", |status| status.acknowledged == 1).await?;

    let bare = Running::start(&tls(""))?;
    let status = bare.until("a fault", |status| status.last_fault.is_some()).await?;
    assert_eq!(status.connections, 0, "{status:?}");
    // An authority that did not sign the broker's certificate is not enough.
    let stranger = tls(&client).replace(&ca.display().to_string(), &cert.display().to_string());
    let fooled = Running::start(&stranger)?;
    let status = fooled.until("a fault", |status| status.last_fault.is_some()).await?;
    assert_eq!(status.connections, 0, "{status:?}");
    for running in [running, bare, fooled] {
        running.end().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_refusing_broker_is_a_configuration_fault_and_ends_nothing() -> Result<()> {
    let rabbit = Rabbit::start()?;
    let wrong = rabbit.url().replace("guest:guest", "guest:wrong");
    let refused = Running::start(&file(&wrong))?;
    let passive = Running::start(&format!("passive_declares = true\n{}", file(&rabbit.url())))?;
    let host = Running::start(&file(&rabbit.url().replace("%2F", "elsewhere")))?;
    for running in [&refused, &passive, &host] {
        let configuration =
            |status: &BusStatus| matches!(status.last_fault, Some((_, BusFault::Configuration(_))));
        running.until("a configuration fault", configuration).await?;
        assert!(!running.task.is_finished());
    }
    // Once somebody made the queue, the passive one goes on by itself.
    let other = Running::start(&file(&rabbit.url()))?;
    other.connected().await?;
    passive.connected().await?;
    for running in [refused, passive, host, other] {
        running.end().await?;
    }
    Ok(())
}
