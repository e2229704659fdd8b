//! A Redis server of a test's own: free port, own data folder, gone when dropped.

use std::process::Stdio;

use anyhow::Context;
use redis::{FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{certificates::Certificates, ports::free_port, wait::until};

/// A running server. Every write is on disk before it is answered.
pub struct RedisServer {
    /// Its address.
    pub url: String,
    port: u16,
    folder: TempDir,
    /// What it is started with besides.
    further: Vec<String>,
    child: Child,
}

impl RedisServer {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    ///
    /// If there is no `redis-server`, or it does not come up.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a data folder")?;
        Self::start_in(folder, Vec::new()).await
    }

    /// Starts one that also serves TLS; its port for that, and the certificates.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::start`], or if the certificates cannot be made.
    pub async fn start_tls() -> anyhow::Result<(Self, u16, Certificates)> {
        let folder = tempfile::tempdir().context("make a data folder")?;
        let (port, made) = (free_port()?, Certificates::make(folder.path(), "worker")?);
        Ok((Self::start_in(folder, tls_arguments(port, &made)).await?, port, made))
    }

    /// Starts one that wants this password; its address has it.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::start`].
    pub async fn start_locked(password: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a data folder")?;
        let (port, further) = (free_port()?, vec!["--requirepass".to_owned(), password.to_owned()]);
        let child = spawn(port, &folder, &further)?;
        let url = format!("redis://:{password}@127.0.0.1:{port}/");
        let server = Self { url, port, folder, further, child };
        server.answers().await?;
        Ok(server)
    }

    /// Starts one that also serves TLS, and wants this password at both; its port for TLS, and the certificates.
    ///
    /// # Errors
    ///
    /// As [`RedisServer::start_tls`].
    pub async fn start_guarded(password: &str) -> anyhow::Result<(Self, u16, Certificates)> {
        let folder = tempfile::tempdir().context("make a data folder")?;
        let (tls, made) = (free_port()?, Certificates::make(folder.path(), "worker")?);
        let (port, mut further) = (free_port()?, tls_arguments(tls, &made));
        further.extend(["--requirepass".to_owned(), password.to_owned()]);
        let child = spawn(port, &folder, &further)?;
        let url = format!("redis://:{password}@127.0.0.1:{port}/");
        let server = Self { url, port, folder, further, child };
        server.answers().await?;
        Ok((server, tls, made))
    }

    /// Where it is, for who has the password from elsewhere.
    #[must_use]
    pub fn open_url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// All that was ever written to it, as it stands in its files: also what is gone by now.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn written(&self) -> anyhow::Result<Vec<u8>> {
        let mut written = Vec::new();
        for entry in std::fs::read_dir(self.folder.path().join("appendonlydir"))? {
            written.extend(std::fs::read(entry?.path())?);
        }
        Ok(written)
    }

    async fn start_in(folder: TempDir, further: Vec<String>) -> anyhow::Result<Self> {
        let port = free_port()?;
        let child = spawn(port, &folder, &further)?;
        let url = format!("redis://127.0.0.1:{port}/");
        let server = Self { url, port, folder, further, child };
        server.answers().await?;
        Ok(server)
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it without warning.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill the server")
    }

    /// Starts it again with its data, on the same port.
    ///
    /// # Errors
    ///
    /// If it does not come up.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.child = spawn(self.port, &self.folder, &self.further)?;
        self.answers().await
    }

    /// Runs one command on a connection of its own.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or with something else than wanted.
    pub async fn command<T: FromRedisValue>(&self, words: &[&str]) -> anyhow::Result<T> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        Ok(command.query_async(&mut self.connect().await?).await?)
    }

    async fn connect(&self) -> anyhow::Result<MultiplexedConnection> {
        Ok(redis::Client::open(self.url.as_str())?.get_multiplexed_async_connection().await?)
    }

    async fn answers(&self) -> anyhow::Result<()> {
        until("the server answers", async || Ok(self.command::<String>(&["PING"]).await.is_ok()))
            .await
    }
}

fn tls_arguments(port: u16, made: &Certificates) -> Vec<String> {
    let arguments = [
        ("--tls-port", port.to_string()),
        ("--tls-cert-file", made.certificate("server").display().to_string()),
        ("--tls-key-file", made.key("server").display().to_string()),
        ("--tls-ca-cert-file", made.certificate("ca").display().to_string()),
        ("--tls-auth-clients", "no".to_owned()),
    ];
    arguments.into_iter().flat_map(|(key, value)| [key.to_owned(), value]).collect()
}

fn spawn(port: u16, folder: &TempDir, further: &[String]) -> anyhow::Result<Child> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--maxmemory-policy",
            "noeviction",
        ])
        .arg("--dir")
        .arg(folder.path())
        .args(further)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("start redis-server")
}
