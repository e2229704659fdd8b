//! Sessions, and calls that change something: each runs at most once, whatever is lost on the way.
//!
//! A session runs one call at a time. Each call has a number; a call whose reply was lost is sent again with the *same*
//! number, so that it runs or is recognised as having run.
//!
//! **Source**: `kojihub/auth.py`; `tests/recordings/koji`, names `callnum-…` and `session-…`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::de::DeserializeOwned;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use super::{
    error::{Fault, KojiErrorKind},
    fault::{Meaning, code, meaning},
    limits::KojiLimits,
    login::{Credentials, Login, Renewal},
    sending::{Sent, send_once},
    transport::{Door, Post, Transport},
};
use crate::clock::Chance;

/// Longest wait between two sendings of one call.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// A session as we know it; without credentials it must log in first.
#[derive(Debug, Default)]
struct Session {
    credentials: Option<Credentials>,
    /// The last number given to a call; it only rises while the session lives, renewal included.
    last: i64,
}

impl Session {
    fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    fn drop_credentials(&mut self) {
        *self = Self::default();
    }
}

/// All sessions of one account, as many as calls may run side by side.
pub(super) struct Sessions {
    transport: Arc<dyn Transport>,
    login: Arc<dyn Login>,
    chance: Arc<dyn Chance>,
    limits: KojiLimits,
    /// Those that run no call. The last used is taken first, so a second one logs in only when it is needed.
    idle: Mutex<Vec<Session>>,
    permits: Semaphore,
}

/// A session taken for one call; it goes back also if the call is given up half-way.
struct Held<'a> {
    session: Session,
    home: &'a Sessions,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.home
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(std::mem::take(&mut self.session));
    }
}

/// What is known about one call between its sendings.
#[derive(Debug, Default)]
struct Progress {
    /// Sendings whose outcome helps nobody.
    fruitless: u32,
    /// Whether one of them may have run.
    doubtful: bool,
    renewed: bool,
    logged_in_afresh: bool,
}

/// What follows a sending that brought no result.
enum Next {
    WaitAndSendAgain(String),
    Renew,
    LogInAfresh,
    GiveUp(KojiErrorKind),
}

