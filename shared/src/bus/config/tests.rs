use super::*;

const PUBLIC: &str = r##"
amqp_url = "amqps://fedora:secret@rabbitmq.example.org/%2Fpublic_pubsub"
topic_prefix = "org.fedoraproject.prod"
passive_declares = true
callback = "ignored:here"

[tls]
ca_cert = "cacert.pem"
certfile = "fedora-cert.pem"
keyfile = "/etc/fedora-key.pem"

[client_properties]
app = "ebs"
app_contacts_email = ["one@example.org", "two@example.org"]

[exchanges."amq.topic"]
type = "topic"
durable = true
auto_delete = false
arguments = {}

[queues.d1f5b1a2-53a0-4c0e-9f0f-6f2f8b0c7e11]
durable = false
auto_delete = true
exclusive = true
arguments = {x-expires = 3600000}

[[bindings]]
queue = "d1f5b1a2-53a0-4c0e-9f0f-6f2f8b0c7e11"
exchange = "amq.topic"
routing_keys = ["org.fedoraproject.prod.buildsys.tag", "#.repo.done"]

[qos]
prefetch_size = 0
prefetch_count = 25

[consumer_config]
anything = "goes"

[log_config]
version = 1
"##;

#[track_caller]
fn faults(text: &str) -> Vec<String> {
    match BusConfig::parse(text) {
        Ok(config) => panic!("taken: {config:?}"),
        Err(ConfigFaults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_usual_file_is_read_whole() {
    let config = BusConfig::parse(PUBLIC).unwrap();
    assert!(config.passive_declares && config.url.is_tls());
    assert_eq!(config.url.uri().vhost, "/public_pubsub");
    assert_eq!(config.topic_prefix, "org.fedoraproject.prod");
    assert_eq!(config.prefetch_count, 25);
    assert_eq!(config.tls.ca, Some("cacert.pem".into()));
    assert_eq!(config.tls.client, Some(("fedora-cert.pem".into(), "/etc/fedora-key.pem".into())));
    assert_eq!(config.client_properties["app_contacts_email"], "one@example.org, two@example.org");
    let queue = &config.queues["d1f5b1a2-53a0-4c0e-9f0f-6f2f8b0c7e11"];
    assert!(!queue.durable && queue.auto_delete && queue.exclusive);
    assert_eq!(queue.arguments["x-expires"].as_integer(), Some(3_600_000));
    assert_eq!(config.bindings[0].routing_keys.len(), 2);
}

#[test]
fn an_empty_file_means_the_defaults_of_the_library() {
    let config = BusConfig::parse("").unwrap();
    assert_eq!(config.url.to_string(), "amqp://localhost:5672/%2F");
    assert_eq!(config.queues.keys().collect::<Vec<_>>(), [""]);
    assert_eq!(config.bindings[0].routing_keys, ["#"]);
    assert_eq!((config.prefetch_count, config.passive_declares), (10, false));
    assert!(config.exchanges["amq.topic"].durable);
}

#[test]
fn a_url_with_a_bare_slash_means_the_virtual_host_slash() {
    let config = BusConfig::parse("amqp_url = 'amqp://127.0.0.1:5673/'").unwrap();
    assert_eq!(config.url.uri().vhost, "/");
}

#[test]
fn the_password_is_never_shown() {
    let config = BusConfig::parse(PUBLIC).unwrap();
    assert!(!format!("{config:?} {}", config.url).contains("secret"));
}

#[test]
fn top_level_names_are_case_insensitive() {
    assert_eq!(BusConfig::parse("Topic_Prefix = 'x'").unwrap().topic_prefix, "x");
    insta::assert_snapshot!(faults("TOPIC_PREFIX = 'x'\ntopic_prefix = 'y'").join("\n"), @"topic_prefix: given twice: names do not differ by case");
}

#[test]
fn all_faults_are_reported_together() {
    let text = r#"
        topic_prefx = "a"
        amqp_url = "http://x"
        passive_declares = "true"
        [qos]
        prefetch_count = 70000
        [tls]
        certfile = "a.pem"
        [client_properties]
        version = "2"
        [queues.ours]
        durable = 1
        auto_delete = false
        arguments = []
        [[bindings]]
        exchange = "amq.topic"
        routing_keys = "x"
        [[bindings]]
        queue = "other"
        colour = "red"
        routing_keys = [1]
    "#;
    insta::assert_snapshot!(faults(text).join("\n"), @r"
    topic_prefx: unknown key
    queues.ours.exclusive: required
    queues.ours.durable: must be true or false, is integer
    queues.ours.arguments: must be a table, is array
    amqp_url: Invalid AMQP scheme: http
    passive_declares: must be true or false, is string
    bindings.0.queue: missing: it means the queue without name, which is not declared
    bindings.0.routing_keys: must be a list of texts, is string
    bindings.1.colour: unknown key
    bindings.1.queue: no queue `other` is declared, so the binding would never be made
    bindings.1.exchange: required
    bindings.1.routing_keys: must be a text, is integer
    qos.prefetch_size: required: the table replaces the default one whole
    qos.prefetch_count: must be a number from 0 to 65535
    tls.keyfile: required beside `certfile`
    client_properties.version: reserved: it names the client library
    ");
}

#[test]
fn a_queue_needs_all_four_keys() {
    let text = "[queues.q]\n[[bindings]]\nqueue='q'\nexchange='e'\nrouting_keys=[]";
    insta::assert_snapshot!(faults(text).join("\n"), @r"
    queues.q.durable: required
    queues.q.auto_delete: required
    queues.q.exclusive: required
    queues.q.arguments: required
    ");
}

#[test]
fn a_named_queue_without_bindings_is_a_fault() {
    let text = "[queues.q]\ndurable=true\nauto_delete=false\nexclusive=false\narguments={}";
    insta::assert_snapshot!(faults(text).join("\n"), @r"
    bindings: required: the default binds a queue without name, which is not declared
    ");
}

#[test]
fn a_table_replaces_the_default_one_whole() {
    insta::assert_snapshot!(faults("[qos]\nprefetch_count = 5").join("\n"), @r"
    qos.prefetch_size: required: the table replaces the default one whole
    ");
    assert!(
        !BusConfig::parse("[client_properties]\nx = 'y'")
            .unwrap()
            .client_properties
            .contains_key("app")
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let text = faults("a = 1\nb = = 2").join("\n");
    assert!(text.contains("line 2"), "{text}");
}
