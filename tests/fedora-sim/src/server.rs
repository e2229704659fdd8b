//! The listener of all services, that of the control plane, and what runs beside them.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use ebs_shared::clock::System;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    archive, bodhi,
    control::{self, Door},
    idp, koji, publisher, resolver,
    script::Script,
    traffic::Traffic,
    world::{World, run_engine},
};

/// The simulator could not start.
#[derive(Debug, thiserror::Error)]
#[error("the listener could not be opened")]
pub struct StartError(#[from] io::Error);

/// A simulator that runs until it is stopped or dropped.
pub struct Running {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    /// Where its control plane listens, even while the services do not.
    pub control: String,
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
pub async fn start(mut script: Script, listen: SocketAddr) -> Result<Running, StartError> {
    let listener = TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    if script.site.base_url.is_empty() {
        script.site.base_url.clone_from(&url);
    }
    let backstage = TcpListener::bind(SocketAddr::new(listen.ip(), 0)).await?;
    let control = format!("http://{}", backstage.local_addr()?);
    let world = World::new(script, &System);
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let (door, ways) = Door::new();
    let (app, stopped) = (app(&world), stop.clone());
    tasks.spawn(async move {
        tokio::select! {
            biased;
            () = stopped.cancelled() => {}
            result = serve(listener, app, ways) => tell(result),
        }
    });
    let (control_routes, stopped) = (control::routes(world.clone(), door), stop.clone());
    tasks.spawn(async move {
        // Clients keep connections open; they are not waited for.
        tokio::select! {
            biased;
            () = stopped.cancelled() => {}
            result = axum::serve(backstage, control_routes) => tell(result),
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
    Ok(Running { url, control, world, stop, tasks })
}

fn tell(ended: io::Result<()>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a listener failed");
    }
}

/// Serves while the door is open. While it is closed nobody listens, and every connection has ended.
async fn serve(mut listener: TcpListener, app: Router, ways: control::Ways) -> io::Result<()> {
    let control::Ways { mut wanted, is_open } = ways;
    let address = listener.local_addr()?;
    loop {
        is_open.send_replace(true);
        let closed = until(wanted.clone(), false);
        axum::serve(listener, app.clone()).with_graceful_shutdown(closed).await?;
        is_open.send_replace(false);
        if wanted.wait_for(|open| *open).await.is_err() {
            return Ok(());
        }
        listener = TcpListener::bind(address).await?;
    }
}

async fn until(mut wanted: watch::Receiver<bool>, open: bool) {
    if wanted.wait_for(|now| *now == open).await.is_err() {
        // Nobody is left who could want it.
        std::future::pending::<()>().await;
    }
}

/// All paths of all services, for a listener or to be asked in the same process. The control plane has a listener of its own;
/// what happens by itself does so only while [`run_engine`] runs.
pub fn app(world: &World) -> Router {
    let traffic = Arc::new(Traffic::default());
    Router::new()
        .merge(koji::routes(koji::Hub::new(world.clone(), Arc::clone(&traffic))))
        .merge(idp::routes(world.clone()))
        .merge(resolver::routes(world.clone(), Arc::clone(&traffic)))
        .merge(archive::routes(world.clone(), Arc::clone(&traffic)))
        .fallback_service(
            axum::routing::any(bodhi::answer)
                .with_state(bodhi::Server::new(world.clone(), traffic)),
        )
}
