//! The connections, and how they are had again after a cut.
//!
//! Short commands share one multiplexed connection. A blocking read has a connection of its own, whose response time-out is
//! larger than the block: the client's default of 500 ms would give up while the server goes on and delivers to nobody.

use std::{io, path::PathBuf, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo,
    RedisError, RedisResult, TlsCertificates, Value, aio::MultiplexedConnection,
};
use tokio::sync::Mutex;

use super::{
    RedisSettings,
    keys::{GROUP, Keys},
    script::{Call, Scripts},
};
use crate::queue::{Lane, QueueError, QueueErrorKind};

/// Time limit of connecting.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Time limit of a short command's answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The longest block of a read.
pub(super) const BLOCK_LIMIT: Duration = Duration::from_secs(2);
/// How often a call is sent again for want of a script or a group: once for each, and once more for a wipe in between.
const REPAIRS: usize = 3;

/// A server, with a connection for short commands and one for blocking reads.
pub(super) struct Link {
    info: ConnectionInfo,
    authority: Option<PathBuf>,
    pub(super) keys: Keys,
    scripts: Scripts,
    short: Mutex<Option<MultiplexedConnection>>,
    reading: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    pub(super) fn new(settings: &RedisSettings) -> Result<Self, QueueError> {
        let info = info(settings).map_err(|error| failed("find the server", &error))?;
        Ok(Self {
            info,
            authority: settings.authority.clone(),
            keys: Keys::new(&settings.prefix),
            scripts: Scripts::new(),
            short: Mutex::new(None),
            reading: Mutex::new(None),
        })
    }

    /// Sends one call and reads its answer.
    pub(super) async fn one<T: FromRedisValue>(
        &self,
        what: &'static str,
        call: Call,
    ) -> Result<T, QueueError> {
        let mut answers = self.all(what, vec![call]).await?;
        answers.pop().ok_or_else(|| {
            QueueError::new(what, QueueErrorKind::Garbled("no answer to a call".to_owned()))
        })
    }

