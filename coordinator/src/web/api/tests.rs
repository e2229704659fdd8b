use std::{path::PathBuf, sync::Arc, time::Duration};

use ebs_domain::{
    batch::{Batch, Ending, Group, GroupState, Phase, Preparing},
    id::{BatchId, Component},
    package_list::{Guards, PackageList},
};
use ebs_shared::{clock::System, token::Token};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    lists,
    store::{
        BatchRow, Candidate, Change, DeadRow, DenyRow, GroupRow, Lease, ListRow, Location,
        MemberRow, OrphanKind, OrphanRow, SqlStore, Store as _, StoreOptions,
    },
};

/// A server with its store and its file of tokens.
struct Running {
    base: String,
    client: reqwest::Client,
    store: SqlStore,
    epoch: ebs_domain::id::Epoch,
    folder: TempDir,
}

fn dead(job: &str) -> DeadRow {
    DeadRow {
        job: job.to_owned(),
        batch: BatchId::new(7),
        update_group: None,
        kind: "submit_builds".to_owned(),
        what: "build bash into eln-build-side-1, attempt 1".to_owned(),
        attempts: 5,
        error: "its holder vanished in each of 5 attempts".to_owned(),
        since: Timestamp::from_millis(1_795_348_800_000),
        workers: "worker-1 worker-3".to_owned(),
        suffers: "group 2 of batch 1".to_owned(),
    }
}

impl Running {
    async fn start(tokens: bool) -> Self {
        // A second test of the same process finds it set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
        let store = SqlStore::open(&StoreOptions::new(location)).await.unwrap();
        let candidate = Candidate {
            owner: "a-1".to_owned(),
            instance: "a".to_owned(),
            ttl: Duration::from_secs(60),
        };
        let Lease::Leading { epoch } = store.lead(&candidate).await.unwrap() else {
            panic!("nobody else leads")
        };
        store.commit(epoch, vec![Change::PutDead(dead("b7.1.submit_builds#3"))]).await.unwrap();
        let file: PathBuf = folder.path().join("tokens");
        let desk = Desk {
            store: Arc::new(store.clone()),
            clock: Arc::new(System),
            tokens: tokens.then_some(file),
            people: None,
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes(desk)).await });
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(20)).no_proxy().build().unwrap();
        Self { base, client, store, epoch, folder }
    }

    /// Writes a file with one new token of this scope; its secret.
    fn token(&self, scope: Scope) -> String {
        let (secret, token) = Token::make("alice", scope, None, &System).unwrap();
        std::fs::write(self.folder.path().join("tokens"), token.to_string()).unwrap();
        secret
    }

    async fn post(&self, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.base)).body(body.to_owned());
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn redrive(&self, token: Option<&str>) -> (u16, Value) {
        let body = r#"{"reason": "the worker is mended"}"#;
        self.post("/api/dead/b7.1.submit_builds%233/redrive", token, body).await
    }

    /// A leader that answers the next request so.
    async fn leader_says(&self, result: &str) {
        let request = loop {
            if let Some(request) = self.store.requests(9).await.unwrap().pop() {
                break request;
            }
            tokio::task::yield_now().await;
        };
        let answer = Change::AnswerRequest {
            id: request.id,
            done: Timestamp::from_millis(1_795_348_900_000),
            result: result.to_owned(),
        };
        self.store.commit(self.epoch, vec![answer]).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_file_of_tokens_a_change_is_refused_with_what_to_do() {
    let running = Running::start(false).await;
    let (status, body) = running.redrive(Some("ebs_guess")).await;
    assert_eq!((status, &body["error"]), (403, &json!("changes_off")));
    assert!(body["text"].as_str().unwrap().contains("`ebsctl token new`"), "{body}");
    assert!(running.store.audit(9).await.unwrap().is_empty(), "nothing is stored");
}

#[tokio::test]
async fn a_change_is_stored_for_the_leader_and_its_answer_is_told() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Operate);
    let (answer, ()) = tokio::join!(running.redrive(Some(&token)), running.leader_says("done"));
    assert_eq!(answer, (200, json!({"request": 1, "result": "done"})));
    let (answer, ()) =
        tokio::join!(running.redrive(Some(&token)), running.leader_says("refused: it is gone"));
    assert_eq!(answer, (409, json!({"error": "refused", "text": "it is gone"})));
    let entry = running.store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!((entry.who.as_str(), entry.action.as_str()), ("token/alice", "redrive"));
    assert_eq!(entry.subject, "b7.1.submit_builds#3");
    assert_eq!(entry.why, "the worker is mended");
    assert_eq!(entry.result.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_line_taken_out_of_the_file_is_a_token_revoked() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Read);
    assert_eq!(running.redrive(Some(&token)).await.0, 403, "its scope is reading");
    let other = running.token(Scope::Operate);
    assert_ne!(token, other);
    let (status, body) = running.redrive(Some(&token)).await;
    assert_eq!((status, &body["error"]), (401, &json!("token_refused")));
    std::fs::write(running.folder.path().join("tokens"), "this is no token").unwrap();
    let (status, body) = running.redrive(Some(&other)).await;
    assert_eq!((status, &body["error"]), (503, &json!("tokens_unreadable")));
    assert!(!body.to_string().contains("no token"), "nothing of the file is shown: {body}");
    assert_eq!(running.redrive(None).await.1["error"], "token_missing");
}

