use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, query_param},
};

use super::*;
use crate::{bus::message::Origin, exchange::HttpExchange};

const TOPIC: &str = "org.fedoraproject.prod.buildsys.tag";

fn span() -> Span {
    Span { start: Timestamp::from_millis(1_000_999), end: Timestamp::from_millis(2_000_001) }
}

async fn pages(server: &MockServer) -> Pages {
    pages_within(server, Duration::from_secs(10)).await
}

async fn pages_within(server: &MockServer, limit: Duration) -> Pages {
    // The second one of a process is refused, and that is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let reader =
        Reader::new("org.fedoraproject.prod", Origin::of("https://koji.example.org").unwrap());
    let base = Url::parse(&format!("{}/datagrepper/", server.uri())).unwrap();
    Archive::new(Arc::new(HttpExchange::new().unwrap()), &base, reader, limit).unwrap().read(span())
}

fn row(build: u32) -> Value {
    json!({"id": format!("id-{build}"), "topic": TOPIC, "priority": 0, "queue": null,
        "headers": {"sent-at": "2026-05-04T11:02:33+00:00"},
        "body": {"tag": "f45", "name": "zlib-ng", "version": "2.2.4", "release": "3.fc45", "build_id": build,
            "base_url": "https://koji.example.org"}})
}

fn answer(rows: &[Value], pages: u32) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"pages": pages, "total": 3, "raw_messages": rows}))
}

async fn serve(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(template).mount(&server).await;
    server
}

fn build(incoming: &Incoming) -> i64 {
    let Incoming::Tag(tag) = incoming else { panic!("not a tag message: {incoming:?}") };
    tag.build.get()
}

#[tokio::test]
async fn pages_come_oldest_first_and_end() {
    let server = MockServer::start().await;
    for (page, rows) in [("1", vec![row(1), row(2)]), ("2", vec![row(3)])] {
        Mock::given(method("GET"))
            .and(path("/datagrepper/v2/search"))
            .and(query_param("topic", TOPIC))
            .and(query_param("order", "asc"))
            .and(query_param("start", "1000"))
            .and(query_param("end", "2001"))
            .and(query_param("rows_per_page", "100"))
            .and(query_param("page", page))
            .respond_with(answer(&rows, 2))
            .expect(1)
            .mount(&server)
            .await;
    }
    let mut pages = pages(&server).await;
    let mut builds = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        builds.extend(page.iter().map(build));
    }
    assert_eq!(builds, [1, 2, 3]);
    assert!(pages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn an_empty_span_ends_at_once() {
    let server = serve(answer(&[], 0)).await;
    assert!(pages(&server).await.next().await.unwrap().is_none());
}

#[tokio::test]
async fn after_an_error_the_same_page_is_asked_for_again() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(query_param("page", "1")).respond_with(answer(&[row(1)], 1)).mount(&server).await;
    let mut pages = pages(&server).await;
    assert!(matches!(pages.next().await, Err(ArchiveError::Unavailable(_))));
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn html_in_place_of_json_is_an_error_of_its_own() {
    let server =
        serve(ResponseTemplate::new(200).set_body_string("<html>maintenance</html>")).await;
    assert!(matches!(pages(&server).await.next().await, Err(ArchiveError::NotUnderstood(_))));
}

#[tokio::test]
async fn json_of_another_shape_is_an_error_of_its_own() {
    let server = serve(ResponseTemplate::new(200).set_body_json(json!({"raw_messages": {}}))).await;
    assert!(matches!(pages(&server).await.next().await, Err(ArchiveError::NotUnderstood(_))));
}

#[tokio::test]
async fn a_refusal_is_told_from_an_outage() {
    let server = serve(ResponseTemplate::new(404).set_body_string("no such thing")).await;
    assert!(matches!(
        pages(&server).await.next().await,
        Err(ArchiveError::Refused { status: 404, .. })
    ));
}

#[tokio::test]
async fn a_slow_archive_is_given_up_in_time() {
    let server = serve(answer(&[], 0).set_delay(Duration::from_secs(30))).await;
    let mut pages = pages_within(&server, Duration::from_millis(50)).await;
    assert!(matches!(pages.next().await, Err(ArchiveError::Unavailable(_))));
}

#[tokio::test]
async fn a_page_over_the_limit_is_refused() {
    let server =
        serve(ResponseTemplate::new(200).set_body_bytes(vec![b' '; MAX_PAGE_BYTES + 1])).await;
    assert!(matches!(pages(&server).await.next().await, Err(ArchiveError::TooLarge(_))));
}

#[tokio::test]
async fn more_pages_than_allowed_are_refused() {
    let server = serve(answer(&[row(1)], MAX_PAGES + 1)).await;
    assert!(matches!(pages(&server).await.next().await, Err(ArchiveError::TooLarge(_))));
}

#[tokio::test]
async fn rows_that_are_no_messages_are_kept_as_odd() {
    let rows = [
        json!(7),
        json!({"topic": TOPIC}),
        json!({"body": {}}),
        json!({"topic": TOPIC, "body": []}),
    ];
    let server = serve(answer(&rows, 1)).await;
    let page = pages(&server).await.next().await.unwrap().unwrap();
    assert_eq!(page.len(), rows.len());
    for incoming in page {
        assert!(matches!(incoming, Incoming::Odd(_)), "{incoming:?}");
    }
}

#[tokio::test]
async fn a_row_and_the_same_message_from_the_bus_have_one_id() {
    let mut without_id = row(1);
    without_id.as_object_mut().unwrap().remove("id");
    let server = serve(answer(&[without_id.clone()], 1)).await;
    let from_archive = pages(&server).await.next().await.unwrap().unwrap().remove(0);
    let reader =
        Reader::new("org.fedoraproject.prod", Origin::of("https://koji.example.org").unwrap());
    let Value::Object(headers) = without_id["headers"].clone() else { panic!("no headers") };
    let pretty = serde_json::to_string_pretty(&without_id["body"]).unwrap();
    let wire = Wire {
        id: None,
        topic: TOPIC.to_owned(),
        headers,
        encoding: None,
        body: pretty.into_bytes(),
    };
    assert_eq!(reader.read(wire), from_archive);
}
