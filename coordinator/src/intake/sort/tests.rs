use ebs_shared::bus::message::{Origin, Reader, Wire};
use serde_json::{Value, json};

use super::*;

fn read(topic: &str, body: &[u8]) -> Incoming {
    let reader =
        Reader::new("org.fedoraproject.prod", Origin::of("https://koji.example.org").unwrap());
    let wire = Wire {
        id: Some("an-id".to_owned()),
        topic: format!("org.fedoraproject.prod.{topic}"),
        body: body.to_vec(),
        ..Wire::default()
    };
    reader.read(wire)
}

fn tagged(hub: &str, tag: &str) -> Value {
    json!({"base_url": hub, "instance": "primary", "tag": tag, "tag_id": 1, "build_id": 7, "name": "bash",
        "version": "5", "release": "1.fc45", "user": "a", "owner": "b"})
}

fn sorted(topic: &str, body: &[u8]) -> Sorted {
    let tags = ["f46", "f45"].map(|tag| tag.parse().unwrap());
    sort(&[read(topic, body)], &tags, &Cause::Message, Timestamp::from_millis(5))
}

#[test]
fn a_build_in_the_trigger_tag_is_a_sighting() {
    let sorted =
        sorted("buildsys.tag", tagged("https://koji.example.org", "f45").to_string().as_bytes());
    let [sighting] = sorted.sightings.as_slice() else { panic!("{sorted:?}") };
    assert_eq!((sighting.nvr.as_str(), sighting.build.get()), ("bash-5-1.fc45", 7));
    assert_eq!(sighting.message.as_deref(), Some("an-id"));
    assert!(sorted.odd.is_empty() && !sorted.hints);
}

#[test]
fn each_tag_that_triggers_does() {
    for tag in ["f45", "f46"] {
        let body = tagged("https://koji.example.org", tag).to_string();
        let sorted = sorted("buildsys.tag", body.as_bytes());
        let tags: Vec<_> = sorted.sightings.iter().map(|sighting| sighting.tag.as_str()).collect();
        assert_eq!(tags, [tag]);
    }
}

#[test]
fn a_build_in_another_tag_and_any_other_message_are_hints_alone() {
    let other = tagged("https://koji.example.org", "eln-build-side-7").to_string();
    for (topic, body) in [("buildsys.tag", other.as_str()), ("bodhi.update.comment", "{}")] {
        let sorted = sorted(topic, body.as_bytes());
        assert!(sorted.hints && sorted.sightings.is_empty() && sorted.odd.is_empty(), "{topic}");
    }
}

#[test]
fn another_hubs_message_is_neither_sighting_nor_hint_nor_odd() {
    let foreign = tagged("https://kojihub.stream.centos.example.org", "f45").to_string();
    let sorted = sorted("buildsys.tag", foreign.as_bytes());
    assert!(!sorted.hints && sorted.sightings.is_empty() && sorted.odd.is_empty());
}

#[test]
fn what_cannot_be_understood_is_kept_with_its_body_and_why() {
    for body in ["this is not JSON {", "[1]", r#"{"tag":5}"#] {
        let sorted = sorted("buildsys.tag", body.as_bytes());
        let [odd] = sorted.odd.as_slice() else { panic!("{body}: {sorted:?}") };
        assert_eq!((odd.body.as_str(), odd.received), (body, Timestamp::from_millis(5)));
        assert!(!odd.fault.is_empty() && sorted.sightings.is_empty());
    }
}
