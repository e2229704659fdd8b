use async_trait::async_trait;
use ebs_domain::{
    id::BatchId,
    policy::{Policy, Rules},
};
use ebs_shared::{
    bodhi::{BodhiMetrics, BodhiUpdates},
    clients::{self, Means},
    clock::System,
    config::{StaticConfig, parse_static},
    exchange::{Exchange, HttpExchange},
    koji::{client::HubClient, metrics::KojiMetrics},
    telemetry::LogControl,
    token::{Scope, Token},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::*;
use crate::{
    board::{Board, BoardMetrics},
    refresh::plan,
    snapshot::{Snapshot, Taken},
    store::{Location, SqlStore, StoreErrorKind, StoreOptions},
    web::{QUESTIONS, sample},
};

struct Fixed {
    broken: bool,
}

#[async_trait]
impl Pages for Fixed {
    async fn snapshot(&self) -> Result<Overview, StoreError> {
        if self.broken {
            return Err(StoreError {
                what: "read",
                kind: StoreErrorKind::Broken("secret internals".to_owned()),
            });
        }
        Ok(sample::overview())
    }
}

/// A configuration of a Fedora that is not there.
fn nowhere() -> StaticConfig {
    let text = "configuration:
  koji: {profile: sim, build_target: eln, stable_tag: eln, scratch_build: false, fail_fast: true}
  bodhi: {staging: false}
  open_id_connect: false
  email: false
ebs:
  koji: {hub_url: 'http://127.0.0.1:1/kojihub'}
  bodhi: {url: 'http://127.0.0.1:1/'}
  database: {url: 'sqlite:none'}
";
    parse_static("static.yaml", text).unwrap().config
}

/// Fedora, which is not there.
fn nobody(metrics: &Metrics) -> (HubClient, BodhiUpdates) {
    let config = nowhere();
    let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new().unwrap());
    let means = Means { exchange: &exchange, kerberos: None };
    let hub = clients::hub(&means, &config, KojiMetrics::register(metrics).unwrap());
    (hub, clients::bodhi(&means, &config, BodhiMetrics::register(metrics).unwrap()))
}

/// A server on a free port, with what it shows.
struct Running {
    base: String,
    client: reqwest::Client,
    health: Health,
    store: SqlStore,
    metrics: Metrics,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<io::Result<()>>,
    _folder: TempDir,
}

impl Running {
    async fn start(broken: bool) -> Self {
        Self::start_with(broken, None).await
    }

    /// One where who has this token may change things.
    async fn start_with(broken: bool, token: Option<Token>) -> Self {
        // A second test of the same process finds it set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
        let store = SqlStore::open(&StoreOptions::new(location)).await.unwrap();
        let (health, metrics, stop) =
            (Health::default(), Metrics::new().unwrap(), CancellationToken::new());
        let (hub, updates) = nobody(&metrics);
        let hub = Arc::new(hub);
        let tokens = token.map(|token| {
            let file = folder.path().join("tokens");
            std::fs::write(&file, token.to_string()).unwrap();
            file
        });
        let served = Served {
            health: health.clone(),
            store: Arc::new(store.clone()),
            pages: Arc::new(Fixed { broken }),
            metrics: metrics.clone(),
            desk: Desk {
                store: Arc::new(store.clone()),
                clock: Arc::new(System),
                tokens,
                people: None,
            },
            log: Logging { control: LogControl::idle("info"), instance: "tested".to_owned() },
            witness: Witness {
                store: Arc::new(store.clone()),
                board: Board::new(Arc::new(System), BoardMetrics::register(&metrics).unwrap()),
                clock: Arc::new(System),
                hub: Arc::clone(&hub) as Arc<dyn ebs_shared::koji::api::Hub>,
                questions: Arc::new(Semaphore::new(QUESTIONS)),
            },
            asking: Asking {
                hub,
                updates: Arc::new(updates),
                store: Arc::new(store.clone()),
                board: Board::new(
                    Arc::new(System),
                    BoardMetrics::register(&Metrics::new().unwrap()).unwrap(),
                ),
                clock: Arc::new(System),
            },
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(listener, served, stop.clone()));
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(20)).no_proxy().build().unwrap();
        Self { base, client, health, store, metrics, stop, server, _folder: folder }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        let answer = self.get(path).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn the_page_and_its_files_are_served_with_strict_headers() {
    let running = Running::start(false).await;
    for (path, kind) in
        [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")]
    {
        let answer = running.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind), "{path}");
        assert!(
            answer.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'")
        );
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
    let page = running.get("/").await.text().await.unwrap();
    assert!(page.contains("https://koji.fedoraproject.org/koji/taskinfo?taskID="));
    // What the policy forbids must not be in the page, or it would not work.
    assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" onclick"));
}

