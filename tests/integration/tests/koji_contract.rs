//! The Koji client against exchanges recorded from a real hub: what we send is what the hub was sent, and what it answered
//! is read without loss.

#![cfg(test)]

mod recordings;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use ebs_domain::{
    failure::FailureClass,
    id::{BuildId, EventId, RepoRequestId, TagName, TaskId, UserId},
    time::Timestamp,
};
use ebs_shared::{
    clock::System,
    exchange::{NoReply, Reply},
    koji::{
        HubParts,
        api::{BuildOptions, BuildRequest, BuildState, Hub, Listing, RepoAnswer, TaskState},
        client::HubClient,
        error::{Fault, KojiErrorKind, Retry},
        fault::{Meaning, classify, failed_child, meaning},
        limits::KojiLimits,
        login::{Credentials, Login, Renewal},
        transport::{Post, Transport},
        xmlrpc::{
            MethodCall, Value, read_call, read_reply_value, write_call, write_fault, write_reply,
        },
    },
};
use reqwest::{StatusCode, header::HeaderMap};

use recordings::{Exchange, all, exchange};

/// Answers with recorded replies in their order, and keeps what it was sent.
struct Replay {
    replies: Mutex<VecDeque<Reply>>,
    sent: Mutex<Vec<MethodCall>>,
}

#[async_trait]
impl Transport for Replay {
    async fn post(&self, post: Post) -> Result<Reply, NoReply> {
        self.sent.lock().unwrap().push(read_call(&post.body).unwrap());
        Ok(self.replies.lock().unwrap().pop_front().expect("a reply for each call"))
    }
}

/// A login that costs no call.
struct LoggedIn;

#[async_trait]
impl Login for LoggedIn {
    async fn log_in(
        &self,
        _transport: &dyn Transport,
        _renew: Option<Renewal>,
        _limit: std::time::Duration,
    ) -> Result<Credentials, KojiErrorKind> {
        Ok(Credentials { id: 1, key: "key".to_owned() })
    }
}

fn client_of(answers: impl IntoIterator<Item = Reply>) -> (Arc<Replay>, HubClient) {
    let replay = Arc::new(Replay {
        replies: Mutex::new(answers.into_iter().collect()),
        sent: Mutex::default(),
    });
    let client = client_over(Arc::clone(&replay) as Arc<dyn Transport>);
    (replay, client)
}

fn client_over(transport: Arc<dyn Transport>) -> HubClient {
    HubClient::new(HubParts {
        transport,
        login: Arc::new(LoggedIn),
        chance: Arc::new(System),
        limits: KojiLimits {
            resend_wait: std::time::Duration::from_millis(1),
            ..KojiLimits::default()
        },
        metrics: None,
    })
}

fn ok(body: impl Into<Bytes>) -> Reply {
    Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() }
}

fn answer_of(name: &str) -> Reply {
    let exchange = exchange(name);
    Reply {
        status: StatusCode::from_u16(exchange.status).unwrap(),
        headers: HeaderMap::new(),
        body: exchange.reply.unwrap_or_default().into(),
    }
}

/// A client whose hub answers with these recordings.
fn replay(names: &[&str]) -> (Arc<Replay>, HubClient) {
    client_of(names.iter().map(|name| answer_of(name)))
}

/// A client whose hub answers one multiCall with the recorded results of single calls.
fn replay_in_bulk(names: &[&str]) -> (Arc<Replay>, HubClient) {
    let elements =
        names.iter().map(|name| match read_reply_value(&answer_of(name).body).unwrap() {
            Ok(value) => Value::Array(vec![value]),
            Err(raw) => {
                Value::object([("faultCode", raw.code.into()), ("faultString", raw.text.into())])
            }
        });
    client_of([ok(write_reply(&Value::Array(elements.collect())))])
}

fn recorded_call(name: &str) -> MethodCall {
    read_call(&exchange(name).request.unwrap()).unwrap()
}

fn sent(replay: &Replay) -> Vec<MethodCall> {
    replay.sent.lock().unwrap().clone()
}

