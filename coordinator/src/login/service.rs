//! Logging in, step by step: somebody is sent to the provider, comes back, has a session, ends it. Nobody who is not known is
//! let through: a store or a provider that does not answer is an error, never an absent session.

use std::{sync::Arc, time::Duration};

use ebs_domain::time::Timestamp;
use ebs_shared::{
    clock::{Chance, Clock},
    queue::{Drawer, QueueError, QueueErrorKind, Shelf, Shelved},
    token::{hashed, is_secret, secret},
};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    error::LoginError,
    metrics::LoginMetrics,
    person::{Session, Trip, VERSION},
    provider::{Provider, word},
    return_to::ReturnTo,
};

/// How long somebody may take to log in. **Source:** ELNBuildSync 2.1.
pub const TRIP_LIFE: Duration = Duration::from_secs(600);
/// How long a session lasts. **Source:** ELNBuildSync 2.1.
pub const SESSION_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The longest that the shelf may take: a page is shown without a name rather than late.
const SHELF_LIMIT: Duration = Duration::from_secs(3);
/// Most groups of somebody that are kept.
const MAX_GROUPS: usize = 500;

/// What logging in needs.
pub struct People {
    /// Who knows them.
    pub provider: Provider,
    /// Where sessions are, and logins under way.
    pub shelf: Arc<dyn Shelf>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where secrets come from.
    pub chance: Arc<dyn Chance>,
    /// Whose members may change things.
    pub admin_groups: Vec<String>,
    /// Where people find our pages.
    pub site: Url,
    /// Counts them.
    pub metrics: LoginMetrics,
}

/// Somebody is on the way to the provider.
pub struct Begun {
    /// Where they go.
    pub address: Url,
    /// What their browser keeps meanwhile.
    pub browser: String,
}

/// Somebody has come back, and is known.
pub struct Came {
    /// The id of their session: whoever has it is them.
    pub session: String,
    /// Where they go on.
    pub return_to: ReturnTo,
}

impl People {
    /// Whether people come by https, so that cookies can be kept to it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.site.scheme() == "https"
    }

    /// Sends somebody to the provider. `browser` is what theirs keeps from another login that is under way.
    ///
    /// # Errors
    ///
    /// There is no room, or the store does not answer.
    pub async fn begin(
        &self,
        browser: Option<&str>,
        return_to: ReturnTo,
    ) -> Result<Begun, LoginError> {
        let draw = || secret(&*self.chance);
        let browser = browser.filter(|text| is_secret(text)).map_or_else(draw, str::to_owned);
        let (state, until) = (draw(), self.clock.now() + TRIP_LIFE);
        let trip = Trip {
            v: VERSION,
            browser: hashed(&browser),
            nonce: draw(),
            verifier: draw(),
            return_to,
            until,
        };
        let kept = self.keep(Drawer::Login, &state, &trip, TRIP_LIFE).await;
        kept.inspect_err(|error| self.metrics.count(Some(error)))?;
        Ok(Begun { address: self.provider.address(&state, &trip), browser })
    }

    /// Somebody comes back with a code.
    ///
    /// # Errors
    ///
    /// Why they are not known. Whatever it is, this state is used up.
    pub async fn finish(
        &self,
        (state, code): (&str, &str),
        browser: Option<&str>,
    ) -> Result<Came, LoginError> {
        let came = self.come((state, code), browser).await;
        self.metrics.count(came.as_ref().err());
        came
    }

    async fn come(
        &self,
        (state, code): (&str, &str),
        browser: Option<&str>,
    ) -> Result<Came, LoginError> {
        let trip = self.ended(state, browser).await?;
        let known = self.provider.who(code, &trip, self.clock.now()).await?;
        let user = known.name().parse().map_err(|_| LoginError::Name)?;
        let until = self.clock.now() + SESSION_LIFE;
        let mut groups = known.groups;
        // Those that matter come first, should there be too many.
        groups.sort_by_key(|group| !self.admin_groups.contains(group));
        groups.truncate(MAX_GROUPS);
        let session = Session { v: VERSION, user, groups, until };
        let id = secret(&*self.chance);
        self.keep(Drawer::Session, &id, &session, SESSION_LIFE).await?;
        Ok(Came { session: id, return_to: trip.return_to })
    }

    /// Somebody comes back with an error of the provider; why they have not logged in.
    pub async fn denied(&self, state: &str, browser: Option<&str>, error: &str) -> LoginError {
        let error = match self.ended(state, browser).await {
            Ok(_) | Err(LoginError::Unknown) => LoginError::Denied(word(error)),
            Err(other) => other,
        };
        self.metrics.count(Some(&error));
        error
    }

    /// The session of this id, if it has not ended.
    ///
    /// # Errors
    ///
    /// The store does not answer: whether there is one is not known.
    pub async fn session(&self, id: &str) -> Result<Option<Session>, QueueError> {
        if !is_secret(id) {
            return Ok(None);
        }
        let record = limited(self.shelf.look(Drawer::Session, &hashed(id))).await?;
        let session: Option<Session> = read(record.as_deref());
        Ok(session.filter(|session| session.v == VERSION && !self.is_over(session.until)))
    }

    /// Ends a session, if there is one of this id.
    ///
    /// # Errors
    ///
    /// The store does not answer: it may not have ended.
    pub async fn end(&self, id: &str) -> Result<(), QueueError> {
        if is_secret(id) {
            limited(self.shelf.take(Drawer::Session, &hashed(id))).await?;
        }
        Ok(())
    }

    /// Ends the trip of this state, whoever asks; it, if it was begun in this browser.
    async fn ended(&self, state: &str, browser: Option<&str>) -> Result<Trip, LoginError> {
        if !is_secret(state) {
            return Err(LoginError::Unknown);
        }
        let record = limited(self.shelf.take(Drawer::Login, &hashed(state))).await?;
        let trip: Trip = read(record.as_deref()).ok_or(LoginError::Unknown)?;
        // Hashes of 256 random bits are compared: the time that it takes says nothing of use.
        let here = browser.is_some_and(|browser| hashed(browser) == trip.browser);
        let good = here && trip.v == VERSION && !self.is_over(trip.until);
        good.then_some(trip).ok_or(LoginError::Unknown)
    }

    /// Keeps a record under the hash of its name.
    async fn keep(
        &self,
        drawer: Drawer,
        name: &str,
        record: &impl serde::Serialize,
        lasts: Duration,
    ) -> Result<(), LoginError> {
        let text = serde_json::to_string(record).map_err(|error| {
            QueueError::new("write a record", QueueErrorKind::Garbled(error.to_string()))
        })?;
        match limited(self.shelf.put(drawer, &hashed(name), &text, lasts)).await? {
            Shelved::Kept => Ok(()),
            Shelved::Full => Err(LoginError::Full),
        }
    }

    fn is_over(&self, until: Timestamp) -> bool {
        until <= self.clock.now()
    }
}

/// The shelf's answer, if it comes in time.
async fn limited<T>(call: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
    match tokio::time::timeout(SHELF_LIMIT, call).await {
        Ok(answer) => answer,
        Err(_) => {
            let text = format!("no answer within {SHELF_LIMIT:?}");
            Err(QueueError::new("ask for a login", QueueErrorKind::Away(text)))
        }
    }
}

/// What stands in a record. One that cannot be read is one of another version: it is as if it were not there.
fn read<T: DeserializeOwned>(record: Option<&str>) -> Option<T> {
    let read = serde_json::from_str(record?).ok();
    if read.is_none() {
        // Why it cannot would tell what stands in it.
        tracing::warn!("the record of a login cannot be read");
    }
    read
}