#[tokio::test]
async fn the_status_is_the_overview_as_json() {
    let running = Running::start(false).await;
    let (status, json) = running.json("/status.json").await;
    assert_eq!(status, 200);
    assert_eq!(json, serde_json::to_value(sample::overview()).unwrap());
    assert_eq!(json["current"]["id"], serde_json::to_value(BatchId::new(57)).unwrap());
    assert_eq!(json["current"]["builds"][0]["state"], "succeeded");
}

#[tokio::test]
async fn without_an_overview_the_page_says_so_and_shows_no_internals() {
    let running = Running::start(true).await;
    let page = running.get("/").await;
    assert_eq!(page.status(), 503);
    assert!(!page.text().await.unwrap().contains("secret"));
    assert_eq!(
        running.json("/status.json").await,
        (503, serde_json::json!({"error": "store_unavailable"}))
    );
}

#[tokio::test]
async fn readiness_names_what_fails_and_asks_the_database_itself() {
    let running = Running::start(false).await;
    running.health.part("queue", Need::Always, None).ill("the queue refuses the password");
    running.health.set_started();
    let (status, json) = running.json("/ready").await;
    assert_eq!(status, 503);
    insta::assert_snapshot!(json, @r#"{"conditions":[{"fault":null,"name":"database","need":"always"},{"fault":"the queue refuses the password","name":"queue","need":"always"}],"leading":false,"ok":false,"role":"standby"}"#);

    running.health.part("queue", Need::Always, None).well();
    assert_eq!(running.json("/ready").await.0, 200);
    running.store.close().await;
    let (status, json) = running.json("/ready").await;
    assert_eq!(
        (status, &json["conditions"][0]["fault"]),
        (503, &Value::from("the database is not available"))
    );
}

#[tokio::test]
async fn a_process_is_alive_before_it_has_started() {
    let running = Running::start(false).await;
    assert_eq!(running.json("/alive").await.0, 200);
    assert_eq!(running.json("/startup").await.0, 503);
    running.health.set_started();
    assert_eq!(running.json("/startup").await.0, 200);
}

#[tokio::test]
async fn metrics_are_text_for_prometheus() {
    let running = Running::start(false).await;
    running
        .metrics
        .gauge("ebs_triggers_pending", "Triggers.", &[])
        .unwrap()
        .with_label_values::<&str>(&[])
        .set(3);
    let answer = running.get("/metrics").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(answer.text().await.unwrap().contains("ebs_triggers_pending 3"));
}

#[tokio::test]
async fn nothing_can_be_changed_and_large_bodies_are_refused() {
    let running = Running::start(false).await;
    for path in ["/", "/status.json", "/ready", "/metrics"] {
        let answer = running.client.post(format!("{}{path}", running.base)).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
    }
    let large = running
        .client
        .get(&running.base)
        .body(vec![b' '; 2 * BODY_LIMIT_BYTES])
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
}

#[tokio::test]
async fn the_server_ends_when_it_is_told_to() {
    let running = Running::start(false).await;
    running.stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), running.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn before_the_database_is_reached_all_but_life_is_refused() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let server = tokio::spawn(listen::serve(
        listener,
        waiting("away".to_owned()),
        Bounds::default(),
        stop.clone(),
    ));
    for (path, wanted) in [("/alive", 200), ("/ready", 503), ("/startup", 503), ("/", 503)] {
        let answer = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(answer.status(), wanted, "{path}");
    }
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_component_is_explained_by_any_of_its_names_and_what_is_no_name_is_refused() {
    let running = Running::start(false).await;
    let (status, told) = running.json("/api/v1/components/bash-5.3-1.fc45").await;
    assert_eq!((status, &told["component"]), (200, &Value::from("bash")));
    assert!(told["verdict"].as_str().unwrap().contains("has not been read yet"), "{told}");
    assert_eq!(told["steps"][0]["blocks"], true);
    let url = "git%2Bhttps:%2F%2Fsrc.fedoraproject.org%2Frpms%2Fbash%230123";
    let (status, told) = running.json(&format!("/api/v1/components/{url}")).await;
    assert_eq!((status, &told["component"]), (200, &Value::from("bash")));
    assert_eq!(running.json("/api/v1/components/two%20words").await.0, 400);
}

#[tokio::test]
async fn what_koji_has_is_not_waited_for_when_it_is_away_or_asked_much_already() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
    let store = SqlStore::open(&StoreOptions::new(location)).await.unwrap();
    let witness = |questions| Witness {
        store: Arc::new(store.clone()),
        board: Board::new(
            Arc::new(System),
            BoardMetrics::register(&Metrics::new().unwrap()).unwrap(),
        ),
        clock: Arc::new(System),
        hub: Arc::new(nobody(&Metrics::new().unwrap()).0),
        questions: Arc::new(Semaphore::new(questions)),
    };
    let snapshot = Snapshot {
        policy: Arc::new(Policy::new(1, Rules::default(), Vec::new())),
        plan: plan(&nowhere(), 1, "f45".parse().unwrap()),
        paused: false,
        taken: Taken::default(),
    };
    let bash = "bash".parse().unwrap();
    let away = witness(1).latest(&bash, &snapshot).await.unwrap_err();
    assert!(away.starts_with("Koji does not answer"), "{away}");
    let much = witness(0).latest(&bash, &snapshot).await.unwrap_err();
    assert_eq!(much, "Koji is being asked much already");
}

