//! What the configuration file says, once read, and what can be wrong with it.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use toml::Table;

/// Everything in the file that concerns a consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct BusConfig {
    /// Where the broker is, and as whom to log in.
    pub url: BrokerUrl,
    /// Only check that exchanges and queues exist. Default: false.
    pub passive_declares: bool,
    /// What stands before each topic, without the dot. Default: empty.
    pub topic_prefix: String,
    /// Exchanges to declare, by name. Default: `amq.topic`.
    pub exchanges: BTreeMap<String, Exchange>,
    /// Queues to declare and consume, by name; the empty name is one that the broker names.
    pub queues: BTreeMap<String, Queue>,
    /// Which topics go to which queue.
    pub bindings: Vec<Binding>,
    /// Most messages that the broker sends ahead of their acknowledgements. Default: 10. 0: no limit.
    pub prefetch_count: u16,
    /// Certificates.
    pub tls: Tls,
    /// What is told to the broker's operators. Default: `app` = `Unknown`.
    pub client_properties: BTreeMap<String, String>,
}

/// A broker's URL. Shows itself without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl(pub(super) lapin::uri::AMQPUri);

/// One exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// `topic`, `direct`, ….
    pub kind: String,
    /// Whether it outlives the broker.
    pub durable: bool,
    /// Whether it goes with its last binding.
    pub auto_delete: bool,
    /// Further arguments of the declaration.
    pub arguments: Table,
}

/// One queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Whether it outlives the broker.
    pub durable: bool,
    /// Whether it goes with its last consumer.
    pub auto_delete: bool,
    /// Whether only this connection may use it.
    pub exclusive: bool,
    /// Further arguments of the declaration.
    pub arguments: Table,
}

/// One binding of a queue to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The queue.
    pub queue: String,
    /// The exchange.
    pub exchange: String,
    /// Patterns of topics: `*` is one word, `#` any number.
    pub routing_keys: Vec<String>,
}

/// Certificates. A relative path counts from the working directory of the process, as with the Python library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The broker's certificate authority, PEM.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key, PEM: with them the login is EXTERNAL.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// One thing wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The key, as a path with dots.
    pub key: String,
    /// What is wrong with it.
    pub fault: String,
}

/// All things wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ConfigFaults(pub Vec<ConfigFault>);

impl BrokerUrl {
    /// The parsed URL, for the client.
    pub(in crate::bus) fn uri(&self) -> &lapin::uri::AMQPUri {
        &self.0
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        match self.0.scheme {
            lapin::uri::AMQPScheme::AMQPS => true,
            lapin::uri::AMQPScheme::AMQP => false,
        }
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = &self.0.authority;
        write!(
            f,
            "{}://{}:{}/{}",
            self.0.scheme,
            authority.host,
            authority.port,
            self.0.vhost.replace('/', "%2F")
        )
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerUrl({self})")
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.fault)
    }
}
