use std::sync::Arc;

use axum::http::HeaderValue;
use ebs_shared::{clock::System, token::Token};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::store::{AuditRow, Location, SqlStore, Store as _, StoreOptions};

/// One instance, and the header of who may.
struct Ground {
    counter: Counter,
    store: SqlStore,
    may: HeaderMap,
    _folder: TempDir,
}

impl Ground {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
        let store = SqlStore::open(&StoreOptions::new(location)).await.unwrap();
        let (secret, token) = Token::make("alice", Scope::Operate, None, &System).unwrap();
        let file = folder.path().join("tokens");
        std::fs::write(&file, token.to_string()).unwrap();
        let mut may = HeaderMap::new();
        may.insert("authorization", HeaderValue::try_from(format!("Bearer {secret}")).unwrap());
        let desk = Desk {
            store: Arc::new(store.clone()),
            clock: Arc::new(System),
            tokens: Some(file),
            people: None,
        };
        let log = Logging { control: LogControl::idle("info"), instance: "ebs-1".to_owned() };
        Self { counter: Counter { desk, log }, store, may, _folder: folder }
    }

    fn counter(&self) -> State<Counter> {
        State(self.counter.clone())
    }

    async fn asked(&self, headers: &HeaderMap, body: Value) -> (u16, String) {
        let body = Bytes::from(body.to_string());
        said(change(self.counter(), headers.clone(), body).await).await
    }

    fn filter(&self) -> String {
        self.counter.log.control.filter()
    }

    async fn audit(&self) -> Vec<AuditRow> {
        self.store.audit(9).await.unwrap()
    }
}

async fn said(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 99_999).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_change_is_done_at_once_says_which_instance_and_stands_in_the_audit() {
    let ground = Ground::new().await;
    let (status, told) =
        ground.asked(&ground.may, json!({"filter": "debug", "reason": "hunting"})).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    let wanted = json!({"instance": "ebs-1", "filter": "debug", "usual": "info", "request": 1});
    assert_eq!((status, told), (200, wanted));
    assert_eq!(ground.filter(), "debug");
    let audit = ground.audit().await;
    let entry = &audit[0];
    let kept =
        (entry.who.as_str(), entry.action.as_str(), entry.subject.as_str(), entry.why.as_str());
    assert_eq!(kept, ("token/alice", "log", "debug of ebs-1", "hunting"));
    assert_eq!(entry.result.as_deref(), Some("done"));
    assert_eq!(ground.store.requests(9).await.unwrap(), [], "the leader has no part in it");
}

#[tokio::test]
async fn a_change_for_a_while_says_when_it_ends() {
    let ground = Ground::new().await;
    let until = ground.counter.desk.clock.now() + Duration::from_secs(600);
    let body = json!({"filter": "debug", "reason": "hunting", "until": until});
    let (status, _) = ground.asked(&ground.may, body).await;
    assert_eq!(status, 200);
    let (_, shown) = said(show(ground.counter()).await).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!((500..=600).contains(&shown["ends_in_s"].as_u64().unwrap()), "{shown}");
}

#[tokio::test]
async fn without_token_reason_filter_or_a_good_time_nothing_changes_and_it_is_said_why() {
    let ground = Ground::new().await;
    let now = ground.counter.desk.clock.now();
    let nobody = HeaderMap::new();
    let good = json!({"filter": "debug", "reason": "x"});
    for (headers, body, status, code) in [
        (&nobody, good.clone(), 401, "token_missing"),
        (&ground.may, json!({"filter": "debug"}), 400, "bad_body"),
        (&ground.may, json!({"filter": "debug", "reason": " "}), 400, "bad_body"),
        (&ground.may, json!({"filter": "inof", "reason": "x"}), 400, "bad_filter"),
        (&ground.may, json!({"filter": "debug", "reason": "x", "until": now}), 400, "bad_until"),
        (
            &ground.may,
            json!({"filter": "debug", "reason": "x", "until": now + MAX_SPAN * 2}),
            400,
            "bad_until",
        ),
    ] {
        let (had, told) = ground.asked(headers, body.clone()).await;
        assert!(had == status && told.contains(code), "{body}: {had} {told}");
    }
    assert_eq!((ground.filter().as_str(), ground.audit().await.len()), ("info", 0));
    // Not without the audit.
    ground.store.close().await;
    let (status, told) = ground.asked(&ground.may, good).await;
    assert!(status == 503 && told.contains("store_unavailable"), "{status} {told}");
    assert_eq!(ground.filter(), "info");
}

#[tokio::test]
async fn the_addresses_of_the_python_service_take_its_levels() {
    let ground = Ground::new().await;
    let post = async |level: &str, headers: &HeaderMap| {
        said(change_level(ground.counter(), Path(level.to_owned()), headers.clone()).await).await
    };
    assert_eq!(post("DEBUG", &HeaderMap::new()).await.0, 401);
    assert_eq!(post("LOUD", &ground.may).await.0, 400);
    for (level, filter) in [("DEBUG", "debug"), ("WARNING", "warn"), ("critical", "error")] {
        assert_eq!(post(level, &ground.may).await.0, 200, "{level}");
        assert_eq!(ground.filter(), filter);
    }
    let (status, text) = said(super::level(ground.counter(), Path("LOUD".to_owned())).await).await;
    assert!(status == 200 && text.contains("ebs-1: error") && text.contains("no level"), "{text}");
    assert_eq!(ground.audit().await.len(), 3);
}
