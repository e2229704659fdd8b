//! A small TCP proxy between programs and a server, with which connections can be cut and slowed. Does *not* know what goes
//! through it.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// Most bytes carried in one go.
const CHUNK: usize = 64 * 1024;

/// A proxy to one server on this machine. It ends when it is dropped.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    cuts: watch::Sender<u64>,
    delay_ms: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Starts one to the server at this port.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub async fn start(target: u16) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("open the proxy's port")?;
        let port = listener.local_addr().context("open the proxy's port")?.port();
        let (cuts, cut) = watch::channel(0);
        let delay_ms = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, target, cut, Arc::clone(&delay_ms)));
        Ok(Self { port, cuts, delay_ms, _tasks: tasks })
    }

    /// Cuts all connections. New ones are taken at once.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Whatever comes through takes this long from now on.
    pub fn slow(&self, by: Duration) {
        self.delay_ms.store(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

async fn accept(
    listener: TcpListener,
    target: u16,
    cut: watch::Receiver<u64>,
    delay_ms: Arc<AtomicU64>,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        let (mut cut, delay_ms) = (cut.clone(), Arc::clone(&delay_ms));
        cut.mark_unchanged();
        connections.spawn(async move {
            let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            select! {
                biased;
                _ = cut.changed() => {}
                () = carry(near_in, far_out, &delay_ms) => {}
                () = carry(far_in, near_out, &delay_ms) => {}
            }
        });
    }
}

/// Carries bytes until one side ends.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay_ms: &AtomicU64,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        let delay = delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            sleep(Duration::from_millis(delay)).await;
        }
        let Some(bytes) = chunk.get(..count) else { return };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
