use super::*;

#[test]
fn the_callback_asks_for_topic_hub_and_tag_and_writes_one_line() {
    let text = callback(Path::new("/run/kept"));
    let expected = r#"KEPT = open('/run/kept', 'a', buffering=1)


def keep(message):
    body = message.body
    if (
        message.topic == 'org.fedoraproject.prod.buildsys.tag'
        and body['base_url'] == 'https://koji.example.org'
        and body['tag'] == 'f45'
    ):
        KEPT.write(f"{message.id} {body['name']} {body['build_id']}\n")
"#;
    assert_eq!(text, expected);
}