/// The calls inside the one multiCall that was sent.
fn sent_in_bulk(replay: &Replay) -> Vec<MethodCall> {
    let calls = sent(replay);
    assert_eq!(calls.len(), 1, "one multiCall");
    assert_eq!(calls[0].method, "multiCall");
    calls[0].params[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|element| MethodCall::from_element(element).unwrap())
        .collect()
}

fn tag(name: &str) -> TagName {
    name.parse().unwrap()
}

#[test]
fn every_recorded_reply_is_written_again_byte_for_byte() {
    let mut count = 0;
    for Exchange { name, status, fault, reply, .. } in all() {
        let Some(body) = reply.filter(|_| status == 200) else { continue };
        let again = match read_reply_value(&body).unwrap_or_else(|fault| panic!("{name}: {fault}"))
        {
            Ok(value) => write_reply(&value),
            Err(raw) => {
                assert_eq!(Some(raw.code), fault, "{name}");
                write_fault(raw.code, &raw.text)
            }
        };
        // The hub writes a carriage return raw, and every reader takes it for a line end.
        let body = String::from_utf8(body).unwrap().replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(again, body, "{name}");
        count += 1;
    }
    assert!(count > 270, "{count} replies");
}

#[test]
fn every_recorded_call_is_read_and_written_again_with_the_same_meaning() {
    for Exchange { name, method, request, .. } in all() {
        let (Some(method), Some(body)) = (method, request) else { continue };
        // Not XML at all: the hub refused these with 400.
        let Ok(call) = read_call(&body) else { continue };
        assert_eq!(call.method, method, "{name}");
        assert_eq!(read_call(write_call(&call).as_bytes()).unwrap(), call, "{name}");
    }
}

#[test]
fn what_the_hub_refused_to_read_we_refuse_too() {
    for name in [
        "control-character",
        "http-broken-xml",
        "http-not-xml",
        "http-empty-body",
        "http-doctype",
        "http-invalid-utf8",
    ] {
        let body = exchange(name).request.unwrap_or_default();
        assert!(read_call(&body).is_err(), "{name}");
    }
}

#[tokio::test]
async fn reads_are_sent_as_recorded_and_their_answers_understood() {
    let (hub, client) =
        replay(&["getbuildtarget", "getbuildtarget-unknown", "gettag", "gettag-deleted"]);
    let target = client.build_target(&tag("eln")).await.unwrap().unwrap();
    assert_eq!((target.build_tag, target.dest_tag), (tag("eln-build"), tag("eln-candidate")));
    assert_eq!(client.build_target(&tag("nosuch")).await.unwrap(), None);
    assert!(client.tag_exists(&tag("eln-build")).await.unwrap());
    assert!(!client.tag_exists(&tag("eln-build-side-12")).await.unwrap());
    let names = ["getbuildtarget", "getbuildtarget-unknown", "gettag", "gettag-deleted"];
    assert_eq!(sent(&hub), names.map(recorded_call));
}

#[tokio::test]
async fn side_tags_are_listed_made_and_removed() {
    let names = [
        "listsidetags-mine",
        "createsidetag",
        "removesidetag",
        "removesidetag-again",
        "createsidetag-plugin-defaults",
    ];
    let (hub, client) = replay(&names);
    let listed = client.list_side_tags(&tag("eln-build"), "ebs").await.unwrap();
    assert_eq!(listed[0].name, tag("eln-build-side-10"));
    let made = client.create_side_tag(&tag("eln-build")).await.unwrap();
    assert_eq!((made.id, made.name), (10, tag("eln-build-side-10")));
    client.remove_side_tag(&tag("eln-build-side-12")).await.unwrap();
    let gone = client.remove_side_tag(&tag("eln-build-side-12")).await.unwrap_err();
    assert_eq!(gone.fault().map(meaning), Some(Meaning::NoSuchTag));
    assert!(
        client.create_side_tag(&tag("eln-build")).await.is_ok(),
        "a site that asks for no repo"
    );
    assert_eq!(
        sent(&hub)[..4],
        ["listsidetags-mine", "createsidetag", "removesidetag", "removesidetag-again"]
            .map(recorded_call)
    );
}

