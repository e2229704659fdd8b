//! Opening the store at the start. A database that is away is waited for: to end and be started again would help nobody. Does
//! *not* wait for what a person must mend.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use ebs_shared::{
    config::StaticConfig,
    listen::{self, Bounds},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    report::chain,
    store::{Location, SqlStore, StoreError, StoreErrorKind, StoreOptions},
    web::waiting,
};

/// The pause before a database that is away is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens the store, however long its database is away; until then it is said at the listener that the service is not ready.
/// Nothing if it is told to stop before that.
///
/// # Errors
///
/// What a person must mend: the database refuses us, or holds what this program cannot use.
pub(crate) async fn open_store(
    config: &StaticConfig,
    listener: TcpListener,
    stop: &CancellationToken,
) -> anyhow::Result<Option<(SqlStore, TcpListener)>> {
    let options = StoreOptions::new(location(config));
    let error = match opened(&options).await? {
        Ok(store) => return Ok(Some((store, listener))),
        Err(away) => away,
    };
    tracing::warn!(error = chain(&error), "the database is away: waiting for it");
    let (first, second) = twice(listener)?;
    let over = stop.child_token();
    let saying =
        listen::serve(first, waiting(error.kind.to_string()), Bounds::default(), over.clone());
    let trying = async {
        let found = again(&options, stop).await;
        over.cancel();
        found
    };
    let (said, found) = tokio::join!(saying, trying);
    said.context("the pages cannot be served")?;
    let Some(store) = found? else { return Ok(None) };
    tracing::info!("the database is there");
    Ok(Some((store, second)))
}

/// Tries until the database is there; nothing if it is told to stop before that.
async fn again(
    options: &StoreOptions,
    stop: &CancellationToken,
) -> anyhow::Result<Option<SqlStore>> {
    loop {
        let trying = async {
            tokio::time::sleep(PAUSE).await;
            opened(options).await
        };
        let tried = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            tried = trying => tried?,
        };
        if let Ok(store) = tried {
            return Ok(Some(store));
        }
    }
}

/// The store, or why its database is away; the error is what a person must mend.
async fn opened(options: &StoreOptions) -> anyhow::Result<Result<SqlStore, StoreError>> {
    match SqlStore::open(options).await {
        Err(error) if !matches!(error.kind, StoreErrorKind::Unavailable(_)) => Err(error.into()),
        opened => Ok(opened),
    }
}

/// Two handles of one listener: who asks while the one gives way to the other is answered by the other.
fn twice(listener: TcpListener) -> anyhow::Result<(TcpListener, TcpListener)> {
    let first = listener.into_std().context("cannot keep the listener")?;
    let second = first.try_clone().context("cannot keep the listener")?;
    let both =
        TcpListener::from_std(first).and_then(|first| Ok((first, TcpListener::from_std(second)?)));
    both.context("cannot keep the listener")
}

fn location(config: &StaticConfig) -> Location {
    let database = &config.ebs.database;
    match database.url.strip_prefix("sqlite:") {
        Some(path) => Location::Sqlite(PathBuf::from(path.trim_start_matches("//"))),
        None => Location::Postgres {
            url: database.url.clone(),
            password: database.password.as_ref().map(|password| password.expose().to_owned()),
            authority: database.authority_file.clone(),
        },
    }
}
