//! The one listener, and what runs beside it.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use ebs_shared::clock::System;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    archive, bodhi, control, idp, koji, publisher, resolver,
    script::Script,
    traffic::Traffic,
    world::{World, run_engine},
};

/// The simulator could not start.
#[derive(Debug, thiserror::Error)]
#[error("the listener could not be opened")]
pub struct StartError(#[from] std::io::Error);

/// A simulator that runs until it is stopped or dropped.
pub struct Running {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its world, for tests in the same process.
    pub world: World,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    /// Publishes the log of messages to a broker from now on, from its beginning.
    pub fn publish_to(&mut self, broker: String) {
        let (world, stopped) = (self.world.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = stopped.cancelled() => {}
                () = publisher::run(world, broker) => {}
            }
        });
    }

    /// Stops it, and waits until the listener is closed and nothing runs any more.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts a simulator.
///
/// # Errors
///
/// If the address cannot be listened on.
pub async fn start(script: Script, listen: SocketAddr) -> Result<Running, StartError> {
    let world = World::new(script, &System);
    let listener = TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let app = app(&world);
    let stopped = stop.clone();
    tasks.spawn(async move {
        let served =
            axum::serve(listener, app).with_graceful_shutdown(stopped.clone().cancelled_owned());
        // Clients keep connections open; they are not waited for.
        tokio::select! {
            biased;
            () = stopped.cancelled() => {}
            result = served => {
                if let Err(error) = result {
                    tracing::error!(%error, "the listener failed");
                }
            }
        }
    });
    let (engine, stopped) = (world.clone(), stop.clone());
    tasks.spawn(async move {
        tokio::select! {
            biased;
            () = stopped.cancelled() => {}
            () = run_engine(engine) => {}
        }
    });
    Ok(Running { url, world, stop, tasks })
}

/// All paths of all services.
fn app(world: &World) -> Router {
    let traffic = Arc::new(Traffic::default());
    Router::new()
        .merge(koji::routes(koji::Hub::new(world.clone(), Arc::clone(&traffic))))
        .merge(control::routes(world.clone()))
        .merge(idp::routes(world.clone()))
        .merge(resolver::routes(world.clone(), Arc::clone(&traffic)))
        .merge(archive::routes(world.clone(), Arc::clone(&traffic)))
        .fallback_service(
            axum::routing::any(bodhi::answer)
                .with_state(bodhi::Server::new(world.clone(), traffic)),
        )
}
