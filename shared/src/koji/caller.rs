//! Calls by their kind: reads without a session, changes in one. Does *not* know any method.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{
    error::{Fault, KojiError, KojiErrorKind},
    fault::code,
    limits::KojiLimits,
    login::Login,
    metrics::{Finished, KojiMetrics, report},
    sending::{Sent, send_once},
    session::{Sessions, of_fault},
    transport::{Door, Post, Transport},
    xmlrpc::{MethodCall, write_call},
};
use crate::clock::Chance;

/// What a client is made of.
pub struct HubParts {
    /// Posts the bodies.
    pub transport: Arc<dyn Transport>,
    /// Opens and renews sessions.
    pub login: Arc<dyn Login>,
    /// Jitter of waits.
    pub chance: Arc<dyn Chance>,
    /// Times and sizes.
    pub limits: KojiLimits,
    /// Counters, if somebody reads them.
    pub metrics: Option<KojiMetrics>,
}

/// Most sendings of one read.
const READ_SENDINGS: u32 = 2;

/// Makes calls and reports each.
pub(super) struct Caller {
    transport: Arc<dyn Transport>,
    chance: Arc<dyn Chance>,
    limits: KojiLimits,
    metrics: Option<KojiMetrics>,
    sessions: Sessions,
}

/// The name under which a call is reported, and how many calls it carries.
#[derive(Clone, Copy)]
struct Label {
    method: &'static str,
    inner: usize,
}

impl Caller {
    pub(super) fn new(parts: HubParts) -> Self {
        let HubParts { transport, login, chance, limits, metrics } = parts;
        let sessions =
            Sessions::new(Arc::clone(&transport), login, Arc::clone(&chance), limits.clone());
        Self { transport, chance, limits, metrics, sessions }
    }

    /// A call that changes nothing and needs no account.
    pub(super) async fn read<T>(
        &self,
        method: &'static str,
        call: MethodCall,
    ) -> Result<T, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.read_labelled(Label { method, inner: 1 }, &call).await
    }

    /// A call that changes something, or that must know who we are: in a session, at most once.
    pub(super) async fn change<T>(
        &self,
        method: &'static str,
        call: MethodCall,
    ) -> Result<T, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.change_labelled(Label { method, inner: 1 }, &call).await
    }

    /// Reads in one multiCall, of as many as the caller takes care of.
    pub(super) async fn read_many<T>(
        &self,
        method: &'static str,
        calls: &[MethodCall],
    ) -> Result<T, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.read_labelled(Label { method, inner: calls.len() }, &MethodCall::multi(calls)).await
    }

    /// Changes in one multiCall, of as many as the caller takes care of.
    pub(super) async fn change_many<T>(
        &self,
        method: &'static str,
        calls: &[MethodCall],
    ) -> Result<T, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.change_labelled(Label { method, inner: calls.len() }, &MethodCall::multi(calls)).await
    }

    /// How many calls are made side by side: as many as there are sessions, so that none waits for one.
    pub(super) fn side_by_side(&self) -> usize {
        self.limits.sessions.max(1)
    }

    async fn read_labelled<T>(&self, label: Label, call: &MethodCall) -> Result<T, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let begun = Instant::now();
        let answer = self.send_read(write_call(call).into(), begun + self.limits.read).await;
        self.finish(label, begun, answer)
    }

    async fn change_labelled<T>(&self, label: Label, call: &MethodCall) -> Result<T, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let begun = Instant::now();
        let answer = self.sessions.call(&write_call(call)).await;
        self.finish(label, begun, answer)
    }

    async fn send_read<T>(&self, body: bytes::Bytes, deadline: Instant) -> Result<T, KojiErrorKind>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut last = KojiErrorKind::NoAnswer("the time for this call is used up".to_owned());
        for sending in 1..=READ_SENDINGS {
            let limit = deadline.saturating_duration_since(Instant::now());
            if limit.is_zero() {
                break;
            }
            let post = Post {
                door: Door::Hub,
                headers: http::HeaderMap::new(),
                body: body.clone(),
                limit,
            };
            match send_once(&*self.transport, post).await {
                Sent::Value(value) => return Ok(value),
                Sent::Fault(fault) => return Err(of_fault(fault)),
                Sent::Unsent(why) => return Err(KojiErrorKind::Unavailable(why)),
                Sent::Doubt(why) => last = KojiErrorKind::NoAnswer(why),
            }
            if sending < READ_SENDINGS {
                let wait = self.limits.resend_wait.mul_f64(0.5 + self.chance.fraction() / 2.0);
                tokio::time::sleep_until((Instant::now() + wait).min(deadline)).await;
            }
        }
        Err(last)
    }

    fn finish<T>(
        &self,
        label: Label,
        begun: Instant,
        answer: Result<T, KojiErrorKind>,
    ) -> Result<T, KojiError> {
        let took: Duration = begun.elapsed();
        let finished = Finished {
            method: label.method,
            inner: label.inner,
            took,
            fault: answer.as_ref().err(),
        };
        report(self.metrics.as_ref(), &finished);
        answer.map_err(|kind| KojiError { method: label.method, kind })
    }
}

/// An error of ours: the call is refused before it is sent.
pub(super) fn refuse(method: &'static str, text: &str) -> KojiError {
    let fault = Fault { code: code::PARAMETER, text: text.to_owned() };
    KojiError { method, kind: KojiErrorKind::Refused(fault) }
}