#[tokio::test]
async fn a_change_without_a_reason_or_of_an_impossible_job_is_refused() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Operate);
    let long = json!({"reason": "x".repeat(501)}).to_string();
    for body in ["", "{}", r#"{"reason": "  "}"#, r#"{"reason": "a\u0007b"}"#, &long] {
        let (status, answer) = running.post("/api/dead/j/give-up", Some(&token), body).await;
        assert_eq!((status, &answer["error"]), (400, &json!("reason_needed")), "{body}");
    }
    let path = format!("/api/dead/{}/give-up", "j".repeat(201));
    let (status, answer) = running.post(&path, Some(&token), r#"{"reason": "r"}"#).await;
    assert_eq!((status, &answer["error"]), (400, &json!("bad_name")));
    assert!(running.store.requests(9).await.unwrap().is_empty(), "nothing is stored");
}

#[tokio::test]
async fn the_list_is_for_everybody_and_the_audit_for_those_with_a_token() {
    let running = Running::start(true).await;
    let get = async |path: &str, token: &str| {
        let request = running.client.get(format!("{}{path}", running.base)).bearer_auth(token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, list) = get("/api/dead", "nobody").await;
    assert_eq!((status, &list[0]["job"]), (200, &json!("b7.1.submit_builds#3")));
    assert_eq!((&list[0]["attempts"], &list[0]["batch"]), (&json!(5), &json!(7)));
    let token = running.token(Scope::Read);
    assert_eq!(get("/api/audit", "nobody").await.0, 401);
    assert_eq!(get("/api/audit", &token).await, (200, json!([])));
}

#[tokio::test]
async fn what_belongs_to_no_batch_is_told_to_anybody() {
    let running = Running::start(false).await;
    let row = OrphanRow {
        kind: OrphanKind::SideTag,
        name: "eln-build-side-7".to_owned(),
        what: "a side tag".to_owned(),
        first_seen: Timestamp::from_millis(1),
        last_seen: Timestamp::from_millis(2),
        removal: None,
    };
    running.store.commit(running.epoch, vec![Change::PutOrphan(row)]).await.unwrap();
    let answer = running.client.get(format!("{}/api/orphans", running.base)).send().await.unwrap();
    let told: Value = answer.json().await.unwrap();
    let wanted = json!([{"kind": "side_tag", "name": "eln-build-side-7", "what": "a side tag", "first_seen": 1,
        "last_seen": 2, "removal": null}]);
    assert_eq!(told, wanted);
}

/// A list of a hundred names that jumps to two hundred.
fn jumping() -> ListRow {
    let names = |count: u32| (0..count).map(|n| format!("p{n}").parse().unwrap()).collect();
    let (mut list, guards) = (PackageList::default(), Guards::default());
    list.hear(&names(100), &guards, None, Timestamp::from_millis(1_795_348_800_000));
    list.hear(&names(200), &guards, None, Timestamp::from_millis(1_795_348_900_000));
    ListRow {
        name: "eln/source".to_owned(),
        revision: 1,
        state: serde_json::to_string(&lists::Kept { v: 1, list }).unwrap(),
        tried: Timestamp::from_millis(1_795_348_900_000),
        fault: None,
        confirmed: None,
    }
}

#[tokio::test]
async fn a_list_that_jumps_is_told_to_anybody_with_what_would_change() {
    let running = Running::start(false).await;
    running.store.put_list(jumping()).await.unwrap();
    let url = format!("{}/api/v1/lists", running.base);
    let told: Value = running.client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&told[0]["name"], &told[0]["acting"]), (&json!("eln/source"), &json!(100)));
    let held = &told[0]["held"];
    assert_eq!((&held["entering"], &held["leaving"]), (&json!(100), &json!(0)));
    assert_eq!(
        (&held["since"], &held["confirmed"]),
        (&json!(1_795_348_900_000_i64), &json!(false))
    );
    assert_eq!(held["enter"].as_array().unwrap().len(), 50, "the first of them");
}

