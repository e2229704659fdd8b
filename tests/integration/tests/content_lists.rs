//! Package lists over HTTP: what is taken, and what never means "no packages".

#![cfg(test)]

use std::{sync::Arc, time::Duration};

use ebs_shared::{config::Autopackagelist, content::ContentResolver, exchange::HttpExchange};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

const RUNTIME: &str = "/view-source-package-name-list--view-eln.txt";
const EXTRAS: &str = "/view-source-package-name-list--view-eln-extras.txt";

fn lists(server: &MockServer, views: &[&str]) -> Autopackagelist {
    Autopackagelist {
        views: views.iter().map(ToString::to_string).collect(),
        sources: vec!["source".to_owned()],
        content_resolver: server.uri().parse().unwrap(),
    }
}

fn resolver() -> ContentResolver {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let exchange = Arc::new(HttpExchange::new().unwrap());
    ContentResolver::new(exchange).with_limit(Duration::from_millis(500))
}

async fn serve(server: &MockServer, at: &str, reply: ResponseTemplate) {
    Mock::given(path(at)).respond_with(reply).mount(server).await;
}

#[tokio::test]
async fn overlapping_lists_are_read_in_the_order_of_the_file() {
    let server = MockServer::start().await;
    serve(&server, RUNTIME, ResponseTemplate::new(200).set_body_string("bash\nzlib-ng")).await;
    serve(&server, EXTRAS, ResponseTemplate::new(200).set_body_string("bash\nemacs")).await;
    let listed = resolver().all(&lists(&server, &["eln", "eln-extras"])).await.unwrap();
    let shown: Vec<_> =
        listed.iter().map(|entry| format!("{} {}", entry.component, entry.origin)).collect();
    assert_eq!(
        shown,
        [
            "bash eln/source",
            "zlib-ng eln/source",
            "bash eln-extras/source",
            "emacs eln-extras/source"
        ]
    );
}

#[tokio::test]
async fn a_list_that_is_missing_empty_slow_or_no_list_is_an_error_that_names_it() {
    for (reply, why) in [
        (ResponseTemplate::new(404).set_body_string("not here"), "the server answers 404"),
        (ResponseTemplate::new(200), "the list is empty"),
        (
            ResponseTemplate::new(200).set_body_string("<html>\n"),
            "line 1 is no package name: `<html>`",
        ),
        (
            ResponseTemplate::new(200).set_body_string("bash").set_delay(Duration::from_secs(30)),
            "the answer is lost: no answer within 500ms",
        ),
    ] {
        let server = MockServer::start().await;
        serve(&server, RUNTIME, reply).await;
        let fault = resolver().all(&lists(&server, &["eln"])).await.unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("failed to read the package list {}{RUNTIME}", server.uri())
        );
        assert_eq!(fault.kind.to_string(), why);
    }
}