#[tokio::test]
async fn what_is_in_a_tag_is_listed_with_the_event_of_the_tagging() {
    let names = ["listtagged", "listtagged-latest", "listtagged-empty", "listtagged-missing"];
    let (hub, client) = replay(&names);
    let side = tag("eln-build-side-10");
    let all = client.list_tagged(&side, Listing::All).await.unwrap();
    let latest = client.list_tagged(&side, Listing::Latest).await.unwrap();
    assert!(all.len() > latest.len() && !latest.is_empty());
    assert!(all.iter().all(|build| build.tag == side && build.tagged_at > EventId::new(0)));
    assert!(client.list_tagged(&side, Listing::All).await.unwrap().is_empty());
    let missing = client.list_tagged(&tag("nosuch"), Listing::All).await.unwrap_err();
    assert_eq!(
        (missing.retry(), missing.fault().map(meaning)),
        (Retry::Never, Some(Meaning::NoSuchTag))
    );
    assert_eq!(sent(&hub)[..2], ["listtagged", "listtagged-latest"].map(recorded_call));
}

#[tokio::test]
async fn the_latest_of_each_package_and_the_tags_of_each_build_are_asked_for_in_bulk() {
    let (hub, client) = replay_in_bulk(&["listtagged-package", "listtagged-empty"]);
    let found = client.latest_of(&tag("eln"), &["foo".to_owned(), "bar".to_owned()]).await.unwrap();
    assert_eq!(found[0].as_ref().map(|build| build.package.as_str()), Some("foo"));
    assert_eq!(found[1], None);
    assert_eq!(sent_in_bulk(&hub).len(), 2);
    let (_, client) = replay_in_bulk(&["listtags-build", "listtags-unknown-build"]);
    let tags = client.tags_of(&[BuildId::new(1), BuildId::new(99)]).await.unwrap();
    assert_eq!(tags, [vec![tag("eln-build-side-10")], vec![]]);
}

#[tokio::test]
async fn the_latest_of_many_packages_come_from_one_listing_of_the_tag() {
    let (hub, client) = replay(&["listtagged-latest"]);
    let side = tag("eln-build-side-10");
    let latest =
        replay(&["listtagged-latest"]).1.list_tagged(&side, Listing::Latest).await.unwrap();
    let mut packages: Vec<String> = (0..300).map(|number| format!("none-{number}")).collect();
    packages[250] = latest[0].package.clone();
    let found = client.latest_of(&side, &packages).await.unwrap();
    assert_eq!(sent(&hub), [recorded_call("listtagged-latest")]);
    assert_eq!(found.len(), packages.len());
    assert_eq!(found[250].as_ref(), Some(&latest[0]));
    assert_eq!(found.iter().flatten().count(), 1);
}

#[tokio::test]
async fn build_records_are_read_with_source_epoch_and_draft() {
    let names = ["getbuild-by-id", "getbuild-unknown", "getbuild-epoch", "getbuild-draft"];
    let (hub, client) = replay_in_bulk(&names);
    let builds = client.builds(&[1, 99, 3, 4].map(BuildId::new)).await.unwrap();
    let first = builds[0].as_ref().unwrap();
    assert_eq!((first.nvr.as_str(), first.state), ("foo-1.0-1.eln", BuildState::Complete));
    assert_eq!(first.source.as_deref(), Some("git+https://src.example.org/rpms/foo#1.0-1.eln"));
    assert_eq!(builds[1], None);
    assert!(builds[2].as_ref().unwrap().epoch.is_some());
    let draft = builds[3].as_ref().unwrap();
    assert!(draft.draft && draft.nvr.contains(",draft_"));
    assert_eq!(sent_in_bulk(&hub)[0], recorded_call("getbuild-by-id"));
}

#[tokio::test]
async fn tagging_answers_with_a_task_and_refusals_concern_one_build() {
    let names =
        ["tagbuild", "tagbuild-already-tagged", "tagbuild-package-not-listed", "tagbuild-locked"];
    let (_, client) = replay_in_bulk(&names);
    let answers = client.tag_builds(&tag("f99"), &[1, 2, 3, 4].map(BuildId::new)).await.unwrap();
    assert!(answers[0].is_ok() && answers[1].is_ok(), "already tagged is found by the task alone");
    assert_eq!(answers[2].as_ref().map_err(|fault| fault.code), Err(1003));
    assert_eq!(answers[3].as_ref().map_err(meaning), Err(Meaning::TagLocked));
    let (_, client) = replay_in_bulk(&["untagbuild", "untagbuild-not-tagged"]);
    let answers = client.untag_builds(&tag("f99"), &[1, 2].map(BuildId::new)).await.unwrap();
    assert!(answers[0].is_ok());
    assert_eq!(answers[1].as_ref().map_err(meaning), Err(Meaning::NotTagged));
}

