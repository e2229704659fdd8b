use serde_json::json;

use super::*;

fn reader() -> Reader {
    Reader::new("org.fedoraproject.prod", Origin::of("https://koji.example.org/kojihub").unwrap())
}

fn tag_body() -> Value {
    json!({
        "base_url": "https://koji.example.org", "instance": "primary", "tag": "f45", "tag_id": 7, "build_id": 2_871_034,
        "name": "zlib-ng", "version": "2.3.1", "release": "2.fc45", "user": "bodhi", "owner": "alice",
    })
}

fn wire(body: &Value) -> Wire {
    Wire {
        id: Some("326d7eaa-fc9a-4549-a127-39ea290a7659".to_owned()),
        topic: "org.fedoraproject.prod.buildsys.tag".to_owned(),
        headers: serde_json::from_value(json!({"sent-at": "2026-11-22T01:27:21+00:00"})).unwrap(),
        encoding: Some("utf-8".to_owned()),
        body: body.to_string().into_bytes(),
    }
}

fn without(field: &str) -> Value {
    let mut body = tag_body();
    body.as_object_mut().unwrap().remove(field);
    body
}

fn with(field: &str, value: Value) -> Value {
    let mut body = tag_body();
    body[field] = value;
    body
}

#[track_caller]
fn odd(incoming: Incoming) -> Odd {
    let Incoming::Odd(odd) = incoming else { panic!("not odd: {incoming:?}") };
    odd
}

#[test]
fn a_tag_message_gives_all_that_a_trigger_needs() {
    let Incoming::Tag(tag) = reader().read(wire(&tag_body())) else { panic!("not a tag message") };
    assert_eq!(tag.nvr.as_str(), "zlib-ng-2.3.1-2.fc45");
    assert_eq!(
        (tag.tag.as_str(), tag.package.as_str(), tag.build.get()),
        ("f45", "zlib-ng", 2_871_034)
    );
    assert_eq!(tag.sent_at.unwrap().to_string(), "2026-11-22T01:27:21.000Z");
    assert_eq!(tag.user.as_deref(), Some("bodhi"));
}

#[test]
fn every_recorded_message_of_the_hub_is_understood() {
    let recorded = include_str!("../../../../tests/recordings/messages/koji-messages.jsonl");
    let mut tags = 0;
    for line in recorded.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let topic = message["topic"].as_str().unwrap().to_owned();
        let wire = Wire { topic: topic.clone(), ..wire(&message["body"]) };
        match reader().read(wire) {
            Incoming::Tag(_) => tags += 1,
            Incoming::Other(envelope) => assert_ne!(envelope.topic, reader().tag_topic()),
            other @ (Incoming::Foreign { .. } | Incoming::Odd(_)) => panic!("{topic}: {other:?}"),
        }
    }
    assert!(tags > 0, "there are tag messages among the recorded ones");
}

#[test]
fn every_recorded_message_of_bodhi_is_something_else() {
    let recorded = include_str!("../../../../tests/recordings/messages/bodhi-messages.jsonl");
    for line in recorded.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let topic = message["topic"].as_str().unwrap().to_owned();
        let read = reader().read(Wire { topic, ..wire(&message["body"]) });
        assert!(matches!(read, Incoming::Other(_) | Incoming::Foreign { .. }), "{read:?}");
    }
}

#[test]
fn a_topic_of_another_environment_is_not_looked_into() {
    for topic in
        ["org.centos.prod.buildsys.tag", "org.fedoraproject.stg.buildsys.tag", "buildsys.tag"]
    {
        let message = Wire { topic: topic.to_owned(), body: b"\xff".to_vec(), ..wire(&json!({})) };
        assert_eq!(reader().read(message), Incoming::Foreign { topic: topic.to_owned() });
    }
}

#[test]
fn a_topic_that_only_ends_alike_is_no_tag_message() {
    let topic = "org.fedoraproject.prod.copy.buildsys.tag".to_owned();
    assert!(matches!(reader().read(Wire { topic, ..wire(&tag_body()) }), Incoming::Other(_)));
}

#[test]
fn without_a_prefix_the_bare_topic_counts() {
    let reader = Reader::new("", Origin::of("https://koji.example.org").unwrap());
    let message = Wire { topic: "buildsys.tag".to_owned(), ..wire(&tag_body()) };
    assert!(matches!(reader.read(message), Incoming::Tag(_)));
}

#[test]
fn another_hubs_message_on_our_topic_is_foreign() {
    for url in
        ["https://riscv.example.org", "http://koji.example.org", "https://koji.example.org:8443"]
    {
        let read = reader().read(wire(&with("base_url", json!(url))));
        assert!(matches!(read, Incoming::Foreign { .. }), "{url}: {read:?}");
    }
}