#[tokio::test]
async fn who_confirms_a_jump_names_the_one_that_was_seen() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Operate);
    running.store.put_list(jumping()).await.unwrap();
    let path = "/api/v1/lists/eln/source/confirm";
    let (status, answer) = running.post(path, Some(&token), r#"{"reason": "meant"}"#).await;
    assert_eq!((status, &answer["error"]), (400, &json!("bad_body")));
    assert!(answer["text"].as_str().unwrap().contains(r#""since": "#), "{answer}");
    for (path, since) in [(path, 1), ("/api/v1/lists/eln/none/confirm", 1_795_348_900_000_i64)] {
        let body = json!({"reason": "meant", "since": since}).to_string();
        let (status, answer) = running.post(path, Some(&token), &body).await;
        assert_eq!((status, &answer["error"]), (409, &json!("not_held")), "{path}");
    }
    let body = r#"{"reason": " ", "since": 1795348900000}"#;
    assert_eq!(running.post(path, Some(&token), body).await.1["error"], "reason_needed");
    assert!(running.store.requests(9).await.unwrap().is_empty(), "nothing is stored");
    let body = r#"{"reason": "meant", "since": 1795348900000}"#;
    let (answer, ()) =
        tokio::join!(running.post(path, Some(&token), body), running.leader_says("done"));
    assert_eq!(answer.0, 200);
    let entry = running.store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!((entry.action.as_str(), entry.subject.as_str()), ("confirm_list", "eln/source"));
}

fn denial(component: &str) -> DenyRow {
    let at = Timestamp::from_millis;
    DenyRow {
        source: format!("git+https://src.example.org/rpms/{component}#0123").parse().unwrap(),
        component: component.parse().unwrap(),
        class: "build".to_owned(),
        text: "error".to_owned(),
        batch: Some(BatchId::new(7)),
        task: None,
        first: at(1),
        last: at(2),
        count: 1,
        expires: at(i64::MAX),
    }
}

#[tokio::test]
async fn what_a_pattern_takes_off_the_deny_list_is_told_first_and_asked_for_by_source() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Operate);
    let rows = ["bash", "bash-completion", "zsh"].map(|name| Change::Deny(denial(name))).to_vec();
    running.store.commit(running.epoch, rows).await.unwrap();
    let path = "/api/v1/denied/remove";
    let tried = r#"{"reason": "mended", "pattern": "^bash", "dry_run": true}"#;
    let (status, answer) = running.post(path, Some(&token), tried).await;
    let names: Vec<_> = answer["would_remove"].as_array().unwrap().iter().collect();
    assert_eq!((status, names.len()), (200, 2), "{answer}");
    assert!(running.store.requests(9).await.unwrap().is_empty(), "nothing is stored");
    let body = r#"{"reason": "mended", "pattern": "^bash$"}"#;
    let (answer, ()) =
        tokio::join!(running.post(path, Some(&token), body), running.leader_says("done"));
    assert_eq!(answer.0, 200);
    let entry = running.store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!((entry.action.as_str(), entry.subject.as_str()), ("undeny", "^bash$"));
}

#[tokio::test]
async fn the_whole_deny_list_is_set_aside_with_one_word_that_stands_in_the_audit() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Operate);
    let rows = ["bash", "zsh"].map(|name| Change::Deny(denial(name))).to_vec();
    running.store.commit(running.epoch, rows).await.unwrap();
    let path = "/api/v1/denied/remove";
    let tried = r#"{"reason": "mass rebuild", "all": true, "dry_run": true}"#;
    let (status, answer) = running.post(path, Some(&token), tried).await;
    assert_eq!((status, answer["would_remove"].as_array().unwrap().len()), (200, 2), "{answer}");
    assert!(running.store.requests(9).await.unwrap().is_empty(), "nothing is stored");
    let body = r#"{"reason": "mass rebuild", "all": true}"#;
    let (answer, ()) =
        tokio::join!(running.post(path, Some(&token), body), running.leader_says("done"));
    assert_eq!(answer.0, 200);
    let entry = running.store.audit(9).await.unwrap().pop().unwrap();
    let told = (entry.action.as_str(), entry.subject.as_str(), entry.why.as_str());
    assert_eq!(told, ("undeny", "all", "mass rebuild"));
}