impl Sessions {
    /// Sessions that log in when they are first used.
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        login: Arc<dyn Login>,
        chance: Arc<dyn Chance>,
        limits: KojiLimits,
    ) -> Self {
        let count = limits.sessions.max(1);
        let idle = Mutex::new((0..count).map(|_| Session::default()).collect());
        Self { transport, login, chance, limits, idle, permits: Semaphore::new(count) }
    }

    /// Makes one call in a session, at most once.
    ///
    /// # Errors
    ///
    /// [`KojiErrorKind::NoAnswer`] whenever it may have run and that could not be settled within the limits.
    pub(super) async fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        body: &str,
    ) -> Result<T, KojiErrorKind> {
        let deadline = Instant::now() + self.limits.call;
        let mut held = self.take(deadline).await?;
        let mut progress = Progress::default();
        self.log_in(&mut held.session, deadline).await?;
        let mut number = held.session.next();
        loop {
            let limit = deadline.saturating_duration_since(Instant::now());
            let next = match &held.session.credentials {
                _ if limit.is_zero() => {
                    Next::GiveUp(progress.end("the time for this call is used up".to_owned()))
                }
                None => Next::LogInAfresh,
                Some(credentials) => {
                    let body = body.to_owned().into();
                    let post =
                        Post { door: Door::Hub, headers: credentials.headers(number), body, limit };
                    match send_once::<T>(&*self.transport, post).await {
                        Sent::Value(value) => return Ok(value),
                        Sent::Fault(fault) => progress.after_fault(fault),
                        Sent::Unsent(why) if !progress.doubtful => {
                            Next::GiveUp(KojiErrorKind::Unavailable(why))
                        }
                        Sent::Unsent(why) => Next::WaitAndSendAgain(why),
                        Sent::Doubt(why) => {
                            progress.doubtful = true;
                            Next::WaitAndSendAgain(why)
                        }
                    }
                }
            };
            match next {
                Next::GiveUp(kind) => return Err(kind),
                Next::WaitAndSendAgain(why) => {
                    progress.fruitless += 1;
                    if progress.fruitless >= self.limits.sendings {
                        return Err(progress.end(why));
                    }
                    self.pause(progress.fruitless, deadline).await;
                }
                Next::Renew => self.renew(&mut held.session, &mut progress, deadline).await?,
                Next::LogInAfresh => {
                    held.session.drop_credentials();
                    progress.may_log_in_afresh()?;
                    self.log_in(&mut held.session, deadline).await?;
                    number = held.session.next();
                }
            }
        }
    }

    async fn take(&self, deadline: Instant) -> Result<Held<'_>, KojiErrorKind> {
        let busy =
            || KojiErrorKind::Unavailable("no session of ours became free in time".to_owned());
        let permit = tokio::time::timeout_at(deadline, self.permits.acquire()).await;
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        let session =
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Ok(Held { session, home: self, _permit: permit })
    }

    async fn log_in(&self, session: &mut Session, deadline: Instant) -> Result<(), KojiErrorKind> {
        if session.credentials.is_none() {
            let limit = deadline.saturating_duration_since(Instant::now());
            session.credentials = Some(self.login.log_in(&*self.transport, None, limit).await?);
        }
        Ok(())
    }

    /// Renews the session, which keeps its number and so what it knows about our calls.
    async fn renew(
        &self,
        session: &mut Session,
        progress: &mut Progress,
        deadline: Instant,
    ) -> Result<(), KojiErrorKind> {
        progress.renewed = true;
        let number = session.next();
        let Some(old) = session.credentials.take() else { return Ok(()) };
        let limit = deadline.saturating_duration_since(Instant::now());
        match self
            .login
            .log_in(&*self.transport, Some(Renewal { old: old.clone(), number }), limit)
            .await
        {
            Ok(renewed) => {
                session.credentials = Some(renewed);
                Ok(())
            }
            // Refused: the session is no more. Without credentials the call logs in afresh, if nothing is in doubt.
            Err(KojiErrorKind::Login(_)) => Ok(()),
            Err(other) => {
                session.credentials = Some(old);
                Err(if progress.doubtful {
                    KojiErrorKind::NoAnswer(other.to_string())
                } else {
                    other
                })
            }
        }
    }

    async fn pause(&self, fruitless: u32, deadline: Instant) {
        let wait = self
            .limits
            .resend_wait
            .saturating_mul(1 << fruitless.saturating_sub(1).min(8))
            .min(MAX_WAIT);
        let wait = wait.mul_f64(0.5 + self.chance.fraction() / 2.0);
        tokio::time::sleep_until((Instant::now() + wait).min(deadline)).await;
    }
}

impl Progress {
    /// The end of a call that brought no result.
    fn end(&self, why: String) -> KojiErrorKind {
        if self.doubtful { KojiErrorKind::NoAnswer(why) } else { KojiErrorKind::Unavailable(why) }
    }

    /// A new session knows nothing of our earlier sendings, so it must not send what may have run.
    fn may_log_in_afresh(&mut self) -> Result<(), KojiErrorKind> {
        if self.doubtful {
            return Err(KojiErrorKind::NoAnswer(
                "the session ended while an answer was outstanding".to_owned(),
            ));
        }
        if std::mem::replace(&mut self.logged_in_afresh, true) {
            return Err(KojiErrorKind::Login("a fresh session is refused too".to_owned()));
        }
        Ok(())
    }

    fn after_fault(&self, fault: Fault) -> Next {
        match fault.code {
            code::RETRY => Next::GiveUp(KojiErrorKind::AlreadyRan),
            // Expiry is looked at before the number, so this says nothing about an earlier sending.
            code::AUTH_EXPIRED if !self.renewed => Next::Renew,
            code::SEQUENCE | code::AUTH_EXPIRED => Next::LogInAfresh,
            code::AUTH if meaning(&fault) == Meaning::SessionGone => Next::LogInAfresh,
            code::OFFLINE | code::LOCK | code::AUTH_LOCK | code::AUTH if self.doubtful => {
                Next::WaitAndSendAgain(fault.text)
            }
            // Any other fault passed the check of the number: no earlier sending has taken effect.
            _ => Next::GiveUp(of_fault(fault)),
        }
    }
}

/// What a fault comes to when nothing else is in doubt.
pub(super) fn of_fault(fault: Fault) -> KojiErrorKind {
    match fault.code {
        code::OFFLINE | code::LOCK | code::AUTH_LOCK => KojiErrorKind::Unavailable(fault.text),
        code::AUTH | code::AUTH_EXPIRED => KojiErrorKind::Login(fault.text),
        _ => KojiErrorKind::Refused(fault),
    }
}

#[cfg(test)]
mod tests;
