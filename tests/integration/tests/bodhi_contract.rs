//! The Bodhi client against exchanges recorded from a real server: the same requests, every kind of answer.

#![cfg(test)]

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_shared::{
    bodhi::{
        BodhiMetrics, BodhiParts, BodhiUpdates, TokenError, TokenSource,
        api::{BodhiErrorKind, NewUpdate, Update, Updates},
    },
    config::{BodhiClient, SecretText},
    exchange::HttpExchange,
    telemetry::Metrics,
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path, query_param, query_param_is_missing},
};

/// A token that is always the same.
struct Fixed;

#[async_trait]
impl TokenSource for Fixed {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        Ok(SecretText::new("fake-access-token-0001"))
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../recordings/bodhi")
}

/// The recorded exchange of this name.
fn exchange(name: &str) -> Value {
    let index: Value =
        serde_json::from_slice(&fs::read(folder().join("index.json")).unwrap()).unwrap();
    let all = index["exchanges"].as_array().unwrap();
    all.iter()
        .find(|exchange| exchange["name"] == name)
        .unwrap_or_else(|| panic!("no exchange {name}"))
        .clone()
}

/// The recorded answer of this name, with its headers.
fn recorded(name: &str) -> ResponseTemplate {
    let reply = exchange(name)["reply"].clone();
    let status = u16::try_from(reply["status"].as_u64().unwrap()).unwrap();
    let mut template = ResponseTemplate::new(status);
    if let Some(body) = reply["body"].as_str() {
        template = template.set_body_bytes(fs::read(folder().join(body)).unwrap());
    }
    for pair in reply["headers"].as_array().unwrap() {
        let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        if !name.eq_ignore_ascii_case("location") {
            template = template.append_header(name, value);
        }
    }
    template
}

fn parts(config: BodhiClient, metrics: Option<BodhiMetrics>) -> BodhiParts {
    let exchange = Arc::new(HttpExchange::new().unwrap());
    BodhiParts { exchange, config, token: Arc::new(Fixed), metrics }
}

fn client(server: &MockServer) -> BodhiUpdates {
    client_within(server, Duration::from_secs(10))
}

fn client_within(server: &MockServer, limit: Duration) -> BodhiUpdates {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let config = BodhiClient {
        url: server.uri().parse().unwrap(),
        idp_url: None,
        token_file: None,
        authority_file: None,
        post_timeout: limit,
        call_timeout: limit,
    };
    BodhiUpdates::new(parts(config, None))
}

/// A server that logs in and gives CSRF tokens as the recorded one did.
async fn logged_in() -> MockServer {
    let server = MockServer::start().await;
    let login = Mock::given(method("GET")).and(path("/oidc/login-token"));
    let login = login.and(header("authorization", "Bearer fake-access-token-0001"));
    login.respond_with(recorded("login-token-ok")).mount(&server).await;
    Mock::given(method("GET"))
        .and(path("/csrf"))
        .respond_with(recorded("csrf-logged-in"))
        .mount(&server)
        .await;
    server
}

async fn answers_posts_with(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(method("POST")).and(path("/updates/")).respond_with(reply).mount(server).await;
}

fn update(from_tag: &str) -> NewUpdate {
    NewUpdate { from_tag: from_tag.parse().unwrap(), notes: "ELN rebuild batch 317".to_owned() }
}

fn texts(nvrs: &[&str]) -> Vec<String> {
    nvrs.iter().map(ToString::to_string).collect()
}

async fn create(client: &BodhiUpdates, nvrs: &[&str]) -> Result<Update, BodhiErrorKind> {
    client.create(&update("eln-build-side-100013"), &texts(nvrs)).await.map_err(|fault| fault.kind)
}

async fn requests(server: &MockServer, wanted: &str) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter()
        .filter(|request| format!("{} {}", request.method, request.url.path()) == wanted)
        .collect()
}

