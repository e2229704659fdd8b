//! The queue over TLS. Needs the programs built: `cargo build --workspace`.

use std::time::Duration;

use anyhow::Result;
use ebs_integration::{ports::free_port, redis::RedisServer};
use ebs_stage::{
    child::{Child, wait_for},
    config::{self, Places, Port},
    troupe::program,
};
use tokio::process::Command;

/// The longest that anything is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// Whether a line of `CLIENT LIST` is of one that came to this port and was understood.
fn is_served_at(client: &str, port: u16) -> bool {
    client.contains(&format!(" laddr=127.0.0.1:{port} ")) && !client.contains(" cmd=NULL ")
}

/// Starts a worker that trusts this authority.
fn worker(folder: &std::path::Path, port: u16, authority: &std::path::Path) -> Result<Child> {
    let places = Places {
        redis: Some(format!("rediss://127.0.0.1:{port}/")),
        concurrency: 1,
        ..Places::plain(
            "http://127.0.0.1:9",
            format!("sqlite:{}", folder.join("ebs.sqlite").display()),
        )
    };
    let file = config::write_static(folder, "worker-1", Port::Metrics(free_port()?), &places)?;
    let mut command = Command::new(program("ebs-worker")?);
    command.arg("--config").arg(file).env("SSL_CERT_FILE", authority);
    Child::start("worker-1", command, folder)
}

#[tokio::test]
async fn a_worker_takes_its_jobs_over_tls_from_a_server_that_it_can_trust() -> Result<()> {
    let (redis, port, certificates) = RedisServer::start_tls().await?;
    let folder = tempfile::tempdir()?;
    // Signed by nobody that the worker trusts: it tries, and never gets so far as a command.
    let doubting = worker(folder.path(), port, &certificates.certificate("client"))?;
    wait_for("it has complained", LIMIT, || async {
        Ok(doubting.printed().to_lowercase().contains("certificate").then_some(()))
    })
    .await?;
    let clients: String = redis.command(&["CLIENT", "LIST"]).await?;
    assert!(!clients.lines().any(|client| is_served_at(client, port)), "{clients}");
    doubting.kill().await;

    let trusting = worker(folder.path(), port, &certificates.certificate("ca"))?;
    wait_for("it is served over TLS", LIMIT, || async {
        let clients: String = redis.command(&["CLIENT", "LIST"]).await?;
        Ok(clients.lines().any(|client| is_served_at(client, port)).then_some(()))
    })
    .await?;
    trusting.terminate().await?;
    Ok(())
}