#[test]
fn the_usual_port_written_out_is_the_same_hub() {
    let read = reader().read(wire(&with("base_url", json!("https://koji.example.org:443/"))));
    assert!(matches!(read, Incoming::Tag(_)), "{read:?}");
}

#[test]
fn an_unknown_schema_changes_nothing() {
    let mut message = wire(&tag_body());
    message.headers.insert("fedora_messaging_schema".to_owned(), json!("of.tomorrow.V9"));
    assert!(matches!(reader().read(message), Incoming::Tag(_)));
}

#[test]
fn missing_headers_change_nothing() {
    let message = Wire { headers: Map::new(), encoding: None, ..wire(&tag_body()) };
    let Incoming::Tag(tag) = reader().read(message) else { panic!("not a tag message") };
    assert_eq!(tag.sent_at, None);
}

#[test]
fn a_missing_id_is_made_of_the_content_and_always_the_same() {
    let id = |body: &Value| {
        let read = reader().read(Wire { id: None, ..wire(body) });
        let Incoming::Tag(tag) = read else { panic!("not a tag message: {read:?}") };
        tag.id
    };
    assert_eq!(id(&tag_body()), id(&tag_body()));
    assert_ne!(id(&tag_body()), id(&with("build_id", json!(1))));
}

#[test]
fn an_id_that_the_store_cannot_hold_is_replaced() {
    for bad in [String::new(), "x".repeat(129), "a\0b".to_owned()] {
        let Incoming::Tag(tag) = reader().read(Wire { id: Some(bad), ..wire(&tag_body()) }) else {
            panic!("odd")
        };
        assert_eq!(tag.id.len(), 36);
    }
}

#[test]
fn a_body_that_is_no_json_is_kept_as_odd() {
    let read = odd(reader().read(Wire { body: b"<html>\0".to_vec(), ..wire(&json!({})) }));
    assert!(matches!(read.fault, Fault::NotJson(_)), "{:?}", read.fault);
    assert_eq!(read.body, "<html>\u{2400}");
}

#[test]
fn a_body_that_is_no_object_is_kept_as_odd() {
    for body in [json!([1]), json!("text"), json!(null), json!(7), json!(false)] {
        assert_eq!(odd(reader().read(wire(&body))).fault, Fault::NotObject);
    }
}

#[test]
fn a_body_that_is_no_text_is_kept_as_odd() {
    let read = odd(reader().read(Wire { body: vec![b'{', 0xff, b'}'], ..wire(&json!({})) }));
    assert_eq!(read.fault, Fault::NotText);
    assert_eq!(read.body, "{\u{fffd}}");
}

#[test]
fn an_unknown_encoding_is_kept_as_odd() {
    let message = Wire { encoding: Some("gzip".to_owned()), ..wire(&tag_body()) };
    assert_eq!(odd(reader().read(message)).fault, Fault::Encoding("gzip".to_owned()));
}

#[test]
fn each_missing_field_is_named() {
    for field in ["tag", "build_id", "name", "version", "release", "base_url"] {
        assert_eq!(odd(reader().read(wire(&without(field)))).fault, Fault::Field(field));
    }
}

#[test]
fn a_field_of_another_type_is_named() {
    assert_eq!(
        odd(reader().read(wire(&with("build_id", json!("7"))))).fault,
        Fault::Field("build_id")
    );
    assert_eq!(
        odd(reader().read(wire(&with("build_id", json!(-1))))).fault,
        Fault::Field("build_id")
    );
    assert_eq!(odd(reader().read(wire(&with("tag", json!(7))))).fault, Fault::Field("tag"));
}

#[test]
fn values_that_cannot_be_are_odd() {
    for (field, value) in
        [("tag", "a b"), ("name", ""), ("version", "1-2"), ("release", "1/2"), ("base_url", "koji")]
    {
        let read = odd(reader().read(wire(&with(field, json!(value)))));
        assert!(matches!(read.fault, Fault::Value(_)), "{field}: {:?}", read.fault);
    }
}

#[test]
fn a_large_odd_body_is_cut_between_characters() {
    let body = "ä".repeat(MAX_ODD_BODY_BYTES);
    let read =
        odd(reader().read(Wire { body: format!("x{body}").into_bytes(), ..wire(&json!({})) }));
    assert_eq!(read.body.len(), MAX_ODD_BODY_BYTES - 1);
}

#[test]
fn a_deeply_nested_body_is_odd_and_no_crash() {
    let body = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let read = odd(reader().read(Wire { body: body.into_bytes(), ..wire(&json!({})) }));
    assert!(matches!(read.fault, Fault::NotJson(_)));
}

proptest::proptest! {
    #[test]
    fn any_bytes_give_an_answer(topic in ".{0,40}", body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        for topic in [topic, reader().tag_topic().to_owned()] {
            let _ = reader().read(Wire { topic, body: body.clone(), ..Wire::default() });
        }
    }
}
