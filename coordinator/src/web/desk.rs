//! The desk where people ask for changes: lets them in or not, stores what they ask, and waits a while for the leader's answer.
//! Changes nothing itself, so any instance has one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use ebs_domain::id::RequestId;
use ebs_shared::{
    clock::Clock,
    token::{self, Scope, Tokens},
};
use tokio::time::{Instant, sleep};

use super::{
    gate::{self, Known, Refusal, Who},
    visit::visit,
};
use crate::{
    login::People,
    report::chain,
    store::{AuditRow, NewRequest, Store, StoreError},
    wish::{Asked, VERSION, Wish},
};

/// The longest reason, in characters.
pub(super) const MAX_REASON: usize = 500;

/// The longest wait for the leader's answer.
const ANSWER_WAIT: Duration = Duration::from_secs(8);

/// How often it is looked for.
const ANSWER_LOOK: Duration = Duration::from_millis(200);

/// What a desk needs.
#[derive(Clone)]
pub struct Desk {
    /// Where requests and their audit are kept.
    pub store: Arc<dyn Store>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The file of tokens; without one nobody has a token.
    pub tokens: Option<PathBuf>,
    /// How people log in; without it nobody can.
    pub people: Option<Arc<People>>,
}

impl Desk {
    /// Lets somebody in, or not. The file is read for each who asks, so that a line taken out is a token revoked; a file that
    /// cannot be read lets nobody in.
    pub(super) async fn admit(&self, headers: &HeaderMap, need: Scope) -> Result<Who, Refusal> {
        let decided = match &self.people {
            Some(people) => gate::admit_person(&visit(people, headers).await, &people.admin_groups),
            None => None,
        };
        let decided = match decided {
            Some(decided) => decided,
            None => self.by_token(headers, need).await,
        };
        if let Err(refusal) = &decided {
            tracing::warn!(code = refusal.code(), "a request is not let in");
        }
        decided
    }

    async fn by_token(&self, headers: &HeaderMap, need: Scope) -> Result<Who, Refusal> {
        let known = match self.tokens.clone() {
            // Where people log in there is a way in, and this is none.
            None if self.people.is_some() => Known::Tokens(Tokens::default()),
            None => Known::Off,
            // Nobody waits for a disk for a request that shows nothing.
            Some(_) if !headers.contains_key(axum::http::header::AUTHORIZATION) => {
                return Err(Refusal::Missing);
            }
            Some(path) => match tokio::task::spawn_blocking(move || token::read(&path)).await {
                Ok(Ok(tokens)) => Known::Tokens(tokens),
                Ok(Err(error)) => {
                    tracing::error!(error = chain(&error), "nobody can change anything");
                    Known::Unreadable
                }
                Err(_) => Known::Unreadable,
            },
        };
        gate::admit(headers, &known, need, self.clock.now())
    }

    /// Stores a wish and its audit entry; nothing if too many wait.
    pub(super) async fn ask(
        &self,
        who: &Who,
        wish: Wish,
        why: String,
    ) -> Result<Option<RequestId>, StoreError> {
        let (action, subject) = (wish.word().to_owned(), wish.subject().to_owned());
        let (who, asked) = (who.to_string(), self.clock.now());
        let whole = Asked { v: VERSION, who: who.clone(), why: why.clone(), wish };
        let payload = serde_json::to_string(&whole).map_err(|error| {
            let kind = crate::store::StoreErrorKind::Broken(error.to_string());
            StoreError { what: "write a request", kind }
        })?;
        self.store.ask(NewRequest { who, asked, action, subject, why, payload }).await
    }

    /// The leader's answer, if it comes soon.
    pub(super) async fn answer(&self, id: RequestId) -> Result<Option<String>, StoreError> {
        let limit = Instant::now() + ANSWER_WAIT;
        loop {
            let result = self.store.audited(id).await?.and_then(|entry| entry.result);
            if result.is_some() || Instant::now() >= limit {
                return Ok(result);
            }
            sleep(ANSWER_LOOK).await;
        }
    }

    /// Writes into the audit what this instance does by itself, before it is done.
    pub(super) async fn note(
        &self,
        who: &Who,
        (action, subject): (&str, &str),
        why: String,
    ) -> Result<RequestId, StoreError> {
        let now = self.clock.now();
        let entry = AuditRow {
            id: RequestId::new(0),
            who: who.to_string(),
            asked: now,
            action: action.to_owned(),
            subject: subject.to_owned(),
            why,
            done: Some(now),
            result: Some("done".to_owned()),
        };
        self.store.note(entry).await
    }

    /// The newest entries of the audit.
    pub(super) async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.store.audit(limit).await
    }
}

/// A reason as it is kept: one that says something, in one line, and not too long.
pub(super) fn reason(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.chars().count() <= MAX_REASON
        && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}
