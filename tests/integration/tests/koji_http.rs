//! The Koji client over real HTTP: headers, limits, and a connection that is cut.

#![cfg(test)]

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use ebs_domain::id::TagName;
use ebs_shared::{
    clock::System,
    exchange::HttpExchange,
    koji::{
        HubParts,
        api::Hub,
        client::HubClient,
        error::Retry,
        limits::KojiLimits,
        login::PasswordLogin,
        metrics::KojiMetrics,
        transport::HttpTransport,
        xmlrpc::{Value, read_call, write_reply},
    },
    telemetry::Metrics,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn limits() -> KojiLimits {
    KojiLimits {
        call: Duration::from_secs(10),
        resend_wait: Duration::from_millis(1),
        body_bytes: 4096,
        ..KojiLimits::default()
    }
}

fn client(port: u16, limits: KojiLimits, metrics: Option<KojiMetrics>) -> HubClient {
    // A second test of this process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let hub = format!("http://127.0.0.1:{port}/kojihub/").parse().unwrap();
    HubClient::new(HubParts {
        transport: Arc::new(HttpTransport::new(
            Arc::new(HttpExchange::new().unwrap()),
            &hub,
            &limits,
        )),
        login: Arc::new(PasswordLogin::new("ebs", "secret")),
        chance: Arc::new(System),
        limits,
        metrics,
    })
}

/// A hub that gives a session, and side tags only to calls that carry all headers.
async fn answer(headers: HeaderMap, body: Bytes) -> String {
    let call = read_call(&body).unwrap();
    assert_eq!(headers["content-type"], "text/xml");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("ELNBuildSync/"));
    let session: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("koji-")).collect();
    match call.method.as_ref() {
        "login" => {
            assert!(session.is_empty(), "a login carries no session");
            write_reply(&Value::object([("session-id", 4.into()), ("session-key", "2-key".into())]))
        }
        "createSideTag" => {
            assert_eq!(headers["koji-session-id"], "4");
            assert_eq!(headers["koji-session-key"], "2-key");
            assert_eq!(headers["koji-session-callnum"], headers["koji-callnum"]);
            write_reply(&Value::object([("id", 10.into()), ("name", "eln-side-10".into())]))
        }
        "getTag" => {
            assert!(session.is_empty(), "a read carries no session");
            write_reply(&Value::Nil)
        }
        _ => write_reply(&Value::object([("id", 1.into()), ("ts", "x".repeat(5000).into())])),
    }
}

async fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let hub = Router::new().route("/kojihub", post(answer));
    tokio::spawn(async move { axum::serve(listener, hub).await });
    port
}

fn tag() -> TagName {
    "eln-build".parse().unwrap()
}

#[tokio::test]
async fn changes_carry_the_session_under_both_names_and_reads_carry_none() {
    let client = client(serve().await, limits(), None);
    assert_eq!(client.create_side_tag(&tag()).await.unwrap().id, 10);
    assert!(!client.tag_exists(&tag()).await.unwrap());
}

#[tokio::test]
async fn a_reply_above_the_limit_is_not_taken() {
    let client = client(serve().await, limits(), None);
    let fault = client.last_event().await.unwrap_err();
    assert_eq!(fault.retry(), Retry::Look);
    assert!(format!("{:?}", fault.kind).contains("4096"));
}

#[tokio::test]
async fn nobody_at_the_port_means_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let counted = Metrics::new().unwrap();
    let client = client(port, limits(), Some(KojiMetrics::register(&counted).unwrap()));
    assert_eq!(client.create_side_tag(&tag()).await.unwrap_err().retry(), Retry::Later);
    assert_eq!(client.last_event().await.unwrap_err().retry(), Retry::Later);
    let text = counted.render().unwrap();
    let calls = text.lines().filter(|line| line.starts_with("ebs_koji_calls_total{"));
    assert_eq!(calls.count(), 2, "{text}");
}

/// A hub that logs in, then cuts each connection after it has heard the call, in the middle of its answer.
async fn cutting_hub() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = Vec::new();
            while !heard.windows(13).any(|part| part == b"</methodCall>") {
                if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let login = String::from_utf8_lossy(&heard).contains("<methodName>login");
            let body = write_reply(&Value::object([
                ("session-id", 4.into()),
                ("session-key", "k".into()),
            ]));
            let end = if login { body.len() } else { 40 };
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body.as_bytes()[..end]).await;
        }
    });
    port
}

#[tokio::test]
async fn a_cut_connection_leaves_the_outcome_unknown() {
    let client = client(cutting_hub().await, limits(), None);
    assert_eq!(client.create_side_tag(&tag()).await.unwrap_err().retry(), Retry::Look);
}

#[tokio::test]
async fn a_hub_that_never_answers_is_given_up_at_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let limits = KojiLimits { read: Duration::from_millis(100), ..limits() };
    let client = client(port, limits, None);
    let fault = tokio::time::timeout(Duration::from_secs(10), client.last_event()).await;
    assert_eq!(fault.expect("the limit holds").unwrap_err().retry(), Retry::Look);
}
