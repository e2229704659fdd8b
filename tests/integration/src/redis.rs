//! A Redis server of a test's own: free port, own data folder, gone when dropped.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::Stdio,
};

use anyhow::Context;
use redis::{FromRedisValue, aio::MultiplexedConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::wait::until;

/// A running server. Every write is on disk before it is answered.
pub struct RedisServer {
    /// Its address.
    pub url: String,
    port: u16,
    folder: TempDir,
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
        let port = free_port()?;
        let child = spawn(port, &folder)?;
        let server = Self { url: format!("redis://127.0.0.1:{port}/"), port, folder, child };
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
        self.child = spawn(self.port, &self.folder)?;
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

/// A port nobody listens on now.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn spawn(port: u16, folder: &TempDir) -> anyhow::Result<Child> {
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
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("start redis-server")
}
