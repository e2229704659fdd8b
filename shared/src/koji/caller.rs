//! Calls by their kind: reads without a session, changes in one, and both in bulk. Does *not* know any method.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{
    api::{Each, MAX_BULK},
    error::{Fault, KojiError, KojiErrorKind, Retry},
    fault::code,
    limits::KojiLimits,
    login::Login,
    metrics::{Finished, KojiMetrics, report},
    sending::{Sent, send_once},
    session::{Sessions, of_fault},
    transport::{Door, Post, Transport},
    xmlrpc::{self, MethodCall, write_call},
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

    /// Many reads, a bounded number per multiCall.
    pub(super) async fn read_each<T>(
        &self,
        method: &'static str,
        calls: &[MethodCall],
    ) -> Result<Vec<Each<T>>, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut all = Vec::with_capacity(calls.len());
        for chunk in calls.chunks(MAX_BULK) {
            let label = Label { method, inner: chunk.len() };
            let answers: Vec<xmlrpc::Each<T>> =
                self.read_labelled(label, &MethodCall::multi(chunk)).await?;
            all.extend(one_for_each(method, chunk.len(), answers)?);
        }
        Ok(all)
    }

    /// Many reads in threes, each of its own type.
    pub(super) async fn read_triples<A, B, C>(
        &self,
        method: &'static str,
        calls: &[[MethodCall; 3]],
    ) -> Result<Vec<(Each<A>, Each<B>, Each<C>)>, KojiError>
    where
        A: DeserializeOwned + Send + 'static,
        B: DeserializeOwned + Send + 'static,
        C: DeserializeOwned + Send + 'static,
    {
        let mut all = Vec::with_capacity(calls.len());
        for chunk in calls.chunks(MAX_BULK / 3) {
            let flat = chunk.concat();
            let label = Label { method, inner: flat.len() };
            let answer: xmlrpc::Triples<A, B, C> =
                self.read_labelled(label, &MethodCall::multi(&flat)).await?;
            check_count(method, chunk.len(), answer.0.len())?;
            let answers = answer.0.into_iter();
            all.extend(answers.map(|(a, b, c)| {
                (a.map_err(Fault::from), b.map_err(Fault::from), c.map_err(Fault::from))
            }));
        }
        Ok(all)
    }

    /// Many changes, a bounded number per multiCall; each multiCall is one transaction of the hub.
    pub(super) async fn change_each<T>(
        &self,
        method: &'static str,
        calls: &[MethodCall],
    ) -> Result<Vec<Each<T>>, KojiError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut all = Vec::with_capacity(calls.len());
        for chunk in calls.chunks(MAX_BULK) {
            let label = Label { method, inner: chunk.len() };
            let answers = self.change_labelled(label, &MethodCall::multi(chunk)).await;
            let answers = answers.and_then(|answers| one_for_each(method, chunk.len(), answers));
            all.extend(answers.map_err(|fault| after_some(fault, all.len()))?);
        }
        Ok(all)
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

fn one_for_each<T>(
    method: &'static str,
    asked: usize,
    answers: Vec<xmlrpc::Each<T>>,
) -> Result<Vec<Each<T>>, KojiError> {
    check_count(method, asked, answers.len())?;
    Ok(answers.into_iter().map(|answer| answer.0.map_err(Fault::from)).collect())
}

fn check_count(method: &'static str, asked: usize, answered: usize) -> Result<(), KojiError> {
    if asked == answered {
        Ok(())
    } else {
        let kind = KojiErrorKind::NoAnswer(format!("{answered} results for {asked} calls"));
        Err(KojiError { method, kind })
    }
}

/// When earlier chunks took effect, "nothing ran" would be a lie: the caller must look.
fn after_some(fault: KojiError, done: usize) -> KojiError {
    if done == 0 || fault.retry() == Retry::Look {
        return fault;
    }
    KojiError {
        method: fault.method,
        kind: KojiErrorKind::NoAnswer(format!("after {done} were done: {}", fault.kind)),
    }
}

/// An error of ours: the call is refused before it is sent.
pub(super) fn refuse(method: &'static str, text: &str) -> KojiError {
    let fault = Fault { code: code::PARAMETER, text: text.to_owned() };
    KojiError { method, kind: KojiErrorKind::Refused(fault) }
}
