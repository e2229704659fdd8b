//! `./dev stack --secure`: everything locked as in production. Kerberos from a keytab at Koji and at Bodhi's identity provider, both
//! behind a web server with TLS; AMQP with a client certificate; TLS and passwords at Redis and PostgreSQL.

use std::path::Path;

use anyhow::Context as _;
use ebs_integration::{
    certificates::Certificates,
    front::{Front, REMOTE_USER, Setting},
    kdc::{Kdc, REALM},
    postgres,
    rabbit::Rabbit,
    redis::RedisServer,
};
use serde_json::{Value, json};

use crate::{config, fedora::Fedora, locks::Locks};

/// The password of Redis.
const REDIS_PASSWORD: &str = "only-for-this-stack";

/// Who we are.
const ACCOUNT: &str = "ebs";

/// What stands before the simulated Fedora.
pub struct Guard {
    /// The KDC.
    pub kdc: Kdc,
    /// The web server.
    pub front: Front,
}

/// The servers with TLS, and how they are reached.
pub struct Locked {
    /// The broker, and its address for us.
    pub broker: (Rabbit, String),
    /// Redis, and its address for us.
    pub redis: (RedisServer, String),
    /// PostgreSQL.
    pub postgres: postgres::Postgres,
    certificates: [Certificates; 3],
}

impl Locked {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// One does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let postgres = tokio::task::spawn_blocking(postgres::Postgres::start_tls);
        let broker = tokio::task::spawn_blocking(Rabbit::start_tls);
        let (redis, port, of_redis) = RedisServer::start_guarded(REDIS_PASSWORD).await?;
        let (postgres, of_postgres) = postgres.await?.context("start PostgreSQL")?;
        let (broker, of_broker) = broker.await?.context("start RabbitMQ")?;
        let address = broker.tls_url();
        Ok(Self {
            broker: (broker, address),
            redis: (redis, format!("rediss://127.0.0.1:{port}/")),
            postgres,
            certificates: [of_broker, of_redis, of_postgres],
        })
    }
}

impl Guard {
    /// Stands before this Fedora, which tells its own address as the web server's from then on.
    ///
    /// # Errors
    ///
    /// KDC or web server do not start.
    pub async fn before(fedora: &Fedora) -> anyhow::Result<Self> {
        let kdc = Kdc::start()?;
        kdc.add(ACCOUNT)?;
        let front =
            Front::start(&Setting { behind: &fedora.url, kdc: &kdc, clock: None, late: false })?;
        fedora.change(&json!({ "site": { "base_url": front.tls_url() } })).await?;
        Ok(Self { kdc, front })
    }

    /// Where everything is, with what secrets are in files of this folder.
    ///
    /// # Errors
    ///
    /// A file cannot be written, or there is no keytab.
    pub fn locks(&self, folder: &Path, locked: &Locked) -> anyhow::Result<Locks> {
        let [broker, redis, database] = &locked.certificates;
        let password = config::write(folder, "redis-password", &format!("{REDIS_PASSWORD}\n"))?;
        Ok(Locks {
            keytab: self.kdc.keytab(ACCOUNT, "ebs.keytab")?,
            principal: format!("{ACCOUNT}@{REALM}"),
            fedora: self.front.certificates().certificate("ca"),
            broker: [broker.certificate("ca"), broker.certificate("client"), broker.key("client")],
            redis: [password, redis.certificate("ca")],
            database: database.certificate("ca"),
            kerberos: self.kdc.client_config(),
        })
    }
}

/// Has the simulated Fedora believe the web server, and know nobody's password but its own.
pub fn lock(script: &mut Value) {
    script["accounts"] = json!([
        { "name": "kojiadmin", "password": "kojiadminpw", "admin": true },
        { "name": ACCOUNT, "principal": format!("{ACCOUNT}@{REALM}") },
        { "name": "other" },
        { "name": "kojira" },
        { "name": "bodhi", "admin": true },
    ]);
    script["site"]["remote_user_header"] = json!(REMOTE_USER);
}