/// The `Cookie` header of a request as sent.
fn cookie(request: &Request) -> &str {
    request.headers.get("cookie").map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn an_update_is_made_with_the_recorded_requests() {
    let server = logged_in().await;
    answers_posts_with(&server, recorded("create-ok-5-builds")).await;
    let made = create(&client(&server), &["bash-5.3.9-2.eln150"]).await.unwrap();
    assert_eq!((made.alias.as_str(), made.status.as_str()), ("FEDORA-2026-b7cadc139e", "pending"));
    assert_eq!(made.from_tag.as_deref(), Some("eln-build-side-100013"));
    assert_eq!(made.builds.len(), 5);
    assert_eq!((made.gating, made.request, made.pushed), (None, None, false));

    let posts = requests(&server, "POST /updates/").await;
    let was = exchange("create-ok-5-builds");
    let headers = was["request"]["headers"].as_array().unwrap();
    let sent_then = headers.iter().find(|pair| pair[0] == "Cookie").unwrap()[1].as_str().unwrap();
    assert_eq!(cookie(&posts[0]), sent_then, "both cookies, byte for byte");
    let body: Value = posts[0].body_json().unwrap();
    let keys: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["close_bugs", "csrf_token", "from_tag", "notes", "type"]);
    assert_eq!((&body["type"], &body["close_bugs"]), (&"unspecified".into(), &false.into()));
    assert_eq!(body["csrf_token"], "0303030303030303030303030303030303030303");
}

#[tokio::test]
async fn the_login_is_kept_and_the_csrf_token_is_fetched_for_each_post() {
    let server = logged_in().await;
    answers_posts_with(&server, recorded("create-ok-5-builds")).await;
    let client = client(&server);
    create(&client, &[]).await.unwrap();
    create(&client, &[]).await.unwrap();
    assert_eq!(requests(&server, "GET /oidc/login-token").await.len(), 1);
    let asked = requests(&server, "GET /csrf").await;
    assert_eq!(asked.len(), 2);
    assert!(
        asked.iter().all(|request| !cookie(request).contains("session=")),
        "a new session for each"
    );
}

#[tokio::test]
async fn a_denial_renews_the_login_and_is_tried_once_more() {
    for denial in
        ["create-bad-not-logged-in", "create-bad-wrong-csrf", "create-bad-csrf-no-session"]
    {
        let server = logged_in().await;
        let first =
            Mock::given(method("POST")).and(path("/updates/")).respond_with(recorded(denial));
        first.up_to_n_times(1).mount(&server).await;
        answers_posts_with(&server, recorded("create-ok-5-builds")).await;
        create(&client(&server), &[]).await.unwrap();
        assert_eq!(requests(&server, "GET /oidc/login-token").await.len(), 2, "{denial}");
        assert_eq!(requests(&server, "POST /updates/").await.len(), 2, "{denial}");
    }
}

