//! Our ticket, and one negotiation after another with it. The library blocks, on the network too: each use has a thread that may
//! wait, a limit, and nobody beside it.

use std::{fmt, sync::Arc, time::Duration};

use ebs_domain::time::Timestamp;
use http::{HeaderMap, HeaderValue};
use tokio::sync::Mutex;
use url::Url;

use super::{
    error::KerberosError,
    header::{Said, said, shown},
    library,
};
use crate::{clock::Clock, config::Kerberos as Settings};

/// The longest that one use of the library may take, with waiting for the one before it. The library itself gives a KDC that does
/// not answer up when it has asked all of them three times.
const LIMIT: Duration = Duration::from_secs(20);

/// Our ticket. All that log in by Kerberos share one.
#[derive(Clone)]
pub struct Kerberos {
    settings: Arc<Settings>,
    /// Held while the library is used.
    gate: Arc<Mutex<()>>,
}

/// A question that was asked with a ticket, until its answer is known.
#[derive(Debug)]
pub struct Asked {
    /// What the request must carry as `Authorization`.
    pub header: HeaderValue,
    context: library::Context,
    host: String,
    secured: bool,
    of: Kerberos,
}

/// Where the web server is that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its host, as clients name it.
    pub(crate) host: String,
    /// Whether the connection itself proves who the server is.
    pub(crate) secured: bool,
}

impl Service {
    /// The web server at this address.
    pub(crate) fn of(address: &Url) -> Self {
        let host = address.host_str().unwrap_or_default().to_owned();
        Self { host, secured: address.scheme() == "https" }
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kerberos").field(&self.settings.principal).finish()
    }
}

impl Kerberos {
    /// The ticket of this principal out of this keytab. Nothing is asked yet. The environment must be [`super::settle`]d.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), gate: Arc::default() }
    }

    /// Until when the ticket is valid. If there is none, or half of its life is over, a new one is asked for; while that fails, the
    /// old one is used to its end. **Source:** MIT's `maybe_get_initial_cred` and `kg_cred_time_to_refresh`.
    ///
    /// # Errors
    ///
    /// If there is none, or none any more.
    pub async fn ends(&self, clock: &dyn Clock) -> Result<Timestamp, KerberosError> {
        let left = self.work(library::ticket).await?;
        Ok(clock.now() + left)
    }

    /// Begins a negotiation if an answer asks for one: what the request has to be sent with again.
    ///
    /// # Errors
    ///
    /// If there is no ticket for this server, or it asks for something else.
    pub(crate) async fn ask(
        &self,
        service: &Service,
        answer: &HeaderMap,
    ) -> Result<Asked, KerberosError> {
        let host = service.host.clone();
        if said(answer) == Said::Nothing {
            let text =
                format!("{host} wants another login: its answer 401 does not offer Negotiate");
            return Err(KerberosError::Refused(text));
        }
        let named = host.clone();
        let (token, context) = self.work(move |settings| library::begin(settings, &named)).await?;
        let secured = service.secured;
        Ok(Asked { header: shown(&token), context, host, secured, of: self.clone() })
    }

    /// One use of the library, when nobody else uses it.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Settings) -> Result<T, KerberosError> + Send + 'static,
    ) -> Result<T, KerberosError> {
        let (gate, settings) = (Arc::clone(&self.gate), Arc::clone(&self.settings));
        let used = async move {
            let turn = gate.lock_owned().await;
            // If we are given up, it keeps its turn until it has ended: two never run side by side.
            let run = move || (work(&settings), turn).0;
            tokio::task::spawn_blocking(run).await
        };
        let late = || KerberosError::Unavailable(format!("no answer from a KDC within {LIMIT:?}"));
        match tokio::time::timeout(LIMIT, used).await.map_err(|_| late())? {
            Ok(done) => done,
            Err(fault) => Err(KerberosError::Unavailable(fault.to_string())),
        }
    }
}

impl Asked {
    /// The server takes us: it must prove that it is itself. Over TLS it has, if it says nothing more.
    ///
    /// # Errors
    ///
    /// If it does not, or its proof is none.
    pub async fn accepted(self, answer: &HeaderMap) -> Result<(), KerberosError> {
        match said(answer) {
            Said::Token(token) => self.answered(token).await,
            Said::Nothing | Said::Offered if self.secured => Ok(()),
            Said::Nothing | Said::Offered => Err(KerberosError::Refused(format!(
                "{} does not prove that it is itself: it sends no token, and the address is not https",
                self.host
            ))),
        }
    }

    /// The server refuses us: why, as far as it says.
    pub async fn refused(self, answer: &HeaderMap) -> KerberosError {
        let host = self.host.clone();
        let plain = KerberosError::Refused(format!(
            "{host} does not take our ticket and does not say why: see the log of its web server"
        ));
        match said(answer) {
            Said::Token(token) => self.answered(token).await.err().unwrap_or(plain),
            Said::Nothing | Said::Offered => plain,
        }
    }

    async fn answered(self, token: Vec<u8>) -> Result<(), KerberosError> {
        let Self { mut context, host, of, .. } = self;
        of.work(move |_| context.answered(&token, &host)).await
    }
}