#[tokio::test]
async fn promotion_gives_the_build_and_knows_what_is_no_draft() {
    let (_, client) =
        replay_in_bulk(&["promotebuild", "promotebuild-again", "promotebuild-not-mine"]);
    let answers = client.promote_builds(&[4, 4, 4].map(BuildId::new)).await.unwrap();
    let promoted = answers[0].as_ref().unwrap();
    assert!(!promoted.draft && promoted.nvr == "baz-2.0-1.eln");
    assert_eq!(answers[1].as_ref().map_err(meaning), Err(Meaning::NotADraft));
    assert_eq!(answers[2].as_ref().map_err(meaning), Err(Meaning::Policy));
}

#[tokio::test]
async fn repos_are_ready_pending_or_given_up() {
    let names =
        ["repo-request-satisfied", "repo-request-after-tagging-last", "repo-checkrequest-pending"];
    let (hub, client) = replay(&names);
    let side = tag("eln-build-side-10");
    assert_eq!(
        client.request_repo(&side, EventId::new(25)).await.unwrap(),
        RepoAnswer::Ready { repo: 2 }
    );
    assert!(matches!(
        client.request_repo(&side, EventId::new(90)).await.unwrap(),
        RepoAnswer::Pending { .. }
    ));
    let request = RepoRequestId::new(2);
    assert_eq!(client.check_repo(request).await.unwrap(), RepoAnswer::Pending { request });
    assert_eq!(sent(&hub)[2], recorded_call("repo-checkrequest-pending"));
    let (_, client) = replay(&[
        "repo-checkrequest-with-task",
        "repo-checkrequest-done",
        "repo-checkrequest-unknown",
    ]);
    assert_eq!(client.check_repo(request).await.unwrap(), RepoAnswer::Pending { request });
    assert_eq!(client.check_repo(request).await.unwrap(), RepoAnswer::Ready { repo: 2 });
    assert_eq!(client.check_repo(request).await.unwrap(), RepoAnswer::GivenUp);
}

#[tokio::test]
async fn events_are_numbers() {
    let (hub, client) = replay(&["getlastevent", "taglastchangeevent"]);
    assert_eq!(client.last_event().await.unwrap(), EventId::new(31));
    assert_eq!(client.last_change(&tag("eln-build-side-10")).await.unwrap(), EventId::new(25));
    assert_eq!(sent(&hub)[0], recorded_call("getlastevent"));
    assert_eq!(sent(&hub)[1], recorded_call("taglastchangeevent").named("inherit", false));
}

#[tokio::test]
async fn who_we_are_is_asked_once() {
    let (hub, client) = replay(&["getloggedinuser"]);
    for _ in 0..2 {
        let me = client.whoami().await.unwrap();
        assert_eq!((me.id, me.name.as_str()), (UserId::new(2), "ebs"));
    }
    assert_eq!(sent(&hub), [recorded_call("getloggedinuser")]);
    let (_, client) = replay(&["getloggedinuser-anonymous"]);
    assert!(matches!(client.whoami().await.unwrap_err().kind, KojiErrorKind::Login(_)));
}

fn options() -> BuildOptions {
    let target = tag("eln-build-side-10");
    BuildOptions {
        target,
        draft: true,
        scratch: false,
        fail_fast: true,
        wait_repo: true,
        priority: 5,
    }
}

fn request(source: &str) -> BuildRequest {
    BuildRequest {
        source: source.to_owned(),
        token: "6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap(),
    }
}