#[tokio::test]
async fn a_second_denial_is_an_operators_business() {
    let server = logged_in().await;
    answers_posts_with(&server, recorded("create-bad-not-packager")).await;
    let kind = create(&client(&server), &[]).await.unwrap_err();
    assert!(
        matches!(&kind, BodhiErrorKind::Login(why) if why.contains("permission check")),
        "{kind}"
    );
    assert_eq!(requests(&server, "POST /updates/").await.len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_a_login_error_and_a_provider_that_is_down_is_not() {
    for (reply, login) in [
        ("login-token-bad", true),
        ("login-token-missing", true),
        ("login-token-provider-down", false),
    ] {
        let server = MockServer::start().await;
        Mock::given(path("/oidc/login-token")).respond_with(recorded(reply)).mount(&server).await;
        let kind = create(&client(&server), &[]).await.unwrap_err();
        assert_eq!(matches!(kind, BodhiErrorKind::Login(_)), login, "{reply}: {kind}");
        assert_eq!(matches!(kind, BodhiErrorKind::Unavailable(_)), !login, "{reply}: {kind}");
        assert!(requests(&server, "POST /updates/").await.is_empty());
    }
}

#[tokio::test]
async fn every_answer_to_a_post_has_the_recorded_meaning() {
    let settled = |name| async move {
        let server = logged_in().await;
        answers_posts_with(&server, recorded(name)).await;
        create(&client(&server), &["bash-5.3.9-2.eln150"]).await.unwrap_err()
    };
    let same = settled("create-bad-same-side-tag-obsolete").await;
    assert!(matches!(same, BodhiErrorKind::AlreadyExists), "{same}");
    for name in [
        "create-bad-but-created",
        "create-bad-koji-down",
        "create-crash-long-nvr",
        "race-known-packages-b",
    ] {
        let kind = settled(name).await;
        assert!(matches!(kind, BodhiErrorKind::NoAnswer(_)), "{name}: {kind}");
    }
    let koji = settled("create-bad-koji-down-getbuild").await;
    assert!(matches!(koji, BodhiErrorKind::Unavailable(_)), "{koji}");
    let BodhiErrorKind::Refused { builds, .. } = settled("create-bad-build-in-other-update").await
    else {
        panic!("not refused");
    };
    assert_eq!(builds, ["bash-5.3.9-2.eln150"]);
}

#[tokio::test]
async fn proxies_pages_cuts_and_silence_leave_a_post_in_doubt() {
    let page =
        || ResponseTemplate::new(504).set_body_raw("<html>Gateway Time-out</html>", "text/html");
    let html = || ResponseTemplate::new(200).set_body_raw("<html>hello</html>", "text/html");
    let cut = || {
        ResponseTemplate::new(200)
            .set_body_raw(r#"{"alias": "FEDORA-2026-0a1b"#, "application/json")
    };
    let silence = || recorded("create-ok-5-builds").set_delay(Duration::from_secs(30));
    for (what, reply) in [("504", page()), ("html", html()), ("cut", cut()), ("silence", silence())]
    {
        let server = logged_in().await;
        answers_posts_with(&server, reply).await;
        let kind =
            create(&client_within(&server, Duration::from_millis(500)), &[]).await.unwrap_err();
        assert!(matches!(kind, BodhiErrorKind::NoAnswer(_)), "{what}: {kind}");
        assert_eq!(
            requests(&server, "POST /updates/").await.len(),
            1,
            "{what}: a POST is never repeated"
        );
    }
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    let server = MockServer::start().await;
    let client = client(&server);
    drop(server);
    let kind = create(&client, &[]).await.unwrap_err();
    assert!(matches!(kind, BodhiErrorKind::Unavailable(_)), "{kind}");
}

#[tokio::test]
async fn an_nvr_that_is_too_long_is_refused_before_anything_is_sent() {
    let server = MockServer::start().await;
    let long = format!("{}-1.0-1.eln150", "x".repeat(90));
    let kind = create(&client(&server), &[&long, "bash-1-1"]).await.unwrap_err();
    let BodhiErrorKind::Refused { builds, complaints } = kind else { panic!("not refused") };
    assert_eq!(builds, [long]);
    assert!(complaints[0].description.contains("more than 100 characters"));
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_keeps_the_method_the_body_and_the_cookies_of_its_own_server() {
    let server = logged_in().await;
    let moved = recorded("no-slash-post")
        .append_header("location", format!("{}/moved/updates/", server.uri()).as_str());
    answers_posts_with(&server, moved).await;
    let there = Mock::given(method("POST")).and(path("/moved/updates/"));
    there.respond_with(recorded("create-ok-5-builds")).mount(&server).await;
    create(&client(&server), &[]).await.unwrap();
    let posts = requests(&server, "POST /moved/updates/").await;
    assert!(cookie(&posts[0]).contains("auth_tkt="));
    assert_eq!(posts[0].body, requests(&server, "POST /updates/").await[0].body);
}

#[tokio::test]
async fn no_cookie_and_no_post_goes_to_a_foreign_server() {
    let foreign = MockServer::start().await;
    Mock::given(path("/csrf")).respond_with(recorded("csrf-logged-in")).mount(&foreign).await;
    let server = MockServer::start().await;
    Mock::given(path("/oidc/login-token"))
        .respond_with(recorded("login-token-ok"))
        .mount(&server)
        .await;
    let away = |path: &str| {
        ResponseTemplate::new(307)
            .append_header("location", format!("{}{path}", foreign.uri()).as_str())
    };
    Mock::given(path("/csrf")).respond_with(away("/csrf")).mount(&server).await;
    answers_posts_with(&server, away("/updates/")).await;
    let kind = create(&client(&server), &[]).await.unwrap_err();
    assert!(matches!(kind, BodhiErrorKind::Unavailable(_)), "{kind}");
    let seen = foreign.received_requests().await.unwrap();
    assert!(
        seen.iter().all(|request| cookie(request).is_empty() && request.method == "GET"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn an_update_is_found_by_comparing_its_side_tag() {
    let server = MockServer::start().await;
    let asked = Mock::given(path("/updates/"))
        .and(query_param("from_side_tag_name", "eln-build-side-100052"));
    let asked = asked
        .and(query_param("builds", "queued-1-1.eln150"))
        .and(query_param("rows_per_page", "100"));
    asked.respond_with(recorded("find-after-failed-create")).mount(&server).await;
    let found = client(&server)
        .find(&"eln-build-side-100052".parse().unwrap(), "queued-1-1.eln150")
        .await
        .unwrap();
    assert_eq!(found.unwrap().from_tag.as_deref(), Some("eln-build-side-100052"));
}

#[tokio::test]
async fn a_server_that_ignores_the_filter_is_not_believed() {
    let server = MockServer::start().await;
    Mock::given(path("/updates/"))
        .respond_with(recorded("list-from-tag-ignored"))
        .mount(&server)
        .await;
    let found =
        client(&server).find(&"eln-build-side-1".parse().unwrap(), "x-1-1.eln150").await.unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn an_update_that_lacks_the_build_asked_for_is_found_by_its_side_tag_alone() {
    let server = MockServer::start().await;
    let both = Mock::given(path("/updates/")).and(query_param("builds", "gone-1-1"));
    both.respond_with(recorded("list-from-side-tag-name-none")).mount(&server).await;
    let alone = Mock::given(path("/updates/")).and(query_param_is_missing("builds"));
    alone.respond_with(recorded("list-from-side-tag-name")).mount(&server).await;
    let found =
        client(&server).find(&"eln-build-side-100009".parse().unwrap(), "gone-1-1").await.unwrap();
    assert_eq!(found.unwrap().alias, "FEDORA-2026-7c2005698b");
}

#[tokio::test]
async fn a_search_goes_through_all_pages() {
    let server = MockServer::start().await;
    for page in 1..=3 {
        let reply = serde_json::json!({
            "updates": [{"alias": format!("FEDORA-2026-{page}"), "builds": [{"nvr": "x-1-1"}]}], "page": page, "pages": 3,
        });
        let asked = Mock::given(path("/updates/")).and(query_param("page", page.to_string()));
        asked.respond_with(ResponseTemplate::new(200).set_body_json(reply)).mount(&server).await;
    }
    let held = client(&server).holding(&texts(&["x-1-1"])).await.unwrap();
    let aliases: Vec<_> = held.iter().map(|update| update.alias.as_str()).collect();
    assert_eq!(aliases, ["FEDORA-2026-1", "FEDORA-2026-2", "FEDORA-2026-3"]);
}

#[tokio::test]
async fn updates_that_hold_builds_are_listed() {
    let server = MockServer::start().await;
    let asked = Mock::given(path("/updates/"))
        .and(query_param("builds", "x-1-1.eln150,gzip-1.14-1.eln150"));
    asked.respond_with(recorded("list-builds-two")).mount(&server).await;
    let held =
        client(&server).holding(&texts(&["x-1-1.eln150", "gzip-1.14-1.eln150"])).await.unwrap();
    assert_eq!(held.len(), 2);
    assert!(client(&server).holding(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn updates_are_read_by_alias_and_unknown_ones_are_none() {
    let server = MockServer::start().await;
    let search = Mock::given(path("/updates/"))
        .and(query_param("alias", "FEDORA-2026-7c2005698b,FEDORA-2026-0000000000"));
    search.respond_with(recorded("list-alias")).mount(&server).await;
    let unknown = Mock::given(path("/updates/FEDORA-2026-0000000000"));
    unknown.respond_with(recorded("get-unknown-alias")).mount(&server).await;
    let aliases = texts(&["FEDORA-2026-7c2005698b", "FEDORA-2026-0000000000"]);
    let seen = client(&server).updates(&aliases).await.unwrap();
    assert_eq!(seen[0].as_ref().unwrap().status, "pending");
    assert_eq!(seen[1], None);
}

#[tokio::test]
async fn the_life_of_an_update_is_read_from_its_alias() {
    for (name, status, pushed) in [
        ("get-pending", "pending", false),
        ("get-testing", "testing", true),
        ("get-stable", "stable", true),
        ("get-unpushed", "unpushed", false),
        ("get-obsolete", "obsolete", false),
        ("get-conflict", "pending", true),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(recorded(name)).mount(&server).await;
        let seen = client(&server).updates(&texts(&["FEDORA-2026-b7cadc139e"])).await.unwrap();
        let update = seen[0].clone().unwrap();
        assert_eq!((update.status.as_str(), update.pushed), (status, pushed), "{name}");
    }
}

#[tokio::test]
async fn a_proxys_404_does_not_mean_that_there_is_no_update() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(recorded("unknown-path")).mount(&server).await;
    let kind = client(&server).updates(&texts(&["FEDORA-2026-b7cadc139e"])).await.unwrap_err().kind;
    assert!(matches!(kind, BodhiErrorKind::Unavailable(_)), "{kind}");
}

#[tokio::test]
async fn rawhide_is_the_pending_release_of_that_branch() {
    let server = MockServer::start().await;
    let asked = Mock::given(path("/releases/")).and(query_param("state", "pending"));
    asked.respond_with(recorded("releases-pending")).mount(&server).await;
    let tag = client(&server).rawhide_tag().await.unwrap();
    assert_eq!(tag.unwrap().as_str(), "f46");
}

#[tokio::test]
async fn rawhide_is_found_on_whatever_page_it_is_and_where_it_is_not_that_is_said() {
    let page = |branch: &str| {
        let release = json!({"name": "X", "branch": branch, "stable_tag": "f47"});
        ResponseTemplate::new(200)
            .set_body_json(json!({"releases": [release], "page": 1, "pages": 2}))
    };
    for (second, found) in [("rawhide", Some("f47")), ("eln", None)] {
        let server = MockServer::start().await;
        for (number, branch) in [("1", "f46"), ("2", second)] {
            let asked = Mock::given(path("/releases/")).and(query_param("page", number));
            asked.respond_with(page(branch)).mount(&server).await;
        }
        let tag = client(&server).rawhide_tag().await.unwrap();
        assert_eq!(tag.map(|tag| tag.to_string()).as_deref(), found);
    }
}

#[tokio::test]
async fn calls_are_counted_by_outcome() {
    let counted = Metrics::new().unwrap();
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(recorded("list-alias")).mount(&server).await;
    let config = BodhiClient {
        url: server.uri().parse().unwrap(),
        idp_url: None,
        token_file: None,
        authority_file: None,
        post_timeout: Duration::from_secs(5),
        call_timeout: Duration::from_secs(5),
    };
    drop(client(&server));
    let metrics = Some(BodhiMetrics::register(&counted).unwrap());
    let client = BodhiUpdates::new(parts(config, metrics));
    client.find(&"eln-build-side-100009".parse().unwrap(), "x-1-1").await.unwrap();
    let text = counted.render().unwrap();
    let line = r#"ebs_bodhi_calls_total{call="find",outcome="ok"} 1"#;
    assert!(text.lines().any(|found| found == line), "{text}");
}
