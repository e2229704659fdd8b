//! The Python service's database: where it is, and reading what is open there, in one transaction that cannot write.

use std::{fmt, str::FromStr as _, time::Duration};

use anyhow::Context as _;
use ebs_shared::config::{SecretText, parse_db, read_text};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::timeout;

use super::{arguments::Import, refusal::said, rows::Rows};

/// The longest that connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The longest that one statement may take.
const STATEMENT_LIMIT: Duration = Duration::from_secs(30);

/// The longest that all the reading may take.
const READ_LIMIT: Duration = Duration::from_secs(300);

/// One moment for both tables, and no lock that anybody would wait for.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Where it is.
pub(super) struct Database {
    options: PgConnectOptions,
    /// Where its password comes from, in words.
    password: String,
}

impl fmt::Display for Database {
    /// Without any secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let name = options.get_database().unwrap_or(options.get_username());
        write!(f, "{name} at {}:{}", options.get_host(), options.get_port())
    }
}

impl Database {
    /// The one that is named.
    pub(super) fn of(import: &Import) -> anyhow::Result<Self> {
        let (options, password) = match &import.database_url_file {
            Some(path) => {
                let url = SecretText::read(path)?;
                // What cannot be read may have a password in it.
                let options = PgConnectOptions::from_str(url.expose()).map_err(|_| {
                    let path = path.display();
                    anyhow::anyhow!(
                        "{path}: `postgres://USER:PASSWORD@HOST:PORT/NAME` is expected in its first line"
                    )
                })?;
                (options, format!("the URL in {}", path.display()))
            }
            None => configured(import)?,
        };
        let limit = STATEMENT_LIMIT.as_millis().to_string();
        let options = options
            .application_name("ebsctl-import")
            .options([
                ("statement_timeout", limit.as_str()),
                ("lock_timeout", limit.as_str()),
                ("idle_in_transaction_session_timeout", limit.as_str()),
            ])
            .disable_statement_logging();
        let options = match &import.db_ca_file {
            Some(path) => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(path),
            None => options,
        };
        Ok(Self { options, password })
    }

    /// What is open there.
    pub(super) async fn read(&self) -> anyhow::Result<Rows> {
        let connecting = PgConnection::connect_with(&self.options);
        let connected = timeout(CONNECT_LIMIT, connecting).await;
        let connected = connected.with_context(|| {
            format!("the database {self} does not answer within {} s", CONNECT_LIMIT.as_secs())
        })?;
        let mut connection =
            connected.map_err(|error| said(error, &self.to_string(), &self.password))?;
        let reading = async {
            let mut transaction = connection.begin_with(BEGIN).await?;
            let rows = Rows::read(&mut transaction).await;
            // There is nothing to keep of it.
            let _ = transaction.rollback().await;
            rows
        };
        let read = timeout(READ_LIMIT, reading).await;
        let read = read.with_context(|| {
            format!("the database {self} is not read within {} s", READ_LIMIT.as_secs())
        })?;
        let rows = read.map_err(|error| said(error, &self.to_string(), &self.password))?;
        // It is read; how the connection ends is the server's business.
        let _ = connection.close().await;
        rows.within_limits()
    }
}

/// By the Python service's own files.
fn configured(import: &Import) -> anyhow::Result<(PgConnectOptions, String)> {
    let path = &import.static_config_file;
    let db = read_text(path).and_then(|text| parse_db(&path.display().to_string(), &text));
    let db = db.context("where the Python service has its database is not known")?;
    let options = PgConnectOptions::new_without_pgpass()
        .host(&db.host)
        .port(db.port)
        .username(&db.user)
        .database(&db.name);
    let path = import.db_pw_file.display();
    match import.password_file() {
        Some(file) => {
            let password = SecretText::read(file).context("name the file with --db-pw-file")?;
            Ok((options.password(password.expose()), format!("the password in {path}")))
        }
        None => Ok((options, format!("no password, since there is no {path}"))),
    }
}
