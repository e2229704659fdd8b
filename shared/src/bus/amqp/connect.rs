//! One connection: certificates, login, declarations, consumers. Does *not* retry.

use std::{collections::BTreeMap, path::Path, time::Duration};

use futures_util::stream::SelectAll;
use lapin::{
    Channel, Connection, ConnectionProperties, DefaultConnectionBuilder, ErrorKind, ExchangeKind,
    options::{
        BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    tcp::{OwnedIdentity, OwnedTLSConfig},
    types::{FieldTable, ShortString},
    uri::{AMQPUri, SASLMechanism},
};

use super::{
    contract::BusFault,
    value::{self, short},
};
use crate::bus::config::BusConfig;

/// How often each side says that it lives, unless the URL says otherwise, in seconds. The broker may ask for less.
const HEARTBEAT_SECS: u16 = 60;

/// Largest certificate file read, in bytes.
const MAX_PEM_BYTES: u64 = 1024 * 1024;

/// AMQP's numbers of refusals that only a person can end: access refused, not found, locked, precondition failed, not
/// allowed.
const REFUSALS: [u16; 5] = [403, 404, 405, 406, 530];

/// A connection with its consumers. All of them live on one channel.
pub(super) struct Link {
    /// To be closed at the end; dropping it cuts the connection.
    pub(super) connection: Connection,
    /// Deliveries of all queues.
    pub(super) deliveries: SelectAll<lapin::Consumer>,
}

/// Connects, declares and starts consuming, within `limit`.
pub(super) async fn connect(config: &BusConfig, limit: Duration) -> Result<Link, BusFault> {
    tokio::time::timeout(limit, establish(config)).await.unwrap_or_else(|_| {
        Err(BusFault::Connection(format!("not ready within {} s", limit.as_secs())))
    })
}

async fn establish(config: &BusConfig) -> Result<Link, BusFault> {
    let connection = DefaultConnectionBuilder::new()
        .map_err(fault)?
        .with_uri(uri(config))
        .with_properties(properties(config)?)
        .with_tls_config(tls(config).await?)
        .connect()
        .await
        .map_err(fault)?;
    let channel = connection.create_channel().await.map_err(fault)?;
    channel.basic_qos(config.prefetch_count, BasicQosOptions::default()).await.map_err(fault)?;
    declare_exchanges(config, &channel).await?;
    let queues = declare_queues(config, &channel).await?;
    bind(config, &channel, &queues).await?;
    let mut deliveries = SelectAll::new();
    for queue in queues.values() {
        let options = BasicConsumeOptions::default();
        let consumer = channel
            .basic_consume(queue.clone(), "".into(), options, FieldTable::default())
            .await
            .map_err(fault)?;
        deliveries.push(consumer);
    }
    Ok(Link { connection, deliveries })
}

fn uri(config: &BusConfig) -> AMQPUri {
    let mut uri = config.url.uri().clone();
    uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT_SECS));
    // Source: the Python library; with certificate and key the user is the certificate's CN and the URL's name is for form.
    if config.url.is_tls() && config.tls.client.is_some() {
        uri.query.auth_mechanism = Some(SASLMechanism::External);
    }
    uri
}

fn properties(config: &BusConfig) -> Result<ConnectionProperties, BusFault> {
    let mut properties = ConnectionProperties::default()
        .with_client_property("product".into(), "ELNBuildSync".into())
        .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into());
    for (name, text) in &config.client_properties {
        properties = properties.with_client_property(short(name)?, text.as_str().into());
    }
    Ok(properties)
}

/// Certificates, read anew for each connection. What lapin calls `cert_chain` holds further **root** certificates.
async fn tls(config: &BusConfig) -> Result<OwnedTLSConfig, BusFault> {
    if !config.url.is_tls() {
        return Ok(OwnedTLSConfig::default());
    }
    let cert_chain = match &config.tls.ca {
        Some(path) => {
            let pem = String::from_utf8(pem(path).await?).map_err(|_| {
                BusFault::Configuration(format!("{} is no PEM text", path.display()))
            })?;
            Some(pem)
        }
        None => None,
    };
    let identity = match &config.tls.client {
        Some((cert, key)) => {
            Some(OwnedIdentity::PKCS8 { pem: pem(cert).await?, key: pem(key).await? })
        }
        None => None,
    };
    Ok(OwnedTLSConfig { identity, cert_chain })
}

async fn pem(path: &Path) -> Result<Vec<u8>, BusFault> {
    let unreadable = |error: std::io::Error| {
        BusFault::Configuration(format!("cannot read {}: {error}", path.display()))
    };
    let size = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
    if size > MAX_PEM_BYTES {
        return Err(BusFault::Configuration(format!("{} is larger than 1 MiB", path.display())));
    }
    tokio::fs::read(path).await.map_err(unreadable)
}

async fn declare_exchanges(config: &BusConfig, channel: &Channel) -> Result<(), BusFault> {
    for (name, exchange) in &config.exchanges {
        let options = ExchangeDeclareOptions {
            passive: config.passive_declares,
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            ..ExchangeDeclareOptions::default()
        };
        let kind = match exchange.kind.as_str() {
            "topic" => ExchangeKind::Topic,
            "direct" => ExchangeKind::Direct,
            "fanout" => ExchangeKind::Fanout,
            "headers" => ExchangeKind::Headers,
            other => ExchangeKind::Custom(other.to_owned()),
        };
        let arguments = value::arguments(&exchange.arguments)?;
        channel.exchange_declare(short(name)?, kind, options, arguments).await.map_err(fault)?;
    }
    Ok(())
}

/// Declares the queues; gives their real names by the configured ones (they differ for the empty name).
async fn declare_queues(
    config: &BusConfig,
    channel: &Channel,
) -> Result<BTreeMap<String, ShortString>, BusFault> {
    let mut names = BTreeMap::new();
    for (name, queue) in &config.queues {
        let options = QueueDeclareOptions {
            passive: config.passive_declares,
            durable: queue.durable,
            exclusive: queue.exclusive,
            auto_delete: queue.auto_delete,
            ..QueueDeclareOptions::default()
        };
        let arguments = value::arguments(&queue.arguments)?;
        let declared =
            channel.queue_declare(short(name)?, options, arguments).await.map_err(fault)?;
        names.insert(name.clone(), declared.name().clone());
    }
    Ok(names)
}

async fn bind(
    config: &BusConfig,
    channel: &Channel,
    queues: &BTreeMap<String, ShortString>,
) -> Result<(), BusFault> {
    for binding in &config.bindings {
        let Some(queue) = queues.get(&binding.queue) else { continue };
        for key in &binding.routing_keys {
            let (exchange, key) = (short(&binding.exchange)?, short(key)?);
            let options = QueueBindOptions::default();
            channel
                .queue_bind(queue.clone(), exchange, key, options, FieldTable::default())
                .await
                .map_err(fault)?;
        }
    }
    Ok(())
}

/// What an error of the client means for us.
pub(super) fn fault(error: lapin::Error) -> BusFault {
    if let ErrorKind::ProtocolError(refusal) = error.kind()
        && REFUSALS.contains(&refusal.get_id())
    {
        return BusFault::Configuration(refusal.get_message().to_string());
    }
    BusFault::Connection(error.to_string())
}
