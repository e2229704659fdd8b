//! Opening a database: connections, migrations, and the refusal of what is newer than this program.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, PgConnection, SqliteConnection,
    migrate::{Migrate, MigrateError, Migrator},
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{StoreError, StoreErrorKind, fault::Fault, link::Pools};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The longest that opening waits, with all migrations and for others that are migrating.
const MIGRATE_LIMIT: Duration = Duration::from_secs(300);
/// How many connections read a SQLite file.
const SQLITE_READERS: u32 = 4;

/// Which database.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, made if it is missing.
    Sqlite(PathBuf),
    /// A server.
    Postgres {
        /// `postgres://user@host:port/database`, with any parameters that libpq knows.
        url: String,
        /// The password, if it is not in the URL.
        password: Option<String>,
        /// File with the authority that is trusted, PEM. With one the server must show by TLS that it has the URL's name.
        authority: Option<PathBuf>,
    },
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            // The URL too can hold a password.
            Self::Postgres { .. } => f.write_str("Postgres"),
        }
    }
}

/// How to use the database.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Which one.
    pub location: Location,
    /// The longest wait for a connection, new or from the pool.
    pub connect_limit: Duration,
    /// The longest that one statement takes.
    pub statement_limit: Duration,
    /// The most connections to a server at once.
    pub max_connections: u32,
}

impl StoreOptions {
    /// With the usual limits: 10 s to connect, 30 s per statement, 8 connections.
    #[must_use]
    pub fn new(location: Location) -> Self {
        Self {
            location,
            connect_limit: Duration::from_secs(10),
            statement_limit: Duration::from_secs(30),
            max_connections: 8,
        }
    }
}

/// Opens the database and brings its schema up to date.
pub(super) async fn open(options: &StoreOptions) -> Result<Pools, StoreError> {
    const WHAT: &str = "open the database";
    let opening = async {
        match &options.location {
            Location::Sqlite(path) => open_sqlite(path, options).await,
            Location::Postgres { url, password, authority } => {
                let mut connect = connection(url, authority.as_deref(), options)?;
                if let Some(password) = password {
                    connect = connect.password(password);
                }
                open_postgres(connect, options).await
            }
        }
    };
    match tokio::time::timeout(MIGRATE_LIMIT, opening).await {
        Ok(Ok(pools)) => Ok(pools),
        Ok(Err(Refusal::TooNew { found, known })) => {
            Err(StoreError { what: WHAT, kind: StoreErrorKind::TooNew { found, known } })
        }
        Ok(Err(Refusal::Fault(fault))) => Err(fault.while_trying(WHAT)),
        Err(_) => Err(Fault::from(sqlx::Error::PoolTimedOut).while_trying(WHAT)),
    }
}

/// Why a database was not opened.
#[derive(Debug)]
enum Refusal {
    TooNew { found: i64, known: i64 },
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How a server is reached. The authority is read for each connection.
fn connection(
    url: &str,
    authority: Option<&Path>,
    options: &StoreOptions,
) -> Result<PgConnectOptions, Fault> {
    let limit = options.statement_limit.as_millis().to_string();
    let connect = PgConnectOptions::from_str(url)
        .map_err(|_| Fault::Broken("the database's URL cannot be read".to_owned()))?
        .application_name("ebs-coordinator")
        .options([
            ("statement_timeout", limit.as_str()),
            ("lock_timeout", limit.as_str()),
            ("idle_in_transaction_session_timeout", limit.as_str()),
        ])
        .disable_statement_logging();
    Ok(match authority {
        Some(path) => connect.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(path),
        None => connect,
    })
}

async fn open_postgres(
    connect: PgConnectOptions,
    options: &StoreOptions,
) -> Result<Pools, Refusal> {
    // A connection of its own: sqlx leaves its lock on it when it refuses. Waiting for others may outlast a statement.
    let alone = connect.clone().options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let mut alone = tokio::time::timeout(options.connect_limit, PgConnection::connect_with(&alone))
        .await
        .map_err(|_| Fault::from(sqlx::Error::PoolTimedOut))?
        .map_err(Fault::from)?;
    let migrated = migrate(&mut alone).await;
    alone.close().await.map_err(Fault::from)?;
    migrated?;
    let pool = PoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.connect_limit);
    Ok(Pools::Postgres(pool.connect_lazy_with(connect)))
}

async fn open_sqlite(path: &Path, options: &StoreOptions) -> Result<Pools, Refusal> {
    let lock = Arc::new(lock_file(path)?);
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(options.connect_limit)
        .disable_statement_logging();
    let mut alone = SqliteConnection::connect_with(&connect).await.map_err(Fault::from)?;
    let migrated = migrate(&mut alone).await;
    alone.close().await.map_err(Fault::from)?;
    migrated?;
    let pool = || PoolOptions::new().acquire_timeout(options.connect_limit);
    let writer = pool().max_connections(1).connect_lazy_with(connect.clone());
    let readers = pool()
        .max_connections(SQLITE_READERS)
        .connect_lazy_with(connect.pragma("query_only", "on"));
    Ok(Pools::Sqlite { writer, readers, _lock: lock })
}

/// One process uses the file: the lock goes with the process, however it ends.
fn lock_file(path: &Path) -> Result<File, Fault> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(&name);
    let file = file.map_err(|error| {
        Fault::Broken(format!("cannot write {}: {error}", Path::new(&name).display()))
    })?;
    file.try_lock()
        .map_err(|error| Fault::Broken(format!("cannot have {} alone: {error}", path.display())))?;
    Ok(file)
}

async fn migrate<C: Migrate>(connection: &mut C) -> Result<(), Refusal> {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    match MIGRATIONS.run_direct(None, connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) => {
            let applied =
                connection.list_applied_migrations("_sqlx_migrations").await.map_err(fault)?;
            let found = applied.iter().map(|migration| migration.version).max().unwrap_or(0);
            Err(if found > known {
                Refusal::TooNew { found, known }
            } else {
                Refusal::Fault(Fault::Broken(format!(
                    "the database has migrations that version {known} never had"
                )))
            })
        }
        Err(error) => Err(Refusal::Fault(fault(error))),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "sqlx's error is non-exhaustive; the rest needs an operator"
)]
fn fault(error: MigrateError) -> Fault {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            Fault::Sql(error)
        }
        other => Fault::Broken(other.to_string()),
    }
}
