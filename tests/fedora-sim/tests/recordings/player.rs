//! Sends recorded requests to a hub, with the ids of the recording replaced by those of this run.

use std::{sync::Arc, time::Duration};

use ebs_shared::{
    clock::System,
    koji::xmlrpc::{MethodCall, Value, read_call, read_reply_value, write_call},
};
use fedora_sim::{
    koji::Hub,
    script::Script,
    traffic::Traffic,
    world::{Task, TaskState, World},
};

use super::{
    compare::{Known, compare},
    index::Exchange,
};

/// A hub, and what is known of its ids.
pub(crate) struct Player {
    pub(crate) world: World,
    hub: Hub,
    known: Known,
}

impl Player {
    pub(crate) fn new(script: Script) -> Self {
        let world = World::new(script, &System);
        let hub = Hub::new(world.clone(), Arc::new(Traffic::default()));
        Self { world, hub, known: Known::default() }
    }

    /// Lets time pass in small steps, so that nothing is skipped.
    pub(crate) fn advance(&mut self, span: Duration) {
        let step = Duration::from_secs(50);
        let mut left = span;
        while !left.is_zero() {
            self.world.skip(step.min(left));
            left = left.saturating_sub(step);
        }
    }

    pub(crate) fn until_task(&mut self, recorded: i64, done: impl Fn(&Task) -> bool) {
        let id = self.known.id("task", recorded);
        for _ in 0..1000 {
            if self.world.read(|state| state.task(id).is_some_and(&done)) {
                return;
            }
            self.advance(Duration::from_secs(50));
        }
        panic!("task {recorded} (here {id}) never got there");
    }

    /// Makes a session as old as if it had been made two days ago.
    pub(crate) fn age_session(&mut self, recorded: i64) {
        let id = self.known.id("session", recorded);
        self.world.change(|state| state.session_mut(id).unwrap().since -= 200 * 86_400_000_000);
    }

    /// A build that is cancelled while its architectures wait to be built.
    pub(crate) fn cancel_running(&mut self, task: i64, build: i64) {
        let source = "git+https://src.example.org/rpms/baz#6.0-1.eln";
        let side_tag = self.known.text("eln-build-side-10");
        let made = self.world.change(|state| {
            state.submit_build(source, &side_tag, &Value::Struct(Vec::new()), 0, 2)
        });
        self.known.learn("task", task, made);
        self.until_task(task, |task| task.children.len() > 2);
        self.world.change(|state| state.cancel_task(made, 2).unwrap());
        let state = self.world.read(|state| state.task(made).unwrap().state);
        assert_eq!(state, TaskState::Canceled);
        let here = self.world.read(|state| state.builds_of(made).next().unwrap().id);
        self.known.learn("build", build, here);
    }

    /// Plays one exchange; what is different.
    pub(crate) async fn play(&mut self, exchange: &Exchange, loose: bool) -> Vec<String> {
        let body = exchange.request();
        let call = read_call(&body).ok();
        let body = match &call {
            Some(call) if exchange.status == 200 => write_call(&self.translated(call)).into_bytes(),
            _ => body,
        };
        let method = exchange.http.parse().unwrap();
        let uri = exchange.path.parse().unwrap();
        let headers = self.headers(exchange);
        let reply = self.hub.answer(&method, &uri, &headers, &body).await;
        let status = reply.status().as_u16();
        if status != exchange.status {
            return vec![format!("status {status}, recorded {}", exchange.status)];
        }
        if status != 200 {
            return Vec::new();
        }
        let body = axum::body::to_bytes(reply.into_body(), usize::MAX).await.unwrap();
        let ours = read_reply_value(&body).unwrap();
        let theirs = read_reply_value(&exchange.reply()).unwrap();
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                let method = call.map(|call| call.method.into_owned()).unwrap_or_default();
                compare(&mut self.known, &method, &theirs, &ours, loose)
            }
            (Err(theirs), Err(ours)) if theirs.code == ours.code => {
                // Numbers in texts are ids; tracebacks and texts about the site's settings are not copied.
                let blunt = |text: &str| {
                    text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>()
                };
                let free = matches!(theirs.code, 1 | 1014)
                    || (theirs.code == 1019 && theirs.text.contains('('));
                if free || blunt(&theirs.text) == blunt(&ours.text) {
                    return Vec::new();
                }
                vec![format!("text `{}`, recorded `{}`", ours.text, theirs.text)]
            }
            (theirs, ours) => vec![format!("{ours:?}, recorded {theirs:?}")],
        }
    }

    fn headers(&self, exchange: &Exchange) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &exchange.request_headers {
            let value = match name.as_str() {
                "Koji-Session-Id" => match value.parse() {
                    Ok(id) => self.known.id("session", id).to_string(),
                    Err(_) => value.clone(),
                },
                _ => self.known.text(value),
            };
            headers
                .insert(http::HeaderName::try_from(name.as_str()).unwrap(), value.parse().unwrap());
        }
        if exchange.name == "ssllogin-ok" {
            headers.insert(
                "authorization",
                "Negotiate svc/host.example.org@EXAMPLE.ORG".parse().unwrap(),
            );
        }
        headers
    }

    /// A call with the recording's ids replaced.
    fn translated(&self, call: &MethodCall) -> MethodCall {
        let kind = match call.method.as_ref() {
            "getTaskInfo" | "getTaskResult" | "getTaskChildren" | "getTaskRequest"
            | "getTaskDescendents" | "cancelTask" | "cancelTaskFull" | "resubmitTask"
            | "listTaskOutput" | "downloadTaskOutput" => "task",
            "repo.checkRequest" => "request",
            "repoInfo" => "repo",
            "promoteBuild" | "getBuild" => "build",
            "getTag" => "tag",
            _ => "",
        };
        let mut call = call.clone();
        if matches!(call.method.as_ref(), "multiCall" | "system.multicall") {
            let elements = call.params.first().and_then(Value::as_array).unwrap_or_default();
            let inner = elements.iter().map(|element| match MethodCall::from_element(element) {
                Some(inner) => {
                    let inner = MethodCall::multi(&[self.translated(&inner)]);
                    inner.params[0].as_array().unwrap()[0].clone()
                }
                None => element.clone(),
            });
            call.params = vec![inner.collect::<Vec<_>>().into()];
            return call;
        }
        for (place, value) in call.params.iter_mut().enumerate() {
            *value = self.known.translate(value, if place == 0 { kind } else { "" });
        }
        for (name, value) in &mut call.named {
            let kind = match name.as_str() {
                "taskID" => "task",
                "build" => "build",
                _ => "",
            };
            *value = self.known.translate(value, kind);
        }
        call
    }
}