#[tokio::test]
async fn a_removal_that_names_nothing_or_twice_or_badly_is_refused_with_the_way_out() {
    let running = Running::start(true).await;
    let token = running.token(Scope::Operate);
    let path = "/api/v1/denied/remove";
    for (body, status, code) in [
        (r#"{"reason": "r"}"#, 400, "bad_choice"),
        (r#"{"reason": "r", "source": "a", "pattern": "b"}"#, 400, "bad_choice"),
        (r#"{"reason": "r", "pattern": "("}"#, 400, "bad_choice"),
        (r#"{"reason": "r", "pattern": ".", "all": true}"#, 400, "bad_choice"),
        (r#"{"reason": "r", "all": false}"#, 400, "bad_choice"),
        (r#"{"reason": "r", "sauce": "a"}"#, 400, "bad_body"),
        (r#"{"reason": "r", "pattern": "^none$"}"#, 404, "not_denied"),
    ] {
        let (got, answer) = running.post(path, Some(&token), body).await;
        assert_eq!((got, &answer["error"]), (status, &json!(code)), "{body}: {answer}");
    }
    assert_eq!(running.post(path, None, r#"{"reason": "r"}"#).await.0, 401);
}

/// A batch that has ended, with a group that is held and one that is empty.
fn ended_with_groups() -> Vec<Change> {
    let (id, at) = (BatchId::new(57), Timestamp::from_millis(5));
    let plan: ebs_domain::batch::Plan = serde_json::from_value(json!({
        "snapshot": 1, "target": "eln", "trigger_tag": "f45", "stable_tag": "eln", "scratch": false,
        "draft": true, "fail_fast": true, "wait_repo": true, "batch_size": 0,
        "max_single_batch_size": 0, "max_open_builds": 9, "build_timeout": {"secs": 1, "nanos": 0},
        "build_timeouts": {}, "side_tag_timeout": {"secs": 1, "nanos": 0},
        "stable_timeout": {"secs": 1, "nanos": 0}, "stable_warn": {"secs": 1, "nanos": 0},
        "poll_gap": {"secs": 1, "nanos": 0},
    }))
    .unwrap();
    let mut batch = Batch::form(id, uuid::Uuid::nil(), plan, Vec::new(), at);
    batch.phase = Phase::Ended { ending: Ending::Done };
    let row = BatchRow {
        id,
        phase: "done".to_owned(),
        state: serde_json::to_string(&batch).unwrap(),
        created: at,
        phase_since: at,
        ended: Some(at),
        summary: None,
        lingers: false,
    };
    let group = |number, state| {
        let group = Group { packed: Vec::new(), state };
        Change::PutGroup(GroupRow {
            batch: id,
            number,
            state: serde_json::to_string(&group).unwrap(),
            shown: group.word().to_owned(),
            open: group.is_open(),
        })
    };
    let held = GroupState::Held { tag: "errata-1".parse().unwrap(), text: "no".to_owned() };
    vec![Change::PutBatch(row), group(1, held), group(2, GroupState::Empty)]
}

#[tokio::test]
async fn a_decision_on_a_held_group_is_judged_from_the_store_tried_first_and_then_asked_for() {
    let running = Running::start(true).await;
    running.store.commit(running.epoch, ended_with_groups()).await.unwrap();
    let token = running.token(Scope::Operate);
    let place = |group: &str, action: &str| format!("/api/v1/batches/57/groups/{group}/{action}");
    let said = async |group: &str, action: &str, body: &str| {
        let (status, body) = running.post(&place(group, action), Some(&token), body).await;
        (status, body["text"].as_str().unwrap_or_default().to_owned(), body["would"].clone())
    };
    let dry = r#"{"reason": "unwanted", "dry_run": true}"#;
    let (status, _, would) = said("1", "discard", dry).await;
    let removed =
        "errata-1 is removed and its 0 builds are left out, unless there is an update from it";
    assert_eq!((status, would), (200, json!(removed)));
    let (status, _, would) = said("1", "retry", dry).await;
    let made = "an update of 0 builds is made from errata-1, unless there is one";
    assert_eq!((status, would), (200, json!(made)));
    let (status, text, _) = said("2", "retry", dry).await;
    assert_eq!((status, text.contains("group 2 of batch 57 is empty")), (409, true), "{text}");
    let (status, text, _) = said("3", "retry", dry).await;
    assert_eq!((status, text.contains("`ebsctl status`")), (404, true), "{text}");
    let (status, text, _) = said("x", "retry", dry).await;
    assert_eq!((status, text.contains("by their numbers")), (400, true), "{text}");
    assert_eq!(said("1", "discard", "{}").await.0, 400);
    assert_eq!(running.post(&place("1", "discard"), None, dry).await.0, 401);
    assert!(running.store.audit(9).await.unwrap().is_empty(), "nothing is asked for yet");
    let body = r#"{"reason": "unwanted"}"#;
    let (answer, ()) = tokio::join!(said("1", "discard", body), running.leader_says("done"));
    assert_eq!(answer.0, 200);
    let audit = running.store.audit(9).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.subject.as_str()), ("discard_group", "b57.g1"));
    assert_eq!((audit.who.as_str(), audit.why.as_str()), ("token/alice", "unwanted"));
}

/// The same batch as it is prepared, with a component that waits for its slice.
fn preparing() -> Vec<Change> {
    let mut changes = ended_with_groups();
    let Some(Change::PutBatch(row)) = changes.first_mut() else { panic!("a batch") };
    let mut batch: Batch = serde_json::from_str(&row.state).unwrap();
    batch.phase = Phase::Preparing(Preparing::CreatingTag { base: "eln-build".parse().unwrap() });
    (row.state, row.ended) = (serde_json::to_string(&batch).unwrap(), None);
    "preparing".clone_into(&mut row.phase);
    let member = json!({
        "rawhide": 7, "rawhide_nvr": "freeipa-4-1.fc45", "order": 1000, "seed": true, "trigger": null,
        "source": "git+https://src.example.org/rpms/freeipa#0123", "failures": 0, "dropped": false,
        "build": {"build": "waiting"}, "since": 5,
    });
    let component: Component = "ipa".parse().unwrap();
    let shown = "waiting".to_owned();
    let row = MemberRow { batch: BatchId::new(57), component, state: member.to_string(), shown };
    changes.truncate(1);
    changes.push(Change::PutMembers(vec![row]));
    changes
}

#[tokio::test]
async fn what_is_asked_of_a_batch_is_judged_from_the_store_tried_first_and_then_asked_for() {
    let running = Running::start(true).await;
    running.store.commit(running.epoch, preparing()).await.unwrap();
    let token = running.token(Scope::Operate);
    let said = async |place: &str, body: &str| {
        let place = format!("/api/v1/batches/{place}");
        let (status, body) = running.post(&place, Some(&token), body).await;
        (status, body["text"].as_str().unwrap_or_default().to_owned(), body["would"].clone())
    };
    let dry = r#"{"reason": "r", "component": "freeipa", "dry_run": true}"#;
    let (status, _, would) = said("57/drop", dry).await;
    assert_eq!((status, &would[0]), (200, &json!("its build is not asked for")));
    let (status, _, would) = said("57/fail", dry).await;
    assert_eq!((status, would.as_array().map(Vec::len)), (200, Some(2)));
    let (status, text, _) = said("57/detach", dry).await;
    assert_eq!((status, text.contains("has no task yet")), (409, true), "{text}");
    let (status, _, would) = said("57/abort", r#"{"reason": "r", "dry_run": true}"#).await;
    assert_eq!((status, would.as_array().map(Vec::len)), (200, Some(3)), "{would}");
    for (place, body, code, words) in [
        ("58/abort", r#"{"reason": "r"}"#, 404, "Batch 58 does not run"),
        ("x/abort", r#"{"reason": "r"}"#, 400, "by its number"),
        ("57/stop", r#"{"reason": "r"}"#, 404, "`fail` and `detach`"),
        ("57/drop", r#"{"reason": "r"}"#, 400, "Name the `component`"),
        ("57/drop", r#"{"reason": "r", "component": "bash"}"#, 404, "no such component"),
        (
            "57/drop",
            r#"{"reason": "r", "component": "ipa", "requeue": true}"#,
            400,
            "`abort` alone",
        ),
        ("57/abort", r#"{"reason": "r", "component": "ipa"}"#, 400, "takes no `component`"),
        ("57/abort", "{}", 400, "The body is"),
    ] {
        let (status, text, _) = said(place, body).await;
        assert_eq!((status, text.contains(words)), (code, true), "{place} {body}: {text}");
    }
    assert_eq!(running.post("/api/v1/batches/57/abort", None, dry).await.0, 401);
    assert!(running.store.audit(9).await.unwrap().is_empty(), "nothing is asked for yet");
    let body = r#"{"reason": "it loops", "component": "freeipa"}"#;
    let (answer, ()) = tokio::join!(said("57/fail", body), running.leader_says("done"));
    assert_eq!(answer.0, 200);
    let audit = running.store.audit(9).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.subject.as_str()), ("fail", "b57 fail ipa"));
}
