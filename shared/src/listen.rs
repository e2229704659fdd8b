//! Serving HTTP within bounds: so many connections, so long for a request's head, so long for a connection. Does *not* know what
//! is answered.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 32 * 1024;

/// The pause after a connection could not be taken, as when there are no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What a server bears.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most connections at a time. Further ones wait in the system's queue.
    pub connections: usize,
    /// The longest that a client may take over a request's head, or be silent before it.
    pub head: Duration,
    /// The longest that a connection lasts; what is being answered then is answered to its end.
    pub life: Duration,
    /// The longest that this end takes.
    pub close: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 256,
            head: Duration::from_secs(15),
            life: Duration::from_secs(300),
            close: Duration::from_secs(20),
        }
    }
}

/// Answers until `stop`, then ends what is being answered.
///
/// # Errors
///
/// If the listener has no address: it was never opened.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let room = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            // A permit comes first: whom there is no room for is not taken in.
            taken = take(&listener, &room) => taken,
        };
        let Some((stream, permit)) = stream else { break };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            converse(stream, router, bounds, stop).await;
            drop(permit);
        });
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// The next connection, once there is room for it; nothing if there never will be.
async fn take(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection was not taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, from its first request to its end.
async fn converse(stream: TcpStream, router: Router, bounds: Bounds, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return note(ended),
        () = stop.cancelled() => {}
        () = sleep(bounds.life) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Whoever does not read its answer is cut off.
    if let Ok(ended) = timeout(bounds.close, connection).await {
        note(ended);
    }
}

/// Clients come and go as they like: only for a hunt.
fn note(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

#[cfg(test)]
mod tests;
