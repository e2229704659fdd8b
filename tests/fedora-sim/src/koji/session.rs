//! Sessions: logging in and out, call numbers, expiry and renewal.

use super::sessions::Session;
use crate::world::{Refusal, State};

/// The hub's text for credentials that fit no session.
const BAD: &str = "Invalid session or bad credentials";

/// What a request shows to be taken for a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    /// Session's id, as text.
    pub id: Option<String>,
    /// Session's key.
    pub key: Option<String>,
    /// Call number, as text.
    pub callnum: Option<String>,
}

/// Who calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Caller {
    /// The session, if there is one.
    pub session: Option<i64>,
    /// Its user.
    pub user: Option<i64>,
    /// The number of this call.
    pub callnum: Option<i64>,
}

impl Credentials {
    /// Whether the request wants to be in a session at all.
    pub(super) fn present(&self) -> bool {
        self.id.is_some()
    }

    /// The session's id as a number, if it is one.
    pub(super) fn session(&self) -> Option<i64> {
        self.id.as_ref()?.parse().ok()
    }
}

impl State {
    /// Finds the caller's session and checks it, in the hub's order: key, expiry, call number, exclusive lock.
    pub(super) fn admit(&self, shown: &Credentials, method: &str) -> Result<Caller, Refusal> {
        if !shown.present() {
            return Ok(Caller::default());
        }
        let broken = |what: &str| Refusal::new(1, format!("<class 'ValueError'>: {what}"));
        let id = shown.session().ok_or_else(|| broken("invalid literal for int() with base 10"))?;
        let key = shown.key.as_ref().ok_or_else(|| broken("Koji-Session-Key"))?;
        let callnum = match &shown.callnum {
            None => None,
            Some(text) => Some(
                text.parse::<i64>()
                    .map_err(|_| broken("invalid literal for int() with base 10"))?,
            ),
        };
        let session =
            self.sessions.all.get(&id).filter(|session| !session.closed && session.key == *key);
        let Some(session) = session else { return Err(Refusal::new(1002, BAD)) };
        let login = matches!(method, "login" | "sslLogin");
        if self.is_expired(session) && !login {
            return Err(Refusal::new(1007, format!("session \"{id}\" has expired")));
        }
        if let (Some(last), Some(now)) = (session.callnum, callnum) {
            if now < last {
                return Err(Refusal::new(1008, format!("{last} > {now} (session {id})")));
            }
            if now == last {
                let text = format!("unable to retry call {now} (method {method}) for session {id}");
                return Err(Refusal::new(1009, text));
            }
        }
        let locked = self.sessions.all.values().any(|other| {
            other.exclusive && !other.closed && other.user == session.user && other.id != session.id
        });
        if locked && !login && !matches!(method, "exclusiveSession" | "logout") {
            return Err(Refusal::new(1006, "User locked by another session"));
        }
        Ok(Caller { session: Some(id), user: Some(session.user), callnum })
    }

    fn is_expired(&self, session: &Session) -> bool {
        let Some(lifetime) = self.script.session_lifetime_ms else { return false };
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX).saturating_mul(1000);
        self.now().saturating_sub(session.since) > lifetime
    }

    /// Stores the number of a call that changed something.
    pub(super) fn keep_callnum(&mut self, caller: Caller) {
        if let (Some(id), Some(callnum)) = (caller.session, caller.callnum)
            && let Some(session) = self.sessions.all.get_mut(&id)
        {
            session.callnum = Some(callnum);
        }
    }

    /// A new session for a user.
    pub fn open_session(&mut self, user: i64, auth: i64) -> Session {
        let id = self.sessions.all.keys().next_back().map_or(1, |last| last + 1);
        let key = self.new_key(user);
        let session = Session {
            id,
            user,
            key,
            callnum: None,
            since: self.now(),
            closed: false,
            exclusive: false,
            auth,
        };
        self.sessions.all.insert(id, session.clone());
        session
    }

    /// The same session with a new key and a new age; its call number stays.
    pub(super) fn renew_session(&mut self, id: i64) -> Option<Session> {
        let user = self.sessions.all.get(&id)?.user;
        let key = self.new_key(user);
        let now = self.now();
        let session = self.sessions.all.get_mut(&id)?;
        session.key = key;
        session.since = now;
        Some(session.clone())
    }

    /// A session by id.
    #[must_use]
    pub fn session(&self, id: i64) -> Option<&Session> {
        self.sessions.all.get(&id)
    }

    /// A session by id, to change it.
    pub fn session_mut(&mut self, id: i64) -> Option<&mut Session> {
        self.sessions.all.get_mut(&id)
    }

    /// All sessions of a user that are not closed.
    pub(super) fn sessions_of(&mut self, user: i64) -> impl Iterator<Item = &mut Session> {
        self.sessions
            .all
            .values_mut()
            .filter(move |session| session.user == user && !session.closed)
    }

    /// Makes every session unknown, as a hub's clean-up job or a wiped database does.
    pub fn forget_sessions(&mut self) {
        for session in self.sessions.all.values_mut() {
            session.closed = true;
        }
    }

    /// Makes every session as old as its expiry needs.
    pub fn age_sessions(&mut self, by_ms: u64) {
        let by = i64::try_from(by_ms).unwrap_or(i64::MAX).saturating_mul(1000);
        for session in self.sessions.all.values_mut() {
            session.since = session.since.saturating_sub(by);
        }
    }

    fn new_key(&mut self, user: i64) -> String {
        self.sessions.keys_made += 1;
        let drawn = crate::chance::draw(
            self.script.seed,
            &["session", &self.sessions.keys_made.to_string()],
        );
        format!("{user}-{:019}", drawn % 10_u64.pow(19))
    }
}
