//! HTTP to the simulated Fedora in the same process.

use std::time::Duration;

use async_trait::async_trait;
use axum::{Router, body::Body};
use ebs_shared::exchange::{Ask, Exchange, NoReply, Reply};
use http::{HeaderMap, Request, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use crate::{
    chaos::{Fault, OF_HTTP, Share},
    process::{Call, Entry, Gate, Neighbour},
};

/// Where the simulated Fedora is.
pub const BASE: &str = "http://fedora.test";

/// The network: a request that was sent goes on without its sender.
#[derive(Clone)]
pub struct Net {
    service: TowerToHyperService<Router>,
}

impl Net {
    /// The network before these services.
    #[must_use]
    pub fn new(app: Router) -> Self {
        Self { service: TowerToHyperService::new(app) }
    }

    /// Sends a request, which takes so long on its way whether its sender is there still or not; its whole answer.
    ///
    /// # Errors
    ///
    /// The request is none, or its answer is too long.
    pub async fn send(&self, ask: Ask, after: Duration) -> Result<Reply, NoReply> {
        let service = self.service.clone();
        let answered = tokio::spawn(async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            answer(&service, ask).await
        });
        answered.await.map_err(|error| NoReply::Lost(error.to_string()))?
    }
}

async fn answer(service: &TowerToHyperService<Router>, ask: Ask) -> Result<Reply, NoReply> {
    let mut request = Request::builder().method(ask.method).uri(ask.url.as_str());
    if let Some(headers) = request.headers_mut() {
        *headers = ask.headers;
    }
    let request =
        request.body(Body::from(ask.body)).map_err(|error| NoReply::NotSent(error.to_string()))?;
    let Ok(response) = service.call(request).await;
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, ask.max_bytes)
        .await
        .map_err(|error| NoReply::Lost(error.to_string()))?;
    Ok(Reply { status: parts.status, headers: parts.headers, body })
}

/// HTTP as one life of a process has it.
pub struct HttpDoor {
    /// Its gate.
    pub gate: Gate,
    /// The network behind it.
    pub net: Net,
}

#[async_trait]
impl Exchange for HttpDoor {
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply> {
        let (name, share) = name_of(&ask);
        let limit = ask.limit;
        let call = Call { of: Neighbour::Http, name: &name, share, kinds: OF_HTTP };
        let fate = match self.gate.enter(call).await {
            Entry::Away => return Err(NoReply::NotSent("no route to host".to_owned())),
            Entry::Go(fate) => fate,
        };
        if share == Share::Full {
            self.gate.ground.story.tell(self.gate.who, name.clone());
        }
        let lost = |why: &str| Err(NoReply::Lost(why.to_owned()));
        let (fault, span) = fate.map_or((None, Duration::ZERO), |f| (Some(f.fault), f.span));
        let answer = match fault {
            Some(Fault::Unheard) => {
                tokio::time::sleep(span.min(limit)).await;
                lost("cut")
            }
            Some(Fault::Late) => {
                let net = self.net.clone();
                tokio::spawn(async move { net.send(ask, span).await });
                lost("cut")
            }
            Some(Fault::CrashDuring) => {
                let net = self.net.clone();
                tokio::spawn(async move { net.send(ask, span).await });
                self.gate.life.die().await
            }
            Some(
                Fault::Slow
                | Fault::SlowAnswer
                | Fault::Refused
                | Fault::AnswerLost
                | Fault::BadGateway
                | Fault::Stall
                | Fault::Shuffled
                | Fault::Repeated
                | Fault::CrashBefore
                | Fault::CrashAfter,
            )
            | None => match tokio::time::timeout(limit, self.net.send(ask, Duration::ZERO)).await {
                Ok(answer) => answer,
                Err(_) => lost("no answer in time"),
            },
        };
        let answer = match fault {
            Some(Fault::AnswerLost) => lost("cut"),
            Some(Fault::BadGateway) => Ok(Reply {
                status: StatusCode::BAD_GATEWAY,
                headers: HeaderMap::new(),
                body: "<html>bad gateway</html>".into(),
            }),
            Some(Fault::CrashAfter) => self.gate.life.die().await,
            Some(Fault::SlowAnswer) => {
                tokio::time::sleep(span).await;
                answer
            }
            Some(_) | None => answer,
        };
        self.gate.life.may_run().await;
        answer
    }
}

/// What a request is called: the hub's method (of a `multiCall`, its first one's), or method and path. Polls are frequent.
#[must_use]
pub fn name_of(ask: &Ask) -> (String, Share) {
    let path = ask.url.path();
    if !path.starts_with("/kojihub") {
        let share = if ask.method == http::Method::GET { Share::Small } else { Share::Full };
        return (format!("{} {path}", ask.method), share);
    }
    let body = String::from_utf8_lossy(&ask.body);
    let between = |after: &str, open: &str| {
        let (_, rest) = body.split_once(after)?;
        let (_, rest) = rest.split_once(open)?;
        rest.split_once('<').map(|(name, _)| name.to_owned())
    };
    let outer = between("<methodName", ">").unwrap_or_default();
    let inner = (outer == "multiCall").then(|| between("methodName</name>", "<string>")).flatten();
    let name = inner.unwrap_or(outer);
    let polls = matches!(name.as_str(), "getTaskInfo" | "listTagged" | "repo.checkRequest");
    (name, if polls { Share::Small } else { Share::Full })
}