    /// Sends calls at once and reads their answers, in order.
    pub(super) async fn all<T: FromRedisValue>(
        &self,
        what: &'static str,
        calls: Vec<Call>,
    ) -> Result<Vec<T>, QueueError> {
        self.connection().await.map_err(|error| unsent(what, &error))?;
        let values = self.send(&calls).await.map_err(|error| failed(what, &error))?;
        values
            .into_iter()
            .map(|value| T::from_redis_value(value))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(what, &error.into()))
    }

    /// Sends one plain command and reads its answer.
    pub(super) async fn command<T: FromRedisValue>(
        &self,
        what: &'static str,
        command: &redis::Cmd,
    ) -> Result<T, QueueError> {
        let sent = async {
            let mut connection = self.connection().await?;
            command.query_async(&mut connection).await
        };
        let answer: RedisResult<T> = sent.await;
        match answer {
            Ok(value) => Ok(value),
            Err(error) => {
                self.drop_if_broken(&error).await;
                Err(failed(what, &error))
            }
        }
    }

    /// Sends one read that may block for at most [`BLOCK_LIMIT`]; nothing if the streams were not there.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        what: &'static str,
        command: &redis::Cmd,
    ) -> Result<Option<T>, QueueError> {
        let mut held = self.reading.lock().await;
        let answer: RedisResult<Option<T>> = async {
            let mut connection = match held.take() {
                Some(connection) => connection,
                None => self.connect(BLOCK_LIMIT + ANSWER_LIMIT).await?,
            };
            let answer = command.query_async(&mut connection).await;
            *held = Some(connection);
            answer
        }
        .await;
        match answer {
            Ok(found) => Ok(found),
            Err(error) if matches!(error.code(), Some("NOGROUP" | "UNBLOCKED")) => {
                self.make_groups().await.map_err(|error| failed(what, &error))?;
                Ok(None)
            }
            Err(error) => {
                *held = None;
                Err(failed(what, &error))
            }
        }
    }

    async fn send(&self, calls: &[Call]) -> RedisResult<Vec<Value>> {
        let mut repairs = 0;
        loop {
            let error = match self.send_once(calls).await {
                Ok(values) => return Ok(values),
                Err(error) => error,
            };
            repairs += 1;
            match error.code() {
                Some("NOSCRIPT") if repairs <= REPAIRS => self.load_scripts().await?,
                Some("NOGROUP") if repairs <= REPAIRS => self.make_groups().await?,
                _ => {
                    self.drop_if_broken(&error).await;
                    return Err(error);
                }
            }
        }
    }

    async fn send_once(&self, calls: &[Call]) -> RedisResult<Vec<Value>> {
        let mut connection = self.connection().await?;
        let answers: Vec<RedisResult<Value>> =
            self.scripts.pipeline(calls).query_async(&mut connection).await?;
        answers.into_iter().collect()
    }

    async fn load_scripts(&self) -> RedisResult<()> {
        let mut connection = self.connection().await?;
        Scripts::loading().exec_async(&mut connection).await
    }

    /// Makes the groups anew where they are gone, from the beginning: what was added before them is not lost.
    async fn make_groups(&self) -> RedisResult<()> {
        let mut connection = self.connection().await?;
        for lane in Lane::ALL {
            let made: RedisResult<()> = redis::cmd("XGROUP")
                .arg("CREATE")
                .arg(self.keys.lane(lane))
                .arg(GROUP)
                .arg(0)
                .arg("MKSTREAM")
                .query_async(&mut connection)
                .await;
            match made {
                Err(error) if error.code() != Some("BUSYGROUP") => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut held = self.short.lock().await;
        if let Some(connection) = held.as_ref() {
            return Ok(connection.clone());
        }
        let connection = self.connect(ANSWER_LIMIT).await?;
        *held = Some(connection.clone());
        Ok(connection)
    }

    async fn connect(&self, answer: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(answer));
        let client = self.client().await?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        // Before a login the server cuts off whoever sends a long command; a short one is told why.
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    }

    /// With the authority as it stands in its file now: one that is replaced needs no restart.
    async fn client(&self) -> RedisResult<Client> {
        let info = self.info.clone();
        let Some(path) = &self.authority else { return Client::open(info) };
        let root_cert = tokio::fs::read(path).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
        })?;
        let trusted = TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
        Client::build_with_tls(info, trusted)
    }

    /// An error of the server leaves a connection whole; any other may not.
    async fn drop_if_broken(&self, error: &RedisError) {
        if error.code().is_none() {
            *self.short.lock().await = None;
        }
    }
}

fn info(settings: &RedisSettings) -> RedisResult<ConnectionInfo> {
    let mut info = settings.url.as_str().into_connection_info()?;
    if let Some(password) = &settings.password {
        let login = info.redis_settings().clone().set_password(password);
        info = info.set_redis_settings(login);
    }
    Ok(info)
}

/// The error by what the caller can do.
pub(super) fn failed(what: &'static str, error: &RedisError) -> QueueError {
    let text = error.to_string();
    let kind = match error.code() {
        Some("OOM") => QueueErrorKind::Full(text),
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => QueueErrorKind::Refused(text),
        Some(
            "LOADING" | "BUSY" | "READONLY" | "MASTERDOWN" | "TRYAGAIN" | "CLUSTERDOWN" | "MISCONF",
        ) => QueueErrorKind::Away(text),
        Some(_) => QueueErrorKind::Garbled(text),
        None => without_code(error, text),
    };
    QueueError::new(what, kind)
}

/// As [`failed`], where nothing was sent but what makes a connection.
fn unsent(what: &'static str, error: &RedisError) -> QueueError {
    match failed(what, error) {
        QueueError { what, kind: QueueErrorKind::Away(text) } => {
            QueueError::new(what, QueueErrorKind::Unreachable(text))
        }
        other => other,
    }
}

fn without_code(error: &RedisError, text: String) -> QueueErrorKind {
    let kind = error.kind();
    if matches!(kind, ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig) {
        QueueErrorKind::Refused(text)
    } else if matches!(kind, ErrorKind::UnexpectedReturnType) {
        QueueErrorKind::Garbled(text)
    } else {
        QueueErrorKind::Away(text)
    }
}