#[tokio::test]
async fn builds_are_asked_for_in_one_call_with_options_by_place_and_a_token() {
    let (hub, client) = replay_in_bulk(&["build", "build-unknown-channel"]);
    let builds = [
        request("git+https://src.example.org/rpms/foo#1.0-1.eln"),
        request("git+https://src.example.org/rpms/bar#2"),
    ];
    let answers = client.submit_builds(&options(), &builds).await.unwrap();
    assert_eq!(answers[0], Ok(TaskId::new(5)));
    assert_eq!(answers[1].as_ref().map_err(|fault| fault.code), Err(1000));
    let (ours, recorded) = (sent_in_bulk(&hub), recorded_call("build"));
    assert_eq!(ours[0].params[..2], recorded.params[..2]);
    assert_eq!(ours[0].params[3], Value::Int(5));
    assert!(ours[0].named.is_empty());
    let (opts, theirs) = (&ours[0].params[2], &recorded.params[2]);
    assert_eq!(
        (opts.get("fail_fast"), opts.get("wait_repo")),
        (theirs.get("fail_fast"), theirs.get("wait_repo"))
    );
    let token = opts.get("custom_user_metadata").unwrap().get("ebs").unwrap().get("token").unwrap();
    assert_eq!(token.as_str(), Some("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
    assert_eq!((opts.get("draft"), opts.get("scratch")), (Some(&Value::Bool(true)), None));
}

#[tokio::test]
async fn the_recorded_submission_in_bulk_is_understood() {
    let (_, client) = replay(&["multicall-builds"]);
    let builds = vec![request("git+https://src.example.org/rpms/foo#1"); 8];
    let answers = client.submit_builds(&options(), &builds).await.unwrap();
    let codes: Vec<Option<i64>> =
        answers.iter().map(|answer| answer.as_ref().err().map(|fault| fault.code)).collect();
    assert_eq!(codes, [None, None, Some(1000), None, Some(1019), None, None, None]);
}

#[tokio::test]
async fn a_refused_submission_of_all_is_one_error_by_its_kind() {
    for (name, retry) in
        [("multicall-repeated-callnum", Retry::Look), ("multicall-late-error", Retry::Never)]
    {
        let (_, client) = replay(&[name]);
        assert_eq!(
            client.submit_builds(&options(), &[request("git+x#1")]).await.unwrap_err().retry(),
            retry,
            "{name}"
        );
    }
}

#[tokio::test]
async fn more_than_one_call_holds_is_sent_in_several_and_a_fault_after_the_first_says_look() {
    let many: Vec<BuildId> = (1..=101).map(BuildId::new).collect();
    let first = write_reply(&Value::Array(vec![Value::Array(vec![Value::Int(7)]); 100]));
    let (hub, client) =
        client_of([ok(first.clone()), ok(write_reply(&vec![Value::Array(vec![8.into()])].into()))]);
    assert_eq!(client.tag_builds(&tag("eln"), &many).await.unwrap().len(), 101);
    assert_eq!(sent(&hub).len(), 2);
    let (_, client) = client_of([ok(first), ok(write_fault(1014, "server is offline"))]);
    assert_eq!(client.tag_builds(&tag("eln"), &many).await.unwrap_err().retry(), Retry::Look);
    let (hub, client) = client_of([]);
    assert!(client.tag_builds(&tag("eln"), &[]).await.unwrap().is_empty());
    assert!(client.tasks(&[]).await.unwrap().is_empty() && sent(&hub).is_empty());
}

#[tokio::test]
async fn an_answer_with_the_wrong_number_of_elements_is_no_answer() {
    let (_, client) = client_of([ok(write_reply(&Value::Array(vec![])))]);
    assert_eq!(client.cancel_tasks(&[TaskId::new(1)]).await.unwrap_err().retry(), Retry::Look);
}

#[tokio::test]
async fn tasks_are_asked_for_by_an_array_and_unknown_ones_are_none() {
    let (hub, client) = replay(&["gettaskinfo-array"]);
    let asked = [5, 999_999, 7, 888_888].map(TaskId::new);
    let tasks = client.tasks(&asked).await.unwrap();
    assert_eq!(sent(&hub), [recorded_call("gettaskinfo-array")]);
    let states: Vec<_> = tasks.iter().map(|task| task.as_ref().map(|task| task.state)).collect();
    assert_eq!(states, [Some(TaskState::Closed), None, Some(TaskState::Closed), None]);
    let build = tasks[0].as_ref().unwrap();
    assert_eq!((build.method.as_str(), build.label.as_deref()), ("build", None));
    assert!(build.started > build.created && build.ended > build.started);
    assert_eq!(tasks[2].as_ref().unwrap().label.as_deref(), Some("srpm"));
    let (_, client) = replay(&["gettaskinfo-array-mixed"]);
    let mixed = client.tasks(&[1, 2, 3, 4, 5, 6, 7, 8, 9].map(TaskId::new)).await.unwrap();
    assert!(mixed.iter().flatten().all(|task| task.state.is_final()));
}

/// Answers no `getTaskInfo` before two were asked, and then with a row for each task.
struct InPairs(tokio::sync::Barrier);

#[async_trait]
impl Transport for InPairs {
    async fn post(&self, post: Post) -> Result<Reply, NoReply> {
        let call = read_call(&post.body).unwrap();
        let row = |number: &Value| {
            let known = read_reply_value(&answer_of("gettaskinfo-array").body).unwrap().unwrap();
            let Value::Struct(mut members) = known.as_array().unwrap()[0].clone() else { panic!() };
            members.retain(|(name, _)| name != "id");
            members.push(("id".to_owned(), number.clone()));
            Value::Struct(members)
        };
        let rows: Vec<Value> = call.params[0].as_array().unwrap().iter().map(row).collect();
        self.0.wait().await;
        Ok(ok(write_reply(&Value::Array(rows))))
    }
}

#[tokio::test]
async fn tasks_beyond_one_call_are_asked_for_side_by_side_and_come_in_order() {
    let client = client_over(Arc::new(InPairs(tokio::sync::Barrier::new(2))));
    let asked: Vec<TaskId> = (1..=1_000).rev().map(TaskId::new).collect();
    let seen = client.tasks(&asked);
    let seen = tokio::time::timeout(std::time::Duration::from_secs(30), seen).await;
    let seen: Vec<TaskId> = seen
        .expect("both are asked")
        .unwrap()
        .into_iter()
        .flatten()
        .map(|info| info.task)
        .collect();
    assert_eq!(seen, asked);
}

#[tokio::test]
async fn cancelling_says_nothing_about_what_became_of_the_task() {
    let (hub, client) = replay_in_bulk(&[
        "canceltask",
        "canceltask-closed",
        "canceltask-not-mine",
        "canceltask-unknown",
    ]);
    let answers = client.cancel_tasks(&[22, 5, 1, 999_999].map(TaskId::new)).await.unwrap();
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert_eq!(answers[2].as_ref().map_err(|fault| fault.code), Err(1004));
    assert_eq!(answers[3].as_ref().map_err(meaning), Err(Meaning::NoSuchTask));
    assert_eq!(sent_in_bulk(&hub)[0], recorded_call("canceltask"));
}

/// How the task of these three recordings ended: its class, its fault's code, and the label of the failed child.
async fn end_of(names: [&str; 3]) -> (FailureClass, Option<i64>, Option<String>, usize) {
    let (_, client) = replay_in_bulk(&names);
    let end = client.task_ends(&[TaskId::new(1)]).await.unwrap().remove(0);
    let label = failed_child(&end.children).and_then(|child| child.label.clone());
    let class = classify(end.fault.as_ref(), &end.children);
    (class, end.fault.map(|fault| fault.code), label, end.builds.len())
}

#[tokio::test]
async fn ends_of_tasks_are_read_from_result_children_and_builds() {
    let arch = end_of(["failed-arch-result", "failed-arch-children", "failed-arch-builds"]).await;
    assert_eq!(arch, (FailureClass::Build, Some(1005), Some("aarch64".to_owned()), 1));
    let srpm = end_of(["failed-srpm-result", "failed-srpm-children", "failed-srpm-builds"]).await;
    assert_eq!(srpm, (FailureClass::Srpm, Some(1005), Some("srpm".to_owned()), 0));
    let target = end_of([
        "failed-unknown-target-result",
        "failed-unknown-target-children",
        "failed-srpm-builds",
    ])
    .await;
    assert_eq!(target, (FailureClass::Infrastructure, Some(1000), None, 0));
    let taken = end_of([
        "failed-duplicate-result",
        "failed-unknown-target-children",
        "failed-duplicate-builds",
    ])
    .await;
    assert_eq!((taken.0, taken.1), (FailureClass::Source, Some(1000)));
    let locked = end_of([
        "locked-destination-result",
        "locked-destination-children",
        "locked-destination-builds",
    ])
    .await;
    assert_eq!(locked, (FailureClass::Tagging, Some(1004), Some("tag".to_owned()), 1));
    let crash = end_of(["failed-crash-result", "failed-srpm-children", "failed-srpm-builds"]).await;
    assert_eq!((crash.0, crash.1), (FailureClass::Unknown, Some(1)));
    let cancelled =
        end_of(["gettaskresult-canceled", "canceled-running-children", "canceled-running-builds"])
            .await;
    assert_eq!((cancelled.1, cancelled.3), (None, 1));
    let closed = end_of(["gettaskresult-closed", "gettaskchildren", "listbuilds-taskid"]).await;
    assert_eq!((closed.1, closed.2, closed.3), (None, None, 1));
}

#[tokio::test]
async fn what_a_task_is_asked_for_is_what_was_recorded() {
    let (hub, client) =
        replay_in_bulk(&["failed-arch-result", "failed-arch-children", "failed-arch-builds"]);
    client.task_ends(&[TaskId::new(13)]).await.unwrap();
    let calls = sent_in_bulk(&hub);
    assert_eq!(calls[0], recorded_call("failed-arch-result"));
    assert_eq!(calls[1], MethodCall::new("getTaskChildren").arg(13));
    assert_eq!(calls[2], recorded_call("failed-arch-builds"));
}

#[tokio::test]
async fn the_builds_of_a_task_are_asked_for_by_its_number() {
    let (hub, client) = replay_in_bulk(&["failed-arch-builds", "failed-srpm-builds"]);
    let builds = client.builds_of_tasks(&[13, 14].map(TaskId::new)).await.unwrap();
    assert_eq!(builds.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(sent_in_bulk(&hub)[0], recorded_call("failed-arch-builds"));
}

#[tokio::test]
async fn own_builds_are_found_by_owner_and_time_in_any_state() {
    let (hub, client) = replay(&["listtasks-own-builds"]);
    let since = Timestamp::from_epoch_seconds(1_795_310_242.0);
    let own = client.own_builds_since(UserId::new(2), since).await.unwrap();
    assert!(own.iter().any(|task| task.info.state == TaskState::Failed));
    assert!(own.is_sorted_by(|a, b| a.info.task > b.info.task));
    let first = own.last().unwrap();
    assert_eq!(first.source, "git+https://src.example.org/rpms/foo#1.0-1.eln");
    assert_eq!(
        (first.target.as_str(), first.token),
        ("eln-build-side-10", None),
        "the recorded token is none of ours"
    );
    let (ours, recorded) = (&sent(&hub)[0], recorded_call("listtasks-own-builds"));
    let keys = |value: &Value| {
        value.as_struct().unwrap().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&ours.params[0]), keys(&recorded.params[0]));
    assert_eq!(ours.params[1].get("order"), recorded.params[1].get("order"));
    assert_eq!(ours.params[0].get("createdAfter"), Some(&Value::Double(1_795_310_242.0)));
}

#[tokio::test]
async fn own_builds_are_read_page_by_page_and_none_twice() {
    let row = |id: i64| {
        let metadata = Value::object([(
            "ebs",
            Value::object([("token", "6ba7b810-9dad-11d1-80b4-00c04fd430c8".into())]),
        )]);
        let request = Value::Array(vec![
            "src".into(),
            "side".into(),
            Value::object([("custom_user_metadata", metadata)]),
        ]);
        Value::object([
            ("id", id.into()),
            ("state", 0.into()),
            ("method", "build".into()),
            ("request", request),
        ])
    };
    let page = |ids: std::ops::RangeInclusive<i64>| {
        ok(write_reply(&Value::Array(ids.rev().map(row).collect())))
    };
    let (hub, client) = client_of([page(501..=1000), page(1..=501 - 1), page(1..=1)]);
    let own = client.own_builds_since(UserId::new(2), Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(own.len(), 1000);
    assert!(own[0].token.is_some());
    let offsets: Vec<_> = sent(&hub)
        .iter()
        .map(|call| call.params[1].get("offset").and_then(Value::as_int))
        .collect();
    assert_eq!(offsets, [Some(0), Some(500), Some(1000)]);
}

#[tokio::test]
async fn outages_say_later_and_broken_answers_say_look() {
    for name in
        ["serveroffline", "serveroffline-message", "lockout", "database-outage", "plugin-error"]
    {
        let (_, client) = replay(&[name]);
        assert_eq!(client.last_event().await.unwrap_err().retry(), Retry::Later, "{name}");
    }
    let broken =
        [ok("<html>gateway</html>"), ok(""), Reply { status: StatusCode::BAD_GATEWAY, ..ok("") }];
    for answer in broken {
        let (hub, client) = client_of([answer.clone(), answer]);
        assert_eq!(client.last_event().await.unwrap_err().retry(), Retry::Look);
        assert_eq!(sent(&hub).len(), 2, "a read is repeated once");
    }
    for name in ["request-too-long", "http-broken-xml"] {
        let (_, client) = replay(&[name]);
        assert_eq!(client.last_event().await.unwrap_err().retry(), Retry::Never, "{name}");
    }
    let (_, client) = replay(&["http-get"]);
    assert_eq!(client.last_event().await.unwrap_err().retry(), Retry::Later);
}

#[test]
fn recorded_faults_mean_what_they_say() {
    let cases = [
        ("call-after-logout", Meaning::SessionGone),
        ("session-wrong-key", Meaning::SessionGone),
        ("login-wrong-password", Meaning::Other),
        ("gettag-deleted-strict", Meaning::NoSuchTag),
        ("getbuildtarget-unknown-strict", Meaning::NoSuchTarget),
        ("getbuild-unknown-strict", Meaning::NoSuchBuild),
        ("gettaskresult-unknown", Meaning::NoSuchTask),
        ("gettaskresult-canceled", Meaning::TaskCanceled),
        ("gettaskresult-unfinished", Meaning::TaskUnfinished),
        ("repo-checkrequest-unknown", Meaning::NoSuchRequest),
        ("untagbuild-not-tagged", Meaning::NotTagged),
        ("promotebuild-again", Meaning::NotADraft),
        ("createsidetag-policy-denied", Meaning::Policy),
        ("tagbuild-locked", Meaning::TagLocked),
    ];
    for (name, expected) in cases {
        assert_eq!(meaning(&recorded_fault(name)), expected, "{name}");
    }
    assert_eq!(
        meaning(&task_fault("failed-duplicate-result")),
        Meaning::BuildExists(BuildId::new(1))
    );
    assert_eq!(meaning(&task_fault("tagbuild-already-tagged-result")), Meaning::AlreadyTagged);
}

fn recorded_fault(name: &str) -> Fault {
    read_reply_value(&exchange(name).reply.unwrap()).unwrap().unwrap_err().into()
}

/// The fault of a task as `getTaskResult` gives it.
fn task_fault(name: &str) -> Fault {
    let value = read_reply_value(&exchange(name).reply.unwrap()).unwrap().unwrap();
    let (code, text) = (value.get("faultCode").unwrap(), value.get("faultString").unwrap());
    Fault { code: code.as_int().unwrap(), text: text.as_str().unwrap().to_owned() }
}

#[test]
fn of_fault_one_nothing_but_a_line_is_kept() {
    for name in [
        "listtasks-state-bare-int",
        "fault1-without-traceback",
        "session-malformed-id",
        "failed-crash-result",
    ] {
        let fault = if name == "failed-crash-result" {
            let whole = task_fault(name);
            ebs_shared::koji::xmlrpc::RawFault { code: whole.code, text: whole.text }.into()
        } else {
            recorded_fault(name)
        };
        assert!(
            !fault.text.is_empty() && fault.text.lines().count() == 1,
            "{name}: {}",
            fault.text
        );
        assert!(!fault.text.contains("File \""), "{name}");
    }
}