#[tokio::test]
async fn without_a_configuration_there_is_no_preview_and_it_says_so() {
    let running = Running::start(false).await;
    let (status, told) = running.json("/api/v1/next").await;
    assert_eq!((status, &told["error"]), (503, &Value::from("no_configuration")));
}

#[tokio::test]
async fn triggers_are_asked_for_with_a_token_only() {
    let running = Running::start(false).await;
    for (path, body) in
        [("/api/v1/triggers", r#"{"reason": "r", "names": ["bash"]}"#), ("/trigger", r#"["bash"]"#)]
    {
        let ask = running.client.post(format!("{}{path}", running.base)).body(body);
        let answer = ask.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}: changes are off without a file of tokens");
    }
}

#[tokio::test]
async fn where_nobody_logs_in_there_is_no_page_of_a_login() {
    let running = Running::start(false).await;
    for path in ["/login", "/logout", "/oidc/callback?code=a&state=b", "/trigger", "/control/pause"]
    {
        let answer = running.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.text().await.unwrap().contains("There is no login"), "{path}");
    }
    assert!(!running.get("/").await.text().await.unwrap().contains("log in"));
}

#[tokio::test]
async fn before_the_configuration_is_read_clients_of_the_python_service_hear_503_as_from_it() {
    let (secret, token) = Token::make("alice", Scope::Operate, None, &System).unwrap();
    let running = Running::start_with(false, Some(token)).await;
    for (body, kind) in
        [(r#"["bash"]"#, "application/json"), ("[]", "application/json"), ("bash", "text/plain")]
    {
        let ask = running.client.post(format!("{}/trigger", running.base)).bearer_auth(&secret);
        let answer = ask.header("content-type", kind).body(body).send().await.unwrap();
        let (status, told) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert_eq!((status.as_u16(), &told["error"]), (503, &Value::from("no_configuration")));
    }
    assert!(running.store.requests(9).await.unwrap().is_empty(), "nothing is stored");
}
