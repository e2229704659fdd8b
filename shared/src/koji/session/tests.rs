//! Sessions against a hub that answers from a script, over a transport without a network, in paused time.

use std::collections::VecDeque;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::*;
use crate::{
    exchange::{NoReply, Reply},
    koji::{
        login::PasswordLogin,
        xmlrpc::{MethodCall, Value, read_call, write_call, write_fault, write_reply},
    },
};

/// What the hub does with one call.
enum Act {
    /// Gives a session with this number and key.
    Session(i64, &'static str),
    /// Answers.
    Value(i64),
    Fault(i64, &'static str),
    Status(u16),
    Body(&'static str),
    Lost,
    Unreachable,
    Hangs,
}

/// A hub with a script; it notes each call as `method id/key#number`.
#[derive(Default)]
struct Script {
    acts: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Script {
    async fn post(&self, post: Post) -> Result<Reply, NoReply> {
        tokio::task::yield_now().await;
        let call = read_call(&post.body).unwrap();
        let header = |name: &str| {
            post.headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned()
        };
        assert_eq!(
            header("koji-session-callnum"),
            header("koji-callnum"),
            "both names carry the number"
        );
        let renew = if call.named.is_empty() { "" } else { "+renew" };
        let (id, key, number) =
            (header("koji-session-id"), header("koji-session-key"), header("koji-callnum"));
        self.seen.lock().unwrap().push(format!("{}{renew} {id}/{key}#{number}", call.method));
        let act = self.acts.lock().unwrap().pop_front().expect("the script allows this call");
        let ok = |body: String| {
            Ok(Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() })
        };
        match act {
            Act::Session(id, key) => ok(write_reply(&Value::object([
                ("session-id", id.into()),
                ("session-key", key.into()),
            ]))),
            Act::Value(number) => ok(write_reply(&number.into())),
            Act::Fault(code, text) => ok(write_fault(code, text)),
            Act::Body(text) => ok(text.to_owned()),
            Act::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap();
                Ok(Reply { status, headers: HeaderMap::new(), body: "Bad".into() })
            }
            Act::Lost => Err(NoReply::Lost("connection reset".to_owned())),
            Act::Unreachable => Err(NoReply::NotSent("connection refused".to_owned())),
            Act::Hangs => {
                tokio::time::sleep(post.limit).await;
                Err(NoReply::Lost("no answer in time".to_owned()))
            }
        }
    }
}

struct NoChance;

impl Chance for NoChance {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }

    fn fraction(&self) -> f64 {
        0.0
    }
}

const GONE: Act = Act::Fault(1002, "Invalid session or bad credentials");
const EXPIRED: Act = Act::Fault(1007, "session \"4\" has expired");

fn sessions(acts: Vec<Act>) -> (Arc<Script>, Sessions) {
    let script = Arc::new(Script { acts: Mutex::new(acts.into()), seen: Mutex::default() });
    let login = Arc::new(PasswordLogin::new("ebs", "secret"));
    let sessions = Sessions::new(
        Arc::clone(&script) as Arc<dyn Transport>,
        login,
        Arc::new(NoChance),
        KojiLimits::default(),
    );
    (script, sessions)
}

/// Makes one call per element of the script's end; gives what came of each, and what the hub saw.
async fn play(calls: usize, acts: Vec<Act>) -> (Vec<Result<i64, String>>, Vec<String>) {
    let (script, sessions) = sessions(acts);
    let body = write_call(&MethodCall::new("build"));
    let mut ends = Vec::new();
    for _ in 0..calls {
        let end: Result<i64, KojiErrorKind> = sessions.call(&body).await;
        ends.push(end.map_err(|kind| {
            format!("{kind:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()
        }));
    }
    assert!(script.acts.lock().unwrap().is_empty(), "the whole script was used");
    let seen = script.seen.lock().unwrap().clone();
    (ends, seen)
}

fn no(kind: &str) -> Result<i64, String> {
    Err(kind.to_owned())
}

#[tokio::test(start_paused = true)]
async fn each_call_has_a_number_above_the_last() {
    let (ends, seen) =
        play(3, vec![Act::Session(4, "k"), Act::Value(1), Act::Fault(1000, "no"), Act::Value(2)])
            .await;
    assert_eq!(ends, [Ok(1), no("Refused"), Ok(2)]);
    assert_eq!(seen, ["login -/-#-", "build 4/k#1", "build 4/k#2", "build 4/k#3"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_asked_for_again_with_the_same_number() {
    for lost in [
        Act::Lost,
        Act::Status(502),
        Act::Body("<html>"),
        Act::Body("<?xml version='1.0'?><methodResponse><par"),
    ] {
        let (ends, seen) = play(1, vec![Act::Session(4, "k"), lost, Act::Value(7)]).await;
        assert_eq!(ends, [Ok(7)]);
        assert_eq!(seen, ["login -/-#-", "build 4/k#1", "build 4/k#1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_took_effect_says_that_the_call_ran() {
    let ran = Act::Fault(1009, "unable to retry call 1 (method build) for session 4");
    let (ends, _) = play(2, vec![Act::Session(4, "k"), Act::Lost, ran, Act::Value(8)]).await;
    assert_eq!(ends, [no("AlreadyRan"), Ok(8)]);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_sending_the_outcome_is_unknown() {
    let (ends, seen) =
        play(1, vec![Act::Session(4, "k"), Act::Lost, Act::Status(504), Act::Unreachable]).await;
    assert_eq!(ends, [no("NoAnswer")]);
    assert_eq!(seen.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_does_not_answer_costs_no_more_than_the_limit() {
    let ends = tokio::time::timeout(
        2 * KojiLimits::default().call,
        play(1, vec![Act::Session(4, "k"), Act::Hangs]),
    )
    .await;
    assert_eq!(ends.expect("the limit holds").0, [no("NoAnswer")]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_renewed_and_the_same_number_sent_again() {
    let acts = vec![
        Act::Session(4, "k"),
        Act::Value(1),
        EXPIRED,
        Act::Session(4, "new"),
        Act::Value(2),
        Act::Value(3),
    ];
    let (ends, seen) = play(3, acts).await;
    assert_eq!(ends, [Ok(1), Ok(2), Ok(3)]);
    let expected = [
        "login -/-#-",
        "build 4/k#1",
        "build 4/k#2",
        "login+renew 4/k#3",
        "build 4/new#2",
        "build 4/new#4",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn renewal_settles_a_doubtful_call() {
    let ran = Act::Fault(1009, "unable to retry call 1 (method build) for session 4");
    let (ends, _) =
        play(1, vec![Act::Session(4, "k"), Act::Lost, EXPIRED, Act::Session(4, "new"), ran]).await;
    assert_eq!(ends, [no("AlreadyRan")]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_gone_is_replaced_and_the_call_sent_once_more() {
    let (ends, seen) =
        play(1, vec![Act::Session(4, "k"), GONE, Act::Session(5, "l"), Act::Value(2)]).await;
    assert_eq!(ends, [Ok(2)]);
    assert_eq!(seen, ["login -/-#-", "build 4/k#1", "login -/-#-", "build 5/l#1"]);
    let (ends, _) = play(1, vec![Act::Session(4, "k"), GONE, Act::Session(5, "l"), GONE]).await;
    assert_eq!(ends, [no("Login")]);
}

#[tokio::test(start_paused = true)]
async fn a_new_session_never_sends_what_may_have_run() {
    let (ends, seen) =
        play(2, vec![Act::Session(4, "k"), Act::Lost, GONE, Act::Session(5, "l"), Act::Value(2)])
            .await;
    assert_eq!(ends, [no("NoAnswer"), Ok(2)]);
    assert_eq!(seen, ["login -/-#-", "build 4/k#1", "build 4/k#1", "login -/-#-", "build 5/l#1"]);
    let refused = vec![Act::Session(4, "k"), Act::Lost, EXPIRED, GONE];
    assert_eq!(play(1, refused).await.0, [no("NoAnswer")]);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_refused_leads_to_a_fresh_login_if_nothing_is_in_doubt() {
    let acts = vec![Act::Session(4, "k"), EXPIRED, GONE, Act::Session(5, "l"), Act::Value(2)];
    assert_eq!(play(1, acts).await.0, [Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_too_low_costs_the_session_not_the_call() {
    let low = Act::Fault(1008, "7 > 1 (session 4)");
    assert_eq!(
        play(1, vec![Act::Session(4, "k"), low, Act::Session(5, "l"), Act::Value(2)]).await.0,
        [Ok(2)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_runs_nothing_is_unavailable() {
    let acts = [
        Act::Unreachable,
        Act::Status(404),
        Act::Status(408),
        Act::Fault(1014, "server is offline"),
        Act::Fault(1001, "lock"),
        Act::Fault(1006, "User locked by another session"),
    ];
    for act in acts {
        assert_eq!(play(1, vec![Act::Session(4, "k"), act]).await.0, [no("Unavailable")]);
    }
    assert_eq!(play(1, vec![Act::Unreachable]).await.0, [no("Unavailable")]);
    assert_eq!(play(1, vec![Act::Fault(1014, "server is offline")]).await.0, [no("Unavailable")]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_a_lost_reply_leaves_the_outcome_unknown() {
    let offline = || Act::Fault(1014, "server is offline");
    assert_eq!(
        play(1, vec![Act::Session(4, "k"), Act::Lost, offline(), offline()]).await.0,
        [no("NoAnswer")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_fault_after_a_lost_reply_shows_that_nothing_had_run() {
    let refused = Act::Fault(1004, "policy violation (sidetag)");
    assert_eq!(play(1, vec![Act::Session(4, "k"), Act::Lost, refused]).await.0, [no("Refused")]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_a_matter_of_login() {
    assert_eq!(
        play(1, vec![Act::Fault(1002, "invalid username or password")]).await.0,
        [no("Login")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_hub_cannot_read_is_refused_for_good() {
    assert_eq!(play(1, vec![Act::Session(4, "k"), Act::Status(400)]).await.0, [no("Refused")]);
}

#[tokio::test(start_paused = true)]
async fn calls_side_by_side_use_sessions_of_their_own() {
    let acts = vec![Act::Session(4, "k"), Act::Session(5, "l"), Act::Value(1), Act::Value(2)];
    let (script, sessions) = sessions(acts);
    let body = write_call(&MethodCall::new("build"));
    let both =
        futures_util::future::join(sessions.call::<i64>(&body), sessions.call::<i64>(&body)).await;
    assert!(both.0.is_ok() && both.1.is_ok());
    let mut seen = script.seen.lock().unwrap().clone();
    seen.sort();
    assert_eq!(seen[..2], ["build 4/k#1", "build 5/l#1"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_up_leaves_its_session_and_number_behind() {
    let (script, sessions) = sessions(vec![Act::Session(4, "k"), Act::Hangs, Act::Value(1)]);
    let body = write_call(&MethodCall::new("build"));
    let given_up =
        tokio::time::timeout(KojiLimits::default().call / 10, sessions.call::<i64>(&body)).await;
    assert!(given_up.is_err());
    assert_eq!(sessions.call::<i64>(&body).await.ok(), Some(1));
    assert_eq!(script.seen.lock().unwrap()[1..], ["build 4/k#1", "build 4/k#2"]);
}
